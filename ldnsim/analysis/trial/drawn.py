"""Trials drawn from a pool: who is in them, what they report, and when they stop.

Patients are drawn with replacement by their weights. What is not of the pool, the response to
placebo, the errors of the diary and the thresholds of stopping, is drawn anew for every patient of
every trial; each has a stream of its own, keyed by the seed and its name. Trials are the rows
of what is drawn, so that more trials begin with the fewer, and the size of a block of them moves
no bit. The same streams serve every case: two hypotheses see the same patients, and so the same
trials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ldnsim.analysis.trial.cell import Cell
from ldnsim.analysis.trial.placebo import SCALE
from ldnsim.arrays import Floats, Ints
from ldnsim.patients.draws import generator

STOPPING = "stopping"
_NUMBERS = 4_000_000
"""Weekly values of reported pain held at once."""


class Streams:
    """Random numbers of trials, each kind from a generator of its own that goes on."""

    def __init__(self, seed: int, words: str = "") -> None:
        """Begin all streams.

        Args:
            seed: of all of them.
            words: what the trials are, so that others draw others.
        """
        self.seed, self.words = seed, words
        self._open: dict[str, np.random.Generator] = {}

    def of(self, name: str) -> np.random.Generator:
        """Return the generator of a kind of draws."""
        if name not in self._open:
            key = f"{name} of {self.words}" if self.words else name
            self._open[name] = generator(self.seed, key)
        return self._open[name]


@dataclass(frozen=True)
class Persons:
    """Patients drawn for trials, with all chance that there is in what they will report.

    Attributes:
        who: place of each patient in the pool, (trials, n).
        response: to placebo, standard normal, (trials, n).
        diary: errors, standard normal, from before treatment on, (trials, n, weeks + 1).
        chances: threshold of stopping, its reason, and of being lost, from 0 to 1, (3, trials, n).
    """

    who: Ints
    response: Floats
    diary: Floats
    chances: Floats

    def part(self, rows: Ints) -> Persons:
        """Return some of the patients of each trial, by their places (trials, m)."""
        return Persons(
            np.take_along_axis(self.who, rows, axis=1),
            np.take_along_axis(self.response, rows, axis=1),
            np.take_along_axis(self.diary, rows[..., None], axis=1),
            np.take_along_axis(self.chances, rows[None], axis=2),
        )

    def further(self, weeks: int, streams: Streams) -> Persons:
        """Return the same patients with a diary that goes on for some weeks."""
        more = streams.of("diary later").standard_normal((*self.who.shape, weeks))
        return replace(self, diary=np.concatenate([self.diary, more], axis=-1))


@dataclass(frozen=True)
class Drawn:
    """What the patients of some trials report.

    Attributes:
        who: place of each patient in the pool, (trials, n).
        group: code of each patient's group, (n,).
        start: reported pain before treatment, (trials, n); NaN of a place that nobody has.
        told: reported pain by week, as if all went on, (trials, n, weeks).
        stop: when patients stop, weeks; inf where they stay, (trials, n).
        reason: why, by code, (trials, n).
    """

    who: Ints
    group: Ints
    start: Floats
    told: Floats
    stop: Floats
    reason: Ints


def block(n: int, weeks: int) -> int:
    """Return how many trials of n patients are held at once."""
    return max(1, _NUMBERS // (n * weeks))


def balanced(n: int, groups: int) -> Ints:
    """Return groups of n patients, as equal as may be, the first ones larger."""
    return np.arange(n, dtype=np.int64) % groups


def draw(cell: Cell, n: int, trials: int, weeks: int, streams: Streams) -> Persons:
    """Draw the patients of trials.

    Args:
        cell: the pool.
        n: patients of a trial.
        trials: how many.
        weeks: how long.
        streams: of random numbers; they go on where they stopped.
    """
    chances = np.cumsum(cell.chance)
    quantile = streams.of("patients").random((trials, n))
    who = np.minimum(np.searchsorted(chances, quantile, side="right"), cell.size - 1)
    return chance_of(who, weeks, streams)


def chance_of(who: Ints, weeks: int, streams: Streams) -> Persons:
    """Draw all else that is left to chance of patients of the pool, (trials, n)."""
    rng = streams.of(STOPPING)
    response = streams.of("placebo response").standard_normal(who.shape)
    diary = streams.of("diary").standard_normal((*who.shape, weeks + 1))
    # by trial, so that the first trials are the same however many there are
    chances = np.moveaxis(rng.random((*who.shape, 3)), -1, 0)
    return Persons(who, response, diary, chances)


def report(cell: Cell, persons: Persons, place: Ints, group: Ints, lost: float = 0.0) -> Drawn:
    """Let patients report: biology, response to placebo, diary, stopping.

    Args:
        cell: the pool.
        persons: who, with their chance.
        place: of each patient's arm in the pool, of a shape that broadcasts to (trials, n).
        group: code of each patient's group, (n,).
        lost: share of patients lost at random in a week.
    """
    own, who, weeks = cell.placebo, persons.who, persons.diary.shape[-1] - 1
    response = own.mean + own.sd * persons.response
    start = np.clip(cell.start[who] + own.diary_sd * persons.diary[..., 0], *SCALE)
    told = cell.pain[place, who, :weeks]
    told += response[..., None] * own.course(np.arange(1.0, weeks + 1.0))
    told += own.diary_sd * persons.diary[..., 1:]
    np.clip(told, *SCALE, out=told)
    stop, reason = _stopping(cell, persons, place, weeks, lost)
    return Drawn(who, group, start, told, stop, reason)


def _stopping(
    cell: Cell, persons: Persons, place: Ints, weeks: int, lost: float
) -> tuple[Floats, Ints]:
    """Return when patients stop and why.

    Where they do in the pool, it is as simulated. Elsewhere a patient stops when the hazards summed
    reach a threshold drawn from the exponential distribution; the reason is drawn by the
    share of each hazard in that week. Being lost at random is another threshold on time.
    """
    who = persons.who
    stop = np.full(who.shape, np.inf)
    reason = np.zeros(who.shape, dtype=np.int64)
    threshold, chance, chance_lost = persons.chances
    if cell.stopped is not None and cell.reason is not None:
        at = cell.stopped[place, who]
        stop = np.where(at < weeks, at, np.inf)
        reason = np.where(at < weeks, cell.reason[place, who], 0)
    elif cell.adverse is not None and cell.futility is not None:
        stop, reason = _by_hazard(
            cell.adverse[place, who, :weeks], cell.futility[place, who, :weeks],
            -np.log1p(-threshold), chance,
        )  # fmt: skip
    if lost > 0.0:
        gone = np.log1p(-chance_lost) / np.log1p(-lost)
        first = (gone < stop) & (gone < weeks)
        stop, reason = np.where(first, gone, stop), np.where(first, 3, reason)
    return stop, reason


def _by_hazard(
    adverse: Floats, futility: Floats, threshold: Floats, chance: Floats
) -> tuple[Floats, Ints]:
    """Return when summed hazards, (..., weeks), reach a threshold, and which of them it was."""
    both = adverse + futility
    week = (both < threshold[..., None]).sum(axis=-1)
    ends = week < both.shape[-1]
    at = np.minimum(week, both.shape[-1] - 1)[..., None]
    before = np.maximum(at - 1, 0)

    def gained(summed: Floats) -> tuple[Floats, Floats]:
        last = np.take_along_axis(summed, at, axis=-1)[..., 0]
        old = np.where(at[..., 0] > 0, np.take_along_axis(summed, before, axis=-1)[..., 0], 0.0)
        return last - old, old

    (gain, old), (harm, _) = gained(both), gained(adverse)
    with np.errstate(invalid="ignore", divide="ignore"):
        stop = np.where(ends, week + (threshold - old) / gain, np.inf)
        reason = np.where(ends, np.where(chance < harm / gain, 1, 2), 0)
    return np.asarray(stop), np.asarray(reason)
