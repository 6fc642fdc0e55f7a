"""What a behaviour is, and the runs that several of them share."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.analysis.checks import Check
from ldnsim.runs.few import Case, Results, run_cases, week

Floats = NDArray[np.float64]
DOSES = (0.0, 0.1, 0.5, 1.5, 3.0, 4.5, 6.0, 15.0, 50.0)
"""Nightly doses, mg, that dose series are run at."""
ON, OFF = 26, 26
"""Weeks of treatment and of follow-up in a dose series."""
LEVELS = (
    "tnf", "pain", "opioid_tone", "analgesic_tone", "beta_endorphin", "met_enkephalin",
    "ogfr_occupancy", "il1b", "il6", "il10", "microglia_m1", "nk_activity", "autoimmune_balance",
)  # fmt: skip
"""Weekly means recorded in a dose series."""
WHEN = (2, 12, ON, ON + OFF)
"""Weeks at which they are recorded."""
MISSING = re.compile(r"(?<![a-z])nan(?![a-z])")
TIPPED = 0.5
"""A patient has left the inflamed state when weekly TNF is below this share of the untreated."""


@dataclass(frozen=True)
class Found:
    """What the runs of a behaviour showed.

    Attributes:
        shown: whether the behaviour is there; None when a number it is judged by is missing,
            because a run failed or the patient does not exist.
        simulated: the numbers, as text.
        note: what a reader should know, such as the size of the effect.
        value: the main number, if there is one.
    """

    shown: bool | None
    simulated: str
    note: str = ""
    value: float | None = None

    def __post_init__(self) -> None:
        """Give no verdict on numbers that are not there: the text shows all that is judged."""
        if MISSING.search(self.simulated):
            object.__setattr__(self, "shown", None)
        if self.value is not None and not math.isfinite(self.value):
            object.__setattr__(self, "value", None)


@dataclass(frozen=True)
class Behaviour:
    """One behaviour that must emerge.

    Attributes:
        id: ``E1`` to ``E13``.
        title: what must be seen, in one line.
        expected: the rule by which it is judged, as text.
        claimed: the hypotheses that claim it.
        run: computes it under a hypothesis.
        evidence: citation keys behind the expectation; empty for what prescribers report.
    """

    id: str
    title: str
    expected: str
    claimed: tuple[str, ...]
    run: Callable[[str], Found]
    evidence: str = ""

    def check(self, hypothesis: str) -> Check:
        """Compute the behaviour under a hypothesis; a run that fails is a check without verdict."""
        found = self.run(hypothesis)
        claimed = hypothesis in self.claimed
        seen = {True: "shown", False: "not shown", None: "could not be computed"}[found.shown]
        note = found.note if claimed else f"not claimed here; {seen}. {found.note}".strip()
        return Check(
            self.id, self.title, hypothesis, found.simulated, self.expected,
            found.shown if claimed else None, self.evidence, note, found.value, role="behaviour",
        )  # fmt: skip


@dataclass(frozen=True)
class Series:
    """Weekly means over a dose series.

    Attributes:
        table: by variable, shape (doses, weeks of :data:`WHEN`).
        rest: untreated 24 h means by variable.
    """

    table: dict[str, Floats]
    rest: dict[str, float]

    def at(self, name: str, dose: float, when: int) -> float:
        """Return one weekly mean."""
        return float(self.table[name][DOSES.index(dose), WHEN.index(when)])

    def tipped(self, dose: float, when: int) -> bool:
        """Whether the patient has left the inflamed state by then."""
        return self.at("tnf", dose, when) < TIPPED * self.rest["tnf"]


def nightly(dose: float, weeks: int = ON) -> str:
    """Write a plain nightly prescription; no drug for a dose of zero."""
    return f"{dose:g} mg nightly at 22:00, for {weeks} wk" if dose else f"placebo for {weeks} wk"


@functools.cache
def series(hypothesis: str, phenotype: str = "default", **own: float) -> Series:
    """Treat one patient with each of :data:`DOSES` for half a year and follow for another."""
    cases = [Case(nightly(d), hypothesis, phenotype, parameters=own) for d in DOSES]
    measures = [week(name, w) for name in LEVELS for w in WHEN]
    found = run_cases(cases, ON + OFF, measures)
    shaped = found.values.reshape(len(DOSES), len(LEVELS), len(WHEN))
    table = {name: shaped[:, i] for i, name in enumerate(LEVELS)}
    return Series(table, {name: float(found.baseline(name)[0]) for name in LEVELS})


def percent(found: Results, column: int, observable: str) -> Floats:
    """Return a measure as per cent change from the untreated mean, shape (cases,)."""
    rest = found.baseline(observable)
    changed: Floats = 100.0 * (found.values[:, column] / rest - 1.0)
    return changed
