"""The studies of the large sweeps, and what is told of one, at a small size."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ldnsim.sweep.study import Study

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import million


@pytest.mark.parametrize("size", [8, 30_000])
@pytest.mark.parametrize("of", [million.runs, million.patients])
def test_the_studies_have_as_many_runs_as_are_asked_for(of: object, size: int) -> None:
    assert callable(of)
    plan = Study.loads(of(size, 3)).plan()
    assert len(plan) == size and plan.end == 72.0
    assert not plan.study.output.trajectories


def test_a_sweep_is_measured_in_a_process_of_its_own() -> None:
    cost = million.measured(million.runs(8, 1), 1)
    assert cost.memory > 50 << 20 and 0.0 < cost.store < 50 << 20
    assert cost.processor > 0.0 and cost.clock > 0.0
    line = million.row("8 runs", 1, cost)
    assert line.startswith("| 8 runs | 1 | 0 min ") and line.count("|") == 7


def test_a_sweep_that_is_refused_ends_it(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="ended with status"):
        million.measured("nonsense = 1", 1)
    assert "nonsense" in capfd.readouterr().err
