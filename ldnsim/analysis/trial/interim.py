"""Trials that are looked at before the end: arms are dropped, or all of it stops in vain."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ldnsim.analysis.trial.analyse import side_by_side
from ldnsim.analysis.trial.drawn import Drawn
from ldnsim.analysis.trial.estimate import (
    Estimate,
    bonferroni,
    conditional_power,
    futile,
    keep_best,
    signed_z,
)
from ldnsim.analysis.trial.laid import Laid
from ldnsim.analysis.trial.outcome import RESPONDER
from ldnsim.arrays import Flags, Floats
from ldnsim.config.designs import Adaptive


@dataclass(frozen=True)
class Stages:
    """What trials with an interim found.

    Attributes:
        found: at the end, (trials, comparisons); of a dropped arm nothing was tested.
        kept: whether an arm went on, likewise.
        recruited: patients in all, (trials,).
    """

    found: Estimate
    kept: Flags
    recruited: Floats


def stages(design: Adaptive, laid: Laid, drawn: Drawn, estimand: str) -> Stages:
    """Look at the interim, drop arms, and analyse who is left with all their patients.

    P values are multiplied by the number of arms that began, which holds the familywise error at
    alpha whatever the rule of dropping, since an arm that goes on has the patients it would have
    had anyway. A trial that stops rejects nothing.
    """
    n, arms = len(drawn.group), len(laid.groups) - 1
    looked = min(n - 1, math.ceil(design.interim * n))
    early = np.arange(n) < looked
    first = side_by_side(laid, _only(drawn, early[None, :]), estimand)
    z = signed_z(first, 1 if estimand == RESPONDER else -1)
    kept = keep_best(z, min(design.keep or arms, arms))
    if design.futility > 0.0:
        power = conditional_power(z, looked / n, design.alpha / arms)
        kept = kept & ~futile(power, design.futility)
    alive = np.concatenate([kept.any(axis=1, keepdims=True), kept], axis=1)
    there = early[None, :] | alive[:, drawn.group]
    last = bonferroni(side_by_side(laid, _only(drawn, there), estimand), arms)
    tested = last.tested & kept
    p = np.where(tested, last.p, np.nan)
    return Stages(replace(last, tested=tested, p=p), kept, there.sum(axis=1).astype(np.float64))


def _only(drawn: Drawn, there: Flags) -> Drawn:
    """Blank patients who were not recruited."""
    start = np.where(there, drawn.start, np.nan)
    return replace(drawn, start=start, told=np.where(there[..., None], drawn.told, np.nan))
