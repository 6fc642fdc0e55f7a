"""Write the linear algebra of Rodas5P: the exact Jacobian ``J``, and ``g I - J`` factored, solved.

Every stage of a Rosenbrock method solves a system with the same matrix ``g I - J``, where
``g = 1/(gamma h)`` (Hairer and Wanner, Solving Ordinary Differential Equations II, section IV.7,
in the form that needs no product with ``J``). ``J`` is sparse, its pattern a property of the model,
so elimination is written out as straight-line code in an order that fills in least.
"""

from __future__ import annotations

from typing import Any

from ldnsim.engine.generate.emit import Emitter
from ldnsim.engine.generate.source import lane_function, printed
from ldnsim.engine.generate.trace import Traced
from ldnsim.engine.methods.method import Parts
from ldnsim.engine.methods.rodas5p.sparse import Elimination, plan_elimination
from ldnsim.mechanisms.forms import OMEGA
from ldnsim.mechanisms.record import CLOCK


def parts(emitter: Emitter) -> Parts:
    """Sections of the workspace, and the functions ``factor`` and ``solve``.

    ``TIME_SLOPE`` is the partial derivative of the rates by time, ``RIGHT`` a right-hand side and
    then its solution, ``FACTORS`` the factored matrix, ``STAGES`` the eight stages one after the
    other, ``ERROR`` the last of them, ``END`` the state at the end of the step, and ``DENSE`` three
    vectors for evaluations inside it. ``INVERSE`` is ``g``.
    """
    algebra = _Algebra(emitter)
    n = len(emitter.trace.states)
    sizes = {"TIME_SLOPE": n, "RIGHT": n, "FACTORS": len(algebra.kept), "STAGES": 8 * n,
             "ERROR": n, "END": n, "DENSE": 3 * n, "INVERSE": 1}  # fmt: skip
    for section, rows in sizes.items():
        emitter.layout.reserve(section, rows)
    return Parts(functions=[algebra.factor(), algebra.solve()])


class _Algebra:
    """The elimination planned for one model, and its two functions."""

    def __init__(self, emitter: Emitter) -> None:
        self.e = emitter
        index = emitter.state_index
        entries = {(index[r], index[c]) for r, row in emitter.rows.items() for c in row}
        self.plan: Elimination = plan_elimination(len(index), entries)
        # place of each entry of the factors in section FACTORS
        self.kept = {entry: i for i, entry in enumerate(sorted(self.plan.pattern))}

    def factor(self) -> str:
        """Function that writes LU of ``g I - J`` at section POINT, and the time derivative."""
        body, names, total = self._derivatives()
        lines = [*self.e.load(names | set(CLOCK)), f"g = {self.e.layout.at('INVERSE', 0)}", *body]
        for name, rate in self.e.trace.rates.items():
            place = self.e.layout.at("TIME_SLOPE", self.e.state_index[name])
            lines.append(f"{place} = {total(rate, 'time') or '0.0'}")
        lines += self._elimination(total)
        doc = (
            "FACTORS = LU of (g I - J) and TIME_SLOPE = df/dt at POINT. Called once an attempt.\n\n"
            "    p_x_y is a partial derivative of x by y, d_x_y the total one through quantities.\n"
            "    "
        )
        return lane_function("factor", "w", doc, lines)

    def _derivatives(self) -> tuple[list[str], set[str], Any]:
        """Lines that define partial and total derivatives of the quantities.

        Returns:
            the lines, the names they read, and a function that gives the text of the total
            derivative of an equation by a state or by ``"time"``, through quantities by the chain
            rule; empty where that is zero.
        """
        e, quantities = self.e, self.e.trace.quantities
        wanted: set[str] = set()
        for rate in e.trace.rates.values():
            wanted |= set(rate.partials) | e.free(*rate.partials.values())
        chain = e.needed(wanted)
        body: list[str] = []
        names: set[str] = set()
        # text of the derivative of a name by a seed, where it is not zero
        known = {(n, n): "1.0" for n in e.state_index} | {(c, "time"): f"d{c}" for c in CLOCK}

        def total(equation: Traced, seed: str) -> str:
            terms = []
            for argument, partial in equation.partials.items():
                if (argument, seed) in known:
                    outer = "1.0" if partial == 1 else f"p_{equation.name}_{argument}"
                    factors = [f for f in (outer, known[argument, seed]) if f != "1.0"]
                    terms.append("*".join(factors) or "1.0")
            return " + ".join(terms)

        for name in chain:
            body.append(f"{name} = {printed(quantities[name].value)}")
            names |= e.free(quantities[name].value)
        body += [f"dclock_cos = {-OMEGA!r} * clock_sin", f"dclock_sin = {OMEGA!r} * clock_cos"]
        for name in chain:
            q = quantities[name]
            body += self._partials(q)
            names |= e.free(*q.partials.values())
            for seed in [*sorted(e.quantity_states[name]), "time"]:
                text = total(q, seed)
                if text:
                    body.append(f"d_{name}_{seed} = {text}")
                    known[name, seed] = f"d_{name}_{seed}"
        for rate in e.trace.rates.values():
            body += self._partials(rate)
            names |= e.free(*rate.partials.values())
        return body, names, total

    def _partials(self, equation: Traced) -> list[str]:
        return [
            f"p_{equation.name}_{argument} = {printed(partial)}"
            for argument, partial in equation.partials.items()
            if partial != 1
        ]

    def _elimination(self, total: Any) -> list[str]:
        """Lines that build ``g I - J`` in names ``a_row_column``, factor it, and keep the factors.

        The factors are stored with the reciprocals of the pivots on the diagonal.
        """
        index = self.e.state_index
        entries = {(k, k): "g" for k in index.values()}
        for name, rate in self.e.trace.rates.items():
            for column in self.e.rows[name]:
                place = index[name], index[column]
                entries[place] = f"{entries.get(place, '')} - ({total(rate, column)})"
        filled = set(entries)
        lines = ["# g I - J", *(f"a_{r}_{c} = {text}" for (r, c), text in entries.items())]
        for k in self.plan.order:
            lines.append(f"# pivot {k}")
            lines.append(f"a_{k}_{k} = 1.0 / a_{k}_{k}")
            for r in self.plan.lower[k]:
                lines.append(f"a_{r}_{k} = a_{r}_{k} * a_{k}_{k}")
                for c in self.plan.upper[k]:
                    # where J has no entry elimination makes one: it starts from nothing
                    start = f"a_{r}_{c} " if (r, c) in filled else ""
                    lines.append(f"a_{r}_{c} = {start}- a_{r}_{k} * a_{k}_{c}")
                    filled.add((r, c))
        for (r, c), i in self.kept.items():
            lines.append(f"{self.e.layout.at('FACTORS', i)} = a_{r}_{c}")
        return lines

    def solve(self) -> str:
        """Function that solves in place: section RIGHT becomes ``(g I - J)^-1 RIGHT``."""
        n = len(self.e.trace.states)
        lines = [f"b{i} = {self.e.layout.at('RIGHT', i)}" for i in range(n)]

        def lu(r: int, c: int) -> str:
            return self.e.layout.at("FACTORS", self.kept[r, c])

        lines.append("# forward, with L")
        for k in self.plan.order:
            for r in self.plan.lower[k]:
                lines.append(f"b{r} = b{r} - {lu(r, k)} * b{k}")
        lines.append("# backward, with U; the diagonal holds reciprocals")
        for k in reversed(self.plan.order):
            terms = "".join(f" - {lu(k, c)} * b{c}" for c in self.plan.upper[k])
            lines.append(f"b{k} = (b{k}{terms}) * {lu(k, k)}")
        lines += [f"{self.e.layout.at('RIGHT', i)} = b{i}" for i in range(n)]
        doc = "RIGHT becomes (g I - J)^-1 RIGHT, with FACTORS. Called for each stage."
        return lane_function("solve", "w", doc, lines)
