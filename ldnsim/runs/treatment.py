"""What is given to runs and set in them: doses, adjuncts, modifiers and changes, as events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ldnsim.arrays import Floats, Ints
from ldnsim.config.blocks import Modifiers
from ldnsim.config.run import RunSpec
from ldnsim.runs.dosing import Dosing
from ldnsim.runs.events import merge, parameter_events, sets_modifiers
from ldnsim.runs.grid import Facet, Runs
from ldnsim.runs.task import Events


@dataclass(frozen=True)
class Treatment:
    """What happens to the patients of some runs.

    Attributes:
        runs: the runs.
        dosing: their doses.
        end: hours; nothing is given or set at or after it.
    """

    runs: Runs
    dosing: Dosing
    end: float

    def events(self, rows: Ints, params: Floats) -> tuple[Events, ...]:
        """Return the events of runs: parameters set, and doses actually taken.

        Args:
            rows: numbers of the runs.
            params: the parameters of their patients, shape (rows, parameters).
        """
        doses = self.dosing.events(rows, self.end)
        facet, acting = self.acting
        if not any(acting):
            return tuple(doses)
        return tuple(
            dose if run is None else merge((parameter_events(run, own, self.end), dose))
            for dose, own, run in zip(
                doses, params, (acting[k] for k in facet.of(rows).tolist()), strict=True
            )
        )

    @cached_property
    def acting(self) -> tuple[Facet, list[RunSpec | None]]:
        """Where among the runs modifiers and changes act, and a run for each place they do."""
        facet = self.runs.facet(sets_modifiers)
        runs = [self.runs[i] for i in facet.runs().tolist()]
        return facet, [r if r.changes or r.modifiers != Modifiers() else None for r in runs]
