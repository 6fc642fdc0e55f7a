"""Every patient takes every treatment: two periods, or sequences of more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.trial.estimate.ancova import stacked
from ldnsim.analysis.trial.estimate.inputs import as_codes, as_values, same_shape
from ldnsim.analysis.trial.estimate.least_squares import Fit, fit
from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate
from ldnsim.arrays import Floats, Ints
from ldnsim.errors import UserError


@dataclass(frozen=True)
class Crossover:
    """What a crossover trial found.

    Attributes:
        treatment: drug less control; with several treatments (..., treatments - 1).
        period: second less first period; with more periods (..., periods - 1) against the first.
        carry_over: what the drug leaves for the next period, less what control leaves; None where
            the model has none.
    """

    treatment: Estimate
    period: Estimate
    carry_over: Estimate | None


def crossover(outcome: Floats, sequence: Ints, level: float = LEVEL) -> Crossover:
    """Analyse a 2 x 2 crossover with a period effect.

    With ``d = y_2 - y_1`` of a patient and means over the two sequences, treatment is
    ``(mean d of control-drug - mean d of drug-control) / 2`` and period half their sum, by
    Student's t with pooled variance; only patients with both periods count. Carry-over is
    Grizzle's test, the difference of the mean sums ``y_1 + y_2`` of the sequences.

    If carry-over differs by c, the treatment effect is biased by -c/2. Grizzle's test compares
    between patients and has little power to find that, and to choose the analysis by it (first
    period alone when it is below 0.1) raises the type I error above the nominal level (Freeman
    1989). So treatment here never depends on it; it is for reporting.
    References: Grizzle, Biometrics 1965;21:467; Hills and Armitage, Br J Clin Pharmacol 1979;8:7;
    Freeman, Stat Med 1989;8:1421.

    Args:
        outcome: (..., patients, 2), of the first and second period.
        sequence: 0 for control first, 1 for drug first, (patients,) or with leading axes.
        level: of the intervals.

    Raises:
        UserError: not two periods, or a third sequence.
    """
    y, order = as_values(outcome, "outcome"), as_codes(sequence, "sequence")
    if y.ndim < 2 or y.shape[-1] != 2:
        raise UserError(f"outcome {y.shape}: expected (..., patients, 2), the two periods last")
    if order.max(initial=0) > 1:
        raise UserError(f"sequence = {int(order.max())}: 0 is control first, 1 is drug first")
    same_shape(("outcome", y[..., 0]), ("sequence", order))
    shape = np.broadcast_shapes(y.shape[:-1], order.shape)
    half = np.where(order == 0, 0.5, -0.5)
    design = np.broadcast_to(np.stack([np.ones(half.shape), half], axis=-1), (*shape, 2))
    within = fit(design, np.broadcast_to(y[..., 1] - y[..., 0], shape))
    between = fit(design, np.broadcast_to(y[..., 0] + y[..., 1], shape))
    both, difference = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    return Crossover(
        within.contrast(difference / 2.0, level),
        within.contrast(both, level),
        between.contrast(-difference, level),
    )


def sequences(
    outcome: Floats, treatment: Ints, carry_over: bool = False, level: float = LEVEL
) -> Crossover:
    """Analyse a crossover of any sequences, such as Williams squares, within patients.

    Model: ``y_ij = patient_i + period_j + treatment(i, j) [+ carry(treatment(i, j - 1))] + e_ij``,
    patients as fixed effects, least squares, Student's t on observations - patients - rank degrees
    of freedom. What a patient missed is left out; the rest of the patient stays. Carry-over is
    first order and additive: where states move for weeks that is itself an assumption.
    Reference: Jones and Kenward, Design and Analysis of Cross-Over Trials, 3rd ed., CRC 2014.

    Args:
        outcome: (..., patients, periods).
        treatment: what was taken, 0 the control, (patients, periods) or with leading axes.
        carry_over: whether the model has carry-over of the period before.
        level: of the intervals.

    Returns:
        treatments against control, periods against the first, and carry-over of the treatments
        against that of control.

    Raises:
        UserError: one treatment or one period, or shapes that do not go together.
    """
    y, taken = as_values(outcome, "outcome"), as_codes(treatment, "treatment")
    same_shape(("outcome", y), ("treatment", taken))
    shape = np.broadcast_shapes(y.shape, taken.shape)
    count, periods = int(taken.max(initial=0)) + 1, shape[-1] if len(shape) > 1 else 0
    if count < 2 or periods < 2:
        raise UserError("a crossover has two treatments and two periods at least, the periods last")
    own = (taken[..., None] == np.arange(1, count)).astype(np.float64)
    when = np.broadcast_to(np.eye(periods)[:, 1:], (*own.shape[:-1], periods - 1))
    parts = [own, when]
    if carry_over:
        before = np.concatenate([np.zeros_like(own[..., :1, :]), own[..., :-1, :]], axis=-2)
        parts.append(before)
    design = np.concatenate(parts, axis=-1)
    found = _within(np.broadcast_to(design, (*shape, design.shape[-1])), np.broadcast_to(y, shape))
    each = [found.contrast(row, level) for row in np.eye(design.shape[-1])]
    a, b = count - 1, count + periods - 2
    return Crossover(
        stacked(each[:a]), stacked(each[a:b]), stacked(each[b:]) if carry_over else None
    )


def _within(design: Floats, y: Floats) -> Fit:
    """Fit with an effect of every patient, which is taken out by centring (Frisch and Waugh)."""
    seen = np.isfinite(y)
    n = np.maximum(seen.sum(axis=-1), 1)[..., None]
    y = np.where(seen, y, 0.0)
    x = np.where(seen[..., None], design, 0.0)
    y = np.where(seen, y - y.sum(axis=-1, keepdims=True) / n, np.nan)
    x = x - x.sum(axis=-2, keepdims=True) / n[..., None]
    flat = (*y.shape[:-2], y.shape[-2] * y.shape[-1])
    patients = seen.any(axis=-1).sum(axis=-1)
    return fit(x.reshape(*flat, x.shape[-1]), y.reshape(flat), absorbed=patients)
