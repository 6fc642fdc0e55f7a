"""The studies that come with the package."""

from __future__ import annotations

import shlex
from pathlib import Path

from ldnsim.errors import UserError, unknown

_PACKAGE = Path(__file__).resolve().parents[1]

_SCHEMA = (
    "# An editor that checks TOML marks mistakes while you type, given the schema: run",
    "#   ldnsim schema > study.schema.json",
    "# beside this file and make  #:schema ./study.schema.json  its first line.",
)


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


def copy_text(template: Path, file: Path) -> str:
    """Return the text of a shipped study as it should read under another name.

    The commands in its comments name the new file. Where the schema lies is different on every
    machine, so the file tells how an editor is given it.
    """
    text = template.read_text(encoding="utf-8")
    for ending in (".toml", ".zarr"):
        name = shlex.quote(" ".join((file.stem + ending).split()))
        text = text.replace(template.stem + ending, name)
    lines = [line for line in text.splitlines() if not line.startswith("#:schema")]
    return "\n".join([*lines, "", *_SCHEMA]) + "\n"


def find(name: str) -> Path:
    """Return the file of a shipped study, by its name or the beginning of it.

    Raises:
        UserError: no study of that name; it names the nearest.
    """
    known = shipped()
    key = name.removesuffix(".toml").replace("_", "-")
    begins = [k for k in known if key and k.startswith(key)]
    key = begins[0] if len(begins) == 1 else key
    if key not in known:
        raise unknown("template", name, known)
    return known[key]
