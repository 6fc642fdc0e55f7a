"""Runs, kills, resumes, overwrites, full disks, second writers, damage, strangers, in any order.

Nothing may be lost, doubled or wrong, and every command works or says why not.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ldnsim.errors import UserError
from ldnsim.results import store
from ldnsim.runs.block import Block
from ldnsim.sweep import execute
from ldnsim.sweep.shards import Shard, merge, run_shard
from tests.sweep.faults import Crash, faulty, plan, refusal, run, solve, stand_in, title_of

TITLES = st.sampled_from(["one", "two", "one short"])
MODES = st.sampled_from([{}, {"resume": True}, {"overwrite": True}, {"append": True}])
CALLS = st.integers(1, 170)
FEW = 6  # the same ones every time; the many of a soak are new ones


class StoreMachine(RuleBasedStateMachine):
    """A result, and what is known of it."""

    name = "a.zarr"

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        stand_in(self.patch)
        self.folder = Path(tempfile.mkdtemp())
        self.out = self.folder / self.name
        self.safe: str | None = None
        """The result that is, or was last, there whole and must not be lost."""
        self.damaged = False
        self.mine = False

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.folder)

    def _place(self) -> Path:
        """Where the result is, also between two renames."""
        aside = store.partial_folder(self.out).path / f"old-{self.name}"
        return aside if aside.exists() and not self.out.exists() else self.out

    @rule(title=TITLES, how=MODES)
    def command(self, title: str, how: dict[str, bool]) -> None:
        if (how.get("resume") or how.get("append")) and self.damaged:
            return  # a damaged result is refused or completed: looked at below, by overwriting
        told = refusal(self.out, title, **how)
        if told:
            blocked = (
                "exists already", "unfinished sweep", "another study", "mine.txt",
                "was not started to replace it", "cannot be added to", "no result at",
                "adds to a Zarr store",
            )  # fmt: skip
            assert any(w in told for w in blocked), told
            assert not how.get("overwrite") or self.mine, told
        else:
            assert title_of(self.out) == title
            self.safe, self.damaged = title, False
            assert {p.name for p in self.folder.iterdir()} <= {self.name, f"{self.name}.partial"}

    @rule(title=TITLES, how=MODES, at=CALLS)
    def killed(self, title: str, how: dict[str, bool], at: int) -> None:
        try:
            with faulty(at):
                run(self.out, title, **how)
        except (Crash, UserError):
            pass
        self._look(title)

    @rule(title=TITLES, at=st.integers(1, 12))
    def killed_while_replacing(self, title: str, at: int) -> None:
        """Around the steps in which one result takes the place of another."""
        with contextlib.suppress(Crash, UserError), faulty(at, since="old-"):
            run(self.out, title, overwrite=True)
        self._look(title)

    @rule(title=TITLES, how=MODES, at=CALLS)
    def disk_full(self, title: str, how: dict[str, bool], at: int) -> None:
        with faulty(at, full=True):
            told = refusal(self.out, title, **how)
        assert "Traceback" not in told
        self._look(title)

    @rule(title=TITLES, number=st.integers(1, 3), at=CALLS)
    def shard(self, title: str, number: int, at: int) -> None:
        """One of three, which may be killed; it never makes a result, and never takes one away."""
        with contextlib.suppress(Crash, UserError), faulty(at):
            run_shard(plan(title), self.out, Shard(number, 3))
        if not self.damaged:
            assert title_of(self._place()) == self.safe

    @rule(title=TITLES, at=CALLS)
    def merged(self, title: str, at: int) -> None:
        with contextlib.suppress(Crash, UserError), faulty(at):
            merge(self.out, lambda file: plan(title), Path(__file__))
        self._look(title)

    @rule(title=TITLES, file=st.sampled_from([Path(__file__)]))
    def all_shards(self, title: str, file: Path) -> None:
        """Where nothing is in the way, they give the result."""
        if os.path.lexists(self.out) or store.partial_folder(self.out).path.exists():
            return
        # the short one has two blocks
        count = 2 if title == "one short" else 3
        for number in (3, 1, 2)[-count:]:
            run_shard(plan(title), self.out, Shard(number, count), file)
        merge(self.out, lambda _: plan(title))
        assert title_of(self.out) == title
        self.safe, self.damaged = title, False

    def _look(self, title: str) -> None:
        """After a stop the old result is whole, or the new one."""
        if self.damaged:
            try:
                found = title_of(self._place())
            except UserError:
                return
            if found == title:
                self.safe, self.damaged = title, False
            return
        found = title_of(self._place())
        assert found in (self.safe, title), (found, self.safe, title)
        self.safe = found

    @rule(at=st.integers(1, 170), full=st.booleans())
    def grown(self, at: int, full: bool) -> None:
        """A short result grows, is stopped on the way, and grows again."""
        if self.name.endswith(".nc") or self.mine or self.damaged:
            return
        if refusal(self.out, "one short", overwrite=True):
            return
        self.safe = "one short"
        with contextlib.suppress(Crash, UserError), faulty(at, full=full):
            run(self.out, "one", append=True)
        self._look("one")
        assert not refusal(self.out, "one", append=True)
        assert title_of(self.out) == "one"
        self.safe = "one"
        assert not store.partial_folder(self.out).path.exists()

    @rule(title=TITLES)
    def second_writer(self, title: str) -> None:
        with store.partial_folder(self.out).held():
            for how in ({"overwrite": True}, *([{"append": True}] if self.out.is_dir() else [])):
                assert "another sweep is writing" in refusal(self.out, title, **how)

    @rule(pick=st.integers(0, 10_000), how=st.sampled_from(["cut", "flip", "delete"]))
    def damage(self, pick: int, how: str) -> None:
        if not self.out.exists() or self.damaged:
            return
        files = sorted(self.out.rglob("*")) if self.out.is_dir() else [self.out]
        files = [
            f for f in files if f.is_file() and "ldnsim" not in f.parts and f.name != "mine.txt"
        ]
        file = files[pick % len(files)]
        data = bytearray(file.read_bytes())
        if how == "delete" and self.out.is_dir():
            file.unlink()
        elif how == "cut":
            file.write_bytes(data[: len(data) // 2])
        else:
            data[(pick * 7) % (len(data) - 60 if len(data) > 60 else len(data))] ^= 1
            file.write_bytes(data)
        with pytest.raises(UserError):
            store.open_store(self.out, verify=True)
        if how == "flip" or self.out.is_dir():
            self.damaged = True
        else:  # a cut file has lost its mark as well, and is the user's to delete
            self.out.unlink()
            self.safe = None

    @rule(pick=st.integers(0, 10_000), how=st.sampled_from(["cut", "flip", "empty", "delete"]))
    def damage_a_block(self, pick: int, how: str) -> None:
        files = sorted(store.partial_folder(self.out).path.glob("block-*"))
        if not files:
            return
        file = files[pick % len(files)]
        data = bytearray(file.read_bytes())
        if how == "delete" or not data:
            file.unlink()
            return
        data[(pick * 7) % len(data)] ^= 1
        file.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "flip": data}[how])

    def _stranger(self, title: str) -> None:
        """Another result gets the name, as from another machine."""
        place = Path(tempfile.mkdtemp())
        run(place / self.name, title)
        shutil.move(place / self.name, self.out)
        place.rmdir()

    @rule(title=TITLES, how=MODES)
    def stranger_appears_in_a_run(self, title: str, how: dict[str, bool]) -> None:
        if self._place().exists():
            return

        def busy(*args: Any) -> Iterator[Block]:
            yield from solve(*args)
            self.patch.setattr(execute, "_solve", solve)
            self._stranger("theirs")

        self.patch.setattr(execute, "_solve", busy)
        told = refusal(self.out, title, **how)
        self.patch.setattr(execute, "_solve", solve)
        if told:
            assert not how.get("overwrite") and ("was not started" in told or "unfinish" in told)
        self.safe = title_of(self.out)
        assert self.safe == (title if not told else "theirs" if "started to" in told else None)

    @rule()
    def stranger_appears_between_the_renames(self) -> None:
        folder = store.partial_folder(self.out)
        if not folder.swap.interrupted() or not folder.swap.draft.exists():
            return
        self._stranger("theirs")
        for how in ({}, {"resume": True}, {"overwrite": True}):
            assert "so that none is lost" in refusal(self.out, "one", **how)
        shutil.rmtree(self.out)

    @rule(name=st.sampled_from(["draft-{}", "old-{}", "gone-{}", "block-000000016.npz"]))
    def link_among_the_blocks(self, name: str) -> None:
        folder = store.partial_folder(self.out).path
        link, elsewhere = folder / name.format(self.name), Path(tempfile.mkdtemp())
        if not os.path.lexists(link):
            new = not folder.exists()
            folder.mkdir(exist_ok=True)
            (elsewhere / "zarr.json").write_text("mine")
            link.symlink_to(elsewhere)
            for how in ({}, {"resume": True}, {"overwrite": True}):
                assert link.name in refusal(self.out, "one", **how)
            assert (elsewhere / "zarr.json").read_text() == "mine"
            link.unlink()
            if new:
                folder.rmdir()
        shutil.rmtree(elsewhere)

    @rule()
    def put_a_file_of_mine(self) -> None:
        if self.out.is_dir():
            (self.out / "mine.txt").write_text("x")
            self.mine = True

    @rule()
    def take_it_away(self) -> None:
        if self.mine:
            (self._place() / "mine.txt").unlink()
            self.mine = False

    @rule()
    def user_deletes_the_result(self) -> None:
        if self.out.is_dir() and not self.mine:
            shutil.rmtree(self.out)
        elif self.out.is_file():
            self.out.unlink()
        else:
            return
        # what was moved aside, and not yet on its way out, comes back
        self.safe, self.damaged = title_of(self._place()), False

    @invariant()
    def nothing_is_lost_or_wrong(self) -> None:
        place = self._place()
        if self.mine:
            assert (place / "mine.txt").read_text() == "x"
        if not self.damaged:
            assert title_of(place) == self.safe
        others = {p.name for p in self.folder.iterdir()}
        assert others <= {self.name, f"{self.name}.partial", f".{self.name}.partial.lock"}


class NetcdfMachine(StoreMachine):
    """The same of a file."""

    name = "a.nc"


@pytest.mark.parametrize("machine", [StoreMachine, NetcdfMachine])
@pytest.mark.parametrize(
    "examples", [FEW, pytest.param(150, marks=pytest.mark.soak)], ids=["few", "many"]
)
def test_any_order_of_events(machine: type[RuleBasedStateMachine], examples: int) -> None:
    # a file takes its library many times as long to write
    how = settings(
        max_examples=examples // 3 if machine is NetcdfMachine else examples,
        stateful_step_count=12,
        derandomize=examples == FEW,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=how)
