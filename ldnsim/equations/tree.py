"""An equation as a small tree of operations, from which LaTeX, MathML and Antimony are written.

Leaves are names (text), whole numbers and floats; everything else is an :class:`Apply`. The tree is
made from the expression that SymPy finds by calling the mechanism function with symbols, so that
the function stays the one place an equation is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from ldnsim.errors import UserError
from ldnsim.mechanisms.record import CLOCK, Variable


@dataclass(frozen=True)
class Apply:
    """An operation on parts.

    Attributes:
        op: the MathML name: plus, minus, times, divide, power, root (square), cos, sin.
        parts: what it acts on, in order.
    """

    op: str
    parts: tuple[Node, ...]


Node: TypeAlias = Apply | str | int | float


def equation(variable: Variable) -> Node:
    """Return the rate of a state (per hour) or the value of a quantity, in the model's names."""
    return tree(traced(variable))


def traced(variable: Variable, positive: bool = False) -> Any:
    """Return the same as a SymPy expression; ``positive`` takes all but the clock for that.

    Otherwise names are real: a state may pass zero, and sqrt(x**2) must not become x.
    """
    import sympy

    symbols = [
        sympy.Symbol(a, positive=True)
        if positive and a not in CLOCK
        else sympy.Symbol(a, real=True)
        for a in variable.arguments
    ]
    return sympy.sympify(variable.formula(*symbols))


def tree(expression: Any) -> Node:
    """Return a SymPy expression as a tree.

    Raises:
        UserError: a function that no mechanism has used so far.
    """
    if expression.is_Symbol:
        return str(expression.name)
    if expression.is_Integer:
        return int(expression)
    if expression.is_Float:
        return float(expression)
    if expression.is_Rational:
        return Apply("divide", (int(expression.p), int(expression.q)))
    if expression.is_Add:
        return _sum(expression)
    if expression.is_Mul:
        return _product(expression)
    if expression.is_Pow:
        return _power(expression)
    if expression.func.__name__ in ("cos", "sin"):
        return Apply(expression.func.__name__, (tree(expression.args[0]),))
    raise UserError(
        f"the function {expression.func.__name__} of an equation cannot be written; use those of"
        " ldnsim.mechanisms.forms"
    )


def _sum(expression: Any) -> Node:
    """Added terms first, a number before others, then those taken away."""
    added: list[Any] = []
    taken: list[Any] = []
    for term in sorted(expression.as_ordered_terms(), key=lambda term: not term.is_Number):
        (taken if term.as_coeff_Mul()[0].is_negative else added).append(term)
    found = _joined("plus", [tree(t) for t in added]) if added else None
    for term in taken:
        parts = (tree(-term),) if found is None else (found, tree(-term))
        found = Apply("minus", parts)
    assert found is not None  # a sum has terms
    return found


def _product(expression: Any) -> Node:
    """A fraction where there are negative powers, so that it reads as it was written."""
    coefficient, rest = expression.as_coeff_Mul()
    if coefficient.is_negative:
        return Apply("minus", (tree(-coefficient * rest),))
    above: list[Node] = []
    below: list[Node] = []
    for factor in expression.as_ordered_factors():
        if factor.is_Number and float(factor) == 1.0:  # 1.0 is left where 1.0/x was written
            continue
        if factor.is_Pow and factor.exp.is_Number and factor.exp.is_negative:
            below.append(tree(factor.base**-factor.exp))
        else:
            above.append(tree(factor))
    top = _joined("times", above) if above else 1
    return Apply("divide", (top, _joined("times", below))) if below else top


def _power(expression: Any) -> Node:
    base, exponent = expression.args
    if exponent.is_Number and exponent.is_negative:
        return Apply("divide", (1, tree(base**-exponent)))
    if exponent.is_Rational and exponent.p == 1 and exponent.q == 2:
        return Apply("root", (tree(base),))
    return Apply("power", (tree(base), tree(exponent)))


def _joined(op: str, parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else Apply(op, tuple(parts))
