"""How many hours of doses bring the drug to steady state, from the model's own equations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldnsim.mechanisms.pharmacokinetics import M
from ldnsim.model import Model

Floats = NDArray[np.float64]
RTOL = 1e-4
"""Error wanted where no study says it: that of a study's solver as shipped."""


def slowest_rate(model: Model, params: Floats) -> Floats:
    """Return the slowest rate of the drug in each patient (1/h), shape (patients,).

    It is the smallest eigenvalue of the linear kinetics, or the dissociation from a receptor where
    that is slower.

    Args:
        model: what the parameters are of.
        params: parameter vectors, shape (patients, parameters).
    """
    states = [n for n, s in model.states.items() if s.mechanism == M.name]
    columns = [_rates(model, states, params, unit) for unit in states]
    matrix = np.stack(columns, axis=2)
    kinetics = np.abs(np.linalg.eigvals(matrix).real).min(axis=1)
    binding = [i for n, i in model.parameter_index.items() if n.startswith("k_off_")]
    return np.asarray(np.minimum(kinetics, params[:, binding].min(axis=1)), dtype=np.float64)


def lead_hours(model: Model, params: Floats, rtol: float) -> float:
    """Return the hours of earlier doses after which the drug is at steady state.

    Doses before them would add at most ``exp(-rate * hours)`` of it, here ``rtol``, by the slowest
    rate of all patients. The result is a whole number of days, or infinite.

    Args:
        model: what the parameters are of.
        params: parameter vectors, shape (patients, parameters).
        rtol: error wanted, relative.
    """
    slowest = float(slowest_rate(model, params).min())
    if slowest <= 0.0:
        return float("inf")
    return float(np.ceil(-np.log(rtol) / slowest / 24.0) * 24.0)


def default_lead_hours(model: Model) -> float:
    """Return the hours of :func:`lead_hours` for the model's default patient."""
    return lead_hours(model, model.defaults()[None, :], RTOL)


def _rates(model: Model, states: list[str], params: Floats, unit: str) -> Floats:
    """Return the rates of the drug's amounts ``states`` when ``unit`` is 1 and the others 0.

    The kinetics are linear, so that this is a column of their matrix, (patients, states).
    """
    values: dict[str, Floats | float] = dict(zip(model.parameters, params.T, strict=True))
    values.update({name: float(name == unit) for name in states})
    for name, q in model.quantities.items():
        if q.mechanism == M.name:
            values[name] = q.formula(*(values[a] for a in q.arguments))
    found = [model.states[n] for n in states]
    each = (s.formula(*(values[a] for a in s.arguments)) for s in found)
    return np.stack([np.broadcast_to(rate, len(params)) for rate in each], axis=1)
