"""Time to an event in two arms, such as loss of response after randomised withdrawal."""

from __future__ import annotations

from typing import Any

import numpy as np

from ldnsim.analysis.trial.estimate.inputs import arm_codes, as_values, same_shape
from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate, normal
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.errors import UserError


def log_rank(time: Floats, event: Flags, arm: Ints, level: float = LEVEL) -> Estimate:
    """Compare hazards of two arms by the log-rank test.

    At each time with d events among n at risk, n1 of them in arm 1, arm 1 is expected to have
    ``d n1/n`` with hypergeometric variance ``d (n1/n)(1 - n1/n)(n - d)/(n - 1)``. With O - E and V
    summed, ``z = (O - E)/sqrt(V)``, and Peto's one-step log hazard ratio is ``(O - E)/V`` with
    error ``1/sqrt(V)``: good near 1, drawn towards it far away. Censoring has to be independent
    of what would have come. References: Peto and Peto, J R Stat Soc A 1972;135:185; Yusuf et al.,
    Prog Cardiovasc Dis 1985;27:335.

    Args:
        time: to event or end of observation, (..., patients); NaN for a patient who is not there.
        event: whether the event was seen at that time.
        arm: 0 the control, 1 the other; (patients,) or with leading axes.
        level: of the interval.

    Returns:
        log hazard ratio of arm 1 against arm 0.

    Raises:
        UserError: more than two arms, or shapes that do not go together.
    """
    t, happened = as_values(time, "time"), np.asarray(event)
    codes, count = arm_codes(arm, None)
    if count > 2:
        raise UserError(f"arm = {count - 1}: the log-rank test here compares 0 and 1")
    if happened.dtype.kind != "b":
        raise UserError("event: expected True where the event was seen, False where not")
    same_shape(("time", t), ("event", happened), ("arm", codes))
    shape = np.broadcast_shapes(t.shape, happened.shape, codes.shape)
    order = np.argsort(np.broadcast_to(t, shape), axis=-1, kind="stable")
    t = _ordered(t, order)
    there = np.isfinite(t)
    happened, one = _ordered(happened, order) & there, _ordered(codes, order) == 1
    first, last = _ties(t)
    at_risk, at_risk1 = _from(there, first), _from(there & one, first)
    through = np.cumsum(happened, axis=-1)
    before: Ints = np.take_along_axis(through - happened, first, axis=-1)
    deaths = np.take_along_axis(through, last, axis=-1) - before
    share = at_risk1 / np.maximum(at_risk, 1)
    spare = np.maximum(at_risk - deaths, 0) / np.maximum(at_risk - 1, 1)
    excess = np.where(happened, one - share, 0.0).sum(axis=-1)
    variance = np.where(happened, share * (1.0 - share) * spare, 0.0).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return normal(excess / variance, 1.0 / np.sqrt(variance), level)


def _ordered(values: Any, order: Ints) -> Any:
    return np.take_along_axis(np.broadcast_to(values, order.shape), order, axis=-1)


def _ties(t: Floats) -> tuple[Ints, Ints]:
    """First and last position of those with the same time, of sorted times."""
    at = np.broadcast_to(np.arange(t.shape[-1]), t.shape)
    new = np.ones(t.shape, dtype=bool)
    new[..., 1:] = t[..., 1:] != t[..., :-1]
    end = np.ones(t.shape, dtype=bool)
    end[..., :-1] = new[..., 1:]
    first = np.maximum.accumulate(np.where(new, at, 0), axis=-1)
    turned = np.where(end, at, t.shape[-1] - 1)[..., ::-1]
    return first, np.minimum.accumulate(turned, axis=-1)[..., ::-1]


def _from(counted: Flags, first: Ints) -> Ints:
    """How many are counted from a position on."""
    on = np.cumsum(counted[..., ::-1], axis=-1)[..., ::-1]
    return np.asarray(np.take_along_axis(on, first, axis=-1))
