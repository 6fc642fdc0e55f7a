"""Several arms against one control: P values adjusted for their number."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, roots_genlaguerre, roots_hermitenorm

from ldnsim.analysis.trial.estimate.inputs import arm_codes, as_values, same_shape
from ldnsim.analysis.trial.estimate.record import Estimate
from ldnsim.arrays import Floats, Ints
from ldnsim.errors import UserError

_NORMAL_NODES, _CHI_NODES = 48, 12
_MANY = 200
"""Degrees of freedom from which the chi distribution is Wilson and Hilferty's to all digits."""
_BLOCK = 2_000_000
"""Numbers held at once."""


def counts(outcome: Floats, arm: Ints, arms: int | None = None) -> Floats:
    """Return how many patients were seen in each arm, (..., arms).

    Args:
        outcome: (..., patients), NaN for those who were not.
        arm: 0 the control, 1, 2, ..., (patients,) or with leading axes.
        arms: how many; the largest code and one when None.
    """
    y = as_values(outcome, "outcome")
    codes, count = arm_codes(arm, arms)
    same_shape(("outcome", y), ("arm", codes))
    each = [(np.isfinite(y) & (codes == k)).sum(axis=-1) for k in range(count)]
    return np.stack(each, axis=-1).astype(np.float64)


def holm(found: Estimate) -> Estimate:
    """Adjust P values of comparisons (the last axis) by Holm's step-down Bonferroni.

    It holds the chance of any false rejection at alpha whatever the comparisons have in common.
    Comparisons without a test count as not made. Reference: Holm, Scand J Stat 1979;6:65.
    """
    p = np.where(found.tested, found.p, np.inf)
    order = np.argsort(p, axis=-1)
    ranked = np.take_along_axis(p, order, axis=-1)
    left = found.tested.sum(axis=-1, keepdims=True) - np.arange(p.shape[-1])
    grown = np.maximum.accumulate(np.minimum(ranked * np.maximum(left, 1), 1.0), axis=-1)
    return found.with_p(np.take_along_axis(grown, np.argsort(order, axis=-1), axis=-1))


def dunnett(found: Estimate, patients: Floats) -> Estimate:
    """Adjust P values of arms against one control by Dunnett's single-step test, two-sided.

    ``P(max_k |T_k| >= |t|)`` where ``T_k = (l_k Z_0 + sqrt(1 - l_k^2) Z_k) / S`` with
    ``l_k^2 = n_k / (n_k + n_0)``, by quadrature over Z_0 and S (scipy.stats.dunnett integrates the
    same distribution by quasi-Monte Carlo, one trial at a time). The correlations are exact for
    means with a pooled variance; with covariates they are approximate, since randomised arms differ
    little in them. Intervals stay those of one comparison. Reference: Dunnett, J Am Stat Assoc
    1955;50:1096.

    Args:
        found: comparisons along the last axis, such as of :func:`.ancova` (not of Welch's test,
            whose comparisons do not share a variance).
        patients: seen in each arm, the control first, (..., comparisons + 1): :func:`counts`.

    Raises:
        UserError: shapes that do not go together.
    """
    arms = found.p.shape[-1]
    n = np.asarray(patients, dtype=np.float64)
    if n.shape[-1:] != (arms + 1,):
        raise UserError(f"patients {n.shape}: expected {arms + 1} arms, the control first")
    n = np.broadcast_to(n, (*found.p.shape[:-1], arms + 1)).reshape(-1, arms + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(found.estimate / found.se).reshape(-1, arms)
        load = np.sqrt(n[:, 1:] / (n[:, 1:] + n[:, :1]))
    load = np.where(found.tested.reshape(-1, arms), load, np.nan)
    df = np.where(found.tested, found.df, np.nan).reshape(-1, arms)
    p = np.full(t.shape, np.nan)
    step = max(1, _BLOCK // (_NORMAL_NODES * _CHI_NODES * arms))
    for k in range(arms):
        for at in range(0, len(t), step):
            some = slice(at, at + step)
            p[some, k] = _beyond(t[some, k], load[some], df[some, k])
    return found.with_p(p.reshape(found.p.shape))


def _beyond(t: Floats, load: Floats, df: Floats) -> Floats:
    """Return P(max |T_k| >= t), (trials,), over the arms whose loading is known."""
    z, weight = roots_hermitenorm(_NORMAL_NODES)
    z, weight = z[z > 0.0], weight[z > 0.0]  # the integrand is even
    s, share = _deviations(df)
    edge = (t[:, None] * s)[:, :, None]
    inside = np.ones((len(t), _CHI_NODES, len(z)))
    for k in range(load.shape[1]):
        known = np.isfinite(load[:, k])[:, None, None]
        own = np.where(known, load[:, k, None, None], 0.5)
        middle, width = own * z, np.sqrt(1.0 - own**2)
        held = ndtr((edge - middle) / width) - ndtr((-edge - middle) / width)
        inside *= np.where(known, held, 1.0)
    within = np.einsum("tsz,ts,z->t", inside, share, weight / weight.sum(), optimize=True)
    return np.asarray(np.where(np.isfinite(t), np.clip(1.0 - within, 0.0, 1.0), np.nan))


def _deviations(df: Floats) -> tuple[Floats, Floats]:
    """Nodes and weights of S = chi / sqrt(df), both (trials, nodes); S is 1 for infinite df."""
    s, share = np.ones((len(df), _CHI_NODES)), np.full((len(df), _CHI_NODES), 1.0 / _CHI_NODES)
    for own in np.unique(df[np.isfinite(df)]):
        if own <= _MANY:
            x, weight = roots_genlaguerre(_CHI_NODES, own / 2.0 - 1.0)
            node = np.sqrt(2.0 * x / own)
        else:
            z, weight = roots_hermitenorm(_CHI_NODES)
            node = (1.0 - 2.0 / (9.0 * own) + z * np.sqrt(2.0 / (9.0 * own))) ** 1.5
        s[df == own], share[df == own] = node, weight / weight.sum()
    return s, share
