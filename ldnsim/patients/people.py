"""The accepted virtual patients of a study: who they are, and their untreated days."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.population import Population
from ldnsim.config.run import RunSpec
from ldnsim.model import default_model
from ldnsim.patients import draws

if TYPE_CHECKING:
    from ldnsim.engine.rhythm.orbit import Orbits
    from ldnsim.patients.vectors import Patients

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PK = "pharmacokinetics"
OPRM1 = "oprm1"
AT_ONCE = 4096
"""Patients whose parameter vectors are held at once."""


@dataclass(frozen=True)
class People:
    """The accepted patients of a population.

    Attributes:
        settings: the block of the study.
        names: parameters that vary, in the order of the model.
        candidate: number of each patient in the stream of candidates, shape (patients,).
        quantile: of each varied parameter, shape (patients, names).
        genotype: of each patient; empty when none is drawn.
        centres: medians there of each genotype of :meth:`genotypes`, (genotypes, parameters).
        inflamed: basin of the reference.
        orbits: their untreated days, solved to judge them.
        tried: how many candidates were looked at for these patients.
        rejected: how many of them were not plausible, by reason.
        clipped: how many patients were put on the bound of a parameter, by its name.
    """

    settings: Population
    names: tuple[str, ...]
    candidate: NDArray[np.int64]
    quantile: Floats
    genotype: tuple[str, ...]
    centres: Floats
    inflamed: bool
    orbits: Orbits = field(repr=False)
    tried: int
    rejected: dict[str, int]
    clipped: dict[str, int]

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.candidate)

    def genotypes(self) -> tuple[list[str | None], Ints]:
        """Return the genotypes that occur, and which of them each patient has, shape (patients,).

        Without drawn genotypes the only one is None.
        """
        if not self.genotype:
            return [None], np.zeros(len(self), dtype=np.int64)
        names, which = np.unique(np.array(self.genotype, dtype=str), return_inverse=True)
        return [str(n) for n in names], which.astype(np.int64)

    def of(self, run: RunSpec) -> RunSpec:
        """Return a run with what was drawn of its patient besides parameters."""
        if not self.genotype or run.patient is None:
            return run
        return with_genotype(run, self.genotype[run.patient])

    def vectors(self, centre: Floats, patients: Ints) -> Floats:
        """Return the parameters of patients, each around a centre, (patients, parameters)."""
        return vary(self.settings, self.names, centre, self.quantile[patients])

    @property
    def values(self) -> Floats:
        """Parameters that vary, under the reference, shape (patients, names)."""
        index = default_model().parameter_index
        at = [index[n] for n in self.names]
        found = np.empty((len(self), len(at)))
        for first in range(0, len(self), AT_ONCE):
            which = np.arange(first, min(first + AT_ONCE, len(self)))
            found[which] = self.own(which)[:, at]
        return found

    def own(self, patients: Ints) -> Floats:
        """Return the parameters under the reference of some patients, (patients, parameters)."""
        return self.vectors(self.centres[self.genotypes()[1][patients]], patients)


def varied(settings: Population) -> tuple[str, ...]:
    """Return the parameters that differ between patients, in the order of the model."""
    wanted = settings.vary
    return tuple(
        p.name
        for p in default_model().parameters.values()
        if p.spread.kind != "fixed"
        and (wanted == "all" or p.name in wanted)
        and p.name not in settings.exclude
    )


def with_genotype(run: RunSpec, genotype: str) -> RunSpec:
    """Return a run whose patient has a genotype."""
    known = {**dict(run.covariates), OPRM1: genotype}
    return replace(run, covariates=tuple(sorted(known.items())))


def vary(settings: Population, names: tuple[str, ...], centre: Floats, u: Floats) -> Floats:
    """Return parameter vectors, shape (n, parameters), without looking at bounds.

    A value that a bound forbids is put on the bound.

    Args:
        settings: the block of the study.
        names: what varies.
        centre: medians, shape (n, parameters).
        u: quantiles, shape (n, names).
    """
    model = default_model()
    found = centre.copy()
    for j, name in enumerate(names):
        p, at = model.parameters[name], model.parameter_index[name]
        sd = p.spread.sd * settings.scale * (settings.pk_scale if p.mechanism == PK else 1.0)
        free = draws.spread_out(p.spread.kind, sd, centre[:, at], u[:, j])
        found[:, at] = np.clip(free, p.low, p.high)
    return found


def on_bound(names: tuple[str, ...], centre: Floats, values: Floats) -> NDArray[np.bool_]:
    """Whether a varied parameter was put on its bound, shape (n, names)."""
    model = default_model()
    found = np.zeros((len(values), len(names)), dtype=np.bool_)
    for j, name in enumerate(names):
        p, at = model.parameters[name], model.parameter_index[name]
        moved = values[:, at] != centre[:, at]
        edge = (values[:, at] == p.low) | (values[:, at] == p.high)
        found[:, j] = moved & edge
    return found


def joined(parts: list[Orbits]) -> Orbits:
    """Return the untreated days of several groups of patients, one after the other."""
    kind = type(parts[0])
    return kind(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(kind)}
    )


def pick(orbits: Orbits, rows: NDArray[np.intp]) -> Orbits:
    """Return the untreated days of some patients."""
    kind = type(orbits)
    return kind(**{f.name: getattr(orbits, f.name)[rows] for f in fields(kind)})


def untreated(people: People | None, patients: Patients, threads: int | None) -> Orbits:
    """Find the untreated days of the patients of a plan.

    Those of virtual patients were solved to judge them, and are not solved again: what a
    hypothesis says of the drug does not change an untreated day.

    Args:
        people: the virtual patients, if any.
        patients: the distinct patients of the plan.
        threads: threads of the engine.
    """
    from ldnsim.engine.rhythm.orbit import find_orbits

    if people is None:
        return find_orbits(default_model(), patients.params, patients.inflamed, threads)
    known = np.where(_same_day(people, patients), patients.person, -1)
    new = np.flatnonzero(known < 0)
    if not len(new):
        whole = np.array_equal(known, np.arange(len(people)))
        return people.orbits if whole else pick(people.orbits, known)
    found = find_orbits(default_model(), patients.vectors(new), patients.inflamed[new], threads)
    known[new] = len(people) + np.arange(len(new))
    return pick(joined([people.orbits, found]), known)


def _same_day(people: People, patients: Patients) -> NDArray[np.bool_]:
    """Whether an untreated day of each patient is that of the same person under the reference."""
    from ldnsim.engine.rhythm.drugfree import felt

    same = np.zeros(len(patients), dtype=np.bool_)
    for first in range(0, len(patients), AT_ONCE):
        which = np.arange(first, min(first + AT_ONCE, len(patients)))
        mine, theirs = patients.vectors(which), people.own(patients.person[which])
        same[which] = (felt(default_model(), mine) == felt(default_model(), theirs)).all(axis=1)
    return np.asarray(same & (patients.inflamed == people.inflamed))


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
            }
        )
    }


def coordinates(people: People) -> dict[str, Any]:
    """Return which candidate each patient is and what was drawn, as coordinates of a result."""
    model = default_model()
    units = np.array([model.parameters[n].unit for n in people.names], dtype=str)
    return {
        "candidate": ("patient", people.candidate, {"long_name": "number in the stream of draws"}),
        "parameter": ("parameter", np.array(people.names, dtype=str), {"long_name": "parameter"}),
        "parameter_unit": ("parameter", units, {"long_name": "unit of the parameter"}),
    }


def drawn(people: People) -> dict[str, Any]:
    """Return what was drawn of each patient, as variables of a result."""
    words = {
        "units": "see parameter_unit",
        "long_name": "parameters drawn, under the study's own hypothesis and phenotype",
    }
    found: dict[str, Any] = {"patient_parameters": (("patient", "parameter"), people.values, words)}
    if people.genotype:
        names = np.array(people.genotype, dtype=str)
        long_name = {"long_name": "OPRM1 A118G genotype drawn"}
        found["patient_oprm1"] = ("patient", names, long_name)
    return found
