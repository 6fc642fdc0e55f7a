"""Errors and degrees of freedom of a mixed model, corrected for an estimated covariance.

Kenward and Roger, Biometrics 1997;53:983, for an unstructured covariance of visits. That is linear
in its elements theta_i, so the second derivatives of their formula vanish. With W_p the inverse of
what pattern p shows, E_i the derivative of the covariance, Z_p the products of covariates and F the
covariance of the fitted means:

``P_i = -sum_p (W E_i W) x Z_p``, ``Q_ij = sum_p (W E_i W E_j W) x Z_p``,
``I_ij = sum_p n_p tr(W E_i W E_j)/2 - tr(F Q_ij) + tr(F P_i F P_j)/2``, ``w = I^-1``,
``F_A = F + 2 F (sum_ij w_ij (Q_ij - P_i F P_j)) F``.

The 2 stands for two things, of one size where visits are missing completely at random: F is too
small since the covariance is estimated, and the means move with it. The second is
``sum_ij w_ij d_i d_j'``, d_i the derivative of the fitted means by theta_i; half of the above is
its expectation if nothing that was seen made visits missing. Where drop-out follows what was seen,
that is too little, in large trials too (Kenward and Molenberghs, Stat Sci 1998;13:236: information
has to be the observed one). With ``observed``, d_i is taken as the data have it.

For one contrast l their scale is 1 and their degrees of freedom are Satterthwaite's,
``2 (l'Fl)^2 / (g'wg)``, ``g_i = l'F P_i F l``.
"""

from __future__ import annotations

import numpy as np

from ldnsim.analysis.trial.estimate.patterns import Patterns, Solved, means
from ldnsim.arrays import Floats, Ints

_RIDGE = 1e-13
"""Keeps an information matrix that says nothing of some direction from stopping the others."""
_HELD = 5e6
"""Numbers held at once in the derivatives of a block of trials."""


def corrected(
    sums: Patterns, solved: Solved, rows: Floats, observed: bool
) -> tuple[Floats, Floats]:
    """Return corrected errors and degrees of freedom of contrasts at every visit.

    Args:
        sums: over the patients of t trials.
        solved: their fit; where it did not converge both are NaN.
        rows: contrasts of covariates, (contrasts, q).
        observed: whether how means move with the covariance is taken from the data.

    Returns:
        both (t, visits, contrasts).
    """
    t, v, q = solved.coef.shape
    error = np.full((t, v, len(rows)), np.nan)
    df = error.copy()
    at = np.flatnonzero(solved.converged)
    most = max(v * (v + 1) // 2 * (v * q) ** 2, len(sums.seen) * v**4)
    step = max(1, int(_HELD // most))
    for k in range(0, len(at), step):
        own = at[k : k + step]
        spread = solved.spread[own].reshape(len(own), v * q, v * q)
        error[own], df[own] = _block(sums.some(own), solved.covariance[own], spread, rows, observed)
    return error, df


def _block(
    sums: Patterns, covariance: Floats, spread: Floats, rows: Floats, observed: bool
) -> tuple[Floats, Floats]:
    """Errors and degrees of freedom of some trials; F = L L', and G_i = L' P_i L stands for P_i."""
    t, v, q = len(covariance), covariance.shape[-1], sums.zz.shape[-1]
    weight, root = sums.weight(covariance), np.linalg.cholesky(spread)
    slopes = np.swapaxes(root, -1, -2)[:, None] @ _derivatives(sums, weight) @ root[:, None]
    inverse = _inverse(_information(sums, weight, spread, slopes))
    full = _unfolded(_unfolded(inverse, v, 1), v, 2).reshape(t, v, v, v, v)
    inner = np.einsum("tabcd,tpbc->tpad", full, weight, optimize=True)
    second = np.einsum("tpvu,tpqr->tvqur", weight @ inner @ weight, sums.zz, optimize=True)
    # contrasts c of all visits as columns: L'c, F c, and G_i L'c for each i
    contrast = np.einsum("vu,aq->vqua", np.eye(v), rows).reshape(v * q, -1)
    turned = np.swapaxes(root, -1, -2) @ contrast
    wide = root @ turned
    pulled = slopes @ turned[:, None]
    plain = np.sum(turned**2, axis=1)
    flat = pulled.reshape(t, pulled.shape[1], -1)
    first = np.sum((flat * (inverse @ flat)).reshape(pulled.shape), axis=(1, 2))
    expected = np.sum(wide * (second.reshape(spread.shape) @ wide), axis=1) - first
    again = expected
    if observed:
        moves = _moves(sums, weight) @ wide
        again = np.sum(moves * (inverse @ moves), axis=1)
    slope = np.sum(turned[:, None] * pulled, axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        df = 2.0 * plain**2 / np.sum(slope * (inverse @ slope), axis=1)
        error = np.sqrt(plain + expected + again)
    return error.reshape(t, v, -1), df.reshape(t, v, -1)


def _elements(v: int) -> tuple[Ints, Ints]:
    """Row and column of each theta in the covariance."""
    row, column = np.triu_indices(v)
    return row.astype(np.int64), column.astype(np.int64)


def _folded(values: Floats, v: int, axis: int) -> Floats:
    """Sum over the elements that are one theta, along an axis of v * v."""
    row, column = _elements(v)
    other = np.take(values, column * v + row, axis=axis)
    shape = [1] * values.ndim
    shape[axis] = len(row)
    return np.asarray(
        np.take(values, row * v + column, axis=axis) + other * (row != column).reshape(shape)
    )


def _unfolded(values: Floats, v: int, axis: int) -> Floats:
    """Put at every element of a covariance what belongs to its theta."""
    row, column = _elements(v)
    place = np.zeros((v, v), dtype=np.int64)
    place[row, column] = place[column, row] = np.arange(len(row))
    return np.asarray(np.take(values, place.ravel(), axis=axis))


def _derivatives(sums: Patterns, weight: Floats) -> Floats:
    """P_i, (t, theta, v q, v q)."""
    t, p, v, _ = weight.shape
    q = sums.zz.shape[-1]
    pairs = np.swapaxes(weight, -1, -2)[:, :, :, None, :, None] * weight[:, :, None, :, None, :]
    own = _folded(pairs.reshape(t, p, v * v, v * v), v, 2).reshape(t, p, -1)
    all_ = np.swapaxes(own, -1, -2) @ sums.zz.reshape(t, p, q * q)
    laid = all_.reshape(t, -1, v, v, q, q).transpose(0, 1, 2, 4, 3, 5)
    return np.asarray(-laid.reshape(t, -1, v * q, v * q))


def _information(sums: Patterns, weight: Floats, spread: Floats, slopes: Floats) -> Floats:
    """I_ij, (t, theta, theta)."""
    t, _, v, _ = weight.shape
    q = sums.zz.shape[-1]
    means_ = np.einsum("tpqr,tvqur->tpvu", sums.zz, spread.reshape(t, v, q, v, q), optimize=True)
    half = 0.5 * sums.n[:, :, None, None] * weight - weight @ means_ @ weight
    full = np.einsum("tpda,tpbc->tabcd", half, weight, optimize=True).reshape(t, v * v, v * v)
    flat = slopes.reshape(t, slopes.shape[1], -1)
    return _folded(_folded(full, v, 1), v, 2) + 0.5 * flat @ np.swapaxes(flat, -1, -2)


def _moves(sums: Patterns, weight: Floats) -> Floats:
    """d_i before F and up to its sign: ``sum_p W E_i W R_p``, R_p residuals by covariates."""
    t, _, v, _ = weight.shape
    coef, _ = means(sums, weight)
    left = np.swapaxes(sums.zy, -1, -2) - np.einsum("tvr,tprq->tpvq", coef, sums.zz)
    all_ = np.einsum("tpva,tpbq->tabvq", weight, weight @ left, optimize=True)
    return _folded(all_.reshape(t, v * v, -1), v, 1)


def _inverse(information: Floats) -> Floats:
    """Invert, scaled to a unit diagonal; NaN where an element has no information."""
    size = np.sqrt(np.maximum(np.einsum("tii->ti", information), 0.0))
    good = (size > 0.0).all(axis=-1)
    size = np.where(good[:, None], size, 1.0)
    eye = np.eye(size.shape[-1])
    scaled = information / (size[:, :, None] * size[:, None, :])
    scaled = np.where(good[:, None, None], scaled, eye) + _RIDGE * eye
    found = np.linalg.inv(scaled) / (size[:, :, None] * size[:, None, :])
    return np.where(good[:, None, None], found, np.nan)
