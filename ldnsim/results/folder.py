"""Finished blocks in a folder, on a disk or on a file system that machines share.

A block is written under another name, flushed, then renamed; so a file that exists is finished,
and a kill at any moment costs at most the blocks being solved. The same folder holds the new
result until it is whole; see :mod:`ldnsim.results.swap`.
"""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ldnsim.errors import UserError
from ldnsim.results import files, lock
from ldnsim.results.blocks import MANIFEST, Blocks, is_block, name_of, text_of
from ldnsim.results.files import some
from ldnsim.results.swap import Swap

log = logging.getLogger("ldnsim")


class BlockFolder(Blocks):
    """The finished blocks of one sweep in a folder.

    Attributes:
        path: of the folder.
        swap: where the result is made, and replaced.
    """

    path: Path

    def __init__(self, path: Path, writer: str = "", token: str = "") -> None:
        """Name the folder; nothing is read or written yet.

        Args:
            path: the folder.
            writer: eight hexadecimal digits that tell the drafts of one process from those of
                others, where several write.
            token: of the sweep, where it is known.
        """
        self.path = path
        self.token = token
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
        return BlockFolder(self.path.absolute(), uuid.uuid4().hex[:8], self.token)

    def start(self, manifest: Mapping[str, Any]) -> None:
        """Make the folder and write what its blocks belong to."""
        files.make_known(self.path)
        self.token = uuid.uuid4().hex
        files.write_atomically(self.path / MANIFEST, text_of(manifest, self.token))

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
        if self.exists() and self.marked() is None:
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
        files.delete(self.path, lambda name: name != MANIFEST and is_block(name))
