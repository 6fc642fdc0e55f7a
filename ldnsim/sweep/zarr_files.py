"""Zarr (version 3) arrays written as plain files, one chunk at a time; zarr and xarray read them.

A sweep writes some 140 small arrays, all by the same rules. Through the libraries each costs
several milliseconds of set-up, and a region cannot be written before xarray holds the whole.
Here an array is a JSON file and a chunk is compressed bytes, as the format says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 0  # of Zstandard: its default, and that of the zarr package


@dataclass(frozen=True)
class ArrayFiles:
    """An array on disk whose chunks are written one by one.

    Attributes:
        path: its folder.
        shape: of the array.
        chunks: of one chunk.
        dtype: of the values.
    """

    path: Path
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
        """Write a chunk, filled up at the edge of the array; one of fill only has no file."""
        empty = _fill(self.dtype)
        blank = np.isnan(values) if self.dtype.kind == "f" else values == empty
        if np.all(blank):
            return
        whole = values
        if values.shape != self.chunks:
            whole = np.full(self.chunks, empty, dtype=self.dtype)
            whole[tuple(slice(n) for n in values.shape)] = values
        file = self.path.joinpath("c", *map(str, number))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_codec().encode(np.ascontiguousarray(whole)))


@cache
def _codec() -> Any:
    from numcodecs.zstd import Zstd

    return Zstd(level=LEVEL)


def _fill(dtype: np.dtype[Any]) -> Any:
    """Return what an array holds where nothing was written."""
    return {"f": np.nan, "U": ""}.get(dtype.kind, 0)


def make_group(path: Path, attrs: Mapping[str, Any]) -> None:
    """Make the folder of a group with its attributes."""
    path.mkdir(parents=True)
    _write(path, {"attributes": dict(attrs), "zarr_format": 3, "node_type": "group"})


def make_array(
    path: Path,
    dims: Sequence[str],
    shape: Sequence[int],
    chunks: Sequence[int],
    dtype: Any,
    attrs: Mapping[str, Any],
) -> ArrayFiles:
    """Make the folder of an array with its description; chunks are written afterwards.

    Args:
        path: folder to make.
        dims: names of the dimensions.
        shape: of the array.
        chunks: of one chunk; a dimension of length 0 counts as 1.
        dtype: a number, or text of fixed length.
        attrs: attributes, of what JSON knows and NumPy arrays and numbers.
    """
    kind = np.dtype(dtype).newbyteorder("<")
    sizes = tuple(max(1, int(c)) for c in chunks)
    name: Any = np.dtype(dtype).name
    if kind.kind == "U":
        name = {"name": "fixed_length_utf32", "configuration": {"length_bytes": kind.itemsize}}
    order = {"configuration": {"endian": "little"}} if kind.itemsize > 1 else {}
    zstd = {"name": "zstd", "configuration": {"level": LEVEL, "checksum": False}}
    fill = _fill(kind)
    path.mkdir()
    _write(
        path,
        {
            "shape": [int(n) for n in shape],
            "data_type": name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(sizes)}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": "NaN" if kind.kind == "f" else fill,
            "codecs": [{"name": "bytes", **order}, zstd],
            "attributes": dict(attrs),
            "dimension_names": list(dims),
            "zarr_format": 3,
            "node_type": "array",
            "storage_transformers": [],
        },
    )
    return ArrayFiles(path, tuple(int(n) for n in shape), sizes, kind)


def read_array(path: Path) -> NDArray[Any]:
    """Read a whole array that this module wrote, without loading the library.

    Raises:
        OSError: it cannot be read.
        ValueError: its description is not one that this module writes.
    """
    told = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
    name = told["data_type"]
    if not isinstance(name, str) or told["codecs"][-1]["name"] != "zstd":
        raise ValueError(f"{path} was not written by this package")
    chunks = told["chunk_grid"]["configuration"]["chunk_shape"]
    dtype = np.dtype(name).newbyteorder("<")
    found = np.full(told["shape"], _fill(dtype), dtype=dtype)
    for k in np.ndindex(*(-(-n // c) for n, c in zip(found.shape, chunks, strict=True))):
        file = path.joinpath("c", *map(str, k))
        if file.exists():
            values = np.frombuffer(_codec().decode(file.read_bytes()), dtype).reshape(chunks)
            part: Any = [slice(i * c, (i + 1) * c) for i, c in zip(k, chunks, strict=True)]
            at = found[(*part, ...)]  # a view, also of a single number
            at[...] = values[tuple(slice(n) for n in at.shape)]
    return found


def _write(folder: Path, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, indent=2, default=_plain)
    (folder / "zarr.json").write_text(text, encoding="utf-8")


def _plain(value: Any) -> Any:
    """Turn a NumPy array or number into what JSON knows."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{value!r} cannot be an attribute")
