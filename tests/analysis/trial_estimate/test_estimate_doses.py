"""Trends, Emax curves and adjusted P values against scipy and statsmodels; time to an event too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from ldnsim.analysis.trial.estimate import (
    Estimate,
    ancova,
    counts,
    dunnett,
    emax,
    holm,
    log_rank,
    trend,
)
from ldnsim.errors import UserError

R = np.random.default_rng(43)
DOSES = np.array([0.0, 1.5, 3.0, 4.5, 6.0])
ARM = np.repeat(np.arange(5), 14)
X = R.normal(6.0, 1.0, (200, 70))
Y = 0.5 * X - 2.5 * DOSES[ARM] / (2.0 + DOSES[ARM]) + R.normal(size=(200, 70))
Y[R.random(Y.shape) < 0.1] = np.nan


def test_a_trend_is_the_contrast_of_least_squares() -> None:
    sm = pytest.importorskip("statsmodels.api")
    found = trend(Y, ARM, DOSES, X)
    about = DOSES - DOSES.mean()
    for t in range(200):
        seen = np.isfinite(Y[t])
        x = np.column_stack([ARM[:, None] == np.arange(5), X[t]]).astype(float)[seen]
        one = sm.OLS(Y[t, seen], x).fit().t_test(np.append(about / np.sum(about**2), 0.0))
        assert found.estimate[t] == pytest.approx(float(one.effect[0]))
        assert found.p[t] == pytest.approx(float(one.pvalue))
    line = np.broadcast_to(2.0 - 0.3 * DOSES[ARM], (1, 70)) + 1e-3 * R.normal(size=(1, 70))
    assert trend(line, ARM, DOSES).estimate[0] == pytest.approx(-0.3, abs=1e-3)


def curve(d: np.ndarray, e0: float, top: float, ed50: float) -> np.ndarray:
    return e0 + top * d / (ed50 + d)


def test_an_emax_curve_is_that_of_curve_fit() -> None:
    found = emax(Y, ARM, DOSES)
    bounds = ([-np.inf, -np.inf, 0.006], [np.inf, np.inf, 9.0])
    assert found.at_bound.mean() < 0.3
    for t in range(200):
        seen = np.isfinite(Y[t])
        fit = optimize.curve_fit(
            curve, DOSES[ARM][seen], Y[t][seen], p0=[3.0, -2.0, 2.0], bounds=bounds, xtol=1e-12,
            ftol=1e-12,
        )  # fmt: skip
        own = [found.e0.estimate[t], found.emax.estimate[t], found.ed50.estimate[t]]
        rss = [np.sum((Y[t][seen] - curve(DOSES[ARM][seen], *p)) ** 2) for p in (own, fit[0])]
        assert rss[0] <= rss[1] * (1.0 + 1e-9)
        if not found.at_bound[t]:
            assert np.allclose(own, fit[0], rtol=2e-3)
            se = [found.e0.se[t], found.emax.se[t], found.ed50.se[t]]
            assert np.allclose(se, np.sqrt(np.diag(fit[1])), rtol=1e-2)
        else:
            assert not found.ed50.tested[t]
    effect = found.above_control(4.5)
    assert np.mean(effect) == pytest.approx(-2.5 * 4.5 / 6.5, abs=0.05)


def test_dunnett_is_that_of_scipy_and_of_his_table() -> None:
    found = dunnett(ancova(Y, ARM), counts(Y, ARM))
    for t in range(40):
        groups = [Y[t][(k == ARM) & np.isfinite(Y[t])] for k in range(5)]
        same = stats.dunnett(*groups[1:], control=groups[0], random_state=1).pvalue
        assert np.allclose(found.p[t], same, atol=3e-4)
    for arms, df, t in ((2, 20, 2.38), (3, 20, 2.54), (2, np.inf, 2.21), (3, np.inf, 2.35)):
        one = np.ones((1, arms))
        at = Estimate(t * one, one, one, one, one, df * one, np.ones((1, arms), bool))
        assert np.allclose(dunnett(at, np.full((1, arms + 1), 9.0)).p, 0.05, atol=1.5e-3)


def test_adjusted_tests_keep_the_level_over_all_arms() -> None:
    r = np.random.default_rng(5)
    y = r.normal(size=(4000, 45))
    arm = np.repeat([0, 1, 2, 3, 4], 9)
    raw = ancova(y, arm)
    error = 4.0 * np.sqrt(0.05 * 0.95 / 4000)
    assert raw.rejected().any(axis=-1).mean() > 0.1
    assert abs(dunnett(raw, counts(y, arm)).rejected().any(axis=-1).mean() - 0.05) < error
    assert holm(raw).rejected().any(axis=-1).mean() < 0.05 + error


def test_holm_is_that_of_statsmodels_and_passes_over_what_was_not_tested() -> None:
    multi = pytest.importorskip("statsmodels.stats.multitest")
    y = Y.copy()
    y[:20, ARM == 3] = np.nan
    raw = ancova(y, ARM)
    found = holm(raw)
    for t in range(200):
        tested = raw.tested[t]
        assert tested.sum() == (3 if t < 20 else 4)
        if t % 10 == 0:  # a twentieth of a second each
            same = multi.multipletests(raw.p[t, tested], method="holm")[1]
            assert np.allclose(found.p[t, tested], same)
    left = dunnett(raw, counts(y, ARM))
    assert np.isnan(left.p[:20, 2]).all() and np.isfinite(left.p[:20, [0, 1, 3]]).all()


def test_log_rank_is_that_of_statsmodels() -> None:
    survival = pytest.importorskip("statsmodels.duration.survfunc")
    arm = np.tile([0, 1], 30)
    time = np.ceil(R.exponential(np.where(arm == 1, 14.0, 8.0), (200, 60)))  # weeks: many ties
    event, time = time < 12.0, np.minimum(time, 12.0)
    time[R.random(time.shape) < 0.1] = np.nan
    found = log_rank(time, event, arm)
    for t in range(200):
        seen = np.isfinite(time[t])
        same = survival.survdiff(time[t][seen], event[t][seen].astype(int), arm[seen])
        assert found.p[t] == pytest.approx(same[1])
    wide = R.exponential(np.tile([8.0, 14.0], 200), (1000, 400))
    large = log_rank(np.minimum(wide, 12.0), wide < 12.0, np.tile([0, 1], 200))
    assert large.estimate.mean() == pytest.approx(np.log(8.0 / 14.0), abs=0.03)
    assert large.se.mean() == pytest.approx(large.estimate.std(), rel=0.1)
    null = log_rank(R.exponential(8.0, (4000, 60)), np.ones(60, bool), arm)
    assert abs(null.rejected().mean() - 0.05) < 4.0 * np.sqrt(0.05 * 0.95 / 4000)
    assert not log_rank(time[:2], np.zeros(60, bool), arm).tested.any()


def test_what_makes_no_curve_is_refused() -> None:
    with pytest.raises(UserError, match="3 different ones"):
        emax(Y[:, ARM < 2], ARM[ARM < 2], DOSES[:2])
    with pytest.raises(UserError, match="arm = 4: there are 3 arms"):
        trend(Y, ARM, DOSES[:3])
    with pytest.raises(UserError, match="one number of 0 or more"):
        trend(Y, ARM, -DOSES)
    with pytest.raises(UserError, match="expected 5 arms"):
        dunnett(ancova(Y, ARM), np.ones(3))
    with pytest.raises(UserError, match="compares 0 and 1"):
        log_rank(np.ones(70), np.ones(70, bool), ARM)
    with pytest.raises(UserError, match="True where the event"):
        log_rank(np.ones(70), np.ones(70), ARM % 2)
