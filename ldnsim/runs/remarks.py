"""What a study says that does nothing, or more than it seems to: told, not refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ldnsim.catalog import CLAIM
from ldnsim.config.run import RunSpec, covariate_fields
from ldnsim.regimen.recorded import Recorded
from ldnsim.runs.dosing import sets_amounts

if TYPE_CHECKING:
    from ldnsim.catalog.covariates import Covariate, CovariateEffect
    from ldnsim.config.study import StudyConfig
    from ldnsim.regimen import Regimen
    from ldnsim.runs.grid import Runs

LICENSED_MG = 50.0
"""The licensed daily dose by mouth, mg [swiss_label]; what is above it is told, not refused."""


def remarks(study: StudyConfig, runs: Runs) -> list[str]:
    """Return remarks on covariates and doses of a study, a sentence each.

    A covariate that changes nothing without a claim that is not made, one that takes the place of
    a number of the phenotype, whose name the patient keeps, and doses above the licensed one.

    Args:
        study: what was asked for.
        runs: of it.
    """
    known = {"patient.phenotype", *covariate_fields(study.edition)}
    places = runs.facet(lambda field: field in known).runs().tolist()
    patients = list({(r.phenotype, r.covariates): r for r in (runs[i] for i in places)}.values())
    return [*_idle(study, patients), *dict.fromkeys(_replaced(patients)), *_large(runs)]


def _idle(study: StudyConfig, patients: list[RunSpec]) -> Iterator[str]:
    """Say which covariates act in no patient because their claim is not made."""
    drawn = study.population is not None and study.population.oprm1_g_frequency is not None
    for name, covariate in study.edition.covariates.items():
        said = [dict(p.covariates) for p in patients]
        found = {_said(s[name]): _claimed(covariate, s) for s in said if name in s}
        if drawn and name == "oprm1":
            claims = [_active(e, s, name) for s in said for e in covariate.effects]
            if not any(claims):
                yield (
                    "population.oprm1_g_frequency draws a genotype that changes nothing: what it"
                    f" does counts only with patient.oprm1_claim = {covariate.claims[0]!r}"
                )
        if any(_acts(covariate, s) for s in said if name in s):
            continue
        for level, claim in found.items():
            if claim:
                yield (
                    f"patient.{name} = {level} changes nothing: what it does counts only with"
                    f" patient.{name}{CLAIM} = {claim!r}"
                )


def _active(effect: CovariateEffect, said: dict[str, Any], name: str) -> bool:
    """Whether the claim that an effect needs is made, or none is needed."""
    return effect.claim in ("", said.get(name + CLAIM, "none"))


def _acts(covariate: Covariate, said: dict[str, Any]) -> bool:
    level = said[covariate.name]
    own = [e for e in covariate.effects if _active(e, said, covariate.name)]
    return any(e.amount(level) is not None for e in own)


def _claimed(covariate: Covariate, said: dict[str, Any]) -> str:
    """Return the claim under which a level would change something; empty for none."""
    for e in covariate.effects:
        amount = e.amount(said[covariate.name])
        if e.claim and amount is not None and (e.sets_value or amount != 1.0):
            return e.claim
    return ""


def _replaced(patients: list[RunSpec]) -> Iterator[str]:
    """Say where a covariate takes the place of what the phenotype says."""
    for p in patients:
        own, said = p.edition.phenotypes[p.phenotype].overrides, dict(p.covariates)
        for name, covariate in p.edition.covariates.items():
            for e in covariate.effects if name in said else ():
                value = e.amount(said[name]) if _active(e, said, name) and e.sets_value else None
                if value is not None and own.get(e.target, value) != value:
                    yield (
                        f"patient.{name} = {_said(said[name])} sets {e.target} = {value:g}, where"
                        f" the phenotype {p.phenotype!r} has {own[e.target]:g}; the name stays"
                    )


def _said(level: Any) -> str:
    return f"{level:g}" if isinstance(level, float) else repr(level)


def _large(runs: Runs) -> Iterator[str]:
    """Say the largest dose where it is above the licensed one."""
    places = runs.facet(sets_amounts).runs().tolist()
    most = max(_largest(runs[i].regimen) for i in places)
    if most > LICENSED_MG:
        yield (
            f"the largest single dose is {most:g} mg, above the {LICENSED_MG:g} mg a day that are"
            " licensed by mouth"
        )


def _largest(regimen: Regimen | Recorded) -> float:
    """Return the largest single dose (mg); where rules decide, the most they may give."""
    if isinstance(regimen, Recorded):
        return float(regimen.doses().amount_mg.max(initial=0.0))
    return max(float(max(*p.ladder.amounts, p.target or 0.0)) for p in regimen.phases)
