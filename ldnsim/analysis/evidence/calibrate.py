"""Fits of the model's parameters to the observations, reproducible by one command."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from ldnsim.analysis.evidence.estimate import (
    Estimate,
    appraised,
    box,
    values_at,
    within_record,
)
from ldnsim.analysis.evidence.fit import Batch, Curvature, Fit, Profile, minimise
from ldnsim.analysis.evidence.probe_kinds import Patient
from ldnsim.analysis.evidence.probes import find_observation, simulate
from ldnsim.arrays import Floats
from ldnsim.catalog.calibration import FitGroup, Free
from ldnsim.edition import Edition, shipped
from ldnsim.errors import UserError, check_known
from ldnsim.mechanisms.record import Parameter
from ldnsim.model import Model
from ldnsim.runs.accuracy import FITTED

DIGITS = 3
"""Significant digits of shipped values."""


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
            {e.name: rounded(e.value) for e in done[-1].estimates if e.fitted}
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


def _from_spread(name: str, who: Patient) -> Free:
    p = _parameter(name, who.edition.model)
    value = who.parameter(name)
    if p.spread.kind == "fixed":
        raise UserError(f"parameter {name!r} has no recorded spread: it cannot be fitted")
    return within_record(p, value)


def _parameter(name: str, model: Model) -> Parameter:
    check_known("parameter", [name], model.parameters)
    return model.parameters[name]


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
    best = minimise(batch, *box(free), how.starts, how.seed)
    shipped_values = {f.name: usual.parameter(f.name) for f in free}
    known = who.edition.model.parameters
    bent, profiles, estimates = appraised(free, batch, best, known, shipped_values, how.profiles)
    rows = _rows(group, free, best, who, how.threads)
    return GroupFit(group, estimates, rows, best, bent, profiles, free)


def _free(given: Free, who: Patient, priors: bool) -> Free:
    sd = _parameter(given.name, who.edition.model).spread.sd
    if given.prior is not None or not priors or sd <= 0.0:
        return given
    return replace(given, prior=who.parameter(given.name), prior_sd=sd)


def parameters_at(group: FitGroup, free: Sequence[Free], x: Floats) -> dict[str, float]:
    """Return the parameters at a point, with those tied to them."""
    own = values_at(free, x)
    return own | {n: factor * own[of] for n, (of, factor) in group.ties.items()}


def residual_function(
    group: FitGroup, free: Sequence[Free], who: Patient, threads: int | None = None
) -> Batch:
    """Return the batch function of a group: weighted residuals, then those of priors."""
    seen = [find_observation(n, who.edition) for n in group.observations]
    priors = [(i, f) for i, f in enumerate(free) if f.prior is not None]

    def batch(points: Floats) -> Floats:
        people = [_at(who, group, free, x) for x in points]
        numbers = simulate([(o, one) for one in people for o in seen], FITTED, threads)
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


def _rows(
    group: FitGroup,
    free: Sequence[Free],
    best: Fit,
    who: Patient,
    threads: int | None,
) -> tuple[Row, ...]:
    at = _at(who, group, free, best.x)
    seen = [find_observation(n, who.edition) for n in group.observations]
    numbers = simulate([(o, at) for o in seen], FITTED, threads)
    return tuple(
        Row(
            o.name, float(v), o.expected(), tuple(o.residuals(float(v))), o.unit, o.values,
            *(end if math.isfinite(end) else None for end in o.interval),
        )
        for o, v in zip(seen, numbers, strict=True)
    )  # fmt: skip
