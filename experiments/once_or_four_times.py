"""Once a day or every six hours: does the same daily dose change sign?

In mice the same daily dose helped once a day and harmed every six hours. The same comparison is
made for a patient, over daily doses, under four hypotheses, and over the affinity of the OGF
receptor, which nobody measured.

    python experiments/once_or_four_times.py [--out DIR] [--weeks N] [--points N] [--threads N]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from common import (
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
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped
from ldnsim.model import default_model
from ldnsim.plots import style
from ldnsim.plots.style import DASHES, GREY, OKABE_ITO, SMALL
from ldnsim.runs.few import Measure, run_specs, week

NAME, QUESTION = "once_or_four_times", "Once a day or every six hours: does the sign change?"
AXIS = "ogfr"
"""The hypothesis in which the length of the daily block is said to set the sign."""
HYPOTHESES = (AXIS, "dual_pathway", "rebound", "tonic")
SCHEDULES = {"once": 1, "four times": 4}
VARIABLES = ("ogfr_tone", "effector_cells", "tnf", "pain", "met_enkephalin")
CLEAR = 0.5
"""Change (percent) from which a sign is told; smaller ones are called none. Chosen."""
BLOCKED = 0.5
"""Occupancy of the OGF receptor from which an hour counts as blocked. Chosen."""
KINDS = {
    "opposite": "once helps, four times harms",
    "both help": "both help",
    "both harm": "both harm",
    "other": "neither clear, or only one",
}
SHADES = ("green", "sky", "vermillion")
SOURCES = ("zagon1984_timing", "zagon1983", "zagon1984_growth", "zagon2009")


@dataclass(frozen=True)
class Setting:
    """How much to compute: weeks, number of daily doses and of affinities, threads."""

    weeks: int = 26
    doses: int = 11
    affinities: int = 9
    threads: int | None = None


def kind(once: float, four: float) -> str:
    """Name what two changes of tone (percent) say about the schedules."""
    if once > CLEAR and four < -CLEAR:
        return "opposite"
    if once > CLEAR and four > CLEAR:
        return "both help"
    if once < -CLEAR and four < -CLEAR:
        return "both harm"
    return "other"


def prescription(daily: float, times: int, weeks: int) -> str:
    """Write a daily dose given once or in equal parts."""
    return f"{daily / times:.6g} mg every {24 // times} h at 22:00, for {weeks} wk"


def daily_doses(number: int) -> list[float]:
    """Return daily doses in mg: 0.1 to 50, with those of the question among them."""
    grid = [float(f"{d:.2g}") for d in np.geomspace(0.1, 50.0, number)]
    return sorted({*grid, 1.5, 4.5})


def affinities(number: int) -> list[dict[str, float]]:
    """Return OGF-receptor constants from an eighth to eight times the hypothesis's own."""
    table_ = default_model().parameters
    base = {
        n: shipped().hypotheses[AXIS].overrides.get(n, table_[n].value)
        for n in ("kd_ogfr", "kd_ogfr_naltrexol")
    }
    return [{n: x * f for n, x in base.items()} for f in 8.0 ** np.linspace(-1, 1, number)]


def run(cases: dict[tuple[object, ...], RunSpec], names: list[str], s: Setting) -> pd.DataFrame:
    """Run named cases; changes from the untreated in percent, and the block of the OGF receptor."""
    last, span = s.weeks, ((s.weeks - 1) * 168.0, s.weeks * 168.0)
    measures = [week(v, last) for v in VARIABLES]
    measures += [week("ogfr_occupancy", last), week("ogfr_occupancy", last, "max")]
    measures += [Measure("ogfr_occupancy", "hours_above", *span, BLOCKED)]
    got = run_specs(list(cases.values()), last, measures, threads=s.threads)
    columns = {v: change(got, i, v) for i, v in enumerate(VARIABLES)}
    columns |= {n: 100 * got.values[:, i] for i, n in ((-3, "block_mean"), (-2, "block_peak"))}
    columns["block_hours"] = got.values[:, -1] / 7
    rows = pd.DataFrame(columns, pd.MultiIndex.from_tuples(list(cases), names=names))
    rows.attrs["failed"] = failed(got)
    return rows


def runs(s: Setting) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run daily dose x schedule under each hypothesis, and over the affinity under one."""
    say("hypotheses, then affinities")
    doses = daily_doses(s.doses)
    rivals: dict[tuple[object, ...], RunSpec] = {
        (h, d, n): RunSpec.of(prescription(d, t, s.weeks), h)
        for h in HYPOTHESES for d in doses for n, t in SCHEDULES.items()
    }  # fmt: skip
    fewer = sorted({*doses[::2], 4.5})
    affinity: dict[tuple[object, ...], RunSpec] = {
        (round(kd["kd_ogfr"], 4), d, n):
            RunSpec.of(prescription(d, t, s.weeks), AXIS, parameters=kd)
        for kd in affinities(s.affinities) for d in fewer for n, t in SCHEDULES.items()
    }  # fmt: skip
    names = ["dose", "schedule"]
    return run(rivals, ["hypothesis", *names], s), run(affinity, ["kd_ogfr", *names], s)


def kinds(rows: pd.DataFrame, variable: str = "ogfr_tone") -> pd.DataFrame:
    """Return, for each row of a first key and each dose, what a variable says of the schedules.

    A rise of tone is help; so is a fall of anything else.
    """
    tone = (1 if variable == "ogfr_tone" else -1) * rows[variable].unstack("schedule")
    named = [kind(o, f) for o, f in zip(tone["once"], tone["four times"], strict=True)]
    return pd.Series(named, tone.index).unstack("dose")


def span_of(found: pd.Series) -> str:
    """Write the doses at which the sign changes as a range; empty where there are none."""
    doses = [float(d) for d in found.index if found[d] == "opposite"]
    if len(doses) < 2:
        return f"{doses[0]:g} mg" if doses else ""
    gaps = "" if (found.loc[doses[0] : doses[-1]] == "opposite").all() else "some doses from "
    return f"{gaps}{doses[0]:g} to {doses[-1]:g} mg"


def headline(found: pd.DataFrame) -> str:
    """Answer from the daily doses at which the two schedules differ in sign."""
    told = []
    for name in HYPOTHESES:
        if span := span_of(found.loc[name]):
            told.append(f"{name} ({span} a day)")
    if not told:
        return (
            "No: under no hypothesis and at no daily dose tried does tone rise with one dose a day "
            "and fall with four."
        )
    return f"It does under {', '.join(told)}; under the others, or at other doses, not."


def mouse_sentence(rows: pd.DataFrame) -> str:
    """Compare the block in the model with the one in the mouse experiments."""
    once, four = (rows.loc[(AXIS, 4.5, s)] for s in SCHEDULES)
    told = (
        "The mouse is another experiment: its low dose blocks nearly fully for 4-6 h, its divided "
        f"dose round the clock. Here (hypothesis {AXIS}) 4.5 mg once blocks at most "
        f"{once['block_peak']:.0f} % of OGF receptors, {once['block_hours']:.0f} h a day above "
        f"{100 * BLOCKED:g} %; in four parts {four['block_peak']:.0f} % and "
        f"{four['block_hours']:.0f} h. The mean block is {once['block_mean']:.0f} against "
        f"{four['block_mean']:.0f} %, the rise of met-enkephalin "
        f"{percent(once['met_enkephalin'])} against {percent(four['met_enkephalin'])}."
    )
    if once["met_enkephalin"] <= four["met_enkephalin"]:
        return told
    return f"{told} So the sign hangs on a high peak calling up more peptide, too."


def agreement(rivals: pd.DataFrame) -> str:
    """Say at which doses cells and TNF change sign too, under the hypothesis that is about it."""
    told = []
    for variable, words in (("effector_cells", "effector cells"), ("tnf", "TNF")):
        told.append(f"{words} at {span_of(kinds(rivals, variable).loc[AXIS]) or 'none'}")
    return (
        f"Under {AXIS} these change sign as well: {', '.join(told)}. Effector cells outside the "
        "brain meet the drug of the plasma, which is higher, so they need not follow the tone in "
        "the brain."
    )


def affinity_sentence(found: pd.DataFrame) -> str:
    """Say at which affinities the sign changes for some daily dose, and for 4.5 mg."""
    any_ = [float(k) for k in found.index if (found.loc[k] == "opposite").any()]
    usual = [float(k) for k in found.index if found.loc[k, 4.5] == "opposite"]
    if not any_:
        return f"At none of {len(found)} affinities does the sign change at any daily dose."
    text = (
        f"Over the affinity (hypothesis {AXIS}): some daily dose changes sign at {len(any_)} of "
        f"{len(found)} constants, {min(any_):.2g} to {max(any_):.2g} nM"
    )
    span = " to ".join(dict.fromkeys(f"{x:.2g}" for x in (min(usual), max(usual)))) if usual else ""
    return text + (f"; 4.5 mg does at {span} nM." if usual else "; 4.5 mg never does.")


def answer(rivals: pd.DataFrame, affinity: pd.DataFrame) -> str:
    """Write the answer from the two sets of runs."""
    found = kinds(rivals)
    lines = []
    for h in HYPOTHESES:
        for d in (x for x in (1.5, 4.5, max(found.columns)) if x in found.columns):
            once, four = (rivals.loc[(h, d, s)] for s in SCHEDULES)
            pairs = [
                f"{percent(once[v])} / {percent(four[v])}"
                for v in ("ogfr_tone", "effector_cells", "tnf")
            ]
            lines.append([h, f"{d:g}", *pairs, KINDS[found.loc[h, d]]])
    parts = [
        QUESTION,
        headline(found),
        "Changes from the untreated patient, once a day / every six hours, last week; the sign is "
        f"that of OGF-receptor tone, told from {CLEAR:g} % on:",
        table(["hypothesis", "mg a day", "OGFr tone", "effector cells", "TNF", "sign"], lines),
        agreement(rivals),
        affinity_sentence(kinds(affinity)),
        mouse_sentence(rivals),
        "Weakness: the constant of the OGF receptor was never measured and sets the answer; that "
        "of the hypothesis was chosen so that the sign changes. Tone is a relative number with no "
        "measured counterpart, and TNF has a switch in it, so it need not go with tone. No study "
        "in people compared the schedules at low dose. Not medical advice.",
        "What was seen in animals:",
        *findings(SOURCES),
        rivals.attrs["failed"],
        affinity.attrs["failed"],
    ]
    return paragraphs(parts)


def picture(rivals: pd.DataFrame, affinity: pd.DataFrame) -> Figure:
    """Draw tone and TNF by daily dose for both schedules, and the sign over the affinity."""
    with style.styled():
        figure = style.new_figure(17.5, 8.6)
        axes = figure.subplots(2, 5, width_ratios=[1, 1, 1, 1, 1.25])
        for column, name in enumerate(HYPOTHESES):
            _lines(axes[0, column], rivals.loc[name], "ogfr_tone")
            _lines(axes[1, column], rivals.loc[name], "tnf")
            axes[0, column].set_title(name, loc="left")
        _lines(axes[1, 4], rivals.loc[AXIS], "effector_cells")
        axes[1, 4].set_title(f"effector cells, {AXIS}", loc="left")
        axes[1, 4].set_ylabel("change (%)")
        axes[0, 0].set_ylabel("OGF-receptor tone, change (%)")
        axes[1, 0].set_ylabel("TNF, change (%)")
        low = min(ax.get_ylim()[0] for ax in axes[0, :4])
        high = max(ax.get_ylim()[1] for ax in axes[0, :4])
        for ax in axes[0, :4]:
            ax.set_ylim(low, high)
        axes[0, 0].legend(loc="lower left", fontsize=SMALL)
        _map(figure, axes[0, 4], kinds(affinity))
        for ax in axes.flat:
            ax.set_xscale("log")
            ax.set_xticks((0.1, 1, 10), ["0.1", "1", "10"])
            ax.minorticks_off()
            ax.set_xlabel("daily dose (mg, log)")
            style.polish(ax)
        style.headline(figure, "The same daily dose, once or in four parts")
        footnote(
            figure,
            "Means of the last week as changes from the untreated patient. Map: sign of the tone; "
            "black line: the hypothesis's own constant.",
        )
    return figure


def _lines(ax: Axes, rows: pd.DataFrame, variable: str) -> None:
    for i, (name, shade) in enumerate(zip(SCHEDULES, ("blue", "vermillion"), strict=True)):
        y = rows[variable].xs(name, level="schedule")
        ax.plot(y.index, y, color=OKABE_ITO[shade], ls=DASHES[i], label=f"{name} a day")
    ax.axhline(0.0, color=GREY, lw=1.0)


def _map(figure: Figure, ax: Axes, found: pd.DataFrame) -> None:
    """Map the kinds over daily dose and affinity."""
    colours = [*(OKABE_ITO[s] for s in SHADES), "#DDDDDD"]
    codes = found.map(list(KINDS).index).to_numpy(float)
    ax.pcolormesh(found.columns, found.index, codes, cmap=ListedColormap(colours), vmin=-0.5,
                  vmax=len(KINDS) - 0.5, shading="nearest")  # fmt: skip
    own = shipped().hypotheses[AXIS].overrides["kd_ogfr"]
    ax.axhline(own, color="black", lw=1.2)
    ax.set(yscale="log", ylabel="kd_ogfr (nmol/L, log), assumed")
    ticks = [found.index[0], own, found.index[-1]]
    ax.set_yticks(ticks, [f"{t:.2g}" for t in ticks])
    ax.set_yticks([], minor=True)
    ax.grid(False)
    ax.set_title(f"sign over the affinity, {AXIS}", loc="left")
    handles = [Patch(color=c, label=k) for c, k in zip(colours, KINDS.values(), strict=True)]
    figure.legend(handles=handles, loc="upper right", ncols=len(handles), fontsize=SMALL)


def experiment(out: Path, setting: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    rivals, affinity = runs(setting)
    text = answer(rivals, affinity)
    tables = {f"{NAME}_hypotheses": rivals, f"{NAME}_affinity": affinity}
    write(out, NAME, text, picture(rivals, affinity), tables)
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments(QUESTION, NAME, argv)
    setting = Setting(given.weeks, given.points or Setting.doses, threads=given.threads)
    return guarded(lambda: experiment(given.out, setting))


if __name__ == "__main__":
    sys.exit(main())
