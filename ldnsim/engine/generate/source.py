"""Source text of kernels: expressions, lane functions, and the choice between methods."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sympy
from sympy.printing.pycode import PythonCodePrinter

from ldnsim.engine import LANES

MOST = 32
"""Largest power that is written as a product; others, and broken ones, are left to ``pow``."""


def squared(text: str, power: int) -> str:
    """Return a power as products of squares: what is repeated in them is computed once."""
    if power == 1:
        return text
    if power % 2:
        return f"({squared(text, power - 1)}*{text})"
    half = squared(text, power // 2)
    return f"({half}*{half})"


class _Printer(PythonCodePrinter):  # type: ignore[misc]
    """Prints powers as products and reciprocals, which compile to plain arithmetic."""

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        base, power = expr.args
        text = self.parenthesize(base, 100)
        if power.is_Integer and 1 < abs(int(power)) <= MOST:
            product = squared(text, abs(int(power)))
            return product if power > 0 else f"(1.0/{product})"
        if power == -1:
            return f"(1.0/{text})"
        if power == sympy.Rational(1, 2):
            return f"math.sqrt({self._print(base)})"
        if power == sympy.Rational(-1, 2):
            return f"(1.0/math.sqrt({self._print(base)}))"
        return f"math.pow({self._print(base)}, {self._print(power)})"

    def _print_Integer(self, expr: Any) -> str:
        return f"{int(expr)}.0"

    def _print_Rational(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))


printed = _Printer({"fully_qualified_modules": True}).doprint
"""Python text of an expression, in floats."""


def choose(mask: str, a: str, b: str) -> str:
    """Text of ``a`` in lanes whose mask is set, ``b`` in others."""
    return f"choose({mask}, {a}, {b})"


def clock(time: str, cosine: str, sine: str) -> list[str]:
    """Lines that put the cosine and sine of ``2 pi time / 24 h`` of every lane into two places.

    A vector has no library of its own for these. With ``x = pi (u - round(u))``, ``u = time / 24``,
    at most ``pi / 2``, the series of both leave out less than 1e-17; then
    ``cos 2x = 1 - 2 sin^2 x``, ``sin 2x = 2 sin x cos x``.
    """
    lines = [f"u = {time}*{1.0 / 24.0!r}", f"x = {math.pi!r}*(u - np.floor(u + 0.5))", "x2 = x*x"]
    for name, first, last in (("s", 1, 21), ("c", 0, 22)):
        signed = [(-1) ** (k // 2) / math.factorial(k) for k in range(first, last + 1, 2)]
        text = repr(signed[-1])
        for coefficient in reversed(signed[:-1]):
            text = f"({coefficient!r} + x2*{text})"
        lines.append(f"{name} = {text}" + ("*x" if first else ""))
    return [*lines, f"{cosine} = 1.0 - 2.0*s*s", f"{sine} = 2.0*s*c"]


def lane_function(
    name: str,
    arguments: str,
    doc: str,
    lines: Iterable[str],
    over: tuple[int, int, int] = (0, 0, 0),
) -> str:
    """Text of a function that does the same straight-line arithmetic in every lane.

    Args:
        name: of the function.
        arguments: the workspace ``w``, then numbers that all lanes share.
        doc: its docstring, for readers of the generated module.
        lines: assignments to names and to ``w[constant + l]``, and comments.
        over: start, stop and stride of a shift ``s`` of the places, ``w[constant + s + l]``; the
            lines are repeated for each.
    """
    head = f'\n\n@lanes\ndef {name}({arguments}):\n    """{doc}"""\n'
    inner = f"for l in range({LANES}):\n"
    if not over[2]:
        return head + f"    {inner}" + "".join(f"        {line}\n" for line in lines)
    shift = f"    for s in range{over}:\n        {inner}"
    return head + shift + "".join(f"            {line}\n" for line in lines)


def choice(name: str, arguments: str, doc: str, methods: Sequence[str]) -> str:
    """Text of a function that hands its arguments on to the method in use.

    Args:
        name: what every method has a function for, called ``<method>_<name>``.
        arguments: of those functions; the one written here takes the method's code as well.
        doc: its docstring.
        methods: names, in the order of their codes.
    """
    lines = ["", "", "@inlined", f"def {name}({arguments}, method):", f'    """{doc}"""']
    for word, method in zip(["if", *["elif"] * len(methods)], methods, strict=False):
        lines.append(f"    {word} method == {method.upper()}:")
        lines.append(f"        {method}_{name}({arguments})")
    return "\n".join([*lines, ""])


def constants(title: str, values: Mapping[str, Any]) -> str:
    """Text of assignments to names of the module, under a title; lists become arrays."""
    arrays = {k: f"np.array({v})" if isinstance(v, list) else v for k, v in values.items()}
    return "\n".join([f"# {title}", *(f"{k} = {v}" for k, v in arrays.items())])


def check_names(text: str, needed: Iterable[str]) -> None:
    """Refuse a module in which two parts use one name for two things, or a function is missing.

    Args:
        text: of the module.
        needed: functions that it must have.

    Raises:
        ValueError: with the name.
    """
    seen: set[str] = set()
    for node in ast.parse(text).body:
        found = [node.name] if isinstance(node, ast.FunctionDef) else []
        if isinstance(node, ast.Assign):
            found = [t.id for t in node.targets if isinstance(t, ast.Name)]
        for name in seen.intersection(found):
            raise ValueError(f"two parts of a kernel module define {name!r}")
        seen.update(found)
    for name in needed:
        if name not in seen:
            raise ValueError(f"no part of the kernel module defines {name!r}")
