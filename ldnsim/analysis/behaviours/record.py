"""What a behaviour is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ldnsim.analysis.judged.record import Check, Found, Rule, Setting

TWO_WAYS = ("dual_pathway", "rebound")


@dataclass(frozen=True)
class Behaviour:
    """One behaviour that must emerge.

    Attributes:
        id: ``E1`` to ``E13``.
        title: what must be seen, in one line.
        expected: the rule by which it is judged, as text.
        claimed: the hypotheses that claim it; none named for what is asked of every one.
        rule: judges it from runs.
        evidence: citation keys behind the expectation; empty for what prescribers report.
    """

    id: str
    title: str
    expected: str
    claimed: tuple[str, ...]
    rule: Rule
    evidence: str = ""

    def checks(self, settings: Sequence[Setting]) -> list[Check]:
        """Compute the behaviour, one row for each setting."""
        return [
            self._check(s.hypothesis, found)
            for s, found in zip(settings, self.rule(settings), strict=True)
        ]

    def _check(self, hypothesis: str, found: Found) -> Check:
        """Return the row of one hypothesis; a run that failed gives one without verdict."""
        claimed = not self.claimed or hypothesis in self.claimed
        seen = {True: "shown", False: "not shown", None: "could not be computed"}[found.shown]
        note = found.note if claimed else f"not claimed here; {seen}. {found.note}".strip()
        return Check(
            self.id, self.title, hypothesis, found.simulated, self.expected,
            found.shown if claimed else None, self.evidence, note, found.value, role="behaviour",
        )  # fmt: skip
