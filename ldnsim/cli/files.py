"""Files that the user names for a command to write: one rule for all of them.

* The ending says the kind; another ending is refused.
* A file that is there is replaced only if it is empty or begins as the kind that is written does,
  and the command says so. What the command reads, a study, a result or anything else that is there
  is never replaced.
* The place is looked at before anything is computed, and a file is written whole under another
  name, then renamed: a failure leaves what was there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ldnsim.cli.guard import say
from ldnsim.errors import UserError, nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ldnsim.edition import Edition


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        what: in words, with its article.
        begins: pattern of what every such file begins with, by ending; the usual ending first.
    """

    what: str
    begins: Mapping[str, str]


_XML = r"(<\?xml[^>]*\?>\s*)?"
SBML = Format("an SBML file", dict.fromkeys((".xml", ".sbml"), rf"{_XML}<sbml\s"))
ANTIMONY = Format("an Antimony file", dict.fromkeys((".ant", ".txt"), "// written by: ldnsim "))
STUDY_FILE = Format("a study file", {".toml": ""})
BIBTEX_HEAD = "% Written by ldnsim cite; run it again to replace this file."
BIBTEX = Format("a bibliography of `ldnsim cite`", {".bib": re.escape(BIBTEX_HEAD)})
PICTURE = Format(
    "a picture",
    {".png": "\x89PNG\r\n", ".svg": rf"{_XML}(<!DOCTYPE svg|<svg)\s", ".pdf": "%PDF-"},
)
_NEAR = 4096  # bytes of a beginning


def table_of(first: str, second: str) -> Format:
    """Return the kind of a CSV file whose first two columns have these names."""
    return Format("such a table", {".csv": re.escape(f"{first},{second}")})


def report_of(command: str) -> Format:
    """Return the kind of the JSON files that a command writes; see :func:`write_report`."""
    mark = re.escape(json.dumps(f"ldnsim {command}"))
    return Format(f"a report of `ldnsim {command}`", {".json": rf'\{{\s*"written_by": {mark}'})


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
    if "\0" in str(path):
        raise UserError(f"{option} {str(path)!r}: no file can have this name")
    _not_read(path, option, reads)
    check_ending(path, kind, option)
    if path.exists() and not _is(path, kind.begins[path.suffix.lower()]):
        raise UserError(
            f"{option} {path}: something else than {kind.what} is there and is not replaced;"
            " choose another name"
        )
    check_place(path, option)


def check_ending(path: Path, kind: Format, option: str) -> None:
    """Refuse a name whose ending is not of the kind.

    Raises:
        UserError: naming the ending to use.
    """
    endings = list(kind.begins)
    if path.suffix.lower() not in endings:
        close = nearest(path.suffix.lower(), endings) if len(path.suffix) > 1 else ""
        ending = next((e for e in endings if f"mean {e!r}" in close), endings[0])
        better = path.with_suffix(ending) if path.name else f"name{ending}"
        listed = " or ".join(filter(None, (", ".join(endings[:-1]), endings[-1])))
        raise UserError(
            f"{option} {path}: the name of {kind.what} ends in {listed}; write {better}"
        )


def check_place(path: Path, option: str) -> None:
    """Refuse a place that nothing can be written to: under a file, or without permission.

    Raises:
        UserError: naming what is in the way.
    """
    target = Path(os.path.realpath(path))
    folder = next((p for p in target.parents if os.path.lexists(p)), Path("/"))
    if not folder.is_dir():
        raise UserError(f"{option} {path}: {folder} is a file, not a folder; choose another name")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{option} {path}: no permission to write in the folder {folder}")


def check_picture(
    path: Path | None, option: str = "--plot", reads: Iterable[str | Path | None] = ()
) -> None:
    """Refuse a place that a picture cannot or must not be written to; see :func:`check`."""
    check(path, PICTURE, option, reads)


def write(path: Path, text: str) -> None:
    """Write a text whole, and say whether it replaced another; :func:`check` comes first.

    Raises:
        OSError: the place cannot be written; what was there is left as it was.
    """
    old = path.exists()
    _put(path, text.encode())
    say(f"{'replaced' if old else 'wrote'} {path}")


def write_report(
    path: Path, command: str, found: Mapping[str, Any], edition: Edition, indent: int = 1
) -> None:
    """Write a JSON report of a command: one object, whose first key says what wrote it.

    Of an extended model the key ``extensions`` says what each of them is and changes.

    Raises:
        OSError: the place cannot be written; what was there is left as it was.
    """
    own = {"extensions": told} if (told := edition.records()) else {}
    data = {"written_by": f"ldnsim {command}", **own, **found}
    write(path, json.dumps(data, indent=indent, ensure_ascii=False) + "\n")


def save_picture(figure: Figure, path: Path, label: str = "picture  ") -> None:
    """Save a picture and say where, and whether it replaced one; :func:`check_picture` comes first.

    Raises:
        OSError: the place cannot be written; what was there is left as it was.
    """
    from tempfile import TemporaryDirectory

    from ldnsim import plots

    old = path.exists()
    with TemporaryDirectory() as folder:
        drawn = plots.save(figure, Path(folder, f"figure{path.suffix.lower()}"))
        _put(path, drawn.read_bytes())
    typer.echo(f"{label}{path}")
    if old:
        say(f"replaced {path}")


def _put(path: Path, data: bytes) -> None:
    """Write a file whole; through a link, to what it stands for."""
    from ldnsim.results.files import draft_of, write_atomically

    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, data)
    except OSError as error:
        with suppress(OSError):
            draft_of(target).unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None


def _not_read(path: Path, option: str, reads: Iterable[str | Path | None]) -> None:
    target = Path(os.path.realpath(path))
    for other in reads:
        if other is None or "\0" in str(other):
            continue
        source = Path(os.path.realpath(other))
        if target == source:
            raise UserError(
                f"{option} {path}: the command reads this file; choose another name to write to"
            )
        if source in target.parents:
            raise UserError(
                f"{option} {path}: this is inside {other}, which the command reads; choose another"
                " place to write to"
            )


def _is(path: Path, begins: str) -> bool:
    """Whether an existing path is a file that begins so, or an empty one."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_NEAR)
    return not head or re.match(begins.encode("latin-1"), head) is not None
