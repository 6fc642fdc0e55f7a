"""Which parameters can reach which variables, and what is of the drug, read from the equations.

The equations are analytic where they are used, so one that does not change when an argument moves
between random points does not depend on it. Where one gives no number at these points, such as
``sqrt(weight - 1)``, points near the defaults and within bounds take their place. A switch at zero
cuts what it multiplies: with ``coupling_tlr4 = 0`` no variable depends on ``ic50_trif``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.errors import UserError
from ldnsim.mechanisms.record import Variable
from ldnsim.model import FloatArray, Model

SWITCH = "coupling_"
"""Parameters whose names begin like this are switches: 0 off, 1 on."""
DRUG_ONLY = ("pharmacokinetics", "receptors")
"""Mechanisms whose own variables are no outcome: the drug and what it binds to."""
PROBES = 3
_TRIES = 4
NO_NUMBER = (ArithmeticError, TypeError, ValueError)
"""What an equation raises outside its domain; TypeError where a root became complex."""


def drug_states(model: Model) -> NDArray[np.int64]:
    """Return the indices of the states that stay at zero unless a dose is given.

    Raises:
        UserError: as :func:`values_at`.
    """
    # candidates start at zero; one that another parts from zero is none, and may move others
    chosen = {i for i, s in enumerate(model.states.values()) if s.start == 0.0}
    while True:
        moving = set()
        for t, y, p in probes(model, sorted(chosen)):
            # at zero a state of the drug has a rate of zero, whatever the others are
            rates = values_at(model, t, y, p)
            moving |= {i for i in chosen if rates[i] != 0.0}
        if not moving:
            return np.array(sorted(chosen), dtype=np.int64)
        chosen -= moving


def probes(model: Model, zero: Iterable[int]) -> list[tuple[float, FloatArray, FloatArray]]:
    """Return times, states and parameters away from any special value, within their bounds.

    Args:
        model: the equations.
        zero: indices of the states that are zero.
    """
    # fixed, so that what is found is the same in every process
    rng = np.random.default_rng(20)
    kept, found = list(zero), []
    for _ in range(PROBES):
        y = model.start(True) * rng.uniform(0.6, 0.9, len(model.states)) + 0.02
        y = _within(y, [(s.lower, s.upper) for s in model.states.values()])
        y[kept] = 0.0
        p = model.defaults() * rng.uniform(0.7, 0.9, len(model.parameters)) + 0.003
        p = _within(p, [(q.low, q.high) for q in model.parameters.values()])
        found.append((float(rng.uniform(0.0, 24.0)), y, p))
    return found


def _within(values: FloatArray, bounds: list[tuple[float | None, float | None]]) -> FloatArray:
    low, high = np.array(bounds, dtype=np.float64).T
    # no bound is NaN, which these pass over
    return np.asarray(np.fmin(np.fmax(values, low), high))


def values_at(model: Model, t: float, y: FloatArray, p: FloatArray) -> FloatArray:
    """Return every rate, then every constant and quantity, at one point.

    Raises:
        UserError: an equation gives no number there; with the values it had.
    """
    try:
        values = model.environment(t, y, p)
        others = [float(values[q]) for q in (*model.constants, *model.quantities)]
        found = np.concatenate([model.rates(t, y, p), others])
        if np.isfinite(found).all():
            return found
    except NO_NUMBER:
        pass
    raise UserError(_where_none(model, t, y, p))


def _where_none(model: Model, t: float, y: FloatArray, p: FloatArray) -> str:
    """Name the first equation that gives no number at a point."""
    plain = replace(model, constants={}, quantities={})
    values = plain.environment(t, y, p)
    for name, v in {**model.constants, **model.quantities, **model.states}.items():
        try:
            number = float(_value(v, values))
        except NO_NUMBER:
            number = math.nan
        if not math.isfinite(number):
            at = ", ".join(f"{a} = {values[a]:.3g}" for a in v.arguments)
            return (
                f"the equation of {name!r} gives no number at {at}; it has to within the bounds of"
                " its parameters and states: set low and high (lower and upper), or write it so"
            )
        if not v.is_state:
            values[name] = number
    raise AssertionError("every equation gives a number")


def _random_point(model: Model, zero: Iterable[str], seed: int) -> dict[str, Any]:
    """Every name with a value at a random point at which the names in ``zero`` are zero."""
    rng, none = np.random.default_rng(seed), set(zero)
    p = [0.0 if n in none else rng.uniform(0.1, 0.9) for n in model.parameters]
    y = [0.0 if n in none else rng.uniform(0.1, 0.9) for n in model.states]
    try:
        return model.environment(rng.uniform(0.0, 24.0), y, p)
    except NO_NUMBER:
        return _near_defaults(model, none, seed)


def _near_defaults(model: Model, zero: Collection[str], seed: int) -> dict[str, Any]:
    """Every name with a value at a point near the defaults, the names in ``zero`` being zero.

    Raises:
        UserError: as :func:`values_at`.
    """
    t, y, p = probes(model, [i for n, i in model.state_index.items() if n in zero])[seed % PROBES]
    p[[i for n, i in model.parameter_index.items() if n in zero]] = 0.0
    values_at(model, t, y, p)
    return model.environment(t, y, p)


def silent(model: Model, off: Iterable[str]) -> set[str]:
    """Names that are zero throughout a run in which the parameters ``off`` are zero.

    These are the parameters themselves, binding that starts from nothing and is fed by nothing,
    and quantities made of nothing else.
    """
    switches = set(off)
    bound = {n for n, s in model.states.items() if s.mechanism == "receptors" and s.start == 0.0}
    if not switches:
        return set()
    points: list[dict[str, Any]] = []
    while True:
        points = [_random_point(model, switches | bound, seed) for seed in range(_TRIES)]
        fed = {n for n in bound if any(_value(model.states[n], at) for at in points)}
        if not fed:
            break
        bound -= fed
    quantities = {n for n in model.quantities if not any(at[n] for at in points)}
    return switches | bound | quantities


def _value(variable: Variable, at: Mapping[str, float]) -> float:
    return variable.formula(*(at[a] for a in variable.arguments))


def live_arguments(model: Model, variable: Variable, zero: Iterable[str]) -> set[str]:
    """Arguments that one equation of a model depends on while the names in ``zero`` are zero."""
    rng, none = np.random.default_rng(0), set(zero)
    live: set[str] = set()
    for seed in range(_TRIES):
        at = {a: 0.0 if a in none else float(rng.uniform(0.1, 0.9)) for a in variable.arguments}
        if math.isnan(_number(variable, at)):
            near = _near_defaults(model, none, seed)
            at = {a: 0.0 if a in none else near[a] for a in variable.arguments}
        base = _number(variable, at)
        for name in set(at) - none:
            if _number(variable, {**at, name: at[name] * 1.1 or 0.1}) != base:
                live.add(name)
    return live


def _number(variable: Variable, at: Mapping[str, float]) -> float:
    """Return what an equation gives; NaN, which is unlike anything, outside its domain."""
    try:
        return float(_value(variable, at))
    except NO_NUMBER:
        return math.nan


def reaching(model: Model, observables: Iterable[str], off: Iterable[str] = ()) -> set[str]:
    """Names of the parameters that some of the observables depend on, directly or not.

    Args:
        model: the equations.
        observables: states and quantities.
        off: parameters that are zero and stay so, usually switches.
    """
    graph = _live(model, frozenset(off))
    waiting, seen = list(observables), set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph.get(name, ())
    return seen & set(model.parameters)


@functools.lru_cache(maxsize=64)
def _live(model: Model, off: frozenset[str]) -> dict[str, set[str]]:
    """What every observable directly depends on while the parameters ``off`` are zero."""
    zero = silent(model, off)
    return {n: live_arguments(model, v, zero) for n, v in model.observables.items()}


def reached(model: Model, sources: Iterable[str], off: Iterable[str] = ()) -> set[str]:
    """Observables that depend on some of the sources, directly or not: :func:`reaching` turned.

    Args:
        model: the equations.
        sources: parameters, or states and quantities, which reach themselves.
        off: parameters that are zero and stay so, usually switches.
    """
    graph, found, before = _live(model, frozenset(off)), set(sources), -1
    while len(found) > before:
        before = len(found)
        found |= {n for n, live in graph.items() if live & found}
    return found & set(graph)


def outcomes(model: Model) -> list[str]:
    """Observables that are more than drug concentrations and binding."""
    return [n for n, v in model.observables.items() if v.mechanism not in DRUG_ONLY]


def switched_off(model: Model, switches: Iterable[str]) -> set[str]:
    """Parameters that no outcome depends on once these switches are at zero.

    Args:
        model: the equations.
        switches: names of the switches that are off.

    Returns:
        parameters that reach an outcome with every switch on, and none with these off.
    """
    wanted, off = outcomes(model), set(switches)
    if not off:
        return set()
    return reaching(model, wanted) - reaching(model, wanted, off) - off
