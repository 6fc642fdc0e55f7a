"""A design laid over the regimens of a study: groups, arms of the pool, doses, comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.trial.groups import Group, Names, groups_of, names_of
from ldnsim.analysis.trial.regimens import treatments
from ldnsim.arrays import Floats, Ints
from ldnsim.config.designs import (
    Crossover,
    Design,
    DoseResponse,
    NOf1,
    UpAndDown,
    Withdrawal,
)
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.sweep.study import Study

TREND = "trend"
WEEK = 168.0


@dataclass(frozen=True)
class Laid:
    """A design with its groups.

    Attributes:
        design: the design.
        names: regimens by their part in it.
        groups: of patients; what is compared with is the first, but in periods.
        doses: highest dose of each regimen by name, mg.
    """

    design: Design
    names: Names
    groups: tuple[Group, ...]
    doses: Mapping[str, float]

    @property
    def arms(self) -> list[str]:
        """Names of the arms of the pool, one for each group."""
        return [g.arm for g in self.groups]

    @property
    def null_arms(self) -> list[str]:
        """The arms where the null hypothesis is true: all groups are treated alike.

        Where a regimen is withdrawn all keep it; everywhere else all have the control.
        """
        alike = self.arms[1] if isinstance(self.design, Withdrawal) else self.names.control
        return [alike] * len(self.groups)

    @property
    def weeks(self) -> int:
        """How many weeks one patient is in the trial."""
        return self.design.weeks_in_all

    @property
    def in_periods(self) -> bool:
        """Whether patients are their own controls."""
        return isinstance(self.design, Crossover | NOf1)

    @property
    def comparisons(self) -> list[str]:
        """What is compared with the control, by name; the primary comparison first."""
        if isinstance(self.design, Withdrawal):
            return [self.groups[1].label]
        if isinstance(self.design, DoseResponse):
            return [TREND, *self.names.treatments]
        return list(self.names.treatments)

    def dose_of_groups(self) -> Floats:
        """Return the dose of each group, mg.

        Raises:
            UserError: two groups of one dose, between which there is no trend.
        """
        found = np.array([self.doses[g.parts[0].regimen] for g in self.groups])
        if isinstance(self.design, DoseResponse) and len(set(found)) < len(found):
            told = ", ".join(f"{g.label} {d:g} mg" for g, d in zip(self.groups, found, strict=True))
            raise UserError(
                f"trial {self.design.title!r}: a trend over dose needs a dose of each group of its"
                f" own, and there are {told}; choose with treatments"
            )
        return found

    def orders(self) -> list[list[str]]:
        """Return what each group of a trial in periods gets, period by period."""
        return [g.label.split(" - ") for g in self.groups]

    def taken(self) -> Ints:
        """Return codes of what each group gets, 0 the control, (groups, periods)."""
        code = {n: k for k, n in enumerate((self.names.control, *self.names.treatments))}
        return np.array([[code[n] for n in order] for order in self.orders()], dtype=np.int64)

    def periods(self) -> list[tuple[int, int]]:
        """Return first week before and last week of what is analysed of each period."""
        design: Any = self.design
        period, washout, discard = (
            round(w / WEEK) for w in (design.period, design.washout, design.discard)
        )
        starts = [k * (period + washout) for k in range(design.count)]
        return [(s + discard, s + period) for s in starts]

    def baseline_week(self) -> int:
        """Return the week before randomisation."""
        design = self.design
        if not isinstance(design, Withdrawal):
            return 0
        return self.weeks - round(design.weeks / WEEK)


def lay(design: Design, study: Study) -> Laid:
    """Lay a design over the regimens of a study.

    Raises:
        UserError: a design that does not fit them.
    """
    return laid_over(design, treatments(study))


def laid_over(design: Design, regimens: Mapping[str, Any]) -> Laid:
    """Lay a design over regimens by name; see :func:`lay`."""
    names = names_of(design, regimens)
    groups = groups_of(design, names)
    doses = {n: float(np.max(r.doses().amount_mg, initial=0.0)) for n, r in regimens.items()}
    found = Laid(design, names, groups, doses)
    if isinstance(design, DoseResponse | UpAndDown):
        found.dose_of_groups()
    return found
