"""Behaviours of hormones and the clock: cortisol after a dose, and what its clock time changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ldnsim.analysis.behaviours.receptors import BIND, MORNING, once
from ldnsim.analysis.behaviours.record import TWO_WAYS, Behaviour
from ldnsim.analysis.judged.record import Found, Setting, attempt
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import WEEK, Measure

SEXES = {"either": 0.5, "man": 0.0, "woman": 1.0}
"""Values of the parameter ``female``."""
ACTING = tuple(h for h in BIND if h != "glial")
"""Hypotheses under which a block of central receptors has effects."""
SOON = 3.0
"""Hours after 50 mg within which saliva showed the rise [lovallo2012]."""
STEP = 0.25
CLOCKS = (22, 2, 6, 10, 14, 18)
"""Clock times of the same dose; bedtime first."""
BEDTIME, AT_TEN = CLOCKS.index(22), CLOCKS.index(10)
SILENT = {"coupling_cortisol": 0.0, "circadian_amplitude": 0.0}
"""Both clocks off: cortisol no longer brakes, beta-endorphin no longer follows the hour."""
WEEKS = 12


def half_way(course: Floats) -> Floats:
    """Return hours until a course first reaches half of its highest value, along the last axis."""
    return np.asarray(STEP * np.argmax(course >= 0.5 * course.max(-1, keepdims=True), axis=-1))


def answers(settings: Sequence[Setting]) -> Iterable[Found]:
    """Cortisol of a healthy volunteer after 50 mg, by sex, and after 4.5 mg."""
    runs = [
        RunSpec.of(once(dose), phenotype="healthy", parameters={"female": female})
        for dose in (50.0, 4.5)
        for female in SEXES.values()
    ]
    day = MORNING + np.arange(0.0, 24.0 + STEP, STEP)
    names = ("lost_tone", "cortisol", "expected_cortisol")
    at = attempt(settings, runs, 10.0 / 7.0, [], day, names).at
    for lost, cortisol, expected in at.transpose(0, 2, 1, 3):
        extra = cortisol - expected
        soon = extra[:, day <= MORNING + SOON].max(-1)
        low = extra[len(SEXES) :].max()
        swing = float(np.ptp(expected[0]))
        lag = float((half_way(extra) - half_way(lost))[0])
        after = f", {lag:.2g} h after the loss of tone" if soon[0] > 0.05 else ""
        text = (
            f"50 mg: cortisol {soon[0]:+.2f} of the daily mean within {SOON:g} h (man "
            f"{soon[1]:+.2f}, woman {soon[2]:+.2f}){after}; 4.5 mg: {low:+.2f} at most, daily "
            f"swing {swing:.2f}"
        )
        rises = soon[0] >= 0.25 and lag <= 1.0 and soon[2] > 1.25 * soon[1]
        shown = bool(rises and low < 0.25 * swing)
        yield Found(shown, text, "no study of low doses looked", soon[0])


def clock_time(settings: Sequence[Setting]) -> Iterable[Found]:
    """The same dose at six clock times: dreams, fall of TNF, and how much the clocks do to it."""
    runs = [
        RunSpec.of(f"4.5 mg daily at {hour:02d}:00, for {WEEKS} wk", parameters=kept)
        for kept in ({}, SILENT)
        for hour in CLOCKS
    ]
    measures = [Measure("tnf", "mean", h, h + WEEKS * WEEK) for h in CLOCKS]  # from each first dose
    measures.append(Measure("vivid_dreams", "max", 0.0, 4 * WEEK))
    out = attempt(settings, runs, WEEKS + 1 / 7, measures)
    every = np.stack([-out.percent(i, "tnf") for i in range(len(CLOCKS))], axis=-1)
    own = every.reshape(len(settings), 2, len(CLOCKS), -1)
    falls = np.diagonal(own, axis1=2, axis2=3)
    dreams = out.values[:, : len(CLOCKS), -1]
    for (fall, silent), dream in zip(falls, dreams, strict=True):
        best, worst = int(np.argmax(fall)), int(np.argmin(fall))
        text = (
            f"dreams {dream[BEDTIME]:.2f} at 22:00, {dream[AT_TEN]:.2f} at 10:00; TNF falls by "
            f"{fall[best]:.1f} % over {WEEKS} weeks at {CLOCKS[best]:02d}:00, {fall[worst]:.1f} at "
            f"{CLOCKS[worst]:02d}:00; spread {np.ptp(fall):.1f} points, {np.ptp(silent):.1f} "
            "without the rhythms of cortisol and beta-endorphin"
        )
        even = fall[best] > 2.0 and fall[worst] >= 0.9 * fall[best]
        shown = bool(even and dream[BEDTIME] > 2.0 * dream[AT_TEN])
        yield Found(shown, text, "no trial gave the drug at two clock times", np.ptp(fall))


BEHAVIOURS = (
    Behaviour(
        "E18", "cortisol rises within an hour of the loss of tone after 50 mg, more in women",
        "over a quarter of the daily mean within 3 h and 1 h of the loss, over a quarter more in "
        "women; 4.5 mg adds under a quarter of the daily swing",
        ACTING, answers, "naloxone_hpa1994 lovallo2012 naltrexone_smokers cortisol_profile",
    ),
    Behaviour(
        "E22", "clock time of the dose: dreams follow it, benefit does not",
        "highest dream score at 22:00 twice that at 10:00; fall of TNF at every one of six clock "
        "times at least nine tenths of the best, which is over 2 %",
        TWO_WAYS, clock_time,
    ),
)  # fmt: skip
