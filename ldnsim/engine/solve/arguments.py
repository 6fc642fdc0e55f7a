"""Records of arrays that the compiled solver takes and fills.

Named tuples, because numba takes them apart at no cost: a field of one is an argument like any
other. Times are hours; ``lane`` is one of the eight places where runs are solved side by side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine import LANES

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Events(NamedTuple):
    """What happens to runs: doses, and parameters that change.

    Attributes:
        offset: (n + 1,), run ``i`` owns events ``offset[i]:offset[i + 1]``.
        time: ascending within a run.
        target: state to add to, or ``n_states + parameter`` to set from then on.
        value: amount added, or new value.
    """

    # one long list for all runs: numba knows arrays of arrays only as objects
    offset: IntArray
    time: FloatArray
    target: IntArray
    value: FloatArray


class Outputs(NamedTuple):
    """What to store.

    Attributes:
        times: ascending.
        observables: places in section OBSERVED.
    """

    times: FloatArray
    observables: IntArray


class Numbers(NamedTuple):
    """What to compute while solving.

    Attributes:
        windows: begin and end of each window, (windows, 2).
        window: which of them each number is over, (numbers,).
        kind: what it is: a code of the kernel, such as ``MEAN``, (numbers,).
        observable: of what, (numbers,).
        threshold: for times above and passages, (n, numbers).
    """

    # a window is sampled once for all numbers over it
    windows: FloatArray
    window: IntArray
    kind: IntArray
    observable: IntArray
    # one of each run: a multiple of the untreated mean is another level for every patient
    threshold: FloatArray


class Control(NamedTuple):
    """How long and how well.

    Attributes:
        t_start: where runs begin, h on the clock that the equations read.
        t_end: where they end.
        rtol: relative tolerance.
        atol: absolute tolerance of each state, (n_states,).
        h_start: first step.
        h_max: longest step.
        max_steps: accepted steps after which a run is given up.
        way: code of the method.
        together: whether the eight runs in the lanes share their steps.
    """

    t_start: float
    t_end: float
    rtol: float
    atol: FloatArray
    h_start: float
    # without it a quiet stretch would be stepped over, and the clock's rhythm with it
    h_max: float
    max_steps: int
    way: int
    # a small difference between two runs means something only where both took the same steps
    together: bool


class Results(NamedTuple):
    """What the solver fills, one row per run.

    Attributes:
        trajectory: (n, observables, times).
        numbers: (n, numbers).
        final: state at the end, (n, n_states).
        status: codes of :class:`~ldnsim.engine.solve.status.Status`; not 0 on entry means that a
            run is not to be advanced.
        effort: accepted steps, rejected steps and rounds of loops of each run, (n, 3).
        method: code of the method that gave the result.
    """

    # all filled in place: what compiled code allocates Python would have to take over
    trajectory: FloatArray
    numbers: FloatArray
    final: FloatArray
    status: NDArray[np.int8]
    effort: IntArray
    method: NDArray[np.int8]


class Group(NamedTuple):
    """What one thread knows of its eight lanes beside the workspace.

    Attributes:
        run: in each lane.
        pointer: next event of each lane.
        stop: the one after its last.
        column: next output time of each lane.
        samples: of every number's observable at the nodes of a piece of a step,
            (nodes, 8 numbers + lane).
    """

    run: IntArray
    pointer: IntArray
    stop: IntArray
    column: IntArray
    # one row per node, as the workspace has them: numbers are sampled in all lanes at once
    samples: FloatArray


Arguments = tuple[FloatArray, FloatArray, Events, Outputs, Numbers, Control, Results]
"""What ``solve_runs`` takes after its queue and counts: parameters (n, n_parameters), states at the
start (n, n_states), and the records; a group comes last."""


def new_group(numbers: Numbers, nodes: int) -> Group:
    """Room for eight lanes.

    Args:
        numbers: what is computed while solving.
        nodes: samples of a piece of a step.
    """
    run, pointer, stop, column = np.zeros((4, LANES), np.int64)
    samples = np.zeros((nodes, max(1, len(numbers.kind)) * LANES))
    return Group(run, pointer, stop, column, samples)


def nothing(n_parameters: int, n_states: int) -> Arguments:
    """One run of no length; solving it makes numba compile for the types in use."""
    none, no_int = np.empty(0), np.empty(0, np.int64)
    one, zero = np.ones(1), np.zeros(1, np.int64)
    # t_end is 0: a start and no step, but every function is compiled on the way
    return (
        np.ones((1, n_parameters)), np.zeros((1, n_states)),
        Events(np.zeros(2, np.int64), none, no_int, none),
        Outputs(0.0 * one, zero),
        Numbers(np.array([[0.0, 1.0]]), zero, zero, zero, np.zeros((1, 1))),
        Control(0.0, 0.0, 1e-6, np.ones(n_states), 0.05, 6.0, 1, 0, False),
        Results(np.empty((1, 1, 1)), np.empty((1, 1)), np.empty((1, n_states)),
                np.zeros(1, np.int8), np.zeros((1, 3), np.int64), np.zeros(1, np.int8)),
    )  # fmt: skip
