"""Where two whole runs part: which variables, by how much, from when on, and whether it grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-4
"""Largest relative error, which is the tolerance of the solver in the shipped studies.

Measured on these studies: what another order of rounding does (a rate changed by one part in
10^12) stays below 1e-6, also where that changes which steps are accepted; a tolerance of the solver
that is 10 % smaller moves patients who tip from one state to the other by up to 1.2e-3, everybody
else by up to 1e-4.
"""
FLOOR = 1e-2
"""Share of the largest value of all runs that is the least an error is held against."""
GROWTH = 2.0
"""Ratio of late to early errors from which on they grow."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Kept:
    """Numbers of one variable.

    Attributes:
        values: the numbers, time first where there is one.
        hours: times of the first dimension (h), None where it has none.
    """

    values: NDArray[Any]
    hours: Floats | None = None


Run = dict[str, Kept]


@dataclass(frozen=True)
class Strayed:
    """A variable that is no longer what it was.

    Attributes:
        name: of the variable.
        worst: largest relative error; infinite where a value came or went, or the shape changed.
        words: what happened, in lines.
    """

    name: str
    worst: float
    words: str


def relative(reference: Kept, now: Kept) -> Floats:
    """Return the error of each number, relative to the largest of its run.

    A run's largest value counts as no less than `FLOOR` times that of all runs. The error is
    infinite where only one of the two is a number.
    """
    old, new = (np.asarray(k.values, np.float64) for k in (reference, now))
    size = np.where(np.isfinite(old), np.abs(old), 0.0)
    own = size.max(axis=0, keepdims=True) if reference.hours is not None else size
    scale = np.maximum(np.maximum(own, FLOOR * size.max(initial=0.0)), np.finfo(float).tiny)
    same = (old == new) | (np.isnan(old) & np.isnan(new))
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(new - old) / scale
    return np.where(same, 0.0, np.where(np.isnan(error), np.inf, error))


def strayed(reference: Run, now: Run, tolerance: float = TOLERANCE) -> list[Strayed]:
    """Return the variables that differ by more than a tolerance, the worst first."""
    found = []
    for name in sorted({*reference, *now}):
        if name not in now or name not in reference:
            words = "is no longer there" if name in reference else "has no reference yet"
            found.append(Strayed(name, np.inf, f"{name} {words}"))
        elif (old := reference[name]).values.shape != (new := now[name]).values.shape:
            words = f"{name} has the shape {new.values.shape}, was {old.values.shape}"
            found.append(Strayed(name, np.inf, words))
        elif (worst := (error := relative(old, new)).max(initial=0.0)) > tolerance:
            found.append(Strayed(name, float(worst), _words(name, old, new, error, tolerance)))
    return sorted(found, key=lambda one: -one.worst)


def report(found: list[Strayed], most: int = 4) -> str:
    """Return what happened to the worst variables, and the names of the others."""
    told = [one.words for one in found[:most]]
    others = [f"{one.name} ({one.worst:.1e})" for one in found[most:]]
    return "\n\n".join(told + ([f"and {len(others)} more: {', '.join(others)}"] if others else []))


def _words(name: str, old: Kept, new: Kept, error: Floats, tolerance: float) -> str:
    worst = np.unravel_index(int(error.argmax()), error.shape)
    head = f"{name}: relative error {error[worst]:.1e}, more than {tolerance:.0e}"
    if old.hours is None:
        at = f", at {tuple(map(int, worst))}" if worst else ""
        return f"{head}{at}: {old.values[worst]:.7g} is now {new.values[worst]:.7g}"
    run = worst[1:]
    line = error[:, *run]
    first = int(np.argmax(line > tolerance))
    rows = [
        f"{old.hours[k]:>10g} {old.values[k, *run]:>14.7g} {new.values[k, *run]:>14.7g}"
        f" {line[k]:>15.1e}"
        for k in _chosen(len(line), first, int(worst[0]))
    ]
    where = f" in run {tuple(map(int, run))}" if run else ""
    return "\n".join(
        [
            f"{head}{where}; first at {old.hours[first]:g} h; {trend(line, first)}",
            f"{'time (h)':>10} {'reference':>14} {'now':>14} {'relative error':>15}",
            *rows,
        ]
    )


def _chosen(length: int, first: int, worst: int, about: int = 8) -> list[int]:
    """Return about eight rows over the whole time, with the first too large and the worst error."""
    even = np.linspace(0, length - 1, min(about, length)).round().astype(int)
    return sorted({*map(int, even), first, worst})


def trend(line: Floats, first: int) -> str:
    """Say what an error does from where it is first too large to the end: grow, stay, or fade."""
    after = line[first:]
    third = max(1, len(after) // 3)
    early, late = after[:third].max(), after[-third:].max()
    if len(after) < 3 or not np.isfinite([early, late]).all():
        return "too short to see whether it grows"
    if late > GROWTH * early:
        return "it grows"
    return "it fades" if late < early / GROWTH else "it neither grows nor fades"
