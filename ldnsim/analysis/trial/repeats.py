"""One case of one design, repeated: what many trials of each size find, in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtri

from ldnsim.analysis.trial.analyse import analyse
from ldnsim.analysis.trial.arms_told import Told
from ldnsim.analysis.trial.cell import Cell
from ldnsim.analysis.trial.drawn import Drawn, Streams, balanced, block, draw, report
from ldnsim.analysis.trial.estimate import Estimate
from ldnsim.analysis.trial.interim import stages
from ldnsim.analysis.trial.laid import TREND, Laid
from ldnsim.analysis.trial.outcome import RESPONDER
from ldnsim.analysis.trial.selected import draw_selected, share_randomised
from ldnsim.analysis.trial.truth import Effect
from ldnsim.arrays import Flags, Floats
from ldnsim.config.designs import Adaptive, Withdrawal

NUMBERS = (
    "power", "power_pool_error", "worse", "untested", "estimate", "estimate_sd", "se", "coverage",
)  # fmt: skip
"""Of each comparison."""


@dataclass
class Batch:
    """What trials of one size found, block by block.

    Attributes:
        found: by estimand, blocks of (trials, comparisons).
        recruited: patients in each trial by estimand, where an interim decides.
        screened: patients of each trial who began the run-in.
        told: what groups went through.
    """

    told: Told
    found: dict[str, list[Estimate]] = field(default_factory=dict)
    recruited: dict[str, list[Floats]] = field(default_factory=dict)
    screened: list[Floats] = field(default_factory=list)

    def whole(self, estimand: str) -> Estimate:
        """Return all trials of an estimand."""
        parts = self.found[estimand]
        names = ("estimate", "se", "low", "high", "p", "df", "tested")
        return Estimate(*(np.concatenate([getattr(e, n) for e in parts]) for n in names))


def repeat(laid: Laid, cell: Cell, n: int, seed: int, *, null: bool = False) -> Batch:
    """Repeat a trial of n patients.

    Args:
        laid: the design with its groups.
        cell: the pool.
        n: patients randomised.
        seed: of the draws.
        null: whether all groups are treated alike, so that what is found is found by chance.
    """
    arms = laid.null_arms if null else laid.arms
    batch = Batch(Told(len(laid.groups), laid.weeks))
    place = np.array([cell.arms[a] for a in arms])[balanced(n, len(arms))]
    for drawn, screened in _drawn(laid, cell, n, seed, null):
        if screened is not None:
            batch.screened.append(screened)
        batch.told.add(laid, cell, drawn, place)
        for estimand in laid.design.estimands:
            found = batch.found.setdefault(estimand, [])
            if isinstance(laid.design, Adaptive):
                both = stages(laid.design, laid, drawn, estimand)
                found.append(both.found)
                batch.recruited.setdefault(estimand, []).append(both.recruited)
            else:
                found.append(analyse(laid, drawn, estimand))
    return batch


def _drawn(
    laid: Laid, cell: Cell, n: int, seed: int, null: bool
) -> Iterator[tuple[Drawn, Floats | None]]:
    """Yield blocks of trials, with how many were screened where that is asked."""
    arms = laid.null_arms if null else laid.arms
    streams = Streams(seed, f"trials of {n}{' without effect' if null else ''}")
    selected = isinstance(laid.design, Withdrawal)
    share = share_randomised(laid, cell, seed) if selected else 1.0
    group = balanced(n, len(arms))
    place = np.array([cell.arms[a] for a in arms])[group]
    step, left = block(int(n / share) + 1, laid.weeks), laid.design.trials
    while left:
        now = min(step, left)
        left -= now
        if selected:
            yield draw_selected(laid, cell, arms, n, now, streams, share)
        else:
            persons = draw(cell, n, now, laid.weeks, streams)
            yield report(cell, persons, place, group, laid.design.lost), None


def summed_up(laid: Laid, found: Estimate, estimand: str, truth: Effect) -> dict[str, Floats]:
    """Return the :data:`NUMBERS` of an estimand, each (comparisons,).

    ``power`` is the share of trials with P below alpha, ``worse`` of those in which the drug did
    worse besides, ``untested`` of those without P, ``power_pool_error`` what the error of the pool
    does to the power. ``estimate`` and ``se`` are means, ``estimate_sd`` the deviation between
    trials, ``coverage`` the share of intervals that hold the effect over the pool.
    """
    better = 1.0 if estimand == RESPONDER else -1.0
    rejected = found.rejected(laid.design.alpha)
    wrong = rejected & (better * found.estimate < 0.0)
    inside = (found.low <= truth.value) & (truth.value <= found.high)
    there = np.isfinite(found.estimate)
    told: dict[str, Any] = {
        "power": rejected.mean(axis=0),
        "power_pool_error": _moved(found, truth.error, laid.design.alpha),
        "worse": wrong.mean(axis=0),
        "untested": 1.0 - found.tested.mean(axis=0),
        "estimate": _mean_of(found.estimate, there),
        "coverage": _share_of(inside & found.tested, found.tested),
        "se": _mean_of(found.se, found.tested),
    }
    about = np.where(there, found.estimate - told["estimate"], 0.0)
    told["estimate_sd"] = np.sqrt(_mean_of(about**2, there))
    return {name: np.asarray(told[name], dtype=np.float64) for name in NUMBERS}


def any_of(laid: Laid, found: Estimate) -> float:
    """Return the share of trials that find any comparison with the control; a trend is none."""
    names = laid.comparisons
    kept = [k for k, n in enumerate(names) if n != TREND]
    return float(found.rejected(laid.design.alpha)[:, kept].any(axis=1).mean())


def _moved(found: Estimate, error: Floats, alpha: float) -> Floats:
    """Return half the difference of power when every estimate is moved by an error either way."""
    with np.errstate(invalid="ignore", divide="ignore"):
        z = -np.sign(found.estimate) * ndtri(np.clip(found.p, 1e-300, 1.0) / 2.0)
        step = error / found.se
    edge = -float(ndtri(alpha / 2.0))
    ways = [np.abs(np.where(found.tested, z + s * step, 0.0)) > edge for s in (1.0, -1.0)]
    return np.asarray(np.abs(ways[0].mean(axis=0) - ways[1].mean(axis=0)) / 2.0)


def _share_of(flags: Flags, among: Flags) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(flags.sum(axis=0) / among.sum(axis=0))


def _mean_of(values: Floats, among: Flags) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(among, values, 0.0).sum(axis=0) / among.sum(axis=0))
