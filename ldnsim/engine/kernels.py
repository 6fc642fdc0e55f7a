"""Generate, cache and load the compiled kernels of a model.

The generated module is written to a cache folder as a real file, so that numba's own cache works
and a second process starts at once. Folder: ``LDNSIM_CACHE_DIR``, else the user's cache folder,
else a temporary one.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import logging
import os
import sys
import tempfile
import time
import types
from importlib import resources
from pathlib import Path

from ldnsim.model import Model

log = logging.getLogger("ldnsim")

_COMPILED = """from numba import njit

from ldnsim.engine.lanes import lanes

jit = njit(cache=True, nogil=True, error_model="numpy",
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
_TEMPLATES = ("template_step", "template_collocation", "template_reduce", "template_integrate")


def cache_folder() -> Path:
    """Folder for generated and compiled kernels; created if it can be."""
    import platformdirs

    chosen = os.environ.get("LDNSIM_CACHE_DIR")
    wanted = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("ldnsim"))
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        probe = wanted / f".write-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        wanted = (
            Path(tempfile.gettempdir()) / f"ldnsim-{os.getuid() if hasattr(os, 'getuid') else 0}"
        )
        wanted.mkdir(parents=True, exist_ok=True)
    return wanted


def _engine_hash() -> str:
    """Hash of the files that make kernels, read as text: importing them would load SymPy."""
    makers = (
        "cascade", "emit", "emit_collocation", "lanes", "radau", "records", "sparse", "trace",
        *_TEMPLATES,
    )  # fmt: skip
    folder = resources.files("ldnsim.engine")
    text = "".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in makers)
    return hashlib.sha256(text.encode()).hexdigest()


def generate(model: Model) -> str:
    """Text of the kernel module of a model, with ``{jit}`` still to be filled in."""
    from ldnsim.engine import emit
    from ldnsim.engine.trace import trace

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


@functools.cache
def _load(path: Path) -> types.ModuleType:
    name = f"ldnsim_kernels_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def kernel_path(model: Model, compiled: bool = True) -> Path:
    """Where the kernel module of a model lives, generated if it is not there yet."""
    import numba

    parts = [model.fingerprint, _engine_hash(), numba.__version__, str(compiled)]
    key = hashlib.sha256("|".join(parts).encode()).hexdigest()[:20]
    path = cache_folder() / f"k{key}.py"
    if not path.exists():
        text = generate(model).replace("{jit}", _COMPILED if compiled else _PLAIN, 1)
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(text)
        draft.replace(path)
    return path


@functools.cache
def _ready(path: Path) -> types.ModuleType:
    module = _load(path)
    marker = path.with_suffix(".compiled")
    if not marker.exists():
        log.warning("compiling kernels (first run only)")
        began = time.perf_counter()
        warm_up(module)
        marker.touch()
        log.warning("kernels compiled in %.1f s", time.perf_counter() - began)
    return module


def load_kernels(model: Model, compiled: bool = True) -> types.ModuleType:
    """The kernel module of a model: compiled by numba, or as plain Python for tests.

    The first call for a model compiles and says so through the ``ldnsim`` logger.
    """
    path = kernel_path(model, compiled)
    return _ready(path) if compiled else _load(path)


def warm_up(module: types.ModuleType) -> None:
    """Run a trivial solve, which makes numba compile everything for the types in use."""
    from ldnsim.engine.batch import Batch, solve_with

    solve_with(module, Batch.nothing(module.NP, module.NS))
