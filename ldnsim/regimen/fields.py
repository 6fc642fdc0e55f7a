"""Changing one field of a regimen, as sweeps do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ldnsim.errors import UserError, short, unknown
from ldnsim.regimen.base import user_error
from ldnsim.regimen.phase import LADDER_FIELDS, Phase
from ldnsim.regimen.regimen import Regimen
from ldnsim.regimen.weekdays import day_name

_ALIASES = {"dose": "target"}
_EXCLUSIVE = {"duration": "hold", "hold": "duration"}


def with_field(regimen: Regimen, path: str, value: Any) -> Regimen:
    """Return a regimen with one field changed and everything checked again.

    A bare field (``"target"``, also spelled ``"dose"``) applies to the first phase that has it: a
    ladder for ``step``, ``factor``, ``interval`` and ``first_hold``; doses for ``start``,
    ``target``, ``hold`` and ``formulation``; any schedule for ``every``, ``at`` and ``days``; the
    first phase for ``duration``. ``start_day`` belongs to the whole. ``"phases.1.duration"`` names
    the phase (from 0). In a phase without a ladder start and target move together; a relative
    ladder stays relative. Setting the duration replaces a hold, and the other way round. Where the
    regimen has a name, the change is added to it; title, description and sources go, since they
    describe the original.

    Raises:
        UserError: unknown field, no phase that has it, or a value that contradicts the rest.
    """
    return with_fields(regimen, {_name(path): value})


def with_fields(regimen: Regimen, values: Mapping[str, Any]) -> Regimen:
    """Return a regimen with several fields changed, and only then everything checked again.

    So a start and a target can be set that are valid together, though neither is with the other's
    old value. The fields are those of `with_field`.

    Raises:
        UserError: as `with_field`, or two values for one field.
    """
    if not isinstance(values, Mapping):
        raise UserError(
            f"values = {short(values)}: expected fields with their values, such as"
            ' {"target": "3 mg"}'
        )
    changes: dict[int, dict[str, Any]] = {}
    whole = {"start_day": day_name(regimen.start_day)}
    for path, value in values.items():
        _name(path)
        if path == "start_day":
            whole[path] = value
            continue
        index, field = _locate(regimen, path)
        if field in changes.setdefault(index, {}):
            raise UserError(f"regimen field '{path}': {field} of phase {index} is given twice")
        changes[index][field] = value
    phases: list[Any] = list(regimen.phases)
    for index, new in changes.items():
        phases[index] = _changed(regimen.phases[index], new)
    made = Regimen.parse({**whole, "phases": phases})
    words = [f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items()]
    name = ", ".join([regimen.name, *words]) if regimen.name else ""
    return made.model_copy(update={"name": name})


def _name(path: object) -> str:
    if not isinstance(path, str):
        raise UserError(f"regimen field {short(path)}: expected a name, such as 'target'")
    return path


def _changed(phase: Phase, new: Mapping[str, Any]) -> Phase:
    """Return a phase with some fields set, and what follows from them."""
    found = dict(new)
    ends = [f for f in ("start", "target") if f in new]
    if len(ends) == 1 and phase.kind == "doses" and not phase.has_ladder:
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


def _locate(regimen: Regimen, path: str) -> tuple[int, str]:
    match = re.fullmatch(r"(?:phases\.(\d+)\.)?([^.]+)", path)
    field = _ALIASES.get(match[2], match[2]) if match else ""
    if match is None or field not in Phase.model_fields:
        raise unknown("regimen field", path, [*Phase.model_fields, *_ALIASES, "start_day"])
    if match[1] is None:
        return _first(regimen, field), field
    index = int(match[1])
    if index >= len(regimen.phases):
        raise UserError(
            f"regimen field '{path}': there are {len(regimen.phases)} phases, counted from 0"
        )
    return index, field


def _first(regimen: Regimen, field: str) -> int:
    if field == "hold" and any(p.has_ladder for p in regimen.phases):
        field = "interval"
    for index, phase in enumerate(regimen.phases):
        if field in ("duration", "kind"):
            return index
        if field in LADDER_FIELDS:
            found = phase.has_ladder
        elif field in ("every", "at", "days"):
            found = phase.kind != "stop"
        else:
            found = phase.kind == "doses"
        if found:
            return index
    what = "titration ladder" if field in LADDER_FIELDS else "phase with doses"
    raise UserError(f"regimen field '{field}': '{regimen}' has no {what}")
