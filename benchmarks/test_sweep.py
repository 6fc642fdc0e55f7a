"""A sweep of 1,000 runs from study to dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

from ldnsim.sweep.study import Study

RUNS = 1000


def _study() -> Study:
    """40 doses at 25 paces for 14 days: summaries only, one patient."""
    regimen = "1/4 of target nightly at 22:00, +1/4 of target every 1 d to 4.5 mg, for 14 d"
    dose = {"name": "dose", "field": "regimen.target", "logspace": ["1 ug", "50 mg", 40]}
    pace = {"name": "interval", "field": "regimen.interval", "linspace": ["12 h", "156 h", 25]}
    output = {"trajectories": False, "night": False, "ledger": False}
    data = {"regimen": regimen, "axes": [dose, pace], "output": output}
    return Study.build(data, "benchmark")


def test_sweep_of_1000_runs(benchmark: Any) -> None:
    study = _study()
    assert len(study.plan()) == RUNS
    ds = benchmark.pedantic(study.run, rounds=2)
    assert np.asarray(ds["status"] == 0).all()
    if benchmark.stats is not None:
        benchmark.extra_info["runs_per_s"] = RUNS / benchmark.stats.stats.min
