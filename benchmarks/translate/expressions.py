"""Expressions of the scalar part of a kernel module to C, each with its type."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.translate.kinds import SCALARS, Array, Tuple, Type, Unknown, c_name, meet

if TYPE_CHECKING:
    from benchmarks.translate.unit import Unit

_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_BITS = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>"}
_COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_LIBM = ("sqrt", "exp", "log", "log10", "cos", "sin", "tan", "tanh", "floor", "ceil", "pow",
         "fabs", "expm1", "log1p", "hypot", "cbrt")  # fmt: skip
_TESTS = ("isnan", "isfinite", "isinf")
_CASTS = {"int": "int", "float": "double", "bool": "bool", "int64": "int", "float64": "double"}
Value = tuple[str, Type]


class Expressions:
    """Translates expressions inside one function.

    Attributes:
        unit: what is known of the module.
        name: the function, for messages.
        types: type of each local name, found so far.
    """

    def __init__(self, unit: Unit, name: str, types: dict[str, Type]) -> None:
        """Start with the arguments' types."""
        self.unit = unit
        self.name = name
        self.types = types

    def fail(self, node: ast.AST, what: str) -> Unknown:
        """The error that names a construct and its line."""
        line = getattr(node, "lineno", "?")
        return Unknown(f"function {self.name}, line {line}: {what}: {ast.unparse(node)[:80]}")

    def value(self, node: ast.expr) -> Value:
        """C text and type of an expression."""
        handler: Callable[..., Value] | None = getattr(self, f"_{type(node).__name__}", None)
        if handler is None:
            raise self.fail(node, f"unknown expression {type(node).__name__}")
        return handler(node)

    def number(self, node: ast.expr) -> tuple[str, str]:
        """The same, of something that must be a number."""
        text, kind = self.value(node)
        if not isinstance(kind, str) or kind == "void":
            raise self.fail(node, "expected a number")
        return text, kind

    def test(self, node: ast.expr) -> str:
        """C text of a condition."""
        if isinstance(node, ast.BoolOp):
            sign = " && " if isinstance(node.op, ast.And) else " || "
            return "(" + sign.join(self.test(v) for v in node.values) + ")"
        return self.number(node)[0]

    def _Constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, bool):
            return str(int(node.value)), "bool"
        if isinstance(node.value, int):
            return str(node.value), "int"
        if isinstance(node.value, float):
            return repr(node.value), "double"
        raise self.fail(node, "unknown constant")

    def _Name(self, node: ast.Name) -> Value:
        if node.id in self.types:
            return f"v_{node.id}", self.types[node.id]
        return self.unit.constant(node.id)

    def _Attribute(self, node: ast.Attribute) -> Value:
        text = ast.unparse(node)
        known = {"inf": "INFINITY", "nan": "NAN", "pi": "M_PI", "e": "M_E"}
        if text.split(".")[0] in ("np", "math") and node.attr in known:
            return known[node.attr], "double"
        if text.endswith(".ctypes.data") and isinstance(node.value, ast.Attribute):
            array, kind = self.value(node.value.value)
            if isinstance(kind, Array):
                return f"((int64_t){array}.d)", "int"
        if isinstance(node.value, ast.Name) and node.value.id in self.types:
            record, of = self.value(node.value)
            if isinstance(of, Tuple) and node.attr in of.names:
                place = of.names.index(node.attr)
                return f"{record}.f{place}", of.items[place]
        if node.attr == "size":
            array, kind = self.value(node.value)
            if isinstance(kind, Array):
                return "(" + " * ".join(f"{array}.n{i}" for i in range(kind.rank)) + ")", "int"
        raise self.fail(node, "unknown attribute")

    def _UnaryOp(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            return f"(!{self.test(node.operand)})", "bool"
        text, kind = self.number(node.operand)
        if isinstance(node.op, (ast.USub, ast.UAdd)):
            sign = "-" if isinstance(node.op, ast.USub) else "+"
            return f"({sign}{text})", "int" if kind == "bool" else kind
        raise self.fail(node, "unknown operator")

    def _BinOp(self, node: ast.BinOp) -> Value:
        (a, left), (b, right) = self.number(node.left), self.number(node.right)
        kind = "double" if "double" in (left, right) else "int"
        if type(node.op) in _ARITHMETIC:
            return f"({a} {_ARITHMETIC[type(node.op)]} {b})", kind
        if isinstance(node.op, ast.Div):
            return f"((double){a} / (double){b})", "double"
        if isinstance(node.op, ast.Pow):
            return self._power(node, a, b, left)
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            name = "div" if isinstance(node.op, ast.FloorDiv) else "mod"
            return f"floor_{name}_{kind}({a}, {b})", kind
        if type(node.op) in _BITS and kind == "int":
            return f"({a} {_BITS[type(node.op)]} {b})", kind
        raise self.fail(node, "unknown operator")

    def _power(self, node: ast.BinOp, a: str, b: str, left: str) -> Value:
        whole = node.right.value if isinstance(node.right, ast.Constant) else None
        if isinstance(whole, int) and 1 <= whole <= 4:
            return "(" + " * ".join([a] * whole) + ")", left
        return f"pow({a}, {b})", "double"

    def _BoolOp(self, node: ast.BoolOp) -> Value:
        if any(self.number(v)[1] != "bool" for v in node.values):
            raise self.fail(node, "'and' or 'or' of numbers used as a number")
        return self.test(node), "bool"

    def _Compare(self, node: ast.Compare) -> Value:
        parts, left = [], node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, (ast.In, ast.NotIn)) and isinstance(right, ast.Tuple):
                a = self.number(left)[0]
                inside = " || ".join(f"{a} == {self.number(e)[0]}" for e in right.elts)
                parts.append(f"{'' if isinstance(operator, ast.In) else '!'}({inside})")
            elif type(operator) in _COMPARE:
                sign = _COMPARE[type(operator)]
                parts.append(f"({self.number(left)[0]} {sign} {self.number(right)[0]})")
            else:
                raise self.fail(node, "unknown comparison")
            left = right
        return "(" + " && ".join(parts) + ")", "bool"

    def _IfExp(self, node: ast.IfExp) -> Value:
        (a, left), (b, right) = self.value(node.body), self.value(node.orelse)
        return f"({self.test(node.test)} ? {a} : {b})", meet(left, right, ast.unparse(node))

    def _Tuple(self, node: ast.Tuple) -> Value:
        values = [self.value(e) for e in node.elts]
        kind = self.unit.declare(Tuple(tuple(t for _, t in values)))
        return f"({c_name(kind)}){{{', '.join(text for text, _ in values)}}}", kind

    def _Subscript(self, node: ast.Subscript) -> Value:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            array, kind = self.value(node.value.value)
            place = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if isinstance(kind, Array) and isinstance(place, int) and 0 <= place < kind.rank:
                return f"{array}.n{place}", "int"
            raise self.fail(node, "unknown shape")
        return self.element(node)

    def element(self, node: ast.Subscript) -> Value:
        """An element of an array, or a view of a contiguous part of it."""
        array, kind = self.value(node.value)
        if not isinstance(kind, Array):
            raise self.fail(node, "index into something that is no array")
        given = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if len(given) > kind.rank:
            raise self.fail(node, "more indices than dimensions")
        plain = [i for i in given if not isinstance(i, ast.Slice)]
        if given[: len(plain)] != plain:
            raise self.fail(node, "index after a slice")
        offset = self._offset(array, kind, plain)
        if len(plain) == kind.rank:
            return f"{array}.d[{offset}]", kind.item
        return self._view(node, array, kind, offset, len(plain), given[len(plain) :])

    def _offset(self, array: str, kind: Array, indices: list[ast.expr]) -> str:
        text = ""
        for i, node in enumerate(indices):
            index, of = self.number(node)
            if of == "double" or (isinstance(node, ast.UnaryOp) and index.startswith("(-")):
                raise self.fail(node, "index that is no whole number from 0")
            text = f"({text} * {array}.n{i} + {index})" if text else index
        return text or "0"

    def _view(self, node: ast.AST, array: str, kind: Array, offset: str, used: int,
              slices: list[ast.expr]) -> Value:  # fmt: skip
        sizes = [f"{array}.n{i}" for i in range(used, kind.rank)]
        block = " * ".join(["1", *sizes[1:]])
        start = f"(({offset}) * {array}.n{used})" if used else "0"
        if slices:
            first = slices[0]
            assert isinstance(first, ast.Slice)
            later = [s for s in slices[1:] if ast.unparse(s) != ":"]
            if first.step is not None or later:
                raise self.fail(node, "slice that is not contiguous")
            low = self.number(first.lower)[0] if first.lower is not None else "0"
            high = self.number(first.upper)[0] if first.upper is not None else sizes[0]
            start, sizes[0] = f"({start} + {low})", f"({high} - {low})"
        view = self.unit.declare(Array(kind.item, kind.rank - used))
        fields = ", ".join([f"{array}.d + {start} * {block}", *sizes])
        return f"({c_name(view)}){{{fields}}}", view

    def _Call(self, node: ast.Call) -> Value:
        if node.keywords:
            raise self.fail(node, "keyword argument")
        if isinstance(node.func, ast.Name) and node.func.id not in self.types:
            name = node.func.id
            if self.unit.has(name):
                return self.unit.call(name, [self.value(a) for a in node.args])
        else:
            module, _, name = ast.unparse(node.func).rpartition(".")
            if module not in ("np", "math"):
                raise self.fail(node, "unknown function")
        if name == "claim":
            counter, place, n = (self.value(a)[0] for a in node.args)
            return f"__atomic_fetch_add(&{counter}.d[{place}], {n}, __ATOMIC_RELAXED)", "int"
        return self._builtin(node, name)

    def _builtin(self, node: ast.Call, name: str) -> Value:
        if name == "len":
            array, kind = self.value(node.args[0])
            if isinstance(kind, Array):
                return f"{array}.n0", "int"
        values = [self.number(a) for a in node.args]
        texts = [text for text, _ in values]
        kinds = [kind for _, kind in values]
        common = "double" if "double" in kinds else "int"
        if name in ("min", "max", "minimum", "maximum") and len(values) >= 2:
            text = texts[0]
            for other in texts[1:]:
                text = f"{name[:3]}_{common}({text}, {other})"
            return text, common
        if name in ("abs", "absolute") and len(values) == 1:
            return (f"fabs({texts[0]})", "double") if common == "double" else (
                f"llabs({texts[0]})", "int")  # fmt: skip
        if name in _CASTS and len(values) == 1:
            return f"(({SCALARS[_CASTS[name]]}){texts[0]})", _CASTS[name]
        if name in _TESTS:
            return f"({name}({texts[0]}) != 0)", "bool"
        if name in _LIBM:
            return f"{name}({', '.join(texts)})", "double"
        raise self.fail(node, "unknown function")


def plain_literal(value: object) -> Value | None:
    """C text of a number of the module, or nothing if it is no number."""
    if isinstance(value, (bool, np.bool_)):
        return str(int(value)), "bool"
    if isinstance(value, (int, np.integer)):
        return f"((int64_t){int(value)})", "int"
    if isinstance(value, (float, np.floating)):
        number = float(value)
        special = {np.inf: "INFINITY", -np.inf: "(-INFINITY)"}
        # all bits set: the one kind of it that matters
        return (
            '(-__builtin_nan("0xfffffffffffff"))'
            if number != number
            else special.get(number, f"({number!r})")
        ), "double"
    return None
