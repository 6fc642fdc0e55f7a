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
        more: those that only the Jacobian reads, which follow in its ``k``.
        chain: intermediate quantities the rates need, in evaluation order.
        rates: derivative of each state.
        partials: of every quantity of ``chain`` and every rate (as ``d_<state>``), its derivative
            by each quantity and state that it reads.
    """

    states: tuple[str, ...]
    parameters: tuple[str, ...]
    fixed: dict[str, Any]
    used: tuple[str, ...]
    more: tuple[str, ...]
    chain: dict[str, Any]
    rates: dict[str, Any]
    partials: dict[str, dict[str, Any]]

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
    moving = {*model.states, *traced.quantities}
    need, partials = _names(*rates.values()), {}
    for name, given in (*traced.rates.items(), *reversed(traced.quantities.items())):
        if name in traced.rates or name in need:
            of = f"d_{name}" if name in traced.rates else name
            partials[of] = {n: x for n, x in given.partials.items() if n in moving}
            need |= _names(given.value)
    more = _names(*(x for given in partials.values() for x in given.values())) - need
    fixed = {**traced.constants, **traced.hoisted}
    return Equations(
        tuple(traced.states), tuple(traced.parameters), fixed,
        tuple(n for n in (*traced.parameters, *fixed) if n in need),
        tuple(n for n in (*traced.parameters, *fixed) if n in more),
        {n: q.value for n, q in traced.quantities.items() if n in need}, rates, partials,
    )  # fmt: skip


def _names(*expressions: Any) -> set[str]:
    return {s.name for x in expressions for s in x.free_symbols}


@functools.cache
def _fixed_code() -> Any:
    e = equations()
    printer = _Python({"fully_qualified_modules": True})
    lines = [f"{name} = {printer.doprint(x)}" for name, x in e.fixed.items()]
    return compile("\n".join(lines), "fixed", "exec")


def fixed_values(params: FloatArray, jacobian: bool = False) -> FloatArray:
    """The vector ``k`` of each run, (n, n_used), from parameters (n, n_parameters).

    The longer one of the Jacobian serves the rates as well.
    """
    e = equations()
    space: dict[str, Any] = {"math": np, **dict(zip(e.parameters, params.T, strict=True))}
    names = (*e.used, *e.more) if jacobian else e.used
    with np.errstate(all="ignore"):
        exec(_fixed_code(), space)
    return np.ascontiguousarray(
        np.stack([np.broadcast_to(space[n], len(params)) for n in names], axis=1)
    )


def python_text(result: str = "in place", head: str = "rates(t, y, dy, k)") -> str:
    """Source of ``rates(t, y, dy, k)``, or of one that returns the list of derivatives."""
    e = equations()
    lines = _python_head(head) + [f"{name} = {text}" for name, text in e.assignments("python")]
    if result == "in place":
        lines += [f"dy[{i}] = d_{name}" for i, name in enumerate(e.states)]
    else:
        lines.append("return [" + ", ".join(f"d_{name}" for name in e.states) + "]")
    return "\n    ".join(lines) + "\n"


def _python_head(head: str) -> list[str]:
    """The first lines of a function: the clock, the states of ``y`` and the constants of ``k``."""
    e = equations()
    return [
        f"def {head}:",
        f"clock_cos = math.cos({OMEGA!r} * t)",
        f"clock_sin = math.sin({OMEGA!r} * t)",
        *(f"{name} = y[{i}]" for i, name in enumerate(e.states)),
        *(f"{name} = k[{i}]" for i, name in enumerate(e.used)),
    ]


def jacobian_text() -> str:
    """Source of ``jacobian(t, y, jac, k)``, exact, by the chain rule through the quantities.

    It writes the entries of the matrix ``jac`` that are not zero for all states, and no others.
    """
    e = equations()
    printer = _Python({"fully_qualified_modules": True})
    by: dict[str, dict[int, str]] = {name: {i: "1.0"} for i, name in enumerate(e.states)}
    lines = _python_head("jacobian(t, y, jac, k)")
    lines += [f"{name} = k[{i}]" for i, name in enumerate(e.more, len(e.used))]
    values = dict(e.assignments("python"))
    for name in (*e.chain, *(f"d_{n}" for n in e.states)):
        if name in e.chain:
            lines.append(f"{name} = {values[name]}")
        terms: dict[int, list[str]] = {}
        for cause, partial in e.partials[name].items():
            lines.append(f"{name}__{cause} = {printer.doprint(partial)}")
            for i, slope in by[cause].items():
                factor = "" if slope == "1.0" else f" * {slope}"
                terms.setdefault(i, []).append(f"{name}__{cause}{factor}")
        by[name] = {i: f"{name}__y{i}" for i in terms}
        lines += [f"{name}__y{i} = {' + '.join(sums)}" for i, sums in terms.items()]
    for row, state in enumerate(e.states):
        lines += [f"jac[{row}, {i}] = {slope}" for i, slope in by[f"d_{state}"].items()]
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
    return _by_numba(python_text(), "rates")


def numba_jacobian() -> Callable[..., Any]:
    """``jacobian(t, y, jac, k)`` compiled by numba for one run; see :func:`jacobian_text`."""
    return _by_numba(jacobian_text(), "jacobian")


def _by_numba(text: str, name: str) -> Callable[..., Any]:
    import math

    import numba

    space: dict[str, Any] = {"math": math}
    exec(text, space)
    return numba.njit(error_model="numpy", nogil=True,
                      fastmath={"nsz", "arcp", "contract", "afn"})(space[name])  # fmt: skip
