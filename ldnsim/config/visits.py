"""Blocks of a study in which somebody looks at the patients: visits, and stopping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from ldnsim.config.base import Config
from ldnsim.config.own_function import Function, read_function
from ldnsim.config.quantities import Flag, Fraction, Hours, Number, digest
from ldnsim.config.readings import check_phase, check_reads
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.config.study import StudyConfig
    from ldnsim.regimen import Phase

WEEK = 168.0


class Visits(Config):
    """What visits are like at which rules decide, of all guided regimens of the study."""

    recall: Hours = Field(
        default=WEEK, ge=1.0, validate_default=False, json_schema_extra={"default": "7 d"}
    )
    """What is read is the mean since so long."""
    diary_sd: Number | None = Field(default=None, ge=0.0)
    """Standard deviation of the error of a weekly mean of reported pain (0-10); that of the
    placebo data when left out, 0 for none. Shorter recalls err more, by the square root."""
    rest: Hours = Field(
        default=WEEK, ge=24.0, validate_default=False, json_schema_extra={"default": "7 d"}
    )
    """How long after a rule acted at once none does so again."""
    sha256: dict[str, Annotated[str, AfterValidator(digest)]] = Field(default_factory=dict)
    """SHA-256 of the files with functions that decide, by their names; another file is refused."""


class Stopping(Config):
    """Patients who stop: for adverse effects, for lack of benefit, or for other reasons."""

    hazards: Flag = True
    """Whether burden and lack of benefit make patients stop, at the rates of the model
    (``hazard_adverse``, ``hazard_futility``)."""
    lost_per_week: Fraction = 0.0
    """Share of those on treatment who stop each week for reasons that are none of its doing."""
    every: Hours = Field(
        default=WEEK, ge=24.0, validate_default=False, json_schema_extra={"default": "7 d"}
    )
    """How often it is looked who has stopped; dosing ends at the look that follows."""


def guided_phases(study: StudyConfig) -> list[Phase]:
    """Return the guided phases of the regimens of a study, before axes change them."""
    found = study.named_regimens().values()
    return [p for r in found for p in getattr(r, "phases", ()) if p.is_guided]


def functions(study: StudyConfig, folder: Path | None) -> dict[str, Function]:
    """Return the functions that decide in the regimens of a study, as these name them.

    Args:
        study: the study; the SHA-256 of the files are kept in its block of visits.
        folder: where their paths begin.

    Raises:
        UserError: no such file or function, or an argument that cannot be read.
    """
    found: dict[str, Function] = {}
    digests = dict(study.visits.sha256)
    for name in dict.fromkeys(p.decide for p in guided_phases(study) if p.decide is not None):
        file = name.rpartition(":")[0]
        made = read_function(name, folder or "", digests.get(file))
        check_reads(made.arguments, study.edition, f"decide = '{name}'")
        digests[file] = made.sha256
        found[name] = made
    object.__setattr__(study.visits, "sha256", digests)
    return found


def rules_can_be_followed(study: StudyConfig) -> Iterator[str]:
    """What rules read and do is there."""
    for phase in guided_phases(study):
        try:
            check_phase(phase, study.edition)
        except UserError as error:
            yield f"regimen: {error}"


def functions_are_listed(study: StudyConfig) -> Iterator[str]:
    """A function decides in listed regimens only: their files are read with the study."""
    for i, axis in enumerate(study.axes, start=1):
        values = axis.values if axis.field.partition(".")[0] == "regimen" else ()
        if any(".py:" in str(v) for v in values or ()):
            yield (
                f"axes[{i}]: a regimen that is decided by a function cannot be the value of an"
                " axis; list it in [[regimens]]"
            )


def visits_are_of_rules(study: StudyConfig) -> Iterator[str]:
    """Settings of visits, and files of functions, are of use to a regimen of the study."""
    usual = Visits()
    names = ("recall", "diary_sd", "rest")
    given = [n for n in names if getattr(study.visits, n) != getattr(usual, n)]
    swept = any(a.field.partition(".")[0] == "regimen" for a in study.axes)
    if given and not guided_phases(study) and not swept:
        yield (
            f"visits.{given[0]} is set, and no regimen has rules: leave [visits] out, or"
            " write a rule, such as 'every 2 wk +0.5 mg if burden < 3'"
        )
    used = {p.decide.rpartition(":")[0] for p in guided_phases(study) if p.decide}
    for file in study.visits.sha256:
        if file not in used:
            yield f"visits.sha256: no regimen is decided by a function of {file!r}"


def adjuncts_have_one_master(study: StudyConfig) -> Iterator[str]:
    """An adjunct that rules begin or end is taken from the start on, or not at all."""
    from ldnsim.regimen.guided import adjuncts

    ruled = {name for phase in guided_phases(study) for name in adjuncts(phase)}
    for a in study.modifiers.adjuncts:
        if a.name in ruled and (a.start or a.stop is not None):
            yield (
                f"modifiers.adjuncts: {a.name!r} has a start or a stop, and rules begin or end it"
                " as well; leave one of them out"
            )


RULES = (
    rules_can_be_followed,
    functions_are_listed,
    visits_are_of_rules,
    adjuncts_have_one_master,
)
