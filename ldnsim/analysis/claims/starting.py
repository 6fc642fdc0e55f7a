"""Rules for claims about how to start: what is calmed first, and which dose comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ldnsim.analysis.judged.course import margin, within
from ldnsim.analysis.judged.doses import HALF_YEAR, YEAR
from ldnsim.analysis.judged.record import Found, Setting, attempt
from ldnsim.analysis.judged.response import FLARE, LESS_PAIN
from ldnsim.analysis.trial.cohort import people
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition
from ldnsim.runs.few import WEEK, Measure, run_specs, week

CALM_WEEKS = 8
STABILISER, STEROID = "ketotifen", 1.0
"""What calms: a mast-cell stabiliser, and a steroid of one daily mean of cortisol."""
DRUG = f"1.5 mg nightly at 22:00, +1.5 mg every 7 d to 4.5 mg, for {HALF_YEAR} wk"
GENTLER, THERE = 0.9, 0.1
"""Worst burden over that of another order, for better tolerated, and what counts as a burden."""
CAPACITIES = tuple(range(1, 11))
STARTS = (0.1, 0.5, 1.0, 2.0, 4.5)
"""Nightly start doses that are tried, mg."""
TRIED = 8
"""Weeks of a start dose in which a flare is looked for."""
WEEKLY = [week("pain", w + 1) for w in range(TRIED)]
LITTLE, MUCH = 0.5, 1.5
"""Start doses, mg, claimed for the two lowest and the two highest capacities."""
SIZE, SEED = 4, 1
DRAWN = (1, 5, 10)
"""Capacities at which drawn patients are asked too."""


def calm_first(settings: Sequence[Setting]) -> Iterable[Found]:
    """C27: calm first, then the drug: less pain and less burden than in the other order.

    8 weeks of a mast-cell stabiliser and a steroid of 1 daily mean of cortisol, and 26 weeks of 4.5
    mg: one after the other in either order, or both from the first day. In week 52 pain is 0.3
    points lower than after the drug first, and not 0.3 points higher than after both at once; the
    worst adverse burden is below 0.9 of either, which are over 0.1.
    """
    measures = [Measure("adverse_burden", "max", 0.0, YEAR * WEEK), week("pain", YEAR)]
    runs = list(_orders(settings[0].edition)) if settings else []
    out = attempt(settings, runs, YEAR, measures)
    for (calm, drug, both), rest in zip(out.values, out.rest("pain")[:, 0], strict=True):
        burden, pain = (np.array([x[k] for x in (calm, drug, both)]) for k in (0, 1))
        text = ", ".join(
            f"{name} burden {b:.2f}, pain {p - rest:+.2f}"
            for name, b, p in zip(("calm first", "drug first", "both at once"), burden, pain,
                                  strict=True)
        )  # fmt: skip
        works = (pain[0] - pain[1], LESS_PAIN), within(pain[0] - pain[2], -LESS_PAIN)
        others = float(burden[1:].min())
        borne = (others, THERE), (GENTLER * others, max(burden[0], THERE))
        least = margin(*works, *borne)
        yield Found(least >= 1.0, text, value=least)


def _orders(edition: Edition) -> Iterator[RunSpec]:
    """Calm first, drug first, both at once: the same weeks of each."""
    effects = edition.adjuncts[STABILISER].effects
    factor = next((e.amount for e in effects if e.target == "factor_mast"), 1.0)
    for begins, dosing in (
        (0, f"placebo for {CALM_WEEKS} wk, then {DRUG}"), (HALF_YEAR, DRUG), (0, DRUG),
    ):  # fmt: skip
        start, stop = begins * WEEK, (begins + CALM_WEEKS) * WEEK
        calming = [(start, "factor_mast", factor), (start, "steroid", STEROID)]
        yield RunSpec.of(
            f"{dosing}, then stop for {YEAR} wk",
            changes=[*calming, (stop, "factor_mast", 1.0), (stop, "steroid", 0.0)],
            edition=edition,
        )


def first_dose(settings: Sequence[Setting]) -> Iterable[Found]:
    """C34: the largest start dose without a flare rises with functional capacity.

    Nightly for 8 weeks; without a flare: in no week pain 0.5 points above untreated. At capacities
    1 and 2 of 10 it is 0.5 mg or less, at 9 and 10 it is 1.5 mg or more, and nowhere does it fall
    by over 5 % from one capacity to the next. Of doses from 0.1 to 4.5 mg, by straight lines.
    Printed: the range of 4 drawn patients at three capacities.
    """
    runs = [_start(c, d) for c in CAPACITIES for d in STARTS]
    out = attempt(settings, runs, TRIED, WEEKLY)
    flare = out.values.max(axis=-1) - out.rest("pain")
    for flares, told in zip(flare, _ranges(settings), strict=True):
        best = np.array([largest(f) for f in flares.reshape(len(CAPACITIES), len(STARTS))])
        low, high = best[:2].max(), best[-2:].min()
        rises = bool((best[1:] >= 0.95 * best[:-1]).all())
        table = ", ".join(
            f"{c}: {_mg(b)}{told.get(c, '')}" for c, b in zip(CAPACITIES, best, strict=True)
        )
        note = f"in brackets {SIZE} drawn patients" if told else ""
        least = margin((LITTLE / low, 1.0), (high, MUCH))
        text = f"largest start dose, mg, by capacity: {table}"
        yield Found(rises and least >= 1.0, text, note, value=least)


def _start(capacity: int, dose: float) -> RunSpec:
    run = RunSpec.of(f"{dose:g} mg nightly at 22:00, for {TRIED} wk")
    return run.with_value("patient.functional_capacity", float(capacity))


def largest(flares: Floats) -> float:
    """Return the largest of :data:`STARTS` without a flare, by straight lines from 0 mg.

    Args:
        flares: worst weekly pain above untreated at each, points; 0 at 0 mg.

    Returns:
        mg; infinite where none flares, NaN where one is not known.
    """
    if np.isnan(flares).any():
        return float("nan")
    worst, doses = np.append(0.0, np.maximum(flares, 0.0)), np.append(0.0, STARTS)
    over = np.flatnonzero(worst >= FLARE)
    if not len(over):
        return float("inf")
    k = int(over[0])
    share = (FLARE - worst[k - 1]) / (worst[k] - worst[k - 1])
    return float(doses[k - 1] + share * (doses[k] - doses[k - 1]))


def _mg(dose: float) -> str:
    return f"over {STARTS[-1]:g}" if np.isinf(dose) else f"{dose:.2g}"


def _ranges(settings: Sequence[Setting]) -> list[dict[int, str]]:
    """Return, for hypotheses as they are, the doses of drawn patients at some capacities, as texts.

    They are drawn around the default patient; settings with numbers of their own have none.
    """
    plain = [s for s in settings if s.plain]
    if not plain:
        return [{} for _ in settings]
    who = people("default", SIZE, SEED, plain[0].edition)
    specs = [
        replace(s.put(_start(c, d)), patient=k)
        for s in plain
        for c in DRAWN
        for k in range(SIZE)
        for d in STARTS
    ]
    found = run_specs(specs, TRIED, WEEKLY, people=who)
    shape = (len(plain), len(DRAWN), SIZE, len(STARTS))
    flare = iter((found.values.max(axis=1) - found.baseline("pain")).reshape(shape))
    return [_told(next(flare)) if s.plain else {} for s in settings]


def _told(flare: Floats) -> dict[int, str]:
    """Return the lowest and the highest dose at each capacity, of shape (capacities, ...)."""
    told = {}
    for capacity, each in zip(DRAWN, flare, strict=True):
        doses = sorted(d for d in map(largest, each) if not np.isnan(d))
        low, high = (_mg(doses[0]), _mg(doses[-1])) if doses else ("", "")
        told[capacity] = f" ({low if low == high else f'{low} to {high}'})" if doses else ""
    return told
