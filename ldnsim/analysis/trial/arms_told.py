"""What the groups of drawn trials went through: pain, stopping, responders, adverse effects."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtri

from ldnsim.analysis.trial.cell import REASONS, Cell
from ldnsim.analysis.trial.drawn import Drawn
from ldnsim.analysis.trial.laid import Laid
from ldnsim.analysis.trial.outcome import HYPOTHETICAL, at_end
from ldnsim.arrays import Floats, Ints
from ldnsim.weighing import wilson

BURDENED = 1.0
"""Weekly mean of the adverse burden, and rise of vivid dreams in points, that is counted as having
them (assumed)."""
FALLS = {"responders30": 0.3, "responders50": 0.5}
SHARES = {
    **{n: f"share whose reported pain falls by {100 * f:.0f} %" for n, f in FALLS.items()},
    "responders30_stayed": "share whose reported pain falls by 30 %, who stopped counted as not",
    "burdened": f"share with a week of adverse burden above {BURDENED:g}",
    "dreaming": f"share with a week of vivid dreams above {BURDENED:g}",
    **{
        f"stopped_{name}": f"share who stopped: {words}"
        for name, words in zip(("adverse", "futility", "lost", "rule"), REASONS[1:], strict=True)
    },
}
MEANS = {
    "worst_dreams": "worst weekly mean of vivid dreams",
    "worst_burden": "worst weekly mean of adverse burden",
}
"""Means over patients that are told with an interval."""
INTERVAL = 0.95
ENDS = {"_low": "lower", "_high": "upper"}
BOUNDS = {
    f"{name}{end}": f"{side} end of its 95 % interval over the pool: {words}"
    for name, words in (SHARES | MEANS).items() for end, side in ENDS.items()
}  # fmt: skip
"""Ends of intervals that come from how few patients the pool has, not from the trials drawn of it:
Wilson's of shares, normal ones of means."""


@dataclass
class Told:
    """Sums over the patients of many trials, by group; filled block by block.

    Attributes:
        groups: how many.
        weeks: how long.
    """

    groups: int
    weeks: int
    patients: Floats = field(init=False)
    pain: Floats = field(init=False)
    square: Floats = field(init=False)
    staying: Floats = field(init=False)
    shares: dict[str, Floats] = field(init=False)
    means: dict[str, Floats] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nobody."""
        by_week = (self.groups, self.weeks + 1)
        self.patients = np.zeros(self.groups)
        self.pain, self.square, self.staying = (np.zeros(by_week) for _ in range(3))
        self.shares = {name: np.zeros(self.groups) for name in SHARES}
        self.means = {name: np.zeros((2, self.groups)) for name in MEANS}

    def add(self, laid: Laid, cell: Cell, drawn: Drawn, place: Ints) -> None:
        """Count a block of trials.

        Args:
            laid: the design with its groups.
            cell: the pool.
            drawn: the trials.
            place: of each patient's arm in the pool, (n,).
        """
        flags, worst = _flags(laid, cell, drawn, place), _worst(laid, cell, drawn, place)
        there = np.isfinite(drawn.start)
        told = np.concatenate([drawn.start[..., None], drawn.told], axis=-1)
        week = np.arange(self.weeks + 1)
        for k in range(self.groups):
            own = there & (drawn.group == k)
            self.patients[k] += own.sum()
            values = told[own]
            self.pain[k] += values.sum(axis=0)
            self.square[k] += (values**2).sum(axis=0)
            self.staying[k] += (drawn.stop[own][:, None] >= week).sum(axis=0)
            for name, flag in flags.items():
                self.shares[name][k] += flag[own].sum()
            for name, values in worst.items():
                self.means[name][:, k] += values[own].sum(), (values[own] ** 2).sum()

    def table(self, effective: float) -> dict[str, Floats]:
        """Return means: pain with its deviation and share staying by week, all shares and means.

        Args:
            effective: patients of the pool, which intervals rest on.
        """
        n = self.patients[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.pain / n
            sd = np.sqrt(np.maximum(self.square / n - mean**2, 0.0))
            shares = {name: v / self.patients for name, v in self.shares.items()}
            ends = {name: _wilson(v, effective) for name, v in shares.items()}
            for name, (total, square) in self.means.items():
                shares[name] = total / self.patients
                spread = np.sqrt(np.maximum(square / self.patients - shares[name] ** 2, 0.0))
                half = ndtri(0.5 + INTERVAL / 2) * spread / np.sqrt(effective)
                ends[name] = shares[name] - half, shares[name] + half
            bounds = {
                f"{name}{end}": v for name, pair in ends.items()
                for end, v in zip(ENDS, pair, strict=True)
            }  # fmt: skip
            return {
                "reported_pain": mean, "pain_sd": sd, "staying": self.staying / n, **shares,
                **bounds,
            }  # fmt: skip


def _wilson(share: Floats, n: float) -> tuple[Floats, Floats]:
    """Return Wilson's interval of shares, NaN where there is none."""
    found = [wilson(float(s), n, INTERVAL) if np.isfinite(s) else (np.nan,) * 2 for s in share]
    low, high = zip(*found, strict=True)
    return np.array(low), np.array(high)


def _worst(laid: Laid, cell: Cell, drawn: Drawn, place: Ints) -> dict[str, Floats]:
    """Return the worst weeks of each patient, each (trials, n); NaN where the pool keeps none."""
    found = {}
    for name, values in (("worst_dreams", cell.dreams), ("worst_burden", cell.burden)):
        none = np.full(drawn.start.shape, np.nan)
        worst = None if values is None else values[:, :, : laid.weeks].max(axis=-1)
        found[name] = none if worst is None else np.asarray(worst[place, drawn.who])
    return found


def _flags(laid: Laid, cell: Cell, drawn: Drawn, place: Ints) -> dict[str, Floats]:
    weeks = laid.weeks
    end = at_end(drawn, 0, weeks, min(laid.design.average, weeks), HYPOTHETICAL)
    found = {name: end <= (1.0 - fall) * drawn.start for name, fall in FALLS.items()}
    found["responders30_stayed"] = found["responders30"] & (drawn.stop >= weeks)
    for code, name in enumerate(("adverse", "futility", "lost", "rule"), start=1):
        found[f"stopped_{name}"] = drawn.reason == code
    for name, values in (("burdened", cell.burden), ("dreaming", cell.dreams)):
        if values is None:
            found[name] = np.zeros(drawn.start.shape, dtype=bool)
        else:
            worst = values[:, :, :weeks].max(axis=-1)
            found[name] = worst[place, drawn.who] > BURDENED
    return {name: np.asarray(flag, dtype=np.float64) for name, flag in found.items()}
