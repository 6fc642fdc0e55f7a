"""Every time is also stored as a ratio to a reference that is timed between its rounds.

Seconds depend on the machine and on what else it does; the ratio mostly does not, so that ratios
can be compared over time. The best round is divided by the best reference.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reference import REFERENCES, SINGLE, SUITE, cpu_seconds

import ldnsim

LINES: list[tuple[str, float, float, str]] = []


class Measure:
    """Times a function in rounds, with the reference timed before each round and after the last."""

    def __init__(self, name: str, benchmark: Any) -> None:
        """Keep the name of the test and pytest-benchmark's fixture."""
        self.name = name
        self.benchmark = benchmark

    def __call__(
        self,
        function: Callable[..., Any],
        *args: Any,
        rounds: int,
        reference: str = "solver",
        setup: Callable[[], None] = lambda: None,
        warmup: int = 0,
        **kwargs: Any,
    ) -> Any:
        """Return what the function returned last; the ratio goes to the benchmark's results.

        Args:
            function: what is measured, called with the arguments that are not named here.
            rounds: how often; the best round counts.
            reference: what its time is divided by, a key of ``reference.REFERENCES``.
            setup: called before each round, not measured.
            warmup: rounds before, not measured.
        """
        found: list[float] = []
        elapsed: list[float] = []

        def between() -> None:
            setup()
            found.append(REFERENCES[reference]())

        def timed() -> Any:
            began = time.perf_counter()
            result = function(*args, **kwargs)
            elapsed.append(time.perf_counter() - began)
            return result

        result = self.benchmark.pedantic(timed, setup=between, rounds=rounds, warmup_rounds=warmup)
        if self.best is not None:  # not run with --benchmark-disable
            found.append(REFERENCES[reference]())
            self._keep(self.best, min(found), reference, min(elapsed))
        return result

    @property
    def best(self) -> float | None:
        """Processor time of the best round (s); None when nothing is timed."""
        stats = self.benchmark.stats
        return None if stats is None else float(stats.stats.min)

    def note(self, **numbers: float) -> None:
        """Store numbers beside the ratio; they are not compared."""
        self.benchmark.extra_info.update(numbers)

    def _keep(self, best: float, unit: float, reference: str, elapsed: float) -> None:
        ratio = best / unit
        self.benchmark.extra_info["reference"] = reference
        self.note(reference_s=unit, cpu_s=best, elapsed_s=elapsed, ratio=ratio)
        LINES.append((self.name, best, ratio, reference))


@pytest.fixture
def measure(request: pytest.FixtureRequest, benchmark: Any) -> Measure:
    """Time a function against a reference, see :class:`Measure`."""
    return Measure(request.node.name, benchmark)


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., None]:
    """Run Python on the given arguments in an empty folder, with a cache folder if one is named."""

    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    kept["PYTHONPYCACHEPREFIX"] = str(tmp_path / "bytecode")

    def run(*arguments: str, cache: Path | None = None) -> None:
        home = {"LDNSIM_CACHE_DIR": str(cache)} if cache is not None else {}
        subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**kept, **SINGLE, **home},
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )

    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let pytest-benchmark use the clock of the references."""
    for item in items:
        item.add_marker(pytest.mark.benchmark(timer=cpu_seconds))


def pytest_benchmark_update_json(output_json: dict[str, Any]) -> None:
    """Say in the results which suite and which ldnsim they are of."""
    output_json["suite"] = SUITE
    output_json["ldnsim"] = ldnsim.__version__


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the ratios under pytest's own table."""
    if not LINES:
        return
    terminalreporter.section("processor time and its ratio to the reference")
    for name, best, ratio, reference in LINES:
        terminalreporter.write_line(f"{name:<34} {best:10.4g} s {ratio:10.4g} x {reference}")
