"""A value that is not finite is a failed run with advice, wherever in the run it arises."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import ldnsim
from ldnsim import Study
from ldnsim.config.blocks import Change
from ldnsim.engine.solve.batch import Batch, solve
from ldnsim.engine.solve.status import Method, Status
from ldnsim.errors import UserError
from ldnsim.measure import Measure
from ldnsim.model import default_model
from ldnsim.runs.derivatives import _asymmetry

MODEL = default_model()


def simulate(factor: float, parameter: str = "adverse_sensitivity", **more: Any) -> Any:
    change = {"at": "0 h", "parameter": parameter, "factor": factor}
    return ldnsim.simulate("1 mg nightly at 22:00, for 3 d", changes=[change], **more)


def simulate_unchecked(factor: float, parameter: str = "adverse_sensitivity", **more: Any) -> Any:
    """Run with a factor that a study file may not hold, past the checks of what is written."""
    change = Change.model_construct(at=0.0, parameter=parameter, value=None, factor=factor)
    study = Study.build({"regimen": "1 mg nightly at 22:00, for 3 d", **more})
    return study.model_copy(update={"changes": (change,)}).run()


@pytest.mark.parametrize("parameter", ["adverse_sensitivity", "autoimmunity"])
def test_an_overflow_outside_of_the_states_is_a_failed_run(parameter: str) -> None:
    with pytest.raises(UserError, match="no quantity is that size"):
        simulate(1e308, parameter)
    ds = simulate_unchecked(1e308, parameter)
    assert ds["status"].item() == Status.NOT_FINITE
    assert "huge" in Status.NOT_FINITE.advice
    assert np.isnan(ds["hours_blocked"].item())
    assert np.isnan(ds["mood"].values).all()


def test_a_patient_who_overflows_untreated_is_told_so_too() -> None:
    study = Study.build({"regimen": "1 mg nightly for 2 d"})
    wild = study.patient.model_copy(update={"parameters": {"nociception": 1.7e308}})
    ds = study.model_copy(update={"patient": wild}).run()
    assert ds["status"].item() == Status.NOT_FINITE
    assert np.isnan(ds["orbit_residual"].item())


def test_a_summary_that_is_missing_by_definition_fails_nothing() -> None:
    ds = simulate(1.0)
    assert ds["status"].item() == Status.OK
    assert np.isnan(ds["time_to_response"].item())
    assert np.isfinite(ds["mood"].values).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_stored_is_finite_or_failed(dtype: str) -> None:
    """The largest float32 is 3e38, and the largest float64 1.8e308."""
    for factor in (1e25, 1e45, 1e98, 1e200, 1e308):
        run = simulate if factor < 1e99 else simulate_unchecked
        ds = run(factor, output={"dtype": dtype, "variables": "all"})
        kept = [v.values for v in ds.data_vars.values() if "time" in v.dims]
        assert ds["status"].item() != 0 or all(np.isfinite(v).all() for v in kept)


def batch(reductions: list[Measure], n: int = 3, wild: int = 1) -> Batch:
    params = np.tile(MODEL.defaults(), (n, 1))
    params[wild, MODEL.parameter_index["adverse_sensitivity"]] = 1.7e308
    y0 = np.tile(MODEL.start(True), (n, 1))
    y0[:, MODEL.state_index["mood"]] = 0.5
    return Batch(
        params, y0, np.zeros(n + 1, np.int64), np.empty(0), np.empty(0, np.int64), np.empty(0),
        24.0, np.array([0.0, 24.0]), np.array([MODEL.observable_index["pain"]]), reductions,
        atol=np.full(y0.shape[1], 1e-9),
    )  # fmt: skip


def not_finite_here(name: str, b: Batch) -> bool:
    whole = dataclasses.replace(b, out_obs=np.array([MODEL.observable_index[name]]))
    return bool(solve(MODEL, whole, threads=1).status[1] == Status.NOT_FINITE)


def test_every_kind_of_reduction_tells_a_value_that_is_not_finite() -> None:
    quantities = [n for n in MODEL.observables if n not in MODEL.state_index]
    wild = next(n for n in quantities if not_finite_here(n, batch([])))
    for kind in ("mean", "integral", "max", "min", "hours_above", "first_below", "first_above"):
        found = solve(MODEL, batch([Measure(wild, kind, 0.0, 24.0, 0.5)]), threads=1)
        assert list(found.status) == [Status.OK, Status.NOT_FINITE, Status.OK], kind
        assert found.reductions.shape == (3, 1)
        assert np.isnan(found.reductions[1]).all()
        assert np.isnan(found.traj[1]).all()
        assert found.method[1] != Method.NONE


def test_windows_outside_of_the_run_and_empty_ones_fail_nothing() -> None:
    outside = [Measure("pain", k, 30.0, 40.0) for k in ("mean", "max", "first_above")]
    empty = [Measure("pain", k, 5.0, 5.0) for k in ("mean", "min")]
    found = solve(MODEL, batch(outside + empty, wild=2), threads=1)
    assert list(found.status[:2]) == [Status.OK, Status.OK]


def test_neighbours_and_other_reductions_are_the_same_bits() -> None:
    few = [Measure("pain", "mean", 0.0, 24.0)]
    more = [*few, Measure("mood", "max", 3.0, 20.0)]
    one, two = solve(MODEL, batch(few), threads=1), solve(MODEL, batch(more), threads=1)
    np.testing.assert_array_equal(one.reductions[:, 0], two.reductions[:, 0])
    np.testing.assert_array_equal(one.final[[0, 2]], two.final[[0, 2]])


def test_no_factor_leaves_the_bounds_of_a_parameter() -> None:
    with pytest.raises(UserError, match=r"changes\[1\].factor = -1"):
        simulate(-1.0)
    with pytest.raises(UserError, match=r"changes\[1\].factor = 2: .*coupling_tlr4"):
        simulate(2.0, "coupling_tlr4")


def test_asymmetry_of_slopes_that_cancel_is_missing() -> None:
    up, down = np.array([0.0, 1.0, 2.0, 1.0]), np.array([0.0, 1.0, -2.0, -3.0])
    np.testing.assert_array_equal(_asymmetry(up, down), [0.0, np.nan, 0.0, 0.5])
