"""Endogenous peptides once the nightly block has cleared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.judged.doses import nightly
from ldnsim.analysis.judged.record import Floats, Setting, attempt
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import DAY, WEEK, week

PEPTIDES = ("beta_endorphin", "met_enkephalin")
CLEAR = 0.15
"""Mu occupancy below which the block counts as cleared."""
WEEKS = 12


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


def after_block(settings: Sequence[Setting]) -> list[AfterBlock]:
    """Treat a patient with 4.5 mg and with placebo, under every setting."""
    hours = 11 * WEEK + 5 * DAY + 22.0 + np.arange(0.0, 24.0, 0.5)
    runs = [RunSpec.of(nightly(d, WEEKS)) for d in (4.5, 0.0)]
    measures = [week(n, WEEKS) for n in PEPTIDES]
    out = attempt(settings, runs, WEEKS, measures, hours, ("mor_occupancy", *PEPTIDES))
    found = []
    for (drug, none), mean in zip(out.at, out.values, strict=True):
        clear, rise = drug[0] < CLEAR, np.ones(len(PEPTIDES))
        if clear.any():
            rise = drug[1:, clear].mean(axis=1) / none[1:, clear].mean(axis=1)
        found.append(AfterBlock(drug[0], rise, mean[0] / mean[1]))
    return found
