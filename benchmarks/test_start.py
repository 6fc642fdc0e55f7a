"""What a user waits for: help, compiling, one run, a sweep, sensitivities and the demo, each in a
process of its own.

Cold means an empty kernel cache. Python's own bytecode is kept from the first round on, as a user
has it; the files of the operating system are as they are. The sweep is the shipped template
``dose-titration``: 240 runs of 52 weeks.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMPILE = (
    "from ldnsim.engine.generate.kernels import load_kernels\n"
    "from ldnsim.model import default_model\n"
    "load_kernels(default_model())\n"
)
RUN = "4.5 mg nightly at 22:00, for 12 wk"
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
def test_simulate_warm(measure: Any, python: Run) -> None:
    measure(python, "-m", "ldnsim", "simulate", RUN, rounds=5, warmup=1, reference="start")


@pytest.mark.usefixtures("warm")
def test_dry_run_of_240_runs(measure: Any, python: Run) -> None:
    python("-m", "ldnsim", "init", "study.toml", "--template", "dose-titration")
    words = ("-m", "ldnsim", "sweep", "study.toml", "--dry-run")
    measure(python, *words, rounds=5, warmup=1, reference="start")


@pytest.mark.usefixtures("warm")
def test_sweep_of_240_runs_warm(measure: Any, python: Run, tmp_path: Path) -> None:
    python("-m", "ldnsim", "init", "study.toml", "--template", "dose-titration")

    def again() -> None:
        shutil.rmtree(tmp_path / "study.zarr", ignore_errors=True)

    words = ("-m", "ldnsim", "sweep", "study.toml")
    measure(python, *words, rounds=2, warmup=1, setup=again)  # most of it is solving
    assert (tmp_path / "study.zarr").is_dir()


@pytest.mark.usefixtures("warm")
def test_sensitivity_warm(measure: Any, python: Run) -> None:
    words = ("-m", "ldnsim", "sensitivity", RUN)
    measure(python, *words, rounds=2, warmup=1)  # most of it is solving


@pytest.mark.usefixtures("warm")
def test_sensitivity_kept_warm(measure: Any, python: Run) -> None:
    python("-m", "ldnsim", "init", "study.toml", "--template", "quickstart")
    python("-m", "ldnsim", "sweep", "study.toml")
    python("-m", "ldnsim", "sensitivity", "study.zarr")
    words = ("-m", "ldnsim", "sensitivity", "study.zarr")
    measure(python, *words, rounds=5, warmup=1, reference="start")


@pytest.mark.usefixtures("warm")
def test_demo_warm(measure: Any, python: Run, tmp_path: Path) -> None:
    measure(python, "-m", "ldnsim", "demo", rounds=1)  # nearly all of it is solving
    assert (tmp_path / "ldnsim-demo" / "demo.png").is_file()
