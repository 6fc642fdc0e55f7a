"""Kernel template: outputs, read off the inside of the steps that are accepted.

Lanes are at different times, so each looks at its own next output; one evaluation serves all that
have one in their step.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----


@jit
def store(w, l, run, outputs, results, column):
    """Write the observables asked for into one output column of the run in lane ``l``.

    Called for every output time, with OBSERVED evaluated there. Changes in place:
    ``results.trajectory`` (run, observable, time).
    """
    # OBSERVED has a row per observable, of which only some are asked for
    for k in range(outputs.observables.shape[0]):
        value = w[AT_OBSERVED + LANES * outputs.observables[k] + l]
        results.trajectory[run, k, column] = value


@jit
def is_due(w, l, times, column):
    """Whether the step of a lane that is TAKEN reaches its next output time."""
    if w[AT_TAKEN + l] == 0.0 or column[l] >= times.shape[0]:
        return False
    return times[column[l]] <= w[AT_STEPPER + LANES * END + l]


@jit
def look_at_outputs(w, times, column):
    """Point every lane at its next output time, if that is due; returns whether one is.

    Others look at the start of their step. Changes in place: INSIDE, MOMENT.
    """
    due = False
    for l in range(LANES):
        t = w[AT_TIME + l]
        at = t
        if is_due(w, l, times, column):
            at = times[column[l]]
            due = True
        w[AT_MOMENT + l] = at
        w[AT_INSIDE + l] = (at - t) / w[AT_LENGTH + l]
    return due


@inlined
def read_steps(w, outputs, numbers, results, group, method):
    """Store outputs and update numbers from the steps of lanes TAKEN.

    Called before they are accepted. Changes in place: rows of ``results.trajectory`` and
    ``results.numbers``; INSIDE, MOMENT, POINT, CLOCK and OBSERVED, and what the method needs to
    evaluate inside the step.
    """
    times, column = outputs.times, group.column
    read(w, method)
    # one of each lane at a time, as many as the one with the most has
    while look_at_outputs(w, times, column):
        look_inside(w, method)
        for l in range(LANES):
            if is_due(w, l, times, column):
                store(w, l, group.run[l], outputs, results, column[l])
                column[l] += 1
    reduce_step(w, numbers, results, group, method)


@jit
def is_read(w, times, column, windows):
    """Whether an output time or a window (begin, end) lies in a step that is TAKEN.

    Called for every step before it is accepted; most steps of a long run are not read at all.
    """
    for l in range(LANES):
        if is_due(w, l, times, column):
            return True
    for k in range(windows.shape[0]):
        if overlaps(w, windows[k, 0], windows[k, 1]):
            return True
    return False
