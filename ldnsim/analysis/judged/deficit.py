"""What comes first when endorphin runs out: the peptide, regulation, or the disease."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.judged.doses import YEAR, nightly
from ldnsim.analysis.judged.gain import loop_gain
from ldnsim.analysis.judged.record import Found, Setting, attempt
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import DAY, WEEK

CHAIN = ("beta_endorphin", "regulatory_cells", "effector_cells", "disease_activity")
"""In the order that the claim gives them: the first two fall, the others rise."""
SIGNS = np.array([-1.0, -1.0, 1.0, 1.0])
LEAST = np.array([0.05, 0.01, 0.01, 0.01])
"""Change at the end that counts: of the peptide and the cells as a share of what they were, of
activity as a share of its worst."""
BEGUN = 0.1
"""Share of its final change at which a variable counts as having begun to move."""
UNMOVED = 1e-6
"""Change that is none."""
PREDISPOSED = {"autoimmunity": 1.3}
"""A healthy person with an autoimmune drive three tenths above others'."""
EMPTY = 0.1
"""Reserve at which a person whose reserve is being lost settles."""
LASTS = 2 * YEAR


@dataclass(frozen=True)
class Order:
    """When each variable of :data:`CHAIN` began to move.

    Attributes:
        change: at the end, over what it was (of activity: as it is).
        day: on which a tenth of that was reached; NaN where nothing moved.
    """

    change: Floats
    day: Floats

    @property
    def moved(self) -> float:
        """The least change in the direction of the claim, over the least that counts."""
        return float((SIGNS * self.change / LEAST).min())

    @property
    def in_order(self) -> bool:
        """Whether the peptide moved before regulation, and regulation before the disease."""
        peptide, regulation, *disease = self.day
        return bool(peptide < regulation and all(regulation < day for day in disease))

    def __str__(self) -> str:
        """Return changes and days."""
        parts = zip(CHAIN, self.change, self.day, strict=True)
        return ", ".join(
            f"{n.replace('_', ' ')} {100 * c:+.1f} % ({f'day {d:.0f}' if d == d else 'never'})"
            for n, c, d in parts
        ).replace("disease activity", "disease activity (of the worst)")


def falls_ill() -> RunSpec:
    """Return a predisposed healthy person in whom severe stress begins and the reserve is lost."""
    well = RunSpec.of(
        nightly(0.0, LASTS), phenotype="healthy", parameters=PREDISPOSED,
        changes=[(0.0, "reserve", EMPTY)],
    )  # fmt: skip
    return well.with_value("modifiers.stress", 1.0)


def order_of(daily: Floats) -> Order:
    """Read an order from daily courses of :data:`CHAIN`, shape (variables, days)."""
    last = len(CHAIN) - 1
    scale = np.append(np.abs(daily[:last, 0]), 1.0)
    moved = (daily - daily[:, :1]) / scale[:, None]
    change = moved[:, -1]
    reached = moved * np.sign(change)[:, None] >= BEGUN * np.abs(change)[:, None]
    reached[~(np.abs(change) > UNMOVED)] = False
    day = np.where(reached.any(axis=1), reached.argmax(axis=1), np.nan)
    return Order(change, day)


def deficit(settings: Sequence[Setting]) -> Iterable[Found]:
    """C26, E20: in a person who falls ill, endorphin falls first, then regulation, then disease.

    A healthy person with 1.3 times the autoimmune drive, in whom full stress begins and the reserve
    settles towards 0.1; two years (104 weeks). Endorphin of the brain falls by 5 %, regulatory
    cells by 1 %; effector cells rise by 1 % and disease activity by 0.01 of the worst; each begins,
    at 0.1 of its final change, after the one before. Both of disease count as one.
    """
    days = np.arange(0.0, LASTS * WEEK + 1.0, DAY)
    run = falls_ill()
    daily = attempt(settings, [run], LASTS, [], days, CHAIN).at[:, 0]
    ill = RunSpec.of(phenotype="healthy", parameters={**PREDISPOSED, "reserve": EMPTY, "stress": 1})
    for course, gain in zip(daily, loop_gain(settings, ill), strict=True):
        order = order_of(course)
        text = f"{order}; loop gain when ill {gain[0]:.3f} down, {gain[1]:.3f} up"
        yield Found(order.moved >= 1.0 and order.in_order, text, value=order.moved)
