"""Finished blocks and their manifest, damaged in every way: named and solved again, or refused."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ldnsim.errors import UserError
from ldnsim.results import files, store
from ldnsim.results.record import sealed
from ldnsim.sweep import execute
from tests.sweep import faults
from tests.sweep.faults import SIZE, calls_of, crash, plan, refusal, run, stand_in, title_of


@pytest.fixture(name="out")
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a sweep was stopped after two of its three blocks."""
    stand_in(monkeypatch)
    calls = calls_of(lambda: run(tmp_path / "b.zarr", "new"))
    moves = [i for i, c in enumerate(calls, 1) if c == "replace"]
    out = tmp_path / "k" / "a.zarr"
    out.parent.mkdir()
    crash(moves[3], partial(run, out, "new"))  # the manifest and two blocks have their names
    assert [p.name for p in blocks(out)] == ["block-000000000.npz", "block-000000008.npz"]
    return out


def blocks(out: Path) -> list[Path]:
    return sorted(store.partial_folder(out).path.glob("block-*"))


def another_shape(data: bytes) -> bytes:
    import io

    with np.load(io.BytesIO(data)) as found:
        arrays = {name: found[name] for name in found.files}
    arrays["trajectory"] = arrays["trajectory"][:, :, :-1]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return sealed(buffer.getvalue())


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda data: b"", "it is"),
    "cut": (lambda data: data[: len(data) // 2], "it is cut short"),
    "cut seal": (lambda data: data[:-20], "it is cut short"),
    "text": (lambda data: b"my notes", "it is cut short"),
    "another shape": (another_shape, "its trajectory has another shape"),
    "other arrays": (lambda data: sealed(b"my notes"), "it is no block"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_block_is_named_and_solved_again(
    out: Path, caplog: pytest.LogCaptureFixture, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, words = DAMAGE[how]
    file = blocks(out)[1]
    file.write_bytes(change(file.read_bytes()))
    solved: list[int] = []
    monkeypatch.setattr(
        execute,
        "_solve",
        lambda job, starts, *a: (solved.extend(starts), faults.solve(job, starts, *a))[1],
    )
    run(out, "new", resume=True)
    assert solved == [8, 16]
    assert f"block of runs 8 to 15 in {file.parent} is damaged" in caplog.text
    assert words in caplog.text
    assert title_of(out) == "new" and [p.name for p in out.parent.iterdir()] == [out.name]


def test_every_flipped_byte_of_a_block_is_found(out: Path) -> None:
    folder, shapes = store.partial_folder(out), faults.StandIn(plan("new")).shapes(0, SIZE)
    file = blocks(out)[0]
    data = file.read_bytes()
    assert folder.fault(0, shapes) is None
    for at in range(0, len(data), 7):
        file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert folder.fault(0, shapes), at


def test_a_block_of_other_runs_is_not_taken(out: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copy(blocks(out)[0], blocks(out)[1])
    run(out, "new", resume=True)
    assert "it is the block at run 0" in caplog.text and title_of(out) == "new"


@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_a_block_damaged_before_it_is_assembled_is_refused_and_solved_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stand_in(monkeypatch)
    dice, out = random.Random(name), tmp_path / name

    def busy(*args: Any) -> Any:
        yield from faults.solve(*args)
        file = blocks(out)[1]
        data = file.read_bytes()
        file.write_bytes(data[: dice.randrange(len(data) // 2)])

    monkeypatch.setattr(execute, "_solve", busy)
    told = refusal(out, "new")
    assert "block-000000008.npz cannot be read" in told and "--resume" in told
    assert len(blocks(out)) == 3 and not out.exists()
    monkeypatch.setattr(execute, "_solve", faults.solve)
    run(out, "new", resume=True)
    assert title_of(out) == "new"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        *(("block", v, r"block = .* is not a multiple of 8") for v in (None, "x", 0, -8, 7, True)),
        ("block", [8], r"block = \[8\]"),
        ("study", None, "holds no study"),
        ("study", "x", "holds no study"),
        ("versions", [], "holds no versions"),
        ("code", 3, "holds no code"),
        ("replaces", None, "replaces = null is neither"),
        ("replaces", "yes", 'replaces = "yes" is neither'),
    ],
)
def test_a_damaged_manifest_is_refused_by_name(out: Path, key: str, value: Any, words: str) -> None:
    file = store.partial_folder(out).path / "manifest.json"
    told = json.loads(file.read_text())
    told.pop(key)
    file.write_text(json.dumps(told if value is None else {**told, key: value}))
    with pytest.raises(UserError, match=f"manifest.json is damaged: .*{words}.*--overwrite"):
        run(out, "new", resume=True)
    assert len(blocks(out)) == 2
    run(out, "new", overwrite=True)
    assert title_of(out) == "new"


def test_a_manifest_that_is_no_longer_one_is_left_to_the_user(out: Path) -> None:
    file = store.partial_folder(out).path / "manifest.json"
    for text in ("", "{", "[]", '{"written_by": "someone"}'):
        file.write_text(text)
        for how in ({}, {"resume": True}, {"overwrite": True}):
            assert "manifest.json (damaged" in refusal(out, "new", **how)
    assert len(blocks(out)) == 2


def test_the_place_of_the_blocks_is_on_the_disk_before_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch)
    flushed: list[Path] = []
    monkeypatch.setattr(files, "flush", flushed.append)
    store.partial_folder(tmp_path / "a.zarr").start({})
    assert flushed[0] == tmp_path


class System:
    """Stands for the C library."""

    def __init__(self, answer: int | None) -> None:
        if answer is not None:
            self.syncfs = lambda handle: answer


def test_a_disk_that_cannot_keep_what_was_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.ctypes, "CDLL", lambda *_, **__: System(-1))
    monkeypatch.setattr(files.ctypes, "get_errno", lambda: 5)
    with pytest.raises(OSError, match="Input/output error"):
        files.flush_all(tmp_path, [])
    monkeypatch.setattr(files.ctypes, "CDLL", lambda *_, **__: System(0))
    files.flush_all(tmp_path, [])


def test_without_the_call_every_file_and_folder_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(files.ctypes, "CDLL", lambda *_, **__: System(None))
    monkeypatch.setattr(files, "flush", flushed.append)
    files.flush_all(tmp_path, ["zarr.json", "pain/c/0"])
    found = {p.relative_to(tmp_path).as_posix() for p in flushed}
    assert found == {".", "zarr.json", "pain/c/0", "pain/c", "pain"}
    assert len(flushed) == len(set(flushed))


def test_the_folder_of_the_record_is_there_when_all_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ldnsim.results.zarr_files import StoreFiles

    seen: list[bool] = []
    monkeypatch.setattr(
        files, "flush_all", lambda root, below: seen.append((root / "ldnsim").is_dir())
    )
    StoreFiles(tmp_path / "g", {}).close()
    assert seen == [True]
