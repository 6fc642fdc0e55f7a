"""How much a Gaussian observation tells about which of several hypotheses holds."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ldnsim.arrays import Floats

NODES = {1: 64, 2: 20, 3: 10}
"""Gauss-Hermite nodes for each dimension, by the number of observations."""


def information(mean: Floats, sd: Floats) -> Floats:
    """Return the mutual information between hypothesis and observations, in bits.

    The hypotheses are equally likely beforehand; given one, the observations are independent and
    normal. The expectation is taken by Gauss-Hermite quadrature under each hypothesis.

    Args:
        mean: of the observations under each hypothesis, (..., hypotheses, observations).
        sd: their standard deviations, the same shape, above 0.

    Returns:
        Bits, (...); between 0 and log2 of the number of hypotheses, up to quadrature error.
    """
    count, dims = mean.shape[-2:]
    x, w = np.polynomial.hermite_e.hermegauss(NODES[dims])
    grid = np.array(list(itertools.product(x, repeat=dims)))  # (nodes, dims)
    weight = np.array([np.prod(c) for c in itertools.product(w, repeat=dims)])
    weight = weight / weight.sum()
    total = np.zeros(mean.shape[:-2])
    own = -0.5 * np.sum(grid**2, axis=1)
    for h in range(count):
        y = mean[..., None, h, :] + sd[..., None, h, :] * grid  # (..., nodes, dims)
        z = (y[..., None, :] - mean[..., None, :, :]) / sd[..., None, :, :]
        log = -0.5 * np.sum(z**2, axis=-1) - np.sum(np.log(sd), axis=-1)[..., None, :]
        mine = own - np.sum(np.log(sd[..., h, :]), axis=-1)[..., None]
        gain = mine - _log_sum(log) + np.log(count)
        total += gain @ weight / count
    return np.asarray(np.maximum(total, 0.0) / np.log(2.0), dtype=np.float64)


def _log_sum(log: Floats) -> Floats:
    """Log of the sum of exponentials over the last axis; spoils its argument."""
    top = log.max(axis=-1)
    log -= top[..., None]
    np.exp(log, out=log)
    return np.asarray(top + np.log(log.sum(axis=-1)), dtype=np.float64)


def separations(mean: Floats, variance: Floats) -> Floats:
    """Return how many standard deviations apart each pair of hypotheses is.

    Args:
        mean: (..., hypotheses).
        variance: of the observation under each, (..., hypotheses).

    Returns:
        ``|difference| / sqrt(mean of the two variances)``, (..., pairs), pairs in the order of
        ``itertools.combinations``.
    """
    pairs = np.array(list(itertools.combinations(range(mean.shape[-1]), 2)))
    a, b = pairs[:, 0], pairs[:, 1]
    gap = np.abs(mean[..., a] - mean[..., b])
    return np.asarray(gap / np.sqrt(0.5 * (variance[..., a] + variance[..., b])))


def greedy(
    mean: Floats, sd: Floats, kinds: Sequence[str], size: int = 3
) -> tuple[list[int], list[float]]:
    """Choose observations one by one, each adding most to what the ones before tell.

    Args:
        mean: (observations, hypotheses).
        sd: the same shape.
        kinds: of each observation; no kind is taken twice, since errors of one quantity in the
            same people are not independent.
        size: how many, at most 3.

    Returns:
        Indices in the order chosen, and the bits known after each.
    """
    chosen: list[int] = []
    bits: list[float] = []
    for _ in range(size):
        used = {kinds[i] for i in chosen}
        free = [i for i in range(len(mean)) if kinds[i] not in used]
        if not free:
            break
        found = np.concatenate([
            information(
                np.stack([mean[[*chosen, i]].T for i in part]),
                np.stack([sd[[*chosen, i]].T for i in part]),
            )
            for part in (free[k : k + 32] for k in range(0, len(free), 32))
        ])  # fmt: skip
        best = int(np.argmax(np.round(found, 9)))
        chosen.append(free[best])
        bits.append(float(found[best]))
    return chosen, bits
