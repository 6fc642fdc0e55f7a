"""Rules for claims about immunity outside the brain: autoimmune disease, steroids, surveillance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ldnsim.analysis.judged.course import courses, margin, said, within
from ldnsim.analysis.judged.doses import HALF_YEAR, nightly, standard
from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.config.run import RunSpec

DISEASES = (
    "multiple_sclerosis", "crohn", "autoimmune_thyroiditis", "rheumatoid_arthritis", "lupus",
    "systemic_sclerosis",
)  # fmt: skip
ITCHING, COUNTED = "systemic_sclerosis", "crohn"
"""Whose itch is asked for, and of which disease trials counted remissions."""
SOON, EARLY = 8, 12
LESS_ACTIVE = -100.0 / 3.0
"""Per cent of untreated: a third of disease activity."""
NO_LESS = -59.0
"""The same of Crohn's disease in week 8: the end of the interval of a trial [smith2013]."""
LESS_ITCH = -50.0
REMITS = 0.5
STEROID = "prednisone"
"""The adjunct that suppresses: 3 daily means of a healthy person's cortisol."""
MOVED, KEPT = 5.0, 1.0
"""Per cent that count as a change, and up to which something counts as unchanged."""
SUPPRESSED = ("blood_cytokines", "nk_killing", "effector_cells", "regulatory_cells")
"""What a steroid lowers."""
MODULATED = ("nk_killing", "regulatory_cells")
"""What the drug is said to spare."""


def activity(settings: Sequence[Setting]) -> Iterable[Found]:
    """C25: six autoimmune diseases are less active by a third, one remits, itch halves.

    In week 26 of 4.5 mg: activity down by a third in each; remission above 0.5 in at least one
    whose was below it, and not in all 6; itch of systemic sclerosis down by half (50 %). In Crohn's
    disease, where trials say how far: activity down by at most 59 % in week 8, remission below 0.5
    in week 12.
    """
    names = ("disease_activity", "remission", "sensory_symptom")
    runs = [RunSpec.of(standard(), phenotype=p) for p in DISEASES]
    out = courses(settings, runs, names, (SOON, EARLY, HALF_YEAR))
    soon, early, late = (out.percent("disease_activity", w) for w in out.weeks)
    crohn = DISEASES.index(COUNTED)
    counted = out.at("remission", EARLY)[:, crohn]
    itch = out.percent("sensory_symptom", HALF_YEAR)[:, DISEASES.index(ITCHING)]
    before, after = out.rest["remission"], out.at("remission", HALF_YEAR)
    best = np.where(before < REMITS, after, np.minimum(after, 0.0))
    rows = zip(soon[:, crohn], early, late, counted, best, after, itch, strict=True)
    for s, a, b, c, r, ended, i in rows:
        each = [
            f"{said(p)} {x:+.0f} then {y:+.0f} %{' (remits)' if z > REMITS else ''}"
            for p, x, y, z in zip(DISEASES, a, b, r, strict=True)
        ]
        bounds = within(-s, -NO_LESS), within(c, REMITS), within(ended.min(), REMITS)
        least = margin((b.max(), LESS_ACTIVE), (r.max(), REMITS), (i, LESS_ITCH), *bounds)
        text = f"{', '.join(each)}; itch {i:+.0f} %; Crohn's disease {s:+.0f} % in week {SOON}"
        text += f", remission {c:.2f} in week {EARLY}"
        yield Found(least >= 1.0, text, value=least)


def modulation(settings: Sequence[Setting]) -> Iterable[Found]:
    """C29: a steroid lowers cytokines of blood and immune cells; the drug lowers cytokines alone.

    After 26 weeks of a steroid of 3 daily means of cortisol cytokines of blood, killing by NK
    cells, effector and regulatory cells are each 5 % below untreated; after 26 weeks of 4.5 mg
    cytokines of blood are 5 % below, killing by NK cells and regulatory cells at most 1 %.
    """
    runs = [RunSpec.of(standard()), RunSpec.of(nightly(0.0), adjuncts=(STEROID,))]
    out = courses(settings, runs, SUPPRESSED, (HALF_YEAR,))
    found = {name: out.percent(name, HALF_YEAR) for name in SUPPRESSED}
    for k in range(len(settings)):
        drug, steroid = ({n: float(v[k, r]) for n, v in found.items()} for r in (0, 1))
        text = f"drug: {_listed(drug)}; steroid: {_listed(steroid)}"
        suppresses = [(v, -MOVED) for v in steroid.values()]
        spares = [within(-drug[n], KEPT) for n in MODULATED]
        least = margin(*suppresses, *spares, (drug["blood_cytokines"], -MOVED))
        yield Found(least >= 1.0, text, value=least)


def _listed(changes: dict[str, float]) -> str:
    return ", ".join(f"{said(n)} {v:+.1f} %" for n, v in changes.items())


def surveillance(settings: Sequence[Setting]) -> Iterable[Found]:
    """C30: surveillance and killing by NK cells are each up by 5 % in week 26 of 4.5 mg.

    A proxy from NK and effector cells: there is no tumour.
    """
    names = ("surveillance", "nk_killing")
    out = courses(settings, [RunSpec.of(standard())], (*names, "effector_cells"), (HALF_YEAR,))
    for k in range(len(settings)):
        changes = {n: float(out.percent(n, HALF_YEAR)[k, 0]) for n in out.means}
        text = f"{_listed(changes)} (a proxy, no tumour)"
        least = margin(*((changes[n], MOVED) for n in names))
        yield Found(least >= 1.0, text, value=least)
