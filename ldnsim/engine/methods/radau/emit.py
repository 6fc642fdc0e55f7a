"""Write the collocation kernels: the cascade of states, solved node by node in causal order.

Collocation on nodes ``c_i`` of a step ``h`` asks that the polynomial through ``y`` and the values
``Y_i`` have the slope ``f`` at every node: ``Y_i = y + h sum_j a_ij f(Y_j)``, or, with ``P`` the
inverse of the matrix ``a``, ``P (Y - 1 y) = h f(Y)`` (Hairer and Wanner, section IV.5). Written as
``dy/dt = b - a y`` the equation of one state, its causes known at the nodes, is the small system
``(P + h diag(a)) Y = P 1 y + h b``, which is linear where neither ``a`` nor ``b`` reads ``y``.

Every state owns a record of rows of eight lanes in the workspace (:mod:`.records`). A group
function evaluates ``a`` and ``b`` of some states at all nodes and solves for each state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from ldnsim.engine import LANES
from ldnsim.engine.generate.emit import Emitter
from ldnsim.engine.generate.source import choose, clock, lane_function, printed
from ldnsim.engine.methods.method import Parts
from ldnsim.engine.methods.radau.cascade import cascade
from ldnsim.engine.methods.radau.coefficients import radau
from ldnsim.engine.methods.radau.records import STAGES, Records, eliminate
from ldnsim.engine.methods.radau.rounds import depths, loops_in, sweep
from ldnsim.mechanisms.record import CLOCK

_ROWS = {
    "BROKEN": 1, "UNSETTLED": 1, "CHANGE": 2, "BEFORE": 2, "HELD": 2, "GUESS": 1, "ADVANCE": 1,
    "RATIO": 1, "FADE": 1,
}  # fmt: skip


def parts(emitter: Emitter) -> Parts:
    """Sections of the workspace, constants and functions of the method."""
    collocation = CollocationEmitter(emitter)
    return Parts(collocation.constants(), collocation.functions())


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


def _put(place: str, value: str, repeats: bool) -> str:
    """Line that keeps a value; in a loop, lanes that have settled stay as they are.

    So what a lane comes to does not depend on how many rounds the others need.
    """
    return f"{place} = {choose('held', place, value) if repeats else value}"


def _lagrange(x: str, name: str) -> list[str]:
    """Lines that define the weights ``<name>0`` to ``<name>S`` of the interpolation at ``x``.

    Through the start of the step and its nodes, ``l_j(x) = prod_(m != j) (x - x_m) / (x_j - x_m)``.
    """
    method, points = radau(STAGES), range(STAGES + 1)
    places = [0.0, *(float(c) for c in method.nodes)]
    lines = [f"x = {x}", *(f"d{m} = x - {places[m]!r}" for m in points)]
    for j in points:
        factors = "*".join(f"d{m}" for m in points if m != j)
        lines.append(f"{name}{j} = {float(method.barycentric[j])!r}*{factors}")
    return lines


class CollocationEmitter:
    """Adds the collocation kernels to what :class:`~ldnsim.engine.generate.emit.Emitter` writes."""

    def __init__(self, emitter: Emitter) -> None:
        """Plan the cascade, its groups, and which quantities are kept between them."""
        self.e = emitter
        self.loops = cascade({r: set(row) for r, row in emitter.rows.items()}, emitter.coupled)
        self.groups = self._plan()
        kept = sorted({q for g in self.groups for q in g.keeps})
        self.records = Records(emitter.layout, list(emitter.trace.states), kept)
        self.depth = {n: d for loop in self.loops for n, d in depths(loop)}
        self.loop_count = sum(map(loops_in, self.loops))
        # one row each, and two where a loop may be inside another: see the template
        for section, rows in _ROWS.items():
            emitter.layout.reserve(section, rows)
        emitter.layout.reserve("CONTRACTION", self.loop_count)

    # -- planning ----------------------------------------------------------------------

    def _plan(self) -> list[Group]:
        order = [g for loop in self.loops for g in loop.flat]
        solved_at = {n: i for i, g in enumerate(order) for n in g}
        last: dict[str, int] = {}  # the last group that evaluated a quantity
        computes: list[tuple[str, ...]] = []
        reuses: list[tuple[str, ...]] = []
        keeps: list[set[str]] = []
        for i, group in enumerate(order):
            fresh = {q for q, j in last.items() if not self._moved(q, j, i, solved_at)}
            wanted = self._wanted(group)
            chain = self.e.needed(wanted, fresh)
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
        return self.e.free(self.e.trace.quantities[quantity].value)

    def _wanted(self, group: tuple[str, ...]) -> set[str]:
        rates = self.e.trace.rates
        return set().union(*(self.e.free(rates[n].value, self.own_slope(n)) for n in group))

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
        if self._in_loop(state):
            return True
        depends = {state} | {q for q, of in self.e.quantity_states.items() if state in of}
        return bool(self.e.free(self.own_slope(state)) & depends)

    def group(self, i: int) -> str:
        """Function that evaluates and solves one group of states at all nodes.

        With ``P`` the inverse of the collocation matrix: ``(P + h diag(a)) Y = P 1 y + h b``.
        """
        group = self.groups[i]
        once: set[str] = set()
        at, depth = self.e.layout.at, self.depth[group.states[0]]
        repeats = depth > 0
        body: list[str] = [f"h = {at('LENGTH', 0)}"]
        body += [f"held = {at('HELD', depth - 1)}"] if repeats else []
        for node in range(1, STAGES + 1):
            body.append(f"# a and b of dy/dt = b - a y at node {node}")
            body += self._evaluate(group, node, once, repeats)
        for state in group.states:
            body.append(f"# {state} at all nodes: (P + h diag(a)) Y = P 1 y + h b")
            body += self._solve(state, repeats)
        names = ", ".join(group.states)
        doc = f"Values and rates at the nodes, in RECORDS, of {names}. Called by sweep."
        return lane_function(f"group_{i}", "w, rtol", doc, [*self.e.load(once), *body])

    def _in_loop(self, state: str) -> bool:
        return self.depth[state] > 0

    def _evaluate(self, group: Group, node: int, once: set[str], repeats: bool) -> list[str]:
        """Lines that define ``a`` and ``b`` of a group at one node; adds to what is loaded once."""
        r, e = self.records, self.e
        values = {q: e.trace.quantities[q].value for q in group.computes}
        pairs = {s: (self.own_slope(s), e.trace.rates[s].value) for s in group.states}
        names = set(group.states)
        names |= e.free(*values.values(), *(x for p in pairs.values() for x in p))
        here = [n for n in names if n in e.state_index or n in CLOCK or n in e.trace.quantities]
        once |= names - set(here)
        local = {sympy.Symbol(n, real=True): sympy.Symbol(f"{n}_{node}", real=True) for n in here}

        def text(expression: Any) -> str:
            return str(printed(sympy.sympify(expression).xreplace(local)))

        lines = [f"{n}_{node} = {r.at(n, node)}" for n in sorted(here) if n in e.state_index]
        lines += [f"{n}_{node} = {r.clock_at(CLOCK.index(n), node)}" for n in CLOCK if n in here]
        lines += [f"{q}_{node} = {r.kept_at(q, node)}" for q in group.reuses]
        lines += [f"{q}_{node} = {text(value)}" for q, value in values.items()]
        for state, (slope, rate) in pairs.items():
            lines.append(f"a_{state}_{node} = {text(-slope)}")
            lines.append(f"b_{state}_{node} = {text(rate)} + a_{state}_{node}*{state}_{node}")
        for q in group.keeps:
            lines.append(_put(r.kept_at(q, node), f"{q}_{node}", repeats))
        return lines

    def _solve(self, state: str, repeats: bool) -> list[str]:
        """Lines that solve one state at all nodes, and measure the change if it is in a loop."""
        r, method, n = self.records, radau(STAGES), range(STAGES)
        entry = {(i, j): f"{float(method.inverse[i, j])!r}" for i in n for j in n}
        lines = [f"y = {r.at(state, 0)}"]
        for i in n:
            entry[i, i] = f"m{i}{i}"
            lines += [
                f"m{i}{i} = {float(method.inverse[i, i])!r} + h*a_{state}_{i + 1}",
                f"r{i} = {float(method.row_sums[i])!r}*y + h*b_{state}_{i + 1}",
            ]
        lines += eliminate(entry, STAGES)
        if repeats:
            # in tolerances, at the end of the step; the loop reads the largest of its states
            measure = self.e.layout.at("CHANGE", self.depth[state] - 1)
            size = f"max({r.at(state, r.largest)}, math.fabs(r{STAGES - 1}))"
            lines.append(f"tolerance = {r.at(state, r.floor)} + rtol*{size}")
            change = f"math.fabs(r{STAGES - 1} - {state}_{STAGES})"
            lines.append(f"{measure} = max({measure}, {change}/tolerance)")
        for i in n:
            slope = f"b_{state}_{i + 1} - a_{state}_{i + 1}*r{i}"
            lines += [
                _put(r.at(state, i + 1), f"r{i}", repeats),
                _put(r.at(state, r.slope(i + 1)), slope, repeats),
            ]
        lines.append(_put(r.at(state, r.loss), f"a_{state}_{STAGES}", repeats))
        return lines

    def predict(self) -> str:
        """Function that evaluates the last polynomial of states that need a guess at new nodes."""
        r, at, points = self.records, self.e.layout.at, range(STAGES + 1)
        lines = [f"{n.lower()} = {at(n, 0)}" for n in ("ADVANCE", "AHEAD", "GUESS", "RATIO")]
        for i, node in enumerate(radau(STAGES).nodes):
            lines += _lagrange(f"ahead + {float(node)!r}*ratio", f"c{i}")
        for state in filter(self.needs_guess, self.e.trace.states):
            lines.append(f"# {state}")
            lines += [f"y{j} = {r.at(state, j)}" for j in points]
            lines.append(f"y = {choose('advance', f'y{STAGES}', 'y0')}")
            for i in range(STAGES):
                terms = " + ".join(f"c{i}{j}*y{j}" for j in points)
                lines.append(f"{r.at(state, i + 1)} = {choose('guess', terms, 'y')}")
            lines.append(f"{r.at(state, 0)} = y")
        doc = (
            "First guess Y_i = sum_j l_j(AHEAD + c_i RATIO) Y_j of the last step, where one is"
            "\n    needed, and the start of the step where GUESS is not set; that moves"
            "\n    to its end where ADVANCE is. Called by prepare."
        )
        return lane_function("predict", "w", doc, lines)

    def tick_nodes(self) -> str:
        """Function that evaluates the clock at all nodes."""
        r, at = self.records, self.e.layout.at
        lines: list[str] = []
        for i, node in enumerate(radau(STAGES).nodes, start=1):
            lines.append(f"t = {at('TIME', 0)} + {float(node)!r}*{at('LENGTH', 0)}")
            lines += clock("t", r.clock_at(0, i), r.clock_at(1, i))
        doc = "NODE_CLOCK = cosine and sine at TIME + c_i LENGTH. Called by collocation_attempt."
        return lane_function("tick_nodes", "w", doc, lines)

    def estimate(self) -> str:
        """Function that raises row LANE_ERROR to the largest error of any state, in tolerances.

        The error is what the quadrature loses without its last node, in the way of DOP853 weighed
        against a coarser one, so that it shrinks faster where the solution is smooth. A state that
        forgets slowly adds up what every day leaves: its share of the tolerance is smaller. Row
        BROKEN turns into something that is not a number when a state does.
        """
        r, method = self.records, radau(STAGES)

        def row(k: int) -> str:
            return f"w[{LANES * k} + s + l]"

        lines = ["# rates at the start and at the nodes, and two quadratures' defects"]
        lines += [f"f{i} = {row(r.slope(i))}" for i in range(STAGES + 1)]
        for name, weights in (("fine", method.defect), ("coarse", method.coarse)):
            terms = [f"{float(c)!r}*f{j}" for j, c in enumerate(weights) if c]
            lines.append(f"{name} = math.fabs({' + '.join(terms)})")
        lines.append(f"h = {self.e.layout.at('LENGTH', 0)}")
        size = f"max({row(r.largest)}, math.fabs({row(STAGES)}))"
        worst, broken = self.e.layout.at("LANE_ERROR", 0), self.e.layout.at("BROKEN", 0)
        lines += [
            f"loss = max({row(r.loss)}, 0.001)",
            f"tolerance = {row(r.floor)} + rtol*{size}",
            "allowed = (fine + smooth*coarse + 1e-300)*loss*tolerance*(1.0 + 0.2*h*loss)",
            f"{worst} = max({worst}, h*fine*fine*(loss + memory)/allowed)",
            "# 0 times what is not finite is not a number, and stays so",
            f"{broken} = {broken} + fine*0.0",
        ]
        doc = (
            "LANE_ERROR = largest error h fine^2 / (fine + smooth coarse) of a state, in"
            "\n    tolerances; fine and coarse are what the quadrature loses with fewer nodes, as"
            "\n    in DOP853. Called by collocation_attempt."
        )
        arguments = "w, rtol, memory, smooth"
        return lane_function("estimate", arguments, doc, lines, r.over_states)

    def begin(self) -> str:
        """Function that takes over values (section STATE) and rates (section RATES)."""
        e, r = self.e, self.records
        lines = [f"begins = {e.layout.at('BEGINS', 0)}"]
        for n, i in e.state_index.items():
            largest, slope, start = (r.at(n, k) for k in (r.largest, r.slope(0), 0))
            lines += [
                f"y{i} = {e.layout.at('STATE', i)}",
                f"{slope} = {choose('begins', e.layout.at('RATES', i), slope)}",
                f"{start} = {choose('begins', f'y{i}', start)}",
                f"{largest} = {choose('begins', f'max({largest}, math.fabs(y{i}))', largest)}",
            ]
        doc = "Value, rate and size at the start, in lanes of BEGINS. Called by restart."
        return lane_function("begin", "w", doc, lines)

    def finish(self) -> str:
        """Function that hands over the end of the step: section STATE, rates, sizes that fade."""
        e, r = self.e, self.records
        lines = [f"taken = {e.layout.at('TAKEN', 0)}", f"fade = {e.layout.at('FADE', 0)}"]
        for n, i in e.state_index.items():
            largest, slope, state = r.at(n, r.largest), r.at(n, r.slope(0)), e.layout.at("STATE", i)
            faded = f"max(fade*{largest}, math.fabs(y))"
            lines += [
                f"y = {r.at(n, STAGES)}",
                f"{largest} = {choose('taken', faded, largest)}",
                f"{slope} = {choose('taken', r.at(n, r.slope(STAGES)), slope)}",
                f"{state} = {choose('taken', 'y', state)}",
            ]
            if not self.needs_guess(n):  # a guess is made from the step, its start included
                lines.append(f"{r.at(n, 0)} = {choose('taken', 'y', r.at(n, 0))}")
        doc = (
            "STATE, rate and fading size at the end, in lanes TAKEN. Called by collocation_accept."
        )
        return lane_function("finish", "w", doc, lines)

    def interpolate(self) -> str:
        """Function that evaluates the step's polynomials into section POINT."""
        e, r, points = self.e, self.records, range(STAGES + 1)
        lines = _lagrange(e.layout.at("INSIDE", 0), "c")
        for n, i in e.state_index.items():
            terms = " + ".join(f"c{j}*{r.at(n, j)}" for j in points)
            lines.append(f"{e.layout.at('POINT', i)} = {terms}")
        doc = "POINT = sum_j l_j(INSIDE) Y_j, where Y_0 = y. Called by collocation_evaluate."
        return lane_function("interpolate", "w", doc, lines)

    def functions(self) -> list[str]:
        """All of them."""
        groups = [self.group(i) for i in range(len(self.groups))]
        rest = (
            self.predict, self.tick_nodes, self.estimate, self.begin,
            self.finish, self.interpolate,
        )  # fmt: skip
        return [*groups, *(f() for f in rest), sweep(self.loops)]

    def constants(self) -> dict[str, Any]:
        """Constants of the module."""
        r = self.records
        return {
            "STAGES": STAGES,
            "RECORD": r.stride,
            "FLOOR": LANES * r.floor,
            "LARGEST": LANES * r.largest,
            "LOOPS": self.loop_count,
        }
