"""The values a prescription is made of: doses, shares of the target, spans, clock times, factors.

Doses are floats in mg and spans floats in hours; both are read from exact decimal text, and spans
are rounded to whole minutes, so that text -> value -> text is lossless.
"""

from __future__ import annotations

import datetime
import re
from fractions import Fraction
from numbers import Real
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, ValidationInfo
from pydantic import WithJsonSchema as Schema

from ldnsim.errors import UserError
from ldnsim.regimen.formats import (
    Share,
    amount_text,
    clock_text,
    dose_text,
    factor_text,
    minutes,
    span_text,
)
from ldnsim.units import LONGEST_TIME, to_unit

NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?"
SHARE = (
    rf"(?:{NUMBER}\s*/\s*{NUMBER}|{NUMBER}\s*%|{NUMBER})"
    r"\s*(?:of|x)\s+(?:the\s+)?target|target(?:\s*/\s*\d+)?"
)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::00)?\s*(?:([ap])\.?m\.?)?", re.IGNORECASE)


def _key(info: ValidationInfo) -> str:
    return info.field_name or "value"


def read_amount(value: Any, info: ValidationInfo) -> Any:
    """Read a dose (mg, may be signed) or a share such as ``"1/8 of target"``."""
    if value is None or isinstance(value, Share):
        return value
    share = _read_share(value) if isinstance(value, str) else None
    return share if share is not None else to_unit(value, "mg", key=_key(info))


def _read_share(text: str) -> Share | None:
    sign, body = re.fullmatch(r"\s*([+-]?)\s*(.*?)\s*", text.lower(), re.DOTALL).groups()  # type: ignore[union-attr]
    if not re.fullmatch(SHARE, body):
        return None
    if body.startswith("target"):
        body = "1" + body.removeprefix("target")
    number, percent = re.split(r"\s*(?:of|x)\s+", body)[0].strip(), False
    if number.endswith("%"):
        number, percent = number[:-1].strip(), True
    above, _, below = number.partition("/")
    if below and Fraction(below.strip()) == 0:
        raise UserError(f"{text!r}: a share cannot have 0 below the line; an example is '1/8'")
    value = Fraction(above.strip()) / Fraction(below.strip() or 1) / (100 if percent else 1)
    return Share(-value if sign == "-" else value)


def read_mass(value: Any, info: ValidationInfo) -> Any:
    """Read a dose in mg; a share of the target makes no sense here."""
    if isinstance(value, Share) or (isinstance(value, str) and _read_share(value)):
        raise UserError(
            f"{_key(info)} = {str(value)!r}: expected a mass such as '4.5 mg'; only the start and "
            "the step of a ladder that climbs 'to' a target can be a share of it"
        )
    return None if value is None else to_unit(value, "mg", key=_key(info))


def read_span(value: Any, info: ValidationInfo) -> float | None:
    """Read a positive span in hours, rounded to whole minutes."""
    if value is None:
        return None
    if isinstance(value, datetime.timedelta):
        value = value.total_seconds() / 3600
    total = minutes(to_unit(value, "h", key=_key(info)))
    if total <= 0:
        raise UserError(
            f"{_key(info)} = {value!r}: expected a time of at least one minute, such as '14 d'"
        )
    if total > LONGEST_TIME * 60:
        raise UserError(f"{_key(info)} = {value!r}: expected a time of at most 5200 wk")
    return total / 60


def read_clock(value: Any, info: ValidationInfo) -> float:
    """Read a time of day in hours: ``"22:00"``, ``"10 pm"``, ``22.0``, or a TOML local time."""
    hours: Any = value
    if isinstance(value, datetime.time):
        hours = value.hour + value.minute / 60
    elif isinstance(value, str):
        hours = _clock_hours(value)
    if isinstance(hours, Real) and not isinstance(hours, bool) and 0 <= float(hours) < 24:
        return minutes(float(hours)) % (24 * 60) / 60
    raise UserError(f"{_key(info)} = {value!r}: expected a time of day such as '22:00' or '8 am'")


def _clock_hours(text: str) -> float | None:
    match = _CLOCK.fullmatch(text.strip())
    if match is None or not (match[2] or match[3]) or int(match[2] or 0) > 59:
        return None
    hour = int(match[1])
    if match[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[3].lower() == "p" else 0)
    return hour + int(match[2] or 0) / 60


def read_factor(value: Any, info: ValidationInfo) -> Fraction | None:
    """Read the factor of one ladder step: ``"x2"``, ``"/2"``, ``"x4/3"``, or a number."""
    if value is None or isinstance(value, Fraction):
        return value
    text = re.sub(r"\s", "", str(value).lower()).replace("×", "x")
    match = re.fullmatch(rf"(x?|/)({NUMBER})(?:/({NUMBER}))?", text)
    if (
        match is None
        or isinstance(value, bool)
        or not all(Fraction(g or 1) for g in match.groups()[1:])
    ):
        raise UserError(f"{_key(info)} = {value!r}: expected a factor such as 'x2' or '/2'")
    size = Fraction(match[2]) / Fraction(match[3] or 1)
    return 1 / size if match[1] == "/" else size


def _json(kind: list[str], meaning: str, *examples: object) -> Schema:
    return Schema({"type": kind, "description": meaning, "examples": list(examples)})


_MIXED = ["string", "number"]
Mass = Annotated[
    float,
    BeforeValidator(read_mass),
    PlainSerializer(dose_text, when_used="unless-none"),
    _json(_MIXED, "a dose with its unit; a bare number is mg", "4.5 mg", "50 ug"),
]
Amount = Annotated[
    float | Share,
    PlainValidator(read_amount),
    PlainSerializer(amount_text, when_used="unless-none"),
    _json(
        _MIXED, "a dose, or a share of the target; a bare number is mg", "0.5 mg", "1/8 of target"
    ),
]
Span = Annotated[
    float,
    BeforeValidator(read_span),
    PlainSerializer(span_text, when_used="unless-none"),
    _json(_MIXED, "a time with its unit (mo = 30 d); a bare number is hours", "14 d", "26 wk"),
]
Clock = Annotated[
    float,
    BeforeValidator(read_clock),
    PlainSerializer(clock_text, when_used="unless-none"),
    _json(_MIXED, "a time of day; a bare number is hours after midnight", "22:00", "8 am"),
]
Factor = Annotated[
    Fraction,
    PlainValidator(read_factor),
    PlainSerializer(factor_text, when_used="unless-none"),
    _json(_MIXED, "what one step multiplies (x2) or divides (/2) the dose by", "x2", "/2"),
]
