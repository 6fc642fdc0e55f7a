"""Which parameters an untreated patient does not feel: those of the drug.

Without drug its states stay at zero, and whatever multiplies them drops out of every equation.
Patients who differ only there (by their kinetics, or by what a hypothesis says of the drug) share
one untreated orbit. The set is found from the equations, not listed: a parameter belongs to it if
changing it changes no rate and no quantity, to the last bit, at several states without drug.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.influence import NO_NUMBER, drug_states, probes, values_at
from ldnsim.mechanisms.record import Variable
from ldnsim.model import FloatArray, Model


@functools.cache
def inert_parameters(model: Model) -> NDArray[np.int64]:
    """Return the indices of the parameters that no untreated patient feels."""
    zero = drug_states(model)
    # not felt until shown to be: one difference at one probe is enough
    inert = np.ones(len(model.parameters), dtype=bool)
    names, taking = list(model.parameters), _taking(model)
    for t, y, p in probes(model, zero.tolist()):
        values_at(model, t, y, p)  # says which equation gives no number
        before = model.environment(t, y, p)
        for j in np.flatnonzero(inert):
            # far from any multiple of itself, so that nothing cancels by accident
            after = {**before, names[j]: 0.37 * float(p[j]) + 0.11}
            # what takes it at second hand changes only if what it takes does
            inert[j] = all(_same(v, before, after) for v in taking.get(names[j], ()))
    return np.flatnonzero(inert)


def _taking(model: Model) -> dict[str, list[Variable]]:
    """Which equations take each parameter as an argument."""
    found: dict[str, list[Variable]] = {}
    for variable in (
        *model.constants.values(), *model.quantities.values(), *model.states.values()
    ):  # fmt: skip
        for name in variable.arguments:
            found.setdefault(name, []).append(variable)
    return found


def _same(variable: Variable, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an equation gives the same number twice; not where it gives none."""
    try:
        was, now = (
            variable.formula(*(at[a] for a in variable.arguments)) for at in (before, after)
        )
        return bool(np.isfinite(now) and was == now)
    except NO_NUMBER:  # it takes the equation out of its domain
        return False


def felt(model: Model, params: FloatArray) -> FloatArray:
    """Return parameter vectors with what no untreated patient feels at the model's default.

    Patients whose vectors are then the same bits share one untreated orbit in each basin; and a
    drug that never leaves (an exchange flow of zero, say) does not make their day look neutral.

    Args:
        model: what the parameters are of.
        params: shape (patients, parameters).
    """
    # a copy: the patient's own parameters are needed for the runs with drug
    found = np.array(params, dtype=np.float64)
    inert = inert_parameters(model)
    found[:, inert] = model.defaults()[inert]
    return found
