"""Where an untreated state ceases to exist along the outside driver."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from common import Floats
from numpy.typing import NDArray


def narrow(exists: Callable[[Floats], NDArray[np.bool_]], yes: float, no: float) -> float:
    """Find where a state ceases to exist, between a driver that has it and one that has not."""
    for _ in range(2):
        inner = np.linspace(yes, no, 10)[1:-1]
        there = exists(inner)
        last = int(np.argmin(there)) if not there.all() else len(inner)
        edges = np.concatenate([[yes], inner, [no]])
        yes, no = float(edges[last]), float(edges[last + 1])
    return 0.5 * (yes + no)


def edges(
    driver: Floats,
    inflamed: NDArray[np.bool_],
    resolved: NDArray[np.bool_],
    exists: Callable[[Floats, bool], NDArray[np.bool_]],
) -> tuple[float, float]:
    """Return the lower end of the inflamed and the upper end of the resolved state, or NaN."""
    lower = upper = np.nan
    if inflamed.any() and not inflamed[0]:
        first = int(np.argmax(inflamed))
        lower = narrow(lambda x: exists(x, True), float(driver[first]), float(driver[first - 1]))
    if resolved.any() and not resolved[-1]:
        last = len(driver) - 1 - int(np.argmax(resolved[::-1]))
        upper = narrow(lambda x: exists(x, False), float(driver[last]), float(driver[last + 1]))
    return lower, upper
