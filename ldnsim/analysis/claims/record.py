"""What a claim is, under which settings it is tried, and the runs its rules are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ldnsim.analysis.behaviours.record import TIPPED, Found
from ldnsim.model import default_model
from ldnsim.runs.few import Case, Measure, Results, run_cases, week

Floats = NDArray[np.float64]
STANDARD = "1.5 mg nightly at 22:00, +1.5 mg every 7 d to 4.5 mg, for 26 wk"
NOTHING = "placebo for 26 wk"
HALF_YEAR = 26


@dataclass(frozen=True)
class Setting:
    """A hypothesis with single parameters of its own.

    Attributes:
        hypothesis: its name.
        own: parameters set on top of hypothesis and phenotype.
        factors: factors on what the patient of a case has, whether by model, hypothesis or
            phenotype; a product beyond a bound is put on it.
    """

    hypothesis: str
    own: Mapping[str, float] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)

    def put(self, case: Case) -> Case:
        """Return a case under this setting; what the case itself sets wins over ``own``."""
        from ldnsim.patients.vectors import overrides

        plain = replace(
            case, hypothesis=self.hypothesis, parameters={**self.own, **case.parameters}
        )
        if not self.factors:
            return plain
        theirs, known = overrides(plain.spec()), default_model().parameters
        scaled = {}
        for name, factor in self.factors.items():
            p = known[name]
            value = factor * theirs.get(name, p.value)
            scaled[name] = float(np.clip(value, p.low, p.high))
        return replace(plain, parameters={**plain.parameters, **scaled})


Rule = Callable[[Sequence[Setting]], list[Found]]


@dataclass(frozen=True)
class Outcome:
    """Cases tried under settings.

    Attributes:
        values: shape (settings, cases, measures).
        results: the runs in one list, settings outermost.
    """

    values: Floats
    results: Results

    def rest(self, observable: str) -> Floats:
        """Return untreated means, shape (settings, cases)."""
        return self.results.baseline(observable).reshape(self.values.shape[:2])

    def percent(self, column: int, observable: str) -> Floats:
        """Return a measure as per cent change from untreated, shape (settings, cases)."""
        changed: Floats = 100.0 * (self.values[:, :, column] / self.rest(observable) - 1.0)
        return changed

    def change(self, column: int, observable: str) -> Floats:
        """Return a measure as change from untreated, shape (settings, cases)."""
        changed: Floats = self.values[:, :, column] - self.rest(observable)
        return changed


def attempt(
    settings: Sequence[Setting], cases: Sequence[Case], weeks: float, measures: Sequence[Measure]
) -> Outcome:
    """Run the same cases under every setting."""
    every = [s.put(c) for s in settings for c in cases]
    found = run_cases(every, weeks, measures, rtol=1e-4)
    shape = (len(settings), len(cases), len(measures))
    return Outcome(found.values.reshape(shape), found)


def thresholds(
    settings: Sequence[Setting], case: Case, weeks: int = 12, highest: float = 50.0
) -> Floats:
    """Return the lowest nightly dose (mg) that tips a patient, per setting; infinite if none does,
    NaN where there is no such patient.

    A ladder of twelve doses, refined once: to about six per cent.
    """
    low, high = np.full(len(settings), 0.05), np.full(len(settings), highest)
    found = np.full(len(settings), np.inf)
    for _ in range(2):
        doses = np.geomspace(low, high, 12, axis=1)
        every = [
            s.put(replace(case, regimen=f"{d:.5g} mg nightly at 22:00, for {weeks} wk"))
            for s, row in zip(settings, doses, strict=True)
            for d in row
        ]
        runs = run_cases(every, weeks, [week("tnf", weeks)], rtol=1e-4)
        share = (runs.values[:, 0] / runs.baseline("tnf")).reshape(doses.shape)
        tips = share < TIPPED
        first = tips.argmax(axis=1)
        ok = tips.any(axis=1)
        rows = np.arange(len(settings))
        found = np.where(ok, doses[rows, first], np.inf)
        found[np.isnan(share).all(axis=1)] = np.nan  # there is no such patient
        low = np.where(ok & (first > 0), doses[rows, np.maximum(first - 1, 0)], low)
        high = np.where(ok, doses[rows, first], high)
        high = np.maximum(high, 1.01 * low)
    return found


def alternative(parameter: str, name: str) -> float:
    """Return another published value of a parameter."""
    return default_model().parameters[parameter].alternatives[name]
