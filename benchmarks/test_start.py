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
    "from ldnsim.engine.generate.kernels import load_kernels\n"
    "from ldnsim.model import default_model\n"
    "load_kernels(default_model())\n"
)
Run = Callable[..., None]


@pytest.fixture
def warm() -> None:
    """Have the kernels in the cache that processes started from here will use."""
    from ldnsim.engine.generate.kernels import load_kernels
    from ldnsim.model import default_model

    load_kernels(default_model())


def test_help(measure: Any, python: Run) -> None:
    assert importlib.util.find_spec("ldnsim") is not None
    measure(python, "-m", "ldnsim", "--help", rounds=8, warmup=1, reference="start")


def test_compile_cold(measure: Any, python: Run, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    measure(python, "-c", COMPILE, cache=cache, rounds=1, reference="start")
    assert list(cache.glob("*.kernels"))


@pytest.mark.usefixtures("warm")
def test_compile_warm(measure: Any, python: Run) -> None:
    measure(python, "-c", COMPILE, rounds=5, warmup=1, reference="start")


@pytest.mark.usefixtures("warm")
def test_demo_warm(measure: Any, python: Run, tmp_path: Path) -> None:
    measure(python, "-m", "ldnsim", "demo", rounds=1)  # nearly all of it is solving
    assert (tmp_path / "ldnsim-demo" / "demo.png").is_file()
