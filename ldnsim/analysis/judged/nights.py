"""What the nightly dose does in twelve weeks: peptides once the block has cleared, vivid dreams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.judged.doses import nightly, standard
from ldnsim.analysis.judged.record import Setting, attempt
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import DAY, WEEK, Measure, week

WEEKS = 12
PEPTIDES = ("beta_endorphin", "met_enkephalin")
CLEAR = 0.15
"""Mu occupancy below which the block counts as cleared."""


@dataclass(frozen=True)
class AfterBlock:
    """One night and day of a patient on 4.5 mg, in week 12.

    Attributes:
        occupancy: of mu receptors every half hour from the dose on.
        rise: :data:`PEPTIDES` once the block has cleared, over those of the untreated at the same
            clock times; 1 when it never clears.
        mean: weekly means of them over those of the untreated.
    """

    occupancy: Floats
    rise: Floats
    mean: Floats

    @property
    def hours_clear(self) -> float:
        """Hours a day without block."""
        return float((self.occupancy < CLEAR).sum() / 2)

    @property
    def rebounds(self) -> bool:
        """Whether the block clears for six hours, and both peptides then stand 5 % higher."""
        return self.hours_clear >= 6.0 and bool((self.rise > 1.05).all())


def after_block(settings: Sequence[Setting]) -> Iterator[AfterBlock]:
    """Treat a patient with 4.5 mg and with placebo, under every setting."""
    hours = 11 * WEEK + 5 * DAY + 22.0 + np.arange(0.0, 24.0, 0.5)
    runs = [RunSpec.of(nightly(d, WEEKS)) for d in (4.5, 0.0)]
    measures = [week(n, WEEKS) for n in PEPTIDES]
    out = attempt(settings, runs, WEEKS, measures, hours, ("mor_occupancy", *PEPTIDES))
    for (drug, none), mean in zip(out.at, out.values, strict=True):
        clear, rise = drug[0] < CLEAR, np.ones(len(PEPTIDES))
        if clear.any():
            rise = drug[1:, clear].mean(axis=1) / none[1:, clear].mean(axis=1)
        yield AfterBlock(drug[0], rise, mean[0] / mean[1])


PACES = {
    "at once": nightly(4.5),
    "over 2 weeks": standard(),
    "over 4 weeks": "0.9 mg nightly at 22:00, +0.9 mg every 7 d to 4.5 mg, for 26 wk",
}
"""Ways to 4.5 mg, fastest first."""


@dataclass(frozen=True)
class Dreams:
    """Scores of vivid dreams.

    Attributes:
        score: highest of each week, shape (paces, weeks).
    """

    score: Floats

    def __str__(self) -> str:
        """Return the highest scores and the last ones, by pace."""
        rows = zip(PACES, self.worst, self.score[:, -1], strict=False)
        return ", ".join(f"{n} {a:.2g} (week {WEEKS} {b:.2g})" for n, a, b in rows)

    @property
    def worst(self) -> Floats:
        """Highest score at each pace."""
        return np.asarray(self.score.max(axis=1), dtype=np.float64)

    @property
    def fade(self) -> bool:
        """Whether they are there, highest within four weeks, and below half of that at the end."""
        early = self.score[0].argmax() <= 3
        return bool(early and self.worst[0] > 0.1 and self.score[0, -1] < 0.5 * self.worst[0])

    @property
    def gentler(self) -> bool:
        """Whether they are fewer at each slower pace, by a fifth over two weeks."""
        steps = self.worst
        return bool((np.diff(steps) < 0.0).all() and steps[-1] > 0.0 and steps[1] < 0.8 * steps[0])


DREAMED = tuple(Measure("vivid_dreams", "max", w * WEEK, (w + 1) * WEEK) for w in range(WEEKS))
"""What :class:`Dreams` is made of."""


def dream_scores(settings: Sequence[Setting], paces: Sequence[str] = tuple(PACES)) -> list[Dreams]:
    """Treat a patient at paces of :data:`PACES` for twelve weeks, under every setting."""
    runs = [RunSpec.of(PACES[p]) for p in paces]
    return [Dreams(values) for values in attempt(settings, runs, WEEKS, DREAMED).values]
