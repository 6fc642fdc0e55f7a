"""The least of a function of one number, for many trials at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import elementwise

from ldnsim.arrays import Floats, Ints


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
    found = np.where(defined, grid[best], np.nan)
    inner = np.flatnonzero(defined & (best > 0) & (best < len(grid) - 1))
    if len(inner):
        bracket = tuple(grid[best[inner] + step] for step in (-1, 0, 1))
        refined = elementwise.find_minimum(function, bracket, args=(inner,))
        found[inner] = np.where(refined.success, refined.x, found[inner])
    return np.asarray(found)
