"""Names of a package that are imported when they are first used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def names(package: str, home: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], Any]]:
    """Return ``__getattr__`` and ``__dir__`` of a package.

    Args:
        package: its name.
        home: the module of each public name, inside the package or by its whole name; empty where
            the name is a module itself.
    """

    def get(name: str) -> Any:
        """Import a public name the first time it is asked for."""
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        place = home[name]
        inside = place if place.startswith("ldnsim.") else f"{package}.{place or name}"
        module = importlib.import_module(inside)
        value = getattr(module, name) if place else module
        setattr(sys.modules[package], name, value)
        return value

    def listed() -> list[str]:
        """List the public names, imported or not."""
        return sorted(sys.modules[package].__all__)

    return get, listed
