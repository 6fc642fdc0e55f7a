"""The regimens that clinicians describe and trials used, by name (``data/protocols.toml``)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

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
