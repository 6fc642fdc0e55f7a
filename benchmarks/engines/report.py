"""The comparison as a terminal table, a Markdown table and a figure."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from benchmarks.engines.measure import Row, Timed
from benchmarks.engines.problem import STATES

NOT_COMPARED = (
    "mrgsolve and rxode2 (R) and DifferentialEquations.jl (Julia) are not compared: they are no "
    "Python packages."
)
_COLUMNS = ("engine", "how", "tolerance", "99 % of runs within", "runs above the limit",
            "runs/s, 1 core", "spread", "runs/s, 2 cores", "spread",
            "ldnsim is faster, 1 core", "2 cores")  # fmt: skip


@dataclass(frozen=True)
class Conditions:
    """Under which all engines were measured.

    Attributes:
        days: length of the runs.
        runs: of each of the two draws.
        target: error that 99 % of runs must meet.
        repeats: timings of each figure.
        own_error: worst gap between the reference and SciPy's DOP853, of the runs it was held
            against.
        drift: runs per second of ldnsim on one core at the end, over those at the start.
    """

    days: int
    runs: int
    target: float
    repeats: int
    own_error: float
    drift: float = float("nan")


def processor() -> str:
    """Name of the processor, as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _number(x: float) -> str:
    return "" if not np.isfinite(x) else f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def _ratio(row: Row, base: Row | None, cores: str) -> str:
    if base is None or row is base:
        return ""
    ratio = getattr(base, cores).median / getattr(row, cores).median
    return "" if not np.isfinite(ratio) else f"{ratio:,.0f} x" if ratio >= 20 else f"{ratio:.2g} x"


def _timed(found: Timed) -> list[str]:
    """The figure and its spread."""
    return [_number(found.median), f"{100.0 * found.spread:.0f} %" if found.rates else ""]


def cells(rows: list[Row]) -> list[list[str]]:
    """Text of the table, one list per engine: measured ones fastest first, then the others."""
    base = next((r for r in rows if r.key == "ldnsim" and not r.why), None)
    good = sorted((r for r in rows if not r.why), key=lambda r: -r.one.median)
    table = []
    for r in good:
        cores = {"threads": "2 threads", "processes": "2 processes"}[r.cores]
        share = f"{round(r.above * r.judged)} of {r.judged}"
        table.append([r.label, f"{r.method}; {cores}", f"{r.rtol:.1e}", f"{r.p99:.1e}", share,
                      *_timed(r.one), *_timed(r.two),
                      _ratio(r, base, "one"), _ratio(r, base, "two")])  # fmt: skip
    return table + [[r.label, r.why, *[""] * (len(_COLUMNS) - 2)] for r in rows if r.why]


def conditions(rows: list[Row], under: Conditions, today: datetime.date) -> list[str]:
    """Sentences under the table: what was asked for, on what machine, with which versions."""
    versions = {n: v for r in rows for n, v in r.versions.items() if v != "not installed"}
    versions["scipy"] = metadata.version("scipy")
    named = ", ".join(f"{n} {v}" for n, v in sorted(versions.items()))
    loads = [r.load for r in rows if np.isfinite(r.load)]
    busy = f"{min(loads):.1f} to {max(loads):.1f}" if loads else "not told by the system"
    drift = (
        f" ldnsim was timed again after all others: {under.drift:.2f} times the runs per second."
        if np.isfinite(under.drift)
        else ""
    )
    absent = ", ".join(r.label for r in rows if r.why.startswith("missing"))
    return [
        f"{under.days} days of {len(STATES)} states, {under.runs} patients a draw from the recorded"
        " spreads, those whose microglia tip among them, every run with a regimen of its own"
        " between 1 µg and 50 mg, all states stored once a day.",
        f"Each engine at the loosest tolerance at which 99 % of the runs of each of two draws keep "
        f"every value of every state within {under.target:.0e} of its range; slow engines solve the"
        " first 16 to 128 runs of each draw, and of fewer than 100 all count. Speed is from the"
        f" second draw, the median of {under.repeats}; spread is the largest less the smallest over"
        " the median. One core is by processor time, two cores by the clock.",
        f"Where an engine takes a tolerance for every state, it is as for ldnsim a hundredth of the"
        " relative one of the state's usual size; where it takes one, states are in such units."
        f" The reference and SciPy's DOP853 at 1e-11 are {under.own_error:.0e} apart at most.",
        f"{processor()}, {os.cpu_count()} cores; processes running or waiting in the minute before "
        f"each engine was done: {busy}.{drift}",
        f"Python {platform.python_version()}, {named}, {today.isoformat()}.",
        NOT_COMPARED
        + (f" Not installed here, so not compared either: {absent}." if absent else ""),
    ]


def markdown(rows: list[Row], notes: list[str]) -> str:
    """The table with its notes as Markdown."""
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|---|---|" + "---:|" * (len(_COLUMNS) - 2)]
    lines += ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in cells(rows)]
    return "\n".join([*lines, "", *[f"{n}\n" for n in notes]]).rstrip() + "\n"


def write_between(path: Path, mark: str, text: str) -> None:
    """Put text between ``<!-- mark -->`` and ``<!-- /mark -->``, or make a new file of it.

    Raises:
        ValueError: the file exists and lacks the marks.
    """
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    old = path.read_text(encoding="utf-8") if path.exists() else f"{begin}\n{end}\n"
    if begin not in old or end not in old:
        raise ValueError(f"{path} lacks the lines {begin} and {end}")
    head, rest = old.split(begin, 1)
    path.write_text(f"{head}{begin}\n{text}{end}{rest.split(end, 1)[1]}", encoding="utf-8")


def show(rows: list[Row], notes: list[str]) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="the same runs, solved side by side")
    for i, name in enumerate(_COLUMNS):
        table.add_column(name, justify="right" if i > 1 else "left", overflow="fold")
    for row in cells(rows):
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for note in notes:
        console.print(note)


def picture(rows: list[Row], path: Path, days: int, target: float) -> None:
    """Bars of runs per second on one core and two, on a logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    good = sorted((r for r in rows if not r.why), key=lambda r: r.one.median)
    at = np.arange(len(good))
    figure, axes = plt.subplots(figsize=(8.0, 1.2 + 0.42 * len(good)), layout="constrained")
    for shift, cores, colour, words in ((0.2, "two", "#9ecae1", "two cores"),
                                        (-0.2, "one", "#2171b5", "one core")):  # fmt: skip
        values = [getattr(r, cores).median for r in good]
        bars = axes.barh(at + shift, values, 0.38, color=colour, label=words)
        axes.bar_label(bars, [_number(v) for v in values], padding=3, fontsize=8)
    axes.set_yticks(at, [r.label for r in good])
    for label, r in zip(axes.get_yticklabels(), good, strict=True):
        label.set_fontweight("bold" if r.key == "ldnsim" else "normal")
    axes.set_xscale("log")
    axes.margins(x=0.12)
    axes.set_xlabel(
        f"simulations of {days} days per second (99 % of runs within {target:.0e} of range)"
    )
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)
