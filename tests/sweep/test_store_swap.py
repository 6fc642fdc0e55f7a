"""While one result takes the place of another: kills, deletions and strangers between the steps."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ldnsim.errors import UserError
from ldnsim.results import store, swap, target
from tests.sweep.faults import calls_of, crash, refusal, run, stand_in, title_of


@pytest.fixture(autouse=True)
def no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)


def old_result(folder: Path) -> Path:
    folder.mkdir()
    run(folder / "a.zarr", "old")
    return folder / "a.zarr"


def overwrite(out: Path) -> None:
    run(out, "new", overwrite=True)


def partial_of(out: Path) -> Path:
    return store.partial_folder(out).path


def last_renames(tmp_path: Path) -> tuple[list[int], int]:
    """Numbers of the calls that move the old result, the new one and the old one again."""
    calls = calls_of(partial(overwrite, old_result(tmp_path / "counted")))
    moves = [i for i, c in enumerate(calls, 1) if c == "replace"]
    return moves[-3:], len(calls)


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_user_deletes_the_new_result_after_a_kill(tmp_path: Path, every: bool) -> None:
    """Whatever was left, no half of the old result comes back."""
    (aside, named, going), last = last_renames(tmp_path)
    some = {aside + 1, named, named + 1, going, going + 1, *range(going + 2, last + 1, 12), last}
    for at in range(aside + 1, last + 1) if every else sorted(some):
        out = old_result(tmp_path / f"k{at}")
        crash(at, partial(overwrite, out))
        if out.exists():
            shutil.rmtree(out)
        told = refusal(out, "new")
        if "unfinished sweep" in told:  # the old one was going, the new one is the user's to lose
            assert at > going and not out.exists()
        else:
            assert title_of(out) == ("old" if told else "new"), at
        assert not refusal(out, "new", overwrite=True)
        assert [p.name for p in out.parent.iterdir()] == ["a.zarr"]
        shutil.rmtree(out.parent)


def test_the_old_result_goes_on_going_after_a_kill(tmp_path: Path) -> None:
    (_, _, going), last = last_renames(tmp_path)
    for at in (going, going + 1, going + 9, (going + last) // 2, last - 2, last):
        out = old_result(tmp_path / f"k{at}")
        crash(at, partial(overwrite, out))
        assert title_of(out) == "new"
        assert "exists already" in refusal(out, "old") or partial_of(out).exists()
        run(out, "new", resume=True)
        assert title_of(out) == "new"
        assert [p.name for p in out.parent.iterdir()] == ["a.zarr"]


def test_a_result_that_appears_between_the_renames_is_not_taken_for_the_new_one(
    tmp_path: Path,
) -> None:
    (_, named, _), _ = last_renames(tmp_path)
    out = old_result(tmp_path / "k")
    crash(named, partial(overwrite, out))
    assert not out.exists() and title_of(partial_of(out) / "old-a.zarr") == "old"
    run(tmp_path / "a.zarr", "theirs")
    shutil.move(tmp_path / "a.zarr", out)
    for how in ({}, {"resume": True}, {"overwrite": True}):
        told = refusal(out, "new", **how)
        assert "old-a.zarr" in told and "so that none is lost" in told
    assert title_of(out) == "theirs"
    assert title_of(partial_of(out) / "old-a.zarr") == "old"
    shutil.move(out, tmp_path / "theirs.zarr")
    assert not refusal(out, "new", resume=True)
    assert title_of(out) == "new"


@pytest.mark.parametrize("name", ["mine.txt", "pain/c/99", "ldnsim/notes.txt", "status/zarr.json"])
def test_only_recorded_files_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """What appears in the old result after it was looked at stays, whatever its name."""
    out = old_result(tmp_path / "k")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("x")
    first = swap.Swap.replace

    def late(self: swap.Swap) -> None:
        place = out / name
        if place.exists():  # a link in place of a file of ours
            place.unlink()
            place.symlink_to(elsewhere)
        else:
            place.write_text("x")
        first(self)

    monkeypatch.setattr(swap.Swap, "replace", late)
    run(out, "new", overwrite=True)
    kept = partial_of(out) / "gone-a.zarr"
    assert [p.relative_to(kept).as_posix() for p in kept.rglob("*") if not p.is_dir()] == [name]
    assert (kept / name).read_text() == "x" and name in caplog.text
    assert title_of(out) == "new"
    assert name in refusal(out, "old", overwrite=True)
    (kept / name).unlink()
    monkeypatch.setattr(swap.Swap, "replace", first)
    assert not refusal(out, "old", overwrite=True)
    assert [p.name for p in out.parent.iterdir()] == ["a.zarr"]


def test_a_file_put_beside_the_old_result_while_it_is_aside_comes_back_with_it(
    tmp_path: Path,
) -> None:
    (_, named, _), _ = last_renames(tmp_path)
    out = old_result(tmp_path / "k")
    crash(named, partial(overwrite, out))
    (partial_of(out) / "old-a.zarr" / "mine.txt").write_text("x")
    assert "exists already" in refusal(out, "new") or not partial_of(out).exists()
    assert (out / "mine.txt").read_text() == "x" and title_of(out) == "old"


@pytest.mark.parametrize(
    "name", ["draft-a.zarr", "old-a.zarr", "gone-a.zarr", "block-000000000.npz", "manifest.json"]
)
@pytest.mark.parametrize("old", [False, True])
def test_links_among_the_blocks_are_not_followed(tmp_path: Path, name: str, old: bool) -> None:
    mine, out = tmp_path / "mine", tmp_path / "a.zarr"
    run(tmp_path / "b.zarr", "mine")
    shutil.move(tmp_path / "b.zarr", mine)
    before = {p: p.read_bytes() for p in mine.rglob("*") if p.is_file()}
    if old:
        run(out, "old")
    partial_of(out).mkdir()
    (partial_of(out) / name).symlink_to(mine if name.endswith("zarr") else mine / "zarr.json")
    for how in ({"overwrite": True}, {}, {"resume": True}):
        told = refusal(out, "new", **how)
        assert name in told
    assert {p: p.read_bytes() for p in mine.rglob("*") if p.is_file()} == before
    assert (partial_of(out) / name).is_symlink() and title_of(out) == ("old" if old else None)


def test_a_link_in_a_draft_is_not_written_through(tmp_path: Path) -> None:
    out, mine = tmp_path / "a.zarr", tmp_path / "mine"
    mine.mkdir()
    (mine / "zarr.json").write_text("mine")
    draft = partial_of(out) / "draft-a.zarr"
    draft.mkdir(parents=True)
    (draft / "pain").symlink_to(mine)
    assert "draft-a.zarr/pain" in refusal(out, "new", overwrite=True)
    assert (mine / "zarr.json").read_text() == "mine"


def test_a_link_in_a_result_is_not_of_the_result(tmp_path: Path) -> None:
    out = old_result(tmp_path / "k")
    chunk = out / "pain" / "c" / "0" / "0"
    shutil.move(chunk, tmp_path / "chunk")
    chunk.symlink_to(tmp_path / "chunk")
    with pytest.raises(UserError, match="pain/c/0/0"):
        target.check_replaceable(out)


def appears(monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    """Let something happen when the blocks are solved, before they are assembled."""
    from ldnsim.sweep import execute

    first = execute._solve

    def busy(*args: Any) -> Any:
        yield from first(*args)
        make()

    monkeypatch.setattr(execute, "_solve", busy)


@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_a_result_that_appears_while_a_sweep_runs_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    out, theirs = tmp_path / name, tmp_path / "theirs" / name
    theirs.parent.mkdir()
    run(theirs, "theirs")
    with monkeypatch.context() as patch:
        appears(patch, lambda: shutil.move(theirs, out))
        told = refusal(out, "new")
    assert "was not started to replace it" in told and "kept in" in told
    assert title_of(out) == "theirs"
    assert len(list(partial_of(out).glob("block-*"))) == 3
    assert "unfinished sweep" in refusal(out, "new") or "exists already" in refusal(out, "new")
    assert "was not started to replace it" in refusal(out, "new", resume=True)
    assert title_of(out) == "theirs"
    shutil.move(out, theirs)
    with monkeypatch.context() as patch:
        patch.setattr("ldnsim.sweep.execute._solve", lambda job, starts, *_: iter(starts))
        assert not refusal(out, "new", resume=True), "no block is solved again"
    assert title_of(out) == "new" and not partial_of(out).exists()


def test_a_result_that_appears_while_another_is_replaced_may_be_replaced_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, theirs = tmp_path / "a.zarr", tmp_path / "theirs.zarr"
    run(theirs, "theirs")
    appears(monkeypatch, lambda: shutil.move(theirs, out))
    run(out, "new", overwrite=True)
    assert title_of(out) == "new"


@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_a_sweep_stopped_after_its_result_has_its_name_is_finished(
    tmp_path: Path, name: str
) -> None:
    first = tmp_path / "first" / name
    first.parent.mkdir()
    calls = calls_of(lambda: run(first, "new"))
    named = max(i for i, c in enumerate(calls, 1) if c == "replace")
    out = tmp_path / "k" / name
    out.parent.mkdir()
    crash(named + 1, lambda: run(out, "new"))
    assert title_of(out) == "new" and partial_of(out).exists()
    stamp = out.stat().st_mtime_ns
    run(out, "new", resume=True)
    assert out.stat().st_mtime_ns == stamp and [p.name for p in out.parent.iterdir()] == [name]
