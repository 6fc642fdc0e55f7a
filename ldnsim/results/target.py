"""Where a result may go: looked at before anything is simulated."""

from __future__ import annotations

import os
from pathlib import Path

from ldnsim.errors import UserError, nearest
from ldnsim.results.files import some
from ldnsim.results.record import Damaged, is_sealed, read_record

KINDS = {".zarr": "zarr", ".nc": "netcdf", ".nc4": "netcdf"}
_LONGEST = ".{}.partial.lock"  # of the names made beside a result
_MOVE = "move or delete it yourself, or choose another --out"


def kind_of(path: Path) -> str:
    """Return ``zarr`` or ``netcdf``, as the name ends, in small or capital letters.

    Raises:
        UserError: for any other ending.
    """
    ending = path.suffix.lower()
    if ending not in KINDS:
        found = f"ends in {path.suffix!r}" if path.suffix else "has no ending"
        raise UserError(
            f"cannot write {path}: its name {found}; a result is a Zarr store (.zarr) or a NetCDF"
            f" file (.nc, .nc4){nearest(ending, KINDS) if path.suffix else ''}"
        )
    return KINDS[ending]


def checked_target(out: str | os.PathLike[str]) -> Path:
    """Return a path to which a result can be written.

    Args:
        out: where the result is to go.

    Raises:
        UserError: it is not the name of a Zarr store or NetCDF file, is a link, or lies where
            nothing can be written.
    """
    text = os.fspath(out)
    path = Path(text)
    if "\0" in text or path.name in ("", ".."):
        raise UserError(f"cannot write {text!r}: expected a name such as 'result.zarr'")
    kind_of(path)
    parent = path.parent
    try:
        if not parent.exists():
            raise UserError(f"cannot write {path}: the folder {parent} does not exist")
        if not parent.is_dir():
            raise UserError(f"cannot write {path}: {parent} is a file, not a folder")
        parent.joinpath(_LONGEST.format(path.name)).lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
    if not os.access(parent, os.W_OK | os.X_OK):
        raise UserError(f"cannot write {path}: no permission to write in the folder {parent}")
    if path.is_symlink():
        raise UserError(
            f"cannot write {path}: it is a link to {path.readlink()}; give the place itself"
        )
    return path


def check_replaceable(path: Path) -> None:
    """Refuse to replace what this program did not write, or what holds files of others.

    Args:
        path: what is there.

    Raises:
        UserError: saying what it is.
    """
    kind, there = kind_of(path), "zarr" if path.is_dir() else "netcdf"
    if kind != there:
        words = {"zarr": "a folder", "netcdf": "a file"}
        raise UserError(
            f"{path} is not replaced: it is {words[there]}, and a result of that name would be"
            f" {words[kind]}; {_MOVE}"
        )
    try:
        if path.is_dir():
            record = read_record(path)
            foreign = record.foreign(path) if record else []
            if foreign:
                raise UserError(
                    f"{path} holds files that were not written with the result: {some(foreign)};"
                    " move them, or choose another --out"
                )
            ours = record is not None
        else:
            ours = is_sealed(path)
    except Damaged as error:
        raise UserError(
            f"{path} is not replaced: {error}, so nothing tells that it is a result of a sweep"
            f" only; {_MOVE}"
        ) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    if not ours:
        raise UserError(
            f"{path} is not replaced: it is not a result of a sweep of this version, or was"
            f" rewritten by another program; {_MOVE}"
        )


def check_free(path: Path, kept: Path, replaces: bool) -> None:
    """Refuse to put a finished sweep where something is that it was not started to replace.

    Args:
        path: where the result is to go.
        kept: where its finished blocks lie.
        replaces: whether it was started to replace what is there.

    Raises:
        UserError: saying what is in the way, and what is kept.
    """
    if not os.path.lexists(path):
        return
    if replaces:
        check_replaceable(path)
        return
    raise UserError(
        f"{path} is there, and the sweep was not started to replace it; its finished blocks are"
        f" kept in {kept}: move {path.name} and run the same command with --resume, or start"
        " again with --overwrite"
    )
