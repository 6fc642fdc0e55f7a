"""The text of an event table, cell by cell: what is not plain CSV is refused with its remedy."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import stat
from pathlib import Path

from ldnsim.errors import UserError

MAX_BYTES = 32_000_000
"""Largest file that is read."""
_OTHERS = {";": "';'", "\t": "tabs", "|": "'|'"}


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        UserError: missing, a folder, not a regular file, too large or not readable.
    """
    where = called(path)
    try:
        about = path.stat()
        if stat.S_ISDIR(about.st_mode):
            raise UserError(f"{where} is a folder; name the CSV file in it")
        if not stat.S_ISREG(about.st_mode):
            raise UserError(f"{where} is not a file; expected a CSV file")
        if about.st_size > MAX_BYTES:
            raise UserError(
                f"{where} has {about.st_size / 1e6:.0f} MB, more than {MAX_BYTES / 1e6:.0f} MB;"
                " write doses at equal intervals in one row, with ADDL and II"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{where} does not exist{_beside(path)}") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if isinstance(error, UserError):
            raise
        why = getattr(error, "strerror", None) or error
        raise UserError(f"{where} cannot be read: {why}") from None


def write(path: Path, text: str) -> None:
    """Write a file that is whole, or leave it as it was.

    Raises:
        UserError: a folder, not a regular file, or not writable.
    """
    real = Path(os.path.realpath(path))  # a link stays one
    if real.exists() and not real.is_file():
        raise UserError(f"{called(path)} is a folder or no file; name a CSV file")
    draft = real.with_name(f".{real.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        draft.replace(real)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise UserError(f"{called(path)} cannot be written: {error.strerror}") from None


def called(path: Path) -> str:
    """Return what errors call a file: no more than the end of a long path."""
    text = str(path).replace("\0", "\\0")
    return f"event table '{text if len(text) <= 200 else '...' + text[-197:]}'"


def _beside(path: Path) -> str:
    """Return what is there instead."""
    folder = path.parent
    if not folder.is_dir():
        return f": there is no folder '{folder}'"
    names = sorted(p.name for p in folder.glob("*.csv"))[:6]
    return f"; CSV files there: {', '.join(names)}" if names else f"; no CSV file is in '{folder}'"


def decode(data: bytes, where: str) -> str:
    """Return the text of a file in UTF-8, with or without byte order mark.

    Raises:
        UserError: another encoding, or NUL characters.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(f"{where} is in UTF-16; save it as 'CSV UTF-8'")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(
            f"{where} is not text in UTF-8 (line {line}); save it as 'CSV UTF-8'"
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError(f"{where}, line {line}: holds a NUL character; save it as 'CSV UTF-8'")
    return text


def cells(text: str, where: str) -> list[list[str]]:
    """Split CSV into rows of cells; a blank line is an empty row.

    Raises:
        UserError: no header, another separator than the comma, or quotes that do not close.
    """
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise UserError(f"{where}, row {len(rows) + 1}: {_plain(str(error))}") from None
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise UserError(f"{where} is empty; a header such as ID,TIME,AMT,EVID is needed")
    _check_separator(rows[0], where)
    return rows


def _plain(problem: str) -> str:
    if "field limit" in problem:
        return f"a cell has more than {csv.field_size_limit():,} characters; is a quote open?"
    if "unexpected end" in problem:
        return "a quoted cell is not closed before the end of the file"
    return f"not CSV: {problem}"


def _check_separator(header: list[str], where: str) -> None:
    if len(header) > 1:
        return
    line = header[0].strip()
    found = next((name for sign, name in _OTHERS.items() if sign in line), "spaces")
    words = [word.strip(" \"'") for word in re.split(r"[;|\s]+", line)]
    if len(words) > 1 and {"TIME", "AMT"} & {word.upper() for word in words}:
        again = ",".join(words[:3])
        raise UserError(
            f"{where}: its cells are separated by {found}; separate them by commas, with a"
            f" decimal point in numbers, such as {again}"
        )
