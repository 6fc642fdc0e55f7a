"""Crossover trials and n-of-1 series against least squares, mixed models and the textbook model."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from ldnsim.analysis.trial.estimate import crossover, each_patient, sequences, series, welch
from ldnsim.errors import UserError

R = np.random.default_rng(31)
WILLIAMS = np.array([[0, 1, 3, 2], [1, 2, 0, 3], [2, 3, 1, 0], [3, 0, 2, 1]])


def dummies(codes: np.ndarray, of: range) -> np.ndarray:
    return (codes[:, None] == np.array(list(of))).astype(float)


def test_sequences_are_least_squares_with_an_effect_of_every_patient() -> None:
    sm = pytest.importorskip("statsmodels.api")
    taken = np.tile(WILLIAMS, (3, 1))
    y = R.normal(size=(200, 12, 4)) + R.normal(size=(200, 12, 1)) - 0.4 * taken
    y[R.random(y.shape) < 0.1] = np.nan
    who, when = np.repeat(np.arange(12), 4), np.tile(np.arange(4), 12)
    before = np.where(when == 0, -1, np.roll(taken.ravel(), 1))
    blocks = [dummies(taken.ravel(), range(1, 4)), dummies(when, range(1, 4))]
    for carry in (False, True):
        found = sequences(y, taken, carry_over=carry)
        more = [dummies(before, range(1, 4))] if carry else []
        x = np.hstack([*blocks, *more, dummies(who, range(12))])
        for t in range(200):
            seen = np.isfinite(y[t].ravel())
            one = sm.OLS(y[t].ravel()[seen], x[seen]).fit()
            assert np.allclose(found.treatment.p[t], one.pvalues[:3])
            assert np.allclose(found.period.low[t], one.conf_int()[3:6, 0])
            if found.carry_over is not None:
                assert np.allclose(found.carry_over.se[t], one.bse[6:9])


def two_by_two(
    trials: int, effect: float, carry: float, r: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The textbook model: patient, period, treatment, and what the drug leaves behind."""
    order = np.repeat([0, 1], 15)
    drug = np.stack([order, 1 - order], axis=-1)
    left = np.stack([np.zeros(30), carry * order], axis=-1)
    y = r.normal(0.0, 1.2, (trials, 30, 1)) + np.array([0.0, 0.3]) + effect * drug + left
    return y + r.normal(0.0, 0.8, (trials, 30, 2)), order


def test_two_by_two_is_the_general_form_and_the_textbook() -> None:
    y, order = two_by_two(10_000, -0.5, 0.0, R)
    found = crossover(y, order)
    again = sequences(y[:50], np.stack([order, 1 - order], axis=-1))
    assert np.allclose(found.treatment.p[:50], again.treatment.p[:, 0])
    assert np.allclose(found.period.se[:50], again.period.se[:, 0])
    error = 4.0 * np.sqrt(0.05 * 0.95 / 10_000)
    for part, true in ((found.treatment, -0.5), (found.period, 0.3), (found.carry_over, 0.0)):
        assert part is not None
        assert abs(((part.low <= true) & (true <= part.high)).mean() - 0.95) < error
    assert np.allclose(found.treatment.se.mean(), 0.8 / np.sqrt(15.0), rtol=0.02)


def test_carry_over_biases_the_effect_by_minus_half_and_the_test_of_it_is_weak() -> None:
    y, order = two_by_two(4000, -0.5, 0.4, R)
    found = crossover(y, order)
    assert found.carry_over is not None
    assert found.treatment.estimate.mean() == pytest.approx(-0.5 - 0.4 / 2.0, abs=0.02)
    assert found.carry_over.estimate.mean() == pytest.approx(0.4, abs=0.06)
    assert found.carry_over.rejected(0.1).mean() < 0.3


def test_choosing_the_analysis_by_the_test_of_carry_over_breaks_the_level() -> None:
    """What Freeman found, and why the treatment effect here does not look at that test."""
    y, order = two_by_two(10_000, 0.0, 0.0, R)
    found = crossover(y, order)
    assert found.carry_over is not None
    first = welch(y[:, order == 1, 0], y[:, order == 0, 0])
    chosen = np.where(found.carry_over.rejected(0.1), first.rejected(), found.treatment.rejected())
    assert found.treatment.rejected().mean() < 0.058 < 0.07 < chosen.mean()


def test_a_patient_with_one_period_counts_for_nothing() -> None:
    y, order = two_by_two(20, -0.5, 0.0, R)
    y[:, 3, 1] = np.nan
    assert np.allclose(
        crossover(y, order).treatment.p,
        crossover(np.delete(y, 3, 1), np.delete(order, 3)).treatment.p,
    )


def inverse_of(d: np.ndarray, between: float, within: float) -> tuple[np.ndarray, np.ndarray]:
    """The cycles that were seen, and the inverse of their covariance."""
    seen = np.isfinite(d)
    who = np.broadcast_to(np.arange(len(d))[:, None], seen.shape)[seen]
    return d[seen], np.linalg.inv(between * (who[:, None] == who) + within * np.eye(len(who)))


def standard_error(d: np.ndarray, between: float, within: float) -> float:
    return float(1.0 / np.sqrt(inverse_of(d, between, within)[1].sum()))


def deviance(d: np.ndarray, between: float, within: float) -> float:
    """-2 log restricted likelihood of the mixed model, written out."""
    y, inverse = inverse_of(d, between, within)
    total = inverse.sum()
    left = y - (inverse @ y).sum() / total
    return float(np.log(total) - np.linalg.slogdet(inverse)[1] + left @ inverse @ left)


def test_series_are_the_mixed_model_of_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.api")
    d = R.normal(-0.6, 0.9, (200, 8, 1)) + R.normal(size=(200, 8, 3))
    d[R.random(d.shape) < 0.15] = np.nan
    found, same = series(d), 0
    for t in range(200):
        seen = np.isfinite(d[t])
        who = np.broadcast_to(np.arange(8)[:, None], seen.shape)[seen]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = sm.MixedLM(d[t][seen], np.ones(seen.sum()), who).fit(reml=True)
        ours = found.sd_between[t] ** 2, found.sd_within[t] ** 2
        theirs = float(one.cov_re[0, 0]), float(one.scale)
        if abs(theirs[0] - ours[0]) > 1e-3:  # its search may stop at the edge, worse than here
            assert deviance(d[t], *ours) < deviance(d[t], *theirs)
            continue
        same += 1
        assert np.allclose(ours, theirs, atol=2e-3)
        assert found.mean.estimate[t] == pytest.approx(one.fe_params[0], abs=1e-3)
        assert found.mean.se[t] == pytest.approx(standard_error(d[t], *ours))
        if theirs[0] > 0.2:  # by observed information, in which mean and variances are not apart
            assert found.mean.se[t] == pytest.approx(float(one.bse_fe[0]), rel=0.05)
        there = sorted(one.random_effects)
        own = np.array([one.random_effects[k].iloc[0] for k in there]) + one.fe_params[0]
        assert np.allclose(found.effects[t, there], own, atol=2e-3)
    assert same > 180


def test_with_as_many_cycles_each_series_are_the_analysis_of_variance() -> None:
    d = R.normal(-0.6, 0.9, (100, 12, 1)) + R.normal(size=(100, 12, 5))
    found, means = series(d), d.mean(axis=-1)
    within = ((d - means[..., None]) ** 2).sum(axis=(1, 2)) / 48.0
    between = means.var(axis=-1, ddof=1) - within / 5.0
    inner = between > 0.0
    assert inner.sum() > 80
    assert np.allclose(found.sd_within[inner] ** 2, within[inner], rtol=1e-5)
    assert np.allclose(found.sd_between[inner] ** 2, between[inner], rtol=1e-3, atol=1e-5)
    assert np.allclose(found.mean.se[inner] ** 2, means[inner].var(axis=-1, ddof=1) / 12, rtol=1e-5)


def test_shrunken_effects_are_nearer_the_truth_and_know_their_error() -> None:
    true = R.normal(-0.6, 0.7, (500, 150))
    d = true[..., None] + R.normal(0.0, 1.3, (500, 150, 4))
    d[:, ::2, 3] = np.nan
    found, alone = series(d), each_patient(d)
    error2 = ((found.effects - true) ** 2).mean()
    assert error2 < 0.6 * ((alone.estimate - true) ** 2).mean()
    assert error2 == pytest.approx((found.effects_se**2).mean(), rel=0.06)
    held = (found.mean.low <= -0.6) & (found.mean.high >= -0.6)
    assert abs(held.mean() - 0.95) < 4.0 * np.sqrt(0.05 * 0.95 / 500)


def test_a_patient_without_cycles_has_the_mean_and_one_cycle_each_no_test() -> None:
    d = R.normal(size=(5, 6, 3))
    d[:, 2] = np.nan
    found = series(d)
    assert np.allclose(found.effects[:, 2], found.mean.estimate)
    assert not series(d[:, :, :1]).mean.tested.any()


def test_what_is_no_crossover_is_refused() -> None:
    with pytest.raises(UserError, match="the two periods last"):
        crossover(np.zeros((5, 3)), np.array([0, 1, 0, 1, 0]))
    with pytest.raises(UserError, match="sequence = 2: 0 is control first"):
        crossover(np.zeros((3, 2)), np.array([0, 1, 2]))
    with pytest.raises(UserError, match="two treatments and two periods"):
        sequences(np.zeros((3, 2)), np.zeros((3, 2), int))
    with pytest.raises(UserError, match="patients, cycles"):
        series(np.zeros(3))
