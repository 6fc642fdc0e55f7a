"""Errors as a user should see them: one message, the right exit code, no traceback."""

from __future__ import annotations

import functools
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec

import typer

from ldnsim.errors import Interrupted, UserError

P = ParamSpec("P")
USER_ERROR, ALL_FAILED, INTERRUPTED, TERMINATED = 2, 3, 130, 143


def say(text: str) -> None:
    """Print a remark to stderr, so that stdout stays the command's result."""
    print(text, file=sys.stderr, flush=True)


def _too_much(error: MemoryError | RecursionError) -> str:
    """What a user can do about more than the machine holds."""
    if isinstance(error, RecursionError):
        return "something in the input is nested too deeply to be read"
    detail = f" ({error})" if str(error) else ""
    return f"not enough memory{detail}: ask for fewer runs, times or variables at once"


class _Announcer(logging.Handler):
    """Pass on what the library has to say (compiling, resuming), to whatever stderr is now."""

    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record))


def announce() -> None:
    """Show the library's messages on stderr; calling it again changes nothing."""
    logger = logging.getLogger("ldnsim")
    if not any(isinstance(h, _Announcer) for h in logger.handlers):
        logger.addHandler(_Announcer())
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _from_storage(error: BaseException) -> bool:
    """Whether an error came out of the libraries that read stored arrays: a damaged file."""
    frame = error.__traceback__
    while frame is not None:
        module = str(frame.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in ("zarr", "numcodecs", "h5py", "h5netcdf"):
            return True
        frame = frame.tb_next
    return False


@contextmanager
def _terminable() -> Iterator[list[int]]:
    """Make SIGTERM, as batch systems send it, stop a command as Ctrl-C does.

    Yields:
        the exit code of a stopped command, the last one in the list.
    """
    code = [INTERRUPTED]
    if threading.current_thread() is not threading.main_thread():
        yield code  # only there can signals be handled
        return

    def stop(*_: Any) -> None:
        code.append(TERMINATED)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield code
    finally:
        signal.signal(signal.SIGTERM, before)


def guarded(resume: str = "") -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Decorate a command: user errors become exit code 2, Ctrl-C becomes 130, SIGTERM 143.

    Args:
        resume: what to tell a user who stopped the command.
    """

    def decorate(command: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(command)
        def inner(*args: P.args, **kwargs: P.kwargs) -> None:
            announce()
            try:
                with _terminable() as stopped:
                    command(*args, **kwargs)
            except UserError as error:
                say(f"ldnsim: {error}")
                raise typer.Exit(USER_ERROR) from None
            except Interrupted as error:
                say(f"ldnsim: {error}")
                raise typer.Exit(stopped[-1]) from None
            except KeyboardInterrupt:
                say(f"ldnsim: stopped{'; ' + resume if resume else ''}")
                raise typer.Exit(stopped[-1]) from None
            except BrokenPipeError:
                # the reader (head, less) has left: nothing to report, and nothing to flush to
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise typer.Exit(0) from None
            except (MemoryError, RecursionError) as error:
                say(f"ldnsim: {_too_much(error)}")
                raise typer.Exit(USER_ERROR) from None
            except OSError as error:
                where = f"{error.filename}: " if error.filename else ""
                say(f"ldnsim: {where}{error.strerror or error}")
                raise typer.Exit(USER_ERROR) from None
            except Exception as error:
                if not _from_storage(error):
                    raise
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                # what a reader checks while it decodes values; anything else is not damage
                damaged = isinstance(error, RuntimeError) and "decompression" in reason
                words = "is damaged" if damaged else "cannot be read"
                say(
                    f"ldnsim: the stored result {words} ({reason}); `ldnsim doctor STORE` says more"
                )
                raise typer.Exit(USER_ERROR) from None

        return inner

    return decorate
