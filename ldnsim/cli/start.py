"""What is around every command: its streams, being stopped, and faults of the program itself."""

from __future__ import annotations

import os
from collections.abc import Callable

from ldnsim.cli import streams
from ldnsim.cli.guard import INTERRUPTED, USER_ERROR, say

FAULT = 1
TRACEBACK = "LDNSIM_TRACEBACK"


def run(app: Callable[[], object]) -> int:
    """Run the command line and return its exit code; nothing gets out of here as a traceback.

    Args:
        app: parses the command line and runs the command; it ends with ``SystemExit``.

    Raises:
        Exception: a fault of the program, when the variable ``LDNSIM_TRACEBACK`` is set.
    """
    closed = streams.open_streams()
    if "output" in closed:
        say("ldnsim: standard output is closed: what this command prints is lost")
    code = _code(app)
    reason = streams.lost()
    if reason:
        say(f"ldnsim: standard output: {reason}; what was printed is not whole")
        return code or USER_ERROR
    return code


def _code(app: Callable[[], object]) -> int:
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except KeyboardInterrupt:
        say("ldnsim: stopped")
        return INTERRUPTED
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        say(fault(error))
        return FAULT
    return 0


def fault(error: Exception) -> str:
    """What to tell a user about an error that is not theirs."""
    lines = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return (
        f"ldnsim: this should not have happened ({what}). It is a fault of the program or of its"
        " installation, not of your input: please report it, with the command, the output of"
        f" `ldnsim doctor`, and what the command prints with {TRACEBACK}=1 before it"
    )
