"""Symbolic sparse LU without pivoting: an elimination order and the operations it needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Elimination:
    """Plan for factoring a matrix of fixed sparsity.

    Attributes:
        order: pivot order (row and column alike).
        lower: for each pivot, the rows it eliminates.
        upper: for each pivot, the columns to its right, pivot excluded.
        pattern: every (row, column) that holds a value after factoring.
    """

    order: tuple[int, ...]
    lower: dict[int, tuple[int, ...]]
    upper: dict[int, tuple[int, ...]]
    pattern: frozenset[tuple[int, int]]


def plan_elimination(n: int, entries: set[tuple[int, int]]) -> Elimination:
    """Choose a Markowitz (least fill) order for an ``n`` x ``n`` pattern with a full diagonal.

    Args:
        n: size of the matrix.
        entries: (row, column) of structurally nonzero entries; the diagonal is added.
    """
    columns: dict[int, set[int]] = {i: {i} for i in range(n)}
    rows: dict[int, set[int]] = {i: {i} for i in range(n)}
    for r, c in entries:
        rows[r].add(c)
        columns[c].add(r)
    remaining, order = set(range(n)), []
    lower: dict[int, tuple[int, ...]] = {}
    upper: dict[int, tuple[int, ...]] = {}
    pattern = {(r, c) for r in rows for c in rows[r]}
    while remaining:
        pivot = min(
            sorted(remaining),
            key=lambda k: (len(rows[k] & remaining) - 1) * (len(columns[k] & remaining) - 1),
        )
        remaining.discard(pivot)
        order.append(pivot)
        lower[pivot] = tuple(sorted(columns[pivot] & remaining))
        upper[pivot] = tuple(sorted(rows[pivot] & remaining))
        for r in lower[pivot]:
            for c in upper[pivot]:
                rows[r].add(c)
                columns[c].add(r)
                pattern.add((r, c))
    return Elimination(tuple(order), lower, upper, frozenset(pattern))
