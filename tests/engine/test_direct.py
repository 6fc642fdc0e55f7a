"""Kept machine code called without numba: the same bits, and numba where it cannot be."""

from __future__ import annotations

import pickle
import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from ldnsim.engine.generate import cache, direct
from ldnsim.engine.generate.kernels import _module, kernel_key, load_kernels
from ldnsim.engine.solve.batch import solve_with
from ldnsim.measure import Measure
from ldnsim.model import default_model
from tests.engine.bench import MODEL, dosing, nightly
from tests.engine.tiny import SOLVE, TINY, folder, python, solved

__all__ = ["folder"]

pytestmark = pytest.mark.skipif(not direct.supported(), reason="not on this system")


class Record(NamedTuple):
    whole: int
    values: NDArray[np.float64]
    rate: float
    codes: NDArray[np.int8]


def scale(first: int, record: Record, out: NDArray[np.float64]) -> None:
    room = np.zeros(3)  # numba's own allocation is among what has to be found
    for i in range(out.shape[0]):
        for k in range(out.shape[1]):
            room[k % 3] += record.values[i] ** record.rate * record.codes[k]
            out[i, k] = first + record.whole * room[k % 3]


def of(function: Callable[..., Any], *arguments: Any) -> direct.Linked | None:
    """What is kept of a function compiled for the types of some arguments."""
    import numba

    compiled = numba.njit(function)
    compiled(*arguments)
    (result,) = compiled.overloads.values()
    return direct.linked(result, result._reduce()[0][2][0])


def given(seed: int = 0) -> tuple[int, Record, NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    codes = rng.integers(-5, 5, 4, dtype=np.int8)
    return 7, Record(3, rng.uniform(0.5, 2.0, 5), 1.37, codes), np.zeros((5, 4))


def test_a_function_gives_the_bits_that_numba_gives() -> None:
    kept = of(scale, *given())
    assert kept is not None
    run = direct.load(pickle.loads(pickle.dumps(kept)))
    assert run is not None
    import numba

    for seed in range(20):
        ours, theirs = given(seed), given(seed)
        run(*ours)
        numba.njit(scale)(*theirs)
        assert np.array_equal(ours[2], theirs[2]) and ours[2].any()


def test_arguments_of_other_types_are_refused() -> None:
    kept = of(scale, *given())
    assert kept is not None
    run = direct.load(kept)
    assert run is not None
    first, record, out = given()
    for wrong in (out.astype(np.float32), out.T, out[0], out[:, ::2], out.tolist()):
        with pytest.raises(TypeError):
            run(first, record, wrong)
    with pytest.raises(TypeError):
        run(first, record)


def test_what_cannot_be_called_is_not_kept() -> None:
    assert of(lambda x: x + 1.0, 2.0) is None  # a result
    assert of(lambda a: a[0, 0] and None, np.ones((2, 2)).T) is None  # another layout


def test_a_symbol_that_is_nowhere_is_left_to_numba() -> None:
    kept = of(scale, *given())
    assert kept is not None
    assert direct.load(replace(kept, foreign=(*kept.foreign, "__svml_pow8"))) is None


def test_the_real_kernels_load_without_numba_and_bring_the_rest_on_demand() -> None:
    load_kernels(default_model())
    code = (
        "import sys\n"
        "from ldnsim.engine.generate.kernels import load_kernels, warm_up\n"
        "from ldnsim.model import default_model\n"
        "kernels = load_kernels(default_model())\nwarm_up(kernels)\n"
        "assert kernels.NP == len(default_model().parameters) and 'numba' not in sys.modules\n"
        "kernels.setup\nassert 'numba' in sys.modules\n"
        "assert not hasattr(kernels, 'nothing_of_that_name')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_solver_gives_the_bits_that_numba_gives() -> None:
    load_kernels(MODEL)
    body = cache.find(kernel_key(MODEL))
    assert body is not None
    (constants, kept), text, code, machine = pickle.loads(body)
    ours = direct.load(kept)
    whole = _module(kernel_key(MODEL), text, code, dict(machine))
    params, y0, times, doses = nightly([0.1, 1.0, 3.0, 4.5, 9.0, 50.0, 0.5, 2.0, 4.0], 0.4)
    asked = dosing(params, y0, times, doses, 60.0, np.linspace(0.0, 60.0, 30), ["pain", "tnf"],
                   [Measure("pain", "max", 0.0, 60.0)])  # fmt: skip
    results = [
        solve_with(by, asked, index=MODEL.observable_index)
        for by in (types.SimpleNamespace(**constants, solve_runs=ours), whole)
    ]
    for name in ("traj", "reductions", "final", "status", "steps"):
        one, two = (getattr(r, name) for r in results)
        assert np.array_equal(one, two, equal_nan=True), name
    assert (results[0].status == 0).all() and np.isfinite(results[0].traj).all()


def test_kept_kernels_that_numba_has_to_load(folder: Path) -> None:
    off = "from ldnsim.engine.generate import direct\ndirect.supported = lambda: False\n"
    assert solved(python(off + TINY + SOLVE, folder)) == 1
    assert solved(python(TINY + SOLVE, folder)) == 0
