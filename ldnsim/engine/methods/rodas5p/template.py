"""Kernel template: one Rodas5P step over eight lanes, its error, its dense output.

Rodas5P is a linearly implicit Runge-Kutta (Rosenbrock) method of order 5 with 8 stages, L-stable
and stiffly accurate, with a dense output of order 4 (Steinebach 2023, BIT Numerical Mathematics
63:27, doi:10.1007/s10543-023-00967-x). In the form without products with the Jacobian ``J`` (Hairer
and Wanner, Solving Ordinary Differential Equations II, section IV.7, equation 7.25) stage ``i`` is

``(I/(gamma h) - J) U_i = f(t + alpha_i h, y + sum_(j<i) a_ij U_j) + sum_(j<i) c_ij/h U_j
+ gamma_i h df/dt``.

``J`` and ``df/dt`` are exact, ``J`` sparse and factored once a step; the functions ``factor`` and
``solve`` are written by :mod:`ldnsim.engine.methods.rodas5p.emit`.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----

# fmt: off
# coefficients as printed: gamma, a_ij, c_ij, alpha_i, gamma_i, and h_ij of the dense output
GAMMA = 0.21193756319429014
A = np.array([
    [0.0, 0.0, 0.0, 0.0, 0.0],
    [3.0, 0.0, 0.0, 0.0, 0.0],
    [2.849394379747939, 0.45842242204463923, 0.0, 0.0, 0.0],
    [-6.954028509809101, 2.489845061869568, -10.358996098473584, 0.0, 0.0],
    [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641, 0.0],
    [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256,
     0.030198172008377946],
])
C = np.array([
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [-14.155112264123755, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [-17.97296035885952, -2.859693295451294, 0.0, 0.0, 0.0, 0.0, 0.0],
    [147.12150275711716, -1.41221402718213, 71.68940251302358, 0.0, 0.0, 0.0, 0.0],
    [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306, 0.0, 0.0,
     0.0],
    [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125,
     -0.6610691825249471, 0.0, 0.0],
    [30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783,
     -19.097331116725623, -28.087943162872662, 0.0],
    [37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047,
     -40.06618937091002, -54.66780262877968, -9.48861652309627],
])
STAGE_TIME = np.array([0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716,
                       0.4288403609558664, 1.0, 1.0, 1.0])
STAGE_D = np.array([0.21193756319429014, -0.42387512638858027, -0.3384627126235924,
                    1.8046452872882734, 2.325825639765069, 0.0, 0.0, 0.0])
H = np.array([
    [25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204,
     0.524948541321073, 1.1241088310450404, 0.4272876194431874, -0.17202221070155493],
    [-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796,
     20.176138334709044, 15.98066361424651, -6.789040303419874, -6.710236069923372],
    [11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643,
     -52.072871366152654, -59.78993625266729, -0.15582684282751913, 4.883087185713722],
])
# fmt: on
CAUTION = 0.1  # share of the tolerance asked of a step, so that a run's error stays below it


@inlined
def rodas5p_start(w, atol):
    """Nothing to begin: a step knows only the state it starts from."""
    pass


@jit
def add_by_length(w, factor_, source, target, n):
    """``w[target] += factor_ / LENGTH * w[source]`` over ``n`` rows. Called for each stage."""
    for i in range(n):
        for l in range(LANES):
            k = LANES * i + l
            w[target + k] += factor_ / w[AT_LENGTH + l] * w[source + k]


@jit
def add_times_length(w, factor_, source, target, n):
    """``w[target] += factor_ LENGTH w[source]`` over ``n`` rows. Called for each stage."""
    for i in range(n):
        for l in range(LANES):
            k = LANES * i + l
            w[target + k] += factor_ * w[AT_LENGTH + l] * w[source + k]


@inlined
def rodas5p_attempt(w, rtol, atol):
    """Eight stages from section STATE at TIME, each a linear system with the same matrix.

    Called by ``integrate``; a one-step method needs no LAST, AHEAD, MOVED. Changes in place: POINT,
    MOMENT, CLOCK, RATES, INVERSE, FACTORS, TIME_SLOPE, RIGHT on the way; STAGES (``U_1`` to
    ``U_8``), END (state at the end) and ERROR (``U_8``, the difference to the embedded method of
    order 4); LANE_ERROR and LANE_VERDICT.
    """
    # the matrix of all eight systems, at the start of the step
    copy(w, AT_STATE, AT_POINT, WIDTH)
    for l in range(LANES):
        w[AT_MOMENT + l] = w[AT_TIME + l]
        w[AT_INVERSE + l] = 1.0 / (GAMMA * w[AT_LENGTH + l])
    tick(w)
    factor(w)
    # one factorisation serves all stages: that is what makes a Rosenbrock method cheap
    for i in range(8):
        # POINT: y + sum a_ij U_j. The last three stages each add the one before to that of stage 6:
        # the method is stiffly accurate, its result is its last stage
        if i > 0:
            if i < 6:
                copy(w, AT_STATE, AT_POINT, WIDTH)
                for j in range(i):
                    # half of these are zero, and a section takes as long to add as any
                    if A[i, j] != 0.0:
                        add_scaled(w, A[i, j], AT_STAGES + j * WIDTH, AT_POINT, WIDTH)
            else:
                add_scaled(w, 1.0, AT_STAGES + (i - 1) * WIDTH, AT_POINT, WIDTH)
            # a stage is evaluated at its own time of day
            for l in range(LANES):
                w[AT_MOMENT + l] = w[AT_TIME + l] + STAGE_TIME[i] * w[AT_LENGTH + l]
            tick(w)
        rhs(w)
        # RIGHT: f + sum c_ij/h U_j + gamma_i h df/dt
        copy(w, AT_RATES, AT_RIGHT, WIDTH)
        for j in range(i):
            add_by_length(w, C[i, j], AT_STAGES + j * WIDTH, AT_RIGHT, NS)
        if STAGE_D[i] != 0.0:
            add_times_length(w, STAGE_D[i], AT_TIME_SLOPE, AT_RIGHT, NS)
        # U_i
        solve(w)
        copy(w, AT_RIGHT, AT_STAGES + i * WIDTH, WIDTH)
    # y1 = (stage 8's argument) + U_8, and U_8 is what the embedded method lacks
    copy(w, AT_STAGES + 7 * WIDTH, AT_ERROR, WIDTH)
    copy(w, AT_POINT, AT_END, WIDTH)
    add_scaled(w, 1.0, AT_ERROR, AT_END, WIDTH)
    errors(w, CAUTION * rtol, atol)


@jit
def errors(w, rtol, atol):
    """Per lane, the largest error over its tolerance ``atol + rtol max(|y|, |y at the end|)``.

    Called after every step. Reads STATE, END; ``atol`` is (state,). Changes in place: ERROR, which
    comes to be in tolerances; LANE_ERROR, and LANE_VERDICT: BROKEN where something is not finite.
    """
    # eight lanes are divided at once only where nothing else is written on the way
    for i in range(NS):
        for l in range(LANES):
            k = LANES * i + l
            size = max(abs(w[AT_STATE + k]), abs(w[AT_END + k]))
            w[AT_ERROR + k] = abs(w[AT_ERROR + k]) / (atol[i] + rtol * size)
    for l in range(LANES):
        largest = 0.0
        for i in range(NS):
            ratio = w[AT_ERROR + LANES * i + l]
            # what is not a number is taken over, and stays: no comparison with it is true
            if ratio > largest or ratio != ratio:
                largest = ratio
        w[AT_LANE_ERROR + l] = largest
        # infinity and what is not a number alike
        w[AT_LANE_VERDICT + l] = FINE if largest < 1e30 else BROKEN


@inlined
def rodas5p_accept(w):
    """The end of the step becomes the state in lanes TAKEN. Changes in place: STATE."""
    take_over(w, AT_END, AT_STATE, NS)


@jit
def rodas5p_read(w):
    """Combine the stages into the vectors of the dense output: ``R_r = sum_j h_rj U_j``.

    Called once for a step that is read inside, before it is accepted. Changes in place: DENSE.
    """
    for r in range(3):
        target = AT_DENSE + r * WIDTH
        for e in range(WIDTH):
            w[target + e] = 0.0
        for j in range(8):
            add_scaled(w, H[r, j], AT_STAGES + j * WIDTH, target, WIDTH)


@jit
def rodas5p_evaluate(w):
    """State at the fraction ``x`` (section INSIDE) of the step, of order 4.

    ``(1 - x) y0 + x (y1 + (1 - x) (R_1 + x (R_2 + x R_3)))``. Called for outputs and reductions,
    after ``rodas5p_read``. Changes in place: POINT.
    """
    for i in range(NS):
        for l in range(LANES):
            e = LANES * i + l
            x = w[AT_INSIDE + l]
            y = 1.0 - x
            late = w[AT_DENSE + WIDTH + e] + x * w[AT_DENSE + 2 * WIDTH + e]
            inner = w[AT_DENSE + e] + x * late
            w[AT_POINT + e] = y * w[AT_STATE + e] + x * (w[AT_END + e] + y * inner)
