"""Quantities as people write them: one strict number and a closed list of units.

``"4.5 mg"``, ``".5 mg"``, ``"14 d"``, ``"3 nmol/L"``. This is the one reader behind prescriptions,
study files, axes, tables of events and the command line. A number is digits with at most one
decimal point and an exponent; a unit is on the list below, or two of the list around a slash.
Nothing else is read, and nothing is evaluated. A week is 7 d and a month is 30 d; a year is
refused, since it is neither 12 mo nor 52 wk.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from numbers import Integral, Real

from ldnsim.errors import UserError, nearest, short

LONGEST = 40
"""Characters of the longest number that is read."""
SMALLEST, LARGEST = 1e-99, 1e99
"""Sizes beyond which a number is no quantity; far inside what a float holds."""
LONGEST_TIME = 5200 * 168.0
"""Hours of the longest time in a study or a regimen, about a hundred years."""
ROUNDING = 1e-12
"""Share by which two numbers may differ and still be the same one; see :func:`same_number`."""
NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?"
"""Pattern of a number without sign, for grammars that hold quantities."""

_SIGNED = re.compile(rf"[+-]?{NUMBER}")
# what somebody may have meant as a number, to tell it from its unit in a message
_LOOKS = re.compile(
    r"(?P<number>(?:[0-9]|[.,'_*/^+\s-](?=[.,'_*/^+\s-]*[0-9])|[eE](?=[+-]?[0-9]))*)(?P<rest>.*)",
    re.DOTALL,
)
_MINUS = "\N{MINUS SIGN}"

Dimension = tuple[int, int, int, int]
"""Exponents of mass, time, substance and volume."""
_MASS, _TIME, _SUBSTANCE, _VOLUME = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)
_PURE = (0, 0, 0, 0)
_MOLAR = (0, 0, 1, -1)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that is read.

    Attributes:
        dimension: exponents of mass, time, substance and volume.
        size: in mg, min, nmol and L, exactly.
    """

    dimension: Dimension
    size: Fraction


_ATOMS: dict[Dimension, dict[str, str]] = {
    _MASS: {"ng": "1e-6", "ug": "1e-3", "mg": "1", "g": "1e3"},
    _TIME: {"min": "1", "h": "60", "d": "1440", "wk": "10080", "mo": "43200"},
    _SUBSTANCE: {"pmol": "1e-3", "nmol": "1", "umol": "1e3", "mmol": "1e6"},
    _VOLUME: {"uL": "1e-6", "mL": "1e-3", "dL": "1e-1", "L": "1"},
    _MOLAR: {"pM": "1e-3", "nM": "1", "uM": "1e3"},
    _PURE: {"1": "1", "%": "1e-2"},
}
_SAME = {
    "ug": ("mcg", "microgram", "micrograms"),
    "mg": ("milligram", "milligrams"),
    "ng": ("nanogram", "nanograms"),
    "g": ("gram", "grams"),
    "min": ("mins", "minute", "minutes"),
    "h": ("hr", "hrs", "hour", "hours"),
    "d": ("day", "days"),
    "wk": ("w", "wks", "week", "weeks"),
    "mo": ("mos", "month", "months"),
    "L": ("liter", "liters", "litre", "litres"),
    "%": ("percent",),
    "1": ("", "dimensionless"),
}
# only under a slash: no dose is written in pg, and no volume in these
_ABOVE = {"pg": Unit(_MASS, Fraction("1e-9"))}
_NAMES: dict[Dimension, tuple[str, str, str]] = {
    _MASS: ("a mass", "4.5 mg", "ng, ug (mcg), mg, g"),
    _TIME: ("a time", "14 d", "min, h, d, wk (7 d), mo (30 d)"),
    _PURE: ("a number without unit", "0.5", "none, or %"),
    _SUBSTANCE: ("an amount of substance", "10 nmol", "pmol, nmol, umol, mmol"),
    _VOLUME: ("a volume", "3 L", "uL, mL, dL, L"),
    _MOLAR: ("a molar concentration", "3 nmol/L", "nmol/L, pM, nM, uM"),
    (1, 0, 0, -1): ("a mass concentration", "5 pg/mL", "pg/mL, ng/mL, ug/L"),
    (0, -1, 0, 0): ("a rate", "0.2 1/h", "1/min, 1/h, 1/d, 1/wk"),
    (1, -1, 0, 0): ("a mass per time", "1 mg/d", "ng/h, ug/d, mg/d"),
    (0, -1, 1, 0): ("an amount of substance per time", "10 nmol/h", "nmol/h, umol/d"),
    (0, -1, 0, 1): ("a clearance", "90 L/h", "mL/min, L/h, L/d"),
}
# words that have a meaning elsewhere, and what to write here
_INSTEAD = {
    **dict.fromkeys(
        ("y", "yr", "yrs", "year", "years", "a", "annum"),
        "write a year as '52 wk' or '365 d'",
    ),
    **dict.fromkeys(("gr", "grain", "grains"), "to some a grain, to others a gram"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "the shortest unit is min"),
    "m": "write min for minutes or mo for months",
}


def _plain(unit: str) -> str:
    """Write a unit without spaces and with u for micro; both signs of micro are in use."""
    text = re.sub(r"\s*/\s*", "/", unit.strip()).replace("µ", "u").replace("μ", "u")
    return f"1{text}" if text.startswith("/") else text


def _table() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for dimension, sizes in _ATOMS.items():
        for name, size in sizes.items():
            for word in (name, *_SAME.get(name, ())):
                found[word if dimension == _MOLAR else word.lower()] = Unit(
                    dimension, Fraction(size)
                )
    return found


_UNITS = _table()


@lru_cache(maxsize=512)
def _atom(name: str) -> Unit | None:
    # a capital M is molar, and a small one is not: nM, but mg and MG are the same
    return _UNITS.get(name) or _UNITS.get(name.lower())


@lru_cache(maxsize=512)
def find_unit(name: str) -> Unit | None:
    """Return a unit of the list, or of two of the list around a slash; None when it is neither.

    Args:
        name: such as ``"mg"``, ``"µg"``, ``"weeks"``, ``"nmol/L"``, ``"1/h"``.
    """
    above, slash, below = _plain(name).partition("/")
    top = (_ABOVE.get(above) if slash else None) or _atom(above)
    if not slash or top is None:
        return top
    bottom = _atom(below)
    if bottom is None or bottom.dimension not in (_TIME, _VOLUME) or above in ("", "%"):
        return None
    exponents = tuple(a - b for a, b in zip(top.dimension, bottom.dimension, strict=True))
    unit = Unit(exponents, top.size / bottom.size)  # type: ignore[arg-type]
    return unit if unit.dimension in _NAMES else None


def is_time(unit: str) -> bool:
    """Whether a unit is one of time; :attr:`Unit.size` is then in minutes."""
    found = find_unit(unit)
    return found is not None and found.dimension == _TIME


def is_mass(unit: str) -> bool:
    """Whether a unit is one of mass; :attr:`Unit.size` is then in mg."""
    found = find_unit(unit)
    return found is not None and found.dimension == _MASS


def read_number(text: str, *, key: str = "value") -> Decimal:
    """Read a plain number, exactly: sign, digits with at most one decimal point, exponent.

    Args:
        text: such as ``"4.5"``, ``".5"``, ``"-1e-3"``; U+2212 counts as minus.
        key: what the user called it; opens the error message.

    Raises:
        UserError: anything else, also ``inf``, ``nan``, ``1_000``, ``1,5`` and sizes beyond
            :data:`SMALLEST` and :data:`LARGEST`, with what to write instead.
    """
    found = _strict(text.strip())
    if found is None:
        number, unit = _split(text[: 3 * LONGEST])
        plain = bool(unit) and _strict(number) is not None
        # not "write 500": of 500 ug in a column of mg that would be another dose
        why = "a unit is not read here, convert to the one named" if plain else _why_not(text)
        raise UserError(f"{key} = {short(text)}: expected a number such as '0.5'; {why}")
    if not _in_range(found):
        raise UserError(f"{key} = {short(text)}: {_OUT_OF_RANGE}")
    return found


def plain_number(value: object, *, key: str = "value") -> float:
    """Return a number given as a number, as a study file or Python has it.

    Args:
        value: an int or float, also of NumPy; no text and no truth value stands for a number.
        key: what the user called it; opens the error message.

    Raises:
        UserError: anything else, and sizes no quantity has, with what to write instead.
    """
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        hint = f"; write {value} without quotes" if is_number(value) else ""
        raise UserError(f"{key} = {short(value)}: expected a number{hint}")
    number = _as_float(value)
    if not math.isfinite(number):
        raise UserError(f"{key} = {short(value)}: expected a finite number")
    if not _in_range(number):
        raise UserError(f"{key} = {short(value)}: expected a number; {_OUT_OF_RANGE}")
    return number


def whole_number(value: object, *, key: str = "value", least: int | None = None) -> int:
    """Return a whole number given as one, of ``least`` or more; see :func:`plain_number`.

    Raises:
        UserError: anything else, also ``2.0``, ``true``, ``"2"`` and more than 64 bits.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        hint = f"; write {value} without quotes" if is_number(value) else ""
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            hint = f"; write {int(value)}"
        raise UserError(f"{key} = {short(value)}: expected a whole number{hint}")
    if abs(int(value)) >= 2**63:
        raise UserError(f"{key} = {short(value)}: expected a whole number of at most 18 digits")
    if least is not None and value < least:
        raise UserError(f"{key} = {short(value)}: expected a whole number of {least} or more")
    return int(value)


def same_number(a: float, b: float) -> bool:
    """Whether two numbers in one unit are the same value, within :data:`ROUNDING`.

    Whole numbers differ where they are not equal: the subjects 10000000001 and 10000000002 do.
    """
    if float(a).is_integer() and float(b).is_integer():
        return a == b
    return abs(a - b) <= ROUNDING * max(abs(a), abs(b))


def is_number(value: object) -> bool:
    """Whether a value is text of a plain number, of any size; see :func:`read_number`."""
    return isinstance(value, str) and _strict(value.strip()) is not None


def to_unit(value: str | float, unit: str, *, key: str = "value") -> float:
    """Return ``value`` as a float in ``unit``.

    Args:
        value: text such as ``"4.5 mg"``, or a number that is already in ``unit``.
        unit: the unit wanted, e.g. ``"mg"`` or ``"h"``.
        key: what the user called it; opens the error message.

    Raises:
        UserError: no number, no unit, an unknown unit, one of another dimension, or a size that no
            quantity has.
    """
    wanted = find_unit(unit)
    if wanted is None:
        units = "; ".join(names for _, _, names in _NAMES.values())
        raise UserError(f"{key}: the unit {short(unit)} is not known; units: {units}")
    if isinstance(value, str):
        number = _from_text(value, unit, wanted, key)
    elif isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise _refuse(key, value, wanted, f"got {type(value).__name__}")
    else:
        number = _as_float(value)
    if not math.isfinite(number):
        raise _refuse(key, value, wanted, "got a number that is not finite")
    if not _in_range(number):
        raise _refuse(key, value, wanted, _OUT_OF_RANGE)
    return number


def in_unit(value: object, unit: str, *, key: str = "value") -> float:
    """Return what is set as a number in a unit of its own, or as text with any unit of its kind.

    The one rule of parameters, shares and axes: ``90`` and ``"90 L/h"``, ``0.1`` and ``"10 %"``.

    Args:
        value: a number, which is in ``unit`` already, or text.
        unit: the unit of what is set.
        key: what the user called it; opens the error message.

    Raises:
        UserError: what :func:`plain_number` and :func:`to_unit` refuse, and pure numbers in quotes.
    """
    if not isinstance(value, str):
        return plain_number(value, key=key)
    if is_number(value) and find_unit(unit) == find_unit("1"):
        raise UserError(
            f"{key} = {value!r}: expected a number; write {value.strip()} without quotes"
        )
    return to_unit(value, unit, key=key)


_OUT_OF_RANGE = f"no quantity is that size (0, or {SMALLEST:g} to {LARGEST:g})"


def _as_float(value: Real | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:  # an int of hundreds of digits
        return math.inf


def _in_range(number: float | Decimal) -> bool:
    return number == 0 or SMALLEST <= abs(float(number)) <= LARGEST


def _strict(text: str) -> Decimal | None:
    """Read a number, or return None; at most LONGEST characters ever reach the conversion."""
    text = text.replace(_MINUS, "-")
    return Decimal(text) if len(text) <= LONGEST and _SIGNED.fullmatch(text) else None


def _split(text: str) -> tuple[str, str]:
    """Part what looks like a number, readable or not, from the unit after it."""
    text = text.strip().replace(_MINUS, "-")
    if strict := _SIGNED.match(text):
        rest = text[strict.end() :]
        if not re.match(r"\s*[0-9.,'_*/^+-]", rest) or re.match(r"\s*/\s*[a-zA-Z]|\s+1\s*/", rest):
            return strict[0], rest.strip()
    loose = _LOOKS.match(text)
    assert loose is not None  # both of its parts may be empty
    return loose["number"].strip(), loose["rest"].strip()


def _from_text(text: str, unit: str, wanted: Unit, key: str) -> float:
    if len(text) > 3 * LONGEST:
        raise _refuse(key, text, wanted, f"got {len(text):,} characters")
    number, name = _split(text)
    found = _strict(number)
    if found is None:
        raise _refuse(key, text, wanted, _why_not(number, name))
    if name == "" and wanted.dimension != _PURE:
        raise _refuse(key, text, wanted, f"it has no unit; write '{number} {unit}'")
    given = None if name in ("1", "dimensionless") else find_unit(name)
    if given is None:
        raise _refuse(key, text, wanted, _unknown_unit(name, wanted))
    if given.dimension != wanted.dimension:
        raise _refuse(key, text, wanted, f"got {_NAMES[given.dimension][0]}")
    if not _in_range(found):  # before the exact arithmetic, which would be slow with such sizes
        raise _refuse(key, text, wanted, _OUT_OF_RANGE)
    return float(Fraction(found) * given.size / wanted.size)


def _why_not(number: str, name: str = "") -> str:
    """Say why something is no number, with the nearest form that is one."""
    text = number.strip()
    unit = f" {name}" if name else ""
    if len(text) > LONGEST:
        return f"got a number of {len(text):,} characters; at most {LONGEST} are read"
    if not any(c.isdigit() for c in text + name):
        return "it has no number"
    if not text:
        return "it does not begin with a number"
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]{3}", text):
        point, plain = text.replace(",", "."), text.replace(",", "")
        return f"a comma is not read; write '{point}{unit}' or '{plain}{unit}', as you mean it"
    if "," in text and _strict(text.replace(",", ".", 1)) is not None:
        return f"a decimal comma is not read; write '{text.replace(',', '.', 1)}{unit}'"
    if re.fullmatch(r"[+-]?[0-9]{1,3}([,_' \u00a0\u202f][0-9]{3})+(\.[0-9]*)?", text):
        bare = re.sub(r"[^0-9.+-]", "", text)
        return f"digits are written without marks between them; write '{bare}{unit}'"
    if re.fullmatch(rf"[+-]?{NUMBER}[eE][+-]?[0-9]*", text) or re.search(
        r"[eE][+-]?[0-9]{3}", text
    ):
        return "its exponent has more than two digits"
    if re.search(r"[0-9.]\s*/\s*[0-9.]", text):
        return "a fraction is not read; write it with a decimal point, such as '0.5'"
    if re.fullmatch(rf"{NUMBER}\s*-\s*{NUMBER}", text):
        return "a range is not read; write one number"
    return "it cannot be read as a number"


def _unknown_unit(name: str, wanted: Unit) -> str:
    choices = [w for w, u in _UNITS.items() if u.dimension == wanted.dimension and w]
    hint = _INSTEAD.get(name.lower(), "")
    close = nearest(name, choices) if len(name) > 2 and name.isalpha() and not hint else ""
    close = close if "mean" in close else ""
    listed = _NAMES[wanted.dimension][2]
    return (
        f"the unit {short(name)} is not known{close}{f' ({hint})' if hint else ''}; units: {listed}"
    )


def _refuse(key: str, value: object, wanted: Unit, problem: str) -> UserError:
    what, example, _ = _NAMES[wanted.dimension]
    mark = "," if problem.startswith("got ") else ";"
    return UserError(f"{key} = {short(value)}: expected {what} such as '{example}'{mark} {problem}")
