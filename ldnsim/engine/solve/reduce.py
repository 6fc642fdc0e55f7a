"""Kernel template, second part: numbers computed while solving, from the dense output.

Each step that overlaps a window is sampled at its start and at the nodes of the collocation, shifted
into the window where that ends within the step; means and integrals use Radau's quadrature, maxima,
times above a threshold and first passages the polynomial through the samples.
See :mod:`ldnsim.engine.methods.rodas5p.template` for how templates become kernels.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----


@jit
def polynomial(v, x):
    """Polynomial through the values ``v`` at the start of a piece and its nodes, at ``x``."""
    value = 0.0
    for j in range(NODES):
        c = BARYCENTRIC[j]
        for m in range(NODES):
            if m != j:
                c *= x - REACH[m]
        value += c * v[j]
    return value


@jit
def crossing(v, threshold, a, b):
    """Where the quartic through ``v`` meets ``threshold`` between ``a`` and ``b``."""
    rising = polynomial(v, b) > threshold
    for _ in range(60):
        middle = 0.5 * (a + b)
        if (polynomial(v, middle) > threshold) == rising:
            b = middle
        else:
            a = middle
    return 0.5 * (a + b)


@jit
def peak(a, va, b, vb, c, vc):
    """Where the parabola through three points is flat; the middle one where it is a line."""
    left = (vb - va) / (b - a)
    right = (vc - vb) / (c - b)
    if left == right:
        return b
    return 0.5 * (a + b) + 0.5 * (c - a) * left / (left - right)


@jit
def extreme(v, sign):
    """Largest value of ``sign * v`` on the polynomial, refined around the best node; sign restored.

    Parabolas say where to look: first through the best node and its neighbours, then through points
    ever closer to the last peak.
    """
    best = 0
    for i in range(1, NODES):
        if sign * v[i] > sign * v[best]:
            best = i
    at = min(max(best, 1), NODES - 2)
    low = REACH[at - 1]
    high = REACH[at + 1]
    x = peak(low, v[at - 1], REACH[at], v[at], high, v[at + 1])
    top = v[best]
    near = 0.05
    for _ in range(2):
        a = max(low, x - near)
        b = min(high, x + near)
        x = min(max(x, low), high)
        if not a < x < b:
            break
        middle = polynomial(v, x)
        if sign * middle > sign * top:
            top = middle
        x = peak(a, polynomial(v, a), x, middle, b, polynomial(v, b))
        near = 0.2 * near
    last = polynomial(v, min(max(x, low), high))
    return last if sign * last > sign * top else top


@jit
def above(v, threshold):
    """Fraction of 0..1 on which the polynomial through ``v`` lies above ``threshold``."""
    total = 0.0
    for i in range(NODES - 1):
        a = v[i] > threshold
        b = v[i + 1] > threshold
        if a and b:
            total += REACH[i + 1] - REACH[i]
        elif a != b:
            x = crossing(v, threshold, REACH[i], REACH[i + 1])
            total += x - REACH[i] if a else REACH[i + 1] - x
    return total


@jit
def first(v, threshold, below):
    """Fraction at which ``v`` first passes ``threshold``, or -1."""
    for i in range(NODES):
        hit = v[i] < threshold if below else v[i] > threshold
        if hit:
            if i == 0:
                return 0.0
            return crossing(v, threshold, REACH[i - 1], REACH[i])
    return -1.0


@jit
def cannot_pass(v, sign, value):
    """Whether no sample comes near enough to ``value`` for the curve between to pass it."""
    top = v[0]
    low = v[0]
    for n in range(1, NODES):
        top = max(top, v[n])
        low = min(low, v[n])
    best = top if sign > 0.0 else low
    return sign * best + (top - low) < sign * value


@jit
def reduce_piece(kind, v, threshold, t, span, value):
    """Update one running reduction with samples ``v`` over ``[t, t + span]``."""
    if kind == MEAN or kind == INTEGRAL:
        total = 0.0
        for n in range(NODES):
            total += WEIGHT[n] * v[n]
        return value + span * total
    if kind == MAXIMUM or kind == MINIMUM:
        sign = 1.0 if kind == MAXIMUM else -1.0
        if value == value and cannot_pass(v, sign, value):
            return value
        best = extreme(v, sign)
        return value if sign * value >= sign * best else best
    if kind == HOURS_ABOVE:
        return value + span * above(v, threshold)
    if value == value:
        return value
    x = first(v, threshold, kind == FIRST_BELOW)
    return t + x * span if x >= 0.0 else value


@jit
def copy_out(w, source, samples, n, target):
    """Copy one row of eight lanes to the samples."""
    for l in range(LANES):
        samples[n, target + l] = w[source + l]


@inlined
def reduce_step(
    w, t, h, windows, red_window, red_kind, red_obs, red_threshold, red, samples, method
):
    """Update all reductions whose window overlaps the last step."""
    v = np.empty(NODES)
    for k in range(windows.shape[0]):
        begin = max(t, windows[k, 0])
        end = min(t + h, windows[k, 1])
        if end <= begin:
            continue
        for n in range(NODES):
            at = begin + REACH[n] * (end - begin)
            evaluate(w, (at - t) / h, method)
            observe_at(w, at)
            for r in range(red_window.shape[0]):
                if red_window[r] == k:
                    copy_out(w, AT_O + LANES * red_obs[r], samples, n, LANES * r)
        for r in range(red_window.shape[0]):
            if red_window[r] == k:
                for l in range(LANES):
                    for n in range(NODES):
                        v[n] = samples[n, LANES * r + l]
                    red[l, r] = reduce_piece(
                        red_kind[r], v, red_threshold[r, l], begin, end - begin, red[l, r]
                    )
