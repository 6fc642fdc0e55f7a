"""Run kept machine code without numba, which takes longer to import than most commands to run.

What numba makes of the entry is an object file, and its function takes plain numbers: of an array
its place, sizes and strides, of a record those of its fields. So the file is linked by llvmlite
alone and called through ctypes, which lets go of the interpreter lock as numba does. The machine
code is the same, and so are the bits of the results.

Where this is not known to hold (other systems, other argument types, a symbol that cannot be found)
there is nothing here, and numba loads what it has kept itself.
"""

from __future__ import annotations

import ctypes
import importlib.util
import platform
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from pathlib import Path
from typing import Any

import numpy as np

_HELPERS = (
    ("core/runtime/_nrt_python", "NRT_"), ("_helperlib", "numba_"), ("_dynfunc", "numba_")
)  # fmt: skip
"""Numba's own C modules, with what their functions are called in machine code."""
_DONE = (0, -2)
"""What a compiled function without a result returns when it went through."""
_WHOLE, _REAL, _ARRAY = "i", "f", "a"
Spec = tuple[tuple[Any, ...], ...]
"""Argument by argument, records taken apart: whole number, real number, or array of what and how
many dimensions."""


@dataclass(frozen=True)
class Linked:
    """Machine code with what has to be known to call it.

    Attributes:
        object: an ELF object file.
        symbol: name of the function in it.
        spec: its arguments.
        foreign: names it takes from outside.
    """

    object: bytes
    symbol: str
    spec: Spec
    foreign: tuple[str, ...]


def supported() -> bool:
    """Whether numbers are passed to functions, and files laid out, as is assumed here."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def linked(compiled: Any, machine_code: bytes) -> Linked | None:
    """What is kept of a function that numba has compiled; None if it cannot be called from here.

    Args:
        compiled: numba's result of compiling.
        machine_code: the object file of its library.
    """
    from numba import types

    spec = tuple(_spec(compiled.signature.args))
    if not supported() or compiled.signature.return_type != types.none or (None,) in spec:
        return None
    foreign = _undefined(machine_code)
    return Linked(machine_code, compiled.fndesc.llvm_func_name, spec, foreign)


def _spec(kinds: Any) -> Iterator[tuple[Any, ...]]:
    from numba import types
    from numba.np.numpy_support import as_dtype

    for kind in kinds:
        if kind == types.int64:
            yield (_WHOLE,)
        elif kind == types.float64:
            yield (_REAL,)
        elif isinstance(kind, types.BaseTuple):
            yield from _spec(getattr(kind, "types"))  # noqa: B009 (no type has it declared)
        elif isinstance(kind, types.Array) and kind.layout == "C":
            yield _ARRAY, as_dtype(kind.dtype).str, kind.ndim
        else:
            yield (None,)


def _undefined(data: bytes) -> tuple[str, ...]:
    """Names that an ELF object file of 64 bits uses and does not define."""
    (at,) = struct.unpack_from("<Q", data, 0x28)
    size, count, _ = struct.unpack_from("<HHH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, at + k * size) for k in range(count)]
    found: list[str] = []
    for kind, start, length, link in ((s[1], s[4], s[5], s[6]) for s in sections):
        if kind != 2:  # a table of symbols
            continue
        names = sections[link][4]
        for k in range(start + 24, start + length, 24):  # the first is none
            name, _, _, where = struct.unpack_from("<IBBH", data, k)
            if where == 0:
                end = data.index(b"\0", names + name)
                found.append(data[names + name : end].decode())
    return tuple(found)


def load(kept: Linked) -> Callable[..., None] | None:
    """The kept function, to be called from Python; None where something it uses is not found.

    Raises:
        ValueError: it is no object file.
    """
    if kept.object[:4] != b"\x7fELF":  # LLVM would end the process
        raise ValueError("not an object file")
    found = _resolved(kept.foreign) if supported() else None
    if found is None:
        return None
    engine, address = _engine(kept, found)
    if not address:
        return None
    call = ctypes.CFUNCTYPE(ctypes.c_int32, *_types(kept.spec))(address)

    # the engine owns the code: it lives as long as what calls it
    def entry(*arguments: Any, _owner: Any = engine) -> None:
        # a place for a result, of which there is none, and one for what went wrong
        nothing, wrong = ctypes.c_void_p(), ctypes.c_void_p()
        passed = _passed(arguments, kept.spec)
        status = call(ctypes.addressof(nothing), ctypes.addressof(wrong), *passed)
        if status not in _DONE:
            raise MemoryError(f"the compiled solver ended with code {status}: no room to work in")

    return entry


def _resolved(names: tuple[str, ...]) -> dict[str, int] | None:
    """Addresses of numba's own functions among names, if all others are in this process."""
    own, process = _own_symbols(), ctypes.CDLL(None)
    if own is None or not all(name in own or hasattr(process, name) for name in names):
        return None
    return {name: own[name] for name in names if name in own}


def _own_symbols() -> dict[str, int] | None:
    """What numba's C modules bring, taken from their files: importing numba is what is spared."""
    found: dict[str, int] = {}
    for path, prefix in _HELPERS:
        helpers = _c_helpers(path)
        if helpers is None:
            return None
        found |= {n if n.startswith("_") else prefix + n: at for n, at in helpers.items()}
    return found


def _c_helpers(path: str) -> Mapping[str, int] | None:
    name = f"numba.{path.replace('/', '.')}"
    if name in sys.modules:
        return _mapping(sys.modules[name])
    package = importlib.util.find_spec("numba")  # found, not run
    if package is None or package.origin is None:
        return None
    base = Path(package.origin).parent / path
    file = next((f for s in EXTENSION_SUFFIXES if (f := Path(f"{base}{s}")).is_file()), None)
    if file is None:
        return None
    # under its last name, by which its beginning is found; numba's own import makes another
    spec = importlib.util.spec_from_loader(
        base.name, ExtensionFileLoader(base.name, str(file)), origin=str(file)
    )
    if spec is None:
        return None
    module = importlib.util.module_from_spec(spec)
    sys.modules.pop(base.name, None)
    return _mapping(module)


def _mapping(module: Any) -> Mapping[str, int] | None:
    helpers = getattr(module, "c_helpers", None)
    return helpers if isinstance(helpers, dict) else None


def _engine(kept: Linked, symbols: Mapping[str, int]) -> tuple[Any, int]:
    """Link an object file; returns what owns the code, and the address of the function."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for name, address in symbols.items():
        llvm.add_symbol(name, address)
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        reloc="static", codemodel="jitdefault", jit=True
    )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(kept.object))
    engine.finalize_object()
    return engine, engine.get_function_address(kept.symbol)


def _types(spec: Spec) -> list[Any]:
    """C types of the two places and of the arguments."""
    whole, real = ctypes.c_int64, ctypes.c_double
    found: list[Any] = [ctypes.c_void_p, ctypes.c_void_p]
    for kind, *more in spec:
        if kind == _ARRAY:
            # owner, parent, count, bytes of one, place, sizes, strides
            found += [ctypes.c_void_p] * 2 + [whole] * 2 + [ctypes.c_void_p]
            found += [whole] * (2 * more[1])
        else:
            found.append(real if kind == _REAL else whole)
    return found


def _passed(arguments: tuple[Any, ...], spec: Spec) -> list[Any]:
    """Arguments as machine code takes them.

    Raises:
        TypeError: one is not of the type that the code was compiled for.
    """
    flat = list(_flat(arguments))
    if len(flat) != len(spec):
        raise TypeError(f"{len(flat)} values where the kernel takes {len(spec)}")
    found: list[Any] = []
    for value, (kind, *more) in zip(flat, spec, strict=True):
        if kind != _ARRAY:
            found.append(float(value) if kind == _REAL else int(value))
            continue
        if not (
            isinstance(value, np.ndarray)
            and (value.dtype.str, value.ndim) == tuple(more)
            and value.flags.c_contiguous
            and value.flags.aligned
        ):
            raise TypeError(f"the kernel takes an array {more[0]} of {more[1]} dimensions here")
        found += [None, None, value.size, value.itemsize, value.ctypes.data]
        found += [*value.shape, *value.strides]
    return found


def _flat(arguments: Any) -> Iterator[Any]:
    for value in arguments:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield value
