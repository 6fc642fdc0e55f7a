"""Gain of the circle from brain to blood and back: how much of a change comes round again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ldnsim.analysis.judged.record import Setting, attempt
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec

ARROW, SIGNAL = "blood_to_brain", "blood_signal"
"""The arrow by which the circle is opened, and what passes through it."""
STEP = 0.1
"""Share by which the arrow is made weaker, then stronger."""
DAY = 1.0 / 7.0


def loop_gain(settings: Sequence[Setting], run: RunSpec) -> Floats:
    """Return the static gain of the circle about an untreated resting state, both ways.

    The brain is driven by ``s = b (y - 1)``, with ``b`` the strength of the arrow and ``y`` the
    cytokines of blood, which depend on ``s`` by all that the brain does to the body. So

        ds / dln b = s + b y'(s) ds / dln b,  and  dln s / dln b = 1 / (1 - g),  g = b y'(s)

    where ``g`` is what a small signal brings back of itself once round: the circle cut open would
    return the share ``g``, closed it amplifies by ``1 / (1 - g)``. Resting states with the arrow a
    tenth weaker and a tenth stronger give it without a cut, which would move the patient.

    Args:
        settings: under which it is asked.
        run: says who the patient is; nothing is taken.

    Returns:
        shape (settings, 2), by a weaker and by a stronger arrow; NaN where a state is missing.
    """
    strengths = (1.0 - STEP, 1.0, 1.0 + STEP)
    every = [
        replace(s, factors={**s.factors, ARROW: f * s.factors.get(ARROW, 1.0)})
        for s in settings
        for f in strengths
    ]
    rest = attempt(every, [run], DAY, []).rest(SIGNAL).reshape(len(settings), len(strengths))
    with np.errstate(invalid="ignore", divide="ignore"):
        answer = np.log(rest[:, [0, 2]] / rest[:, [1]]) / np.log([strengths[0], strengths[2]])
    return np.asarray(1.0 - 1.0 / answer, dtype=np.float64)
