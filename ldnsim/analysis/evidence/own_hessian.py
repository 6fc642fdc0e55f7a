"""Standard errors of a fit to data of one's own: parameters and sizes of errors estimated together.

With the sizes held at their estimates an error would be too small where a parameter and a size go
together, as they do with values below a limit and with priors. So it is the curvature of the joint
likelihood in all of them, by differences; where that has no maximum, it stays that of ``J^T J``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from ldnsim.analysis.evidence.fit import STEP, Curvature
from ldnsim.analysis.evidence.own_error import Error
from ldnsim.analysis.evidence.own_problem import Problem
from ldnsim.arrays import Floats


def joint(
    problem: Problem, errors: Mapping[str, Error], x: Floats, weight: Floats, held: Curvature
) -> Curvature:
    """Return what is known about a fit with the standard errors of the joint likelihood.

    Args:
        problem: what was fitted to what.
        errors: of each variable, with their sizes.
        x: best coordinates, shape (parameters,).
        weight: what errors of both kinds are weighted by, shape (observations,).
        held: what the Jacobian says with the sizes held.
    """
    if held.open:
        return held
    n = len(x)
    # (coordinates, logarithms of sizes) of every point of the differences; those that differ in
    # sizes alone share one simulation
    sizes = np.log([getattr(e, s) for e in errors.values() if not e.given for s in e.sizes])
    at = np.concatenate([x, sizes])
    steps = STEP * np.eye(len(at))
    pairs = list(combinations(range(len(at)), 2))
    ends = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    points = [at, *(at + s * step for step in steps for s in (1, -1))]
    points += [at + a * steps[i] + b * steps[j] for i, j in pairs for a, b in ends]
    whole = np.array(points)
    own, place = np.unique(whole[:, :n], axis=0, return_inverse=True)
    simulated = problem.simulate(own)[place.reshape(-1)]
    loss = np.array([
        problem.loss(_sized(errors, p[n:]), f, p[:n], weight)
        for p, f in zip(whole, simulated, strict=True)
    ])  # fmt: skip
    up, down = loss[1 : 2 * len(at) : 2], loss[2 : 2 * len(at) + 1 : 2]
    hessian = np.diag(up - 2.0 * loss[0] + down) / STEP**2
    for (i, j), four in zip(pairs, loss[2 * len(at) + 1 :].reshape(-1, 4), strict=True):
        mixed = (four[0] - four[1] - four[2] + four[3]) / (4.0 * STEP**2)
        hessian[i, j] = hessian[j, i] = mixed
    if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian).min() <= 0.0:
        return held
    covariance = np.linalg.inv(hessian)[:n, :n]
    se = np.sqrt(np.diag(covariance))
    return replace(held, se=se, correlation=covariance / np.outer(se, se))


def _sized(errors: Mapping[str, Error], logs: Floats) -> dict[str, Error]:
    """Return the errors with other sizes where these are estimated."""
    left = iter(np.exp(logs).tolist())
    return {
        name: e if e.given else replace(e, **{size: next(left) for size in e.sizes})
        for name, e in errors.items()
    }
