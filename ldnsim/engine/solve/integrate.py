"""Kernel template, third part: stepping from event to event, and the loop over groups of runs.

Steps end exactly on every event of any of the eight lanes; output times never steer the steps.
See :mod:`ldnsim.engine.methods.rodas5p.template` for how templates become kernels.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----

# fmt: off
SAFETY = 0.8
CAUTION = 0.1
GROW = 2.0


@jit
def store(w, out_obs, out, column):
    """Write the observables asked for into one output column of every lane."""
    for k in range(out_obs.shape[0]):
        for l in range(LANES):
            out[l, k, column] = w[AT_O + LANES * out_obs[k] + l]


@jit
def apply_events(w, t, ev_time, ev_target, ev_value, pointer, stop):
    """Apply every event due at ``t``: add to a state, or set a parameter; returns how many."""
    count = 0
    changed = False
    for l in range(LANES):
        while pointer[l] < stop[l] and ev_time[pointer[l]] <= t:
            target = ev_target[pointer[l]]
            if target < NS:
                w[AT_Y + LANES * target + l] += ev_value[pointer[l]]
            else:
                w[AT_P + LANES * (target - NS) + l] = ev_value[pointer[l]]
                changed = True
            pointer[l] += 1
            count += 1
    if changed:
        setup(w)
    return count


@jit
def next_event(ev_time, pointer, stop, t_end):
    """Time of the next event of any lane, or the end."""
    t = t_end
    for l in range(LANES):
        if pointer[l] < stop[l] and ev_time[pointer[l]] < t:
            t = ev_time[pointer[l]]
    return t


@jit
def worst(lane_error, status):
    """Largest error among lanes still running."""
    value = 0.0
    for l in range(LANES):
        if status[l] == OK and lane_error[l] > value:
            value = lane_error[l]
    return value


@jit
def give_up(lane_error, status, code, limit):
    """Mark the lanes whose error is above ``limit``; returns whether any lane still runs."""
    running = False
    for l in range(LANES):
        if status[l] == OK and not lane_error[l] <= limit:
            status[l] = NOT_FINITE if lane_error[l] == np.inf else code
        if status[l] == OK:
            running = True
    return running


@jit
def trial_step(h, h_max, left):
    """Length of the next step: never past the next event, never leaving a sliver before it."""
    trial = min(h, h_max)
    if 1.01 * trial >= left:
        return left
    return 0.5 * left if 2.0 * trial > left else trial


@inlined
def read_step(w, t, h, end, column, out_times, out_obs, out,
              windows, red_window, red_kind, red_obs, red_threshold, red, samples, method):
    """Store outputs and update reductions from the step ``[t, end]``; returns the next column."""
    wanted = column < out_times.shape[0] and out_times[column] <= end
    for k in range(windows.shape[0]):
        if windows[k, 0] < end and windows[k, 1] > t:
            wanted = True
    if not wanted:
        return column
    if method == RODAS:
        prepare_dense(w)
    while column < out_times.shape[0] and out_times[column] <= end:
        evaluate(w, (out_times[column] - t) / h, method)
        observe_at(w, out_times[column])
        store(w, out_obs, out, column)
        column += 1
    reduce_step(w, t, h, windows, red_window, red_kind, red_obs, red_threshold, red, samples, method)
    return column


@inlined
def attempt(w, t, h, last, ahead, moved, rtol, atol, status, lane_error, effort, method):
    """Try one step; fills the lanes' errors and returns the largest of a running lane."""
    if method == RODAS:
        step(w, t, h)
        errors(w, CAUTION * rtol, atol, lane_error)
    else:
        prepare(w, t, h, last, ahead, moved)
        effort[2] += collocation_step(w, t, h, rtol, status, lane_error)
    return worst(lane_error, status)


@inlined
def integrate(w, ev_time, ev_target, ev_value, pointer, stop, t_end, out_times, out_obs, out,
              windows, red_window, red_kind, red_obs, red_threshold, red, samples,
              rtol, atol, h_start, h_max, max_steps, status, effort, method):
    """Advance eight lanes from time 0 to ``t_end``.

    Changes in place: ``w`` (sections Y and P hold the lanes' states and parameters on entry),
    ``pointer`` (next event of each lane), ``out`` (lane, observable, time), ``red`` (lane,
    reduction), ``status`` (lane), ``effort`` (accepted steps, rejected steps, rounds of loops).
    """
    setup(w)
    t = 0.0
    column = 0
    lane_error = np.zeros(LANES)
    power = 0.2 if method == RODAS else 1.0 / (STAGES + 2.0)
    if out_times.shape[0] > 0 and out_times[0] <= 0.0:
        copy(w, AT_Y, AT_T, WIDTH)
        observe_at(w, 0.0)
        store(w, out_obs, out, 0)
        column = 1
    apply_events(w, t, ev_time, ev_target, ev_value, pointer, stop)
    if method == COLLOCATION:
        start_collocation(w, t, atol)
    h = h_start
    after_event = h_start  # what the first step after the last event came to
    first = True
    ahead = True
    moved = False
    last = 0.0
    unsettled = 0  # steps shortened because a loop did not settle
    while t < t_end:
        target = next_event(ev_time, pointer, stop, t_end)
        left = target - t
        trial = trial_step(h, h_max, left)
        error = attempt(w, t, trial, last, ahead, moved, rtol, atol, status, lane_error, effort,
                        method)
        moved = False
        last = 0.0 if error == np.inf else trial
        if error > 1.0:
            effort[1] += 1
            h = trial * (0.1 if error == np.inf else max(0.2, SAFETY * error**-power))
            ahead = False
            if h < 1e-10:
                if not give_up(lane_error, status, STEP_TOO_SMALL, 1.0):
                    return
                h = h_start
                last = 0.0
            elif UNSETTLED <= error < np.inf and method == COLLOCATION:
                unsettled += 1
                if unsettled > max(PATIENCE, 0.1 * effort[0]):
                    if not give_up(lane_error, status, STEP_TOO_SMALL, 0.5 * UNSETTLED):
                        return
                    last = 0.0
            continue
        effort[0] += 1
        end = target if trial == left else t + trial
        column = read_step(w, t, trial, end, column, out_times, out_obs, out, windows, red_window,
                           red_kind, red_obs, red_threshold, red, samples, method)
        if method == RODAS:
            copy(w, AT_YN, AT_Y, WIDTH)
        else:
            finish(w, 2.0 ** (-trial / FADE))
        grow = min(GROW, SAFETY * max(error, 1e-8) ** -power)
        if first and method == COLLOCATION:
            after_event = trial * grow
        if trial < left or grow < 1.0:
            h = trial * (grow if ahead else min(grow, 1.0))
        first = False
        ahead = True
        t = end
        if t >= target and target < t_end:
            if apply_events(w, t, ev_time, ev_target, ev_value, pointer, stop) > 0:
                h = min(h, after_event)
                first = True
                moved = True
        if effort[0] >= max_steps and t < t_end:
            for l in range(LANES):
                if status[l] == OK:
                    status[l] = TOO_MANY_STEPS
            return


@jit
def load_group(w, lead, last_run, params, y0, ev_offset, pointer, stop):
    """Put eight runs into the workspace; past the end the last one again."""
    w[:] = 0.0
    for l in range(LANES):
        run = min(lead + l, last_run - 1)
        for i in range(NP):
            w[AT_P + LANES * i + l] = params[run, i]
        for i in range(NS):
            w[AT_Y + LANES * i + l] = y0[run, i]
        pointer[l] = ev_offset[run]
        stop[l] = ev_offset[run + 1]


@jit
def clear_results(lead, last_run, red_kind, red_threshold, threshold, group_out, group_red):
    """Set a group's outputs to nothing and its reductions to where they start."""
    group_out[:] = np.nan
    for l in range(LANES):
        run = min(lead + l, last_run - 1)
        for r in range(red_kind.shape[0]):
            threshold[r, l] = red_threshold[run, r]
            sums = red_kind[r] == MEAN or red_kind[r] == INTEGRAL or red_kind[r] == HOURS_ABOVE
            group_red[l, r] = 0.0 if sums else np.nan


@jit
def keep_run(w, run, l, group_out, group_red, windows, red_window, red_kind, out, red, final):
    """Copy the results of lane ``l`` to its run."""
    for k in range(group_out.shape[1]):
        for c in range(group_out.shape[2]):
            out[run, k, c] = group_out[l, k, c]
    for r in range(red_kind.shape[0]):
        value = group_red[l, r]
        if red_kind[r] == MEAN:
            k = red_window[r]
            value = value / (windows[k, 1] - windows[k, 0])
        red[run, r] = value
    for i in range(NS):
        final[run, i] = w[AT_Y + LANES * i + l]


@jit
def workspace():
    """An array of ``SIZE`` doubles that starts on a cache line, so that no vector crosses one."""
    room = np.zeros(SIZE + LANES)
    ahead = (-room.ctypes.data) % 64 // 8
    return room[ahead : ahead + SIZE]


@jit
def solve_runs(first_run, last_run, params, y0, ev_offset, ev_time, ev_target, ev_value, t_end,
               out_times, out_obs, out, windows, red_window, red_kind, red_obs, red_threshold,
               red, final, rtol, atol, h_start, h_max, max_steps, status, effort, method):
    """Solve runs ``first_run`` to ``last_run`` (exclusive), eight neighbours at a time.

    Arrays have one row per run. ``method`` holds the method to begin with on entry; where that is
    collocation and it fails, Rodas5P is tried. Changes in place: ``out`` (run, observable, time),
    ``red`` (run, reduction), ``final`` (run, state), ``status`` (run), ``effort`` (run, 3),
    ``method`` (run): the one used. Results of failed runs stay as they are on entry. Groups start
    at multiples of eight counted from run 0, so the split into calls changes nothing.
    """
    w = workspace()
    samples = np.zeros((NODES, max(1, red_obs.shape[0]) * LANES))
    n_red = red_window.shape[0]
    threshold = np.zeros((n_red, LANES))
    group_out = np.zeros((LANES, out_obs.shape[0], out_times.shape[0]))
    group_red = np.zeros((LANES, n_red))
    group_status = np.zeros(LANES, np.int8)
    group_effort = np.zeros(3, np.int64)
    pointer = np.zeros(LANES, np.int64)
    stop = np.zeros(LANES, np.int64)
    done = np.zeros(LANES, np.bool_)
    result = np.zeros(LANES, np.int8)
    for lead in range(first_run, last_run, LANES):
        way = method[lead]
        while way >= RODAS:
            for l in range(LANES):
                group_status[l] = status[min(lead + l, last_run - 1)]
            load_group(w, lead, last_run, params, y0, ev_offset, pointer, stop)
            clear_results(lead, last_run, red_kind, red_threshold, threshold, group_out, group_red)
            group_effort[:] = 0
            integrate(w, ev_time, ev_target, ev_value, pointer, stop, t_end, out_times, out_obs,
                      group_out, windows, red_window, red_kind, red_obs, threshold, group_red,
                      samples, rtol, atol, h_start, h_max, max_steps, group_status, group_effort,
                      way)
            failed = False
            for l in range(min(LANES, last_run - lead)):
                run = lead + l
                if status[run] != OK or done[l]:
                    continue
                if group_status[l] != OK and way > RODAS:
                    failed = True
                    continue
                done[l] = True
                method[run] = way
                effort[run] = group_effort
                result[l] = group_status[l]
                if group_status[l] == OK:
                    keep_run(w, run, l, group_out, group_red, windows, red_window, red_kind, out,
                             red, final)
            way = way - 1 if failed else -1
        for l in range(min(LANES, last_run - lead)):
            if done[l]:
                status[lead + l] = result[l]
                done[l] = False
