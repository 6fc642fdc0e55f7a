"""Burden, habituation, stopping: none without drug, closed forms, shares against quadrature."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import ldnsim
from ldnsim.analysis.evidence.probe_kinds import Patient, Stopped
from ldnsim.analysis.trial.simulated import trial_study
from ldnsim.config.run import NO_DRUG, RunSpec
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.mechanisms import tolerability as t
from ldnsim.model import default_model
from ldnsim.runs.few import Measure, run_specs

DEFAULT = {n: p.value for n, p in default_model().parameters.items()}
WEEK = 168.0
shares = st.floats(0.0, 1.0)


def vulnerability(**own: float) -> float:
    names = ("adverse_sensitivity", "post_traumatic_stress", "stress", "reserve", "mast_activation",
             "adverse_trauma", "adverse_stress", "adverse_mast", "adverse_reserve")  # fmt: skip
    healthy = DEFAULT | {"mast_activation": 1.0}
    return t.vulnerability(**{n: own.get(n, healthy[n]) for n in names})


# ---- nothing without drug ---------------------------------------------------------------------


def test_an_untreated_patient_has_no_burden_and_the_background_hazard_exactly() -> None:
    """Of every phenotype, under stress as without, and on placebo."""
    phenotypes = list(shipped().phenotypes)
    specs = [RunSpec.of(regimen=NO_DRUG, phenotype=name) for name in phenotypes]
    specs.append(RunSpec.of(regimen=NO_DRUG, parameters={"post_traumatic_stress": 1.0},
                            changes=[(48.0, "stress", 1.0)]))  # fmt: skip
    specs.append(RunSpec.of(regimen="placebo"))
    asked = [
        Measure(name, kind, 0.0, 2.0 * WEEK)
        for name in ("adverse_burden", "on_drug", "hazard_stopping")
        for kind in ("min", "max")
    ]
    found = run_specs(specs, 2, asked)
    assert not found.status.any()
    assert not found.values[:, :4].any()
    # a polynomial's extremes carry its last digit
    np.testing.assert_allclose(found.values[:, 4:], DEFAULT["hazard_background"], rtol=1e-14)


@given(st.floats(-10.0, 10.0), st.floats(-10.0, 10.0), shares)
def test_what_is_felt_without_drug_is_no_adverse_effect(pain: float, mood: float, w: float) -> None:
    assert t.flare(0.0, pain, 0.0, 0.5) == t.dysphoria(0.0, mood, 0.0, 0.5) == 0.0
    assert t.hazard_futility(0.0, w, pain, 4.0, 1.0, 0.15, 1.0) == 0.0
    assert t.on_drug(0.0, 0.0, 1e-3) == 0.0


# ---- burden -----------------------------------------------------------------------------------


@given(st.floats(-5.0, 5.0), st.floats(0.05, 5.0))
def test_of_a_small_change_little_is_noticed_and_of_an_improvement_nothing(
    change: float, half: float
) -> None:
    found = t.noticed(change, half)
    assert 0.0 <= found <= max(change, 0.0) + 0.025
    assert t.noticed(change + 0.5, half) > found
    assert t.noticed(-1.0, half) < 0.001 < 0.02 < t.noticed(half, half)


def test_of_a_change_at_the_threshold_half_is_noticed() -> None:
    assert t.noticed(0.5, 0.5) == pytest.approx(0.25, rel=0.01)


def test_a_healthy_patient_is_ordinary_and_covariates_add_burden() -> None:
    assert vulnerability() == 1.0
    assert vulnerability(adverse_sensitivity=2.0) == 2.0
    assert vulnerability(post_traumatic_stress=1.0) == 1.0 + DEFAULT["adverse_trauma"]
    set_off = vulnerability(mast_activation=5.0)
    assert set_off == pytest.approx(1.0 + 4.0 * DEFAULT["adverse_mast"], rel=0.02)


@given(shares, shares, shares, shares, shares, shares)
def test_more_stress_and_less_reserve_never_mean_less_burden(
    a: float, b: float, c: float, d: float, e: float, f: float
) -> None:
    (mild, severe), (calm, strained) = sorted((a, b)), sorted((c, d))
    poor, rich = sorted((0.01 + e, 0.01 + f))
    less = vulnerability(post_traumatic_stress=mild, stress=calm, reserve=rich)
    more = vulnerability(post_traumatic_stress=severe, stress=strained, reserve=poor)
    assert 0.0 < less <= more + 1e-12


# ---- hazard -----------------------------------------------------------------------------------


@given(st.floats(0.0, 20.0))
def test_the_hazard_of_adverse_events_grows_with_the_square(burden: float) -> None:
    over = t.hazard_adverse(burden, 1.0, 0.5, 3e-5, 1e-4, 1e-3) - 3e-5
    # relief is no worsening, but for a rounded corner
    assert over == pytest.approx(1e-4 * burden**2, abs=1e-7)


@given(st.floats(0.0, 3.0))
def test_pain_that_is_worse_on_the_drug_drives_away_and_without_it_not(worse: float) -> None:
    over = t.hazard_adverse(0.0, 1.0, -worse, 3e-5, 1e-4, 1e-3) - 3e-5
    # less by the corner that is rounded
    assert 1e-3 * (worse - 0.01) ** 2 <= over + 2e-7 and over <= 1e-3 * worse**2
    assert t.hazard_adverse(0.0, 0.0, -worse, 3e-5, 1e-4, 1e-3) == 3e-5


def test_lack_of_benefit_makes_stop_after_weeks_and_relief_keeps() -> None:
    def hazard(waited: float, relief: float) -> float:
        return t.hazard_futility(1.0, waited, relief, 1e6, 1.0, 0.15, 1.0)

    assert hazard(0.0, 0.0) == 0.0
    assert hazard(1.0, 0.0) == pytest.approx(1.0, abs=0.01)
    assert hazard(1.0, 0.15) == pytest.approx(0.5, abs=0.01)
    assert hazard(1.0, -0.5) == pytest.approx(1.0, abs=0.01)
    assert hazard(0.5, 0.0) == pytest.approx(0.25, abs=0.01)


# ---- a treated patient ------------------------------------------------------------------------

KEPT = ["adverse_burden", "hazard_stopping", "hazard_adverse", "on_drug", "waited", "pain",
        "usual_pain", "mood", "usual_mood", "remembered_pain"]  # fmt: skip


def treated(**more: Any) -> xr.Dataset:
    output = {"every": "15 min", "dtype": "float64", "variables": KEPT, "summaries": "all"}
    return ldnsim.simulate(
        "4.5 mg nightly at 22:00 for 6 wk, then stop for 2 wk", phenotype="fibromyalgia",
        output=output, solver={"rtol": 1e-7}, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run() -> xr.Dataset:
    return treated()


def lagged(time: np.ndarray, x: np.ndarray, start: float, tau: float) -> np.ndarray:
    """The running mean of a course by its integral, straight lines between samples."""
    found = [start]
    for a, b, h in zip(x, x[1:], np.diff(time), strict=False):
        keep = math.exp(-h / tau)
        share = 1.0 - keep
        slope = (b - a) / h
        found.append(found[-1] * keep + a * share + slope * (h - tau * share))
    return np.array(found)


@pytest.mark.parametrize(
    ("state", "of", "tau"),
    [("usual_pain", "pain", "t_usual"), ("usual_mood", "mood", "t_usual"),
     ("remembered_pain", "pain", "t_remembered"), ("waited", "on_drug", "t_patience")],
)  # fmt: skip
def test_what_the_patient_is_used_to_is_the_weighted_past(
    run: xr.Dataset, state: str, of: str, tau: str
) -> None:
    got = run[state].values
    wanted = lagged(run["time"].values, run[of].values, got[0], DEFAULT[tau])
    np.testing.assert_allclose(got, wanted, atol=2e-4)


def test_waiting_begins_with_the_drug_and_ends_after_it(run: xr.Dataset) -> None:
    t_on, after = 22.0, run.sel(time=slice(7 * WEEK + 100.0, None))
    weeks = run.sel(time=slice(100.0, 6 * WEEK))
    closed = 1.0 - np.exp(-(weeks["time"] - t_on) / DEFAULT["t_patience"])
    np.testing.assert_allclose(weeks["waited"], closed, atol=2e-3)
    assert float(after["on_drug"][-1]) < float(weeks["on_drug"].min())


def test_staying_is_what_an_integral_of_the_hazard_leaves(run: xr.Dataset) -> None:
    time, hazard = run["time"].values, run["hazard_stopping"].values
    stop = float(run["night_start"]) + 24.0
    inside = (time >= stop % 24.0) & (time <= stop)
    lost = np.trapezoid(hazard[inside], time[inside])
    assert float(run["staying"]) == pytest.approx(math.exp(-lost), abs=1e-6)
    weeks = (stop - stop % 24.0) / WEEK
    assert float(run["staying_weekly"]) == pytest.approx(math.exp(-lost / weeks), abs=1e-6)
    early = time <= 4 * WEEK
    mean = np.trapezoid(run["adverse_burden"][early], time[early]) / (4 * WEEK)
    assert float(run["early_burden"]) == pytest.approx(mean, rel=1e-3)
    assert float(run["worst_burden"]) == pytest.approx(float(run["adverse_burden"].max()), rel=1e-3)
    kept = -float(run["pain_change"]) * float(run["staying"])
    assert float(run["benefit_with_staying"]) == pytest.approx(kept, abs=1e-12)


def test_summaries_say_which_way_is_better(run: xr.Dataset) -> None:
    said = {n: (run[n].attrs["units"], run[n].attrs["scale"], run[n].attrs["better"])
            for n in ("staying", "staying_weekly", "worst_burden", "early_burden",
                      "benefit_with_staying")}  # fmt: skip
    share, score = ("1", "fraction", "higher"), ("1", "score", "lower")
    assert list(said.values()) == [share, share, score, score, ("1", "NRS 0–10", "higher")]


def test_burden_fades_and_trauma_doubles_it_and_changes_nothing_else(run: xr.Dataset) -> None:
    first, last = (run["adverse_burden"].sel(time=slice(a * WEEK, (a + 1) * WEEK)) for a in (0, 5))
    assert float(last.mean()) < 0.5 * float(first.mean())
    other = treated(patient={"post_traumatic_stress": 1.0})
    np.testing.assert_allclose(other["adverse_burden"], 2.0 * run["adverse_burden"], rtol=1e-9)
    np.testing.assert_array_equal(other["pain"], run["pain"])
    assert float(other["staying"]) < float(run["staying"])


def test_no_drug_leaves_the_background_and_no_benefit() -> None:
    ds = ldnsim.simulate("stop for 4 wk")
    lost = 28 * 24.0 * DEFAULT["hazard_background"]
    assert float(ds["staying"]) == pytest.approx(math.exp(-lost), rel=2e-3)
    assert float(ds["benefit_with_staying"]) == float(ds["worst_burden"]) == 0.0


def test_a_share_of_who_stops_is_of_a_hazard() -> None:
    assert Stopped(stop=9.0).value([0.0], Patient()) == 0.0
    assert Stopped(stop=9.0).value([math.log(2.0)], Patient()) == pytest.approx(50.0)
    own = {"name": "own", "variable": "pain", "reduction": "staying", "window": "run"}
    with pytest.raises(UserError, match=r"staying is of a hazard in 1/h: .*hazard_stopping"):
        ldnsim.simulate("1 mg nightly for 1 wk", output={"summaries": [own]})


def test_of_a_cohort_the_mean_share_stops() -> None:
    """Against the same patients as a study with a population has them."""
    regimen = "6 mg nightly at 22:00, for 2 wk"
    own = {"name": "tolerating", "variable": "hazard_adverse", "reduction": "staying",
           "from": "0 wk", "to": "2 wk"}  # fmt: skip
    trial = trial_study([{"prescription": regimen, "name": "drug"}], 2, "fibromyalgia", 8, 1,
                        output={"summaries": [own]})  # fmt: skip
    lost = 100.0 * (1.0 - trial.run()["tolerating"].sel(regimen="drug"))
    probe = Stopped(observable="hazard_adverse", regimen=regimen, stop=2 * WEEK, size=8,
                    phenotype="fibromyalgia")  # fmt: skip
    assert probe.asks(Patient()) == []
    assert probe.value([], Patient()) == pytest.approx(float(lost.mean()), rel=1e-3)
    assert float(lost.std()) > 0.0


def test_a_study_takes_the_share_of_one_reason(run: xr.Dataset) -> None:
    own = {"name": "tolerating", "variable": "hazard_adverse", "reduction": "staying",
           "from": "0 wk", "to": "6 wk"}  # fmt: skip
    ds = ldnsim.simulate("4.5 mg nightly at 22:00 for 6 wk, then stop for 2 wk",
                         phenotype="fibromyalgia", output={"summaries": [own]})  # fmt: skip
    time = run["time"].values
    inside = time <= 6 * WEEK
    lost = np.trapezoid(run["hazard_adverse"][inside], time[inside])
    assert float(ds["tolerating"]) == pytest.approx(math.exp(-lost), abs=1e-5)
    assert ds["tolerating"].attrs["better"] == "higher"


def test_who_had_no_pain_does_not_wait_for_relief() -> None:
    def hazard(pain: float) -> float:
        return t.hazard_futility(1.0, 1.0, 0.0, pain, 1.0, 0.15, 1.0)

    assert hazard(0.0) == 0.0
    assert hazard(1.0) == pytest.approx(0.5, abs=0.01)
    assert hazard(5.0) > 0.95
