"""Write the kernel module: generated right-hand side, factorisation, solve and observables.

Every array is a slice, at a constant offset, of one flat workspace ``w`` in which value ``i`` of
lane ``l`` sits at ``offset + 8 i + l``. Only so can LLVM prove that nothing overlaps, and
vectorise each loop over lanes.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy.printing.pycode import PythonCodePrinter

from ldnsim.engine import LANES
from ldnsim.engine.generate.sparse import Elimination, plan_elimination
from ldnsim.engine.generate.trace import Trace, Traced
from ldnsim.engine.methods.radau.emit import CollocationEmitter
from ldnsim.mechanisms.forms import OMEGA
from ldnsim.mechanisms.record import CLOCK


class _Printer(PythonCodePrinter):  # type: ignore[misc]
    """Prints powers as products and reciprocals, which compile to plain arithmetic."""

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        base, power = expr.args
        text = self.parenthesize(base, 100)
        if power.is_Integer and 1 < abs(int(power)) <= 8:
            product = "*".join([text] * abs(int(power)))
            return f"({product})" if power > 0 else f"(1.0/({product}))"
        if power == -1:
            return f"(1.0/{text})"
        if power == sympy.Rational(1, 2):
            return f"math.sqrt({self._print(base)})"
        if power == sympy.Rational(-1, 2):
            return f"(1.0/math.sqrt({self._print(base)}))"
        return super()._print_Pow(expr, rational)  # type: ignore[no-any-return]

    def _print_Integer(self, expr: Any) -> str:
        return f"{int(expr)}.0"

    def _print_Rational(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))


_print = _Printer({"fully_qualified_modules": True}).doprint


class Layout:
    """Where each section of the workspace begins, in doubles."""

    def __init__(
        self, n_parameters: int, n_fixed: int, n_states: int, n_obs: int, n_lu: int
    ) -> None:
        """Lay the sections one after the other."""
        sizes = {
            "P": n_parameters, "K": n_fixed, "Y": n_states, "T": n_states, "F": n_states,
            "D": n_states, "B": n_states, "LU": n_lu, "O": n_obs, "U": 8 * n_states,
            "E": n_states, "YN": n_states, "R": 3 * n_states,
        }  # fmt: skip
        self.offsets: dict[str, int] = {}
        at = 0
        for name, size in sizes.items():
            self.offsets[name] = at
            at += size * LANES
        self.size = at

    def at(self, section: str, i: int) -> str:
        """Source text of element ``i`` of a section for lane ``l``."""
        return f"w[{self.offsets[section] + LANES * i} + l]"


class Emitter:
    """Turns a trace into the text of a Python module."""

    def __init__(self, trace: Trace) -> None:
        """Plan the elimination and the workspace for one traced model."""
        self.trace = trace
        self.state_index = {n: i for i, n in enumerate(trace.states)}
        self.fixed = [*trace.constants, *trace.hoisted]
        self.fixed_index = {n: i for i, n in enumerate(self.fixed)}
        self.parameter_index = {n: i for i, n in enumerate(trace.parameters)}
        self.quantity_states = self._dependencies()
        self.rows = {n: self._row(t) for n, t in trace.rates.items()}
        entries = {
            (self.state_index[r], self.state_index[c]) for r, row in self.rows.items() for c in row
        }
        self.plan: Elimination = plan_elimination(len(trace.states), entries)
        self.lu_index = {e: i for i, e in enumerate(sorted(self.plan.pattern))}
        self.observables = [*trace.states, *trace.quantities, *trace.constants]
        self.layout = Layout(
            len(trace.parameters),
            len(self.fixed),
            len(trace.states),
            len(self.observables),
            len(self.lu_index),
        )

    def _row(self, equation: Traced) -> list[str]:
        found: set[str] = set()
        for argument in equation.partials:
            if argument in self.state_index:
                found.add(argument)
            found |= self.quantity_states.get(argument, set())
        return sorted(found, key=self.state_index.__getitem__)

    def _dependencies(self) -> dict[str, set[str]]:
        result: dict[str, set[str]] = {}
        for name, q in self.trace.quantities.items():
            found: set[str] = set()
            for argument in q.partials:
                if argument in self.state_index:
                    found.add(argument)
                found |= result.get(argument, set())
            result[name] = found
        return result

    # -- pieces of generated functions -------------------------------------------------

    def _load(self, names: set[str], state_section: str = "T") -> list[str]:
        """Lines that fetch the named states, parameters and fixed slots into locals."""
        lines = []
        for name in sorted(names):
            if name in self.state_index:
                lines.append(f"{name} = {self.layout.at(state_section, self.state_index[name])}")
            elif name in self.fixed_index:
                lines.append(f"{name} = {self.layout.at('K', self.fixed_index[name])}")
            elif name in self.parameter_index:
                lines.append(f"{name} = {self.layout.at('P', self.parameter_index[name])}")
        return lines

    def _free(self, *expressions: Any) -> set[str]:
        return {s.name for e in expressions for s in sympy.sympify(e).free_symbols}

    def _with_quantities(self, wanted: set[str]) -> list[str]:
        """Quantities needed for ``wanted`` names, in evaluation order."""
        need = set(wanted)
        for name in reversed(list(self.trace.quantities)):
            if name in need:
                need |= self._free(self.trace.quantities[name].value)
        return [n for n in self.trace.quantities if n in need]

    def setup(self) -> str:
        """Function that fills the fixed slots from the parameters."""
        body, names = [], set()
        for name, expression in {**self.trace.constants, **self.trace.hoisted}.items():
            names |= self._free(expression)
            body.append(f"{name} = {_print(expression)}")
            body.append(f"{self.layout.at('K', self.fixed_index[name])} = {name}")
        loads = self._load(names - set(self.fixed_index))
        return _lane_function("setup", "w", [*loads, *body])

    def rhs(self) -> str:
        """Function that evaluates all rates at section T into section F."""
        rates = self.trace.rates
        wanted = set().union(*(self._free(r.value) for r in rates.values()))
        chain = self._with_quantities(wanted)
        names = wanted.union(*(self._free(self.trace.quantities[q].value) for q in chain))
        body = [f"{q} = {_print(self.trace.quantities[q].value)}" for q in chain]
        for name, rate in rates.items():
            slot = self.layout.at("F", self.state_index[name])
            body.append(f"{slot} = {_print(rate.value)}")
        return _lane_function("rhs", f"w, {', '.join(CLOCK)}", [*self._load(names), *body])

    def observe(self) -> str:
        """Function that evaluates every observable at section T into section O."""
        names = set(self.trace.states)
        body = []
        for name, q in self.trace.quantities.items():
            names |= self._free(q.value)
            body.append(f"{name} = {_print(q.value)}")
        names |= set(self.trace.constants)
        for i, name in enumerate(self.observables):
            body.append(f"{self.layout.at('O', i)} = {name}")
        return _lane_function("observe", f"w, {', '.join(CLOCK)}", [*self._load(names), *body])

    def factor(self) -> str:
        """Function that writes LU of ``g I - J`` at section T, and the time derivative to D."""
        body, names, total = self._derivatives()
        lines = [*self._load(names), *body]
        for name, rate in self.trace.rates.items():
            slot = self.layout.at("D", self.state_index[name])
            lines.append(f"{slot} = {total(rate, 'time') or '0.0'}")
        lines += self._factor_lines(total)
        return _lane_function("factor", f"w, {', '.join(CLOCK)}, g", lines)

    def _derivatives(self) -> tuple[list[str], set[str], Any]:
        """Lines that define partial and total derivatives of the quantities."""
        wanted: set[str] = set()
        for rate in self.trace.rates.values():
            wanted |= set(rate.partials) | self._free(*rate.partials.values())
        chain = self._with_quantities(wanted)
        body: list[str] = []
        names: set[str] = set()
        totals: dict[str, set[str]] = {}

        def total(equation: Traced, seed: str) -> str:
            terms = []
            for argument, partial in equation.partials.items():
                inner = "1.0" if argument == seed else ""
                if seed == "time" and argument in CLOCK:
                    inner = f"d{argument}"
                if argument in totals and seed in totals[argument]:
                    inner = f"d_{argument}_{seed}"
                if inner:
                    factor = f"p_{equation.name}_{argument}"
                    if partial == 1:
                        terms.append(inner)
                    else:
                        terms.append(factor if inner == "1.0" else f"{factor}*{inner}")
            return " + ".join(terms)

        for name in chain:
            q = self.trace.quantities[name]
            body.append(f"{name} = {_print(q.value)}")
            names |= self._free(q.value)
        shared = [f"dclock_cos = {-OMEGA!r} * clock_sin", f"dclock_sin = {OMEGA!r} * clock_cos"]
        body += shared
        for name in chain:
            q = self.trace.quantities[name]
            body += self._partial_lines(q)
            names |= self._free(*q.partials.values())
            totals[name] = set()
            for seed in [*sorted(self.quantity_states[name]), "time"]:
                text = total(q, seed)
                if text:
                    body.append(f"d_{name}_{seed} = {text}")
                    totals[name].add(seed)
        for rate in self.trace.rates.values():
            body += self._partial_lines(rate)
            names |= self._free(*rate.partials.values())
        return body, names, total

    def _partial_lines(self, equation: Traced) -> list[str]:
        return [
            f"p_{equation.name}_{argument} = {_print(partial)}"
            for argument, partial in equation.partials.items()
            if partial != 1
        ]

    def _factor_lines(self, total: Any) -> list[str]:
        lines = []
        index = self.state_index
        filled = set()
        for name, rate in self.trace.rates.items():
            for column in self.rows[name]:
                r, c = index[name], index[column]
                text = f"-({total(rate, column)})"
                lines.append(f"a_{r}_{c} = {'g + ' if r == c else ''}{text}")
                filled.add((r, c))
            if (index[name], index[name]) not in filled:
                lines.append(f"a_{index[name]}_{index[name]} = g")
                filled.add((index[name], index[name]))
        for k in self.plan.order:
            lines.append(f"a_{k}_{k} = 1.0 / a_{k}_{k}")
            for r in self.plan.lower[k]:
                lines.append(f"a_{r}_{k} = a_{r}_{k} * a_{k}_{k}")
                for c in self.plan.upper[k]:
                    product = f"a_{r}_{k} * a_{k}_{c}"
                    start = f"a_{r}_{c} " if (r, c) in filled else ""
                    lines.append(f"a_{r}_{c} = {start}- {product}")
                    filled.add((r, c))
        for (r, c), i in self.lu_index.items():
            lines.append(f"{self.layout.at('LU', i)} = a_{r}_{c}")
        return lines

    def solve(self) -> str:
        """Function that solves in place: section B becomes ``(g I - J)^-1 B``."""
        n = len(self.trace.states)
        lines = [f"b{i} = {self.layout.at('B', i)}" for i in range(n)]

        def lu(r: int, c: int) -> str:
            return self.layout.at("LU", self.lu_index[r, c])

        for k in self.plan.order:
            for r in self.plan.lower[k]:
                lines.append(f"b{r} = b{r} - {lu(r, k)} * b{k}")
        for k in reversed(self.plan.order):
            terms = "".join(f" - {lu(k, c)} * b{c}" for c in self.plan.upper[k])
            lines.append(f"b{k} = (b{k}{terms}) * {lu(k, k)}")
        lines += [f"{self.layout.at('B', i)} = b{i}" for i in range(n)]
        return _lane_function("solve", "w", lines)

    def module(self, template: str) -> str:
        """The whole module: constants, generated kernels, then the templates."""
        head = ['"""Generated by ldnsim; do not edit."""', "", "import math", ""]
        head += ["import numpy as np", ""]
        constants = {
            "LANES": LANES,
            "NS": len(self.trace.states),
            "NP": len(self.trace.parameters),
            "NOBS": len(self.observables),
            "SIZE": self.layout.size,
            **{f"AT_{k}": v for k, v in self.layout.offsets.items()},
        }
        collocation = CollocationEmitter(self)
        constants |= {"SIZE": collocation.records.end, **collocation.constants()}
        head += [f"{k} = {v}" for k, v in constants.items()]
        parts = [self.setup(), self.rhs(), self.observe(), self.factor(), self.solve()]
        parts += collocation.functions()
        return "\n".join([*head, "", "{jit}", *parts, template, collocation.sweep()])


def _lane_function(name: str, arguments: str, lines: list[str]) -> str:
    body = "\n".join(f"        {line}" for line in lines)
    return f"\n\n@lanes\ndef {name}({arguments}):\n    for l in range({LANES}):\n{body}\n"
