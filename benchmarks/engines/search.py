"""The loosest tolerance of a ladder that meets an error, found in few solves."""

from __future__ import annotations

import math
from collections.abc import Callable

PER_DECADE = 4
LADDER = tuple(
    float(f"{10.0 ** (-e / PER_DECADE):.2g}") for e in range(2 * PER_DECADE, 10 * PER_DECADE + 1)
)
"""Relative tolerances tried: 1e-2 to 1e-10, four a decade."""


def loosest(
    error_at: Callable[[float], float], target: float, ladder: tuple[float, ...] = LADDER
) -> float | None:
    """The loosest tolerance whose error meets ``target``, or None.

    Starts at the loose end. As errors fall about in proportion to the tolerance, a large miss skips
    rungs; after a hit the rungs that were skipped are tried backwards, until one misses.

    Args:
        error_at: worst error at a tolerance; may be infinite.
        target: largest error accepted.
        ladder: tolerances, loosest first.
    """
    missed, here = -1, 0
    while here < len(ladder):
        error = error_at(ladder[here])
        if error <= target:
            break
        missed = here
        here += _skip(error, target)
    if here >= len(ladder):
        if missed == len(ladder) - 1:
            return None
        here = len(ladder) - 1
        if error_at(ladder[here]) > target:
            return None
    while here - 1 > missed and error_at(ladder[here - 1]) <= target:
        here -= 1
    return ladder[here]


def _skip(error: float, target: float) -> int:
    """Rungs to go down after a miss: two thirds of what proportion would ask for, at least one."""
    if not math.isfinite(error):
        return 1
    return max(1, int(PER_DECADE * math.log10(error / target) * 2.0 / 3.0))
