"""What candidates are worth over patients and places: mean, worst tenth, regret; who keeps limits.

Everything here is arithmetic on arrays. ``u`` is the utility, shape (candidates, places, patients):
a place is a point of the study's axes, such as a hypothesis, and all places count the same. ``w``
are weights of the patients, shape (draws, patients): one draw for the estimate, many for its error.
"""

from __future__ import annotations

import numpy as np

from ldnsim.arrays import Flags, Floats
from ldnsim.patients.draws import generator

TAIL = 0.1
"""Share of the patients that are the worst tenth."""
DRAWS = 1000
"""Resampled sets of patients behind an interval."""
LEVEL = 0.95


def score(u: Floats, w: Floats, robust: str, among: Flags | None = None) -> Floats:
    """Return what each candidate is worth, more being better, shape (draws, candidates).

    Args:
        u: utility, shape (candidates, places, patients).
        w: weights, shape (draws, patients).
        robust: ``mean``, ``worst tenth`` or ``regret``; see the functions of these names.
        among: candidates that may be chosen, which regret is measured against; all when None.
    """
    if robust == "worst tenth":
        return worst_tenth(u, w)
    if robust == "regret":
        return -largest_regret(u, w, among)
    return over_all(u, w)


def over_all(u: Floats, w: Floats) -> Floats:
    """Return the mean over patients and places, shape (draws, candidates)."""
    return np.asarray(_shares(w) @ u.mean(axis=1).T, dtype=np.float64)


def by_place(u: Floats, w: Floats) -> Floats:
    """Return the mean over patients at each place, shape (draws, candidates, places)."""
    flat = u.reshape(-1, u.shape[-1])
    return np.asarray(_shares(w) @ flat.T, dtype=np.float64).reshape(len(w), *u.shape[:2])


def worst_tenth(u: Floats, w: Floats, share: float = TAIL) -> Floats:
    """Return the mean of the lowest tenth of all patients at all places, shape (draws, candidates).

    The patient on the edge of the tenth counts with the part of his or her weight inside it, so
    that this is the conditional value at risk of the weighted sample, exactly.
    """
    places, patients = u.shape[1:]
    own = _shares(w) / places
    found = np.empty((len(w), len(u)))
    for c, values in enumerate(u.reshape(len(u), -1)):
        order = np.argsort(values, kind="stable")
        weight = own[:, order % patients]
        before = np.cumsum(weight, axis=1) - weight
        inside = np.clip(share - before, 0.0, weight)
        found[:, c] = inside @ values[order] / inside.sum(axis=1)
    return found


def largest_regret(u: Floats, w: Floats, among: Flags | None = None) -> Floats:
    """Return how far each candidate falls behind the best at the place where that is most.

    Shape (draws, candidates). Place by place the best candidate is that of the highest mean.
    """
    means = by_place(u, w)
    best = (means if among is None else means[:, among]).max(axis=1, keepdims=True)
    return np.asarray((best - means).max(axis=2), dtype=np.float64)


def shortfall(x: Floats, w: Floats, limit: float, *, least: bool, tail: bool) -> Floats:
    """Return by how much candidates miss a limit where they miss it most, shape (candidates,).

    Args:
        x: the summary that is limited, shape (candidates, places, patients).
        w: weights, shape (patients,).
        limit: in the unit of the summary.
        least: whether the limit is the least allowed, not the most.
        tail: of the worst tenth of the patients instead of all.

    Returns:
        0 or less where the limit is kept at every place.
    """
    y = x if least else -x
    own = w[None, :]
    means = (
        np.stack([worst_tenth(y[:, [p]], own)[0] for p in range(y.shape[1])], axis=1)
        if tail
        else by_place(y, own)[0]
    )
    return np.asarray(((limit if least else -limit) - means).max(axis=1), dtype=np.float64)


def resampled(weights: Floats, seed: int, draws: int = DRAWS) -> Floats:
    """Return weights of patients drawn anew with replacement, shape (draws, patients)."""
    n = len(weights)
    counts = generator(seed, "patients drawn again").multinomial(n, np.full(n, 1.0 / n), size=draws)
    found = counts * weights
    return np.asarray(found[found.sum(axis=1) > 0.0], dtype=np.float64)


def interval(draws: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Return the middle of resampled values, from quantile to quantile."""
    low, high = np.quantile(draws, [0.5 - level / 2.0, 0.5 + level / 2.0])
    return float(low), float(high)


def front(values: Floats) -> Flags:
    """Return which candidates no other is better than in everything, shape (candidates,).

    A candidate is beaten by one that is as good everywhere and better somewhere; of two that are
    the same in everything both stay.

    Args:
        values: more being better, shape (candidates, objectives).
    """
    as_good = np.all(values[None, :, :] >= values[:, None, :], axis=2)
    better = np.any(values[None, :, :] > values[:, None, :], axis=2)
    return np.asarray(~np.any(as_good & better, axis=1))


def _shares(w: Floats) -> Floats:
    return np.asarray(w / w.sum(axis=1, keepdims=True), dtype=np.float64)
