"""Rules for claims about patients: who responds, who does not, what helps besides the drug."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from ldnsim.analysis.judged.doses import HALF_YEAR, YEAR, nightly, standard, thresholds
from ldnsim.analysis.judged.record import Found, Setting, attempt
from ldnsim.analysis.judged.response import (
    CLAIM_118G,
    DRIVER_TREATED,
    LESS_TNF,
    Response,
    against_default,
    alone_and_both,
    flares,
    genotypes,
    needs_both,
    only_standard_flares,
    only_usual,
    raised,
)
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition
from ldnsim.runs.few import week

ADDED = ("alpha_lipoic_acid", "fish_oil", "cannabidiol", "n_acetylcysteine")
OUTCOMES = ("tnf", "il1b", "il6", "pain", "fatigue")
"""What an adjunct may add to; all are better lower."""
SYMPTOM_OF = {"nociception": "pain", "sensitisation": "pain"}
"""What a factor on something else than an outcome's own production defines all the same."""
SEVERE = 1.0
"""Stress at the top of its scale."""
LATER = 2 * YEAR
"""Weeks of stress after which neurons are looked at."""


def depleted(settings: Sequence[Setting]) -> Iterable[Found]:
    """C6: no response and a flare on the standard start, no flare on the microgram start.

    A flare: pain 0.5 points above untreated in a week of 52; none: less than 0.5 of that one. No
    response: TNF not 15 % down in week 52.
    """
    out = flares(settings)
    for pain, tnf in zip(out.pain, out.tnf[:, 0, -1], strict=True):
        worst, slow = pain[0].max(), pain[1].max()
        text = f"worst pain {worst:+.2f} standard, {slow:+.2f} microgram; TNF {tnf:+.0f} %"
        yield Found(only_standard_flares(pain) and tnf > LESS_TNF, text, value=worst)


def genotype(settings: Sequence[Setting]) -> Iterable[Found]:
    """C7: under the 118G claim the threshold dose is higher by over a fifth.

    Claimed: endorphin 3 times as potent. The dose leaves 0.5 of the inflamed cells; 1.2 times.
    """
    for plain, carrier in genotypes(settings):
        ratio = 1.0 if np.isinf(plain) else carrier / plain
        text = f"threshold dose x{ratio:.2g} if beta-endorphin is {CLAIM_118G:g} times as potent"
        yield Found(raised(plain, carrier), text, value=ratio)


def driver(settings: Sequence[Setting]) -> Iterable[Found]:
    """C8: the default patient responds, one with a lasting driver does not.

    A response to 4.5 mg in week 26: TNF 15 % and pain 0.3 points down. None: neither, since less
    pain alone is a response too.
    """
    out = against_default(settings, "driver_persists")
    return [_only_default(out, k, "with a lasting driver") for k in range(len(settings))]


def _only_default(out: Response, of: int, who: str) -> Found:
    """Say what TNF and pain do in the default patient and in another, under one setting."""
    (tnf, other), (pain, felt) = out.tnf[of, :, 0], out.pain[of, :, 0]
    text = f"TNF {tnf:+.0f} %, pain {pain:+.2f}; {who} TNF {other:+.0f} %, pain {felt:+.2f}"
    return Found(only_usual(out, of), text)


def unmediated(settings: Sequence[Setting]) -> Iterable[Found]:
    """C9: the default patient responds, one with a condition outside the pathways does not.

    A response to 4.5 mg in week 26: TNF 15 % and pain 0.3 points down. None: neither, since less
    pain alone is a response too.
    """
    out = against_default(settings, "not_mediated")
    return [_only_default(out, k, "outside the pathways") for k in range(len(settings))]


def neuropathy(settings: Sequence[Setting]) -> Iterable[Found]:
    """C13: refractory neuropathy is tipped, but only by a dose above the default patient's.

    Tipped: 0.5 of the inflamed cells left, by a dose of up to 50 mg. Above: over 1.3 times.
    """
    usual = thresholds(settings, RunSpec.of())
    needed = thresholds(settings, RunSpec.of(phenotype="refractory_neuropathy"))
    for a, b in zip(usual, needed, strict=True):
        shown = np.isfinite(a) and np.isfinite(b) and b > 1.3 * a
        words = "no dose up to 50 mg" if np.isinf(b) else f"{b:.2g} mg"
        yield Found(shown, f"{words}, against {a:.2g} mg in the default patient")


def necessary(settings: Sequence[Setting]) -> Iterable[Found]:
    """C15: for mast cells and long COVID neither the drug nor the other treatment is enough.

    Enough: below 0.5 of the inflamed cells left after 52 weeks.
    """
    mast_cells = alone_and_both(settings, "mast_cell", adjuncts=("ketotifen", "ketosis"))
    covid = alone_and_both(settings, "long_covid", changes=DRIVER_TREATED)
    return [
        Found(
            needs_both(m) and needs_both(c),
            f"mast cells: drug {m[0]:+.0f} %, stabiliser and ketosis {m[1]:+.0f} %, all "
            f"{m[2]:+.0f} %; long COVID: drug {c[0]:+.0f} %, driver treated {c[1]:+.0f} %, "
            f"both {c[2]:+.0f} % TNF",
        )
        for m, c in zip(mast_cells, covid, strict=True)
    ]


def circle(settings: Sequence[Setting]) -> Iterable[Found]:
    """C16: lasting stress lowers endorphin stores and neuronal health; the drug saves half of that.

    A person at rest, well and without stress, in whom severe stress begins on the first day and
    lasts for two years (104 weeks), without drug and with it: the store below 0.9 of that in calm,
    health lower by 0.01, and over 0.5 of what is lost of it saved.
    """
    calm = RunSpec.of(nightly(0.0, LATER), phenotype="healthy")
    stressed = calm.with_value("modifiers.stress", SEVERE)
    treated = stressed.with_value("regimen", standard(LATER))
    measures = [week(n, LATER) for n in ("endorphin_pool", "neuronal_health")]
    out = attempt(settings, [calm, stressed, treated], LATER, measures)
    for (pool0, health0), (pool1, health1), (_, health2) in out.values:
        shown = pool1 < 0.9 * pool0 and health1 < health0 - 0.01
        saved = health2 - health1 > 0.5 * (health0 - health1)
        text = (
            f"two years of stress: store {pool0:.2f} to {pool1:.2f}, neuronal health "
            f"{health0:.2f} to {health1:.2f}; with the drug {health2:.2f}"
        )
        yield Found(shown and saved, text, value=float(health2 - health1))


def adjuncts(settings: Sequence[Setting]) -> Iterable[Found]:
    """C20: with each of 4 adjuncts something is 1 % lower than by it or 4.5 mg alone.

    That must be another outcome than those the adjunct's own factors define.
    """
    runs = [RunSpec.of(standard())]
    runs += [RunSpec.of(r, adjuncts=(a,)) for a in ADDED for r in (standard(), nightly(0.0))]
    out = attempt(settings, runs, HALF_YEAR, [week(n, HALF_YEAR) for n in OUTCOMES])
    for s, v in zip(settings, out.values, strict=True):
        texts, adds = [], []
        for i, added in enumerate(ADDED):
            told, more = _beyond(v[0], v[1 + 2 * i], v[2 + 2 * i], defined_by(added, s.edition))
            texts.append(f"{added.replace('_', ' ')} {told}")
            adds.append(more)
        told = f"beyond the drug alone: {', '.join(texts)}"
        yield Found(all(adds), told, value=sum(adds) / len(adds))


def defined_by(adjunct: str, edition: Edition) -> set[str]:
    """Return the outcomes whose production, or input, an adjunct has a factor on."""
    acts = [t.removeprefix("factor_") for t in edition.adjuncts[adjunct].targets]
    return {SYMPTOM_OF.get(a, a) for a in acts} & set(OUTCOMES)


def _beyond(drug: Floats, both: Floats, alone: Floats, own: Collection[str]) -> tuple[str, bool]:
    """Say what falls most beyond the drug, the adjunct's own outcomes left out; does any add?"""
    others = [k for k, name in enumerate(OUTCOMES) if name not in own]
    further = 100.0 * (both / drug - 1.0)[others]
    better = (both < 0.99 * drug) & (both < 0.99 * alone)
    best = int(further.argmin()) if np.isfinite(further).all() else 0
    return f"{OUTCOMES[others[best]]} {further[best]:+.1f} %", bool(better[others].any())
