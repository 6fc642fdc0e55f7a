"""Finished blocks on disk while a sweep runs: one file each, whole or absent.

A block is written under another name, flushed, then renamed; so a file that exists is finished,
and a kill at any moment costs at most the blocks being solved. The manifest says what the blocks
belong to; a sweep is resumed only if that is still the same. The same folder holds the new result
until it is whole, and the old one from when it is moved aside until the new one has its name.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ldnsim.errors import UserError
from ldnsim.sweep import files, lock
from ldnsim.sweep.job import Block
from ldnsim.sweep.task import LANES

MANIFEST = "manifest.json"
ARRAYS = ("trajectory", "night", "summaries", "status", "steps", "rejected", "method")


MARK = {"written_by": "ldnsim", "holds": "blocks of an unfinished sweep"}
log = logging.getLogger("ldnsim")
_BLOCK = re.compile(r"\.manifest\.json\.draft|\.?block-\d{9}\.npz(\.draft)?")
# what is inside a result that is being written or replaced
_RESULT = re.compile(r"(draft|old)-[^/]+(/([^/]+/)?(\.?zarr\.json(\.draft)?|c(/\d+)*))?")


class BlockFolder:
    """The folder of finished blocks of one sweep."""

    def __init__(self, path: Path) -> None:
        """Name the folder; nothing is read or written yet."""
        self.path = path

    def exists(self) -> bool:
        """Whether a sweep was started here."""
        return (self.path / MANIFEST).is_file()

    def start(self, manifest: Mapping[str, Any]) -> None:
        """Make the folder and write what its blocks belong to."""
        files.make(self.path)
        text = json.dumps({**MARK, **manifest}, indent=1)
        files.write_atomically(self.path / MANIFEST, text.encode())

    def manifest(self) -> dict[str, Any]:
        """Read what the blocks belong to.

        Raises:
            UserError: when it cannot be read.
        """
        found = self._marked()
        if found is None:
            raise UserError(
                f"{self.path} cannot be resumed: its manifest is missing or damaged; delete the"
                " folder and start again"
            )
        return {k: v for k, v in found.items() if k not in MARK}

    def _marked(self) -> dict[str, Any] | None:
        """Read the manifest; None when it is not there or not one of this program."""
        try:
            found = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        ours = isinstance(found, dict) and found.get("written_by") == MARK["written_by"]
        return found if ours else None

    def _ours(self, name: str) -> bool:
        """Whether a file in the folder is of a sweep, by its name."""
        return name == MANIFEST or bool(_BLOCK.fullmatch(name) or _RESULT.fullmatch(name))

    def check(self) -> None:
        """Refuse a folder of this name that holds anything but what a sweep leaves.

        Raises:
            UserError: naming what was found.
        """
        if not self.path.exists() and not self.path.is_symlink():
            return
        if self.path.is_symlink() or not self.path.is_dir():
            raise UserError(
                f"{self.path} is in the way: the blocks of the sweep would be kept under that"
                " name; move it, or choose another --out"
            )
        foreign = [n for n in files.names(self.path) if not self._ours(n)]
        if self.exists() and self._marked() is None:
            foreign.append(f"{MANIFEST} (damaged, or of another program or version)")
        if foreign:
            raise UserError(
                f"{self.path} holds what no sweep of this version wrote: {some(foreign)}; the"
                " blocks of the sweep would be kept there: move or delete it, or choose another"
                " --out"
            )

    def _file(self, first: int) -> Path:
        return self.path / f"block-{first:09d}.npz"

    def has(self, first: int) -> bool:
        """Whether the block that starts at run ``first`` is finished."""
        return self._file(first).is_file()

    def save(self, block: Block, size: int) -> None:
        """Save a finished block.

        Raises:
            ValueError: when it does not start at a whole number of blocks of whole groups.
        """
        if block.first % size or size % LANES:
            raise ValueError(f"block at run {block.first} is not aligned to blocks of {size}")
        buffer = io.BytesIO()
        np.savez(buffer, **{name: getattr(block, name) for name in ARRAYS})
        files.write_atomically(self._file(block.first), buffer.getvalue())

    def load(self, first: int, names: Sequence[str] = ARRAYS) -> Block:
        """Read a finished block, or only some of its arrays; the others are empty."""
        none: Any = np.empty((0, 0, 0))
        with np.load(self._file(first), allow_pickle=False) as data:
            return Block(first, **{n: data[n] if n in names else none for n in ARRAYS})

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other sweep out while this one writes.

        Raises:
            UserError: another process is writing here.
        """
        with lock.held(self.path.with_name(f".{self.path.name}.lock")) as alone:
            if not alone:
                raise UserError(
                    f"another sweep is writing to {self.path}; wait for it, or choose another --out"
                )
            yield

    def draft(self, target: Path) -> Path:
        """Return where a new result is made; what a kill left there is deleted.

        The folder is made when it is not there.
        """
        draft = self.path / f"draft-{target.name}"
        self._clear(draft)
        files.make(self.path)
        return draft

    def _clear(self, path: Path) -> None:
        if path.is_dir():
            files.delete(path, lambda name: self._ours(f"{path.name}/{name}"))
        elif path.exists():
            files.delete(self.path, lambda name: name == path.name)

    def _aside(self, target: Path) -> Path:
        return self.path / f"old-{target.name}"

    def replace(self, draft: Path, target: Path) -> None:
        """Give a whole new result its name, and delete the old one last.

        A file is replaced in one step. Of a folder the old one is moved aside first: after a kill
        between the two steps :meth:`settle` moves it back.
        """
        if target.is_dir():
            files.move(target, self._aside(target))
        files.move(draft, target)
        self._clear(self._aside(target))

    def interrupted(self, target: Path) -> bool:
        """Whether a kill left the old result moved aside and no new one in its place."""
        return self._aside(target).exists() and not target.exists()

    def settle(self, target: Path) -> None:
        """Put right what a kill left, and say so; unfinished blocks stay."""
        old = self._aside(target)
        if self.interrupted(target):
            files.move(old, target)
            log.info("%s was being replaced when its sweep was stopped: the old result is back",
                     target)  # fmt: skip
        elif old.exists():
            self._clear(old)
            log.info("deleted what a stopped sweep had left of the result before %s", target)
        if self.path.is_dir() and not self.exists():
            log.info("deleted what a stopped sweep had left in %s", self.path)
            self.remove()

    def remove(self) -> None:
        """Delete what is the sweep's in the folder; a kill midway leaves nothing to resume."""
        if self.exists():
            files.delete(self.path, lambda name: name == MANIFEST)
        files.delete(self.path, self._ours)


def some(names: Sequence[str], most: int = 3) -> str:
    """Name the first few of a list, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[str]:
    """List what differs between two manifests, by dotted name, with both values when short."""
    found = []
    for key in dict.fromkeys([*old, *new]):
        name = f"{path}.{key}" if path else str(key)
        a, b = old.get(key), new.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += differences(a, b, name)
        elif a != b:
            found.append(f"{name} (was {_short(a)}, now {_short(b)})")
    return found


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 48 else text[:45] + "..."
