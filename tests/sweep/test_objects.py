"""Blocks and results at an address: memory of this process, and an S3 server of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ldnsim
from ldnsim.errors import Interrupted, UserError
from ldnsim.results import store
from ldnsim.results.objects import Address
from ldnsim.results.record import RECORD
from ldnsim.sweep import execute, shards
from tests.sweep import faults
from tests.sweep.faults import SIZE, plan

fsspec = pytest.importorskip("fsspec")
OUT = "memory://bucket/a.zarr"


@pytest.fixture(autouse=True)
def no_solver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    faults.stand_in(monkeypatch)
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    yield
    fs.store.clear()


def run(title: str, **how: Any) -> bool:
    return execute.run_into_store(plan(title), OUT, **how)


def names() -> set[str]:
    return set(Address("memory://bucket").sizes())


def check(out: str, title: str) -> None:
    with store.open_store(out, verify=True) as ds:
        assert ds.attrs["title"] == title
        np.testing.assert_array_equal(ds["pain"].values, faults.values(plan(title)))


def stopping(after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(job: Any, starts: Any, size: int, *rest: object) -> Iterator[Any]:
        for k, block in enumerate(faults.solve(job, starts, size)):
            if k == after:
                raise KeyboardInterrupt
            yield block

    monkeypatch.setattr(execute, "_solve", solve)


def test_a_result_at_an_address_is_that_of_a_folder(tmp_path: Path) -> None:
    assert run("one")
    check(OUT, "one")
    folder = tmp_path / "a.zarr"
    execute.run_into_store(plan("one"), folder)
    found = Address(OUT)
    assert set(found.sizes()) == {
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()
    }
    assert all(found.read(n) == (folder / n).read_bytes() for n in found.sizes())
    assert all(n.startswith("a.zarr/") for n in names()), "no blocks are left"


def test_the_record_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    put, order = Address.put, []

    def noted(self: Address, name: str, *rest: Any, **more: Any) -> None:
        order.append(name)
        put(self, name, *rest, **more)

    monkeypatch.setattr(Address, "put", noted)
    run("one")
    assert order[0] == "manifest.json" and order[-1] == RECORD


def test_a_stopped_sweep_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping(2, monkeypatch)
    with pytest.raises(Interrupted, match="16 of 24 runs"):
        run("one")
    with pytest.raises(UserError, match=r"no result at .* unfinished.*--resume"):
        store.open_store(OUT)
    with pytest.raises(UserError, match="--resume to complete it, or delete it"):
        run("one")
    with pytest.raises(UserError, match="cannot be resumed"):
        run("two", resume=True)
    solved: list[int] = []
    monkeypatch.setattr(
        execute,
        "_solve",
        lambda job, starts, *a: (solved.extend(starts), faults.solve(job, starts, *a))[1],
    )
    assert run("one", resume=True)
    assert solved == [16]
    check(OUT, "one")
    assert not run("one", resume=True), "nothing is left to do"


def test_nothing_is_replaced() -> None:
    run("one")
    with pytest.raises(UserError, match=r"exists already.*nothing is\s+replaced"):
        run("two")
    with pytest.raises(UserError, match=r"--overwrite is refused .* in one step"):
        run("two", overwrite=True)
    with pytest.raises(UserError, match=r"study\.title"):
        run("two", resume=True)
    check(OUT, "one")


def test_a_kill_while_the_result_is_written_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the objects of a result, any number is there; without the record it is none."""
    put, left = Address.put, [12]

    def failing(self: Address, name: str, *rest: Any, **more: Any) -> None:
        if not name.startswith(("block", "manifest")):
            left[0] -= 1
            if left[0] < 0:
                raise faults.Crash
        put(self, name, *rest, **more)

    monkeypatch.setattr(Address, "put", failing)
    with pytest.raises(faults.Crash):
        run("one")
    monkeypatch.setattr(Address, "put", put)
    with pytest.raises(UserError, match="unfinished"):
        store.open_store(OUT)
    run("one", resume=True)
    check(OUT, "one")


def test_what_others_put_there_is_not_touched() -> None:
    Address(OUT).put("thesis.docx", b"mine")
    with pytest.raises(UserError, match=r"holds what no sweep wrote: thesis\.docx"):
        run("one")
    Address(OUT + ".partial").put("notes.txt", b"mine")
    with pytest.raises(UserError, match=r"notes\.txt"):
        run("one")
    assert names() == {"a.zarr/thesis.docx", "a.zarr.partial/notes.txt"}


def test_two_that_begin_at_once_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    has = Address.has
    run_first = [True]

    def blind(self: Address, name: str) -> bool:
        return False if name == "manifest.json" and run_first[0] else has(self, name)

    Address(OUT + ".partial").put("manifest.json", b"{}")
    monkeypatch.setattr(Address, "has", blind)
    monkeypatch.setattr(Address, "sizes", lambda self: {})
    with pytest.raises(UserError, match="another sweep has just begun"):
        run("one")


def test_damage_is_told() -> None:
    run("one")
    found = Address(OUT)
    data = bytearray(found.read("pain/c/0/0"))
    data[len(data) // 2] ^= 1
    found.put("pain/c/0/0", bytes(data))
    with pytest.raises(UserError, match="other content"):
        store.open_store(OUT, verify=True)
    found.put("pain/c/0/0", bytes(data[:-1]))
    with pytest.raises(UserError, match=r"has \d+ bytes, not"):
        store.open_store(OUT)
    found.delete("pain/c/0/0".__eq__)
    with pytest.raises(UserError, match="is missing"):
        store.open_store(OUT)


def test_shards_meet_at_an_address(tmp_path: Path) -> None:
    for k in (1, 3):
        shards.run_shard(plan("one"), OUT, shards.Shard(k, 3), tmp_path / "s.toml")
    (tmp_path / "s.toml").touch()
    with pytest.raises(UserError, match=r"1 of 3 blocks are missing, in shard 2/3"):
        shards.merge(OUT, lambda file: plan("one"))
    assert shards.run_shard(plan("one"), OUT, shards.Shard(2, 3)) == SIZE
    shards.merge(OUT, lambda file: plan("one"))
    check(OUT, "one")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("memory://bucket/a.nc", "a result is a Zarr store"),
        ("file:///tmp/a.zarr", "give the path itself"),
        ("nowhere://bucket/a.zarr", "nowhere"),
    ],
)
def test_odd_addresses(url: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        execute.run_into_store(plan("one"), url)


def test_nothing_at_an_address_is_told() -> None:
    with pytest.raises(UserError, match=r"there is no result at memory://bucket/b\.zarr"):
        ldnsim.open_store("memory://bucket/b.zarr")
