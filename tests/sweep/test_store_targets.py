"""Only what this program wrote is replaced, and a place is looked at before anything runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from ldnsim.errors import UserError
from ldnsim.results import lock, store, target
from ldnsim.sweep import execute
from ldnsim.sweep.study import Study
from tests.sweep.faults import OUTPUT, refusal, run, stand_in, title_of

NAMES = ["a.zarr", "a.nc"]


@pytest.fixture(autouse=True)
def no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "expected a name"),
        (".", "expected a name"),
        ("/", "expected a name"),
        ("..", "expected a name"),
        ("a\0b.zarr", "expected a name"),
        ("r.csv", "ends in '.csv'; a result is a Zarr store"),
        ("r.h5", "ends in '.h5'"),
        ("r.zar", "did you mean '.zarr'"),
        ("r", "has no ending"),
        ("file/r.zarr", "file is a file, not a folder"),
        ("none/r.zarr", "does not exist"),
        ("x" * 260 + ".zarr", "name too long"),
        ("x" * 245 + ".nc", "name too long"),
        ("link.zarr", "is a link to"),
        ("dangling.nc", "is a link to"),
    ],
)
def test_places_that_cannot_be_written_are_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    (tmp_path / "file").touch()
    run(tmp_path / "real.zarr", "old")
    (tmp_path / "link.zarr").symlink_to(tmp_path / "real.zarr")
    (tmp_path / "dangling.nc").symlink_to(tmp_path / "nowhere.nc")
    before = tree(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(execute, "Job", None)  # nothing may be made, let alone run
    with pytest.raises(UserError, match=f"(?i){words}"):
        run(name, "new", overwrite=True)  # type: ignore[arg-type]
    assert tree(tmp_path) == before


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target.os, "access", lambda *_: False)
    assert "no permission to write in the folder" in refusal(tmp_path / "a.zarr", "new")


def foreign_zarr(path: Path) -> None:
    xr.Dataset({"mine": ("x", [1.0])}).to_zarr(path)


def rewritten(path: Path) -> None:
    """A result of ours that xarray wrote anew: the same names of files, other content."""
    run(path.with_name(f"first{path.suffix}"), "old")
    if path.suffix == ".zarr":
        xr.open_zarr(path.with_name("first.zarr"), chunks=None).load().to_zarr(path)
    else:
        xr.load_dataset(path.with_name("first.nc")).to_netcdf(path, engine="h5netcdf")


def with_a_file_of_mine(path: Path) -> None:
    run(path, "old")
    (path / "pain" / "notes.txt").write_text("mine")


def with_a_link(path: Path) -> None:
    run(path, "old")
    (path / "pain" / "extra").symlink_to(path.parent)


def bare_zarr(path: Path) -> None:
    path.mkdir()
    (path / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group"}')
    (path / "thesis.docx").write_text("years of work")


def any_netcdf(path: Path) -> None:
    xr.Dataset({"mine": ("x", [1.0])}).to_netcdf(path, engine="h5netcdf")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.zarr", foreign_zarr),
        ("a.zarr", rewritten),
        ("a.zarr", with_a_file_of_mine),
        ("a.zarr", with_a_link),
        ("a.zarr", bare_zarr),
        ("a.zarr", Path.mkdir),
        ("a.zarr", Path.touch),
        ("a.nc", any_netcdf),
        ("a.nc", rewritten),
        ("a.nc", Path.touch),
        ("a.nc", Path.mkdir),
    ],
)
def test_what_others_wrote_is_never_replaced(tmp_path: Path, name: str, make: Any) -> None:
    make(tmp_path / name)
    before = tree(tmp_path)
    for how in ({"overwrite": True}, {}, {"resume": True}):
        told = refusal(tmp_path / name, "new", **how)
        assert told and name in told
    if "mine" in make.__name__:
        assert "notes.txt" in refusal(tmp_path / name, "new", overwrite=True)
    assert tree(tmp_path) == before


def test_files_put_there_while_a_sweep_runs_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a.zarr"
    run(out, "old")
    first = execute._solve

    def busy(*args: Any) -> Any:
        yield from first(*args)
        (out / "mine.txt").write_text("x")

    monkeypatch.setattr(execute, "_solve", busy)
    assert "mine.txt" in refusal(out, "new", overwrite=True)
    assert (out / "mine.txt").read_text() == "x"
    (out / "mine.txt").unlink()
    monkeypatch.setattr(execute, "_solve", first)
    run(out, "new", resume=True)
    assert title_of(out) == "new"


@pytest.mark.parametrize("name", ["thesis.doc", "manifest.json", "draft-a.zarr/x/y.txt"])
def test_a_folder_of_the_name_of_the_blocks_is_left_alone(tmp_path: Path, name: str) -> None:
    mine = tmp_path / "a.zarr.partial" / name
    mine.parent.mkdir(parents=True)
    mine.write_text('{"title": "mine"}')
    for how in ({"overwrite": True}, {}, {"resume": True}):
        assert Path(name).name in refusal(tmp_path / "a.zarr", "new", **how)
    assert mine.read_text() == '{"title": "mine"}'
    assert not (tmp_path / "a.zarr").exists()


def test_a_link_of_the_name_of_the_blocks_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "block-000000000.npz").touch()
    (tmp_path / "a.zarr.partial").symlink_to(tmp_path / "elsewhere")
    assert "in the way" in refusal(tmp_path / "a.zarr", "new", overwrite=True)
    assert (tmp_path / "elsewhere" / "block-000000000.npz").exists()


def test_the_mark_of_a_dead_writer_does_not_block(tmp_path: Path) -> None:
    (tmp_path / ".a.zarr.partial.lock").touch()
    run(tmp_path / "a.zarr", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]


def test_a_lock_on_a_file_that_lost_its_name_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder before ends between this one's opening the file and locking it."""
    path, real, calls = tmp_path / "lock", lock._lock, []

    def late(handle: int) -> None:
        if not calls:
            path.unlink()
        calls.append(handle)
        real(handle)

    monkeypatch.setattr(lock, "_lock", late)
    with lock.held(path) as mine:
        assert mine and path.exists()
        with lock.held(path) as other:
            assert not other
    assert not path.exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_finished_study_is_told_to_be_finished(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path / name, "new")
    before = (tmp_path / name).stat().st_mtime_ns
    with caplog.at_level("INFO", "ldnsim"):
        run(tmp_path / name, "new", resume=True)
    assert "nothing is left to do" in caplog.text
    assert (tmp_path / name).stat().st_mtime_ns == before
    assert "contradict" in refusal(tmp_path / name, "new", resume=True, overwrite=True)


def test_what_is_put_right_after_a_kill_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "a.zarr"
    run(out, "old")
    folder = store.partial_folder(out).path
    folder.mkdir()
    shutil.move(out, folder / "old-a.zarr")
    with pytest.raises(UserError, match="was being replaced"):
        store.open_store(out)
    with caplog.at_level("INFO", "ldnsim"):
        assert "--overwrite" in refusal(out, "new")
    assert "the old result is back" in caplog.text and title_of(out) == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]


def test_progress_is_a_function_or_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    study = Study.build({"regimen": "2 mg nightly at 22:00, for 2 d", "output": OUTPUT}, "x")
    for wrong in (1, "yes", object()):
        with pytest.raises(UserError, match=r"progress = .*: expected True for a bar"):
            study.run(progress=wrong)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="expected 'threads' or 'dask'"):
        study.run(executor="slurm")  # type: ignore[arg-type]
