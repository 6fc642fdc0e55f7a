"""Go down from a point of a story: what is asked is linear near by, its bounds are kept as bounds.

Each round looks a step beside the point along every coordinate, takes numbers, residuals and what
is lost of patients as straight lines from there, and minimises the objective they give within a
box that is trusted. Least squares on what is violated would be simpler, but it knows nothing of a
bound that is just met, steps over it, and ends where bounds oppose each other: on a story of 69
constraints it stood still at six times the objective that this reached. Near by the objective is
convex, and SciPy's L-BFGS-B finds its least value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ldnsim.analysis.evidence.story import Parts, Story
from ldnsim.analysis.evidence.story_log import Evaluator
from ldnsim.arrays import Flags, Floats
from ldnsim.catalog.story import Constraint

STEP = 0.1
"""Step of the differences, prior SD: wide enough to see past the ripples left by patients who gain
or lose a resting state, where slopes taken closer lead nowhere."""
TRUSTED, MOST = 0.3, 0.6
"""Half width of the box that is trusted at first, and at most, prior SD."""
SHARES = (1.0, 0.5, 0.25, 0.125)
"""Of that width, each tried; and of the steps these give, all and half."""
GROWS, SHRINKS = 1.7, 3.0
"""Factor on the width that served; divisor where no step was better than what lies beside."""
GAIN = 0.05
"""Fall of the objective below which a polish ends."""


@dataclass(frozen=True)
class Lines:
    """What is asked near a point, linear in the departures.

    Attributes:
        x: the point, prior SD, (free,).
        values: numbers of the constraints in units of violation, NaN where there is none, (rows,).
        slope: their change by a prior SD, (rows, free).
        low, high: where they should lie, (rows,).
        lost: units that lost patients add, (rows,); and ``gone``, their change, (rows, free).
        residuals: of observations, (k,); and ``turn``, their change, (k, free).
        weight: of a squared unit.
    """

    x: Floats
    values: Floats
    slope: Floats
    low: Floats
    high: Floats
    lost: Floats
    gone: Floats
    residuals: Floats
    turn: Floats
    weight: float

    def without(self, rows: Flags) -> Lines:
        """Return the same with some rows asked nothing."""
        free = np.where(rows, np.inf, 0.0)
        none = np.where(rows, 0.0, 1.0)
        return Lines(
            self.x, np.where(rows, 0.0, self.values), self.slope, self.low - free,
            self.high + free, self.lost * none, self.gone * none[:, None], self.residuals,
            self.turn, self.weight,
        )  # fmt: skip

    def objective(self, d: Floats) -> tuple[float, Floats]:
        """Return the objective a way ``d`` from the point, and its gradient.

        What lies beyond a bound and what lost patients add are squared apart: together they would
        have corners, at which a gradient leads nowhere. A number that is not there adds what is
        lost of it alone.
        """
        known = np.isfinite(self.values)
        at = np.where(known, self.values, 0.0) + self.slope @ d
        away = np.maximum(at - self.high, 0.0) - np.maximum(self.low - at, 0.0)
        away = np.where(known, away, 0.0)
        lost = np.maximum(self.lost + self.gone @ d, 0.0)
        r = self.residuals + self.turn @ d
        total = np.sum((self.x + d) ** 2) + np.sum(r**2)
        total += self.weight * (np.sum(away**2) + np.sum(lost**2))
        slope = self.x + d + r @ self.turn + self.weight * (away @ self.slope + lost @ self.gone)
        return float(total), np.asarray(2.0 * slope, dtype=np.float64)

    def step(self, width: float, box: tuple[Floats, Floats]) -> Floats:
        """Return the best way within a box of that half width about the point, (free,)."""
        low = np.maximum(-width, box[0] - self.x)
        high = np.minimum(width, box[1] - self.x)
        bounds = np.column_stack([np.minimum(low, 0.0), np.maximum(high, 0.0)])
        found = minimize(
            self.objective, np.zeros(len(self.x)), jac=True, bounds=bounds, method="L-BFGS-B",
            options={"maxiter": 2000},
        )  # fmt: skip
        return np.asarray(found.x, dtype=np.float64)


def look(story: Story, ask: Evaluator, x: Floats, phase: str) -> tuple[Floats, Parts, Lines]:
    """Return a point with those a step beside it along each coordinate, what they give, and lines.

    Args:
        story: what is asked.
        ask: solves for points.
        x: the point, (free,).
        phase: what it is done for.
    """
    # away from a bound that is near
    step = np.where(x + STEP > story.box[1], -STEP, STEP)
    near = np.concatenate([x[None, :], x + np.diag(step)])
    parts = ask(near, phase)
    return near, parts, _lines(story, x, step, parts)


def _lines(story: Story, x: Floats, step: Floats, parts: Parts) -> Lines:
    asked = [row.of for row in story.constraints if isinstance(row.of, Constraint)]
    n, missing = len(asked), story.file.missing
    scale = np.array([c.scale for c in asked])
    aims = np.array([c.aims for c in asked]).reshape(n, 2) / scale[:, None]

    def slope(y: Floats) -> Floats:
        """Change by a prior SD, 0 where there is no number on one side."""
        return np.asarray(np.nan_to_num((y[1:] - y[0]).T / step), dtype=np.float64)

    values, lost = parts.values[:, :n] / scale, missing * parts.lost[:, :n]
    return Lines(
        x, values[0], slope(values), aims[:, 0], aims[:, 1], lost[0], slope(lost),
        parts.residuals[0], slope(parts.residuals), story.file.weight,
    )  # fmt: skip


def steps(lines: Lines, width: float, box: tuple[Floats, Floats]) -> list[Floats]:
    """Return the ways to try from a point, the boldest first."""
    bold = [lines.step(width * share, box) for share in SHARES]
    return [part * step for step in bold for part in (1.0, 0.5)]


def descend(
    story: Story, ask: Evaluator, x: Floats, total: float, most: int, phase: str
) -> tuple[Floats, float, list[tuple[int, float]]]:
    """Go down from a point, two batches of runs a round.

    Args:
        story: what is asked.
        ask: solves for points.
        x: the point, prior SD, (free,).
        total: its objective.
        most: rounds.
        phase: what it is called.

    Returns:
        the lowest point met, its objective, and points asked for with the lowest objective after
        each round.
    """
    width, history = TRUSTED, []
    for _ in range(most):
        near, beside, lines = look(story, ask, x, phase)
        tried = np.clip(x + np.array(steps(lines, width, story.box)), *story.box)
        totals = np.concatenate([beside.total, ask(tried, phase).total])
        k = int(np.argmin(totals))
        gain = total - float(totals[k])
        stepped = k - len(near)
        width = min(MOST, GROWS * width * SHARES[stepped // 2]) if stepped >= 0 else width / SHRINKS
        if gain > 0.0:
            x, total = np.concatenate([near, tried])[k], float(totals[k])
        history.append((ask.evaluations, total))
        # what lies beside may be better where no step is: then a narrower box is tried
        if gain < GAIN and (gain <= 0.0 or stepped < 0):
            break
    return x, total, history


def steps_without(
    lines: Lines, rows: Sequence[Flags], width: float, box: tuple[Floats, Floats]
) -> list[list[Floats]]:
    """Return, for each set of rows that is not asked, the ways to try without it."""
    return [[lines.without(r).step(width * s, box) for s in SHARES] for r in rows]
