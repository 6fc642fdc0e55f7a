"""The order of the cascade as plain kernel code: groups in turn, loops round by round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from ldnsim.engine.methods.radau.cascade import Loop

MOST_ROUNDS = (8, 12)
"""Rounds of a loop, and of one inside it, before it counts as one that does not settle."""


def loops_in(loop: Loop) -> int:
    """Return how many loops that repeat there are in one, itself included."""
    return loop.repeats + sum(loops_in(g) for g in loop.groups if isinstance(g, Loop))


def depths(loop: Loop, outside: int = 0) -> Iterator[tuple[str, int]]:
    """Yield states with the number of loops that repeat around them."""
    depth = outside + loop.repeats
    for step in loop.groups:
        yield from depths(step, depth) if isinstance(step, Loop) else ((n, depth) for n in step)


def sweep(loops: Sequence[Loop]) -> str:
    """Return the function that evaluates and solves all groups, and repeats loops until settled."""
    lines = ["@inlined", "def sweep(w, rtol):", '    """All states at all nodes, causes first."""']
    group, number = count(), count()
    for outer in loops:
        if outer.repeats:
            lines += _rounds(outer, 0, group, number)
        else:
            lines += [f"    group_{next(group)}(w, rtol)" for _ in outer.groups]
    return "\n".join(["", "", *lines, ""])


def _rounds(loop: Loop, depth: int, group: Iterator[int], number: Iterator[int]) -> list[str]:
    """Return the lines that repeat a loop; lanes that are held outside it are held inside."""
    own, k = next(number), "kj"[depth]
    held = "copy(w, AT_HELD, AT_HELD + LANES, LANES)" if depth else "clear(w, AT_HELD)"
    lines = [
        f"# loop {own}: these states drive each other",
        f"{k} = 0",
        held,
        f"while {k} >= 0:",
        f"    clear(w, AT_CHANGE + LANES * {depth})",
    ]
    for step in loop.groups:
        if isinstance(step, Loop):
            lines += _rounds(step, depth + 1, group, number)
        else:
            lines.append(f"    group_{next(group)}(w, rtol)")
    lines.append(f"    {k} = next_round(w, {k}, {MOST_ROUNDS[depth]}, {own}, {depth})")
    return [f"    {line}" for line in lines]
