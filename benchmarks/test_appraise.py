"""What it takes to hold the model against evidence: scorecard, claims, states."""

from __future__ import annotations

from typing import Any

from ldnsim.analysis import continue_orbit
from ldnsim.analysis.behaviours.scorecard import scorecard
from ldnsim.analysis.claims import judge
from ldnsim.analysis.judged.doses import series_of, thresholds_of
from ldnsim.analysis.trial import cohort
from ldnsim.patients import untreated


def _forget() -> None:
    """Empty what a process keeps between scorecards, so that every round does the work."""
    untreated._SOLVED.clear()
    for kept in (series_of, thresholds_of, cohort.people, cohort.cohort):
        kept.cache_clear()


def test_scorecard_of_the_default(measure: Any) -> None:
    checks = measure(scorecard, None, ["dual_pathway"], setup=_forget, rounds=1)
    assert sum(bool(c.passed) for c in checks) > 30


def test_one_claim_with_its_numbers_shaken(measure: Any) -> None:
    judged = measure(judge, ["C10"], setup=_forget, rounds=3)
    assert judged[0].reproduced_by and judged[0].shaken


def test_branch_through_the_fold(measure: Any) -> None:
    branch = measure(continue_orbit, "driver", 0.0, 0.1, rounds=2)
    assert len(branch.folds) == 1
