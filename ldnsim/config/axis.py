"""Sweep axes: a named list of values for one field of the study."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from ldnsim.config.base import Config, shorthand
from ldnsim.errors import UserError

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

    start: float | str
    """First value."""
    stop: float | str
    """Last value (included)."""
    num: int = Field(ge=2, le=100_000)
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


class Axis(Config):
    """One named dimension of the result: a field of the study and the values it takes."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the dimension in the result."""
    field: str
    """What is varied: ``parameters.<name>``, ``regimen``, ``regimen.<field>``, ``hypothesis``,
    ``patient.phenotype``, ``patient.basin``, ``patient.<covariate>``, ``modifiers``,
    ``modifiers.exercise``, ``modifiers.stress``, ``adherence.<field>``, ``subject``."""
    values: tuple[Scalar | tuple[str, ...], ...] | None = None
    """The values, as a list; quantities as text with their unit."""
    linspace: Spread | None = None
    """Evenly spaced values."""
    logspace: Spread | None = None
    """Values evenly spaced on a logarithmic scale; start and stop are the values themselves."""
    include: tuple[float | str, ...] = ()
    """Values to add to a linspace or logspace, kept in order."""
    digits: int | None = Field(default=None, ge=1, le=15)
    """Significant digits to which a linspace or logspace is rounded (doses one can prescribe)."""
    unit: str | None = None
    """Unit of the coordinate, and of bare numbers; the field's own unit when left out."""
    label: str = ""
    """Text for the axis of a picture."""

    @model_validator(mode="after")
    def _one_source_of_values(self) -> Axis:
        given = [k for k in ("values", "linspace", "logspace") if getattr(self, k) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise UserError(
                f"axis {self.name!r}: give exactly one of values, linspace, logspace; got {found}"
            )
        return self

    @model_validator(mode="after")
    def _values_not_empty(self) -> Axis:
        if self.values is not None and not self.values:
            raise UserError(f"axis {self.name!r}: values is empty; list at least one value")
        return self

    @model_validator(mode="after")
    def _include_needs_a_spread(self) -> Axis:
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


def _unit_of(text: Any, where: str) -> str:
    """Find the unit in which a quantity written as text is stored: mg, d or 1."""
    from ldnsim.units import to_unit

    for unit in ("mg", "d"):
        try:
            to_unit(text, unit)
        except UserError:
            continue
        return unit
    raise UserError(
        f"{where} = {text!r}: expected a dose such as '4.5 mg' or a time such as '2 wk'"
    )


def _number(value: Any, unit: str, where: str) -> float:
    """Convert one value to a number in ``unit``; bare numbers are taken to be in it."""
    from ldnsim.units import to_unit

    if isinstance(value, bool):
        raise UserError(f"{where} = {value!r}: expected a number")
    if isinstance(value, int | float):
        result = float(value)
    elif unit in ("", "1"):
        try:
            result = float(value)
        except (TypeError, ValueError):
            raise UserError(f"{where} = {value!r}: expected a plain number") from None
    else:
        result = float(to_unit(value, unit, key=where))
    if not math.isfinite(result):
        raise UserError(f"{where} = {value!r}: expected a finite number")
    return result


def _round(value: float, digits: int | None) -> float:
    return value if digits is None else float(f"{value:.{digits}g}")


def _spread(axis: Axis, unit: str) -> list[float]:
    """Return the numbers of a linspace or logspace with its extra values, in order."""
    spread = axis.linspace or axis.logspace
    assert spread is not None
    kind = "linspace" if axis.linspace else "logspace"
    where = f"axis {axis.name!r}: {kind}"
    a, b = (_number(v, unit, where) for v in (spread.start, spread.stop))
    n = spread.num - 1
    if kind == "logspace" and (a <= 0.0 or b <= 0.0):
        raise UserError(
            f"{where} from {spread.start!r} to {spread.stop!r}: both ends must be above zero;"
            " use linspace, or list zero with include"
        )
    if kind == "logspace":
        inner = [a * (b / a) ** (i / n) for i in range(n)]
    else:
        inner = [a + (b - a) * i / n for i in range(n)]
    values = [_round(v, axis.digits) for v in (*inner, b)]
    extra = [_number(v, unit, f"axis {axis.name!r}: include") for v in axis.include]
    if not extra:
        return values
    return sorted({*values, *extra}, reverse=b < a)


def numeric_points(axis: Axis, unit: str | None) -> Points:
    """Resolve an axis of numbers.

    Args:
        axis: the axis.
        unit: the unit of the field (``"1"`` for a pure number); None to find mass or time from
            the first value, in which case values are applied as text with their unit.
    """
    sample = axis.values[0] if axis.values else (axis.linspace or axis.logspace).start  # type: ignore[union-attr]
    where = f"axis {axis.name!r}"
    as_text = unit is None
    shown = axis.unit or unit or _unit_of(sample, where)
    if axis.values is not None:
        if as_text and not axis.unit:
            _refuse_bare(axis)
        numbers = [_number(v, shown, where) for v in axis.values]
    else:
        numbers = _spread(axis, shown)
    _refuse_repeats(where, numbers)
    if as_text:
        written = axis.values or ("",) * len(numbers)
        apply: tuple[Any, ...] = tuple(
            w if isinstance(w, str) and w else f"{v!r} {shown}"
            for v, w in zip(numbers, written, strict=True)
        )
    elif shown == unit:
        apply = tuple(numbers)
    else:
        from ldnsim.units import to_unit

        apply = tuple(float(to_unit(f"{v!r} {shown}", unit or "1", key=where)) for v in numbers)
    return Points(apply, tuple(numbers), shown, True)


def _refuse_bare(axis: Axis) -> None:
    """Refuse numbers without unit where the field needs one."""
    for value in axis.values or ():
        if not isinstance(value, str):
            raise UserError(
                f"axis {axis.name!r}: {value!r} has no unit; write it as text with its unit, such"
                f" as '{value} mg', or set unit = 'mg' for the whole axis"
            )


def _refuse_repeats(where: str, values: list[Any]) -> None:
    """Refuse a value listed twice: selecting it by name would be ambiguous."""
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            raise UserError(f"{where}: {value!r} is listed twice; remove one")
        seen.add(value)


def label_points(axis: Axis) -> Points:
    """Resolve an axis of names (hypotheses, phenotypes, prescriptions, sets of modifiers)."""
    if axis.values is None:
        raise UserError(
            f"axis {axis.name!r}: {axis.field} takes names, so list them with values = [...]"
        )
    labels = [_label(v) for v in axis.values]
    _refuse_repeats(f"axis {axis.name!r}", labels)
    return Points(tuple(axis.values), tuple(labels), "", False)


def _label(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
