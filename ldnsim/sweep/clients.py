"""Clients of dask.distributed: of a scheduler that is there, or of workers that are started."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ldnsim.errors import UserError

if TYPE_CHECKING:
    from distributed import Client


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


@contextlib.contextmanager
def connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler.

    Args:
        address: such as ``tcp://10.0.0.1:8786``, or the file ending in ``.json`` that it wrote.

    Raises:
        UserError: nothing answers there.
    """
    how = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
    try:
        client = needed().Client(**how, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(
            f"--scheduler {address}: no scheduler answers ({error}); start one with `dask"
            " scheduler`, which prints its address, such as tcp://10.0.0.1:8786"
        ) from None
    with client:
        yield client


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
        with dask.config.set({"distributed.worker.profile.enabled": False}):
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
