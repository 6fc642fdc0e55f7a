"""Where the collocation kernels keep what, and the small systems they solve."""

from __future__ import annotations

from ldnsim.engine import LANES
from ldnsim.engine.generate.layout import Layout

STAGES = 4
"""Nodes of a step."""


class Records:
    """Where the rows of the states' records and of the kept quantities are.

    A state's record is ``2 S + 5`` rows of eight lanes: its value at the start and at the ``S``
    nodes, its rate at the same points, then three numbers of the state as a whole.
    """

    rows = 2 * STAGES + 5
    stride = LANES * rows
    loss = 2 * STAGES + 2
    """Row of ``a`` in ``dy/dt = b - a y`` at the end of the step, per hour."""
    largest = 2 * STAGES + 3
    """Row of the largest size lately."""
    floor = 2 * STAGES + 4
    """Row of the absolute tolerance."""

    def __init__(self, layout: Layout, states: list[str], kept: list[str]) -> None:
        """Reserve sections of the workspace.

        Args:
            layout: the workspace.
            states: names, in vector order.
            kept: quantities that one group of states evaluates and a later one reads.
        """
        self.index = {n: i for i, n in enumerate(states)}
        self.kept = {n: i for i, n in enumerate(kept)}
        self.layout = layout
        self.start = layout.reserve("RECORDS", self.rows * len(states))
        layout.reserve("KEPT", STAGES * len(kept))
        # cosine, then sine of the clock at the nodes
        layout.reserve("NODE_CLOCK", 2 * STAGES)

    # rows of a record
    def slope(self, node: int) -> int:
        """Row of the rate at a node; 0 is the start of the step."""
        return STAGES + 1 + node

    def at(self, state: str, row: int) -> str:
        """Source text of a row of one state."""
        return self.layout.at("RECORDS", self.rows * self.index[state] + row)

    @property
    def over_states(self) -> tuple[int, int, int]:
        """Start, stop and stride of the records, for a loop over states."""
        return self.start, self.start + self.stride * len(self.index), self.stride

    def kept_at(self, quantity: str, node: int) -> str:
        """Source text of a kept quantity at a node, 1 to S."""
        return self.layout.at("KEPT", STAGES * self.kept[quantity] + node - 1)

    def clock_at(self, k: int, node: int) -> str:
        """Source text of the clock's cosine (0) or sine (1) at a node, 1 to S."""
        return self.layout.at("NODE_CLOCK", STAGES * k + node - 1)


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
