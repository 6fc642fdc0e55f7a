"""A kill or a full disk at any call that writes: the old or the new result is whole, and usable."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ldnsim.errors import UserError
from ldnsim.results import store
from ldnsim.results.sensitivity import add_to_store
from tests.sweep.faults import (
    SIZE,
    calls_of,
    crash,
    faulty,
    plan,
    points,
    refusal,
    run,
    stand_in,
    title_of,
)

NAMES = ["a.zarr", "a.nc"]
EVERY = [False, pytest.param(True, marks=pytest.mark.soak)]
ALL = slice(None)
every_call = pytest.mark.parametrize("every", EVERY)


@pytest.fixture(autouse=True)
def no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)


def check_after_a_kill(out: Path, tmp_path: Path, old: str | None, which: slice) -> None:
    """Whatever the next command is, it works or says what to do, and loses nothing.

    Args:
        out: the result.
        tmp_path: where it can be copied to.
        old: title of the result there before.
        which: of the next commands to try: none, resume, overwrite.
    """
    try:
        found = title_of(out)
        assert found in (None, old, "new"), found
    except UserError as error:
        raise AssertionError(f"a damaged result under its name: {error}") from None
    if found is None and old:
        aside = store.partial_folder(out).path / f"old-{out.name}"
        assert title_of(aside) == old, "the old result is lost"
        with pytest.raises(UserError, match="--resume"):
            store.open_store(out)
    for how in ({}, {"resume": True}, {"overwrite": True})[which]:
        place = tmp_path / "next"
        shutil.copytree(out.parent, place)
        told = refusal(place / out.name, "new", **how)
        now = title_of(place / out.name)
        if how.get("overwrite"):
            assert not told and now == "new"
        elif told:
            assert "--resume" in told or "--overwrite" in told, told
            assert now in (old, "new") or (now is None and not old)
            assert not refusal(place / out.name, "new", overwrite=True)
            assert title_of(place / out.name) == "new"
        else:
            assert now == "new"
        assert [p.name for p in place.iterdir()] == [out.name], "leftovers"
        shutil.rmtree(place)


@every_call
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("old", [None, "old"])
def test_a_kill_at_any_call_while_a_result_is_written(
    tmp_path: Path, every: bool, name: str, old: str | None
) -> None:
    def start(folder: str) -> Path:
        out = tmp_path / folder / name
        out.parent.mkdir()
        if old:
            run(out, old)
        return out

    first = start("whole")
    calls = calls_of(lambda: run(first, "new", overwrite=bool(old)))
    assert {"replace", "unlink", "rmdir"} <= set(calls)
    for at in points(calls, every, name):
        out = start(f"kill-{at}")
        crash(at, partial(run, out, "new", overwrite=bool(old)))
        check_after_a_kill(out, tmp_path, old, ALL if every else slice(at % 3, at % 3 + 1))
        shutil.rmtree(out.parent)


@every_call
@pytest.mark.parametrize("name", NAMES)
def test_a_kill_at_any_call_of_a_resume(tmp_path: Path, every: bool, name: str) -> None:
    """A sweep stopped after its first block is resumed, and killed again, and again."""
    stopped = tmp_path / "stopped" / name
    stopped.parent.mkdir()
    blocks = len(range(0, SIZE, 4))
    crash(5 * blocks + 3, lambda: run(stopped, "new"))
    shutil.copytree(stopped.parent, tmp_path / "whole")
    calls = calls_of(lambda: run(tmp_path / "whole" / name, "new", resume=True))
    for at in points(calls, every, name):
        shutil.copytree(stopped.parent, tmp_path / "k")
        out = tmp_path / "k" / name
        crash(at, partial(run, out, "new", resume=True))
        check_after_a_kill(out, tmp_path, None, ALL if every else slice(at % 3, at % 3 + 1))
        shutil.rmtree(out.parent)


@every_call
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("old", [None, "old"])
def test_a_full_disk_at_any_call_keeps_what_is_finished(
    tmp_path: Path, every: bool, name: str, old: str | None
) -> None:
    def start(folder: str) -> Path:
        out = tmp_path / folder / name
        out.parent.mkdir()
        if old:
            run(out, old)
        return out

    first = start("whole")
    calls = calls_of(lambda: run(first, "new", overwrite=bool(old)))
    for at in points(calls, every, name):
        out = start(f"full-{at}")
        with faulty(at, full=True):
            told = refusal(out, "new", overwrite=bool(old))
        if not told:  # nothing but deletions was left to do
            assert title_of(out) == "new"
        else:
            assert "No space left" in told
            assert title_of(out) == old
            kept = len(list(out.parent.glob("*.partial/block-*")))
            assert ("with --resume" in told) == (kept > 0)
            assert f"{kept * SIZE} of 24 runs are finished" in told or not kept
            assert not refusal(out, "new", **({"resume": True} if kept else {"overwrite": True}))
            assert title_of(out) == "new"
        assert [p.name for p in out.parent.iterdir()] == [name]
        shutil.rmtree(out.parent)


def sensitivities(number: float) -> xr.Dataset:
    """What is added to a store: a number, and texts along a dimension of their own."""
    names = np.array(["tnf", "pain_of_é"])
    return xr.Dataset(
        {"sensitivity": ("summary", [number, 2.0], {"reference_run": 0})},
        {"summary": names, "summary_units": ("summary", np.array(["1", "points"]))},
    )


@every_call
@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("a.zarr", False),
        ("a.zarr", True),
        ("a.nc", False),
        pytest.param("a.nc", True, marks=pytest.mark.soak),
    ],
)
def test_a_kill_at_any_call_while_sensitivities_are_added(
    tmp_path: Path, every: bool, name: str, again: bool
) -> None:
    def start(folder: str) -> Path:
        out = tmp_path / folder / name
        out.parent.mkdir()
        run(out, "old")
        if again:
            add_to_store(out, sensitivities(1.0))
        return out

    def kept(out: Path) -> float | None:
        assert title_of(out) == "old"
        with store.open_store(out) as ds:
            if "sensitivity" not in ds:
                return None
            assert ds["summary_units"].dtype.kind == "U"
            assert ds["summary"].values.tolist() == ["tnf", "pain_of_é"]
            return float(ds["sensitivity"][0])

    first = start("whole")
    before = kept(first)
    assert before == (1.0 if again else None)
    calls = calls_of(lambda: add_to_store(first, sensitivities(3.0)))
    assert kept(first) == 3.0
    assert [p.name for p in first.parent.iterdir()] == [name]
    for at in points(calls, every, name):
        out = start(f"kill-{at}")
        crash(at, partial(add_to_store, out, sensitivities(3.0)))
        if out.exists():
            assert kept(out) in (before, 3.0)
        add_to_store(out, sensitivities(4.0))
        assert kept(out) == 4.0
        assert [p.name for p in out.parent.iterdir()] == [name]
        shutil.rmtree(out.parent)


def test_adding_to_a_store_keeps_the_blocks_of_an_unfinished_overwrite(tmp_path: Path) -> None:
    out = tmp_path / "a.zarr"
    run(out, "old")
    blocks = calls_of(lambda: run(tmp_path / "b.zarr", "new"))
    first = blocks.index("replace", blocks.index("replace") + 1)  # the manifest, then a block
    crash(first + 3, lambda: run(out, "new", overwrite=True))
    kept = sorted(p.name for p in store.partial_folder(out).path.glob("block-*"))
    assert kept
    add_to_store(out, sensitivities(3.0))
    assert sorted(p.name for p in store.partial_folder(out).path.glob("block-*")) == kept
    run(out, "new", resume=True)
    assert title_of(out) == "new"


def test_plan_of_the_stand_in_has_three_blocks() -> None:
    assert len(plan("x")) == 3 * SIZE
