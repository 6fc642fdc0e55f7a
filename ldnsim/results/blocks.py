"""Finished blocks while a sweep runs: one file each, whole or absent.

In a folder a block is written under another name, flushed, then renamed; so a file that exists is
finished, and a kill at any moment costs at most the blocks being solved. The manifest says what
the blocks belong to; a sweep is resumed only if that is still the same. Every file carries its
checksum. The same folder holds the new result until it is whole; see :mod:`ldnsim.results.swap`.
Whoever solves a block saves it: the folder is where all meet who work on a sweep.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from ldnsim.errors import UserError
from ldnsim.results import files, lock
from ldnsim.results.files import some
from ldnsim.results.record import Damaged, sealed, unsealed
from ldnsim.results.swap import Swap
from ldnsim.runs.block import Block, names
from ldnsim.runs.task import LANES

MANIFEST = "manifest.json"
ARRAYS = tuple(names())

MARK = {"written_by": "ldnsim", "holds": "blocks of an unfinished sweep"}
log = logging.getLogger("ldnsim")
_BLOCK = re.compile(
    r"\.manifest\.json\.draft|\.?(block-\d{9}\.npz|job-[0-9a-f]{16}\.pickle)"
    r"((\.[0-9a-f]{8})?\.draft)?"
)


class Blocks(ABC):
    """The finished blocks of one sweep, wherever they lie.

    Attributes:
        path: of the folder, or its address.
    """

    path: Any

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return a file.

        Raises:
            OSError: it is not there, or cannot be read.
        """

    @abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """Write a file so that it is either whole or as before, whatever happens."""

    @abstractmethod
    def holds(self, name: str) -> bool:
        """Whether a file is there."""

    @abstractmethod
    def opened(self, name: str) -> AbstractContextManager[Any]:
        """Return a file to read parts of, or its path."""

    @abstractmethod
    def start(self, manifest: Mapping[str, Any]) -> None:
        """Write what the blocks belong to."""

    @abstractmethod
    def remove(self) -> None:
        """Delete what is the sweep's; a kill midway leaves nothing to resume."""

    @abstractmethod
    def elsewhere(self) -> Blocks:
        """Return the same place for another process, whose drafts are its own."""

    @abstractmethod
    def forget(self, first: int) -> None:
        """Delete a block that is damaged."""

    @abstractmethod
    def look(self) -> None:
        """Look at the place anew, where a file system has kept what it saw before."""

    def exists(self) -> bool:
        """Whether a sweep was started here."""
        return self.holds(MANIFEST)

    def manifest(self) -> dict[str, Any]:
        """Read what the blocks belong to.

        Raises:
            UserError: when it cannot be read, or holds what no sweep writes.
        """
        found = self._marked()
        wrong = "it is missing, or of another program" if found is None else _wrong(found)
        if found is None or wrong:
            raise UserError(
                f"{self.path} cannot be resumed: its {MANIFEST} is damaged: {wrong}; start again"
                " with --overwrite"
            )
        return {k: v for k, v in found.items() if k not in MARK}

    def _marked(self) -> dict[str, Any] | None:
        """Read the manifest; None when it is not there or not one of this program."""
        try:
            found = json.loads(self.read(MANIFEST))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        ours = isinstance(found, dict) and found.get("written_by") == MARK["written_by"]
        return found if ours else None

    def has(self, first: int) -> bool:
        """Whether the block that starts at run ``first`` is finished."""
        return self.holds(name_of(first))

    def save(self, block: Block, size: int) -> None:
        """Save a finished block.

        Raises:
            ValueError: when it does not start at a whole number of blocks of whole groups.
        """
        if block.first % size or size % LANES:
            raise ValueError(f"block at run {block.first} is not aligned to blocks of {size}")
        buffer = io.BytesIO()
        arrays = {name: getattr(block, name) for name in ARRAYS}
        np.savez(buffer, first=np.int64(block.first), **arrays)
        self.write(name_of(block.first), sealed(buffer.getvalue()))

    def load(self, first: int, names: Sequence[str] = ARRAYS) -> Block:
        """Read a finished block, or only some of its arrays; the others are empty.

        Raises:
            UserError: it was damaged since it was written.
        """
        none: Any = np.empty((0, 0, 0))
        try:
            with (
                self.opened(name_of(first)) as file,
                np.load(file, allow_pickle=False) as data,
            ):
                return Block(first, **{n: data[n] if n in names else none for n in ARRAYS})
        except MemoryError:
            raise
        except Exception as error:  # whatever the reader of the format raises
            reason = getattr(error, "strerror", None) or error or type(error).__name__
            raise UserError(
                f"{self.path}/{name_of(first)} cannot be read ({reason}): run the same command with"
                " --resume, which solves its runs again"
            ) from error

    def fault(self, first: int, shapes: Mapping[str, tuple[int, ...]]) -> str | None:
        """Say why a finished block cannot be used, or nothing.

        Args:
            first: its first run.
            shapes: of its arrays.
        """
        try:
            whole = unsealed(self.read(name_of(first)))
            with np.load(io.BytesIO(whole), allow_pickle=False) as data:
                if int(data["first"]) != first:
                    return f"it is the block at run {int(data['first'])}"
                wrong = [n for n in ARRAYS if data[n].shape != shapes[n]]
        except Damaged as error:
            return str(error)
        except OSError as error:
            return f"it cannot be read: {error.strerror or error}"
        except (ValueError, KeyError, TypeError) as error:  # whole, but of something else
            return f"it is no block: {error}"
        return f"its {wrong[0]} has another shape" if wrong else None


class BlockFolder(Blocks):
    """A folder of them, on a disk or on a file system that machines share.

    Attributes:
        path: of the folder.
        swap: where the result is made, and replaced.
    """

    path: Path

    def __init__(self, path: Path, writer: str = "") -> None:
        """Name the folder; nothing is read or written yet.

        Args:
            path: the folder.
            writer: eight hexadecimal digits that tell the drafts of one process from those of
                others, where several write.
        """
        self.path = path
        self.writer = writer
        self.swap = Swap(path)

    def read(self, name: str) -> bytes:
        """Return a file."""
        return (self.path / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Write a file so that it is either whole or as before."""
        files.write_atomically(self.path / name, data, self.writer)

    def holds(self, name: str) -> bool:
        """Whether a file is there."""
        return (self.path / name).is_file()

    def opened(self, name: str) -> AbstractContextManager[Path]:
        """Return the path of a file."""
        return contextlib.nullcontext(self.path / name)

    def look(self) -> None:
        """Read the names in the folder, which a network file system then asks for again."""
        files.names(self.path)

    def forget(self, first: int) -> None:
        """Delete a block that is damaged."""
        files.delete(self.path, name_of(first).__eq__)

    def elsewhere(self) -> BlockFolder:
        """Return the same folder for another process."""
        return BlockFolder(self.path.absolute(), uuid.uuid4().hex[:8])

    def start(self, manifest: Mapping[str, Any]) -> None:
        """Make the folder and write what its blocks belong to."""
        files.make_known(self.path)
        files.write_atomically(self.path / MANIFEST, text_of(manifest))

    def _ours(self, name: str) -> bool:
        """Whether a file in the folder is of a sweep; a link never is."""
        known = is_block(name) or self.swap.ours(name)
        return known and not files.is_link(self.path / name)

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

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other sweep out while this one writes.

        Raises:
            UserError: another process is writing here.
        """
        with lock.held(self._lock()) as alone:
            if not alone:
                raise UserError(
                    f"another sweep is writing to {self.path}; wait for it, or choose another --out"
                )
            yield

    @contextlib.contextmanager
    def held_shard(self, name: str) -> Iterator[None]:
        """Keep others out of one shard; entered while the whole is held, kept when it is not.

        Args:
            name: such as ``3-of-40``.

        Raises:
            UserError: another process works on it.
        """
        with lock.held(self._lock(name)) as alone:
            if not alone:
                raise UserError(
                    f"another process is at work on shard {name.replace('-of-', '/')} of"
                    f" {self.path}: wait for it"
                )
            yield

    def check_shards(self) -> None:
        """Refuse to touch the whole while a shard is being worked on.

        Raises:
            UserError: naming the shards.
        """
        busy = []
        for path in sorted(self.path.parent.glob(self._lock("*").name)):
            with lock.held(path) as alone:
                if not alone:
                    busy.append(path.name.split(".shard-")[-1].removesuffix(".lock"))
        if busy:
            words = ", ".join(name.replace("-of-", "/") for name in busy[:6])
            raise UserError(
                f"{self.path} is being worked on: {len(busy)} shard{'s' if len(busy) > 1 else ''}"
                f" ({words}{', ...' if len(busy) > 6 else ''}); wait for them"
            )

    def _lock(self, shard: str = "") -> Path:
        ending = f".shard-{shard}" if shard else ""
        return self.path.with_name(f".{self.path.name}{ending}.lock")

    def draft(self) -> Path:
        """Return where a new result is made; the folder is made when it is not there.

        Raises:
            UserError: something else is there.
        """
        files.make_known(self.path)
        return self.swap.fresh_draft()

    def settle(self) -> None:
        """Put right what a kill left, and say so; unfinished blocks stay.

        Raises:
            UserError: as :meth:`ldnsim.results.swap.Swap.settle`.
        """
        self.swap.settle()
        if self.path.is_dir() and not self.exists():
            log.info("deleted what a stopped sweep had left in %s", self.path)
            self.remove()

    def remove(self) -> None:
        """Delete what is the sweep's in the folder; a kill midway leaves nothing to resume."""
        if self.exists():
            files.delete(self.path, MANIFEST.__eq__)
        self.swap.clear_draft()
        files.delete(self.path, lambda name: bool(_BLOCK.fullmatch(name)))


def name_of(first: int) -> str:
    """Return the name of the file of the block that starts at run ``first``."""
    return f"block-{first:09d}.npz"


def is_block(name: str) -> bool:
    """Whether a file is one that a sweep keeps beside its result."""
    return name == MANIFEST or bool(_BLOCK.fullmatch(name))


def text_of(manifest: Mapping[str, Any]) -> bytes:
    """Return a manifest as its file has it."""
    return json.dumps({**MARK, **manifest}, indent=1).encode()


def _wrong(manifest: Mapping[str, Any]) -> str:
    """Say what in a manifest no sweep writes, or nothing."""
    size = manifest.get("block")
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0 or size % LANES:
        return f"block = {json.dumps(size)} is not a multiple of {LANES}"
    for name in ("study", "versions", "code"):
        if not isinstance(manifest.get(name), dict):
            return f"it holds no {name}"
    if not isinstance(manifest.get("replaces"), bool):
        return f"replaces = {json.dumps(manifest.get('replaces'))} is neither true nor false"
    return ""


def differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[str]:
    """List what differs between two manifests, by dotted name, with both values when short."""
    found = []
    for key in dict.fromkeys([*old, *new]):
        name = f"{path}.{key}".replace(".[", "[") if path else str(key)
        a, b = old.get(key), new.get(key)
        if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            a, b = ({f"[{i}]": v for i, v in enumerate(c, start=1)} for c in (a, b))
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += differences(a, b, name)
        elif a != b:
            found.append(f"{name} (was {_short(a)}, now {_short(b)})")
    return found


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 48 else text[:45] + "..."
