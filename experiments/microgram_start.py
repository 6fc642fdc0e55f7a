"""Microgram start or standard start in a patient with a depleted reserve?

The three starts of `configs/microdose_depleted.toml`, which all end at the same dose, are given to
depleted patients with a smaller and smaller reserve: worst weekly pain, worst dreams, where they
end, and which constant dose is tolerated.

    python experiments/microgram_start.py [--out DIR] [--weeks N] [--points N] [--threads N]
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from common import (
    Floats,
    arguments,
    change,
    failed,
    footnote,
    guarded,
    paragraphs,
    percent,
    say,
    table,
    write,
)
from matplotlib.figure import Figure

from ldnsim.analysis.judged.doses import CELLS, TIPPED
from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped
from ldnsim.plots import style
from ldnsim.plots.style import DASHES, GREY, OKABE_ITO, SMALL
from ldnsim.plots.wording import mass
from ldnsim.regimen import Regimen
from ldnsim.runs.few import Measure, Results, run_specs, week

NAME, QUESTION = "microgram_start", "Microgram start or standard start in a depleted patient?"
STUDY = Path(__file__).parents[1] / "configs" / "microdose_depleted.toml"
PATIENT = "depleted"
SAME = 0.05
"""Ends of pain closer than this are the same, points."""
NOTICED = 1.0
"""Difference of pain (points of 0-10) from which people notice one: a rough choice, no source."""
TARGET = 4.5
"""Dose (mg) at which all starts end."""
TOLERATED = 0.1
"""Rise of the worst week's pain (points) that still counts as tolerated. Chosen."""
SHADES = ("vermillion", "blue", "green")
HEADER = (
    "reserve", "start", "worst pain", "end pain", "dreams", "TNF", "tone", "store", "at the end",
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """How much to compute: weeks, reserves (share of healthy), constant doses, threads."""

    weeks: int = 52
    reserves: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.6, 1.0)
    doses: int = 13
    threads: int | None = None


def starts() -> dict[str, str]:
    """Return the prescriptions of the study, by name."""
    found = tomllib.loads(STUDY.read_text(encoding="utf-8"))["regimens"]
    return {r["name"]: r["prescription"] for r in found}


def own_reserve() -> float:
    """Return the reserve of the phenotype."""
    return float(shipped().phenotypes[PATIENT].overrides["reserve"])


def patient(prescription: str, reserve: float) -> RunSpec:
    """Return a depleted patient on a prescription."""
    return RunSpec.of(prescription, phenotype=PATIENT, parameters={"reserve": reserve})


def worst(got: Results, weeks: int) -> Floats:
    """Return pain of each week above that of the untreated patient, shape (cases, weeks)."""
    return got.values[:, :weeks] - got.baseline("pain")[:, None]


def run_starts(s: Setting) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run start x reserve: one row each, and pain by week as change from the untreated, points."""
    keys = [(r, n) for r in s.reserves for n in starts()]
    cases = [patient(starts()[n], r) for r, n in keys]
    measures = [week("pain", w) for w in range(1, s.weeks + 1)]
    measures += [Measure("vivid_dreams", "max", 0.0, s.weeks * 168.0)]
    measures += [week(n, s.weeks) for n in ("tnf", "opioid_tone", "endorphin_pool", CELLS)]
    measures += [week("reserve_level", s.weeks)]
    got = run_specs(cases, s.weeks, measures, threads=s.threads)
    pain, extra = worst(got, s.weeks), s.weeks
    columns = {
        "worst_pain": pain.max(1),
        "worst_week": (pain >= pain.max(1, keepdims=True) - 0.005).argmax(1) + 1.0,
        "end_pain": pain[:, -1],
        "mean_pain": pain.mean(1),
        "worst_dreams": got.values[:, extra],
        "end_tnf": change(got, extra + 1, "tnf"),
        "end_tone": change(got, extra + 2, "opioid_tone"),
        "end_store": 100.0 * got.values[:, extra + 3],
        "end_cells": change(got, extra + 4, CELLS),
        "first_reserve": got.baseline("reserve_level"),
        "end_reserve": got.values[:, extra + 5],
    }
    index = pd.MultiIndex.from_tuples(keys, names=("reserve", "start"))
    rows = pd.DataFrame(columns, index)
    rows.attrs["failed"] = failed(got)
    return rows, pd.DataFrame(pain.T, pd.RangeIndex(1, s.weeks + 1, name="week"), index)


def run_constant(s: Setting) -> pd.DataFrame:
    """Run constant nightly doses: worst weekly rise of pain (points), reserve by dose."""
    weeks, doses = min(26, s.weeks), sorted({*np.geomspace(0.001, TARGET, s.doses), TARGET})
    cases = [
        patient(f"{d:.4g} mg nightly at 22:00, for {weeks} wk", r)
        for r in s.reserves
        for d in doses
    ]
    measures = [week("pain", w) for w in range(1, weeks + 1)]
    got = run_specs(cases, weeks, measures, threads=s.threads)
    peak = worst(got, weeks).max(1).reshape(len(s.reserves), -1)
    columns = [float(f"{d:.3g}") for d in doses]
    return pd.DataFrame(peak, pd.Index(s.reserves, name="reserve"), columns)


def points(x: float) -> str:
    """Write a change of pain in points with its sign."""
    return f"{round(x, 2) + 0.0:+.2f}"


def tolerated(row: pd.Series) -> float:
    """Return the highest dose up to which no dose raises pain beyond the limit; 0 if none."""
    good = (row <= TOLERATED).to_numpy()
    first_bad = len(good) if good.all() else int(np.argmin(good))
    return float(row.index[first_bad - 1]) if first_bad else 0.0


def headline(rows: pd.DataFrame) -> str:
    """Answer from what the slower starts spare of the worst week, and from the end.

    Only reserves up to that of the phenotype count as depleted, or all if none is so small.
    """
    few = rows[rows.index.get_level_values("reserve") <= own_reserve()]
    few = rows if few.empty else few
    peak, end = (few[c].unstack("start")[list(starts())] for c in ("worst_pain", "end_pain"))
    spared = peak.iloc[:, [0]].to_numpy() - peak.iloc[:, 1:]
    best = float(spared.max().max())
    told = ", ".join(f"the {n} {_spares(x)}" for n, x in spared.items())
    apart = float((end.max(axis=1) - end.min(axis=1)).max())
    close = "the same" if apart < SAME else f"up to {apart:.2f} points apart"
    verdict_ = "It matters" if max(best, apart) >= NOTICED else "Slower starts hardly matter"
    return (
        f"{verdict_}: against the {peak.columns[0]}, {told} points of the worst week's pain; in "
        f"the last week all are {close}{beyond(rows)}. People notice about {NOTICED:g} point of 10"
        f" (a rough choice); the worst week of all is {few['worst_pain'].max():+.2f} points from"
        " the untreated."
    )


def apart_by_reserve(rows: pd.DataFrame) -> pd.Series:
    """Return how far the starts are apart in the last week, by reserve."""
    end = rows["end_pain"].unstack("start")
    return end.max(axis=1) - end.min(axis=1)


def beyond(rows: pd.DataFrame) -> str:
    """Say where the last weeks differ with a reserve that does not count as depleted."""
    apart = apart_by_reserve(rows)
    more = apart[(apart.index > own_reserve()) & (apart >= SAME)]
    told = ", ".join(f"{d:.2f} with a reserve of {r:g}" for r, d in more.items())
    return f" (points apart where the reserve is larger: {told})" if told else ""


def ends_sentence(rows: pd.DataFrame) -> str:
    """Say whether the starts differ in the end, and what it comes from."""
    if (apart_by_reserve(rows) < SAME).all():
        return (
            "The starts all end at the same dose, and with the same pain: what differs is the way."
        )
    out = rows["end_cells"].unstack("start") < -100.0 * (1.0 - TIPPED)
    which = ", ".join(f"{r:g}" for r in out.index[out.any(axis=1) & ~out.all(axis=1)])
    words = (
        f" With a reserve of {which} some starts have led the patient out of the inflamed state"
        " by then and others have not."
        if which
        else ""
    )
    return f"The starts all end at the same dose, but not all with the same pain.{words}"


def reserve_sentence(rows: pd.DataFrame) -> str:
    """Say what each start does to the reserve of the phenotype, and which leaves most of it."""
    r = nearest_reserve(rows)
    own = rows.loc[r]
    last = own["end_reserve"]
    told = ", ".join(f"{x:.2f} ({n})" for n, x in last.items())
    best = (
        f"The {last.idxmax()} leaves most"
        if float(np.ptp(last)) >= 0.01
        else "The starts leave it alike"
    )
    return (
        "The reserve learns under a demand and wears under the part it cannot meet: untreated "
        f"{own['first_reserve'].iloc[0]:.2f}, in the last week {told}. {best}."
    )


def spared_weeks(weeks: int) -> str:
    """Say for how long the slowest start stays far below its end."""
    name, text = list(starts().items())[-1]
    doses = Regimen.parse(text).doses()
    low = int(np.sum((doses.amount_mg < 0.1 * TARGET) & (doses.time_h < weeks * 168.0)) / 7)
    return f"The {name} keeps the dose below a tenth of its end for {low} of {weeks} weeks."


def nearest_reserve(rows: pd.DataFrame) -> float:
    """Return the reserve looked at that is nearest to that of the phenotype."""
    reserves = rows.index.unique("reserve").to_numpy()
    return float(reserves[np.argmin(np.abs(reserves - own_reserve()))])


def _spares(x: pd.Series) -> str:
    """Write what a start spares over the reserves."""
    return f"spares {x.min():.2f} to {x.max():.2f}"


def path_sentence(rows: pd.DataFrame, pain: pd.DataFrame) -> str:
    """Say how the starts differ on the way in the patient of the phenotype, or the nearest."""
    r, told = nearest_reserve(rows), []
    for name in rows.index.unique("start"):
        y, x = pain[(r, name)], rows.loc[(r, name)]
        above = y.index[y > TOLERATED]
        limit = f"above +{TOLERATED:g}"
        when = f"{limit} from week {above[0]}" if len(above) else f"never {limit}"
        told.append(
            f"{name}: {when}, mean over the time {points(x['mean_pain'])}, last week "
            f"{points(x['end_pain'])}, worst dreams {x['worst_dreams']:.1f}"
        )
    return f"On the way, with a reserve of {r:g}, pain in points: {'; '.join(told)}."


def answer(rows: pd.DataFrame, pain: pd.DataFrame, constant: pd.DataFrame) -> str:
    """Write the answer from the starts and the constant doses."""
    lines = [
        [f"{r:g}", n, f"{points(x['worst_pain'])} (week {x['worst_week']:.0f})",
         f"{points(x['end_pain'])}", f"{x['worst_dreams']:.1f}", percent(x["end_tnf"]),
         percent(x["end_tone"]),
         f"{x['end_store']:.0f} %", f"{x['end_reserve']:.2f}"]
        for (r, n), x in rows.iterrows()
    ]  # fmt: skip
    doses = [
        [f"{r:g}", mass(tolerated(row)) if tolerated(row) else "none tried", f"{row.iloc[-1]:+.2f}"]
        for r, row in constant.iterrows()
    ]
    parts = [
        QUESTION,
        headline(rows),
        path_sentence(rows, pain),
        "By reserve (healthy = 1): worst weekly pain and pain of the last week, both in points "
        "above the untreated patient; worst dreams (score); TNF, tone on glia, store and "
        "what is left of the reserve at the end:",
        table(HEADER, lines),
        f"Best tolerated constant dose: the highest up to which the worst week is no more than "
        f"{TOLERATED:g} points above the untreated (limit chosen), and the worst week at "
        f"{TARGET:g} mg:",
        table(["reserve", "tolerated nightly", f"worst week at {TARGET:g} mg"], doses),
        f"{ends_sentence(rows)} {spared_weeks(len(pain))} {reserve_sentence(rows)}",
        "Weakness: that small reserves are common, how small they are, and how a reserve learns "
        "and wears are assumed. Prescribers speak of "
        "worsening that patients notice; compare the sizes above. The steps of the microgram start "
        "are fourfold, so its last ones are the largest of all: finer steps would need more time. "
        "Peptides in the fluid were found low, normal and high. Dream scores have no clinical "
        "scale. Not medical advice.",
        "What speaks against a depleted reserve:",
        *(f"  {line}" for line in shipped().phenotypes[PATIENT].contradicting),
        rows.attrs.get("failed", ""),
    ]
    return paragraphs(parts)


def picture(rows: pd.DataFrame, pain: pd.DataFrame, constant: pd.DataFrame) -> Figure:
    """Draw pain by week for three reserves, worst pain and dreams by reserve, constant doses."""
    with style.styled():
        figure = style.new_figure(16.5, 9.0)
        axes = figure.subplots(2, 3)
        reserves = rows.index.unique("reserve").to_numpy()
        looks = {
            name: {"color": OKABE_ITO[SHADES[i]], "ls": DASHES[i]}
            for i, name in enumerate(rows.index.unique("start"))
        }
        shown = [reserves[i] for i in sorted({0, len(reserves) // 2, len(reserves) - 1})]
        low, high = float(pain.min().min()), float(pain.max().max())
        for ax, r in zip(axes[0], shown, strict=False):
            for name, look in looks.items():
                ax.plot(pain.index, pain[(r, name)], label=name, **look)
            ax.set(ylim=(low - 0.05, high + 0.05), xlabel="week", ylabel="pain, change (points)")
            ax.set_title(f"reserve {r:g}", loc="left")
            ax.axhline(0.0, color=GREY, lw=1.0)
        for ax, column, words in zip(axes[1], ("worst_pain", "worst_dreams"),
                                     ("worst week's pain, change (points)", "worst dreams (score)"),
                                     strict=False):  # fmt: skip
            for name, look in looks.items():
                y = rows[column].xs(name, level="start")
                ax.plot(y.index, y, marker="o", label=name, **look)
            ax.set(xlabel="reserve (healthy = 1)", ylabel=words)
        axes[1, 0].axhline(0.0, color=GREY, lw=1.0)
        for r, shade, dash in zip(shown, ("black", "purple", "sky"), DASHES, strict=False):
            look = {"color": OKABE_ITO[shade], "ls": dash, "label": f"reserve {r:g}"}
            axes[1, 2].plot(constant.columns, constant.loc[r], **look)
        axes[1, 2].axhline(TOLERATED, color=GREY, lw=1.0, ls=(0, (2, 2)))
        axes[1, 2].set(xscale="log", xlabel="constant nightly dose (log)",
                       ylabel="worst week's pain, change (points)")  # fmt: skip
        ticks = [t for t in (0.001, 0.01, 0.1, 1.0) if t >= constant.columns[0]]
        axes[1, 2].set_xticks(ticks, [mass(t) for t in ticks])
        axes[1, 2].minorticks_off()
        axes[0, 0].legend(loc="best", fontsize=SMALL)
        axes[1, 2].legend(loc="upper left", fontsize=SMALL)
        for ax in axes.flat:
            style.polish(ax)
        style.headline(figure, "Starting low in depleted patients")
        footnote(
            figure,
            f"Dashed: +{TOLERATED:g}, the limit of a tolerated dose. Hypothesis: dual_pathway.",
        )
    return figure


def experiment(out: Path, setting: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    say("starts, then constant doses")
    rows, pain = run_starts(setting)
    constant = run_constant(setting)
    text = answer(rows, pain, constant)
    named = (("starts", rows), ("weeks", pain), ("constant", constant))
    tables = {f"{NAME}_{n}": t for n, t in named}
    write(out, NAME, text, picture(rows, pain, constant), tables)
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments(QUESTION, NAME, argv, weeks=Setting.weeks)
    n = given.points or Setting.doses
    setting = Setting(given.weeks, doses=n, threads=given.threads)
    return guarded(lambda: experiment(given.out, setting))


if __name__ == "__main__":
    sys.exit(main())
