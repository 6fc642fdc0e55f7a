"""When doses are due, and how large they are: the two halves of a regimen that sweeps share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import starmap
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.arrays import Floats, Ints
from ldnsim.regimen.doses import DoseTable
from ldnsim.regimen.phase import Phase
from ldnsim.regimen.recorded import Recorded

if TYPE_CHECKING:
    from ldnsim.regimen import Regimen

AMOUNTS = ("start", "target", "dose", "step", "factor")
"""Fields of a phase that say how large its doses are."""


@dataclass(frozen=True)
class Amounts:
    """Doses of the rungs of every phase.

    Attributes:
        phases: their start, target, step and factor.
        mg_of_phases: doses of the rungs of each phase.
        mg: doses of all rungs, phase after phase.
    """

    phases: tuple[dict[str, Any], ...]
    mg_of_phases: tuple[tuple[float, ...], ...]
    mg: Floats

    @property
    def rungs(self) -> tuple[int, ...]:
        """Number of rungs of each phase."""
        return tuple(len(mg) for mg in self.mg_of_phases)


@dataclass(frozen=True)
class Schedule:
    """When doses are due and at which rung; all arrays have one entry per planned dose.

    Attributes:
        table: times, formulation, phase and step; its amounts are 1 with drug and 0 without.
        rung: which of the amounts it is.
        end: of the regimen (h).
        reaches_target: whether every ladder is long enough to give its target.
    """

    table: DoseTable
    rung: Ints
    end: float
    reaches_target: bool

    @property
    def planned(self) -> Floats:
        """Times of doses with drug, or of placebo where none has (h)."""
        real = self.table.amount_mg > 0.0
        return self.table.time_h[real] if real.any() else self.table.time_h


def with_amounts(own: Regimen, amounts: Amounts) -> tuple[Phase, ...]:
    """Return the phases of a regimen with other amounts, which are known to be valid."""
    parts = zip(own.phases, amounts.phases, amounts.mg_of_phases, strict=True)
    return tuple(starmap(_phase, parts))


def _phase(own: Phase, amounts: dict[str, Any], rungs: tuple[float, ...]) -> Phase:
    """Return a phase with other amounts, which are known to be valid."""
    fields = {name: getattr(own, name) for name in Phase.model_fields}
    phase = Phase.model_construct(**{**fields, **amounts})
    # the rungs are known; working them out as exact fractions would take most of the time
    phase.__dict__["ladder"] = replace(own.ladder, amounts=rungs)
    return phase


def as_recorded(regimen: Recorded) -> Schedule:
    """Return recorded doses as a schedule whose every dose is a rung."""
    table = regimen.doses()
    drug = (table.amount_mg > 0.0).astype(np.float64)
    every = np.arange(len(table), dtype=np.int64)
    return Schedule(
        replace(table, amount_mg=drug), every, regimen.duration_h, regimen.reaches_target
    )


def most_doses(regimen: Regimen | Recorded) -> int:
    """Return the most doses of a regimen; where rules change the interval, at the shortest."""
    if isinstance(regimen, Recorded):
        return len(regimen.doses())
    planned = np.bincount(regimen.doses().phase, minlength=len(regimen.phases)).tolist()
    for k, phase in enumerate(regimen.phases):
        spans = [float(r.value) for r in phase.rules if r.do == "every"]  # type: ignore[arg-type]
        if phase.is_guided:
            # each change of the time of day can add a dose, at a visit
            changes = sum(r.do in ("every", "at") for r in phase.rules)
            days = (phase.length or 0) / 60 / min([phase.every, *spans])
            planned[k] = int(np.ceil(days)) + 2 + changes * int((phase.length or 0) // 1440 + 1)
    return int(sum(planned))


def amounts_of(regimen: Regimen | Recorded) -> Amounts:
    """Return how large the doses of a regimen are, each dose of a recorded one on a rung."""
    if isinstance(regimen, Recorded):
        mg = regimen.doses().amount_mg
        return Amounts(({},), (tuple(mg.tolist()),), mg)
    names = [n for n in AMOUNTS if n in Phase.model_fields]
    ladders = tuple(p.ladder.amounts for p in regimen.phases)
    return Amounts(
        tuple({n: getattr(p, n) for n in names} for p in regimen.phases),
        ladders,
        np.array([mg for x in ladders for mg in x], dtype=np.float64),
    )
