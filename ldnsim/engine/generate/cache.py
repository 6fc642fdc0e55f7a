"""Where compiled kernels are kept, and whose they may be.

What lies here is run as machine code, so it is used only from a folder and a file that belong to
the user and that nobody else can write. A file is opened without following links, its owner is
asked of the open file, it is read in one piece, and only what agrees with its checksum is used: so
a folder that others can move about cannot bring in code of theirs, and a truncated or damaged file
is as good as none. Files are put in place by renaming, so readers need no lock.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

log = logging.getLogger("ldnsim")

VARIABLE = "LDNSIM_CACHE_DIR"
SUFFIX = ".kernels"
_NAME = "k" + 20 * "[0-9a-f]"
_DRAFT = ".ldnsim-kernels-"
KEPT = 8  # files of other models, versions and processors that are left in a folder
WAIT = 300.0  # s: longer than any compilation; whoever holds the lock has been stopped
DAY = 86400.0
_HEAD = b"ldnsim kernels 1\n"
_DIGEST = hashlib.sha256().digest_size
_MOST = 1 << 28  # bytes
_said: set[str] = set()


def wanted_folder() -> Path:
    """The folder asked for: of the environment variable, else the user's cache folder."""
    import platformdirs

    chosen = os.environ.get(VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("ldnsim"))


def folders(looking: bool = False) -> Iterator[Path]:
    """Folders that may hold kernels, best first: the one asked for, and a private temporary one.

    A folder that cannot be used is left out, and a remark says why; there may be none at all. Each
    is looked at when its turn comes, so that the second is left alone while the first will do.

    Args:
        looking: for what may be there already; behind a folder that can be used, none is made
            and none is spoken of.
    """
    found = False
    for folder in _candidates():
        aside = looking and found
        if aside and not os.path.lexists(folder):
            continue
        reason = refusal(folder)
        if not reason:
            found = True
            yield folder
        elif not aside:
            remark(f"kernel cache not used: {reason}")


def _candidates() -> Iterator[Path]:
    try:
        wanted = wanted_folder()
        # without a home, "~" is left as it is, and would be made in the current folder
        if wanted.is_absolute() or (os.environ.get(VARIABLE) and wanted.parts[:1] != ("~",)):
            yield wanted.absolute()
        else:
            remark(f"kernel cache not used: no home folder; set HOME or {VARIABLE}")
    except (OSError, RuntimeError) as error:
        remark(f"kernel cache not used: {error}; set HOME or {VARIABLE}")
    user = os.geteuid() if hasattr(os, "geteuid") else "user"
    with suppress(OSError):  # no folder for temporary files
        yield Path(tempfile.gettempdir()) / f"ldnsim-{user}"


def refusal(folder: Path) -> str:
    """Why compiled code in a folder cannot be trusted or kept; empty if it can. Made if missing."""
    try:
        try:
            found = folder.lstat()
        except FileNotFoundError:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
    except (OSError, ValueError) as error:
        return f"{folder}: {reason_of(error)}"
    if stat.S_ISLNK(found.st_mode):
        return f"{folder} is a symbolic link; set {VARIABLE} to the folder itself"
    if not stat.S_ISDIR(found.st_mode):
        return f"{folder} is not a folder"
    whose = foreign(found, folder)
    return f"{folder} {whose}" if whose else ""


def foreign(found: os.stat_result, path: Path) -> str:
    """How a file or folder is in others' hands, with the remedy; empty if it is the user's alone.

    Where the system knows no owners (Windows) the user's folders are taken to be private.
    """
    if not hasattr(os, "geteuid"):
        return ""
    if found.st_uid != os.geteuid():
        return f"belongs to user {found.st_uid}, not to you ({os.geteuid()}); choose one of yours"
    if found.st_mode & 0o022:
        mode = stat.S_IMODE(found.st_mode)
        return f"has mode {mode:04o}, so others can write to it; run: chmod go-w '{path}'"
    return ""


def reason_of(error: BaseException) -> str:
    """What went wrong, in the system's words."""
    return str(getattr(error, "strerror", None) or error)


def remark(text: str) -> None:
    """Say something once in the life of a process."""
    if text not in _said:
        _said.add(text)
        log.warning(text)


def find(key: str) -> bytes | None:
    """What is kept under a key, from the first folder that has it whole; None if there is none."""
    for folder in folders(looking=True):
        path = folder / f"k{key}{SUFFIX}"
        body = read(path)
        if body is not None:
            with suppress(OSError):  # a folder that is only read
                os.utime(path)  # what is used stays, whatever is compiled beside it
            return body
    return None


def read(path: Path) -> bytes | None:
    """The contents of a file that is the user's and whole; None, with a remark, if it is not."""
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())
            fault = foreign(found, path)
            if not fault and not (stat.S_ISREG(found.st_mode) and found.st_size < _MOST):
                fault = "is no kernel file"
            data = b"" if fault else file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        remark(f"{path}: {reason_of(error)}")
        return None
    start = len(_HEAD) + _DIGEST
    if not fault and data[:start] != _HEAD + hashlib.sha256(data[start:]).digest():
        fault = "is damaged"
    if fault:
        remark(f"{path} {fault}; the kernels are made anew")
        return None
    return data[start:]


def forget(key: str) -> None:
    """Delete what is kept under a key, where that can be done."""
    for folder in folders(looking=True):
        with suppress(OSError):
            (folder / f"k{key}{SUFFIX}").unlink()


def keep(key: str, body: bytes) -> Path | None:
    """Keep something under a key in the first folder that can be written; say so if none can."""
    for folder in folders():
        try:
            path = _write(folder, f"k{key}{SUFFIX}", body)
        except OSError as error:
            remark(f"kernels cannot be kept in {folder}: {reason_of(error)}")
            continue
        tidy(folder)
        return path
    remark(f"kernels are not kept, and compiled again at the next start; set {VARIABLE}")
    return None


def _write(folder: Path, name: str, body: bytes) -> Path:
    handle, draft = tempfile.mkstemp(".draft", _DRAFT, folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_HEAD + hashlib.sha256(body).digest() + body)
        Path(draft).replace(folder / name)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise
    return folder / name


def tidy(folder: Path) -> None:
    """Delete all but the few files of kernels used last, and what killed processes left."""
    with suppress(OSError):
        found = [(p.stat().st_mtime, p) for p in folder.glob(f"{_NAME}{SUFFIX}")]
        stale = [p for _, p in sorted(found, reverse=True)[KEPT:]]
        limit = time.time() - DAY
        for pattern in (f"{_DRAFT}*.draft", f"{_NAME}.lock"):
            stale += [p for p in folder.glob(pattern) if p.stat().st_mtime < limit]
        for path in stale:
            path.unlink()


@contextmanager
def alone(key: str) -> Iterator[None]:
    """Wait while another process makes what this key stands for; without a lock, do not wait."""
    lock = _locked(key)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _locked(key: str) -> Any:
    from filelock import FileLock, Timeout

    for folder in folders():
        try:
            lock = FileLock(folder / f"k{key}.lock", mode=0o600)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                remark("waiting for the kernels that another process compiles")
                lock.acquire(timeout=WAIT, poll_interval=0.1)
        except Timeout:
            remark(f"waited {WAIT:.0f} s in vain; compiling here as well")
            return None
        except (OSError, NotImplementedError):
            continue  # a folder that is only read, or whose file system has no locks
        return lock
    return None
