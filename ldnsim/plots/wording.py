"""How numbers become words on a picture: masses, durations, clock times, axis labels."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import xarray as xr

_MASS_IN_MG = {"mg": 1.0, "ug": 1e-3, "µg": 1e-3, "mcg": 1e-3, "ng": 1e-6, "g": 1e3}
_TIME_IN_H = {
    "h": 1.0, "hour": 1.0, "hours": 1.0, "min": 1 / 60, "d": 24.0, "day": 24.0, "days": 24.0,
    "wk": 168.0, "week": 168.0, "weeks": 168.0, "mo": 720.0, "month": 720.0,
}  # fmt: skip
_PLAIN_UNITS = {
    "mg/d": "mg/day",
    "nmol/L": "nM", "nanomolar": "nM", "ug": "µg", "percent": "%",
}  # fmt: skip


def number(value: float, digits: int = 3) -> str:
    """Write a number with at most ``digits`` significant digits and a true minus sign."""
    if not np.isfinite(value):
        return "–"
    text = f"{value:.{digits}g}"
    if "e" in text:
        text = f"{float(text):.10f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:.0f}"
    return text.replace("-", "−")


def mass(milligrams: float) -> str:
    """Write a mass in the unit a prescriber would use: ``0.001`` (mg) becomes ``1 µg``."""
    size = abs(milligrams)
    if size == 0:
        return "0 mg"
    for unit, in_mg in (("mg", 1.0), ("µg", 1e-3)):
        # 0.1 mg and above read best in mg: the protocols start at 0.1 mg, not at 100 µg
        if size >= (0.1 if unit == "mg" else 1e-3) * (1 - 1e-9):
            return f"{number(milligrams / in_mg)} {unit}"
    return f"{number(milligrams / 1e-6)} ng"


def duration(hours: float) -> str:
    """Write a time span in its natural unit: 84 d is ``12 wk``, 90 d is ``3 mo`` (30 d each)."""
    for unit, size in (("mo", 720.0), ("wk", 168.0), ("d", 24.0)):
        count = hours / size
        if count >= 1 - 1e-9 and abs(count - round(count)) < 1e-6:
            return f"{round(count)} {unit}"
    if abs(hours) >= 48:
        return f"{number(hours / 24)} d"
    return f"{number(hours)} h"


def clock(hours: float) -> str:
    """Write hours from midnight as a clock time, ``26`` as ``02:00``."""
    minutes = round(hours * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


_PURE = ("", "1", "dimensionless")
UNKNOWN_SCALE = "pure number"


def unit_of(variable: xr.DataArray) -> str:
    """Return a variable's unit as printed on an axis; of a pure number, its ``scale`` attribute.

    Results written before variables carried their scale read as :data:`UNKNOWN_SCALE`.
    """
    units = str(variable.attrs.get("units", ""))
    if units in _PURE:
        return str(variable.attrs.get("scale") or UNKNOWN_SCALE)
    return _PLAIN_UNITS.get(units, units)


def name_of(variable: xr.DataArray) -> str:
    """Return the long name of a variable, or its own name with underscores opened up.

    What follows a comma describes the scale; it is left out where :func:`unit_of` prints that.
    """
    name = str(variable.attrs.get("long_name") or str(variable.name).replace("_", " "))
    says_scale = variable.attrs.get("scale") or str(variable.attrs.get("units", "")) not in _PURE
    return name.split(", ")[0] if says_scale else name


def axis_label(variable: xr.DataArray) -> str:
    """Return ``long name (unit)``; text and numbers without unit and scale have none."""
    units = unit_of(variable)
    if variable.dtype.kind in "OUST" or units == UNKNOWN_SCALE:
        return name_of(variable)
    return f"{name_of(variable)} ({units})"


def value_label(value: Any, units: str) -> str:
    """Write one coordinate value with its unit, masses and durations in their natural units."""
    if isinstance(value, str | bytes | bool | np.bool_):
        return str(value).replace("_", " ")
    if units in _MASS_IN_MG:
        return mass(float(value) * _MASS_IN_MG[units])
    if units in _TIME_IN_H:
        return duration(float(value) * _TIME_IN_H[units])
    shown = _PLAIN_UNITS.get(units, units)
    return number(float(value)) + (f" {shown}" if units not in ("", "1", "dimensionless") else "")


def has_natural_units(units: str) -> bool:
    """Tell whether ``value_label`` writes the unit into every value (masses and durations)."""
    return units in _MASS_IN_MG or units in _TIME_IN_H


def in_hours(units: str) -> float:
    """Return how many hours one of a time unit is."""
    return _TIME_IN_H[units]


def wrap(text: str, width: int) -> str:
    """Break a text into lines of at most ``width`` characters."""
    return "\n".join(textwrap.wrap(text, max(width, 8), break_long_words=False)) or text
