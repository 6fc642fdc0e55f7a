"""``ldnsim doctor``: what is installed, and whether the solver agrees with SciPy."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli.extend import Extend, edition_of
from ldnsim.cli.guard import guarded
from ldnsim.cli.source import STORE, resolve
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.model import Model

PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "xarray",
    "zarr",
    "h5netcdf",
    "matplotlib",
    "pydantic",
)


@guarded()
def doctor(
    stores: Annotated[
        list[Path] | None, typer.Argument(help="Results to compare with what was written.")
    ] = None,
    extend: Extend = None,
) -> None:
    """Check versions, solver and kernel cache; or stored results.

    With results, only these are checked: every file of each against its checksum. With --extend,
    the model with these extensions is compiled and checked.
    """
    import ldnsim

    if stores and extend:
        raise UserError(
            "--extend: stored results are compared with what was written, not run; use one"
        )
    if stores:
        _check_stores(stores)
        return
    edition = edition_of(extend)
    _line("ldnsim", ldnsim.__version__)
    _line("version", str(edition.version))
    model = edition.model
    from ldnsim.edition.versions import content_of

    content = f"numbers {model.numbers}, hypotheses {content_of(edition.hypotheses)}"
    _line("content", f"equations {model.fingerprint}, {content}")
    _line("python", f"{platform.python_version()} on {platform.platform()}")
    _line("packages", ", ".join(f"{p} {_installed(p)}" for p in PACKAGES))
    for extension in edition.extensions:
        _line("extension", str(extension))
    _line("cache", _cache(edition.model))
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    _line("threads", f"{cores} cores usable")
    ok = _self_check(edition.model)
    _line(
        "verdict", "everything works" if ok else "the solver does not agree with SciPy: report it"
    )
    if not ok:
        raise typer.Exit(1)


def _check_stores(stores: list[Path]) -> None:
    import ldnsim
    from ldnsim.results.store import has_record

    for store in [resolve(s, STORE).path for s in stores]:
        ldnsim.open_store(store, verify=True).close()
        _line("whole" if has_record(store) else "unknown", str(store))


def _line(what: str, text: str) -> None:
    typer.echo(f"{what:<10} {text}")


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "MISSING"


def _cache(model: Model) -> str:
    """Where compiled kernels are kept, and whether what is there can be used."""
    from ldnsim.engine.generate import cache
    from ldnsim.engine.generate.kernels import kernel_key

    usable = list(cache.folders(looking=True))
    if not usable:
        return "none that can be used: kernels are compiled at every start"
    name = f"k{kernel_key(model)}{cache.SUFFIX}"
    for folder in usable:
        if cache.read(folder / name) is not None:
            return f"{folder} (compiled kernels found, checksum right)"
    return f"{usable[0]} (no compiled kernels of this version that can be used)"


def _self_check(model: Model) -> bool:
    """Solve one short run twice, with the kernels and with SciPy, and compare."""
    from ldnsim.cli.selfcheck import compare_with_scipy

    start = time.perf_counter()
    error = compare_with_scipy(model)
    took = time.perf_counter() - start
    _line("solver", f"largest difference from SciPy {error:.1e} (relative), {took:.1f} s")
    return bool(error < 1e-4)
