"""Kernel template: Heun's method, ``y1 = y + h/2 (k1 + k2)``, ``k1 = f(y)``, ``k2 = f(y + h k1)``."""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

HEUN_FIRST = AT_HEUN_FIRST = AT_HEUN_SECOND = AT_HEUN_END = HEUN_CAUTION = 0

# ---- template begins ----


@inlined
def heun_start(w, atol):
    """Nothing to begin."""
    pass


@inlined
def heun_attempt(w, rtol, atol):
    """Predict with ``k1``, correct with the mean of both; the difference is the error."""
    # k1 = f(y)
    copy(w, AT_STATE, AT_POINT, WIDTH)
    copy(w, AT_TIME, AT_MOMENT, LANES)
    tick(w)
    rhs(w)
    copy(w, AT_RATES, AT_HEUN_FIRST, WIDTH)
    # k2 = f(y + h k1)
    for i in range(NS):
        for l in range(LANES):
            w[AT_POINT + LANES * i + l] += w[AT_LENGTH + l] * w[AT_RATES + LANES * i + l]
    add_scaled(w, 1.0, AT_LENGTH, AT_MOMENT, LANES)
    tick(w)
    rhs(w)
    copy(w, AT_RATES, AT_HEUN_SECOND, WIDTH)
    # y1 = y + h/2 (k1 + k2)
    clear(w, AT_LANE_ERROR)
    clear(w, AT_LANE_VERDICT)  # FINE
    for i in range(NS):
        for l in range(LANES):
            k = LANES * i + l
            half = 0.5 * w[AT_LENGTH + l]
            rise = half * (w[AT_HEUN_FIRST + k] + w[AT_HEUN_SECOND + k])
            w[AT_HEUN_END + k] = w[AT_STATE + k] + rise
            gap = half * abs(w[AT_HEUN_SECOND + k] - w[AT_HEUN_FIRST + k])
            size = atol[i] + HEUN_CAUTION * rtol * abs(w[AT_HEUN_END + k])
            w[AT_LANE_ERROR + l] = max(w[AT_LANE_ERROR + l], gap / size)
            if not gap < np.inf:
                w[AT_LANE_VERDICT + l] = BROKEN


@inlined
def heun_accept(w):
    """The end becomes the state."""
    take_over(w, AT_HEUN_END, AT_STATE, NS)


@inlined
def heun_read(w):
    """Nothing to prepare."""
    pass


@inlined
def heun_evaluate(w):
    """``y + x (y1 - y)``, of order 1 inside a step."""
    for i in range(NS):
        for l in range(LANES):
            k = LANES * i + l
            rise = w[AT_HEUN_END + k] - w[AT_STATE + k]
            w[AT_POINT + k] = w[AT_STATE + k] + w[AT_INSIDE + l] * rise
