"""Real signals to real processes that write a store."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from ldnsim.errors import UserError
from ldnsim.results.store import partial_folder
from tests.sweep.faults import run, stand_in, title_of

ROOT = Path(__file__).parents[2]
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


def overwriting(out: Path) -> int:
    """Start a process, all loaded, that replaces a result again and again; return its number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of libraries, unused there
        number = os.fork()
    if number == 0:
        try:
            while True:
                for title in ("one", "two"):
                    run(out, title, overwrite=True)
        finally:
            os._exit(1)
    return number


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_processes_killed_outright_while_they_overwrite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kills: int
) -> None:
    stand_in(monkeypatch)
    out, dice = tmp_path / name, random.Random(name)
    run(out, "one")
    for _ in range(kills):
        number = overwriting(out)
        time.sleep(dice.uniform(0.0, 0.4))
        assert os.waitpid(number, os.WNOHANG) == (0, 0), "it ended by itself"
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
        if out.exists():
            assert title_of(out) in ("one", "two")
        else:
            assert title_of(tmp_path / f"{name}.partial" / f"old-{name}") in ("one", "two")
        if dice.random() < 0.3:
            run(out, "one", overwrite=True)
            assert [p.name for p in tmp_path.iterdir()] == [name]
    run(out, "two", overwrite=True)
    assert title_of(out) == "two" and [p.name for p in tmp_path.iterdir()] == [name]


def test_writers_that_come_and_go_are_never_two(tmp_path: Path) -> None:
    """The file of the lock goes with every writer; no two hold locks on different ones."""
    inside, numbers = tmp_path / "inside", []
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            number = os.fork()
        if number == 0:
            code = 1
            try:
                for _ in range(400):
                    with contextlib.suppress(UserError), partial_folder(tmp_path / "a.zarr").held():
                        inside.touch(exist_ok=False)
                        inside.unlink()
                code = 0
            finally:
                os._exit(code)
        numbers.append(number)
    assert [os.waitpid(n, 0)[1] for n in numbers] == [0, 0, 0]
    assert not list(tmp_path.iterdir())


STUDY = """
title = "long"
regimen = "2 mg nightly at 22:00, for 26 wk"
output = { trajectories = false, night = false, ledger = false }
axes = [{ name = "dose", field = "regimen.target", linspace = ["1 mg", "9 mg", 800] }]
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
    assert "of 800 runs finished" in told and "--resume" in told and "Traceback" not in told
    assert list(tmp_path.glob("s.zarr.partial/block-*"))
    assert not (tmp_path / "s.zarr").exists()


def test_a_script_without_a_main_guard_is_told_so(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    script = tmp_path / "script.py"
    study = STUDY.replace("26 wk", "1 wk").replace("800", "8")
    script.write_text(
        "import ldnsim\nfrom ldnsim.errors import UserError\n"
        f"study = ldnsim.Study.loads('''{study}''')\n"
        "try:\n    study.run(executor='dask', threads=1)\n"
        "except UserError as error:\n    print('told:', error)\n",
        encoding="utf-8",
    )
    out, told = child(str(script), cwd=tmp_path).communicate()
    assert "told: worker processes cannot be started" in out and "__main__" in out, told
