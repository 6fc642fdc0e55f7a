"""Changing one field of a regimen, as sweeps do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from pydantic import ValidationError

from ldnsim.errors import UserError, short, unknown
from ldnsim.regimen.base import user_error
from ldnsim.regimen.phase import GUIDED_FIELDS, LADDER_FIELDS, Phase
from ldnsim.regimen.text import regimen_text
from ldnsim.regimen.values import Along
from ldnsim.regimen.weekdays import day_name
from ldnsim.units import plain_number

_ALIASES = {"dose": "target"}
_THRESHOLD = re.compile(r"rules\.(\d+)\.([a-z_][a-z0-9_]*)")
"""The number that a reading is compared with in a rule, counted from 1: ``rules.2.burden``."""
_EXCLUSIVE = {"duration": "hold", "hold": "duration"}


def changed(phases: Sequence[Phase], start_day: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a regimen with some changed, as validation input; each phase is checked.

    The fields are those of `ldnsim.Regimen.with_field`.

    Raises:
        UserError: an unknown field, no phase that has it, two values for one field, or a value that
            contradicts the rest of its phase.
    """
    if not isinstance(values, Mapping):
        raise UserError(
            f"values = {short(values)}: expected fields with their values, such as"
            ' {"target": "3 mg"}'
        )
    changes: dict[int, dict[str, Any]] = {}
    whole = {"start_day": day_name(start_day)}
    for path, value in values.items():
        field_name(path)
        if path == "start_day":
            whole[path] = value
            continue
        index, field = _locate(phases, start_day, path)
        if field in changes.setdefault(index, {}):
            raise UserError(f"regimen field '{path}': {field} of phase {index} is given twice")
        changes[index][field] = value
    made: list[Phase] = list(phases)
    for index, new in changes.items():
        made[index] = _changed(phases[index], new)
    return {**whole, "phases": made}


def field_name(path: object) -> str:
    """Return a path if it can be one, for what comes from Python.

    Raises:
        UserError: anything but text.
    """
    if not isinstance(path, str):
        raise UserError(f"regimen field {short(path)}: expected a name, such as 'target'")
    return path


def is_threshold(path: str) -> bool:
    """Whether a field of a regimen is the number of a rule, such as ``rules.2.burden``."""
    return re.fullmatch(rf"(?:phases\.\d+\.)?{_THRESHOLD.pattern}", path) is not None


def check_field(path: str) -> None:
    """Refuse a path that is no field of any regimen.

    Raises:
        UserError: naming the nearest.
    """
    leaf = path.rpartition(".")[2]
    known = (*Phase.model_fields, *_ALIASES, "start_day")
    if leaf not in known and not is_threshold(path):
        raise unknown("regimen field", path, known)


def along(field: str) -> Along:
    """Return how the values of a field are written along an axis, as its type says."""
    known = Phase.model_fields.get(_ALIASES.get(field, field))
    if known is None:
        return Along()
    inner = (m for t in get_args(known.annotation) for m in getattr(t, "__metadata__", ()))
    return next((m for m in (*known.metadata, *inner) if isinstance(m, Along)), Along())


def _with_thresholds(phase: Phase, new: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields to set, numbers of single rules put together to the rules they belong to."""
    found, rules = {}, list(new.get("rules", phase.rules))
    for field, value in new.items():
        if not (match := _THRESHOLD.fullmatch(field)):
            found[field] = value
            continue
        number, name = int(match[1]), match[2]
        if not 1 <= number <= len(rules) or rules[number - 1].when is None:
            raise UserError(
                f"regimen field '{field}': there is no rule {number} with a condition; the phase"
                f" has {len(rules)} rules, counted from 1"
            )
        old = rules[number - 1]
        level = plain_number(value, key=field)
        rules[number - 1] = replace(old, when=old.when.with_number(name, level))  # type: ignore[union-attr]
        found["rules"] = tuple(rules)
    return found


def _changed(phase: Phase, new: Mapping[str, Any]) -> Phase:
    """Return a phase with some fields set, and what follows from them."""
    new = _with_thresholds(phase, new)
    found = dict(new)
    ends = [f for f in ("start", "target") if f in new]
    if len(ends) == 1 and phase.kind == "doses" and not (phase.has_ladder or phase.is_guided):
        found["start"] = found["target"] = new[ends[0]]
    for field, other in _EXCLUSIVE.items():
        if field in new and other not in new:
            found[other] = None
    # kept as values, not as text: reading them again would take most of the time of a long axis
    kept = {n: v for n in Phase.model_fields if (v := getattr(phase, n)) is not None}
    try:
        return Phase.model_validate({**kept, **found}, context=tuple(kept.values()))
    except ValidationError as error:
        raise user_error(error) from None


def _locate(phases: Sequence[Phase], start_day: int, path: str) -> tuple[int, str]:
    match = re.fullmatch(rf"(?:phases\.(\d+)\.)?({_THRESHOLD.pattern}|[^.]+)", path)
    field = _ALIASES.get(match[2], match[2]) if match else ""
    known = field in Phase.model_fields or _THRESHOLD.fullmatch(field)
    if match is None or not known:
        raise unknown("regimen field", path, [*Phase.model_fields, *_ALIASES, "start_day"])
    if match[1] is None:
        return _first(phases, start_day, field), field
    index = int(match[1])
    if index >= len(phases):
        raise UserError(f"regimen field '{path}': there are {len(phases)} phases, counted from 0")
    return index, field


def _first(phases: Sequence[Phase], start_day: int, field: str) -> int:
    if field == "hold" and any(p.has_ladder for p in phases):
        field = "interval"
    for index, phase in enumerate(phases):
        if field in ("duration", "kind"):
            return index
        if field in LADDER_FIELDS:
            found = phase.has_ladder
        elif field in GUIDED_FIELDS or _THRESHOLD.fullmatch(field):
            found = phase.is_guided
        elif field in ("every", "at", "days"):
            found = phase.kind != "stop"
        else:
            found = phase.kind == "doses"
        if found:
            return index
    what = "titration ladder" if field in LADDER_FIELDS else "phase with doses"
    guided = field in GUIDED_FIELDS or _THRESHOLD.fullmatch(field)
    what = "phase with rules" if guided else what
    raise UserError(f"regimen field '{field}': '{regimen_text(phases, start_day)}' has no {what}")
