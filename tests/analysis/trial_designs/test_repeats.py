"""Trials drawn from pools whose answer is known: type I error, power, bias, stopping, bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from ldnsim.analysis.trial import drawn as drawing
from ldnsim.analysis.trial.cell import Cell, cell_of
from ldnsim.analysis.trial.drawn import Streams, balanced, chance_of, draw, report
from ldnsim.analysis.trial.estimate import crossover as crossed
from ldnsim.analysis.trial.laid import lay
from ldnsim.analysis.trial.many import simulate
from ldnsim.analysis.trial.outcome import at_end, responded
from ldnsim.analysis.trial.required import required
from ldnsim.analysis.trial.truth import effect
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from tests.analysis.trial_designs.made_up import acute, hysteresis, pool, study

DRUG = {"treatments": "4.5 mg"}
SHORT = {"weeks": "2 wk", **DRUG}
DESIGNS: dict[str, dict[str, Any]] = {
    "parallel": SHORT,
    "welch": {"design": "parallel", "analysis": "welch", **SHORT},
    "responder": {"design": "parallel", "estimands": "responder", **SHORT},
    "dose_response": {"weeks": "2 wk"},
    "crossover": {"period": "1 wk", **DRUG},
    "williams": {
        "design": "crossover", "period": "1 wk",
        "sequences": [["3 mg", "placebo", "4.5 mg"], ["placebo", "4.5 mg", "3 mg"],
                      ["4.5 mg", "3 mg", "placebo"]],
    },
    "n_of_1": {"period": "1 wk", "pairs": 2, **DRUG},
    "withdrawal": {"run_in": "1 wk", "weeks": "1 wk", **DRUG},
    "enriched": {"run_in": "1 wk", "weeks": "1 wk", **DRUG},
}  # fmt: skip


def made(name: str, **more: Any) -> dict[str, Any]:
    return {"design": name, "name": name, **DESIGNS[name], **more}


def cell(of: Any, **more: Any) -> Cell:
    return cell_of(pool(of, **more), {}, "final2024", shipped())


@pytest.mark.parametrize("name", list(DESIGNS))
def test_nothing_is_found_in_five_of_a_hundred_trials(name: str) -> None:
    """10,000 trials in which all are treated alike, one seed: 5 +- 0.7 points."""
    one = study(made(name, patients=200 if name == "responder" else 40, trials=10_000))
    hazard = (1e-4, 2e-4)
    found = simulate(pool(one, hazard=hazard, spread=1.0), one, null=True)[name]
    first = float(found["false_positives"].isel(estimand=0, patients=0, comparison=0))
    several = found.sizes["comparison"] > 1 and name != "dose_response"
    share = float(found["false_positives_any"].squeeze()) if several else first
    assert share == pytest.approx(0.05, abs=0.007)
    assert float(found["untested"].max()) < 0.01


def test_a_look_before_the_end_finds_nothing_no_more_often() -> None:
    trial = {
        "design": "adaptive", "weeks": "2 wk", "patients": 60, "trials": 10_000,
        "futility": 0.0, "keep": 2,
    }  # fmt: skip
    one = study(trial)
    found = simulate(pool(one), one, null=True)["adaptive"]
    assert 0.01 < float(found["false_positives_any"].squeeze()) <= 0.05 + 0.007
    assert (found["recruited"] < 60.0).all()


def test_power_of_groups_is_that_of_the_closed_form() -> None:
    """ANCOVA: noncentral t with the deviation that the baseline leaves, sd sqrt(1 - r^2)."""
    sizes = (40, 120, 240)
    trial = made("parallel", patients=sizes, trials=4000, placebo="none")
    one = study(trial)
    ds = pool(one, size=4000)
    found = simulate(ds, one)["parallel"]
    base = ds["baseline_pain"].isel(regimen=0).values
    diary = shipped().placebo.numbers["diary_sd"].value
    between = base.var() + diary**2
    sd = np.sqrt(between * (1.0 - (base.var() / between) ** 2))
    for n in sizes:
        shift = 0.45 / sd / np.sqrt(4.0 / n)
        edge = stats.t.ppf(0.975, n - 2)
        exact = stats.nct.sf(edge, n - 2, shift) + stats.nct.cdf(-edge, n - 2, shift)
        got = found.sel(patients=n)
        error = float(got["power_error"].squeeze())
        assert abs(float(got["power"].squeeze()) - exact) < 4.0 * error + 0.004, n
    assert float(found["effect"].squeeze()) == pytest.approx(-0.45, abs=1e-3)
    assert float(found["coverage"].mean()) == pytest.approx(0.95, abs=0.01)
    need = float(found["required_patients"].squeeze())
    exact_n = next(
        n for n in range(4, 2000, 2)
        if stats.nct.sf(stats.t.ppf(0.975, n - 2), n - 2, 0.45 / sd / np.sqrt(4.0 / n)) >= 0.8
    )  # fmt: skip
    low, high = (float(found[f"required_{k}"].squeeze()) for k in ("low", "high"))
    assert low < need < high and low < exact_n + 4 and exact_n - 4 < high


def test_a_crossover_finds_what_the_textbook_model_says() -> None:
    """y = mean + patient + period + treatment + error, drawn apart from the simulator."""
    one = study(made("crossover", patients=40, trials=4000))
    ds = pool(one, rule=lambda dose: 0.05 * dose)
    found = simulate(ds, one)["crossover"].squeeze()
    own = cell_of(ds, {}, "final2024", shipped()).placebo
    rng, n, trials = np.random.default_rng(5), 40, 4000
    rise = own.course(np.array([1.0, 2.0]))
    patient = 6.0 + 0.6 * rng.standard_normal((trials, n))
    answer = own.mean + own.sd * rng.standard_normal((trials, n))
    y = patient[..., None] + answer[..., None] * rise
    y += own.diary_sd * rng.standard_normal(y.shape)
    first = np.arange(n) % 2 == 0
    y -= 0.225 * np.where(first[:, None], [1.0, 0.0], [0.0, 1.0])
    told = crossed(y, first.astype(np.int64)).treatment
    assert float(found["estimate"]) == pytest.approx(-0.225, abs=0.01)
    assert float(found["estimate"]) == pytest.approx(told.estimate.mean(), abs=0.01)
    assert float(found["estimate_sd"]) == pytest.approx(told.estimate.std(), rel=0.05)
    error = np.hypot(float(found["power_error"]), float(found["power_error"]))
    assert abs(float(found["power"]) - told.rejected().mean()) < 4.0 * error


@pytest.mark.parametrize("name", ["crossover", "n_of_1"])
def test_what_lasts_is_a_bias_of_patients_who_are_their_own_controls(name: str) -> None:
    """An effect of 1 point that stays for good: whoever had the drug first loses none of it."""
    one = study(made(name, patients=100, trials=500))
    found = simulate(pool(one, rule=hysteresis), one)[name].squeeze()
    assert float(found["effect"]) == pytest.approx(-1.0, abs=0.02)
    # crossover: (-1 of control first + 0 of drug first) / 2; pairs: the first of two counts, half
    expected = -0.5 if name == "crossover" else -0.25
    assert float(found["estimate"]) == pytest.approx(expected, abs=0.03)
    assert float(found["bias"]) == pytest.approx(expected + 1.0, abs=0.03)
    assert float(found["coverage"]) < 0.05
    acutely = simulate(pool(one, rule=acute), one)[name].squeeze()
    assert abs(float(acutely["bias"])) < 0.02
    parallel = study(made("parallel", patients=100, trials=500))
    beside = simulate(pool(parallel, rule=hysteresis), parallel)["parallel"].squeeze()
    assert abs(float(beside["bias"])) < 0.04


def test_withdrawal_and_enrichment_randomise_who_is_left() -> None:
    both = [made("withdrawal", patients=40, trials=300), made("enriched", patients=40, trials=300)]
    one = study(both)
    ds = pool(one, spread=1.0, hazard=(5e-4, 0.0))
    found = simulate(ds, one)
    stay = np.exp(-5e-4 * 168.0)
    all_, some = (found[n].squeeze() for n in ("withdrawal", "enriched"))
    assert float(all_["screened"]) == pytest.approx(40.0 / stay, rel=0.02)
    assert float(all_["effect"]) == pytest.approx(-0.45, abs=0.06)
    # who responds in the run-in has more to lose
    assert float(some["screened"]) > 4 * float(all_["screened"])
    assert float(some["effect"]) < float(all_["effect"]) - 0.1
    assert abs(float(all_["bias"])) < 0.06 and abs(float(some["bias"])) < 0.06
    rare = study(made("enriched", patients=40, trials=300, response=0.95))
    with pytest.raises(UserError, match=r"% of the patients would be randomised after the run-in"):
        simulate(pool(rare), rare)


# ---- stopping and estimands -------------------------------------------------------------------


def test_patients_stop_by_the_hazards_and_for_their_reasons() -> None:
    one = study(made("parallel", trials=2), weeks=4)
    of = cell(one, hazard=(3e-4, 6e-4))
    group = balanced(40_000, 2)
    place = np.array([of.arms["placebo"], of.arms["4.5 mg"]])[group]
    told = report(of, draw(of, 40_000, 1, 2, Streams(1)), place, group, lost=0.05)
    drug = group == 1
    stop, reason = told.stop[0], told.reason[0]
    hourly = 9e-4 - np.log(0.95) / 168.0
    assert np.mean(stop[drug] < 2.0) == pytest.approx(1 - np.exp(-hourly * 336.0), abs=0.01)
    assert np.mean(stop[~drug] < 2.0) == pytest.approx(1 - 0.95**2, abs=0.005)
    assert set(reason[~drug]) == {0, 3}
    shares = np.bincount(reason[drug & (reason > 0)], minlength=4)[1:] / (reason[drug] > 0).sum()
    expected = np.array([3e-4, 6e-4, -np.log(0.95) / 168.0]) / hourly
    np.testing.assert_allclose(shares, expected, atol=0.02)
    early = stop[drug & (reason == 2)]
    law = stats.truncexpon(b=hourly * 336.0, scale=1.0 / (hourly * 168.0))
    assert stats.kstest(early, law.cdf).pvalue > 0.01


def test_the_last_value_before_stopping_counts_while_on_treatment() -> None:
    one = study(made("parallel", trials=2), weeks=4)
    of = cell(one, hazard=(2e-3, 0.0))
    group = balanced(60, 2)
    place = np.array([of.arms["placebo"], of.arms["4.5 mg"]])[group]
    told = report(of, draw(of, 60, 5, 2, Streams(1)), place, group)
    kept = at_end(told, 0, 2, 1, "while_on_treatment")
    for t, i in np.ndindex(5, 60):
        weeks = int(min(told.stop[t, i], 2.0))
        assert kept[t, i] == (told.told[t, i, weeks - 1] if weeks else told.start[t, i])
    later = at_end(told, 1, 2, 1, "while_on_treatment")
    assert (np.isnan(later) == (told.stop < 2.0)).all()
    flags = responded(told, told.start, 2, 1, 0.3)
    end = told.told[..., 1]
    assert (flags == ((end <= 0.7 * told.start) & (told.stop >= 2.0))).all()


def test_estimands_that_a_pool_cannot_answer_are_refused() -> None:
    policy = study(made("parallel", estimands="treatment_policy", trials=200, patients=40))
    ds = pool(policy)
    with pytest.raises(UserError, match=r"in this pool nobody does; let them stop.*\[stopping\]"):
        simulate(ds, policy)
    stopped = np.full(ds["status"].shape, np.nan)
    stopped[1, ::2] = 84.0
    codes = np.where(np.isfinite(stopped), 2, 0).astype(np.int8)
    flags = {"flag_values": [0, 1, 2], "flag_meanings": "stayed adverse_events lack_of_benefit"}
    ds["stopped_at"], ds["stopped_for"] = (
        (ds["status"].dims, stopped), (ds["status"].dims, codes, flags)
    )  # fmt: skip
    found = simulate(ds, policy)["parallel"]
    assert float(found["stopped_futility"].sel(group="4.5 mg")) == pytest.approx(0.5, abs=0.05)
    assert float(found["stopped_adverse"].sum()) == 0.0
    usual = study(made("parallel", trials=200))
    with pytest.raises(UserError, match="in this pool they stop"):
        simulate(ds.assign_attrs(pool(usual).attrs), usual)


def test_repeated_measures_answer_what_would_be_if_all_went_on() -> None:
    trial = {"analysis": "repeated", "visits": "1 wk", "patients": 60, "trials": 300}
    one = study(made("parallel", **trial))
    found = simulate(pool(one, hazard=(2e-3, 0.0)), one, null=True)["parallel"].squeeze()
    assert float(found["staying"].sel(group="4.5 mg").isel(week=-1)) < 0.6
    assert abs(float(found["bias"])) < 0.1
    assert float(found["false_positives"]) == pytest.approx(0.05, abs=0.03)


# ---- the pool's own error, bits, shapes -------------------------------------------------------


def test_the_error_of_the_pool_is_the_spread_between_pools() -> None:
    """Forty pools of a hundred patients, drawn anew, against the error that each states."""
    one = study(made("parallel", patients=100, trials=400))
    laid = lay(one.trial[0], one)
    effects = [
        effect(laid, cell(one, size=100, spread=1.5, seed=k), "hypothetical", 1) for k in range(40)
    ]
    seen = np.std([float(e.value[0]) for e in effects], ddof=1)
    told = np.mean([float(e.error[0]) for e in effects])
    assert told == pytest.approx(0.45 * 1.5 / 10.0, rel=0.1)
    assert seen == pytest.approx(told, rel=0.25)
    powers, stated = [], []
    for k in range(25):
        found = simulate(pool(one, size=100, spread=1.5, seed=k), one)["parallel"]
        powers.append(float(found["power"].squeeze()))
        stated.append(float(found["power_pool_error"].squeeze()))
    chance = np.mean([p * (1.0 - p) for p in powers]) / 400
    assert np.sqrt(np.var(powers, ddof=1) - chance) == pytest.approx(np.mean(stated), rel=0.6)


def test_more_trials_begin_with_the_fewer_whatever_the_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = study(made("parallel", patients=20, trials=30))
    of = cell(one, hazard=(1e-3, 0.0))
    few, many = (draw(of, 20, n, 2, Streams(3, "x")) for n in (7, 30))
    assert (few.who == many.who[:7]).all() and (few.diary == many.diary[:7]).all()
    assert (few.chances == many.chances[:, :7]).all()
    every = [made(n, patients=30, trials=40) for n in ("parallel", "enriched", "crossover")]
    all_ = study([*every, {"design": "up_and_down", "weeks": "1 wk", "trials": 40}])
    ds = pool(all_)
    whole = simulate(ds, all_)
    monkeypatch.setattr(drawing, "_NUMBERS", 300)
    for name, again in simulate(ds, all_).items():
        for kept in ("power", "estimate", "ed50", "screened"):
            if kept in again:
                assert again[kept].identical(whole[name][kept]), (name, kept)


def test_cases_see_the_same_trials_and_keep_their_dimension() -> None:
    axes = [{"name": "hypothesis", "field": "hypothesis", "values": ["dual_pathway", "null"]}]
    one = study(made("parallel", patients=[20, 40], trials=50), axes=axes)
    found = simulate(pool(one), one)["parallel"]
    assert found["power"].dims == ("hypothesis", "estimand", "patients", "comparison")
    assert (found["estimate"].isel(hypothesis=0) == found["estimate"].isel(hypothesis=1)).all()


def test_weighted_patients_are_drawn_by_their_weights() -> None:
    one = study(made("parallel", trials=2))
    weight = np.zeros(64)
    weight[[3, 9]] = 1.0, 3.0
    ds = pool(one).assign_coords(weight=("patient", weight))
    of = cell_of(ds, {}, "final2024", shipped())
    who = draw(of, 4000, 1, 2, Streams(1)).who
    assert set(who.ravel()) == {3, 9} and np.mean(who == 9) == pytest.approx(0.75, abs=0.03)
    assert of.effective == pytest.approx(1.6)


def test_patients_whose_runs_failed_are_left_out() -> None:
    one = study(made("parallel", trials=20))
    ds = pool(one)
    ds["status"][1, 5] = 3
    ds["pain_week_1"][1, 5] = np.nan
    of = cell_of(ds, {}, "final2024", shipped())
    assert of.size == 63 and of.failed == 1
    assert np.isfinite(simulate(ds, one)["parallel"]["estimate"]).all()
    ds["status"][1, 1:] = 3
    with pytest.raises(UserError, match="of 64 patients, 1 could be simulated"):
        simulate(ds, one)


def test_the_number_that_a_power_needs_is_solved_for() -> None:
    """A z test of an effect of 0.5 needs 4 (1.96 + 0.84)^2 / 0.25 patients in two groups."""
    sizes = np.array([40.0, 80.0, 160.0])
    power = stats.norm.sf(1.959964 - 0.25 * np.sqrt(sizes))
    found = required(sizes, power, np.zeros(3), 100_000, 0.05, 0.8)
    exact = 4.0 * (1.959964 + 0.841621) ** 2 / 0.25
    assert float(found.patients) == pytest.approx(exact, rel=1e-3)
    assert found.low < found.patients < found.high
    wider = required(sizes, power, np.full(3, 0.05), 100_000, 0.05, 0.8)
    assert wider.low < found.low and found.high < wider.high
    none = required(sizes, np.full(3, 0.02), np.zeros(3), 1000, 0.05, 0.8)
    assert np.isnan(none.patients)


def test_everybody_of_the_pool_reports_with_chance_of_their_own() -> None:
    one = study(made("parallel", trials=2))
    of = cell(one)
    twice = np.broadcast_to(np.arange(of.size), (2, of.size))
    persons = chance_of(twice, 2, Streams(1, "x"))
    assert not (persons.response[0] == persons.response[1]).any()
