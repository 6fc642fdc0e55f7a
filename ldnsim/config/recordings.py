"""Rules of studies that run recorded doses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ldnsim.regimen import Recorded, Recordings

if TYPE_CHECKING:
    from ldnsim.config.study import StudyConfig


def recorded_doses_are_taken(study: StudyConfig) -> Iterator[str]:
    """No adherence model acts on doses that were recorded as taken."""
    recorded = [r for r in study.named_regimens().values() if isinstance(r, Recorded)]
    if not recorded:
        return
    what = f"{recorded[0]} are already what was taken"
    if study.adherence is not None:
        yield f"adherence: {what}; remove [adherence], or give a prescription instead"
    for i, axis in enumerate(study.axes, start=1):
        if axis.field.startswith("adherence."):
            yield f"axes[{i}].field = {axis.field!r}: {what}; remove the axis"


def ids_have_a_dimension(study: StudyConfig) -> Iterator[str]:
    """Subjects are run along ``id`` when they are the one regimen of the study."""
    for i, regimen in enumerate(study.regimens, start=1):
        if isinstance(regimen, Recordings):
            yield (
                f"regimens[{i}].ids: several subjects are a dimension of their own; use [regimen],"
                f" or list one entry per subject, each with id and name: {', '.join(regimen.ids)}"
            )
    for i, axis in enumerate(study.axes, start=1):
        if isinstance(study.regimen, Recordings) and axis.name == "id":
            yield f"axes[{i}].name = 'id': the subjects of the event table are called that"
        if isinstance(study.regimen, Recorded | Recordings) and axis.field == "regimen":
            yield f"axes[{i}].field = 'regimen': [regimen] gives recorded doses; keep one of them"


RULES = (recorded_doses_are_taken, ids_have_a_dimension)
