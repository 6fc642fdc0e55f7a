"""A scheduler and workers as processes of this machine, to be killed; solving is a stand-in.

As a preload of a worker this file puts the stand-in in place. What workers do is steered and told
by files in one folder: ``pace`` holds the seconds that a block takes, ``full`` says that the disk
is full, and every block that is begun is a line in ``solved``.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER, ODD = "LDNSIM_TEST_FARM", "LDNSIM_TEST_ODD"


class Farm:
    """A scheduler, its workers, and the folder through which they are steered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def _start(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        where = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *words], stdout=log, stderr=log, cwd=self.folder,
                env={**os.environ, FOLDER: str(self.folder), "PYTHONPATH": where, **more},
            )  # fmt: skip

    def start(self, workers: int = 2) -> None:
        """Start the scheduler and workers."""
        words = ("--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")
        self.scheduler = self._start("distributed.cli.dask_scheduler", *words)
        for _ in range(workers):
            self.add()

    def add(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a worker."""
        preload = words or ("--preload", "tests.sweep.farm")
        found = self._start(
            "distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-nanny",
            "--no-dashboard", "--local-directory", str(self.folder / "scratch"), *preload, **more,
        )  # fmt: skip
        self.workers.append(found)
        return found

    def kill(self, which: int) -> None:
        """Kill a worker outright, by its number."""
        end(self.workers.pop(which))

    def restart(self) -> None:
        """Kill the scheduler and all workers, and start as many again."""
        count = len(self.workers)
        assert self.scheduler is not None
        end(self.scheduler)
        while self.workers:
            self.kill(0)
        self.start(count)

    def stop(self) -> None:
        """End all that is left."""
        for process in (*self.workers, self.scheduler):
            if process is not None:
                end(process)

    def pace(self, seconds: float) -> None:
        """Say how long a block takes."""
        draft = self.folder / "pace.draft"
        draft.write_text(str(seconds))
        draft.replace(self.folder / "pace")

    def solved(self) -> list[int]:
        """First runs of the blocks that workers began, in order."""
        file = self.folder / "solved"
        return [int(line) for line in file.read_text().split()] if file.exists() else []


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill one process that was started here."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """A port of this machine that nobody has."""
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def slow(job: Any, starts: Sequence[int], size: int, *rest: object) -> Iterator[Any]:
    """Solve as the stand-in does, at the pace asked for."""
    from tests.sweep import faults

    folder = Path(os.environ[FOLDER])
    for first in starts:
        handle = os.open(folder / "solved", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, f"{first}\n".encode())
        os.close(handle)
        time.sleep(float((folder / "pace").read_text()))
        yield from faults.solve(job, [first], size)


def dask_setup(worker: Any) -> None:
    """Put the stand-in in place of the solver; called by a worker that starts."""
    from ldnsim.results import files
    from ldnsim.sweep import worker as ours

    folder, put = Path(os.environ[FOLDER]), files.put

    def limited(path: Path, data: bytes, **how: Any) -> None:
        if (folder / "full").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        put(path, data, **how)

    ours.run_blocks = slow  # type: ignore[assignment]
    if odd := os.environ.get(ODD):
        ours.versions = lambda: {odd: "0.1"}  # type: ignore[attr-defined]
    files.put = limited
