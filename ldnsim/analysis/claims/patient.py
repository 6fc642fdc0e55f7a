"""Rules for claims about patients: who responds, who does not, what helps besides the drug."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ldnsim.analysis.behaviours.patients import CLAIM_118G, FLARE, MICROGRAM, TREATED_DRIVER
from ldnsim.analysis.behaviours.patients import STANDARD as STANDARD_YEAR
from ldnsim.analysis.behaviours.record import Found
from ldnsim.analysis.claims.record import (
    HALF_YEAR,
    NOTHING,
    STANDARD,
    Setting,
    attempt,
    thresholds,
)
from ldnsim.runs.few import Case, week

YEAR = 52
ADDED = ("alpha_lipoic_acid", "fish_oil", "cannabidiol", "n_acetylcysteine")


def depleted(settings: Sequence[Setting]) -> list[Found]:
    """C6: no response and a flare on the standard start, no flare on the microgram start."""
    cases = [Case(STANDARD_YEAR, phenotype="depleted"), Case(MICROGRAM, phenotype="depleted")]
    weeks = [week("pain", w) for w in range(2, YEAR + 1, 2)]
    out = attempt(settings, cases, YEAR, [*weeks, week("tnf", YEAR)])
    pain = out.values[:, :, :-1] - out.rest("pain")[:, :, None]
    tnf = out.percent(len(weeks), "tnf")
    found = []
    for p, t in zip(pain, tnf, strict=True):
        worst = p.max(axis=1)
        shown = worst[0] > FLARE and worst[1] < 0.5 * worst[0] and t[0] > -30.0
        text = f"worst pain {worst[0]:+.2f} standard, {worst[1]:+.2f} microgram; TNF {t[0]:+.0f} %"
        found.append(Found(bool(shown), text, value=float(worst[0])))
    return found


def genotype(settings: Sequence[Setting]) -> list[Found]:
    """C7: under the 118G claim the threshold dose moves by over a fifth."""
    plain = thresholds(settings, Case())
    carrier = thresholds(settings, Case(parameters={"oprm1_potency": CLAIM_118G}))
    found = []
    for a, b in zip(plain, carrier, strict=True):
        ratio = b / a if np.isfinite(a) else 1.0
        text = f"threshold dose x{ratio:.2g} if beta-endorphin is {CLAIM_118G:g} times as potent"
        found.append(Found(bool(ratio > 1.2 or ratio < 0.8), text, value=float(ratio)))
    return found


def driver(settings: Sequence[Setting]) -> list[Found]:
    """C8: the default patient responds, one with a lasting driver does not."""
    cases = [Case(STANDARD), Case(STANDARD, phenotype="driver_persists")]
    tnf = attempt(settings, cases, HALF_YEAR, [week("tnf", HALF_YEAR)]).percent(0, "tnf")
    return [
        Found(bool(a < -30.0 < b), f"TNF {a:+.0f} % without, {b:+.0f} % with a lasting driver")
        for a, b in tnf
    ]


def unmediated(settings: Sequence[Setting]) -> list[Found]:
    """C9: the default patient's pain falls, that of a condition outside the pathways does not."""
    cases = [Case(STANDARD), Case(STANDARD, phenotype="not_mediated")]
    pain = attempt(settings, cases, HALF_YEAR, [week("pain", HALF_YEAR)]).change(0, "pain")
    return [
        Found(bool(a < -0.5 and b > 0.25 * a), f"pain {a:+.2f}, outside the pathways {b:+.2f}")
        for a, b in pain
    ]


def neuropathy(settings: Sequence[Setting]) -> list[Found]:
    """C13: refractory neuropathy is tipped, but only by a dose above the default patient's."""
    usual = thresholds(settings, Case(), weeks=26)
    needed = thresholds(settings, Case(phenotype="refractory_neuropathy"), weeks=26)
    found = []
    for a, b in zip(usual, needed, strict=True):
        shown = bool(np.isfinite(a) and np.isfinite(b) and b > 1.3 * a)
        words = f"{b:.2g} mg" if np.isfinite(b) else "no dose up to 50 mg"
        found.append(Found(shown, f"{words}, against {a:.2g} mg in the default patient"))
    return found


def necessary(settings: Sequence[Setting]) -> list[Found]:
    """C15: for mast cells and long COVID neither the drug nor the other treatment is enough."""
    both = ("ketotifen", "ketosis")
    treat = ((0.0, "driver", TREATED_DRIVER),)
    cases = [
        Case(_year(STANDARD), phenotype="mast_cell"),
        Case(_year(NOTHING), phenotype="mast_cell", adjuncts=both),
        Case(_year(STANDARD), phenotype="mast_cell", adjuncts=both),
        Case(_year(STANDARD), phenotype="long_covid"),
        Case(_year(NOTHING), phenotype="long_covid", changes=treat),
        Case(_year(STANDARD), phenotype="long_covid", changes=treat),
    ]
    tnf = attempt(settings, cases, YEAR, [week("tnf", YEAR)]).percent(0, "tnf")
    found = []
    for t in tnf:
        answer = (t < -50.0).tolist() == [False, False, True] * 2
        text = (
            f"mast cells: drug {t[0]:+.0f} %, stabiliser and ketosis {t[1]:+.0f} %, all "
            f"{t[2]:+.0f} %; long COVID: drug {t[3]:+.0f} %, driver treated {t[4]:+.0f} %, "
            f"both {t[5]:+.0f} % TNF"
        )
        found.append(Found(answer, text))
    return found


def _year(prescription: str) -> str:
    return prescription.replace("for 26 wk", "for 52 wk")


def circle(settings: Sequence[Setting]) -> list[Found]:
    """C16: stress lowers endorphin stores and neuronal health; the drug protects neurons."""
    calm = replace(Case(NOTHING, phenotype="early_neurodegeneration"), stress=0.0)
    stressed = Case(NOTHING, phenotype="early_neurodegeneration")
    treated = Case(STANDARD, phenotype="early_neurodegeneration")
    names = ("endorphin_pool", "neuronal_health")
    measures = [week(n, HALF_YEAR) for n in names]
    out = attempt(settings, [calm, stressed, treated], HALF_YEAR, measures)
    found = []
    for (pool0, health0), (pool1, health1), (_, health2) in out.values:
        shown = pool1 < 0.9 * pool0 and health1 < health0 - 0.01 and health2 > health1 + 0.05
        text = (
            f"stress: store {pool0:.2f} to {pool1:.2f}, neuronal health {health0:.2f} to "
            f"{health1:.2f}; with the drug {health2:.2f}"
        )
        found.append(Found(bool(shown), text, value=float(health2 - health1)))
    return found


def adjuncts(settings: Sequence[Setting]) -> list[Found]:
    """C20: with each of four adjuncts, pain or what it acts on is lower than by either alone."""
    names = ("tnf", "il1b", "il6", "pain")
    cases = [Case(STANDARD)]
    cases += [Case(r, adjuncts=(a,)) for a in ADDED for r in (STANDARD, NOTHING)]
    out = attempt(settings, cases, HALF_YEAR, [week(n, HALF_YEAR) for n in names])
    found = []
    for v in out.values:
        texts, adds = [], []
        for i, added in enumerate(ADDED):
            both, alone = v[1 + 2 * i], v[2 + 2 * i]
            further = 100.0 * (both / v[0] - 1.0)
            better = (both < 0.99 * v[0]) & (both < 0.99 * alone)
            adds.append(bool(better.any()))
            best = int(further.argmin()) if np.isfinite(further).all() else 0
            texts.append(f"{added.replace('_', ' ')} {names[best]} {further[best]:+.1f} %")
        found.append(Found(all(adds), f"beyond the drug alone: {', '.join(texts)}"))
    return found
