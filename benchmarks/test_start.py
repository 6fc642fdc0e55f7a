"""What a user waits for: help, compiling, and the demo, each in a process of its own.

Cold means an empty kernel cache. Python's own bytecode and the files of the operating system are as
they are.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMPILE = (
    "from ldnsim.engine.kernels import load_kernels\n"
    "from ldnsim.model import default_model\n"
    "load_kernels(default_model())\n"
)
Run = Callable[..., None]


@pytest.fixture
def warm() -> None:
    """Have the kernels in the cache that processes started from here will use."""
    from ldnsim.engine.kernels import load_kernels
    from ldnsim.model import default_model

    load_kernels(default_model())


def test_help(benchmark: Any, python: Run) -> None:
    assert importlib.util.find_spec("ldnsim") is not None
    benchmark.pedantic(python, args=("-m", "ldnsim", "--help"), rounds=5, warmup_rounds=1)


def test_compile_cold(benchmark: Any, python: Run, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    benchmark.pedantic(python, args=("-c", COMPILE), kwargs={"cache": cache}, rounds=1)
    assert list(cache.glob("*.compiled"))


@pytest.mark.usefixtures("warm")
def test_compile_warm(benchmark: Any, python: Run) -> None:
    benchmark.pedantic(python, args=("-c", COMPILE), rounds=3)


def test_demo_cold(benchmark: Any, python: Run, tmp_path: Path) -> None:
    arguments, cache = ("-m", "ldnsim", "demo"), tmp_path / "cache"
    benchmark.pedantic(python, args=arguments, kwargs={"cache": cache}, rounds=1)
    assert (tmp_path / "ldnsim-demo" / "demo.png").is_file()


@pytest.mark.usefixtures("warm")
def test_demo_warm(benchmark: Any, python: Run, tmp_path: Path) -> None:
    benchmark.pedantic(python, args=("-m", "ldnsim", "demo"), rounds=2)
    assert (tmp_path / "ldnsim-demo" / "demo.png").is_file()
