"""The untreated patient: periodic orbits, basins, failures as statuses."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from ldnsim.engine.rhythm import search
from ldnsim.engine.rhythm.orbit import Orbits, basins, find_orbits
from ldnsim.engine.rhythm.shifted import untreated_slopes
from ldnsim.engine.solve.batch import solve
from ldnsim.engine.solve.status import Status
from ldnsim.mechanisms.record import Mechanism, Switch
from ldnsim.model import assemble
from tests.engine.bench import MODEL, dosing, random_parameters

OBS = MODEL.observable_index
BOTH = np.array([True, False])


def patient(**overrides: float) -> np.ndarray:
    return np.tile(MODEL.parameter_vector(overrides), (2, 1))


def test_both_basins_repeat_themselves_day_after_day() -> None:
    orbits = find_orbits(MODEL, patient(), BOTH)
    assert orbits.status.tolist() == [Status.OK, Status.OK]
    assert np.all(orbits.residual < 1e-8) and np.all(orbits.spectral_radius < 1.0)
    states = list(MODEL.states)
    days = np.arange(0.0, 241.0, 24.0)
    nothing = [np.empty(0)] * 2
    run = solve(
        MODEL, dosing(patient(), orbits.y0, nothing, nothing, 240.0, days, states, rtol=1e-9)
    )
    drift = np.abs(run.traj - orbits.y0[:, :, None]) / (1.0 + np.abs(orbits.y0[:, :, None]))
    assert drift.max() < 1e-6
    assert orbits.y0[0, MODEL.state_index["microglia_m1"]] > 0.2
    assert orbits.y0[1, MODEL.state_index["microglia_m1"]] < 0.1


def test_the_rhythm_is_that_of_the_evidence() -> None:
    orbits = find_orbits(MODEL, patient(), BOTH)
    hours = np.arange(0.0, 24.0, 0.25)
    nothing = [np.empty(0)] * 2
    names = ["beta_endorphin", "met_enkephalin"]
    run = solve(MODEL, dosing(patient(), orbits.y0, nothing, nothing, 24.0, hours, names))
    endorphin, enkephalin = run.traj[1]
    assert 10.0 < hours[endorphin.argmax()] < 15.0  # acrophase of release 10:43, then the lag
    swing = (endorphin.max() - endorphin.min()) / 2.0 / endorphin.mean()
    assert swing == pytest.approx(0.21, abs=0.03)
    assert np.ptp(enkephalin) < 0.05 * enkephalin.mean()


def test_mean_over_the_day_equals_the_trajectory_mean() -> None:
    orbits = find_orbits(MODEL, patient(), BOTH)
    hours = np.linspace(0.0, 24.0, 4801)
    nothing = [np.empty(0)] * 2
    names = list(MODEL.observables)
    run = solve(
        MODEL, dosing(patient(), orbits.y0, nothing, nothing, 24.0, hours, names, rtol=1e-8)
    )
    mean = np.trapezoid(run.traj, hours, axis=2) / 24.0
    np.testing.assert_allclose(orbits.mean, mean, rtol=1e-6, atol=1e-9)


def test_a_patient_with_one_state_only_says_so() -> None:
    no_autocrine = find_orbits(MODEL, patient(activation_priming=0.0), BOTH)
    assert no_autocrine.status.tolist() == [Status.NO_SUCH_BASIN, Status.OK]
    flooded = find_orbits(MODEL, patient(driver=1.0), BOTH)
    assert flooded.status.tolist() == [Status.OK, Status.NO_SUCH_BASIN]
    assert np.all(np.isnan(flooded.y0[1]))
    assert "basin" in Status.NO_SUCH_BASIN.advice


def test_equations_that_break_down_are_a_status_not_a_crash() -> None:
    broken = find_orbits(MODEL, patient(k_tnf=0.0, t_half_pain=0.1, tnf_from_m1=1e9), BOTH)
    assert np.all(broken.status != Status.OK)
    assert np.all(np.isnan(broken.y0))


def test_random_patients_are_found_or_reported() -> None:
    params = random_parameters(np.random.default_rng(3), 40, most=0.3)
    orbits = find_orbits(MODEL, params, np.arange(40) % 2 == 0)
    good = orbits.status == Status.OK
    assert good.sum() >= 20
    assert set(orbits.status[~good]) <= {Status.NO_ORBIT, Status.NO_SUCH_BASIN}
    assert np.all(orbits.residual[good] < 1e-8)
    assert np.all(np.isnan(orbits.y0[~good]))


def test_threads_do_not_change_an_orbit() -> None:
    params = random_parameters(np.random.default_rng(8), 10, most=0.2)
    flags = np.arange(10) % 2 == 0
    one, two = (
        find_orbits(MODEL, params, flags, threads=1),
        find_orbits(MODEL, params, flags, threads=2),
    )
    np.testing.assert_array_equal(one.y0, two.y0)
    np.testing.assert_array_equal(one.mean, two.mean)


def test_a_state_a_hair_below_zero_does_not_hide_the_orbit() -> None:
    """Of a patient whose pain rests just below zero, as smoothed equations make states do."""
    own = patient()
    own[:, MODEL.parameter_index["nociception"]] = -1e-6  # no study may set that
    own[:, MODEL.parameter_index["activity_pain"]] = 0.0
    orbits = find_orbits(MODEL, own, BOTH)
    assert orbits.status.tolist() == [Status.OK, Status.OK]
    assert np.all(orbits.residual < 1e-8)
    pain = orbits.y0[:, MODEL.state_index["pain"]]
    assert np.all((pain > -1e-4) & (pain < 0.0))


def test_which_basin_an_orbit_lies_in_is_the_models_to_say() -> None:
    m = Mechanism("pool", "a pool")
    m.parameter("size", 1.0, "1", "size")

    @m.state("1", "level")
    def level(level: float, size: float) -> float:
        return size - level

    params, mean = np.array([[1.0], [1.0], [4.0]]), np.array([[1.9, 0.0], [2.1, 0.0], [2.1, 0.0]])
    asked = np.array([True, False, True])
    assert basins(assemble([m]), params, mean, asked).tolist() == [True, False, True]
    m.inflamed = Switch("level", "size", 2.0)
    assert basins(assemble([m]), params, mean, asked).tolist() == [False, True, False]


def test_an_orbit_is_the_same_bits_alone_in_any_order_and_in_any_company() -> None:
    rng = np.random.default_rng(21)
    params, flags = random_parameters(rng, 24, most=0.5), rng.random(24) < 0.5
    all_ = find_orbits(MODEL, params, flags)
    assert {Status.OK, Status.NO_SUCH_BASIN} <= set(all_.status.tolist())
    order = rng.permutation(24)
    turned = find_orbits(MODEL, params[order], flags[order])
    for f in fields(Orbits):
        np.testing.assert_array_equal(getattr(turned, f.name), getattr(all_, f.name)[order])
    # who was led there, who had to settle, and who has none
    for k in (int(np.argmin(all_.iterations)), int(np.argmax(all_.iterations)), 5):
        one = find_orbits(MODEL, params[[k]], flags[[k]])
        for f in fields(Orbits):
            np.testing.assert_array_equal(getattr(one, f.name)[0], getattr(all_, f.name)[k])


def test_what_is_accepted_attracts_by_the_whole_exact_matrix() -> None:
    rng = np.random.default_rng(33)
    params, flags = random_parameters(rng, 40, most=0.4), rng.random(40) < 0.5
    found = find_orbits(MODEL, params, flags)
    good = np.flatnonzero(found.status == Status.OK)
    assert len(good) > 20
    whole = untreated_slopes(MODEL, params[good], found.y0[good], None)
    radius = np.abs(np.linalg.eigvals(whole)).max(axis=1)
    assert np.all(radius < 1.0)
    np.testing.assert_allclose(found.spectral_radius[good], radius, rtol=0.0, atol=1e-3)


def test_where_the_default_patient_has_no_orbit_the_same_ones_are_found_by_settling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    params, flags = random_parameters(np.random.default_rng(3), 16, most=0.3), np.arange(16) < 8
    led = find_orbits(MODEL, params, flags)
    monkeypatch.setattr(search, "beginning", lambda *_: None)
    settled = find_orbits(MODEL, params, flags)
    good = np.flatnonzero(led.status == Status.OK)
    assert len(good) >= 8 and np.all(settled.status[good] == Status.OK)
    assert np.all((led.status == Status.OK) == (settled.status == Status.OK))
    np.testing.assert_allclose(led.y0[good], settled.y0[good], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(led.mean[good], settled.mean[good], rtol=1e-6, atol=1e-7)


def test_a_state_that_never_moves_back_is_seen_though_it_forgets_in_the_default_patient() -> None:
    still = find_orbits(MODEL, patient(k_tnf=0.0), BOTH)
    assert np.all(still.status != Status.OK)
