"""Restricted maximum likelihood of an unstructured covariance, by patterns of what was seen.

Patients who were seen at the same visits enter the likelihood through sums alone, so that a round
of the search costs as much for 1,000 patients as for ten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.trial.estimate.least_squares import pseudo_inverse
from ldnsim.arrays import Flags, Floats, Ints

_ROUNDS = 2000
_SETTLED = 1e-8
"""Change of a variance, or of a covariance next to its variances, in a round."""
_EXACT = 1e-10
"""Residuals below this share of the whole, or of each other, are rounding."""
_RIDGE = 1e-10
"""Added to the scaled normal equations: what an empty arm leaves open stays at 0."""


@dataclass(frozen=True)
class Patterns:
    """Sums over the patients of a pattern; t trials, p patterns, q covariates, v visits.

    Attributes:
        seen: visits that belong to a pattern, (p, v).
        n: patients, (t, p).
        zz: products of covariates, (t, p, q, q).
        zy: of covariates and outcomes, 0 where not seen, (t, p, q, v).
        yy: of outcomes, (t, p, v, v).
    """

    seen: Floats
    n: Floats
    zz: Floats
    zy: Floats
    yy: Floats

    @classmethod
    def of(cls, y: Floats, z: Floats) -> Patterns:
        """Sum over patients outcomes, (t, patients, v), and covariates, (t, patients, q)."""
        there = np.isfinite(y) & np.isfinite(z).all(axis=-1, keepdims=True)
        y, z = np.where(there, y, 0.0), np.nan_to_num(z)
        code = there @ (1 << np.arange(y.shape[-1], dtype=np.int64))
        kinds = np.unique(code[code > 0])
        seen = (kinds[:, None] >> np.arange(y.shape[-1])) & 1
        each = []
        for kind in kinds:
            own = (code == kind).astype(np.float64)
            zt = np.swapaxes(z * own[..., None], -1, -2)
            each.append(
                (own.sum(axis=-1), zt @ z, zt @ y, np.swapaxes(y, -1, -2) @ (y * own[..., None]))
            )
        n, zz, zy, yy = (np.stack(a, axis=1) for a in zip(*each, strict=True))
        return cls(seen.astype(np.float64), n, zz, zy, yy)

    def some(self, trials: Ints) -> Patterns:
        """Return the sums of some trials."""
        return Patterns(
            self.seen, self.n[trials], self.zz[trials], self.zy[trials], self.yy[trials]
        )

    def weight(self, covariance: Floats) -> Floats:
        """Return the inverse of what each pattern shows of a covariance, 0 elsewhere."""
        seen = self.seen[:, :, None] * self.seen[:, None, :]
        rest = np.einsum("pv,vu->pvu", 1.0 - self.seen, np.eye(seen.shape[-1]))
        return np.asarray(np.linalg.inv(covariance[:, None] * seen + rest) * seen)

    def at_visits(self) -> tuple[Floats, Floats]:
        """Return, of those seen at each visit, n, (t, v), and covariates, (t, v, q, q)."""
        return self.n @ self.seen, np.einsum("pv,tpqr->tvqr", self.seen, self.zz)


@dataclass(frozen=True)
class Solved:
    """Means and covariance of trials.

    Attributes:
        coef: of the covariates at each visit, (t, v, q).
        spread: covariance of these, (t, v, q, v, q).
        covariance: (t, v, v).
        rounds: of the search, (t,).
        converged: (t,).
    """

    coef: Floats
    spread: Floats
    covariance: Floats
    rounds: Ints
    converged: Flags


def reml(sums: Patterns) -> Solved:
    """Find covariance and means by the EM algorithm of restricted likelihood (Laird, Ware 1982).

    With W_p the inverse of the covariance of what pattern p shows (0 elsewhere), R_p the products
    of its residuals and H_p those of the error of its fitted means, a round is
    ``C <- C + C (sum_p W_p (R_p + H_p) W_p - n_p W_p) C / n``: it never lowers the likelihood and
    stays positive.
    """
    covariance, usable = _start(sums)
    trials, visits = covariance.shape[:2]
    coef = np.zeros((trials, visits, sums.zz.shape[-1]))
    spread = np.zeros((*coef.shape, *coef.shape[1:]))
    rounds = np.zeros(trials, dtype=np.int64)
    converged = np.zeros(trials, dtype=bool)
    at = np.flatnonzero(usable)
    own = sums.some(at)
    for round_ in range(1, _ROUNDS + 1):
        if not len(at):
            break
        now = covariance[at]
        coef[at], spread[at], new = _round(own, now)
        size = np.sqrt(np.einsum("tvv->tv", now))
        moved = np.abs(new - now) / (size[:, :, None] * size[:, None, :])
        covariance[at], rounds[at] = new, round_
        done = moved.max(axis=(1, 2)) < _SETTLED
        converged[at[done]] = True
        if done.any():
            at = at[~done]
            own = own.some(np.flatnonzero(~done))
    return Solved(coef, spread, covariance, rounds, converged)


def _start(sums: Patterns) -> tuple[Floats, Flags]:
    """Covariance of the residuals of each visit's own regression, and where there is one."""
    n, zz = sums.at_visits()
    inverse, _, rank = pseudo_inverse(zz)
    coef = np.einsum("tvqr,tprv->tvq", inverse, sums.zy)
    left = _residuals(sums, coef).sum(axis=1)
    df = n - rank
    rss = np.einsum("tvv->tv", left)
    total = np.einsum("tpvv->tv", sums.yy)
    usable = ((df > 0.0) & (rss > _EXACT * total)).all(axis=-1)
    df = np.sqrt(np.where(df > 0.0, df, 1.0))
    first = left / (df[:, :, None] * df[:, None, :])
    size = np.sqrt(np.where(usable[:, None], np.einsum("tvv->tv", first), 1.0))
    alike = np.where(usable[:, None, None], first / (size[:, :, None] * size[:, None, :]), 0.0)
    usable = np.asarray(usable & (np.linalg.eigvalsh(alike)[:, 0] > _EXACT))
    return np.where(usable[:, None, None], first, np.nan), usable


def _residuals(sums: Patterns, coef: Floats) -> Floats:
    """Products of residuals of each pattern, 0 where it shows nothing, (t, p, v, v)."""
    fitted = np.einsum("tvq,tpqu->tpvu", coef, sums.zy)
    both = np.einsum("tvq,tpqr,tur->tpvu", coef, sums.zz, coef, optimize=True)
    seen = sums.seen[:, :, None] * sums.seen[:, None, :]
    return np.asarray((sums.yy - fitted - np.swapaxes(fitted, -1, -2) + both) * seen)


def _round(sums: Patterns, covariance: Floats) -> tuple[Floats, Floats, Floats]:
    """One round: means and their covariance at a covariance, and the next covariance."""
    weight = sums.weight(covariance)
    coef, spread = means(sums, weight)
    own = np.einsum("tpqr,tvqur->tpvu", sums.zz, spread, optimize=True)
    left = _residuals(sums, coef) + own
    pull = (weight @ left @ weight - sums.n[:, :, None, None] * weight).sum(axis=1)
    new = covariance + covariance @ pull @ covariance / sums.n.sum(axis=1)[:, None, None]
    return coef, spread, (new + np.swapaxes(new, -1, -2)) / 2.0


def means(sums: Patterns, weight: Floats) -> tuple[Floats, Floats]:
    """Generalised least squares: coefficients, (t, v, q), and their covariance, (t, v, q, v, q).

    Args:
        sums: over patients.
        weight: inverse covariance of what each pattern shows, 0 elsewhere, (t, p, v, v).
    """
    t, _, v, _ = weight.shape
    q = sums.zz.shape[-1]
    gram = np.einsum("tpvu,tpqr->tvqur", weight, sums.zz, optimize=True).reshape(t, v * q, v * q)
    right = np.einsum("tpvu,tpqu->tvq", weight, sums.zy, optimize=True).reshape(t, v * q)
    size = np.sqrt(np.einsum("tkk->tk", gram))
    size = np.where(size > 0.0, size, 1.0)
    scaled = gram / (size[:, :, None] * size[:, None, :]) + _RIDGE * np.eye(v * q)
    spread = np.linalg.inv(scaled) / (size[:, :, None] * size[:, None, :])
    coef = np.einsum("tkl,tl->tk", spread, right)
    return coef.reshape(t, v, q), spread.reshape(t, v, q, v, q)
