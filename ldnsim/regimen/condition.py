"""What a rule depends on: comparisons of what is read at a visit, such as ``dreams < 2``.

A condition is written as people write it, with ``and``, ``or``, ``not`` and brackets, and read by
Python's own parser, of which only comparisons and plain arithmetic are let through. It is a value:
what it reads, its text, and what it says of many runs at once.
"""

from __future__ import annotations

import ast
import functools
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.errors import UserError, short
from ldnsim.units import NUMBER, find_unit, is_mass, is_time, to_unit

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_QUANTITY = re.compile(rf"(?<![a-z0-9_.])({NUMBER})\s*(%|[a-z]+\b)")
SHARE, MASS, TIME = "share", "mass", "time"
_WORDS = (
    (r"\bat least\b", ">="), (r"\bat most\b", "<="), (r"\b(?:above|over|more than)\b", ">"),
    (r"\b(?:below|under|less than)\b", "<"), (r"\bis\b", ""), (r"≥", ">="), (r"≤", "<="),
)  # fmt: skip
_EXAMPLE = "'dreams < 2 and burden < 3'"
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """A condition on what is read.

    Attributes:
        text: in canonical form, which reads back as an equal condition.
    """

    text: str

    @staticmethod
    def parse(text: str) -> Condition:
        """Read a condition.

        Args:
            text: such as ``"dreams < 2 and relief > 30 %"``; percent are shares, masses mg, times
                weeks.

        Raises:
            UserError: what is no comparison of what can be read.
        """
        plain = " ".join(text.split())
        for words, sign in _WORDS:
            plain = re.sub(words, sign, plain)
        plain = re.sub(r"\s*(<=|>=|<|>)\s*", r" \1 ", " ".join(plain.split()))
        _check(_tree(plain), plain)
        return Condition(plain)

    @property
    def names(self) -> tuple[str, ...]:
        """What is read, in the order of the text."""
        nodes = [n for n in ast.walk(_tree(self.text)) if isinstance(n, ast.Name)]
        ordered = sorted(nodes, key=lambda n: n.col_offset)
        return tuple(dict.fromkeys(n.id for n in ordered))

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers in it."""
        nodes = [n for n in ast.walk(_tree(self.text)) if isinstance(n, ast.Constant)]
        return tuple(dict.fromkeys(float(n.value) for n in nodes))  # type: ignore[arg-type]

    @property
    def is_plain(self) -> bool:
        """Whether every comparison is of one reading with numbers, without arithmetic."""
        found = [n for n in ast.walk(_tree(self.text)) if isinstance(n, ast.Compare)]
        sides = [[n.left, *n.comparators] for n in found]
        return all(
            isinstance(side, ast.Name | ast.Constant) for one in sides for side in one
        ) and all(sum(isinstance(side, ast.Name) for side in one) == 1 for one in sides)

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Readings that are compared with a number that has a unit, and the kind of the unit."""
        quantity = rf"{NUMBER}\s*(%|[a-z]+\b)"
        name, sign = r"([a-z_][a-z0-9_]*)", r"\s*(?:<=|>=|<|>)\s*"
        after = re.findall(rf"{name}{sign}-?{quantity}", self.text)
        before = re.findall(rf"(?<![a-z0-9_.]){quantity}{sign}{name}", self.text)
        pairs = [*after, *((n, unit) for unit, n in before)]
        return tuple((n, kind) for n, unit in pairs if (kind := _kind(unit)))

    def with_number(self, name: str, number: float) -> Condition:
        """Return the condition with another number that a reading is compared with.

        Args:
            name: of the reading.
            number: the new one; shares, mg and weeks without their unit.

        Raises:
            UserError: it is compared with no number, or with several.
        """
        quantity = rf"-?{NUMBER}(?:\s*(?:%|(?!and\b|or\b)[a-z]+\b))?"
        pattern = re.compile(rf"(?<![a-z0-9_.])({re.escape(name)} (?:<=|>=|<|>)) {quantity}")
        if len(found := pattern.findall(self.text)) != 1:
            how = "is compared with no number" if not found else "is compared with several numbers"
            raise UserError(f"condition '{self.text}': {name} {how} that could be set")
        return Condition.parse(pattern.sub(rf"\g<1> {float(number)!r}", self.text))

    def holds(self, values: Mapping[str, Floats]) -> Flags:
        """Return where it holds, shape (runs,).

        What compares with NaN is neither true nor false, and so is what hangs on it alone.

        Args:
            values: of each name, shape (runs,).
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(_value(_tree(self.text), values) == TRUE)

    def always(self) -> bool:
        """Whether it is the same for every value of what it reads, so that it decides nothing."""
        return not self.names

    def __str__(self) -> str:
        """Return its text."""
        return self.text


TRUE, UNKNOWN = 1.0, 0.5
"""Truth of a part, 0 where it is false: ``and`` is the least, ``or`` the most of its parts."""


def _kind(unit: str) -> str:
    """Return what a unit is of; empty where the word is none of percent, mass, or time."""
    if unit == "%":
        return SHARE
    return MASS if is_mass(unit) else TIME if is_time(unit) else ""


def _plain(match: re.Match[str]) -> str:
    """Write a quantity as a number: shares, mg, weeks; words that are no unit stay."""
    number, unit = match.groups()
    kind = _kind(unit)
    if not kind:
        if find_unit(unit) is not None:
            raise UserError(f"condition: '{match[0]}': what is read has no such unit")
        return match[0]
    return repr(to_unit(f"{number} {unit}", {SHARE: "1", MASS: "mg", TIME: "wk"}[kind]))


@functools.lru_cache(maxsize=1024)
def _tree(text: str) -> ast.expr:
    plain = _QUANTITY.sub(_plain, text)
    try:
        return ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        hint = f"; an example is {_EXAMPLE}"
        if later := re.search(r"\b(to|for|then|every)\b", plain):
            hint = f"; what is no part of it needs a comma before it: ', {later[0]} ...'"
        raise UserError(f"condition {short(text)} cannot be read{hint}") from None


def _check(node: ast.expr, text: str, inside: bool = False) -> None:
    """Refuse all but comparisons, joined by and, or, not.

    Args:
        node: part of the condition.
        text: all of it.
        inside: whether the part is one side of a comparison.
    """
    if not inside and isinstance(node, ast.BoolOp):
        parts: list[ast.expr] = node.values
    elif not inside and isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        parts = [node.operand]
    elif not inside and isinstance(node, ast.Compare) and {*map(type, node.ops)} <= {*_COMPARE}:
        parts, inside = [node.left, *node.comparators], True
    elif inside and isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        parts = [node.left, node.right]
    elif inside and isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        parts = [node.operand]
    elif inside and (isinstance(node, ast.Name) or _is_number(node)):
        return
    else:
        raise UserError(_refused(node, text))
    for part in parts:
        _check(part, text, inside)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _refused(node: ast.expr, text: str) -> str:
    start = f"condition {short(text)}: "
    part = ast.unparse(node)
    if isinstance(node, ast.Compare):
        return f"{start}'{part}' compares for equality; write <, <=, > or >="
    if isinstance(node, ast.Name):
        return f"{start}'{part}' is compared with nothing; an example is '{part} < 2'"
    return f"{start}'{part}' is no comparison; an example is {_EXAMPLE}"


def _value(node: ast.expr, values: Mapping[str, Floats]) -> Any:
    """Work out a part of a condition that was checked."""
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp):
        act = _ARITHMETIC[type(node.op)]
        return act(_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, values)
        return TRUE - inner if isinstance(node.op, ast.Not) else -inner
    if isinstance(node, ast.BoolOp):
        parts = [_value(part, values) for part in node.values]
        least = isinstance(node.op, ast.And)
        return functools.reduce(np.minimum if least else np.maximum, parts)
    assert isinstance(node, ast.Compare)
    sides = [_value(side, values) for side in (node.left, *node.comparators)]
    found = [
        np.where(np.isnan(a) | np.isnan(b), UNKNOWN, _COMPARE[type(op)](a, b))
        for op, a, b in zip(node.ops, sides[:-1], sides[1:], strict=True)
    ]
    return functools.reduce(np.minimum, found)
