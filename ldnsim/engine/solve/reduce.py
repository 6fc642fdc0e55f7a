"""Kernel template: numbers computed while solving, from the inside of each step.

Each step that overlaps a window is sampled at its start and at the four nodes of Radau's quadrature,
shifted into the window where that ends within the step, whatever the method. With ``v_j`` the
observable at these points ``x_j`` (fractions of the piece, REACH)

* means and integrals are ``sum_j b_j v_j`` with the weights of the quadrature (WEIGHT), exact for
  polynomials of degree 6 (Hairer and Wanner, Solving Ordinary Differential Equations II, IV.5);
* maxima, minima, times above a threshold and first passages are those of the polynomial
  ``p(x) = sum_j v_j l_j(x)`` of degree 4 through the samples.

``v`` is always the samples of one observable in one lane, (NODES,).
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----

# kinds of numbers, in the order of SOLVED in ldnsim.measure
MEAN = 0
INTEGRAL = 1
MAXIMUM = 2
MINIMUM = 3
HOURS_ABOVE = 4
FIRST_BELOW = 5
FIRST_ABOVE = 6

HALVINGS = 60  # of an interval: more than a double can tell apart


@jit
def polynomial(v, x):
    """``p(x)``, by Lagrange: ``l_j(x) = prod_(m != j) (x - x_m) / (x_j - x_m)``.

    Called by all that looks between samples. BARYCENTRIC holds the reciprocal denominators.
    """
    value = 0.0
    for j in range(NODES):
        # v_j l_j(x)
        c = BARYCENTRIC[j]
        for m in range(NODES):
            if m != j:
                c *= x - REACH[m]
        value += c * v[j]
    return value


@jit
def crossing(v, threshold, a, b):
    """Where ``p`` meets ``threshold`` between ``a`` and ``b``, by bisection.

    Called for times above and first passages, where ``p`` lies on either side at ``a`` and ``b``.
    """
    # bisection needs no slope, and cannot leave the interval, whatever the polynomial does
    rising = polynomial(v, b) > threshold
    for _ in range(HALVINGS):
        middle = 0.5 * (a + b)
        if (polynomial(v, middle) > threshold) == rising:
            b = middle
        else:
            a = middle
    return 0.5 * (a + b)


@jit
def peak(a, va, b, vb, c, vc):
    """Where the parabola through three points is flat; the middle one where it is a line.

    Newton's form: ``va + (x - a) left + (x - a) (x - b) (right - left) / (c - a)`` has slope zero
    at ``(a + b)/2 - (c - a)/2 left / (right - left)``. Called by ``extreme``.
    """
    # slopes of the two chords
    left = (vb - va) / (b - a)
    right = (vc - vb) / (c - b)
    if left == right:
        return b
    return 0.5 * (a + b) + 0.5 * (c - a) * left / (left - right)


@jit
def extreme(v, sign):
    """Largest value of ``sign * p``, refined around the best sample; sign restored.

    Successive parabolic interpolation says where to look: first through the best sample and its
    neighbours, then through points ever closer to the last peak. ``sign`` is -1 for a minimum.
    """
    best = 0
    for i in range(1, NODES):
        if sign * v[i] > sign * v[best]:
            best = i
    # the best sample and its neighbours; at an end of the piece, the three next to it
    at = min(max(best, 1), NODES - 2)
    low = REACH[at - 1]
    high = REACH[at + 1]
    x = peak(low, v[at - 1], REACH[at], v[at], high, v[at + 1])
    top = v[best]
    near = 0.05
    # two parabolas come within a fraction of what the samples themselves are worth
    for _ in range(2):
        a = max(low, x - near)
        b = min(high, x + near)
        x = min(max(x, low), high)
        if not a < x < b:
            break
        # a place looked at may be the top itself: nothing found is given up again
        middle = polynomial(v, x)
        if sign * middle > sign * top:
            top = middle
        x = peak(a, polynomial(v, a), x, middle, b, polynomial(v, b))
        near = 0.2 * near
    # where the last parabola points, if that is better still
    last = polynomial(v, min(max(x, low), high))
    return last if sign * last > sign * top else top


@jit
def above(v, threshold):
    """Fraction of 0..1 on which ``p`` lies above ``threshold``.

    Called for HOURS_ABOVE. Between two samples on the same side it is taken to stay there.
    """
    total = 0.0
    # between two samples: all, nothing, or the part on one side of the crossing
    for i in range(NODES - 1):
        a = v[i] > threshold
        b = v[i + 1] > threshold
        if a and b:
            total += REACH[i + 1] - REACH[i]
        elif a != b:
            # from or up to where it crosses
            x = crossing(v, threshold, REACH[i], REACH[i + 1])
            total += x - REACH[i] if a else REACH[i + 1] - x
    return total


@jit
def first(v, threshold, below):
    """Fraction at which ``p`` first lies past ``threshold``, or -1 if no sample does.

    Called for FIRST_BELOW (``below``) and FIRST_ABOVE.
    """
    # the first sample past it; the passage lies just before
    for i in range(NODES):
        hit = v[i] < threshold if below else v[i] > threshold
        if hit:
            if i == 0:
                return 0.0
            return crossing(v, threshold, REACH[i - 1], REACH[i])
    return -1.0


@jit
def cannot_pass(v, sign, value):
    """Whether no sample comes near enough to ``value`` for the curve between to pass it.

    Called before ``extreme``, which costs more. Between samples the curve is taken to rise above
    the highest by less than they differ: ``max v + (max v - min v)``.
    """
    top = v[0]
    low = v[0]
    for n in range(1, NODES):
        top = max(top, v[n])
        low = min(low, v[n])
    best = top if sign > 0.0 else low
    return sign * best + (top - low) < sign * value


@jit
def reduce_piece(kind, v, threshold, t, span, value):
    """Update one number with samples ``v`` over ``[t, t + span]``, in h; returns its new value.

    Called for every number of every lane. ``value`` is what it came to so far: 0 for sums, NaN for
    what has not been met yet.
    """
    # value + span sum b_j v_j; a mean is divided by its window at the end
    if kind == MEAN or kind == INTEGRAL:
        total = 0.0
        for n in range(NODES):
            total += WEIGHT[n] * v[n]
        return value + span * total
    if kind == MAXIMUM or kind == MINIMUM:
        sign = 1.0 if kind == MAXIMUM else -1.0
        # value == value: there is one
        if value == value and cannot_pass(v, sign, value):
            return value
        # written so that a value that is not a number yet gives way
        best = extreme(v, sign)
        return value if sign * value >= sign * best else best
    # hours of this piece are added to those before
    if kind == HOURS_ABOVE:
        return value + span * above(v, threshold)
    # a passage that has been met stays the first
    if value == value:
        return value
    x = first(v, threshold, kind == FIRST_BELOW)
    return t + x * span if x >= 0.0 else value


@jit
def overlaps(w, begin, end):
    """Whether the step of a lane that is TAKEN has more than a point in a window."""
    for l in range(LANES):
        t = w[AT_TIME + l]
        if w[AT_TAKEN + l] != 0.0 and max(t, begin) < min(t + w[AT_LENGTH + l], end):
            return True
    return False


@jit
def copy_out(w, source, samples, n, target):
    """Copy one row of eight lanes of the workspace to ``samples`` (node, place)."""
    for l in range(LANES):
        samples[n, target + l] = w[source + l]


@jit
def place_piece(w, begin, end, x):
    """Point every lane at the fraction ``x`` of the piece of its step between two times.

    Lanes whose step has no such piece look at its start. Called before each set of samples. Changes
    in place: INSIDE, MOMENT.
    """
    for l in range(LANES):
        t = w[AT_TIME + l]
        h = w[AT_LENGTH + l]
        first = max(t, begin)
        last = min(t + h, end)
        at = first + x * (last - first) if last > first else t
        w[AT_MOMENT + l] = at
        w[AT_INSIDE + l] = (at - t) / h


@inlined
def reduce_step(w, numbers, results, group, method):
    """Update all numbers whose window overlaps the step of a lane that is TAKEN.

    Called by ``read_steps`` once a step. Changes in place: rows of ``results.numbers``,
    ``group.samples``; INSIDE, MOMENT, POINT, CLOCK and OBSERVED of the workspace.
    """
    # one set of samples at a time; what a number needs of earlier steps is in its value
    v = np.empty(NODES)
    windows, window, kind = numbers.windows, numbers.window, numbers.kind
    samples, threshold, values, run = group.samples, numbers.threshold, results.numbers, group.run
    for k in range(windows.shape[0]):
        if not overlaps(w, windows[k, 0], windows[k, 1]):
            continue
        # sample what is asked for at the nodes of each lane's piece, in all lanes at once
        for n in range(NODES):
            place_piece(w, windows[k, 0], windows[k, 1], REACH[n])
            look_inside(w, method)
            for r in range(window.shape[0]):
                if window[r] == k:
                    source = AT_OBSERVED + LANES * numbers.observable[r]
                    copy_out(w, source, samples, n, LANES * r)
        # each number of each lane goes on from where it was
        for l in range(LANES):
            begin = max(w[AT_TIME + l], windows[k, 0])
            end = min(w[AT_TIME + l] + w[AT_LENGTH + l], windows[k, 1])
            if w[AT_TAKEN + l] == 0.0 or end <= begin:
                continue
            own = run[l]
            for r in range(window.shape[0]):
                if window[r] == k:
                    for n in range(NODES):
                        v[n] = samples[n, LANES * r + l]
                    values[own, r] = reduce_piece(
                        kind[r], v, threshold[own, r], begin, end - begin, values[own, r]
                    )
