"""Clients of dask.distributed: of a scheduler that is there, or of workers that are started."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import signal
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldnsim.errors import UserError

if TYPE_CHECKING:
    from distributed import Client


_ADDRESS = re.compile(r"(?:[a-z]+://)?(?:\[[0-9a-fA-F:.%]+\]|[^\s/:\[\]]+):[0-9]{1,5}(?:/\S*)?")


def needed() -> Any:
    """Return the package.

    Raises:
        UserError: it is not installed.
    """
    try:
        import distributed
    except ImportError:
        raise UserError("a cluster needs dask.distributed: pip install 'ldnsim[dask]'") from None
    return distributed


def gone() -> tuple[type[BaseException], ...]:
    """Return what is raised when the scheduler is gone."""
    from concurrent.futures import CancelledError

    from distributed.comm.core import CommClosedError

    return CancelledError, CommClosedError, OSError, TimeoutError, RuntimeError


def address_of(text: str) -> str:
    """Return the address of a scheduler, from itself or from the file that the scheduler wrote.

    A client that is made with a wrong one tries for a minute, or for ever where a file is missing.

    Raises:
        UserError: it is none, or the file is not there, or not that of a scheduler.
    """
    said, found = f"--scheduler {text}", text
    if text.endswith(".json"):
        try:
            found = json.loads(Path(text).read_text(encoding="utf-8"))["address"]
        except OSError as error:
            raise UserError(
                f"{said}: the file that a scheduler writes cannot be read ({error.strerror}); start"
                f" one with `dask scheduler --scheduler-file {text}`"
            ) from None
        except (ValueError, KeyError, TypeError):
            found = ""
        said += ": it is not the file that a scheduler writes (--scheduler-file)"
    else:
        said += ": it is no address of a scheduler"
    if not isinstance(found, str) or not _ADDRESS.fullmatch(found):
        raise UserError(
            f"{said}; expected one such as tcp://10.0.0.1:8786, or a file ending in .json"
        )
    return found


@contextlib.contextmanager
def connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler.

    Args:
        address: such as ``tcp://10.0.0.1:8786``, or the file ending in ``.json`` that it wrote.

    Raises:
        UserError: it is no address, or nothing answers there.
    """
    found = address_of(address)
    try:
        client = needed().Client(found, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(
            f"--scheduler {address}: no scheduler answers ({error}); start one with `dask"
            " scheduler`, which prints its address, such as tcp://10.0.0.1:8786"
        ) from None
    with client:
        yield client


@contextlib.contextmanager
def _keyboard_waits() -> Iterator[None]:
    """Hold Ctrl-C back from this process until the end of the block, and from those begun in it.

    A terminal sends it to all processes. Workers would each print where they were; it is for the
    sweep, which then ends them. They inherit that it is blocked from the thread that begins them,
    and that from the one that is begun here.

    Raises:
        KeyboardInterrupt: at the end, when it came meanwhile.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "pthread_sigmask"
    ):
        yield
        return
    # begun later, in the thread of the workers, it would leave that unblocked
    resource_tracker.ensure_running()
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


@contextlib.contextmanager
def local(workers: int | None = None) -> Iterator[Client]:
    """Start worker processes on this machine, each with one thread; they end with the block.

    Args:
        workers: how many; one for every core when None.

    Raises:
        UserError: they cannot be started, as in a script without a main guard.
    """
    package = needed()
    import dask

    try:
        # the profiler looks at a worker's threads a hundred times a second, for some 7 %
        with _keyboard_waits(), dask.config.set({"distributed.worker.profile.enabled": False}):
            processes = package.LocalCluster(
                n_workers=workers or os.cpu_count() or 1, threads_per_worker=1,
                dashboard_address=":0", silence_logs=logging.CRITICAL,
            )  # fmt: skip
    except (RuntimeError, OSError, TimeoutError) as error:
        raise UserError(
            f"worker processes cannot be started ({error}): in a script, start the run under `if"
            " __name__ == '__main__':`, since every worker imports the script"
        ) from None
    with processes, package.Client(processes, set_as_default=False) as client:
        yield client
