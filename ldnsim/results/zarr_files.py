"""Zarr (version 3) stores written as plain files, one chunk at a time; any Zarr reader reads them.

A sweep writes some 140 small arrays, all by the same rules. Through the libraries each costs
several milliseconds of set-up, and a region cannot be written before xarray holds the whole.
Here an array is a JSON file and a chunk is compressed bytes, as the format says. Every chunk has a
file and carries a checksum of its content, which readers check.
"""

from __future__ import annotations

import errno
import json
import math
import os
import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ldnsim.results import files
from ldnsim.results.record import GROUP, Record, mark

ONE_CHUNK = 8_000_000
"""Bytes up to which an array that is not over the runs is one chunk."""
LEVEL = 0  # of Zstandard: its default, and that of the zarr package


class Sliced(Protocol):
    """What has the shape and the type of an array, and slices of its rows."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """Return consecutive rows."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the whole."""


class Store(ABC):
    """A store being written: arrays one by one, then :meth:`close`.

    Attributes:
        attrs: attributes of the group.
        files: size and CRC-32 of what was written, by name.
    """

    def __init__(self, attrs: Mapping[str, Any]) -> None:
        """Begin with nothing."""
        self.attrs = attrs
        self.files: dict[str, tuple[int, int]] = {}
        self._described: dict[str, Any] = {}

    @abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """Write a file of the store."""

    @abstractmethod
    def record(self) -> None:
        """Write the record of all files, when all of them are there to stay."""

    @abstractmethod
    def part(self) -> Store:
        """Return the same store for another process, which writes some chunks of it."""

    def array(
        self,
        name: str,
        dims: Sequence[str],
        shape: Sequence[int],
        chunks: Sequence[int],
        dtype: Any,
        attrs: Mapping[str, Any],
    ) -> ArrayFiles:
        """Describe an array whose chunks are written afterwards, every one of them.

        Args:
            name: of the array.
            dims: names of the dimensions.
            shape: of the array.
            chunks: of one chunk; a dimension of length 0 counts as 1.
            dtype: a number, or text.
            attrs: attributes, of what JSON knows and NumPy arrays and numbers.
        """
        array = self.described(name, shape, chunks, dtype)
        document = _description(dims, shape, array.chunks, array.dtype, attrs)
        self._described[name] = document
        self.put(f"{name}/zarr.json", _text(document))
        return array

    def described(
        self, name: str, shape: Sequence[int], chunks: Sequence[int], dtype: Any
    ) -> ArrayFiles:
        """Return an array that :meth:`array` described, perhaps in another process."""
        sizes = tuple(max(1, int(c)) for c in chunks)
        kind = np.dtype(dtype).newbyteorder("<")
        return ArrayFiles(self, name, tuple(int(n) for n in shape), sizes, kind)

    def whole(
        self,
        name: str,
        dims: Sequence[str],
        values: NDArray[Any] | Sliced,
        attrs: Mapping[str, Any],
    ) -> None:
        """Write an array as one chunk, or a large one as chunks of consecutive rows.

        Args:
            name: of the array.
            dims: names of the dimensions.
            values: an array, or what has the shape and the type of one and slices of its rows.
            attrs: attributes.
        """
        shape, row = values.shape, values.dtype.itemsize * math.prod(values.shape[1:])
        rows = max(1, ONE_CHUNK // max(1, row))
        if not shape or shape[0] <= rows:
            whole = np.asarray(values)
            array = self.array(name, dims, shape, shape, values.dtype, attrs)
            array.write([slice(0, n) for n in shape], whole)
            return
        array = self.array(name, dims, shape, (rows, *shape[1:]), values.dtype, attrs)
        for first in range(0, shape[0], rows):
            part = values[first : first + rows]
            where = slice(first, first + len(part))
            array.write([where, *(slice(0, n) for n in shape[1:])], part)

    def put(self, name: str, data: bytes) -> None:
        """Write a file of the store and note what was written."""
        self.write(name, data)
        self.files[name] = (len(data), zlib.crc32(data))

    def close(self) -> None:
        """Write the description of the whole, and last the record of all files."""
        group = {"zarr_format": 3, "node_type": "group", "attributes": mark()}
        known = {
            "kind": "inline",
            "must_understand": False,
            "metadata": {**self._described, GROUP: group},
        }
        document = {**group, "attributes": dict(self.attrs), "consolidated_metadata": known}
        self.put("zarr.json", _text(document))
        self.record()


class StoreFiles(Store):
    """A store in a folder.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path, attrs: Mapping[str, Any], *, shared: bool = False) -> None:
        """Make the folder, which must not be there yet.

        Args:
            path: the folder.
            attrs: attributes of the group.
            shared: another process made it; what this one writes is on the disk at once, since
                the other cannot wait for it.
        """
        super().__init__(attrs)
        self.path = path
        self.shared = shared
        if not shared:
            files.make(path)

    def write(self, name: str, data: bytes) -> None:
        """Write a file of the store.

        Raises:
            FileNotFoundError: the store was made whole, or given up, by whoever made it.
        """
        if self.shared and not self.path.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))
        files.make((self.path / name).parent)
        files.put(self.path / name, data, flush=self.shared)

    def record(self) -> None:
        """Write the record of all files."""
        Record(self.files).save(self.path)

    def part(self) -> StoreFiles:
        """Return the same store for another process."""
        return StoreFiles(self.path.absolute(), {}, shared=True)

    def take(self, old: Path, record: Record, leave: Iterable[str]) -> None:
        """Take over the arrays of another store, sharing its files.

        Args:
            old: the other store.
            record: its files.
            leave: arrays that are left out.
        """
        left = {*leave, GROUP}
        for name in record.files:
            array = name.partition("/")[0]
            if "/" in name and array not in left:
                files.make((self.path / name).parent)
                files.link(old / name, self.path / name)
                self.files[name] = record.files[name]
                if name == f"{array}/zarr.json":
                    self._described[array] = json.loads((old / name).read_bytes())


@dataclass(frozen=True)
class ArrayFiles:
    """An array on disk whose chunks are written one by one.

    Attributes:
        store: the store it is in.
        name: of the array.
        shape: of the array.
        chunks: of one chunk.
        dtype: of the values.
    """

    store: Store
    name: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]

    def write(self, where: Sequence[slice], values: NDArray[Any]) -> None:
        """Write one chunk, or several whole ones.

        Args:
            where: the part of the array, from a chunk boundary to one or to the end.
            values: of the shape of that part.
        """
        values = np.asarray(values, dtype=self.dtype)
        first = [s.start // c for s, c in zip(where, self.chunks, strict=True)]
        count = [-(-n // c) for n, c in zip(values.shape, self.chunks, strict=True)]
        for k in np.ndindex(*count):
            part = tuple(slice(i * c, (i + 1) * c) for i, c in zip(k, self.chunks, strict=True))
            self._chunk([a + b for a, b in zip(first, k, strict=True)], values[part])

    def _chunk(self, number: Sequence[int], values: NDArray[Any]) -> None:
        """Write a chunk, filled up at the edge of the array."""
        whole = values
        if values.shape != self.chunks:
            whole = np.full(self.chunks, _fill(self.dtype), dtype=self.dtype)
            whole[tuple(slice(n) for n in values.shape)] = values
        name = "/".join([self.name, "c", *map(str, number)])
        raw = _utf8(whole) if self.dtype.kind == "U" else np.ascontiguousarray(whole)
        self.store.put(name, _codec().encode(raw))


def _utf8(values: NDArray[Any]) -> bytes:
    """Return texts as ``vlen-utf8`` has them: how many, then length and bytes of each."""
    texts = [str(t).encode() for t in values.reshape(-1)]
    parts = [struct.pack("<I", len(t)) + t for t in texts]
    return struct.pack("<I", len(texts)) + b"".join(parts)


@cache
def _codec() -> Any:
    from numcodecs.zstd import Zstd

    return Zstd(level=LEVEL, checksum=True)


def _fill(dtype: np.dtype[Any]) -> Any:
    """Return what readers take where a chunk is lost: nothing that could be a value."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return limits.min if dtype.kind == "i" else limits.max
    return {"f": np.nan, "U": ""}.get(dtype.kind, 0)


def _description(
    dims: Sequence[str],
    shape: Sequence[int],
    chunks: Sequence[int],
    kind: np.dtype[Any],
    attrs: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the format says about an array."""
    order = {"configuration": {"endian": "little"}} if kind.itemsize > 1 else {}
    text, fill = kind.kind == "U", _fill(kind)
    zstd = {"name": "zstd", "configuration": {"level": LEVEL, "checksum": True}}
    return {
        "shape": [int(n) for n in shape],
        "data_type": "string" if text else kind.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": "NaN" if kind.kind == "f" else bool(fill) if kind.kind == "b" else fill,
        "codecs": [{"name": "vlen-utf8"} if text else {"name": "bytes", **order}, zstd],
        "attributes": dict(attrs),
        "dimension_names": list(dims),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def read_array(path: Path) -> NDArray[Any]:
    """Read a whole array of numbers that this module wrote, without loading the library.

    Raises:
        OSError: it cannot be read, or a chunk is missing.
        ValueError: its description is not one that this module writes.
        RuntimeError: a chunk is damaged.
    """
    told = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
    name = told["data_type"]
    if not isinstance(name, str) or name == "string" or told["codecs"][-1]["name"] != "zstd":
        raise ValueError(f"{path} was not written by this package")
    chunks = told["chunk_grid"]["configuration"]["chunk_shape"]
    dtype = np.dtype(name).newbyteorder("<")
    found = np.empty(told["shape"], dtype=dtype)
    for k in np.ndindex(*(-(-n // c) for n, c in zip(found.shape, chunks, strict=True))):
        file = path.joinpath("c", *map(str, k))
        raw = _codec().decode(file.read_bytes())
        if len(raw) != math.prod(chunks) * dtype.itemsize:
            raise RuntimeError(f"{file} has not the size of a chunk")
        values = np.frombuffer(raw, dtype).reshape(chunks)
        part: Any = [slice(i * c, (i + 1) * c) for i, c in zip(k, chunks, strict=True)]
        at = found[(*part, ...)]  # a view, also of a single number
        at[...] = values[tuple(slice(n) for n in at.shape)]
    return found


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=1, default=_plain).encode()


def _plain(value: Any) -> Any:
    """Turn a NumPy array or number into what JSON knows."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{value!r} cannot be an attribute")
