"""The regimens that clinicians describe and trials used, by name (``data/protocols.toml``)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from ldnsim.errors import UserError, nearest, short, unknown
from ldnsim.regimen.regimen import Regimen

FIELDS = ("title", "regimen", "description", "sources", "steps_assumed")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
Fields = Mapping[str, dict[str, Any]]
"""The fields of regimens as validation input, by name."""
IN_FORCE: ContextVar[Fields | None] = ContextVar("protocols in force", default=None)
"""The protocols that text may name here; those of the package when None."""


def protocol_fields() -> Fields:
    """Return the fields of each protocol that text may name here, by name."""
    found = IN_FORCE.get()
    return shipped_fields() if found is None else found


@cache
def shipped_fields() -> Fields:
    """Return the fields of each regimen that comes with the package, by name."""
    source = files("ldnsim").joinpath("data/protocols.toml").read_text("utf-8")
    return read_fields(tomllib.loads(source))


def read_fields(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the fields of regimens from tables as in ``protocols.toml``.

    Raises:
        UserError: text of a regimen that cannot be read.
    """
    from ldnsim.regimen.grammar import read_regimen

    made: dict[str, dict[str, Any]] = {}
    for name, entry in tables.items():
        label = {k: v for k, v in entry.items() if k != "regimen"}
        made[name] = {**label, **read_regimen(entry["regimen"]), "name": name}
    return made


def read_protocols(tables: Mapping[str, Any], place: str) -> dict[str, dict[str, Any]]:
    """Return the fields of regimens of one's own, checked.

    Args:
        tables: as in ``protocols.toml``, by name.
        place: what errors begin with.

    Raises:
        UserError: a name that text could not hold, an unknown field, a regimen that cannot be read.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, entry in tables.items():
        if not _NAME.fullmatch(name) or name == "stop":
            raise UserError(
                f"{place}.{name}: expected a name of small letters and digits, such as 'slow_start'"
            )
        for key in entry if isinstance(entry, dict) else ():
            if key not in FIELDS:
                raise UserError(f"{place}.{name}.{key}: no such field{nearest(key, FIELDS)}")
        if not isinstance(entry, dict) or not isinstance(entry.get("regimen"), str):
            raise UserError(f"{place}.{name}.regimen: expected text such as '3 mg nightly'")
        try:
            found |= read_fields({name: entry})
            made({name: found[name]})
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise UserError(f"{place}.{name}.{key}: {first['msg']}") from None
        except UserError as error:
            raise UserError(f"{place}.{name}.regimen: {error}") from None
    return found


def protocols() -> dict[str, Regimen]:
    """Return the regimens with a name by that, each with its title, description and sources."""
    return made(protocol_fields())


def made(fields: Fields) -> dict[str, Regimen]:
    """Return regimens from their fields, by name."""
    return {name: Regimen.model_validate(data) for name, data in fields.items()}


def no_such_protocol(name: str) -> UserError:
    """Return the error for a name that no protocol has, with what was probably meant."""
    if hint := meant(name):
        return UserError(f"protocol {short(name)} is not known; {hint}")
    return unknown("protocol", name, protocol_fields())


def meant(text: str) -> str:
    """Return how a protocol is written that a text begins with; empty where it begins with none.

    Args:
        text: in any case, with spaces or dashes in place of underscores, and more words after it.
    """
    plain = re.sub(r"[\s_-]+", "_", text.lower()).strip("_.,;: ")
    for name in sorted(protocol_fields(), key=len, reverse=True):
        if plain == name:
            return f"did you mean the protocol '{name}'?"
        if re.match(rf"{name}(?![a-z0-9])", plain):
            return (
                "the fields of a protocol are changed in a table of a study, such as"
                f' {{protocol = "{name}", duration = "4 wk"}}'
            )
    return ""
