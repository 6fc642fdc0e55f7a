"""Quantiles of virtual patients: a draw depends on the seed, the candidate and a name, only.

Each name (a parameter, the genotype) has its own one-dimensional low-discrepancy sequence, keyed
by the seed and the CRC-32 of the name. So no draw moves when parameters are added, left out or
put in another order, and candidate ``k`` is the same person in every study of one seed.

SciPy is imported when something is drawn: a sweep without a population never waits for it.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Floats

TINY = 2.0**-32  # a quantile of exactly 0 or 1 would be an infinite draw


def generator(seed: int, name: str, *more: int) -> np.random.Generator:
    """Return the generator of a name."""
    return np.random.default_rng((seed, zlib.crc32(name.encode()), *more))


def sobol(seed: int, name: str, n: int) -> Floats:
    """Return the first ``n`` quantiles of a name from its scrambled Sobol sequence, shape (n,).

    The first ``2**m`` values lie one in each of ``2**m`` equal strata. Their order is shuffled
    within the blocks [1, 2), [2, 4), [4, 8), ...; without that, the sequences of two names would
    share their leading bits and two parameters would be correlated. The shuffle of a block depends
    on nothing but name and block, so that a longer sequence begins with the shorter one.
    """
    from scipy.stats import qmc

    levels = max(n - 1, 0).bit_length()
    values = qmc.Sobol(1, scramble=True, seed=generator(seed, name)).random_base2(levels)[:, 0]
    for level in range(1, levels):
        block = slice(2**level, 2 ** (level + 1))
        values[block] = generator(seed, name, level).permutation(values[block])
    return _inside(values[:n])


def normal(seed: int, name: str, who: NDArray[np.int64]) -> Floats:
    """Return standard normal draws of subjects, quantiles of :func:`sobol`, shape of ``who``.

    They depend on seed, name and subject alone, so that a subject draws the same in every arm.
    """
    from scipy.special import ndtri

    return np.asarray(ndtri(sobol(seed, name, int(who.max()) + 1))[who], dtype=np.float64)


def latin_hypercube(seed: int, name: str, n: int, size: int) -> Floats:
    """Return the first ``n`` quantiles of a name from Latin hypercubes of ``size``, shape (n,).

    Every hypercube has one value in each of ``size`` strata; candidates beyond the first are the
    next hypercube. Other than with :func:`sobol`, the draws depend on the size.
    """
    from scipy.stats import qmc

    cubes = [
        qmc.LatinHypercube(1, seed=generator(seed, name, i)).random(size)[:, 0]
        for i in range(-(-n // size))
    ]
    return _inside(np.concatenate(cubes)[:n])


def quantiles(method: str, seed: int, name: str, n: int, size: int) -> Floats:
    """Return the first ``n`` quantiles of a name by either method, shape (n,)."""
    if method == "sobol":
        return sobol(seed, name, n)
    return latin_hypercube(seed, name, n, size)


def joined(u: Floats, correlation: Floats) -> Floats:
    """Return quantiles that go together as asked: a Gaussian copula, shape (n, names).

    The first name keeps its draws, and so does each that goes with none before it. What is summed
    is summed term by term, so that the same draws give the same bits.

    Args:
        u: independent quantiles, shape (n, names).
        correlation: of the normal draws, positive definite, shape (names, names).
    """
    from scipy.special import ndtr, ndtri

    root = np.linalg.cholesky(correlation)
    z, found = ndtri(u), u.copy()
    for i in range(1, u.shape[1]):
        if root[i, :i].any():
            x = root[i, 0] * z[:, 0]
            for j in range(1, i + 1):
                x = x + root[i, j] * z[:, j]
            found[:, i] = ndtr(x)
    return _inside(found)


def _inside(values: Floats) -> Floats:
    return np.clip(values, TINY, 1.0 - TINY)


def spread_out(kind: str, sd: float, centre: Floats, quantile: Floats) -> Floats:
    """Return values of a parameter at quantiles of its spread around a centre (the median).

    Args:
        kind: ``"lognormal"``, ``"logitnormal"`` or ``"fixed"``.
        sd: standard deviation on the log or logit scale.
        centre: medians, shape (n,); 0, and 1 of a fraction, stay as they are.
        quantile: shape (n,).
    """
    from scipy.special import ndtri

    return stepped(kind, centre, sd * ndtri(quantile))


def stepped(kind: str, centre: Floats | float, step: Floats | float) -> Floats:
    """Return values a step on the log or logit scale away from a centre.

    Args:
        kind: ``"lognormal"``, ``"logitnormal"`` or ``"fixed"``, which takes no step.
        centre: where from; 0, and 1 of a fraction, stay as they are.
        step: how far, on that scale.
    """
    if kind == "lognormal":
        return np.asarray(centre * np.exp(step), dtype=np.float64)
    if kind != "logitnormal":
        return np.array(centre)
    odds = np.asarray(centre * np.exp(step), dtype=np.float64)
    return np.asarray(odds / (1.0 - centre + odds), dtype=np.float64)


def genotypes(quantile: Floats, g: float) -> NDArray[np.str_]:
    """Return OPRM1 genotypes at quantiles, in Hardy-Weinberg shares of G frequency ``g``."""
    steps = np.array([(1.0 - g) ** 2, 1.0 - g**2])
    return np.array(["AA", "AG", "GG"])[np.searchsorted(steps, quantile, side="right")]
