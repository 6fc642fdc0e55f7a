"""Who responds to the usual dose, who does not and why, and who needs something else as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ldnsim.analysis.judged.doses import (
    CELLS,
    HALF_YEAR,
    TIPPED,
    YEAR,
    nightly,
    standard,
    thresholds,
)
from ldnsim.analysis.judged.record import Setting, attempt
from ldnsim.arrays import Flags, Floats
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import week

MICROGRAM = "1 ug nightly at 22:00, x2 every 4 wk to 4.5 mg, for 52 wk"
FLARE = 0.5
"""Points of weekly pain above untreated that a patient would notice."""
LESS_TNF = -15.0
"""Per cent of untreated: a third of what an inflamed patient's TNF is above a healthy one's."""
LESS_PAIN = -0.3
"""Points of weekly pain from untreated that count as less."""
CLAIM_118G = 3.0
"""Potency of beta-endorphin at 118G in the claim [bond1998]; not replicated."""
DRIVER_TREATED = ((0.0, "driver", 0.01),)
FULLY_DEPLETED = 0.05


@dataclass(frozen=True)
class Response:
    """Change from untreated in weeks of treatment, each of shape (settings, runs, weeks).

    Attributes:
        tnf: per cent.
        pain: points.
        cells: inflamed microglia, per cent.
    """

    tnf: Floats
    pain: Floats
    cells: Floats

    @property
    def good(self) -> Flags:
        """Where TNF is down by 15 %, a third of its excess, and pain by 0.3 points."""
        return helped(self.tnf, self.pain)

    @property
    def spared(self) -> Flags:
        """Where neither is: pain by itself would be a response to the patient."""
        return unhelped(self.tnf, self.pain)


def helped(tnf: Floats, pain: Floats) -> Flags:
    """Return where changes of TNF (%) and pain (points) make a response."""
    return np.asarray((tnf < LESS_TNF) & (pain < LESS_PAIN))


def unhelped(tnf: Floats, pain: Floats) -> Flags:
    """Return where changes of TNF (%) and pain (points) are no response, each by itself."""
    return np.asarray((tnf >= LESS_TNF) & (pain >= LESS_PAIN))


def only_usual(out: Response, of: int) -> bool:
    """Whether the default patient responds in one setting, and nobody else in anything.

    Args:
        out: of :func:`against_default`.
        of: number of the setting.
    """
    return bool(out.good[of, 0, 0] and out.spared[of, 1:, 0].all())


def responses(
    settings: Sequence[Setting], runs: Sequence[RunSpec], weeks: Sequence[int] = (HALF_YEAR,)
) -> Response:
    """Measure the response of patients in some weeks of their treatment."""
    measures = [week(n, w) for n in ("tnf", "pain", CELLS) for w in weeks]
    out = attempt(settings, runs, max(weeks), measures)
    columns = range(len(weeks))
    tnf = np.stack([out.percent(c, "tnf") for c in columns], axis=-1)
    pain = np.stack([out.change(len(weeks) + c, "pain") for c in columns], axis=-1)
    cells = np.stack([out.percent(2 * len(weeks) + c, CELLS) for c in columns], axis=-1)
    return Response(tnf, pain, cells)


def against_default(settings: Sequence[Setting], *phenotypes: str) -> Response:
    """Measure the response of the default patient and of others after half a year."""
    names = ("default", *phenotypes)
    return responses(settings, [RunSpec.of(standard(), phenotype=n) for n in names])


def flares(settings: Sequence[Setting]) -> Response:
    """Measure every week of a year in patients with a depleted reserve.

    Returns:
        runs in this order: the standard start, the microgram start, and the standard start with
        nothing left of the reserve.
    """
    depleted = RunSpec.of(standard(YEAR), phenotype="depleted")
    slow = depleted.with_value("regimen", MICROGRAM)
    empty = depleted.with_value("parameters.reserve", FULLY_DEPLETED)
    return responses(settings, [depleted, slow, empty], range(1, YEAR + 1))


def only_standard_flares(pain: Floats) -> bool:
    """Whether the standard start makes worse, and the microgram start less than half of it.

    Args:
        pain: of one setting of :func:`flares`, shape (runs, weeks).
    """
    worst = pain[0].max()
    return bool(worst > FLARE and pain[1].max() < 0.5 * worst)


def genotypes(settings: Sequence[Setting]) -> Iterator[tuple[float, float]]:
    """Find the threshold dose (mg) of a patient, and that of a carrier of 118G under the claim."""
    carrier = RunSpec.of(parameters={"oprm1_potency": CLAIM_118G})
    return zip(thresholds(settings, RunSpec.of()), thresholds(settings, carrier), strict=True)


def raised(plain: float, carrier: float) -> bool:
    """Whether the threshold dose of a carrier is higher by over a fifth."""
    return bool(np.isfinite(plain) and carrier > 1.2 * plain)


def alone_and_both(settings: Sequence[Setting], phenotype: str, **treatment: Any) -> Floats:
    """Return change of inflamed cells (%) after a year of drug, another treatment, and both.

    Args:
        settings: under which it is tried.
        phenotype: who is treated.
        treatment: the other treatment, as ``adjuncts`` or ``changes`` of a run.

    Returns:
        shape (settings, 3).
    """
    other = RunSpec.of(nightly(0.0, YEAR), phenotype=phenotype, **treatment)
    both = other.with_value("regimen", standard(YEAR))
    alone = replace(both, modifiers=RunSpec.of().modifiers, changes=())
    return responses(settings, [alone, other, both], (YEAR,)).cells[:, :, 0]


def left(cells: float) -> bool:
    """Whether a change of inflamed cells (%) means that the inflamed state is left."""
    return bool(cells < -100.0 * TIPPED)


def needs_both(cells: Sequence[float]) -> bool:
    """Whether neither of two treatments, but both together, end the inflamed state.

    Args:
        cells: change (%) by either alone, then by both.
    """
    return [left(c) for c in cells] == [False, False, True]
