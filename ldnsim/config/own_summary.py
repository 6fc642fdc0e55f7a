"""Summaries that a study defines: ``[[output.summaries]]``, read, checked and made into records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
)

from ldnsim.config.base import Config
from ldnsim.config.entries import FOLDER
from ldnsim.config.molar import reading
from ldnsim.config.own_function import Function, FunctionEntry, read_function
from ldnsim.config.quantities import Hours, digest, time_text
from ldnsim.config.summaries import SUMMARIES, stored_variables, with_setting
from ldnsim.errors import UserError, nearest, short
from ldnsim.measure import KINDS, Summary
from ldnsim.units import in_unit, is_number, plain_number, read_number, to_unit

if TYPE_CHECKING:
    from ldnsim.config.blocks import Output
    from ldnsim.config.study import StudyConfig
    from ldnsim.mechanisms.record import Variable
    from ldnsim.model import Model

GROUPS = ("default", "all")
"""Words for many summaries of the package."""
_OF_UNTREATED = re.compile(r"(?P<share>.*\S)\s+of\s+untreated\s*")
_WHEN = {
    "night": " in the close-up",
    "week": " in the last week of treatment",
    "end": " at the end of the simulation",
    "run": " in the whole simulation",
    "start": " in the first four weeks",
    "treatment": " in all of treatment",
}


def _number_or_text(value: Any) -> Any:
    return value if isinstance(value, str) else plain_number(value)


class OwnSummary(Config):
    """A summary of a study's own: a reduction of a variable, or a Python function."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: str
    """Name in the result; alone, that of a summary of the package, ``"default"`` or ``"all"``."""
    variable: str | None = None
    """Name of the model variable."""
    reduction: (
        Literal[
            "mean", "integral", "max", "min", "hours_above", "hours_below", "first_below",
            "first_above", "staying", "staying_weekly", "same_clock",
        ]
        | None
    ) = None  # fmt: skip
    """How it is reduced; ``staying``: the share staying under a hazard, over the window or each
    week of it; ``same_clock``: hours of the close-up above the untreated patient at that time of
    day."""
    window: Literal["night", "week", "end", "run", "start", "treatment"] | None = None
    """The part of the run by name: the close-up, the last week of treatment or of the simulation,
    all of it, its first four weeks, all of treatment; or:"""
    begin: Hours | None = Field(default=None, alias="from")
    """when it begins,"""
    to: Hours | None = None
    """and when it ends."""
    threshold: Annotated[float | str, BeforeValidator(_number_or_text)] | None = None
    """For hours and first times: a number in the unit of the variable, text with a unit, or a
    multiple such as ``"0.7 of untreated"``."""
    against: Literal["change", "percent"] | None = None
    """The change from the untreated patient, as it is or in percent; of means and extremes."""
    function: FunctionEntry | None = None
    """Instead of a reduction: ``"file.py:name"``, called with the stored trajectory of a run."""
    sha256: Annotated[str, AfterValidator(digest)] | None = None
    """SHA-256 of that file; another file of that name is refused."""
    unit: str | None = None
    """Unit of what the function returns."""
    better: Literal["lower", "higher"] | None = None
    """Which way a patient is better off; otherwise as the variable has it."""
    long_name: str | None = None
    """Text for an axis; made from the rest when left out."""

    def model_post_init(self, _: Any) -> None:
        """Keep which file the function is of."""
        if self.function is not None and self.sha256 is None:
            object.__setattr__(self, "sha256", self.function.sha256)


def _plain(value: Any, info: ValidationInfo) -> Any:
    """Take a table that is only a name of the package for that name; read functions."""
    if not isinstance(value, list | tuple):
        return value
    folder = (info.context or {}).get(FOLDER, "")
    return tuple(_entry(one, folder, i) for i, one in enumerate(value, start=1))


def _entry(value: Any, folder: Any, number: int) -> Any:
    if not isinstance(value, Mapping):
        return value
    if list(value) == ["name"] and value["name"] in (*GROUPS, *SUMMARIES):
        return value["name"]
    text, known = value.get("function"), value.get("sha256")
    if text is None or isinstance(text, Function):
        return value
    try:
        return {**value, "function": read_function(text, folder, known)}
    except UserError as error:
        raise UserError(f"output.summaries[{number}].{error}") from error


def _form(value: Any) -> str:
    return "(table)" if isinstance(value, Mapping | OwnSummary) else "str"


Entry = Annotated[
    Annotated[str, Tag("str")] | Annotated[OwnSummary, Tag("(table)")], Discriminator(_form)
]
Summaries = Annotated[
    Annotated[tuple[Entry, ...], Tag("[list]")]
    | Annotated[Literal["default", "all"], Tag("(word)")],
    Discriminator(lambda value: "(word)" if isinstance(value, str) else "[list]"),
    BeforeValidator(_plain),
]
"""``output.summaries``: names, tables, or one word for many."""


def chosen(output: Output, model: Model) -> tuple[Summary, ...]:
    """Return the records of the summaries that a study asks for, in order, each once.

    Raises:
        UserError: a table that does not fit the model.
    """
    wanted = output.summaries
    found: list[Summary] = []
    for one in (wanted,) if isinstance(wanted, str) else wanted:
        if isinstance(one, OwnSummary):
            found.append(record(one, model))
        elif one in GROUPS:
            some = [s for s in SUMMARIES.values() if one == "all" or s.standard]
            found += [s for s in some if s.variable in model.observables]
        else:
            found.append(SUMMARIES[one])
    return tuple({s.name: with_setting(s, output) for s in found}.values())


def record(own: OwnSummary, model: Model) -> Summary:
    """Return the record of a table that :func:`faults` finds nothing in.

    Raises:
        UserError: the threshold is not one of the variable.
    """
    if own.function is not None:
        call = own.function
        return Summary(
            "", "function", window="run", name=own.name,
            long_name=own.long_name or own.name.replace("_", " "),
            meaning=f"what {call} returns for the stored trajectory", unit=own.unit or "1",
            better=own.better or "", shipped=False, function=call,
        )  # fmt: skip
    variable = model.observables[str(own.variable)]
    kind = KINDS[str(own.reduction)]
    level, relative = read_threshold(own.threshold, variable.unit, variable.name)
    words = kind.words.format(variable.long_name.split(", ")[0])
    if kind.level:
        clock = " at the same clock time" if kind.level == "same clock" else ""
        words += f" {level:g} of untreated{clock}" if relative else f" {level:g} {variable.unit}"
    begin, stop = own.begin or 0.0, own.to or 0.0
    words = f"change of {words} from untreated" if own.against else words.removesuffix(" 1")
    hours = f" between {_from_to(begin, stop)}"
    words += _WHEN[own.window] if own.window else hours
    sense = "variable" if kind.sense > 0 else _OTHER[variable.better]
    return Summary(
        variable.name, str(own.reduction), begin, stop, level, own.window or "",
        own.against or "", relative, name=own.name, long_name=own.long_name or words,
        meaning=words, better=own.better or sense, shipped=False,
    )  # fmt: skip


def _from_to(begin: float, stop: float) -> str:
    """Write two times in one unit: the longest in which both are whole, else hours."""
    for unit, size in (("wk", 168.0), ("d", 24.0)):
        if stop % size == begin % size == 0.0:
            return f"{begin / size:.0f} and {stop / size:.0f} {unit}"
    return f"{begin:g} and {stop:g} h"


_OTHER = {"lower": "higher", "higher": "lower", "": ""}


def read_threshold(value: float | str | None, unit: str, name: str = "") -> tuple[float, bool]:
    """Return a threshold, and whether it is a multiple of what it is in the untreated patient.

    Args:
        value: a number in the unit of the variable, text with a unit, or ``"0.7 of untreated"``.
        unit: of the variable.
        name: of the variable: a concentration of the drug is read as mass or as substance.

    Raises:
        UserError: no number, or a unit that the variable does not have.
    """
    if value is None:
        return 0.0, False
    if isinstance(value, str) and (found := _OF_UNTREATED.fullmatch(value)):
        text, key = found["share"].strip(), "threshold"
        share = (
            float(read_number(text, key=key)) if is_number(text) else to_unit(text, "1", key=key)
        )
        if share <= 0.0:
            raise UserError(f"threshold = {value!r}: expected a share above 0")
        return share, True
    factor, given = reading(value, name, unit or "1")
    return factor * in_unit(value, given, key="threshold"), False


def check(study: StudyConfig, taken: set[str]) -> Iterator[str]:
    """Yield what is wrong with the summaries of a study, one line each.

    Args:
        study: the study.
        taken: names that the result has something of already.
    """
    wanted = study.output.summaries
    if isinstance(wanted, str):
        return
    own = [one.name for one in wanted if isinstance(one, OwnSummary)]
    for i, one in enumerate(wanted, start=1):
        if isinstance(one, OwnSummary):
            for key, text in faults(one, study, taken, Counter(own)[one.name]):
                yield f"output.summaries[{i}].{key}{text}"
        elif one not in (*GROUPS, *SUMMARIES):
            yield f"output.summaries: summary {short(one)} is not known{nearest(one, SUMMARIES)}"


def faults(
    own: OwnSummary, study: StudyConfig, taken: set[str], times: int
) -> Iterator[tuple[str, str]]:
    """Yield the key of each mistake in a table and what is wrong there."""
    named, known = f"name = {short(own.name)}: ", study.edition.model.observables
    if own.variable is None and own.function is None:
        hint = nearest(own.name, SUMMARIES) if "mean" in nearest(own.name, SUMMARIES) else ""
        yield (
            "name",
            f"{named[4:]}no summary of the package, and neither variable nor function" + hint,
        )
        return
    if not own.name.isidentifier():
        yield "name", f"{named[4:]}expected letters, digits and _, such as 'worst_night'"
    elif own.name in {*taken, *(a.name for a in study.axes)} or times > 1:
        what = f"{times} tables have" if times > 1 else "the result has something of"
        yield "name", f"{named[4:]}{what} that name; choose another, such as 'own_{own.name}'"
    if own.function is not None:
        yield from _of_function(own, own.function, study)
        return
    for key in ("unit", "sha256"):
        if (value := getattr(own, key)) is not None:
            yield key, f" = {short(value)}: that of a reduction is its variable's; leave it out"
    if own.variable not in known:
        yield (
            "variable",
            f" = {short(own.variable)} is not known{nearest(str(own.variable), known)}",
        )
        return
    if own.reduction is None:
        yield "reduction", f": this key is needed and is missing; valid: {', '.join(_REDUCTIONS)}"
        return
    yield from _of_window(own, study.horizon)
    if (unit := KINDS[own.reduction].of) and known[own.variable].unit != unit:
        some = ", ".join(n for n, v in known.items() if v.unit == unit)
        yield "variable", f" = '{own.variable}': {own.reduction} is of a hazard in {unit}: {some}"
        return
    yield from _of_level(own, known[str(own.variable)])


_NAMED = "'night', 'week', 'end', 'run', 'start' or 'treatment'"
_REDUCTIONS = tuple(name for name, kind in KINDS.items() if kind.engine or kind.level)


def _of_window(own: OwnSummary, end: float | None) -> Iterator[tuple[str, str]]:
    if own.window is not None:
        for key, value in (("from", own.begin), ("to", own.to)):
            if value is not None:
                yield key, f" = '{time_text(value)}': window = '{own.window}' says it; keep one"
        if own.reduction == "same_clock" and own.window != "night":
            yield "window", f" = '{own.window}': same_clock is of the close-up; write 'night'"
    elif own.reduction == "same_clock":
        yield "window", ": same_clock is of the close-up; write window = 'night'"
    elif own.begin is None or own.to is None:
        lacks = "window" if own.begin is own.to else "from" if own.begin is None else "to"
        yield lacks, f": this key is needed: window = {_NAMED}, or from and to"
    elif own.to <= own.begin:
        yield "to", f" = '{time_text(own.to)}': not after from = '{time_text(own.begin)}'"
    elif end is not None and own.to > end:
        yield "to", f" = '{time_text(own.to)}': after the end of the study at {time_text(end)}"


def _of_level(own: OwnSummary, variable: Variable) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with what a reduction is taken against."""
    kind, given = KINDS[str(own.reduction)], own.threshold is not None
    if given and not kind.level:
        some = ", ".join(n for n in _REDUCTIONS if KINDS[n].level)
        yield "threshold", f" = {short(own.threshold)}: {own.reduction} uses none; {some} do"
    elif kind.level and not given:
        example = "1.05" if kind.level == "same clock" else "0.7"
        yield "threshold", f": {own.reduction} needs one, such as '{example} of untreated'"
    elif given:
        try:
            level, relative = read_threshold(own.threshold, variable.unit, variable.name)
        except UserError as error:
            yield "", str(error)
        else:
            if kind.level == "same clock" and not relative:
                yield (
                    "threshold",
                    (
                        f" = {short(own.threshold)}: same_clock is against the untreated patient;"
                        " write a multiple, such as '1.05 of untreated'"
                    ),
                )
            elif not relative:
                yield from _never(own, level, variable)
    if own.against and not kind.against:
        some = ", ".join(n for n in _REDUCTIONS if KINDS[n].against)
        yield "against", f" = '{own.against}': not of {own.reduction}; of {some}"


def _never(own: OwnSummary, level: float, variable: Variable) -> Iterator[tuple[str, str]]:
    """Yield that a variable is never beyond a level, where its bounds say so."""
    above = str(own.reduction).endswith("above")
    bound = variable.span[1] if above else variable.span[0]
    if level >= bound if above else level <= bound:
        side, unit = "above" if above else "below", f" {variable.unit}".removesuffix(" 1")
        yield (
            "threshold",
            f" = {short(own.threshold)}: {own.variable} is never {side} {bound:g}{unit}",
        )


def _of_function(
    own: OwnSummary, function: Function, study: StudyConfig
) -> Iterator[tuple[str, str]]:
    for key in ("variable", "reduction", "window", "begin", "to", "threshold", "against"):
        if (value := getattr(own, key)) is not None:
            yield key.replace("begin", "from"), f" = {short(value)}: the function says it; keep one"
    # an area has the unit of a quantity, times h
    try:
        to_unit(1.0, (own.unit or "1").removesuffix(" h"), key="unit")
    except UserError as error:
        yield "", str(error)
    start = f" = '{function}': "
    if not study.output.trajectories:
        yield "function", f"{start}needs what is stored over time; set output.trajectories = true"
        return
    stored = stored_names(study)
    for name in function.arguments:
        if name not in stored:
            in_model = name.removeprefix("baseline_") in study.edition.model.observables
            hint = "; add it to output.variables" if in_model else nearest(name, stored)
            yield "function", f"{start}its argument {name!r} is not stored{hint}"


def after_the_end(study: StudyConfig, end: float) -> Iterator[str]:
    """Yield the windows that reach past the end of a study (h), one line each."""
    wanted = study.output.summaries
    for i, one in enumerate(() if isinstance(wanted, str) else wanted, start=1):
        if isinstance(one, OwnSummary) and one.to is not None:
            found = (text for key, text in _of_window(one, end) if key == "to")
            yield from (f"output.summaries[{i}].to{text}" for text in found)


def stored_names(study: StudyConfig) -> list[str]:
    """Return what a function of the stored trajectory can take as arguments."""
    kept = stored_variables(study.output.variables, study.edition.model.observables)
    return ["time", *kept, *(f"baseline_{name}" for name in kept)]
