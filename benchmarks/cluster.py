"""Two workers of a cluster against two threads: the same study, written to a store by both.

    python benchmarks/cluster.py            # a few minutes; --quick --dry-run: less
    python benchmarks/cluster.py --runs 2000 8000 --pairs 7

Workers are processes of this machine that are there already, as those of a cluster are; patients,
solving, saving and the store are in the time of both. Threads and workers take turns, and who is
first changes from pair to pair. By the clock is what a user waits, and on a machine that others use
as well it is noise; by the processor is what all processes together have used, client and
scheduler included.
Without --dry-run the table goes to docs/speed.md.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.engines import report  # noqa: E402
from ldnsim.runs.plan import Plan, make_plan  # noqa: E402
from ldnsim.sweep import cluster  # noqa: E402
from ldnsim.sweep.execute import run_into_store  # noqa: E402
from ldnsim.sweep.study import Study  # noqa: E402

WORKERS = 2


@dataclass(frozen=True)
class Cost:
    """What one sweep took: seconds by the clock, and of processors."""

    clock: float
    processor: float


def plan(runs: int, weeks: int) -> Plan:
    """One patient on many doses: summaries only, as a large sweep has it."""
    data: dict[str, Any] = {
        "title": "benchmark",
        "regimen": f"2 mg nightly at 22:00, for {weeks} wk",
        "axes": [{"name": "dose", "field": "regimen.target", "linspace": ["1 mg", "9 mg", runs]}],
        "output": {"trajectories": False, "night": False, "ledger": False},
    }
    return make_plan(Study.build(data, "benchmark"), WORKERS)


def measured(one: Plan, engine: cluster.Cluster | None, used: Callable[[], float]) -> Cost:
    """Write one store and say what it took."""
    folder = Path(tempfile.mkdtemp())
    try:
        began, before = time.perf_counter(), used()
        run_into_store(one, folder / "a.zarr", engine=engine)
        return Cost(time.perf_counter() - began, used() - before)
    finally:
        shutil.rmtree(folder)


def pairs(engine: cluster.Cluster, one: Plan, count: int) -> list[tuple[Cost, Cost]]:
    """Measure threads and workers in turns; each pair has the same neighbours on the machine."""

    def everywhere() -> float:
        return time.process_time() + sum(engine.client.run(time.process_time).values())

    found = []
    for k in range(count):
        order = (None, engine) if k % 2 == 0 else (engine, None)
        costs = {way: measured(one, way, everywhere) for way in order}
        found.append((costs[None], costs[engine]))
    return found


def row(runs: int, found: Sequence[tuple[Cost, Cost]]) -> str:
    """Return a line of the table: medians over pairs, and their range."""

    def ratio(kind: str) -> str:
        values = [getattr(a, kind) / getattr(b, kind) for a, b in found]
        return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"

    speed = runs / statistics.median(b.clock for _, b in found)
    return f"| {runs:,} | {speed:,.0f} | {ratio('clock')} | {ratio('processor')} |"


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[500, 2000, 4000])
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    asked = parser.parse_args()
    sizes, count = ([500], 1) if asked.quick else (asked.runs, asked.pairs)
    lines = [
        "| runs | runs/s of the workers | threads / workers by the clock | by the processor |",
        "|---:|---:|---:|---:|",
    ]
    with cluster.local(WORKERS, WORKERS) as engine:
        pairs(engine, plan(256, asked.weeks), 2)  # compilers and kernels are loaded
        for runs in sizes:
            lines.append(row(runs, pairs(engine, plan(runs, asked.weeks), count)))
            print(lines[-1], flush=True)
    now = datetime.datetime.now(tz=datetime.UTC)
    lines += [
        "",
        f"{count} pairs of sweeps of {asked.weeks} weeks each, median and range; above 1 the"
        f" workers are the faster or the cheaper. {platform.machine()}, Python"
        f" {platform.python_version()}, {now:%Y-%m-%d}.",
    ]
    if not asked.dry_run:
        report.write_between(ROOT / "docs/speed.md", "cluster", "\n".join([*lines, ""]))
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
