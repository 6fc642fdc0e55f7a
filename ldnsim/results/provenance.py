"""What a result says about itself: study, parameters with sources, versions, fingerprints."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from functools import cache
from importlib import resources
from typing import Any

from ldnsim.catalog import COMBINATION_WARNING
from ldnsim.patients import people
from ldnsim.patients.vectors import Patients
from ldnsim.runs import recordings
from ldnsim.runs.plan import Plan

WARNING = (
    "A research instrument, not medical advice: a model of hypotheses, many of them assumed."
    " Do not start, change or stop a treatment because of it."
)
PACKAGES = ("numpy", "numba", "scipy", "xarray", "zarr", "h5netcdf", "pydantic", "sympy")
# what can change a number of the result; pictures and the command line cannot
PARTS = (
    "mechanisms", "engine", "data", "regimen", "config", "edition", "patients", "runs", "results",
    "sweep", "measure", "model", "influence", "catalog", "units", "weighing",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Return the versions of ldnsim, Python and the packages that compute the result."""
    import ldnsim

    found = {"ldnsim": ldnsim.__version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@cache
def fingerprints() -> dict[str, str]:
    """Return a hash of every part of the code that can change a number of the result."""
    root = resources.files("ldnsim")
    found = {}
    for part in PARTS:
        folder, file = root.joinpath(part), root.joinpath(f"{part}.py")
        if folder.is_dir():
            found[part] = _hash(_texts(folder))
        elif file.is_file():
            found[part] = _hash([file.read_bytes()])
    return found


def _texts(folder: Any) -> list[bytes]:
    """Collect the sources of a folder and its subfolders, in order of their names."""
    found: list[bytes] = []
    for item in sorted(folder.iterdir(), key=lambda p: p.name):
        if item.is_dir() and item.name not in ("__pycache__", "studies"):  # studies: templates
            found += _texts(item)
        elif item.name.endswith((".py", ".toml")):
            found += [item.name.encode(), item.read_bytes()]
    return found


def _hash(parts: list[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:16]


def parameter_table(patients: Patients) -> list[dict[str, Any]]:
    """Return one record per parameter with the value used, or its range over the sweep."""
    lows, highs = patients.extremes()
    known = patients.model.parameters.values()
    return [
        {
            "name": p.name,
            "value": low if low == high else None,
            "unit": p.unit,
            "default": p.value,
            "grade": p.grade,
            "source": list(p.source),
            "meaning": p.meaning,
            "mechanism": p.mechanism,
            **({"range": [low, high]} if low != high else {}),
        }
        for p, low, high in zip(known, lows.tolist(), highs.tolist(), strict=True)
    ]


def sources(plan: Plan, patients: Patients) -> dict[str, list[str]]:
    """Return the citation keys behind hypotheses, phenotypes, covariates and adjuncts of a plan."""
    runs, edition = plan.kinds, plan.edition
    known_of = {k for r in runs for k, _ in r.covariates if k in edition.covariates}
    if patients.people is not None and patients.people.genotype:
        known_of.add(people.OPRM1)
    settings = plan.study.population
    published = {settings.match} if settings is not None and settings.match else set()
    catalog = (
        ("hypothesis", edition.hypotheses, {r.hypothesis for r in runs}),
        ("phenotype", edition.phenotypes, {r.phenotype for r in runs}),
        ("covariate", edition.covariates, known_of),
        ("adjunct", edition.adjuncts, {a.name for r in runs for a in r.modifiers.adjuncts}),
        ("population", edition.populations, published),
    )
    return {
        f"{kind} {name}": list(known[name].sources)
        for kind, known, used in catalog
        for name in sorted(used)
    }


def attributes(plan: Plan, patients: Patients) -> dict[str, Any]:
    """Return the attributes of the result. No clock time: the same study gives the same bits."""
    study, drawn = plan.study, patients.people
    chosen = study.solver
    solver = {"method": chosen.method, "rtol": chosen.rtol, "atol": chosen.floor, "lanes": 8}
    solver["refine"] = chosen.refine
    used = sorted({r.hypothesis for r in plan.kinds})
    return {
        "title": study.title,
        "hypothesis": ", ".join(used),
        "phenotype": ", ".join(sorted({r.phenotype for r in plan.kinds})),
        "warning": warning(plan),
        "study": identity(study),
        "parameters": json.dumps(parameter_table(patients)),
        "sources": json.dumps(sources(plan, patients)),
        "versions": json.dumps(versions()),
        "fingerprints": json.dumps(fingerprints()),
        "model": plan.edition.model.fingerprint,
        "numbers": plan.edition.model.numbers,
        "model_version": plan.edition.version.model,
        "hypotheses_version": plan.edition.version.hypotheses,
        "extensions": json.dumps(plan.edition.records()),
        "seed": study.seed,
        "solver": json.dumps(solver),
        "horizon_h": plan.end,
        "dims": json.dumps([d.name for d in plan.dims]),
        **recordings.attributes(study, plan.end),
        **(people.attributes(drawn) if drawn is not None else {}),
    }


def identity(study: Any) -> str:
    """Return the study as text without what changes no bit of it.

    That is threads, block size, what ``[optimise]`` would choose, and the folder of an extension
    with an absolute path.
    """
    solver = study.solver.model_copy(update={"threads": None, "block": None})
    model = study.model and study.model.model_copy(
        update={"extend": tuple(e.name for e in study.edition.extensions)}
    )
    return str(
        study.model_copy(update={"solver": solver, "model": model, "optimise": None}).resolved()
    )


def warning(plan: Plan) -> str:
    """Return the standing warning, and what holds for combinations when there are any."""
    combined = any(r.modifiers.adjuncts for r in plan.kinds)
    return f"{WARNING} {COMBINATION_WARNING}" if combined else WARNING
