"""Which parameters an untreated patient does not feel: those of the drug.

Without drug its states stay at zero, and whatever multiplies them drops out of every equation.
Patients who differ only there (by their kinetics, or by what a hypothesis says of the drug) share
one untreated orbit. The set is found from the equations, not listed: a parameter belongs to it if
changing it changes no rate and no quantity, to the last bit, at several states without drug.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from ldnsim.errors import UserError
from ldnsim.influence import drug_states, probes, values_at
from ldnsim.model import FloatArray, Model


@functools.cache
def inert_parameters(model: Model) -> NDArray[np.int64]:
    """Return the indices of the parameters that no untreated patient feels."""
    zero = drug_states(model)
    # not felt until shown to be: one difference at one probe is enough
    inert = np.ones(len(model.parameters), dtype=bool)
    for t, y, p in probes(model, zero.tolist()):
        before = values_at(model, t, y, p)
        for j in np.flatnonzero(inert):
            # far from any multiple of itself, so that nothing cancels by accident
            shifted = p.copy()
            shifted[j] = 0.37 * p[j] + 0.11
            try:
                inert[j] = np.array_equal(before, values_at(model, t, y, shifted))
            except UserError:  # it takes an equation out of its domain
                inert[j] = False
    return np.flatnonzero(inert)


def felt(model: Model, params: FloatArray) -> FloatArray:
    """Return parameter vectors with what no untreated patient feels at the model's default.

    Patients whose vectors are then the same bits share one untreated orbit in each basin; and a
    drug that never leaves (an exchange flow of zero, say) does not make their day look neutral.

    Args:
        model: what the parameters are of.
        params: shape (patients, parameters).
    """
    found = np.array(params, dtype=np.float64)
    inert = inert_parameters(model)
    found[:, inert] = model.defaults()[inert]
    return found
