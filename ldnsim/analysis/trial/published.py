"""Virtual patients against a published population: who they are, and how many of them respond.

A patient is of the kind whose phenotype lies nearest, in the logarithms of the endorphin reserve
and of the vulnerability to adverse effects (the burden over an ordinary patient's): ``robust`` is
the phenotype ``default``, the other two are called as theirs. It is a rule for counting, assumed;
nobody has measured either number in a patient.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.errors import UserError, check_known
from ldnsim.patients.vectors import own_parameters
from ldnsim.results.weighted import PATIENT, weighted_share

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.edition import Edition
    from ldnsim.sweep.study import Study

KINDS = {"robust": "default", "depleted": "depleted", "sensitive": "sensitive"}
"""Kinds of patient, each with the phenotype that it is called after."""
RULE = (
    "Kinds: the nearest of the phenotypes default (robust), depleted and sensitive, in the"
    " logarithms of reserve and vulnerability; assumed."
)
RESPONSE = 0.3
"""Fall of pain, as a share of the untreated mean, that counts as a response."""
_RESERVE, _BURDEN = "reserve", "vulnerability"


def population_study(
    name: str,
    size: int,
    seed: int,
    regimen: str,
    *,
    edition: Edition,
    scale: float = 1.0,
    plausible: Mapping[str, tuple[float, float]] | None = None,
    hypothesis: str = "dual_pathway",
    parameters: Mapping[str, Any] | None = None,
) -> Study:
    """Build the study of patients who are weighted to a published population, on one regimen.

    Args:
        name: of the population; its phenotype is theirs.
        size: patients.
        seed: of their draws.
        regimen: prescription, or name of a protocol.
        edition: the model.
        scale: multiplier on the recorded spreads.
        plausible: limits of untreated means of those who are let in.
        hypothesis: name.
        parameters: single parameters around which patients vary.

    Raises:
        UserError: unknown names, or what a study refuses.
    """
    from ldnsim.sweep.study import Study

    check_known("population", [name], edition.populations)
    kind = "protocol" if regimen in edition.protocols else "prescription"
    data = {
        "title": f"patients weighted to {name}",
        "hypothesis": hypothesis,
        "seed": seed,
        "patient": {
            "phenotype": edition.populations[name].phenotype,
            "parameters": dict(parameters or {}),
        },
        "regimen": {kind: regimen},
        "population": {
            "size": size,
            "scale": scale,
            "match": name,
            "plausible": {k: list(v) for k, v in (plausible or {}).items()},
        },
        "output": {
            "variables": ["pain", _BURDEN], "summaries": ["pain_change"], "trajectories": False,
            "night": False, "ledger": False,
        },
    }  # fmt: skip
    if edition.extensions:
        data["model"] = {"extend": [e.name for e in edition.extensions]}
    with edition.in_force():
        return Study.build(data, f"population {name}")


def kinds(ds: xr.Dataset, edition: Edition) -> list[str]:
    """Return the kind of each patient of a result, a key of :data:`KINDS`.

    Args:
        ds: a result with a population, of which ``vulnerability`` was kept.
        edition: whose phenotypes the kinds are called after.

    Raises:
        UserError: a result that does not tell reserve and vulnerability of each patient.
    """
    kept = f"baseline_{_BURDEN}"
    if kept not in ds or ds[kept].dims != (PATIENT,):
        raise UserError(
            f"kinds of patient need one {kept} of each: keep it with output.variables ="
            f" ['pain', '{_BURDEN}'], and choose one point of every axis"
        )
    at = np.stack([np.log(_reserves(ds)), np.log(np.asarray(ds[kept].values, float))], axis=1)
    centres = np.array([_centre(edition, phenotype) for phenotype in KINDS.values()])
    near = ((at[:, None, :] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    return [list(KINDS)[int(i)] for i in near]


def _reserves(ds: xr.Dataset) -> Floats:
    """Return the reserve of each patient: drawn, or the same in all."""
    if _RESERVE in ds["drawn"].values:
        return np.asarray(ds["patient_parameters"].sel(drawn=_RESERVE).values, dtype=float)
    table = {row["name"]: row["value"] for row in json.loads(str(ds.attrs["parameters"]))}
    return np.full(ds.sizes[PATIENT], float(table[_RESERVE]))


def _centre(edition: Edition, phenotype: str) -> Floats:
    """Return where a phenotype lies: logarithms of reserve and vulnerability."""
    one = RunSpec.of("placebo nightly at 22:00, for 1 d", phenotype=phenotype, edition=edition)
    model = edition.model
    found = model.environment(0.0, model.start(True), own_parameters(one))
    return np.array([math.log(found[_RESERVE]), math.log(found[_BURDEN])])


def shares(ds: xr.Dataset, of_kind: list[str], level: float = 0.95) -> dict[str, xr.Dataset]:
    """Return the share of each kind of patient and of responders by biology, with intervals.

    Args:
        ds: the result of :func:`population_study`.
        of_kind: what :func:`kinds` returns for its patients.
        level: of the intervals.

    Returns:
        what :func:`~ldnsim.results.weighted.weighted_share` gives, by kind and ``responders``:
        those whose mean pain in the last treated week lies 30 % or more below the untreated one.
        There is no placebo response in it.
    """
    import xarray as xr

    found = {}
    for kind in KINDS:
        flag = xr.DataArray(np.array([k == kind for k in of_kind]), dims=PATIENT)
        found[kind] = weighted_share(ds.drop_vars("status", errors="ignore"), flag, level)
    helped = ds["pain_change"] <= -RESPONSE * ds["baseline_pain"]
    found["responders"] = weighted_share(ds, helped, level)
    return found
