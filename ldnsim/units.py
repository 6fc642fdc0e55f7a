"""Quantities with units, read from what a user wrote: ``"4.5 mg"``, ``"14 d"``, ``"3 nmol/L"``.

Masses and times, the units of prescriptions, are converted with exact decimal arithmetic and cost
no import; anything else is left to pint, which is loaded on first need. A week is 7 d and a
month is 30 d.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING, Any

from ldnsim.errors import UserError, nearest

if TYPE_CHECKING:
    import pint

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_SIMPLE = re.compile(rf"\s*({_NUMBER})\s*([A-Za-zµμ]+)\s*")

_MASS = {"kg": "1e6", "g": "1e3", "mg": "1", "ug": "1e-3", "mcg": "1e-3", "ng": "1e-6"}
_HOURS = {"h": 60, "d": 24 * 60, "wk": 7 * 24 * 60, "mo": 30 * 24 * 60}
_ALIASES = {
    **dict.fromkeys(("µg", "μg", "microgram", "micrograms"), "ug"),
    **dict.fromkeys(("milligram", "milligrams"), "mg"),
    **dict.fromkeys(("nanogram", "nanograms"), "ng"),
    **dict.fromkeys(("gram", "grams"), "g"),
    **dict.fromkeys(("minute", "minutes", "mins"), "min"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("week", "weeks", "wks", "w"), "wk"),
    **dict.fromkeys(("month", "months", "mos"), "mo"),
}
# unit -> (dimension, size in mg or in minutes): whole minutes keep calendar arithmetic exact
_EXACT: dict[str, tuple[str, Decimal]] = {
    **{name: ("[mass]", Decimal(size)) for name, size in _MASS.items()},
    **{name: ("[time]", Decimal(size)) for name, size in _HOURS.items()},
    "min": ("[time]", Decimal(1)),
}
_NAMES = {
    "[mass]": ("a mass", "4.5 mg"),
    "[time]": ("a time", "14 d"),
    "dimensionless": ("a number without unit", "0.5"),
    "[substance]": ("an amount of substance", "10 nmol"),
    "[substance] / [length] ** 3": ("a molar concentration", "3 nmol/L"),
    "[mass] / [length] ** 3": ("a mass concentration", "5 pg/mL"),
    "1 / [time]": ("a rate", "0.2 1/h"),
    "[mass] / [time]": ("a mass per time", "1 mg/d"),
    "[length] ** 3": ("a volume", "3 L"),
    "[length] ** 3 / [time]": ("a clearance", "90 L/h"),
}


def to_unit(value: str | float, unit: str, *, key: str = "value") -> float:
    """Return ``value`` as a float in ``unit``.

    Args:
        value: text such as ``"4.5 mg"``, or a number that is already in ``unit``.
        unit: the unit wanted, e.g. ``"mg"`` or ``"h"``.
        key: what the user called it; opens the error message.

    Raises:
        UserError: no number, no unit, an unknown unit, or a unit of another dimension.
    """
    if isinstance(value, bool) or not isinstance(value, str | Real):
        raise _refuse(key, value, unit, f"got {type(value).__name__}")
    number = float(value) if not isinstance(value, str) else _from_text(value, unit, key)
    if not math.isfinite(number):
        raise _refuse(key, value, unit, "got a number that is not finite")
    return number


@cache
def registry() -> pint.UnitRegistry[float]:
    """Return the shared pint registry, made on first use (pint is slow to import)."""
    import pint

    made: pint.UnitRegistry[float] = pint.UnitRegistry(cache_folder=None)
    made.define("calendar_month = 30 * day")
    made.preprocessors.append(_spell_for_pint)
    return made


def _spell_for_pint(text: str) -> str:
    text = re.sub(r"(?<![A-Za-z])mcg(?![A-Za-z])", "ug", text)
    text = re.sub(r"(?<![A-Za-z])wks?(?![A-Za-z])", "week", text)
    return re.sub(r"(?<![A-Za-z])(?:mos?|months?)(?![A-Za-z])", "calendar_month", text)


def _exact(name: str) -> tuple[str, Decimal] | None:
    low = name.lower()
    return _EXACT.get(_ALIASES.get(low, low))


def _from_text(text: str, unit: str, key: str) -> float:
    simple, wanted = _SIMPLE.fullmatch(text), _exact(unit)
    found = _exact(simple[2]) if simple else None
    if simple is None or found is None or wanted is None:
        return _by_pint(text, unit, key)
    if found[0] != wanted[0]:
        raise _refuse(key, text, unit, f"got {_NAMES[found[0]][0]}")
    return float(Decimal(simple[1]) * found[1] / wanted[1])


def _by_pint(text: str, unit: str, key: str) -> float:
    import pint

    try:
        quantity: Any = registry().Quantity(text.strip())
    except pint.UndefinedUnitError as error:
        names = error.unit_names if isinstance(error.unit_names, str) else error.unit_names[0]
        if not any(letter.isdigit() for letter in text):
            raise _refuse(key, text, unit, "it has no number") from None
        hint = nearest(names, [*_EXACT, *_ALIASES])
        raise _refuse(key, text, unit, f"the unit {names!r} is not known{hint}") from None
    except Exception:  # pint's parser raises many kinds (tokenize, assertion, attribute, ...)
        raise _refuse(key, text, unit, "it cannot be read as a number with a unit") from None
    if quantity.dimensionless and quantity.unitless and not registry().Quantity(unit).unitless:
        raise _refuse(key, text, unit, "it has no unit")
    try:
        return float(quantity.to(unit).magnitude)
    except pint.DimensionalityError:
        got, _ = _describe(str(quantity.dimensionality))
        raise _refuse(key, text, unit, f"got {got}") from None


def _describe(dimension: str) -> tuple[str, str]:
    return _NAMES.get(dimension, (f"a quantity of dimension {dimension}", ""))


def _refuse(key: str, value: object, unit: str, problem: str) -> UserError:
    known = _exact(unit)
    dimension = known[0] if known else str(registry().Quantity(1.0, unit).dimensionality)
    what, example = _describe(dimension)
    example = example or f"2 {unit}"
    return UserError(f"{key} = {value!r}: expected {what} such as '{example}', {problem}")
