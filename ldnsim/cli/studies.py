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


def copy_text(template: Path, file: Path) -> str:
    """Return the text of a shipped study as it should read under another name.

    The commands in its comments name the new file, and its first line tells editors where the
    schema of this installation is.
    """
    text = template.read_text(encoding="utf-8")
    for ending in (".toml", ".zarr"):
        text = text.replace(template.stem + ending, file.stem + ending)
    lines = [line for line in text.splitlines() if not line.startswith("#:schema")]
    schema = (_PACKAGE / "study.schema.json").as_uri()
    return "\n".join([f"#:schema {schema}", *lines]) + "\n"


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
