"""Power and required numbers in closed form, by statsmodels (extra ``trials``)."""

from __future__ import annotations

import math
from types import ModuleType

from ldnsim.analysis.trial.estimate.inputs import check_share
from ldnsim.errors import UserError
from ldnsim.units import plain_number

NEEDED = "closed forms of power need statsmodels: pip install 'ldnsim[trials]'"
_MOST = 1e7


def power_of_means(
    difference: float, sd: float, n: float, ratio: float = 1.0, alpha: float = 0.05,
    correlation: float = 0.0,
) -> float:  # fmt: skip
    """Return the power of the two-sided t test of two groups (noncentral t, equal variances).

    Args:
        difference: true difference of means.
        sd: of the outcome within a group.
        n: patients of the control group.
        ratio: patients of the other group for each of these.
        alpha: level.
        correlation: of outcome and baseline, whose use in ANCOVA leaves ``sd sqrt(1 - r^2)``
            (Borm, Fransen and Lemmens, J Clin Epidemiol 2007;60:1234); 0 for none.
    """
    effect = _effect(difference, sd, correlation)
    power = _stats().TTestIndPower().power(effect, _count(n), check_share(alpha, "alpha"), ratio)
    return float(power)


def n_for_means(
    difference: float, sd: float, power: float = 0.8, ratio: float = 1.0, alpha: float = 0.05,
    correlation: float = 0.0,
) -> int:  # fmt: skip
    """Return the patients of the control group that a power needs; see :func:`power_of_means`.

    Raises:
        UserError: a difference of 0, which no number finds.
    """
    effect = _found(_effect(difference, sd, correlation), "difference")
    at = {"alpha": check_share(alpha, "alpha"), "power": check_share(power, "power")}
    return _whole(_stats().TTestIndPower().solve_power(effect, nobs1=None, ratio=ratio, **at))


def power_of_pairs(difference: float, sd: float, n: float, alpha: float = 0.05) -> float:
    """Return the power of the paired t test, as of a crossover without period effect.

    Args:
        difference: true mean of the differences within patients.
        sd: of these differences.
        n: patients.
        alpha: level.
    """
    effect = _effect(difference, sd, 0.0)
    return float(_stats().TTestPower().power(effect, _count(n), check_share(alpha, "alpha")))


def n_for_pairs(difference: float, sd: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Return the patients that a power needs; see :func:`power_of_pairs`.

    Raises:
        UserError: a difference of 0.
    """
    effect = _found(_effect(difference, sd, 0.0), "difference")
    at = {"alpha": check_share(alpha, "alpha"), "power": check_share(power, "power")}
    return _whole(_stats().TTestPower().solve_power(effect, nobs=None, **at))


def power_of_shares(
    treated: float, control: float, n: float, ratio: float = 1.0, alpha: float = 0.05
) -> float:
    """Return the power of the two-sided z test of two shares.

    By Cohen's arcsine effect ``2 asin sqrt(p1) - 2 asin sqrt(p0)`` (Cohen, Statistical Power
    Analysis for the Behavioral Sciences, 2nd ed. 1988, chapter 6).

    Args:
        treated: share of responders.
        control: likewise.
        n: patients of the treated group.
        ratio: patients of the control group for each of these.
        alpha: level.
    """
    effect = _arcsine(treated, control)
    power = _stats().NormalIndPower().power(effect, _count(n), check_share(alpha, "alpha"), ratio)
    return float(power)


def n_for_shares(
    treated: float, control: float, power: float = 0.8, ratio: float = 1.0, alpha: float = 0.05
) -> int:
    """Return the patients of the treated group; see :func:`power_of_shares`.

    Raises:
        UserError: equal shares.
    """
    effect = _found(_arcsine(treated, control), "treated - control")
    at = {"alpha": check_share(alpha, "alpha"), "power": check_share(power, "power")}
    return _whole(_stats().NormalIndPower().solve_power(effect, nobs1=None, ratio=ratio, **at))


def _stats() -> ModuleType:
    try:
        from statsmodels.stats import power
    except ImportError:
        raise UserError(NEEDED) from None
    return power  # type: ignore[no-any-return]


def _effect(difference: float, sd: float, correlation: float) -> float:
    gap, spread = plain_number(difference, key="difference"), plain_number(sd, key="sd")
    if not spread > 0.0:
        raise UserError(f"sd = {sd!r}: expected a number above 0")
    r = plain_number(correlation, key="correlation")
    if not -1.0 < r < 1.0:
        raise UserError(f"correlation = {correlation!r}: expected a number between -1 and 1")
    return gap / (spread * math.sqrt(1.0 - r * r))


def _arcsine(treated: float, control: float) -> float:
    one, none = check_share(treated, "treated"), check_share(control, "control")
    return 2.0 * math.asin(math.sqrt(one)) - 2.0 * math.asin(math.sqrt(none))


def _count(n: float) -> float:
    number = plain_number(n, key="n")
    if number < 2.0:
        raise UserError(f"n = {n!r}: expected two patients or more")
    return number


def _found(effect: float, key: str) -> float:
    if effect == 0.0:
        raise UserError(f"{key} = 0: no number of patients finds an effect that is not there")
    return abs(effect)


def _whole(n: object) -> int:
    number = float(n)  # type: ignore[arg-type]
    if not 0.0 < number < _MOST:
        raise UserError(f"no number of patients up to {_MOST:.0e} reaches this power")
    return max(2, math.ceil(number - 1e-9))
