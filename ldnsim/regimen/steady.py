"""How many hours of doses bring the drug to steady state, from the model's own equations."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ldnsim.errors import UserError
from ldnsim.influence import drug_states
from ldnsim.mechanisms.forms import OMEGA
from ldnsim.mechanisms.record import CLOCK, Variable
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

    Raises:
        UserError: the kinetics are not linear with constant rates, so that no rate tells it.
    """
    amounts = _amounts(model)
    t, y = 0.0, model.start(True)
    units = np.eye(len(amounts))
    matrix = np.stack([_rates(model, params, t, y, amounts, unit) for unit in units], axis=2)
    _check_linear(model, params, amounts, matrix)
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


def _amounts(model: Model) -> list[str]:
    """Return the amounts and concentrations of drug: its states that are no pure numbers."""
    states = list(model.states.items())
    return [n for n, s in (states[i] for i in drug_states(model)) if s.unit != "1"]


def _check_linear(model: Model, params: Floats, amounts: list[str], matrix: Floats) -> None:
    """Check the matrix of rates against larger amounts, in another state and at another time.

    Raises:
        UserError: it depends on any of these.
    """
    large = 1000.0 * np.linspace(1.0, 2.0, len(amounts))
    t, y = 7.3, 1.3 * model.start(False) + 0.02
    terms = matrix * large
    error = np.abs(_rates(model, params, t, y, amounts, large) - terms.sum(axis=2))
    linear = (error <= 1e-9 * np.abs(terms).sum(axis=2)).all(axis=0)
    if not linear.all():
        odd = amounts[int(np.argmin(linear))]
        raise UserError(
            "SS = 1 in an event table: how long the drug takes to steady state is told by rates"
            f" that are constant, and those of {odd!r} depend on amounts, the patient's state or"
            " the time of day; say how long earlier doses are given, such as lead = '30 d'"
        )


def _rates(
    model: Model, params: Floats, t: float, y: Floats, amounts: list[str], size: Floats
) -> Floats:
    """Return the rates of the drug's amounts, (patients, amounts), where these have a size each.

    Where they are linear, a size of 1 among zeros gives a column of their matrix.
    """
    values: dict[str, Floats | float] = dict(zip(model.parameters, params.T, strict=True))
    values.update(zip(model.states, y.tolist(), strict=True))
    values.update(zip(CLOCK, (math.cos(OMEGA * t), math.sin(OMEGA * t)), strict=True))
    values.update(zip(amounts, size.tolist(), strict=True))
    known = {**model.constants, **model.quantities}
    needed, waiting = set[str](), [a for n in amounts for a in model.states[n].arguments]
    while waiting:
        name = waiting.pop()
        if name in known and name not in needed:
            needed.add(name)
            waiting += known[name].arguments
    for name in (n for n in known if n in needed):
        values[name] = _of_all(known[name], values)
    each = (_of_all(model.states[n], values) for n in amounts)
    return np.stack([np.broadcast_to(rate, len(params)) for rate in each], axis=1)


def _of_all(v: Variable, values: Mapping[str, Floats | float]) -> Floats | float:
    """Evaluate an equation for all patients; for each in turn where it has a root or a cosine."""
    given = [values[a] for a in v.arguments]
    try:
        found = v.formula(*given)
        if np.asarray(found).dtype.kind == "f":
            return found
    except Exception:  # sympy, given an array
        pass
    return np.asarray(np.vectorize(v.formula, otypes=[np.float64])(*given))
