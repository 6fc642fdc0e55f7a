"""Trace the mechanism functions with symbols: expressions, hoisted constants, partial derivatives.

Whatever depends on parameters alone is hoisted: it gets a slot that is computed once per run (and
again after a parameter changes) instead of at every evaluation, most divisions among it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sympy

from ldnsim.mechanisms.record import CLOCK


@dataclass
class Traced:
    """One equation in symbols.

    Attributes:
        name: the state or quantity.
        value: its expression in states, quantities, clock inputs and hoisted slots.
        partials: derivative with respect to each argument that is not fixed.
    """

    name: str
    value: Any
    partials: dict[str, Any]


@dataclass
class Trace:
    """All equations of a model in symbols.

    Attributes:
        parameters: names, in vector order.
        states: names, in vector order.
        constants: parameter-only quantities, in evaluation order.
        quantities: other quantities, in evaluation order.
        rates: traced derivative of each state.
        hoisted: expressions in parameters and constants, by slot name, in order.
    """

    parameters: list[str]
    states: list[str]
    constants: dict[str, Any]
    quantities: dict[str, Traced]
    rates: dict[str, Traced]
    hoisted: dict[str, Any] = field(default_factory=dict)


def trace(
    parameters: list[str],
    states: dict[str, Callable[..., Any]],
    constants: dict[str, Callable[..., Any]],
    quantities: dict[str, Callable[..., Any]],
    arguments: dict[str, tuple[str, ...]],
) -> Trace:
    """Run every function on symbols.

    Args:
        parameters: parameter names in vector order.
        states: rate function of each state, in vector order.
        constants: parameter-only quantities in evaluation order.
        quantities: the other quantities in evaluation order.
        arguments: names each function reads.
    """
    names = [*parameters, *states, *constants, *quantities, *CLOCK]
    symbols = {n: sympy.Symbol(n, real=True) for n in names}
    fixed = {symbols[n] for n in [*parameters, *constants]}
    hoister = _Hoister(fixed)

    def run(name: str, function: Callable[..., Any]) -> Traced:
        raw = sympy.sympify(function(*(symbols[a] for a in arguments[name])))
        moving = sorted((s for s in raw.free_symbols if s not in fixed), key=lambda s: s.name)
        partials = {s.name: hoister.apply(sympy.diff(raw, s)) for s in moving}
        return Traced(name, hoister.apply(raw), {k: v for k, v in partials.items() if v != 0})

    result = Trace(
        parameters,
        list(states),
        {n: f(*(symbols[a] for a in arguments[n])) for n, f in constants.items()},
        {n: run(n, f) for n, f in quantities.items()},
        {n: run(n, f) for n, f in states.items()},
    )
    result.hoisted = hoister.slots
    return result


class _Hoister:
    """Replaces maximal parameter-only parts of an expression by slots."""

    def __init__(self, fixed: set[Any]) -> None:
        self.fixed = fixed
        self.slots: dict[str, Any] = {}
        self.by_expression: dict[Any, Any] = {}

    def apply(self, expression: Any) -> Any:
        """Return the expression with slots in place of its parameter-only parts."""
        if expression.is_Atom:
            return expression
        if expression.free_symbols <= self.fixed:
            return self._slot(expression) if expression.free_symbols else expression
        if expression.is_Add or expression.is_Mul:
            still = [a for a in expression.args if a.free_symbols <= self.fixed]
            moving = [self.apply(a) for a in expression.args if not a.free_symbols <= self.fixed]
            together = expression.func(*still)
            return expression.func(self.apply(together), *moving)
        return expression.func(*(self.apply(a) for a in expression.args))

    def _slot(self, expression: Any) -> Any:
        if expression not in self.by_expression:
            name = f"k{len(self.slots)}"
            self.slots[name] = expression
            self.by_expression[expression] = sympy.Symbol(name, real=True)
        return self.by_expression[expression]
