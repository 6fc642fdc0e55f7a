"""Named days: on which days of the week doses are taken. Monday is 0.

Only days that are named can be simulated: "5 nights a week" leaves open which, and a dose on Monday
and Tuesday is not one on Monday and Thursday.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, ValidationInfo
from pydantic import WithJsonSchema as Schema

from ldnsim.errors import UserError, short
from ldnsim.regimen.values import held, spell

NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EXAMPLE = "'Mon, Wed and Fri'"
DAY = (
    r"(?:mon(?:days?)?|tue(?:s|sdays?)?|wed(?:nesdays?)?|thu(?:r|rs|rsdays?)?|fri(?:days?)?"
    r"|sat(?:urdays?)?|sun(?:days?)?)\b"
)
_JOIN = r"(?: ?, ?and | ?[,/&-] ?| and | to | through | )"
DAYS = rf"(?:{DAY}(?:{_JOIN}{DAY})*|week ?days?\b|week ?ends?\b)"
OFF = rf"(?:except|not|(?:nights?|days?) off|no doses?|skip)(?: on)?:? {DAYS}|{DAYS} off"
_EVERY = frozenset(range(7))


def weekday(text: str) -> int:
    """Return the number of a day whose name is known to be one."""
    return [n.lower() for n in NAMES].index(text[:3])


def read_days(value: Any, info: ValidationInfo) -> Any:
    """Read named days: ``"Mon/Wed/Fri"``, ``"weekdays"``, ``"except Sun"``, or a list of names."""
    return (
        value
        if value is None or held(value, info)
        else named_days(value, info.field_name or "days")
    )


def named_days(value: Any, key: str = "days") -> tuple[int, ...]:
    """Return the numbers of named days in order.

    Raises:
        UserError: anything else, a day named twice, or no day that is left.
    """
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        text = ", ".join(spell(v) for v in value)
    else:
        text = spell(value) if isinstance(value, str) else ""
    if re.fullmatch(OFF, text):
        kept = tuple(sorted(_EVERY - set(_list(re.search(DAYS, text)[0], key))))  # type: ignore[index]
    elif re.fullmatch(rf"(?:on )?{DAYS}(?: only)?", text):
        kept = _list(re.sub("^on | only$", "", text), key)
    else:
        raise UserError(f"{key} = {short(value)}: expected days of the week such as {EXAMPLE}")
    if not kept:
        raise UserError(f"{key} = {short(value)}: no day is left; write 'stop' for no doses")
    return kept


def _list(text: str, key: str) -> tuple[int, ...]:
    if text.startswith("week"):
        return (5, 6) if "end" in text else (0, 1, 2, 3, 4)
    found: list[int] = []
    joints = re.split(DAY, text)[1:-1]
    for day, before in zip(re.findall(DAY, text), ["", *joints], strict=True):
        number, span = weekday(day), before.strip() in ("-", "to", "through")
        if span and len(joints) > 1:
            raise UserError(
                f"{key} = '{text}': a list or a span of days? write 'Mon/Wed/Fri' or 'Mon to Fri'"
            )
        more = [(found[-1] + k) % 7 for k in range(1, (number - found[-1]) % 7 + 1)] if span else []
        for one in more or [number]:
            if one in found:
                raise UserError(f"{key} = '{text}': {NAMES[one]} is named twice")
            found.append(one)
    return tuple(sorted(found))


def days_text(days: Iterable[int]) -> str:
    """Return days as text: ``"Mon, Wed and Fri"``."""
    *first, last = (NAMES[d] for d in days)
    return f"{', '.join(first)} and {last}" if first else last


def read_start_day(value: Any, info: ValidationInfo) -> int:
    """Read which day of the week day 0 is, by its name."""
    text = spell(value) if isinstance(value, str) else ""
    if not re.fullmatch(DAY, text):
        raise UserError(
            f"{info.field_name} = {short(value)}: expected the day of the week of day 0, such as "
            "'Wed'"
        )
    return weekday(text)


def day_name(day: int) -> str:
    """Return the short name of a day."""
    return NAMES[day]


Days = Annotated[
    tuple[int, ...],
    PlainValidator(read_days),
    PlainSerializer(days_text, when_used="unless-none"),
    Schema(
        {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "description": "days of the week with doses",
            "examples": ["Mon/Wed/Fri", "weekdays", "except Sun"],
        }
    ),
]
StartDay = Annotated[
    int,
    PlainValidator(read_start_day),
    PlainSerializer(day_name),
    Schema(
        {"type": "string", "description": "day of the week of day 0", "enum": list(NAMES)},
    ),
]
