"""Means, adjusted means and shares of many trials are those that statsmodels and scipy find."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ldnsim.analysis.trial.estimate import ancova, paired, responders, welch
from ldnsim.errors import UserError

R = np.random.default_rng(20)
TRIALS, N = 200, 48
ARM = np.tile([0, 1, 2], N // 3)
STRATA = np.repeat([0, 1], N // 2)
START = R.normal(6.5, 1.2, (TRIALS, N))
END = 0.6 * START + 0.4 * STRATA - 0.3 * ARM + R.normal(size=(TRIALS, N)) * (1.0 + ARM)
END[R.random(END.shape) < 0.2] = np.nan


def test_ancova_is_least_squares_of_those_who_stayed() -> None:
    sm = pytest.importorskip("statsmodels.api")
    found = ancova(END, ARM, START, STRATA)
    assert found.p.shape == (TRIALS, 2)
    for t in range(TRIALS):
        x = np.column_stack([np.ones(N), ARM == 1, ARM == 2, START[t], STRATA]).astype(float)
        seen = np.isfinite(END[t])
        one = sm.OLS(END[t, seen], x[seen]).fit()
        assert np.allclose(found.estimate[t], one.params[1:3])
        assert np.allclose(found.se[t], one.bse[1:3])
        assert np.allclose(np.array([found.low[t], found.high[t]]).T, one.conf_int()[1:3])
        assert np.allclose(found.p[t], one.pvalues[1:3])
        assert found.df[t, 0] == one.df_resid


def test_without_covariates_it_is_the_pooled_t_test() -> None:
    two = ancova(END[:, ARM < 2], ARM[ARM < 2])
    same = stats.ttest_ind(END[:, ARM == 1], END[:, ARM == 0], axis=1, nan_policy="omit")
    assert np.allclose(two.comparison(0).p, same.pvalue)


def test_welch_and_pairs_are_those_of_scipy() -> None:
    a, b = END[:, ARM == 1], END[:, ARM == 2]
    found = welch(a, b)
    same = stats.ttest_ind(a, b, axis=1, equal_var=False, nan_policy="omit")
    assert np.allclose(found.p, same.pvalue)
    for t in range(5):
        ends = stats.ttest_ind(
            a[t][np.isfinite(a[t])], b[t][np.isfinite(b[t])], equal_var=False
        ).confidence_interval(0.9)
        assert np.allclose(ends, (welch(a, b, 0.9).low[t], welch(a, b, 0.9).high[t]))
    pairs = stats.ttest_1samp(a - b, 0.0, axis=1, nan_policy="omit")
    assert np.allclose(paired(a - b).p, pairs.pvalue)


def test_responders_are_those_of_statsmodels() -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    shares = R.uniform(0.05, 0.9, (TRIALS, 2))
    a = (R.random((TRIALS, 31)) < shares[:, :1]).astype(float)
    b = (R.random((TRIALS, 27)) < shares[:, 1:]).astype(float)
    a[:, 0] = np.nan
    found = responders(a, b)
    for t in range(TRIALS):
        k = int(np.nansum(a[t])), int(b[t].sum())
        low, high = proportion.confint_proportions_2indep(
            k[0], 30, k[1], 27, compare="diff", method="newcomb"
        )
        assert np.allclose((found.low[t], found.high[t]), (low, high))
        if found.tested[t]:
            assert found.p[t] == pytest.approx(proportion.proportions_ztest(k, (30, 27))[1])
        else:
            assert sum(k) in (0, 57)


def test_leading_axes_are_free() -> None:
    many = ancova(END.reshape(4, 50, N), ARM, START.reshape(4, 50, N))
    assert np.array_equal(many.p.reshape(TRIALS, 2), ancova(END, ARM, START).p)
    alone = ancova(END[3], ARM, START[3])
    assert alone.p.shape == (2,) and np.allclose(alone.p, many.p[0, 3])


def test_where_no_test_is_possible_none_is_made() -> None:
    y = END[:3].copy()
    y[0, ARM == 2] = np.nan  # an arm whom all left: the other is compared still
    y[1] = 3.0  # nobody differs
    y[2, 2:] = np.nan
    found = ancova(y, ARM, level=0.9)
    assert found.tested.tolist() == [[True, False], [False, False], [False, False]]
    assert np.isnan(found.p[0, 1]) and np.isnan(found.estimate[0, 1])
    assert np.allclose(found.estimate[1], 0.0)
    assert not found.rejected()[1:].any()
    assert not welch(y[1][ARM == 0], y[1][ARM == 1]).tested
    assert not responders(np.zeros((1, 9)), np.zeros((1, 9))).tested.any()
    assert not paired(np.array([[1.0, np.nan]])).tested.any()


def test_units_do_not_matter() -> None:
    big = ancova(1e6 * END, ARM, 1e-5 * START + 40.0)
    assert np.allclose(big.p, ancova(END, ARM, START).p)


def test_a_true_null_is_rejected_as_often_as_it_says_and_intervals_hold_the_truth() -> None:
    r = np.random.default_rng(7)
    x = r.normal(6.0, 1.0, (10_000, 40))
    y = 0.5 * x + r.normal(size=x.shape)
    arm = np.tile([0, 1], 20)
    y[:, arm == 1] -= 0.7
    gone = r.random(y.shape) < 0.15
    y[gone] = np.nan
    error = 4.0 * np.sqrt(0.05 * 0.95 / 10_000)
    for found in (ancova(y, arm, x).comparison(0), welch(y[:, arm == 1], y[:, arm == 0])):
        held = (found.low <= -0.7) & (found.high >= -0.7)
        assert abs(held.mean() - 0.95) < error
        none = np.where(arm == 1, y + 0.7, y)
        null = ancova(none, arm, x) if found.df[0] % 1 == 0 else None
        if null is not None:
            assert abs(null.rejected().mean() - 0.05) < error


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ancova(END, np.zeros(N, int)), "0, the control, alone"),
        (lambda: ancova(END, ARM, arms=2), "arm = 2: there are 2 arms"),
        (lambda: ancova(END, ARM - 1), "arm: -1 is below 0"),
        (lambda: ancova(END, ARM * 1.0), "whole numbers"),
        (lambda: ancova(END, ARM[:-1]), r"do not go together: outcome \(200, 48\), arm \(47,\)"),
        (lambda: ancova(END, ARM, START[:, :-1]), "baseline"),
        (lambda: ancova(END, ARM, level=95), "level = 95: expected a number between 0 and 1"),
        (lambda: ancova(np.full(3, np.inf), ARM[:3]), "finite"),
        (lambda: responders(END, END), "a responder is 1"),
        (lambda: welch(END, END).rejected(5), "alpha = 5"),
    ],
)
def test_what_is_no_trial_is_refused(call: object, words: str) -> None:
    with pytest.raises(UserError, match=words):
        call()  # type: ignore[operator]
