"""Kernel template, second part: numbers computed while solving, from the dense output.

Each step that overlaps a window is sampled at five equally spaced times; means and integrals use
Boole's rule, maxima, times above a threshold and first passages the quartic through the samples.
See :mod:`ldnsim.engine.template_step` for how templates become kernels.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.contract import *

# ---- template begins ----

@jit
def quartic(v, x):
    """Polynomial through five equally spaced values ``v`` on 0..1, at ``x``."""
    s = 4.0 * x
    s1 = s - 1.0
    s2 = s - 2.0
    s3 = s - 3.0
    s4 = s - 4.0
    return (
        v[0] * s1 * s2 * s3 * s4 / 24.0
        - v[1] * s * s2 * s3 * s4 / 6.0
        + v[2] * s * s1 * s3 * s4 / 4.0
        - v[3] * s * s1 * s2 * s4 / 6.0
        + v[4] * s * s1 * s2 * s3 / 24.0
    )


@jit
def crossing(v, threshold, a, b):
    """Where the quartic through ``v`` meets ``threshold`` between ``a`` and ``b``."""
    rising = quartic(v, b) > threshold
    for _ in range(60):
        middle = 0.5 * (a + b)
        if (quartic(v, middle) > threshold) == rising:
            b = middle
        else:
            a = middle
    return 0.5 * (a + b)


@jit
def extreme(v, sign):
    """Largest value of ``sign * v`` on the quartic, refined around the best node; sign restored."""
    best = 0
    for i in range(1, NODES):
        if sign * v[i] > sign * v[best]:
            best = i
    if best == 0 or best == NODES - 1:
        return v[best]
    left = v[best - 1]
    right = v[best + 1]
    curve = left - 2.0 * v[best] + right
    if curve == 0.0:
        return v[best]
    x = 0.25 * (best + 0.5 * (left - right) / curve)
    refined = quartic(v, x)
    return refined if sign * refined > sign * v[best] else v[best]


@jit
def above(v, threshold):
    """Fraction of 0..1 on which the quartic through ``v`` lies above ``threshold``."""
    total = 0.0
    for i in range(NODES - 1):
        a = v[i] > threshold
        b = v[i + 1] > threshold
        if a and b:
            total += 0.25
        elif a != b:
            x = crossing(v, threshold, 0.25 * i, 0.25 * (i + 1))
            total += x - 0.25 * i if a else 0.25 * (i + 1) - x
    return total


@jit
def first(v, threshold, below):
    """Fraction at which ``v`` first passes ``threshold``, or -1."""
    for i in range(NODES):
        hit = v[i] < threshold if below else v[i] > threshold
        if hit:
            if i == 0:
                return 0.0
            return crossing(v, threshold, 0.25 * (i - 1), 0.25 * i)
    return -1.0


@jit
def reduce_piece(kind, v, threshold, t, span, value):
    """Update one running reduction with five samples ``v`` over ``[t, t + span]``."""
    if kind == MEAN or kind == INTEGRAL:
        boole = 7.0 * (v[0] + v[4]) + 32.0 * (v[1] + v[3]) + 12.0 * v[2]
        return value + span * boole / 90.0
    if kind == MAXIMUM:
        best = extreme(v, 1.0)
        return best if not value >= best else value
    if kind == MINIMUM:
        best = extreme(v, -1.0)
        return best if not value <= best else value
    if kind == HOURS_ABOVE:
        return value + span * above(v, threshold)
    if value == value:
        return value
    x = first(v, threshold, kind == FIRST_BELOW)
    return t + x * span if x >= 0.0 else value


@jit
def reduce_step(w, t, h, windows, red_window, red_kind, red_obs, red_threshold, red, samples, method):
    """Update all reductions whose window overlaps the last step."""
    v = np.empty(NODES)
    for k in range(windows.shape[0]):
        begin = max(t, windows[k, 0])
        end = min(t + h, windows[k, 1])
        if end <= begin:
            continue
        for n in range(NODES):
            at = begin + 0.25 * n * (end - begin)
            evaluate(w, (at - t) / h, method)
            observe_at(w, at)
            for e in range(NOBS * LANES):
                samples[n, e] = w[AT_O + e]
        for r in range(red_window.shape[0]):
            if red_window[r] == k:
                for l in range(LANES):
                    for n in range(NODES):
                        v[n] = samples[n, LANES * red_obs[r] + l]
                    red[l, r] = reduce_piece(
                        red_kind[r], v, red_threshold[r, l], begin, end - begin, red[l, r]
                    )
