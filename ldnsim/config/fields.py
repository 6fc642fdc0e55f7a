"""What an axis can vary, and how its values are read for each kind of field."""

from __future__ import annotations

from ldnsim.config.axis import Axis, Points, label_points, numeric_points
from ldnsim.config.run import covariate_fields, fixed_fields
from ldnsim.errors import UserError, unknown

LABELS = ("hypothesis", "patient.phenotype", "patient.basin", "regimen", "modifiers")
NUMBERS = ("modifiers.exercise", "modifiers.stress", "subject")


def points(axis: Axis) -> Points:
    """Resolve the values of an axis according to its field.

    Raises:
        UserError: when the field is unknown or a value has the wrong dimension.
    """
    field = axis.field
    room, _, rest = field.partition(".")
    if field in LABELS:
        return label_points(axis)
    if field in covariate_fields():
        score = covariate_fields()[field] == "score"
        return numeric_points(axis, "1") if score else label_points(axis)
    if room == "parameters" and rest:
        return numeric_points(axis, _parameter_unit(rest))
    if room == "regimen" and rest:
        return label_points(axis) if _is_words(axis) else numeric_points(axis, None)
    if field == "subject":
        return _whole(numeric_points(axis, "1"), axis)
    if field in NUMBERS or (field in fixed_fields() and room == "adherence"):
        return numeric_points(axis, "1")
    raise unknown(f"axis {axis.name!r}: field", field, all_fields())


def _parameter_unit(name: str) -> str:
    from ldnsim.model import default_model

    parameters = default_model().parameters
    if name not in parameters:
        raise unknown("field", f"parameters.{name}", [f"parameters.{p}" for p in parameters])
    return parameters[name].unit or "1"


def _is_words(axis: Axis) -> bool:
    """Whether a regimen field takes words ('22:00', 'IR') instead of quantities."""
    from ldnsim.units import to_unit

    if not axis.values or axis.unit or not all(isinstance(v, str) for v in axis.values):
        return False
    for unit in ("mg", "d"):
        try:
            to_unit(str(axis.values[0]), unit)
        except UserError:
            continue
        return False
    return True


def _whole(found: Points, axis: Axis) -> Points:
    """Refuse subjects that are not whole numbers."""
    for value in found.apply:
        if value != int(value) or value < 0:
            raise UserError(f"axis {axis.name!r}: subject {value!r} is not a whole number from 0")
    numbers = tuple(int(v) for v in found.apply)
    return Points(numbers, numbers, "1", True)


def all_fields() -> list[str]:
    """Every field an axis can vary; used for suggestions."""
    from ldnsim.model import default_model

    return [*fixed_fields(), *(f"parameters.{p}" for p in default_model().parameters)]
