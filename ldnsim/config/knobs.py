"""Free fields with their values worked out, and the doses that capsules make.

A knob has a list of values, or two ends and anything between. A range of doses becomes the list of
those that capsules make, so that it has two ends only where doses are made to measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ldnsim.config.axis import Axis, refuse_repeats
from ldnsim.config.fields import points
from ldnsim.config.optimise import ROOMS, Free, Optimise
from ldnsim.edition import Edition
from ldnsim.errors import UserError, short
from ldnsim.regimen.fields import check_field
from ldnsim.regimen.formats import exact, whole_minutes
from ldnsim.units import in_unit, is_mass, is_time, to_unit

SIGNIFICANT = 3
"""Digits of a value that a search takes from between two ends."""
_MOST = 10_000


@dataclass(frozen=True)
class Knob:
    """A free field, resolved.

    Attributes:
        field: what it sets.
        name: what it is called.
        apply: values as an axis takes them; empty where it has two ends.
        shown: the same as numbers in ``unit``, or labels.
        unit: of what is shown; empty for labels.
        ends: lowest and highest value, in ``unit``; None where values are listed.
    """

    field: str
    name: str
    apply: tuple[Any, ...]
    shown: tuple[Any, ...]
    unit: str
    ends: tuple[float, float] | None = None

    @property
    def continuous(self) -> bool:
        """Whether it takes anything between two ends."""
        return self.ends is not None

    def between(self, share: float) -> tuple[Any, Any]:
        """Return the value at a share of the way from end to end: to apply, and to show.

        Times are laid on whole days where both ends are two days or more, else on whole minutes;
        anything else has :data:`SIGNIFICANT` digits.
        """
        assert self.ends is not None
        low, high = self.ends
        value = low + share * (high - low)
        if is_time(self.unit):
            hours = to_unit(f"{value!r} {self.unit}", "h")
            days = min(to_unit(f"{e!r} {self.unit}", "h") for e in self.ends) >= 48.0
            size = 24.0 if days else 1.0 / 60.0
            hours = round(hours / size) * size
            text = f"{round(hours / 24.0)} d" if days else f"{whole_minutes(hours)} min"
            return text, to_unit(text, self.unit)
        value = float(f"{value:.{SIGNIFICANT}g}")
        value = min(max(value, low), high)
        return (value if self.unit == "1" else f"{value!r} {self.unit}"), value


def composed(strengths: Sequence[str], most: int, low: float, high: float) -> list[float]:
    """Return the doses (mg) between two that at most some capsules make, in order.

    Raises:
        UserError: a strength that is no dose.
    """
    sizes = sizes_of(strengths)
    reached = {Fraction(0)}
    for _ in range(most):
        reached |= {a + b for a in reached for b in sizes if a + b <= exact(high)}
    return [float(d) for d in sorted(reached) if d >= exact(low) and d > 0]


def sizes_of(strengths: Sequence[str]) -> list[Fraction]:
    """Return strengths in mg, exactly.

    Raises:
        UserError: one that is no dose above 0.
    """
    found = []
    for i, text in enumerate(strengths, start=1):
        mg = to_unit(text, "mg", key=f"optimise.capsules[{i}]")
        if mg <= 0.0:
            raise UserError(f"optimise.capsules[{i}] = {short(text)}: expected a dose above 0")
        found.append(exact(mg))
    return found


def can_make(strengths: Sequence[str], most: int, mg: float) -> bool:
    """Whether at most some capsules make a dose (mg), to the nearest nanogram."""
    sizes = sizes_of(strengths)
    want, slack = exact(mg), Fraction(1, 1_000_000)
    reached = {Fraction(0)}
    for _ in range(most):
        reached |= {a + b for a in reached for b in sizes if a + b <= want + slack}
    return any(abs(d - want) <= slack for d in reached)


def knob(free: Free, settings: Optimise, edition: Edition, where: str) -> Knob:
    """Work out one free field.

    Args:
        free: as written.
        settings: the block it is in.
        edition: whose fields there are.
        where: what it is called in an error.

    Raises:
        UserError: an unknown field, one that nobody decides, a value of another kind, a range
            without unit.
    """
    room = free.field.partition(".")[0]
    ends = tuple(v for v in (free.begin, free.to) if v is not None)
    whole = Axis(name="x", field=free.field, values=free.values or ends, unit=free.unit)
    if room in ("parameters", "patient", "hypothesis", "subject", "label", "population"):
        raise UserError(
            f"{where}: field = {short(free.field)}: this is of the patient or of the world, and"
            " nobody chooses it; make it one of [[axes]], over which the choice has to hold."
            f" Free fields begin with {', '.join(ROOMS)}"
        )
    if room == "regimen" and free.field != room:
        try:
            check_field(free.field.partition(".")[2])
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
    found = points(whole, edition, where)
    if free.values is not None:
        refuse_repeats(whole, found, where)
        return Knob(free.field, free.called, found.apply, found.coordinate, found.unit)
    if not found.numeric:
        raise UserError(f"{where}: {free.field} is no quantity; list its values")
    low, high = found.coordinate
    if not low < high:
        raise UserError(f"{where}: from = {free.begin!r} is not below to = {free.to!r}")
    if free.step is not None:
        return _stepped(free, found.unit, low, high, where)
    if is_mass(found.unit) and settings.strengths is not None:
        return _of_capsules(free, settings, found.unit, low, high)
    return Knob(free.field, free.called, (), (), found.unit, (low, high))


def _stepped(free: Free, unit: str, low: float, high: float, where: str) -> Knob:
    """List a range with its step; the upper end is always among the values."""
    if unit != "1" and free.unit is None and not isinstance(free.step, str):
        raise UserError(
            f"{where}: step = {free.step:g} has no unit; write it as text, such as"
            f" '{free.step:g} {unit}'"
        )
    step = in_unit(free.step, unit, key=f"{where}: step")
    if step <= 0.0:
        raise UserError(f"{where}: step = {free.step!r}: expected more than 0")
    count = math.floor((high - low) / step + 1e-9)
    if count > _MOST:
        raise UserError(f"{where}: step = {free.step!r}: {count:,} values; take a longer step")
    first, by = exact(low), exact(step)
    values = [float(first + k * by) for k in range(count + 1)]
    if high - values[-1] > 1e-9 * high:
        values.append(high)
    pure = unit == "1"
    apply = tuple(v if pure else f"{v!r} {unit}" for v in values)
    return Knob(free.field, free.called, apply, tuple(values), unit)


def _of_capsules(free: Free, settings: Optimise, unit: str, low: float, high: float) -> Knob:
    strengths = settings.strengths
    assert strengths is not None
    ends = (to_unit(f"{e!r} {unit}", "mg") for e in (low, high))
    doses = composed(strengths, settings.most_capsules, *ends)
    if not doses:
        raise UserError(
            f"free field {free.field!r}: no dose from {free.begin} to {free.to} is made of at most"
            f" {settings.most_capsules} capsules of {', '.join(strengths)}"
        )
    shown = tuple(to_unit(f"{d!r} mg", unit) for d in doses)
    return Knob(free.field, free.called, tuple(f"{d!r} mg" for d in doses), shown, unit)


def knobs(settings: Optimise, edition: Edition) -> tuple[Knob, ...]:
    """Work out all free fields.

    Raises:
        UserError: as :func:`knob`.
    """
    return tuple(
        knob(f, settings, edition, f"optimise.free[{i}] ({f.field})")
        for i, f in enumerate(settings.free, start=1)
    )


def combinations(found: Sequence[Knob]) -> int | None:
    """Return how many candidates there are; None where a knob takes anything between two ends."""
    return None if any(k.continuous for k in found) else math.prod(len(k.apply) for k in found)
