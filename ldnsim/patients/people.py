"""The accepted virtual patients of a study: who they are, and their untreated days."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.config.population import Population
from ldnsim.config.run import RunSpec
from ldnsim.model import Model
from ldnsim.patients import draws, matched
from ldnsim.patients.days import AT_ONCE, Days
from ldnsim.patients.matched import Matched
from ldnsim.patients.rows import Rows

PK = "pharmacokinetics"
OPRM1 = "oprm1"


@dataclass(frozen=True)
class People:
    """The accepted patients of a population.

    Attributes:
        model: what the parameters are of.
        settings: the block of the study.
        names: parameters that vary, in the order of the model.
        candidate: number of each patient in the stream of candidates, shape (patients,).
        quantile: of each varied parameter, shape (patients, names).
        genotype: of each patient; empty when none is drawn.
        centres: medians there of each genotype of :meth:`genotypes`, (genotypes, parameters).
        inflamed: basin of the reference.
        days: their untreated days, solved to judge them.
        tried: how many candidates were looked at for these patients.
        rejected: how many of them were not plausible, by reason.
        clipped: how many patients were put on the bound of a parameter, by its name.
        seed: of the draws.
        matched: weights to a published baseline, if the study asks for them.
    """

    model: Model = field(repr=False)
    settings: Population
    names: tuple[str, ...]
    candidate: Ints
    quantile: Rows = field(repr=False)
    genotype: tuple[str, ...]
    centres: Floats
    inflamed: bool
    days: Days = field(repr=False)
    tried: int
    rejected: dict[str, int]
    clipped: dict[str, int]
    seed: int = 0
    matched: Matched | None = None

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.candidate)

    def genotypes(self) -> tuple[list[str | None], Ints]:
        """Return the genotypes that occur, and which of them each patient has, shape (patients,).

        Without drawn genotypes the only one is None.
        """
        if not self.genotype:
            return [None], np.zeros(len(self), dtype=np.int64)
        return self._genotypes

    @cached_property
    def _genotypes(self) -> tuple[list[str | None], Ints]:
        names, which = np.unique(np.array(self.genotype, dtype=str), return_inverse=True)
        return [str(n) for n in names], which.astype(np.int64)

    def of(self, run: RunSpec) -> RunSpec:
        """Return a run with what was drawn of its patient besides parameters."""
        if not self.genotype or run.patient is None:
            return run
        return with_genotype(run, self.genotype[run.patient])

    def vectors(self, centre: Floats, patients: Ints) -> Floats:
        """Return the parameters of patients, each around a centre, (patients, parameters)."""
        return vary(self.model, self.settings, self.names, centre, self.quantile[patients])

    @property
    def values(self) -> Floats:
        """Parameters that vary, under the reference, shape (patients, names)."""
        return Values(self)[:]

    def own(self, patients: Ints) -> Floats:
        """Return the parameters under the reference of some patients, (patients, parameters)."""
        return self.vectors(self.centres[self.genotypes()[1][patients]], patients)


@dataclass(frozen=True)
class Values:
    """What :attr:`People.values` is, worked out by slices as these are read."""

    people: People
    dtype = np.dtype(np.float64)

    @property
    def shape(self) -> tuple[int, int]:
        """Patients and names."""
        return len(self.people), len(self.people.names)

    def __getitem__(self, rows: slice) -> Floats:
        """Return the parameters of consecutive patients, shape (rows, names)."""
        people, which = self.people, range(len(self.people))[rows]
        at = [people.model.parameter_index[n] for n in people.names]
        found = np.empty((len(which), len(at)))
        for first in range(0, len(which), AT_ONCE):
            some = np.array(which[first : first + AT_ONCE])
            found[first : first + len(some)] = people.own(some)[:, at]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return those of all patients."""
        return np.asarray(self[:], dtype=dtype)


def varied(model: Model, settings: Population) -> tuple[str, ...]:
    """Return the parameters that differ between patients, in the order of the model."""
    wanted = settings.vary
    return tuple(
        p.name
        for p in model.parameters.values()
        if p.spread.kind != "fixed"
        and (wanted == "all" or p.name in wanted)
        and p.name not in settings.exclude
    )


def with_genotype(run: RunSpec, genotype: str) -> RunSpec:
    """Return a run whose patient has a genotype."""
    known = {**dict(run.covariates), OPRM1: genotype}
    return replace(run, covariates=tuple(sorted(known.items())))


def vary(
    model: Model, settings: Population, names: tuple[str, ...], centre: Floats, u: Floats
) -> Floats:
    """Return parameter vectors, shape (n, parameters), without looking at bounds.

    A value that a bound forbids is put on the bound.

    Args:
        model: what the parameters are of.
        settings: the block of the study.
        names: what varies.
        centre: medians, shape (n, parameters).
        u: quantiles, shape (n, names).
    """
    found = centre.copy()
    for j, name in enumerate(names):
        p, at = model.parameters[name], model.parameter_index[name]
        sd = p.spread.sd * settings.scale * (settings.pk_scale if p.mechanism == PK else 1.0)
        free = draws.spread_out(p.spread.kind, sd, centre[:, at], u[:, j])
        found[:, at] = np.clip(free, p.low, p.high)
    return found


def on_bound(model: Model, names: tuple[str, ...], centre: Floats, values: Floats) -> Flags:
    """Whether a varied parameter was put on its bound, shape (n, names)."""
    at, known = [model.parameter_index[n] for n in names], model.parameters
    own = values[:, at]
    low, high = (
        np.array([getattr(known[n], end) for n in names], float) for end in ("low", "high")
    )
    return np.asarray((own != centre[:, at]) & ((own == low) | (own == high)))


def attributes(people: People) -> dict[str, Any]:
    """Return how the patients were drawn, for the attributes of a result."""
    return {
        "population": json.dumps(
            {
                "size": len(people),
                "method": people.settings.method,
                "candidates": people.tried,
                "rejected": people.rejected,
                "clipped": people.clipped,
                **({"match": people.matched.record()} if people.matched else {}),
            }
        )
    }


def coordinates(people: People) -> dict[str, Any]:
    """Return which candidate each patient is and what was drawn, as coordinates of a result."""
    units = np.array([people.model.parameters[n].unit for n in people.names], dtype=str)
    found = people.matched
    return {
        "candidate": ("patient", people.candidate, {"long_name": "number in the stream of draws"}),
        "drawn": ("drawn", np.array(people.names, dtype=str), {"long_name": "parameter drawn"}),
        "drawn_unit": ("drawn", units, {"long_name": "unit of the parameter"}),
        **({} if found is None else {"weight": matched.coordinate(found, people.seed)}),
    }


def drawn(people: People) -> dict[str, Any]:
    """Return what was drawn of each patient, as variables of a result."""
    words = {
        "units": "see drawn_unit",
        "long_name": "parameters drawn, under the study's own hypothesis and phenotype",
    }
    found: dict[str, Any] = {"patient_parameters": (("patient", "drawn"), Values(people), words)}
    if people.genotype:
        names = np.array(people.genotype, dtype=str)
        long_name = {"long_name": "OPRM1 A118G genotype drawn"}
        found["patient_oprm1"] = ("patient", names, long_name)
    return found
