"""Prescriptions that are judged, the dose that tips a patient, and series of doses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ldnsim.analysis.judged.record import Setting
from ldnsim.arrays import Floats, Ints
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import run_specs, week

HALF_YEAR, YEAR = 26, 52
LOWEST, HIGHEST = 0.05, 50.0
"""Nightly doses, mg, between which one that tips is looked for."""
TIPPED = 0.5
"""A patient has left the inflamed state when weekly inflamed cells are below this share of the
untreated ones."""
CELLS = "microglia_m1"
"""What tells the two states apart: cytokines differ little more than twofold between them."""
DOSES = (0.0, 0.1, 0.5, 1.5, 3.0, 4.5, 6.0, 15.0, HIGHEST)
"""Nightly doses, mg, that dose series are run at."""
LEVELS = (
    "tnf", "pain", "opioid_tone", "analgesic_tone", "beta_endorphin", "met_enkephalin",
    "ogfr_occupancy", "il1b", "il6", "il10", "microglia_m1", "nk_activity", "autoimmune_balance",
)  # fmt: skip
"""Weekly means recorded in a dose series."""
ON, OFF = 26, 26
"""Weeks of treatment and of follow-up in a dose series."""
WHEN = (2, 12, ON, ON + OFF)
"""Weeks at which they are recorded."""


def nightly(dose: float, weeks: int = HALF_YEAR) -> str:
    """Write a plain nightly prescription; no drug for a dose of zero."""
    return f"{dose:g} mg nightly at 22:00, for {weeks} wk" if dose else f"placebo for {weeks} wk"


def standard(weeks: int = HALF_YEAR) -> str:
    """Write the usual titration: 4.5 mg reached in two weeks."""
    return f"1.5 mg nightly at 22:00, +1.5 mg every 7 d to 4.5 mg, for {weeks} wk"


def thresholds(settings: Sequence[Setting], run: RunSpec, weeks: int = HALF_YEAR) -> Floats:
    """Return the lowest nightly dose (mg) that tips a patient, per setting; infinite if none does,
    NaN where there is no such patient. Priming takes months to wane: twelve weeks are too short.

    A ladder of twelve doses, refined twice: to about half a per cent. Patients who are the same are
    asked once, and whom no dose of the first ladder tips is not asked again.
    """
    own = [s.put(run) for s in settings]
    return np.array(thresholds_of(tuple(dict.fromkeys(own)), weeks))[_places(own)]


def _places(runs: Sequence[RunSpec]) -> Ints:
    """Return where each run stands among the distinct ones."""
    place = {r: k for k, r in enumerate(dict.fromkeys(runs))}
    return np.array([place[r] for r in runs], dtype=np.int64)


@lru_cache(maxsize=64)
def thresholds_of(runs: tuple[RunSpec, ...], weeks: int) -> Floats:
    """Return threshold doses (mg) of distinct runs.

    Whole requests are kept, as untreated days are: single ones would differ in their last bits.
    """
    low, high = np.full(len(runs), LOWEST), np.full(len(runs), HIGHEST)
    found = np.full(len(runs), np.inf)
    rows = np.arange(len(runs))
    for _ in range(3):
        doses = np.geomspace(low[rows], high[rows], 12, axis=1)
        share = _left([runs[r] for r in rows], doses, weeks)
        tips = share < TIPPED
        first = tips.argmax(axis=1)
        found[rows[np.isnan(share).all(axis=1)]] = np.nan  # there is no such patient
        ok = tips.any(axis=1)
        rows, doses, first = rows[ok], doses[ok], first[ok]
        if not len(rows):
            break
        at = np.arange(len(rows))
        found[rows] = doses[at, first]
        low[rows] = np.where(first > 0, doses[at, np.maximum(first - 1, 0)], low[rows])
        high[rows] = np.maximum(found[rows], 1.01 * low[rows])
    return found


def _left(runs: Sequence[RunSpec], doses: Floats, weeks: int) -> Floats:
    """Return the share of inflamed cells that nightly doses leave, of the shape of the doses."""
    every = [
        r.with_value("regimen", f"{d:.5g} mg nightly at 22:00, for {weeks} wk")
        for r, row in zip(runs, doses, strict=True)
        for d in row
    ]
    got = run_specs(every, weeks, [week(CELLS, weeks)])
    return np.asarray((got.values[:, 0] / got.baseline(CELLS)).reshape(doses.shape))


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
        return self.at(CELLS, dose, when) < TIPPED * self.rest[CELLS]

    def percent(self, name: str, dose: float, when: int = ON) -> float:
        """Return a weekly mean as per cent change from the untreated."""
        return 100.0 * (self.at(name, dose, when) / self.rest[name] - 1.0)


def series(settings: Sequence[Setting]) -> list[Series]:
    """Treat a patient with each of :data:`DOSES` for half a year and follow for another."""
    return series_of(tuple(s.put(RunSpec.of(nightly(d))) for s in settings for d in DOSES))


@lru_cache(maxsize=32)
def series_of(runs: tuple[RunSpec, ...]) -> list[Series]:
    """Return series of runs, those of one setting side by side."""
    measures = [week(name, w) for name in LEVELS for w in WHEN]
    found = run_specs(runs, ON + OFF, measures)
    shaped = found.values.reshape(-1, len(DOSES), len(LEVELS), len(WHEN))
    rest = {name: found.baseline(name)[:: len(DOSES)] for name in LEVELS}
    return [
        Series(
            {name: values[:, i] for i, name in enumerate(LEVELS)},
            {name: float(rest[name][k]) for name in LEVELS},
        )
        for k, values in enumerate(shaped)
    ]
