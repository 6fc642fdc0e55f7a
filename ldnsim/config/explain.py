"""Turn what pydantic found into one plain line per mistake: key, value, what was expected."""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ldnsim.errors import UserError, nearest, short

_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a table of name = value",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "model_attributes_type": "a table",
    "model_type": "a table",
    "string_type": "text in quotes",
    "tuple_type": "a list in square brackets",
    "finite_number": "a finite number",
}

_MOST = 20
"""Lines shown of one file."""


def explain(error: ValidationError, source: str, root: type[BaseModel]) -> UserError:
    """Collect every mistake of one file into one error.

    Args:
        error: what pydantic raised.
        source: name of the file, or ``"study"`` when it was built in Python.
        root: the model that was being validated, to find the nearest valid key.
    """
    errors = list(_without_union_noise(error.errors()))
    lines = list(dict.fromkeys(_line(e, source, root) for e in errors[:_MOST]))
    if len(errors) > _MOST:
        lines.append(f"{source}: and {len(errors) - _MOST:,} more mistakes")
    return UserError("\n".join(lines))


def _without_union_noise(errors: list[ErrorDetails]) -> Iterable[ErrorDetails]:
    """Keep the most telling error of each key: alternatives of a union each complain."""
    best: dict[tuple[int | str, ...], ErrorDetails] = {}
    for e in errors:
        loc = tuple(p for p in e["loc"] if not _is_tag(p))
        old = best.get(loc)
        if old is None or _telling(e["type"]) > _telling(old["type"]):
            best[loc] = {**e, "loc": loc} if old is None else e | {"loc": loc}
    return best.values()


def _telling(kind: str) -> int:
    """Rank kinds of errors: what our own checks say, then a number that is not finite."""
    return {"value_error": 2, "finite_number": 1}.get(kind, 0)


def _is_tag(part: int | str) -> bool:
    """Tell pydantic's labels of union members from keys of the file."""
    return isinstance(part, str) and (
        part in {"str", "int", "float", "bool"} or "[" in part or "(" in part
    )


def dotted(loc: Iterable[int | str]) -> str:
    """Write a place as users see it: ``axes[1].field`` (counted from 1, as one reads)."""
    text = ""
    for part in loc:
        text += f"[{part + 1}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _line(e: ErrorDetails, source: str, root: type[BaseModel]) -> str:
    key = dotted(e["loc"])
    start = f"{source}: {key}" if key else source
    value = e.get("input")
    kind = e["type"]
    if kind == "extra_forbidden":
        valid = sorted(_keys_at(root, e["loc"][:-1]))
        hint = nearest(str(e["loc"][-1]), valid)
        if not hint and valid:
            hint = "; valid: " + ", ".join(valid)
        return f"{start} = {short(value)}: unknown key{hint}"
    if kind == "missing":
        return f"{start}: this key is needed and is missing"
    if kind == "value_error":
        return _told(str((e.get("ctx") or {}).get("error", e["msg"])), key, source)
    if kind == "literal_error":
        expected = (e.get("ctx") or {}).get("expected", "")
        choices = [c.strip(" '") for c in str(expected).replace(" or ", ",").split(",")]
        hint = nearest(short(value).strip("'"), choices)
        return f"{start} = {short(value)}: expected {expected}{hint if 'mean' in hint else ''}"
    if kind in _EXPECTED:
        return f"{start} = {short(value)}: expected {_EXPECTED[kind]}"
    message = e["msg"].removeprefix("Input should be ")
    if kind.startswith(("less_than", "greater_than")):
        message = f"a number {message}"
    return f"{start} = {short(value)}: expected {message}"


def _told(text: str, key: str, source: str) -> str:
    """Put file and key before what our own checks said, unless the key is named already."""
    lines = text.splitlines()
    if not key:
        return "\n".join(f"{source}: {line}" for line in lines)
    if text.startswith("value = "):
        return f"{source}: {key}{text[5:]}"
    return f"{source}: {text}" if text.startswith(key) else f"{source}: {key}: {text}"


def _keys_at(root: Any, loc: Iterable[int | str]) -> set[str]:
    """List the keys the schema allows at a place."""
    models = _models(root)
    for part in loc:
        if isinstance(part, int):
            continue
        found: list[type[BaseModel]] = []
        for model in models:
            if part in model.model_fields:
                found += _models(model.model_fields[part].annotation)
        models = found
    fields = (pair for model in models for pair in model.model_fields.items())
    return {field.alias or name for name, field in fields}


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Find the pydantic models inside an annotation such as ``tuple[Axis, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, tuple, list, dict, Annotated):
        return [m for arg in get_args(annotation) for m in _models(arg)]
    return []
