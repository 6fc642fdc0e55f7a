"""Rules on when things happen: nothing is planned that would do nothing, or undo something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ldnsim.config.quantities import time_text

if TYPE_CHECKING:
    from ldnsim.config.study import StudyConfig


def after_the_end(study: StudyConfig, end: float) -> Iterator[str]:
    """Complain of adjuncts that start only when the study is over.

    Args:
        study: the study.
        end: of the simulation, hours.
    """
    for i, adjunct in enumerate(study.modifiers.adjuncts, start=1):
        if adjunct.start >= end:
            yield (
                f"modifiers.adjuncts[{i}].start = '{time_text(adjunct.start)}': {adjunct.name}"
                f" would start after the end of the study at '{time_text(end)}'; make it earlier,"
                " set a longer horizon, or remove it"
            )


def adjuncts_start_before_the_end(study: StudyConfig) -> Iterator[str]:
    """Adjuncts start within a horizon that is given; of others the plan knows the end."""
    if study.horizon is not None:
        yield from after_the_end(study, study.horizon)


def changes_do_not_collide(study: StudyConfig) -> Iterator[str]:
    """A parameter takes one value at a time: of two changes at once the last would win."""
    seen: dict[tuple[str, float], int] = {}
    for i, change in enumerate(study.changes, start=1):
        first = seen.setdefault((change.parameter, change.at), i)
        if first != i:
            yield (
                f"changes[{first}] and changes[{i}] both change {change.parameter} at"
                f" '{time_text(change.at)}'; keep one of them"
            )


RULES = (adjuncts_start_before_the_end, changes_do_not_collide)
