"""Rules for claims about what the drug does: block, rebound, TLR4, reset, dreams, immunity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ldnsim.analysis.behaviours.record import Found
from ldnsim.analysis.claims.record import (
    HALF_YEAR,
    NOTHING,
    STANDARD,
    Setting,
    alternative,
    attempt,
    thresholds,
)
from ldnsim.runs.few import DAY, WEEK, Case, Measure, run_cases, week

NIGHTLY = "4.5 mg nightly at 22:00, for 12 wk"


def rebound(settings: Sequence[Setting]) -> list[Found]:
    """C1: after a block that clears, both peptides stand above those of the untreated."""
    hours = 11 * WEEK + 5 * DAY + 22.0 + np.arange(0.0, 24.0, 0.5)
    names = ("mor_occupancy", "beta_endorphin", "met_enkephalin")
    cases = [s.put(Case(r)) for s in settings for r in (NIGHTLY, "placebo for 12 wk")]
    at = run_cases(cases, 12, [], hours, names, rtol=1e-4).at.reshape(len(settings), 2, 3, -1)
    found = []
    for drug, none in at:
        clear = drug[0] < 0.15
        if clear.sum() < 12:
            text = f"block never clears: {drug[0].min():.0%} at its lowest"
            found.append(Found(False, text))
            continue
        rise = drug[1:, clear].mean(axis=1) / none[1:, clear].mean(axis=1) - 1.0
        text = f"after the block endorphin {rise[0]:+.0%}, enkephalin {rise[1]:+.0%}"
        found.append(Found(bool((rise > 0.05).all()), text, value=float(rise.min())))
    return found


def direct(settings: Sequence[Setting]) -> list[Found]:
    """C2: with opioid receptors spared, TNF still falls by 30 per cent at 4.5 mg."""
    case = Case(STANDARD, parameters={"coupling_opioid": 0.0})
    fall = attempt(settings, [case], HALF_YEAR, [week("tnf", HALF_YEAR)]).percent(0, "tnf")[:, 0]
    return [Found(bool(f < -30.0), f"TNF {f:+.1f} % through TLR4 alone", value=f) for f in fall]


def potency_needed(hypothesis: str = "dual_pathway") -> float:
    """Return the weakest ``ic50_trif`` (nmol/L) at which TLR4 alone tips the patient at 4.5 mg.

    Bisected on a ladder, to about three per cent.
    """
    low, high = 1e-4, alternative("ic50_trif", "superoxide_naloxone")
    for _ in range(4):
        ladder = np.geomspace(low, high, 12)
        settings = [
            Setting(hypothesis, {"ic50_trif": float(x), "coupling_tlr4": 1.0}) for x in ladder
        ]
        works = np.array([f.shown for f in direct(settings)])
        if not works.any():
            return 0.0
        last = int(np.flatnonzero(works)[-1])
        if last == len(ladder) - 1:
            return float(high)
        low, high = float(ladder[last]), float(ladder[last + 1])
    return low


def both_add(settings: Sequence[Setting]) -> list[Found]:
    """C3: the dose that tips a patient is lower with both pathways than with either alone."""
    case = Case()
    together = thresholds(settings, case)
    alone = np.minimum(
        thresholds(settings, replace(case, parameters={"coupling_tlr4": 0.0})),
        thresholds(settings, replace(case, parameters={"coupling_opioid": 0.0})),
    )
    found = []
    for a, b in zip(together, alone, strict=True):
        adds = bool(np.isfinite(a) and a < 0.93 * b)
        text = f"threshold dose {_mg(a)} with both, {_mg(b)} with the better one alone"
        found.append(Found(adds, text, value=float(a / b) if np.isfinite(a) else None))
    return found


def _mg(dose: float) -> str:
    return f"{dose:.2g} mg" if np.isfinite(dose) else "none"


def outlasts(settings: Sequence[Setting]) -> list[Found]:
    """C10: half a year after stopping, TNF and pain are still down."""
    measures = [week("tnf", 26), week("tnf", 52), week("pain", 52)]
    out = attempt(settings, [Case(STANDARD)], 52, measures)
    on, off, pain = out.percent(0, "tnf")[:, 0], out.percent(1, "tnf")[:, 0], out.change(2, "pain")
    return [
        Found(
            bool(a < -30.0 and b < -30.0 and p < -0.3),
            f"TNF {a:+.0f} % at the end of treatment; half a year later {b:+.0f} %, pain {p:+.2f}",
        )
        for a, b, p in zip(on, off, pain[:, 0], strict=True)
    ]


def dreams(settings: Sequence[Setting]) -> list[Found]:
    """C11: vivid dreams in the first weeks, then less than half of that."""
    measures = [Measure("vivid_dreams", "max", w * WEEK, (w + 1) * WEEK) for w in range(12)]
    values = attempt(settings, [Case(NIGHTLY)], 12, measures).values[:, 0]
    return [
        Found(
            bool(v.max() > 0.1 and v.argmax() <= 3 and v[-1] < 0.5 * v.max()),
            f"score {v.max():.2g} in week {v.argmax() + 1}, {v[-1]:.2g} in week 12",
        )
        for v in values
    ]


def titration(settings: Sequence[Setting]) -> list[Found]:
    """C12: reaching 4.5 mg over two to four weeks costs less sleep and no benefit."""
    cases = [
        Case("4.5 mg nightly at 22:00, for 26 wk"),
        Case(STANDARD),
        Case("0.9 mg nightly at 22:00, +0.9 mg every 7 d to 4.5 mg, for 26 wk"),
    ]
    measures = [week("tnf", HALF_YEAR), Measure("vivid_dreams", "max", 0.0, HALF_YEAR * WEEK)]
    out = attempt(settings, cases, HALF_YEAR, measures)
    tnf, worst = out.percent(0, "tnf"), out.values[:, :, 1]
    found = []
    for t, w in zip(tnf, worst, strict=True):
        same = bool(t[0] < -30.0) and bool((np.abs(t - t[0]) < 5.0).all())
        gentler = bool(w[0] > w[1] > w[2] and w[1] < 0.8 * w[0])
        falls = ", ".join(f"{x:+.0f}" for x in t)
        text = f"TNF {falls} %; dreams {', '.join(f'{x:.2g}' for x in w)}"
        found.append(Found(same and gentler, f"at once, over 2, over 4 weeks: {text}"))
    return found


def immunity(settings: Sequence[Setting]) -> list[Found]:
    """C14: NK activity up by 5 per cent and not below healthy, autoimmune balance down by 10."""
    case = Case(STANDARD, phenotype="autoimmune_thyroiditis")
    names = ("nk_activity", "autoimmune_balance")
    out = attempt(settings, [case], HALF_YEAR, [week(n, HALF_YEAR) for n in names])
    nk, balance = out.percent(0, names[0])[:, 0], out.percent(1, names[1])[:, 0]
    return [
        Found(
            bool(a > 5.0 and b < -10.0 and x > 0.95),
            f"NK activity {a:+.1f} %, autoimmune balance {b:+.0f} %",
            value=float(a),
        )
        for a, b, x in zip(nk, balance, out.values[:, 0, 0], strict=True)
    ]


def density(settings: Sequence[Setting]) -> list[Found]:
    """C17: mu or OGF receptor density rises by over 5 per cent at 4.5 mg."""
    measures = [week("mor_density", 12), week("ogfr_density", 12)]
    out = attempt(settings, [Case(NIGHTLY)], 12, measures)
    rise = 100.0 * (out.values[:, 0] - 1.0)
    return [
        Found(bool(r.max() > 5.0), f"mu receptors {r[0]:+.1f} %, OGF receptors {r[1]:+.1f} %",
              value=float(r.max()))
        for r in rise
    ]  # fmt: skip


def exercise(settings: Sequence[Setting]) -> list[Found]:
    """C18: exercise adds to the endorphin of the drug."""
    cases = [Case(NOTHING, exercise=0.05), Case(STANDARD), Case(STANDARD, exercise=0.05)]
    out = attempt(settings, cases, HALF_YEAR, [week("beta_endorphin", HALF_YEAR)])
    rise = out.percent(0, "beta_endorphin")
    return [
        Found(
            bool(r[0] > 1.0 and r[2] > r[0] + 1.0 and r[2] > r[1] + 1.0),
            f"endorphin {r[0]:+.0f} % by exercise, {r[1]:+.0f} % by the drug, {r[2]:+.0f} % by "
            "both",
        )
        for r in rise
    ]
