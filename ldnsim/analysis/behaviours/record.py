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
        id: ``E1`` and so on.
        title: what must be seen, in one line.
        expected: the rule by which it is judged, as text.
        claimed: the hypotheses that claim it; none named for what is asked of every one.
        rule: judges it from runs.
        evidence: citation keys behind the expectation; empty for what prescribers report.
        holds: observations whose published numbers it judges by a rule of its own.
    """

    id: str
    title: str
    expected: str
    claimed: tuple[str, ...]
    rule: Rule
    evidence: str = ""
    holds: tuple[str, ...] = ()

    def checks(self, settings: Sequence[Setting]) -> list[Check]:
        """Compute the behaviour, one row for each setting."""
        found = list(self.rule(settings))
        whose = self._owned(settings, found)
        return [self._check(s, f, w) for s, f, w in zip(settings, found, whose, strict=True)]

    def _owned(self, settings: Sequence[Setting], found: Sequence[Found]) -> list[str]:
        """Return where what was seen is, to every digit shown, what a hypothesis saw that changes
        nothing in the model: its name; empty for what is a hypothesis's own.
        """
        usual = {
            f.simulated: s.hypothesis
            for s, f in zip(settings, found, strict=True)
            if s.hypothesis in self.claimed and not s.edition.hypotheses[s.hypothesis].overrides
        }
        names = [usual.get(f.simulated, "") for f in found]
        return ["" if n == s.hypothesis else n for s, n in zip(settings, names, strict=True)]

    def _check(self, setting: Setting, found: Found, same_as: str) -> Check:
        """Return the row of one hypothesis; a run that failed gives one without verdict."""
        hypothesis = setting.hypothesis
        claimed = not self.claimed or hypothesis in self.claimed
        seen = {True: "shown", False: "not shown", None: "could not be computed"}[found.shown]
        note = found.note if claimed else f"not claimed here; {seen}. {found.note}".strip()
        held = self.id in setting.edition.story.constrained(hypothesis)
        return Check(
            self.id, self.title, hypothesis, found.simulated, self.expected,
            found.shown if claimed else None, self.evidence, note, found.value,
            role="set" if held else "free", kind="behaviour",
            holds=self.holds or (self.id,), same_as=same_as if claimed else "",
        )  # fmt: skip
