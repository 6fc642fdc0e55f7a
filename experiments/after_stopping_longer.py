"""Responses that last without a resolved state to rest in: do they last if one waits longer?"""

from __future__ import annotations

import numpy as np
from common import Floats, change, responds

from ldnsim.config.run import RunSpec
from ldnsim.runs.few import run_specs, week

TIMES = 4
"""How many times as long the follow-up is made."""


def still_there(
    driver: Floats, dose: Floats, weeks: int, hypothesis: str, threads: int | None = None
) -> int:
    """Follow treated patients ``TIMES`` as long after stopping; return how many still respond.

    Args:
        driver: outside driver of each patient, shape (patients,).
        dose: nightly dose of each, mg.
        weeks: of treatment; the follow-up is ``TIMES`` as long.
        hypothesis: name of the hypothesis.
        threads: threads of the engine.
    """
    after = TIMES * weeks
    cases = [
        RunSpec.of(
            f"{d:g} mg nightly at 22:00, for {weeks} wk, then stop for {after} wk",
            hypothesis,
            basin="inflamed",
            parameters={"driver": float(x)},
        )
        for x, d in zip(driver, dose, strict=True)
    ]
    last = [week(n, weeks + after) for n in ("tnf", "pain")]
    got = run_specs(cases, weeks + after, last, threads=threads)
    return int(np.sum(responds(change(got, 0, "tnf"), change(got, 1, "pain"))))


def longer_sentence(
    driver: Floats, dose: Floats, weeks: int, hypothesis: str, threads: int | None = None
) -> str:
    """Say what becomes of the exceptions when they are followed longer; empty without any."""
    if not len(driver):
        return ""
    left = still_there(driver, dose, weeks, hypothesis, threads)
    where = " to ".join(dict.fromkeys(f"{x:.3g}" for x in (min(driver), max(driver))))
    verdict = (
        "they were on their slow way back, and the time without treatment was too short to see it"
        if left == 0
        else "so the rule is not only blurred by slowness"
    )
    return (
        f"The responses that last without a resolved state lie at a driver of {where}. Followed "
        f"{TIMES} times as long, {left} of {len(driver)} still last: {verdict}."
    )
