"""The integrator: order, events, dense output, reductions, failures, determinism."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ldnsim.engine.solve.batch import Batch, BatchResult, failed, solve
from ldnsim.engine.solve.status import Status
from ldnsim.measure import SOLVED, Measure
from tests.engine.bench import MODEL, compiled, default_orbit, dosing, nightly, tolerances

OBS = MODEL.observable_index
STATES = list(MODEL.states)
SMOOTH = [name for name in STATES if name != "waited"]
"""What is smooth over a step: `waited` counts from the first trace of drug, within seconds."""

AT_ONCE = (
    "peripheral_gain", "mast_tone", "nk_gain", "regulatory_gain", "effector_brake", "healing_tone",
)  # fmt: skip
"""What lets cells of the blood answer the first trace of drug in plasma, within seconds, too."""


def fixed_step(h: float, out_times: np.ndarray) -> np.ndarray:
    """Smooth states after a dose, by Rodas5P in steps of exactly ``h`` (tolerances never bind)."""
    params, y0, _, _ = nightly([1.0], 1.0)
    for name in AT_ONCE:
        params[:, MODEL.parameter_index[name]] = 0.0
    batch = dosing(params, y0, [np.array([0.0])], [np.array([5.0])], 8.0, out_times, SMOOTH)
    loose = dataclasses.replace(
        batch, rtol=1e6, atol=np.full(len(STATES), 1e6), h_start=h, h_max=h, method="rodas5p"
    )
    return solve(MODEL, loose, threads=1).traj[0]


def test_convergence_order_of_a_rodas_step_is_five() -> None:
    end = np.array([8.0])
    reference = fixed_step(1.0 / 512.0, end)
    scale = np.abs(reference) + 1e-3
    errors = [
        np.max(np.abs(fixed_step(h, end) - reference) / scale) for h in (1 / 32, 1 / 64, 1 / 128)
    ]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert orders[0] > 4.0 and orders[1] > 4.5, (errors, orders)


def test_convergence_order_of_its_dense_output_is_four() -> None:
    inside = np.arange(4.0, 8.0, 0.37)
    reference = fixed_step(1.0 / 512.0, inside)
    scale = np.max(np.abs(reference), axis=1, keepdims=True) + 1e-3
    errors = [
        np.max(np.abs(fixed_step(h, inside) - reference) / scale) for h in (1 / 32, 1 / 64, 1 / 128)
    ]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.all(orders > 3.3), (errors, orders)


def week(out_times: np.ndarray, reductions: list[Measure] | None = None, rtol: float = 1e-6,
         doses: tuple[float, ...] = (0.5, 4.5, 50.0)) -> Batch:  # fmt: skip
    params, y0, times, amounts = nightly(list(doses), 1.0)
    return dosing(params, y0, times, amounts, 168.0, out_times, STATES, reductions, rtol)


def test_output_grid_changes_nothing() -> None:
    coarse = solve(MODEL, week(np.arange(0.0, 169.0, 24.0)))
    fine = solve(
        MODEL, week(np.arange(0.0, 168.5, 0.5), [Measure(next(iter(OBS)), "max", 3.0, 50.5)])
    )
    np.testing.assert_array_equal(coarse.final, fine.final)
    np.testing.assert_array_equal(coarse.traj, fine.traj[:, :, ::48])
    np.testing.assert_array_equal(coarse.steps, fine.steps)


def test_a_dose_lands_at_its_time_and_outputs_show_the_moment_before() -> None:
    params, y0, _, _ = nightly([1.0], 1.0)
    dose_time = 10.0 + 1.0 / 7.0
    around = np.array([dose_time, np.nextafter(dose_time, 20.0), dose_time + 1e-3])
    batch = dosing(
        params, y0, [np.array([dose_time])], [np.array([1.0])], 12.0, around, ["gut_fast"]
    )
    gut = solve(MODEL, batch).traj[0, 0]
    amount = batch.event_value[0]
    ka = MODEL.parameters["ka"].value
    assert gut[0] == 0.0
    assert gut[1] == pytest.approx(amount, rel=1e-9)
    assert gut[2] == pytest.approx(amount * np.exp(-ka * 1e-3), rel=1e-9)


def test_a_parameter_set_during_the_run_acts_from_then_on() -> None:
    params, y0, _, _ = nightly([1.0], 1.0)
    batch = Batch(
        params, y0, np.array([0, 1]), np.array([24.0]),
        np.array([len(STATES) + MODEL.parameter_index["factor_tnf"]]), np.array([0.5]), 72.0,
        np.array([24.0, 72.0]), np.array([OBS["tnf"]]), [], 1e-6, tolerances(1e-6),
    )  # fmt: skip
    before, after = solve(MODEL, batch).traj[0, 0]
    assert after < 0.6 * before


def test_reductions_match_the_fine_trajectory() -> None:
    window = (50.0, 119.3)
    occupancy, tnf = "mor_occupancy", "tnf"
    reductions = [
        Measure(tnf, "mean", *window),
        Measure(occupancy, "integral", *window),
        Measure(occupancy, "max", *window),
        Measure(occupancy, "min", *window),
        Measure(occupancy, "hours_above", *window, threshold=0.05),
        Measure(occupancy, "first_above", *window, threshold=0.05),
        Measure(occupancy, "first_below", *window, threshold=0.03),
    ]
    grid = np.linspace(*window, 69_301)
    params, y0, times, amounts = nightly([0.5, 4.5, 50.0], 1.0)
    batch = dosing(params, y0, times, amounts, 168.0, grid, ["mor_occupancy", "tnf"], reductions)
    result = solve(MODEL, batch)
    span = window[1] - window[0]
    for run in range(3):
        occ, level = result.traj[run]
        mean, integral, top, low, hours, rise, fall = result.reductions[run]
        assert mean == pytest.approx(np.trapezoid(level, grid) / span, rel=1e-6)
        assert integral == pytest.approx(np.trapezoid(occ, grid), rel=1e-5)
        assert top == pytest.approx(occ.max(), rel=1e-4)
        assert low == pytest.approx(occ.min(), rel=1e-3)
        assert hours == pytest.approx(np.mean(occ > 0.05) * span, abs=0.01)
        above, below = grid[occ > 0.05], grid[occ < 0.03]
        assert rise == pytest.approx(above[0], abs=0.005)
        assert np.isnan(fall) if not len(below) else fall == pytest.approx(below[0], abs=0.005)


@pytest.mark.parametrize("interval", [6.0, 24.0])
def test_whole_dose_range_solves(interval: float) -> None:
    doses = 10.0 ** np.linspace(-6.0, np.log10(50.0), 16)
    params, y0, _, _ = nightly([1.0] * 16, 1.0)
    times = np.arange(2.0, 14 * 24.0, interval)
    batch = dosing(params, y0, [times] * 16, [np.full(len(times), d) for d in doses], 14 * 24.0,
                   np.arange(0.0, 337.0, 4.0), STATES)  # fmt: skip
    result = solve(MODEL, batch)
    assert np.all(result.status == Status.OK)
    fractions = [i for i, s in enumerate(MODEL.states.values()) if s.upper == 1.0]
    assert np.nanmin(result.traj[:, fractions]) > -1e-6
    assert np.nanmax(result.traj[:, fractions]) < 1.0 + 1e-6
    assert np.all(np.isfinite(result.traj))


def test_very_stiff_binding_solves() -> None:
    params, y0, times, amounts = nightly([50.0] * 3, 1.0)
    for lane, k_off in enumerate((1e2, 1e4, 1e6)):
        for name in ("k_off_mor", "k_off_dor", "k_off_kor", "k_off_ogfr"):
            params[lane, MODEL.parameter_index[name]] = k_off
    names = ["mor_occupancy", "mor_available", "ntx_acting", "naltrexol_acting"]
    batch = dosing(params, y0, times, amounts, 168.0, np.arange(30.0, 168.0), names)
    result = solve(MODEL, batch)
    assert np.all(result.status == Status.OK)
    occupancy, available, parent, metabolite = result.traj[2]
    kd, kd_metabolite = (MODEL.parameters[n].value for n in ("kd_mor", "kd_mor_naltrexol"))
    np.testing.assert_allclose(
        occupancy, (parent / kd + metabolite / kd_metabolite) * available, rtol=1e-4
    )


def test_a_failed_run_has_a_status_and_leaves_its_neighbours_alone() -> None:
    healthy = solve(MODEL, week(np.arange(0.0, 169.0, 24.0), doses=(0.5, 4.5, 50.0)))
    batch = week(np.arange(0.0, 169.0, 24.0), doses=(0.5, 4.5, 50.0))
    batch.params[1, MODEL.parameter_index["kd_mor"]] = 0.0
    result = solve(MODEL, batch)
    assert result.status.tolist() == [Status.OK, Status.NOT_FINITE, Status.OK]
    assert np.all(np.isnan(result.traj[1])) and np.all(np.isnan(result.final[1]))
    np.testing.assert_array_equal(result.traj[[0, 2]], healthy.traj[[0, 2]])
    assert failed(result) == {Status.NOT_FINITE: 1}
    assert "denominator" in Status.NOT_FINITE.advice


def test_running_out_of_steps_is_a_status() -> None:
    batch = dataclasses.replace(week(np.array([168.0])), max_steps=20)
    result = solve(MODEL, batch)
    assert np.all(result.status == Status.TOO_MANY_STEPS)
    assert np.all(np.isnan(result.traj))


def test_output_times_beyond_the_end_are_refused() -> None:
    with pytest.raises(ValueError, match="output times"):
        solve(MODEL, week(np.array([0.0, 200.0])))


def mixed(method: str = "auto") -> Batch:
    """Runs of many doses at scattered times; one has to be given to another method."""
    doses = list(10.0 ** np.linspace(-3, 1.5, 27))
    params, y0, times, amounts = nightly(doses, 1.0)
    params[5, MODEL.parameter_index["q_naltrexol"]] *= 1e4
    rng = np.random.default_rng(5)
    times = [t + rng.uniform(-2.0, 2.0, len(t)) for t in times]
    kinds = [("mean", 0.0), ("max", 0.0), ("hours_above", 1.0), ("first_above", 1.0)]
    numbers = [Measure("tnf", k, 10.0, 100.0, threshold=level) for k, level in kinds]
    batch = dosing(params, y0, times, amounts, 168.0, np.arange(0.0, 169.0, 6.0), STATES, numbers)
    return dataclasses.replace(batch, method=method)


def same(one: BatchResult, other: BatchResult, rows: np.ndarray) -> None:
    """That some runs of one result are, bit by bit, those of another."""
    for f in dataclasses.fields(BatchResult):
        np.testing.assert_array_equal(getattr(one, f.name)[rows], getattr(other, f.name), f.name)


@pytest.mark.parametrize("method", ["auto", "rodas5p"])
def test_a_run_is_the_same_bits_alone_in_any_company_and_for_any_threads(method: str) -> None:
    batch = mixed(method)
    whole = solve(MODEL, batch, threads=1)
    assert (whole.status == Status.OK).all()
    assert set(whole.method.tolist()) == ({0, 1} if method == "auto" else {0})
    rng = np.random.default_rng(1)
    for threads in (1, 2, 3):
        same(whole, solve(MODEL, batch, threads=threads), np.arange(27))
    for size in (1, 2, 8, 9, 20):
        rows = rng.choice(27, size, replace=False)
        same(whole, solve(MODEL, batch.rows(rows), threads=1), rows)
    same(whole, solve(MODEL, batch.rows(np.array([5])), threads=1), np.array([5]))


def test_runs_that_go_together_share_their_steps_with_their_group_alone() -> None:
    batch = dataclasses.replace(mixed(), together=True)
    whole = solve(MODEL, batch, threads=1)
    same(whole, solve(MODEL, batch, threads=2), np.arange(27))
    for first in (0, 8, 16, 24):
        rows = np.arange(first, min(first + 8, 27))
        group = solve(MODEL, batch.rows(rows), threads=1)
        same(whole, group, rows)
        taken = whole.steps[rows][whole.method[rows] == whole.method[first + 1]]
        assert (taken == taken[0]).all()
    apart = solve(MODEL, dataclasses.replace(batch, together=False))
    assert (apart.steps < whole.steps).all()
    np.testing.assert_allclose(apart.traj, whole.traj, rtol=1e-4, atol=1e-5)


def test_copies_that_go_together_differ_by_what_they_differ_in_alone() -> None:
    """Eight equal runs but for a shift of 1e-9: their difference is smooth, not noise of steps."""
    batch = week(np.array([168.0]), doses=(4.5,) * 8, rtol=1e-4)
    batch.params[4:, MODEL.parameter_index["demand_gain"]] *= 1.0 + 1e-9
    found = solve(MODEL, dataclasses.replace(batch, together=True))
    np.testing.assert_array_equal(found.final[0], found.final[3])
    np.testing.assert_array_equal(found.final[4], found.final[7])
    assert 0.0 < np.abs(found.final[4] - found.final[0]).max() < 1e-7


def test_whoever_is_stopped_takes_no_further_runs() -> None:
    batch = mixed().rows(np.tile(np.arange(27), 200))
    seen: list[int] = []

    def stop(done: int) -> None:
        seen.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve(MODEL, batch, threads=2, progress=stop)
    assert seen[0] < len(batch.params)


def test_codes_of_kernels_and_python_agree() -> None:
    k = compiled()
    names = [{"max": "maximum", "min": "minimum"}.get(n, n).upper() for n in SOLVED]
    assert [getattr(k, n) for n in names] == list(range(len(SOLVED)))
    for name in ("OK", "STEP_TOO_SMALL", "TOO_MANY_STEPS", "NOT_FINITE"):
        assert getattr(k, name) == Status[name]


def test_progress_counts_every_run() -> None:
    seen: list[int] = []
    solve(MODEL, week(np.array([168.0])), progress=seen.append)
    assert seen[-1] == 3


def test_plain_python_stepper_gives_the_compiled_answer() -> None:
    from ldnsim.engine.solve.batch import solve_with
    from tests.engine.bench import plain

    params, y0 = default_orbit().y0 * 0 + 0, default_orbit().y0
    params = MODEL.defaults()[None]
    batch = dosing(params, y0, [np.array([0.5])], [np.array([4.5])], 2.0, np.array([1.0, 2.0]),
                   STATES, [Measure("tnf", "mean", 0.0, 2.0)], rtol=1e-4)  # fmt: skip
    fast = solve_with(compiled(), batch, threads=1, index=OBS)
    slow = solve_with(plain(), batch, threads=1, index=OBS)
    np.testing.assert_allclose(slow.traj, fast.traj, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(slow.reductions, fast.reductions, rtol=1e-10)
