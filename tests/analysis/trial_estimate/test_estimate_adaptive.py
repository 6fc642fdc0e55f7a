"""Interim decisions against simulated trials, and closed forms of power against analyses."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import norm

from ldnsim.analysis.trial.estimate import (
    ancova,
    bonferroni,
    combined,
    conditional_power,
    counts,
    dunnett,
    futile,
    keep_best,
    n_for_means,
    n_for_pairs,
    n_for_shares,
    paired,
    power_of_means,
    power_of_pairs,
    power_of_shares,
    predictive_power,
    responders,
    signed_z,
    welch,
)
from ldnsim.errors import UserError

R = np.random.default_rng(71)
ERROR = 4.0 * np.sqrt(0.05 * 0.95 / 10_000)


def test_conditional_and_predictive_power_are_shares_of_simulated_ends() -> None:
    f, c = 0.4, ndtri(0.975)
    for z, drift in ((0.3, 2.8), (1.5, None)):
        theta = z / np.sqrt(f) if drift is None else drift
        end = np.sqrt(f) * z + theta * (1 - f) + np.sqrt(1 - f) * R.normal(size=200_000)
        power = conditional_power(np.array(z), f, drift=drift)
        assert float(power) == pytest.approx((end > c).mean(), abs=0.005)
        belief = R.normal(z / np.sqrt(f), 1 / np.sqrt(f), 200_000)
        end = np.sqrt(f) * z + belief * (1 - f) + np.sqrt(1 - f) * R.normal(size=200_000)
        assert float(predictive_power(np.array(z), f)) == pytest.approx((end > c).mean(), abs=0.005)


def test_z_has_the_sign_of_the_better_side() -> None:
    y = np.stack([np.arange(10.0) - 4.0 * (np.arange(10) % 2), np.full(10, 2.0)])
    found = ancova(y, np.arange(10) % 2).comparison(0)
    z = signed_z(found, better=-1)
    assert z[0] > 0.0 and 2.0 * ndtr(-z[0]) == pytest.approx(found.p[0])
    assert z[1] == 0.0 and signed_z(found)[0] == -z[0]


def test_stopping_for_futility_never_adds_a_rejection() -> None:
    y = R.normal(size=(10_000, 40))
    arm = np.tile([0, 1], 20)
    first, end = (ancova(y[:, :n], arm[:n]).comparison(0) for n in (20, 40))
    stop = futile(predictive_power(signed_z(first), 0.5), 0.1)
    wins = end.rejected() & (end.estimate > 0.0)
    assert stop.mean() > 0.5
    assert abs(end.rejected().mean() - 0.05) < ERROR
    assert (wins & ~stop).mean() <= wins.mean() < 0.025 + ERROR
    helped = ancova(y + 1.0 * arm, arm).comparison(0)
    kept = ~futile(
        predictive_power(signed_z(ancova(y[:, :20] + arm[:20], arm[:20]).comparison(0)), 0.5)
    )
    assert helped.rejected().mean() - 0.1 < (helped.rejected() & kept).mean()


def test_dropping_arms_keeps_the_level_over_all_that_began() -> None:
    arm, half = np.arange(80) % 4, np.arange(80) < 40
    y = R.normal(size=(10_000, 80))
    going = keep_best(signed_z(ancova(y[:, half], arm[half])), keep=1)
    assert (going.sum(axis=-1) == 1).all()
    gone = (
        ~half
        & (arm > 0)
        & ~np.take_along_axis(
            np.pad(going, ((0, 0), (1, 0)), constant_values=True),
            np.tile(arm, (10_000, 1)),
            axis=-1,
        )
    )
    left = np.where(gone, np.nan, y)
    end = ancova(left, arm)
    assert (end.rejected() & going).any(axis=-1).mean() > 0.05 + ERROR  # the best of three
    adjusted = dunnett(end, counts(left, arm)), bonferroni(end, 3)
    for found in adjusted:
        assert (found.rejected() & going).any(axis=-1).mean() < 0.05 + ERROR


def test_the_best_are_kept_and_below_the_floor_none() -> None:
    z = np.array([[0.5, 2.0, 2.0], [-1.0, -2.0, -3.0]])
    assert keep_best(z, 1).tolist() == [[False, True, False], [True, False, False]]
    assert keep_best(z, 2, floor=0.0).tolist() == [[False, True, True], [False] * 3]


def test_stages_join_to_one_uniform_p() -> None:
    z = R.normal(size=(2, 10_000))
    p = combined(ndtr(-z[0]), ndtr(-z[1]), 0.3)
    assert abs((p < 0.05).mean() - 0.05) < ERROR
    assert combined(np.array(0.02), np.array(0.5), 0.5) == pytest.approx(
        norm.sf(norm.isf(0.02) * np.sqrt(0.5))
    )


def test_closed_forms_are_the_power_of_the_analyses() -> None:
    pytest.importorskip("statsmodels")
    n, wide = 40, 4.0 * np.sqrt(0.25 / 10_000)
    a, b = R.normal(0.6, 1.0, (10_000, n)), R.normal(size=(10_000, n))
    assert welch(a, b).rejected().mean() == pytest.approx(power_of_means(0.6, 1.0, n), abs=wide)
    assert paired(a).rejected().mean() == pytest.approx(power_of_pairs(0.6, 1.0, n), abs=wide)
    x = R.normal(size=(10_000, 2 * n))
    y = 0.6 * x + 0.8 * R.normal(size=x.shape) + np.tile([0.0, 0.5], n)
    adjusted = ancova(y, np.tile([0, 1], n), x).rejected().mean()
    assert adjusted == pytest.approx(power_of_means(0.5, 1.0, n, correlation=0.6), abs=wide)
    yes = (R.random((2, 10_000, 100)) < np.array([0.55, 0.35])[:, None, None]).astype(float)
    share = responders(yes[0], yes[1]).rejected().mean()
    assert share == pytest.approx(power_of_shares(0.55, 0.35, 100), abs=wide)


def test_required_numbers_are_the_least_that_reach_the_power() -> None:
    pytest.importorskip("statsmodels")
    assert n_for_means(0.5, 1.0) == 64  # Cohen's table
    for n, power in (
        (n_for_means(0.7, 1.3, 0.9), lambda k: power_of_means(0.7, 1.3, k)),
        (n_for_pairs(-0.4, 1.1, 0.9), lambda k: power_of_pairs(0.4, 1.1, k)),
        (n_for_shares(0.5, 0.3, 0.9), lambda k: power_of_shares(0.5, 0.3, k)),
    ):
        assert power(n) >= 0.9 > power(n - 1)


def test_what_has_no_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for call, words in (
        (lambda: keep_best(np.zeros((2, 3)), 4), "expected 1 to 3"),
        (lambda: signed_z(welch(np.arange(9.0), np.arange(9.0)), 0), "better = 0"),
        (lambda: predictive_power(np.zeros(1), 1.0), "fraction = 1.0"),
        (lambda: n_for_means(0.0, 1.0), "no number of patients finds"),
        (lambda: power_of_means(0.5, 0.0, 9), "sd = 0.0"),
        (lambda: power_of_means(0.5, 1.0, 1), "two patients or more"),
        (lambda: power_of_means(0.5, 1.0, 9, correlation=1.0), "between -1 and 1"),
        (lambda: n_for_shares(0.4, 0.4), "treated - control = 0"),
    ):
        with pytest.raises(UserError, match=words):
            call()
    monkeypatch.setitem(sys.modules, "statsmodels.stats", None)
    with pytest.raises(UserError, match=r"pip install 'ldnsim\[trials\]'"):
        power_of_means(0.5, 1.0, 20)
