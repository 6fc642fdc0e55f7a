"""Kernel template: stepping eight lanes, each from event to event of its own run.

Every lane goes from a time of its own with a length of its own: what its run comes to does not
depend on the runs beside it. Steps end exactly on every event; output times never steer them,
outputs are read off the inside of a step. Step control is the usual one (Hairer and Wanner, Solving Ordinary
Differential Equations II, section IV.8): an error that shrinks like ``h^q`` allows the next step ``(safety / error)^(1/q)`` of this one's length. Lanes that go together (``control.together``)
take the length that the worst of them allows, and end a step on the next event of any of them.

What a method does is behind five functions (:mod:`ldnsim.engine.methods.method`); ``start``,
``attempt``, ``accept``, ``read`` and ``evaluate`` called here are generated and hand on to the one
in use. The records ``events``, ``outputs``, ``numbers``, ``control``, ``group`` and ``results`` are
described in :mod:`ldnsim.engine.solve.arguments`.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----

SAFETY = 0.8  # of the step that the error would just allow
GROW = 2.0  # a step is at most twice the one before
SHRINK = 0.2  # a rejected one at least a fifth of it
SHRINK_BROKEN = 0.1  # or a tenth, where no error is known
LEAST_ERROR = 1e-8
SHORTEST = 1e-10  # h
PATIENCE = 20  # steps of a run that may be shortened because a loop did not settle, or 10 % of them


@jit
def apply_events(w, l, events, pointer, stop):
    """Apply every event of a lane that is due: add to a state, or set a parameter.

    Called at the start and whenever a step ends on an event. Changes in place: STATE, PARAMETERS,
    ``pointer`` (lane,).

    Returns:
        how many, and whether a parameter was set: what follows from those has to follow then.
    """
    count = 0
    changed = False
    while pointer[l] < stop[l] and events.time[pointer[l]] <= w[AT_TIME + l]:
        # a dose into a state, or from now on another value of a parameter
        target = events.target[pointer[l]]
        if target < NS:
            w[AT_STATE + LANES * target + l] += events.value[pointer[l]]
        else:
            w[AT_PARAMETERS + LANES * (target - NS) + l] = events.value[pointer[l]]
            changed = True
        pointer[l] += 1
        count += 1
    return count, changed


@jit
def trial_step(h, h_max, left):
    """Length of the next step: never past the next event, never leaving a sliver before it.

    ``h`` is the length that the error allows, ``left`` what there is up to the event. Less than two
    steps are halved, so that the last is not a short one. Called before every step.
    """
    trial = min(h, h_max)
    if 1.01 * trial >= left:
        return left
    return 0.5 * left if 2.0 * trial > left else trial


@jit
def set_lengths(w, events, control, pointer, stop):
    """Choose the step of every lane that runs: LENGTH, and TARGET, its next event or the end.

    Called before every step. ``pointer`` and ``stop`` (lane,) say which are a lane's next and last
    event. Changes in place: LENGTH and the rows TARGET and END.
    """
    nearest = control.t_end
    for l in range(LANES):
        if w[AT_LANE_STATUS + l] == OK:
            target = control.t_end
            if pointer[l] < stop[l]:
                target = min(target, events.time[pointer[l]])
            w[AT_STEPPER + LANES * TARGET + l] = target
            nearest = min(nearest, target)
    for l in range(LANES):
        if w[AT_LANE_STATUS + l] == OK:
            if control.together:
                w[AT_STEPPER + LANES * TARGET + l] = nearest
            target = w[AT_STEPPER + LANES * TARGET + l]
            left = target - w[AT_TIME + l]
            trial = trial_step(w[AT_STEPPER + LANES * NEXT + l], control.h_max, left)
            w[AT_LENGTH + l] = trial
            # exactly on the event, whatever a sum would be rounded to
            w[AT_STEPPER + LANES * END + l] = target if trial == left else w[AT_TIME + l] + trial


@jit
def worst(w):
    """Largest error and worst verdict among lanes still running. Called where they go together."""
    error = 0.0
    verdict = FINE
    for l in range(LANES):
        # lanes that have ended, or were never to run, hold up no other
        running = w[AT_LANE_STATUS + l] == OK
        one = w[AT_LANE_ERROR + l]
        kind = w[AT_LANE_VERDICT + l]
        if running and kind > verdict:
            verdict = kind
        if running and kind != BROKEN and one > error:
            error = one
    return error, verdict


@jit
def shorter(error, verdict, exponent):
    """Factor of the length of a rejected step: ``safety error^-1/q``, within bounds.

    Called after a rejection; where the verdict says that the error means nothing, it has no say.
    """
    if verdict == BROKEN:
        return SHRINK_BROKEN
    return SHRINK if verdict == UNSETTLED else max(SHRINK, SAFETY * error**-exponent)


@jit
def give_up(w, l, short):
    """Status with which a lane ends that can go on no further; OK if it is not to blame.

    Called when steps have become too short (``short``), or too many had to be shortened: in the
    first case every lane that the last step did not satisfy has to end, in the second those with a
    loop that does not settle.
    """
    verdict = w[AT_LANE_VERDICT + l]
    # the error has no say where the verdict is not FINE
    refused = w[AT_LANE_ERROR + l] > 1.0 or verdict != FINE
    if verdict == UNSETTLED or (short and refused):
        return NOT_FINITE if verdict == BROKEN else STEP_TOO_SMALL
    return OK


@jit
def reject(w, l, error, verdict, exponent, h_start):
    """Count a rejected step of a lane and choose a shorter one; returns its status from now on.

    ``error`` and ``verdict`` are those of the step: of the lane, or of the worst that shares it.
    Changes in place: EFFORT, AHEAD, LAST, the rows NEXT and IMPATIENCE.
    """
    at = AT_STEPPER + l
    w[AT_EFFORT + LANES * REJECTED + l] += 1.0
    w[AT_AHEAD + l] = 0.0
    h = w[AT_LENGTH + l] * shorter(error, verdict, exponent)
    short = h < SHORTEST
    impatient = False
    if verdict == UNSETTLED and not short:
        w[at + LANES * IMPATIENCE] += 1.0
        most = max(PATIENCE, 0.1 * w[AT_EFFORT + LANES * ACCEPTED + l])
        impatient = w[at + LANES * IMPATIENCE] > most
    w[at + LANES * NEXT] = h_start if short else h
    if not short and not impatient:
        return OK
    # who is left goes on, but without a guess: the steps of lanes given up are none
    w[AT_LAST + l] = 0.0
    return give_up(w, l, short)


@jit
def judge(w, taken, numbers, control, results, group, exponent):
    """Accept the step of a lane or reject it; returns whether any was accepted.

    Called after every attempt. Changes in place: TAKEN, LAST, MOVED, and what ``reject`` does.
    """
    error = 0.0
    verdict = FINE
    if control.together:
        error, verdict = worst(w)
    any_taken = False
    for l in range(LANES):
        w[AT_TAKEN + l] = 0.0
        if w[AT_LANE_STATUS + l] != OK:
            continue
        if not control.together:
            error = w[AT_LANE_ERROR + l]
            verdict = w[AT_LANE_VERDICT + l]
        w[AT_MOVED + l] = 0.0
        w[AT_LAST + l] = 0.0 if verdict == BROKEN else w[AT_LENGTH + l]
        if error > 1.0 or verdict != FINE:
            status = reject(w, l, error, verdict, exponent, control.h_start)
            if status != OK:
                take_out(w, l, status, numbers, control, results, group)
                claim(taken, 1, 1)
        else:
            w[AT_TAKEN + l] = YES[0]
            w[AT_EFFORT + LANES * ACCEPTED + l] += 1.0
            any_taken = True
    if control.together:
        # all took the same step: with the error of the worst they choose the same next one
        for l in range(LANES):
            w[AT_LANE_ERROR + l] = error
    return any_taken


@jit
def choose_next(w, control, exponent, resumes):
    """Length of the next step of every lane that is TAKEN; its time goes to the end of this one.

    Called once a step is accepted. Changes in place: TIME, AHEAD, the rows NEXT, RESUME and FRESH.
    """
    for l in range(LANES):
        if w[AT_TAKEN + l] == 0.0:
            continue
        at = AT_STEPPER + l
        trial = w[AT_LENGTH + l]
        grow = min(GROW, SAFETY * max(w[AT_LANE_ERROR + l], LEAST_ERROR) ** -exponent)
        if w[at + LANES * FRESH] != 0.0 and resumes:
            w[at + LANES * RESUME] = trial * grow
        # a step cut short says nothing of the length allowed, one after a rejection not of more
        if w[at + LANES * END] < w[at + LANES * TARGET] or grow < 1.0:
            ahead = w[AT_AHEAD + l] != 0.0
            w[at + LANES * NEXT] = trial * (grow if ahead else min(grow, 1.0))
        w[at + LANES * FRESH] = 0.0
        w[AT_AHEAD + l] = 1.0
        w[AT_TIME + l] = w[at + LANES * END]


@jit
def meet_events(w, events, control, group):
    """Apply the events on which the steps of lanes TAKEN end; what follows starts short again.

    Called once time has moved on. Changes in place: STATE, PARAMETERS, FIXED, MOVED, ``pointer``,
    the rows NEXT and FRESH.
    """
    changed = False
    moved = False
    for l in range(LANES):
        t = w[AT_TIME + l]
        if w[AT_TAKEN + l] == 0.0 or t >= control.t_end:
            continue
        if t < w[AT_STEPPER + LANES * TARGET + l]:
            continue
        count, sets = apply_events(w, l, events, group.pointer, group.stop)
        changed = changed or sets
        if count > 0:
            moved = True
            w[AT_MOVED + l] = YES[0]
    for l in range(LANES):
        at = AT_STEPPER + l
        # an event of one is one of all that go together, or their steps would differ
        if moved and control.together and w[AT_TAKEN + l] != 0.0:
            w[AT_MOVED + l] = YES[0]
        if w[AT_MOVED + l] != 0.0 and w[AT_TAKEN + l] != 0.0:
            w[at + LANES * NEXT] = min(w[at + LANES * NEXT], w[at + LANES * RESUME])
            w[at + LANES * FRESH] = 1.0
    # what follows from parameters alone is kept, so it has to follow now
    if changed:
        setup(w)


@inlined
def begin_runs(w, events, outputs, control, results, group, method):
    """Output and events at the start, and the method's beginning, in lanes BEGINS.

    Called when lanes have taken runs. Changes in place: FIXED, STATE and PARAMETERS where events
    say so, ``results.trajectory``, ``group.pointer`` and ``column``.
    """
    setup(w)
    # an event at an output time counts as after it
    if outputs.times.shape[0] > 0 and outputs.times[0] <= control.t_start:
        copy(w, AT_STATE, AT_POINT, WIDTH)
        copy(w, AT_TIME, AT_MOMENT, LANES)
        tick(w)
        observe(w)
        for l in range(LANES):
            if w[AT_BEGINS + l] != 0.0 and w[AT_LANE_STATUS + l] == OK:
                store(w, l, group.run[l], outputs, results, 0)
                group.column[l] = 1
    changed = False
    for l in range(LANES):
        if w[AT_BEGINS + l] != 0.0 and w[AT_LANE_STATUS + l] == OK:
            _, sets = apply_events(w, l, events, group.pointer, group.stop)
            changed = changed or sets
    if changed:
        setup(w)
    start(w, control.atol, method)


@inlined
def integrate(
    w, queue, taken, params, y0, events, outputs, numbers, control, results, group, method
):
    """Take runs from the queue and solve them with one method, until there are none.

    Called by ``solve_runs``. Changes in place: ``w``, ``taken``, ``results``, ``group``.
    """
    exponent = EXPONENT[method]
    while True:
        # runs that have ended make room for the next; those that share steps wait for each other
        going = close(w, taken, numbers, control, results, group)
        if going == 0 or (going < LANES and not control.together):
            if fill(w, queue, taken, params, y0, events, numbers, control, results, group) > 0:
                begin_runs(w, events, outputs, control, results, group, method)
                continue
            if going == 0:
                break
        # try a step that the last error allows, at most up to the next event
        set_lengths(w, events, control, group.pointer, group.stop)
        attempt(w, control.rtol, control.atol, method)
        # not good enough: a shorter one next; good: read what is asked for, take the end over
        if judge(w, taken, numbers, control, results, group, exponent):
            if is_read(w, outputs.times, group.column, numbers.windows):
                read_steps(w, outputs, numbers, results, group, method)
            accept(w, method)
            choose_next(w, control, exponent, RESUMES[method])
            meet_events(w, events, control, group)


@jit
def solve_runs(queue, taken, params, y0, events, outputs, numbers, control, results, group):
    """Solve the runs of a queue with one method, eight at a time.

    Called from Python (:mod:`ldnsim.engine.solve.batch`), by several threads with the same queue and
    the same counts ``taken``. ``params`` is (run, parameter), ``y0`` the state at the start (run,
    state). Changes in place: ``results``, ``taken``. ``group`` is room to work in.
    """
    # one workspace for all runs: nothing is allocated in the loop
    w = workspace()
    w[AT_TOGETHER] = 1.0 if control.together else 0.0
    # lanes that never get a run compute with the first, so that nothing they do is out of range
    for l in range(LANES):
        put_in(w, l, max(queue[0], 0), params, y0, events, control, group)
        w[AT_LANE_STATUS + l] = IDLE
    integrate(
        w, queue, taken, params, y0, events, outputs, numbers, control, results, group, control.way
    )
