"""The regimens of a study by name, and sequences of them as regimens of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ldnsim.analysis.trial.arms import NO_DRUG
from ldnsim.analysis.trial.groups import Group, is_nothing
from ldnsim.config.rules import name_of
from ldnsim.errors import UserError
from ldnsim.regimen import Regimen

if TYPE_CHECKING:
    from ldnsim.sweep.study import Study

WEEK = 168.0


def treatments(study: Study) -> dict[str, Any]:
    """Return every regimen of a study by name, points of axes over regimens too.

    The first without drug stands first; ``placebo`` is added where none is without drug.

    Raises:
        UserError: two points of the axes have one name.
    """
    from ldnsim.analysis.trial.arms import outline
    from ldnsim.plots.members import label_of

    small = study.population.model_copy(update={"size": 2}) if study.population else None
    plan = study.model_copy(update={"population": small}).plan()
    facet = plan.runs.facet(of_regimen)
    laid, found = outline(plan), {}
    for row in map(int, facet.runs()):
        own = plan.runs[row].regimen
        at = np_index(row, plan.shape)
        axes = {d.name: at[k] for k, d in enumerate(plan.dims) if k in facet.axes}
        name = label_of(laid, axes) if axes else name_of(own)
        if name in found:
            raise UserError(f"two regimens of the study are called {name!r}; give each a name")
        found[name] = own
    empty = [n for n, r in found.items() if is_nothing(r)]
    if not empty:
        weeks = max(1, round(plan.end / WEEK))
        none = Regimen.parse(f"placebo nightly at 22:00, for {weeks} wk")
        return {NO_DRUG: none, **found}
    return {empty[0]: found[empty[0]], **found}


def of_regimen(field: str) -> bool:
    """Whether a field of an axis says what is taken."""
    return field.partition(".")[0] == "regimen"


def np_index(row: int, shape: tuple[int, ...]) -> list[int]:
    """Return where a run is on its grid."""
    import numpy as np

    return [int(k) for k in np.unravel_index(row, shape)]


def composed(group: Group, regimens: Mapping[str, Any], trial: str) -> Any:
    """Return what a group takes as one regimen.

    Args:
        group: the group.
        regimens: by name.
        trial: name of the trial, for messages.

    Raises:
        UserError: a regimen that ends too early, or whose phases cannot be told apart.
    """
    if len(group.parts) == 1:
        own = regimens[group.parts[0].regimen]
        _long_enough(own, group.parts[0].weeks, group.parts[0].regimen, trial)
        return own
    phases: list[Any] = []
    for part in group.parts:
        own = regimens[part.regimen]
        if not hasattr(own, "phases"):
            raise UserError(
                f"trial {trial!r} gives {part.regimen!r} for {part.weeks} wk of several, which only"
                " a prescription can be cut to; write it as one"
            )
        _long_enough(own, part.weeks, part.regimen, trial)
        phases += _first(own, part.weeks)
    days = {regimens[p.regimen].start_day for p in group.parts if _names_days(regimens[p.regimen])}
    if len(days) > 1:
        raise UserError(
            f"trial {trial!r}: regimens that begin on different days of the week cannot follow one"
            " another; let all begin on the same"
        )
    from ldnsim.regimen.weekdays import day_name

    start = {"start_day": day_name(days.pop())} if days and any(days) else {}
    return Regimen.parse({"phases": phases, **start}).model_copy(update={"name": group.arm})


def _names_days(regimen: Any) -> bool:
    return any(phase.days is not None for phase in regimen.phases)


def _long_enough(regimen: Any, weeks: int, name: str, trial: str) -> None:
    """Refuse a regimen that ends before its time; one without drug may end at any."""
    length = getattr(regimen, "duration_h", None)
    if length is not None and not is_nothing(regimen) and length < weeks * WEEK - 1e-6:
        raise UserError(
            f"trial {trial!r} gives {name!r} for {weeks} wk, and it ends after"
            f" {length / WEEK:.3g} wk; write it 'for {weeks} wk'"
        )


def _first(regimen: Any, weeks: int) -> list[Any]:
    """Return the phases of the first weeks of a regimen, the last of them cut short."""
    if is_nothing(regimen):
        return [Regimen.parse(f"placebo nightly at 22:00, for {weeks} wk").phases[0]]
    left, found = weeks * WEEK, []
    for phase in regimen.phases:
        length = (phase.length or 0) / 60.0
        take = min(left, length)
        if take <= 0.0:
            break
        cut = phase if take == length else phase.model_copy(update={"duration": take, "hold": None})
        found.append(cut)
        left -= take
    return found
