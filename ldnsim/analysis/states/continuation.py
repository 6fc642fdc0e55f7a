"""A patient's steady rhythms over one parameter, by continuation of the daily map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ldnsim.analysis.states.branch import Branch
from ldnsim.analysis.states.branch_parts import SHOWN, Bifurcation, Cycle, Rest
from ldnsim.analysis.states.cycles import find_swing, ringing
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition, shipped
from ldnsim.engine.rhythm.closing import SLACK
from ldnsim.engine.rhythm.continuation import Curve, Point, Settings, fixed_point, trace
from ldnsim.engine.rhythm.daily_map import DOSE, DailyMap
from ldnsim.engine.rhythm.orbit import basins
from ldnsim.errors import UserError, check_known, unknown
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import Model

RANGES = {"driver": (0.0, 0.3), DOSE: (0.0, 50.0)}
"""Ranges unless others are asked for, longer if the patient's own value lies above; of other
parameters, a fifth to five times their value."""
SETTLE_DAYS = 360
NEAR = 0.1
"""A start farther than this from its rhythm after a year, in units of each state's size, is
followed for longer."""
CYCLE_DAYS = 2400
ALONG = 8
"""Values at which an unstable stretch with a growing oscillation is simulated."""
SAME = 3e-3
"""Two points at one value that are closer than this, in units of each state's size, are one."""


def continue_orbit(
    parameter: str = "driver",
    low: float | None = None,
    high: float | None = None,
    *,
    phenotype: str = "default",
    hypothesis: str = "dual_pathway",
    parameters: Mapping[str, float] | None = None,
    dose: float = 0.0,
    clock: float = 22.0,
    points: int = 50,
    threads: int | None = None,
    edition: Edition | None = None,
) -> Branch:
    """Follow a patient's steady 24 h rhythms over a range of one parameter, through folds.

    The curves are entered at both ends of the range and at the patient's own value, from both
    basins, and followed in both directions. A rhythm that none of these starts leads to (a closed
    curve inside the range) is not found.

    Args:
        parameter: what varies: a parameter that is not a switch, or ``"dose"`` (mg nightly).
        low: lower end; by default as in :data:`RANGES`.
        high: upper end.
        phenotype: name of the phenotype.
        hypothesis: name of the hypothesis.
        parameters: the patient's own parameters, over hypothesis and phenotype.
        dose: mg of naltrexone hydrochloride every night throughout; 0 for the untreated patient.
        clock: time of the dose, h after midnight.
        points: fewest points of a curve across the range; more where it bends.
        threads: threads of the engine.
        edition: the model; the shipped one when None.

    Raises:
        UserError: an unknown name, a switch, or a range outside the parameter's bounds.
    """
    home = edition or shipped()
    params = _patient(home, phenotype, hypothesis, parameters or {})
    unit, own, low, high = _range(home.model, parameter, low, high, params, dose)
    daily = DailyMap(
        home.model, params, parameter, 1e-6 * (high - low), 0.5 * (low + high), dose, clock, threads
    )
    most = high if parameter == DOSE else dose
    settings = Settings(low, high, _scale(home.model, most), largest=1.0 / points, floor=-SLACK)
    inside = low <= own <= high
    values = [own, low, high] if inside else [low, high]
    curves, cycles, lost = _curves(daily, settings, list(dict.fromkeys(values)))
    cycles = _distinct([*cycles, *_along(daily, curves)])
    rests = _rests(daily, settings, curves, own) if inside else []
    return _branch(
        daily, curves, cycles, rests, lost, unit=unit, own=own, span=(low, high),
        names=(hypothesis, phenotype), edition=home,
    )  # fmt: skip


def _patient(
    edition: Edition, phenotype: str, hypothesis: str, parameters: Mapping[str, float]
) -> Floats:
    from ldnsim.patients.vectors import own_parameters

    check_known("phenotype", [phenotype], edition.phenotypes)
    check_known("hypothesis", [hypothesis], edition.hypotheses)
    run = RunSpec.of(
        hypothesis=hypothesis, phenotype=phenotype, parameters=parameters, edition=edition
    )
    return own_parameters(run)


def _range(
    model: Model, name: str, low: float | None, high: float | None, params: Floats, dose: float
) -> tuple[str, float, float, float]:
    """Unit, own value and range of what varies, checked against its bounds."""
    if name == DOSE:
        unit, own, floor, ceiling = "mg", dose, 0.0, 1000.0
    elif name not in model.parameters:
        raise unknown("parameter", name, [*model.parameters, DOSE])
    elif name.startswith("coupling_"):
        raise UserError(f"parameter {name} is a switch, 0 or 1; choose one that varies, or dose")
    else:
        p = model.parameters[name]
        unit, own = p.unit, float(params[model.parameter_index[name]])
        floor = -np.inf if p.low is None else p.low
        ceiling = np.inf if p.high is None else p.high
    usual = RANGES.get(name) or tuple(sorted((0.2 * own, 5.0 * own)) if own else (0.0, 1.0))
    start = max(usual[0], floor) if low is None else low
    stop = min(max(usual[1], 1.2 * own), ceiling) if high is None else high
    if not (floor <= start < stop <= ceiling):
        raise UserError(
            f"{name} from {start:g} to {stop:g} ({unit}): expected a range that ascends within "
            f"{floor:g} and {ceiling:g}"
        )
    return unit, own, float(start), float(stop)


def _scale(model: Model, mg: float) -> Floats:
    """Usual size of each state: of an ordinary change, or of the resting value if larger.

    Amounts of drug are measured by the largest dose, concentrations by 1 nmol/L for each mg, and
    nothing by less than 0.1, lest a curve over the dose be all drug and occupancy.
    """
    drug = {"nmol": mg * NMOL_PER_MG, "nmol/L": mg}
    change = np.array([max(s.scale, 0.1, drug.get(s.unit, 0.0)) for s in model.states.values()])
    sizes = (model.start(True), model.start(False), change)
    return np.asarray(np.max(sizes, axis=0), dtype=np.float64)


def _curves(
    daily: DailyMap, settings: Settings, values: Sequence[float]
) -> tuple[list[Curve], list[Cycle], list[float]]:
    """Curves through the rhythms found at some values; cycles met; values without either.

    Each start is the untreated patient of a basin, left to the treatment for a year. Where it has
    not come near the rhythm that Newton's method finds from there, it may be going round one.
    """
    at = np.repeat(np.array(values), 2)
    y = daily.settle(_untreated(daily, at), at, SETTLE_DAYS)
    curves: list[Curve] = []
    open_ = []
    for k, p in enumerate(at):
        point = _enter(daily, settings, curves, y[k], float(p))
        if point is None or np.max(np.abs(point.x - y[k]) / settings.scale) > NEAR:
            open_.append(k)
    if not open_:
        return curves, [], []
    cycles, last, centres = _simulated(daily, y[open_], at[open_])
    lost = []
    for end, centre, p in zip(last, centres, at[open_], strict=True):
        found = [_enter(daily, settings, curves, guess, float(p)) for guess in (end, centre)]
        if all(q is None for q in found) and float(p) not in {c.value for c in cycles}:
            lost.append(float(p))
    return curves, cycles, sorted(set(lost))


def _untreated(daily: DailyMap, at: Floats) -> Floats:
    """States of resolved and inflamed patients left without drug, in turn, (n, n_states)."""
    y = np.array([daily.model.start(k % 2 == 1) for k in range(len(at))])
    if daily.parameter == DOSE:
        return daily.settle(y, np.zeros(len(at)), SETTLE_DAYS)
    return replace(daily, dose=0.0).settle(y, at, SETTLE_DAYS)


def _enter(
    daily: DailyMap, settings: Settings, curves: list[Curve], guess: Floats, p: float
) -> Point | None:
    """Find a rhythm from a guess and follow its curve unless that is there already."""
    if not np.all(np.isfinite(guess)):
        return None
    point = fixed_point(daily, guess, p, settings)
    if point is not None and not _on_any(daily, settings, curves, point):
        curves.append(trace(daily, point, settings))
    return point


def _on_any(daily: DailyMap, settings: Settings, curves: Sequence[Curve], point: Point) -> bool:
    """Whether a point lies on a curve that is there already."""
    found = [q for c in curves for q in _crossings(daily, settings, c, point.p)]
    return any(_same(point, q, settings) for q in found)


def _same(a: Point, b: Point, settings: Settings) -> bool:
    return bool(np.max(np.abs(a.x - b.x) / settings.scale) < SAME)


def _crossings(daily: DailyMap, settings: Settings, curve: Curve, p: float) -> list[Point]:
    """The points of a curve at one value of the parameter."""
    found: list[Point] = []
    for a, b in zip(curve.points, curve.points[1:], strict=False):
        if not min(a.p, b.p) <= p <= max(a.p, b.p) or a.p == b.p:
            continue
        share = (p - a.p) / (b.p - a.p)
        point = fixed_point(daily, a.x + share * (b.x - a.x), p, settings)
        if point is not None and not any(_same(point, q, settings) for q in found):
            found.append(point)
    return found


def _simulated(daily: DailyMap, y: Floats, p: Floats) -> tuple[list[Cycle], Floats, Floats]:
    """Long runs: the cycles they end in, their last states, and the middle of their turns."""
    model = daily.model
    names = [*SHOWN, *(n for n in model.states if n not in SHOWN)]
    index = np.array([model.observable_index[n] for n in names])
    means, last = daily.follow(y, p, CYCLE_DAYS, index)
    cycles = []
    for row, value in zip(means, p, strict=True):
        swing = find_swing(row[: len(SHOWN)])
        if swing is not None:
            low, high = (
                dict(zip(SHOWN, map(float, v), strict=True)) for v in (swing.low, swing.high)
            )
            cycles.append(Cycle(float(value), swing.period, swing.regular, low, high))
    order = [names.index(n) for n in model.states]
    return _distinct(cycles), last, means[:, order, CYCLE_DAYS // 2 :].mean(axis=2)


def _distinct(cycles: Sequence[Cycle]) -> list[Cycle]:
    """Leave out a cycle that was met twice."""
    kept: list[Cycle] = []
    for c in cycles:
        twin = any(
            c.value == k.value and abs(c.high["tnf"] - k.high["tnf"]) < 0.01 * k.high["tnf"]
            for k in kept
        )
        if not twin:
            kept.append(c)
    return kept


def _along(daily: DailyMap, curves: Sequence[Curve]) -> list[Cycle]:
    """Simulate from unstable rhythms around which an oscillation grows."""
    grows = [
        q for c in curves for q in c.points
        if q.radius > 1.0 + 1e-6 and abs(q.multipliers[np.argmax(np.abs(q.multipliers))].imag) > 0.0
    ]  # fmt: skip
    if not grows:
        return []
    spread = np.unique(np.linspace(0, len(grows) - 1, ALONG).round().astype(int))
    chosen = [grows[i] for i in spread]
    # whatever oscillates, a push of every state sets it off
    y = 1.05 * np.array([q.x for q in chosen])
    return _simulated(daily, y, np.array([q.p for q in chosen]))[0]


def _rests(daily: DailyMap, settings: Settings, curves: Sequence[Curve], own: float) -> list[Rest]:
    points = [q for c in curves for q in _crossings(daily, settings, c, own)]
    if not points:
        return []
    at = np.full(len(points), own)
    means = daily.means(np.array([q.x for q in points]), at)
    # a model of one basin has no other to be told from
    inflamed = basins(daily.model, daily.vectors(at), means, np.zeros(len(points), dtype=bool))
    rests = [
        Rest(
            bool(high),
            q.radius < 1.0,
            q.radius,
            dict(zip(daily.model.observables, map(float, m), strict=True)),
            ringing(q.multipliers),
        )
        for q, m, high in zip(points, means, inflamed, strict=True)
    ]
    return sorted(rests, key=lambda r: r.of("tnf"))


def _branch(
    daily: DailyMap, curves: Sequence[Curve], cycles: Sequence[Cycle], rests: Sequence[Rest],
    lost: Sequence[float], *, unit: str, own: float, span: tuple[float, float],
    names: tuple[str, str], edition: Edition,
) -> Branch:  # fmt: skip
    """Lay the curves out as arrays."""
    model = daily.model
    points = [q for c in curves for q in c.points]
    offsets = np.cumsum([0, *(len(c.points) for c in curves)])
    marks = [
        Bifurcation(e.kind, c.points[e.place].p, int(first) + e.place, e.multiplier)
        for c, first in zip(curves, offsets, strict=False)
        for e in c.events
    ]
    x = np.array([q.x for q in points]).reshape(len(points), len(model.states))
    values = np.array([q.p for q in points])
    radius = np.array([q.radius for q in points])
    stable = radius < 1.0
    stable[[m.index for m in marks]] = False
    nothing = np.empty((0, len(model.observables)))
    return Branch(
        parameter=daily.parameter, unit=unit, own=own, low=span[0], high=span[1],
        dose=daily.dose, hypothesis=names[0], phenotype=names[1], values=values,
        curve=np.repeat(np.arange(len(curves)), [len(c.points) for c in curves]),
        mean=daily.means(x, values) if points else nothing,
        radius=radius, stable=stable, y0=x, ends=tuple(c.ends for c in curves),
        refused=tuple(c.refused for c in curves), bifurcations=tuple(marks),
        cycles=tuple(sorted(cycles, key=lambda c: c.value)),
        rests=tuple(rests), unknown=tuple(lost), model=model,
        extensions=edition.extensions,
    )  # fmt: skip
