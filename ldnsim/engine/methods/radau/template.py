"""Kernel template: one collocation step over eight lanes, its error, its dense output.

Radau IIA collocation (see :mod:`ldnsim.engine.methods.radau.coefficients`), solved in causal order. Where the equations
are a cascade, each state is linear in itself once its causes are known at the nodes, and is solved
for directly, however stiff. Loops are solved round by round until the last one changed nothing that
matters; the polynomial of the last step is the first guess.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----

# fmt: off
RODAS = 0
COLLOCATION = 1
MEMORY = 1.0 / 24.0
SMOOTH = 0.1
SETTLED = 0.3
LEAST_FIRST = 0.1
LEAST_LATER = 0.3
FORGET = 0.8
FADE = 24.0
PATIENCE = 20
TIGHT = 0.2
UNSETTLED = 1e4


@jit
def clear(w, at):
    """Set one row to zero."""
    for l in range(LANES):
        w[at + l] = 0.0


@jit
def next_round(w, k, most, loop):
    """Number of the next round of a loop, or -1 when it has settled, or will not.

    Rounds contract: what the last one leaves is what it changed times ``r / (1 - r)``, where ``r`` is
    the ratio of successive changes, the largest of late; some contraction is never taken for granted.
    A loop has settled when that is a share of the tolerance, in every running lane.
    """
    at = AT_CONTRACTION + LANES * loop
    settled = True
    for l in range(LANES):
        change = w[AT_CHANGE + l]
        if k > 0:
            ratio = change / max(w[AT_BEFORE + l], 1e-30)
            if not ratio <= 0.99:
                ratio = 0.99
            w[at + l] = max(ratio, FORGET * w[at + l])
        w[AT_BEFORE + l] = change
        r = max(w[at + l], LEAST_FIRST if k == 0 else LEAST_LATER)
        if w[AT_ALIVE + l] > 0.0 and not change * r <= SETTLED * (1.0 - r):
            settled = False
            if k + 1 == most:
                w[AT_UNSETTLED + l] = UNSETTLED
    return -1 if settled or k + 1 == most else k + 1


@jit
def lagrange(w, row, x):
    """Write the weights of ``[start, nodes]`` that interpolate at ``x`` into a row of S + 1."""
    at = AT_COEFFICIENTS + row * (STAGES + 1)
    for j in range(STAGES + 1):
        c = BARYCENTRIC[j]
        for m in range(STAGES + 1):
            if m != j:
                c *= x - REACH[m]
        w[at + j] = c


@inlined
def prepare(w, t, h, last, ahead, moved):
    """Guess the step of length ``h`` from the polynomials of the last one.

    Args:
        last: length of the last step, 0 if its polynomials are of no use.
        ahead: whether they are continued, or shortened after a rejection.
        moved: whether an event has changed states or parameters since.
    """
    if last > 0.0 and h <= 3.0 * last:
        for i in range(STAGES):
            lagrange(w, i, (1.0 if ahead else 0.0) + h / last * NODE[i])
        predict(w, 1.0 if ahead else 0.0)
    else:
        if last > 0.0:
            advance(w)
        constant(w)
    if moved:
        restart(w, t)


@inlined
def restart(w, t):
    """Take over section Y, and the rates there, as the start of the step."""
    copy(w, AT_Y, AT_T, WIDTH)
    rhs(w, math.cos(OMEGA * t), math.sin(OMEGA * t))
    begin(w)


@inlined
def start_collocation(w, t, atol):
    """Begin a run: tolerances, sizes, values and rates."""
    for i in range(NS):
        for l in range(LANES):
            w[AT_RECORDS + i * RECORD + LARGEST + l] = 0.0
            w[AT_RECORDS + i * RECORD + FLOOR + l] = TIGHT * atol[i]
    for e in range(LOOPS * LANES):
        w[AT_CONTRACTION + e] = 0.99
    restart(w, t)


@inlined
def collocation_step(w, t, h, rtol, status, lane_error):
    """Solve one step from the guess; fills the lanes' errors and returns the rounds of loops.

    The error is infinite where something is not finite, and large where a loop did not settle.
    """
    for n in range(STAGES):
        w[AT_CLOCK + n] = math.cos(OMEGA * (t + NODE[n] * h))
        w[AT_CLOCK + STAGES + n] = math.sin(OMEGA * (t + NODE[n] * h))
    for l in range(LANES):
        w[AT_ALIVE + l] = 1.0 if status[l] == OK else 0.0
    clear(w, AT_ERROR)
    clear(w, AT_BROKEN)
    clear(w, AT_UNSETTLED)
    rounds = sweep(w, h, TIGHT * rtol)
    estimate(w, h, TIGHT * rtol, MEMORY, SMOOTH)
    for l in range(LANES):
        error = max(w[AT_ERROR + l], w[AT_UNSETTLED + l])
        lane_error[l] = error if w[AT_BROKEN + l] == 0.0 and error < 1e30 else np.inf
    return rounds


@inlined
def evaluate(w, x, method):
    """State at the fraction ``x`` of the last step, into section T."""
    if method == RODAS:
        dense(w, x)
    else:
        lagrange(w, 0, x)
        interpolate(w)
