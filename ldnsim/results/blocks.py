"""Finished blocks while a sweep runs: one file each, whole or absent, wherever they lie.

The manifest says what the blocks belong to; a sweep is resumed only if that is still the same.
Every file carries its checksum. Whoever solves a block saves it: the place of the blocks is where
all meet who work on a sweep.
"""

from __future__ import annotations

import io
import json
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from ldnsim.engine import LANES
from ldnsim.errors import UserError
from ldnsim.results.record import Damaged, sealed, unsealed
from ldnsim.runs.block import Block, names

MANIFEST, TOKEN = "manifest.json", "token"
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
        token: of the sweep, which its blocks carry: a worker that was given up may still be
            writing when another sweep has begun at the same place. Empty until the manifest is
            read or written.
    """

    path: Any
    token: str = ""

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
        found = self.marked()
        wrong = "it is missing, or of another program" if found is None else _wrong(found)
        if found is None or wrong:
            raise UserError(
                f"{self.path} cannot be resumed: its {MANIFEST} is damaged: {wrong}; start again"
                " with --overwrite"
            )
        self.token = found[TOKEN]
        return {k: v for k, v in found.items() if k not in MARK and k != TOKEN}

    def marked(self) -> dict[str, Any] | None:
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
        np.savez(buffer, first=np.int64(block.first), sweep=np.array(self.token), **arrays)
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
                self._check_token(data)
                return Block(first, **{n: data[n] if n in names else none for n in ARRAYS})
        except MemoryError:
            raise
        except Exception as error:  # whatever the reader of the format raises
            reason = getattr(error, "strerror", None) or error or type(error).__name__
            raise UserError(
                f"{self.path}/{name_of(first)} cannot be read ({reason}): run the same command with"
                " --resume, which solves its runs again"
            ) from error

    def _check_token(self, data: Mapping[str, Any]) -> None:
        if self.token and str(data["sweep"]) != self.token:
            raise Damaged("it was written by another sweep")

    def goes_on(self) -> bool:
        """Whether the sweep that this was begun for is still the one that is here."""
        found = self.marked() if self.exists() else None
        return found is not None and found.get(TOKEN) == self.token

    def fault(self, first: int, shapes: Mapping[str, tuple[int, ...]]) -> str | None:
        """Say why a finished block cannot be used, or nothing.

        Args:
            first: its first run.
            shapes: of its arrays.
        """
        try:
            whole = unsealed(self.read(name_of(first)))
            with np.load(io.BytesIO(whole), allow_pickle=False) as data:
                self._check_token(data)
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


def name_of(first: int) -> str:
    """Return the name of the file of the block that starts at run ``first``."""
    return f"block-{first:09d}.npz"


def is_block(name: str) -> bool:
    """Whether a file is one that a sweep keeps beside its result."""
    return name == MANIFEST or bool(_BLOCK.fullmatch(name))


def text_of(manifest: Mapping[str, Any], token: str) -> bytes:
    """Return a manifest as its file has it."""
    return json.dumps({**MARK, TOKEN: token, **manifest}, indent=1).encode()


def _wrong(manifest: Mapping[str, Any]) -> str:
    """Say what in a manifest no sweep writes, or nothing."""
    size = manifest.get("block")
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0 or size % LANES:
        return f"block = {json.dumps(size)} is not a multiple of {LANES}"
    if not isinstance(manifest.get(TOKEN), str):
        return f"it holds no {TOKEN}"
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
