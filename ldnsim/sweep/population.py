"""Virtual patients of a study: candidates are drawn in order, implausible ones are rejected.

Whether a candidate is plausible is decided once, on the untreated patient under the study's own
hypothesis, phenotype and patient block, before any axis is applied. So the patients are the same
in every regimen and under every hypothesis of the study.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.population import Population
from ldnsim.config.run import RunSpec
from ldnsim.config.study import StudyConfig
from ldnsim.errors import UserError
from ldnsim.model import default_model
from ldnsim.sweep import draws
from ldnsim.sweep.patients import is_inflamed, overrides

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
CHUNK = 64
"""Candidates solved at once. It is fixed, so that whether one is accepted never depends on how
many are wanted."""
MOST = 20
"""Candidates tried per patient before a population is given up."""
PK = "pharmacokinetics"
OPRM1 = "oprm1"


@dataclass(frozen=True)
class People:
    """The accepted patients of a population.

    Attributes:
        settings: the block of the study.
        names: parameters that vary, in the order of the model.
        candidate: number of each patient in the stream of candidates, shape (patients,).
        quantile: of each varied parameter, shape (patients, names).
        genotype: of each patient; empty when none is drawn.
        values: parameters under the reference, shape (patients, names).
        tried: how many candidates were looked at for these patients.
        rejected: how many of them were not plausible, by reason.
        clipped: how many patients were put on the bound of a parameter, by its name.
    """

    settings: Population
    names: tuple[str, ...]
    candidate: NDArray[np.int64]
    quantile: Floats
    genotype: tuple[str, ...]
    values: Floats
    tried: int
    rejected: dict[str, int]
    clipped: dict[str, int]

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.candidate)

    def of(self, run: RunSpec) -> RunSpec:
        """Return a run with what was drawn of its patient besides parameters."""
        if not self.genotype or run.patient is None:
            return run
        return _with_genotype(run, self.genotype[run.patient])

    def vector(self, centre: Floats, patient: int) -> Floats:
        """Return the parameters of a patient around a centre, each of shape (parameters,)."""
        own = _vary(self.settings, self.names, centre[None, :], self.quantile[[patient]])
        return np.asarray(own[0], dtype=np.float64)


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


def _with_genotype(run: RunSpec, genotype: str) -> RunSpec:
    known = {**dict(run.covariates), OPRM1: genotype}
    return replace(run, covariates=tuple(sorted(known.items())))


def _vary(settings: Population, names: tuple[str, ...], centre: Floats, u: Floats) -> Floats:
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


def _on_bound(names: tuple[str, ...], centre: Floats, values: Floats) -> NDArray[np.bool_]:
    """Whether a varied parameter was put on its bound, shape (n, names)."""
    model = default_model()
    found = np.zeros((len(values), len(names)), dtype=np.bool_)
    for j, name in enumerate(names):
        p, at = model.parameters[name], model.parameter_index[name]
        moved = values[:, at] != centre[:, at]
        edge = (values[:, at] == p.low) | (values[:, at] == p.high)
        found[:, j] = moved & edge
    return found


@dataclass(frozen=True)
class _Candidates:
    """A chunk of candidates, looked at."""

    quantile: Floats
    genotype: tuple[str, ...]
    values: Floats
    clipped: NDArray[np.bool_]
    reason: tuple[str, ...]


def find_people(
    study: StudyConfig, reference: RunSpec, threads: int | None = None
) -> People | None:
    """Draw the patients of a study; None when it has no population.

    Args:
        study: the study.
        reference: the run on which plausibility is decided.
        threads: threads of the engine.

    Raises:
        UserError: when too few candidates are plausible; it says why they were not.
    """
    settings = study.population
    if settings is None:
        return None
    seed = study.seed if settings.seed is None else settings.seed
    chunks: list[_Candidates] = []
    good, most = 0, max(MOST * settings.size, 4 * CHUNK)
    for chunk in _stream(settings, seed, reference, threads):
        chunks.append(chunk)
        good += chunk.reason.count("")
        if good >= settings.size:
            return _accept(settings, chunks)
        if len(chunks) * CHUNK >= most:
            break
    raise _too_few(settings, chunks, good)


def _stream(
    settings: Population, seed: int, reference: RunSpec, threads: int | None
) -> Iterator[_Candidates]:
    """Draw and look at candidates, a chunk at a time, without end."""
    names = varied(settings)
    first, drawn = 0, 0
    u, genes = np.empty((0, len(names))), np.empty(0)
    while True:
        if first + CHUNK > drawn:
            drawn = max(2 * drawn, settings.size, CHUNK) + CHUNK
            args = (drawn, settings.size)
            u = np.array([draws.quantiles(settings.method, seed, n, *args) for n in names])
            u = u.reshape(len(names), drawn).T
            genes = draws.quantiles(settings.method, seed, f"covariate {OPRM1}", *args)
        rows = slice(first, first + CHUNK)
        yield _look_at(settings, names, reference, u[rows], genes[rows], threads)
        first += CHUNK


def _look_at(
    settings: Population,
    names: tuple[str, ...],
    reference: RunSpec,
    u: Floats,
    genes: Floats,
    threads: int | None,
) -> _Candidates:
    """Solve for the untreated state of a chunk of candidates and judge it."""
    from ldnsim.engine.orbit import find_orbits

    model = default_model()
    g = settings.oprm1_g_frequency
    genotype = () if g is None else tuple(str(x) for x in draws.genotypes(genes, g))
    runs = [_with_genotype(reference, x) for x in genotype] or [reference] * len(u)
    memo = {run.covariates: model.parameter_vector(overrides(run)) for run in runs}
    centre = np.array([memo[run.covariates] for run in runs])
    params = _vary(settings, names, centre, u)
    orbits = find_orbits(params, np.full(len(u), is_inflamed(reference)), threads)
    at = [model.parameter_index[n] for n in names]
    return _Candidates(
        u, genotype, params[:, at], _on_bound(names, centre, params), _reasons(settings, orbits)
    )


def _reasons(settings: Population, orbits: Any) -> tuple[str, ...]:
    """Say why each candidate is not plausible; empty for those who are."""
    from ldnsim.engine.status import Status

    index = default_model().observable_index
    found = []
    for status, mean in zip(orbits.status, orbits.mean, strict=True):
        reason = "" if status == 0 else Status(int(status)).name.lower().replace("_", " ")
        for name, (low, high) in settings.plausible.items():
            value = mean[index[name]]
            if not reason and not low <= value <= high:
                reason = f"{name} below {low:g}" if value < low else f"{name} above {high:g}"
        found.append(reason)
    return tuple(found)


def _accept(settings: Population, chunks: list[_Candidates]) -> People:
    """Take the first plausible candidates; count what was passed over on the way."""
    reason = [r for c in chunks for r in c.reason]
    good = np.flatnonzero(np.array([r == "" for r in reason]))[: settings.size]
    tried = int(good[-1]) + 1
    names = varied(settings)
    genotype = [x for c in chunks for x in c.genotype]
    clipped = np.concatenate([c.clipped for c in chunks])[good].sum(axis=0)
    return People(
        settings,
        names,
        good.astype(np.int64),
        np.concatenate([c.quantile for c in chunks])[good],
        tuple(genotype[k] for k in good) if genotype else (),
        np.concatenate([c.values for c in chunks])[good],
        tried,
        dict(sorted(Counter(r for r in reason[:tried] if r).items())),
        {n: int(k) for n, k in zip(names, clipped, strict=True) if k},
    )


def _too_few(settings: Population, chunks: list[_Candidates], good: int) -> UserError:
    counts = Counter(r for c in chunks for r in c.reason if r)
    why = ", ".join(f"{n} x {r}" for r, n in counts.most_common())
    return UserError(
        f"population.size = {settings.size}: only {good} of {len(chunks) * CHUNK} candidates are"
        f" plausible ({why}); widen population.plausible, lower population.scale, or choose"
        " another phenotype or basin"
    )


def describe(settings: Population) -> str:
    """Say in a line how the patients of a population are drawn."""
    limits = ", ".join(f"{n} {a:g} to {b:g}" for n, (a, b) in settings.plausible.items())
    method = settings.method.replace("_", " ")
    text = f"{settings.size} virtual patients, {method}, {len(varied(settings))} parameters vary"
    if settings.oprm1_g_frequency is not None:
        text += f", OPRM1 G {settings.oprm1_g_frequency:g}"
    return (
        f"{text}; drawn until so many are plausible (the basin exists"
        f"{', ' + limits if limits else ''}), at most"
        f" {max(MOST * settings.size, 4 * CHUNK)} candidates"
    )


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


def label(ds: xr.Dataset, people: People) -> xr.Dataset:
    """Add to a result which candidate each patient is, and what was drawn of him or her."""
    model = default_model()
    units = np.array([model.parameters[n].unit for n in people.names], dtype=str)
    ds = ds.assign_coords(
        candidate=("patient", people.candidate, {"long_name": "number in the stream of draws"}),
        parameter=("parameter", np.array(people.names, dtype=str), {"long_name": "parameter"}),
        parameter_unit=("parameter", units, {"long_name": "unit of the parameter"}),
    )
    ds["patient_parameters"] = (
        ("patient", "parameter"),
        people.values,
        {
            "units": "see parameter_unit",
            "long_name": "parameters drawn, under the study's own hypothesis and phenotype",
        },
    )
    if people.genotype:
        words = np.array(people.genotype, dtype=str)
        ds["patient_oprm1"] = ("patient", words, {"long_name": "OPRM1 A118G genotype drawn"})
    return ds
