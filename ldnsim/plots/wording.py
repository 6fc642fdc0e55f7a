"""How numbers become words on a picture: masses, durations, clock times, axis labels."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from ldnsim.units import find_unit, is_mass, is_time

if TYPE_CHECKING:
    import xarray as xr

_PLAIN_UNITS = {
    "mg/d": "mg/day",
    "nmol/L": "nM", "nanomolar": "nM", "ug": "µg", "percent": "%",
}  # fmt: skip


def number(value: float, digits: int = 3) -> str:
    """Write a number with at most ``digits`` significant digits and a true minus sign."""
    if not np.isfinite(value):
        return "–"
    text = f"{value:.{digits}g}"
    if "e" in text and abs(value) > 1e-10:
        text = format(Decimal(text), "f") if abs(value) < 1 else f"{value:.0f}"
    return text.replace("-", "−")


def mass(milligrams: float, digits: int = 3) -> str:
    """Write a mass in the unit a prescriber would use: ``0.001`` (mg) becomes ``1 µg``."""
    size = abs(milligrams)
    if size == 0:
        return "0 mg"
    for unit, in_mg in (("mg", 1.0), ("µg", 1e-3)):
        # 0.1 mg and above read best in mg: the protocols start at 0.1 mg, not at 100 µg
        if size >= (0.1 if unit == "mg" else 1e-3) * (1 - 1e-9):
            return f"{number(milligrams / in_mg, digits)} {unit}"
    return f"{number(milligrams / 1e-6, digits)} ng"


def duration(hours: float, digits: int = 3) -> str:
    """Write a time span in its natural unit: 84 d is ``12 wk``, 90 d is ``3 mo`` (30 d each)."""
    for unit, size in (("mo", 720.0), ("wk", 168.0), ("d", 24.0)):
        count = hours / size
        if count >= 1 - 1e-9 and abs(count - round(count)) < 10 ** (-digits - 3):
            return f"{round(count)} {unit}"
    if abs(hours) >= 48:
        return f"{number(hours / 24, digits)} d"
    return f"{number(hours, digits)} h"


def clock(hours: float) -> str:
    """Write hours from midnight as a clock time, ``26`` as ``02:00``."""
    minutes = round(hours * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


_PURE = ("", "1", "dimensionless")
UNKNOWN_SCALE = "pure number"


class Named(Protocol):
    """A variable as far as it is spoken of: one of xarray, or of a result before it is one."""

    @property
    def name(self) -> Any:
        """Its own name."""

    @property
    def attrs(self) -> Mapping[Any, Any]:
        """Units and words."""


class Words(NamedTuple):
    """What is said of a variable that is not there."""

    name: str
    attrs: Mapping[str, str] = MappingProxyType({})


def unit_of(variable: Named) -> str:
    """Return a variable's unit as printed on an axis; of a pure number, its ``scale`` attribute.

    Results written before variables carried their scale read as :data:`UNKNOWN_SCALE`.
    """
    units = str(variable.attrs.get("units", ""))
    if units in _PURE:
        return str(variable.attrs.get("scale") or UNKNOWN_SCALE)
    return _PLAIN_UNITS.get(units, units)


_TOP = re.compile(r"\b0–(\d+)$")
_SHARES = ("fraction", "share of the worst")
_NONE_IN_HEALTH = "share of the worst"
_FOLD_OFF, _SCALE_OFF = 0.2, 0.05
"""How far from a healthy person's is off: of its size, or of the length of the scale."""


def is_off(attrs: Mapping[str, Any], value: float, healthy: float) -> bool:
    """Tell whether a patient's value is away from a healthy person's.

    By a twentieth of a scale that has two ends (half a point of 10), else by a fifth.

    Args:
        attrs: of the variable; ``scale`` says what its numbers are.
        value: the patient's.
        healthy: a healthy person's.
    """
    scale = str(attrs.get("scale", ""))
    top = _TOP.search(scale)
    length = float(top[1]) if top else 1.0 if scale in _SHARES else 0.0
    room = _SCALE_OFF * length or _FOLD_OFF * abs(healthy)
    return bool(abs(value - healthy) > room)


def healthy_by_scale(attrs: Mapping[str, Any]) -> float:
    """Return what a variable is in a healthy person where its scale says so; NaN elsewhere."""
    scale = str(attrs.get("scale", ""))
    if scale == _NONE_IN_HEALTH:
        return 0.0
    return 1.0 if scale == "fold of healthy" else float("nan")


def name_of(variable: Named) -> str:
    """Return the long name of a variable, or its own name with underscores opened up.

    What follows a comma describes the scale; it is left out where :func:`unit_of` prints that.
    """
    name = str(variable.attrs.get("long_name") or str(variable.name).replace("_", " "))
    says_scale = variable.attrs.get("scale") or str(variable.attrs.get("units", "")) not in _PURE
    return name.split(", ")[0] if says_scale else name


def short_name(variable: Named) -> str:
    """Return what a variable is called in legends; its own name in results that hold no other."""
    own = str(variable.name).removeprefix("night_").replace("_", " ")
    return str(variable.attrs.get("short_name") or own)


def legend_names(variables: Sequence[xr.DataArray]) -> list[str]:
    """Return the short names of variables drawn together, without the last words they share.

    Of ``mu occupancy`` and ``delta occupancy`` the legend says ``mu`` and ``delta``.
    """
    words = [short_name(v).split() for v in variables]
    while len(words) > 1 and min(map(len, words)) > 1 and len({w[-1] for w in words}) == 1:
        words = [w[:-1] for w in words]
    return [" ".join(w) for w in words]


def axis_label(variable: xr.DataArray) -> str:
    """Return ``long name (unit)``; text and numbers without unit and scale have none."""
    units = unit_of(variable)
    if variable.dtype.kind in "OUST" or units == UNKNOWN_SCALE:
        return name_of(variable)
    return f"{name_of(variable)} ({units})"


def value_label(value: Any, units: str, digits: int = 3) -> str:
    """Write one coordinate value with its unit, masses and durations in their natural units.

    Values of one axis may look the same; `ldnsim.plots.selection.labels_of` tells them apart.
    """
    if isinstance(value, str | bytes | bool | np.bool_):
        return str(value).replace("_", " ")
    if is_mass(units):
        return mass(float(value) * _size(units), digits)
    if is_time(units):
        return duration(float(value) * _size(units, "h"), digits)
    shown = _PLAIN_UNITS.get(units, units)
    return number(float(value), digits) + (f" {shown}" if units not in _PURE else "")


def has_natural_units(units: str) -> bool:
    """Tell whether ``value_label`` writes the unit into every value (masses and durations)."""
    return is_mass(units) or is_time(units)


def _size(unit: str, of: str = "mg") -> float:
    """Return how many of one unit another is."""
    found, one = find_unit(unit), find_unit(of)
    assert found is not None and one is not None
    return float(found.size / one.size)


def wrap(text: str, width: int) -> str:
    """Break a text into lines of at most ``width`` characters."""
    return "\n".join(textwrap.wrap(text, max(width, 8), break_long_words=False)) or text
