"""The order in which states can be solved: what drives comes before what is driven.

The equations form a cascade. Kinetics drive binding, binding drives the peptides, these drive
glia, glia drive symptoms; only a few groups of states drive each other in a loop. The graph of who
reads whom is read off the equations, so the order follows the model and is nowhere written down.
Inside a loop, states that drive each other strongly (as their mechanism says) are a loop of their
own, which is settled before what they drive is looked at: rounds of the whole are then few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import combinations, groupby

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Graph = Mapping[str, set[str]]


@dataclass(frozen=True)
class Loop:
    """States that drive each other, or that nothing in between separates.

    Attributes:
        groups: states to solve one group after the other; those of a group do not read each other.
            In place of a group there may be a loop of its own.
        repeats: whether a state reads one that is solved later, so that a second round is needed.
    """

    groups: tuple[tuple[str, ...] | Loop, ...]
    repeats: bool

    @property
    def flat(self) -> list[tuple[str, ...]]:
        """Groups in the order they are first solved, those of inner loops among them."""
        inner = (g.flat if isinstance(g, Loop) else [g] for g in self.groups)
        return [group for groups in inner for group in groups]


def cascade(reads: Graph, coupled: Sequence[Sequence[str]] = ()) -> list[Loop]:
    """Order the states of a model, causes first.

    Args:
        reads: for each state, the states its rate depends on.
        coupled: states that drive each other strongly, in sets that share none.

    Returns:
        Loops in causal order; states of equal depth that are in no loop share one.
    """
    names = list(reads)
    member = _components(reads, names)
    outer = {k: {member[r] for n in ns for r in reads[n]} - {k} for k, ns in _by(member).items()}
    inside = _by(member)
    depth: dict[int, int] = {}
    for k in TopologicalSorter(outer).static_order():
        depth[k] = 1 + max((depth[j] for j in outer[k]), default=-1)
    loops: list[Loop] = []
    for level in range(1 + max(depth.values())):
        here = [k for k in inside if depth[k] == level]
        single = tuple(inside[k][0] for k in here if len(inside[k]) == 1)
        if single:
            loops.append(Loop((single,), False))
        for k in here:
            if len(inside[k]) > 1:
                loops.append(_loop(inside[k], reads, coupled))
    return loops


def _loop(names: Sequence[str], reads: Graph, coupled: Sequence[Sequence[str]]) -> Loop:
    """Order states that drive each other; those coupled are one step of it, a loop of their own."""
    inner = [s for s in coupled if set(s) < set(names)]
    # each of those is stood for by its first state
    stands = {n: some[0] for some in inner for n in some}
    seen: dict[str, set[str]] = {}
    for n in names:
        seen.setdefault(stands.get(n, n), set()).update(stands.get(r, r) for r in reads[n])
    order = fewest_backward(list(seen), seen)
    within = {s[0]: Loop(_grouped(fewest_backward(s, reads), reads), True) for s in inner}
    groups: list[tuple[str, ...] | Loop] = []
    for alone, part in groupby(order, lambda n: n not in within):
        some = list(part)
        groups += _grouped(some, reads) if alone else [within[n] for n in some]
    return Loop(tuple(groups), True)


def _components(reads: Graph, names: Sequence[str]) -> dict[str, int]:
    """Which strongly connected component each state belongs to."""
    at = {n: i for i, n in enumerate(names)}
    pairs = [(at[n], at[r]) for n in names for r in reads[n]]
    rows, columns = np.array(pairs).reshape(-1, 2).T
    shape = (len(names), len(names))
    graph = csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    _, label = connected_components(graph, connection="strong")
    return {n: int(label[i]) for n, i in at.items()}


def _by(member: Mapping[str, int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name, k in member.items():
        found.setdefault(k, []).append(name)
    return found


def fewest_backward(names: Sequence[str], reads: Graph) -> list[str]:
    """The order of a few states in which the fewest read one that comes later.

    Dynamic programming over subsets: exact, and quick for the dozen states of a loop.
    """
    best: dict[frozenset[str], tuple[int, tuple[str, ...]]] = {frozenset(): (0, ())}
    for size in range(1, len(names) + 1):
        for subset in map(frozenset, combinations(names, size)):
            choices = []
            for last in sorted(subset, key=names.index):
                before, order = best[subset - {last}]
                late = len(reads[last] & (set(names) - subset))
                choices.append((before + late, (*order, last)))
            best[subset] = min(choices, key=lambda c: c[0])
    return list(best[frozenset(names)][1])


def _grouped(order: Sequence[str], reads: Graph) -> tuple[tuple[str, ...], ...]:
    """Join neighbours that do not read each other: they can be evaluated together."""
    groups: list[list[str]] = []
    for name in order:
        if groups and not any(n in reads[name] or name in reads[n] for n in groups[-1]):
            groups[-1].append(name)
        else:
            groups.append([name])
    return tuple(map(tuple, groups))
