"""The engine alone: right-hand side, one run, the untreated orbit."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ldnsim.engine.generate.kernels import load_kernels
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.model import default_model
from ldnsim.patients import draws
from ldnsim.patients.people import varied, vary
from ldnsim.patients.vectors import own_parameters
from ldnsim.runs.job import Job
from ldnsim.runs.task import solve_task
from ldnsim.sweep.study import Study

LANES = 8
CALLS = 50_000


def _workspace(kernels: Any) -> np.ndarray:
    """A workspace with default parameters and the resting state in all lanes."""
    model = default_model()
    w = np.zeros(kernels.SIZE)
    for at, values in (
        (kernels.AT_PARAMETERS, model.defaults()),
        (kernels.AT_POINT, model.start(True)),
    ):
        w[at : at + len(values) * LANES] = np.repeat(values, LANES)
    return w


def test_right_hand_side(measure: Any) -> None:
    kernels = load_kernels(default_model())
    setup, tick, rhs = kernels.setup, kernels.tick, kernels.rhs
    w, moment = _workspace(kernels), kernels.AT_MOMENT

    @numba.njit
    def many(w: np.ndarray, n: int) -> None:
        setup(w)
        for i in range(n):
            w[moment] = 1.0 * i
            tick(w)
            rhs(w)

    many(w, 1)
    measure(many, w, CALLS, rounds=15)
    assert np.isfinite(w).all()
    if measure.best is not None:
        measure.note(ns_per_lane=1e9 * measure.best / CALLS / LANES)


def test_one_run_of_84_days(measure: Any) -> None:
    """4.5 mg nightly, keeping what a study keeps by default; the untreated state is known."""
    study = Study.build({"regimen": "4.5 mg nightly at 22:00, for 84 d"}, "benchmark")
    task = Job(study.plan(), threads=1).task(0, LANES)
    solved = measure(solve_task, task, 1, rounds=5, warmup=1)
    assert solved.status.tolist() == [0]
    measure.note(steps=int(solved.steps[0]))


def test_untreated_orbits_of_8_patients(measure: Any) -> None:
    model = default_model()
    params = np.repeat(model.defaults()[None, :], LANES, axis=0)
    params[:, model.parameter_index["driver"]] *= np.linspace(0.5, 1.5, LANES)
    inflamed = np.ones(LANES, dtype=bool)
    orbits = measure(find_orbits, model, params, inflamed, 1, rounds=5, warmup=1)
    assert (orbits.status == 0).any()


def test_untreated_orbits_of_256_candidates(measure: Any) -> None:
    """Of the default patient at full spread: about a quarter have none in the basin."""
    study = Study.build({"seed": 3, "regimen": "placebo", "population": {"size": 256}}, "benchmark")
    settings, reference = study.population, study.plan().runs.start
    assert settings is not None
    model, n = reference.edition.model, settings.size
    names = varied(model, settings)
    u = np.stack([draws.quantiles("sobol", study.seed, name, n, n) for name in names], axis=1)
    params = vary(model, settings, names, np.tile(own_parameters(reference), (n, 1)), u)
    orbits = measure(find_orbits, model, params, np.ones(n, bool), 1, rounds=3, warmup=1)
    found = int((orbits.status == 0).sum())
    assert n / 2 < found < n
    if measure.best is not None:
        measure.note(accepted_per_cpu_s=found / measure.best)
