"""The least of a function of one number, for many trials at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import elementwise

from ldnsim.arrays import Floats, Ints

_JUST_INSIDE = 1e-3
"""How far from an end of the grid it is looked whether the function falls, in its first step."""


def least(function: Callable[[Floats, Ints], Floats], grid: Floats, trials: int) -> Floats:
    """Return where a function is least in each trial: the best of a grid, then refined around it.

    Args:
        function: of a number and a trial for each of some trials; NaN where it is not defined.
        grid: ascending numbers; its ends are the ends of where it is looked for.
        trials: how many there are.

    Returns:
        (trials,), one of the grid's ends where the function falls towards it; NaN where it is
        defined nowhere.
    """
    all_ = np.arange(trials)
    values = np.stack([function(np.full(trials, x), all_) for x in grid], axis=-1)
    defined = np.isfinite(values).any(axis=-1)
    best = np.argmin(np.where(np.isfinite(values), values, np.inf), axis=-1)
    end = len(grid) - 1
    at_end = (best == 0) | (best == end)
    found = np.where(defined, grid[best], np.nan)
    left, right = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, end)]
    # from an end the function may fall before it rises: a point just inside tells
    middle = np.where(at_end, found + _JUST_INSIDE * (left + right - 2.0 * found), found)
    falls = ~at_end | (function(middle, all_) < values[all_, best])
    inner = np.flatnonzero(defined & falls)
    if len(inner):
        bracket = left[inner], middle[inner], right[inner]
        refined = elementwise.find_minimum(function, bracket, args=(inner,))
        found[inner] = np.where(refined.success, refined.x, found[inner])
    return np.asarray(found)
