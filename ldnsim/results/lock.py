"""One writer at a time, by a file that the system unlocks when its holder ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ldnsim.errors import UserError

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a lock, unless another process does.

    The file goes with the holder. One that was deleted between being opened and being locked is no
    lock: the next holder has another of the same name. So it is compared with what has the name.

    Args:
        path: of the file; one that a dead process left is taken over.

    Yields:
        whether the lock is held.

    Raises:
        UserError: no file can be made where it is to lie.
    """
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:  # a folder that takes no files, though its rights say so
            raise UserError(
                f"nothing can be written in the folder {path.parent}"
                f" ({error.strerror or error}); choose another place for the result"
            ) from None
        try:
            _lock(handle)
        except (BlockingIOError, PermissionError):
            os.close(handle)
            yield False
            return
        if _is_named(handle, path):
            break
        os.close(handle)
    try:
        yield True
    finally:
        with contextlib.suppress(PermissionError):  # where an open file cannot be deleted
            path.unlink(missing_ok=True)
        os.close(handle)


def _is_named(handle: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(handle)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
