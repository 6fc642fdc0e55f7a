"""The regimens that clinicians describe and trials used, by name (``data/protocols.toml``)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from ldnsim.errors import UserError, short, unknown
from ldnsim.regimen.regimen import Regimen


@cache
def protocol_fields() -> dict[str, dict[str, Any]]:
    """Return the fields of each shipped regimen as validation input, by name."""
    from ldnsim.regimen.grammar import read_regimen

    source = files("ldnsim").joinpath("data/protocols.toml").read_text("utf-8")
    made: dict[str, dict[str, Any]] = {}
    for name, entry in tomllib.loads(source).items():
        label = {k: v for k, v in entry.items() if k != "regimen"}
        made[name] = {**label, **read_regimen(entry["regimen"]), "name": name}
    return made


def protocols() -> dict[str, Regimen]:
    """Return the shipped regimens by name, each with its title, description and sources."""
    return {name: Regimen.model_validate(data) for name, data in protocol_fields().items()}


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
