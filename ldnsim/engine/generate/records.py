"""Where the collocation kernels keep what, and the small systems they solve."""

from __future__ import annotations

from ldnsim.engine import LANES

STAGES = 4
"""Nodes of a step."""


class Records:
    """Where the rows of the states' records and of the kept quantities are."""

    def __init__(self, start: int, states: list[str], kept: list[str], loops: int) -> None:
        """Lay the records from ``start`` on."""
        self.rows = 2 * STAGES + 5
        self.start = start
        self.index = {n: i for i, n in enumerate(states)}
        self.stride = LANES * self.rows
        self.kept = {n: i for i, n in enumerate(kept)}
        self.end_of_states = start + self.stride * len(states)
        self.coefficients = self.end_of_states + LANES * STAGES * len(kept)
        self.clock = self.coefficients + STAGES * (STAGES + 1)
        self.clock += -self.clock % LANES
        self.measures = self.clock + 2 * STAGES
        self.measures += -self.measures % LANES
        self.end = self.measures + LANES * (6 + loops)

    # rows of a record
    def value(self, node: int) -> int:
        """Row of the state at a node; 0 is the start of the step."""
        return node

    def slope(self, node: int) -> int:
        """Row of the rate at a node; 0 is the start of the step."""
        return STAGES + 1 + node

    @property
    def loss(self) -> int:
        """Row of ``a`` at the end of the step."""
        return 2 * STAGES + 2

    @property
    def largest(self) -> int:
        """Row of the largest size lately."""
        return 2 * STAGES + 3

    @property
    def floor(self) -> int:
        """Row of the absolute tolerance."""
        return 2 * STAGES + 4

    def at(self, state: str, row: int) -> str:
        """Source text of a row of one state."""
        return f"w[{self.offset(state) + LANES * row} + l]"

    def offset(self, state: str) -> int:
        """Start of a state's record."""
        return self.start + self.stride * self.index[state]

    def kept_at(self, quantity: str, node: int) -> str:
        """Source text of a kept quantity at a node, 1 to S."""
        at = self.end_of_states + LANES * (STAGES * self.kept[quantity] + node - 1)
        return f"w[{at} + l]"

    def clock_at(self, k: int, node: int) -> str:
        """Source text of the clock's cosine (0) or sine (1) at a node, 1 to S."""
        return f"w[{self.clock + STAGES * k + node - 1}]"


def eliminate(entry: dict[tuple[int, int], str], size: int) -> list[str]:
    """Lines that solve a small dense system in place: ``r0`` .. become the solution.

    Pivots are blocks of two, so that divisions, which wait for each other, are half as many.

    Args:
        entry: text of each coefficient; a name or a number.
        size: number of unknowns.
    """
    lines: list[str] = []
    blocks = [tuple(range(k, min(k + 2, size))) for k in range(0, size, 2)]
    for block in blocks:
        lines += _inverse(entry, block)
        for i in range(block[-1] + 1, size):
            for k in block:
                terms = " + ".join(f"{entry[i, j]}*q{j}{k}" for j in block)
                lines.append(f"f{i}{k} = {terms}")
            for j in range(block[-1] + 1, size):
                minus = "".join(f" - f{i}{k}*{entry[k, j]}" for k in block)
                lines.append(f"m{i}{j} = {entry[i, j]}{minus}")
                entry[i, j] = f"m{i}{j}"
            minus = "".join(f" - f{i}{k}*r{k}" for k in block)
            lines.append(f"r{i} = r{i}{minus}")
    for block in reversed(blocks):
        for k in block:
            minus = "".join(f" - {entry[k, j]}*r{j}" for j in range(block[-1] + 1, size))
            lines.append(f"t{k} = r{k}{minus}")
        for k in block:
            lines.append(f"r{k} = " + " + ".join(f"q{k}{j}*t{j}" for j in block))
    return lines


def _inverse(entry: dict[tuple[int, int], str], block: tuple[int, ...]) -> list[str]:
    """Lines that define the inverse ``q`` of a diagonal block of one or two rows."""
    if len(block) == 1:
        (k,) = block
        return [f"q{k}{k} = 1.0/{entry[k, k]}"]
    a, b = block
    return [
        f"d = 1.0/({entry[a, a]}*{entry[b, b]} - {entry[a, b]}*{entry[b, a]})",
        f"q{a}{a} = {entry[b, b]}*d",
        f"q{b}{b} = {entry[a, a]}*d",
        f"q{a}{b} = -({entry[a, b]})*d",
        f"q{b}{a} = -({entry[b, a]})*d",
    ]
