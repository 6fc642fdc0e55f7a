"""What was written, kept with a result: whether it is whole, and whether it is this program's.

A Zarr store holds the group ``ldnsim``, whose attributes list every file with its size and CRC-32;
it is written last. A NetCDF file ends in a line with the size and CRC-32 of all before it, which
lies behind the end that HDF5 knows of. Programs that rewrite a result carry neither on, so what
they make is never taken for what a sweep wrote.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ldnsim.errors import UserError
from ldnsim.results import files

GROUP = "ldnsim"
RECORD = f"{GROUP}/zarr.json"
WRITTEN_BY, FORMAT = "ldnsim", 1
STEP = 1 << 22  # bytes read at once
_SEAL = re.compile(rb"\nldnsim %d size=(\d{20}) crc32=([0-9a-f]{8})\n" % FORMAT)
_ANY_SEAL = re.compile(rb"\nldnsim (\d{1,9}) [ -~]*\n\Z")
SEAL_BYTES = 51
_TAIL = 400  # bytes at the end in which the line of a later format is looked for
_HDF5 = b"\x89HDF\r\n\x1a\n"


class Damaged(Exception):
    """A record that cannot be read as one, though it is there or must have been."""


@dataclass(frozen=True)
class Record:
    """The files of a Zarr store.

    Attributes:
        files: size and CRC-32 of each, by name such as ``pain/c/0``; the record itself is not in.
    """

    files: dict[str, tuple[int, int]]

    def save(self, root: Path) -> None:
        """Write the record into its store, when all else of it is on the disk."""
        files.make(root / GROUP)
        files.flush_all(root, self.files)
        files.write_atomically(root / RECORD, self.text())

    def text(self) -> bytes:
        """Return the record as its file has it."""
        listed = {name: list(entry) for name, entry in self.files.items()}
        attrs = {**mark(), "files": listed, "sum": _sum(listed)}
        document = {"zarr_format": 3, "node_type": "group", "attributes": attrs}
        return json.dumps(document).encode()

    def foreign(self, root: Path) -> list[str]:
        """List what is in the store and was not written with it; a link never was."""
        return [n for n in files.names(root) if not self.ours(n) or files.is_link(root / n)]

    def ours(self, name: str) -> bool:
        """Whether a file was written with the store."""
        return name in self.files or name == RECORD

    def delete(self, root: Path) -> None:
        """Delete the files of the store, and the record last; what else is there stays."""
        files.delete(root, self.files.__contains__)
        files.delete(root, RECORD.__eq__)

    def faults(self, root: Path, every: bool = False) -> list[str]:
        """List what is missing or not as it was written.

        Args:
            root: the store.
            every: read all files; otherwise the sizes of all and the content of descriptions.

        Raises:
            OSError: a file cannot be read, for another reason than that it is not there.
        """
        found = []
        for name, (size, crc) in self.files.items():
            path = root / name
            try:
                now = os.stat(path).st_size  # noqa: PTH116
            except (FileNotFoundError, NotADirectoryError):
                found.append(f"{name} is missing")
                continue
            if now != size:
                found.append(f"{name} has {now} bytes, not {size}")
            elif (every or name.endswith("zarr.json")) and crc_of(path) != crc:
                found.append(f"{name} has other content")
        return found


def mark() -> dict[str, Any]:
    """Return the attributes by which the group of the record is known."""
    return {"written_by": WRITTEN_BY, "format": FORMAT}


def read_record(root: Path) -> Record | None:
    """Read the record of a Zarr store; None when the store is not marked as this program's.

    Raises:
        Damaged: it is there, or must have been, and cannot be read.
        UserError: it is of a later format.
        OSError: it cannot be read for another reason.
    """
    try:
        return parsed_record(root, (root / RECORD).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        if expects_record(root):
            raise Damaged("the record of its files is missing") from None
        return None


def parsed_record(where: Path | str, data: bytes) -> Record | None:
    """Read a record from its file; None when it is not of this program.

    Raises:
        Damaged: it cannot be read.
        UserError: it is of a later format.
    """
    try:
        attrs = json.loads(data)["attributes"]
        if attrs["written_by"] != WRITTEN_BY:
            return None
        _check_format(where, attrs["format"])
        if attrs["sum"] != _sum(attrs["files"]):
            raise Damaged("the record of its files is damaged")
        return Record({str(n): (int(s), int(c)) for n, (s, c) in attrs["files"].items()})
    except UserError:
        raise
    except (ValueError, KeyError, TypeError):
        raise Damaged("the record of its files is damaged") from None


def _check_format(path: Path | str, number: Any) -> None:
    """Refuse a format that this version does not know; its files may mean something else."""
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise Damaged("the record of its files is damaged")
    if number > FORMAT:
        raise UserError(
            f"{path} was written by a later version of ldnsim, in format {number} of results; this"
            f" version knows format {FORMAT}: use the later version"
        )


def expects_record(root: Path) -> bool:
    """Whether the description of a store names the group of a record."""
    try:
        text = (root / "zarr.json").read_bytes()
        found = json.loads(text)["consolidated_metadata"]["metadata"][GROUP]["attributes"]
        return bool(found["written_by"] == WRITTEN_BY)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def sealed(data: bytes) -> bytes:
    """Return the content of a file with its size and checksum behind its end."""
    return data + b"\nldnsim %d size=%020d crc32=%08x\n" % (FORMAT, len(data), zlib.crc32(data))


def unsealed(data: bytes) -> bytes:
    """Return what :func:`sealed` was given.

    Raises:
        Damaged: it is not as it was written.
    """
    found = _SEAL.fullmatch(data[-SEAL_BYTES:])
    inner = data[:-SEAL_BYTES]
    if found is None:
        raise Damaged("it is cut short" if data else "it is empty")
    if (len(inner), zlib.crc32(inner)) != (int(found[1]), int(found[2], 16)):
        raise Damaged("it has other content")
    return inner


def is_sealed(path: Path) -> bool:
    """Whether a file ends as this program ends one.

    Raises:
        Damaged: it has something behind its end that no longer is what this program adds.
        UserError: it is of a later format.
    """
    return _seal_of(path) is not None


def broken_seal(path: Path) -> str | None:
    """Say how a sealed file is not as it was written, or None.

    Raises:
        Damaged: as for :func:`is_sealed`.
    """
    found = _seal_of(path)
    if found is None:
        return None
    size, crc = found
    now = path.stat().st_size - SEAL_BYTES
    if now != size:
        return f"it has {now} bytes, not {size}"
    return None if crc_of(path, size) == crc else "it has other content"


def _seal_of(path: Path) -> tuple[int, int] | None:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(48)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    if found := _SEAL.fullmatch(tail[-SEAL_BYTES:]):
        return int(found[1]), int(found[2], 16)
    later = _ANY_SEAL.search(tail)
    if later and int(later[1]) > FORMAT:
        _check_format(path, int(later[1]))
    end = _hdf5_end(head)
    if end is not None and size != end:
        raise Damaged(f"it has {size} bytes, not {end}, and no checksum at its end")
    return None


def _hdf5_end(head: bytes) -> int | None:
    """Return the size that an HDF5 file says it has; None when it does not begin as one."""
    if not head.startswith(_HDF5[: len(head)]):
        return None
    if len(head) < 48:
        raise Damaged("it is cut short")
    at = 40 if head[8] < 2 else 28
    return int.from_bytes(head[at : at + 8], "little")


def crc_of(path: Path, size: int | None = None) -> int:
    """Return the CRC-32 of a file, or of its first bytes."""
    crc, left = 0, path.stat().st_size if size is None else size
    with path.open("rb") as file:
        while left > 0 and (part := file.read(min(STEP, left))):
            crc = zlib.crc32(part, crc)
            left -= len(part)
    return crc


def _sum(listed: Any) -> int:
    return zlib.crc32(json.dumps(listed, sort_keys=True).encode())
