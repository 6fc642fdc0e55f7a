"""Up-and-down dose finding over a pool: the next dose follows from this patient's response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldnsim.analysis.trial.cell import Cell
from ldnsim.analysis.trial.drawn import Persons, report
from ldnsim.analysis.trial.estimate import Counts, Estimate, centred_isotonic, up_and_down
from ldnsim.analysis.trial.laid import Laid
from ldnsim.analysis.trial.outcome import responded
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.config.designs import UpAndDown

Responds = Callable[[int, Ints], Floats]
"""Whether patient ``i`` of each trial responds at these steps, 1 or 0, (trials,)."""


@dataclass(frozen=True)
class Series:
    """Series of many trials, both (trials, patients): steps from 0, responses 1 or 0."""

    step: Ints
    response: Floats


def climb(responds: Responds, patients: int, steps: int, start: Ints) -> Series:
    """Let patients come one after the other: a step down after a response, one up after none.

    Args:
        responds: see :data:`Responds`.
        patients: of each trial.
        steps: of the ladder.
        start: step of the first patient, (trials,).
    """
    at = np.array(start, dtype=np.int64)
    step = np.empty((len(at), patients), dtype=np.int64)
    response = np.empty(step.shape)
    for i in range(patients):
        step[:, i], response[:, i] = at, responds(i, at)
        at = np.clip(np.where(response[:, i] == 1.0, at - 1, at + 1), 0, steps - 1)
    return Series(step, response)


def ladder_of(laid: Laid) -> tuple[list[str], Floats, int]:
    """Return arms by ascending dose, their doses in mg, and the step of the first patient."""
    design: Any = laid.design
    doses = laid.dose_of_groups()
    order = np.argsort(doses, kind="stable")
    arms = [laid.arms[k] for k in order]
    start = arms.index(design.start) if design.start else len(arms) // 2
    return arms, doses[order], start


def responses(design: UpAndDown, laid: Laid, cell: Cell, persons: Persons) -> Flags:
    """Return who would respond at each step, (trials, patients, steps); who stops does not."""
    arms, _, _ = ladder_of(laid)
    group = np.zeros(persons.who.shape[1], dtype=np.int64)
    each = []
    for arm in arms:
        drawn = report(cell, persons, np.array(cell.arms[arm]), group, design.lost)
        flags = responded(drawn, drawn.start, laid.weeks, design.average, design.response)
        each.append(flags == 1.0)
    return np.stack(each, axis=-1)


def series_of(design: UpAndDown, laid: Laid, cell: Cell, persons: Persons, null: bool) -> Series:
    """Return up-and-down series of patients drawn for trials.

    Args:
        design: the design.
        laid: with its groups.
        cell: the pool.
        persons: drawn patients, (trials, n).
        null: whether all doses do what the lowest one does.
    """
    would = responses(design, laid, cell, persons)
    trials, n, steps = would.shape
    _, _, start = ladder_of(laid)
    row = np.arange(trials)

    def responds(i: int, at: Ints) -> Floats:
        return np.asarray(would[row, i, np.zeros_like(at) if null else at], dtype=np.float64)

    return climb(responds, n, steps, np.full(trials, start))


def estimated(laid: Laid, series: Series, seed: int) -> Estimate:
    """Return the dose of half the responses in each trial, mg, (trials,)."""
    _, doses, _ = ladder_of(laid)
    return up_and_down(series.step, series.response, doses, seed=seed)


def true_dose(laid: Laid, shares: Floats) -> float:
    """Return the dose of half the responses, mg, given the share at each step.

    Infinite where all shares are below or above a half.
    """
    _, doses, _ = ladder_of(laid)
    tried = np.full((1, len(doses)), 1e6)
    found, _ = centred_isotonic(Counts(tried, tried * shares), doses, shrink=0.0)
    return float(found[0])
