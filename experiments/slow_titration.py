"""Who needs slow titration, and do rules that look at the patient find it?

Drawn patients of three kinds take the same ladder at five paces, and two regimens whose steps wait
for the patient. Each patient's best pace is the one with the largest fall of pain in the last week,
times the share who would still be on treatment; those whom the fastest ladders cost much need a
slow one.

    python experiments/slow_titration.py [--out DIR] [--weeks N] [--points N] [--threads N]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from common import (
    arguments,
    failures,
    footnote,
    guarded,
    paragraphs,
    say,
    table,
    write,
)
from matplotlib.figure import Figure

import ldnsim
from ldnsim.edition import shipped
from ldnsim.plots import style
from ldnsim.plots.style import GREY, OKABE_ITO, SMALL
from ldnsim.weighing import wilson

NAME, QUESTION = "slow_titration", "Who needs slow titration?"
PACES = {"at once": None, "3 d": 3, "7 d": 7, "14 d": 14, "28 d": 28}
"""Ladders of 0.5 mg to 4.5 mg by the interval of steps, and the whole dose at once."""
GUIDED = ("standard_guided", "careful_guided")
PATIENTS = {"fibromyalgia": "robust", "depleted": "depleted", "sensitive": "sensitive"}
FAST, SLOW = ("at once", "3 d"), ("14 d", "28 d")
COST = 0.2
"""Points of pain weighed by staying that count as a need. Chosen: a fifth of what people notice."""
KNOWN = ("reserve", "adverse_sensitivity")
"""What a clinician could ask after, as a sign of the need."""
HEADER = ("patients", "arm", "benefit", "staying", "worst burden", "best for", "behind the best")


@dataclass(frozen=True)
class Setting:
    """How much to compute: weeks, drawn patients of each kind, threads."""

    weeks: int = 52
    people: int = 64
    threads: int | None = None


def arms(weeks: int) -> dict[str, str]:
    """Return the prescriptions by name."""
    found = {}
    for name, days in PACES.items():
        step = "" if days is None else f", +0.5 mg every {days} d to 4.5 mg"
        found[name] = f"{4.5 if days is None else 0.5} mg nightly at 22:00{step}, for {weeks} wk"
    for name in GUIDED:
        text = str(shipped().protocols[name].with_field("duration", f"{weeks} wk"))
        found[name.removesuffix("_guided") + " by rules"] = text
    return found


def run(phenotype: str, s: Setting) -> xr.Dataset:
    """Run every arm in the same drawn patients of a kind."""
    regimens = [{"name": n, "prescription": p} for n, p in arms(s.weeks).items()]
    study = ldnsim.Study.build({
        "title": f"pace in {phenotype} patients", "regimens": regimens, "seed": 1,
        "patient": {"phenotype": phenotype}, "horizon": f"{s.weeks} wk",
        "population": {"size": s.people, "scale": 0.5},
        "output": {
            "variables": ["pain"], "trajectories": False, "night": False, "ledger": False,
            "summaries": ["benefit_with_staying", "staying", "worst_burden"],
        },
    })  # fmt: skip
    return study.run(threads=s.threads)


def cost(benefit: pd.DataFrame) -> pd.Series:
    """Return what the fast ladders cost each patient: the best slow one less the best fast one."""
    return benefit[list(SLOW)].max(axis=1) - benefit[list(FAST)].max(axis=1)


def frame(ds: xr.Dataset, name: str) -> pd.DataFrame:
    """Return a summary as patients x arms, without patients of whom a run failed."""
    return ds[name].to_pandas().T.dropna()


def rows(kind: str, ds: xr.Dataset) -> list[dict[str, object]]:
    """Return what each arm came to in a kind of patient."""
    benefit, stay, burden = (
        frame(ds, n) for n in ("benefit_with_staying", "staying", "worst_burden")
    )
    ladders = benefit[list(PACES)]
    best = ladders.max(axis=1)
    return [
        {
            "patients": kind, "arm": arm, "benefit": benefit[arm].mean(),
            "staying": stay[arm].mean(), "worst_burden": burden[arm].mean(),
            "best_for": float((ladders.idxmax(axis=1) == arm).mean()) if arm in PACES else np.nan,
            "behind": float((best - benefit[arm]).mean()),
        }
        for arm in benefit
    ]  # fmt: skip


def needs(kind: str, ds: xr.Dataset) -> dict[str, object]:
    """Return how many patients of a kind need a slow ladder, and what goes with it."""
    lost = cost(frame(ds, "benefit_with_staying"))
    k, n = int((lost > COST).sum()), len(lost)
    low, high = wilson(k / n, n, 0.95)
    own = drawn(ds).loc[lost.index]
    with np.errstate(invalid="ignore"):
        ranks = own.rank().corrwith(lost.rank()).fillna(0.0)
    first = str(ranks.abs().idxmax())
    return {
        "patients": kind, "n": n, "share": k / n, "low": low, "high": high,
        **{name: float(ranks.get(name, 0.0)) for name in KNOWN},
        "first": first, "first_rank": float(ranks[first]),
    }  # fmt: skip


def drawn(ds: xr.Dataset) -> pd.DataFrame:
    """Return what was drawn for each patient and differs between them, (patients, parameters)."""
    values = ds["patient_parameters"].to_pandas()
    return values.loc[:, values.nunique() > 1]


def answer(by_arm: pd.DataFrame, need: pd.DataFrame, failed: str) -> str:
    """Write the answer."""
    lines = [
        [r["patients"], r["arm"], f"{r['benefit']:+.2f}", f"{r['staying']:.0%}",
         f"{r['worst_burden']:.1f}",
         "-" if np.isnan(r["best_for"]) else f"{r['best_for']:.0%}", f"{r['behind']:.2f}"]
        for _, r in by_arm.iterrows()
    ]  # fmt: skip
    signs = [
        [r["patients"], f"{r['share']:.0%} ({r['low']:.0%} to {r['high']:.0%})",
         *(f"{r[n]:+.2f}" for n in KNOWN), f"{r['first']} {r['first_rank']:+.2f}"]
        for _, r in need.iterrows()
    ]  # fmt: skip
    return paragraphs([
        QUESTION, headline(need), rules_sentence(by_arm),
        "By arm: fall of pain in the last week times the share still on treatment (points), that"
        " share, worst burden, for how many patients it is the best of the five ladders, and how"
        " far it stays behind each patient's own best ladder:",
        table(HEADER, lines),
        f"Share of patients whom both fast ladders cost more than {COST:g} points against the"
        " better slow one (95 % interval), and rank correlation of that cost with what was drawn:",
        table(("patients", f"cost above {COST:g} points", *KNOWN, "strongest of all"), signs),
        "The strongest of all drawn numbers is large by chance as well.",
        "Weakness: that a fast ladder exhausts a reserve, and who stops, are assumed; where the"
        " best pace lies was among the constraints of the search for the model's numbers."
        " Thresholds of the rules are choices on the model's own scale of burden. No trial compared"
        " two paces. Not medical advice.",
        failed,
    ])  # fmt: skip


def headline(need: pd.DataFrame) -> str:
    """Answer who needs it."""
    told = ", ".join(f"{r['share']:.0%} of {r['patients']}" for _, r in need.iterrows())
    most = need.loc[need["share"].idxmax()]
    name = max(KNOWN, key=lambda n: abs(float(most[n])))
    sign = (
        f" Of what a clinician could ask after, {name} goes with it most in {most['patients']}"
        f" patients (rank correlation {most[name]:+.2f})."
        if most["share"] > 0.0
        else ""
    )
    return (
        f"By these numbers {told} patients need a slow ladder: both fast ones cost them more than "
        f"{COST:g} points of pain weighed by staying.{sign}"
    )


def rules_sentence(by_arm: pd.DataFrame) -> str:
    """Say how far rules stay behind the best single ladder, and behind each patient's own best."""
    parts = []
    for kind, own in by_arm.groupby("patients", sort=False):
        ladders, rules = own[own["arm"].isin(PACES)], own[~own["arm"].isin(PACES)]
        one, best = ladders.loc[ladders["benefit"].idxmax()], rules.loc[rules["benefit"].idxmax()]
        gap = best["benefit"] - one["benefit"]
        words = "no different from" if abs(gap) < 0.01 else f"{gap:+.2f} points against"
        parts.append(
            f"in {kind} patients the better of the two ({best['arm']}) is {words} the best single "
            f"ladder ({one['arm']}), {best['behind']:.2f} behind each one's own best"
        )
    return f"Rules that wait for the patient: {'; '.join(parts)}."


def picture(found: dict[str, xr.Dataset]) -> Figure:
    """Draw, for each kind of patient, benefit by arm: every patient, and the mean."""
    with style.styled():
        figure = style.new_figure(15.0, 6.2)
        axes = np.atleast_1d(figure.subplots(1, len(found), sharey=True))
        for ax, (kind, ds) in zip(axes, found.items(), strict=True):
            benefit = frame(ds, "benefit_with_staying")
            x = np.arange(benefit.shape[1])
            for _, row in benefit.iterrows():
                ax.plot(x[: len(PACES)], row.iloc[: len(PACES)], color="#CCCCCC", lw=0.8)
            for i, arm in enumerate(benefit):
                colour = "blue" if arm in PACES else "vermillion"
                spread = np.linspace(-0.15, 0.15, len(benefit))
                ax.plot(i + spread, benefit[arm], ".", ms=3, color=GREY, alpha=0.6)
                ax.plot(
                    [i - 0.3, i + 0.3], 2 * [benefit[arm].mean()], color=OKABE_ITO[colour], lw=3
                )
            ax.axhline(0.0, color=GREY, lw=1.0)
            ax.set_xticks(x, benefit.columns, rotation=35, ha="right", fontsize=SMALL)
            ax.set_title(f"{kind} patients", loc="left")
            style.polish(ax)
        axes[0].set_ylabel("fall of pain x share staying (points)")
        style.headline(figure, "The same ladder at five paces, and steps that wait for the patient")
        footnote(
            figure,
            "Thick: means; dots: drawn patients; lines join the ladders of one patient. Hypothesis:"
            " dual_pathway.",
        )
    return figure


def experiment(out: Path, s: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    found = {}
    for phenotype, kind in PATIENTS.items():
        say(kind)
        found[kind] = run(phenotype, s)
    by_arm = pd.DataFrame([r for kind, ds in found.items() for r in rows(kind, ds)])
    need = pd.DataFrame([needs(kind, ds) for kind, ds in found.items()])
    failed = " ".join(filter(None, map(failures, found.values())))
    text = answer(by_arm, need, failed)
    tables = {
        NAME: by_arm.set_index(["patients", "arm"]),
        f"{NAME}_need": need.set_index("patients"),
    }
    write(out, NAME, text, picture(found), tables)
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments(QUESTION, NAME, argv, weeks=Setting.weeks)
    s = Setting(given.weeks, given.points or Setting.people, given.threads)
    return guarded(lambda: experiment(given.out, s))


if __name__ == "__main__":
    sys.exit(main())
