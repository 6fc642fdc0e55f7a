"""Lane functions to C: a loop over lanes around straight-line arithmetic becomes vector code.

A lane function is ``for l in range(N):`` over assignments whose arrays are read and written at
``array[offset + l]``. In C each name holds one vector of ``N`` doubles (GCC's vector extension). An
element ``array[offset]`` is one number for all lanes. Around the loop over lanes may stand one loop
over a shift of the offsets.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from benchmarks.translate.kinds import Array, Type, Unknown

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_UNARY = ("sqrt", "exp", "log", "cos", "sin", "fabs", "tanh", "expm1", "log1p", "floor")
_BINARY = ("pow", "max", "min")
_TERNARY = ("choose",)
_SPELLED = {"abs": "fabs"}


def _loop(node: ast.FunctionDef) -> tuple[ast.For | None, ast.For]:
    """The loop over shifts, if there is one, and the loop over lanes."""
    outer = node.body[-1]
    if isinstance(outer, ast.For) and len(outer.body) == 1 and isinstance(outer.body[0], ast.For):
        return outer, outer.body[0]
    if isinstance(outer, ast.For):
        return None, outer
    raise Unknown(f"lane function {node.name}: line {node.lineno} is not one loop over lanes")


def width(node: ast.FunctionDef) -> int:
    """Number of lanes a lane function loops over."""
    loop = _loop(node)[1]
    given = loop.iter.args if isinstance(loop.iter, ast.Call) else []
    if len(given) != 1 or not isinstance(given[0], ast.Constant):
        raise Unknown(f"lane function {node.name}: its loop has no constant number of lanes")
    return int(str(given[0].value))


def runtime(n: int) -> str:
    """C text that every unit with lane functions needs: the vector type and its functions."""
    size = 8 * n
    lines = [
        f"typedef double vec __attribute__((vector_size({size})));",
        f"typedef double vec_u __attribute__((vector_size({size}), aligned(8), may_alias));",
        "static inline vec splat(double x) { return x + (vec){0}; }",
    ]
    each = f"for (int l = 0; l < {n}; l++)"
    for name in _UNARY:
        lines.append(f"static inline vec vec_{name}(vec x) "
                     f"{{ vec r; {each} r[l] = {name}(x[l]); return r; }}")  # fmt: skip
    number = "x[l] == x[l] ? x[l] : y[l]"  # of a number and not a number, the number
    for name, value in (("pow", "pow(x[l], y[l])"), ("max", f"y[l] > x[l] ? y[l] : {number}"),
                        ("min", f"y[l] < x[l] ? y[l] : {number}")):  # fmt: skip
        lines.append(f"static inline vec vec_{name}(vec x, vec y) "
                     f"{{ vec r; {each} r[l] = {value}; return r; }}")  # fmt: skip
    # a mask has all bits set, or none
    lines += [
        f"typedef long long bits __attribute__((vector_size({size})));",
        "static inline vec vec_choose(vec m, vec a, vec b) "
        "{ return (vec)(((bits)m & (bits)a) | (~(bits)m & (bits)b)); }",
    ]
    return "\n".join(lines)


@dataclass
class _Lanes:
    """Writes the expressions of one lane function; a value is C text and whether it is a vector."""

    name: str
    lane: str
    arrays: set[str]
    scalars: set[str]
    whole: set[str]
    vectors: set[str]

    def fail(self, node: ast.AST, what: str) -> Unknown:
        line = getattr(node, "lineno", "?")
        return Unknown(f"lane function {self.name}, line {line}: {what}: {ast.unparse(node)[:80]}")

    def offset(self, node: ast.expr) -> str:
        """C text of a sum or product of whole numbers and shifts."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id not in self.whole:
                raise self.fail(node, "offset that is not a constant or a shift")
            if not isinstance(part, (ast.Constant, ast.BinOp, ast.Name, ast.operator, ast.Load)):
                raise self.fail(node, "offset that is not a sum")
        named = {n: ast.Name(f"v_{n}") for n in self.whole}
        return ast.unparse(_Rename(named).visit(ast.parse(ast.unparse(node), mode="eval")))

    def address(self, node: ast.Subscript) -> tuple[str, bool]:
        """C text of an element, and whether it is one of each lane."""
        index = node.slice
        if not (isinstance(node.value, ast.Name) and node.value.id in self.arrays):
            raise self.fail(node, "not an element of an array")
        array = f"v_{node.value.id}"
        if isinstance(index, ast.Name) and index.id == self.lane:
            return f"*(vec_u *)({array})", True
        if (isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add)
                and isinstance(index.right, ast.Name) and index.right.id == self.lane):  # fmt: skip
            return f"*(vec_u *)({array} + {self.offset(index.left)})", True
        return f"{array}[{self.offset(index)}]", False

    def value(self, node: ast.expr) -> tuple[str, bool]:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return repr(float(node.value)), False
        if isinstance(node, ast.Name) and node.id in self.scalars | self.vectors:
            return f"v_{node.id}", node.id in self.vectors
        if isinstance(node, ast.Name) and node.id in self.whole:
            return f"(double)v_{node.id}", False
        if isinstance(node, ast.Subscript):
            return self.address(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            text, vector = self.value(node.operand)
            return f"(-{text})", vector
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            (left, a), (right, b) = self.value(node.left), self.value(node.right)
            return f"({left} {_OPERATORS[type(node.op)]} {right})", a or b
        if isinstance(node, ast.Call) and not node.keywords:
            return self.call(node), True
        raise self.fail(node, "unknown expression")

    def call(self, node: ast.Call) -> str:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        name = _SPELLED.get(name, name)
        known = {**dict.fromkeys(_UNARY, 1), **dict.fromkeys(_BINARY, 2)}
        expected = {**known, **dict.fromkeys(_TERNARY, 3)}.get(name, -1)
        if len(node.args) != expected:
            raise self.fail(node, "unknown function")
        return f"vec_{name}({', '.join(self.vector(a) for a in node.args)})"

    def vector(self, node: ast.expr) -> str:
        text, is_vector = self.value(node)
        return text if is_vector else f"splat({text})"


def lane_function(node: ast.FunctionDef, types: tuple[Type, ...], symbol: str) -> str:
    """C text of one lane function for given argument types (arrays of doubles, and numbers).

    Raises:
        Unknown: a construct outside the subset; the message names it.
    """
    width(node)
    outer, loop = _loop(node)
    names = [a.arg for a in node.args.args]
    if len(names) != len(types):
        raise Unknown(f"lane function {node.name} takes {len(names)} arguments, not {len(types)}")
    arrays = {n for n, t in zip(names, types, strict=True) if isinstance(t, Array)}
    whole = {n for n, t in zip(names, types, strict=True) if t == "int"}
    spelled = {**dict.fromkeys(arrays, "double *"), **dict.fromkeys(whole, "int64_t ")}
    head = [f"{spelled.get(n, 'double ')}v_{n}" for n in names]
    lower = _Lanes(node.name, ast.unparse(loop.target), arrays, set(names) - arrays - whole, whole,
                   set())  # fmt: skip
    start, end = _shifts(outer, lower)
    lines = []
    for statement in [*node.body[:-1], *loop.body]:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise lower.fail(statement, "unknown statement")
        target, text = statement.targets[0], lower.vector(statement.value)
        if isinstance(target, ast.Name):
            new = "" if target.id in lower.vectors else "vec "
            lower.vectors.add(target.id)
            lower.scalars.discard(target.id)
            lines.append(f"{new}v_{target.id} = {text};")
        elif isinstance(target, ast.Subscript):
            place, each = lower.address(target)
            if not each:
                raise lower.fail(statement, "one number stored from every lane")
            lines.append(f"{place} = {text};")
        else:
            raise lower.fail(statement, "unknown target")
    body = "\n  ".join([*start, *lines, *end])
    return f"static __attribute__((noinline)) void {symbol}({', '.join(head)}) {{\n  {body}\n}}\n"


def _shifts(outer: ast.For | None, lower: _Lanes) -> tuple[list[str], list[str]]:
    """Begin and end of the loop over shifts."""
    if outer is None:
        return [], []
    if not (isinstance(outer.iter, ast.Call) and ast.unparse(outer.iter.func) == "range"
            and all(isinstance(a, ast.Constant) for a in outer.iter.args)):  # fmt: skip
        raise lower.fail(outer, "loop over something other than constant shifts")
    limits = [ast.unparse(a) for a in outer.iter.args]
    first, stop = ("0", limits[0]) if len(limits) == 1 else limits[:2]
    by, name = limits[2] if len(limits) == 3 else "1", ast.unparse(outer.target)
    lower.whole.add(name)
    return [f"for (int64_t v_{name} = {first}; v_{name} < {stop}; v_{name} += {by}) {{"], ["}"]


class _Rename(ast.NodeTransformer):
    """Replaces names."""

    def __init__(self, names: dict[str, ast.Name]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self.names.get(node.id, node)
