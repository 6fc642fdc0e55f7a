"""Patients of a plan: the parameter vectors of its runs, each distinct one found once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.catalog import CLAIM, covariates, hypotheses, phenotypes
from ldnsim.config.run import RunSpec
from ldnsim.mechanisms.record import ASSUMED
from ldnsim.model import default_model
from ldnsim.patients.people import AT_ONCE, People, with_genotype

if TYPE_CHECKING:
    from ldnsim.runs.grid import Runs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Patients:
    """The distinct untreated patients of a plan.

    A virtual patient is a place in the population around a centre, and its vector is worked out
    when asked for: a population times an axis can have more patients than memory holds.

    Attributes:
        centres: distinct parameter vectors, shape (centres, parameters).
        centre: which of them each patient has, shape (patients,).
        person: place in the population, shape (patients,); empty without one.
        inflamed: starting basin, shape (patients,).
        of_run: which patient each run is, shape (runs,).
        people: the population, if any.
    """

    centres: Floats
    centre: Ints
    person: Ints
    inflamed: NDArray[np.bool_]
    of_run: Ints
    people: People | None = None

    def __len__(self) -> int:
        """Return the number of distinct patients."""
        return len(self.inflamed)

    def vectors(self, which: Ints) -> Floats:
        """Return the parameter vectors of some patients, shape (which, parameters)."""
        own = self.centres[self.centre[which]]
        return own if self.people is None else self.people.vectors(own, self.person[which])

    def extremes(self) -> tuple[Floats, Floats]:
        """Return the smallest and the largest value of every parameter, each (parameters,)."""
        low = np.full(self.centres.shape[1], np.inf)
        high = -low
        for first in range(0, len(self), AT_ONCE):
            own = self.vectors(np.arange(first, min(first + AT_ONCE, len(self))))
            low, high = np.minimum(low, own.min(axis=0)), np.maximum(high, own.max(axis=0))
        return low, high

    @property
    def params(self) -> Floats:
        """All parameter vectors, shape (patients, parameters)."""
        return self.vectors(np.arange(len(self)))


def overrides(run: RunSpec) -> Mapping[str, float]:
    """Return the parameters of a run that differ from the default model.

    The more particular wins: hypothesis, then phenotype, then covariates, then the study's own
    values. What a hypothesis switches off stays off whatever the phenotype says.
    """
    hypothesis: dict[str, float] = dict(hypotheses()[run.hypothesis].overrides)
    off = {k: v for k, v in hypothesis.items() if k.startswith("coupling_") and v == 0.0}
    kind = {**hypothesis, **phenotypes()[run.phenotype].overrides, **off}
    return {**kind, **of_covariates(run, kind), **dict(run.parameters)}


def of_covariates(run: RunSpec, kind: Mapping[str, float]) -> dict[str, float]:
    """Return the parameters that what is known of the patient gives.

    Args:
        run: the run.
        kind: overrides of hypothesis and phenotype; factors act on these. A covariate that gives
            a value does so before any factor.
    """
    chosen, parameters = dict(run.covariates), default_model().parameters
    found: dict[str, float] = {}
    for wants_value in (True, False):
        for name, covariate in covariates().items():
            if name not in chosen:
                continue
            claims = ("", chosen.get(name + CLAIM, "none"))
            for effect in covariate.effects:
                amount = effect.amount(chosen[name])
                if amount is None or effect.sets_value != wants_value or effect.claim not in claims:
                    continue
                target = effect.target
                base = found.get(target, kind.get(target, parameters[target].value))
                found[target] = amount if wants_value else base * amount
    return found


def grades(run: RunSpec) -> dict[str, str]:
    """Return the evidence grade of every parameter value of a run.

    A value that the hypothesis, the phenotype or a covariate sets has the grade stated there, one
    that the study sets itself is assumed, the rest have that of the model.
    """
    found = {n: p.grade for n, p in default_model().parameters.items()}
    hypothesis, phenotype = hypotheses()[run.hypothesis], phenotypes()[run.phenotype]
    off = {k for k, v in hypothesis.overrides.items() if k.startswith("coupling_") and v == 0.0}
    found.update({k: r.grade for k, r in hypothesis.reasons.items()})
    found.update({k: r.grade for k, r in phenotype.reasons.items() if k not in off})
    chosen = dict(run.covariates)
    for name, covariate in covariates().items():
        if name in chosen:
            claims = ("", chosen.get(name + CLAIM, "none"))
            acting = [e for e in covariate.effects if e.amount(chosen[name]) is not None]
            found.update({e.target: e.grade for e in acting if e.claim in claims})
    found.update({k: ASSUMED for k, _ in run.parameters})
    return found


def is_inflamed(run: RunSpec) -> bool:
    """Return whether the run starts in the inflamed basin."""
    return (run.basin or phenotypes()[run.phenotype].basin) == "inflamed"


def sets_patient(field: str) -> bool:
    """Whether a field of a study changes who a patient is, apart from the place in a population."""
    return field == "hypothesis" or field.startswith(("patient.", "parameters."))


def find_patients(runs: Sequence[RunSpec]) -> Patients:
    """Collect the distinct patients of runs without a population, in order of first appearance."""
    own = Centres([(run, None) for run in runs])
    return _distinct(own, own.of, np.empty(0, np.int64), None)


def of_grid(runs: Runs, people: People | None) -> Patients:
    """Collect the distinct patients of a grid, in order of first appearance.

    Args:
        runs: the runs of a plan.
        people: the virtual patients of the dimension ``patient``, if the study has a population.
    """
    facet = runs.facet(sets_patient)
    kinds = [runs[i] for i in facet.runs().tolist()]
    rows = np.arange(len(runs))
    if people is None:
        own = Centres([(run, None) for run in kinds])
        return _distinct(own, own.of[facet.of(rows)], np.empty(0, np.int64), None)
    drawn, genotype = people.genotypes()
    own = Centres([(run, g) for run in kinds for g in drawn])
    person = runs.facet(lambda field: field == "patient").of(rows)
    return _distinct(own, own.of[facet.of(rows) * len(drawn) + genotype[person]], person, people)


class Centres:
    """Distinct parameter vectors with their basin, and which of them each description has."""

    def __init__(self, described: Sequence[tuple[RunSpec, str | None]]) -> None:
        """Merge what is described differently but has the same bits.

        Args:
            described: runs, each with a genotype that was drawn, if any.
        """
        model = default_model()
        vectors: list[Floats] = []
        flags: list[bool] = []
        memo: dict[Any, Floats] = {}
        index: dict[bytes, int] = {}
        self.of = np.empty(len(described), dtype=np.int64)
        for i, (run, genotype) in enumerate(described):
            run = run if genotype is None else with_genotype(run, genotype)
            kind = (run.hypothesis, run.phenotype, run.covariates, run.parameters)
            if kind not in memo:
                memo[kind] = model.parameter_vector(overrides(run))
            own, flag = memo[kind], is_inflamed(run)
            self.of[i] = index.setdefault(own.tobytes() + bytes([flag]), len(index))
            if self.of[i] == len(vectors):
                vectors.append(own)
                flags.append(flag)
        self.vectors = np.array(vectors)
        self.inflamed = np.array(flags, dtype=np.bool_)


def _distinct(own: Centres, centre: Ints, person: Ints, people: People | None) -> Patients:
    """Collect the distinct pairs of centre and person; each argument has one entry per run."""
    size = 1 if people is None else len(people)
    key = centre * size + (person if people is not None else 0)
    found, first, which = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty(len(found), dtype=np.int64)
    place[order] = np.arange(len(found))
    at = found[order] // size
    who = found[order] % size if people is not None else np.empty(0, np.int64)
    return Patients(own.vectors, at, who, own.inflamed[at], place[which.reshape(-1)], people)
