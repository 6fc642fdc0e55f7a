"""Files that the user names for a command to write: one rule for all of them.

* The ending says the kind; another ending is refused.
* A file that is there is replaced only if it is of the kind that is written, and the command says
  so. What the command reads, a study, a result or anything else that is there is never replaced.
* The place is looked at before anything is computed, and a file is written whole under another
  name, then renamed: a failure leaves what was there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ldnsim.cli.guard import say
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        what: in words, with its article.
        endings: what its name may end in; the usual one first.
        mark: text that every such file has near its beginning.
    """

    what: str
    endings: tuple[str, ...]
    mark: str


SBML = Format("an SBML file", (".xml", ".sbml"), "<sbml")
ANTIMONY = Format("an Antimony file", (".ant", ".txt"), "// ldnsim:")
STUDY_FILE = Format("a study file", (".toml",), "")
_PICTURES = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
_NEAR = 4096  # bytes in which the mark is looked for


def table_of(first: str, second: str) -> Format:
    """Return the kind of a CSV file whose first two columns have these names."""
    return Format("such a table", (".csv",), f"{first},{second}")


def json_of(key: str) -> Format:
    """Return the kind of a JSON file in which a key occurs near the beginning."""
    return Format("such a report", (".json",), f'"{key}"')


def check(
    path: Path | None, kind: Format, option: str, reads: Iterable[str | Path | None] = ()
) -> None:
    """Refuse a place that cannot or must not be written, before anything is computed.

    Args:
        path: what the user named; nothing to check when None.
        kind: what will be written there.
        option: of the command line, for the message.
        reads: files that the command reads.

    Raises:
        UserError: naming the option, the file and the remedy.
    """
    if path is None:
        return
    _not_read(path, option, reads)
    check_ending(path, kind, option)
    if path.exists() and not _is(path, kind.mark.encode()):
        raise UserError(
            f"{option} {path}: something else than {kind.what} is there and is not replaced;"
            " choose another name"
        )


def check_ending(path: Path, kind: Format, option: str) -> None:
    """Refuse a name whose ending is not of the kind.

    Raises:
        UserError: naming the ending to use.
    """
    if path.suffix.lower() not in kind.endings:
        better = path.with_suffix(kind.endings[0]) if path.name else f"name{kind.endings[0]}"
        raise UserError(
            f"{option} {path}: the name of {kind.what} ends in {' or '.join(kind.endings)};"
            f" write {better}"
        )


def check_picture(
    path: Path | None, option: str = "--plot", reads: Iterable[str | Path | None] = ()
) -> None:
    """Refuse a place that a picture cannot or must not be written to; see :func:`check`."""
    from ldnsim import plots

    plots.check_ending(path)
    if path is None:
        return
    _not_read(path, option, reads)
    if path.exists() and not _is(path, _PICTURES.get(path.suffix.lower(), b"")):
        raise UserError(
            f"{option} {path}: something else than such a picture is there and is not replaced;"
            " choose another name"
        )


def write(path: Path, text: str) -> None:
    """Write a text whole, and say whether it replaced another; :func:`check` comes first.

    Raises:
        OSError: the place cannot be written; what was there is left as it was.
    """
    target = Path(os.path.realpath(path))  # through a link, to what it stands for
    target.parent.mkdir(parents=True, exist_ok=True)
    old = target.exists()
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None
    say(f"{'replaced' if old else 'wrote'} {path}")


def save_picture(figure: Figure, path: Path) -> None:
    """Save a picture and say where, and whether it replaced one; :func:`check_picture` comes first.

    Raises:
        OSError: the place cannot be written.
    """
    from ldnsim import plots

    old = path.exists()
    typer.echo(f"picture  {plots.save(figure, path)}")
    if old:
        say(f"replaced {path}")


def _not_read(path: Path, option: str, reads: Iterable[str | Path | None]) -> None:
    for other in reads:
        if other is not None and os.path.realpath(path) == os.path.realpath(other):
            raise UserError(
                f"{option} {path}: the command reads this file; choose another name to write to"
            )


def _is(path: Path, mark: bytes) -> bool:
    """Whether an existing path is a file with this mark, or an empty one."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_NEAR)
    return not head or mark in head
