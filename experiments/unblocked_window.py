"""Is there an unblocked window between nightly low doses?

The story of rebound needs hours without block. Three hypotheses on how fast the block clears are
set against what was seen in people, and their nightly low doses are compared: hours with little
block, peptides, TNF.

    python experiments/unblocked_window.py [--out DIR] [--weeks N] [--points N] [--threads N]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import (
    Floats,
    arguments,
    change,
    failed,
    findings,
    footnote,
    guarded,
    paragraphs,
    percent,
    say,
    table,
    write,
)
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.config.run import RunSpec
from ldnsim.plots import style
from ldnsim.plots.style import DASHES, GREY, OKABE_ITO, SMALL
from ldnsim.runs.few import DAY, Measure, run_specs, week

NAME, QUESTION = "unblocked_window", "Is there an unblocked window at low dose?"
MAIN = "dual_pathway"
HYPOTHESES = {MAIN: "black", "tonic": "vermillion", "persistent": "green"}
LIMITS = (0.2, 0.1)
"""Occupancies under which a mu receptor counts as unblocked, loosely and strictly: choices."""
PET = {2.0: (27.0,), 5.0: (43.0, 46.0, 58.0), 15.0: (61.0,), 50.0: (92.0, 98.0)}
"""Mu occupancy (percent) within 8 h of one dose (mg) [rabiner2011, trostheim2022]."""
AT_48_H = (70.0, 80.0)
"""Mu receptors blocked 48 h after 50 mg, percent [swiss_label]."""
HALVES = (72.0, 108.0)
"""Hours in which the block after 50 mg halves, by a probe of two detectors [lee1988]."""
EARLY = (1.0, 8.0)
"""Hours after the dose over which the model's occupancy is averaged against PET: a choice."""
USUAL = 4.5
SOURCES = ("rabiner2011", "swiss_label", "lee1988", "carfentanil2005", "kim1997", "misra1976")


@dataclass(frozen=True)
class Setting:
    """How much to compute: weeks of treatment, nightly doses (mg), threads."""

    weeks: int = 26
    doses: tuple[float, ...] = (0.5, 1.0, 1.5, 3.0, USUAL, 6.0)
    threads: int | None = None


@dataclass(frozen=True)
class Single:
    """What one dose does: hours after it, occupancy in percent by hypothesis, (doses, hours)."""

    hours: Floats
    occupancy: dict[str, Floats]


def single_doses(threads: int | None) -> Single:
    """Follow one dose of each size for two weeks."""
    start, hours = DAY + 8.0, np.linspace(0.0, 14 * DAY, 14 * 24 * 2 + 1)
    found = {}
    for name in HYPOTHESES:
        cases = [
            RunSpec.of(f"stop for 1 d, then {d:g} mg daily at 08:00, for 1 d", name) for d in PET
        ]
        got = run_specs(
            cases, 16 / 7, [], (start + hours).tolist(), ["mor_occupancy"], threads=threads
        )
        found[name] = 100.0 * got.at[:, 0]
    return Single(hours, found)


def half_time(hours: Floats, block: Floats) -> float:
    """Return the hours from the peak until the block is half of it; NaN if it never is."""
    top = int(np.argmax(block))
    below = np.flatnonzero(block[top:] <= 0.5 * block[top])
    return float(hours[top + below[0]] - hours[top]) if below.size else np.nan


def against_pet(s: Single, name: str) -> tuple[Floats, float, float, float]:
    """Return early occupancy by dose, its misfit (root mean square), block at 48 h, half-time."""
    early = s.occupancy[name][:, (s.hours >= EARLY[0]) & (s.hours <= EARLY[1])].mean(1)
    misfit = float(np.sqrt(np.mean((early - [np.mean(v) for v in PET.values()]) ** 2)))
    large = s.occupancy[name][-1]
    return early, misfit, float(np.interp(48.0, s.hours, large)), half_time(s.hours, large)


def within(x: float, bounds: tuple[float, float], slack: float = 0.0) -> bool:
    """Whether a number lies between two others, widened by a share of them."""
    return bounds[0] * (1.0 - slack) <= x <= bounds[1] * (1.0 + slack)


def nightly(setting: Setting) -> pd.DataFrame:
    """Run nightly doses under each hypothesis; one row per hypothesis and dose."""
    last, end = setting.weeks, setting.weeks * 7 * DAY
    night = (end - 7 * DAY, end)
    measures = [Measure("mor_occupancy", "hours_above", *night, limit) for limit in LIMITS]
    measures += [week("mor_occupancy", last, "max"), week("mor_occupancy", last, "min")]
    means = ("met_enkephalin", "beta_endorphin", "opioid_tone", "tnf", "pain")
    measures += [week(name, last) for name in means]
    keys = [(h, d) for h in HYPOTHESES for d in setting.doses]
    cases = [RunSpec.of(f"{d:g} mg nightly at 22:00, for {last} wk", h) for h, d in keys]
    got = run_specs(cases, last, measures, threads=setting.threads)
    columns = {f"hours_below_{100 * x:g}": DAY - got.values[:, i] / 7 for i, x in enumerate(LIMITS)}
    columns |= {n: 100.0 * got.values[:, 2 + i] for i, n in enumerate(("peak", "trough"))}
    columns |= {name: change(got, 4 + i, name) for i, name in enumerate(means)}
    rows = pd.DataFrame(columns, pd.MultiIndex.from_tuples(keys, names=("hypothesis", "dose")))
    rows.attrs["failed"] = failed(got)
    return rows


def last_night(setting: Setting) -> tuple[Floats, Floats]:
    """Return hours and occupancy (percent) over a settled day of the usual dose, by hypothesis."""
    hours, start = np.linspace(0.0, DAY, 97), 8 * 7 * DAY - 26.0
    cases = [RunSpec.of(f"{USUAL:g} mg nightly at 22:00, for 8 wk", h) for h in HYPOTHESES]
    got = run_specs(
        cases, 8, [], (start + hours).tolist(), ["mor_occupancy"], threads=setting.threads
    )
    return hours, 100.0 * got.at[:, 0]


def supported(late: dict[str, tuple[float, float]]) -> list[str]:
    """Return the hypotheses that meet both late measurements (48 h, half-time).

    Five people and a label are no sharp bounds: a tenth beyond the published range still counts.
    """
    return [
        n for n, (at48, half) in late.items()
        if within(at48, AT_48_H, 0.1) and within(half, HALVES, 0.1)
    ]  # fmt: skip


def headline(rows: pd.DataFrame, good: list[str]) -> str:
    """Answer from the hours under the looser limit at the usual dose."""
    hours = rows[f"hours_below_{100 * LIMITS[0]:g}"].xs(USUAL, level="dose")
    told = ", ".join(f"{h:.0f} h a day under {n}" for n, h in hours.items())
    backed = [n for n in good if n in hours.index]
    text = (
        f"At {USUAL:g} mg nightly less than {100 * LIMITS[0]:g} % of mu receptors is blocked for "
        f"{told}."
    )
    if not backed:
        return f"Not settled: no hypothesis here meets the late human data. {text}"
    open_ = [n for n in backed if hours[n] >= 1.0]
    if not open_:
        return f"By the human data, no ({', '.join(backed)}). {text}"
    if len(open_) == len(backed):
        return f"By the human data, yes ({', '.join(backed)}). {text}"
    return f"The human data do not decide: {', '.join(backed)} meet them and differ. {text}"


def answer(s: Single, rows: pd.DataFrame) -> str:
    """Write the answer from single doses and nightly doses."""
    fits = {name: against_pet(s, name) for name in HYPOTHESES}
    good = supported({n: (f[2], f[3]) for n, f in fits.items()})
    seen = ["people", *("/".join(f"{x:g}" for x in v) for v in PET.values()), "",
            f"{AT_48_H[0]:g}-{AT_48_H[1]:g}", f"{HALVES[0]:g}-{HALVES[1]:g}"]  # fmt: skip
    single = [
        [n, *(f"{x:.0f}" for x in f[0]), f"{f[1]:.0f}", f"{f[2]:.0f}", f"{f[3]:.0f}"]
        for n, f in fits.items()
    ]
    strict, loose = (f"hours_below_{100 * x:g}" for x in reversed(LIMITS))
    night = [
        [h, f"{d:g}", f"{r[loose]:.0f}", f"{r[strict]:.0f}", f"{r['peak']:.0f} / {r['trough']:.0f}",
         *(percent(r[n]) for n in ("met_enkephalin", "opioid_tone", "tnf", "pain"))]
        for (h, d), r in rows.iterrows()
    ]  # fmt: skip
    best = min(fits, key=lambda n: fits[n][1])
    parts = [
        QUESTION,
        headline(rows, good),
        "One dose against the human data: mu occupancy in percent, mean of hours "
        f"{EARLY[0]:g} to {EARLY[1]:g}; then misfit of these (root mean square), occupancy 48 h "
        "after 50 mg, and hours in which it halves:",
        table(["", *(f"{d:g} mg" for d in PET), "misfit", "at 48 h", "halves (h)"],
              [seen, *single]),
        f"The late data are met by {', '.join(good) or 'none'} (a tenth beyond the published range "
        f"still counts); the first hours fit best under {best}."
        + ("" if MAIN in good else " A short block is carried over from mice; the late human data"
           " speak against it."),
        "Nightly doses, last week: hours a day with occupancy below the limit, peak and trough in "
        "percent, and 24 h means as changes from the untreated:",
        table(["hypothesis", "mg", *(f"h < {100 * x:g} %" for x in LIMITS), "peak / trough",
               "met-enkephalin", "tone on glia", "TNF", "pain"], night),
        consequence(rows, good),
        "Weakness: nobody measured occupancy after repeated low doses; all that is said of them is "
        "carried over from one dose of 50 mg in five people, seen by a probe of two detectors, and "
        "from a label. The two slow hypotheses were fitted to those data, so that they meet them "
        "proves nothing by itself. "
        "That the sensor of the feedback is the receptor PET sees is assumed. Not medical advice.",
        "What was measured:",
        *findings(SOURCES),
        rows.attrs.get("failed", ""),
    ]  # fmt: skip
    return paragraphs(parts)


def consequence(rows: pd.DataFrame, good: list[str]) -> str:
    """Say what the usual dose and the best dose do under each hypothesis."""
    told = []
    for name in rows.index.unique("hypothesis"):
        of = rows.loc[name]
        if USUAL not in of.index:
            continue
        best = of["tnf"].idxmin()
        note = " (meets the late data)" if name in good else ""
        told.append(
            f"under {name}{note} {USUAL:g} mg changes TNF by {percent(of['tnf'][USUAL])}, the best "
            f"of these doses, {best:g} mg, by {percent(of['tnf'][best])}"
        )
    return f"What this means for benefit: {'; '.join(told)}."


def picture(s: Single, rows: pd.DataFrame, hours: Floats, night: Floats) -> Figure:
    """Draw the block after 50 mg, over a night, the hours unblocked, and TNF."""
    with style.styled():
        figure = style.new_figure(15.0, 10.0)
        axes = figure.subplots(2, 2)
        for i, (name, shade) in enumerate(HYPOTHESES.items()):
            look: dict[str, Any] = {"color": OKABE_ITO[shade], "ls": DASHES[i], "label": name}
            axes[0, 0].plot(s.hours / DAY, s.occupancy[name][-1], **look)
            axes[0, 1].plot(hours, night[i], **look)
            of = rows.loc[name]
            axes[1, 0].plot(of.index, of[f"hours_below_{100 * LIMITS[0]:g}"], marker="o", **look)
            axes[1, 1].plot(of.index, of["tnf"], marker="o", **look)
        _human(axes[0, 0])
        for limit in LIMITS:
            axes[0, 1].axhline(100 * limit, color=GREY, lw=1.0, ls=(0, (2, 2)))
            axes[0, 1].text(23.8, 100 * limit + 1, f"{100 * limit:g} %", ha="right", color=GREY)
        axes[1, 1].axhline(0.0, color=GREY, lw=1.0)
        words = (
            ("one dose of 50 mg", "days after the dose", "mu receptors blocked (%)"),
            (f"{USUAL:g} mg nightly, week 8", "hours after the dose", "mu receptors blocked (%)"),
            (f"hours a day under {100 * LIMITS[0]:g} % blocked", "nightly dose (mg)", "hours"),
            ("TNF in the last week", "nightly dose (mg)", "change from untreated (%)"),
        )
        for ax, (title, x, y) in zip(axes.flat, words, strict=True):
            ax.set_title(title, loc="left")
            ax.set(xlabel=x, ylabel=y)
            style.polish(ax)
        axes[0, 0].set(xlim=(0, 14), ylim=(0, 105))
        axes[0, 1].set(xlim=(0, 24), ylim=(0, 105), xticks=range(0, 25, 4))
        axes[1, 0].set_ylim(-1, 25)
        axes[0, 0].legend(loc="upper right", fontsize=SMALL)
        style.headline(figure, "Does the block clear between nightly doses?")
        span = f"{HALVES[0]:g}-{HALVES[1]:g} h"
        footnote(figure, f"Blue bars: what was seen in people after 50 mg; half-times: {span}.")
    return figure


def _human(ax: Axes) -> None:
    """Draw what people showed after 50 mg: first hours, 48 h, and when it had halved."""
    seen = PET[50.0]
    look: dict[str, Any] = {"color": OKABE_ITO["blue"], "lw": 4, "zorder": 5}
    ax.plot([4.5 / DAY] * 2, [min(seen), max(seen)], **look)
    ax.plot([2.0, 2.0], AT_48_H, **look)
    half = 0.5 * float(np.mean(seen))
    ax.plot(np.array(HALVES) / DAY, [half, half], **look)
    notes = ((0.9, 102, "PET"), (1.9, 66, "label"), (7.3, half, "halved (probe)"))
    for x, y, words in notes:
        ax.text(x, y, words, color=OKABE_ITO["blue"], fontsize=SMALL, va="center", ha="right")


def experiment(out: Path, setting: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    say("single doses, then nightly doses")
    s, rows = single_doses(setting.threads), nightly(setting)
    text = answer(s, rows)
    single = pd.DataFrame(
        {(n, f"{d:g} mg"): o[i] for n, o in s.occupancy.items() for i, d in enumerate(PET)},
        pd.Index(s.hours, name="hour"),
    )
    tables = {f"{NAME}_single": single, f"{NAME}_nightly": rows}
    write(out, NAME, text, picture(s, rows, *last_night(setting)), tables)
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments(QUESTION, NAME, argv)
    doses = Setting.doses
    if given.points:
        doses = tuple(sorted({*np.linspace(0.5, 6.0, given.points).round(2).tolist(), USUAL}))
    return guarded(lambda: experiment(given.out, Setting(given.weeks, doses, given.threads)))


if __name__ == "__main__":
    sys.exit(main())
