"""Patients of a plan: the parameter vectors of its runs, each distinct one found once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.catalog import CLAIM
from ldnsim.catalog.covariates import CovariateEffect
from ldnsim.config.run import RunSpec
from ldnsim.mechanisms.record import ASSUMED
from ldnsim.model import Model
from ldnsim.patients.days import AT_ONCE
from ldnsim.patients.people import People, with_genotype

if TYPE_CHECKING:
    from ldnsim.runs.grid import Runs


@dataclass(frozen=True)
class Patients:
    """The distinct untreated patients of a plan.

    A virtual patient is a place in the population around a centre, and its vector is worked out
    when asked for: a population times an axis can have more patients than memory holds.

    Attributes:
        model: what the parameters are of.
        centres: distinct parameter vectors, shape (centres, parameters).
        centre: which of them each patient has, shape (patients,).
        person: place in the population, shape (patients,); empty without one.
        inflamed: starting basin, shape (patients,).
        of_run: which patient each run is, shape (runs,).
        people: the population, if any.
    """

    model: Model = field(repr=False)
    centres: Floats
    centre: Ints
    person: Ints
    inflamed: Flags
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

    def one(self, run: int) -> Patients:
        """Return the patient of one run alone."""
        who = self.of_run[[run]]
        return replace(
            self, centre=self.centre[who], person=self.person[who] if self.people else self.person,
            inflamed=self.inflamed[who], of_run=np.zeros(1, np.int64),
        )  # fmt: skip

    @property
    def params(self) -> Floats:
        """All parameter vectors, shape (patients, parameters)."""
        return self.vectors(np.arange(len(self)))


def overrides(run: RunSpec) -> Mapping[str, float]:
    """Return the parameters of a run that differ from the default model.

    The more particular wins: hypothesis, then phenotype, then covariates, then the study's own
    values. What a hypothesis switches off stays off whatever the phenotype says.
    """
    known = run.edition
    hypothesis: dict[str, float] = dict(known.hypotheses[run.hypothesis].overrides)
    off = {k: v for k, v in hypothesis.items() if k.startswith("coupling_") and v == 0.0}
    kind = {**hypothesis, **known.phenotypes[run.phenotype].overrides, **off}
    return {**kind, **of_covariates(run, kind), **dict(run.parameters)}


def own_parameters(run: RunSpec) -> Floats:
    """Return the parameter vector of the patient of a run as described, (parameters,)."""
    return run.edition.model.parameter_vector(overrides(run))


def of_covariates(run: RunSpec, kind: Mapping[str, float]) -> dict[str, float]:
    """Return the parameters that what is known of the patient gives.

    Args:
        run: the run.
        kind: overrides of hypothesis and phenotype; factors act on these. A covariate that gives
            a value does so before any factor.
    """
    default = run.edition.model.parameters
    found: dict[str, float] = {}
    for effect, amount in sorted(_acting(run), key=lambda e: not e[0].sets_value):
        target = effect.target
        base = found.get(target, kind.get(target, default[target].value))
        found[target] = amount if effect.sets_value else base * amount
    return found


def _acting(run: RunSpec) -> Iterator[tuple[CovariateEffect, float]]:
    """Yield what covariates do to the patient of a run, with how much."""
    chosen = dict(run.covariates)
    for name, covariate in run.edition.covariates.items():
        if name in chosen:
            claims = ("", chosen.get(name + CLAIM, "none"))
            for effect in covariate.effects:
                amount = effect.amount(chosen[name])
                if amount is not None and effect.claim in claims:
                    yield effect, amount


def grades(run: RunSpec) -> dict[str, str]:
    """Return the evidence grade of every parameter value of a run.

    A value that the hypothesis, the phenotype or a covariate sets has the grade stated there, one
    that the study sets itself is assumed, the rest have that of the model.
    """
    known = run.edition
    found = {n: p.grade for n, p in known.model.parameters.items()}
    hypothesis, phenotype = known.hypotheses[run.hypothesis], known.phenotypes[run.phenotype]
    off = {k for k, v in hypothesis.overrides.items() if k.startswith("coupling_") and v == 0.0}
    found.update({k: r.grade for k, r in hypothesis.reasons.items()})
    found.update({k: r.grade for k, r in phenotype.reasons.items() if k not in off})
    found.update({effect.target: effect.grade for effect, _ in _acting(run)})
    found.update({k: ASSUMED for k, _ in run.parameters})
    return found


def is_inflamed(run: RunSpec) -> bool:
    """Return whether the run starts in the inflamed basin."""
    return (run.basin or run.edition.phenotypes[run.phenotype].basin) == "inflamed"


def sets_patient(field: str) -> bool:
    """Whether a field of a study changes who a patient is, apart from the place in a population."""
    return field == "hypothesis" or field.startswith(("patient.", "parameters."))


def find_patients(runs: Runs, people: People | None = None) -> Patients:
    """Collect the distinct patients of runs, in order of first appearance.

    Args:
        runs: the runs.
        people: the virtual patients that the runs name by their place; without them a run is of
            the patient as described, the median of a population.
    """
    facet = runs.facet(sets_patient)
    kinds = [runs[i] for i in facet.runs().tolist()]
    place = facet.of(np.arange(len(runs)))
    if people is None:
        own = _Centres([(run, None) for run in kinds])
        return _distinct(own, own.of[place], np.empty(0, np.int64), None)
    drawn, genotype = people.genotypes()
    own = _Centres([(run, g) for run in kinds for g in drawn])
    person = runs.persons()
    return _distinct(own, own.of[place * len(drawn) + genotype[person]], person, people)


class _Centres:
    """Distinct parameter vectors with their basin, and which of them each description has."""

    def __init__(self, described: Sequence[tuple[RunSpec, str | None]]) -> None:
        """Merge what is described differently but has the same bits.

        Args:
            described: runs, each with a genotype that was drawn, if any.
        """
        self.model = described[0][0].edition.model
        vectors: list[Floats] = []
        flags: list[bool] = []
        memo: dict[Any, Floats] = {}
        index: dict[bytes, int] = {}
        self.of = np.empty(len(described), dtype=np.int64)
        for i, (run, genotype) in enumerate(described):
            run = run if genotype is None else with_genotype(run, genotype)
            kind = (run.hypothesis, run.phenotype, run.covariates, run.parameters)
            if kind not in memo:
                memo[kind] = own_parameters(run)
            own, flag = memo[kind], is_inflamed(run)
            self.of[i] = index.setdefault(own.tobytes() + bytes([flag]), len(index))
            if self.of[i] == len(vectors):
                vectors.append(own)
                flags.append(flag)
        self.vectors = np.array(vectors)
        self.inflamed = np.array(flags, dtype=np.bool_)


def _distinct(own: _Centres, centre: Ints, person: Ints, people: People | None) -> Patients:
    """Collect the distinct pairs of centre and person; each argument has one entry per run."""
    size = 1 if people is None else len(people)
    key = centre * size + (person if people is not None else 0)
    found, first, which = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty(len(found), dtype=np.int64)
    place[order] = np.arange(len(found))
    at = found[order] // size
    who = found[order] % size if people is not None else np.empty(0, np.int64)
    which = place[which.reshape(-1)]
    return Patients(own.model, own.vectors, at, who, own.inflamed[at], which, people)
