"""A store under fire: a stand-in for the solver, and a file system that stops at a chosen call."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ldnsim.errors import UserError
from ldnsim.model import default_model
from ldnsim.results import files, provenance, store
from ldnsim.results.provenance import parameter_table, versions
from ldnsim.results.zarr_files import read_array
from ldnsim.runs.block import Block
from ldnsim.runs.job import Job
from ldnsim.runs.plan import Plan, make_plan
from ldnsim.runs.reference import Untreated
from ldnsim.sweep import execute, grow
from ldnsim.sweep.study import Study

RUNS, SIZE = 24, 8
SHORT = " short"
OUTPUT = {
    "variables": ["pain"],
    "summaries": ["pain_change"],
    "night": False,
    "ledger": False,
    "every": "1 d",
}


class Crash(BaseException):
    """The process is gone; nothing catches it."""


@cache
def plan(title: str) -> Plan:
    """A study of three blocks; its title makes another study of it.

    A title that ends in ``short`` is the same study with one block less along its axis.
    """
    gains = np.linspace(0.01, 0.02, RUNS).tolist()
    if title.endswith(SHORT):
        title, gains = title.removesuffix(SHORT), gains[:-SIZE]
    axis = {"name": "gain", "field": "parameters.driver", "values": gains}
    data = {"title": title, "regimen": "2 mg nightly at 22:00, for 2 d", "axes": [axis]}
    return make_plan(Study.build({**data, "output": OUTPUT, "solver": {"block": SIZE}}, "x"))


def values(one: Plan) -> np.ndarray[Any, Any]:
    """What the stand-in gives as pain of every run and time: the title decides it, too."""
    shift = sum(one.study.title.encode())
    grid = np.arange(len(one))[:, None] * 100 + np.arange(len(one.time))[None, :]
    return np.asarray(grid + shift, dtype=np.float32)


class StandIn(Job):
    """A job that knows its untreated patients without solving for them."""

    def __init__(self, plan: Plan, threads: int | None = None) -> None:
        n, model = len(plan.described), default_model()
        flat = np.zeros((n, len(model.observables)))
        y0 = np.zeros((n, len(model.states)))
        status = np.zeros(n, np.int8)
        known = Untreated(y0, flat, flat[:, 0], status, flat[:, :, None], flat)
        super().__init__(plan, threads, plan.described, known)


def solve(job: Job, starts: Sequence[int], size: int, *rest: object) -> Iterator[Block]:
    """Blocks without a solver."""
    whole = values(job.plan)
    for first in starts:
        part = whole[job.rows(first, size)]
        n = len(part)
        none, counts = np.empty((n, 1, 0), np.float32), np.ones(n, np.int64)
        zero = np.zeros(n, np.int8)
        sums = part[:, :1].astype(float)
        yield Block(first, part[:, None, :], none, sums, zero, counts, counts, zero, zero)


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no solver start, and nothing wait for the disk; what costs time is made once."""
    table, found = parameter_table(plan("x").described), versions()
    monkeypatch.setattr(provenance, "parameter_table", lambda patients: table)
    for module in (provenance, execute):
        monkeypatch.setattr(module, "versions", lambda: found)
    monkeypatch.setattr(files, "flush_all", lambda root, below: None)
    monkeypatch.setattr(files, "os", FaultyOs())
    for module in (execute, grow):
        monkeypatch.setattr(module, "Job", StandIn)
    monkeypatch.setattr(execute, "_solve", solve)


class FaultyOs:
    """Stands for ``os`` where results are written; the call of a given number fails.

    Attributes:
        calls: names of the calls that change something, in order; from the rename on whose names
            hold the text ``since``, where there is one.
    """

    def __init__(self, at: int = 0, full: bool = False, since: str = "") -> None:
        self.at, self.full, self.since = at, full, since
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in ("open", "write", "fsync", "replace", "mkdir", "link", "unlink", "rmdir"):
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            if name == "open" and not args[1] & (os.O_CREAT):
                return real(*args, **kwargs)
            if self.since and name == "replace" and self.since in " ".join(map(str, args)):
                self.since = ""
            if self.since:
                return None if name == "fsync" else real(*args, **kwargs)
            self.calls.append(name)
            frees = name in ("unlink", "rmdir", "replace", "fsync")
            if self.at and len(self.calls) >= self.at and not (self.full and frees):
                if name == "write" and len(self.calls) == self.at:
                    real(args[0], args[1][: len(args[1]) // 2])
                if self.full:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")
                raise Crash
            return None if name == "fsync" else real(*args, **kwargs)

        return call


@contextlib.contextmanager
def faulty(at: int = 0, full: bool = False, since: str = "") -> Iterator[FaultyOs]:
    """Write through a file system that fails from a given call on."""
    stands = FaultyOs(at, full, since)
    real = files.os
    files.os = stands  # type: ignore[assignment]
    try:
        yield stands
    finally:
        files.os = real


def calls_of(action: Callable[[], None]) -> list[str]:
    """The calls that an action makes."""
    with faulty() as system:
        action()
    return system.calls


def crash(at: int, action: Callable[[], None]) -> None:
    """Kill an action at a call."""
    with faulty(at), pytest.raises(Crash):
        action()


def run(target: Path, title: str, **how: Any) -> None:
    """Run one of the studies into a store."""
    if how.pop("append", False):
        grow.append(plan(title), target)
    else:
        execute.run_into_store(plan(title), target, **how)


def title_of(target: Path) -> str | None:
    """Which study a whole store is of, every value checked; None when there is no store.

    Raises:
        UserError: it does not open.
    """
    if not target.exists():
        return None
    title = str(store.attributes(target)["title"])
    if target.is_dir():  # without the libraries, which take longer than all the rest
        store.checked(target, verify=True)
        found = {n: read_array(target / n) for n in ("pain", "status", "gain")}
    else:
        with store.open_store(target) as ds:
            found = {n: ds[n].values for n in ("pain", "status", "gain")}
    title += SHORT if len(found["gain"]) < RUNS else ""
    np.testing.assert_array_equal(found["pain"], values(plan(title)))
    assert (found["status"] == 0).all() and len(found["gain"]) == len(plan(title))
    return title


def points(calls: list[str], every: bool, name: str) -> list[int]:
    """Calls at which to fail: all of them, or those around every rename and removal, and some.

    Fewer for a file, which is replaced in one step and takes its library long to write.
    """
    n = len(calls)
    if every:
        return list(range(1, n + 1))
    moves = [i for i, c in enumerate(calls, 1) if c == "replace"]
    if name.endswith(".nc"):
        return sorted({n // 2, moves[-1], moves[-1] + 1, n - 1})
    chosen = {
        1,
        n // 2,
        moves[0],
        *(moves[-1] + d for d in (0, 1, 2)),
        *(i + 1 for i in moves[-2:-1]),
        n - 1,
    }
    return sorted(i for i in chosen if 1 <= i <= n)


def refusal(target: Path, title: str, **how: Any) -> str:
    """Run; return the message when it is refused, or nothing."""
    try:
        run(target, title, **how)
    except UserError as error:
        return str(error)
    return ""
