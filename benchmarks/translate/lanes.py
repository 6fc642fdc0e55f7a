"""Lane functions to C: a loop over lanes around straight-line arithmetic becomes vector code.

A lane function is ``for l in range(N):`` over assignments whose arrays are read and written at
``array[offset + l]``. In C each name holds one vector of ``N`` doubles (GCC's vector extension).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from benchmarks.translate.kinds import Array, Type, Unknown

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_UNARY = ("sqrt", "exp", "log", "cos", "sin", "fabs", "tanh", "expm1", "log1p")
_BINARY = ("pow", "max", "min")
_SPELLED = {"abs": "fabs"}


def width(node: ast.FunctionDef) -> int:
    """Number of lanes a lane function loops over."""
    loop = node.body[-1]
    if not (isinstance(loop, ast.For) and isinstance(loop.iter, ast.Call)):
        raise Unknown(f"lane function {node.name}: line {node.lineno} is not one loop over lanes")
    number = loop.iter.args[0]
    if len(loop.iter.args) != 1 or not isinstance(number, ast.Constant):
        raise Unknown(f"lane function {node.name}: its loop has no constant number of lanes")
    return int(str(number.value))


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
    for name, value in (("pow", "pow(x[l], y[l])"), ("max", "y[l] > x[l] ? y[l] : x[l]"),
                        ("min", "y[l] < x[l] ? y[l] : x[l]")):  # fmt: skip
        lines.append(f"static inline vec vec_{name}(vec x, vec y) "
                     f"{{ vec r; {each} r[l] = {value}; return r; }}")  # fmt: skip
    return "\n".join(lines)


@dataclass
class _Lanes:
    """Writes the expressions of one lane function; a value is C text and whether it is a vector."""

    name: str
    lane: str
    arrays: set[str]
    scalars: set[str]
    vectors: set[str]

    def fail(self, node: ast.AST, what: str) -> Unknown:
        line = getattr(node, "lineno", "?")
        return Unknown(f"lane function {self.name}, line {line}: {what}: {ast.unparse(node)[:80]}")

    def address(self, node: ast.Subscript) -> str:
        index = node.slice
        if not (isinstance(node.value, ast.Name) and node.value.id in self.arrays):
            raise self.fail(node, "not an element of an array")
        if isinstance(index, ast.Name) and index.id == self.lane:
            offset = "0"
        elif (isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add)
              and isinstance(index.right, ast.Name) and index.right.id == self.lane):  # fmt: skip
            offset = ast.unparse(index.left)
            if not all(isinstance(n, (ast.Constant, ast.BinOp, ast.operator))
                       for n in ast.walk(index.left)):  # fmt: skip
                raise self.fail(node, "offset that is not a constant")
        else:
            raise self.fail(node, "index that is not 'offset + lane'")
        return f"*(vec_u *)(v_{node.value.id} + {offset})"

    def value(self, node: ast.expr) -> tuple[str, bool]:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return repr(float(node.value)), False
        if isinstance(node, ast.Name) and node.id in self.scalars | self.vectors:
            return f"v_{node.id}", node.id in self.vectors
        if isinstance(node, ast.Subscript):
            return self.address(node), True
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
        expected = 1 if name in _UNARY else 2 if name in _BINARY else -1
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
    loop = node.body[-1]
    assert isinstance(loop, ast.For)
    names = [a.arg for a in node.args.args]
    if len(names) != len(types):
        raise Unknown(f"lane function {node.name} takes {len(names)} arguments, not {len(types)}")
    arrays = {n for n, t in zip(names, types, strict=True) if isinstance(t, Array)}
    head = [f"double *v_{n}" if n in arrays else f"double v_{n}" for n in names]
    lower = _Lanes(node.name, ast.unparse(loop.target), arrays, set(names) - arrays, set())
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
            lines.append(f"{lower.address(target)} = {text};")
        else:
            raise lower.fail(statement, "unknown target")
    body = "\n  ".join(lines)
    return f"static __attribute__((noinline)) void {symbol}({', '.join(head)}) {{\n  {body}\n}}\n"
