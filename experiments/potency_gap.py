"""The micromolar-nanomolar gap: how much can naltrexone do at TLR4 directly, at low dose?

Free naltrexone over a day of nightly doses is set against the constants measured in cells, and the
constant is sought that the default patient would need to be tipped, by TLR4 alone (`glial`) or
added to the rebound of peptides (`rebound`).

    python experiments/potency_gap.py [--out DIR] [--weeks N] [--points N] [--threads N]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from common import (
    Floats,
    amount,
    arguments,
    bisect,
    change,
    findings,
    footnote,
    guarded,
    paragraphs,
    say,
    table,
    write,
)
from matplotlib.figure import Figure

from ldnsim.analysis.judged.doses import CELLS, TIPPED
from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped
from ldnsim.mechanisms.tlr4 import trif_uninhibited
from ldnsim.model import default_model
from ldnsim.plots import style
from ldnsim.plots.style import DASHES, GREY, OKABE_ITO, SMALL
from ldnsim.runs.few import DAY, run_specs, week

NAME, QUESTION = "potency_gap", "How much direct effect at TLR4 is possible at low dose?"
DOSES = (1.5, 3.0, 4.5, 6.0, 50.0)
USUAL = DOSES.index(4.5)
ROUTES = {"glial": "TLR4 alone", "rebound": "added to rebound"}
"""Hypotheses whose potency is varied: receptors spared, and receptors blocked."""
STRONGEST, WEAKEST = 1e-4, 1e7
"""Constants (nM) between which the needed one is sought."""
BLOOD = 200_000.0
"""Concentration (nM) up to which human blood cells showed nothing [cant2017]: a bound."""
SOURCES = ("wang_q2012", "kucic2021", "cant2017", "gabr2021", "wang_x2016")


@dataclass(frozen=True)
class Setting:
    """How much to compute: weeks of treatment, halvings of the search, threads."""

    weeks: int = 26
    steps: int = 13
    threads: int | None = None


def constants() -> dict[str, float]:
    """Return the constants (nM) set against the concentrations, by what they are."""
    known = default_model().parameters["ic50_trif"].alternatives
    return {
        "superoxide": known["superoxide_naloxone"],
        "glia, assumed": known["glia_prior"],
        "blood cells": BLOOD,
    }


def nightly(dose: float, weeks: int) -> str:
    """Write the prescription."""
    return f"{dose:g} mg nightly at 22:00, for {weeks} wk"


def concentrations(threads: int | None) -> tuple[Floats, Floats, Floats]:
    """Return hours after the dose, and free nM in brain and plasma, shape (doses, hours)."""
    last = 20 * DAY - 2.0  # three weeks: all but the slow traces of the drug have settled
    hours = np.linspace(0.0, DAY, 193)
    cases = [RunSpec.of(nightly(d, 3)) for d in DOSES]
    got = run_specs(
        cases, 3, [], (last + hours).tolist(), ["ntx_brain", "c_plasma"], threads=threads
    )
    free = default_model().parameters["f_unbound"].value
    return hours, got.at[:, 0], free * got.at[:, 1]


def inhibited(concentration: Floats, constant: float) -> Floats:
    """Return the share of the TRIF branch that is inhibited, by the model's own equation."""
    return np.asarray(1.0 - np.vectorize(trif_uninhibited)(concentration, constant, 1.0))


def needed(route: str, setting: Setting) -> Floats:
    """Return the weakest constant (nM) that still tips the default patient, for each dose."""

    def tips(constant: Floats) -> np.ndarray:
        cases = [
            RunSpec.of(nightly(d, setting.weeks), route, parameters={"ic50_trif": float(c)})
            for d, c in zip(DOSES, constant, strict=True)
        ]
        last = [week(CELLS, setting.weeks)]
        got = run_specs(cases, setting.weeks, last, threads=setting.threads)
        return change(got, 0, CELLS) < -100.0 * (1.0 - TIPPED)

    ones = np.ones(len(DOSES))
    return bisect(tips, STRONGEST * ones, WEAKEST * ones, setting.steps)


def verdict(share_percent: float, need: float, lowest: float) -> str:
    """Answer from the usual dose: share inhibited at the lowest constant, constant needed."""
    if not np.isfinite(need):
        return "Not answered: no constant tried decides whether TLR4 alone tips this patient."
    if need >= lowest:
        return (
            f"Enough: a constant of {amount(need)} nM tips this patient by TLR4 alone, and "
            f"{lowest:,g} nM was measured."
        )
    return (
        f"With the lowest measured constant at most {amount(share_percent)} % of the TRIF branch "
        f"is inhibited at 4.5 mg. To tip this patient by TLR4 alone it would have to be "
        f"{amount(lowest / need)} times more potent: {amount(need)} nM instead of "
        f"{lowest:,g} nM."
    )


def added_sentence(need: float, lowest: float) -> str:
    """Say what TLR4 has to add to the rebound at the usual dose."""
    if np.isposinf(need):
        return "With the rebound of peptides 4.5 mg tips this patient without any effect at TLR4."
    if np.isnan(need):
        return "With the rebound of peptides no effect at TLR4 is strong enough at 4.5 mg."
    return (
        f"Added to the rebound of peptides, {amount(need)} nM would do at 4.5 mg, "
        f"{amount(lowest / need)} times more potent than measured."
    )


def need_cell(need: float, lowest: float) -> str:
    """Write one needed constant with its distance from the measured one."""
    if np.isposinf(need):
        return "none needed"
    if np.isnan(need):
        return "none is enough"
    return f"{amount(need)} nM ({amount(lowest / need)} x)"


def answer(brain: Floats, plasma: Floats, need: dict[str, Floats]) -> str:
    """Write the answer from concentrations and needed constants."""
    known = constants()
    lowest = min(known.values())

    def share(concentration: float, constant: float) -> str:
        return amount(100.0 * float(inhibited(np.array(concentration), constant)))

    peak, mean = brain.max(1), 0.5 * (brain[:, 1:] + brain[:, :-1]).mean(1)
    shares = [
        [f"{d:g} mg", amount(peak[i]), amount(mean[i])]
        + [f"{share(peak[i], c)} / {share(mean[i], c)} %" for c in known.values()]
        for i, d in enumerate(DOSES)
    ]
    names = [f"at {c:,g} nM" for c in known.values()]
    needs = [
        [f"{d:g} mg", *(need_cell(float(need[r][i]), lowest) for r in ROUTES)]
        for i, d in enumerate(DOSES)
    ]
    u = USUAL
    parts = [
        QUESTION,
        verdict(100 * float(inhibited(peak[u], lowest)), float(need["glial"][u]), lowest),
        added_sentence(float(need["rebound"][u]), lowest),
        f"After 4.5 mg nightly, free naltrexone peaks at {amount(peak[u])} nM in the brain "
        f"({amount(float(plasma[u].max()))} in plasma) and averages {amount(mean[u])} nM over the "
        "day. Share of the TRIF branch inhibited, at the peak / for the mean concentration:",
        table(["dose", "peak (nM)", "mean (nM)", *names], shares),
        "The weakest constant that tips the default patient, and how many times more potent it is "
        "than the lowest measured one; tipped means that inflamed microglia "
        f"fall below {100 * TIPPED:g} % of the untreated patient's:",
        table(["dose", *ROUTES.values()], needs),
        f"The {known['superoxide']:,g} nM are naloxone's on superoxide; naltrexone's own was "
        f"not found. {known['glia, assumed']:,g} nM is an assumed middle of what is usual in "
        f"cells. {BLOOD:,g} nM is a bound: nothing was seen up to it.",
        "Against this answer: the brain might hold more free drug than plasma (not measured in "
        "man, and it would have to hold as many times more as potency is missing); a response "
        "might need few receptors, where the model is linear at low dose; and one review table has "
        "an effect of naloxone in the nanomolar range. How much is needed depends on how near to "
        "the edge the patient stands, which is assumed. Not medical advice.",
        "What was measured:",
        *findings(SOURCES),
        f"The route as it was proposed: {shipped().cite(['hutchinson2008'])[0]}",
    ]
    return paragraphs(parts)


def picture(hours: Floats, brain: Floats, need: dict[str, Floats]) -> Figure:
    """Draw concentrations by hour against the constants, and constants needed by dose."""
    with style.styled():
        figure = style.new_figure(15.0, 7.6)
        left, right = figure.subplots(1, 2, sharey=True)
        shades = ("sky", "green", "black", "orange", "vermillion")
        for row, (dose, shade) in enumerate(zip(DOSES, shades, strict=True)):
            dash = DASHES[row % len(DASHES)]
            left.plot(hours, brain[row], color=OKABE_ITO[shade], ls=dash, label=f"{dose:g} mg")
        looks = zip(ROUTES.items(), (("blue", "o"), ("purple", "s")), strict=True)
        for (route, words), (shade, mark) in looks:
            drawn = np.where(np.isfinite(need[route]), need[route], np.nan)  # no line across gaps
            right.plot(DOSES, drawn, color=OKABE_ITO[shade], marker=mark, ls=":",
                       label=f"needed, {words}")  # fmt: skip
        marks = {**constants(), "default": default_model().parameters["ic50_trif"].value}
        for ax, at, side in ((left, 23.7, "right"), (right, 70.0, "right")):
            for name, c in marks.items():
                ax.axhline(c, color=GREY, lw=1.2, ls=(0, (2, 2)))
                kind = "nothing up to " if c == BLOOD else ""
                ax.text(at, c * 1.12, f"{name}: {kind}{c:,g} nM", ha=side, va="bottom",
                        fontsize=SMALL, color=GREY)  # fmt: skip
            style.polish(ax)
        left.set(yscale="log", ylim=(1e-3, 1e6), xlim=(0, 24), xticks=range(0, 25, 4),
                 xlabel="hours after the nightly dose", ylabel="nmol/L (log)")  # fmt: skip
        right.set(xscale="log", xlim=(1, 75), xlabel="nightly dose (mg, log)")
        right.set_xticks(DOSES, [f"{d:g}" for d in DOSES])
        right.minorticks_off()
        left.set_title("free naltrexone in the brain, and the constants", loc="left")
        right.set_title("constant at TLR4 that would tip the default patient", loc="left")
        left.legend(loc="lower center", ncols=5, columnspacing=1.0, handlelength=1.6)
        right.legend(loc="lower right")
        style.headline(figure, "The gap between the concentration and the measured potency")
        footnote(
            figure,
            "Grey: constants in cells and the model's default. No constant is drawn where a dose "
            "tips without TLR4, or where none is strong enough.",
        )
    return figure


def experiment(out: Path, setting: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    say("concentrations, then the potency needed")
    hours, brain, plasma = concentrations(setting.threads)
    need = {route: needed(route, setting) for route in ROUTES}
    by_hour = pd.DataFrame(brain.T, pd.Index(hours, name="hour"), [f"{d:g} mg" for d in DOSES])
    by_dose = pd.DataFrame(need, pd.Index(DOSES, name="dose"))
    text = answer(brain, plasma, need)
    tables = {f"{NAME}_concentrations": by_hour, f"{NAME}_needed": by_dose}
    write(out, NAME, text, picture(hours, brain, need), tables)
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments(QUESTION, NAME, argv)
    setting = Setting(given.weeks, given.points or Setting.steps, given.threads)
    return guarded(lambda: experiment(given.out, setting))


if __name__ == "__main__":
    sys.exit(main())
