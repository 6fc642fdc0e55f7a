"""Behaviours that differ between patients: depletion, who fails and why, dreams, adjuncts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ldnsim.analysis.behaviours.record import TWO_WAYS, Behaviour
from ldnsim.analysis.judged.nights import dream_scores
from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.analysis.judged.response import (
    DRIVER_TREATED,
    against_default,
    alone_and_both,
    flares,
    genotypes,
    left,
    needs_both,
    only_standard_flares,
    only_usual,
    raised,
)


def depletion(settings: Sequence[Setting]) -> Iterable[Found]:
    """Depleted reserve: the standard start makes worse, a microgram start does not."""
    out = flares(settings)
    for pain, tnf in zip(out.pain, out.tnf, strict=True):
        worst, last, empty = pain[0].max(), pain[0, -1], pain[2, -1]
        better = pain[1, -1] < last - 0.2
        silent = empty > -0.3 and tnf[2, -1] > -10.0
        text = (
            f"worst week of pain {worst:+.2f} (week {pain[0].argmax() + 1}) on the standard "
            f"start, {last:+.2f} at a year; {pain[1].max():+.2f} and {pain[1, -1]:+.2f} on the "
            f"microgram start; "
            f"fully depleted {empty:+.2f}"
        )
        note = f"in size {max(worst, 0.0):.2f} points of 10, where people notice about one"
        shown = only_standard_flares(pain) and better and silent
        yield Found(shown, text, note, worst)


def failures(settings: Sequence[Setting]) -> Iterable[Found]:
    """Who does not respond to 4.5 mg, by cause; a patient without the cause does."""
    causes = ("depleted", "driver_persists", "not_mediated")
    out, doses = against_default(settings, *causes), genotypes(settings)
    for k, (tnf, pain, dose) in enumerate(zip(out.tnf, out.pain, doses, strict=True)):
        rows = zip(("default", *causes), tnf[:, 0], pain[:, 0], strict=True)
        text = "; ".join(f"{n} TNF {a:+.0f} %, pain {b:+.2f}" for n, a, b in rows)
        text += f"; threshold dose {dose[0]:.2g} mg, with 118G potency x3 {dose[1]:.2g} mg"
        note = "the genotype raises the dose needed, no more; the claim itself was not replicated"
        yield Found(only_usual(out, k) and raised(*dose), text, note)


def dreams(settings: Sequence[Setting]) -> Iterable[Found]:
    """Vivid dreams early, fading, and more at faster titration."""
    scores = dream_scores(settings)
    return [Found(d.fade and d.gentler, f"highest score: {d}") for d in scores]


def kinds(settings: Sequence[Setting]) -> Iterable[Found]:
    """Enough alone; necessary but not sufficient; no response at all."""
    usual = against_default(settings, "not_mediated").cells[:, :, 0]
    driven = alone_and_both(settings, "long_covid", changes=DRIVER_TREATED)
    for (alone, outside), (drug, driver, both) in zip(usual, driven, strict=True):
        text = (
            f"inflamed cells: alone {alone:+.0f} %, driver only {driver:+.0f} %, "
            f"drug only {drug:+.0f} %, "
            f"drug and driver {both:+.0f} %, not mediated {outside:+.0f} %"
        )
        shown = left(alone) and needs_both((drug, driver, both)) and not left(outside)
        yield Found(shown, text)


BEHAVIOURS = (
    Behaviour(
        "E8", "depleted reserve: standard start worsens, microgram start does not",
        "pain up by 0.5 points or more, which a patient would notice; the microgram start under "
        "half of that and better by 0.2 at a year; a fully depleted reserve does not respond",
        TWO_WAYS, depletion,
    ),
    Behaviour(
        "E9", "non-response by each cause",
        "4.5 mg lowers TNF and pain in the default patient, neither in the depleted, driven or not "
        "mediated one; 118G at x3 raises the threshold dose by over a fifth",
        TWO_WAYS, failures, "bond1998 oprm1_replication",
    ),
    Behaviour(
        "E10", "vivid dreams early and fading, more at faster titration",
        "highest within 4 weeks, below half of that at week 12, ordered by pace, a fifth less over "
        "2 weeks",
        ("dual_pathway", "rebound", "tonic", "persistent", "ogfr"), dreams, "annmedsurg2025",
    ),
    Behaviour(
        "E12", "three kinds of patient",
        "enough alone; only with the driver treated too, in a year; not at all",
        TWO_WAYS, kinds,
    ),
)  # fmt: skip
