"""The engine alone: right-hand side, one run, the untreated orbit."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ldnsim.engine.kernels import load_kernels
from ldnsim.engine.orbit import find_orbits
from ldnsim.model import default_model
from ldnsim.sweep.job import Job
from ldnsim.sweep.study import Study
from ldnsim.sweep.task import solve_task

LANES = 8
CALLS = 20_000


def _workspace(kernels: Any) -> np.ndarray:
    """A workspace with default parameters and the resting state in all lanes."""
    model = default_model()
    w = np.zeros(kernels.SIZE)
    for at, values in ((kernels.AT_P, model.defaults()), (kernels.AT_T, model.start(True))):
        w[at : at + len(values) * LANES] = np.repeat(values, LANES)
    return w


def test_right_hand_side(benchmark: Any) -> None:
    kernels = load_kernels(default_model())
    setup, rhs = kernels.setup, kernels.rhs
    w = _workspace(kernels)

    @numba.njit
    def many(w: np.ndarray, n: int) -> None:
        setup(w)
        for i in range(n):
            rhs(w, 1.0 / (1.0 + i), 0.5)

    many(w, 1)
    benchmark.pedantic(many, args=(w, CALLS), rounds=10)
    assert np.isfinite(w).all()
    if benchmark.stats is not None:
        per_lane = benchmark.stats.stats.min / CALLS / LANES
        benchmark.extra_info["ns_per_lane"] = 1e9 * per_lane


def test_one_run_of_84_days(benchmark: Any) -> None:
    """4.5 mg nightly, keeping what a study keeps by default; the untreated state is known."""
    study = Study.build({"regimen": "4.5 mg nightly at 22:00, for 84 d"}, "benchmark")
    job = Job(study.plan(), threads=1)
    task = job.task(0, LANES)
    solved = benchmark.pedantic(solve_task, args=(task, 1), rounds=5, warmup_rounds=1)
    assert solved.status.tolist() == [0]
    benchmark.extra_info["steps"] = int(solved.steps[0])


def test_orbits_of_8_patients(benchmark: Any) -> None:
    model = default_model()
    params = np.repeat(model.defaults()[None, :], LANES, axis=0)
    params[:, model.parameter_index["driver"]] *= np.linspace(0.5, 1.5, LANES)
    inflamed = np.ones(LANES, dtype=bool)
    orbits = benchmark.pedantic(find_orbits, args=(params, inflamed, 1), rounds=3, warmup_rounds=1)
    assert (orbits.status == 0).any()
