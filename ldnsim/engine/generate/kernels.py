"""Generate, compile, keep and load the kernels of a model.

A kernel is a generated Python module compiled by numba. Its source, bytecode and machine code are
kept in one checked file (:mod:`.cache`), so that a second process starts at once. Numba's own cache
is not used: it takes whatever lies in its folder for its own.
"""

from __future__ import annotations

import hashlib
import linecache
import logging
import marshal
import pickle
import sys
import threading
import time
import types
from importlib import resources
from typing import Any

from ldnsim.engine.generate import cache
from ldnsim.errors import UserError
from ldnsim.model import Model

log = logging.getLogger("ldnsim")

_COMPILED = """from numba import njit

from ldnsim.engine.generate.lanes import lanes

jit = njit(nogil=True, error_model="numpy",
           fastmath={"nsz", "arcp", "contract", "afn"})
inlined = njit(inline="always", error_model="numpy",
               fastmath={"nsz", "arcp", "contract", "afn"})
"""
_PLAIN = """
def jit(function):
    return function


lanes = inlined = jit
"""
_MARKER = "# ---- template begins ----"
_TEMPLATES = (
    "methods/rodas5p/template", "methods/radau/template", "solve/reduce", "solve/integrate",
)  # fmt: skip
_ENTRY = "solve_runs"
"""The one function that is called from Python; its machine code holds all the others."""
_loaded: dict[tuple[str, bool], types.ModuleType] = {}
_one_at_a_time = threading.RLock()


def _engine_hash() -> str:
    """Hash of the files that make kernels, read as text: importing them would load SymPy."""
    makers = (
        "methods/radau/cascade", "generate/emit", "methods/radau/emit", "generate/lanes",
        "methods/radau/coefficients", "generate/records", "generate/sparse", "generate/trace",
        *_TEMPLATES,
    )  # fmt: skip
    folder = resources.files("ldnsim.engine")
    text = "".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in makers)
    return hashlib.sha256(f"{text}{_COMPILED}{_PLAIN}".encode()).hexdigest()


def generate(model: Model) -> str:
    """Text of the kernel module of a model, with ``{jit}`` still to be filled in."""
    from ldnsim.engine.generate import emit
    from ldnsim.engine.generate.trace import trace

    everything = {**model.states, **model.constants, **model.quantities}
    traced = trace(
        list(model.parameters),
        {n: v.formula for n, v in model.states.items()},
        {n: v.formula for n, v in model.constants.items()},
        {n: v.formula for n, v in model.quantities.items()},
        {n: v.arguments for n, v in everything.items()},
    )
    folder = resources.files("ldnsim.engine")
    sources = [(folder / f"{name}.py").read_text(encoding="utf-8") for name in _TEMPLATES]
    template = "".join(source.split(_MARKER, 2)[1] for source in sources)
    return emit.Emitter(traced).module(template)


def kernel_key(model: Model, compiled: bool = True) -> str:
    """What kernels depend on, hashed: the model, how they are made, by what, and for what."""
    import llvmlite
    import numba
    from numba.core import config
    from numba.core.registry import cpu_target

    parts = [
        model.fingerprint, _engine_hash(), compiled, sys.implementation.cache_tag,
        numba.__version__, llvmlite.__version__, getattr(config, "USING_SVML", None),
        cpu_target.target_context.codegen().magic_tuple(),
    ]  # fmt: skip
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:20]


def load_kernels(model: Model, compiled: bool = True) -> types.ModuleType:
    """The kernel module of a model: compiled by numba, or as plain Python for tests.

    The first call for a model compiles and says so through the ``ldnsim`` logger. Threads and
    processes may call it at the same time: one compiles, the others wait.

    Raises:
        UserError: when numba is told not to compile.
    """
    wanted = model.fingerprint, compiled
    if wanted not in _loaded:
        with _one_at_a_time:
            if wanted not in _loaded:
                if compiled:
                    _compiler_works()
                key = kernel_key(model, compiled)
                _loaded[wanted] = _kept(key) or _made(model, key, compiled)
    return _loaded[wanted]


def _compiler_works() -> None:
    from numba.core import config

    if getattr(config, "DISABLE_JIT", 0):
        raise UserError(
            "NUMBA_DISABLE_JIT is set: the solver needs numba to compile its kernels; unset it"
        )


def _kept(key: str) -> types.ModuleType | None:
    """The module kept under a key; None, with a remark, where what is kept cannot be loaded."""
    body = cache.find(key)
    if body is None:
        return None
    try:
        text, code, machine = pickle.loads(body)
        return _module(key, text, code, dict(machine))
    except Exception as error:  # whole, but not what this version writes: as good as none
        sys.modules.pop(_name(key), None)
        _no_good(key, error)
        return None


def _no_good(key: str, error: Exception) -> None:
    """Say that what is kept cannot be loaded, and delete it, so that it is made anew and kept."""
    cache.remark(f"kept kernels cannot be loaded ({error!r:.80}); they are made anew")
    cache.forget(key)


def _made(model: Model, key: str, compiled: bool) -> types.ModuleType:
    with cache.alone(key):
        found = _kept(key)  # what another process made meanwhile
        if found is not None:
            return found
        text = generate(model).replace("{jit}", _COMPILED if compiled else _PLAIN, 1)
        code = marshal.dumps(compile(text, _file(key), "exec"))
        machine: dict[str, bytes] = {}
        module = _module(key, text, code, machine)
        if compiled:
            log.warning("compiling kernels (first run only)")
            began = time.perf_counter()
            warm_up(module)
            log.warning("kernels compiled in %.1f s", time.perf_counter() - began)
        cache.keep(key, pickle.dumps((text, code, machine)))
        return module


def _file(key: str) -> str:
    return f"<ldnsim kernels {key}>"


def _name(key: str) -> str:
    return f"ldnsim_kernels_{key}"


def _module(key: str, text: str, code: bytes, machine: dict[str, bytes]) -> types.ModuleType:
    """Run a generated module, with the machine code there is; more is added as it is compiled."""
    module = types.ModuleType(_name(key))
    sys.modules[module.__name__] = module
    # where tracebacks, and lane functions about to be compiled, look up their source
    linecache.cache[_file(key)] = (len(text), None, text.splitlines(True), _file(key))
    exec(marshal.loads(code), vars(module))
    entry = getattr(module, _ENTRY)
    if hasattr(entry, "targetctx"):
        entry._cache = _MachineCode(key, machine)
    return module


class _MachineCode:
    """Takes the place of numba's cache of one function: from and to a dictionary."""

    cache_path = None

    def __init__(self, key: str, kept: dict[str, bytes]) -> None:
        self.key, self.kept = key, kept

    def load_overload(self, signature: Any, context: Any) -> Any:
        """The compiled function for argument types, or None."""
        from numba.core import compiler

        context.refresh()
        kept = self.kept.get(str(signature))
        if kept is None:
            return None
        rebuild: Any = compiler.CompileResult._rebuild
        try:
            return rebuild(context, *pickle.loads(kept))
        except Exception as error:
            _no_good(self.key, error)
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled function."""
        from numba.core import serialize

        dumps: Any = serialize.dumps
        self.kept[str(signature)] = dumps(compiled._reduce())


def warm_up(module: types.ModuleType) -> None:
    """Run a trivial solve, which makes numba compile everything for the types in use."""
    from ldnsim.engine.solve.batch import Batch, solve_with

    solve_with(module, Batch.nothing(module.NP, module.NS))
