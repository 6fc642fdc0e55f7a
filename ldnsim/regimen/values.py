"""The values a prescription is made of: doses, shares of the target, spans, clock times, factors.

Doses are floats in mg and spans floats in hours; both are read from exact decimal text, and spans
are whole minutes, so that text -> value -> text is lossless. Every number goes through
`ldnsim.units`, and a quantity without its unit is refused here as it is in a prescription.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, ValidationInfo
from pydantic import WithJsonSchema as Schema

from ldnsim.errors import UserError, short
from ldnsim.regimen.formats import (
    SLACK,
    Share,
    amount_text,
    clock_text,
    dose_text,
    exact,
    factor_text,
    span_text,
    whole_minutes,
)
from ldnsim.units import LONGEST, LONGEST_TIME, NUMBER, plain_number, read_number, to_unit

_LARGEST = 10**39  # above and below the line of a share or factor, so that its text reads back
SHARE = (
    rf"(?:{NUMBER}\s*/\s*{NUMBER}|{NUMBER}\s*%|{NUMBER})"
    rf"\s*(?:of|x)\s+(?:the\s+)?target|target(?:\s*/\s*{NUMBER})?"
)
UNIT = r"(?!e[+-]?[0-9])[a-z]+"  # not the exponent of a number that is too long to be read
MASS = rf"{NUMBER}\s*{UNIT}"
SOLUTION = (
    rf"(?P<ml>{NUMBER})\s*ml\s*(?:of\s+)?(?:an?\s+|the\s+)?\(?(?P<strength>{MASS})"
    r"\s*(?:/|per)\s*(?:1\s*)?ml\)?(?:\s+(?:oral\s+)?(?:solution|suspension|liquid))?"
)
PILL = r"(?:capsule|tablet|pill|cap|tab)"
CAPSULE = (
    rf"(?:1|one|an?)\s+{PILL}\s*(?:of\s+|\()\s*(?P<in_it>{MASS})\)?"
    rf"|(?:(?:one|an?)\s+)?(?P<before_it>{MASS})\s+{PILL}"
)
CLOCK = r"(?:[0-9]{1,2}(?::[0-9]{2})?\s*[ap]\.?m\b\.?|[0-9]{1,2}:[0-9]{2})"
_CLOCK = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))?(?::00)?\s*(?:([ap])\.?m\.?)?")
_FACTOR = re.compile(rf"(x?|/)({NUMBER})(?:/({NUMBER}))?")
_ENDLESS = re.compile(rf"[0-9]{{{LONGEST + 1}}}")
_SPELLING = {
    **dict.fromkeys("−–‐‑", "-"),
    **dict.fromkeys("×✕", "x"),
    **dict.fromkeys("µμ", "u"),
}  # fmt: skip


def spell(text: str) -> str:
    """Return text in small letters, with plain signs and single spaces.

    Raises:
        UserError: a number longer than any that is read, before a pattern tries all its parts.
    """
    if _ENDLESS.search(text):
        raise UserError(f"{short(text)}: a number of more than {LONGEST} digits")
    for old, new in _SPELLING.items():
        text = text.replace(old, new)
    return " ".join(text.lower().split())


def held(value: Any, info: ValidationInfo) -> bool:
    """Whether a value was read before, and is no number that a user wrote.

    The context of validation then holds the very values that a phase has and keeps.
    """
    return any(value is kept for kept in info.context or ())


def _key(info: ValidationInfo) -> str:
    return info.field_name or "value"


def _bare(key: str, value: Any, example: str, *units: str) -> UserError:
    """Build the error for a number without unit, or for something that is no quantity at all."""
    if isinstance(value, Real) and not isinstance(value, bool):
        plain_number(value, key=key)
        shown = short(value)
        forms = " or ".join(f"'{shown} {unit}'" for unit in units)
        return UserError(f"{key} = {shown} has no unit; write it as text, such as {forms}")
    return UserError(f"{key} = {short(value)}: expected text such as {example}")


def read_amount(value: Any, info: ValidationInfo) -> Any:
    """Read a dose (mg, may be signed) or a share such as ``"1/8 of target"``."""
    if value is None or isinstance(value, Share) or held(value, info):
        return value
    share = _read_share(value, _key(info)) if isinstance(value, str) else None
    return share if share is not None else _read_mg(value, _key(info))


def _read_mg(value: Any, key: str) -> float:
    """Read a dose by weight, as a volume of a solution, or as one capsule."""
    if not isinstance(value, str):
        raise _bare(key, value, "'4.5 mg'", "mg")
    text = spell(value)
    if match := re.fullmatch(rf"(?P<sign>[+-]?) ?(?:{SOLUTION})", text):
        volume = Fraction(read_number(match["sign"] + match["ml"], key=key))
        return float(volume * exact(to_unit(match["strength"], "mg", key=key)))
    if match := re.fullmatch(CAPSULE, text):
        return to_unit(match["in_it"] or match["before_it"], "mg", key=key)
    if re.fullmatch(rf"[+-]? ?{NUMBER} ?ml", text):
        raise UserError(
            f"{key} = {short(value)}: a volume needs its strength, such as '1 ml of 0.5 mg/ml'"
        )
    return to_unit(text, "mg", key=key)


def _ratio(above: str, below: str | None, key: str) -> Fraction:
    """Return a ratio of two numbers, within sizes whose text reads back."""
    top, bottom = (Fraction(read_number(n, key=key)) for n in (above, below or "1"))
    if bottom == 0:
        raise UserError(f"{key} = '{above}/{below}': 0 below the line; an example is '1/8'")
    value = top / bottom
    if max(abs(value.numerator), value.denominator) > _LARGEST:
        raise UserError(f"{key} = '{above}{'/' + below if below else ''}': no ratio is that size")
    return value


def _read_share(text: str, key: str) -> Share | None:
    sign, body = re.fullmatch(r"([+-]?) ?(.*)", spell(text)).groups()  # type: ignore[union-attr]
    if not re.fullmatch(SHARE, body):
        return None
    if body.startswith("target"):
        body = "1" + body.removeprefix("target")
    number = re.split(r"\s*(?:of|x)\s+", body)[0].strip()
    above, _, below = number.removesuffix("%").partition("/")
    value = _ratio(above, below or None, key) / (100 if number.endswith("%") else 1)
    return Share(-value if sign == "-" else value)


def read_mass(value: Any, info: ValidationInfo) -> Any:
    """Read a dose in mg; a share of the target makes no sense here."""
    if held(value, info):
        return value
    if isinstance(value, Share) or (isinstance(value, str) and _read_share(value, _key(info))):
        raise UserError(
            f"{_key(info)} = {str(value)!r}: expected a mass such as '4.5 mg'; only the start and "
            "the step of a ladder that climbs 'to' a target can be a share of it"
        )
    return None if value is None else _read_mg(value, _key(info))


def read_time(value: Any, *, key: str = "value", zero: bool = False) -> float:
    """Read a time in hours: text with its unit, or a time span of Python.

    Args:
        value: such as ``"26 wk"``, ``"12 h"``, ``"3 mo"`` (a month is 30 d).
        key: what the user called it; opens the error message.
        zero: whether 0 is a time too, with or without unit.

    Raises:
        UserError: no unit or not one of time, less than a minute, or more than a hundred years.
    """
    if isinstance(value, datetime.timedelta):
        hours = value.total_seconds() / 3600
    elif isinstance(value, str):
        hours = to_unit(spell(value), "h", key=key)
    elif zero and not isinstance(value, bool) and value == 0:
        hours = 0.0
    else:
        raise _bare(key, value, "'14 d'", "h", "d")
    if hours > LONGEST_TIME:
        raise UserError(
            f"{key} = {short(value)}: expected a time of at most {span_text(LONGEST_TIME)}; is the"
            " unit right?"
        )
    if hours * 60 < 1 - SLACK and not (zero and hours == 0):
        raise UserError(
            f"{key} = {short(value)}: expected a time of at least one minute, such as '14 d'"
        )
    return hours


def read_span(value: Any, info: ValidationInfo) -> Any:
    """Read a positive span of whole minutes in hours, up to a hundred years."""
    if value is None or held(value, info):
        return value
    key = _key(info)
    hours = read_time(value, key=key)
    total = whole_minutes(hours)
    if total is None:
        near = span_text(hours)
        raise UserError(f"{key} = {short(value)}: expected whole minutes; the nearest are {near}")
    return total / 60


def read_clock(value: Any, info: ValidationInfo) -> Any:
    """Read a time of day in hours: ``"22:00"``, ``"10 pm"``, or a TOML local time."""
    return value if held(value, info) else clock_hours(value, _key(info))


def clock_hours(value: Any, key: str) -> float:
    """Return a time of day in hours after midnight.

    Raises:
        UserError: anything but a time of day in whole minutes, such as ``22.30``.
    """
    if isinstance(value, datetime.time) and not (value.second or value.microsecond or value.tzinfo):
        return value.hour + value.minute / 60
    found = _clock_minutes(spell(value)) if isinstance(value, str) else None
    if found is None:
        raise UserError(
            f"{key} = {short(value)}: expected a time of day such as '22:00' or '8 am'"
            f"{_clock_hint(value)}"
        )
    return found / 60


def _clock_minutes(text: str) -> int | None:
    match = _CLOCK.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[3] == "p" else 0)
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def _clock_hint(value: Any) -> str:
    """Return the time of day that was probably meant by ``22.30``, ``22`` or ``"2230"``."""
    match = re.fullmatch(r"'?([0-9]{1,2})(?:[.h]?([0-9]{1,2}))?h?'?", short(value))
    if match is None or int(match[1]) > 23 or match[2] == "5":  # 7.5 is 07:30 to some
        return ""
    after = (match[2] or "0").ljust(2, "0")
    return f"; did you mean '{int(match[1]):02d}:{after}'?" if int(after) < 60 else ""


def read_factor(value: Any, info: ValidationInfo) -> Fraction | None:
    """Read the factor of one ladder step: ``"x2"``, ``"/2"``, ``"x4/3"``, or a number."""
    if value is None or isinstance(value, Fraction):
        return value
    number = isinstance(value, str | Real) and not isinstance(value, bool)
    written = value if isinstance(value, str) else short(value)
    match = _FACTOR.fullmatch(spell(written).replace(" ", "")) if number else None
    if match is None:
        raise UserError(f"{_key(info)} = {short(value)}: expected a factor such as 'x2' or '/2'")
    size = _ratio(match[2], match[3], _key(info))
    if size == 0:
        raise UserError(
            f"{_key(info)} = {short(value)}: expected a factor above 0, such as 'x2' or '/2'"
        )
    return 1 / size if match[1] == "/" else size


@dataclass(frozen=True)
class Along:
    """How the values of a type are written along an axis of a study.

    Attributes:
        words: what is expected, where they are no quantities.
        unit: of quantities; empty for words.
        example: of a quantity, with its unit.
    """

    words: str = "words in quotes"
    unit: str = ""
    example: str = ""


_MASS, _SPAN = Along(unit="mg", example="4.5 mg"), Along(unit="d", example="14 d")


def _json(kind: list[str] | str, meaning: str, *examples: object) -> Schema:
    return Schema({"type": kind, "description": meaning, "examples": list(examples)})


Mass = Annotated[
    float,
    BeforeValidator(read_mass),
    PlainSerializer(dose_text, when_used="unless-none"),
    _json("string", "a dose with its unit", "4.5 mg", "50 ug", "1 ml of 0.5 mg/ml"),
    _MASS,
]
Amount = Annotated[
    float | Share,
    PlainValidator(read_amount),
    PlainSerializer(amount_text, when_used="unless-none"),
    _json("string", "a dose with its unit, or a share of the target", "0.5 mg", "1/8 of target"),
    _MASS,
]
Span = Annotated[
    float,
    BeforeValidator(read_span),
    PlainSerializer(span_text, when_used="unless-none"),
    _json("string", "a time with its unit (a week is 7 d, a month 30 d)", "14 d", "26 wk"),
    _SPAN,
]
Clock = Annotated[
    float,
    BeforeValidator(read_clock),
    PlainSerializer(clock_text, when_used="unless-none"),
    _json("string", "a time of day", "22:00", "8 am"),
    Along("times of day such as '22:00'"),
]
Factor = Annotated[
    Fraction,
    PlainValidator(read_factor),
    PlainSerializer(factor_text, when_used="unless-none"),
    _json(
        ["string", "number"],
        "what one step multiplies (x2) or divides (/2) the dose by",
        "x2",
        "/2",
    ),
    Along("factors such as 'x2'"),
]
