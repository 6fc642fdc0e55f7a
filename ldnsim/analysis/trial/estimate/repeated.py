"""Repeated measures: every visit in one model, for patients who drop out on the way (MMRM)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.trial.estimate.ancova import centred, dummies
from ldnsim.analysis.trial.estimate.inputs import arm_codes, as_codes, as_values, same_shape
from ldnsim.analysis.trial.estimate.kenward_roger import corrected
from ldnsim.analysis.trial.estimate.least_squares import SINGULAR, pseudo_inverse
from ldnsim.analysis.trial.estimate.patterns import Patterns, Solved, reml
from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate, student
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.errors import UserError, check_known

OBSERVED, EXPECTED, MODEL = "observed", "expected", "model"
"""Whence the errors of effects."""
_BLOCK = 1000
_MOST_VISITS = 60


@dataclass(frozen=True)
class Repeated:
    """What a mixed model of repeated measures found.

    Attributes:
        effects: of the arms against the control at each visit, (..., visits, arms - 1).
        covariance: of the visits of a patient, (..., visits, visits).
        rounds: of the search for it, (...).
        converged: whether it settled; where not, nothing was tested.
    """

    effects: Estimate
    covariance: Floats
    rounds: Ints
    converged: Flags

    def at(self, visit: int = -1) -> Estimate:
        """Return the effects at one visit, (..., arms - 1); the last is the usual end point."""
        return self.effects.each(lambda values: values[..., visit, :])


def repeated(
    outcome: Floats, arm: Ints, baseline: Floats | None = None, strata: Ints | None = None,
    arms: int | None = None, level: float = LEVEL, errors: str = OBSERVED,
) -> Repeated:  # fmt: skip
    """Compare arms with a control at every visit by a mixed model of repeated measures.

    Model: ``y_iv = a_arm(i),v + b_v (x_i - mean x) + s_stratum(i),v + e_iv``: a mean for every arm
    at every visit and covariates with a coefficient of each visit's own; the errors of a patient
    are normal with one unstructured covariance of visits in all arms, by restricted maximum
    likelihood; means by generalised least squares. All visits that were seen are used, in any
    pattern, so that drop-out which depends on what was seen before it (missing at random) does no
    harm; drop-out that depends on what would have come does.

    Errors and the degrees of freedom of Student's t are corrected for the estimated covariance as
    Kenward and Roger do (Biometrics 1997;53:983), with one of their two terms as the data have it:
    theirs is too small where drop-out follows what was seen (:mod:`.kenward_roger`). Without
    missing visits all of it is exactly :func:`.ancova` at each visit.
    References: Laird and Ware, Biometrics 1982;38:963; Mallinckrodt et al., Drug Inf J 2008;42:303.

    Args:
        outcome: (..., patients, visits), NaN where a visit was missed.
        arm: 0 the control, 1, 2, ..., (patients,) or with leading axes.
        baseline: (..., patients); a patient without it is left out.
        strata: codes, likewise.
        arms: how many; the largest code and one when None.
        level: of the intervals.
        errors: ``"observed"``; ``"expected"``, Kenward and Roger's own formula; or ``"model"``,
            without it, with patients seen less covariates as degrees of freedom: several times
            quicker with a dozen visits, and a little liberal in small trials.

    Raises:
        UserError: fewer than two arms, unknown errors, no axis of visits, or shapes that do not
            go together.
    """
    check_known("errors", [errors], (OBSERVED, EXPECTED, MODEL))
    y = as_values(outcome, "outcome")
    codes, count = arm_codes(arm, arms)
    if y.ndim < 2 or not 1 <= y.shape[-1] <= _MOST_VISITS:
        raise UserError(
            f"outcome {y.shape}: expected (..., patients, visits), 1 to {_MOST_VISITS} visits"
        )
    z = _covariates(y, codes, count, baseline, strata)
    lead, (n, visits) = z.shape[:-2], (z.shape[-2], y.shape[-1])
    y = np.broadcast_to(y, (*lead, n, visits)).reshape(-1, n, visits)
    y = np.swapaxes(centred(np.swapaxes(y, -1, -2)), -1, -2)  # arms take up what they share
    z = z.reshape(-1, n, z.shape[-1])
    blocks = [slice(k, k + _BLOCK) for k in range(0, len(y), _BLOCK)]
    parts = [_effects(y[b], z[b], count, level, errors) for b in blocks]
    effects = Estimate(*_joined([e for e, _ in parts], lead))
    solved = [s for _, s in parts]
    covariance, rounds, converged = (
        np.concatenate([getattr(s, name) for s in solved])
        for name in ("covariance", "rounds", "converged")
    )
    return Repeated(
        effects,
        covariance.reshape(*lead, visits, visits),
        rounds.reshape(lead),
        converged.reshape(lead),
    )


def _joined(parts: list[Estimate], lead: tuple[int, ...]) -> list[np.ndarray]:  # type: ignore[type-arg]
    names = ("estimate", "se", "low", "high", "p", "df", "tested")
    whole = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
    return [w.reshape(*lead, *w.shape[1:]) for w in whole]


def _covariates(
    y: Floats, codes: Ints, count: int, baseline: Floats | None, strata: Ints | None
) -> Floats:
    """Arms, baseline and strata of each patient, (..., patients, covariates)."""
    anyone = y[..., 0]
    same_shape(("outcome", anyone), ("arm", codes))
    parts = [dummies(codes, range(count))]
    if baseline is not None:
        x = as_values(baseline, "baseline")
        same_shape(("outcome", anyone), ("baseline", x))
        parts.append(centred(np.where(np.isfinite(y).any(axis=-1), x, np.nan))[..., None])
    if strata is not None:
        own = as_codes(strata, "strata")
        same_shape(("outcome", anyone), ("strata", own))
        parts.append(dummies(own, np.unique(own)[1:]))
    shape = np.broadcast_shapes(anyone.shape, *(p.shape[:-1] for p in parts))
    return np.concatenate([np.broadcast_to(p, (*shape, p.shape[-1])) for p in parts], axis=-1)


def _effects(y: Floats, z: Floats, arms: int, level: float, errors: str) -> tuple[Estimate, Solved]:
    """Effects of some trials, (trials, visits, arms - 1)."""
    sums = Patterns.of(y, z)
    solved = reml(sums)
    n, zz = sums.at_visits()
    _, null, rank = pseudo_inverse(zz)
    rows = np.zeros((arms - 1, z.shape[-1]))
    rows[:, 0] = -1.0
    rows[np.arange(arms - 1), np.arange(1, arms)] = 1.0
    value = np.einsum("aq,tvq->tva", rows, solved.coef)
    if errors == MODEL:
        own = np.einsum("tvqvr->tvqr", solved.spread)
        error = np.sqrt(np.einsum("aq,tvqr,ar->tva", rows, own, rows))
        df = np.broadcast_to((n - rank)[..., None], error.shape)
    else:
        error, df = corrected(sums, solved, rows, errors == OBSERVED)
    known = np.einsum("aq,tvqr,ar->tva", rows, null, rows) < 2.0 * SINGULAR
    value = np.where(known & solved.converged[:, None, None], value, np.nan)
    return student(value, error, df, level, (n > rank)[..., None]), solved
