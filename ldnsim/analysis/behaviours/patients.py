"""Behaviours that differ between patients: depletion, who fails and why, dreams, adjuncts."""

from __future__ import annotations

import functools

import numpy as np

from ldnsim.analysis.behaviours.record import TIPPED, Behaviour, Found, nightly, percent
from ldnsim.runs.few import WEEK, Case, Measure, run_cases, week

YEAR = 52
STANDARD = "1.5 mg nightly at 22:00, +1.5 mg every 7 d to 4.5 mg, for 52 wk"
MICROGRAM = "1 ug nightly at 22:00, x2 every 4 wk to 4.5 mg, for 52 wk"
FULLY_DEPLETED = 0.05
FLARE = 0.02
"""Points of weekly pain above untreated that count as worse: a direction, far below what anybody
notices (about a point). Tone moves pain little in this model."""
CLAIM_118G = 3.0
"""Potency of beta-endorphin at 118G in the claim [bond1998]; not replicated."""
TREATED_DRIVER = 0.01
TWO_WAYS = ("dual_pathway", "rebound")


def depleted(hypothesis: str) -> Found:
    """Depleted reserve: standard start makes worse for a time, a microgram start does not."""
    fully = {"reserve": FULLY_DEPLETED}
    cases = [
        Case(STANDARD, hypothesis, "depleted"),
        Case(MICROGRAM, hypothesis, "depleted"),
        Case(STANDARD, hypothesis, "depleted", parameters=fully),
    ]
    found = run_cases(cases, YEAR, [week("pain", w + 1) for w in range(YEAR)] + [week("tnf", YEAR)])
    pain = found.values[:, :YEAR] - found.baseline("pain")[:, None]
    standard, microgram, empty = pain
    half_year = microgram[: YEAR // 2].max()
    transient = standard.max() > FLARE and standard[-1] < 0.5 * standard.max()
    gentle = half_year < 0.2 * standard.max() and microgram.max() < 0.5 * standard.max()
    silent = empty[-1] > -0.1 and percent(found, YEAR, "tnf")[2] > -10.0
    text = (
        f"worst week of pain {standard.max():+.2f} (week {standard.argmax() + 1}) on the standard "
        f"start, {standard[-1]:+.2f} at a year; {microgram.max():+.2f} on the microgram start; "
        f"fully depleted {empty[-1]:+.2f}"
    )
    note = f"in size {max(standard.max(), 0.0):.2f} points of 10, where people notice about one"
    return Found(bool(transient and gentle and silent), text, note, float(standard.max()))


@functools.cache
def threshold(hypothesis: str, weeks: int = 12, **own: float) -> float:
    """Return the lowest nightly dose (mg) that tips the patient in time; infinite if none does.

    Found on a ladder of doses to 20 mg and refined twice; to about two per cent.
    """
    low, high = 0.05, 20.0
    for _ in range(3):
        doses = np.geomspace(low, high, 12)
        cases = [Case(nightly(float(f"{d:.6g}"), weeks), hypothesis, parameters=own) for d in doses]
        found = run_cases(cases, weeks, [week("tnf", weeks)])
        tips = np.flatnonzero(found.values[:, 0] < TIPPED * found.baseline("tnf"))
        if not len(tips):
            return float("inf")
        if tips[0] == 0:
            return low
        low, high = float(doses[tips[0] - 1]), float(doses[tips[0]])
    return high


def failures(hypothesis: str) -> Found:
    """Who does not respond to 4.5 mg, by cause; a patient without the cause does."""
    plain = threshold(hypothesis)
    carrier = threshold(hypothesis, oprm1_potency=CLAIM_118G)
    names = ("default", "depleted", "driver_persists", "not_mediated")
    cases = [Case(STANDARD, hypothesis, name) for name in names]
    found = run_cases(cases, 26, [week("tnf", 26), week("pain", 26)])
    tnf, pain = percent(found, 0, "tnf"), found.values[:, 1] - found.baseline("pain")
    responds = (tnf < -30.0) & (pain < -0.3)
    genotype = bool(np.isfinite(plain) and carrier > 1.2 * plain)
    text = "; ".join(
        f"{n} TNF {a:+.0f} %, pain {b:+.2f}" for n, a, b in zip(names, tnf, pain, strict=True)
    )
    text += f"; threshold dose {plain:.2g} mg, with 118G potency x3 {carrier:.2g} mg"
    note = "the genotype raises the dose needed, no more; the claim itself was not replicated"
    return Found(bool(responds[0] and not responds[1:].any() and genotype), text, note)


def dreams(hypothesis: str) -> Found:
    """Vivid dreams early, fading, and more at faster titration."""
    paces = {
        "at once": nightly(4.5, 12),
        "3 weeks": "1.5 mg nightly at 22:00, +1.5 mg every 7 d to 4.5 mg, for 12 wk",
        "9 weeks": "0.5 mg nightly at 22:00, +0.5 mg every 7 d to 4.5 mg, for 12 wk",
    }
    measures = [Measure("vivid_dreams", "max", w * WEEK, (w + 1) * WEEK) for w in range(12)]
    found = run_cases([Case(p, hypothesis) for p in paces.values()], 12, measures).values
    top, last = found.max(axis=1), found[:, -1]
    early = found.argmax(axis=1)[:2].max() <= 3
    shown = early and (last[:2] < 0.5 * top[:2]).all() and top[0] > top[1] > top[2] > 0.0
    rows = zip(paces, top, last, strict=True)
    text = ", ".join(f"{n} {a:.2g} (week 12 {b:.2g})" for n, a, b in rows)
    return Found(bool(shown and top[0] > 0.1), f"highest score: {text}")


def kinds(hypothesis: str) -> Found:
    """Enough alone; necessary but not sufficient; no response at all."""
    treat = ((0.0, "driver", TREATED_DRIVER),)
    settings = {
        "alone": Case(STANDARD, hypothesis, "default"),
        "driver only": Case("placebo for 26 wk", hypothesis, "long_covid", changes=treat),
        "drug only": Case(STANDARD, hypothesis, "long_covid"),
        "drug and driver": Case(STANDARD, hypothesis, "long_covid", changes=treat),
        "not mediated": Case(STANDARD, hypothesis, "not_mediated"),
    }
    found = run_cases(list(settings.values()), 26, [week("tnf", 26)])
    change = percent(found, 0, "tnf")
    answer = (change < -50.0).tolist()
    text = ", ".join(f"{n} {c:+.0f} %" for n, c in zip(settings, change, strict=True))
    return Found(answer == [True, False, False, True, False], f"TNF: {text}")


BEHAVIOURS = (
    Behaviour(
        "E8", "depleted reserve: standard start worsens for a time, microgram start does not",
        "pain up by over 0.02 and half of it passes; the microgram start under half of that; a "
        "fully depleted reserve does not respond (a direction: people notice about a point)",
        TWO_WAYS, depleted,
    ),
    Behaviour(
        "E9", "non-response by each cause",
        "4.5 mg helps the default patient, not the depleted, driven or not mediated one; 118G at "
        "x3 raises the threshold dose by over a fifth",
        TWO_WAYS, failures, "bond1998 oprm1_replication",
    ),
    Behaviour(
        "E10", "vivid dreams early and fading, more at faster titration",
        "highest within 4 weeks, below half of that at week 12, ordered by pace",
        ("dual_pathway", "rebound", "tonic", "persistent", "ogfr"), dreams, "annmedsurg2025",
    ),
    Behaviour(
        "E12", "three kinds of patient",
        "enough alone; only with the driver treated too; not at all",
        TWO_WAYS, kinds,
    ),
)  # fmt: skip
