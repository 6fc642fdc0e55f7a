"""The studies that come with the package."""

from __future__ import annotations

from pathlib import Path

from ldnsim.errors import UserError, unknown

_PACKAGE = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Return where the shipped studies lie: in the package, or in a checkout beside it.

    Raises:
        UserError: the installation lacks them.
    """
    for place in (_PACKAGE / "data" / "studies", _PACKAGE.parent / "configs"):
        if any(place.glob("*.toml")):
            return place
    raise UserError("this installation lacks its study files; install ldnsim again")


def shipped() -> dict[str, Path]:
    """Return the shipped studies by name (``quickstart``, ``dose-titration``, ...)."""
    return {p.stem.replace("_", "-"): p for p in sorted(folder().glob("*.toml"))}


def find(name: str) -> Path:
    """Return the file of a shipped study.

    Raises:
        UserError: no study of that name; it names the nearest.
    """
    known = shipped()
    key = name.removesuffix(".toml").replace("_", "-")
    if key not in known:
        raise unknown("template", name, known)
    return known[key]
