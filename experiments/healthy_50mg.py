"""Does a year of 50 mg harm a healthy person?

A healthy person and people drawn around him take the licensed dose nightly for a year and then
nothing for a year, under every hypothesis with an effect. Shares with raised TNF, of people left
inflamed and the worst moods are counted; the drawn numbers in which those few differ say what each
hypothesis rests on.

    python experiments/healthy_50mg.py [--out DIR] [--weeks N] [--points PEOPLE] [--threads N]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from common import (
    Floats,
    arguments,
    failures,
    findings,
    footnote,
    guarded,
    paragraphs,
    say,
    table,
    values,
    write,
)
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binomtest, norm, rankdata

from ldnsim import Study
from ldnsim.edition import shipped
from ldnsim.model import default_model
from ldnsim.plots import style
from ldnsim.plots.style import GREY, OKABE_ITO, SMALL

NAME, QUESTION = "healthy_50mg", "Does a year of 50 mg harm a healthy person?"
DOSE = 50.0
HYPOTHESES = tuple(h for h in shipped().hypotheses if h != "null")
MARKS = (1 / 52, 4 / 52, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1.0, 5 / 4, 3 / 2, 2.0)
"""Ends of the weeks looked at, in lengths of treatment."""
RAISED = 20.0
"""Rise of TNF (percent) that counts as harm. Chosen."""
ALLOWED = 2.0
"""Share (percent) of people who may have it. Chosen."""
LOW = -1.0
"""Change of weekly mood (points) that people would notice. Chosen."""
APART = 0.4
"""Distance (in their own standard deviations) at which drawn numbers of the raised stand apart."""
SHOWN = 4
"""Most numbers named per hypothesis."""
SOURCES = ("bolton2019", "poms1987")


@dataclass(frozen=True)
class Setting:
    """How much to compute: weeks on (and as many off), people drawn, threads."""

    weeks: int = 52
    people: int = 256
    threads: int | None = None

    def marks(self) -> list[int]:
        """Return the numbers of the weeks looked at, with the last on and the last off."""
        return sorted({max(1, round(m * self.weeks)) for m in MARKS})


def study(s: Setting, people: int) -> Study:
    """Build the study of hypotheses, for one person or for people drawn around him."""
    asked = [("tnf", "percent"), ("mood", "change"), ("microglia_m1", None)]
    summaries: list[dict[str, Any]] = [
        {"name": f"{v}_{w}", "variable": v, "reduction": "mean", "from": f"{w - 1} wk",
         "to": f"{w} wk", **({"against": a} if a else {})}
        for v, a in asked
        for w in s.marks()
    ]  # fmt: skip
    drawn = {"population": {"size": people, "scale": 0.5}} if people > 1 else {}
    return Study.build(
        {
            "title": QUESTION,
            "regimen": f"{DOSE:g} mg nightly at 22:00, for {s.weeks} wk",
            "horizon": f"{2 * s.weeks} wk",
            "patient": {"phenotype": "healthy"},
            "axes": [{"name": "hypothesis", "field": "hypothesis", "values": list(HYPOTHESES)}],
            "output": {"trajectories": False, "ledger": False, "night": False,
                       "summaries": summaries},
            **drawn,
        },
        NAME,
    )  # fmt: skip


def course(ds: xr.Dataset, variable: str, weeks: Sequence[int]) -> xr.DataArray:
    """Return weekly means of a variable along the weeks looked at."""
    parts = [ds[f"{variable}_{w}"].drop_vars("week", errors="ignore") for w in weeks]
    return xr.concat(parts, pd.Index(list(weeks), name="week"), coords="minimal", compat="override")


def inflamed_from(ds: xr.Dataset) -> xr.DataArray:
    """Return the share of inflamed cells from which each person counts as inflamed."""
    switch = default_model().inflamed
    assert switch is not None, "the model has two basins"
    return switch.share * ds["patient_parameters"].sel(drawn=switch.parameter)


def scores(ds: xr.Dataset) -> pd.DataFrame:
    """Return what was drawn, person x number, in standard deviations of its distribution."""
    drawn = values(ds, "patient_parameters")
    ranks = rankdata(drawn, axis=0)
    return pd.DataFrame(norm.ppf((ranks - 0.5) / len(drawn)), columns=ds["drawn"].values)


def people_table(ds: xr.Dataset, s: Setting) -> pd.DataFrame:
    """Return hypothesis x person: TNF, mood, inflamed cells, and whether harmed."""
    tnf, mood = course(ds, "tnf", s.marks()), course(ds, "mood", s.marks())
    m1 = course(ds, "microglia_m1", s.marks())
    found = xr.Dataset(
        {
            "tnf_year": tnf.sel(week=s.weeks, drop=True),
            "tnf_end": tnf.sel(week=2 * s.weeks, drop=True),
            "mood_lowest": mood.min("week"),
            "mood_year": mood.sel(week=s.weeks, drop=True),
            "inflamed_end": m1.sel(week=2 * s.weeks, drop=True) > inflamed_from(ds),
        }
    )
    rows = found[list(found.data_vars)].to_dataframe()[list(found.data_vars)]
    rows["raised"] = rows["tnf_year"] > RAISED
    return rows


def apart(rows: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    """Return hypothesis x number: mean score of the raised less that of the others.

    NaN under hypotheses with fewer than two raised people.
    """
    lines = {}
    for h in HYPOTHESES:
        raised = rows.loc[h, "raised"].to_numpy(dtype=bool)
        few = raised.sum() < 2 or raised.all()
        lines[h] = (
            pd.Series(np.nan, drawn.columns)
            if few
            else drawn[raised].mean() - drawn[~raised].mean()
        )
    return pd.DataFrame(lines).T.rename_axis("hypothesis")


def named(gaps: pd.DataFrame, rows: pd.DataFrame, hypothesis: str) -> list[str]:
    """Return the numbers in which the raised stand apart, beyond chance and far, widest first."""
    count = int(rows.loc[hypothesis, "raised"].sum())
    chance = 3.5 / np.sqrt(max(1, count))
    own = gaps.loc[hypothesis].dropna()
    wide = own[own.abs() > max(APART, chance)]
    return list(wide.abs().sort_values(ascending=False).index[:SHOWN])


def rests_on(rows: pd.DataFrame, drawn: pd.DataFrame, gaps: pd.DataFrame, hypothesis: str) -> str:
    """Say in which numbers the raised differ, and what the widest of them would have to be."""
    own = rows.loc[hypothesis]
    count, people = int(own["raised"].sum()), len(own)
    if count < 2:
        lone = "nobody" if count == 0 else "one person"
        return f"  {hypothesis}: TNF rises in {lone}; nothing to compare."
    names = named(gaps, rows, hypothesis)
    if not names:
        return f"  {hypothesis}: TNF rises in {count}; no single number stands apart in them."
    told = ", ".join(f"{n} {gaps.loc[hypothesis, n]:+.1f}" for n in names)
    first = names[0]
    side = np.sign(gaps.loc[hypothesis, first])
    z = side * drawn[first].to_numpy()
    raised = own["raised"].to_numpy(dtype=bool)
    inside = z < np.quantile(z, 0.5)
    left = 100.0 * raised[inside].mean()
    return (
        f"  {hypothesis}: TNF rises in {count} of {people}, who differ in {told} (standard "
        f"deviations). Among the half of people with the "
        f"{'lower' if side > 0 else 'higher'} {first} it rises in {left:.1f} %."
    )


def binomial(count: int, of: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share."""
    found = binomtest(count, of).proportion_ci()
    return float(found.low), float(found.high)


def share(count: int, of: int) -> str:
    """Write a share in percent with its 95 % interval."""
    low, high = binomial(count, of)
    return f"{100.0 * count / of:.1f} ({100.0 * low:.1f}-{100.0 * high:.1f})"


def count_table(one: xr.Dataset, rows: pd.DataFrame, s: Setting) -> str:
    """Tabulate one person and the drawn people under each hypothesis."""
    lines = []
    for h in HYPOTHESES:
        own, single = rows.loc[h].dropna(), one.sel(hypothesis=h)
        lowest = min(float(single[f"mood_{w}"]) for w in s.marks())
        lines.append(
            [h, f"{float(single[f'tnf_{s.weeks}']):+.1f}", f"{lowest:+.2f}",
             share(int(own["raised"].sum()), len(own)), f"{own['tnf_year'].max():+.0f}",
             str(int(own["inflamed_end"].sum())),
             f"{own['mood_lowest'].median():+.2f} / {own['mood_lowest'].min():+.2f}",
             f"{own['mood_year'].median():+.2f} / {own['mood_year'].min():+.2f}"]
        )  # fmt: skip
    return table(
        ["hypothesis", "one: TNF %", "one: lowest mood", "TNF raised, % of people",
         "highest TNF %", "inflamed at the end", "lowest mood, median / worst",
         "mood at a year, median / worst"],
        lines,
    )  # fmt: skip


def headline(one: xr.Dataset, rows: pd.DataFrame, s: Setting) -> str:
    """Answer from the one person and from the shares."""
    most = max(float(one[f"tnf_{s.weeks}"].sel(hypothesis=h)) for h in HYPOTHESES)
    shares = 100.0 * rows["raised"].groupby(level="hypothesis").mean()
    over = [h for h in HYPOTHESES if shares[h] > ALLOWED]
    stuck = rows["inflamed_end"].groupby(level="hypothesis").sum()
    left = [h for h in HYPOTHESES if stuck[h] > 0]
    lead = "No" if not over and not left and most < RAISED else "Not the usual person"
    lead = lead if most < RAISED else "Yes, under some hypotheses"
    text = (
        f"{lead}. After {s.weeks} weeks of {DOSE:g} mg his TNF has changed by {most:+.1f} % at "
        f"most, under any hypothesis. Of people drawn around him "
    )
    text += (
        f"more than {ALLOWED:g} % have a rise above {RAISED:g} % under {', '.join(over)}; "
        if over
        else f"no more than {shares.max():.1f} % have a rise above {RAISED:g} % under any; "
    )
    return text + (
        f"{', '.join(f'{int(stuck[h])} ({h})' for h in left)} are inflamed {s.weeks} weeks after "
        "the last dose."
        if left
        else f"nobody is inflamed {s.weeks} weeks after the last dose."
    )


def mood_sentence(rows: pd.DataFrame) -> str:
    """Say how many notice a lower mood in their worst week."""
    low = 100.0 * (rows["mood_lowest"] < LOW).groupby(level="hypothesis").mean()
    told = [f"{h} {low[h]:.0f} %" for h in HYPOTHESES if low[h] >= 0.5]
    if not told:
        return f"In no week looked at does the mood of one in 200 fall by {-LOW:g} point or more."
    return (
        f"Mood falls by {-LOW:g} point or more in some week looked at in: {', '.join(told)}. That "
        "is a lack of tone while it is blocked; mood adapts to part of it."
    )


def answer(one: xr.Dataset, ds: xr.Dataset, rows: pd.DataFrame, drawn: pd.DataFrame,
           gaps: pd.DataFrame, s: Setting) -> str:  # fmt: skip
    """Write the answer from the runs."""
    parts = [
        QUESTION,
        headline(one, rows, s),
        f"Changes from untreated, in weekly means; {s.people} people drawn with half the recorded "
        "spreads, the same under every hypothesis; shares with 95 % intervals:",
        count_table(one, rows, s),
        mood_sentence(rows),
        f"Whose TNF rises by more than {RAISED:g} %, and in what they differ from the others:",
        *(rests_on(rows, drawn, gaps, h) for h in HYPOTHESES),
        "So each hypothesis asks that these numbers do not lie far on that side in healthy "
        "people, or it is at odds with what is known of the licensed dose.",
        "Weakness: the spreads are mostly assumed and drawn independently of each other; people "
        "who rest inflamed untreated were not drawn. The limits are choices. Not medical advice.",
        "What was seen:",
        *findings(SOURCES),
        failures(ds),
    ]
    return paragraphs(parts)


def picture(ds: xr.Dataset, rows: pd.DataFrame, gaps: pd.DataFrame, s: Setting) -> Figure:
    """Draw courses of TNF and mood, shares, and the numbers that stand apart."""
    with style.styled():
        figure = style.new_figure(15.0, 9.0)
        axes = figure.subplots(2, 2)
        for ax, name, label in (
            (axes[0, 0], "tnf", "change of TNF (%)"),
            (axes[0, 1], "mood", "change of mood (points)"),
        ):
            _courses(ax, course(ds, name, s.marks()), label, s.weeks)
        axes[0, 0].axhline(RAISED, color=GREY, lw=1.0, ls=":")
        axes[0, 0].legend(loc="upper right", fontsize=SMALL)
        _shares(axes[1, 0], rows)
        _gaps(axes[1, 1], gaps, rows)
        for ax in axes.flat:
            style.polish(ax)
        style.headline(figure, "Healthy people on the licensed dose")
        footnote(
            figure,
            f"{DOSE:g} mg nightly for {s.weeks} weeks (grey), then nothing. Lines: median of "
            f"{s.people} people; dashed: one in forty is beyond. Dotted: limits.",
        )
    return figure


def _courses(ax: Axes, weekly: xr.DataArray, label: str, weeks: int) -> None:
    """Draw median and the harmed tail of each hypothesis."""
    ax.axvspan(0, weeks, color=GREY, alpha=0.15, lw=0)
    tail = 0.025 if "mood" in label else 0.975
    for shade, h in zip(OKABE_ITO.values(), HYPOTHESES, strict=False):
        y: Floats = np.asarray(weekly.sel(hypothesis=h), dtype=np.float64)
        people = y.reshape(len(weekly["week"]), -1)
        at = np.concatenate([[0.0], weekly["week"].values])
        for q, dash in ((0.5, "-"), (tail, "--")):
            line = np.concatenate([[0.0], np.nanquantile(people, q, axis=1)])
            ax.plot(at, line, color=shade, ls=dash, label=h if dash == "-" else None)
    ax.set(xlabel="week", ylabel=label)


def _shares(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw the shares with raised TNF, with their intervals."""
    for i, h in enumerate(HYPOTHESES):
        own = rows.loc[h]
        count, people = int(own["raised"].sum()), len(own)
        low, high = binomial(count, people)
        ax.plot([100 * low, 100 * high], [i, i], color=OKABE_ITO["blue"], lw=2)
        ax.plot(100.0 * count / people, i, "o", color=OKABE_ITO["blue"])
        ax.plot(100.0 * own["inflamed_end"].mean(), i, "x", color=OKABE_ITO["vermillion"])
    ax.plot([], [], "o", color=OKABE_ITO["blue"], label="TNF raised at the end of treatment")
    ax.plot([], [], "x", color=OKABE_ITO["vermillion"], label="inflamed at the end of all")
    ax.axvline(ALLOWED, color=GREY, lw=1.0, ls=":")
    ax.set_yticks(range(len(HYPOTHESES)), list(HYPOTHESES))
    ax.invert_yaxis()
    ax.set_xlabel("share of people (%)")
    ax.legend(loc="lower right", fontsize=SMALL)


def _gaps(ax: Axes, gaps: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Draw the numbers in which those with raised TNF stand apart."""
    marks = [(h, n) for h in HYPOTHESES for n in named(gaps, rows, h)]
    ax.axvline(0.0, color=GREY, lw=1.0)
    ax.set_xlabel("raised less others (standard deviations)")
    if not marks:
        ax.text(0.5, 0.5, "nobody to compare", transform=ax.transAxes, ha="center")
        return
    size = [float(gaps.loc[h, n]) for h, n in marks]
    shades = dict(zip(HYPOTHESES, OKABE_ITO.values(), strict=False))
    ax.barh(range(len(marks)), size, color=[shades[h] for h, _ in marks])
    ax.set_yticks(range(len(marks)), [f"{h}: {n}" for h, n in marks], fontsize=SMALL)
    ax.invert_yaxis()


def experiment(out: Path, setting: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    say("one person under every hypothesis")
    one = study(setting, 1).run(threads=setting.threads)
    say(f"{setting.people} people under every hypothesis")
    ds = study(setting, setting.people).run(threads=setting.threads)
    rows, drawn = people_table(ds, setting), scores(ds)
    gaps = apart(rows, drawn)
    text = answer(one, ds, rows, drawn, gaps, setting)
    tables = {f"{NAME}_people": rows, f"{NAME}_drawn": drawn, f"{NAME}_apart": gaps}
    write(out, NAME, text, picture(ds, rows, gaps, setting), tables)
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments(QUESTION, NAME, argv, weeks=Setting.weeks)
    setting = Setting(given.weeks, given.points or Setting.people, given.threads)
    return guarded(lambda: experiment(given.out, setting))


if __name__ == "__main__":
    sys.exit(main())
