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
``sum_ij w_ij d_i d_j'``, d_i the derivative of the fitted means by theta_i; half of the above is its
expectation if nothing that was seen made visits missing. Where drop-out follows what was seen,
that is too little, in large trials too (Kenward and Molenberghs, Stat Sci 1998;13:236: information
has to be the observed one). With ``observed``, d_i is taken as the data have it.

For one contrast l their scale is 1 and their degrees of freedom are Satterthwaite's,
``2 (l'Fl)^2 / (g'wg)``, ``g_i = l'F P_i F l``.
"""

from __future__ import annotations

import numpy as np

from ldnsim.analysis.trial.estimate.patterns import Patterns, Solved, means
from ldnsim.arrays import Floats

_HELD = 2e7
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
    step = max(1, int(_HELD // (v * (v + 1) // 2 * (v * q) ** 2)))
    for k in range(0, len(at), step):
        own = at[k : k + step]
        spread = solved.spread[own].reshape(len(own), v * q, v * q)
        error[own], df[own] = _block(sums.some(own), solved.covariance[own], spread, rows, observed)
    return error, df


def _block(
    sums: Patterns, covariance: Floats, spread: Floats, rows: Floats, observed: bool
) -> tuple[Floats, Floats]:
    t, v, q = len(covariance), covariance.shape[-1], sums.zz.shape[-1]
    weight = sums.weight(covariance)
    double = _elements(v)
    slopes = _derivatives(sums, weight, double)
    information, pulled = _information(sums, weight, spread, slopes, double)
    inverse = _inverse(information)
    full = (double @ inverse @ double.T).reshape(t, v, v, v, v)
    inner = np.einsum("tabcd,tpbc->tpad", full, weight, optimize=True)
    second = np.einsum("tpvu,tpqr->tvqur", weight @ inner @ weight, sums.zz, optimize=True)
    turned = (inverse @ slopes.reshape(t, len(double.T), -1)).reshape(slopes.shape)
    first = (slopes @ (spread[:, None] @ turned)).sum(axis=1)
    expected = spread @ (second.reshape(first.shape) - first) @ spread
    moves = _moves(sums, weight, spread, double) if observed else None
    again = expected if moves is None else np.swapaxes(moves, -1, -2) @ inverse @ moves
    wider = spread + expected + again
    own = np.einsum("tvqvr->tvqr", wider.reshape(t, v, q, v, q))
    plain = np.einsum("tvqvr->tvqr", spread.reshape(t, v, q, v, q))
    error2, plain2 = (np.einsum("aq,tvqr,ar->tva", rows, m, rows) for m in (own, plain))
    moved = np.einsum("tivqvr->tivqr", (pulled @ spread[:, None]).reshape(t, -1, v, q, v, q))
    slope = np.einsum("aq,tivqr,ar->tvai", rows, moved, rows, optimize=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        df = 2.0 * plain2**2 / np.einsum("tvai,tij,tvaj->tva", slope, inverse, slope, optimize=True)
        return np.sqrt(error2), df


def _elements(v: int) -> Floats:
    """Which elements of a covariance each theta is, (v * v, v (v + 1) / 2)."""
    at = [(a, b) for a in range(v) for b in range(a, v)]
    double = np.zeros((v, v, len(at)))
    for i, (a, b) in enumerate(at):
        double[a, b, i] = double[b, a, i] = 1.0
    return double.reshape(v * v, len(at))


def _derivatives(sums: Patterns, weight: Floats, double: Floats) -> Floats:
    """P_i, (t, theta, v q, v q)."""
    t, p, v, _ = weight.shape
    q = sums.zz.shape[-1]
    pairs = np.einsum("tpva,tpbu->tpabvu", weight, weight).reshape(t, p, v * v, v * v)
    own = np.einsum("ai,tpax->tpix", double, pairs, optimize=True).reshape(t, p, -1)
    all_ = np.swapaxes(own, -1, -2) @ sums.zz.reshape(t, p, q * q)
    laid = all_.reshape(t, double.shape[-1], v, v, q, q).transpose(0, 1, 2, 4, 3, 5)
    return np.asarray(-laid.reshape(t, double.shape[-1], v * q, v * q))


def _information(
    sums: Patterns, weight: Floats, spread: Floats, slopes: Floats, double: Floats
) -> tuple[Floats, Floats]:
    """I_ij, (t, theta, theta), and F P_i."""
    t, _, v, _ = weight.shape
    q = sums.zz.shape[-1]
    means = np.einsum("tpqr,tvqur->tpvu", sums.zz, spread.reshape(t, v, q, v, q), optimize=True)
    half = 0.5 * sums.n[:, :, None, None] * weight - weight @ means @ weight
    full = np.einsum("tpda,tpbc->tabcd", half, weight, optimize=True).reshape(t, v * v, v * v)
    pulled = spread[:, None] @ slopes
    flat = pulled.reshape(t, pulled.shape[1], -1)
    turned = np.swapaxes(pulled, -1, -2).reshape(flat.shape)
    return double.T @ full @ double + 0.5 * flat @ np.swapaxes(turned, -1, -2), pulled


def _moves(sums: Patterns, weight: Floats, spread: Floats, double: Floats) -> Floats:
    """d_i up to its sign, (t, theta, v q): ``F sum_p W E_i W R_p``, R_p residuals by covariates."""
    coef, _ = means(sums, weight)
    left = np.swapaxes(sums.zy, -1, -2) - np.einsum("tvr,tprq->tpvq", coef, sums.zz)
    all_ = np.einsum("tpva,tpbq->tabvq", weight, weight @ left, optimize=True)
    flat = all_.reshape(len(spread), double.shape[0], -1)
    return np.asarray(double.T @ flat @ spread)


def _inverse(information: Floats) -> Floats:
    """Invert, scaled to a unit diagonal; NaN where an element has no information."""
    size = np.sqrt(np.maximum(np.einsum("tii->ti", information), 0.0))
    good = (size > 0.0).all(axis=-1)
    size = np.where(good[:, None], size, 1.0)
    scaled = information / (size[:, :, None] * size[:, None, :])
    scaled = np.where(good[:, None, None], scaled, np.eye(size.shape[-1]))
    found = np.linalg.pinv(scaled, hermitian=True) / (size[:, :, None] * size[:, None, :])
    return np.where(good[:, None, None], found, np.nan)
