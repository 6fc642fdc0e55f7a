"""Kernel template: Heun's method, ``y1 = y + h/2 (k1 + k2)``, ``k1 = f(y)``, ``k2 = f(y + h k1)``."""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

HEUN_FIRST = AT_HEUN_FIRST = AT_HEUN_SECOND = AT_HEUN_END = HEUN_CAUTION = 0

# ---- template begins ----


@inlined
def heun_start(w, t, atol):
    """Nothing to begin."""
    pass


@inlined
def heun_attempt(w, t, h, last, ahead, moved, rtol, atol):
    """Predict with ``k1``, correct with the mean of both; the difference is the error."""
    # k1 = f(y)
    copy(w, AT_STATE, AT_POINT, WIDTH)
    rhs(w, math.cos(OMEGA * t), math.sin(OMEGA * t))
    copy(w, AT_RATES, AT_HEUN_FIRST, WIDTH)
    # k2 = f(y + h k1)
    add_scaled(w, h, AT_RATES, AT_POINT, WIDTH)
    rhs(w, math.cos(OMEGA * (t + h)), math.sin(OMEGA * (t + h)))
    copy(w, AT_RATES, AT_HEUN_SECOND, WIDTH)
    # y1 = y + h/2 (k1 + k2)
    copy(w, AT_STATE, AT_HEUN_END, WIDTH)
    add_scaled(w, 0.5 * h, AT_HEUN_FIRST, AT_HEUN_END, WIDTH)
    add_scaled(w, 0.5 * h, AT_HEUN_SECOND, AT_HEUN_END, WIDTH)
    clear(w, AT_LANE_ERROR)
    clear(w, AT_LANE_VERDICT)  # FINE
    for i in range(NS):
        for l in range(LANES):
            k = LANES * i + l
            gap = 0.5 * h * abs(w[AT_HEUN_SECOND + k] - w[AT_HEUN_FIRST + k])
            size = atol[i] + HEUN_CAUTION * rtol * abs(w[AT_HEUN_END + k])
            w[AT_LANE_ERROR + l] = max(w[AT_LANE_ERROR + l], gap / size)
            if not gap < np.inf:
                w[AT_LANE_VERDICT + l] = BROKEN


@inlined
def heun_accept(w, h):
    """The end becomes the state."""
    copy(w, AT_HEUN_END, AT_STATE, WIDTH)


@inlined
def heun_read(w):
    """Nothing to prepare."""
    pass


@inlined
def heun_evaluate(w, x):
    """``y + x (y1 - y)``, of order 1 inside a step."""
    copy(w, AT_STATE, AT_POINT, WIDTH)
    add_scaled(w, -x, AT_STATE, AT_POINT, WIDTH)
    add_scaled(w, x, AT_HEUN_END, AT_POINT, WIDTH)
