"""Radau IIA collocation on ``S`` nodes, and what step control needs of it.

Hairer and Wanner, Solving Ordinary Differential Equations II, section IV.5: order 2 S - 1,
L-stable, stiffly accurate. The nodes are those of the right Radau quadrature on 0..1.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial
from numpy.polynomial.legendre import Legendre
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Radau:
    """Coefficients of the method.

    Attributes:
        nodes: fractions of the step, ascending, the last is 1; (S,).
        weights: of the quadrature on the nodes, (S,).
        inverse: inverse of the collocation matrix, (S, S).
        row_sums: of ``inverse``, (S,).
        defect: weights of ``[start, nodes]`` that give the difference between the quadrature and
            the one without the last node, which has order ``S``; (S + 1,).
        coarse: the same against the quadrature on the inner nodes alone, order ``S - 1``; (S + 1,).
        barycentric: weights of Lagrange's interpolation on ``[start, nodes]``, (S + 1,).
    """

    nodes: FloatArray
    weights: FloatArray
    inverse: FloatArray
    row_sums: FloatArray
    defect: FloatArray
    coarse: FloatArray
    barycentric: FloatArray


def quadrature(points: FloatArray, upper: float = 1.0) -> FloatArray:
    """Weights of the interpolatory quadrature from 0 to ``upper`` on the given points."""
    found = []
    for j, here in enumerate(points):
        others = np.delete(points, j)
        basis = Polynomial.fromroots(others) / np.prod(here - others)
        found.append(basis.integ()(upper) - basis.integ()(0.0))
    return np.array(found)


@functools.cache
def radau(n: int) -> Radau:
    """Coefficients for ``n`` nodes."""
    roots = (Legendre.basis(n) - Legendre.basis(n - 1)).roots().real
    nodes = np.sort((roots + 1.0) / 2.0)
    nodes[-1] = 1.0
    matrix = np.array([quadrature(nodes, upper) for upper in nodes])
    inverse = np.linalg.inv(matrix)
    full = np.concatenate([[0.0], matrix[-1]])
    points = np.concatenate([[0.0], nodes])
    fine, coarse = full.copy(), full.copy()
    fine[:-1] -= quadrature(points[:-1])
    coarse[1:-1] -= quadrature(points[1:-1])
    gaps = [np.prod(p - np.delete(points, i)) for i, p in enumerate(points)]
    return Radau(
        nodes, matrix[-1], inverse, inverse.sum(axis=1), fine, coarse, 1.0 / np.array(gaps)
    )
