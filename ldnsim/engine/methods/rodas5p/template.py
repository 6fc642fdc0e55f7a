"""Kernel template, first part: one Rodas5P step over eight lanes, its error, its dense output.

The template files are not run as they stand. A kernel module is generated code (``setup``, ``rhs``,
``observe``, ``factor``, ``solve`` and the constants they imply) followed by the source of the
templates below their marker lines; numba compiles and caches the whole. Loaded without numba the
same module runs as plain Python, which is how the kernels are tested.

Method: Rodas5P, a linearly implicit Runge-Kutta method of order 5 with 8 stages, L-stable and
stiffly accurate, with a fourth-order dense output (Steinebach 2023, BIT Numer. Math. 63:27,
doi:10.1007/s10543-023-00967-x). The Jacobian is exact and sparse, factored once a step.
"""

# mypy: ignore-errors
# ruff: noqa

from ldnsim.engine.generate.contract import *

# ---- template begins ----

# fmt: off
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
OMEGA = 2.0 * math.pi / 24.0
NODES = STAGES + 1
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


@inlined
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


@inlined
def observe_at(w, t):
    """Evaluate all observables at section T and time ``t``."""
    observe(w, math.cos(OMEGA * t), math.sin(OMEGA * t))
