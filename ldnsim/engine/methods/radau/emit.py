"""Write the collocation kernels: the cascade of states, solved node by node in causal order.

Every state owns a record of rows of eight lanes in the workspace: its value at the start and at
the nodes of the step, and its rate there. A group function evaluates, at all nodes, the two numbers
of each equation written as ``dy/dt = b - a y``, where neither reads ``y`` if the equation is linear
in it, and solves for the state at all nodes at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy

from ldnsim.engine import LANES
from ldnsim.engine.generate.records import STAGES, Records, eliminate
from ldnsim.engine.methods.radau.cascade import cascade
from ldnsim.engine.methods.radau.coefficients import radau
from ldnsim.mechanisms.record import CLOCK

if TYPE_CHECKING:
    from ldnsim.engine.generate.emit import Emitter

MOST_ROUNDS = 8


@dataclass(frozen=True)
class Group:
    """States evaluated together, with the quantities that takes.

    Attributes:
        states: solved one after the other once evaluated.
        computes: quantities evaluated here, in order.
        keeps: of those, the ones a later group reads again.
        reuses: quantities evaluated by an earlier group and still up to date.
    """

    states: tuple[str, ...]
    computes: tuple[str, ...]
    keeps: tuple[str, ...]
    reuses: tuple[str, ...]


class CollocationEmitter:
    """Adds the collocation kernels to what :class:`~ldnsim.engine.generate.emit.Emitter` writes."""

    def __init__(self, emitter: Emitter) -> None:
        """Plan the cascade, its groups, and which quantities are kept between them."""
        self.e = emitter
        self.loops = cascade({r: set(row) for r, row in emitter.rows.items()})
        self.groups = self._plan()
        kept = sorted({q for g in self.groups for q in g.keeps})
        loops = sum(loop.repeats for loop in self.loops)
        self.records = Records(emitter.layout.size, list(emitter.trace.states), kept, loops)

    # -- planning ----------------------------------------------------------------------

    def _plan(self) -> list[Group]:
        order = [g for loop in self.loops for g in loop.groups]
        solved_at = {n: i for i, g in enumerate(order) for n in g}
        last: dict[str, int] = {}  # the last group that evaluated a quantity
        computes: list[tuple[str, ...]] = []
        reuses: list[tuple[str, ...]] = []
        keeps: list[set[str]] = []
        for i, group in enumerate(order):
            fresh = {q for q, j in last.items() if not self._moved(q, j, i, solved_at)}
            wanted = self._wanted(group)
            chain = self._chain(wanted, fresh)
            used = wanted.union(*(self._free(q) for q in chain)) & fresh
            for q in used:
                keeps[last[q]].add(q)
            reuses.append(tuple(sorted(used)))
            computes.append(tuple(chain))
            keeps.append(set())
            last.update(dict.fromkeys(chain, i))
        kept = [tuple(sorted(k)) for k in keeps]
        return [Group(*parts) for parts in zip(order, computes, kept, reuses, strict=True)]

    def _moved(self, quantity: str, since: int, until: int, solved_at: dict[str, int]) -> bool:
        """Whether a group from ``since`` on and before ``until`` solves a state it depends on."""
        states = self.e.quantity_states[quantity]
        return any(since <= solved_at[s] < until for s in states)

    def _free(self, quantity: str) -> set[str]:
        return self.e._free(self.e.trace.quantities[quantity].value)

    def _wanted(self, group: tuple[str, ...]) -> set[str]:
        wanted: set[str] = set()
        for name in group:
            wanted |= self.e._free(self.e.trace.rates[name].value, self.own_slope(name))
        return wanted

    def _chain(self, wanted: set[str], fresh: set[str]) -> list[str]:
        need = set(wanted)
        for name in reversed(list(self.e.trace.quantities)):
            if name in need and name not in fresh:
                need |= self._free(name)
        return [n for n in self.e.trace.quantities if n in need and n not in fresh]

    def own_slope(self, state: str) -> Any:
        """Derivative of a state's rate with respect to itself, also through quantities."""
        return self._slope(self.e.trace.rates[state], state)

    def _slope(self, equation: Any, state: str) -> Any:
        found: Any = sympy.Integer(0)
        for argument, partial in equation.partials.items():
            if argument == state:
                found += partial
            elif state in self.e.quantity_states.get(argument, set()):
                found += partial * self._slope(self.e.trace.quantities[argument], state)
        return found

    # -- generated functions -----------------------------------------------------------

    def needs_guess(self, state: str) -> bool:
        """Whether a state is read before it is solved: in a loop, or by its own equation."""
        if any(loop.repeats and state in g for loop in self.loops for g in loop.groups):
            return True
        depends = {state} | {q for q, of in self.e.quantity_states.items() if state in of}
        return bool(self.e._free(self.own_slope(state)) & depends)

    def group(self, i: int) -> str:
        """Function that evaluates and solves one group of states at all nodes.

        With ``P`` the inverse of the collocation matrix: ``(P + h diag(a)) Y = P 1 y + h b``.
        """
        from ldnsim.engine.generate.emit import _lane_function

        group = self.groups[i]
        once: set[str] = set()
        body: list[str] = []
        for node in range(1, STAGES + 1):
            body += self._evaluate(group, node, once)
        for state in group.states:
            body += self._solve(state, repeats=self._in_loop(state))
        loads = self.e._load(once)
        return _lane_function(f"group_{i}", "w, h, rtol", [*loads, *body])

    def _in_loop(self, state: str) -> bool:
        return any(state in g for loop in self.loops if loop.repeats for g in loop.groups)

    def _evaluate(self, group: Group, node: int, once: set[str]) -> list[str]:
        """Lines that define ``a`` and ``b`` of a group at one node; adds to what is loaded once."""
        from ldnsim.engine.generate.emit import _print

        r, e = self.records, self.e
        values = {q: e.trace.quantities[q].value for q in group.computes}
        pairs = {s: (self.own_slope(s), e.trace.rates[s].value) for s in group.states}
        names = set(group.states)
        names |= e._free(*values.values(), *(x for p in pairs.values() for x in p))
        here = [n for n in names if n in e.state_index or n in CLOCK or n in e.trace.quantities]
        once |= names - set(here)
        local = {sympy.Symbol(n, real=True): sympy.Symbol(f"{n}_{node}", real=True) for n in here}

        def text(expression: Any) -> str:
            return str(_print(sympy.sympify(expression).xreplace(local)))

        lines = [f"{n}_{node} = {r.at(n, node)}" for n in sorted(here) if n in e.state_index]
        lines += [f"{n}_{node} = {r.clock_at(CLOCK.index(n), node)}" for n in CLOCK if n in here]
        lines += [f"{q}_{node} = {r.kept_at(q, node)}" for q in group.reuses]
        lines += [f"{q}_{node} = {text(value)}" for q, value in values.items()]
        for state, (slope, rate) in pairs.items():
            lines.append(f"a_{state}_{node} = {text(-slope)}")
            lines.append(f"b_{state}_{node} = {text(rate)} + a_{state}_{node}*{state}_{node}")
        lines += [f"{r.kept_at(q, node)} = {q}_{node}" for q in group.keeps]
        return lines

    def _solve(self, state: str, repeats: bool) -> list[str]:
        """Lines that solve one state at all nodes, and measure the change if it is in a loop."""
        r, method, n = self.records, radau(STAGES), range(STAGES)
        entry = {(i, j): f"{float(method.inverse[i, j])!r}" for i in n for j in n}
        lines = [f"y = {r.at(state, 0)}"]
        for i in n:
            entry[i, i] = f"m{i}{i}"
            a, b = f"a_{state}_{i + 1}", f"b_{state}_{i + 1}"
            lines.append(f"m{i}{i} = {float(method.inverse[i, i])!r} + h*{a}")
            lines.append(f"r{i} = {float(method.row_sums[i])!r}*y + h*{b}")
        lines += eliminate(entry, STAGES)
        if repeats:
            measure = f"w[{r.measures} + l]"
            size = f"max({r.at(state, r.largest)}, math.fabs(r{STAGES - 1}))"
            lines.append(f"tolerance = {r.at(state, r.floor)} + rtol*{size}")
            change = f"math.fabs(r{STAGES - 1} - {state}_{STAGES})"
            lines.append(f"{measure} = max({measure}, {change}/tolerance)")
        for i in n:
            a, b = f"a_{state}_{i + 1}", f"b_{state}_{i + 1}"
            lines.append(f"{r.at(state, i + 1)} = r{i}")
            lines.append(f"{r.at(state, r.slope(i + 1))} = {b} - {a}*r{i}")
        lines.append(f"{r.at(state, r.loss)} = a_{state}_{STAGES}")
        return lines

    def _over_states(self, name: str, arguments: str, lines: list[str]) -> str:
        r = self.records
        return self._over(name, arguments, (r.start, r.end_of_states, r.stride), lines)

    @staticmethod
    def _over(name: str, arguments: str, bounds: tuple[int, int, int], lines: list[str]) -> str:
        body = "\n".join(f"            {line}" for line in lines)
        return (
            f"\n\n@lanes\ndef {name}({arguments}):\n    for s in range{bounds}:\n"
            f"        for l in range({LANES}):\n{body}\n"
        )

    def predict(self) -> str:
        """Function that evaluates the last polynomial of states that need a guess at new nodes.

        The coefficients, S rows of S + 1, are in the workspace.
        """
        r = self.records
        from ldnsim.engine.generate.emit import _lane_function

        lines = []
        for i in range(STAGES):
            for j in range(STAGES + 1):
                lines.append(f"c{i}{j} = w[{r.coefficients + i * (STAGES + 1) + j}]")
        for state in filter(self.needs_guess, self.e.trace.states):
            lines += [f"y{j} = {r.at(state, j)}" for j in range(STAGES + 1)]
            for i in range(STAGES):
                terms = " + ".join(f"c{i}{j}*y{j}" for j in range(STAGES + 1))
                lines.append(f"{r.at(state, i + 1)} = {terms}")
            lines.append(f"{r.at(state, 0)} = (1.0 - ahead)*y0 + ahead*y{STAGES}")
        return _lane_function("predict", "w, ahead", lines)

    def constant(self) -> str:
        """Function that takes the start of the step as first guess everywhere."""
        lines = ["y = w[0 + s + l]"]
        lines += [f"w[{LANES * (i + 1)} + s + l] = y" for i in range(STAGES)]
        return self._over_states("constant", "w", lines)

    def estimate(self) -> str:
        """Function that raises measure 1 to the largest error of any state, in tolerances.

        The error is what the quadrature loses without its last node, in the way of DOP853 weighed
        against a coarser one, so that it shrinks faster where the solution is smooth. A state that
        forgets slowly adds up what every day leaves: its share of the tolerance is smaller. Measure
        2 turns into something that is not a number when a state does.
        """
        r, method = self.records, radau(STAGES)

        def row(k: int) -> str:
            return f"w[{LANES * k} + s + l]"

        lines = [f"f{i} = {row(r.slope(i))}" for i in range(STAGES + 1)]
        for name, weights in (("fine", method.defect), ("coarse", method.coarse)):
            terms = [f"{float(c)!r}*f{j}" for j, c in enumerate(weights) if c]
            lines.append(f"{name} = math.fabs({' + '.join(terms)})")
        size = f"max({row(r.largest)}, math.fabs({row(STAGES)}))"
        error, broken = f"w[{r.measures + LANES} + l]", f"w[{r.measures + 2 * LANES} + l]"
        lines += [
            f"loss = max({row(r.loss)}, 0.001)",
            f"tolerance = {row(r.floor)} + rtol*{size}",
            "allowed = (fine + smooth*coarse + 1e-300)*loss*tolerance*(1.0 + 0.2*h*loss)",
            f"{error} = max({error}, h*fine*fine*(loss + memory)/allowed)",
            f"{broken} = {broken} + fine*0.0",
        ]
        return self._over_states("estimate", "w, h, rtol, memory, smooth", lines)

    def begin(self) -> str:
        """Function that takes over values (section Y) and rates (section F) at the start."""
        from ldnsim.engine.generate.emit import _lane_function

        e, r = self.e, self.records
        lines = []
        for n, i in e.state_index.items():
            y = f"y{i}"
            lines.append(f"{y} = {e.layout.at('Y', i)}")
            lines.append(f"{r.at(n, r.slope(0))} = {e.layout.at('F', i)}")
            lines.append(f"{r.at(n, 0)} = {y}")
            lines.append(f"{r.at(n, r.largest)} = max({r.at(n, r.largest)}, math.fabs({y}))")
        return _lane_function("begin", "w", lines)

    def finish(self) -> str:
        """Function that hands over the end of the step: section Y, rates, sizes that fade."""
        from ldnsim.engine.generate.emit import _lane_function

        e, r = self.e, self.records
        lines = []
        for n, i in e.state_index.items():
            lines.append(f"y = {r.at(n, STAGES)}")
            lines.append(f"f = {r.at(n, r.slope(STAGES))}")
            lines.append(f"m = max(fade*{r.at(n, r.largest)}, math.fabs(y))")
            lines += [f"{r.at(n, r.slope(0))} = f", f"{r.at(n, r.largest)} = m"]
            lines.append(f"{e.layout.at('Y', i)} = y")
            if not self.needs_guess(n):
                lines.append(f"{r.at(n, 0)} = y")
        return _lane_function("finish", "w, fade", lines)

    def advance(self) -> str:
        """Function that makes the end of the last step the start of the next."""
        lines = [f"w[0 + s + l] = w[{LANES * STAGES} + s + l]"]
        return self._over_states("advance", "w", lines)

    def interpolate(self) -> str:
        """Function that evaluates the step's polynomials into section T."""
        from ldnsim.engine.generate.emit import _lane_function

        e, r = self.e, self.records
        lines = [f"c{j} = w[{r.coefficients + j}]" for j in range(STAGES + 1)]
        for n, i in e.state_index.items():
            terms = " + ".join(f"c{j}*{r.at(n, j)}" for j in range(STAGES + 1))
            lines.append(f"{e.layout.at('T', i)} = {terms}")
        return _lane_function("interpolate", "w", lines)

    def sweep(self) -> str:
        """The order of the cascade as plain code: evaluate, solve, repeat loops until settled."""
        lines = ["@inlined", "def sweep(w, h, rtol):", "    rounds = 0"]
        at, loops = 0, 0
        for loop in self.loops:
            calls = [f"group_{at + i}(w, h, rtol)" for i in range(len(loop.groups))]
            at += len(calls)
            if not loop.repeats:
                lines += [f"    {call}" for call in calls]
                continue
            lines += [
                "    k = 0",
                "    while k >= 0:",
                "        clear(w, AT_CHANGE)",
                *(f"        {call}" for call in calls),
                "        rounds += 1",
                f"        k = next_round(w, k, {MOST_ROUNDS}, {loops})",
            ]
            loops += 1
        return "\n".join(["", "", *lines, "    return rounds", ""])

    def functions(self) -> list[str]:
        """All of them."""
        groups = [self.group(i) for i in range(len(self.groups))]
        rest = (
            self.predict, self.constant, self.estimate, self.begin,
            self.finish, self.advance, self.interpolate,
        )  # fmt: skip
        return [*groups, *(f() for f in rest)]

    def constants(self) -> dict[str, Any]:
        """Constants of the module."""
        r, method = self.records, radau(STAGES)
        return {
            "STAGES": STAGES,
            "AT_RECORDS": r.start,
            "RECORD": r.stride,
            "FLOOR": LANES * r.floor,
            "LARGEST": LANES * r.largest,
            "AT_COEFFICIENTS": r.coefficients,
            "AT_CLOCK": r.clock,
            "AT_CHANGE": r.measures,
            "AT_ERROR": r.measures + LANES,
            "AT_BROKEN": r.measures + 2 * LANES,
            "AT_ALIVE": r.measures + 3 * LANES,
            "AT_UNSETTLED": r.measures + 4 * LANES,
            "AT_BEFORE": r.measures + 5 * LANES,
            "AT_CONTRACTION": r.measures + 6 * LANES,
            "LOOPS": sum(loop.repeats for loop in self.loops),
            "REACH": f"np.array({[0.0, *(float(c) for c in method.nodes)]})",
            "NODE": f"np.array({[float(c) for c in method.nodes]})",
            "WEIGHT": f"np.array({[0.0, *(float(c) for c in method.weights)]})",
            "BARYCENTRIC": f"np.array({[float(c) for c in method.barycentric]})",
        }
