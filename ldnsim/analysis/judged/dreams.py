"""Vivid dreams: how they fade, and how they depend on the pace of titration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.judged.doses import nightly, standard
from ldnsim.analysis.judged.record import Floats, Setting, attempt
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import WEEK, Measure

WEEKS = 12
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


def dream_scores(settings: Sequence[Setting], paces: Sequence[str] = tuple(PACES)) -> list[Dreams]:
    """Treat a patient at paces of :data:`PACES` for twelve weeks, under every setting."""
    runs = [RunSpec.of(PACES[p]) for p in paces]
    measures = [Measure("vivid_dreams", "max", w * WEEK, (w + 1) * WEEK) for w in range(WEEKS)]
    return [Dreams(values) for values in attempt(settings, runs, WEEKS, measures).values]
