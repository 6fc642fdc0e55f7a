"""The model's equations as scalar source text, for engines that are not ldnsim.

They come from :func:`ldnsim.engine.generate.trace.trace`, like ldnsim's own kernels, so every
engine gets the same arithmetic: what depends on parameters alone is computed once per run, and
reads as ``k``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy.printing.c import C99CodePrinter
from sympy.printing.pycode import PythonCodePrinter

from ldnsim.engine.generate.trace import trace
from ldnsim.mechanisms.forms import OMEGA
from ldnsim.model import default_model

FloatArray = NDArray[np.float64]


class _Products:
    """Prints small whole powers as products and numbers as floats."""

    def _print_Pow(self: Any, expr: Any, rational: bool = False) -> str:
        base, power = expr.args
        text = self.parenthesize(base, 100)
        if power.is_Integer and 1 <= abs(int(power)) <= 8:
            product = "*".join([text] * abs(int(power)))
            return f"({product})" if power > 0 else f"(1.0/({product}))"
        return str(super()._print_Pow(expr))  # type: ignore[misc]

    def _print_Rational(self, expr: Any) -> str:
        return repr(float(expr))

    _print_Integer = _print_Float = _print_Rational


class _Python(_Products, PythonCodePrinter):  # type: ignore[misc]
    pass


class _C(_Products, C99CodePrinter):  # type: ignore[misc]
    pass


@dataclass(frozen=True)
class Equations:
    """Right-hand side of the shipped model in symbols.

    Attributes:
        fixed: expressions in parameters and earlier names, in evaluation order.
        used: names of parameters and fixed expressions the rates read: the vector ``k``.
        chain: intermediate quantities the rates need, in evaluation order.
        rates: derivative of each state.
    """

    states: tuple[str, ...]
    parameters: tuple[str, ...]
    fixed: dict[str, Any]
    used: tuple[str, ...]
    chain: dict[str, Any]
    rates: dict[str, Any]

    def assignments(self, language: str) -> list[tuple[str, str]]:
        """``(name, expression)`` of every quantity and, as ``d_<state>``, of every rate."""
        printer = _Python({"fully_qualified_modules": True}) if language == "python" else _C()
        lines = {**self.chain, **{f"d_{n}": r for n, r in self.rates.items()}}
        return [(name, printer.doprint(expression)) for name, expression in lines.items()]


@functools.cache
def equations() -> Equations:
    """Trace the shipped model and keep what its rates need."""
    model = default_model()
    everything = {**model.states, **model.constants, **model.quantities}
    traced = trace(
        list(model.parameters),
        {n: v.formula for n, v in model.states.items()},
        {n: v.formula for n, v in model.constants.items()},
        {n: v.formula for n, v in model.quantities.items()},
        {n: v.arguments for n, v in everything.items()},
    )
    rates = {n: r.value for n, r in traced.rates.items()}
    need = {s.name for r in rates.values() for s in r.free_symbols}
    for name in reversed(list(traced.quantities)):
        if name in need:
            need |= {s.name for s in traced.quantities[name].value.free_symbols}
    fixed = {**traced.constants, **traced.hoisted}
    return Equations(
        tuple(traced.states), tuple(traced.parameters), fixed,
        tuple(n for n in (*traced.parameters, *fixed) if n in need),
        {n: q.value for n, q in traced.quantities.items() if n in need}, rates,
    )  # fmt: skip


@functools.cache
def _fixed_code() -> Any:
    e = equations()
    printer = _Python({"fully_qualified_modules": True})
    lines = [f"{name} = {printer.doprint(x)}" for name, x in e.fixed.items()]
    return compile("\n".join(lines), "fixed", "exec")


def fixed_values(params: FloatArray) -> FloatArray:
    """The vector ``k`` of each run, (n, n_used), from parameters (n, n_parameters)."""
    e = equations()
    space: dict[str, Any] = {"math": np, **dict(zip(e.parameters, params.T, strict=True))}
    with np.errstate(all="ignore"):
        exec(_fixed_code(), space)
    return np.ascontiguousarray(
        np.stack([np.broadcast_to(space[n], len(params)) for n in e.used], axis=1)
    )


def python_text(result: str = "in place", head: str = "rates(t, y, dy, k)") -> str:
    """Source of ``rates(t, y, dy, k)``, or of one that returns the list of derivatives."""
    e = equations()
    lines = [f"def {head}:", f"clock_cos = math.cos({OMEGA!r} * t)",
             f"clock_sin = math.sin({OMEGA!r} * t)"]  # fmt: skip
    lines += [f"{name} = y[{i}]" for i, name in enumerate(e.states)]
    lines += [f"{name} = k[{i}]" for i, name in enumerate(e.used)]
    lines += [f"{name} = {text}" for name, text in e.assignments("python")]
    if result == "in place":
        lines += [f"dy[{i}] = d_{name}" for i, name in enumerate(e.states)]
    else:
        lines.append("return [" + ", ".join(f"d_{name}" for name in e.states) + "]")
    return "\n    ".join(lines) + "\n"


def c_text(number: str = "double") -> str:
    """C source of ``static void rates(double t, y, dy, k)`` over arrays of ``number``."""
    e = equations()
    pointer = f"{number} *restrict"
    lines = [f"const double clock_cos = cos({OMEGA!r} * t);",
             f"const double clock_sin = sin({OMEGA!r} * t);"]  # fmt: skip
    lines += [f"const {number} {name} = y[{i}];" for i, name in enumerate(e.states)]
    lines += [f"const {number} {name} = k[{i}];" for i, name in enumerate(e.used)]
    for name, text in e.assignments("c"):
        lines.append(f"const {number} {name} = {text};")
    lines += [f"dy[{i}] = d_{name};" for i, name in enumerate(e.states)]
    body = "\n  ".join(lines)
    head = f"static void rates(double t, const {pointer} y, {pointer} dy, const {pointer} k)"
    return f"{head} {{\n  {body}\n}}\n"


def numba_rates() -> Callable[..., Any]:
    """``rates(t, y, dy, k)`` compiled by numba for one run."""
    import math

    import numba

    space: dict[str, Any] = {"math": math}
    exec(python_text(), space)
    return numba.njit(error_model="numpy", nogil=True,
                      fastmath={"nsz", "arcp", "contract", "afn"})(space["rates"])  # fmt: skip
