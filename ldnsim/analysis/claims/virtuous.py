"""Rules for claims about balance: the virtuous circle, the adaptogen, no dependence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ldnsim.analysis.judged.course import Course, courses, margin, said, within
from ldnsim.analysis.judged.doses import HALF_YEAR, YEAR, nightly, standard
from ldnsim.analysis.judged.gain import loop_gain
from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.analysis.judged.response import LESS_PAIN, helped
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec

ARROWS = {
    "autoimmune_balance": -1.0, "blood_cytokines": -1.0, "microglia_m1": -1.0,
    "neuronal_health": 1.0, "regulatory_cells": 1.0,
}  # fmt: skip
"""The circle, each with the direction in which it is said to turn."""
LEAST = 1.0
"""Per cent of untreated by which each has to move."""
CLOSES = 0.05
"""Share of a small signal that has to come round again for the arrows to be called a circle."""
FOLDS = (
    "tnf", "blood_cytokines", "effector_cells", "regulatory_cells", "nk_killing", "neuronal_health",
)  # fmt: skip
POINTS = ("pain", "fatigue", "mood", "sleep_quality", "brain_fog", "physical_function")
OFF_FOLD, OFF_POINTS = 10.0, 0.5
"""How far from a healthy person's counts as out of balance: per cent of folds, points of 10."""
THIRD = 1.0 / 3.0
AFTER = tuple(range(YEAR + 1, YEAR + HALF_YEAR + 1))
"""Weeks of the half year after a year of treatment."""
WORSE = {"pain": 1.0, "mood": -1.0, "sleep_quality": -1.0}
"""Points of 10; 1 for what is worse when higher."""
ROOM, ROOM_TNF = 0.3, 5.0
"""Points, and per cent of TNF, beyond untreated that count as none."""


def virtuous(settings: Sequence[Setting]) -> Iterable[Found]:
    """C31: every arrow of the circle turns the right way, and the circle amplifies, boundedly.

    In week 52 of a year of 4.5 mg autoimmune balance, cytokines of blood and inflamed microglia are
    down by 1 %, neuronal health and regulatory cells up by 1 %. The static gain of the untreated
    circle lies between 0.05 and 1, both ways: less is hardly a circle. Printed: what closing the
    circle adds to a small change, and the gain without the arm from neurons to regulatory cells.
    """
    out = courses(settings, [RunSpec.of(standard(YEAR))], tuple(ARROWS), (YEAR,))
    gain = loop_gain(settings, RunSpec.of())
    cut = loop_gain(settings, RunSpec.of(parameters={"health_on_regulation": 0.0}))
    for k in range(len(settings)):
        moved = {n: float(out.percent(n, YEAR)[k, 0]) for n in ARROWS}
        turns = all(sign * moved[n] >= LEAST for n, sign in ARROWS.items())
        bounded = bool(((gain[k] > CLOSES) & (gain[k] < 1.0)).all())
        g = float(gain[k].mean())
        arrows = ", ".join(f"{said(n)} {v:+.1f} %" for n, v in moved.items())
        adds = f"adds {100.0 * g / (1.0 - g):.2g} %"
        text = f"{arrows}; loop gain {g:.3g} ({adds}), {cut[k].mean():.3g} without that arm"
        yield Found(turns and bounded, text, value=g)


def adaptogen(settings: Sequence[Setting]) -> Iterable[Found]:
    """C32: 4.5 mg changes little in a healthy person, and moves a patient toward one.

    In week 26. Healthy: six folds (TNF, cytokines of blood, effector, regulatory and NK cells,
    neuronal health) within 10 % of untreated, six scales within 0.5 points of 10. Patient: of what
    is further than that from a healthy person's, everything moves toward it, by a third of the
    distance on average. Printed: the healthy person on 50 mg.
    """
    well, high = (RunSpec.of(nightly(d), phenotype="healthy") for d in (4.5, 50.0))
    out = courses(settings, [well, high, RunSpec.of(standard())], (*FOLDS, *POINTS), (HALF_YEAR,))
    for k in range(len(settings)):
        little, name = _largest(out, k, 0)
        much, worst = _largest(out, k, 1)
        gone = _gone(out, k)
        share, least = (float(gone.mean()), float(gone.min())) if len(gone) else (0.0, 0.0)
        text = (
            f"healthy person: most in {said(name)} ({little:.2f} of what is allowed; on 50 mg "
            f"{said(worst)}, {much:.2f}); patient: {len(gone)} are off, of their distance "
            f"{share:.0%} gone, {least:.0%} at least"
        )
        far = margin((share, THIRD), within(little, 1.0))
        yield Found(far >= 1.0 and least > 0.0, text, value=far)


def _allowed(out: Course, name: str, k: int, run: int) -> float:
    """Return how far from untreated a variable may be, in its unit."""
    rest = float(out.rest[name][k, run])
    return OFF_POINTS if name in POINTS else OFF_FOLD / 100.0 * abs(rest)


def _largest(out: Course, k: int, run: int) -> tuple[float, str]:
    """Return the largest change of a healthy person, over what is allowed, and of what it is."""
    moved = {
        n: abs(float(out.change(n, HALF_YEAR)[k, run])) / _allowed(out, n, k, run)
        for n in out.means
    }
    name = max(moved, key=lambda n: np.nan_to_num(moved[n], nan=np.inf))
    return moved[name], name


def _gone(out: Course, k: int) -> Floats:
    """Return the shares of their distance to a healthy person that a patient's outputs move."""
    shares = []
    for n in out.means:
        apart = float(out.rest[n][k, 0] - out.rest[n][k, 2])
        if not abs(apart) <= _allowed(out, n, k, 0):
            shares.append(float(out.change(n, HALF_YEAR)[k, 2]) / apart)
    return np.array(shares)


def independence(settings: Sequence[Setting]) -> Iterable[Found]:
    """C33: after a year nothing rebounds beyond untreated, and benefit goes if the cause persists.

    The default patient responds in week 52 of 4.5 mg (TNF 15 % and pain 0.3 points down). In none
    of the 26 weeks after is pain, mood or sleep worse than untreated by 0.3 points of 10, or TNF
    higher by 5 %. With a lasting driver pain is 0.3 points down in week 52, and no longer in week
    78.
    """
    runs = [RunSpec.of(standard(YEAR), phenotype=p) for p in ("default", "driver_persists")]
    out = courses(settings, runs, ("tnf", *WORSE), (YEAR, *AFTER))
    good = helped(out.percent("tnf", YEAR), out.change("pain", YEAR))[:, 0]
    tnf = np.stack([out.percent("tnf", w)[:, 0] for w in AFTER], axis=1).max(axis=1)
    worse = {
        n: np.stack([s * out.change(n, w)[:, 0] for w in AFTER], axis=1).max(axis=1)
        for n, s in WORSE.items()
    }
    driven = [out.change("pain", w)[:, 1] for w in (YEAR, AFTER[-1])]
    for k, (on, off) in enumerate(zip(*driven, strict=True)):
        most = {n: float(v[k]) for n, v in worse.items()}
        rebounds = [within(v, ROOM) for v in most.values()]
        lost = (on, LESS_PAIN), within(-off, -LESS_PAIN)
        least = margin(*rebounds, within(tnf[k], ROOM_TNF), *lost)
        text = (
            f"{'a response' if good[k] else 'no response'} after a year; worst of the half year "
            f"after: TNF {tnf[k]:+.1f} %, "
            + ", ".join(f"{n.split('_')[0]} {WORSE[n] * v:+.2f}" for n, v in most.items())
            + f" from untreated; with a lasting driver pain {on:+.2f}, then {off:+.2f}"
        )
        yield Found(bool(good[k] and least >= 1.0), text, value=least)
