"""Doses, spans and factors as text, each in the form that reads back as the same value."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

_SPANS = (("wk", 7 * 24 * 60), ("mo", 30 * 24 * 60), ("d", 24 * 60), ("h", 60), ("min", 1))
_INTERVALS = _SPANS[1:]  # "every 14 d" reads better than "every 2 wk"

SLACK = 0.02
"""Minutes that hours written as decimals may be off."""


@dataclass(frozen=True, slots=True)
class Share:
    """A dose written as a share of the target, so that it follows a sweep over the target."""

    value: Fraction

    def __str__(self) -> str:
        """Return text such as ``"1/8 of target"``."""
        return f"{self.value} of target"

    def of(self, target_mg: float) -> Fraction:
        """Return the exact dose in mg for a target in mg."""
        return self.value * exact(target_mg)


@lru_cache(maxsize=4096)
def exact(number: float) -> Fraction:
    """Return the decimal number a float was written as (0.1 is one tenth)."""
    return Fraction(repr(float(number)))


def minutes(hours: float) -> int:
    """Return a time as a whole number of minutes, the resolution of every schedule."""
    return round(hours * 60)


def whole_minutes(hours: float) -> int | None:
    """Return a time as the whole minutes it was meant as; None where it is between two.

    Hours as decimals round: 0.333 h is 20 min, and 0.33 h is none.
    """
    total = hours * 60
    return round(total) if abs(total - round(total)) <= SLACK else None


def nearest_minutes(hours: float, least: int = 0) -> str:
    """Return the nearest whole minutes as hours, such as ``"22.0166667 h"``, which read back."""
    return f"{round(max(round(hours * 60), least) / 60, 7):.15g} h"


def decimal_text(number: Decimal) -> str:
    """Return plain decimal notation without an exponent or trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def dose_text(mg: float) -> str:
    """Return a dose in the unit a prescriber would use: ``"4.5 mg"``, ``"50 ug"``, ``"1 ng"``."""
    scale, unit = (0, "mg") if abs(mg) >= 0.1 or mg == 0 else (3, "ug")
    if 0 < abs(mg) < 1e-4:
        scale, unit = 6, "ng"
    return f"{decimal_text(Decimal(repr(float(mg))).scaleb(scale))} {unit}"


def amount_text(amount: float | Share) -> str:
    """Return a dose, or a share of the target, as text."""
    return str(amount) if isinstance(amount, Share) else dose_text(amount)


def span_text(hours: float) -> str:
    """Return a span in its largest whole unit: ``"26 wk"``, ``"1 mo"``, ``"36 h"``."""
    total = minutes(hours)
    unit, size = next((u, s) for u, s in _SPANS if total % s == 0)
    return f"{total // size} {unit}"


def interval_text(hours: float) -> str:
    """Return what follows "every": ``"14 d"``, ``"3 mo"``, ``"6 h"``."""
    total = minutes(hours)
    unit, size = next((u, s) for u, s in _INTERVALS if total % s == 0)
    return f"{total // size} {unit}"


def clock_text(hours: float) -> str:
    """Return a time of day as ``"22:00"``."""
    return "{:02d}:{:02d}".format(*divmod(minutes(hours), 60))


def is_night(clock_h: float) -> bool:
    """Whether a time of day is called night in canonical text: 18:00 up to 06:00."""
    return clock_h >= 18 or clock_h < 6


def factor_text(factor: Fraction) -> str:
    """Return a ladder's factor as ``"x2"`` or ``"/2"``."""
    sign, size = ("x", factor) if factor >= 1 else ("/", 1 / factor)
    return f"{sign}{size}"


def step_text(step: float | Share | None, factor: Fraction | None) -> str:
    """Return one step of a ladder as text: ``"+0.5 mg"``, ``"-1/8 of target"``, ``"x2"``."""
    if factor is not None:
        return factor_text(factor)
    text = amount_text(step or 0.0)
    return text if text.startswith("-") else f"+{text}"
