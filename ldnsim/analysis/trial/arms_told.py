"""What the groups of drawn trials went through: pain, stopping, responders, adverse effects."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ldnsim.analysis.trial.cell import REASONS, Cell
from ldnsim.analysis.trial.drawn import Drawn
from ldnsim.analysis.trial.laid import Laid
from ldnsim.analysis.trial.outcome import HYPOTHETICAL, at_end
from ldnsim.arrays import Floats, Ints

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

    def __post_init__(self) -> None:
        """Begin with nobody."""
        by_week = (self.groups, self.weeks + 1)
        self.patients = np.zeros(self.groups)
        self.pain, self.square, self.staying = (np.zeros(by_week) for _ in range(3))
        self.shares = {name: np.zeros(self.groups) for name in SHARES}

    def add(self, laid: Laid, cell: Cell, drawn: Drawn, place: Ints) -> None:
        """Count a block of trials.

        Args:
            laid: the design with its groups.
            cell: the pool.
            drawn: the trials.
            place: of each patient's arm in the pool, (n,).
        """
        flags = _flags(laid, cell, drawn, place)
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

    def table(self) -> dict[str, Floats]:
        """Return means: pain with its deviation and share staying by week, and all shares."""
        n = self.patients[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.pain / n
            sd = np.sqrt(np.maximum(self.square / n - mean**2, 0.0))
            shares = {name: v / self.patients for name, v in self.shares.items()}
            return {"reported_pain": mean, "pain_sd": sd, "staying": self.staying / n, **shares}


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
