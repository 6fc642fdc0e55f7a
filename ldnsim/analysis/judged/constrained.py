"""Behaviours and claims that the search for a hypothesis's defaults was held to."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

FILE = "story.toml"
"""Tables ``[constraint.NAME]`` with ``behaviour``, and ``hypotheses`` where it is not all."""


def constrained(hypothesis: str) -> set[str]:
    """Return what was a constraint of the search, such as ``E5``; nothing if none is recorded."""
    return {
        name
        for name, hypotheses in _constraints()
        if hypotheses is None or hypothesis in hypotheses
    }


@cache
def _constraints() -> list[tuple[str, tuple[str, ...] | None]]:
    file = files("ldnsim") / "data" / FILE
    return read(file.read_text("utf-8")) if file.is_file() else []


def read(text: str) -> list[tuple[str, tuple[str, ...] | None]]:
    """Return the constraints of a text: what is asked, and of whom; None for everybody."""
    tables: Iterable[dict[str, object]] = tomllib.loads(text).get("constraint", {}).values()
    found: list[tuple[str, tuple[str, ...] | None]] = []
    for table in tables:
        of = table.get("hypotheses")
        whom = tuple(str(h) for h in of) if isinstance(of, list) else None
        found += [(str(table[k]), whom) for k in ("behaviour", "claim") if k in table]
    return found
