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

from ldnsim.model import FloatArray, Model

PROBES = 3


def drug_states(model: Model) -> NDArray[np.int64]:
    """Return the indices of the states that stay at zero unless a dose is given."""
    # candidates start at zero; one that another parts from zero is none, and may move others
    chosen = {i for i, s in enumerate(model.states.values()) if s.start == 0.0}
    while True:
        moving = set()
        for t, y, p in _probes(model, sorted(chosen)):
            # at zero a state of the drug has a rate of zero, whatever the others are
            rates = model.rates(t, y, p)
            moving |= {i for i in chosen if rates[i] != 0.0}
        if not moving:
            return np.array(sorted(chosen), dtype=np.int64)
        chosen -= moving


@functools.cache
def inert_parameters(model: Model) -> NDArray[np.int64]:
    """Return the indices of the parameters that no untreated patient feels."""
    zero = drug_states(model)
    # not felt until shown to be: one difference at one probe is enough
    inert = np.ones(len(model.parameters), dtype=bool)
    for t, y, p in _probes(model, list(zero)):
        before = _all(model, t, y, p)
        for j in np.flatnonzero(inert):
            # far from any multiple of itself, so that nothing cancels by accident
            shifted = p.copy()
            shifted[j] = 0.37 * p[j] + 0.11
            inert[j] = bool(np.array_equal(before, _all(model, t, y, shifted)))
    return np.flatnonzero(inert)


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


def _all(model: Model, t: float, y: FloatArray, p: FloatArray) -> FloatArray:
    """Every rate and quantity at one point."""
    values = model.environment(t, y, p)
    quantities = [float(values[q]) for q in (*model.constants, *model.quantities)]
    return np.concatenate([model.rates(t, y, p), quantities])


def _probes(model: Model, zero: list[int]) -> list[tuple[float, FloatArray, FloatArray]]:
    """Times, states without drug and parameters away from any special value."""
    # fixed, so that the set is the same in every process
    rng = np.random.default_rng(20)
    found = []
    for _ in range(PROBES):
        y = model.start(True) * rng.uniform(0.6, 0.9, len(model.states)) + 0.02
        y[zero] = 0.0  # what is known, or for now taken, to be of the drug
        p = model.defaults() * rng.uniform(0.7, 0.9, len(model.parameters)) + 0.003
        found.append((float(rng.uniform(0.0, 24.0)), y, p))
    return found
