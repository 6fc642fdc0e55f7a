"""Kernel template: one step of Radau IIA collocation over eight lanes, its error, its inside.

Equation: ``Y_i = y + h sum_j a_ij f(t + c_j h, Y_j)`` at the ``S`` nodes ``c_i`` of the right Radau
quadrature; the state at the end of the step is ``Y_S`` (Hairer and Wanner, Solving Ordinary
Differential Equations II, section IV.5). It is solved in causal order. Where the equations are a
cascade, each state is linear in itself once its causes are known at the nodes, and is solved for
directly, however stiff. Loops are solved round by round (Gauss and Seidel's way) until the last one
changed nothing that matters; the polynomial of the last step is the first guess.

What depends on the model (``predict``, ``sweep``, ``estimate`` and more) is written by
:mod:`ldnsim.engine.methods.radau.emit`. The five functions at the end are what the stepper calls.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----

MEMORY = 1.0 / 24.0  # 1/h: what a state that never forgets adds up over a day counts in full
SMOOTH = 0.1  # weight of the coarser quadrature in the error estimate
SETTLED = 0.3  # share of the tolerance that rounds of a loop may leave
LEAST_FIRST = 0.1  # contraction taken for granted after one round ...
LEAST_LATER = 0.3  # ... and after more
MOST_CONTRACTION = 0.99
FORGET = 0.8  # how much of the slowest contraction lately is remembered from round to round
FADE = 24.0  # h in which the largest size of a state lately halves
TIGHT = 0.2  # share of the tolerance asked of a step, so that a run's error stays below it
FAR = 1e4  # tolerances: so far out the polynomials of the step are worth nothing
FARTHEST = 1e30
LONGEST_GUESS = 3.0  # times the last step's length: further ahead its polynomials are not continued


@jit
def next_round(w, k, most, loop):
    """Number of the next round of a loop, or -1 when it has settled, or will not.

    Rounds contract: what the last one leaves is what it changed times ``r / (1 - r)``, the rest of
    a geometric series, where ``r`` is the ratio of successive changes, the largest of late; some
    contraction is never taken for granted. A loop has settled when that is a share of the
    tolerance, in every running lane. (Hairer and Wanner, section IV.8, stop Newton's method so.)

    Called by ``sweep`` after every round. Reads row CHANGE (largest change of a state of the loop,
    in tolerances, by lane). Changes in place: rows BEFORE (the change of the round before) and
    UNSETTLED (1 in lanes that ran out of rounds), and the loop's row of CONTRACTION (``r``).

    Args:
        k: number of the round just done, from 0.
        most: rounds there may be.
        loop: which one.
    """
    at = AT_CONTRACTION + LANES * loop
    settled = True
    for l in range(LANES):
        change = w[AT_CHANGE + l]
        if k > 0:
            # two rounds tell how they contract; what is not a number counts as hardly
            ratio = change / max(w[AT_BEFORE + l], 1e-30)
            if not ratio <= MOST_CONTRACTION:
                ratio = MOST_CONTRACTION
            w[at + l] = max(ratio, FORGET * w[at + l])
        w[AT_BEFORE + l] = change
        r = max(w[at + l], LEAST_FIRST if k == 0 else LEAST_LATER)
        # change r / (1 - r) <= share, without the division; a lane that has ended holds up none
        if w[AT_LANE_STATUS + l] == OK and not change * r <= SETTLED * (1.0 - r):
            settled = False
            if k + 1 == most:
                w[AT_UNSETTLED + l] = 1.0
    return -1 if settled or k + 1 == most else k + 1


@jit
def lagrange(w, row, x):
    """Weights of the interpolation at ``x`` through the start of the step and its nodes.

    ``l_j(x) = prod_(m != j) (x - x_m) / (x_j - x_m)``; the denominators are LAGRANGE. Called for a
    first guess and for evaluations inside a step. Changes in place: one row of S + 1 of WEIGHTS.
    """
    at = AT_WEIGHTS + row * (STAGES + 1)
    for j in range(STAGES + 1):
        c = LAGRANGE[j]
        for m in range(STAGES + 1):
            if m != j:
                c *= x - START_AND_NODES[m]
        w[at + j] = c


@inlined
def prepare(w, t, h, last, ahead, moved):
    """Guess the step of length ``h`` from the polynomials of the last one.

    Called before every attempt. Changes in place: RECORDS, values at the start and at the nodes.

    Args:
        last: length of the last step, 0 if its polynomials are of no use.
        ahead: whether they are continued, or shortened after a rejection.
        moved: whether an event has changed states or parameters since.
    """
    if last > 0.0 and h <= LONGEST_GUESS * last:
        # node i of this step is at 1 + c_i h / last of the one before, counted from its start
        for i in range(STAGES):
            lagrange(w, i, (1.0 if ahead else 0.0) + h / last * NODE[i])
        predict(w, 1.0 if ahead else 0.0)
    else:
        if last > 0.0:
            advance(w)
        constant(w)
    # the guess at the nodes stays: slow states hardly notice a dose, and others are solved for
    if moved:
        restart(w, t)


@inlined
def restart(w, t):
    """Take over section STATE, and the rates there, as the start of the step.

    Called at the start of a run and after events. Changes in place: POINT, RATES, RECORDS.
    """
    copy(w, AT_STATE, AT_POINT, WIDTH)
    rhs(w, math.cos(OMEGA * t), math.sin(OMEGA * t))
    begin(w)


@inlined
def collocation_start(w, t, atol):
    """Begin a run: tolerances, sizes, values and rates.

    Called by ``integrate``. Changes in place: RECORDS, CONTRACTION. ``atol`` is (state,).
    """
    for i in range(NS):
        for l in range(LANES):
            w[AT_RECORDS + i * RECORD + LARGEST + l] = 0.0
            w[AT_RECORDS + i * RECORD + FLOOR + l] = TIGHT * atol[i]
    # of loops nothing is known yet
    for e in range(LOOPS * LANES):
        w[AT_CONTRACTION + e] = MOST_CONTRACTION
    restart(w, t)


@inlined
def collocation_attempt(w, t, h, last, ahead, moved, rtol, atol):
    """Guess, then solve ``(P + h diag(a)) Y = P 1 y + h b`` state by state; estimate the error.

    Called by ``integrate``. Changes in place: RECORDS (values and rates at the nodes), KEPT, CLOCK
    and the method's single rows; LANE_ERROR, LANE_VERDICT, and the rounds of loops in EFFORT.
    ``atol`` is in RECORDS since the start.
    """
    prepare(w, t, h, last, ahead, moved)
    for n in range(STAGES):
        w[AT_CLOCK + n] = math.cos(OMEGA * (t + NODE[n] * h))
        w[AT_CLOCK + STAGES + n] = math.sin(OMEGA * (t + NODE[n] * h))
    clear(w, AT_LANE_ERROR)
    clear(w, AT_BROKEN)
    clear(w, AT_UNSETTLED)
    w[AT_EFFORT + ROUNDS] += sweep(w, h, TIGHT * rtol)
    estimate(w, h, TIGHT * rtol, MEMORY, SMOOTH)
    # the verdict on each lane: what the stepper does about a step is not read off its error
    for l in range(LANES):
        error = w[AT_LANE_ERROR + l]
        verdict = UNSETTLED if w[AT_UNSETTLED + l] > 0.0 or error >= FAR else FINE
        # BROKEN is 0, or not a number once a state was
        whole = w[AT_BROKEN + l] == 0.0 and error < FARTHEST
        w[AT_LANE_VERDICT + l] = verdict if whole else BROKEN


@inlined
def collocation_accept(w, h):
    """The end of the step becomes the state. Changes in place: STATE, RECORDS (start, sizes)."""
    finish(w, 2.0 ** (-h / FADE))


@inlined
def collocation_read(w):
    """Nothing to prepare: values at the nodes are the polynomial."""
    pass


@inlined
def collocation_evaluate(w, x):
    """State at the fraction ``x`` of the step: ``sum_j l_j(x) Y_j``, of order S.

    Called for outputs and reductions. Changes in place: the first row of WEIGHTS, POINT.
    """
    lagrange(w, 0, x)
    interpolate(w)
