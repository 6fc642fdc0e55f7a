"""Sweep axes: a named list of values for one field of the study."""

from __future__ import annotations

import bisect
import datetime
import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, Field, field_validator, model_validator

from ldnsim.config.base import Config, shorthand
from ldnsim.config.budget import MOST_VALUES
from ldnsim.config.quantities import Number, Whole
from ldnsim.errors import UserError, short
from ldnsim.units import (
    ROUNDING,
    find_unit,
    in_unit,
    is_time,
    plain_number,
    same_number,
    to_unit,
)

Scalar = bool | int | float | str


class Spread(Config):
    """Evenly spaced values: ``[start, stop, number]`` or a table."""

    model_config = ConfigDict(
        json_schema_extra=shorthand(
            {
                "type": "array",
                "minItems": 3,
                "maxItems": 3,
                "description": "First value, last value, how many.",
            }
        )
    )

    start: Number | str
    """First value."""
    stop: Number | str
    """Last value (included)."""
    num: Whole = Field(ge=2, le=MOST_VALUES)
    """How many values."""

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            if len(value) != 3:
                raise UserError(
                    f"{list(value)!r}: expected [start, stop, number], e.g. ['1 ug', '50 mg', 20]"
                )
            return dict(zip(("start", "stop", "num"), value, strict=True))
        return value


def plain_value(value: Any) -> Any:
    """Return one value of a list as a number, a truth value, text, or a list of text.

    Raises:
        UserError: anything else.
    """
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, datetime.time) and not value.second and not value.microsecond:
        return value.strftime("%H:%M")
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        plain_number(value)
        return value
    raise UserError(f"value = {short(value)}: expected a number or text in quotes")


def plain_values(value: Any) -> Any:
    """Return a list, or an array, of :func:`plain_value`; what is no list is left to be refused."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if value is None or not isinstance(value, list | tuple):
        return value
    return tuple(plain_value(v) for v in value)


class Axis(Config):
    """One named dimension of the result: a field of the study and the values it takes."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the dimension in the result."""
    field: str
    """What is varied: ``parameters.<name>``, ``regimen``, ``regimen.<field>``, ``hypothesis``,
    ``patient.phenotype``, ``patient.basin``, ``patient.<covariate>``, ``modifiers``,
    ``modifiers.exercise``, ``modifiers.stress``, ``adherence.<field>``, ``subject``; ``label``
    names the places of axes that advance together."""
    values: tuple[Scalar | tuple[str, ...], ...] | None = None
    """The values, as a list; quantities as text with their unit."""
    linspace: Spread | None = None
    """Evenly spaced values."""
    logspace: Spread | None = None
    """Values evenly spaced on a logarithmic scale; start and stop are the values themselves."""
    include: tuple[Number | str, ...] = ()
    """Values to add to a linspace or logspace, kept in order."""
    digits: Whole | None = Field(default=None, ge=1, le=15)
    """Significant digits to which a linspace or logspace is rounded (doses one can prescribe)."""
    unit: str | None = None
    """Unit of the coordinate, and of bare numbers; the field's own unit when left out."""
    label: str = ""
    """Text for the axis of a picture."""

    _plain_values = field_validator("values", mode="before")(plain_values)

    @model_validator(mode="after")
    def _values_fit_together(self) -> Axis:
        given = [k for k in ("values", "linspace", "logspace") if getattr(self, k) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise UserError(
                f"axis {self.name!r}: give exactly one of values, linspace, logspace; got {found}"
            )
        if self.values is not None and not self.values:
            raise UserError(f"axis {self.name!r}: values is empty; list at least one value")
        if self.values is not None and (self.include or self.digits):
            raise UserError(
                f"axis {self.name!r}: include and digits go with linspace or logspace;"
                " with values, write the list out in full"
            )
        return self


@dataclass(frozen=True)
class Points:
    """The values of an axis, resolved.

    Attributes:
        apply: what is put in the field, one per point.
        coordinate: numbers in ``unit``, or labels.
        unit: unit of the coordinate; empty for labels.
        numeric: whether the coordinate is numbers.
    """

    apply: tuple[Any, ...]
    coordinate: tuple[Any, ...]
    unit: str
    numeric: bool


def _round(value: float, digits: Whole | None) -> float:
    return value if digits is None else float(f"{value:.{digits}g}")


def _spread(axis: Axis, unit: str, where: str, minutes: bool = False) -> list[float]:
    """Return the numbers of a linspace or logspace with its extra values, in order.

    Args:
        axis: the axis.
        unit: of the numbers.
        where: what the axis is called in an error.
        minutes: whether what lies between its ends is laid on whole minutes, as a schedule is.
    """
    spread = axis.linspace or axis.logspace
    assert spread is not None
    kind = "linspace" if axis.linspace else "logspace"
    a, b = (in_unit(v, unit, key=f"{where}: {kind}") for v in (spread.start, spread.stop))
    n = spread.num - 1
    if kind == "logspace" and (a <= 0.0 or b <= 0.0):
        raise UserError(
            f"{where}: {kind} from {spread.start!r} to {spread.stop!r}: both ends must be above"
            " zero; use linspace, or list zero with include"
        )
    if kind == "logspace":
        inner = [a * (b / a) ** (i / n) for i in range(n)]
    else:
        inner = [a + (b - a) * i / n for i in range(n)]
    values = [_round(v, axis.digits) for v in (*inner, b)]
    if minutes:
        values[1:-1] = [_on_a_minute(v, unit) for v in values[1:-1]]
    extra = [in_unit(v, unit, key=f"{where}: include") for v in axis.include]
    if not extra:
        return values
    # of two that are the same, what the user wrote stays: a third of the way is 0.30000000000000004
    order = sorted(extra)
    kept = [v for v in values if not any(same_number(v, e) for e in _beside(order, v))]
    return sorted([*kept, *extra], reverse=b < a)


def _on_a_minute(value: float, unit: str) -> float:
    """Return the nearest time of whole minutes; one that is whole already stays as it is."""
    known = find_unit(unit)
    assert known is not None  # the ends were read in it
    minutes = value * float(known.size)
    whole = max(round(minutes), 1)
    return value if abs(minutes - whole) <= ROUNDING * whole else whole / float(known.size)


def _beside(ordered: list[float], value: float) -> list[float]:
    """Return the numbers just below and above a value."""
    at = bisect.bisect(ordered, value)
    return ordered[max(at - 1, 0) : at + 1]


def numeric_points(axis: Axis, unit: str, where: str, example: str = "") -> Points:
    """Resolve an axis of numbers.

    Args:
        axis: the axis.
        unit: the unit of the field (``"1"`` for a pure number).
        where: what the axis is called in an error.
        example: for a field whose values are applied as text with their unit: such a value. Bare
            numbers then need the unit of the axis.

    Raises:
        UserError: a value or the unit of the axis is not of the dimension of the field.
    """
    shown = _unit_of(axis, unit, where)
    if example and not axis.unit:
        _refuse_bare(axis, example, where)
    if axis.values is not None:
        numbers = [in_unit(v, shown, key=where) for v in axis.values]
    else:
        numbers = _spread(axis, shown, where, minutes=bool(example) and is_time(unit))
    if example:
        written = axis.values or ("",) * len(numbers)
        apply: tuple[Any, ...] = tuple(
            w if isinstance(w, str) and w else f"{v!r} {shown}"
            for v, w in zip(numbers, written, strict=True)
        )
    elif shown == unit:
        apply = tuple(numbers)
    else:
        apply = tuple(to_unit(f"{v!r} {shown}", unit, key=where) for v in numbers)
    return Points(apply, tuple(numbers), shown, True)


def _unit_of(axis: Axis, unit: str, where: str) -> str:
    """Return the unit of the coordinate: that of the axis, if it goes with that of the field."""
    if axis.unit is None:
        return unit
    known, own = find_unit(unit), find_unit(axis.unit)
    if known is None or own is None or known.dimension != own.dimension:
        raise UserError(
            f"{where}: unit = {short(axis.unit)}: {axis.field} has the unit {unit!r};"
            " write that or another unit of its kind"
        )
    return axis.unit


def _refuse_bare(axis: Axis, example: str, where: str) -> None:
    """Refuse numbers without unit where the field needs one, however they are listed."""
    unit = example.partition(" ")[2]
    spread = axis.linspace or axis.logspace
    ends = () if spread is None else (spread.start, spread.stop)
    for value in (*(axis.values or ()), *ends, *axis.include):
        if isinstance(value, bool):
            plain_number(value, key=where)
        if not isinstance(value, str):
            raise UserError(
                f"{where}: {value!r} has no unit; write it as text with its unit, such"
                f" as '{value} {unit}', or set unit = '{unit}' for the whole axis"
            )


def refuse_repeats(axis: Axis, found: Points, where: str) -> None:
    """Refuse a value listed twice in a dimension: selecting it by name would be ambiguous.

    Numbers are the same as `ldnsim.units.same_number` has it, as where one is selected.

    Raises:
        UserError: naming the value.
    """
    remedy = "remove one" if axis.digits is None else "remove one, or raise digits"
    if found.numeric:
        for a, b in itertools.pairwise(sorted(found.coordinate)):
            if same_number(a, b):
                twice = f"{a!r} is listed twice" if a == b else f"{a!r} and {b!r} are the same"
                raise UserError(f"{where}: {twice}; {remedy}")
        return
    for value, times in Counter(found.coordinate).items():
        if times > 1:
            raise UserError(f"{where}: {value!r} is listed twice; {remedy}")


def label_points(
    axis: Axis, where: str, example: str = "names", kinds: tuple[type, ...] = (str,)
) -> Points:
    """Resolve an axis of names (hypotheses, phenotypes, prescriptions, sets of modifiers).

    Args:
        axis: the axis.
        where: what the axis is called in an error.
        example: what its values look like.
        kinds: types its values may have.

    Raises:
        UserError: a value of another type, or a setting that only numbers have.
    """
    if axis.values is None:
        raise UserError(f"{where}: {axis.field} takes {example}, so list them with values = [...]")
    if axis.unit is not None:
        raise UserError(f"{where}: unit = {short(axis.unit)}: {axis.field} has no unit; remove it")
    for value in axis.values:
        if not isinstance(value, kinds):
            raise UserError(f"{where}: {axis.field} takes {example}, got {short(value)}")
    labels = [_label(v) for v in axis.values]
    return Points(tuple(axis.values), tuple(labels), "", False)


def _label(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
