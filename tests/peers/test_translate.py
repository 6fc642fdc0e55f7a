"""The translator of kernel modules to C: what it knows gives Python's answers, the rest is told."""

from __future__ import annotations

import ast
import shutil

import numpy as np
import pytest

from benchmarks.translate import lanes
from benchmarks.translate.kinds import Array, Unknown, meet, type_of
from benchmarks.translate.unit import Unit

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
DOUBLES = Array("double", 1)


def unit(body: str) -> Unit:
    return Unit("import math\nimport numpy as np\nN = 3\n{jit}\n" + body)


MODULE = """
TABLE = np.array([[1.0, 2.0, 4.0], [0.5, 0.25, 0.125]])
ODD = (1, 3, 5)


@lanes
def wave(w, scale):
    for l in range(8):
        x = w[0 + l]
        w[8 + l] = scale * math.sqrt(x * x + 1.0) - x / (2.0 + x)
        w[16 + l] = 3.0


@jit
def pair(a, b):
    return (a, b) if a < b else (b, a)


@jit
def room(n):
    whole = np.zeros(n + 8)
    return whole[(-whole.ctypes.data) % 64 // 8 :]


@jit
def many(x, counts, grid):
    total = 0
    best = -np.inf
    work = np.zeros((N, 2))
    for i in range(N):
        work[i, 1] = TABLE[0, i] ** 2 + i // 2 + (7 - i) % 4
        best = max(best, work[i, 1], x[0])
        if i == 1:
            continue
        total += counts[i]
    spare = room(4)
    spare[2] = 1.5
    low, high = pair(best, 1.0 + spare[2])
    i = 10
    while i > 0 and not i == 4:
        i -= 1
    grid[1:, :] = 0.5
    grid[0] = x
    x[:] = low
    if i in (4, 6) and 0.0 <= low <= high:
        x[1] = high if total > 2 else -1.0
    return total + best
"""


def solved(u: object) -> tuple[float, np.ndarray, np.ndarray]:
    x, grid = np.array([0.5, 1.5, 2.5]), np.zeros((3, 3))
    value = u.many(x, np.array([1, 10, 100]), grid)  # type: ignore[attr-defined]
    return value, x, grid


@needs_gcc
def test_loops_conditions_calls_views_and_tuples_as_python_does_them() -> None:
    u = unit(MODULE)
    plain = type("Plain", (), {"many": staticmethod(u.constants["many"])})
    for found, expected in zip(solved(u), solved(plain), strict=True):
        np.testing.assert_array_equal(found, expected)


@needs_gcc
def test_a_lane_function_is_vector_code_with_the_same_values() -> None:
    u = unit(MODULE + "\n\n@jit\ndef go(w):\n    wave(w, 2.0)\n")
    w = np.linspace(0.1, 3.0, 24)
    expected = w.copy()
    u.constants["wave"](expected, 2.0)
    u.go(w)
    np.testing.assert_allclose(w, expected, rtol=1e-15)


CHOOSING = """
YES = np.array([-1]).view(np.float64)


@lanes
def pick(w):
    for l in range(8):
        w[0 + l] = choose(w[8 + l], w[16 + l], np.floor(w[24 + l]))


@jit
def go(w, counts):
    for l in range(0, 8, 2):
        w[8 + l] = YES[0]
    pick(w)
    return claim(counts, 1, 3)
"""


@needs_gcc
def test_lanes_are_chosen_by_masks_and_counters_are_added_to() -> None:
    u, w, counts = unit(CHOOSING), np.linspace(-3.0, 9.0, 32), np.array([5, 7])
    w[8:16] = 0.0
    expected = np.where(np.arange(8) % 2, np.floor(w[24:]), w[16:24])
    assert u.go(w, counts) == 7 and counts.tolist() == [5, 10]
    np.testing.assert_array_equal(w[:8], expected)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("y = [1.0, 2.0]", "unknown expression List"),
        ("for a in x:\n        pass", "loop over something other than a range"),
        ("y = x[0:2:2]", "slice that is not contiguous"),
        ("y = np.linalg.norm(x)", "unknown function"),
        ("y = x[-1]", "index that is no whole number"),
        ("x = 1.0", "at another"),
        ("y = z", "'z' is read before it has a value"),
        ("assert x[0] > 0.0", "unknown statement Assert"),
        ("return f(x)", "calls itself"),
    ],
)
def test_what_it_does_not_know_is_named(line: str, words: str) -> None:
    with pytest.raises(Unknown, match=words):
        unit(f"\n\n@jit\ndef f(x):\n    {line}\n").source("f", (DOUBLES,))


@pytest.mark.parametrize(
    "line", ["w[0 + l] = w[k + l]", "w[8 * l] = 1.0", "y = math.erf(w[0 + l])", "w[0 + l] += 1.0"]
)
def test_lane_code_outside_the_subset_is_named(line: str) -> None:
    node = ast.parse(f"def g(w):\n    for l in range(8):\n        {line}\n").body[0]
    assert isinstance(node, ast.FunctionDef)
    with pytest.raises(Unknown, match="lane function g"):
        lanes.lane_function(node, (DOUBLES,), "g")


def test_types_meet() -> None:
    assert meet("int", "double", "x") == "double"
    assert meet(None, "int", "x") == "int"
    assert type_of(np.zeros((2, 2), np.int8)) == Array("byte", 2)
    with pytest.raises(Unknown, match="x is a"):
        meet(DOUBLES, "int", "x")
