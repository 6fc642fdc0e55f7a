"""Is there a dose window, and why?

One patient (the default phenotype, resting in the inflamed state) takes one dose nightly for half a
year; doses run from far below to far above the usual one. The same is done under rival hypotheses
and with other values of the assumed affinity of the OGF receptor. The answer is printed; it is made
from the runs and changes with the model.

    python experiments/dose_window.py [--out DIR] [--weeks N] [--points N] [--threads N]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import xarray as xr
from common import (
    PAIN_FALL,
    TNF_FALL,
    Floats,
    against,
    arguments,
    failures,
    guarded,
    paragraphs,
    parameter_lines,
    percent,
    values,
    write,
)
from dose_verdict import Kind, Verdict, headline_of, verdict_sentence
from dose_window_picture import picture
from dose_window_runs import DAY, MAIN, SUMMARIES, Setting, reasons, run, verdict

from ldnsim.edition import shipped
from ldnsim.model import default_model

HANGS_ON = (
    "kd_ogfr", "weight_tone_mor", "weight_tone_dor", "demand_gain", "demand50", "t_delay_penk",
    "k_off_mor", "ic50_trif", "tone_brake", "priming50",
)  # fmt: skip


def size_sentence(ds: xr.Dataset, v: Verdict) -> str:
    """Say how large the benefit is, and what it is not."""
    if v.kind == "none":
        return ""
    pain, share = values(ds, "pain_change"), values(ds, "pain_change_percent")
    best = int(np.nanargmin(pain))
    usual = "reaches" if share[best] <= -30.0 else "stays short of"
    return (
        f"Counted as help: TNF down by {TNF_FALL:g} % and pain by {PAIN_FALL:g} % or more. At "
        f"best, with {values(ds, 'dose')[best]:g} mg, pain falls by {-pain[best]:.2f} points "
        f"({percent(share[best])}), which {usual} the 30 % that trials call a response."
    )


def reason_sentences(dose: Floats, r: dict[str, Floats], v: Verdict) -> list[str]:
    """Explain the shape from one day: what slows down and what keeps growing with dose."""
    tone, top = r["effector_tone"], len(dose) - 1
    best = int(np.nanargmax(tone))
    if best == top:
        return [
            f"The tone on glia ({percent(tone[top])} at {dose[top]:g} mg) has not turned down by"
            " the highest dose, so nothing here takes the benefit away again."
        ]
    told = (
        f"Tone on glia is highest with {dose[best]:g} mg nightly ({percent(tone[best])} against "
        f"untreated, 24 h mean of day {DAY}) and falls to {percent(tone[top])} at {dose[top]:g} "
        f"mg; analgesic tone goes from {percent(r['analgesic_tone'][best])} to "
        f"{percent(r['analgesic_tone'][top])}."
    )
    return [told, _growth(dose, r, best, top), _trif(r, best, top), _edge(dose, r, v)]


def _growth(dose: Floats, r: dict[str, Floats], best: int, top: int) -> str:
    """Compare how peptides and block grow beyond the dose of the highest tone."""
    rise, block = r["met_enkephalin"], r["ogfr"]
    if rise[top] <= 2.0:
        return (
            f"Peptides hardly rise ({percent(rise[top])} at {dose[top]:g} mg): only the block of "
            f"OGF receptors grows, to {block[top]:.0f} %."
        )
    more, wider = rise[top] / rise[best], block[top] / block[best]
    word = (
        "The rise of the peptides slows down while the block of the effectors keeps growing"
        if wider > more
        else "The block does not outgrow the peptides, so the cause lies elsewhere"
    )
    return (
        f"From {dose[best]:g} to {dose[top]:g} mg the dose grows {dose[top] / dose[best]:.1f}-fold,"
        f" the rise of met-enkephalin {more:.1f}-fold ({percent(rise[best])} to "
        f"{percent(rise[top])}; beta-endorphin to {percent(r['beta_endorphin'][top])}), the block "
        f"of OGF receptors {wider:.1f}-fold ({block[best]:.0f} to {block[top]:.0f} %; mu "
        f"{r['mu'][best]:.0f} to {r['mu'][top]:.0f} %). {word}."
    )


def _trif(r: dict[str, Floats], best: int, top: int) -> str:
    """Say what direct inhibition of TLR4 does over the same doses."""
    blocked = f"({r['trif'][best]:.0f} to {r['trif'][top]:.0f} %)"
    if np.all(np.diff(r["trif"]) >= 0.0):
        return (
            f"Direct inhibition of TRIF only grows with dose {blocked}: it speaks for more drug at "
            "every dose and cannot close a window."
        )
    return f"Direct inhibition of TRIF does not simply grow with dose {blocked}."


def _edge(dose: Floats, r: dict[str, Floats], v: Verdict) -> str:
    """Say how much tone it takes to tip the patient, and where it is lost again."""
    if not np.isfinite(v.low):
        return ""

    def tone(mg: float) -> float:
        return float(np.interp(mg, dose, r["effector_tone"]))

    mu = float(np.interp(v.low, dose, r["mu"]))
    text = (
        f"The lowest dose that helps this patient changes tone by {percent(tone(v.low))}, with "
        f"{mu:.0f} % of mu receptors blocked on average"
    )
    if np.isfinite(v.above):
        text += (
            f"; benefit is lost where tone is back at {percent(tone(v.above))}"
            f" ({v.above:g} mg; {percent(tone(v.high))} at {v.high:g} mg, which still helps)"
        )
    near = " So little means that the patient stands near the edge of the inflamed state."
    return f"{text}." + (near if 0.0 <= tone(v.low) < 15.0 else "")


def route_sentences(verdicts: dict[str, Verdict]) -> list[str]:
    """Say which of the two routes carries the benefit in this patient, and which ends it."""
    names = ("rebound", "glial")
    helps, ends = (
        [n for n in names if verdicts[n].kind in kinds]
        for kinds in (set(get_args(Kind)) - {"none"}, {"window", "no lower limit"})
    )
    which = {
        0: "Neither route alone gives",
        1: f"Only {' '.join(helps)} gives",
        2: "Either route alone gives",
    }
    text = f"{which[len(helps)]} benefit in this patient."
    if len(helps) == 2 and len(ends) == 1:
        text += f" An upper limit of dose comes only with {ends[0]}."
    return [text, potency_sentence()]


def potency_sentence() -> str:
    """Say how the potencies at TLR4 differ that the hypotheses take."""
    default = default_model().parameters["ic50_trif"].value
    names = (MAIN, "rebound", "glial")
    taken = [shipped().hypotheses[n].overrides.get("ic50_trif", default) for n in names]
    told = ", ".join(f"{n} {value:g}" for n, value in zip(names, taken, strict=True))
    return f"The routes differ in what they assume: ic50_trif (nM) is {told}."


def affinity_sentences(ds: xr.Dataset) -> list[str]:
    """Say for which affinities of the OGF receptor there is a window."""
    kd = values(ds, "kd_ogfr")
    kinds = [verdict(ds.isel(kd_ogfr=i)) for i in range(len(kd))]
    yes = [k for k, v in zip(kd, kinds, strict=True) if v.kind == "window"]
    default = default_model().parameters["kd_ogfr"].value
    within = (
        f"there is a window at {len(yes)} of {len(kd)} values, from {min(yes):.2g} to "
        f"{max(yes):.2g} nM" if yes else f"there is a window at none of {len(kd)} values"
    )  # fmt: skip
    ends = [
        f"  kd_ogfr = {kd[i]:.2g} nM ({kd[i] / default:.2g} times the default): "
        f"{verdict_sentence(kinds[i])}."
        for i in (0, len(kd) - 1)
    ]
    both = all(kinds[i].kind == "window" for i in (0, -1))
    fate = "The window survives both" if both else "The window does not survive both"
    return [
        "No affinity of naltrexone for the OGF receptor was ever measured. Between a third and "
        f"three times the default ({default:g} nM, that of its metabolite in proportion) {within}. "
        f"{fate} ends:",
        *ends,
    ]


def answer(rivals: xr.Dataset, kd: xr.Dataset) -> str:
    """Write the answer from the two sets of runs."""
    verdicts = {str(h): verdict(rivals.sel(hypothesis=h)) for h in rivals["hypothesis"].values}
    main = rivals.sel(hypothesis=MAIN)
    v = verdicts[MAIN]
    parts = ["IS THERE A DOSE WINDOW, AND WHY?", headline_of(v), size_sentence(main, v)]
    parts += reason_sentences(values(main, "dose"), reasons(main), v)
    parts += ["Under rival hypotheses:"]
    parts += [f"  {n}: {verdict_sentence(w)}." for n, w in verdicts.items() if n != MAIN]
    parts += [*route_sentences(verdicts), *affinity_sentences(kd)]
    parts += ["It hangs on these numbers:", *parameter_lines(HANGS_ON)]
    parts += ["Evidence that speaks against it:", *against((MAIN,))]
    parts += [
        "One set of parameters was chosen because it shows this behaviour. That it can happen is "
        "shown; that it does happen in people is not. Not medical advice.",
        failures(rivals),
        failures(kd),
    ]
    return paragraphs(parts)


def tables(rivals: xr.Dataset, kd: xr.Dataset) -> dict[str, Any]:
    """Return the numbers behind the figure as tables."""
    found = {}
    for name, ds in (("dose_window_hypotheses", rivals), ("dose_window_affinity", kd)):
        dims = ds["tnf_change_percent"].dims
        shape = {k: (dims, v) for k, v in reasons(ds).items()}
        found[name] = ds[list(SUMMARIES)].assign(shape).to_dataframe()
    return found


def experiment(out: Path, setting: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    rivals, kd = run(setting)
    text = answer(rivals, kd)
    write(out, "dose_window", text, picture(rivals, kd), tables(rivals, kd))
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments("Is there a dose window, and why?", "dose_window", argv)
    setting = Setting(given.points or Setting.doses, given.weeks, threads=given.threads)
    return guarded(lambda: experiment(given.out, setting))


if __name__ == "__main__":
    sys.exit(main())
