"""Compile straight-line lane functions to vector code inside numba.

A generated function is a loop over eight lanes around straight-line arithmetic on ``w[k + l]``.
Numba's own front end needs seconds for a thousand such lines and leaves vectorising to LLVM's
judgement. Here the same source is read as a syntax tree and lowered to operations on vectors of
eight doubles, as one LLVM function per kernel that numba compiles, links and caches with the rest.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from ldnsim.engine import LANES

_DOUBLE = ir.DoubleType()
_VECTOR = ir.VectorType(_DOUBLE, LANES)
_FLAGS = ("nsz", "arcp", "contract", "afn")
_OPERATORS = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}


class _Lowering:
    """Walks the body of one lane function and emits vector instructions."""

    def __init__(self, builder: Any, array: Any, names: dict[str, Any]) -> None:
        self.builder = builder
        self.array = array
        self.names = names

    def run(self, body: list[ast.stmt]) -> None:
        for statement in body:
            assert isinstance(statement, ast.Assign)
            target = statement.targets[0]
            value = self.value(statement.value)
            if isinstance(target, ast.Name):
                self.names[target.id] = value
            else:
                assert isinstance(target, ast.Subscript)
                self.builder.store(value, self.address(target), align=8)

    def address(self, node: ast.Subscript) -> Any:
        index = node.slice
        assert isinstance(index, ast.BinOp) and isinstance(index.left, ast.Constant)
        offset = ir.Constant(ir.IntType(64), index.left.value)
        pointer = self.builder.gep(self.array, [offset], source_etype=_DOUBLE)
        return self.builder.bitcast(pointer, ir.PointerType(_VECTOR))

    def value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            assert isinstance(node.value, (int, float))
            return ir.Constant(_VECTOR, [float(node.value)] * LANES)
        if isinstance(node, ast.Name):
            return self.names[node.id]
        if isinstance(node, ast.Subscript):
            return self.builder.load(self.address(node), align=8, typ=_VECTOR)
        if isinstance(node, ast.BinOp):
            operation = getattr(self.builder, _OPERATORS[type(node.op)])
            return operation(self.value(node.left), self.value(node.right), flags=_FLAGS)
        if isinstance(node, ast.UnaryOp):
            assert isinstance(node.op, ast.USub)
            return self.builder.fneg(self.value(node.operand), flags=_FLAGS)
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute), ast.dump(node)
        symbol = f"llvm.{node.func.attr}.v{LANES}f64"
        shape = ir.FunctionType(_VECTOR, [_VECTOR] * len(node.args))
        function = cgutils.get_or_insert_function(self.builder.module, shape, symbol)
        return self.builder.call(function, [self.value(a) for a in node.args])


def _define(module: Any, name: str, arguments: list[str], body: list[ast.stmt]) -> Any:
    """The LLVM function of one kernel, built the first time a module asks for it."""
    symbol = f"ldnsim_{name}"
    if symbol in module.globals:
        return module.globals[symbol]
    signature = ir.FunctionType(
        ir.VoidType(), [ir.PointerType(_DOUBLE)] + [_DOUBLE] * (len(arguments) - 1)
    )
    function = ir.Function(module, signature, symbol)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    names = {}
    for argument, scalar in zip(arguments[1:], function.args[1:], strict=True):
        first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), scalar, _index(0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        names[argument] = builder.shuffle_vector(first, ir.Constant(_VECTOR, ir.Undefined), mask)
    _Lowering(builder, function.args[0], names).run(body)
    builder.ret_void()
    return function


def _index(i: int) -> Any:
    return ir.Constant(ir.IntType(32), i)


def lanes(function: Callable[..., None]) -> Any:
    """Turn a generated lane function into something numba code can call.

    Args:
        function: ``f(w, *scalars)`` whose body is one loop over lanes; see :mod:`.emit`.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef) and isinstance(tree.body[0], ast.For)
    arguments = [a.arg for a in tree.args.args]
    body = tree.body[0].body

    def typing_of(context: Any, *given: Any) -> Any:
        array = types.Array(types.float64, 1, "C")
        signature = types.void(array, *[types.float64] * (len(arguments) - 1))

        def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            target = _define(builder.module, function.__name__, arguments, body)
            data = make_array(signature.args[0])(context, builder, values[0]).data
            builder.call(target, [data, *values[1:]])
            return context.get_dummy_value()

        return signature, codegen

    # numba reads the arity of the typing function, so it must be spelled out
    scope: dict[str, Any] = {"typing_of": typing_of}
    text = f"def {function.__name__}(context, {', '.join(arguments)}):\n"
    text += f"    return typing_of(context, {', '.join(arguments)})\n"
    exec(text, scope)
    return intrinsic(scope[function.__name__])


__all__ = ["LANES", "lanes"]
