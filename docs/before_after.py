"""Curves of the second edition beside those of the first: ``python docs/before_after.py``.

Draws ``docs/img/before_after.png`` and prints the table of ``docs/second_edition.md``. The first
edition's curves are kept in ``docs/first_edition.csv``; they were made by this script, run with
that edition in place of this one: ``python docs/before_after.py --record docs/first_edition.csv``.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ldnsim.config.run import RunSpec
from ldnsim.plots import style
from ldnsim.runs.few import Measure, run_specs

DOCS = Path(__file__).parent
FIRST = DOCS / "first_edition.csv"
WEEK, DAY = 168.0, 24.0
INTERVALS = (2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 18, 21, 24, 28, 35, 42, 56, 70, 90)
"""Days between the steps of 0.5 mg; the last reaches 4.5 mg in the last weeks of two years."""

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]
Curves = dict[tuple[str, str], Curve]
"""x and y of each curve, by panel and name."""


def stimulus() -> Curves:
    """TNF of a healthy person under a TLR4 stimulus that lasts, fold of untreated, by hour."""
    hours = np.arange(0.0, 96.5, 0.5)
    case = RunSpec.of(phenotype="healthy", changes=[(0.0, "driver", 10.0)])
    got = run_specs([case], 1, [], hours, ["tnf"])
    return {("stimulus", "healthy"): (hours, got.at[0, 0] / got.baseline("tnf")[0])}


def dose() -> Curves:
    """Change of pain in week 26 by nightly dose from the first day on, default patient."""
    doses = np.geomspace(0.1, 50.0, 41)
    cases = [RunSpec.of(f"{d:.4g} mg nightly at 22:00, for 26 wk") for d in doses]
    got = run_specs(cases, 26, [Measure("pain", "mean", 25 * WEEK, 26 * WEEK)])
    return {("dose", "default"): (doses, got.values[:, 0] - got.baseline("pain"))}


def interval() -> Curves:
    """Change of pain by days between steps of 0.5 mg to 4.5 mg: end of two years, mean of them."""
    days = np.array(INTERVALS, dtype=np.float64)
    measures = [Measure("pain", "mean", a * WEEK, 104 * WEEK) for a in (100, 0)]
    found: Curves = {}
    for who in ("default", "fibromyalgia", "depleted"):
        cases = [
            RunSpec.of(f"0.5 mg nightly, +0.5 mg every {d} d to 4.5 mg, for 104 wk", phenotype=who)
            for d in INTERVALS
        ]
        got = run_specs(cases, 104, measures)
        change = got.values - got.baseline("pain")[:, None]
        found["interval", who] = (days, change[:, 0])
        found["interval, mean", who] = (days, change[:, 1])
    return found


def licensed() -> Curves:
    """TNF (fold of untreated) and mood of a healthy person: a year on 50 mg, a year off."""
    weeks = np.arange(2.0, 106.0, 2.0)
    spans = [
        Measure(what, "mean", (w - 2) * WEEK, w * WEEK) for what in ("tnf", "mood") for w in weeks
    ]
    who = ("dual_pathway", "tonic", "persistent", "ogfr")
    rx = "50 mg nightly, for 52 wk, then stop for 52 wk"
    got = run_specs([RunSpec.of(rx, h, "healthy") for h in who], 104, spans)
    tnf, mood = np.split(got.values, 2, axis=1)
    found: Curves = {}
    for i, h in enumerate(who):
        found["licensed", h] = (weeks, tnf[i] / got.baseline("tnf")[i])
        found["licensed, mood", h] = (weeks, mood[i])
    return found


def levels() -> Curves:
    """Daily means of the untreated patient, inflamed and healthy: TNF, IL-1b, IL-6, IL-10."""
    cases = [RunSpec.of(phenotype=p) for p in ("default", "healthy")]
    got = run_specs(cases, 1, [Measure("tnf", "mean", 0.0, DAY)])
    folds = [got.baseline(c) for c in ("tnf", "il1b", "il6", "il10")]
    place = np.arange(4.0)
    return {
        ("levels", "inflamed"): (place, np.array([f[0] for f in folds])),
        ("levels", "healthy"): (place, np.array([f[1] for f in folds])),
    }


PARTS: tuple[Callable[[], Curves], ...] = (stimulus, dose, interval, licensed, levels)


def curves() -> Curves:
    """Return all curves of the edition that is imported."""
    found: Curves = {}
    for part in PARTS:
        found |= part()
    return found


def record(path: Path) -> None:
    """Write the curves of the edition that is imported."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("panel", "curve", "x", "y"))
        for (panel, name), (x, y) in curves().items():
            rows.writerows((panel, name, f"{a:.6g}", f"{b:.6g}") for a, b in zip(x, y, strict=True))


def recorded(path: Path = FIRST) -> Curves:
    """Return curves as they were written; lines that begin with # say what made them."""
    lines = [k for k in path.read_text(encoding="utf-8").splitlines() if not k.startswith("#")]
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in csv.DictReader(lines):
        points.setdefault((row["panel"], row["curve"]), []).append(
            (float(row["x"]), float(row["y"]))
        )
    return {key: (np.array(p)[:, 0], np.array(p)[:, 1]) for key, p in points.items()}


def draw(first: Curves, second: Curves) -> Figure:
    """Draw both editions: the first dashed, the second drawn through."""
    with style.styled():
        figure = style.new_figure(15.0, 9.6)
        axes = list(figure.subplots(2, 2).flat)
        for curves_, dash, word in ((first, style.DASHES[1], "first"), (second, "-", "second")):
            for ax, (panel, looks) in zip(axes, LOOKS.items(), strict=True):
                for name, (said, shade) in looks.items():
                    x, y = curves_[panel, name]
                    label = f"{said}, {word} edition" if said else f"{word} edition"
                    colour = style.OKABE_ITO[shade] if said or word == "second" else style.GREY
                    ax.plot(x, y, color=colour, linestyle=dash, label=label)
        _words(axes)
        style.headline(figure, "What changed: the first edition (dashed) and the second")
    return figure


LOOKS: dict[str, dict[str, tuple[str, str]]] = {
    "stimulus": {"healthy": ("", "vermillion")},
    "dose": {"default": ("", "black")},
    "interval, mean": {
        "fibromyalgia": ("fibromyalgia", "blue"),
        "depleted": ("depleted", "orange"),
    },
    "licensed": {"tonic": ("tonic", "blue"), "ogfr": ("ogfr", "purple")},
}
"""What each panel shows: curves with their word and colour."""
WORDS = (
    ("TNF of a healthy person, TLR4 stimulus from hour 0 on", "hours", "fold of untreated"),
    ("pain in week 26, default patient", "nightly dose (mg)", "change (points of 0-10)"),
    (
        "pain, mean of two years on a ladder to 4.5 mg",
        "days between steps of 0.5 mg",
        "change (points of 0-10)",
    ),
    ("TNF of a healthy person, 50 mg for a year", "weeks", "fold of untreated"),
)


def _words(axes: Sequence[Axes]) -> None:
    """Write titles, scales and legends."""
    for ax, (title, across, up) in zip(axes, WORDS, strict=True):
        ax.set_title(title, loc="left")
        ax.set_xlabel(across)
        ax.set_ylabel(up)
        ax.legend(fontsize=style.SMALL)
        style.polish(ax)
    _log(axes[1], (0.1, 0.3, 1, 3, 10, 30))
    _log(axes[2], (2, 4, 7, 14, 28, 56, 90))
    for ax in axes[1:3]:
        ax.axhline(0.0, color=style.GREY, linewidth=1.0)
    axes[3].axvline(52.0, color=style.GREY, linewidth=1.0)
    axes[3].annotate(
        "stopped", (52.0, 0.3), (4, 0), xycoords=("data", "axes fraction"),
        textcoords="offset points", fontsize=style.SMALL,
    )  # fmt: skip


def _log(ax: Axes, ticks: Sequence[float]) -> None:
    """Give the lower axis a logarithmic scale with these ticks."""
    ax.set_xscale("log")
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()


def table(first: Curves, second: Curves) -> str:
    """Return the figures of both editions, one finding a line."""
    sides = [figures(first), figures(second)]
    lines = ["| finding | first edition | second edition |", "|---|---|---|"]
    lines += [f"| {what} | {sides[0][what]} | {sides[1][what]} |" for what in sides[0]]
    return "\n".join(lines)


def both() -> str:
    """Return the table of the first edition and of the one that is imported."""
    return table(recorded(), curves())


def figures(found: Curves) -> dict[str, str]:
    """Return what the curves of one edition say, by finding."""
    folds = found["levels", "inflamed"][1] / found["levels", "healthy"][1]
    hours, tnf = found["stimulus", "healthy"]
    top = int(tnf.argmax())
    left = 100.0 * (tnf[hours == DAY][0] - 1.0) / (tnf[top] - 1.0)
    said = {
        "inflamed against healthy at rest: TNF, IL-1b, IL-6, IL-10": ", ".join(
            f"{f:.2g}" for f in folds
        )
        + " fold",
        "what a healthy person's TNF reads": f"{found['levels', 'healthy'][1][0]:.1f}",
        "lasting TLR4 stimulus: highest TNF": f"{tnf[top]:.1f} fold at {hours[top]:.0f} h",
        "of its rise left at 24 h": f"{left:.0f} %" + (", still rising" if top > 48 else ""),
    }
    return said | _pace(found) | _dose(found) | _licensed(found)


def _pace(found: Curves) -> dict[str, str]:
    """Return what the interval between steps decides."""
    said = {}
    for who in ("fibromyalgia", "depleted"):
        days, pain = found["interval, mean", who]
        best, worst = int(pain.argmin()), int(pain.argmax())
        turns = int((np.diff(np.sign(np.diff(pain))) != 0).sum())
        said[f"pain by interval, {who}, mean of two years: best, worst"] = (
            f"{pain[best]:+.2f} at {days[best]:.0f} d, {pain[worst]:+.2f} at {days[worst]:.0f} d"
        )
        said[f"how often that curve turns, {who}"] = str(turns)
    return said


def _dose(found: Curves) -> dict[str, str]:
    """Return how pain answers the dose."""
    doses, pain = found["dose", "default"]
    steps = np.abs(np.diff(pain))
    steep = int(steps.argmax())
    best = int(pain.argmin())
    return {
        "pain in week 26 by dose: largest fall": f"{pain[best]:+.2f} at {doses[best]:.2g} mg",
        "largest step between doses 17 % apart": f"{steps[steep]:.2f} points, "
        f"{doses[steep]:.2g} to {doses[steep + 1]:.2g} mg",
        "at 1 mg; at 50 mg": f"{np.interp(1.0, doses, pain):+.2f}; {pain[-1]:+.2f}",
    }


def _licensed(found: Curves) -> dict[str, str]:
    """Return what a year on 50 mg does to a healthy person, and a year later."""
    said = {}
    for name in ("tonic", "ogfr"):
        weeks, tnf = found["licensed", name]
        on, off = tnf[weeks <= 52], tnf[-1]
        said[f"healthy on 50 mg, `{name}`: highest TNF; a year after stopping"] = (
            f"{on.max():.2g} fold; {off:.2g} fold"
        )
    for name in ("tonic", "persistent"):
        weeks, mood = found["licensed, mood", name]
        said[f"healthy on 50 mg, `{name}`: lowest mood; a year after stopping"] = (
            f"{mood[weeks <= 52].min():.1f}; {mood[-1]:.1f}"
        )
    return said


def main(argv: Sequence[str] | None = None) -> None:
    """Draw and print, or write this edition's curves."""
    parser = argparse.ArgumentParser(description="Both editions side by side.")
    parser.add_argument("--record", type=Path, help="write this edition's curves and no more")
    path = parser.parse_args(argv).record
    if path is not None:
        record(path)
        return
    first, second = recorded(), curves()
    style.save(draw(first, second), DOCS / "img" / "before_after.png", dpi=90)
    print(table(first, second))


if __name__ == "__main__":
    main()
