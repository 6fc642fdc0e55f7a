"""Sweeps of 1,000 runs from study to dataset, on one thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from reference import cpu_seconds

from ldnsim.patients import untreated
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


def _patients(regimen: str) -> Study:
    """256 patients with another reserve each, for 12 weeks."""
    axis = {"name": "reserve", "field": "parameters.reserve", "linspace": [0.2, 1.0, 256]}
    kept = {"variables": ["pain"], "summaries": ["pain_change"], "night": False}
    return Study.build({"regimen": regimen, "axes": [axis], "output": kept}, "benchmark")


def test_patients_seen_weekly(measure: Any) -> None:
    """Rules that decide at weekly visits; beside it what a fixed ladder costs."""
    rules = "+0.5 mg if burden < 0.2 else hold, -0.5 mg if burden > 0.6"
    guided = _patients(f"0.5 mg nightly, every 1 wk {rules}, to 4.5 mg, for 12 wk")
    ladder = _patients("0.5 mg nightly, +0.5 mg every 1 wk to 4.5 mg, for 12 wk")
    ds = measure(guided.run, threads=1, rounds=2)
    assert np.asarray(ds["status"] == 0).all()
    if measure.best is not None:
        began = cpu_seconds()
        ladder.run(threads=1)
        measure.note(over_fixed=measure.best / (cpu_seconds() - began))


def test_population_of_1000(measure: Any) -> None:
    """Two arms of 12 weeks in the default patient's population, from drawing to dataset."""
    arms = [
        {"name": name, "prescription": f"{name} nightly at 22:00, for 12 wk"}
        for name in ("placebo", "4.5 mg")
    ]
    kept = {"variables": ["pain"], "summaries": ["pain_change"], "night": False}
    data = {"seed": 3, "regimens": arms, "population": {"size": RUNS}, "output": kept}
    study = Study.build(data, "benchmark")

    def whole() -> Any:
        untreated._SOLVED.clear()  # as in a process of its own
        return study.run(threads=1)

    ds = measure(whole, rounds=2)
    assert np.asarray(ds["status"] == 0).all() and ds.sizes["patient"] == RUNS
    if measure.best is not None:
        measure.note(patients_per_cpu_s=RUNS / measure.best)
