"""Up-and-down estimators by hand, against scipy and statsmodels, and over simulated series."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.optimize import isotonic_regression
from scipy.special import ndtr

from ldnsim.analysis.trial.estimate import (
    Counts,
    centred_isotonic,
    dixon_mood,
    probit,
    up_and_down,
)
from ldnsim.analysis.trial.estimate.up_down import isotonic_shares
from ldnsim.errors import UserError

R = np.random.default_rng(67)
DOSES = np.arange(0.5, 6.6, 0.5)


def walked(trials: int, n: int, median: float, sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Series that step down after a response and up after none, thresholds normal in dose."""
    at, step, response = np.full(trials, 5), np.zeros((trials, n), int), np.zeros((trials, n))
    for k in range(n):
        step[:, k], response[:, k] = at, R.random(trials) < ndtr((DOSES[at] - median) / sd)
        at = np.clip(np.where(response[:, k] > 0, at - 1, at + 1), 0, len(DOSES) - 1)
    return step, response


def test_counts_and_dixon_moods_formula_by_hand() -> None:
    # 3 up, 3.5 down, 3 up, 3.5 up, 4 down, 3.5 down, 3 up, 3.5 down, 3 up; one not counted
    step = np.array([5, 6, 5, 6, 7, 6, 5, 6, 5, 0])
    response = np.array([0, 1, 0, 0, 1, 1, 0, 1, 0, np.nan])
    counts = Counts.of(step, response, len(DOSES))
    assert counts.tried[5:8].tolist() == [4, 4, 1] and counts.positive[5:8].tolist() == [0, 3, 1]
    found, sd = dixon_mood(counts, DOSES)
    # four responses are the rarer: n = 3 at 3.5, 1 at 4; A = B = 1, N = 4
    assert found.estimate == pytest.approx(3.5 + 0.5 * (1 / 4 - 0.5))
    assert np.isnan(sd) and np.isnan(found.se)  # (4 - 1)/16 is below 0.3
    spread = Counts(np.array([2.0, 4, 4, 2]), np.array([0.0, 1, 2, 2]))
    found, sd = dixon_mood(spread, np.array([1.0, 2.0, 3.0, 4.0]))
    # n = 1, 2, 2 from 2: N = 5, A = 6, B = 10, fraction 14/25
    assert found.estimate == pytest.approx(2.0 + 6 / 5 - 0.5)
    assert sd == pytest.approx(1.62 * (14 / 25 + 0.029))
    assert found.se == pytest.approx((6 * sd + 1) / (7 * np.sqrt(5)))
    assert not found.tested and np.isnan(found.p)


def test_isotonic_shares_are_those_of_scipy() -> None:
    weight, share = R.integers(0, 9, (300, 7)).astype(float), R.random((300, 7))
    found = isotonic_shares(weight, share)
    for t in range(300):
        there = weight[t] > 0
        same = isotonic_regression(share[t][there], weights=weight[t][there]).x
        assert np.allclose(found[t][there], same)


def test_centred_isotonic_regression_by_hand() -> None:
    doses = np.array([1.0, 2.0, 3.0, 4.0])
    counts = Counts(np.array([4.0, 4.0, 8.0, 2.0]), np.array([0.0, 3.0, 4.0, 2.0]))
    found, curve = centred_isotonic(counts, doses, shrink=0.0)
    # 0.75 and 0.5 are pooled to 7/12 at dose (4 * 2 + 8 * 3)/12
    pool = (4 * 2.0 + 8 * 3.0) / 12
    assert found == pytest.approx(1.0 + (pool - 1.0) * 0.5 / (7 / 12))
    assert curve[1] == pytest.approx((2.0 - 1.0) / (pool - 1.0) * 7 / 12)
    assert curve[3] == 1.0
    drawn, _ = centred_isotonic(counts, doses, shrink=1.0)
    shares = np.array([0.5 / 5, 3.5 / 5, 4.5 / 9, 2.5 / 3])
    middle = (4 * shares[1] + 8 * shares[2]) / 12
    assert drawn == pytest.approx(1.0 + (pool - 1.0) * (0.5 - 0.1) / (middle - 0.1))


def test_a_curve_that_misses_the_target_says_on_which_side() -> None:
    doses = np.array([1.0, 2.0])
    tried = np.array([[3.0, 3.0], [3.0, 3.0], [0.0, 0.0], [2.0, 4.0]])
    positive = np.array([[2.0, 3.0], [0.0, 1.0], [0.0, 0.0], [1.0, 2.0]])
    found, _ = centred_isotonic(Counts(tried, positive), doses, shrink=0.0)
    assert found[0] == -np.inf and found[1] == np.inf and np.isnan(found[2])
    assert found[3] == pytest.approx((2 * 1.0 + 4 * 2.0) / 6)  # all of it at the target: its middle


def test_probit_is_that_of_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.api")
    doses = np.array([1.0, 1.5, 2.25, 3.4, 5.0])
    tried = np.full((200, 5), 6.0)
    positive = R.binomial(6, ndtr(1.5 * np.log(doses / 2.2)), (200, 5)).astype(float)
    found = probit(Counts(tried, positive), doses, share=0.8)
    x = sm.add_constant(np.log(doses))
    link = sm.families.Binomial(sm.families.links.Probit())
    assert found.fitted.mean() > 0.9
    for t in np.flatnonzero(found.fitted):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = sm.GLM(np.stack([positive[t], 6.0 - positive[t]], 1), x, link).fit(tol=1e-12)
        assert np.allclose((found.intercept.estimate[t], found.slope.estimate[t]), one.params)
        assert np.allclose((found.intercept.se[t], found.slope.se[t]), one.bse, rtol=1e-4)
        assert found.slope.p[t] == pytest.approx(one.pvalues[1], rel=1e-3)
        a, b = one.params
        at = (0.8416212335729143 - a) / b
        to = np.array([-1.0 / b, -at / b])
        half = 1.959963984540054 * np.sqrt(to @ one.cov_params() @ to)
        assert found.dose.estimate[t] == pytest.approx(np.exp(at))
        assert found.dose.high[t] == pytest.approx(np.exp(at + half), rel=1e-3)


def test_without_overlap_there_is_no_probit_curve() -> None:
    doses = np.array([1.0, 2.0, 3.0])
    positive = np.array([[0.0, 0.0, 3.0], [0.0, 2.0, 3.0], [3.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    found = probit(Counts(np.full((4, 3), 3.0), positive), doses)
    assert not found.fitted.any() and np.isnan(found.dose.estimate).all()


@pytest.mark.parametrize(("n", "median", "sd"), [(25, 3.9, 0.8), (50, 3.4, 1.0)])
def test_estimates_find_the_median_and_their_intervals_hold_it(
    n: int, median: float, sd: float
) -> None:
    step, response = walked(300, n, median, sd)
    counts = Counts.of(step, response, len(DOSES))
    each = {
        "isotonic": up_and_down(step, response, DOSES, draws=200),
        "Dixon and Mood": dixon_mood(counts, DOSES)[0],
        "probit": probit(counts, DOSES, log=False).dose,
    }
    for name, found in each.items():
        known = np.isfinite(found.se)
        assert known.mean() > 0.9, name
        assert found.estimate[known].mean() == pytest.approx(median, abs=0.12), name
        assert found.se[known].mean() == pytest.approx(found.estimate[known].std(), rel=0.3), name
        held = (found.low <= median) & (median <= found.high)
        assert 0.82 < held[known].mean() < 0.99, name
    assert (each["isotonic"].low <= median)[np.isfinite(each["isotonic"].se)].mean() > 0.9


def test_intervals_are_the_same_for_any_block_of_trials() -> None:
    step, response = walked(6, 25, 3.9, 0.8)
    response[:, 20:] = np.nan
    whole = up_and_down(step.reshape(2, 3, 25), response.reshape(2, 3, 25), DOSES, seed=3)
    assert whole.low.shape == (2, 3)
    alone = up_and_down(step[4], response[4], DOSES, seed=3)
    assert alone.low == whole.low[1, 1] and alone.high == whole.high[1, 1]
    assert alone.se != up_and_down(step[4], response[4], DOSES, seed=4).se


def test_what_is_no_series_is_refused() -> None:
    step, response = walked(1, 9, 3.9, 0.8)
    counts = Counts.of(step, response, len(DOSES))
    for call, words in (
        (lambda: Counts.of(step, response, 3), "step = .: there are 3 doses"),
        (lambda: Counts.of(step, response + 1.0, 13), "1 for a response"),
        (lambda: dixon_mood(counts, DOSES**2), "steps of one size"),
        (lambda: centred_isotonic(counts, DOSES[::-1]), "ascending"),
        (lambda: centred_isotonic(counts, DOSES, target=50), "target = 50"),
        (lambda: probit(counts, DOSES - 0.5), "0 has no logarithm"),
        (lambda: up_and_down(step, response, DOSES, draws=10), "100 or more"),
    ):
        with pytest.raises(UserError, match=words):
            call()
