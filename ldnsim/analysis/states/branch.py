"""The steady rhythms of a patient over one parameter: what continuation found, in plain arrays."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.states.cycles import Ringing
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.edition import Extension
from ldnsim.model import Model

if TYPE_CHECKING:
    import xarray as xr


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
        inflamed: whether the autocrine TNF loop is switched on.
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


@dataclass(frozen=True)
class Branch:
    """Steady 24 h rhythms of one patient over a range of one parameter, stable and unstable.

    Attributes:
        parameter: what varies; ``"dose"`` for the nightly dose.
        unit: of it.
        own: the patient's own value.
        low: lower end of the range followed.
        high: upper end.
        dose: mg each night; 0 for the untreated patient.
        hypothesis: name of the hypothesis.
        phenotype: name of the phenotype.
        values: of the parameter along the curves, (n,).
        curve: number of the connected curve that a point belongs to, (n,).
        mean: 24 h means of all observables, (n, n_observables).
        radius: spectral radius of the monodromy matrix, (n,).
        stable: radius below 1, and no bifurcation itself, (n,).
        y0: state at midnight, (n, n_states).
        ends: why each curve ends, at both ends.
        bifurcations: folds and others, in order.
        cycles: limit cycles met.
        rests: rhythms at the patient's own value; empty when that lies outside the range.
        unknown: values at which neither a rhythm nor a cycle was found from a basin's start.
        model: whose rhythms they are.
        extensions: of that model, in order.
    """

    parameter: str
    unit: str
    own: float
    low: float
    high: float
    dose: float
    hypothesis: str
    phenotype: str
    values: Floats
    curve: Ints
    mean: Floats
    radius: Floats
    stable: Flags
    y0: Floats
    ends: tuple[tuple[str, str], ...]
    bifurcations: tuple[Bifurcation, ...]
    cycles: tuple[Cycle, ...]
    rests: tuple[Rest, ...]
    unknown: tuple[float, ...]
    model: Model = field(repr=False)
    extensions: tuple[Extension, ...] = ()

    @property
    def folds(self) -> tuple[Bifurcation, ...]:
        """Folds in order along the curves."""
        return tuple(b for b in self.bifurcations if b.kind == "fold")

    def of(self, observable: str) -> Floats:
        """Return the 24 h means of one observable along the curves, (n,)."""
        return self.mean[:, self.model.observable_index[observable]]

    def stretches(self) -> list[Ints]:
        """Return the stretches of unchanged stability as indices, bifurcations at their ends."""
        found = []
        for number in np.unique(self.curve):
            where = np.flatnonzero(self.curve == number)
            marks = [b.index for b in self.bifurcations if self.curve[b.index] == number]
            cuts = sorted({int(where[0]), *marks, int(where[-1])})
            found += [np.arange(a, b + 1) for a, b in itertools.pairwise(cuts)]
        return found

    def hysteresis(self) -> list[tuple[float, float]]:
        """Return the ranges of the parameter with two or more stable rhythms."""
        spans = [
            (float(self.values[s].min()), float(self.values[s].max()))
            for s in self.stretches()
            if self.stable[s[1:-1] if len(s) > 2 else s].all()
        ]
        edges = sorted({e for span in spans for e in span})
        both: list[tuple[float, float]] = []
        for a, b in itertools.pairwise(edges):
            if sum(low <= a and b <= high for low, high in spans) < 2:
                continue
            both = [*both[:-1], (both[-1][0], b)] if both and both[-1][1] == a else [*both, (a, b)]
        return both

    def to_dataset(self) -> xr.Dataset:
        """Return the branch as a labelled dataset: what pictures are drawn from."""
        from ldnsim.analysis.states.branch_data import to_dataset

        return to_dataset(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the branch as plain values, for JSON."""
        from ldnsim.analysis.states.branch_data import as_dict

        return as_dict(self)
