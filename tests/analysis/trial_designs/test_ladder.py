"""Up-and-down series: the rule, and the dose-response of a published one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ldnsim.analysis.trial.estimate import up_and_down
from ldnsim.analysis.trial.ladder import climb
from ldnsim.analysis.trial.many import simulate
from ldnsim.arrays import Floats, Ints
from ldnsim.edition import shipped
from tests.analysis.trial_designs.made_up import pool, study

DOSES = np.arange(0.75, 6.1, 0.75)
ED50, ED95 = 3.88, 5.40


def test_a_step_down_follows_a_response_and_one_up_a_failure() -> None:
    told = np.array([1, 1, 0, 0, 0, 1])
    found = climb(lambda i, at: np.full(len(at), float(told[i])), 6, 4, np.array([1]))
    assert found.step.tolist() == [[1, 0, 0, 1, 2, 3]]


def test_the_published_dose_of_half_the_responses_is_found_again() -> None:
    """25 women, 0.75-6 mg: ED50 3.88, ED95 5.40 mg, 11 responded [bruun_plesner2020]."""
    finding = shipped().references["bruun_plesner2020"].finding
    assert "ED50 3.88 mg, ED95 5.40 mg; 11 of 25" in finding
    sd = np.log(ED95 / ED50) / stats.norm.ppf(0.95)
    would = stats.norm.cdf(np.log(DOSES / ED50) / sd)
    u = np.random.default_rng(1).random((600, 25))

    def responds(i: int, at: Ints) -> Floats:
        return (u[:, i] < would[at]).astype(float)

    series = climb(responds, 25, len(DOSES), np.full(600, 0))
    found = up_and_down(series.step, series.response, DOSES, seed=1)
    there = np.isfinite(found.estimate)
    assert there.mean() > 0.99
    assert found.estimate[there].mean() == pytest.approx(ED50, abs=0.1)
    low, high = np.percentile(found.estimate[there], [2.5, 97.5])
    assert low < ED50 < high and high - low < 1.5
    inside = (found.low <= ED50) & (found.high >= ED50)
    assert inside[there].mean() == pytest.approx(0.95, abs=0.05)
    few, many = np.percentile(series.response.sum(axis=1), [2.5, 97.5])
    assert few <= 11 <= many


def test_a_pool_with_a_steep_dose_response_gives_its_dose() -> None:
    trial = {"design": "up_and_down", "weeks": "2 wk", "trials": 300, "placebo": "none"}
    one = study(trial)
    ds = pool(one, rule=lambda dose: np.where(dose > 2.0, 4.0, 0.0))
    found = simulate(ds, one)["up_and_down"].squeeze("patients")
    assert float(found["true_ed50"]) == pytest.approx(2.25, abs=0.05)
    assert float(found["ed50"]) == pytest.approx(2.25, abs=0.1)
    assert found["share_at_dose"].values.round(2).tolist() == [0.0, 1.0, 1.0]
    flat = simulate(pool(one, rule=lambda dose: 0.0 * dose), one)["up_and_down"]
    assert np.isinf(flat["true_ed50"]) and (flat["estimable"] == 0.0).all()
