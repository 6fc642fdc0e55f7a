"""Scalar functions of a kernel module to C: loops, conditions, calls and typed arrays.

A function is translated for given argument types. Its body is walked until the types of its local
names no longer change; the text of the last walk counts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.translate.expressions import Expressions, Value
from benchmarks.translate.kinds import SCALARS, Array, Tuple, Type, Unknown, c_name, meet

if TYPE_CHECKING:
    from benchmarks.translate.unit import Unit

_NEW = ("zeros", "empty", "ones", "full")
_ON_STACK = 8192
"""Largest array, in elements of known number, that is kept on the stack."""
_OPERATORS = {ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.FloorDiv, ast.Mod, ast.BitAnd,
              ast.BitOr, ast.BitXor, ast.LShift, ast.RShift}  # fmt: skip


class Function:
    """One function for given argument types; :attr:`text` and :attr:`returns` are the result."""

    def __init__(self, unit: Unit, node: ast.FunctionDef, kinds: tuple[Type, ...],
                 symbol: str) -> None:  # fmt: skip
        """Translate ``node`` for arguments of the given kinds."""
        names = [a.arg for a in node.args.args]
        if len(names) != len(kinds) or node.args.defaults or node.args.kwonlyargs:
            raise Unknown(f"function {node.name} takes {names}, called with {len(kinds)} values")
        self.given = dict(zip(names, kinds, strict=True))
        self.types: dict[str, Type] = dict(self.given)
        self.returns: Type | None = None
        self.expressions = Expressions(unit, node.name, self.types)
        self.unit = unit
        before: object = None
        while before != (self.types, self.returns):
            before = (dict(self.types), self.returns)
            self.storage: list[str] = []
            self.counter = 0
            body = self._block(node.body)
        self.text = self._assemble(symbol, body)

    def _assemble(self, symbol: str, body: list[str]) -> str:
        arguments, lines = [], []
        for name, kind in self.types.items():
            if name not in self.given:
                lines.append(f"{c_name(kind)} v_{name};")
            elif kind == self.given[name]:
                arguments.append(f"{c_name(kind)} v_{name}")
            else:  # an argument that takes values of a wider type later on
                arguments.append(f"{c_name(self.given[name])} in_{name}")
                lines.append(f"{c_name(kind)} v_{name} = in_{name};")
        head = f"static {c_name(self.returns or 'void')} {symbol}({', '.join(arguments)})"
        inner = "\n".join(f"  {line}" for line in [*lines, *self.storage, *body])
        return f"{head} {{\n{inner}\n}}\n"

    # -- statements --------------------------------------------------------------------

    def _block(self, statements: list[ast.stmt]) -> list[str]:
        lines: list[str] = []
        for node in statements:
            handler: Callable[..., list[str]] | None
            handler = getattr(self, f"_{type(node).__name__}", None)
            if handler is None:
                raise self.expressions.fail(node, f"unknown statement {type(node).__name__}")
            lines += handler(node)
        return lines

    def _nested(self, head: str, statements: list[ast.stmt]) -> list[str]:
        return [f"{head} {{", *(f"  {line}" for line in self._block(statements)), "}"]

    def _Pass(self, node: ast.Pass) -> list[str]:
        return []

    def _Break(self, node: ast.Break) -> list[str]:
        return ["break;"]

    def _Continue(self, node: ast.Continue) -> list[str]:
        return ["continue;"]

    def _Expr(self, node: ast.Expr) -> list[str]:
        if isinstance(node.value, ast.Constant):
            return []  # a docstring
        return [self.expressions.value(node.value)[0] + ";"]

    def _Return(self, node: ast.Return) -> list[str]:
        if node.value is None:
            text, kind = "", "void"
        else:
            text, kind = self.expressions.value(node.value)  # type: ignore[assignment]
        self.returns = meet(self.returns, kind, f"what {self.expressions.name} returns")
        if isinstance(self.returns, Tuple):
            self.unit.declare(self.returns)
            if isinstance(node.value, ast.Tuple):
                text = f"({c_name(self.returns)})" + text.split(")", 1)[1]
        return [f"return {text};"]

    def _If(self, node: ast.If) -> list[str]:
        lines = self._nested(f"if ({self.expressions.test(node.test)})", node.body)
        return lines + (self._nested("else", node.orelse) if node.orelse else [])

    def _While(self, node: ast.While) -> list[str]:
        if node.orelse:
            raise self.expressions.fail(node, "while with an else")
        return self._nested(f"while ({self.expressions.test(node.test)})", node.body)

    def _For(self, node: ast.For) -> list[str]:
        call = node.iter
        if node.orelse or not (isinstance(call, ast.Call) and ast.unparse(call.func) == "range"
                               and isinstance(node.target, ast.Name)):  # fmt: skip
            raise self.expressions.fail(node, "loop over something other than a range")
        limits = [self.expressions.number(a) for a in call.args]
        if any(kind == "double" for _, kind in limits):
            raise self.expressions.fail(node, "range of numbers that are not whole")
        texts = [text for text, _ in limits]
        start, stop = ("0", texts[0]) if len(texts) == 1 else texts[:2]
        by = texts[2] if len(texts) == 3 else "1"
        down = len(texts) == 3 and isinstance(call.args[2], ast.UnaryOp)
        name = node.target.id
        self.types[name] = meet(self.types.get(name), "int", name)
        self.counter += 1
        i, end = f"i_{self.counter}", f"e_{self.counter}"
        head = (f"for (int64_t {i} = {start}, {end} = {stop}; {i} {'>' if down else '<'} {end}; "
                f"{i} += {by})")  # fmt: skip
        lines = self._nested(head, node.body)
        return [lines[0], f"  v_{name} = {i};", *lines[1:]]

    def _Assign(self, node: ast.Assign) -> list[str]:
        if len(node.targets) != 1:
            raise self.expressions.fail(node, "two targets")
        target = node.targets[0]
        if isinstance(target, ast.Name):
            if self._is_new_array(node.value):
                return self._allocate(target.id, node.value)
            return self._set(target.id, self.expressions.value(node.value))
        if isinstance(target, ast.Tuple):
            return self._unpack(node, target)
        if isinstance(target, ast.Subscript):
            return self._store(node, target, node.value)
        raise self.expressions.fail(node, "unknown target")

    def _AnnAssign(self, node: ast.AnnAssign) -> list[str]:
        if node.value is None:
            return []
        return self._Assign(ast.Assign([node.target], node.value, lineno=node.lineno))

    def _AugAssign(self, node: ast.AugAssign) -> list[str]:
        if type(node.op) not in _OPERATORS:
            raise self.expressions.fail(node, "unknown operator")
        load: ast.expr = ast.parse(ast.unparse(node.target), mode="eval").body
        value = ast.BinOp(load, node.op, node.value, lineno=node.lineno)
        return self._Assign(ast.Assign([node.target], value, lineno=node.lineno))

    def _set(self, name: str, value: Value) -> list[str]:
        text, kind = value
        if kind == "void":
            raise Unknown(f"function {self.expressions.name}: {name} is given nothing")
        self.types[name] = meet(self.types.get(name), kind, f"{self.expressions.name}: {name}")
        return [f"v_{name} = {text};"]

    def _unpack(self, node: ast.Assign, target: ast.Tuple) -> list[str]:
        text, kind = self.expressions.value(node.value)
        if not isinstance(kind, Tuple) or len(kind.items) != len(target.elts):
            raise self.expressions.fail(node, "unpacking of something that is no tuple")
        self.counter += 1
        pack = f"t_{self.counter}"
        lines = [f"{c_name(kind)} {pack} = {text};"]
        for i, (element, item) in enumerate(zip(target.elts, kind.items, strict=True)):
            if isinstance(element, ast.Name):
                lines += self._set(element.id, (f"{pack}.f{i}", item))
            elif isinstance(element, ast.Subscript):
                lines.append(f"{self.expressions.element(element)[0]} = {pack}.f{i};")
            else:
                raise self.expressions.fail(node, "unknown target")
        return ["{", *(f"  {line}" for line in lines), "}"]

    # -- arrays ------------------------------------------------------------------------

    def _store(self, node: ast.stmt, target: ast.Subscript, value: ast.expr) -> list[str]:
        place, kind = self.expressions.element(target)
        text, given = self.expressions.value(value)
        if not isinstance(kind, Array):
            self.expressions.number(value)
            return [f"{place} = {text};"]
        self.counter += 1
        view, other = f"a_{self.counter}", f"b_{self.counter}"
        count = " * ".join(f"{view}.n{i}" for i in range(kind.rank))
        lines = [f"{c_name(kind)} {view} = {place};"]
        if given == kind:
            lines += [f"{c_name(kind)} {other} = {text};",
                      f"memmove({view}.d, {other}.d, sizeof *{view}.d * ({count}));"]  # fmt: skip
        elif isinstance(given, str):
            lines += [f"{c_name(given)} {other} = {text};",
                      f"for (int64_t e = 0; e < {count}; e++) {view}.d[e] = {other};"]  # fmt: skip
        else:
            raise self.expressions.fail(node, "assignment between arrays of different kinds")
        return ["{", *(f"  {line}" for line in lines), "}"]

    def _is_new_array(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and ast.unparse(node.func) in [f"np.{n}" for n in _NEW]

    def _allocate(self, name: str, node: ast.expr) -> list[str]:
        assert isinstance(node, ast.Call)
        maker, arguments = ast.unparse(node.func)[3:], list(node.args)
        words = {k.arg: k.value for k in node.keywords}
        fill = {"zeros": "0", "ones": "1", "empty": ""}.get(maker)
        shape = arguments.pop(0)
        if fill is None:
            fill = self.expressions.number(arguments.pop(0))[0]
        wanted = arguments.pop(0) if arguments else words.pop("dtype", None)
        if arguments or words:
            raise self.expressions.fail(node, "unknown arguments of a new array")
        item = self._item(node, wanted)
        sizes = shape.elts if isinstance(shape, ast.Tuple) else [shape]
        kind = self.unit.declare(Array(item, len(sizes)))
        known = self.unit.known(ast.Tuple(list(sizes)))
        texts = [self.expressions.number(s)[0] for s in sizes]
        lines = self._memory(name, item, texts, known, fill)
        return self._set(name, (f"({c_name(kind)}){{{', '.join(lines.pop(0) + texts)}}}", kind)) + (
            [] if not fill else [self._fill(name, kind, fill)])  # fmt: skip

    def _memory(self, name: str, item: str, texts: list[str], known: object,
                fill: str) -> list[list[str]]:  # fmt: skip
        """Where an array lives: on the stack if its size is known and small, else on the heap."""
        self.counter += 1
        label, c = f"m_{self.counter}", SCALARS[item]
        count = 1
        for size in known if isinstance(known, tuple) else ():
            count *= int(size)
        need = " * ".join([f"sizeof({c})", *texts])
        if isinstance(self.returns, Array):  # it may be this one: kept until the entry returns
            return [[f"({c} *)keep({need})"]]
        if isinstance(known, tuple) and count <= _ON_STACK:
            self.storage.append(f"{c} {label}[{max(count, 1)}] __attribute__((aligned(64)));")
            return [[label]]
        self.storage.append(f"{c} *{label} __attribute__((cleanup(release))) = 0;")
        return [[f"({c} *)grab((void **)&{label}, {need})"]]

    def _fill(self, name: str, kind: Array, fill: str) -> str:
        count = " * ".join(f"v_{name}.n{i}" for i in range(kind.rank))
        return f"for (int64_t e = 0; e < {count}; e++) v_{name}.d[e] = {fill};"

    def _item(self, node: ast.AST, wanted: ast.expr | None) -> str:
        names = {"np.float64": "double", "float": "double", "np.int64": "int", "int": "int",
                 "np.int8": "byte", "np.bool_": "bool", "bool": "bool"}  # fmt: skip
        text = "np.float64" if wanted is None else ast.unparse(wanted)
        if text not in names:
            raise self.expressions.fail(node, f"array of {text}")
        return names[text]
