"""What patients on placebo report, read from data: rival accounts with their evidence."""

from __future__ import annotations

from dataclasses import dataclass

from ldnsim.catalog.read import Known, TableEntry, cited, entry_of, toml
from ldnsim.errors import UserError
from ldnsim.mechanisms.record import GRADES

RESPONSE_FIELDS = (
    "title", "week", "mean", "effect_size", "responders30", "sd", "grade", "note",
)  # fmt: skip
NUMBER_FIELDS = ("value", "unit", "grade", "note")
NUMBERS = ("half_time", "diary_sd", "sd_fallback")


@dataclass(frozen=True)
class Number:
    """One number with its evidence.

    Attributes:
        value: in ``unit``.
        unit: unit text.
        grade: evidence grade.
        note: how it was chosen.
        sources: keys cited.
    """

    value: float
    unit: str
    grade: str
    note: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Response:
    """One account of the placebo response of pain on the 0-10 scale.

    Attributes:
        name: spelling used in calls.
        title: in words.
        week: when the numbers were taken.
        mean: mean change; ``None`` where an effect size stands for it.
        effect_size: mean change in units of the standard deviation of changes.
        responders30: share of patients whose pain falls by 30 %; ``None`` where ``sd`` is given.
        sd: standard deviation of the response between patients; ``None`` where it follows.
        grade: evidence grade.
        note: how it was chosen.
        sources: keys cited.
    """

    name: str
    title: str
    week: float
    mean: float | None
    effect_size: float | None
    responders30: float | None
    sd: float | None
    grade: str
    note: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class PlaceboData:
    """The data file: accounts by name, and the numbers all of them share."""

    responses: dict[str, Response]
    numbers: dict[str, Number]


def read_placebo(text: str, file: str, known: Known) -> PlaceboData:
    """Read the placebo data; ``known`` is the bibliography.

    Raises:
        UserError: a mistake in the file, an unknown grade or reference, not exactly one of mean
            and effect size, or of responders and deviation, or a number that is missing.
    """
    root = entry_of(file, "placebo", toml(text, file))
    root.only(("responses", "parameters"))
    responses = {n: _response(e, known) for n, e in root.table("responses").items()}
    numbers = {n: _number(e, known) for n, e in root.table("parameters").items()}
    missing = [n for n in NUMBERS if n not in numbers]
    if missing:
        raise UserError(f"{file}: parameters.{missing[0]} is missing")
    return PlaceboData(responses, numbers)


def _response(entry: TableEntry, known: Known) -> Response:
    entry.only(RESPONSE_FIELDS)
    entry.one_of("mean", "effect_size")
    entry.one_of("responders30", "sd")
    return Response(
        entry.name,
        entry.text("title"),
        entry.number("week"),
        entry.optional("mean"),
        entry.optional("effect_size"),
        entry.optional("responders30"),
        entry.optional("sd"),
        entry.choice("grade", GRADES),
        entry.text("note"),
        cited(entry, known, [entry.text("note")]),
    )


def _number(entry: TableEntry, known: Known) -> Number:
    entry.only(NUMBER_FIELDS)
    return Number(
        entry.number("value"),
        entry.text("unit"),
        entry.choice("grade", GRADES),
        entry.text("note"),
        cited(entry, known, [entry.text("note")]),
    )
