"""Trees of operations as the infix text of Antimony."""

from __future__ import annotations

from ldnsim.equations.tree import Apply, Node

_SIGNS = {"plus": " + ", "minus": " - ", "times": "*", "divide": "/", "power": "^"}
_RANK = {"plus": 1, "minus": 1, "times": 2, "divide": 2, "power": 4}
_NEGATION, _LEAF = 3, 5
_CALLS = {"root": "sqrt", "cos": "cos", "sin": "sin"}


def infix(node: Node) -> str:
    """Return a tree as text, with no more brackets than it needs."""
    if not isinstance(node, Apply):
        return node if isinstance(node, str) else repr(node)
    if node.op in _CALLS:
        return f"{_CALLS[node.op]}({infix(node.parts[0])})"
    if _is_negation(node):
        return f"-{_within(node.parts[0], _NEGATION)}"
    rank = _RANK[node.op]
    first, *rest = node.parts
    # what stands to the right of a minus, a slash or a power needs brackets at equal rank
    tight = rank if node.op in ("plus", "times") else rank + 1
    left = _within(first, rank + 1 if node.op == "power" else rank)
    return _SIGNS[node.op].join([left, *(_within(part, tight) for part in rest)])


def _is_negation(node: Apply) -> bool:
    return node.op == "minus" and len(node.parts) == 1


def _rank(node: Node) -> int:
    if isinstance(node, Apply):
        return _NEGATION if _is_negation(node) else _RANK.get(node.op, _LEAF)
    return _LEAF if isinstance(node, str) or node >= 0 else _NEGATION


def _within(node: Node, rank: int) -> str:
    """Return a part, in brackets when it binds less than its place asks for."""
    return infix(node) if _rank(node) >= rank else f"({infix(node)})"
