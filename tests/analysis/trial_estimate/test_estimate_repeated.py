"""The mixed model of repeated measures against its own definition, written out for one trial."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.linalg import block_diag

from ldnsim.analysis.trial.estimate import Repeated, ancova, repeated
from ldnsim.errors import UserError

R = np.random.default_rng(59)
VISITS, N = 4, 36
ARM = np.tile([0, 1], N // 2)
ROOT = np.linalg.cholesky(0.6 + np.diag([0.3, 0.5, 0.7, 0.9]))
Arrays = tuple[np.ndarray, ...]


def drawn(trials: int, n: int, effect: float, r: np.random.Generator) -> tuple[Arrays, np.ndarray]:
    """Outcomes with all visits, baselines and arms, and the outcomes left after drop-out at random:
    on the drug those leave who were badly at the visit before, on placebo those who were well."""
    arm = np.tile([0, 1], n // 2)
    x = r.normal(6.0, 1.0, (trials, n))
    y = 0.6 * x[..., None] + r.normal(size=(trials, n, VISITS)) @ ROOT.T
    y += effect * arm[:, None] * np.arange(1, VISITS + 1) / VISITS
    seen = y.copy()
    gone = np.zeros((trials, n), dtype=bool)
    for v in range(1, VISITS):
        badly = np.where(arm == 1, 1.0, -1.0) * (y[:, :, v - 1] - 3.6)
        gone |= r.random((trials, n)) < 1.0 / (1.0 + np.exp(2.2 - 1.2 * badly))
        seen[gone, v] = np.nan
    return (y, x, arm), seen


def written_out(y: np.ndarray, x: np.ndarray) -> tuple[Arrays, list[np.ndarray], list[np.ndarray]]:
    """Stacked outcomes and design of one trial, and the visits of each patient."""
    z = np.column_stack([ARM == 0, ARM == 1, x - x.mean()]).astype(float)
    seen = [np.flatnonzero(np.isfinite(row)) for row in y]
    designs = [np.kron(np.eye(y.shape[1])[s], z[i]) for i, s in enumerate(seen)]
    whole = np.concatenate([row[s] for row, s in zip(y, seen, strict=True)])
    return (whole, np.vstack(designs)), seen, designs


def log_likelihood(covariance: np.ndarray, data: Arrays, seen: list[np.ndarray]) -> float:
    y, x = data
    v = block_diag(*(covariance[np.ix_(s, s)] for s in seen))
    inverse = np.linalg.inv(v)
    gram = x.T @ inverse @ x
    left = y - x @ np.linalg.solve(gram, x.T @ inverse @ y)
    return -0.5 * float(
        np.linalg.slogdet(v)[1] + np.linalg.slogdet(gram)[1] + left @ inverse @ left
    )


def kenward_roger(covariance: np.ndarray, data: Arrays, seen: list[np.ndarray]) -> Arrays:
    """Their formula as printed: matrices over all observations of a trial."""
    x = data[1]
    v_inv = np.linalg.inv(block_diag(*(covariance[np.ix_(s, s)] for s in seen)))
    phi = np.linalg.inv(x.T @ v_inv @ x)
    slopes = []
    for a in range(VISITS):
        for b in range(a, VISITS):
            e = np.zeros((VISITS, VISITS))
            e[a, b] = e[b, a] = 1.0
            slopes.append(block_diag(*(e[np.ix_(s, s)] for s in seen)))
    moved = [v_inv @ e for e in slopes]
    p = [-x.T @ m @ v_inv @ x for m in moved]
    count = len(slopes)
    q = [[x.T @ moved[i] @ moved[j] @ v_inv @ x for j in range(count)] for i in range(count)]
    info = np.array(
        [
            [
                0.5 * np.trace(moved[i] @ moved[j])
                - np.trace(phi @ q[i][j])
                + 0.5 * np.trace(phi @ p[i] @ phi @ p[j])
                for j in range(count)
            ]
            for i in range(count)
        ]
    )
    w = np.linalg.inv(info)
    middle = sum(
        w[i, j] * (q[i][j] - p[i] @ phi @ p[j]) for i in range(count) for j in range(count)
    )
    contrast = np.zeros(x.shape[1])
    contrast[-3:-1] = -1.0, 1.0
    wide = phi + 2.0 * phi @ middle @ phi
    g = np.array([contrast @ phi @ m @ phi @ contrast for m in p])
    df = 2.0 * (contrast @ phi @ contrast) ** 2 / (g @ w @ g)
    # how the fitted effect moves with the covariance, by differences
    slope = np.array([slope_of(contrast, covariance, data, seen, i) for i in range(count)])
    apart = contrast @ (phi + phi @ middle @ phi) @ contrast + slope @ w @ slope
    return np.sqrt(contrast @ wide @ contrast), df, np.sqrt(apart)


def slope_of(
    contrast: np.ndarray, covariance: np.ndarray, data: Arrays, seen: list[np.ndarray], i: int
) -> float:
    """Derivative of a generalised least squares contrast by an element of the covariance."""
    y, x = data
    a, b = [(a, b) for a in range(VISITS) for b in range(a, VISITS)][i]
    found = []
    for sign in (1, -1):
        moved = covariance.copy()
        moved[a, b] += sign * 1e-5
        moved[b, a] = moved[a, b]
        inverse = np.linalg.inv(block_diag(*(moved[np.ix_(s, s)] for s in seen)))
        found.append(contrast @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse @ y))
    return float((found[0] - found[1]) / 2e-5)


@pytest.fixture(scope="module")
def trials() -> tuple[np.ndarray, np.ndarray, Repeated]:
    (_, x, _), seen = drawn(200, N, -0.5, R)
    seen[R.random(seen.shape) < 0.04] = np.nan  # a visit missed now and then
    seen[np.isnan(seen).all(axis=-1), 0] = 4.0
    return seen, x, repeated(seen, ARM, x)


def test_with_every_visit_it_is_ancova_at_each() -> None:
    (y, x, arm), _ = drawn(200, N, -0.5, R)
    for errors in ("observed", "expected", "model"):
        found = repeated(y, arm, x, strata=np.arange(N) // 12, errors=errors)
        assert found.converged.all()
        for v in range(VISITS):
            one = ancova(y[..., v], arm, x, strata=np.arange(N) // 12)
            for name in ("estimate", "se", "low", "high", "p", "df"):
                assert np.allclose(getattr(found.at(v), name), getattr(one, name), rtol=1e-6), name


def test_means_are_generalised_least_squares(
    trials: tuple[np.ndarray, np.ndarray, Repeated],
) -> None:
    sm = pytest.importorskip("statsmodels.api")
    y, x, found = trials
    assert found.converged.all()
    for t in range(200):
        data, seen, _ = written_out(y[t], x[t])
        v = block_diag(*(found.covariance[t][np.ix_(s, s)] for s in seen))
        one = sm.GLS(data[0], data[1], sigma=v).fit()
        assert found.at().estimate[t, 0] == pytest.approx(one.params[-2] - one.params[-3], abs=1e-6)


def test_the_covariance_is_where_restricted_likelihood_is_highest(
    trials: tuple[np.ndarray, np.ndarray, Repeated],
) -> None:
    y, x, found = trials
    for t in range(2):
        data, seen, _ = written_out(y[t], x[t])
        best = found.covariance[t]
        top = log_likelihood(best, data, seen)
        for a in range(VISITS):
            for b in range(a, VISITS):
                step = np.zeros((VISITS, VISITS))
                step[a, b] = step[b, a] = 1e-3
                up, down = (log_likelihood(best + s * step, data, seen) for s in (1, -1))
                assert up < top and down < top
                assert abs(1e-3 * (up - down) / (up + down - 2.0 * top) / 2.0) < 1e-5


def test_errors_and_degrees_of_freedom_are_those_of_kenward_and_roger(
    trials: tuple[np.ndarray, np.ndarray, Repeated],
) -> None:
    y, x, found = trials
    for t in range(3):
        data, seen, _ = written_out(y[t], x[t])
        se, df, apart = kenward_roger(found.covariance[t], data, seen)
        assert found.at().se[t, 0] == pytest.approx(float(apart), rel=1e-5)
        assert found.at().df[t, 0] == pytest.approx(float(df), rel=1e-6)
        own = repeated(y[t], ARM, x[t], errors="expected").at()
        assert own.se[0] == pytest.approx(float(se), rel=1e-6)


def test_the_mixed_model_of_statsmodels_finds_no_better_covariance() -> None:
    """It has no unstructured one, but free effects of every visit and an error come to the same."""
    sm = pytest.importorskip("statsmodels.api")
    (_, x, arm), y = drawn(3, N, -0.5, np.random.default_rng(2))
    y = y[:, :, :3]
    found = repeated(y, arm, x)
    for t in range(3):
        data, seen, _ = written_out(y[t], x[t])
        who = np.repeat(np.arange(N), [len(s) for s in seen])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = sm.MixedLM(*data, who, exog_re=np.eye(3)[np.concatenate(seen)]).fit(reml=True)
        theirs = np.asarray(one.cov_re) + one.scale * np.eye(3)
        gain = log_likelihood(found.covariance[t], data, seen) - log_likelihood(theirs, data, seen)
        assert -1e-6 < gain < 1.0
        assert np.allclose(found.covariance[t], theirs, atol=0.1)


def test_drop_out_at_random_does_no_harm_to_it_but_to_complete_cases() -> None:
    (_, x, arm), seen = drawn(1500, 80, 0.0, R)
    assert 0.15 < np.isnan(seen[..., -1]).mean() < 0.5
    found = repeated(seen, arm, x).at()
    naive = ancova(seen[..., -1], arm, x)
    assert abs(found.estimate.mean()) < 4.0 * found.estimate.std() / np.sqrt(1500)
    assert naive.estimate.mean() < -0.25
    assert found.rejected().mean() < 0.05 + 4.0 * np.sqrt(0.05 * 0.95 / 1500)
    assert naive.rejected().mean() > 0.1


def test_arms_that_nobody_is_left_in_are_not_tested_and_the_rest_is() -> None:
    (_, x, _), seen = drawn(3, N, -0.5, R)
    arm = np.arange(N) % 3
    seen[:, arm == 2, -1] = np.nan
    seen[1] = 5.0
    found = repeated(seen, arm, x)
    assert found.at().tested.tolist() == [[True, False], [False, False], [True, False]]
    assert found.effects.tested[0, 0].all()
    assert not found.converged[1]


def test_leading_axes_blocks_and_patients_never_seen() -> None:
    (_, x, arm), seen = drawn(6, N, -0.5, R)
    whole = repeated(seen.reshape(2, 3, N, VISITS), arm, x.reshape(2, 3, N))
    assert whole.effects.p.shape == (2, 3, VISITS, 1) and whole.covariance.shape == (2, 3, 4, 4)
    alone = repeated(seen[4], arm, x[4])
    assert np.allclose(whole.at().p[1, 1], alone.at().p)
    seen[:, 5] = np.nan
    less = repeated(np.delete(seen, 5, 1), np.delete(arm, 5), np.delete(x, 5, 1))
    assert np.allclose(repeated(seen, arm, x).at().p, less.at().p)


def test_what_has_no_visits_is_refused() -> None:
    with pytest.raises(UserError, match="patients, visits"):
        repeated(np.zeros(4), np.array([0, 1, 0, 1]))
    with pytest.raises(UserError, match="errors 'observe' is not known; did you mean 'observed'"):
        repeated(np.zeros((4, 2)), np.array([0, 1, 0, 1]), errors="observe")
    with pytest.raises(UserError, match="do not go together"):
        repeated(np.zeros((5, 2)), np.array([0, 1, 0, 1]))
