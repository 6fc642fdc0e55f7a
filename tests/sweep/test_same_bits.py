"""The result is the same to the last bit however it was computed, and whatever interrupted it."""

from __future__ import annotations

import filecmp
import signal
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ldnsim.errors import Interrupted, UserError
from ldnsim.results import assemble, store
from ldnsim.sweep.execute import outcome
from ldnsim.sweep.study import Study

TEXT = """
title = "small"
regimen = "1/4 of target nightly at 22:00, +1/4 of target every 2 d to 4 mg, for 1 wk"
horizon = "9 d"
patient.basin = "resolved"
adherence = { p_missed = 0.2 }
axes = [
  { name = "dose", field = "regimen.target", values = ["1 ug", "1 mg", "50 mg"] },
  { name = "gain", field = "parameters.driver", linspace = [0.01, 0.03, 3] },
  { name = "interval", field = "regimen.interval", values = ["1 d", "2 d"] },
]
output = { every = "12 h", night_every = "1 h" }
"""

COLUMNS = 'variables = ["pain", "tnf"], summaries = ["pain_change", "worst_dreams"], '
FEW = TEXT.replace("night_every", COLUMNS + "night_every")
"""The same runs with a few columns, where a store is written several times."""


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.loads(TEXT)


@pytest.fixture(scope="module")
def few() -> Study:
    return Study.loads(FEW)


@pytest.fixture(scope="module")
def reference(study: Study) -> xr.Dataset:
    return study.run(threads=1)


@pytest.fixture(scope="module")
def few_reference(few: Study) -> xr.Dataset:
    return few.run(threads=1)


def with_block(study: Study, block: int) -> Study:
    solver = study.solver.model_copy(update={"block": block})
    return study.model_copy(update={"solver": solver})


def assert_same(a: xr.Dataset, b: xr.Dataset) -> None:
    xr.testing.assert_identical(a.drop_attrs(), b.drop_attrs())
    for name in a.variables:
        x, y = a[name].values, b[name].values
        assert x.dtype.kind == y.dtype.kind, name
        if x.dtype.kind != "U":
            assert x.tobytes() == y.tobytes(), name
    assert a.attrs == b.attrs


def test_the_small_study_gives_numbers(reference: xr.Dataset) -> None:
    assert reference["mor_occupancy"].dims == ("dose", "gain", "interval", "time")
    assert outcome(reference) == "18 ok"
    peak = reference["occupancy_peak"]
    assert (peak.diff("dose") > 0).all()
    assert np.isfinite(reference["pain"]).all()


@pytest.mark.parametrize("block", [8, 24])
def test_any_block_size(study: Study, reference: xr.Dataset, block: int) -> None:
    assert_same(with_block(study, block).run(threads=2), reference)


def test_dask_workers(study: Study, reference: xr.Dataset) -> None:
    pytest.importorskip("distributed")
    assert_same(with_block(study, 8).run(threads=2, executor="dask"), reference)


def stop_after(runs: int) -> object:
    def report(done: int, total: int) -> None:
        if done >= runs:
            raise KeyboardInterrupt

    return report


@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_a_killed_sweep_resumes_to_the_identical_result(
    few: Study, few_reference: xr.Dataset, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    with pytest.raises(Interrupted, match="8 of 18 runs"):
        with_block(few, 8).run(out, progress=stop_after(16))  # type: ignore[arg-type]
    assert not out.exists(), "an unfinished result never has the name of a finished one"
    with pytest.raises(UserError, match="--resume"):
        store.open_store(out)
    with pytest.raises(UserError, match="--resume"):
        few.run(out)
    resumed = with_block(few, 16).run(out, resume=True, threads=1)
    assert_same(resumed.load(), few_reference)
    assert not store.partial_folder(out).path.exists()


def test_a_resumed_zarr_is_the_same_files(few: Study, tmp_path: Path) -> None:
    whole, resumed = tmp_path / "whole.zarr", tmp_path / "resumed.zarr"
    few.run(whole)
    with pytest.raises(Interrupted):
        with_block(few, 8).run(resumed, progress=stop_after(16))  # type: ignore[arg-type]
    few.run(resumed, resume=True)
    names = sorted(str(p.relative_to(whole)) for p in whole.rglob("*") if p.is_file())
    assert names == sorted(str(p.relative_to(resumed)) for p in resumed.rglob("*") if p.is_file())
    _, different, odd = filecmp.cmpfiles(whole, resumed, names, shallow=False)
    assert (different, odd) == ([], [])


def test_a_kill_while_a_block_is_written_costs_that_block_only(
    few: Study, few_reference: xr.Dataset, tmp_path: Path
) -> None:
    out = tmp_path / "a.zarr"
    with pytest.raises(Interrupted):
        with_block(few, 8).run(out, progress=stop_after(16))  # type: ignore[arg-type]
    folder = store.partial_folder(out).path
    (folder / ".block-000000008.npz.draft").write_bytes(b"half a block")
    (folder / f"draft-{out.name}").mkdir()
    (folder / f"draft-{out.name}" / "zarr.json").write_text("{")
    assert_same(few.run(out, resume=True).load(), few_reference)


def test_resuming_another_study_is_refused_by_name(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "a.zarr"
    with pytest.raises(Interrupted):
        with_block(study, 8).run(out, progress=stop_after(16))  # type: ignore[arg-type]
    other = Study.loads(TEXT.replace("p_missed = 0.2", "p_missed = 0.3"))
    with pytest.raises(UserError, match=r"study\.adherence\.p_missed \(was 0\.2, now 0\.3\)"):
        other.run(out, resume=True)


def test_resuming_with_other_code_is_refused(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a.zarr"
    with pytest.raises(Interrupted):
        with_block(study, 8).run(out, progress=stop_after(16))  # type: ignore[arg-type]
    monkeypatch.setattr("ldnsim.sweep.execute.fingerprints", lambda: {"engine": "other"})
    with pytest.raises(UserError, match=r"code\.engine"):
        study.run(out, resume=True)


def test_nothing_is_overwritten_silently(few: Study, tmp_path: Path) -> None:
    out = tmp_path / "a.zarr"
    first = few.run(out).load()
    with pytest.raises(UserError, match="--overwrite"):
        few.run(out)
    assert_same(few.run(out, resume=True).load(), first)
    assert_same(few.run(out, overwrite=True).load(), first)
    (tmp_path / "thesis.zarr").mkdir()
    with pytest.raises(UserError, match="is not a result of a sweep"):
        few.run(tmp_path / "thesis.zarr", overwrite=True)
    with pytest.raises(UserError, match="does not exist"):
        few.run(tmp_path / "no" / "a.zarr")


@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_an_interrupted_overwrite_is_resumed_and_replaces_the_old_result(
    few: Study, few_reference: xr.Dataset, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    other = Study.loads(FEW.replace('title = "small"', 'title = "other"'))
    other.run(out).close()
    with pytest.raises(Interrupted):
        with_block(few, 8).run(out, overwrite=True, progress=stop_after(16))  # type: ignore[arg-type]
    again: list[int] = []
    found = few.run(out, resume=True, progress=lambda done, total: again.append(done)).load()
    assert again[0] == 8, "the finished block is not solved again"
    assert_same(found, few_reference)
    assert found.attrs["title"] == "small"
    assert not store.partial_folder(out).path.exists()


def test_a_result_stands_beside_the_rest_of_another_study(few: Study, tmp_path: Path) -> None:
    out = tmp_path / "a.zarr"
    first = few.run(out).load()
    other = Study.loads(FEW.replace("p_missed = 0.2", "p_missed = 0.3"))
    with pytest.raises(Interrupted):
        with_block(other, 8).run(out, overwrite=True, progress=stop_after(16))  # type: ignore[arg-type]
    assert_same(few.run(out, resume=True).load(), first)


def test_opening_what_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no result"):
        store.open_store(tmp_path / "titration.zarr")


def test_large_chunks_are_split_without_changing_the_result(
    few: Study, few_reference: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assemble, "CHUNK_BYTES", 400)
    assert_same(few.run(tmp_path / "a.zarr").load(), few_reference)


@pytest.mark.long
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_process_killed_outright_resumes_to_the_same_files(tmp_path: Path) -> None:
    """A real kill, at a moment nobody chose, of a process that writes the store."""
    import subprocess
    import sys
    import time

    (tmp_path / "study.toml").write_text(FEW + "solver = { block = 8 }\n", encoding="utf-8")
    code = "import ldnsim; ldnsim.load('study.toml').run('{}', resume=True)"
    whole = [sys.executable, "-c", code.format("whole.zarr")]
    subprocess.run(whole, cwd=tmp_path, check=True)
    process = subprocess.Popen([sys.executable, "-c", code.format("a.zarr")], cwd=tmp_path)
    while process.poll() is None and not list(tmp_path.glob("a.zarr.partial/block-*")):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    study = Study.load(tmp_path / "study.toml")
    study.run(tmp_path / "a.zarr", resume=True)
    files = [
        sorted(p.relative_to(r) for p in r.rglob("*") if p.is_file())
        for r in (tmp_path / "whole.zarr", tmp_path / "a.zarr")
    ]
    assert files[0] == files[1]
    names = [str(p) for p in files[0]]
    compared = filecmp.cmpfiles(tmp_path / "whole.zarr", tmp_path / "a.zarr", names, shallow=False)
    assert compared[1:] == ([], [])


def test_two_sweeps_do_not_write_one_store(tmp_path: Path) -> None:
    study = Study.loads('regimen = "2 mg nightly at 22:00, for 1 wk"\noutput = { every = "1 d" }')
    target = tmp_path / "a.zarr"
    refused = pytest.raises(UserError, match="another sweep is writing")
    with store.partial_folder(target).held(), refused:
        study.run(target)
    assert not target.exists()
    study.run(target)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zarr"]


@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_a_damaged_result_is_told(tmp_path: Path, name: str) -> None:
    study = Study.loads('regimen = "2 mg nightly at 22:00, for 1 wk"\noutput = { every = "1 d" }')
    target = tmp_path / name
    study.run(target).close()
    file = target / "zarr.json" if target.is_dir() else target
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(UserError, match="is damaged"):
        store.open_store(target)
