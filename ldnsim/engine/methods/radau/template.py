"""Kernel template: one step of Radau IIA collocation in each of eight lanes, its error, its inside.

Equation: ``Y_i = y + h sum_j a_ij f(t + c_j h, Y_j)`` at the ``S`` nodes ``c_i`` of the right Radau
quadrature; the state at the end of the step is ``Y_S`` (Hairer and Wanner, Solving Ordinary
Differential Equations II, section IV.5). It is solved in causal order. Where the equations are a
cascade, each state is linear in itself once its causes are known at the nodes, and is solved for
directly, however stiff. Loops are solved round by round (Gauss and Seidel's way) until the last one
changed nothing that matters; the polynomial of the last step is the first guess. Lanes whose loop
has settled are held as they are while others go on, so that each comes to the same bits whatever
the others need; only where lanes share their steps do they share the rounds as well.

What depends on the model (``predict``, ``sweep``, ``estimate`` and more) is written by
:mod:`ldnsim.engine.methods.radau.emit`. The five functions at the end are what the stepper calls.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----

MEMORY = 1.0 / 8.0  # 1/h: what a state that never forgets adds up over eight hours counts in full
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
def next_round(w, k, most, loop, depth):
    """Number of the next round of a loop, or -1 when it has settled, or will not.

    Rounds contract: what the last one leaves is what it changed times ``r / (1 - r)``, the rest of
    a geometric series, where ``r`` is the ratio of successive changes, the largest of late; some
    contraction is never taken for granted. A loop has settled when that is a share of the
    tolerance. (Hairer and Wanner, section IV.8, stop Newton's method so.)

    Called by ``sweep`` after every round. Reads row CHANGE (largest change of a state of the loop,
    in tolerances, by lane). Changes in place: rows BEFORE (the change of the round before),
    UNSETTLED (1 in lanes that ran out of rounds) and HELD (set in lanes that have settled), the
    loop's row of CONTRACTION (``r``), and the rounds in EFFORT.

    Args:
        k: number of the round just done, from 0.
        most: rounds there may be.
        loop: which one.
        depth: 1 of a loop inside another, else 0; the row of CHANGE, BEFORE and HELD.
    """
    at = AT_CONTRACTION + LANES * loop
    row = LANES * depth
    settled = True
    for l in range(LANES):
        # a lane that has settled, or ended, is asked no more and holds up none
        if w[AT_HELD + row + l] != 0.0 or w[AT_LANE_STATUS + l] != OK:
            continue
        w[AT_EFFORT + LANES * ROUNDS + l] += 1.0
        change = w[AT_CHANGE + row + l]
        if k > 0:
            # two rounds tell how they contract; what is not a number counts as hardly
            ratio = change / max(w[AT_BEFORE + row + l], 1e-30)
            if not ratio <= MOST_CONTRACTION:
                ratio = MOST_CONTRACTION
            w[at + l] = max(ratio, FORGET * w[at + l])
        w[AT_BEFORE + row + l] = change
        r = max(w[at + l], LEAST_FIRST if k == 0 else LEAST_LATER)
        # change r / (1 - r) <= share, without the division
        if not change * r <= SETTLED * (1.0 - r):
            settled = False
            if k + 1 == most:
                w[AT_UNSETTLED + l] = 1.0
        elif w[AT_TOGETHER] == 0.0:
            w[AT_HELD + row + l] = YES[0]
    return -1 if settled or k + 1 == most else k + 1


@inlined
def restart(w):
    """Take over section STATE, and the rates there, as the start of the step in lanes BEGINS.

    Called at the start of a run and after events. Changes in place: POINT, MOMENT, CLOCK, RATES,
    RECORDS.
    """
    copy(w, AT_STATE, AT_POINT, WIDTH)
    copy(w, AT_TIME, AT_MOMENT, LANES)
    tick(w)
    rhs(w)
    begin(w)


@inlined
def prepare(w):
    """Guess the step from the polynomials of the last one, where these are of use.

    They are continued after a step that was accepted (AHEAD), and shortened after a rejection.
    Called before every attempt. Changes in place: GUESS, ADVANCE, RATIO, BEGINS; RECORDS, values at the
    start and at the nodes.
    """
    moved = False
    for l in range(LANES):
        h = w[AT_LENGTH + l]
        last = w[AT_LAST + l]
        # node i of this step is at 1 + c_i h / last of the one before, counted from its start
        usable = last > 0.0 and h <= LONGEST_GUESS * last
        w[AT_GUESS + l] = YES[0] if usable else 0.0
        w[AT_ADVANCE + l] = YES[0] if last > 0.0 and w[AT_AHEAD + l] > 0.0 else 0.0
        w[AT_RATIO + l] = h / last if usable else 0.0
        w[AT_BEGINS + l] = w[AT_MOVED + l]
        moved = moved or w[AT_MOVED + l] != 0.0
    predict(w)
    # the guess at the nodes stays: slow states hardly notice a dose, and others are solved for
    if moved:
        restart(w)


@inlined
def collocation_start(w, atol):
    """Begin runs in lanes BEGINS: tolerances, sizes, values and rates.

    Called by ``integrate``. Changes in place: RECORDS, CONTRACTION. ``atol`` is (state,).
    """
    for l in range(LANES):
        if w[AT_BEGINS + l] == 0.0:
            continue
        for i in range(NS):
            w[AT_RECORDS + i * RECORD + LARGEST + l] = 0.0
            w[AT_RECORDS + i * RECORD + FLOOR + l] = TIGHT * atol[i]
            # nothing of the run before may be left, not even where it would cancel
            for k in range(STAGES + 1):
                w[AT_RECORDS + i * RECORD + LANES * k + l] = w[AT_STATE + LANES * i + l]
        # of loops nothing is known yet
        for e in range(LOOPS):
            w[AT_CONTRACTION + LANES * e + l] = MOST_CONTRACTION
    restart(w)


@inlined
def collocation_attempt(w, rtol, atol):
    """Guess, then solve ``(P + h diag(a)) Y = P 1 y + h b`` state by state; estimate the error.

    Called by ``integrate``. Changes in place: RECORDS (values and rates at the nodes), KEPT,
    NODE_CLOCK and the method's single rows; LANE_ERROR, LANE_VERDICT, and the rounds of loops in
    EFFORT. ``atol`` is in RECORDS since the start.
    """
    prepare(w)
    tick_nodes(w)
    clear(w, AT_LANE_ERROR)
    clear(w, AT_BROKEN)
    clear(w, AT_UNSETTLED)
    sweep(w, TIGHT * rtol)
    estimate(w, TIGHT * rtol, MEMORY, SMOOTH)
    # the verdict on each lane: what the stepper does about a step is not read off its error
    for l in range(LANES):
        error = w[AT_LANE_ERROR + l]
        verdict = UNSETTLED if w[AT_UNSETTLED + l] > 0.0 or error >= FAR else FINE
        # BROKEN is 0, or not a number once a state was
        whole = w[AT_BROKEN + l] == 0.0 and error < FARTHEST
        w[AT_LANE_VERDICT + l] = verdict if whole else BROKEN


@inlined
def collocation_accept(w):
    """The end of the step becomes the state in lanes TAKEN. Changes in place: STATE, RECORDS."""
    for l in range(LANES):
        w[AT_FADE + l] = 2.0 ** (-w[AT_LENGTH + l] / FADE)
    finish(w)


@inlined
def collocation_read(w):
    """Nothing to prepare: values at the nodes are the polynomial."""
    pass


@inlined
def collocation_evaluate(w):
    """State at the fraction ``x`` (section INSIDE) of the step: ``sum_j l_j(x) Y_j``, of order S.

    Called for outputs and reductions. Changes in place: POINT.
    """
    interpolate(w)
