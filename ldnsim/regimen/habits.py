"""What habits make of planned doses: missed, late, doubled; of one run or of many at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.regimen.adherence import DELAY, DOUBLED, LATE, MISSED, Adherence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Before:
    """The planned dose before the first, of each run.

    Attributes:
        missed: whether it was missed, (runs,).
        phase: which phase it was of, (runs,); -1 where there is none.
    """

    missed: Flags
    phase: Ints

    @staticmethod
    def none(runs: int) -> Before:
        """Return that no dose was planned yet."""
        return Before(np.zeros(runs, bool), np.full(runs, -1, np.int64))


def numbers_of(habits: Adherence) -> dict[str, float]:
    """Return the numbers of an adherence model, as :func:`taken` has them for many."""
    return {name: float(getattr(habits, name)) for name in Adherence.model_fields if name != "seed"}


def taken(
    time_h: Floats,
    following: Ints,
    phase: Ints,
    draws: Floats,
    numbers: Mapping[str, Floats | float],
    before: Before,
    burden: Floats | float = 0.0,
) -> tuple[Flags, Flags, Floats]:
    """Return which planned doses are missed, which doubled, and when the others are taken.

    Args:
        time_h: planned times in order, h, (doses,).
        following: minutes of the planned dose after each, or of the end, (doses,); a late dose
            comes before it.
        phase: of each dose, (doses,); a dose is doubled after a missed one of its own phase only.
        draws: of `Adherence.draws`, (runs, doses, 4).
        numbers: fields of `Adherence` by name, each (runs, 1) or one for all runs.
        before: the dose before the first.
        burden: adverse burden that adds to the missed doses, (runs, 1) or one for all.

    Returns:
        missed and doubled, and the time taken in h, each (runs, doses).
    """
    chance = numbers["p_missed"] + numbers["missed_per_burden"] * burden
    missed = draws[..., MISSED] < chance
    after = np.concatenate([before.missed[:, None], missed[:, :-1]], axis=1)
    of = np.concatenate(
        [before.phase[:, None], np.broadcast_to(phase[:-1], missed[:, :-1].shape)], axis=1
    )
    doubled = ~missed & after & (of == phase) & (draws[..., DOUBLED] < numbers["p_doubled"])
    due = np.rint(time_h * 60)
    delay = np.ceil(-60 * numbers["late_mean_h"] * np.log1p(-draws[..., DELAY]))
    late = draws[..., LATE] < numbers["p_late"]
    latest = np.maximum(following - 1, due)
    moved = np.where(late, np.minimum(due + delay.clip(1, 1e9), latest), due)
    # a dose in time keeps its time to the last bit
    return missed, doubled, np.where(moved > due, moved / 60.0, time_h)
