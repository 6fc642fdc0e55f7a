"""Compile straight-line lane functions to vector code inside numba.

A generated function is a loop over eight lanes around straight-line arithmetic on ``w[k + l]``, or
on ``w[k + s + l]`` with a shift ``s``: an argument, or what an outer loop counts. ``w[k]`` alone is
one number for all lanes, and ``choose(mask, a, b)`` is ``a`` in lanes whose mask is set, else
``b``; a mask has all bits set, which reads as not a number, or none.
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
_INTEGER = ir.IntType(64)
_VECTOR = ir.VectorType(_DOUBLE, LANES)
_BITS = ir.VectorType(_INTEGER, LANES)
_FLAGS = ("nsz", "arcp", "contract", "afn")
_INTRINSICS = {"max": "maxnum"}
_SHIFT = "s"
_OPERATORS = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}


class _Lowering:
    """Walks the body of one lane function and emits vector instructions."""

    def __init__(self, builder: Any, array: Any, names: dict[str, Any], shift: Any = None) -> None:
        self.builder = builder
        self.array = array
        self.names = names
        self.shift = shift

    def run(self, body: list[ast.stmt]) -> None:
        for statement in body:
            # comments are gone with the text; what is left are assignments
            assert isinstance(statement, ast.Assign)
            target = statement.targets[0]
            value = self.value(statement.value)
            if isinstance(target, ast.Name):
                self.names[target.id] = value
            else:
                assert isinstance(target, ast.Subscript)
                self.builder.store(value, self.address(target), align=8)

    def address(self, node: ast.Subscript) -> Any:
        # constant + l, or constant + s + l: eight doubles in a row, of which l is the first
        index = node.slice
        assert isinstance(index, ast.BinOp)
        left = index.left
        shifted = isinstance(left, ast.BinOp)
        constant = left.left if isinstance(left, ast.BinOp) else left
        assert isinstance(constant, ast.Constant)
        offset = ir.Constant(_INTEGER, constant.value)
        if shifted:
            offset = self.builder.add(offset, self.shift)
        pointer = self.builder.gep(self.array, [offset], source_etype=_DOUBLE)
        return self.builder.bitcast(pointer, ir.PointerType(_VECTOR))

    def value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            assert isinstance(node.value, (int, float))
            return ir.Constant(_VECTOR, [float(node.value)] * LANES)
        if isinstance(node, ast.Name):
            return self.names[node.id]
        # w[constant]: one number, in every lane
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            at = ir.Constant(_INTEGER, node.slice.value)
            pointer = self.builder.gep(self.array, [at], source_etype=_DOUBLE)
            return _broadcast(self.builder, self.builder.load(pointer, typ=_DOUBLE))
        if isinstance(node, ast.Subscript):
            return self.builder.load(self.address(node), align=8, typ=_VECTOR)
        if isinstance(node, ast.BinOp):
            operation = getattr(self.builder, _OPERATORS[type(node.op)])
            return operation(self.value(node.left), self.value(node.right), flags=_FLAGS)
        if isinstance(node, ast.UnaryOp):
            assert isinstance(node.op, ast.USub)
            return self.builder.fneg(self.value(node.operand), flags=_FLAGS)
        # a function of every lane: LLVM has vector versions, or calls a vector library
        assert isinstance(node, ast.Call), ast.dump(node)
        name = ast.unparse(node.func).removeprefix("math.").removeprefix("np.")
        if name == "choose":
            return self.chosen(*(self.value(a) for a in node.args))
        symbol = f"llvm.{_INTRINSICS.get(name, name)}.v{LANES}f64"
        shape = ir.FunctionType(_VECTOR, [_VECTOR] * len(node.args))
        function = cgutils.get_or_insert_function(self.builder.module, shape, symbol)
        return self.builder.call(function, [self.value(a) for a in node.args])

    def chosen(self, mask: Any, a: Any, b: Any) -> Any:
        """``a`` where all bits of the mask are set, ``b`` where none is: ``(m & a) | (~m & b)``."""
        # not a select: LLVM would make masked stores of those, which some processors hardly can do
        m, a, b = (self.builder.bitcast(x, _BITS) for x in (mask, a, b))
        others = self.builder.and_(self.builder.not_(m), b)
        return self.builder.bitcast(self.builder.or_(self.builder.and_(m, a), others), _VECTOR)


def _define(module: Any, name: str, arguments: list[str], loop: ast.For) -> Any:
    """The LLVM function of one kernel, built the first time a module asks for it."""
    symbol = f"ldnsim_{name}"
    # a kernel that several functions call is in their common module once
    if symbol in module.globals:
        return module.globals[symbol]
    kinds = [_INTEGER if a == _SHIFT else _DOUBLE for a in arguments[1:]]
    signature = ir.FunctionType(ir.VoidType(), [ir.PointerType(_DOUBLE), *kinds])
    function = ir.Function(module, signature, symbol)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    names, shift = {}, None
    for argument, scalar in zip(arguments[1:], function.args[1:], strict=True):
        if argument == _SHIFT:
            shift = scalar
        else:
            names[argument] = _broadcast(builder, scalar)
    if isinstance(loop.body[0], ast.For):
        _shifted_loop(builder, function, names, loop)
    else:
        _Lowering(builder, function.args[0], names, shift).run(loop.body)
    builder.ret_void()
    return function


def _broadcast(builder: Any, scalar: Any) -> Any:
    """A vector of eight copies of a scalar."""
    first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), scalar, _index(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, ir.Constant(_VECTOR, ir.Undefined), mask)


def _shifted_loop(builder: Any, function: Any, names: dict[str, Any], loop: ast.For) -> None:
    """``for s in range(start, stop, step)`` with constant bounds, around the loop over lanes."""
    assert isinstance(loop.iter, ast.Call) and isinstance(loop.body[0], ast.For)
    start, stop, step = (ast.literal_eval(a) for a in loop.iter.args)
    # before -> body (s = start, start + step, ...) -> after; it runs at least once
    before = builder.block
    body, after = function.append_basic_block(), function.append_basic_block()
    builder.branch(body)
    builder.position_at_end(body)
    shift = builder.phi(_INTEGER)
    shift.add_incoming(ir.Constant(_INTEGER, start), before)
    _Lowering(builder, function.args[0], dict(names), shift).run(loop.body[0].body)
    following = builder.add(shift, ir.Constant(_INTEGER, step))
    shift.add_incoming(following, body)
    more = builder.icmp_signed("<", following, ir.Constant(_INTEGER, stop))
    builder.cbranch(more, body, after)
    builder.position_at_end(after)


def _index(i: int) -> Any:
    return ir.Constant(ir.IntType(32), i)


def _loop_of(function: Callable[..., None]) -> ast.For:
    """The loop that is, after a docstring, the body of a generated lane function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef) and isinstance(tree.body[-1], ast.For)
    return tree.body[-1]


def lanes(function: Callable[..., None]) -> Any:
    """Turn a generated lane function into something numba code can call.

    Its source is read when it is compiled, not before: kernels from the cache need none of it.

    Args:
        function: ``f(w, *scalars)`` whose body is one loop over lanes; see
            :func:`ldnsim.engine.generate.source.lane_function`.
    """
    arguments = list(inspect.signature(function).parameters)

    def typing_of(context: Any, *given: Any) -> Any:
        array = types.Array(types.float64, 1, "C")
        scalars = [types.int64 if a == _SHIFT else types.float64 for a in arguments[1:]]
        signature = types.void(array, *scalars)

        def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            # numba inlines the call, but not the function behind it: that is compiled once
            loop = _loop_of(function)
            target = _define(builder.module, function.__name__, arguments, loop)
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


def _claim(context: Any, counter: Any, place: Any, n: Any) -> Any:
    """Add ``n`` to one place of an array of counters that threads share; returns what it was."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, values[0]).data
        pointer = builder.gep(data, [values[1]], source_etype=_INTEGER)
        return builder.atomic_rmw("add", pointer, values[2], "monotonic")

    array = types.Array(types.int64, 1, "C")
    return types.int64(array, types.int64, types.int64), codegen


claim = intrinsic(_claim)
__all__ = ["LANES", "claim", "lanes"]
