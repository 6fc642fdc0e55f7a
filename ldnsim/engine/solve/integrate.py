"""Kernel template: stepping eight runs from event to event.

Eight runs share their steps, whose length is what the worst of them allows. Steps end exactly on
every event of any lane; output times never steer them, outputs are read off the inside of a step.
Step control is the usual one (Hairer and Wanner, Solving Ordinary Differential Equations II,
section IV.8): an error that shrinks like ``h^q`` allows the next step ``(safety / error)^(1/q)``
of this one's length.

What a method does is behind five functions (:mod:`ldnsim.engine.methods.method`); ``start``,
``attempt``, ``accept``, ``read`` and ``evaluate`` called here are generated and hand on to the one
in use. The records ``events``, ``outputs``, ``numbers``, ``control``, ``group`` and ``results`` are
described in :mod:`ldnsim.engine.solve.arguments`. What is called at every step takes single arrays
instead: fetching one from a record, or handing a record on, costs a count of who holds its arrays.
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
ON = 0  # after a rejection: a shorter step is tried
AFRESH = 1  # ... without a guess
ENDED = 2  # no lane is left
PATIENCE = 20  # steps of a run that may be shortened because a loop did not settle, or 10 % of them


@jit
def store(w, outputs, trajectory, column):
    """Write the observables asked for into one output column of every lane.

    Called for every output time, with OBSERVED evaluated there. Changes in place: ``trajectory``
    (lane, observable, time).
    """
    # OBSERVED has a row per observable, of which only some are asked for
    for k in range(outputs.observables.shape[0]):
        for l in range(LANES):
            trajectory[l, k, column] = w[AT_OBSERVED + LANES * outputs.observables[k] + l]


@jit
def apply_events(w, t, events, group):
    """Apply every event due at ``t``: add to a state, or set a parameter; returns how many.

    Called at the start and whenever a step ends on an event. Changes in place: STATE, PARAMETERS
    (and then FIXED), ``group.pointer``.
    """
    count = 0
    changed = False
    for l in range(LANES):
        while group.pointer[l] < group.stop[l] and events.time[group.pointer[l]] <= t:
            # a dose into a state, or from now on another value of a parameter
            target = events.target[group.pointer[l]]
            if target < NS:
                w[AT_STATE + LANES * target + l] += events.value[group.pointer[l]]
            else:
                w[AT_PARAMETERS + LANES * (target - NS) + l] = events.value[group.pointer[l]]
                changed = True
            group.pointer[l] += 1
            count += 1
    # what follows from parameters alone is kept, so it has to follow now
    if changed:
        setup(w)
    return count


@jit
def next_event(time, pointer, stop, t_end):
    """Time of the next event of any lane, or the end. Called before every step.

    ``time`` is of all events; ``pointer`` and ``stop`` (lane,) say which are a lane's next and last.
    """
    t = t_end
    for l in range(LANES):
        if pointer[l] < stop[l] and time[pointer[l]] < t:
            t = time[pointer[l]]
    return t


@jit
def worst(w):
    """Largest error and worst verdict among lanes still running. Called after every attempt."""
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
def give_up(w, all_refused):
    """End the lanes that hold up the others; returns whether any lane still runs.

    Called when steps have become too short, or too many had to be shortened. Ends, in the first
    case (``all_refused``), every lane that the last step did not satisfy, in the second those with
    a loop that does not settle. Changes in place: LANE_STATUS.
    """
    running = False
    for l in range(LANES):
        if w[AT_LANE_STATUS + l] == OK:
            verdict = w[AT_LANE_VERDICT + l]
            # the error has no say where the verdict is not FINE
            refused = w[AT_LANE_ERROR + l] > 1.0 or verdict != FINE
            if verdict == UNSETTLED or (all_refused and refused):
                w[AT_LANE_STATUS + l] = NOT_FINITE if verdict == BROKEN else STEP_TOO_SMALL
            else:
                running = True
    return running


@jit
def out_of_steps(w):
    """End every lane still running: the steps allowed are used up. Changes LANE_STATUS."""
    for l in range(LANES):
        if w[AT_LANE_STATUS + l] == OK:
            w[AT_LANE_STATUS + l] = TOO_MANY_STEPS


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
def shorter(error, verdict, exponent):
    """Factor of the length of a rejected step: ``safety error^-1/q``, within bounds.

    Called after a rejection; where the verdict says that the error means nothing, it has no say.
    """
    if verdict == BROKEN:
        return SHRINK_BROKEN
    return SHRINK if verdict == UNSETTLED else max(SHRINK, SAFETY * error**-exponent)


@jit
def is_read(t, end, column, times, windows):
    """Whether an output time or a window (begin, end) lies in the step ``[t, end]``.

    Called for every step before it is accepted; most steps of a long run are not read at all.
    """
    wanted = column < times.shape[0] and times[column] <= end
    for k in range(windows.shape[0]):
        if windows[k, 0] < end and windows[k, 1] > t:
            wanted = True
    return wanted


@jit
def reject(w, h, verdict, unsettled):
    """Count a rejected step, and see whether it can go on with one of length ``h``.

    Called after a rejection. Changes in place: EFFORT, LANE_STATUS.

    Returns:
        how many steps were shortened because a loop did not settle, and ``ON``; ``AFRESH``, when
        lanes were given up, whose steps are no guess for the others; or ``ENDED``, when all were.
    """
    w[AT_EFFORT + REJECTED] += 1
    short = h < SHORTEST
    impatient = False
    if verdict == UNSETTLED and not short:
        unsettled += 1
        impatient = unsettled > max(PATIENCE, 0.1 * w[AT_EFFORT + ACCEPTED])
    if not short and not impatient:
        return unsettled, ON
    return unsettled, AFRESH if give_up(w, short) else ENDED


@inlined
def read_step(w, t, h, end, column, outputs, numbers, group, method):
    """Store outputs and update numbers from the step ``[t, end]``; returns the next column.

    Called before the step is accepted. Changes in place: ``group.trajectory`` and
    ``group.numbers``; POINT and OBSERVED, and what the method needs to evaluate inside the step.
    """
    times = outputs.times
    read(w, method)
    # at x = (t_out - t) / h, as many as lie in the step
    while column < times.shape[0] and times[column] <= end:
        evaluate(w, (times[column] - t) / h, method)
        observe_at(w, times[column])
        store(w, outputs, group.trajectory, column)
        column += 1
    reduce_step(w, t, h, numbers, group, method)
    return column


@inlined
def begin_run(w, events, outputs, control, group, method):
    """Output and events at the start, and the method's beginning; returns the next output column.

    Called once a group. Changes in place: FIXED, STATE and PARAMETERS where events say so,
    ``group.trajectory``, ``group.pointer``.
    """
    setup(w)
    column = 0
    # an event at an output time counts as after it
    if outputs.times.shape[0] > 0 and outputs.times[0] <= control.t_start:
        copy(w, AT_STATE, AT_POINT, WIDTH)
        observe_at(w, control.t_start)
        store(w, outputs, group.trajectory, 0)
        column = 1
    apply_events(w, control.t_start, events, group)
    start(w, control.t_start, control.atol, method)
    return column


@inlined
def integrate(w, events, outputs, numbers, control, group, method):
    """Advance eight lanes from ``control.t_start`` to ``control.t_end`` with one method.

    Called by ``solve_runs``. Changes in place: ``w`` (PARAMETERS and STATE are the lanes' on entry,
    STATE the last state on return, LANE_STATUS and EFFORT), and ``group``: next events, outputs,
    numbers.
    """
    column = begin_run(w, events, outputs, control, group, method)
    # taken out of the records once: inside the loop they would be fetched at every step
    pointer, stop, due = group.pointer, group.stop, events.time
    times, windows, atol = outputs.times, numbers.windows, control.atol
    t = control.t_start
    h = control.h_start
    after_event = h  # what the first step after the last event came to
    last = 0.0  # length of the last step, 0 if nothing can be made of it
    ahead = True  # the last step was accepted
    moved = False  # an event has changed something since
    first = True  # no step since the start or the last event
    unsettled = 0  # steps shortened because a loop did not settle
    while t < control.t_end and w[AT_EFFORT + ACCEPTED] < control.max_steps:
        # try a step that the last error allows, at most up to the next event of any lane
        target = next_event(due, pointer, stop, control.t_end)
        left = target - t
        trial = trial_step(h, control.h_max, left)
        attempt(w, t, trial, last, ahead, moved, control.rtol, atol, method)
        error, verdict = worst(w)
        moved = False
        last = 0.0 if verdict == BROKEN else trial
        # not good enough: try a shorter one, or give up lanes that make it too short
        if error > 1.0 or verdict != FINE:
            ahead = False
            h = trial * shorter(error, verdict, EXPONENT[method])
            unsettled, going = reject(w, h, verdict, unsettled)
            if going == ENDED:
                return
            last = last if going == ON else 0.0
            h = control.h_start if h < SHORTEST else h
            continue
        # good: read what is asked for, take the end over, choose the next length
        w[AT_EFFORT + ACCEPTED] += 1.0
        end = target if trial == left else t + trial
        if is_read(t, end, column, times, windows):
            column = read_step(w, t, trial, end, column, outputs, numbers, group, method)
        accept(w, trial, method)
        grow = min(GROW, SAFETY * max(error, LEAST_ERROR) ** -EXPONENT[method])
        if first and RESUMES[method]:
            after_event = trial * grow
        # a step cut short says nothing of the length allowed, one after a rejection not of more
        if trial < left or grow < 1.0:
            h = trial * (grow if ahead else min(grow, 1.0))
        first = False
        ahead = True
        t = end
        # a step that ends on an event ends exactly there; what follows it starts short again
        if t >= target and target < control.t_end and apply_events(w, t, events, group) > 0:
            h = min(h, after_event)
            first = True
            moved = True
    if t < control.t_end:
        out_of_steps(w)
