"""Results at an address of an object store, such as ``s3://bucket/result.zarr``, through fsspec.

There an object is put whole or not at all, and nothing is renamed. So a result is written under its
own name, and its record last: without the record it is not there. Two sweeps are not kept apart by
a lock: the manifest is put only where none is, so that one of them begins and the other is told.
"""

from __future__ import annotations

import logging
import uuid
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from ldnsim.errors import UserError
from ldnsim.results.blocks import MANIFEST, Blocks, is_block, name_of, text_of
from ldnsim.results.files import some
from ldnsim.results.record import RECORD, Record, parsed_record
from ldnsim.results.zarr_files import Store

log = logging.getLogger("ldnsim")
_PACKAGES = {"s3": "'ldnsim[s3]'", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


def is_address(text: str) -> bool:
    """Whether a place is written as an address rather than as a path."""
    return "://" in text


class Address:
    """A place in an object store, below which objects have names such as ``pain/c/0``."""

    def __init__(self, url: str) -> None:
        """Find the file system of an address; nothing is read or written yet.

        Raises:
            UserError: a package is missing for it, it is no address, or a path written as one.
        """
        self.url = url.rstrip("/")
        self.protocol = url.partition("://")[0]
        if self.protocol in ("file", "local"):
            raise UserError(f"{url}: give the path itself, without {self.protocol}://")
        self.fs, self.root = _file_system(self.url, self.protocol)

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as its text."""
        return Address, (self.url,)

    def __str__(self) -> str:
        """Return the address."""
        return self.url

    def __fspath__(self) -> str:
        """Return the address, where a path may stand as well."""
        return self.url

    def beside(self, ending: str) -> Address:
        """Return the address with an ending behind it."""
        return Address(self.url + ending)

    def at(self, name: str) -> str:
        """Return the path of an object in its file system."""
        return f"{self.root}/{name}"

    def read(self, name: str) -> bytes:
        """Return an object.

        Raises:
            OSError: it is not there, or cannot be read.
        """
        return bytes(self.fs.cat_file(self.at(name)))

    def put(self, name: str, data: bytes, new: bool = False) -> None:
        """Put an object, whole.

        Args:
            name: of the object.
            data: its content.
            new: only where none has the name.

        Raises:
            FileExistsError: one has it.
            OSError: it cannot be written.
        """
        if not new:
            self.fs.pipe_file(self.at(name), data)
            return
        if self.has(name):
            raise FileExistsError(self.at(name))
        self.fs.pipe_file(self.at(name), data, mode="create")

    def has(self, name: str) -> bool:
        """Whether an object is there."""
        self.fs.invalidate_cache()
        return bool(self.fs.isfile(self.at(name)))

    def sizes(self) -> dict[str, int]:
        """Return the sizes of all objects below, by name."""
        self.fs.invalidate_cache()
        try:
            found = self.fs.find(self.root, detail=True)
        except FileNotFoundError:
            return {}
        start = len(self.root.rstrip("/")) + 1
        return {str(path)[start:]: int(told["size"]) for path, told in found.items()}

    def delete(self, ours: Callable[[str], bool]) -> None:
        """Delete objects below whose names may go; all others stay."""
        found = [self.at(name) for name in self.sizes() if ours(name)]
        if found:
            self.fs.rm(found)
        self.fs.invalidate_cache()


def _file_system(url: str, protocol: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise UserError(f"{url}: an address needs fsspec: pip install 'ldnsim[dask]'") from None
    try:
        fs, root = url_to_fs(url)
    except ImportError:
        package = _PACKAGES.get(protocol, "the package that fsspec names for it")
        raise UserError(f"{url}: {protocol}:// is not installed: pip install {package}") from None
    except ValueError as error:
        raise UserError(f"{url}: {error}; expected an address such as s3://bucket/x.zarr") from None
    return fs, str(root).rstrip("/")


class Begun(UserError):
    """Another sweep began at the same place and the same time."""


class ObjectBlocks(Blocks):
    """Finished blocks of one sweep below an address."""

    path: Address

    def __init__(self, path: Address) -> None:
        """Name the place; nothing is read or written yet."""
        self.path = path

    def read(self, name: str) -> bytes:
        """Return an object."""
        return self.path.read(name)

    def write(self, name: str, data: bytes) -> None:
        """Put an object, whole."""
        self.path.put(name, data)

    def holds(self, name: str) -> bool:
        """Whether an object is there."""
        return self.path.has(name)

    def opened(self, name: str) -> AbstractContextManager[Any]:
        """Return an object to read parts of."""
        found: AbstractContextManager[Any] = self.path.fs.open(self.path.at(name), "rb")
        return found

    def look(self) -> None:
        """Forget what the file system has kept of the place."""
        self.path.fs.invalidate_cache()

    def forget(self, first: int) -> None:
        """Delete a block that is damaged."""
        self.path.delete(name_of(first).__eq__)

    def elsewhere(self) -> ObjectBlocks:
        """Return the same place; objects have no drafts."""
        found = ObjectBlocks(self.path)
        found.token = self.token
        return found

    def start(self, manifest: Mapping[str, Any]) -> None:
        """Write what the blocks belong to.

        Raises:
            Begun: another sweep began here at the same time.
        """
        self.token = uuid.uuid4().hex
        try:
            self.path.put(MANIFEST, text_of(manifest, self.token), new=True)
        except FileExistsError:
            raise Begun(
                f"another sweep has just begun at {self.path}: wait for it, or choose another --out"
            ) from None

    def check(self) -> None:
        """Refuse a place that holds anything but what a sweep leaves.

        Raises:
            UserError: naming what was found.
        """
        foreign = [n for n in sorted(self.path.sizes()) if not is_block(n)]
        if self.exists() and self.marked() is None:
            foreign.append(f"{MANIFEST} (damaged, or of another program or version)")
        if foreign:
            raise UserError(
                f"{self.path} holds what no sweep of this version wrote: {some(foreign)}; the"
                " blocks of the sweep would be kept there: move or delete it, or choose another"
                " --out"
            )

    def remove(self) -> None:
        """Delete what is the sweep's; a kill midway leaves nothing to resume."""
        self.path.delete(MANIFEST.__eq__)
        self.path.delete(is_block)


class StoreObjects(Store):
    """A Zarr store below an address; it is there when its record is."""

    def __init__(self, path: Address, attrs: Mapping[str, Any]) -> None:
        """Begin a store.

        Args:
            path: its address.
            attrs: attributes of the group.
        """
        super().__init__(attrs)
        self.path = path

    def write(self, name: str, data: bytes) -> None:
        """Put a file of the store."""
        self.path.put(name, data)

    def record(self) -> None:
        """Put the record of all files."""
        self.path.put(RECORD, Record(self.files).text())

    def part(self) -> StoreObjects:
        """Return the same store for another process."""
        return StoreObjects(self.path, {})


def partial_objects(target: Address) -> ObjectBlocks:
    """Return where the finished blocks of an unfinished sweep lie: ``<address>.partial``."""
    return ObjectBlocks(target.beside(".partial"))


def checked_address(url: str) -> Address:
    """Return an address to which a result can be written.

    Raises:
        UserError: it is no address of a Zarr store, or cannot be reached.
    """
    found = Address(url)
    if not found.url.lower().endswith(".zarr"):
        raise UserError(f"{url}: at an address a result is a Zarr store: expected a name in .zarr")
    reached(found)
    return found


def reached(address: Address) -> dict[str, int]:
    """Return the sizes of what is below an address.

    Raises:
        UserError: it cannot be reached, and why.
    """
    try:
        return address.sizes()
    except Exception as error:  # whatever the package of a kind of store raises
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{address} cannot be reached: {reason}") from error


def check_clear(address: Address) -> None:
    """Refuse an address below which there is a result, or what no sweep wrote.

    What an unfinished sweep wrote under the name carries no record; it is written again.

    Raises:
        UserError: saying what is there.
    """
    there = reached(address)
    if RECORD in there:
        raise UserError(
            f"{address} exists already; choose another --out. In an object store nothing is"
            " replaced: a new result could not take the place of the old one in one step"
        )
    foreign = [n for n in sorted(there) if not _drafted(n)]
    if foreign:
        raise UserError(
            f"{address} holds what no sweep wrote: {some(foreign)}; choose another --out"
        )


def _drafted(name: str) -> bool:
    """Whether an object may be of a result that is being written."""
    top, _, inner = name.partition("/")
    return name == "zarr.json" or inner == "zarr.json" or inner[:1] == "c" or not top


def faults(address: Address, every: bool = False) -> list[str]:
    """List what is missing or not as it was written, by the record of a result.

    Args:
        address: of the result.
        every: read all objects; otherwise the sizes of all.

    Raises:
        UserError: there is no whole result.
        ldnsim.results.record.Damaged: its record cannot be read.
    """
    there = reached(address)
    if RECORD not in there:
        hint = ""
        if partial_objects(address).exists():
            hint = ": it is unfinished; run the sweep again with --resume to complete it"
        raise UserError(f"there is no result at {address}{hint}")
    record = parsed_record(str(address), address.read(RECORD))
    if record is None:
        raise UserError(f"{address} is not a result of a sweep of this version")
    found = []
    for name, (size, crc) in record.files.items():
        if name not in there:
            found.append(f"{name} is missing")
        elif there[name] != size:
            found.append(f"{name} has {there[name]} bytes, not {size}")
        elif every and zlib.crc32(address.read(name)) != crc:
            found.append(f"{name} has other content")
    return found
