"""Modulation or suppression: what does the drug do that a steroid does not?

Patients with autoimmune disease and one with fibromyalgia take nothing, the drug, a steroid, or
both for half a year, and then nothing for a quarter. What falls with either, and what only with
one, is told for cytokines, effector, regulatory and natural-killer cells.

    python experiments/modulation.py [--out DIR] [--weeks N] [--threads N]
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
    failed,
    findings,
    footnote,
    guarded,
    paragraphs,
    parameter_lines,
    percent,
    say,
    table,
    write,
)
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped
from ldnsim.mechanisms.record import ASSUMED
from ldnsim.plots import style
from ldnsim.plots.style import DASHES, GREY, OKABE_ITO, SMALL
from ldnsim.runs.few import run_specs, week

NAME, QUESTION = "modulation", "Modulation or suppression: what sets the drug apart from a steroid?"
PATIENTS = ("crohn", "rheumatoid_arthritis", "multiple_sclerosis", "fibromyalgia")
HYPOTHESES = ("dual_pathway", "ogfr", "peripheral")
DRUG, STEROID = "4.5 mg", "steroid"
LEVEL = next(e.amount for e in shipped().adjuncts["prednisone"].effects if e.target == "steroid")
"""Glucocorticoid given, daily means of cortisol: that of the adjunct, 15 mg of prednisone."""
ARMS = {DRUG: (True, 0.0), STEROID: (False, LEVEL), "both": (True, LEVEL)}
CELLS = {
    "blood_cytokines": "cytokines of blood", "effector_cells": "effector cells",
    "regulatory_cells": "regulatory cells", "nk_killing": "NK killing",
    "disease_activity": "disease activity", "pain": "pain",
}  # fmt: skip
LEAST = 0.01
"""Level at rest below which no change is told."""
AFTER = 13
"""Weeks without treatment that are looked at."""
CLEAR = 3.0
"""Change (percent) from which a direction is told. Chosen."""
SOURCES = ("dekruif2007", "holbrook1983", "nk_steroid_invivo", "clark1985", "lie2018")
RESTS_ON = ("steroid_on_effector", "steroid_on_regulatory", "steroid_on_nk", "steroid_brain",
            "effector_brake", "peripheral_gain")  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """How much to compute: weeks of treatment, threads."""

    weeks: int = 26
    threads: int | None = None


def spec(patient: str, hypothesis: str, arm: str, weeks: int) -> RunSpec:
    """Return one arm: treatment for some weeks, then none."""
    drug, level = ARMS[arm]
    words = "4.5 mg nightly at 22:00" if drug else "placebo"
    changes = ((0.0, "steroid", level), (weeks * 168.0, "steroid", 0.0)) if level else ()
    return RunSpec.of(f"{words}, for {weeks} wk", hypothesis, phenotype=patient, changes=changes)


def runs(s: Setting) -> pd.DataFrame:
    """Run every arm: weekly values as fold of the untreated patient."""
    say("arms")
    keys = [(h, p, a) for h in HYPOTHESES for p in PATIENTS for a in ARMS]
    last = s.weeks + AFTER
    weeks = range(1, last + 1)
    specs = [spec(p, h, a, s.weeks) for h, p, a in keys]
    got = run_specs(specs, last, [week(v, w) for w in weeks for v in CELLS], threads=s.threads)
    means = got.values.reshape(len(keys), last, len(CELLS))
    rest = np.array([got.baseline(v) for v in CELLS]).T[:, None, :]
    index = pd.MultiIndex.from_tuples(
        [(*key, w) for key in keys for w in weeks], names=["hypothesis", "patient", "arm", "week"]
    )
    # next to no activity at rest: a ratio would say nothing
    fold = np.where(rest > LEAST, means / rest, np.nan).reshape(-1, len(CELLS))
    rows = pd.DataFrame(fold, index, columns=list(CELLS)).sort_index()
    rows.attrs["failed"] = failed(got)
    return rows


def at(rows: pd.DataFrame, hypothesis: str, patient: str, arm: str, number: int) -> pd.Series:
    """Return changes in percent of one arm in one week."""
    return 100.0 * (rows.loc[(hypothesis, patient, arm, number)] - 1.0)


def told(change: float) -> str:
    """Write a change; a dash where there is none to tell."""
    return percent(change) if np.isfinite(change) else "-"


def directions(change: pd.Series) -> dict[str, int]:
    """Return -1, 0 or 1 for each variable."""
    return {v: int(np.sign(x)) if abs(x) >= CLEAR else 0 for v, x in change.items()}


def headline(rows: pd.DataFrame, weeks: int) -> str:
    """Say for how many autoimmune patients the drug modulates and the steroid suppresses."""
    lines = []
    ill = PATIENTS[:-1]
    for h in HYPOTHESES:
        shown = []
        for p in ill:
            drug, other = (directions(at(rows, h, p, a, weeks)) for a in (DRUG, STEROID))
            both = drug["blood_cytokines"] < 0 and other["blood_cytokines"] < 0
            spared = drug["regulatory_cells"] >= 0 and drug["nk_killing"] >= 0
            hit = other["regulatory_cells"] < 0 and other["nk_killing"] < 0
            shown.append(both and spared and hit)
        lines.append(f"{h} in {sum(shown)} of {len(ill)}")
    return (
        "Both lower cytokines of blood, the drug without fewer regulatory or NK cells, the steroid "
        f"with fewer of both: under {', '.join(lines)} autoimmune patients."
    )


def after_sentence(rows: pd.DataFrame, weeks: int) -> str:
    """Compare what is left a quarter after stopping, under the default hypothesis."""
    lines = []
    for p in PATIENTS:
        left = [
            percent(at(rows, HYPOTHESES[0], p, a, weeks + AFTER)["blood_cytokines"])
            for a in (DRUG, STEROID)
        ]
        lines.append(f"{p} {left[0]} after the drug and {left[1]} after the steroid")
    return f"A quarter after stopping, cytokines of blood ({HYPOTHESES[0]}): {'; '.join(lines)}."


def answer(rows: pd.DataFrame, s: Setting) -> str:
    """Write the answer from the runs."""
    lines = [
        [h, p, a, *(told(x) for x in at(rows, h, p, a, s.weeks))]
        for h in HYPOTHESES for p in PATIENTS for a in ARMS
    ]  # fmt: skip
    assumed = [n for n in RESTS_ON if shipped().model.parameters[n].grade == ASSUMED]
    parts = [
        QUESTION,
        headline(rows, s.weeks),
        f"Changes from the untreated patient after {s.weeks} weeks; the steroid is {LEVEL:g} daily "
        "means of cortisol, about 15 mg of prednisone:",
        table(["hypothesis", "patient", "arm", *CELLS.values()], lines),
        after_sentence(rows, s.weeks),
        f"Weakness: {len(assumed)} of the {len(RESTS_ON)} numbers it rests on are assumed, and "
        "that a steroid takes NK cells is the finding of a dish that blood of people did not "
        "repeat. No trial compared the two. Not medical advice.",
        "It rests on:",
        *parameter_lines(RESTS_ON),
        "What was seen:",
        *findings(SOURCES),
        rows.attrs["failed"],
    ]
    return paragraphs(parts)


def picture(rows: pd.DataFrame, s: Setting) -> Figure:
    """Draw courses of six variables in two patients under the default hypothesis."""
    with style.styled():
        figure = style.new_figure(17.5, 7.2)
        axes = figure.subplots(2, len(CELLS), sharex=True)
        for line, patient in zip(axes, (PATIENTS[0], PATIENTS[-1]), strict=True):
            for ax, name in zip(line, CELLS, strict=True):
                _courses(ax, rows.loc[(HYPOTHESES[0], patient)][name], s.weeks)
            line[0].set_ylabel(f"{shipped().phenotypes[patient].title}\nfold of untreated")
        for ax, words in zip(axes[0], CELLS.values(), strict=True):
            ax.set_title(words, loc="left")
        for ax in axes[1]:
            ax.set_xlabel("week")
        axes[0, 0].legend(loc="lower right", fontsize=SMALL)
        style.headline(figure, "Modulation or suppression")
        footnote(
            figure,
            f"Hypothesis {HYPOTHESES[0]}; treatment for {s.weeks} weeks (line), then none. "
            f"Steroid: {LEVEL:g} daily means of cortisol.",
        )
    return figure


def _courses(ax: Axes, rows: pd.Series, weeks: int) -> None:
    if rows.isna().all():
        ax.set_axis_off()
        ax.text(0.5, 0.5, "next to none", ha="center", color=GREY, transform=ax.transAxes)
        return
    for i, (arm, shade) in enumerate(zip(ARMS, ("blue", "vermillion", "purple"), strict=True)):
        y = rows.loc[arm]
        ax.plot(y.index, y, color=OKABE_ITO[shade], ls=DASHES[i], label=arm)
    ax.axhline(1.0, color=GREY, lw=1.0)
    ax.axvline(weeks, color=GREY, lw=1.0)
    style.polish(ax)


def experiment(out: Path, setting: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    rows = runs(setting)
    text = answer(rows, setting)
    write(out, NAME, text, picture(rows, setting), {NAME: rows})
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments(QUESTION, NAME, argv)
    return guarded(lambda: experiment(given.out, Setting(given.weeks, given.threads)))


if __name__ == "__main__":
    sys.exit(main())
