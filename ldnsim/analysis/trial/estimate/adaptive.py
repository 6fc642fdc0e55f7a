"""Decisions at an interim look: stop for futility, drop arms; and what they do to type I error."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from ldnsim.analysis.trial.estimate.inputs import check_share
from ldnsim.analysis.trial.estimate.record import Estimate
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.errors import UserError


def signed_z(found: Estimate, better: int = 1) -> Floats:
    """Return z values of which large ones speak for the drug, from the two-sided P and the sign.

    Args:
        found: estimates; 0 where nothing was tested.
        better: 1 when more of the outcome is better, -1 when less is, as with pain.

    Raises:
        UserError: another value of better.
    """
    if better not in (1, -1):
        raise UserError(f"better = {better!r}: expected 1 (more is better) or -1 (less is better)")
    size = -ndtri(np.clip(np.where(found.tested, found.p, 1.0), 1e-300, 1.0) / 2.0)
    sign = np.sign(np.where(found.tested, found.estimate, 0.0))
    return np.asarray(better * sign * size)


def conditional_power(
    z: Floats, fraction: float, alpha: float = 0.05, drift: Floats | float | None = None
) -> Floats:
    """Return the chance to win at the end, given the interim and a true effect.

    ``Phi((z sqrt(f) + theta (1 - f) - c)/sqrt(1 - f))`` with ``c = Phi^-1(1 - alpha/2)`` and theta
    the expected z of the whole trial: the interim's own, ``z/sqrt(f)``, unless another is given (of
    the planned effect: Phi^-1(1 - alpha/2) + Phi^-1(power)). z has independent increments in
    information. Reference: Lan and Wittes, Biometrics 1988;44:579.

    Args:
        z: of the interim, large for the drug: :func:`signed_z`.
        fraction: of the information that is there at the interim.
        alpha: two-sided level of the final test.
        drift: theta; None for the trend so far.
    """
    f, c = check_share(fraction, "fraction"), _critical(alpha)
    theta = z / np.sqrt(f) if drift is None else drift
    return np.asarray(ndtr((z * np.sqrt(f) + theta * (1.0 - f) - c) / np.sqrt(1.0 - f)))


def predictive_power(z: Floats, fraction: float, alpha: float = 0.05) -> Floats:
    """Return the chance to win at the end, over what the interim leaves open (a flat prior).

    ``Phi((z - c sqrt(f))/sqrt(1 - f))``. Reference: Spiegelhalter, Freedman and Blackburn, Control
    Clin Trials 1986;7:8.

    Args:
        z: of the interim, large for the drug: :func:`signed_z`.
        fraction: of the information that is there at the interim.
        alpha: two-sided level of the final test.
    """
    f, c = check_share(fraction, "fraction"), _critical(alpha)
    return np.asarray(ndtr((z - c * np.sqrt(f)) / np.sqrt(1.0 - f)))


def futile(power: Floats, threshold: float = 0.1) -> Flags:
    """Return which trials (or arms) stop: conditional or predictive power below a threshold.

    Non-binding: the final test keeps its whole alpha, as if there were no look. Stopping can only
    take rejections away, so the type I error stays at alpha or below whether or not it is obeyed;
    the price is power, which has to be counted over all trials, the stopped ones as not won.

    Args:
        power: of :func:`conditional_power` or :func:`predictive_power`.
        threshold: such as 0.1.
    """
    return np.asarray(power < check_share(threshold, "threshold"))


def keep_best(z: Floats, keep: int, floor: float = -np.inf) -> Flags:
    """Return which arms go on: the best at the interim, the others are dropped.

    Type I error over all arms: test the arms that are left, at the end and with all their
    patients, by P values adjusted for all arms that began (:func:`.dunnett` over their number, or
    Bonferroni's n p). As long as each arm's final sample is what it would have been anyway, what is
    rejected is a part of what the trial without dropping would have rejected, so the familywise
    error stays at alpha or below, whatever the rule of dropping. Where patients of dropped arms go
    to others, sizes depend on the data: then join the stages by :func:`combined`.

    Args:
        z: of the interim, (..., comparisons), large for the drug.
        keep: how many go on; of equal ones the first.
        floor: arms below this z are dropped even so.

    Raises:
        UserError: fewer than one, or more than there are.
    """
    arms = z.shape[-1]
    if not 1 <= keep <= arms:
        raise UserError(f"keep = {keep!r}: expected 1 to {arms}, the arms besides the control")
    order = np.argsort(np.argsort(-z, axis=-1, kind="stable"), axis=-1)
    return np.asarray((order < keep) & (z >= floor))


def combined(first: Floats, second: Floats, fraction: float) -> Floats:
    """Join one-sided P values of two stages of separate patients by inverse normals.

    ``1 - Phi(sqrt(f) z_1 + sqrt(1 - f) z_2)`` with the fraction f fixed beforehand: valid whatever
    of the second stage was chosen after the first. Over several arms it needs stage-wise P values
    of each intersection (closed testing). Reference: Lehmacher and Wassmer, Biometrics
    1999;55:1286.

    Args:
        first: one-sided P of the patients before the interim.
        second: of those after it alone.
        fraction: planned share of information of the first stage.
    """
    f = check_share(fraction, "fraction")
    with np.errstate(divide="ignore"):
        z = -np.sqrt(f) * ndtri(first) - np.sqrt(1.0 - f) * ndtri(second)
    return np.asarray(ndtr(-z))


def bonferroni(found: Estimate, began: Ints | int) -> Estimate:
    """Multiply P values by the number of comparisons that began, at most 1.

    Args:
        found: comparisons.
        began: how many there were before arms were dropped.
    """
    return found.with_p(np.minimum(found.p * np.asarray(began), 1.0))


def _critical(alpha: float) -> float:
    return float(-ndtri(check_share(alpha, "alpha") / 2.0))
