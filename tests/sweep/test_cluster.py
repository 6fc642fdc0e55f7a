"""A cluster of processes that are killed, of a scheduler that starts anew, of a disk that fills."""

from __future__ import annotations

import filecmp
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ldnsim.errors import UserError
from ldnsim.results import store
from ldnsim.results.objects import Address
from ldnsim.runs.plan import Plan, make_plan
from ldnsim.sweep import clients, cluster, execute, worker
from ldnsim.sweep.study import Study
from tests.sweep import faults
from tests.sweep.farm import Farm

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.long
SIZE = 8


def plan(runs: int) -> Plan:
    axis = {"name": "gain", "field": "parameters.driver", "linspace": [0.01, 0.02, runs]}
    data: dict[str, Any] = {
        "title": "farm", "regimen": "2 mg nightly at 22:00, for 2 d", "axes": [axis],
        "output": faults.OUTPUT, "solver": {"block": SIZE},
    }  # fmt: skip
    return make_plan(Study.build(data, "x"))


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    found = Farm(tmp_path_factory.mktemp("farm"))
    found.pace(0.0)
    found.start()
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture(autouse=True)
def no_solver(monkeypatch: pytest.MonkeyPatch, farm: Farm) -> None:
    faults.stand_in(monkeypatch)
    monkeypatch.setattr(cluster, "Job", lambda plan, *rest: faults.StandIn(plan))
    (farm.folder / "solved").unlink(missing_ok=True)
    farm.pace(0.02)


class Run(threading.Thread):
    """A sweep on the farm, in a thread."""

    def __init__(self, farm: Farm, one: Plan, out: Path, **how: Any) -> None:
        super().__init__()
        self.farm, self.one, self.out, self.how = farm, one, out, how
        self.error: BaseException | None = None
        self.told: list[int] = []
        self.start()

    def run(self) -> None:
        try:
            with cluster.at(self.farm.address) as engine:
                execute.run_into_store(
                    self.one, self.out, engine=engine,
                    progress=lambda done, total: self.told.append(done), **self.how,
                )  # fmt: skip
        except BaseException as error:
            self.error = error

    def finished(self) -> list[Path]:
        """Blocks that are finished."""
        return list(store.partial_folder(self.out).path.glob("block-*"))

    def wait_for(self, blocks: int) -> None:
        """Wait until so many blocks are finished."""
        while self.is_alive() and len(self.finished()) < blocks:
            time.sleep(0.01)

    def done(self) -> None:
        self.join(300.0)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error


def check(out: Path, one: Plan, tmp_path: Path) -> None:
    """The files are those of one machine, and nothing is left beside them."""
    alone = tmp_path / "alone" / out.name
    alone.parent.mkdir()
    execute.run_into_store(one, alone)
    names = sorted(str(p.relative_to(alone)) for p in alone.rglob("*") if p.is_file())
    assert names == sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
    assert filecmp.cmpfiles(alone, out, names, shallow=False)[1:] == ([], [])
    assert [p.name for p in out.parent.iterdir()] == [out.name]
    with store.open_store(out, verify=True) as ds:
        np.testing.assert_array_equal(ds["pain"].values, faults.values(one))
    shutil.rmtree(alone.parent)


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.soak)])
def test_workers_killed_at_any_moment(farm: Farm, tmp_path: Path, kills: int) -> None:
    """Nothing is lost, nothing doubled: a kill costs the block that was being solved."""
    blocks = 100 if kills < 10 else 1000
    out, dice, one = tmp_path / "s" / "a.zarr", random.Random(kills), plan(blocks * SIZE)
    out.parent.mkdir()
    farm.pace(0.1 if kills < 10 else 0.2)
    run = Run(farm, one, out)
    for _ in range(kills):
        run.wait_for(len(run.finished()) + 1)
        assert run.is_alive(), f"it ended before the last kill: {run.error}"
        time.sleep(dice.uniform(0.0, 0.3))
        farm.add()
        farm.kill(dice.randrange(len(farm.workers) - 1))
    farm.pace(0.0)
    run.done()
    assert sorted(set(farm.solved())) == list(range(0, len(one), SIZE))
    assert len(farm.solved()) - blocks <= kills
    assert run.told[0] == 0 and run.told[-1] == len(one)
    check(out, one, tmp_path)


def test_a_scheduler_that_starts_anew_is_waited_for(farm: Farm, tmp_path: Path) -> None:
    out, one = tmp_path / "s" / "a.zarr", plan(40 * SIZE)
    out.parent.mkdir()
    farm.pace(0.1)
    run = Run(farm, one, out)
    run.wait_for(5)
    farm.restart()
    farm.pace(0.0)
    run.done()
    assert len(farm.solved()) - 40 <= 2
    check(out, one, tmp_path)


def test_a_full_disk_keeps_what_is_finished(farm: Farm, tmp_path: Path) -> None:
    out, one = tmp_path / "s" / "a.zarr", plan(20 * SIZE)
    out.parent.mkdir()
    farm.pace(0.05)
    run = Run(farm, one, out)
    run.wait_for(5)
    (farm.folder / "full").touch()
    try:
        with pytest.raises(UserError, match=r"No space left.* of 160 runs are finished.*--resume"):
            run.done()
    finally:
        (farm.folder / "full").unlink()
    assert not out.exists()
    kept = {p.name for p in store.partial_folder(out).path.glob("block-*")}
    assert len(kept) >= 5
    (farm.folder / "solved").unlink()
    Run(farm, one, out, resume=True).done()
    # each worker may have saved one more block after the sweep was given up
    assert 18 <= len(farm.solved()) + len(kept) <= 20, "what was finished is not solved again"
    check(out, one, tmp_path)


def test_what_a_worker_saves_late_is_not_taken_for_another_sweep(
    farm: Farm, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that was given up goes on for a while, and another study may have begun there."""
    out, one = tmp_path / "s" / "a.zarr", plan(3 * SIZE)
    out.parent.mkdir()
    folder = store.partial_folder(out)
    folder.start({**execute.manifest_of(one), "title": "another"})
    late = folder.elsewhere()
    folder.remove()
    farm.pace(0.5)
    run = Run(farm, one, out)
    run.wait_for(2)
    assert not late.goes_on()
    job = faults.StandIn(one)
    late.save(next(iter(faults.solve(job, [0], SIZE))), SIZE)
    with pytest.raises(UserError, match=r"block-000000000.npz cannot be read .*another sweep"):
        run.done()
    farm.pace(0.0)
    Run(farm, one, out, resume=True).done()
    assert "another sweep" in caplog.text
    check(out, one, tmp_path)


ODD = {
    "versions": r"cannot take part: .*versions\.other \(there .*Install the same",
    "import": r"cannot take part: it has no ldnsim of this version: .*Install the same",
}


@pytest.mark.parametrize("how", ODD)
def test_a_worker_that_is_another_is_named_before_work_begins(
    farm: Farm, tmp_path: Path, how: str
) -> None:
    out, one = tmp_path / "s" / "a.zarr", plan(2 * SIZE)
    out.parent.mkdir()
    block = tmp_path / "block.py"
    block.write_text("import sys\nsys.modules['ldnsim'] = None\n")
    with distributed.Client(farm.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        before = set(client.nthreads())
        if how == "versions":
            farm.add(LDNSIM_TEST_ODD="other")
        else:
            farm.add("--preload", str(block))
        client.wait_for_workers(3, timeout=60)
        (odd,) = set(client.nthreads()) - before
    try:
        with pytest.raises(UserError, match=f"the worker {odd} {ODD[how]}"):
            Run(farm, one, out).done()
        assert not farm.solved() and not list(out.parent.iterdir())
    finally:
        farm.kill(-1)


def test_kernels_for_another_processor_are_told_as_such() -> None:
    mine = {"versions": {"numpy": "2.0"}, "kernels": "aa"}
    assert worker.refused("w", mine, mine) is None
    told = worker.refused("w", {**mine, "kernels": "bb"}, mine)
    assert "another kind of processor" in str(told)


def test_a_worker_that_does_not_see_the_place_says_so(tmp_path: Path) -> None:
    """Without a shared file system the parcel of the job is not there."""
    away = worker.Parcel("0" * 64, store.partial_folder(tmp_path / "a.zarr"))
    with pytest.raises(UserError, match=r"does not see .*a\.zarr\.partial.*where all workers can"):
        away.job()


def test_arguments_that_are_no_cluster() -> None:
    study = Study.build({"regimen": "2 mg nightly at 22:00, for 2 d"}, "x")
    with pytest.raises(UserError, match=r"client = 'tcp://x:1': expected a distributed\.Client"):
        study.run(client="tcp://x:1")
    with pytest.raises(UserError, match="starts workers of its own"):
        study.run(client=object(), executor="dask")
    with distributed.Client(n_workers=0, processes=False, dashboard_address=":0") as client:
        pass
    with pytest.raises(UserError, match=r"client: it is closed; make a new one"):
        study.run(client=client)


@pytest.mark.parametrize(
    ("address", "content", "said"),
    [
        ("absent.json", None, "cannot be read .*dask scheduler --scheduler-file absent.json"),
        ("a.json", '{"a": 1}', "not the file that a scheduler writes"),
        ("a.json", "[]", "not the file that a scheduler writes"),
        ("a.json", "words", "not the file that a scheduler writes"),
        ("a.json", '{"address": 3}', "not the file that a scheduler writes"),
        ("a.toml", None, "no address of a scheduler"),
        ("", None, "no address of a scheduler"),
        ("tcp://10.0.0.1", None, "no address of a scheduler"),
    ],
)
def test_addresses_that_are_none(
    address: str, content: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(address).write_text(content)
    monkeypatch.delattr(distributed, "Client")  # none is made: it would try for a minute
    with pytest.raises(UserError, match=said), cluster.at(address):
        pass


def test_addresses_of_schedulers(tmp_path: Path) -> None:
    for address in ("tcp://10.0.0.1:8786", "tls://node-3:8786", "node.local:80", "tcp://[::1]:8786",
                    "ws://host:8786/path"):  # fmt: skip
        assert clients.address_of(address) == address
    file = tmp_path / "s.json"
    file.write_text('{"address": "tcp://10.0.0.1:8786", "workers": {}}')
    assert clients.address_of(str(file)) == "tcp://10.0.0.1:8786"


@pytest.mark.parametrize("when", ["workers start", "runs are solved"])
def test_the_keyboard_stops_the_sweep_and_its_workers_say_nothing(
    when: str, tmp_path: Path
) -> None:
    psutil = pytest.importorskip("psutil")
    text = """
regimen = "2 mg nightly at 22:00, for 52 wk"
axes = [{ name = "dose", field = "regimen.target", linspace = ["1 mg", "9 mg", 4000] }]
output = { trajectories = false, night = false, ledger = false }
"""
    (tmp_path / "study.toml").write_text(text)
    words = [sys.executable, "-m", "ldnsim", "sweep", "study.toml", "--cluster", "local:2"]
    sweep = subprocess.Popen(
        words, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )

    def ready() -> bool:
        if when == "runs are solved":
            return bool(list(tmp_path.glob("study.zarr.partial/block-*")))
        below = psutil.Process(sweep.pid).children(recursive=True)
        return sum("spawn_main" in " ".join(p.cmdline()) for p in below) == 2

    try:
        deadline = time.monotonic() + 120.0
        while not ready():
            assert sweep.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does: to all processes
        _, said = sweep.communicate(timeout=60.0)
    finally:
        if sweep.poll() is None:
            os.killpg(sweep.pid, signal.SIGKILL)
    assert sweep.returncode == 130, said
    assert "Traceback" not in said and "KeyboardInterrupt" not in said
    assert said.splitlines()[-1].startswith("ldnsim: stopped"), said


def test_results_of_workers_in_an_object_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of this process as workers, and an S3 server that is a stand-in, too."""
    boto3, server = pytest.importorskip("boto3"), pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    monkeypatch.setattr(worker, "run_blocks", faults.solve)
    for name, value in {
        "ACCESS_KEY_ID": "x",
        "SECRET_ACCESS_KEY": "x",
        "DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    stands = server.ThreadedMotoServer(port=0)
    stands.start()
    try:
        url = f"http://127.0.0.1:{stands.get_host_and_port()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        boto3.client("s3").create_bucket(Bucket="bucket")
        one, out = plan(6 * SIZE), "s3://bucket/a.zarr"
        with (
            distributed.LocalCluster(processes=False, n_workers=2, dashboard_address=None) as here,
            distributed.Client(here, set_as_default=False) as client,
        ):
            execute.run_into_store(one, out, engine=cluster.Cluster(client))
        with store.open_store(out, verify=True) as ds:
            np.testing.assert_array_equal(ds["pain"].values, faults.values(one))
        found = Address("s3://bucket")
        assert all(name.startswith("a.zarr/") for name in found.sizes())
        found.put("x", b"1", new=True)
        with pytest.raises(FileExistsError):
            found.fs.pipe_file(found.at("x"), b"2", mode="create")
        with pytest.raises(UserError, match="nowhere"):
            execute.run_into_store(one, "s3://nowhere/a.zarr")
    finally:
        stands.stop()


def test_workers_in_memory(farm: Farm) -> None:
    one = plan(6 * SIZE)
    with cluster.at(farm.address) as engine:
        ds = execute.run_plan(one, engine=engine)
    np.testing.assert_array_equal(ds["pain"].values, faults.values(one))
