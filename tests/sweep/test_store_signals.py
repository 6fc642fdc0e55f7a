"""Real signals to real processes that write a store."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sweep.faults import stand_in, title_of

ROOT = Path(__file__).parents[2]
WRITE = """
import sys, pytest
from tests.sweep import faults
faults.stand_in(pytest.MonkeyPatch())
faults.run  # loaded: from here on time is spent on the store alone
print("ready", flush=True)
for title in 40 * ("one", "two"):
    faults.run(__import__("pathlib").Path(sys.argv[1]), title, overwrite=True)
"""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL"),
]


def child(*words: str, cwd: Path) -> subprocess.Popen[str]:
    where = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": where},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_processes_killed_outright_while_they_overwrite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kills: int
) -> None:
    stand_in(monkeypatch)
    from tests.sweep.faults import run

    out, dice = tmp_path / name, random.Random(name)
    run(out, "one")
    for _ in range(kills):
        process = child("-c", WRITE, str(out), cwd=tmp_path)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if out.exists():
            assert title_of(out) in ("one", "two")
        else:
            assert title_of(tmp_path / f"{name}.partial" / f"old-{name}") in ("one", "two")
        if dice.random() < 0.3:
            run(out, "one", overwrite=True)
            assert [p.name for p in tmp_path.iterdir()] == [name]
    run(out, "two", overwrite=True)
    assert title_of(out) == "two" and [p.name for p in tmp_path.iterdir()] == [name]


STUDY = """
title = "long"
regimen = "2 mg nightly at 22:00, for 40 wk"
output = { trajectories = false, night = false, ledger = false }
axes = [{ name = "gain", field = "parameters.driver", linspace = [0.01, 0.03, 4000] }]
solver = { block = 8 }
"""


def test_what_batch_systems_send_stops_a_sweep_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(STUDY, encoding="utf-8")
    process = child("-m", "ldnsim", "sweep", "s.toml", cwd=tmp_path)
    while process.poll() is None and not list(tmp_path.glob("s.zarr.partial/block-*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate()
    assert process.returncode == 143
    assert "of 4000 runs finished" in told and "--resume" in told and "Traceback" not in told
    assert list(tmp_path.glob("s.zarr.partial/block-*"))
    assert not (tmp_path / "s.zarr").exists()


def test_a_script_without_a_main_guard_is_told_so(tmp_path: Path) -> None:
    pytest.importorskip("dask")
    script = tmp_path / "script.py"
    study = STUDY.replace("40 wk", "1 wk").replace("4000", "8")
    script.write_text(
        "import multiprocessing as m\nimport dask\nimport ldnsim\n"
        "from ldnsim.errors import UserError\n"
        "dask.config.set({'multiprocessing.context': 'spawn'})\n"
        f"study = ldnsim.Study.loads('''{study}''')\n"
        "try:\n    study.run(executor='dask', threads=1)\n"
        "except UserError as error:\n    print('told:', error)\n",
        encoding="utf-8",
    )
    out, told = child(str(script), cwd=tmp_path).communicate()
    assert "told: a worker process" in out and "__main__" in out, told
