"""What is given to runs and set in them: doses, adjuncts, modifiers and changes, as events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ldnsim.arrays import Flags, Floats, Ints
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
        ruled: adjuncts that rules begin or end; what they do is no event of these.
    """

    runs: Runs
    dosing: Dosing
    end: float
    ruled: tuple[str, ...] = ()

    def events(self, rows: Ints, params: Floats) -> tuple[Events, ...]:
        """Return the events of runs: parameters set, and doses actually taken.

        Args:
            rows: numbers of the runs.
            params: the parameters of their patients, shape (rows, parameters).
        """
        return self._with_parameters(rows, params, self.dosing.events(rows, self.end))

    def settings(self, rows: Ints, params: Floats) -> tuple[Events, ...]:
        """Return the events of runs without their doses; arguments are those of :meth:`events`."""
        return self._with_parameters(rows, params, [Events.none()] * len(rows))

    def _with_parameters(
        self, rows: Ints, params: Floats, doses: Sequence[Events]
    ) -> tuple[Events, ...]:
        facet, acting = self.acting
        if not any(acting):
            return tuple(doses)
        return tuple(
            dose if run is None else merge((parameter_events(run, own, self.end), dose))
            for dose, own, run in zip(
                doses, params, (acting[k] for k in facet.of(rows).tolist()), strict=True
            )
        )

    def _unruled(self, run: RunSpec) -> RunSpec:
        """Return a run without the adjuncts that rules see to."""
        kept = tuple(a for a in run.modifiers.adjuncts if a.name not in self.ruled)
        modifiers = run.modifiers.model_copy(update={"adjuncts": kept})
        return replace(run, modifiers=modifiers) if self.ruled else run

    def taking(self, rows: Ints) -> Flags:
        """Whether runs take each adjunct that rules see to from the start on, (rows, adjuncts)."""
        facet = self.runs.facet(sets_modifiers)
        own = [{a.name for a in self.runs[i].modifiers.adjuncts} for i in facet.runs().tolist()]
        taken = np.array([[n in names for n in self.ruled] for names in own], dtype=bool)
        return taken.reshape(len(own), len(self.ruled))[facet.of(rows)]

    @cached_property
    def acting(self) -> tuple[Facet, list[RunSpec | None]]:
        """Where among the runs modifiers and changes act, and a run for each place they do."""
        facet = self.runs.facet(sets_modifiers)
        runs = [self._unruled(self.runs[i]) for i in facet.runs().tolist()]
        return facet, [r if r.changes or r.modifiers != Modifiers() else None for r in runs]
