"""What a trial would report of a small cohort of virtual patients, in expectation.

The patients, the placebo response and the diary are those of :mod:`.simulated`; instead of drawing
responses and errors, their expectation is taken, and patients are solved for untreated once in a
process. That makes it quick enough for a scorecard over all hypotheses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.analysis.trial import placebo
from ldnsim.analysis.trial.simulated import trial_study
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition, shipped
from ldnsim.runs.few import WEEK, Measure, Results, run_specs, week
from ldnsim.runs.plan import enrol

if TYPE_CHECKING:
    from ldnsim.patients.people import People

Own = tuple[tuple[str, float], ...]
OUTCOMES = (
    "drug_change", "placebo_change", "difference", "drug_percent", "placebo_percent",
    "responders30_placebo",
)  # fmt: skip


@dataclass(frozen=True)
class Cohort:
    """Pain of a cohort, untreated and at the end of a week on drug, each of shape (patients,)."""

    before: Floats
    after: Floats
    edition: Edition = field(default_factory=shipped, repr=False)

    def report(self, number: float) -> dict[str, float]:
        """Return what a trial would report of this week, by :data:`OUTCOMES`.

        Changes are points on the 0-10 scale, percentages are of the mean reported start.

        Args:
            number: the week, for the course of the placebo response.
        """
        fitted = placebo.fit(self.before, edition=self.edition)
        course = float(fitted.course(np.array([number]))[0])
        mean, sd = fitted.mean * course, fitted.sd * course
        start = placebo.clipped_mean(self.before, fitted.diary_sd, *placebo.SCALE)
        spread = float(np.hypot(sd, fitted.diary_sd))
        end = placebo.clipped_mean(self.after + mean, spread, *placebo.SCALE)
        drug = float(np.mean(end - start))
        none = placebo.mean_change(self.before, mean, sd, fitted.diary_sd)
        whole = 100.0 / float(np.mean(start))
        share = placebo.responders(self.before, mean, sd, fitted.diary_sd)
        values = (drug, none, drug - none, drug * whole, none * whole, 100.0 * share)
        return dict(zip(OUTCOMES, values, strict=True))


@lru_cache(maxsize=16)
def people(phenotype: str, size: int, seed: int, edition: Edition) -> People:
    """Return the virtual patients: spreads as in a simulated trial, pain of those who enter one."""
    study = trial_study([], 1, phenotype, size, seed, edition=edition)
    found = enrol(study.plan()).people
    assert found is not None  # the study has a population
    return found


@lru_cache(maxsize=1024)
def cohort(
    hypothesis: str, regimen: str, number: int, phenotype: str, size: int, seed: int,
    own: Own = (), edition: Edition | None = None,
) -> Cohort:  # fmt: skip
    """Simulate a cohort.

    Args:
        hypothesis: name.
        regimen: prescription, or name of a protocol.
        number: week of the outcome.
        phenotype: name.
        size: patients.
        seed: of the patients.
        own: parameters around which patients vary, as pairs.
        edition: the model; the shipped one when None.

    Returns:
        pain of the patients whose runs succeeded.
    """
    home = edition or shipped()
    one = RunSpec.of(regimen, hypothesis, phenotype, parameters=dict(own), edition=home)
    found = _run(one, size, seed, number, week("pain", number))
    good = found.status == 0
    return Cohort(found.baseline("pain")[good], found.values[good, 0], home)


@lru_cache(maxsize=1024)
def stopped(run: RunSpec, hazard: Measure, size: int, seed: int) -> float:
    """Return the share of a cohort who stop under a hazard, per cent; NaN where no run succeeded.

    Args:
        run: of one patient, around whom the cohort varies.
        hazard: its integral over a window.
        size: patients.
        seed: of the patients.
    """
    found = _run(run, size, seed, math.ceil(float(hazard.stop) / WEEK), hazard)
    good = found.status == 0
    lost = -100.0 * np.expm1(-found.values[good, 0])
    return float(lost.mean()) if good.any() else math.nan


def _run(run: RunSpec, size: int, seed: int, weeks: float, measure: Measure) -> Results:
    """Solve a run for every patient of a cohort."""
    who = people(run.phenotype, size, seed, run.edition)
    return run_specs([replace(run, patient=k) for k in range(size)], weeks, [measure], people=who)
