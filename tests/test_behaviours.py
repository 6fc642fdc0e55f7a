"""Behaviours that must emerge from the equations with the default parameters."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

from ldnsim.edition import shipped
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.batch import BatchResult, solve
from ldnsim.engine.solve.status import Status
from ldnsim.measure import Measure
from tests.engine.bench import MODEL, dosing, nightly

OBS = MODEL.observable_index
DOSES = (0.0, 0.1, 0.5, 1.5, 3.0, 4.5, 6.0, 50.0)
WEEK = 168.0
NAMES = ["tnf", "pain", "opioid_tone", "analgesic_tone", "beta_endorphin", "met_enkephalin",
         "ogfr_occupancy", "mor_occupancy", "il10", "microglia_m1"]  # fmt: skip


@functools.cache
def half_year_on_half_year_off(**overrides: float) -> dict[str, np.ndarray]:
    """Weekly means (dose, week 2 / week 26 / week 52) after nightly doses for 26 weeks."""
    params, y0, times, amounts = nightly(list(DOSES), 26.0, overrides=dict(overrides))
    weeks = [(1, 2), (25, 26), (51, 52)]
    reductions = [Measure(n, "mean", a * WEEK, b * WEEK) for n in NAMES for a, b in weeks]
    batch = dosing(params, y0, times, amounts, 52 * WEEK, np.empty(0), [], reductions)
    result = solve(MODEL, batch)
    assert np.all(result.status == Status.OK)
    table = result.reductions.reshape(len(DOSES), len(NAMES), 3)
    return {n: table[:, i] for i, n in enumerate(NAMES)}


def at(dose: float) -> int:
    return DOSES.index(dose)


def tipped(table: dict[str, np.ndarray], week: int) -> np.ndarray:
    """Doses at which inflamed cells have fallen below half of the untreated ones."""
    return table["microglia_m1"][:, week] < 0.5 * table["microglia_m1"][0, week]


def one_night(dose: float) -> BatchResult:
    params, y0, times, amounts = nightly([dose], 4.0)
    hours = np.arange(26 * 24.0 + 22.0, 27 * 24.0 + 22.0, 0.25)
    names = ["mor_occupancy", "met_enkephalin", "beta_endorphin"]
    return solve(MODEL, dosing(params, y0, times, amounts, 4 * WEEK, hours, names))


def test_e3_peptides_rebound_after_the_block_and_stay_moderate() -> None:
    occupancy, enkephalin, _ = one_night(4.5).traj[0]
    assert occupancy[8:16].mean() > 0.35  # two to four hours after the dose
    assert occupancy[40:].max() < 0.15  # from ten hours after it
    assert enkephalin[:8].mean() < enkephalin[16:56].mean()
    assert enkephalin.max() > 1.2 and enkephalin[40:].mean() > 1.05
    table = half_year_on_half_year_off()
    for peptide in ("beta_endorphin", "met_enkephalin"):
        # once expression has followed, over weeks; not in the second of them
        assert 1.05 < table[peptide][at(4.5), 1] / table[peptide][0, 1] < 1.6


def test_e4_two_stable_states_and_a_hysteresis_loop() -> None:
    drivers = np.array([0.0, 0.02, 0.05, 0.2, 0.5, 1.0])
    params = np.array([MODEL.parameter_vector({"driver": float(d)}) for d in drivers])
    up = find_orbits(MODEL, params, np.zeros(len(drivers), bool))
    down = find_orbits(MODEL, params, np.ones(len(drivers), bool))
    assert np.all(down.status == Status.OK)  # once inflamed, inflamed at every driver, even none
    resolved = up.status == Status.OK
    assert resolved[:3].all() and not resolved[-2:].any()
    m1 = OBS["microglia_m1"]
    assert np.all(down.mean[resolved, m1] > 2.0 * up.mean[resolved, m1])
    assert np.all(up.spectral_radius[resolved] < 1.0) and np.all(down.spectral_radius < 1.0)


def test_e5_a_threshold_dose_tips_a_stuck_patient_and_the_benefit_outlasts_it() -> None:
    table = half_year_on_half_year_off()
    assert not tipped(table, 1)[[at(0.0), at(0.1), at(0.5)]].any()
    assert tipped(table, 1)[[at(4.5), at(6.0)]].all()
    np.testing.assert_array_equal(tipped(table, 1), tipped(table, 2))
    assert table["pain"][at(4.5), 2] < table["pain"][0, 2] - 0.5


def test_e5_a_patient_whose_driver_persists_relapses_or_does_not_respond() -> None:
    params, y0, times, amounts = nightly([6.0], 52.0, overrides={"driver": 0.0705})
    weeks = [Measure("microglia_m1", "mean", (w - 1) * WEEK, w * WEEK) for w in (52, 104)]
    batch = dosing(params, y0, times, amounts, 104 * WEEK, np.empty(0), [], weeks)
    treated, later = solve(MODEL, batch).reductions[0]
    untreated = find_orbits(MODEL, params, np.array([True])).mean[0, OBS["microglia_m1"]]
    assert treated < 0.5 * untreated and later == pytest.approx(untreated, rel=0.05)
    overridden = half_year_on_half_year_off(driver=0.3)
    assert not tipped(overridden, 1).any()


def test_e6_the_window_closes_at_50_mg_and_the_reason_shows() -> None:
    table = half_year_on_half_year_off()
    assert table["tnf"][at(50.0), 1] == pytest.approx(table["tnf"][0, 1], rel=0.1)  # lost
    assert table["pain"][at(50.0), 1] > table["pain"][0, 1]  # reversed
    low, high = at(4.5), at(50.0)
    assert table["opioid_tone"][low, 1] > 1.05 > 1.0 > table["opioid_tone"][high, 1]
    assert table["analgesic_tone"][high, 1] < 1.0 < table["analgesic_tone"][low, 1]
    assert table["ogfr_occupancy"][high, 1] > 3.0 * table["ogfr_occupancy"][low, 1]
    gained = table["met_enkephalin"][high, 1] / table["met_enkephalin"][low, 1]
    assert gained < 1.3  # peptides near their ceiling while the block went on growing


def test_each_pathway_is_needed_for_what_it_claims() -> None:
    no_drug = half_year_on_half_year_off(coupling_drug=0.0)
    for name in ("tnf", "pain", "opioid_tone"):
        np.testing.assert_allclose(no_drug[name][1:], np.tile(no_drug[name][0], (7, 1)), rtol=1e-6)
    no_rebound = half_year_on_half_year_off(coupling_rebound=0.0)
    assert no_rebound["met_enkephalin"][at(4.5), 0] == pytest.approx(1.0, abs=0.01)
    assert not tipped(no_rebound, 1).any()
    both = half_year_on_half_year_off()
    rebound_only = half_year_on_half_year_off(coupling_tlr4=0.0)
    assert rebound_only["tnf"][at(0.5), 1] > both["tnf"][at(0.5), 1]


def test_duration_of_block_sets_the_sign_on_the_growth_factor_axis() -> None:
    overrides = shipped().hypotheses["ogfr"].overrides
    params, y0, nights, _ = nightly([1.0, 1.0], 12.0, overrides=overrides)
    times = [nights[0], np.arange(4.0, 12 * WEEK, 6.0)]
    amounts = [np.full(len(times[0]), 1.5), np.full(len(times[1]), 1.5 / 4.0)]
    tone = Measure("opioid_tone", "mean", 11 * WEEK, 12 * WEEK)
    level = Measure("tnf", "mean", 11 * WEEK, 12 * WEEK)
    batch = dosing(params, y0, times, amounts, 12 * WEEK, np.empty(0), [], [tone, level])
    (once_tone, once_tnf), (often_tone, often_tnf) = solve(MODEL, batch).reductions
    untreated = find_orbits(MODEL, params[:1], np.array([True])).mean[0]
    assert once_tone > 1.03 * untreated[OBS["opioid_tone"]] and once_tnf < untreated[OBS["tnf"]]
    assert often_tone < untreated[OBS["opioid_tone"]] and often_tnf > untreated[OBS["tnf"]]


def with_modifier(dose: float, **levels: float) -> dict[str, float]:
    """Last-week means after 26 weeks of a nightly dose with modifiers set at time 0."""
    params, y0, times, amounts = nightly([dose], 26.0)
    batch = dosing(params, y0, times, amounts, 26 * WEEK, np.empty(0), [], [
        Measure(n, "mean", 25 * WEEK, 26 * WEEK) for n in (*NAMES, "nk_activity")
    ])  # fmt: skip
    sets = [len(MODEL.states) + MODEL.parameter_index[n] for n in levels]
    batch = dataclasses.replace(
        batch,
        event_offsets=np.array([0, len(times[0]) + len(sets)]),
        event_time=np.concatenate([np.zeros(len(sets)), batch.event_time]),
        event_target=np.concatenate([np.array(sets, np.int64), batch.event_target]),
        event_value=np.concatenate([list(levels.values()), batch.event_value]),
    )
    values = solve(MODEL, batch).reductions[0]
    return dict(zip((*NAMES, "nk_activity"), values, strict=True))


@pytest.mark.parametrize("level", [0.05, 0.2])
def test_exercise_is_no_burden_and_does_not_undo_the_drug(level: float) -> None:
    alone, active = with_modifier(0.0), with_modifier(0.0, exercise=level)
    assert active["opioid_tone"] >= alone["opioid_tone"]
    assert active["beta_endorphin"] > alone["beta_endorphin"]
    assert active["tnf"] <= alone["tnf"] and active["pain"] < alone["pain"]
    treated = with_modifier(4.5, exercise=level)
    # more endorphin is less strain on the sensor: exercise takes a part of what the drug does
    assert treated["microglia_m1"] < 0.7 * alone["microglia_m1"]


def test_nk_activity_rises_a_little_with_the_peptides() -> None:
    untreated, treated = with_modifier(0.0), with_modifier(4.5)
    assert 1.0 < treated["nk_activity"] / untreated["nk_activity"] < 1.3


def dreams(weeks_to_target: int) -> np.ndarray:
    """Highest dream score of each week while 4.5 mg is reached in equal weekly steps."""
    params, y0, times, _ = nightly([4.5], 12.0)
    step = np.minimum(np.floor(times[0] / WEEK) + 1, weeks_to_target)
    amounts = [4.5 * step / weeks_to_target]
    reductions = [Measure("vivid_dreams", "max", w * WEEK, (w + 1) * WEEK) for w in range(12)]
    batch = dosing(params, y0, times, amounts, 12 * WEEK, np.empty(0), [], reductions)
    return solve(MODEL, batch).reductions[0]


def test_e10_dreams_come_early_fade_and_follow_the_pace_of_titration() -> None:
    at_once, three, nine = dreams(1), dreams(3), dreams(9)
    assert at_once.argmax() == 0 and at_once[-1] < 0.25 * at_once[0]
    assert three.argmax() <= 3 and three[-1] < 0.4 * three.max()
    assert at_once.max() > three.max() > nine.max() > 0.0


@pytest.mark.parametrize("milligram", [1e-6, 1e-5, 1e-4, 1e-3])
def test_e13_tiny_doses_occupy_in_proportion(milligram: float) -> None:
    params, y0, _, _ = nightly([1.0], 1.0)
    top = Measure("mor_occupancy", "max", 0.0, 24.0)
    batch = dosing(
        params, y0, [np.array([1.0])], [np.array([milligram])], 24.0, np.empty(0), [], [top]
    )
    occupancy = solve(MODEL, batch).reductions[0, 0]
    assert occupancy == pytest.approx(1.8e-4 * milligram / 1e-3, rel=0.15)  # 0.018 % at 1 ug


def test_e13_microgram_doses_change_nothing_measurable() -> None:
    params, y0, times, _ = nightly([1.0, 1.0], 12.0)
    amounts = [np.zeros(len(times[0])), np.full(len(times[0]), 1e-3)]
    last = Measure("tnf", "mean", 11 * WEEK, 12 * WEEK)
    none, microgram = solve(
        MODEL, dosing(params, y0, times, amounts, 12 * WEEK, np.empty(0), [], [last])
    ).reductions[:, 0]
    assert microgram == pytest.approx(none, rel=2e-3)


def test_pet_occupancies_after_one_dose_are_near() -> None:
    """Rabiner 2011 by Trostheim 2022: 27 %, 43-58 %, 61 %, 92-98 %; the 15 mg value is missed."""
    doses = [2.0, 5.0, 50.0]
    params, y0, _, _ = nightly(doses, 1.0)
    times = [np.array([9.0])] * 3
    top = Measure("mor_occupancy", "max", 9.0, 17.0)
    amounts = [np.array([d]) for d in doses]
    batch = dosing(params, y0, times, amounts, 24.0, np.empty(0), [], [top])
    two, five, fifty = solve(MODEL, batch).reductions[:, 0]
    assert two == pytest.approx(0.27, abs=0.04)
    assert 0.43 <= five <= 0.58
    assert 0.90 <= fifty <= 0.98
