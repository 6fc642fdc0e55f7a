"""Weighted patients: closed forms of weights, shares and intervals, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ldnsim.analysis.trial import simulated as trial
from ldnsim.analysis.trial.rows import Group, row
from ldnsim.catalog.populations import read_populations
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.patients.balance import balance, misses
from ldnsim.patients.matched import EXACT, NOT_MET, WITHIN, floor_of, match
from ldnsim.plots.people import over_patients, weighted_to
from ldnsim.results.weighted import weighted_mean, weighted_share
from ldnsim.weighing import deviation, effective, mean, quantile, sample_deviation, wilson
from tests.analysis.test_trial import made_up

NORMAL = stats.norm.ppf((np.arange(4096) + 0.5) / 4096)


# ---- weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [-0.7, 0.0, 0.5])
def test_a_normal_sample_is_tilted_exponentially(shift: float) -> None:
    """N(0, 1) becomes N(shift, 1) by exp(shift x), and exp(-shift^2) of the patients remain."""
    found = balance(
        NORMAL[:, None], np.array([shift]), np.array([1.0]), np.array([100.0]), least=12.0
    )
    exact = np.exp(shift * NORMAL)
    assert found.exact and found.widened == 1.0
    np.testing.assert_allclose(found.weights, exact / exact.sum(), rtol=0.04)
    assert found.effective / len(NORMAL) == pytest.approx(np.exp(-(shift**2)), rel=1e-3)


def test_a_narrower_normal_is_tilted_by_the_difference_of_precisions() -> None:
    found = balance(NORMAL[:, None], np.zeros(1), np.array([0.8]), np.array([100.0]), 12.0)
    exact = np.exp(-0.5 * NORMAL**2 * (1.0 / 0.8**2 - 1.0))
    np.testing.assert_allclose(found.weights, exact / exact.sum(), rtol=0.02)


samples = st.integers(0, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(samples, st.integers(1, 3), st.floats(-0.4, 0.4), st.floats(0.8, 1.1))
def test_weights_are_positive_sum_to_one_and_meet_what_can_be_met(
    seed: int, k: int, shift: float, wide: float
) -> None:
    x = np.random.default_rng(seed).normal(size=(300, k))
    m, sd = x.mean(axis=0) + shift * x.std(axis=0), wide * x.std(axis=0)
    found = balance(x, m, sd, np.full(k, 50.0), 12.0)
    w = found.weights
    assert (w > 0.0).all() and w.sum() == pytest.approx(1.0)
    assert found.effective == pytest.approx(1.0 / (w**2).sum()) and found.exact
    for j in range(k):
        assert mean(x[:, j], w) == pytest.approx(m[j], abs=1e-5)
        assert deviation(x[:, j], w) == pytest.approx(sd[j], abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(samples, st.floats(-6.0, 6.0))
def test_who_is_first_does_not_matter_and_the_same_gives_the_same_bits(
    seed: int, wanted: float
) -> None:
    rng = np.random.default_rng(seed)
    x, order = rng.normal(size=(60, 2)), rng.permutation(60)
    args = (np.array([wanted, 0.2]), np.ones(2), np.full(2, 30.0), 12.0)
    one = balance(x, *args)
    np.testing.assert_allclose(balance(x[order], *args).weights, one.weights[order], atol=1e-6)
    assert balance(x.copy(), *args).weights.tobytes() == one.weights.tobytes()
    assert one.effective >= 12.0 - 1e-6, "the floor holds whatever is asked for"


def test_what_cannot_be_met_is_met_as_far_as_the_published_errors_ask() -> None:
    x = np.random.default_rng(0).normal(size=(400, 1))
    near, far = (balance(x, np.array([9.0]), np.ones(1), np.array([n]), 2.0) for n in (500.0, 5.0))
    assert not near.exact and near.weights.min() >= 0.0
    z = np.concatenate([x - 9.0, (x - 9.0) ** 2 - 1.0], axis=1)
    assert misses(z, near.weights)[0] <= misses(z, far.weights)[0] + 1e-6
    floor = balance(x, np.array([9.0]), np.ones(1), np.array([500.0]), 100.0)
    assert floor.widened > 1.0 and floor.effective == pytest.approx(100.0, rel=1e-3)


# ---- to a published population ----------------------------------------------------------------


def sample(shift: float, n: int = 96) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    pain, other = rng.normal(size=(2, n))
    fatigue = 0.5 * pain + np.sqrt(0.75) * other
    return {
        "pain": 6.83 + 1.19 * (pain - shift), "fatigue": 5.88 + 1.63 * (fatigue - shift),
        "mood": 5.0 + rng.normal(size=n),
    }  # fmt: skip


def test_the_status_says_how_well_a_population_is_represented() -> None:
    published = shipped().populations["fibromyalgia"]
    good = match(published, sample(0.3), "fibromyalgia", None)
    assert (good.status, good.advice) == (EXACT, "") and good.effective > 40.0
    assert [r.use for r in good.reached] == ["match", "match", "compare"]
    assert all(abs(r.mean_off) < 1e-3 for r in good.reached[:2])
    some = match(published, sample(1.2), "fibromyalgia", 30.0)
    assert some.effective >= 30.0 - 1e-6 and some.status in (WITHIN, NOT_MET)
    bad = match(published, sample(4.0), "fibromyalgia", None)
    assert bad.status == NOT_MET and bad.effective >= bad.least - 1e-6
    for part in ("cannot represent fibromyalgia", "at 12 effective", "pain: published 6.83 (1.19)",
                 "above all patients drawn", "from ", "population.size"):  # fmt: skip
        assert part in bad.advice
    other = match(published, sample(0.3), "long_covid", None)
    assert "of the phenotype fibromyalgia" in other.advice and other.status == EXACT


def test_the_floor_is_a_rule_or_what_the_study_says() -> None:
    assert [floor_of(n, None) for n in (2, 20, 96, 1000)] == [1.0, 10.0, 12.0, 100.0]
    assert floor_of(50, 30.0) == 30.0


def test_scales_are_mapped_as_they_say() -> None:
    found = shipped().populations["fibromyalgia"].baselines
    assert (found["pain"].mean, found["pain"].sd) == pytest.approx((6.83, 1.19))
    assert (found["fatigue"].mean, found["fatigue"].sd) == pytest.approx((5.875, 1.625))
    assert (found["mood"].mean, found["mood"].sd) == pytest.approx((10 - 141 / 63, 95 / 63))
    assert found["mood"].use == "compare"
    for p in shipped().populations.values():
        assert p.sources and p.matched()


ENTRY = """
[own]
title = "Own"
phenotype = "default"
participants = 20
note = "Seen [irwin2024]."
[own.baselines.pain]
instrument = "x"
mean = 5.0
sd = 1.0
scale = [0, 10]
onto = [0, 10]
use = "match"
grade = "assumed"
mapping = "x"
note = "x"
"""
WRONG = {
    "variable": ("baselines.pain]", "baselines.pian]", "'pian' is not a variable.*'pain'"),
    "phenotype": ('"default"', '"defalt"', "own.phenotype: 'defalt'.*did you mean 'default'"),
    "participants": ("= 20", "= 1.5", "own.participants: 1.5: expected a whole number"),
    "outside": ("mean = 5.0", "mean = 50.0", "pain.mean: 50: outside the scale, 0 to 10"),
    "sd": ("sd = 1.0", "sd = 0.0", "pain.sd: 0: expected a number above 0"),
    "scale": ("scale = [0, 10]", "scale = [3, 3]", r"scale: \[3, 3\]: expected two ends"),
    "ends": ("onto = [0, 10]", "onto = 10", "onto: 10: expected the two ends of a scale"),
    "use": ('"match"', '"macth"', "use: 'macth': expected one of match, compare"),
    "nothing": ('"match"', '"compare"', "own.baselines: expected at least one with use"),
    "reference": ("irwin2024", "irwin2042", r"reference \[irwin2042\] is not in the bibliography"),
    "field": ("sd = 1.0", "sd = 1.0\nse = 0.1", "pain.se: no such field"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_mistakes_of_a_published_population_name_file_and_key(kind: str) -> None:
    old, new, said = WRONG[kind]
    home = shipped()
    with pytest.raises(UserError, match=said):
        read_populations(
            ENTRY.replace(old, new), "bad.toml", home.references, home.model, home.phenotypes
        )


# ---- shares, means and trials -----------------------------------------------------------------


def crowd(weights: np.ndarray | None = None, n: int = 40) -> xr.Dataset:
    rng = np.random.default_rng(5)
    ds = xr.Dataset(
        {
            "change": (("arm", "patient"), rng.normal(-1.0, 1.0, size=(2, n))),
            "status": (("arm", "patient"), np.zeros((2, n), np.int8)),
        },
        coords={"patient": np.arange(n), "candidate": ("patient", np.arange(n))},
    )
    return ds if weights is None else ds.assign_coords(weight=("patient", weights))


def test_equal_weights_are_none() -> None:
    plain, same = crowd(), crowd(np.full(40, 0.3))
    for ds in (plain, same):
        found = weighted_share(ds, ds["change"] < -1.0)
        assert found["share"].dims == ("arm",) and set(found.coords) == set()
        np.testing.assert_allclose(found["share"], (ds["change"] < -1.0).mean("patient"))
        np.testing.assert_allclose(found["effective"], 40.0)
        np.testing.assert_allclose(weighted_mean(ds, "change"), ds["change"].mean("patient"))
    w = np.full(7, 2.0)
    x = np.arange(7.0)
    assert sample_deviation(x, w) == pytest.approx(x.std(ddof=1))
    assert sample_deviation(x) == pytest.approx(x.std(ddof=1))


def test_whole_weights_are_patients_who_are_there_more_than_once() -> None:
    times = np.random.default_rng(1).integers(1, 5, size=40)
    ds = crowd(times.astype(float))
    long = ds.drop_vars("weight").isel(patient=np.repeat(np.arange(40), times))
    found = weighted_share(ds, ds["change"] < -1.0)
    np.testing.assert_allclose(found["share"], (long["change"] < -1.0).mean("patient"))
    np.testing.assert_allclose(weighted_mean(ds, "change"), long["change"].mean("patient"))
    assert (found["effective"] < 40.0).all()


@given(st.integers(1, 200), st.floats(0.0, 1.0), st.sampled_from([0.8, 0.95]))
def test_the_interval_is_wilsons(n: int, share: float, level: float) -> None:
    k = round(share * n)
    exact = stats.binomtest(k, n).proportion_ci(level, method="wilson")
    assert wilson(k / n, n, level) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_failed_runs_and_gaps_do_not_count() -> None:
    ds = crowd(np.arange(1.0, 41.0))
    ds["status"][0, :10] = 1
    ds["change"][1, 5] = np.nan
    flag = (ds["change"] < -1.0).where(ds["change"].notnull())
    found = weighted_share(ds, flag)
    assert found["patients"].values.tolist() == [30.0, 39.0]
    w = np.arange(11.0, 41.0)
    own = (ds["change"].values[0, 10:] < -1.0).astype(float)
    assert float(found["share"][0]) == pytest.approx((w * own).sum() / w.sum())
    assert float(found["effective"][0]) == pytest.approx(effective(w))


def test_what_is_no_share_is_refused() -> None:
    ds = crowd(np.ones(40))
    with pytest.raises(UserError, match="expected true or false"):
        weighted_share(ds, "change")
    with pytest.raises(UserError, match="variable 'chnge' is not known; did you mean 'change'"):
        weighted_share(ds, "chnge")
    with pytest.raises(UserError, match="level = 95: expected a number between 0 and 1"):
        weighted_share(ds, ds["change"] < 0.0, level=95)
    with pytest.raises(UserError, match="no patients"):
        weighted_share(ds.isel(patient=0), "change")
    with pytest.raises(UserError, match="weight: expected positive numbers"):
        weighted_share(crowd(np.full(40, np.nan)), ds["change"] < 0.0)


def test_groups_are_those_of_student_and_welch() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=30), rng.normal(0.4, 2.0, size=25)
    one = xr.Dataset(dict.fromkeys(("change", "share", "start"), ("patient", a)))
    two = xr.Dataset(dict.fromkeys(("change", "share", "start"), ("patient", b)))
    found, exact = row(one, two, 0.9), stats.ttest_ind(a, b, equal_var=False)
    ends = exact.confidence_interval(0.9)
    assert found["p"] == pytest.approx(exact.pvalue)
    assert (found["difference_low"], found["difference_high"]) == pytest.approx(tuple(ends))
    own = stats.ttest_1samp(a, 0.0).confidence_interval(0.9)
    assert (found["change_low"], found["change_high"]) == pytest.approx(tuple(own))
    same = row(one.assign_coords(weight=("patient", np.full(30, 0.2))), two, 0.9)
    assert same == pytest.approx(found)
    assert Group.of(a, np.arange(1.0, 31.0)).n < 30.0


def test_a_trial_of_weighted_patients_is_that_of_those_they_stand_for() -> None:
    ds = made_up(64, fall=0.5)
    heavy = (ds["baseline_pain"].isel(regimen=0) > 6.0).values
    told = trial.reported(ds.assign_coords(weight=("patient", np.where(heavy, 1.0, 1e-9))))
    table = trial.arms(told)
    only = trial.arms(trial.reported(ds.isel(patient=np.flatnonzero(heavy))))
    for name in ("baseline", "change", "responders30", "responders30_high", "difference"):
        np.testing.assert_allclose(table[name], only[name], rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(table["effective"], heavy.sum(), rtol=1e-4)
    np.testing.assert_allclose(table["patients"], 64)
    repeats = trial.repeated(told, per_arm=20, trials=50)
    drawn = trial.repeated(told, per_arm=20, trials=50)
    xr.testing.assert_identical(repeats, drawn)


def test_pictures_show_the_weighted_median() -> None:
    base = crowd().isel(arm=0)
    heavy = np.ones(40)
    heavy[7] = 1e6
    ds = base.assign_coords(weight=("patient", heavy, {"population": "fibromyalgia"}))
    found = over_patients(ds)
    assert "weight" not in found.variables
    assert float(found["change"]) == pytest.approx(float(ds["change"][7]), abs=0.01)
    assert weighted_to(found) == "weighted to fibromyalgia, 1 effective"
    assert weighted_to(over_patients(base)) == ""


def test_weighted_quantiles_lie_where_the_weight_does() -> None:
    x, w = np.array([[1.0, 2.0, 3.0, np.nan]]), np.array([[1.0, 1.0, 2.0, 9.0]])
    assert quantile(x, w, 0.5)[0] == pytest.approx(2.0 + 0.5 / 1.5)
    assert quantile(x, w, 0.0)[0] == 1.0 and quantile(x, w, 1.0)[0] == 3.0
    assert np.isnan(quantile(np.full((1, 2), np.nan), np.ones((1, 2)), 0.5)[0])
