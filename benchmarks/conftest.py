"""Every timing is also stored as a ratio to a reference kernel timed in the same process.

Seconds depend on the machine and on what else it does; the ratio mostly does not, so that ratios
can be compared between machines and over time. The reference is timed right before and right after
each benchmark, and the faster of the two counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

REPEATS = 9
LINES: list[tuple[str, float, float]] = []


@numba.njit
def reference_kernel(n: int) -> float:
    """Add up ``n`` rounds of eight dependent divisions, products and sums: the solver's diet."""
    x = np.full(8, 1.0)
    for i in range(n):
        for lane in range(8):
            x[lane] = 1.0 + 0.3 * x[lane] / (1.0 + x[lane] * (lane + i % 7))
    return x.sum()


def reference_seconds() -> float:
    """Time the reference kernel once it is compiled: the best of a few repeats."""
    reference_kernel(1)
    took = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        reference_kernel(1_000_000)
        took.append(time.perf_counter() - start)
    return min(took)


@pytest.fixture(autouse=True)
def _ratio(request: pytest.FixtureRequest, benchmark: Any) -> Iterator[None]:
    before = reference_seconds()
    yield
    if benchmark.stats is None:  # run with --benchmark-disable
        return
    reference = min(before, reference_seconds())
    best = benchmark.stats.stats.min
    benchmark.extra_info["reference_s"] = reference
    benchmark.extra_info["ratio"] = best / reference
    LINES.append((request.node.name, best, best / reference))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the ratios under pytest's own table."""
    if not LINES:
        return
    terminalreporter.section("ratios to the reference kernel")
    for name, best, ratio in LINES:
        terminalreporter.write_line(f"{name:<34} {best:10.4g} s {ratio:10.4g} x")


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., None]:
    """Run Python on the given arguments in an empty folder, with a cache folder if one is named."""

    def run(*arguments: str, cache: Path | None = None) -> None:
        home = {"LDNSIM_CACHE_DIR": str(cache)} if cache is not None else {}
        environment = {**os.environ, **home}
        subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )

    return run
