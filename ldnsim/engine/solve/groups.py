"""Kernel template: the loop over groups of runs, and from one method to the next where one fails.

Eight neighbours are a group. A group is put into the workspace, integrated (:mod:`.integrate`) and
its results are taken out; the records are described in :mod:`ldnsim.engine.solve.arguments`.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----


@jit
def load_group(w, lead, last_run, params, y0, events, results, group):
    """Put eight runs, the first of them ``lead``, into the workspace; past the end the last again.

    Called before every attempt at a group. ``params`` is (run, parameter), ``y0`` (run, state).
    Changes in place: all of ``w``; of ``group``, the next and last events.
    """
    w[:] = 0.0
    # from rows of runs to rows of lanes
    for l in range(LANES):
        run = min(lead + l, last_run - 1)
        # eight runs side by side: one vector instruction then serves all of them
        for i in range(NP):
            w[AT_PARAMETERS + LANES * i + l] = params[run, i]
        for i in range(NS):
            w[AT_STATE + LANES * i + l] = y0[run, i]
        # the events of all runs lie in one array, this run's between two offsets
        group.pointer[l] = events.offset[run]
        group.stop[l] = events.offset[run + 1]
        w[AT_LANE_STATUS + l] = results.status[run]


@jit
def clear_results(lead, last_run, numbers, group):
    """Set a group's outputs to nothing and its numbers to where they start: 0 for sums, else NaN.

    Called before every attempt at a group. Changes in place: ``group.trajectory``,
    ``group.numbers``, ``group.threshold``.
    """
    # an output that is never reached stays not a number
    group.trajectory[:] = np.nan
    for l in range(LANES):
        run = min(lead + l, last_run - 1)
        for r in range(numbers.kind.shape[0]):
            group.threshold[r, l] = numbers.threshold[run, r]
            kind = numbers.kind[r]
            sums = kind == MEAN or kind == INTEGRAL or kind == HOURS_ABOVE
            group.numbers[l, r] = 0.0 if sums else np.nan


@jit
def keep_run(w, run, l, numbers, group, results):
    """Copy the results of lane ``l`` to its run.

    Called for runs that went through. Changes in place: one row of ``results.trajectory``,
    ``results.numbers`` and ``results.final``.
    """
    # element by element: for a slice numba would compile the words of what could go wrong as well
    for k in range(group.trajectory.shape[1]):
        for c in range(group.trajectory.shape[2]):
            results.trajectory[run, k, c] = group.trajectory[l, k, c]
    for r in range(numbers.kind.shape[0]):
        # until now a mean was an integral
        value = group.numbers[l, r]
        if numbers.kind[r] == MEAN:
            k = numbers.window[r]
            value = value / (numbers.windows[k, 1] - numbers.windows[k, 0])
        results.numbers[run, r] = value
    # a method leaves its last state in STATE
    for i in range(NS):
        results.final[run, i] = w[AT_STATE + LANES * i + l]


@jit
def workspace():
    """An array of SIZE doubles that starts on a cache line, so that no vector crosses one."""
    # the address modulo 64 bytes says how many doubles are left to the next line
    room = np.zeros(SIZE + LANES)
    ahead = (-room.ctypes.data) % 64 // 8
    return room[ahead : ahead + SIZE]


@jit
def keep_group(w, lead, last_run, numbers, group, results, way, last_way, done, outcome):
    """Take over what a method has brought to an end; returns whether some runs failed.

    Called after every attempt at a group. A failed run counts as brought to an end only when no
    other method is left (``last_way``). Changes in place: rows of ``results`` but their status;
    ``done`` and ``outcome`` (lane,), the status to be.
    """
    failed = False
    for l in range(min(LANES, last_run - lead)):
        run = lead + l
        # not to be advanced, or solved by the method before
        if results.status[run] != OK or done[l]:
            continue
        status = w[AT_LANE_STATUS + l]
        if status != OK and not last_way:
            # kept open: its numbers from this attempt are those of half a run
            failed = True
            continue
        done[l] = True
        outcome[l] = status
        results.method[run] = way
        for k in range(3):
            results.effort[run, k] = w[AT_EFFORT + k]
        if status == OK:
            keep_run(w, run, l, numbers, group, results)
    return failed


@jit
def solve_runs(first_run, last_run, params, y0, events, outputs, numbers, control, results, group):
    """Solve runs ``first_run`` to ``last_run`` (exclusive), eight neighbours at a time.

    Called from Python, with a stretch of the runs of a batch (:mod:`ldnsim.engine.solve.batch`).
    ``params`` is (run, parameter), ``y0`` the state at the start (run, state). Runs in which the first
    method of ``control.ways`` fails are solved again by the next, from the start. Changes in place:
    ``results``; those of failed runs stay as they are on entry. ``group`` is room to work in. Groups
    start at multiples of eight counted from run 0, so the split into calls changes nothing.
    """
    # one workspace and one group for all groups of the stretch: nothing is allocated in the loop
    w = workspace()
    done = np.zeros(LANES, np.bool_)
    outcome = np.zeros(LANES, np.int8)
    ways = control.ways.shape[0]
    for lead in range(first_run, last_run, LANES):
        # the first method for all eight, the next only while some of them have failed
        for k in range(ways):
            load_group(w, lead, last_run, params, y0, events, results, group)
            clear_results(lead, last_run, numbers, group)
            # all eight again, so that a run has the same neighbours whatever became of them
            integrate(w, events, outputs, numbers, control, group, control.ways[k])
            failed = keep_group(
                w,
                lead,
                last_run,
                numbers,
                group,
                results,
                control.ways[k],
                k + 1 == ways,
                done,
                outcome,
            )
            if not failed:
                break
        # only now: until here a status other than OK meant a run that was not to be advanced
        for l in range(min(LANES, last_run - lead)):
            if done[l]:
                results.status[lead + l] = outcome[l]
                done[l] = False
