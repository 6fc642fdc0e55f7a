"""Numbers of many patients, a row for each: in memory, or on the disk where there are many.

A file is read and written by stretches: mapped into memory its pages would count as memory used.
"""

from __future__ import annotations

import errno
import math
import tempfile
import threading
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Floats
from ldnsim.errors import UserError

MOST = 2**25
"""Bytes of one kind of rows that are held in memory; more are held in a temporary file."""


class Rows:
    """Rows of floats of one shape, put there by stretches and read as an array is.

    The file has no name and is gone with its last holder. A pickle has all rows in it.

    Attributes:
        shape: of all rows together; the first dimension counts rows.
        dtype: of the values.
    """

    dtype = np.dtype(np.float64)

    def __init__(self, shape: tuple[int, ...]) -> None:
        """Make room for rows, whose values are undefined until they are put.

        Args:
            shape: of all rows together.
        """
        self.shape = shape
        self._width = self.dtype.itemsize * math.prod(shape[1:])
        self._array: Floats | None = None
        self._file: IO[bytes] | None = None
        if shape[0] * self._width <= MOST:
            self._array = np.empty(shape)
        else:
            # as long as somebody holds the rows
            self._file = tempfile.TemporaryFile()  # noqa: SIM115
            self._lock = threading.Lock()

    @classmethod
    def of(cls, values: Floats) -> Rows:
        """Return all rows of an array."""
        found = cls(values.shape)
        found.put(0, values)
        return found

    def put(self, first: int, values: Floats) -> None:
        """Put rows from row ``first`` on.

        Args:
            first: where the first of them goes.
            values: the rows.

        Raises:
            UserError: the disk of temporary files is full.
            ValueError: they do not fit.
        """
        if first + len(values) > self.shape[0] or values.shape[1:] != self.shape[1:]:
            raise ValueError(f"{values.shape} from row {first} does not fit into {self.shape}")
        if self._file is None:
            self._memory[first : first + len(values)] = values
            return
        try:
            with self._lock:
                self._file.seek(first * self._width)
                self._file.write(np.ascontiguousarray(values, dtype=self.dtype).data)
                self._file.flush()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise UserError(
                f"{tempfile.gettempdir()} is full: {self.shape[0] * self._width / 1e9:.2g} GB of"
                " numbers of virtual patients go there while they are simulated; set TMPDIR to a"
                " folder with more room, or lower population.size"
            ) from error

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __getitem__(self, which: Any) -> Floats:
        """Return some rows.

        Args:
            which: a number, a slice, or numbers of rows in any order.
        """
        if self._file is None:
            return np.asarray(self._memory[which])
        at = np.arange(*which.indices(len(self))) if isinstance(which, slice) else np.array(which)
        at[at < 0] += len(self)
        if at.size and not 0 <= at.min() <= at.max() < len(self):
            raise IndexError(f"there are {len(self)} rows")
        if at.ndim and (np.diff(at) > 0).all():
            return self._read(at)
        rows, place = np.unique(at, return_inverse=True)
        return np.asarray(self._read(rows)[place.reshape(at.shape)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return all rows as an array."""
        return np.array(self[:], dtype=dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as an array."""
        return Rows.of, (self[:],)

    @property
    def _memory(self) -> Floats:
        assert self._array is not None
        return self._array

    def _read(self, rows: NDArray[np.intp]) -> Floats:
        """Read ascending rows out of the file, neighbours together."""
        found = np.empty((len(rows), *self.shape[1:]))
        ends = [*(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
        first = 0
        assert self._file is not None
        for last in ends if len(rows) else ():
            with self._lock:
                self._file.seek(int(rows[first]) * self._width)
                # readinto is of every file, but not of the class of annotations
                file: Any = self._file
                got = file.readinto(found[first:last].data.cast("B"))
            if got != (last - first) * self._width:
                raise OSError(errno.EIO, "a temporary file has lost its end")
            first = last
        return found
