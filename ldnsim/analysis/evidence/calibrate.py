"""Fits of the model's parameters to the observations, reproducible by one command."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from ldnsim.analysis.evidence.fit import (
    Batch,
    Curvature,
    Fit,
    Free,
    Profile,
    curvature,
    minimise,
    profile,
)
from ldnsim.analysis.evidence.probe_kinds import Patient
from ldnsim.analysis.evidence.probes import find_observation, simulate
from ldnsim.arrays import Floats
from ldnsim.catalog.calibration import FitGroup, FreeParameter
from ldnsim.edition import Edition, shipped
from ldnsim.errors import UserError, check_known
from ldnsim.mechanisms.record import Parameter
from ldnsim.model import Model

DIGITS = 3
"""Significant digits of shipped values."""
RTOL = 1.0e-7
"""Tolerance of the solver in fits: differences of runs must not drown in its errors."""
SPREADS = 4.0
"""Bounds of a parameter without recorded ones: so many of its spreads either way."""


@dataclass(frozen=True)
class Options:
    """How to fit.

    Attributes:
        starts: local fits per group.
        seed: of the starting points.
        free: free parameters instead of each group's own; empty for those.
        priors: add a prior about the shipped value, with the recorded spread, on every parameter
            that has none.
        profiles: compute profile likelihoods.
        threads: threads of the engine.
    """

    starts: int = 4
    seed: int = 1
    free: tuple[str, ...] = ()
    priors: bool = False
    profiles: bool = False
    threads: int | None = None


@dataclass(frozen=True)
class Estimate:
    """One fitted parameter.

    Attributes:
        name: of the parameter.
        value: best value.
        se: its standard error in its own unit, inf where the data leave it open.
        low: lower end of the 95 % interval by profile; None where there is none or not asked for.
        high: upper end.
        determined: by the Jacobian, and by the profile if there is one.
        data_share: share of what is known about it that comes from the data, not from a prior.
        shipped: value in the package.
        unit: of all these.
    """

    name: str
    value: float
    se: float
    low: float | None
    high: float | None
    determined: bool
    data_share: float
    shipped: float
    unit: str

    @property
    def rounded(self) -> float:
        """The estimate as it is shipped."""
        return rounded(self.value)

    @property
    def fitted(self) -> bool:
        """Whether the data, not a prior, set the value."""
        return self.determined and self.data_share >= 0.5

    @property
    def verdict(self) -> str:
        """What may be said of the estimate."""
        if not self.determined:
            return "not determined"
        return "determined" if self.fitted else "prior decides"


@dataclass(frozen=True)
class Row:
    """One observation at the best point.

    Attributes:
        name: of the observation.
        simulated: by the fit.
        published: as text.
        residuals: one for each published value.
        unit: as text.
    """

    name: str
    simulated: float
    published: str
    residuals: tuple[float, ...]
    unit: str
    values: tuple[float, ...]
    low: float | None
    high: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class GroupFit:
    """What fitting one group gave."""

    group: FitGroup
    estimates: tuple[Estimate, ...]
    rows: tuple[Row, ...]
    fit: Fit
    curvature: Curvature
    profiles: tuple[Profile, ...] = field(default=())
    free: tuple[Free, ...] = field(default=())


def rounded(value: float, digits: int = DIGITS) -> float:
    """Round to significant digits."""
    return float(f"{value:.{digits}g}")


def calibrate(
    groups: Iterable[str] | None = None,
    options: Options | None = None,
    edition: Edition | None = None,
) -> list[GroupFit]:
    """Fit groups in order, each from what the earlier ones found.

    Args:
        groups: names; all shipped groups when None.
        options: how; the defaults when None.
        edition: the model that is fitted; the shipped one when None.

    Raises:
        UserError: a group or parameter that does not exist.
    """
    chosen, home = options or Options(), edition or shipped()
    known = home.fit_groups
    names = list(known) if groups is None else list(groups)
    check_known("fit group", names, known)
    if not names:
        raise UserError(f"no fit group given; valid: {', '.join(known)}")
    done: list[GroupFit] = []
    found: dict[str, dict[str, float]] = {}
    for name in (n for n in known if n in names):
        group = with_free(known[name], chosen.free, home)
        done.append(fit_group(group, _carried(group, found, home), chosen, home))
        found.setdefault(_owner(group, home), {}).update(
            {e.name: e.rounded for e in done[-1].estimates if e.fitted}
        )
    return done


def _owner(group: FitGroup, edition: Edition) -> str:
    """Whose values a group fits: those of a hypothesis, or (empty) the model's defaults."""
    own = edition.hypotheses[group.hypothesis].overrides
    return group.hypothesis if any(f.name in own for f in group.free) else ""


def _carried(
    group: FitGroup, found: Mapping[str, Mapping[str, float]], edition: Edition
) -> dict[str, float]:
    """What earlier groups found that holds under this group's hypothesis too."""
    own = edition.hypotheses[group.hypothesis].overrides
    general = {n: v for n, v in found.get("", {}).items() if n not in own}
    return {**general, **found.get(group.hypothesis, {})}


def with_free(group: FitGroup, names: Sequence[str], edition: Edition | None = None) -> FitGroup:
    """Return a group with other free parameters; recorded bounds hold where there are any.

    Raises:
        UserError: a parameter that does not exist or cannot be fitted.
    """
    if not names:
        return group
    own = {f.name: f for f in group.free}
    who = Patient(group.hypothesis, edition=edition or shipped())
    free = tuple(own.get(n) or _from_spread(n, who) for n in names)
    ties = {n: t for n, t in group.ties.items() if t[0] in names and n not in names}
    return replace(group, free=free, ties=ties)


def _from_spread(name: str, who: Patient) -> FreeParameter:
    p = _parameter(name, who.edition.model)
    value = who.parameter(name)
    if value <= 0.0 or p.spread.kind == "fixed":
        raise UserError(f"parameter {name!r} has no recorded spread: it cannot be fitted")
    free = Free(name, 0.5 * value, value, is_fraction=_is_fraction(p))
    x, wide = free.coordinate(value), SPREADS * p.spread.sd
    low, high = free.value(x - wide), free.value(x + wide)
    return FreeParameter(name, max(low, p.low or 0.0), min(high, p.high or math.inf), None, 1.0)


def _parameter(name: str, model: Model) -> Parameter:
    check_known("parameter", [name], model.parameters)
    return model.parameters[name]


def _is_fraction(p: Parameter) -> bool:
    return p.spread.kind == "logitnormal"


def fit_group(
    group: FitGroup,
    carried: Mapping[str, float] | None = None,
    options: Options | None = None,
    edition: Edition | None = None,
) -> GroupFit:
    """Fit one group.

    Args:
        group: what to fit to what.
        carried: other parameters, as earlier groups left them.
        options: how; the defaults when None.
        edition: the model that is fitted; the shipped one when None.
    """
    how = options or Options()
    who = Patient(group.hypothesis, carried or {}, edition or shipped())
    usual = replace(who, parameters={})
    free = tuple(_free(f, usual, how.priors) for f in group.free)
    batch = residual_function(group, free, who, how.threads)
    low = np.array([f.coordinate(f.low) for f in free])
    high = np.array([f.coordinate(f.high) for f in free])
    best = minimise(batch, low, high, how.starts, how.seed)
    names = [f.name for f in free]
    bent = curvature(best.jacobian, names)
    profiles = (
        tuple(profile(batch, low, high, best, i, n) for i, n in enumerate(names))
        if how.profiles
        else ()
    )
    estimates = tuple(
        _estimate(usual, f, float(best.x[i]), float(bent.se[i]), f.name not in bent.open,
                  profiles[i] if profiles else None)
        for i, f in enumerate(free)
    )  # fmt: skip
    rows = _rows(group, free, best, who, how.threads)
    return GroupFit(group, estimates, rows, best, bent, profiles, free)


def _free(given: FreeParameter, who: Patient, priors: bool) -> Free:
    p = _parameter(given.name, who.edition.model)
    prior, sd = given.prior, given.prior_sd
    if prior is None and priors and p.spread.sd > 0.0:
        prior, sd = who.parameter(given.name), p.spread.sd
    return Free(given.name, given.low, given.high, prior, sd, _is_fraction(p))


def parameters_at(group: FitGroup, free: Sequence[Free], x: Floats) -> dict[str, float]:
    """Return the parameters at a point, with those tied to them."""
    own = {f.name: f.value(float(v)) for f, v in zip(free, x, strict=True)}
    return own | {n: factor * own[of] for n, (of, factor) in group.ties.items()}


def residual_function(
    group: FitGroup, free: Sequence[Free], who: Patient, threads: int | None = None
) -> Batch:
    """Return the batch function of a group: weighted residuals, then those of priors."""
    seen = [find_observation(n, who.edition) for n in group.observations]
    priors = [(i, f) for i, f in enumerate(free) if f.prior is not None]

    def batch(points: Floats) -> Floats:
        people = [_at(who, group, free, x) for x in points]
        numbers = simulate([(o, one) for one in people for o in seen], RTOL, threads)
        table = numbers.reshape(len(points), len(seen))
        found = []
        for x, row in zip(points, table, strict=True):
            own = [r for o, v in zip(seen, row, strict=True) for r in o.residuals(float(v))]
            own += [(x[i] - f.coordinate(f.prior)) / f.prior_sd for i, f in priors if f.prior]
            found.append(own)
        return np.array(found, dtype=np.float64)

    return batch


def _at(who: Patient, group: FitGroup, free: Sequence[Free], x: Floats) -> Patient:
    """Return the patient at a point of a fit."""
    return replace(who, parameters={**who.parameters, **parameters_at(group, free, x)})


def _estimate(
    who: Patient, free: Free, x: float, se: float, known: bool, seen: Profile | None
) -> Estimate:
    low, high = (None, None) if seen is None else seen.interval
    return Estimate(
        name=free.name,
        value=free.value(x),
        se=se * free.slope(x),
        low=None if low is None else free.value(low),
        high=None if high is None else free.value(high),
        # a profile may end at a bound of another parameter: the Jacobian must agree
        determined=known and (seen is None or seen.determined),
        data_share=1.0 if free.prior is None else 1.0 - min(1.0, (se / free.prior_sd) ** 2),
        shipped=who.parameter(free.name),
        unit=who.edition.model.parameters[free.name].unit,
    )


def _rows(
    group: FitGroup,
    free: Sequence[Free],
    best: Fit,
    who: Patient,
    threads: int | None,
) -> tuple[Row, ...]:
    at = _at(who, group, free, best.x)
    seen = [find_observation(n, who.edition) for n in group.observations]
    numbers = simulate([(o, at) for o in seen], RTOL, threads)
    return tuple(
        Row(
            o.name, float(v), o.expected(), tuple(o.residuals(float(v))), o.unit, o.values,
            *(end if math.isfinite(end) else None for end in o.interval),
        )
        for o, v in zip(seen, numbers, strict=True)
    )  # fmt: skip
