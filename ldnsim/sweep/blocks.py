"""Finished blocks on disk while a sweep runs: one file each, whole or absent.

A block is written under another name, flushed, then renamed; so a file that exists is finished,
and a kill at any moment costs at most the blocks being solved. The manifest says what the blocks
belong to; a sweep is resumed only if that is still the same.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ldnsim.errors import UserError
from ldnsim.sweep.job import Block
from ldnsim.sweep.task import LANES

MANIFEST = "manifest.json"
ARRAYS = ("trajectory", "night", "summaries", "status", "steps", "rejected", "method")


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is either whole or absent, whatever happens."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


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
        self.path.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dict(manifest), indent=1)
        write_atomically(self.path / MANIFEST, text.encode())

    def manifest(self) -> dict[str, Any]:
        """Read what the blocks belong to.

        Raises:
            UserError: when it cannot be read.
        """
        try:
            found = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise UserError(
                f"{self.path} cannot be resumed: its manifest is missing or damaged; start again"
                " with --overwrite"
            ) from None
        return dict(found)

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
        write_atomically(self._file(block.first), buffer.getvalue())

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
        from filelock import FileLock, Timeout

        mark = self.path.with_name(f".{self.path.name}.lock")
        lock = FileLock(mark)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UserError(
                f"another sweep is writing to {self.path}; wait for it, or choose another --out"
            ) from None
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)
            lock.release()

    def remove(self) -> None:
        """Delete the folder with all blocks; a kill midway leaves nothing to resume."""
        import shutil

        (self.path / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)


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
