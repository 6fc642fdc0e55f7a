"""A kernel module as one C file, compiled with gcc and called like the module.

Nothing is written by hand for a particular module: a function is translated when it is called,
for the types of the arguments it is called with, and with it all that it calls.
"""

from __future__ import annotations

import ast
import ctypes
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.translate import lanes
from benchmarks.translate.expressions import Value, plain_literal
from benchmarks.translate.functions import Function
from benchmarks.translate.kinds import SCALARS, Array, Tuple, Type, Unknown, c_name, type_of

FLAGS = ("-O3", "-march=native", "-mprefer-vector-width=512", "-fno-math-errno",
         "-fno-trapping-math", "-ffp-contract=fast", "-freciprocal-math",
         "-fno-signed-zeros")  # fmt: skip
"""For compiling only: -ffast-math while linking would make the whole process flush to zero."""
_C_TYPES = {"double": ctypes.c_double, "int": ctypes.c_int64, "bool": ctypes.c_bool,
            "byte": ctypes.c_int8}  # fmt: skip
_HEAD = """#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
static inline double max_double(double a, double b) { return b > a ? b : a; }
static inline double min_double(double a, double b) { return b < a ? b : a; }
static inline int64_t max_int(int64_t a, int64_t b) { return b > a ? b : a; }
static inline int64_t min_int(int64_t a, int64_t b) { return b < a ? b : a; }
static inline int64_t floor_div_int(int64_t a, int64_t b) { return a / b - ((a % b != 0) & ((a ^ b) < 0)); }
static inline int64_t floor_mod_int(int64_t a, int64_t b) { return a - b * floor_div_int(a, b); }
static inline double floor_div_double(double a, double b) { return floor(a / b); }
static inline double floor_mod_double(double a, double b) { return a - b * floor(a / b); }
static void release(void *p) { free(*(void **)p); }
static void *grab(void **p, size_t bytes) {
  free(*p);
  *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
  return *p;
}
static __thread void **kept = 0;
static void *keep(size_t bytes) {
  void **block = aligned_alloc(64, (bytes + 191) / 64 * 64);
  *block = kept;
  kept = block;
  return (char *)block + 64;
}
static void let_go(void) {
  while (kept) { void **next = *kept; free(kept); kept = next; }
}
"""  # noqa: E501
_PLAIN = """
def jit(function):
    return function


def choose(mask, a, b):
    return a if mask != 0.0 else b


lanes = inlined = jit
"""


class Unit:
    """A kernel module in C.

    Attributes:
        constants: value of every name the module defines outside functions.
    """

    def __init__(self, text: str) -> None:
        """Read a module as :func:`ldnsim.engine.generate.kernels.generate` gives it."""
        plain = text.replace("{jit}", _PLAIN, 1)
        self.constants: dict[str, Any] = {}
        exec(compile(plain, "kernels", "exec"), self.constants)
        functions = [n for n in ast.parse(plain).body if isinstance(n, ast.FunctionDef)]
        marks = {n.name: [ast.unparse(d) for d in n.decorator_list] for n in functions}
        self._lane = {n.name: n for n in functions if marks[n.name] == ["lanes"]}
        self._scalar = {n.name: n for n in functions if marks[n.name] in (["jit"], ["inlined"])}
        self._symbols: dict[tuple[str, tuple[Type, ...]], tuple[str, Type] | None] = {}
        self._structs: dict[str, str] = {}
        self._tables: dict[str, str] = {}
        self._bodies: list[str] = []
        self._entries: dict[tuple[str, tuple[Type, ...]], Callable[..., Any]] = {}

    # -- asked by the translation of a function ------------------------------------------

    def has(self, name: str) -> bool:
        """Whether the module defines a function of this name."""
        return name in self._lane or name in self._scalar

    def declare(self, kind: Any) -> Any:
        """Make sure a struct type is in the C file; returns the type."""
        if isinstance(kind, (Array, Tuple)):
            for inner in kind.items if isinstance(kind, Tuple) else ():
                self.declare(inner)
            self._structs.setdefault(kind.c, kind.definition())
        return kind

    def constant(self, name: str) -> Value:
        """C text and type of a name of the module.

        Raises:
            Unknown: the module has no such name, or it is neither a number nor an array.
        """
        if name not in self.constants:
            raise Unknown(f"name {name!r} is read before it has a value")
        value = self.constants[name]
        literal = plain_literal(value)
        if literal is not None:
            return literal
        if isinstance(value, tuple):
            value = np.array(value)
        if not isinstance(value, np.ndarray):
            raise Unknown(f"constant {name!r} is a {type(value).__name__}")
        kind = self.declare(type_of(value))
        assert isinstance(kind, Array)
        numbers = ", ".join(str((plain_literal(v) or ("?", ""))[0]) for v in value.ravel().tolist())
        sizes = ", ".join(map(str, value.shape))
        self._tables[name] = (
            f"static const {SCALARS[kind.item]} c_{name}_d[] = {{{numbers}}};\n"
            f"static const {kind.c} c_{name} = {{({SCALARS[kind.item]} *)c_{name}_d, {sizes}}};"
        )
        return f"c_{name}", kind

    def known(self, node: ast.expr) -> object:
        """Value of an expression in constants of the module, or nothing."""
        try:
            expression = ast.fix_missing_locations(ast.Expression(node))
            return eval(compile(expression, "constant", "eval"), dict(self.constants))
        except (NameError, TypeError, ValueError):
            return None

    def call(self, name: str, values: list[Value]) -> Value:
        """C text and type of a call of one of the module's functions."""
        symbol, returns = self._translate(name, tuple(kind for _, kind in values))
        texts = [text for text, _ in values]
        if name in self._lane:
            texts = [t + ".d" if isinstance(k, Array) else t for t, k in values]
        return f"{symbol}({', '.join(texts)})", returns

    def _translate(self, name: str, kinds: tuple[Type, ...]) -> tuple[str, Type]:
        key = name, kinds
        if key in self._symbols:
            found = self._symbols[key]
            if found is None:
                raise Unknown(f"function {name} calls itself")
            return found
        symbol = f"f{len(self._symbols)}_{name}"
        self._symbols[key] = None
        returns: Type = "void"
        if name in self._lane:
            text = lanes.lane_function(self._lane[name], kinds, symbol)
        else:
            function = Function(self, self._scalar[name], kinds, symbol)
            text, returns = function.text, function.returns or "void"
        self._bodies.append(text)
        self._symbols[key] = symbol, returns
        return symbol, returns

    # -- the C file ------------------------------------------------------------------------

    def source(self, name: str, kinds: tuple[Type, ...]) -> str:
        """The C file with function ``name`` for such arguments as its entry ``run``."""
        for kind in kinds:
            self.declare(kind)
        symbol, returns = self._translate(name, kinds)
        given: list[str] = []
        passed = [_parameter(f"p{i}", kind, given) for i, kind in enumerate(kinds)]
        entry = f"{c_name(returns)} run({', '.join(given)}) {{\n  "
        called = f"{symbol}({', '.join(passed)});\n  let_go();\n"
        if returns == "void":
            entry += f"{called}}}\n"
        else:
            entry += f"{c_name(returns)} value = {called}  return value;\n}}\n"
        wide = {lanes.width(n) for n in self._lane.values()} or {8}
        if len(wide) != 1:
            raise Unknown(f"lane functions of different widths: {sorted(wide)}")
        return "\n".join([_HEAD, lanes.runtime(wide.pop()), *self._structs.values(),
                          *self._tables.values(), *self._bodies, entry])  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        """A constant, or a function that is compiled when it is called."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._scalar:
            return lambda *arguments: self._run(name, arguments)
        if name in self.constants:
            return self.constants[name]
        raise AttributeError(name)

    def _run(self, name: str, arguments: tuple[Any, ...]) -> Any:
        kinds = tuple(type_of(a) for a in arguments)
        if (name, kinds) not in self._entries:
            returns = self._translate(name, kinds)[1]
            entry = compile_c(self.source(name, kinds)).run
            entry.restype = None if returns == "void" else _C_TYPES[str(returns)]
            entry.argtypes = [t for kind in kinds for t in _argument_types(kind)]
            self._entries[name, kinds] = entry
        return self._entries[name, kinds](*(x for value in arguments for x in _flat(value)))


def _parameter(name: str, kind: Type, given: list[str]) -> str:
    """C text of an argument of the entry, put together from plain ones; adds these to a list."""
    if isinstance(kind, Tuple):
        parts = [_parameter(f"{name}_{i}", k, given) for i, k in enumerate(kind.items)]
        return f"({kind.c}){{{', '.join(parts)}}}"
    if isinstance(kind, Array):
        sizes = [f"{name}_n{d}" for d in range(kind.rank)]
        given += [f"{SCALARS[kind.item]} *{name}", *(f"int64_t {s}" for s in sizes)]
        return f"({kind.c}){{{', '.join([name, *sizes])}}}"
    given.append(f"{c_name(kind)} {name}")
    return name


def _flat(value: Any) -> list[Any]:
    """A value as the plain arguments of the entry."""
    if isinstance(value, tuple):
        return [x for part in value for x in _flat(part)]
    return [value.ctypes.data, *value.shape] if isinstance(value, np.ndarray) else [value]


def _argument_types(kind: Type) -> list[Any]:
    if isinstance(kind, Tuple):
        return [t for part in kind.items for t in _argument_types(part)]
    if isinstance(kind, Array):
        return [ctypes.c_void_p, *[ctypes.c_int64] * kind.rank]
    return [_C_TYPES[str(kind)]]


def compile_c(text: str, flags: tuple[str, ...] = FLAGS) -> ctypes.CDLL:
    """Compile a C file into a shared library, once for the same text and flags, and load it.

    Raises:
        FileNotFoundError: gcc is not installed.
        RuntimeError: gcc refused the text; the message has its first lines.
    """
    gcc = shutil.which("gcc")
    if gcc is None:
        raise FileNotFoundError("gcc is not installed")
    key = hashlib.sha256(" ".join([gcc, *flags, text]).encode()).hexdigest()[:20]
    folder = Path(tempfile.gettempdir()) / "ldnsim-peers"
    folder.mkdir(exist_ok=True)
    source, library = folder / f"c{key}.c", folder / f"c{key}.so"
    if not library.exists():
        source.write_text(text, encoding="utf-8")
        built, draft = source.with_suffix(".o"), source.with_suffix(".tmp")
        for command in ([gcc, *flags, "-fPIC", "-c", str(source), "-o", str(built)],
                        [gcc, "-shared", str(built), "-o", str(draft), "-lm"]):  # fmt: skip
            done = subprocess.run(
                command, capture_output=True, encoding="utf-8", errors="replace", check=False
            )
            if done.returncode:
                raise RuntimeError("gcc: " + "\n".join(done.stderr.splitlines()[:6]))
        draft.replace(library)
    return ctypes.CDLL(str(library))
