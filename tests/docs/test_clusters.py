"""The commands and the script on the page about clusters, with workers of this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ldnsim
from tests.sweep.farm import free_port

ROOT = Path(__file__).parents[2]
STUDY = """
title = "script"
regimen = "2 mg nightly at 22:00, for 2 d"
output = { variables = ["pain"], summaries = ["pain_change"], night = false, ledger = false }
axes = [{ name = "gain", field = "parameters.driver", linspace = [0.01, 0.02, 40] }]
"""


distributed = pytest.importorskip("distributed")
PAGE = (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.long


def started(*words: str, cwd: Path) -> subprocess.Popen[bytes]:
    with (cwd / "log").open("ab") as log:
        return subprocess.Popen(words, cwd=cwd, env=surroundings(), stdout=log, stderr=log)


def surroundings() -> dict[str, str]:
    where = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PYTHONPATH": where, "PATH": scripts}


def same(store: Path) -> None:
    alone = ldnsim.Study.loads(STUDY).run()
    with ldnsim.open_store(store, verify=True) as ds:
        assert np.array_equal(ds["pain"].values, alone["pain"].values)


def test_a_scheduler_and_two_workers_as_the_page_starts_them(tmp_path: Path) -> None:
    """The commands of the page, on a port of this machine."""
    commands = re.findall(r"^(?:dask|ldnsim sweep my-study.toml --scheduler).*$", PAGE, re.M)
    lines = [c.partition("#")[0].strip() for c in commands]
    assert [line.split()[:2] for line in lines] == [
        ["dask", "scheduler"], ["dask", "worker"], ["ldnsim", "sweep"]
    ]  # fmt: skip
    (tmp_path / "my-study.toml").write_text(STUDY, encoding="utf-8")
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler, worker, sweep = (
        line.replace("tcp://10.0.0.1:8786", address).replace("--nworkers 8", "--nworkers 1").split()
        for line in lines
    )
    where = ["--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard"]
    processes = [started(*scheduler, *where, cwd=tmp_path)]
    try:
        processes += [started(*worker, "--no-dashboard", cwd=tmp_path) for _ in range(2)]
        done = subprocess.run(
            [sys.executable, "-m", *sweep], cwd=tmp_path, env=surroundings(), capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout == "my-study.zarr\n"
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()
    same(tmp_path / "my-study.zarr")


def test_the_script_for_batch_systems(tmp_path: Path) -> None:
    found = re.search(r"<!-- script: (\S+) -->\n```python\n(.*?)```\n<!-- /script -->", PAGE, re.S)
    assert found is not None
    (tmp_path / found[1]).write_text(found[2], encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, found[1], "study.toml", "out.zarr", "local"], cwd=tmp_path,
        env=surroundings(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "'gain': 40" in done.stdout
    same(tmp_path / "out.zarr")
