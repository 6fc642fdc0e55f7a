"""The regimens that clinicians describe and trials used, by name (``data/protocols.toml``)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from ldnsim.regimen.clauses import Fields
from ldnsim.regimen.grammar import read_regimen


@cache
def protocol_fields() -> dict[str, Fields]:
    """Return the fields of each shipped regimen as validation input, by name."""
    source = files("ldnsim").joinpath("data/protocols.toml").read_text("utf-8")
    made: dict[str, Fields] = {}
    for name, entry in tomllib.loads(source).items():
        label = {k: v for k, v in entry.items() if k != "regimen"}
        made[name] = {**label, **read_regimen(entry["regimen"], {}), "name": name}
    return made
