"""What judging is made of: settings to try, runs under them, what they showed, rows of a report."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition, shipped
from ldnsim.patients.draws import stepped
from ldnsim.patients.vectors import overrides
from ldnsim.runs.few import Measure, Results, run_specs

MISSING = re.compile(r"(?<![a-wyz])nan(?![a-z])")
"""A number that is not there, also as a factor: ``xnan``."""

ANYBODY = "default"
"""Phenotype of a run that names nobody in particular."""
UNDER_SHIPPED = "fitted under the shipped parameters"
"""What a note begins with where a row was fitted, but not with the model that is judged."""


@dataclass(frozen=True)
class Check:
    """One comparison of a simulated number with what is published or required.

    Attributes:
        id: short name, such as ``E5`` or that of an observation.
        title: what is compared.
        hypothesis: under which hypothesis it was simulated.
        simulated: what the model gave, as text with its unit.
        expected: what is published or required, as text with its interval.
        passed: whether the simulated value lies within; None where it could not be computed.
        evidence: citation keys parted by spaces, or "assumed".
        note: what a reader should know.
        value: the main simulated number, if there is one.
        low: lower end of the interval for ``value``.
        high: upper end of it.
        unit: unit of the three numbers.
        role: ``set`` (a number of the model was taken from it, or the search for the defaults of
            this hypothesis was held to it), ``fitted`` (to it, under this hypothesis) or
            ``free``. Only what is free is a test.
        kind: ``observation`` or ``behaviour``.
        holds: observations whose published numbers it judges: its own, or those of other rows.
        same_as: a hypothesis whose number this is too, to a tenth of a standard deviation, since
            what sets this hypothesis apart does not reach it; empty for a number of its own.
        counts: whether it counts as a test: free, judged, a number of its own, and one that not
            every hypothesis gives.
        why: why it does not count; empty where it does.
        chi2: its part of chi-square, summed over the published numbers; None where no spread is
            known or nothing was simulated.
        sd: standard deviation of one published number, in ``unit``.
        spread: how that is known: ``published``, ``derived`` from the interval or ``assumed``.
        numbers: how many numbers were published.
    """

    id: str
    title: str
    hypothesis: str
    simulated: str
    expected: str
    passed: bool | None
    evidence: str = ""
    note: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    role: str = "free"
    kind: str = "observation"
    holds: tuple[str, ...] = ()
    same_as: str = ""
    counts: bool = True
    why: str = ""
    chi2: float | None = None
    sd: float | None = None
    spread: str = ""
    numbers: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Found:
    """What the runs of a behaviour or claim showed under one setting.

    Attributes:
        shown: whether it is there; None when a number it is judged by is missing, because a run
            failed or the patient does not exist.
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
        shown = None if self.shown is None or MISSING.search(self.simulated) else bool(self.shown)
        object.__setattr__(self, "shown", shown)
        value = math.nan if self.value is None else float(self.value)
        object.__setattr__(self, "value", value if math.isfinite(value) else None)


@dataclass(frozen=True)
class Setting:
    """A hypothesis, or one with parameters of its own.

    Attributes:
        hypothesis: its name.
        own: parameters set on top of hypothesis and phenotype.
        factors: factors on what the patient of a run has, whether by model, hypothesis or
            phenotype; a product beyond a bound is put on it.
        steps: moves of what that patient has, in recorded SD of each parameter; also within bounds.
        edition: the model it is a setting of.
        phenotype: who the patient is where a run names nobody in particular.
    """

    hypothesis: str
    own: Mapping[str, float] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    steps: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    edition: Edition = field(default_factory=shipped, repr=False)
    phenotype: str = ANYBODY

    def put(self, run: RunSpec) -> RunSpec:
        """Return a run under this setting; what the run itself sets wins over ``own``."""
        given = {**self.own, **dict(run.parameters)}
        who = self.phenotype if run.phenotype == ANYBODY else run.phenotype
        plain = replace(
            run, hypothesis=self.hypothesis, phenotype=who, parameters=_pairs(given),
            edition=self.edition,
        )  # fmt: skip
        if not self.factors and not self.steps:
            return plain
        theirs, known = overrides(plain), self.edition.model.parameters
        for name in {**self.factors, **self.steps}:
            p = known[name]
            value = self.factors.get(name, 1.0) * theirs.get(name, p.value)
            step = self.steps.get(name, 0.0) * p.spread.sd
            if step:
                value = float(stepped(p.spread.kind, value, step))
            given[name] = float(np.clip(value, p.low, p.high))
        return replace(plain, parameters=_pairs(given))

    @property
    def plain(self) -> bool:
        """Whether it is a hypothesis and nothing more."""
        return not self.own and not self.factors and not self.steps


def _pairs(parameters: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(parameters.items()))


Rule = Callable[[Sequence[Setting]], Iterable[Found]]
"""Judges one thing under many settings at once, in their order."""


@dataclass(frozen=True)
class Outcome:
    """Runs tried under settings.

    Attributes:
        values: the measures, shape (settings, runs, measures).
        at: values at single times, shape (settings, runs, observables, times).
        results: the runs in one list, settings outermost.
    """

    values: Floats
    at: Floats
    results: Results

    def rest(self, observable: str) -> Floats:
        """Return untreated means, shape (settings, runs)."""
        return self.results.baseline(observable).reshape(self.values.shape[:2])

    def percent(self, column: int, observable: str) -> Floats:
        """Return a measure as per cent change from untreated, shape (settings, runs)."""
        return np.asarray(100.0 * (self.values[:, :, column] / self.rest(observable) - 1.0))

    def change(self, column: int, observable: str) -> Floats:
        """Return a measure as change from untreated, shape (settings, runs)."""
        return np.asarray(self.values[:, :, column] - self.rest(observable))


def attempt(
    settings: Sequence[Setting],
    runs: Sequence[RunSpec],
    weeks: float,
    measures: Sequence[Measure],
    times: Sequence[float] | Floats = (),
    observables: Sequence[str] = (),
) -> Outcome:
    """Run the same patients on the same regimens under every setting."""
    every = [s.put(r) for s in settings for r in runs]
    found = run_specs(every, weeks, measures, times, observables)
    shape = (len(settings), len(runs))
    return Outcome(
        found.values.reshape(*shape, len(measures)),
        found.at.reshape(*shape, len(observables), len(times)),
        found,
    )
