"""Powers of any size in a kernel: what an equation of one's own may raise to what."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import sympy
from numba import njit

from ldnsim.engine.generate.lanes import LANES, lanes
from ldnsim.engine.generate.source import MOST, printed, squared

POWERS = (-40, -8, -3, -1, 2, 3, 4, 6, 7, 11, MOST, MOST + 1, 0.5, -0.5, 2.5, -1.7)


def module(folder: Path) -> ModuleType:
    """A lane function as generated ones are: x in one group of lanes to its powers in others."""
    x = sympy.Symbol("x", positive=True)
    lines = ["def powers(w):", f"    for l in range({LANES}):", "        x = w[0 + l]"]
    for k, n in enumerate(POWERS):
        lines.append(f"        w[{LANES * (k + 1)} + l] = {printed(x**n)}")
    (folder / "made.py").write_text("import math\n" + "\n".join(lines) + "\n")
    spec = importlib.util.spec_from_file_location("made", folder / "made.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("how", ["plain", "compiled"])
def test_powers_in_lanes(how: str, tmp_path: Path) -> None:
    made = module(tmp_path)
    if how == "plain":
        call = made.powers
    else:
        inner = lanes(made.powers)
        call = njit(lambda w: inner(w))
    w = np.zeros(LANES * (len(POWERS) + 1))
    w[:LANES] = x = np.linspace(0.3, 2.9, LANES)
    call(w)
    for k, n in enumerate(POWERS):
        np.testing.assert_allclose(w[LANES * (k + 1) :][:LANES], x**n, rtol=1e-13)


def test_a_product_repeats_squares() -> None:
    assert squared("x", 4) == "((x*x)*(x*x))"
    assert math.isclose(eval(squared("x", 29), {"x": 1.1}), 1.1**29)
