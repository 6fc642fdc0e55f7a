"""Recorded doses in a plan: how long steady state takes to reach, and what the result says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ldnsim.errors import UserError
from ldnsim.patients.vectors import find_patients
from ldnsim.regimen import Recorded, Recordings
from ldnsim.regimen.steady import lead_hours
from ldnsim.runs import grid
from ldnsim.runs.observed import observations, says_nothing

if TYPE_CHECKING:
    from ldnsim.config.study import StudyConfig


def recorded(study: StudyConfig) -> list[Recorded]:
    """Return the recorded doses of a study, each subject once."""
    return [r for r in study.named_regimens().values() if isinstance(r, Recorded)]


def settled(study: StudyConfig) -> StudyConfig:
    """Return a study whose steady states (SS = 1) say how many hours of doses stand for them.

    What the doses before would add is below the tolerance of the study, by the slowest rate of
    the drug in any of its patients.

    Raises:
        UserError: with a population, whose patients have rates of their own and are not known yet.
    """
    if not any(r.lacks_lead for r in recorded(study)):
        return study
    described = find_patients(grid.Runs(grid.base(study), grid.dims(study)))
    lead = lead_hours(described.model, described.params, study.solver.rtol)
    if study.population is not None:
        raise UserError(
            "SS = 1 in an event table: patients of a population differ in how long the drug takes"
            f" to steady state; say how long earlier doses are given, with lead = '{lead:g} h'"
            " (the median patient's need) or longer"
        )
    return study.model_copy(
        update={
            "regimen": _with_lead(study.regimen, lead),
            "regimens": tuple(_with_lead(r, lead) for r in study.regimens),
        }
    )


def _with_lead(regimen: Any, lead_h: float) -> Any:
    if isinstance(regimen, Recordings):
        return Recordings(tuple(_with_lead(r, lead_h) for r in regimen.members))
    if isinstance(regimen, Recorded) and regimen.lacks_lead:
        return replace(regimen, lead_h=lead_h)
    return regimen


def check_end(study: StudyConfig, end: float) -> None:
    """Refuse an end before TIME 0 of an event table, and observations that cannot be used.

    Args:
        study: the study, settled.
        end: its length (h).

    Raises:
        UserError: when nothing but the doses before steady state would be run, and as
            :func:`ldnsim.runs.observed.observations`.
    """
    for r in recorded(study):
        observations(r, study.edition.model, only_named=True)
        zero = r.doses().origin_h
        if r.table.steady and end <= zero:
            raise UserError(
                f"horizon = '{end:g} h' ends before TIME 0 of {r}, which is at {zero:g} h, after"
                " the doses that bring the drug to steady state (SS = 1); make it longer"
            )


def lines(study: StudyConfig, end: float) -> list[str]:
    """Say which files the recorded doses are from, one line each, for a dry run.

    Args:
        study: the study, settled.
        end: its length (h).
    """
    found: dict[str, int] = {}
    for r in recorded(study):
        about = f"events     {r.table.file or 'a table'} (SHA-256 {r.table.sha256[:12]})"
        if r.table.steady:
            about += f", {r.lead_h:g} h of doses before SS = 1; TIME 0 is {r.doses().origin_h:g} h"
        found[about] = found.get(about, 0) + _after(r, end)
    cut = "; {} doses after the horizon are not given"
    return [about + (cut.format(n) if n else "") for about, n in found.items()]


def _after(regimen: Recorded, end: float) -> int:
    """Return how many doses are at or after the end, which are not given."""
    return int((regimen.doses().time_h >= end).sum())


def _measured(regimen: Recorded) -> dict[str, int]:
    """Count the observations, and those that name no variable and are not in the result."""
    seen = regimen.observations
    counts = {"observations": len(seen), "unnamed": sum(map(says_nothing, seen))}
    return counts if seen else {}


def attributes(study: StudyConfig, end: float) -> dict[str, Any]:
    """Return the files of recorded doses with their SHA-256, for the attributes of a result.

    Args:
        study: the study, settled.
        end: its length (h).
    """
    rows = [
        {
            "regimen": name,
            "file": r.table.file,
            "sha256": r.table.sha256,
            "id": r.id,
            "doses": r.recorded,
            "earlier_doses": len(r.doses()) - r.recorded,
            "after_end": _after(r, end),
            "time_zero_h": r.doses().origin_h,
            "lead_h": r.lead_h,
            **_measured(r),
        }
        for name, r in study.named_regimens().items()
        if isinstance(r, Recorded)
    ]
    return {"events": json.dumps(rows)} if rows else {}
