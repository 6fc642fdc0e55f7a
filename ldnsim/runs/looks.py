"""From a study to the looks at its runs: those of visits, of habits, and of who has stopped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ldnsim.config.readings import check_phase
from ldnsim.config.study import StudyConfig
from ldnsim.errors import UserError
from ldnsim.regimen import Phase
from ldnsim.regimen.formats import interval_text, minutes
from ldnsim.regimen.guided import Guide, adjuncts
from ldnsim.runs.dosing import Dosing
from ldnsim.runs.watch import BURDEN, DAY, WEEK, Watch


def make_watch(study: StudyConfig, dosing: Dosing, end: float) -> Watch | None:
    """Find out when the runs of a study are looked at; None where they never are.

    Args:
        study: the study.
        dosing: the doses of its runs.
        end: horizon, h.

    Raises:
        UserError: a regimen whose rules cannot be followed.
    """
    names: dict[str, None] = {}
    begun: dict[str, None] = {}
    looks: set[int] = set()
    for begin, stop, phase in _guided(dosing):
        check_phase(phase, study.edition)
        names.update(dict.fromkeys(_reads(study, phase)))
        begun.update(dict.fromkeys(adjuncts(phase)))
        looks |= _looks(Guide(phase), begin, stop)
    if dosing.misses_by_burden:
        names[BURDEN] = None
        looks |= {minutes(t) for t in np.arange(WEEK, end, WEEK)}
    stops = set() if study.stopping is None else _every(study.stopping.every, end)
    times = sorted(t for t in looks | stops if 0 < t < minutes(end))
    if study.stopping is not None and not stops:
        raise UserError(
            f"stopping.every = '{interval_text(study.stopping.every)}' is not before the end of the"
            f" study at {end / DAY:g} d: nobody would ever be seen to have stopped"
        )
    if not times and dosing.is_guided:
        raise UserError(
            f"horizon: the study ends on day {end / DAY:g}, before the first visit of any regimen"
            " with rules: no rule could act; make it longer"
        )
    if not times:
        return None
    sd = study.visits.diary_sd
    return Watch(
        np.array(times) / 60.0,
        tuple(names),
        tuple(t in stops for t in times),
        tuple(begun),
        study.visits,
        study.stopping,
        study.edition.placebo.numbers["diary_sd"].value if sd is None else sd,
        study.seed,
    )


def _guided(dosing: Dosing) -> list[tuple[float, float, Phase]]:
    """Return the guided phases of all runs, with begin and end (h)."""
    found = []
    for regimen in dosing.examples:
        edge = 0.0
        for phase in getattr(regimen, "phases", ()):
            length = (phase.length or 0) / 60.0
            if phase.is_guided:
                found.append((edge, edge + length, phase))
            edge += length
    return found


def _every(hours: float, end: float) -> set[int]:
    return set(range(minutes(hours), minutes(end), minutes(hours)))


def _reads(study: StudyConfig, phase: Phase) -> Sequence[str]:
    """Return what is read for a phase: by its rules, or by its function."""
    if phase.decide is not None:
        return study.functions[phase.decide].loaded().arguments
    return Guide(phase).reads


def _looks(guide: Guide, begin: float, end: float) -> set[int]:
    """Return the minutes of the looks that a guided phase asks for."""
    found = {minutes(t) for t in guide.visits(begin, end)}
    if guide.looks_daily:
        found.update(range(minutes(begin) + 1440, minutes(end), 1440))
    return found
