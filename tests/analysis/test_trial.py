"""Trials: the placebo layer against its calibration, tables against plain statistics."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from ldnsim.analysis.trial import reported as reporting
from ldnsim.analysis.trial import simulated as trial
from ldnsim.analysis.trial.placebo import clipped_mean, fit, mean_change, responders
from ldnsim.cli import app
from ldnsim.edition import shipped
from ldnsim.errors import UserError

WEEKS = 12
TIME = np.arange(0.0, WEEKS * 168.0 + 1, 6.0)


def made_up(n: int = 256, fall: float = 0.0, hypotheses: tuple[str, ...] = ()) -> xr.Dataset:
    """A result without engine: pain constant on placebo, falling at once by ``fall`` on drug."""
    base = np.linspace(4.5, 7.5, n)[np.random.default_rng(1).permutation(n)]
    pain = np.repeat(np.stack([base, base - fall])[..., None], len(TIME), axis=-1)
    dose = np.zeros_like(pain)
    dose[1, :, :-1] = 4.5
    dims = ("regimen", "patient")
    ds = xr.Dataset(
        {
            "pain": ((*dims, "time"), pain),
            "prescribed_dose": ((*dims, "time"), dose),
            "baseline_pain": (dims, np.stack([base, base])),
            "status": (dims, np.zeros((2, n), np.int8)),
        },
        coords={"regimen": ["placebo", "drug"], "patient": np.arange(n), "time": TIME},
        attrs={"seed": 3, "warning": "Not medical advice."},
    )
    return ds.expand_dims(hypothesis=list(hypotheses)) if hypotheses else ds


@pytest.fixture(scope="module")
def told() -> xr.Dataset:
    return trial.reported(made_up(fall=0.5))


# ---- calibration ------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["final2024", "chen2017", "koechlin2021", "none"])
def test_closed_forms_agree_with_drawing(account: str) -> None:
    base = np.linspace(4.5, 7.5, 50)
    found = fit(base, account)
    rng, n = np.random.default_rng(0), 20_000
    who = np.repeat(base, n // len(base))
    start = np.clip(who + found.diary_sd * rng.normal(size=n), 0, 10)
    end = np.clip(
        who + found.mean + found.sd * rng.normal(size=n) + found.diary_sd * rng.normal(size=n),
        0,
        10,
    )
    assert np.mean(end - start) == pytest.approx(found.expected_mean, abs=0.05)
    assert np.mean(end <= 0.7 * start) == pytest.approx(found.expected30, abs=0.012)


@settings(max_examples=20, deadline=None)
@given(st.floats(5.0, 7.0), st.floats(0.1, 1.0))
def test_the_placebo_arm_shows_the_published_mean_and_responders(mean: float, half: float) -> None:
    """-0.9 in FINAL [final2024], 30.8 % over 30 trials [hauser2011]."""
    base = np.linspace(mean - half, mean + half, 30)
    found = fit(base)
    assert found.misfit == ""
    assert mean_change(base, found.mean, found.sd, found.diary_sd) == pytest.approx(-0.9, abs=1e-6)
    share = responders(base, found.mean, found.sd, found.diary_sd)
    assert share == pytest.approx(0.308, abs=1e-6)


def test_the_deviation_that_follows_is_that_of_the_trial_for_patients_like_its_own() -> None:
    """The interval of the FINAL placebo arm, -1.4 to -0.5 in 50 patients, means about 1.6."""
    interval = 0.45 / 1.96 * np.sqrt(50)
    assert shipped().placebo.numbers["sd_fallback"].value == pytest.approx(interval, abs=0.05)
    assert fit(np.array([6.0])).sd == pytest.approx(interval, abs=0.15)


def test_an_effect_size_is_in_units_of_the_deviation_of_changes() -> None:
    base = np.full(4, 6.0)
    found = fit(base, "chen2017")
    change_sd = np.sqrt(found.sd**2 + 2 * found.diary_sd**2)
    assert found.expected_mean / change_sd == pytest.approx(-0.53, abs=1e-6)
    assert found.expected30 == pytest.approx(0.308, abs=1e-6)


def test_mild_pain_that_cannot_give_the_responders_says_so() -> None:
    found = fit(np.full(4, 3.0))
    assert "30.8%" in found.misfit
    assert found.sd == shipped().placebo.numbers["sd_fallback"].value
    assert found.expected_mean == pytest.approx(-0.9, abs=1e-6)


@given(st.floats(-3.0, 13.0), st.floats(0.05, 4.0))
def test_the_mean_of_a_variable_cut_off_at_both_ends(mean: float, sd: float) -> None:
    z = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    exact = np.clip(mean + sd * z, 0, 10).mean()
    assert float(clipped_mean(np.array(mean), sd, 0.0, 10.0)) == pytest.approx(exact, abs=2e-3)


def test_every_account_carries_grade_and_sources() -> None:
    data = shipped().placebo
    for one in (*data.responses.values(), *data.numbers.values()):
        assert set(one.sources) <= set(shipped().references)
        assert one.grade == "assumed" or one.sources, one
    assert {"final2024", "hauser2011"} <= set(data.responses["final2024"].sources)


# ---- reported pain ----------------------------------------------------------------------------


def test_the_placebo_arm_of_a_result_shows_what_it_was_fitted_to(told: xr.Dataset) -> None:
    row = trial.arms(told).sel(regimen="placebo")
    attrs = told["reported_pain"].attrs
    assert float(row["change"]) == pytest.approx(-0.9, abs=0.06)
    assert float(row["responders30"]) == pytest.approx(0.308, abs=0.03)
    assert attrs["expected_placebo_change"] == pytest.approx(-0.9, abs=1e-6)


def test_biology_is_left_as_it_was(told: xr.Dataset) -> None:
    xr.testing.assert_identical(told.drop_vars(["reported_pain", "week"]), made_up(fall=0.5))


def test_the_same_patient_answers_the_same_in_both_arms() -> None:
    told = trial.reported(made_up(), seed=1)["reported_pain"]
    assert (told.sel(regimen="placebo") == told.sel(regimen="drug")).all()
    apart = trial.reported(made_up(), seed=1, independent_arms=True)["reported_pain"]
    change = (apart.sel(week=12) - apart.sel(week=0)).values
    assert abs(np.corrcoef(change)[0, 1]) < 0.2


def test_draws_depend_on_the_seed_and_the_subject_only() -> None:
    ds = made_up(64)
    whole = trial.reported(ds, seed=5)["reported_pain"]
    assert (whole == trial.reported(ds, seed=5)["reported_pain"]).all()
    assert not (whole == trial.reported(ds, seed=6)["reported_pain"]).all()
    draws = reporting._normal(5, "placebo response", "", np.arange(64))
    assert (reporting._normal(5, "placebo response", "", np.arange(32)) == draws[:32]).all()
    assert (reporting._normal(5, "placebo response", "", np.array([7])) == draws[7]).all()


def test_the_response_rises_with_its_half_time() -> None:
    quiet = trial.reported(made_up(), placebo="none")["reported_pain"].sel(regimen="placebo")
    told = trial.reported(made_up())["reported_pain"].sel(regimen="placebo")
    effect = (told - quiet).mean("patient").values
    half = shipped().placebo.numbers["half_time"].value
    reached = (1 - 2 ** (-np.arange(13) / half)) / (1 - 2 ** (-12 / half))
    np.testing.assert_allclose(effect, effect[-1] * reached, atol=0.03)


def test_reported_pain_stays_on_its_scale_and_failed_runs_stay_blank() -> None:
    ds = made_up(64)
    ds["pain"][1, 3] = np.nan
    told = trial.reported(ds, placebo="koechlin2021")["reported_pain"]
    assert float(told.min()) >= 0.0 and float(told.max()) <= 10.0
    assert told.sel(regimen="drug", patient=3).isnull().all()
    table = trial.arms(trial.reported(ds))
    assert table["patients"].values.tolist() == [64, 63]


@pytest.mark.parametrize("every", [1.0, 5.0, 6.0, 24.0])
def test_weeks_are_whole_whatever_the_interval_of_the_samples(every: float) -> None:
    time = np.arange(0.0, 29.5 * 24.0, every)
    base = np.array([5.0, 6.0])
    ds = xr.Dataset(
        {
            "pain": (("patient", "time"), base[:, None] - 0.1 * np.floor(time / 168.0 + 1)),
            "baseline_pain": ("patient", base),
        },
        coords={"patient": [0, 1], "time": time},
    )
    told = trial.reported(ds, placebo="none")["reported_pain"]
    quiet = reporting._weekly_pain(ds)
    assert told["week"].values.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(quiet.isel(patient=0), [5.0, 4.9, 4.8, 4.7, 4.6], atol=1e-12)


# ---- tables -----------------------------------------------------------------------------------


def test_the_table_is_plain_statistics(told: xr.Dataset) -> None:
    table = trial.arms(told, 8)
    change, share = {}, {}
    for arm in ("placebo", "drug"):
        start, end = (told["reported_pain"].sel(regimen=arm, week=w).values for w in (0, 8))
        change[arm], share[arm] = end - start, (end - start) / start
        row = table.sel(regimen=arm)
        n = len(start)
        half = stats.t.ppf(0.975, n - 1) * change[arm].std(ddof=1) / np.sqrt(n)
        assert float(row["change"]) == pytest.approx(change[arm].mean())
        assert float(row["change_high"]) == pytest.approx(change[arm].mean() + half)
        assert float(row["percent"]) == pytest.approx(100 * change[arm].mean() / start.mean())
        assert float(row["responders30"]) == np.mean(share[arm] <= -0.3)
        assert float(row["responders50"]) == np.mean(share[arm] <= -0.5)
    row = table.sel(regimen="drug")
    gap = change["drug"].mean() - change["placebo"].mean()
    half = 1.96 * np.sqrt(sum(c.var(ddof=1) / len(c) for c in change.values()))
    assert float(row["difference"]) == pytest.approx(gap) == pytest.approx(-0.5, abs=0.02)
    assert float(row["difference_low"]) == pytest.approx(gap - half, abs=0.01)
    assert np.isnan(table["difference"].sel(regimen="placebo"))


def test_repeated_trials_find_nothing_too_often_only_by_chance(told: xr.Dataset) -> None:
    none = trial.repeated(trial.reported(made_up()), 50).sel(regimen="drug")
    assert float(none["power"]) == pytest.approx(0.05, abs=0.03)
    assert float(none["difference"]) == pytest.approx(0.0, abs=0.05)
    some = trial.repeated(told, 50).sel(regimen="drug")
    more = trial.repeated(told, 400).sel(regimen="drug")
    assert float(none["power"]) < float(some["power"]) < float(more["power"])
    assert float(some["difference_low"]) < -0.5 < float(some["difference_high"])
    xr.testing.assert_identical(some, trial.repeated(told, 50).sel(regimen="drug"))


def test_where_nobody_differs_there_is_no_p(told: xr.Dataset) -> None:
    """Two patients drawn for each of two arms are the same patient twice now and then."""
    arm = trial.arm_dimension(told)
    two = told.isel(patient=slice(0, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = trial.repeated(two, 2, 4000)
        table = trial.arms(two.isel(patient=[0, 0]))
    assert np.allclose(found["untested"], 0.25, atol=0.03)  # each arm one half
    assert (found["power"] <= 1.0 - found["untested"]).all()
    one = told["reported_pain"].isel(patient=0)
    change = one.isel(week=-1) - one.sel(week=0)
    np.testing.assert_allclose(table["change"], change)
    for name in ("change_low", "difference_low", "p"):
        assert table[name].isnull().all(), name
    none = table.attrs["placebo_arm"]
    for name in told[arm].values:
        if name != none:
            gap = change.sel({arm: name}) - change.sel({arm: none})
            assert float(table["difference"].sel({arm: name})) == pytest.approx(float(gap))


def test_power_is_that_of_the_two_sample_test(told: xr.Dataset) -> None:
    n = 100
    found = trial.repeated(told, n, trials=4000).sel(regimen="drug")
    change = trial.outcomes(told)["change"]
    sd = np.sqrt((change.std("patient") ** 2).mean())
    gap = change.sel(regimen="drug").mean() - change.sel(regimen="placebo").mean()
    shift = abs(float(gap)) / float(sd) / np.sqrt(2 / n)
    exact = stats.norm.sf(1.96 - shift) + stats.norm.cdf(-1.96 - shift)
    assert float(found["power"]) == pytest.approx(exact, abs=0.04)


# ---- mistakes ---------------------------------------------------------------------------------


def test_what_is_no_trial_is_refused_with_the_remedy() -> None:
    ds = made_up(8)
    with pytest.raises(UserError, match=r"\[population\]"):
        trial.reported(ds.isel(patient=0))
    with pytest.raises(UserError, match="trajectories"):
        trial.reported(ds.drop_vars("pain"))
    with pytest.raises(UserError, match=r"every 7 d.*output.every"):
        trial.reported(ds.isel(time=slice(None, None, 28)))
    with pytest.raises(UserError, match="one week"):
        trial.reported(ds.isel(time=slice(0, 12)))
    with pytest.raises(UserError, match=r"final2023.*final2024"):
        trial.reported(ds, placebo="final2023")
    blank = ds.assign(baseline_pain=ds["baseline_pain"] * np.nan)
    with pytest.raises(UserError, match="every run of this result failed"):
        trial.reported(blank)
    told = trial.reported(ds)
    empty = told.copy(deep=True)
    empty["reported_pain"][1] = np.nan
    with pytest.raises(UserError, match="'drug' failed"):
        trial.repeated(empty, 5)
    with pytest.raises(UserError, match="weeks 1 to 12"):
        trial.arms(told, 13)
    with pytest.raises(UserError, match="exactly one regimen without drug, found 0"):
        trial.arms(told.isel(regimen=[1]))
    with pytest.raises(UserError, match="two patients an arm"):
        trial.repeated(told, 1)
    both = trial.reported(made_up(8, hypotheses=("null", "ogfr")))
    with pytest.raises(UserError, match="choose one hypothesis"):
        trial.arms(both)
    assert float(trial.arms(both.sel(hypothesis="null"))["patients"][0]) == 8


# ---- the command and the whole chain ----------------------------------------------------------


def test_the_command_prints_a_report_with_the_standing_warning(tmp_path: Path) -> None:
    store = tmp_path / "trial.nc"
    ds = made_up(fall=0.5)
    ds["status"] = ds["baseline_pain"] * 0
    ds.assign_attrs(study="").to_netcdf(store, engine="h5netcdf")
    result = CliRunner().invoke(app, ["trial", str(store), "--per-arm", "50", "--weeks", "12"])
    assert result.exit_code == 0, result.output
    assert "\nplacebo\t256\t6.0" in result.stdout
    assert "difference, points (95 % CI)" in result.stdout and "P < 0.05" in result.stdout
    assert "FINAL placebo arm" in result.stdout
    assert result.stdout.rstrip().endswith("Not medical advice.")
    refused = CliRunner().invoke(app, ["trial", str(store), "--weeks", "99"])
    assert refused.exit_code == 2 and "weeks 1 to 12" in refused.stderr


def test_the_command_asks_for_a_population(tmp_path: Path) -> None:
    study = tmp_path / "one.toml"
    study.write_text(
        'regimen = "4.5 mg nightly at 22:00, for 1 wk"\npatient.basin = "resolved"\n'
        'output = { variables = ["pain"], summaries = [], night = false }\n'
    )
    result = CliRunner().invoke(app, ["trial", str(study)])
    assert result.exit_code == 2 and "[population]" in result.stderr


def test_a_drug_that_does_nothing_differs_by_nothing() -> None:
    words = ("null", "4.5 mg nightly at 22:00, for 2 wk", 2, "fibromyalgia")
    found = trial.simulate_trial(*words, size=8, seed=1, scale=0.2)
    assert found["difference"] == pytest.approx(0.0, abs=1e-6)
    assert found["drug_change"] == pytest.approx(found["placebo_change"], abs=1e-6)
    assert found["responders30_drug"] == found["responders30_placebo"]
    assert found["placebo_change"] < 0.0 and 3.0 <= found["baseline"] <= 9.0


@pytest.mark.long
def test_a_trial_like_final_reproduces_its_placebo_arm() -> None:
    """FINAL: -0.9 (-1.4 to -0.5) on placebo, difference -0.34 (-0.95 to 0.27) [final2024]."""
    found = trial.simulate_trial("dual_pathway", "final_trial", 12, "fibromyalgia", 64, 1)
    assert found["placebo_change"] == pytest.approx(-0.9, abs=0.1)
    assert found["responders30_placebo"] == pytest.approx(0.308, abs=0.05)
    assert -0.95 <= found["difference"] <= 0.27


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("mean = -0.9\n", "", ["responses.final2024", "exactly one of mean and effect_size"]),
        ("responders30 = 0.308", "sd = 1.0\nresponders30 = 0.3", ["responders30 and sd"]),
        ("mean = -0.9\n", 'mean = "-0.9"\n', ["responses.final2024.mean", "number"]),
        ("week = 12.0", "wek = 12.0", ["responses.final2024.wek", "week"]),
        ('"human trial"', '"trial"', ["responses.final2024.grade", "human trial"]),
        ("[final2024]", "[final2042]", ["final2042", "bibliography"]),
        ("[parameters.half_time]", "[parameters.half_tim]", ["parameters.half_time is missing"]),
        ("[responses.none]", "[answers.none]", ["answers", "responses"]),
    ],
)
def test_mistakes_in_the_placebo_data_name_file_and_key(
    old: str, new: str, parts: list[str]
) -> None:
    from importlib.resources import files

    from ldnsim.catalog.placebo import read_placebo

    text = files("ldnsim").joinpath("data/placebo.toml").read_text("utf-8")
    assert old in text
    with pytest.raises(UserError) as error:
        read_placebo(text.replace(old, new, 1), "bad.toml", shipped().references)
    for part in ("bad.toml", *parts):
        assert part in str(error.value)
