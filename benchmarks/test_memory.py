"""Sweeps that keep summaries only: peak memory, and the time of everything but the solver."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SWEEP = """
import json, resource, sys, time
from pathlib import Path

from ldnsim.sweep.execute import run_into_store
from ldnsim.runs.plan import make_plan
from ldnsim.sweep.study import Study

doses, paces, days, patients = map(int, sys.argv[1:5])
solver = sys.argv[5]
if solver == "none":
    import numpy as np
    import ldnsim.engine.solve.batch as batch

    def nothing(model, b, threads=None, block=64, progress=None):
        n, none = len(b.params), np.zeros(len(b.params), np.int64)
        return batch.BatchResult(
            np.ones((n, len(b.out_obs), len(b.out_times))), np.ones((n, len(b.reductions))),
            np.ones(b.y0.shape), none.astype(np.int8), none, none,
            np.zeros(n, np.int8),
        )

    batch.solve = nothing
    import ldnsim.engine.rhythm.orbit as orbit

    def found(model, params, inflamed, threads=None):
        n = len(params)
        return orbit.Orbits(
            np.ones((n, len(model.states))), np.ones((n, len(model.observables))), np.zeros(n),
            np.zeros(n, np.int64), np.zeros(n), np.zeros(n, np.int8),
        )

    orbit.find_orbits = found

regimen = f"1/4 of target nightly at 22:00, +1/4 of target every 1 d to 4.5 mg, for {days} d"
dose = {"name": "dose", "field": "regimen.target", "logspace": ["1 ug", "50 mg", doses]}
pace = {"name": "pace", "field": "regimen.interval", "linspace": ["12 h", "156 h", paces]}
output = {"trajectories": False, "night": False, "ledger": False}
axes = [dose, pace] if paces > 1 else [dose] if doses > 1 else []
data = {"regimen": regimen, "axes": axes, "output": output, "horizon": f"{days} d"}
if patients:
    data["population"] = {"size": patients}
start = time.perf_counter()
run_into_store(make_plan(Study.build(data, "benchmark")), Path("a.zarr"))
took = time.perf_counter() - start
status = Path("/proc/self/status")
if status.exists():  # getrusage would count what this process was before it became Python
    peak = 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
else:
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, else in KiB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps({"bytes": peak, "us_per_run": 1e6 * took / (doses * paces * max(patients, 1))}))
"""


def _sweep(folder: Path, *arguments: object) -> dict[str, float]:
    """Run the sweep in a process of its own, whose peak is that of nothing else."""
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SWEEP, *map(str, arguments)],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not tell a peak")
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((200, 100, 7, 0, "engine"), id="20000_runs_of_7_days"),
        pytest.param((400, 250, 84, 0, "none"), id="100000_runs_without_solver"),
        pytest.param((1, 1, 2, 20_000, "none"), id="20000_patients_without_solver"),
        pytest.param((1, 1, 2, 100_000, "none"), id="100000_patients_without_solver"),
    ],
)
def test_summaries_only(benchmark: Any, tmp_path: Path, arguments: tuple[object, ...]) -> None:
    found = benchmark.pedantic(_sweep, args=(tmp_path / "sweep", *arguments), rounds=1)
    assert found["bytes"] > 0
    benchmark.extra_info.update(found)
