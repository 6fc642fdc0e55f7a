"""Which parameters can reach which variables, read from the equations themselves.

The equations are analytic where they are used, so one that does not change when an argument moves
between random points does not depend on it. A switch at zero cuts what it multiplies: with
``coupling_tlr4 = 0`` no variable depends on ``ic50_trif``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ldnsim.mechanisms.record import Variable
from ldnsim.model import Model

SWITCH = "coupling_"
"""Parameters whose names begin like this are switches: 0 off, 1 on."""
DRUG_ONLY = ("pharmacokinetics", "receptors")
"""Mechanisms whose own variables are no outcome: the drug and what it binds to."""
_TRIES = 4


def _random_point(model: Model, zero: Iterable[str], seed: int) -> dict[str, Any]:
    """Every name with a value at a random point at which the names in ``zero`` are zero."""
    rng, none = np.random.default_rng(seed), set(zero)
    p = [0.0 if n in none else rng.uniform(0.1, 0.9) for n in model.parameters]
    y = [0.0 if n in none else rng.uniform(0.1, 0.9) for n in model.states]
    return model.environment(rng.uniform(0.0, 24.0), y, p)


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


def live_arguments(variable: Variable, zero: Iterable[str]) -> set[str]:
    """Arguments that one equation depends on while the names in ``zero`` are zero."""
    rng, none = np.random.default_rng(0), set(zero)
    live: set[str] = set()
    for _ in range(_TRIES):
        at = {a: 0.0 if a in none else float(rng.uniform(0.1, 0.9)) for a in variable.arguments}
        base = _value(variable, at)
        for name in set(at) - none:
            if _value(variable, {**at, name: at[name] * 1.1}) != base:
                live.add(name)
    return live


def reaching(model: Model, observables: Iterable[str], off: Iterable[str] = ()) -> set[str]:
    """Names of the parameters that some of the observables depend on, directly or not.

    Args:
        model: the equations.
        observables: states and quantities.
        off: parameters that are zero and stay so, usually switches.
    """
    zero = silent(model, off)
    graph = {n: live_arguments(v, zero) for n, v in model.observables.items()}
    waiting, seen = list(observables), set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph.get(name, ())
    return seen & set(model.parameters)


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
