"""What a branch of rhythms is made of: where it bifurcates, cycles met, and rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.states.cycles import Ringing


@dataclass(frozen=True)
class Bifurcation:
    """Where the number or the stability of rhythms changes.

    Attributes:
        kind: fold, Neimark-Sacker (a slow oscillation is born) or flip.
        value: of the parameter.
        index: its place in the arrays of the branch.
        multiplier: the one on the unit circle.
    """

    kind: str
    value: float
    index: int
    multiplier: complex

    @property
    def period(self) -> float | None:
        """Period of the oscillation born there, d; None for a fold."""
        angle = abs(float(np.angle(self.multiplier)))
        return None if self.kind == "fold" else 2.0 * np.pi / angle


@dataclass(frozen=True)
class Cycle:
    """A limit cycle found by simulation at one value of the parameter.

    Attributes:
        value: of the parameter.
        period: d.
        regular: whether every turn takes the same time.
        low: smallest daily mean of each of :data:`SHOWN`.
        high: largest.
    """

    value: float
    period: float
    regular: bool
    low: dict[str, float]
    high: dict[str, float]

    def __str__(self) -> str:
        """Return it in words: ``limit cycle of 13 d, TNF between 4 and 11 fold of healthy``."""
        what = "limit cycle of" if self.regular else "irregular oscillation of about"
        low, high = self.low["tnf"], self.high["tnf"]
        return f"{what} {self.period:.3g} d, TNF between {low:.3g} and {high:.3g} fold of healthy"


SHOWN = ("tnf", "microglia_m1", "pain", "fatigue")
"""What is reported of a rhythm or an oscillation."""


@dataclass(frozen=True)
class Rest:
    """A steady rhythm at the patient's own value of the parameter.

    Attributes:
        inflamed: whether inflamed cells are above the share that keeps them primed.
        stable: whether small disturbances die out.
        radius: largest modulus of a multiplier; its distance below 1 is the share lost in a day.
        mean: 24 h means by observable.
        ringing: the least damped oscillation around it.
    """

    inflamed: bool
    stable: bool
    radius: float
    mean: dict[str, float]
    ringing: Ringing | None

    def of(self, observable: str) -> float:
        """Return the 24 h mean of one observable."""
        return self.mean[observable]
