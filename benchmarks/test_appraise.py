"""What it takes to hold the model against evidence: scorecard, claims, population, states."""

from __future__ import annotations

from typing import Any

from ldnsim.analysis import continue_orbit, runs
from ldnsim.analysis.behaviours.record import series
from ldnsim.analysis.claims import judge
from ldnsim.analysis.scorecard import scorecard
from ldnsim.sweep.study import Study


def _forget() -> None:
    """Empty what a process keeps between scorecards, so that every round does the work."""
    runs._ORBITS.clear()
    series.cache_clear()


def test_scorecard_of_the_default(benchmark: Any) -> None:
    checks = benchmark.pedantic(
        scorecard, args=(None, ["dual_pathway"]), setup=_forget, rounds=2
    )
    assert sum(bool(c.passed) for c in checks) > 30


def test_one_claim_with_its_numbers_shaken(benchmark: Any) -> None:
    judged = benchmark.pedantic(judge, args=(["C10"],), setup=_forget, rounds=2)
    assert judged[0].reproduced_by and judged[0].shaken


def test_population_of_64(benchmark: Any) -> None:
    study = Study.build({
        "regimen": "4.5 mg nightly at 22:00, for 2 wk",
        "population": {"size": 64, "scale": 0.5},
        "output": {"trajectories": False, "night": False, "ledger": False},
    }, "benchmark")  # fmt: skip
    ds = benchmark.pedantic(study.run, rounds=2)
    assert ds.sizes["patient"] == 64


def test_branch_through_the_fold(benchmark: Any) -> None:
    branch = benchmark.pedantic(continue_orbit, args=("driver", 0.0, 0.1), rounds=2)
    assert len(branch.folds) == 1
