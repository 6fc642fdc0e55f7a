"""Searches for a set of numbers that shows a claim, as they were kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ldnsim.catalog.read import TableEntry, Text, check_parameter, entries
from ldnsim.model import Model

FIELDS = (
    "sets", "seed", "within", "parameters", "hypotheses", "of", "showed", "hypothesis", "values",
    "moved", "price", "value", "simulated",
)  # fmt: skip


@dataclass(frozen=True)
class Searched:
    """A search for numbers with which a claim holds that no hypothesis shows as it is.

    Attributes:
        sets: how many sets of numbers were tried under each hypothesis.
        seed: of their draws.
        within: how far each number was moved at most, in its recorded SD.
        parameters: that were moved together.
        hypotheses: under which; those that have the drug act.
        of: fingerprint of what was searched: model, hypotheses, patients and rule.
        showed: how many sets showed it, over all hypotheses.
        hypothesis: that of the nearest set: of those that show it the cheapest; where none does,
            the one whose number comes nearest. Empty where no set gave an answer.
        values: its moves, in recorded SD of each parameter.
        moved: their length: the root of the sum of squares.
        price: of the whole set, in prior SD.
        value: the number that the rule found there, if it has one.
        simulated: what it showed, as text.
    """

    sets: int
    seed: int
    within: float
    parameters: tuple[str, ...]
    hypotheses: tuple[str, ...]
    of: str
    showed: int
    hypothesis: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    moved: float = 0.0
    price: float = 0.0
    value: float | None = None
    simulated: str = ""

    def __str__(self) -> str:
        """Return what was found, or how near it came, with what the nearest set showed."""
        return f"{self.brief}: {self.simulated}" if self.hypothesis else self.brief

    @property
    def brief(self) -> str:
        """What was found, or how near it came."""
        where = f"{self.sets} sets within {self.within:g} SD under each of {len(self.hypotheses)}"
        if not self.hypothesis:
            return f"out of reach of {where} hypotheses: no set gave an answer"
        moves = ", ".join(f"{n} {v:+.1f}" for n, v in self.values.items())
        place = f"{self.hypothesis}, {self.moved:.1f} SD away ({moves}), at {self.price:.1f} SD"
        if self.showed:
            every = self.sets * len(self.hypotheses)
            within = f"{self.showed} of {every} sets within {self.within:g} SD"
            return f"shown by {within}; nearest: {place}"
        near = "" if self.value is None else f"; nearest number {self.value:.3g}: {place}"
        return f"out of reach of {where} hypotheses{near}"


def read_searches(
    text: Text, file: str, claims: Collection[str], hypotheses: Collection[str], model: Model
) -> dict[str, Searched]:
    """Read kept searches, by claim.

    Args:
        text: TOML, one table per claim.
        file: name that errors give it.
        claims: ids they may be of.
        hypotheses: they may name.
        model: whose parameters they may name.

    Raises:
        UserError: a mistake in the file, an unknown claim, hypothesis or parameter.
    """
    found = {}
    for name, entry in entries(text, file, FIELDS):
        entry.check("", [name], claims, "a claim")
        found[name] = _searched(entry, hypotheses, model)
    return found


def _searched(entry: TableEntry, hypotheses: Collection[str], model: Model) -> Searched:
    names, under = entry.sentences("parameters"), entry.sentences("hypotheses")
    nearest = entry.text("hypothesis", required=False)
    entry.check("hypotheses", [*under, *([nearest] if nearest else [])], hypotheses, "a hypothesis")
    moves: dict[str, Any] = entry.data.get("values", {})
    for name in (*names, *moves):
        check_parameter(entry, "parameters", name, model)
    values = TableEntry(f"{entry.place}.values", "values", moves)
    return Searched(
        _whole(entry, "sets"), _whole(entry, "seed"), entry.number("within"), names, under,
        entry.text("of"), _whole(entry, "showed"), nearest, {n: values.number(n) for n in moves},
        entry.number("moved"), entry.number("price"), entry.optional("value"),
        entry.text("simulated", required=False),
    )  # fmt: skip


def _whole(entry: TableEntry, key: str) -> int:
    value = entry.number(key)
    if value != int(value) or value < 0:
        raise entry.error(key, f"{value:g}: expected a whole number")
    return int(value)
