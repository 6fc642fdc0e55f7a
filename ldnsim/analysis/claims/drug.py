"""Rules for claims about what the drug does: block, rebound, TLR4, reset, dreams, immunity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ldnsim.analysis.judged.course import courses, margin, within
from ldnsim.analysis.judged.doses import HALF_YEAR, YEAR, nightly, standard, thresholds
from ldnsim.analysis.judged.nights import DREAMED, PACES, Dreams, after_block, dream_scores
from ldnsim.analysis.judged.record import Found, Setting, attempt
from ldnsim.analysis.judged.response import LESS_PAIN, LESS_TNF, helped, responses
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition
from ldnsim.runs.few import week


def rebound(settings: Sequence[Setting]) -> Iterable[Found]:
    """C1: after a block that clears, both peptides stand above those of the untreated.

    On 4.5 mg: below 0.15 of mu receptors for 6 hours a day, and then 5 % above.
    """
    for b in after_block(settings):
        rise = b.rise - 1.0
        if b.hours_clear < 6.0:
            text, value = f"block never clears: {b.occupancy.min():.0%} at its lowest", None
        else:
            text = f"after the block endorphin {rise[0]:+.0%}, enkephalin {rise[1]:+.0%}"
            value = rise.min()
        yield Found(b.rebounds, text, value=value)


def direct(settings: Sequence[Setting]) -> Iterable[Found]:
    """C2: with opioid receptors spared, TNF still loses a third of its excess (15 %) at 4.5 mg."""
    run = RunSpec.of(standard(), parameters={"coupling_opioid": 0.0})
    fall = attempt(settings, [run], HALF_YEAR, [week("tnf", HALF_YEAR)]).percent(0, "tnf")[:, 0]
    return [Found(f < LESS_TNF, f"TNF {f:+.1f} % through TLR4 alone", value=f) for f in fall]


def potency_needed(edition: Edition) -> float:
    """Return the weakest ``ic50_trif`` (nmol/L) at which TLR4 alone does that at 4.5 mg.

    Under the first hypothesis, bisected on a ladder, to about three per cent; 0 if none does.
    """
    hypothesis = next(iter(edition.hypotheses))
    low, high = 1e-4, edition.model.parameters["ic50_trif"].alternatives["superoxide_naloxone"]
    for _ in range(4):
        ladder = np.geomspace(low, high, 12)
        works = np.array([
            f.shown for f in direct([
                Setting(hypothesis, {"ic50_trif": float(x), "coupling_tlr4": 1.0}, edition=edition)
                for x in ladder
            ])
        ])  # fmt: skip
        if not works.any():
            return 0.0
        last = int(np.flatnonzero(works)[-1])
        if last == len(ladder) - 1:
            return float(high)
        low, high = float(ladder[last]), float(ladder[last + 1])
    return low


def both_add(settings: Sequence[Setting]) -> Iterable[Found]:
    """C3: the dose that tips a patient is lower with both pathways than with either alone.

    Of doses from 0.05 to 50 mg, the lowest that leaves 0.5 of the inflamed cells; less than 0.93 of
    the lower of the two.
    """
    together = thresholds(settings, RunSpec.of())
    alone = np.minimum(
        thresholds(settings, RunSpec.of(parameters={"coupling_tlr4": 0.0})),
        thresholds(settings, RunSpec.of(parameters={"coupling_opioid": 0.0})),
    )
    for a, b in zip(together, alone, strict=True):
        text = f"threshold dose {_mg(a)} with both, {_mg(b)} with the better one alone"
        yield Found(np.isfinite(a) and a < 0.93 * b, text, value=a / b if np.isfinite(a) else None)


def _mg(dose: float) -> str:
    return "none" if np.isinf(dose) else f"{dose:.2g} mg"


def outlasts(settings: Sequence[Setting]) -> Iterable[Found]:
    """C10: TNF and pain are down after 26 weeks of 4.5 mg, and still in week 52.

    Down: TNF by 15 % of untreated, pain by 0.3 points.
    """
    out = responses(settings, [RunSpec.of(standard())], (HALF_YEAR, YEAR))
    return [
        Found(
            good.all(),
            f"TNF {on:+.0f} % at the end of treatment; half a year later {off:+.0f} %, "
            f"pain {pain[1]:+.2f}",
        )
        for good, (on, off), pain in zip(out.good[:, 0], out.tnf[:, 0], out.pain[:, 0], strict=True)
    ]


def dreams(settings: Sequence[Setting]) -> Iterable[Found]:
    """C11: vivid dreams in the first 4 weeks of 4.5 mg, then less than half of that.

    A weekly score of over 0.1, and below 0.5 of the highest in week 12.
    """
    return [
        Found(
            d.fade,
            f"score {d.worst[0]:.2g} in week {d.score[0].argmax() + 1}, {d.score[0, -1]:.2g} in "
            f"week {d.score.shape[1]}",
        )
        for d in dream_scores(settings, ("at once",))
    ]


def titration(settings: Sequence[Setting]) -> Iterable[Found]:
    """C12: 4.5 mg at once helps; over two or four weeks fewer dreams, and as good in the end.

    Helps in week 26: TNF down by 15 % of untreated, pain by 0.3 points. As good, over 2 and 4
    weeks: TNF at most 5 % of untreated higher, pain at most 0.3 points. Fewer dreams within 12
    weeks at each slower pace, and below 0.8 of those at once over 2 weeks.
    """
    measures = [week("tnf", HALF_YEAR), week("pain", HALF_YEAR), *DREAMED]
    out = attempt(settings, [RunSpec.of(p) for p in PACES.values()], HALF_YEAR, measures)
    tnf, pain = out.percent(0, "tnf"), out.change(1, "pain")
    good, scores = helped(tnf[:, 0], pain[:, 0]), out.values[:, :, 2:]
    for t, p, helps, score in zip(tnf, pain, good, scores, strict=True):
        d = Dreams(score)
        as_good = (t - t[0] < 5.0).all() and (p - p[0] < 0.3).all()
        falls, gains = (", ".join(f"{x:+.{n}f}" for x in v) for v, n in ((t, 0), (p, 2)))
        text = f"TNF {falls} %; pain {gains}; dreams {', '.join(f'{x:.2g}' for x in d.worst)}"
        yield Found(helps and as_good and d.gentler, f"at once, over 2, over 4 weeks: {text}")


def immunity(settings: Sequence[Setting]) -> Iterable[Found]:
    """C14: NK activity up by 5 % and autoimmune balance down by 10 on 4.5 mg, nothing suppressed.

    In week 26. Not suppressed: NK activity over 0.95 of a healthy person's, killing by NK cells at
    most 1 % below untreated. Disease activity is a third lower.
    """
    names = ("nk_activity", "nk_killing", "autoimmune_balance", "disease_activity")
    out = courses(settings, [RunSpec.of(standard())], names, (HALF_YEAR,))
    for k in range(len(settings)):
        nk, killing, balance, activity = (out.percent(n, HALF_YEAR)[k, 0] for n in names)
        level = out.at("nk_activity", HALF_YEAR)[k, 0]
        least = margin((nk, 5.0), (balance, -10.0), (activity, -100.0 / 3.0), within(-killing, 1.0))
        text = (
            f"NK activity {nk:+.1f} %, killing {killing:+.1f} %, autoimmune balance {balance:+.0f} "
            f"%, disease activity {activity:+.0f} %"
        )
        yield Found(least >= 1.0 and level > 0.95, text, value=least)


def density(settings: Sequence[Setting]) -> Iterable[Found]:
    """C17: mu or OGF receptor density rises by over 5 % at 4.5 mg."""
    measures = [week("mor_density", 12), week("ogfr_density", 12)]
    out = attempt(settings, [RunSpec.of(nightly(4.5))], 12, measures)
    rise = 100.0 * (out.values[:, 0] - 1.0)
    return [
        Found(r.max() > 5.0, f"mu receptors {r[0]:+.1f} %, OGF receptors {r[1]:+.1f} %",
              value=r.max())
        for r in rise
    ]  # fmt: skip


def exercise(settings: Sequence[Setting]) -> Iterable[Found]:
    """C18: exercise adds to the endorphin of the drug, helps by itself, and against helplessness.

    Exercise as the adjunct has it raises endorphin by 1 %, and both, with 4.5 mg, by 1 point more
    than either alone. In week 26 pain is 0.3 points below untreated by exercise alone, and with
    both at most 0.1 points above that on the drug alone, which is thus not hidden. Under full
    stress helplessness is 0.5 points of 10 lower with exercise than without.
    """
    rest = RunSpec.of(nightly(0.0))
    active = RunSpec.of(nightly(0.0), adjuncts=("exercise",))
    runs = [rest, active, RunSpec.of(standard()), RunSpec.of(standard(), adjuncts=("exercise",))]
    runs += [r.with_value("modifiers.stress", 1.0) for r in (rest, active)]
    out = courses(settings, runs, ("beta_endorphin", "pain", "helplessness"), (HALF_YEAR,))
    rise, pain = out.percent("beta_endorphin", HALF_YEAR), out.change("pain", HALF_YEAR)
    helpless = out.at("helplessness", HALF_YEAR)[:, 4:]
    for r, p, (without, moved) in zip(rise, pain, helpless, strict=True):
        text = (
            f"endorphin {r[1]:+.0f} % by exercise, {r[2]:+.0f} % by the drug, {r[3]:+.0f} % by "
            f"both; pain {p[1]:+.2f}, {p[2]:+.2f}, {p[3]:+.2f}; helplessness under stress "
            f"{without:.2f}, with exercise {moved:.2f}"
        )
        adds = (r[1], 1.0), (r[3] - r[1], 1.0), (r[3] - r[2], 1.0)
        least = margin(*adds, (p[1], LESS_PAIN), within(p[3] - p[2], 0.1), (without - moved, 0.5))
        yield Found(least >= 1.0, text, value=least)
