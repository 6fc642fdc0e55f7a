"""Read TOML with errors a user can act on, and write the canonical text of a study."""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ldnsim.errors import UserError, nearest

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def parse(text: str, source: str) -> dict[str, Any]:
    """Parse TOML text.

    Raises:
        UserError: naming the file, the line and the likely cause.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source}: not valid TOML: {error}.{_cause(text, str(error))}") from None


def _cause(text: str, message: str) -> str:
    """Guess why TOML was refused from the line it stopped at."""
    found = re.search(r"line (\d+)", message)
    lines = text.splitlines()
    if not found or int(found[1]) > len(lines):
        return " A bracket or quote is probably not closed."
    line = lines[int(found[1]) - 1].strip()
    if re.search(r"=\s*[0-9.]+\s*(ng|ug|µg|mcg|mg|h|d|wk|mo|nM|uM)\b", line):
        return f' The line is {line!r}: put a value with a unit in quotes, such as "4.5 mg".'
    if re.search(r"=\s*[A-Za-z]", line):
        return f" The line is {line!r}: put text in quotes."
    return f" The line is {line!r}."


def read(path: str | Path) -> str:
    """Read a study file.

    Raises:
        UserError: when it is missing (naming similar files nearby), a folder, or not text.
    """
    file = Path(path)
    if file.is_dir():
        raise UserError(f"{file} is a folder; expected a study file such as study.toml")
    if not file.is_file():
        here = file.parent if file.parent.is_dir() else Path()
        raise UserError(
            f"study file {str(file)!r} does not exist"
            f"{nearest(file.name, sorted(p.name for p in here.glob('*.toml')))}"
        )
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{file} is not a text file in UTF-8; expected TOML") from None


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(value: Any) -> str:
    """Write one value on one line; floats keep every bit."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_inline(v)}" for k, v in value.items()) + "}"
    return "[" + ", ".join(_inline(v) for v in value) + "]"


def _is_tables(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(v, Mapping) for v in value)
    )


def dumps(data: Mapping[str, Any], path: str = "") -> str:
    """Write nested tables as TOML; None is left out.

    The order of ``data`` is kept, so equal studies give equal text.
    """
    data = {k: v for k, v in data.items() if v is not None}
    plain = {k: v for k, v in data.items() if not isinstance(v, Mapping) and not _is_tables(v)}
    lines = [f"{_key(k)} = {_inline(v)}" for k, v in plain.items()]
    text = "".join(line + "\n" for line in lines)
    for k, v in data.items():
        name = f"{path}.{_key(k)}" if path else _key(k)
        if isinstance(v, Mapping):
            body = dumps(v, name)
            text += f"\n[{name}]\n{body}" if body else ""
        elif _is_tables(v):
            for row in v:
                text += f"\n[[{name}]]\n{dumps(row, name)}"
    return text
