"""What an observation is compared with: kinds of probe, each a recipe for one simulated number.

A probe says which numbers of which runs it needs (:meth:`Probe.asks`) and what it makes of them
(:meth:`Probe.value`), so that the runs of many probes can be solved together. Times are hours from
the midnight before the first dose.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from ldnsim.analysis.evidence.pulses import Pulse, pulsed
from ldnsim.config.base import Config
from ldnsim.config.run import NO_DRUG, RunSpec
from ldnsim.edition import Edition, shipped
from ldnsim.errors import UserError
from ldnsim.measure import Measure
from ldnsim.runs.few import WEEK

Numbers = Sequence[float]
Asks = list[tuple[RunSpec, list[Measure]]]
"""Runs, each with the numbers that are asked of it."""


@dataclass(frozen=True)
class Patient:
    """Under which hypothesis, and with which parameters of its own, something is simulated."""

    hypothesis: str = "dual_pathway"
    parameters: Mapping[str, float] = field(default_factory=dict)
    edition: Edition = field(default_factory=shipped, repr=False)

    def parameter(self, name: str) -> float:
        """Return the value a parameter has for this patient."""
        default = self.edition.model.parameters[name].value
        own = self.edition.hypotheses[self.hypothesis].overrides
        return self.parameters.get(name, own.get(name, default))


class Probe(Config):
    """A recipe for one simulated number."""

    def asks(self, patient: Patient) -> Asks:
        """Return the numbers of runs it needs."""
        return []

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the simulated number, NaN where it does not exist."""
        raise NotImplementedError


class _OneRun(Probe):
    """Something about one variable of one run."""

    regimen: str = NO_DRUG
    """Prescription text or the name of a protocol."""
    observable: str
    """Name of a model variable."""
    start: float = 0.0
    """Start of the window, or the first sample, h."""
    stop: float
    """End of the window, or the last sample, h."""
    phenotype: str = "default"
    basin: str | None = None
    changes: dict[str, float] = Field(default_factory=dict)
    """Parameters that change during the run, for good."""
    pulses: tuple[Pulse, ...] = ()
    """Parameters that change for a time."""

    def case(self, patient: Patient, own: Mapping[str, float], at: float) -> RunSpec:
        """Return the run; ``own`` are parameters over the patient's, ``at`` when others change."""
        run = RunSpec.of(
            regimen=self.regimen,
            hypothesis=patient.hypothesis,
            phenotype=self.phenotype,
            basin=self.basin,
            parameters={**patient.parameters, **own},
            changes=[(at, n, v) for n, v in sorted(self.changes.items())],
            edition=patient.edition,
        )
        return pulsed(run, self.pulses)


class Run(_OneRun):
    """One number of one run, as it is or relative to the untreated patient."""

    kind: Literal["run"] = "run"
    reduce: Literal["mean", "max", "min", "integral", "at", "untreated"]
    """How the window is reduced; ``at`` is the value at ``stop``, ``untreated`` the 24 h mean of
    the resting state of phenotype and basin."""
    stop: float = 0.0
    """End of the window, or the sample, h; not needed at rest."""
    relative: Literal["absolute", "fold", "change", "percent"] = "absolute"
    """To the untreated 24 h mean: ratio, difference, or change in per cent."""
    scale: float = 1.0
    """Factor on the result, such as 100 for per cent."""
    parameters: dict[str, float] = Field(default_factory=dict)
    """Parameters of this run over the patient's."""
    changes_at: float = 0.0
    """When the parameters in ``changes`` change, h."""

    @model_validator(mode="after")
    def _has_window(self) -> Run:
        if self.reduce == "untreated" and self.relative != "absolute":
            raise UserError("the resting state relative to itself says nothing; leave relative out")
        if self.reduce not in ("untreated", "at") and not self.stop > self.start:
            raise UserError(f"stop = {self.stop:g} h does not lie after start = {self.start:g} h")
        return self

    def asks(self, patient: Patient) -> Asks:
        """Return the number and, where it is relative, the untreated mean."""
        kinds = [self.reduce] if self.relative == "absolute" else [self.reduce, "untreated"]
        measures = [Measure(self.observable, kind, self.start, self.stop) for kind in kinds]
        return [(self.case(patient, self.parameters, self.changes_at), measures)]

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the number."""
        got = numbers[0]
        if self.relative != "absolute":
            rest = numbers[1]
            got = got - rest if self.relative == "change" else got / rest
            got = 100.0 * (got - 1.0) if self.relative == "percent" else got
        return self.scale * got


class Stopped(_OneRun):
    """Share of patients who stop, per cent: what the integral of a hazard leaves."""

    kind: Literal["stopped"] = "stopped"
    observable: str = "hazard_stopping"
    """A hazard (1/h): of all stopping, or of that for one reason."""
    size: int = Field(1, ge=1)
    """Virtual patients, as in a trial; 1: all are like the typical one."""
    seed: int = 1

    def asks(self, patient: Patient) -> Asks:
        """Return the integral of the hazard, of the typical patient."""
        return [] if self.size > 1 else [(self.case(patient, {}, 0.0), [self._integral])]

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the share."""
        if self.size == 1:
            return -100.0 * math.expm1(-numbers[0])
        from ldnsim.analysis.trial.cohort import stopped

        return stopped(self.case(patient, {}, 0.0), self._integral, self.size, self.seed)

    @property
    def _integral(self) -> Measure:
        return Measure(self.observable, "integral", self.start, self.stop)


class Compare(Probe):
    """Two numbers against each other."""

    kind: Literal["compare"] = "compare"
    first: Run
    second: Run
    how: Literal["ratio", "difference", "remaining", "half_life"]
    """``remaining``: of the excess over 1 in the second, the share (per cent) in the first;
    ``half_life``: from two concentrations (first earlier), h."""

    def asks(self, patient: Patient) -> Asks:
        """Return what both need."""
        return [*self.first.asks(patient), *self.second.asks(patient)]

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the comparison."""
        cut = sum(len(measures) for _, measures in self.first.asks(patient))
        a = self.first.value(numbers[:cut], patient)
        b = self.second.value(numbers[cut:], patient)
        if self.how == "difference":
            return a - b
        if self.how == "remaining":
            return 100.0 * (a - 1.0) / (b - 1.0) if b != 1.0 else math.nan
        if self.how == "ratio":
            return a / b if b else math.nan
        span = self.second.stop - self.first.stop
        return span * math.log(2.0) / math.log(a / b) if a > b > 0.0 else math.nan


class _Course(_OneRun):
    """Something about the course of one variable, sampled at equal steps.

    Parameters in ``changes`` change at ``start``.
    """

    step: float = Field(1.0, gt=0.0)
    """Between samples, h."""

    def times(self) -> list[float]:
        """Return the times of the samples, h."""
        return [float(t) for t in np.arange(self.start, self.stop + 1e-9, self.step)]

    def asks(self, patient: Patient) -> Asks:
        """Return the samples."""
        case = self.case(patient, {}, self.start)
        return [(case, [Measure(self.observable, "at", stop=t) for t in self.times()])]


class HalfTime(_Course):
    """Hours from the peak until a variable has fallen to half of it for good."""

    kind: Literal["half_time"] = "half_time"

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the time, interpolated; NaN when it never gets there within the samples."""
        t, y = np.array(self.times()), np.array(numbers)
        top = int(np.argmax(y)) if np.all(np.isfinite(y)) else 0
        half = 0.5 * y[top]
        above = np.nonzero(y >= half)[0]
        if not len(above) or y[top] <= 0.0 or above[-1] == len(y) - 1:
            return math.nan
        i = int(above[-1])
        share = (y[i] - half) / (y[i] - y[i + 1])
        return float(t[i] + share * self.step - t[top])


class HalfRise(_Course):
    """Hours from the first sample until a variable has come half of the way to its highest."""

    kind: Literal["half_rise"] = "half_rise"

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the time, interpolated; NaN when it does not rise."""
        y = np.array(numbers)
        if not np.all(np.isfinite(y)) or not np.max(y) > y[0]:
            return math.nan
        half = 0.5 * (y[0] + np.max(y))
        i = int(np.argmax(y >= half))
        return float(self.step * (i - (y[i] - half) / (y[i] - y[i - 1])))


class PeakTime(_Course):
    """Hours from the start of the samples to the highest."""

    kind: Literal["peak_time"] = "peak_time"

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the time."""
        y = np.array(numbers)
        return float(np.argmax(y) * self.step) if np.all(np.isfinite(y)) else math.nan


class Clock(_Course):
    """The daily rhythm: first harmonic over whole days."""

    kind: Literal["clock"] = "clock"
    what: Literal["acrophase", "amplitude", "lowest"]
    """Clock time of the fitted peak (h); its height over the mean (per cent); clock time of the
    lowest sample, counted from noon to noon (so 23:00 is -1)."""

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return what is asked of the rhythm."""
        t, y = np.array(self.times()[:-1]), np.array(numbers[:-1])
        angle = 2.0 * np.pi * t / 24.0
        wave = 2.0 * complex(np.mean(y * np.cos(angle)), np.mean(y * np.sin(angle)))
        if self.what == "amplitude":
            return float(100.0 * abs(wave) / np.mean(y))
        if self.what == "acrophase":
            return float(np.angle(wave) * 24.0 / (2.0 * np.pi) % 24.0)
        return float((t[np.argmin(y)] + 12.0) % 24.0 - 12.0)


class ParameterValue(Probe):
    """A parameter itself: set from the observation, not predicted."""

    kind: Literal["parameter"] = "parameter"
    parameter: str
    """Its name."""
    scale: float = 1.0
    """Factor on the result."""

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the value."""
        return self.scale * patient.parameter(self.parameter)


class Inhibition(Probe):
    """Inhibition of the TRIF branch of TLR4 at a concentration in a dish, per cent."""

    kind: Literal["inhibition"] = "inhibition"
    concentration: float = Field(gt=0.0)
    """Naltrexone, nmol/L."""

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the share that the parameters imply."""
        ratio = self.concentration / patient.parameter("ic50_trif")
        on = patient.parameter("coupling_drug") * patient.parameter("coupling_tlr4")
        return 100.0 * on * ratio / (1.0 + ratio)


class ReportRatio(Run):
    """Risk ratio of reporting vivid dreams: the score is the log odds added to a background."""

    kind: Literal["report_ratio"] = "report_ratio"  # type: ignore[assignment]
    background: float = Field(gt=0.0, lt=1.0)
    """Share that reports them without drug."""

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the ratio."""
        return report_ratio(super().value(numbers, patient), self.background)


def report_ratio(score: float, background: float) -> float:
    """Risk ratio of a report whose odds the score multiplies by ``exp(score)``."""
    odds = background / (1.0 - background) * math.exp(score)
    return odds / (1.0 + odds) / background


class Trial(Probe):
    """One outcome of a placebo-controlled trial, expected of a cohort of virtual patients."""

    kind: Literal["trial"] = "trial"
    regimen: str
    """Prescription text or the name of a protocol."""
    week: int = Field(gt=0)
    """When pain is asked for."""
    phenotype: str = "fibromyalgia"
    size: int = Field(32, gt=1)
    """Virtual patients."""
    seed: int = 1
    outcome: Literal[
        "drug_change", "placebo_change", "difference", "drug_percent", "placebo_percent",
        "responders30_placebo",
    ]  # fmt: skip
    """What is reported; see :mod:`ldnsim.analysis.trial.cohort`."""

    def value(self, numbers: Numbers, patient: Patient) -> float:
        """Return the outcome."""
        from ldnsim.analysis.trial.cohort import cohort

        own = tuple(sorted(patient.parameters.items()))
        found = cohort(
            patient.hypothesis, self.regimen, self.week, self.phenotype, self.size, self.seed, own,
            patient.edition,
        )  # fmt: skip
        return found.report(self.week)[self.outcome] if len(found.before) else math.nan


AnyProbe = Annotated[
    Run
    | Stopped
    | Compare
    | HalfTime
    | HalfRise
    | PeakTime
    | Clock
    | ParameterValue
    | Inhibition
    | ReportRatio
    | Trial,
    Field(discriminator="kind"),
]
"""Any kind of probe, told apart by ``kind``."""

__all__ = ["WEEK", "AnyProbe", "Patient", "Probe", "report_ratio"]
