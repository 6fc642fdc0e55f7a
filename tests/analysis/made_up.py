"""Made-up courses for rules of claims: what a rule says can be chosen, without a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType

import numpy as np
import pytest

from ldnsim.analysis.judged.course import Course
from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.config.run import RunSpec

ONE = [Setting("dual_pathway")]
Rest = Mapping[str, float | Sequence[float]]
Later = Callable[[str, int, int], float]
Rule = Callable[[Sequence[Setting]], Iterable[Found]]


def faked(
    monkeypatch: pytest.MonkeyPatch, room: ModuleType, rest: Rest, later: Later
) -> list[RunSpec]:
    """Let a rule see made-up weeks; return the runs that it asks for, as they come.

    Args:
        monkeypatch: of the test.
        room: module of the rule.
        rest: untreated means by variable, one for all runs or one for each.
        later: mean of a variable in a run (by its place) and a week.
    """
    asked: list[RunSpec] = []

    def courses(
        settings: Sequence[Setting], runs: Sequence[RunSpec], names: Sequence[str],
        weeks: Sequence[int],
    ) -> Course:  # fmt: skip
        asked[:] = [settings[0].put(r) for r in runs]
        untreated = {n: np.broadcast_to(rest[n], (1, len(runs))).astype(float) for n in names}
        means = {
            n: np.array([[[later(n, r, w) for w in weeks] for r in range(len(runs))]])
            for n in names
        }
        return Course(tuple(weeks), means, untreated)

    monkeypatch.setattr(room, "courses", courses)
    return asked


def only(rule: Rule) -> Found:
    """Return what a rule finds under one setting."""
    (found,) = rule(ONE)
    return found
