"""What solves a sweep from the command line: threads, workers of a cluster, or one of many jobs."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli.guard import guarded, say
from ldnsim.cli.numbers import Threads
from ldnsim.errors import UserError
from ldnsim.sweep.progress import progress, seconds

if TYPE_CHECKING:
    from ldnsim.runs.plan import Plan
    from ldnsim.sweep.engines import Engine

Scheduler = Annotated[
    str | None,
    typer.Option(help="Let the workers of this scheduler do it, such as tcp://10.0.0.1:8786."),
]
Cluster = Annotated[
    str | None, typer.Option(help="Start workers for it: local, or local:8 for eight processes.")
]
ShardText = Annotated[
    str | None, typer.Option("--shard", help="Do one part only, such as 3/40; then: ldnsim merge.")
]


@dataclass(frozen=True)
class Machines:
    """What was asked for.

    Attributes:
        scheduler: its address, or None.
        cluster: ``local`` with or without a number, or None.
        shard: which part of how many, or None.
    """

    scheduler: str | None
    cluster: str | None
    shard: str | None

    def check(self, resume: bool, overwrite: bool, append: bool, dry_run: bool) -> None:
        """Refuse what contradicts itself, before anything is read.

        Raises:
            UserError: naming the options.
        """
        given = [
            f"--{name}"
            for name, value in (
                ("scheduler", self.scheduler), ("cluster", self.cluster), ("shard", self.shard),
            )
            if value is not None
        ]  # fmt: skip
        if len(given) > 1:
            raise UserError(f"{' and '.join(given)} are different ways to do it: choose one")
        if self.shard is not None and overwrite:
            raise UserError(
                "--overwrite with --shard would let every job begin anew: delete the old result"
                " first, or choose another --out"
            )
        if given and append:
            raise UserError(f"--append runs on this machine: leave out {given[0]}")
        if given and dry_run:
            raise UserError(f"--dry-run runs nothing, so {given[0]} would do nothing: leave it out")
        if self.cluster is not None:
            _workers(self.cluster)
        if self.shard is not None:
            from ldnsim.sweep.shards import Shard

            Shard.parse(self.shard)

    @contextlib.contextmanager
    def engine(self, threads: int | None) -> Iterator[Engine | None]:
        """Return what solves the runs; None for threads of this process."""
        if self.scheduler is None and self.cluster is None:
            yield None
            return
        from ldnsim.sweep.cluster import at, local

        how = (
            local(_workers(self.cluster), threads)
            if self.cluster is not None
            else at(str(self.scheduler), threads)
        )
        with how as found:
            if link := found.dashboard:
                say(f"dashboard {link}")
            yield found


def _workers(text: str) -> int | None:
    """Read ``local:8``; None for as many as there are cores.

    Raises:
        UserError: anything else.
    """
    found = re.fullmatch(r"local(?::([0-9]{1,4}))?", text)
    if found is None or (found[1] is not None and int(found[1]) == 0):
        more = "; an address of a scheduler goes to --scheduler" if "://" in text else ""
        raise UserError(f"--cluster {text}: expected local, or local:8 for eight workers{more}")
    return None if found[1] is None else int(found[1])


def one_shard(plan: Plan, store: Any, text: str, study: Path) -> None:
    """Solve one shard of a sweep and say what comes next."""
    from ldnsim.sweep.shards import Shard, run_shard

    shard, start = Shard.parse(text), time.perf_counter()
    with progress() as report:
        runs = run_shard(plan, store, shard, study, report)
    if runs is None:
        return
    say(f"shard {shard}: {runs} runs in {seconds(time.perf_counter() - start)}")
    when = "now" if shard.of == 1 else f"when all {shard.of} shards are finished"
    say(f"{when}: ldnsim merge {store}")


@guarded(resume="the shards are kept: run the command again")
def merge(
    out: Annotated[str, typer.Argument(help="The result that shards were run for.")],
    study: Annotated[
        Path | None, typer.Option(help="Study file, where it is no longer where it was.")
    ] = None,
    threads: Threads = None,
) -> None:
    """Make the result of a sweep that was run in shards."""
    from ldnsim.cli.run import told
    from ldnsim.cli.source import STUDY, resolve
    from ldnsim.runs.plan import make_plan
    from ldnsim.sweep.execute import checked_out
    from ldnsim.sweep.shards import merge as merged

    def plan_of(file: Path) -> Plan:
        return make_plan(resolve(file, STUDY).study(), threads)

    store = checked_out(out)
    if plan := merged(store, plan_of, study, threads):
        told(plan, store)
