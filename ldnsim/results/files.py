"""Every change that a stored result makes to the disk, in one place.

Each step is one call of the operating system, so that what a kill leaves behind after any of them
can be tested, and nothing is deleted but by :func:`delete`, which is told what may go.
"""
# The calls of the operating system themselves, where tests can stand in for them:
# ruff: noqa: PTH102, PTH105, PTH106, PTH108, PTH114, PTH118

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)


def put(path: Path, data: bytes, *, flush: bool = False) -> None:
    """Write a file that nothing depends on yet; a kill may leave part of it.

    Args:
        path: the file, new or of no use any more.
        data: its content.
        flush: whether it must be on the disk when this returns.
    """
    handle = os.open(path, _NEW, 0o666)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(handle, left) :]
        if flush:
            os.fsync(handle)
    finally:
        os.close(handle)


def draft_of(path: Path, writer: str = "") -> Path:
    """Return where a file is written before it gets its name.

    Args:
        path: the file.
        writer: tells the drafts of one process from those of others, where several write.
    """
    return path.with_name(f".{path.name}{'.' if writer else ''}{writer}.draft")


def write_atomically(path: Path, data: bytes, writer: str = "") -> None:
    """Write a file so that it is either whole or as before, whatever happens."""
    draft = draft_of(path, writer)
    put(draft, data, flush=True)
    move(draft, path)


def move(source: Path, target: Path) -> None:
    """Rename; a file at the target is replaced, in one step."""
    os.replace(source, target)
    for folder in {source.parent, target.parent}:
        flush(folder)


def flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    with contextlib.suppress(PermissionError):  # a folder where the system cannot flush one
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def flush_all(root: Path, below: Iterable[str]) -> None:
    """Wait until files and their names are on the disk; in one call where the system has one.

    Args:
        root: a folder.
        below: names of files in it.

    Raises:
        OSError: they could not be written.
    """
    syncfs = _syncfs()
    if syncfs is None:
        inside = [Path(name) for name in below]
        for place in sorted({Path(), *inside, *(p for name in inside for p in name.parents)}):
            flush(root / place)
        return
    handle = os.open(root, os.O_RDONLY)
    try:
        if syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(root))
    finally:
        os.close(handle)


def _syncfs() -> Callable[[int], int] | None:
    """Return the system's call that waits for a whole file system, where it has one."""
    if os.name != "posix":
        return None
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    return found


def make(path: Path) -> None:
    """Make a folder, with those above it, unless it is there."""
    if not path.is_dir():
        make(path.parent)
        try:
            os.mkdir(path)
        except FileExistsError:  # another process made it meanwhile
            if not path.is_dir():
                raise


def make_known(path: Path) -> None:
    """Make a folder whose own name must be on the disk before anything is moved into it."""
    if not path.is_dir():
        make(path)
        flush(path.parent)


def link(source: Path, target: Path) -> None:
    """Give a file that never changes a second name, or a copy where names cannot be shared."""
    try:
        os.link(source, target)
    except OSError:
        put(target, source.read_bytes())


def names(root: Path) -> list[str]:
    """List everything below a folder that is not a folder, as ``a/b``; links are not followed."""
    found = []
    for folder, folders, files in os.walk(root):
        linked = [d for d in folders if os.path.islink(os.path.join(folder, d))]
        found += [Path(folder, n).relative_to(root).as_posix() for n in (*files, *linked)]
    return sorted(found)


def some(names: Sequence[str], most: int = 3) -> str:
    """Name the first few of a list, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def is_link(path: Path) -> bool:
    """Whether a path is a link, which a sweep never makes."""
    return os.path.islink(path)


def delete(root: Path, ours: Callable[[str], bool]) -> None:
    """Delete files below a folder, and folders that are left empty; links stay.

    Args:
        root: the folder; nothing happens when it is not there, or is a link.
        ours: whether a file, named as in :func:`names`, may go; all others stay.
    """
    if os.path.islink(root):
        return
    for folder, _, files in os.walk(root, topdown=False):
        for name in files:
            path = Path(folder, name)
            if ours(path.relative_to(root).as_posix()) and not os.path.islink(path):
                os.unlink(path)
        with contextlib.suppress(OSError):  # not empty: it holds what is not ours
            os.rmdir(folder)
