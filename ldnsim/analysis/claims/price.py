"""What a set of numbers costs: how far it lies from evidence, in prior SD.

A claim that comes out of numbers nobody measured is a story; the price says how far those numbers
were moved for it. It is the root of a sum of squares, so that many small moves and one large one
can be compared; docs/claims.md has the definition and what it leaves out.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ldnsim.catalog.story import SCALES, Freed
from ldnsim.edition import Edition
from ldnsim.influence import SWITCH, switched_off
from ldnsim.mechanisms.record import ASSUMED, Parameter

PRIOR, PUBLISHED, MODEL, EVIDENCE = "prior", "published", "model", "evidence"
"""What a number is measured from: the centre of its prior, the nearest published number, the
model's own, or nothing, since it is evidence itself."""
TOLD = 3
"""Departures that a text names."""


@dataclass(frozen=True)
class Departure:
    """One number and how far it lies from where evidence, or a prior, has it.

    Attributes:
        parameter: its name.
        value: what the set has.
        centre: from where it is measured.
        sd: how far, in SD: of the prior, else of the recorded spread; signed.
        measured_from: ``prior``, ``published``, ``model`` or ``evidence``.
    """

    parameter: str
    value: float
    centre: float
    sd: float
    measured_from: str


@dataclass(frozen=True)
class Price:
    """What the numbers of a hypothesis cost.

    Attributes:
        departures: largest first; numbers that can reach no outcome under it are not among them.
        structural: what it sets that has no distance: switches, and weights of 0 or 1.
    """

    departures: tuple[Departure, ...]
    structural: tuple[str, ...]

    @property
    def sd(self) -> float:
        """The price: the root of the sum of squared departures, in prior SD."""
        return math.sqrt(sum(d.sd**2 for d in self.departures))

    def __str__(self) -> str:
        """Return the price with what makes most of it, and what is not priced."""
        most = [f"{d.parameter} {d.sd:+.1f}" for d in self.departures[:TOLD]]
        rest = len(self.departures) - len(most)
        parts = [*most, f"{rest} more"] if rest > 0 else most
        set_too = f"; not priced: {', '.join(self.structural)}" if self.structural else ""
        return f"{self.sd:.1f} SD: {', '.join(parts) or 'nothing departs'}{set_too}"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {"sd": self.sd, **asdict(self)}


def price_of(edition: Edition, hypothesis: str, moved: Mapping[str, float] | None = None) -> Price:
    """Return what the numbers under a hypothesis cost.

    Args:
        edition: the model.
        hypothesis: name.
        moved: numbers that a search set on top of it.
    """
    return _price(edition, hypothesis, tuple(sorted((moved or {}).items())))


@functools.lru_cache(maxsize=1024)
def _price(edition: Edition, hypothesis: str, moved: tuple[tuple[str, float], ...]) -> Price:
    own, new = edition.hypotheses[hypothesis].overrides, dict(moved)
    off = frozenset(n for n, v in own.items() if n.startswith(SWITCH) and v == 0.0)
    found, structural = [], []
    for p in edition.model.parameters.values():
        if p.name in _inert(edition, off):
            continue
        anchor = _anchor(edition, hypothesis, p)
        value = new.get(p.name, own.get(p.name, p.value))
        try:
            departure = anchor.departure(value)
        except ValueError:
            structural.append(f"{p.name} = {value:g}")
        else:
            found += [departure] if departure.sd else []
    return Price(tuple(sorted(found, key=lambda d: -abs(d.sd))), tuple(structural))


@functools.lru_cache(maxsize=64)
def _inert(edition: Edition, off: frozenset[str]) -> frozenset[str]:
    """Parameters that reach no outcome with these switches off."""
    return frozenset(switched_off(edition.model, off))


@dataclass(frozen=True)
class _Anchor:
    """From where one number is measured: the nearest of some centres, or a prior."""

    parameter: Parameter
    kind: str
    centres: tuple[float, ...]
    freed: Freed | None = None

    def departure(self, value: float) -> Departure:
        """Return how far a value lies from it.

        Raises:
            ValueError: there is no distance: no spread, or a value at an end of the scale.
        """
        apart = [(self._sd(value, c), c) for c in self.centres]
        sd, centre = min(apart, key=lambda x: abs(x[0]))
        return Departure(self.parameter.name, value, centre, sd, self.kind)

    def _sd(self, value: float, centre: float) -> float:
        if value == centre:
            return 0.0
        if self.freed is not None:
            return float(self.freed.departure(value))
        spread = self.parameter.spread
        if SCALES.get(spread.kind) == "log":
            return (math.log(value) - math.log(centre)) / spread.sd
        if SCALES.get(spread.kind) == "logit":
            return (_logit(value) - _logit(centre)) / spread.sd
        raise ValueError(f"{self.parameter.name} has no spread")


def _logit(share: float) -> float:
    if not 0.0 < share < 1.0:
        raise ValueError(f"{share:g} has no logit")
    return math.log(share / (1.0 - share))


def _anchor(edition: Edition, hypothesis: str, p: Parameter) -> _Anchor:
    """Return from where a number is measured under a hypothesis."""
    own = edition.hypotheses[hypothesis]
    assumed = p.grade == ASSUMED
    # a hypothesis that gives its name to an alternative did not find it in print
    published = [v for label, v in p.alternatives.items() if label not in edition.hypotheses]
    freed = {f.key: f for f in edition.story.free if not f.of_phenotype}
    free = freed.get(f"{hypothesis}.{p.name}") or freed.get(p.name)
    if p.name in own.overrides:
        if assumed and own.reasons[p.name].grade != ASSUMED:
            return _Anchor(p, EVIDENCE, (own.overrides[p.name],))
        published += [] if assumed else [p.value]
        if published:
            return _Anchor(p, PUBLISHED, tuple(published))
    elif free is None:
        return _Anchor(p, PUBLISHED, tuple(published)) if assumed and published else _of(p)
    return _of(p) if free is None else _Anchor(p, PRIOR, (free.prior,), free)


def _of(p: Parameter) -> _Anchor:
    """Return the model's own number to measure from."""
    return _Anchor(p, MODEL if p.grade == ASSUMED else EVIDENCE, (p.value,))
