"""What an axis can vary, and how its values are read for each kind of field."""

from __future__ import annotations

from ldnsim.config.axis import Axis, Points, label_points, numeric_points
from ldnsim.config.run import LABEL, covariate_fields, fixed_fields
from ldnsim.edition import Edition
from ldnsim.errors import UserError, unknown
from ldnsim.regimen.fields import along, is_threshold
from ldnsim.regimen.values import Along

NAMES = ("hypothesis", "patient.phenotype", "patient.basin")
NUMBERS = ("modifiers.exercise", "modifiers.stress")


def points(axis: Axis, edition: Edition, where: str = "") -> Points:
    """Resolve the values of an axis according to its field.

    Args:
        axis: the axis.
        edition: whose parameters and covariates it may vary.
        where: what it is called in an error; by its name when empty.

    Raises:
        UserError: when the field is unknown or a value has the wrong type or dimension.
    """
    field, where = axis.field, where or f"axis {axis.name!r}"
    room, _, rest = field.partition(".")
    if field in NAMES:
        return label_points(axis, where, "names in quotes")
    if field == "regimen":
        return label_points(axis, where, "prescriptions or names of protocols, in quotes")
    if field == LABEL:
        return label_points(axis, where, "words in quotes")
    if field == "modifiers":
        words = "names of adjuncts such as 'none', 'a', 'a+b'"
        return label_points(axis, where, words, (str, tuple))
    if field in (of_patient := covariate_fields(edition)):
        return _covariate_points(axis, of_patient[field], where)
    if room == "parameters" and rest:
        return numeric_points(axis, _parameter_unit(edition, rest, where), where)
    if room == "regimen" and is_threshold(rest):
        return numeric_points(axis, "1", where)
    if room == "regimen" and rest:
        return _regimen_points(axis, rest.rpartition(".")[2], where)
    if field == "subject" or field == "adherence.seed":
        return _whole(axis, where)
    if field in NUMBERS or (field in fixed_fields(edition) and room == "adherence"):
        return numeric_points(axis, "h" if rest == "late_mean_h" else "1", where)
    raise unknown(f"{where}: field", field, all_fields(edition))


def _covariate_points(axis: Axis, kind: str, where: str) -> Points:
    if kind == "score":
        return numeric_points(axis, "1", where)
    if kind == "flag":
        return label_points(axis, where, "true or false", (bool,))
    return label_points(axis, where, "names in quotes")


def _regimen_points(axis: Axis, leaf: str, where: str) -> Points:
    """Resolve an axis over a field of the regimen: quantities, or words such as clock times.

    Shares of the target ('1/8 of target') are words, since their size depends on the target.
    """
    shares = any(isinstance(v, str) and "target" in v.lower() for v in axis.values or ())
    kind = along(leaf)
    if kind.unit and not shares:
        return numeric_points(axis, kind.unit, where, kind.example)
    return label_points(axis, where, Along().words if kind.unit else kind.words)


def _parameter_unit(edition: Edition, name: str, where: str) -> str:
    parameters = edition.model.parameters
    if name not in parameters:
        raise unknown(
            f"{where}: field", f"parameters.{name}", [f"parameters.{p}" for p in parameters]
        )
    return parameters[name].unit or "1"


def _whole(axis: Axis, where: str) -> Points:
    """Refuse numbers of subjects, and seeds, that are not whole."""
    found = numeric_points(axis, "1", where)
    word = axis.field.rpartition(".")[2]
    for value in found.apply:
        if value != int(value) or not 0 <= value < 2**53:
            raise UserError(f"{where}: {word} {value!r} is not a whole number from 0")
    numbers = tuple(int(v) for v in found.apply)
    return Points(numbers, numbers, "1", True)


def all_fields(edition: Edition) -> list[str]:
    """Every field an axis can vary; used for suggestions."""
    return [*fixed_fields(edition), *(f"parameters.{p}" for p in edition.model.parameters)]
