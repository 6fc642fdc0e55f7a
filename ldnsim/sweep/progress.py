"""Progress of long work: a function of the caller, a bar on a terminal, or lines now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from ldnsim.errors import UserError

Report = Callable[[int, int], None]
"""Takes the number of runs done and their total."""
Progress = Report | bool
INTERVAL = 10.0  # seconds between lines when there is no terminal


def reporting(wanted: Progress | None) -> AbstractContextManager[Report | None]:
    """Return a context of what ``progress`` asks for: the function given, a bar for True, or None.

    Raises:
        UserError: it is none of these.
    """
    if wanted is True:
        return progress()
    if wanted is None or wanted is False:
        return nullcontext()
    if callable(wanted):
        return nullcontext(wanted)
    raise UserError(
        f"progress = {wanted!r}: expected True for a bar, or a function of the number of runs"
        " done and their total"
    )


def progress(unit: str = "runs") -> AbstractContextManager[Report]:
    """Return a context of a function to call with ``(done, total)`` from time to time."""
    return _bar(unit) if sys.stderr.isatty() else nullcontext(lines(unit))


def lines(unit: str, now: Callable[[], float] = time.monotonic) -> Report:
    """Return a reporter that prints a plain line at most every ten seconds, and at the end.

    Args:
        unit: what is counted.
        now: clock, in seconds.
    """
    start: tuple[float, int] | None = None
    last, whole = 0.0, False

    def report(done: int, total: int) -> None:
        nonlocal start, last, whole
        moment = now()
        if start is None:
            # compiling comes before the first report and says nothing about the rate
            start, last = (moment, done), moment
        if (moment - last < INTERVAL and done < total) or whole:
            return
        last, whole = moment, done >= total
        rate = (done - start[1]) / max(moment - start[0], 1e-9)
        left = f", {seconds((total - done) / rate)} left" if rate > 0 and done < total else ""
        line = f"{done}/{total} {unit}, {rate:.3g}/s{left}"
        print(line, file=sys.stderr, flush=True)

    return report


def seconds(value: float) -> str:
    """Write a number of seconds as ``45 s``, ``3 min`` or ``2.5 h``."""
    if value < 90:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 5400 else f"{value / 3600:.1f} h"


@contextmanager
def _bar(unit: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(), MofNCompleteColumn(), TextColumn(unit),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(), TextColumn("left"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, rate="")

        def report(done: int, total: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:.3g}/s" if speed else "")

        yield report
