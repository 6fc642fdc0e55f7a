"""Read TOML with errors a user can act on, and write the canonical text of a study."""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ldnsim.errors import UserError, nearest, short

LARGEST_FILE = 2_000_000
"""Characters of the longest study file."""
DEEPEST = 30
"""Levels of tables and lists in a study file; a study needs five."""
_LEVELS = "a study has a few levels"
_BITS = "at most 18 digits are read"
# begins where a word does: from every letter of a long word on, it would take quadratic time
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_\"'-])(?:[A-Za-z0-9_\"'-]+[ \t]*\.[ \t]*){{{DEEPEST},}}")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def parse(text: str, source: str) -> dict[str, Any]:
    """Parse TOML text; a byte order mark before it plays no part.

    Raises:
        UserError: naming the file, the line and the likely cause; also for text that is valid but
            no study could be: over :data:`LARGEST_FILE`, nested over :data:`DEEPEST`, or with whole
            numbers over 64 bits.
    """
    if len(text) > LARGEST_FILE:
        raise UserError(f"{source}: {len(text):,} characters; a study has at most {LARGEST_FILE:,}")
    if _LONG_KEY.search(text):  # the parser takes time with the square of the parts of a key
        raise UserError(f"{source}: a key of more than {DEEPEST} parts; no study is so deep")
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source}: not valid TOML: {error}.{_cause(text, str(error))}") from None
    except RecursionError:
        raise UserError(f"{source}: lists or tables nested hundreds deep; {_LEVELS}") from None
    except ValueError:  # of int(), which refuses thousands of digits
        raise UserError(f"{source}: a number of thousands of digits; {_BITS}") from None
    _check_size(data, source)
    return data


def _check_size(data: dict[str, Any], source: str) -> None:
    """Refuse what no study holds, without recursion, which the depth could exhaust."""
    waiting: list[tuple[str, Any, int]] = [("", data, 0)]
    while waiting:
        key, value, depth = waiting.pop()
        if isinstance(value, int) and abs(value) >= 2**63:
            raise UserError(f"{source}: {key}: a whole number of over 64 bits; {_BITS}")
        if isinstance(value, str) and "\0" in value:
            raise UserError(f"{source}: {key} = {short(value)}: a NUL character is no text")
        if depth > DEEPEST:
            raise UserError(f"{source}: {short(key)}: nested over {DEEPEST} deep; {_LEVELS}")
        if isinstance(value, dict):
            waiting += [(f"{key}.{k}" if key else k, v, depth + 1) for k, v in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{key}[{i}]", v, depth + 1) for i, v in enumerate(value, start=1)]


def _cause(text: str, message: str) -> str:
    """Guess why TOML was refused from the line it stopped at."""
    found = re.search(r"line (\d+)", message)
    lines = text.splitlines()
    if not found or int(found[1]) > len(lines):
        return " A bracket or quote is probably not closed."
    line = lines[int(found[1]) - 1].strip()[:120]
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
        if file.stat().st_size > 4 * LARGEST_FILE:
            raise UserError(f"{file} has {file.stat().st_size:,} bytes; expected a study file")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{file} is not a text file in UTF-8; expected TOML") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else quoted(name)


def quoted(text: str) -> str:
    """Return a text as a TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(value: Any) -> str:
    """Write one value on one line; floats keep every bit."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
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
