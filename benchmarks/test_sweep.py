"""Sweeps of 1,000 runs from study to dataset, on one thread."""

from __future__ import annotations

from typing import Any

import numpy as np

from ldnsim.sweep.study import Study

RUNS = 1000
SUMMARIES_ONLY = {"trajectories": False, "night": False, "ledger": False}


def _study(**output: bool) -> Study:
    """40 doses at 25 paces for 14 days in one patient."""
    regimen = "1/4 of target nightly at 22:00, +1/4 of target every 1 d to 4.5 mg, for 14 d"
    dose = {"name": "dose", "field": "regimen.target", "logspace": ["1 ug", "50 mg", 40]}
    pace = {"name": "interval", "field": "regimen.interval", "linspace": ["12 h", "156 h", 25]}
    data = {"regimen": regimen, "axes": [dose, pace], "output": output}
    return Study.build(data, "benchmark")


def _sweep(measure: Any, study: Study) -> None:
    assert len(study.plan()) == RUNS
    # One thread: ratios must not depend on how many cores there are, or share a core in pairs.
    ds = measure(study.run, threads=1, rounds=2)
    assert np.asarray(ds["status"] == 0).all()
    if measure.best is not None:
        measure.note(runs_per_cpu_s=RUNS / measure.best)


def test_sweep_of_1000_runs(measure: Any) -> None:
    """With everything a study keeps by default."""
    _sweep(measure, _study())


def test_sweep_of_1000_runs_summaries_only(measure: Any) -> None:
    _sweep(measure, _study(**SUMMARIES_ONLY))
