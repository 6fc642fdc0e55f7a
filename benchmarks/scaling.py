"""Cost of ldnsim against the number of runs, the length of a run, and the threads.

    python benchmarks/scaling.py            # a few minutes
    python benchmarks/scaling.py --quick

Runs: 10 to 100,000 of two days. Weeks: 128 runs of 1 to 104 weeks. Each point is the best of
repeats. The slope of a fitted line on logarithmic axes says how cost grows: 1 is proportional.
Without --dry-run the figure goes to docs/img/scaling.png and the table to docs/speed.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ldnsim.model import default_model

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.engines import problem, report  # noqa: E402
from ldnsim.engine.solve.batch import solve  # noqa: E402
from ldnsim.measure import Measure  # noqa: E402

RTOL = 1e-4
DAYS = 2
GROUP = 128
THREADS = (1, 2)
COLOURS = {1: "#2171b5", 2: "#fd8d3c"}


@dataclass(frozen=True)
class Point:
    """One timing: ``seconds`` for ``runs`` of ``days`` on ``threads``."""

    runs: int
    days: int
    threads: int
    seconds: float

    @property
    def rate(self) -> float:
        """Run-weeks per second."""
        return self.runs * self.days / 7.0 / self.seconds


def timed(runs: int, days: int, threads: int, seconds: float) -> Point:
    """Time a study of ``runs``: summaries only, as a large sweep has it; the best of repeats."""
    drawn = problem.draw(7, runs, days, people=16)
    last = Measure("tnf", "mean", drawn.t_end - 24.0, drawn.t_end)
    batch = dataclasses.replace(drawn.batch(RTOL), out_times=np.empty(0), reductions=[last])
    best, spent = np.inf, 0.0
    while spent < seconds:
        began = time.perf_counter()
        found = solve(default_model(), batch, threads=threads)
        took = time.perf_counter() - began
        best, spent = min(best, took), spent + took
        if found.status.any():
            raise RuntimeError(f"{int((found.status != 0).sum())} of {runs} runs failed")
    return Point(runs, days, threads, float(best))


def slope(x: Sequence[float], seconds: Sequence[float]) -> float:
    """Slope of the line through the logarithms."""
    return float(np.polyfit(np.log(x), np.log(seconds), 1)[0])


def by_runs(quick: bool) -> list[Point]:
    sizes = [10, 100, 1000] if quick else [10, 100, 1000, 10_000, 100_000]
    return [_told(n, DAYS, t, 0.3 if quick else 1.0) for n in sizes for t in THREADS]


def by_weeks(quick: bool) -> list[Point]:
    lengths = [1, 4, 12] if quick else [1, 4, 12, 26, 52, 104]
    return [_told(GROUP, 7 * w, t, 0.3 if quick else 1.0) for w in lengths for t in THREADS]


def _told(runs: int, days: int, threads: int, seconds: float) -> Point:
    point = timed(runs, days, threads, seconds)
    print(f"{runs:>7,} runs x {days:>3} days, {threads} thread(s): {point.seconds:9.3g} s, "
          f"{point.rate:9.4g} run-weeks/s", flush=True)  # fmt: skip
    return point


def table(runs: list[Point], weeks: list[Point], today: datetime.date) -> str:
    """The timings as Markdown."""
    lines = ["| runs | days | threads | seconds | run-weeks per second |",
             "|---:|---:|---:|---:|---:|"]  # fmt: skip
    lines += [f"| {p.runs:,} | {p.days} | {p.threads} | {p.seconds:.3g} | "
              f"{p.rate:,.0f} |" for p in [*runs, *weeks]]  # fmt: skip
    found = "; ".join(f"{t} thread{'s' * (t > 1)}: {_slopes(runs, weeks, t)}" for t in THREADS)
    where = f"{report.processor()}, Python {platform.python_version()}, {today.isoformat()}"
    return "\n".join([*lines, "", f"Fitted slopes (1 is proportional): {found}. {where}.", ""])


def _slopes(runs: list[Point], weeks: list[Point], threads: int) -> str:
    own = [p for p in runs if p.threads == threads and p.runs >= 100]
    long = [p for p in weeks if p.threads == threads]
    return (f"{slope([p.runs for p in own], [p.seconds for p in own]):.2f} by runs (from 100 on), "
            f"{slope([p.days for p in long], [p.seconds for p in long]):.2f} by weeks")  # fmt: skip


def picture(runs: list[Point], weeks: list[Point], path: Path) -> None:
    """Seconds against runs, and against weeks."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.8), layout="constrained")
    for threads in THREADS:
        for axes, points in ((left, runs), (right, weeks)):
            own = [p for p in points if p.threads == threads]
            x = [p.runs if axes is left else p.days / 7.0 for p in own]
            fitted = [(a, p.seconds) for a, p in zip(x, own, strict=True)
                      if axes is right or p.runs >= 100]  # fmt: skip
            grows = slope([a for a, _ in fitted], [s for _, s in fitted])
            words = f"{threads} thread{'s' if threads > 1 else ''}, slope {grows:.2f}"
            axes.loglog(x, [p.seconds for p in own], "o-", color=COLOURS[threads], label=words)
    left.set_xlabel(f"runs of {DAYS} days")
    right.set_xlabel(f"weeks, {GROUP} runs")
    for axes in (left, right):
        axes.set_ylabel("seconds")
        axes.legend(frameon=False)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    parser.add_argument("--dry-run", action="store_true", help="print only")
    chosen = parser.parse_args()
    solve(default_model(), problem.draw(7, 8, 7, people=1).batch(1e-2), threads=1)  # compiles
    runs, weeks = by_runs(chosen.quick), by_weeks(chosen.quick)
    text = table(runs, weeks, datetime.date.today())
    print(text)
    if not chosen.dry_run:
        report.write_between(ROOT / "docs/speed.md", "scaling", text)
        picture(runs, weeks, ROOT / "docs/img/scaling.png")


if __name__ == "__main__":
    main()
