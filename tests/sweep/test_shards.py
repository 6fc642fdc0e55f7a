"""A sweep in shards: each solves its blocks, and what is missing, wrong or doubled is told."""

from __future__ import annotations

import contextlib
import filecmp
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ldnsim.cli import app
from ldnsim.errors import UserError
from ldnsim.results import store
from ldnsim.sweep import execute, shards
from ldnsim.sweep.shards import Shard, merge, run_shard
from tests.sweep import faults
from tests.sweep.faults import SIZE, Crash, faulty, plan, run, stand_in, title_of


@pytest.fixture(autouse=True)
def no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)


@pytest.fixture(name="file")
def study_file(tmp_path: Path) -> Path:
    found = tmp_path / "study.toml"
    found.touch()
    return found


def merged(out: Path, title: str = "one") -> None:
    merge(out, lambda file: plan(title))


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_shards_in_any_order_give_the_files_of_one_sweep(
    tmp_path: Path, file: Path, order: tuple[int, ...], name: str
) -> None:
    if name == "a.nc" and order != (3, 1, 2):
        return  # its library takes its time
    out, whole = tmp_path / name, tmp_path / "whole" / name
    whole.parent.mkdir()
    for k in order:
        assert not out.exists()
        assert run_shard(plan("one"), out, Shard(k, 3), file) == SIZE
    merged(out)
    assert title_of(out) == "one"
    run(whole, "one")
    if out.is_dir():
        names = sorted(p.relative_to(whole).as_posix() for p in whole.rglob("*") if p.is_file())
        assert filecmp.cmpfiles(out, whole, names, shallow=False)[1:] == ([], [])
    assert {p.name for p in tmp_path.iterdir()} == {name, "study.toml", "whole"}


@given(runs=st.integers(1, 200), of=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_every_block_is_in_one_shard(runs: int, of: int) -> None:
    starts = list(range(0, 8 * runs, 8))
    parts = [Shard(k, of).starts(starts) for k in range(1, of + 1)]
    assert sorted(s for part in parts for s in part) == starts
    lengths = [len(p) for p in parts]
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3", "expected number/all"), ("3/", "expected number/all"), ("a/b", "such as 3/40"),
        ("0/3", "numbered from 1"), ("4/3", "no shard 4 of 3"), ("1/0", "no shard 1 of 0"),
        ("-1/3", "expected number/all"),
    ],
)  # fmt: skip
def test_what_is_no_shard(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        Shard.parse(text)


def test_what_is_missing_is_told_by_shard(tmp_path: Path, file: Path) -> None:
    out = tmp_path / "a.zarr"
    with pytest.raises(UserError, match="has no shards"):
        merged(out)
    run_shard(plan("one"), out, Shard(2, 3), file)
    with pytest.raises(UserError, match=r"2 of 3 blocks are missing, in shards 1/3 .*3/3 "):
        merged(out)
    with pytest.raises(UserError, match="unfinished"):
        store.open_store(out)
    run_shard(plan("one"), out, Shard(1, 3), file)
    with pytest.raises(UserError, match=r"in shard 3/3 \(nothing is there\)"):
        merged(out)
    execute.run_into_store(plan("one"), out, resume=True)  # solves the rest and merges
    assert title_of(out) == "one"
    assert merged(out) is None, "nothing is left to do"
    assert run_shard(plan("one"), out, Shard(1, 3), file) is None, "nothing is left to do"


def test_what_does_not_go_together_is_refused(tmp_path: Path, file: Path) -> None:
    out = tmp_path / "a.zarr"
    run_shard(plan("one"), out, Shard(1, 3), file)
    with pytest.raises(UserError, match="was begun in 3 shards"):
        run_shard(plan("one"), out, Shard(1, 2), file)
    with pytest.raises(UserError, match=r"study\.title"):
        run_shard(plan("two"), out, Shard(2, 3), file)
    with pytest.raises(UserError, match="24 runs are 3 blocks of 8, too few for 4 shards"):
        run_shard(plan("one"), tmp_path / "b.zarr", Shard(1, 4), file)
    run_shard(plan("one"), out, Shard(2, 3), file)
    run_shard(plan("one"), out, Shard(3, 3), file)
    with pytest.raises(UserError, match=r"study\.title"):
        merged(out, "two")
    file.unlink()
    with pytest.raises(UserError, match=r"study\.toml is not there; give it with --study"):
        merged(out)


def test_a_sweep_that_is_whole_or_without_shards_is_not_joined(tmp_path: Path, file: Path) -> None:
    out = tmp_path / "a.zarr"
    run(out, "two")
    with pytest.raises(UserError, match=r"study\.title"):
        run_shard(plan("one"), out, Shard(1, 3), file)
    other = tmp_path / "b.zarr"
    with contextlib.suppress(Crash), faulty(9):
        run(other, "one")
    assert store.partial_folder(other).exists()
    with pytest.raises(UserError, match="was begun without shards"):
        run_shard(plan("one"), other, Shard(1, 3), file)


def test_two_at_one_shard_are_not_let_in(tmp_path: Path, file: Path) -> None:
    out = tmp_path / "a.zarr"
    folder = store.partial_folder(out)
    with folder.held_shard("2-of-3"):
        with pytest.raises(UserError, match="at work on shard 2/3"):
            run_shard(plan("one"), out, Shard(2, 3), file)
        assert run_shard(plan("one"), out, Shard(1, 3), file) == SIZE
        for whole in (lambda: merged(out), lambda: run(out, "one", resume=True)):
            with pytest.raises(UserError, match=r"being worked on: 1 shard \(2/3\)"):
                whole()
    run(out, "one", resume=True)
    assert [p.name for p in tmp_path.iterdir() if p != file] == ["a.zarr"]


def test_a_shard_waits_for_others_that_begin_and_not_for_ever(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a.zarr"
    monkeypatch.setattr(shards, "PATIENCE", 0.3)
    with (
        store.partial_folder(out).held(),
        pytest.raises(UserError, match="another sweep is writing"),
    ):
        run_shard(plan("one"), out, Shard(1, 3), file)


@pytest.mark.parametrize("at", range(1, 14))
def test_a_killed_shard_is_run_again(tmp_path: Path, file: Path, at: int) -> None:
    """At any call that writes; the blocks of others are never touched."""
    out = tmp_path / "a.zarr"
    run_shard(plan("one"), out, Shard(1, 2), file)
    before = {p.name: p.read_bytes() for p in store.partial_folder(out).path.glob("block-*")}
    with contextlib.suppress(Crash), faulty(at):
        run_shard(plan("one"), out, Shard(2, 2), file)
    run_shard(plan("one"), out, Shard(2, 2), file)
    folder = store.partial_folder(out).path
    assert before.items() <= {p.name: p.read_bytes() for p in folder.glob("block-*")}.items()
    merged(out)
    assert title_of(out) == "one"


def test_a_damaged_block_is_told_with_its_shard(tmp_path: Path, file: Path) -> None:
    out = tmp_path / "a.zarr"
    for k in (1, 2, 3):
        run_shard(plan("one"), out, Shard(k, 3), file)
    block = store.partial_folder(out).path / "block-000000008.npz"
    block.write_bytes(block.read_bytes()[:-9])
    with pytest.raises(UserError, match=r"block at run 8 .* is damaged .*run shard 2/3 again"):
        merged(out)
    run_shard(plan("one"), out, Shard(2, 3), file)
    merged(out)
    assert title_of(out) == "one"


TEXT = """
title = "jobs"
regimen = "2 mg nightly at 22:00, for 2 d"
output = { variables = ["pain"], summaries = ["pain_change"], night = false, ledger = false }
solver = { block = 8 }
axes = [{ name = "gain", field = "parameters.driver", linspace = [0.01, 0.02, 24] }]
"""


def ldnsim(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_the_commands_of_a_job_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(TEXT)
    for k in (1, 2):
        code, said = ldnsim("sweep", "study.toml", "--shard", f"{k}/2")
        assert code == 0 and f"shard {k}/2" in said and "ldnsim merge study.zarr" in said
    assert ldnsim("merge", "study.zarr")[0] == 0
    code, said = ldnsim("merge", "study.zarr")
    assert code == 0 and "is whole already" in said  # as a job that is run twice
    wrong: dict[tuple[Any, ...], str] = {
        ("--shard", "3/2"): "no shard 3 of 2",
        ("--shard", "1/2", "--overwrite"): "let every job begin anew",
        ("--shard", "1/2", "--cluster", "local"): "--cluster and --shard are different ways",
        ("--scheduler", "tcp://x:1", "--dry-run"): "--scheduler would do nothing",
        ("--cluster", "tcp://x:1"): "goes to --scheduler",
        ("--cluster", "local:0"): "expected local, or local:8",
    }
    for words, told in wrong.items():
        code, said = ldnsim("sweep", "study.toml", *words)
        assert code == 2 and told in said, said
    assert faults.RUNS == 24
