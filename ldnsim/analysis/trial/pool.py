"""The pool: virtual patients simulated once under everything that the designs of a study need.

It is an ordinary result: weekly means of pain, burden, dreams and of the hazards of stopping, as
summaries named ``pain_week_3``, over (..., regimen, patient), one regimen for each sequence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ldnsim.analysis.trial.groups import Group, Part, groups_of, names_of
from ldnsim.analysis.trial.regimens import composed, of_regimen, treatments
from ldnsim.config.designs import Design
from ldnsim.errors import UserError

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.sweep.study import Study

PAIN, BURDEN, DREAMS = "pain", "adverse_burden", "vivid_dreams"
ADVERSE, FUTILITY = "hazard_adverse", "hazard_futility"
KEPT = (PAIN, BURDEN, DREAMS, ADVERSE, FUTILITY)
"""Variables whose weekly means are kept."""


def weekly(variable: str, week: int) -> str:
    """Return the name of the summary that is a weekly mean; weeks count from 1."""
    return f"{variable}_week_{week}"


def arms_needed(
    study: Study, designs: Sequence[Design]
) -> tuple[dict[str, Any], dict[str, tuple[Group, ...]], int]:
    """Return what a pool has to hold for some designs.

    Returns:
        regimens by the name of their arm, groups by the title of their design, and weeks.

    Raises:
        UserError: a design that does not fit the study.
    """
    regimens = treatments(study)
    arms: dict[str, Any] = {}
    groups: dict[str, tuple[Group, ...]] = {}
    for design in designs:
        names = names_of(design, regimens)
        found = groups_of(design, names)
        groups[design.title] = found
        _inside(study, design)
        alone = Group(names.control, (Part(names.control, design.weeks_in_all),))
        for group in (alone, *found):
            arms.setdefault(group.arm, composed(group, regimens, design.title))
    return arms, groups, max(d.weeks_in_all for d in designs)


def _inside(study: Study, design: Design) -> None:
    """Refuse a trial that is longer than the study says it is."""
    if study.horizon is None or design.weeks_in_all * 168.0 <= study.horizon:
        return
    washout = getattr(design, "washout", 0.0)
    besides = f", with washouts of {washout / 168.0:g} wk," if washout else ""
    raise UserError(
        f"trial {design.title!r} takes {design.weeks_in_all} wk{besides} and the study ends after"
        f" {study.horizon / 168.0:g} wk (horizon); make its parts shorter, or the horizon longer"
    )


def pool_study(study: Study, designs: Sequence[Design] = ()) -> Study:
    """Return the study whose result is the pool that trials are drawn from.

    Axes over regimens become one list of regimens; the others stay and are dimensions of all that
    is reported.

    Args:
        study: with ``[population]`` and ``[trial]``.
        designs: the study's own when empty.

    Raises:
        UserError: no patients, no design, or one that does not fit the study.
    """
    designs = tuple(designs) or study.trial
    if study.population is None:
        raise UserError("a trial needs patients: add to the study\n[population]\nsize = 2000")
    if not designs:
        raise UserError("the study has no [trial]; add one, such as\n[trial]\ndesign = 'parallel'")
    arms, _, weeks = arms_needed(study, designs)
    data: dict[str, Any] = tomllib.loads(study.resolved())
    left = {a["name"] for a in data["axes"] if of_regimen(a["field"])}
    data["axes"] = [a for a in data["axes"] if a["name"] not in left]
    data["zip"] = [g for g in data.get("zip", ()) if not left.intersection(g)]
    for key in ("regimen", "trial"):
        data.pop(key, None)
    data["title"] = f"pool of {study.title}"
    data["regimens"] = [_entry(name, regimen) for name, regimen in arms.items()]
    data["horizon"] = f"{weeks} wk"
    data["output"] = _output(weeks, study)
    with study.edition.in_force():
        return type(study).build(data, "the pool of patients")


def _entry(name: str, regimen: Any) -> dict[str, Any]:
    from ldnsim.config.event_entry import to_events

    if hasattr(regimen, "phases"):
        return {"prescription": str(regimen), "name": name}
    return {**to_events(regimen), "name": name}


def _output(weeks: int, study: Study) -> dict[str, Any]:
    known = study.edition.model.observables
    summaries = [
        {
            "name": weekly(v, k), "variable": v, "reduction": "mean",
            "from": f"{k - 1} wk", "to": f"{k} wk",
        }
        for v in KEPT if v in known
        for k in range(1, weeks + 1)
    ]  # fmt: skip
    return {
        "variables": [PAIN], "trajectories": False, "night": False, "ledger": False,
        "summaries": summaries,
    }  # fmt: skip


def check_pool(ds: xr.Dataset, study: Study, where: str, designs: Sequence[Design] = ()) -> None:
    """Refuse a stored pool that is not of a study, or lacks what its designs need.

    Args:
        ds: the pool.
        study: whose designs are asked for.
        where: the pool, as messages name it.
        designs: the study's own when empty.

    Raises:
        UserError: naming what differs.
    """
    wanted = pool_study(study, designs)
    own, told = tomllib.loads(wanted.resolved()), tomllib.loads(str(ds.attrs.get("study", "")))
    free = ("regimens", "horizon", "output", "title", "solver", "trial")
    for key in own | told:
        if key not in free and own.get(key) != told.get(key):
            raise UserError(
                f"{where} is a pool of another study: {key} differs; choose another --pool, or"
                " delete it"
            )
    kept = {r["name"]: r for r in told.get("regimens", ())}
    for regimen in own["regimens"]:
        name = regimen["name"]
        if name not in kept or kept[name] != regimen:
            how = "another" if name in kept else "no"
            raise UserError(
                f"{where} has {how} arm {name!r}, which the study needs; it has {', '.join(kept)}."
                " Choose another --pool, or delete it"
            )
    weeks = round(float(wanted.horizon or 0.0) / 168.0)
    if weekly(PAIN, weeks) not in ds:
        raise UserError(f"{where} is shorter than {weeks} wk, which the study needs")
