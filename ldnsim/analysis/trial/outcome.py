"""What counts as the outcome of a patient who may stop: the estimands."""

from __future__ import annotations

import numpy as np

from ldnsim.analysis.trial.cell import Cell
from ldnsim.analysis.trial.drawn import Drawn
from ldnsim.arrays import Floats
from ldnsim.config.designs import Design
from ldnsim.errors import UserError

HYPOTHETICAL, WHILE_ON, POLICY, RESPONDER = (
    "hypothetical", "while_on_treatment", "treatment_policy", "responder",
)  # fmt: skip


def check_estimands(design: Design, cell: Cell) -> None:
    """Refuse an estimand that a pool cannot answer.

    Raises:
        UserError: as :func:`check_asked`, or hazards that are needed and not there.
    """
    check_asked(design, cell.stopped is not None)
    hazards = cell.adverse is not None and cell.futility is not None
    for asked in design.estimands:
        if asked != HYPOTHETICAL and cell.stopped is None and not hazards:
            raise UserError(
                f"trial {design.title!r}: estimands = {asked!r} needs hazards of stopping, which"
                " this pool does not have; make it again"
            )


def check_asked(design: Design, stops: bool) -> None:
    """Refuse an estimand that does not go with whether patients stop in the simulation.

    Args:
        design: the design.
        stops: whether they do.

    Raises:
        UserError: treatment policy where nobody stops, or what would be if nobody did where they
            do.
    """
    if POLICY in design.estimands and not stops:
        raise UserError(
            f"trial {design.title!r}: estimands = 'treatment_policy' asks what patients have after"
            " they stopped, and in this pool nobody does; let them stop in the simulation with"
            " [stopping], or ask for 'while_on_treatment'"
        )
    if HYPOTHETICAL in design.estimands and stops:
        raise UserError(
            f"trial {design.title!r}: estimands = 'hypothetical' asks for patients who go on, and"
            " in this pool they stop; take [stopping] out of the study, or ask for"
            " 'treatment_policy'"
        )


def at_end(drawn: Drawn, first: int, last: int, average: int, estimand: str) -> Floats:
    """Return reported pain at the end of a stretch of weeks, (trials, n).

    Args:
        drawn: the trials.
        first: week before the stretch, 0 for the start of the trial.
        last: its last week.
        average: how many of the last weeks are averaged.
        estimand: ``while_on_treatment`` takes the last weeks before stopping: of who stopped in the
            first week of the trial the start, of who stopped before a later stretch nothing (NaN).
            All others take the last weeks as they were reported.
    """
    if estimand != WHILE_ON:
        return np.asarray(drawn.told[..., last - average : last].mean(axis=-1))
    seen = np.floor(np.minimum(drawn.stop, last)).astype(np.int64)
    total, count = np.zeros(seen.shape), np.zeros(seen.shape)
    for back in range(average):
        at = seen - 1 - back
        there = at >= first
        value = np.take_along_axis(drawn.told, np.maximum(at, 0)[..., None], axis=-1)[..., 0]
        total += np.where(there, value, 0.0)
        count += there
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
    return np.where(count > 0, mean, drawn.start if first == 0 else np.nan)


def responded(
    drawn: Drawn, start: Floats, last: int, average: int, fall: float, stay: bool = True
) -> Floats:
    """Return who responds, 1 or 0, (trials, n): pain has fallen enough, and they stayed.

    Args:
        drawn: the trials.
        start: what pain has to fall from, (trials, n).
        last: week of the outcome.
        average: how many of the last weeks are averaged.
        fall: share of the start.
        stay: whether stopping is failure.
    """
    end = at_end(drawn, 0, last, average, HYPOTHETICAL)
    good = end <= (1.0 - fall) * start
    return np.asarray(good & (drawn.stop >= last) if stay else good, dtype=np.float64)
