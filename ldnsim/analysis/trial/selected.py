"""Who is randomised where everybody gets the drug first: drawn until there are enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ldnsim.analysis.trial.cell import Cell
from ldnsim.analysis.trial.drawn import Drawn, Persons, Streams, balanced, draw, report
from ldnsim.analysis.trial.laid import Laid
from ldnsim.arrays import Flags, Floats
from ldnsim.config.designs import WEEK, Enriched
from ldnsim.errors import UserError

_TRIED = 4000
"""Patients whose run-in says what share is randomised, before trials are drawn."""
_RAREST = 0.02
"""A share below which so many would have to be screened that it is no trial."""


def passes(laid: Laid, cell: Cell, drawn: Drawn) -> Flags:
    """Return who is randomised after the run-in, (trials, n).

    Nobody who has stopped by then is; of an enriched trial those who respond or tolerate it.

    Args:
        laid: the design with its groups.
        cell: the pool.
        drawn: patients in the run-in.
    """
    design = laid.design
    stayed = np.asarray(drawn.stop >= laid.baseline_week())
    if not isinstance(design, Enriched):
        return stayed
    week = round(design.run_in / WEEK)
    if design.select in ("responders", "both"):
        end = drawn.told[..., max(week - design.average, 0) : week].mean(axis=-1)
        stayed = stayed & (end <= (1.0 - design.response) * drawn.start)
    if design.select in ("tolerators", "both"):
        if cell.burden is None:
            raise UserError(
                f"trial {design.title!r}: who tolerates the drug is told by adverse_burden, which"
                " this model does not have; select = 'responders'"
            )
        run_in = cell.burden[cell.arms[laid.arms[1]], :, :week]
        stayed = stayed & (run_in.max(axis=-1) <= design.burden)[drawn.who]
    return np.asarray(stayed)


def share_randomised(laid: Laid, cell: Cell, seed: int) -> float:
    """Return the share of patients who are randomised.

    Raises:
        UserError: it is too small.
    """
    streams = Streams(seed, "a look at the run-in")
    persons = draw(cell, _TRIED, 1, laid.baseline_week(), streams)
    found = float(passes(laid, cell, _run_in(laid, cell, persons)).mean())
    if found < _RAREST:
        raise UserError(
            f"trial {laid.design.title!r}: {100 * found:.1f} % of the patients would be randomised"
            " after the run-in; choose others with select, or a smaller response"
        )
    return found


def _run_in(laid: Laid, cell: Cell, persons: Persons) -> Drawn:
    """Let everybody have the drug, as the group does that keeps it."""
    place = np.array(cell.arms[laid.arms[1]])
    return report(cell, persons, place, np.zeros(1, dtype=np.int64), laid.design.lost)


def screened(n: int, share: float) -> int:
    """Return how many patients to draw so that n are randomised in nearly every trial."""
    return math.ceil(n / share + 4.0 * math.sqrt(n * (1.0 - share)) / share) + 2


def draw_selected(
    laid: Laid, cell: Cell, arms: Sequence[str], n: int, trials: int, streams: Streams,
    share: float,
) -> tuple[Drawn, Floats]:  # fmt: skip
    """Draw trials of n patients who are randomised after a run-in.

    Args:
        laid: the design with its groups.
        cell: the pool.
        arms: of the groups.
        n: patients randomised.
        trials: how many.
        streams: of random numbers.
        share: of patients who are.

    Returns:
        the trials; a place that could not be filled has nobody (NaN). And how many had to be
        screened in each.
    """
    before = laid.baseline_week()
    persons = draw(cell, screened(n, share), trials, before, streams)
    passed = passes(laid, cell, _run_in(laid, cell, persons))
    order = np.argsort(~passed, axis=1, kind="stable")[:, :n]
    there = np.take_along_axis(passed, order, axis=1)
    group = balanced(n, len(arms))
    place = np.array([cell.arms[a] for a in arms])[group]
    enough = persons.part(order).further(laid.weeks - before, streams)
    found = report(cell, enough, place, group, laid.design.lost)
    start = np.where(there, found.start, np.nan)
    told = np.where(there[..., None], found.told, np.nan)
    needed = np.where(there[:, -1], order[:, -1] + 1.0, np.nan)
    return replace(found, start=start, told=told), needed
