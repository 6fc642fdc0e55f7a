"""Chi-square of hypotheses over the same observations, with what each row adds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ldnsim.analysis.judged.record import Check
from ldnsim.analysis.judged.worth import ANY, SAME_ROW

CAUTION = (
    "Rows differ in quality, some spreads are assumed, and some rows were fitted or set: a lower"
    " sum shows less conflict with these rows, and is no proof of a hypothesis."
)


@dataclass(frozen=True)
class ChiSquare:
    """Sums over the rows that every one of some hypotheses can be asked of.

    Attributes:
        hypotheses: those that are compared.
        rows: by name, the check of each hypothesis, in their order.
        left_out: why other observations are not among the rows.
    """

    hypotheses: tuple[str, ...]
    rows: Mapping[str, tuple[Check, ...]]
    left_out: Mapping[str, str]

    def parts(self, hypothesis: str) -> dict[str, float]:
        """Return what each row adds under a hypothesis."""
        at = self.hypotheses.index(hypothesis)
        return {name: float(checks[at].chi2 or 0.0) for name, checks in self.rows.items()}

    def total(self, hypothesis: str) -> float:
        """Return the sum over the rows."""
        return sum(self.parts(hypothesis).values())

    def used(self, hypothesis: str) -> list[str]:
        """Return the rows that were fitted or set under a hypothesis, so that they are no test."""
        at = self.hypotheses.index(hypothesis)
        return [name for name, checks in self.rows.items() if checks[at].role != "free"]

    @property
    def numbers(self) -> int:
        """Published numbers in the rows."""
        return sum(checks[0].numbers for checks in self.rows.values())

    @property
    def assumed(self) -> list[str]:
        """Rows whose spread is assumed."""
        return [name for name, checks in self.rows.items() if checks[0].spread == "assumed"]

    def ranking(self) -> list[str]:
        """Return the hypotheses, smallest sum first."""
        return sorted(self.hypotheses, key=self.total)

    def as_dict(self) -> dict[str, Any]:
        """Return rows, parts and sums as plain values, for JSON."""
        return {
            "rows": {
                name: {"sd": checks[0].sd, "spread": checks[0].spread, "numbers": checks[0].numbers}
                for name, checks in self.rows.items()
            },
            "hypotheses": {
                h: {"total": self.total(h), "parts": self.parts(h), "fitted_or_set": self.used(h)}
                for h in self.hypotheses
            },
            "left_out": dict(self.left_out),
            "caution": CAUTION,
        }


def chi_square(checks: Sequence[Check], hypotheses: Collection[str] = ()) -> ChiSquare:
    """Sum squared deviations of hypotheses over the same observations.

    Args:
        checks: weighed rows of a scorecard.
        hypotheses: those to compare; all that are among the rows when empty.

    A row is left out, and the reason kept, that is the same under every hypothesis, holds a number
    that another row holds, has no spread, or gives no number under one of the hypotheses.
    """
    seen = [c for c in checks if c.kind == "observation"]
    found = dict.fromkeys(c.hypothesis for c in seen if c.hypothesis != ANY)
    chosen = tuple(h for h in found if not hypotheses or h in hypotheses)
    table: dict[str, dict[str, Check]] = {}
    for c in seen:
        table.setdefault(c.id, {})[c.hypothesis] = c
    rows, left_out = {}, {}
    for name, by in table.items():
        why = _unfit(name, by, chosen, table)
        if why:
            left_out[name] = why
        else:
            rows[name] = tuple(by[h] for h in chosen)
    return ChiSquare(chosen, rows, left_out)


def _unfit(
    name: str, by: Mapping[str, Check], chosen: Sequence[str], table: Collection[str]
) -> str:
    """Return why a row cannot be compared under all of the hypotheses; empty if it can."""
    first = next(iter(by.values()))
    others = [n for n in first.holds if n != name and n in table]
    unasked = [h for h in chosen if h not in by]
    empty = [h for h in chosen if h in by and by[h].passed is None]
    if ANY in by:
        return "the same under every hypothesis"
    if others:
        return f"{SAME_ROW} {', '.join(others)}"
    if not first.spread:
        return "a bound without a spread"
    if unasked:
        return f"not asked of {', '.join(unasked)}"
    return f"no number under {', '.join(empty)}" if empty else ""
