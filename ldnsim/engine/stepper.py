"""The integrator: Rodas5P over eight lanes, exact stops on events, dense output, reductions.

This file is a template. The kernel module is this source, from the marker line on, appended to the
generated functions ``setup``, ``rhs``, ``observe``, ``factor`` and ``solve`` and to the constants
they imply; numba then compiles and caches the whole. Loaded without numba the same module runs as
plain Python, which is how the kernels are tested.

Method: Rodas5P, a linearly implicit Runge-Kutta method of order 5 with 8 stages, L-stable and
stiffly accurate, with a fourth-order dense output (Steinebach 2023, BIT Numer. Math. 63:27,
doi:10.1007/s10543-023-00967-x). The Jacobian is exact and sparse, factored once a step.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.contract import *

# ---- template begins ----

GAMMA = 0.21193756319429014
A = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [3.0, 0.0, 0.0, 0.0, 0.0],
        [2.849394379747939, 0.45842242204463923, 0.0, 0.0, 0.0],
        [-6.954028509809101, 2.489845061869568, -10.358996098473584, 0.0, 0.0],
        [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641, 0.0],
        [
            -7.502846399306121,
            2.561846144803919,
            -11.627539656261098,
            -0.18268767659942256,
            0.030198172008377946,
        ],
    ]
)
C = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [-14.155112264123755, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [-17.97296035885952, -2.859693295451294, 0.0, 0.0, 0.0, 0.0, 0.0],
        [147.12150275711716, -1.41221402718213, 71.68940251302358, 0.0, 0.0, 0.0, 0.0],
        [
            165.43517024871676,
            -0.4592823456491126,
            42.90938336958603,
            -5.961986721573306,
            0.0,
            0.0,
            0.0,
        ],
        [
            24.854864614690072,
            -3.0009227002832186,
            47.4931110020768,
            5.5814197821558125,
            -0.6610691825249471,
            0.0,
            0.0,
        ],
        [
            30.91273214028599,
            -3.1208243349937974,
            77.79954646070892,
            34.28646028294783,
            -19.097331116725623,
            -28.087943162872662,
            0.0,
        ],
        [
            37.80277123390563,
            -3.2571969029072276,
            112.26918849496327,
            66.9347231244047,
            -40.06618937091002,
            -54.66780262877968,
            -9.48861652309627,
        ],
    ]
)
STAGE_TIME = np.array(
    [
        0.0,
        0.6358126895828704,
        0.4095798393397535,
        0.9769306725060716,
        0.4288403609558664,
        1.0,
        1.0,
        1.0,
    ]
)
STAGE_D = np.array(
    [
        0.21193756319429014,
        -0.42387512638858027,
        -0.3384627126235924,
        1.8046452872882734,
        2.325825639765069,
        0.0,
        0.0,
        0.0,
    ]
)
H = np.array(
    [
        [
            25.948786856663858,
            -2.5579724845846235,
            10.433815404888879,
            -2.3679251022685204,
            0.524948541321073,
            1.1241088310450404,
            0.4272876194431874,
            -0.17202221070155493,
        ],
        [
            -9.91568850695171,
            -0.9689944594115154,
            3.0438037242978453,
            -24.495224566215796,
            20.176138334709044,
            15.98066361424651,
            -6.789040303419874,
            -6.710236069923372,
        ],
        [
            11.419903575922262,
            2.8879645146136994,
            72.92137995996029,
            80.12511834622643,
            -52.072871366152654,
            -59.78993625266729,
            -0.15582684282751913,
            4.883087185713722,
        ],
    ]
)
OMEGA = 2.0 * math.pi / 24.0
NODES = 5
WIDTH = NS * LANES

OK = 0
STEP_TOO_SMALL = 3
TOO_MANY_STEPS = 4
NOT_FINITE = 5

MEAN = 0
INTEGRAL = 1
MAXIMUM = 2
MINIMUM = 3
HOURS_ABOVE = 4
FIRST_BELOW = 5
FIRST_ABOVE = 6


@jit
def copy(w, source, target, n):
    """Copy ``n`` doubles inside the workspace."""
    for e in range(n):
        w[target + e] = w[source + e]


@jit
def add_scaled(w, factor_, source, target, n):
    """``w[target] += factor_ * w[source]`` over ``n`` doubles."""
    for e in range(n):
        w[target + e] += factor_ * w[source + e]


@jit
def step(w, t, h):
    """Try one step from section Y at ``t``; fills U (stages), YN (new state) and E (error)."""
    copy(w, AT_Y, AT_T, WIDTH)
    cosine = math.cos(OMEGA * t)
    sine = math.sin(OMEGA * t)
    factor(w, cosine, sine, 1.0 / (GAMMA * h))
    for i in range(8):
        if i > 0:
            if i < 6:
                copy(w, AT_Y, AT_T, WIDTH)
                for j in range(i):
                    if A[i, j] != 0.0:
                        add_scaled(w, A[i, j], AT_U + j * WIDTH, AT_T, WIDTH)
            else:
                add_scaled(w, 1.0, AT_U + (i - 1) * WIDTH, AT_T, WIDTH)
            cosine = math.cos(OMEGA * (t + STAGE_TIME[i] * h))
            sine = math.sin(OMEGA * (t + STAGE_TIME[i] * h))
        rhs(w, cosine, sine)
        copy(w, AT_F, AT_B, WIDTH)
        for j in range(i):
            add_scaled(w, C[i, j] / h, AT_U + j * WIDTH, AT_B, WIDTH)
        if STAGE_D[i] != 0.0:
            add_scaled(w, h * STAGE_D[i], AT_D, AT_B, WIDTH)
        solve(w)
        copy(w, AT_B, AT_U + i * WIDTH, WIDTH)
    copy(w, AT_U + 7 * WIDTH, AT_E, WIDTH)
    copy(w, AT_T, AT_YN, WIDTH)
    add_scaled(w, 1.0, AT_E, AT_YN, WIDTH)


@jit
def errors(w, rtol, atol, lane_error):
    """Per lane, the largest error over its tolerance; infinite where something is not finite."""
    for l in range(LANES):
        lane_error[l] = 0.0
    for i in range(NS):
        for l in range(LANES):
            k = LANES * i + l
            size = max(abs(w[AT_Y + k]), abs(w[AT_YN + k]))
            ratio = abs(w[AT_E + k]) / (atol[i] + rtol * size)
            if not ratio <= lane_error[l]:
                lane_error[l] = ratio
    for l in range(LANES):
        if not lane_error[l] < 1e30:
            lane_error[l] = np.inf


@jit
def prepare_dense(w):
    """Combine the stages of the last step into the three dense-output vectors in section R."""
    for r in range(3):
        target = AT_R + r * WIDTH
        for e in range(WIDTH):
            w[target + e] = 0.0
        for j in range(8):
            add_scaled(w, H[r, j], AT_U + j * WIDTH, target, WIDTH)


@jit
def dense(w, x):
    """State at the fraction ``x`` of the last step, into section T."""
    y = 1.0 - x
    for e in range(WIDTH):
        inner = w[AT_R + e] + x * (w[AT_R + WIDTH + e] + x * w[AT_R + 2 * WIDTH + e])
        w[AT_T + e] = y * w[AT_Y + e] + x * (w[AT_YN + e] + y * inner)


@jit
def observe_at(w, t):
    """Evaluate all observables at section T and time ``t``."""
    observe(w, math.cos(OMEGA * t), math.sin(OMEGA * t))


@jit
def quartic(v, x):
    """Polynomial through five equally spaced values ``v`` on 0..1, at ``x``."""
    s = 4.0 * x
    s1 = s - 1.0
    s2 = s - 2.0
    s3 = s - 3.0
    s4 = s - 4.0
    return (
        v[0] * s1 * s2 * s3 * s4 / 24.0
        - v[1] * s * s2 * s3 * s4 / 6.0
        + v[2] * s * s1 * s3 * s4 / 4.0
        - v[3] * s * s1 * s2 * s4 / 6.0
        + v[4] * s * s1 * s2 * s3 / 24.0
    )


@jit
def crossing(v, threshold, a, b):
    """Where the quartic through ``v`` meets ``threshold`` between ``a`` and ``b``."""
    rising = quartic(v, b) > threshold
    for _ in range(60):
        middle = 0.5 * (a + b)
        if (quartic(v, middle) > threshold) == rising:
            b = middle
        else:
            a = middle
    return 0.5 * (a + b)


@jit
def extreme(v, sign):
    """Largest value of ``sign * v`` on the quartic, refined around the best node; sign restored."""
    best = 0
    for i in range(1, NODES):
        if sign * v[i] > sign * v[best]:
            best = i
    if best == 0 or best == NODES - 1:
        return v[best]
    left = v[best - 1]
    right = v[best + 1]
    curve = left - 2.0 * v[best] + right
    if curve == 0.0:
        return v[best]
    x = 0.25 * (best + 0.5 * (left - right) / curve)
    refined = quartic(v, x)
    return refined if sign * refined > sign * v[best] else v[best]


@jit
def above(v, threshold):
    """Fraction of 0..1 on which the quartic through ``v`` lies above ``threshold``."""
    total = 0.0
    for i in range(NODES - 1):
        a = v[i] > threshold
        b = v[i + 1] > threshold
        if a and b:
            total += 0.25
        elif a != b:
            x = crossing(v, threshold, 0.25 * i, 0.25 * (i + 1))
            total += x - 0.25 * i if a else 0.25 * (i + 1) - x
    return total


@jit
def first(v, threshold, below):
    """Fraction at which ``v`` first passes ``threshold``, or -1."""
    for i in range(NODES):
        hit = v[i] < threshold if below else v[i] > threshold
        if hit:
            if i == 0:
                return 0.0
            return crossing(v, threshold, 0.25 * (i - 1), 0.25 * i)
    return -1.0


@jit
def reduce_piece(kind, v, threshold, t, span, value):
    """Update one running reduction with five samples ``v`` over ``[t, t + span]``."""
    if kind == MEAN or kind == INTEGRAL:
        boole = 7.0 * (v[0] + v[4]) + 32.0 * (v[1] + v[3]) + 12.0 * v[2]
        return value + span * boole / 90.0
    if kind == MAXIMUM:
        best = extreme(v, 1.0)
        return best if not value >= best else value
    if kind == MINIMUM:
        best = extreme(v, -1.0)
        return best if not value <= best else value
    if kind == HOURS_ABOVE:
        return value + span * above(v, threshold)
    if value == value:
        return value
    x = first(v, threshold, kind == FIRST_BELOW)
    return t + x * span if x >= 0.0 else value


@jit
def reduce_step(w, t, h, windows, red_window, red_kind, red_obs, red_threshold, red, samples):
    """Update all reductions whose window overlaps the last step."""
    v = np.empty(NODES)
    for k in range(windows.shape[0]):
        begin = max(t, windows[k, 0])
        end = min(t + h, windows[k, 1])
        if end <= begin:
            continue
        for n in range(NODES):
            at = begin + 0.25 * n * (end - begin)
            dense(w, (at - t) / h)
            observe_at(w, at)
            for e in range(NOBS * LANES):
                samples[n, e] = w[AT_O + e]
        for r in range(red_window.shape[0]):
            if red_window[r] == k:
                for l in range(LANES):
                    for n in range(NODES):
                        v[n] = samples[n, LANES * red_obs[r] + l]
                    red[l, r] = reduce_piece(
                        red_kind[r], v, red_threshold[r, l], begin, end - begin, red[l, r]
                    )


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
def give_up(lane_error, status, code):
    """Mark the lanes that keep the group from going on; returns whether any lane still runs."""
    running = False
    for l in range(LANES):
        if status[l] == OK and not lane_error[l] <= 1.0:
            status[l] = NOT_FINITE if lane_error[l] == np.inf else code
        if status[l] == OK:
            running = True
    return running


@jit
def integrate(
    w,
    ev_time,
    ev_target,
    ev_value,
    pointer,
    stop,
    t_end,
    out_times,
    out_obs,
    out,
    windows,
    red_window,
    red_kind,
    red_obs,
    red_threshold,
    red,
    samples,
    rtol,
    atol,
    h_start,
    h_max,
    max_steps,
    status,
    effort,
):
    """Advance eight lanes from time 0 to ``t_end``.

    Changes in place: ``w`` (sections Y and P hold the lanes' states and parameters on entry),
    ``pointer`` (next event of each lane), ``out`` (lane, observable, time), ``red`` (lane,
    reduction), ``status`` (lane), ``effort`` (accepted steps, rejected steps).
    """
    setup(w)
    t = 0.0
    column = 0
    lane_error = np.zeros(LANES)
    if out_times.shape[0] > 0 and out_times[0] <= 0.0:
        copy(w, AT_Y, AT_T, WIDTH)
        observe_at(w, 0.0)
        store(w, out_obs, out, 0)
        column = 1
    apply_events(w, t, ev_time, ev_target, ev_value, pointer, stop)
    h = h_start
    grown = True
    while t < t_end:
        target = next_event(ev_time, pointer, stop, t_end)
        left = target - t
        trial = min(h, h_max)
        if 1.01 * trial >= left:
            trial = left
        elif 2.0 * trial > left:
            trial = 0.5 * left
        step(w, t, trial)
        errors(w, rtol, atol, lane_error)
        error = worst(lane_error, status)
        if error > 1.0:
            effort[1] += 1
            h = trial * (0.1 if error == np.inf else max(0.2, 0.9 * error**-0.2))
            grown = False
            if h < 1e-10:
                if not give_up(lane_error, status, STEP_TOO_SMALL):
                    return
                h = h_start
            continue
        effort[0] += 1
        end = target if trial == left else t + trial
        prepared = False
        while column < out_times.shape[0] and out_times[column] <= end:
            if not prepared:
                prepare_dense(w)
                prepared = True
            dense(w, (out_times[column] - t) / trial)
            observe_at(w, out_times[column])
            store(w, out_obs, out, column)
            column += 1
        for k in range(windows.shape[0]):
            if windows[k, 0] < end and windows[k, 1] > t and not prepared:
                prepare_dense(w)
                prepared = True
        if prepared:
            reduce_step(
                w, t, trial, windows, red_window, red_kind, red_obs, red_threshold, red, samples
            )
        copy(w, AT_YN, AT_Y, WIDTH)
        grow = 5.0 if error < 1e-8 else min(5.0, 0.9 * error**-0.2)
        if not grown:
            grow = min(grow, 1.0)
        grown = True
        if trial < left or grow < 1.0:
            h = trial * grow
        t = end
        if t >= target and target < t_end:
            if apply_events(w, t, ev_time, ev_target, ev_value, pointer, stop) > 0:
                h = min(h, h_start)
        if effort[0] >= max_steps:
            for l in range(LANES):
                if status[l] == OK and t < t_end:
                    status[l] = TOO_MANY_STEPS
            return


@jit
def solve_runs(
    first_run,
    last_run,
    params,
    y0,
    ev_offset,
    ev_time,
    ev_target,
    ev_value,
    t_end,
    out_times,
    out_obs,
    out,
    windows,
    red_window,
    red_kind,
    red_obs,
    red_threshold,
    red,
    final,
    rtol,
    atol,
    h_start,
    h_max,
    max_steps,
    status,
    effort,
):
    """Solve runs ``first_run`` to ``last_run`` (exclusive), eight neighbours at a time.

    Arrays have one row per run. Changes in place: ``out`` (run, observable, time), ``red`` (run,
    reduction), ``final`` (run, state), ``status`` (run), ``effort`` (run, 2). Groups start at
    multiples of eight counted from run 0, so the split into calls changes nothing.
    """
    w = np.zeros(SIZE)
    samples = np.zeros((NODES, NOBS * LANES))
    n_red = red_window.shape[0]
    threshold = np.zeros((n_red, LANES))
    group_out = np.zeros((LANES, out_obs.shape[0], out_times.shape[0]))
    group_red = np.zeros((LANES, n_red))
    group_status = np.zeros(LANES, np.int8)
    group_effort = np.zeros(2, np.int64)
    pointer = np.zeros(LANES, np.int64)
    stop = np.zeros(LANES, np.int64)
    for lead in range(first_run, last_run, LANES):
        w[:] = 0.0
        for l in range(LANES):
            run = min(lead + l, last_run - 1)
            for i in range(NP):
                w[AT_P + LANES * i + l] = params[run, i]
            for i in range(NS):
                w[AT_Y + LANES * i + l] = y0[run, i]
            pointer[l] = ev_offset[run]
            stop[l] = ev_offset[run + 1]
            group_status[l] = status[run]
            for r in range(n_red):
                threshold[r, l] = red_threshold[run, r]
                accumulates = red_kind[r] in (MEAN, INTEGRAL, HOURS_ABOVE)
                group_red[l, r] = 0.0 if accumulates else np.nan
        group_out[:] = np.nan
        group_effort[:] = 0
        integrate(
            w,
            ev_time,
            ev_target,
            ev_value,
            pointer,
            stop,
            t_end,
            out_times,
            out_obs,
            group_out,
            windows,
            red_window,
            red_kind,
            red_obs,
            threshold,
            group_red,
            samples,
            rtol,
            atol,
            h_start,
            h_max,
            max_steps,
            group_status,
            group_effort,
        )
        for l in range(min(LANES, last_run - lead)):
            run = lead + l
            status[run] = group_status[l]
            effort[run, 0] = group_effort[0]
            effort[run, 1] = group_effort[1]
            good = group_status[l] == OK
            for k in range(out_obs.shape[0]):
                for c in range(out_times.shape[0]):
                    out[run, k, c] = group_out[l, k, c] if good else np.nan
            for r in range(n_red):
                value = group_red[l, r]
                if red_kind[r] == MEAN:
                    k = red_window[r]
                    value = value / (windows[k, 1] - windows[k, 0])
                red[run, r] = value if good else np.nan
            for i in range(NS):
                final[run, i] = w[AT_Y + LANES * i + l] if good else np.nan
