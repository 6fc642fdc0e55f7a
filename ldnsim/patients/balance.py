"""Weights of patients that give a published mean and standard deviation: entropy balancing.

Of all weights with the wanted means of ``x`` and ``x**2`` those nearest to equal ones are taken,
in the sense of Kullback and Leibler: ``w ~ exp(a x + b x**2)``. The multipliers ``a`` and ``b`` are
the minimum of a smooth convex function of as many numbers as there are targets. Where the targets
cannot be met, or by hardly anybody, what a miss costs is finite: half its square in units of the
published standard error. That is a ridge on the multipliers, and always has one solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.weighing import effective

MET = 1e-6
"""Largest miss of a target met exactly, in published standard deviations."""
LARGEST = 200.0
"""A multiplier beyond this means that one patient has all the weight."""
WIDEST = 2.0**40
"""Standard errors are widened up to this factor, at which weights are equal."""
STEPS = 24
"""Halvings of the logarithm of that factor."""


@dataclass(frozen=True)
class Balance:
    """Weights and how they were found.

    Attributes:
        weights: positive, with sum 1, shape (patients,).
        effective: Kish's effective sample size.
        exact: whether every target is met.
        widened: factor on the published standard errors where they are not; 1 as published.
    """

    weights: Floats
    effective: float
    exact: bool
    widened: float


def balance(
    values: Floats, mean: Floats, sd: Floats, participants: Floats, least: float
) -> Balance:
    """Find weights of patients.

    Exact ones are taken where at least ``least`` effective patients remain. Else a miss costs as
    the published standard errors say; and where fewer remain even so, these are widened until as
    many do.

    Args:
        values: of the variables to match, shape (patients, variables).
        mean: published, shape (variables,).
        sd: published, shape (variables,).
        participants: behind each of them, shape (variables,).
        least: smallest effective sample size wanted.
    """
    z = (values - mean) / sd
    moments = np.concatenate([z, z**2 - 1.0], axis=1)
    error = np.concatenate([1.0 / np.sqrt(participants), np.sqrt(2.0 / participants)])
    exact = _tilted(moments, np.zeros_like(error))
    if exact is not None and effective(exact) >= least and misses(moments, exact).max() <= MET:
        return Balance(exact, effective(exact), True, 1.0)
    return _soft(moments, error, least)


def misses(moments: Floats, weights: Floats) -> Floats:
    """Return by how much each moment is missed, in published standard deviations, (moments,)."""
    return np.abs(_mean(moments, weights))


def _soft(moments: Floats, error: Floats, least: float) -> Balance:
    """Weights at a finite cost, its unit widened as far as it takes for ``least`` patients."""

    def at(widened: float) -> Balance:
        found = _tilted(moments, error * widened)
        if found is None:  # cannot be: the ridge bounds the multipliers
            found = np.full(len(moments), 1.0 / len(moments))
        return Balance(found, effective(found), False, widened)

    best = at(1.0)
    if best.effective >= least:
        return best
    low, high = 1.0, 2.0
    while (best := at(high)).effective < least and high < WIDEST:
        low, high = high, 2.0 * high
    for _ in range(STEPS):
        middle = float(np.sqrt(low * high))
        found = at(middle)
        if found.effective >= least:
            high, best = middle, found
        else:
            low = middle
    return best


def _tilted(moments: Floats, ridge: Floats) -> Floats | None:
    """Return the weights at the minimum of the dual, shape (patients,); None where it has none.

    Args:
        moments: of each patient, centred on what is wanted, shape (patients, moments).
        ridge: what a miss is measured by; 0 where it must vanish, shape (moments,).
    """
    from scipy.optimize import minimize

    def value(a: Floats) -> tuple[float, Floats]:
        x = np.einsum("ij,j->i", moments, a)
        top = float(x.max())
        total = float(np.log(np.exp(x - top).mean())) + top
        slope = _mean(moments, _weights(moments, a)) + ridge**2 * a
        return total + 0.5 * float((ridge**2 * a**2).sum()), slope

    def curvature(a: Floats) -> Floats:
        w = _weights(moments, a)
        centred = moments - _mean(moments, w)
        return np.asarray(np.einsum("i,ij,ik->jk", w, centred, centred) + np.diag(ridge**2))

    start = np.zeros(moments.shape[1])
    found = minimize(
        value, start, jac=True, hess=curvature, method="trust-exact",
        options={"gtol": 1e-9, "maxiter": 1000},
    )  # fmt: skip
    a = np.asarray(found.x, dtype=np.float64)
    if not np.isfinite(a).all() or (not ridge.any() and np.abs(a).max() > LARGEST):
        return None
    return _weights(moments, a)


def _weights(moments: Floats, a: Floats) -> Floats:
    x = np.einsum("ij,j->i", moments, a)
    w = np.exp(x - x.max())
    return np.asarray(w / w.sum())


def _mean(moments: Floats, w: Floats) -> Floats:
    """Return weighted means; summed by numpy itself, so that threads of a library move no bit."""
    return np.asarray((w[:, None] * moments).sum(axis=0))
