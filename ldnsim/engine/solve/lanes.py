"""Kernel template: which run is in which lane; how it is put there, and taken out when it ends.

A lane is one of eight places of a vector. Every lane carries a run of its own, and takes the next
from a queue as soon as it has ended, so none waits for another. Where runs are compared with each
other by small differences (``control.together``) eight of them share their steps instead, and the
next eight begin when all have ended. The records are those of :mod:`ldnsim.engine.solve.arguments`.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----

IDLE = -1  # status of a lane without a run

# rows of section STEPPER: what step control remembers of a lane
NEXT = 0  # length of step that the last error allows, h
RESUME = 1  # what the first step after the last event came to, h
TARGET = 2  # next event of the lane, or the end, h
FRESH = 3  # 1 before the first step since the start or an event
IMPATIENCE = 4  # steps shortened because a loop did not settle
END = 5  # of the step just tried, h


@jit
def put_in(w, l, run, params, y0, events, control, group):
    """Put a run into a lane: parameters, state, and step control at its start.

    Called when a lane takes a run. ``params`` is (run, parameter), ``y0`` (run, state). Changes in
    place: the lane's values in every section that is not written before it is read; ``group``.
    """
    for i in range(NP):
        w[AT_PARAMETERS + LANES * i + l] = params[run, i]
    for i in range(NS):
        w[AT_STATE + LANES * i + l] = y0[run, i]
    # the events of all runs lie in one array, this run's between two offsets
    group.run[l] = run
    group.column[l] = 0
    group.pointer[l] = events.offset[run]
    group.stop[l] = events.offset[run + 1]
    for k in range(3):
        w[AT_EFFORT + LANES * k + l] = 0.0
    w[AT_TIME + l] = control.t_start
    w[AT_MOMENT + l] = control.t_start
    w[AT_LENGTH + l] = control.h_start
    w[AT_STEPPER + LANES * NEXT + l] = control.h_start
    w[AT_STEPPER + LANES * RESUME + l] = control.h_start
    w[AT_STEPPER + LANES * FRESH + l] = 1.0
    w[AT_STEPPER + LANES * IMPATIENCE + l] = 0.0
    w[AT_LAST + l] = 0.0
    w[AT_AHEAD + l] = 1.0
    w[AT_MOVED + l] = 0.0
    w[AT_TAKEN + l] = 0.0
    w[AT_BEGINS + l] = YES[0]


@jit
def clear_numbers(run, numbers, results):
    """Set a run's numbers to where they start: 0 for sums, else NaN. Changes ``results.numbers``."""
    for r in range(numbers.kind.shape[0]):
        kind = numbers.kind[r]
        sums = kind == MEAN or kind == INTEGRAL or kind == HOURS_ABOVE
        results.numbers[run, r] = 0.0 if sums else np.nan


@jit
def fill(w, queue, taken, params, y0, events, numbers, control, results, group):
    """Let lanes that are idle take the next runs of the queue; returns how many did.

    ``queue`` (places) holds runs in the order they are to be taken, -1 for none; ``taken`` counts
    places taken and runs ended, over all threads that work on the queue. Eight runs that share
    their steps are taken at once. Called before every step while a lane is idle.
    """
    if taken[0] >= queue.shape[0]:
        return 0
    count = 0
    first = claim(taken, 0, LANES) if control.together else 0
    for l in range(LANES):
        if w[AT_LANE_STATUS + l] == OK:
            w[AT_BEGINS + l] = 0.0
            continue
        place = first + l if control.together else claim(taken, 0, 1)
        if place >= queue.shape[0] or queue[place] < 0:
            continue
        run = queue[place]
        put_in(w, l, run, params, y0, events, control, group)
        clear_numbers(run, numbers, results)
        # one that is not to be advanced keeps its place beside others, and holds up none
        w[AT_LANE_STATUS + l] = results.status[run]
        count += 1
    return count


@jit
def take_out(w, l, status, numbers, control, results, group):
    """End the run of a lane, and keep what there is of it.

    Called when a run has come to its end (status OK) or is given up. Changes in place: a row of
    ``results`` but its trajectory, which has been stored on the way; LANE_STATUS.
    """
    run = group.run[l]
    w[AT_LANE_STATUS + l] = IDLE
    results.status[run] = status
    results.method[run] = control.way
    for k in range(3):
        results.effort[run, k] = int(w[AT_EFFORT + LANES * k + l])
    for r in range(numbers.kind.shape[0]):
        # until now a mean was an integral
        if numbers.kind[r] == MEAN:
            k = numbers.window[r]
            results.numbers[run, r] /= numbers.windows[k, 1] - numbers.windows[k, 0]
    # a method leaves its last state in STATE
    for i in range(NS):
        results.final[run, i] = w[AT_STATE + LANES * i + l]


@jit
def close(w, taken, numbers, control, results, group):
    """Take out runs that have come to their end or may take no more steps; returns who still runs.

    Called before every step. Changes in place: LANE_STATUS, ``results``, ``taken``.
    """
    going = 0
    for l in range(LANES):
        if w[AT_LANE_STATUS + l] != OK:
            continue
        if w[AT_TIME + l] >= control.t_end:
            take_out(w, l, OK, numbers, control, results, group)
        elif w[AT_EFFORT + LANES * ACCEPTED + l] >= control.max_steps:
            take_out(w, l, TOO_MANY_STEPS, numbers, control, results, group)
        else:
            going += 1
            continue
        claim(taken, 1, 1)
    return going


@jit
def workspace():
    """An array of SIZE doubles that starts on a cache line, so that no vector crosses one."""
    # the address modulo 64 bytes says how many doubles are left to the next line
    room = np.zeros(SIZE + LANES)
    ahead = (-room.ctypes.data) % 64 // 8
    return room[ahead : ahead + SIZE]
