"""The steady rhythms of a patient over one parameter: what continuation found, in plain arrays."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.states.branch_parts import SHOWN, Bifurcation, Cycle, Rest
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.edition import Extension
from ldnsim.model import Model

if TYPE_CHECKING:
    import xarray as xr


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
        refused: steps of each curve that led off it and were halved.
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
    refused: tuple[int, ...]
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
        """Return it as a labelled dataset, over ``point``, ``bifurcation`` and ``cycle``.

        Returns:
            24 h means of every observable, ``parameter``, ``curve``, ``stable`` and ``radius`` over
            ``point``; ``bifurcation_kind`` and ``bifurcation_point``; ``cycle_parameter``,
            ``cycle_period`` and the lows and highs of cycles.
        """
        import xarray as xr

        from ldnsim.results.columns import variable_attributes

        units = {"units": self.unit}
        ds = xr.Dataset(
            {
                "parameter": ("point", self.values, {**units, "long_name": self.parameter}),
                "curve": ("point", self.curve),
                "stable": ("point", self.stable),
                "radius": ("point", self.radius, {"long_name": "spectral radius of the monodromy"}),
                "bifurcation_kind": ("bifurcation", [b.kind for b in self.bifurcations]),
                "bifurcation_point": ("bifurcation", [b.index for b in self.bifurcations]),
                "cycle_parameter": ("cycle", [c.value for c in self.cycles], units),
                "cycle_period": ("cycle", [c.period for c in self.cycles], {"units": "d"}),
            },
            attrs={
                "title": _title(self),
                "hypothesis": self.hypothesis,
                "phenotype": self.phenotype,
                "parameter": self.parameter,
                "own": self.own,
                "dose": self.dose,
                "ends": json.dumps([list(ends) for ends in self.ends]),
                **_extended(self),
            },
        )
        for i, name in enumerate(self.model.observables):
            ds[name] = ("point", self.mean[:, i], variable_attributes(self.model, name))
        for name in SHOWN:
            ds[f"cycle_low_{name}"] = ("cycle", [c.low[name] for c in self.cycles])
            ds[f"cycle_high_{name}"] = ("cycle", [c.high[name] for c in self.cycles])
        return ds

    def as_dict(self) -> dict[str, Any]:
        """Return the branch as plain values, for JSON; NaN and infinities as None."""
        return {
            "parameter": self.parameter, "unit": self.unit, "own": self.own,
            "dose_mg": self.dose, "hypothesis": self.hypothesis, "phenotype": self.phenotype,
            "rests": [_rest(r) for r in self.rests],
            "bifurcations": [
                {"kind": b.kind, "value": b.value, "tnf": float(self.of("tnf")[b.index]),
                 "multiplier": [b.multiplier.real, b.multiplier.imag], "period_d": b.period}
                for b in self.bifurcations
            ],
            "hysteresis": [list(span) for span in self.hysteresis()],
            "cycles": [
                {"value": c.value, "period_d": c.period, "regular": c.regular, "low": c.low,
                 "high": c.high}
                for c in self.cycles
            ],
            "nothing_found_at": list(self.unknown),
            "curves": [
                {"ends": list(ends), "steps_refused": refused, **_points(self, number)}
                for number, (ends, refused) in enumerate(
                    zip(self.ends, self.refused, strict=True)
                )
            ],
        }  # fmt: skip


def _extended(branch: Branch) -> dict[str, str]:
    """What the extensions of the model are, as results say it; nothing for that of the package."""
    told = json.dumps([e.record() for e in branch.extensions])
    return {"extensions": told} if branch.extensions else {}


def _title(branch: Branch) -> str:
    who = branch.phenotype.replace("_", " ")
    if branch.parameter == "dose":
        return f"Steady states over the nightly dose: patient {who}"
    drug = f"on {branch.dose:g} mg nightly" if branch.dose else "untreated"
    return f"Steady states over {branch.parameter}: patient {who}, {drug}"


def _rest(rest: Rest) -> dict[str, Any]:
    ring = rest.ringing
    return {
        "basin": "inflamed" if rest.inflamed else "resolved",
        "stable": rest.stable,
        "spectral_radius": rest.radius,
        **{name: rest.of(name) for name in SHOWN},
        "ringing": None if ring is None else {"period_d": ring.period, "kept": ring.kept},
    }


def _points(branch: Branch, number: int) -> dict[str, list[Any]]:
    here = branch.curve == number
    columns = {"value": branch.values, "spectral_radius": branch.radius}
    columns |= {name: branch.of(name) for name in SHOWN}
    found: dict[str, list[Any]] = {
        k: [float(x) if math.isfinite(x) else None for x in v[here]] for k, v in columns.items()
    }
    found["stable"] = [bool(s) for s in branch.stable[here]]
    return found
