"""Read a stored result: what is lost or damaged is told, never read as a value."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.arrays import Codes
from ldnsim.edition import shipped
from ldnsim.edition.versions import older
from ldnsim.errors import UserError, flag, nearest, path_text
from ldnsim.results.files import some
from ldnsim.results.folder import BlockFolder
from ldnsim.results.objects import Address, faults, is_address
from ldnsim.results.record import Damaged, Record, broken_seal, is_sealed, read_record
from ldnsim.results.target import KINDS
from ldnsim.results.zarr_files import read_array

if TYPE_CHECKING:
    import xarray as xr

log = logging.getLogger("ldnsim")
_ANEW = "; run its sweep again with --overwrite"
_DELETE = "; delete it and run its sweep again"


def partial_folder(path: Path) -> BlockFolder:
    """Return where the finished blocks of an unfinished sweep lie: ``<store>.partial``."""
    return BlockFolder(path.with_name(path.name + ".partial"))


def is_store(path: Path) -> bool:
    """Whether a path looks like a result: a Zarr folder, or a file that is named NetCDF."""
    named = KINDS.get(path.suffix.lower())
    return (path / "zarr.json").is_file() or (path.is_file() and named == "netcdf")


def open_store(path: str | os.PathLike[str], *, verify: bool = False) -> xr.Dataset:
    """Open a finished result; data are read when used.

    What was written is compared with what is there: of a NetCDF file all, of a Zarr store that
    every file is there in its size, and the descriptions. Each chunk of values carries a
    checksum, which is compared when it is read.

    Args:
        path: a Zarr folder or a NetCDF file that a sweep wrote, or the address of such a folder
            in an object store.
        verify: compare every file of a Zarr store at once.

    Raises:
        UserError: when there is none, the sweep that was to write it is unfinished, or it is
            damaged or cannot be read.
    """
    text = path_text(path, "path")
    if is_address(text):
        found: Path | Address = checked_at(Address(text), flag(verify, "verify"))
    else:
        found = checked(path, flag(verify, "verify"))
    ds = _opened(found) if isinstance(found, Path) else _opened_at(found)
    if "status" not in ds or "study" not in ds.attrs:
        ds.close()
        raise UserError(f"{found} is not a result of a sweep: it holds no status and no study")
    if words := older(ds.attrs, lambda: shipped().version):
        log.warning("%s %s", found, words)
    return _plain_text(ds)


def checked(path: str | os.PathLike[str], verify: bool = False) -> Path:
    """Return the path of a result that is as it was written; arguments and errors as above."""
    found = Path(path_text(path, "path"))
    if "\0" in str(found):
        raise UserError(f"there is no result at {str(found)!r}")
    try:
        _check_there(found)
        if _check_whole(found, verify):
            return found
    except OSError as error:
        raise _unreadable(found, error) from None
    log.warning("%s carries no record of what was written: lost data would not be told", found)
    return found


def _check_there(found: Path) -> None:
    if not found.exists():
        folder = partial_folder(found)
        if folder.swap.interrupted():
            raise UserError(
                f"{found} was being replaced when its sweep was stopped: run the sweep again with"
                " --resume to complete it"
            )
        if folder.exists():
            raise UserError(
                f"{found} is unfinished: run the sweep again with --resume to complete it"
            )
        near = found.parent.glob("*") if found.parent.is_dir() else ()
        hint = nearest(found.name, sorted(p.name for p in near if is_store(p)))
        raise UserError(f"there is no result at {str(found)!r}{hint}")
    if not is_store(found) and read_record_or_none(found) is None:
        raise UserError(f"{found} is not a result of a sweep: expected a Zarr folder or a .nc file")


def has_record(path: Path) -> bool:
    """Whether a result that can be opened carries a record of what was written."""
    return is_sealed(path) if path.is_file() else read_record(path) is not None


def read_record_or_none(found: Path) -> Record | None:
    """Return the record of a store, if there is one that can be read."""
    try:
        return read_record(found)
    except Damaged:
        return None


def told(attrs: Mapping[str, Any], name: str, where: str | Path) -> dict[str, Any]:
    """Return what a result says about itself in one attribute, a table as JSON.

    Args:
        attrs: attributes of the result.
        name: of the attribute.
        where: the result, as messages name it.

    Raises:
        UserError: the attribute is missing or damaged.
    """
    try:
        found = json.loads(attrs[name])
    except (KeyError, TypeError, ValueError):
        found = None
    if not isinstance(found, dict):
        how = "is damaged" if name in attrs else "is missing"
        raise UserError(
            f"{where} does not say by what it was made: its attribute {name!r} {how}; run its sweep"
            " again with --overwrite, or to another --out"
        )
    return found


def extensions(attrs: Mapping[str, Any], where: str | Path) -> list[dict[str, str]]:
    """Return what a result says of the extensions of its model; nothing of them is run.

    Raises:
        UserError: the attribute is damaged.
    """
    try:
        found = json.loads(attrs.get("extensions", "[]"))
        return [{**e, "name": str(e["name"]), "sha256": str(e["sha256"])} for e in found]
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{where} does not say which extensions its model had: its attribute 'extensions' is"
            f" damaged{_ANEW}"
        ) from None


def _check_whole(found: Path, verify: bool) -> bool:
    """Compare a result with its record; returns whether it has one.

    Raises:
        UserError: it is damaged.
        OSError: it cannot be read.
    """
    try:
        if found.is_file():
            fault = broken_seal(found)
            if fault:
                raise UserError(f"{found} is damaged: {fault}{_ANEW}")
            return is_sealed(found)
        record = read_record(found)
    except Damaged as error:
        raise UserError(f"{found} is damaged: {error}{_DELETE}") from None
    if record is None:
        _check_unrecorded(found)
        return False
    faults = record.faults(found, verify)
    if faults:
        raise UserError(
            f"{found} is damaged, or was changed by another program: {some(faults)}{_ANEW}"
        )
    return True


def _check_unrecorded(found: Path) -> None:
    """Refuse a store of an earlier version that is cut, or that the installed zarr cannot read."""
    try:
        json.loads((found / "zarr.json").read_text(encoding="utf-8"))
    except ValueError:
        raise UserError(
            f"{found} is damaged: its zarr.json cannot be read as JSON{_DELETE}"
        ) from None
    if _version("zarr").startswith("3.0.") and any(
        b'"fixed_length_utf32"' in p.read_bytes() for p in found.glob("*/zarr.json")
    ):
        raise UserError(
            f"{found} cannot be opened: its texts need zarr 3.1 or later, this is zarr"
            f" {_version('zarr')}"
        )


def _opened(found: Path) -> xr.Dataset:
    """Open what was found whole.

    Raises:
        UserError: it cannot be opened all the same, and why: that is not called damage.
    """
    import xarray as xr

    try:
        if found.is_file():
            ds = xr.open_dataset(found, engine="h5netcdf")
        else:
            whole = read_record(found) is not None
            ds = xr.open_dataset(found, engine="zarr", consolidated=whole, chunks=None)
    except OSError as error:
        raise _unreadable(found, error) from None
    except MemoryError:
        raise UserError(f"{found} cannot be opened: out of memory") from None
    except Exception as error:  # whatever the format's library raises
        raise UserError(f"{found} cannot be opened: {_why(found, error)}") from error
    return ds


def checked_at(address: Address, verify: bool = False) -> Address:
    """Return the address of a result that is as it was written; see :func:`open_store`."""
    try:
        wrong = faults(address, verify)
    except Damaged as error:
        raise UserError(f"{address} is damaged: {error}{_DELETE}") from None
    except OSError as error:
        raise UserError(f"{address} cannot be read: {error.strerror or error}") from None
    if wrong:
        raise UserError(
            f"{address} is damaged, or was changed by another program: {some(wrong)}{_DELETE}"
        )
    return address


def _opened_at(address: Address) -> xr.Dataset:
    import xarray as xr

    try:
        return xr.open_dataset(str(address), engine="zarr", consolidated=True, chunks=None)
    except Exception as error:  # whatever the packages raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{address} cannot be opened: {reason}") from error


def _why(found: Path, error: Exception) -> str:
    """Say why a library cannot open a result, and which library."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, ImportError):
        return f"a library is missing ({reason})"
    if found.is_file():
        return f"{reason} (h5netcdf {_version('h5netcdf')}, h5py {_version('h5py')})"
    return f"{reason} (zarr {_version('zarr')}, xarray {_version('xarray')})"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _unreadable(found: Path, error: OSError) -> UserError:
    where = f"{error.filename}: " if error.filename and str(error.filename) != str(found) else ""
    return UserError(f"{found} cannot be read: {where}{error.strerror or error}")


def _plain_text(ds: xr.Dataset) -> xr.Dataset:
    """Give texts the type they have in a result in memory, whatever the reader made of them."""
    texts: dict[str, Any] = {}
    for name, v in ds.variables.items():
        if v.dtype.kind in "TO":
            values = np.array(v.values.tolist(), dtype=str)
            texts[str(name)] = (v.dims, values, v.attrs)
    coords = {n: v for n, v in texts.items() if n in ds.coords}
    kept = {n: v for n, v in texts.items() if n not in coords}
    return ds.assign_coords(coords).assign(kept) if texts else ds


def statuses(path: Path | Address) -> Codes:
    """Return the outcome of every run of a finished result, shape (runs,).

    That of a Zarr store is read without xarray, which takes longer to load than a small sweep.

    Raises:
        UserError: there is no such result, or it is damaged.
    """
    return _codes(path, "status")


def accuracies(path: Path | Address) -> Codes:
    """Return what is known of the error of every run of a finished result, shape (runs,).

    Raises:
        UserError: there is no such result, or it is damaged.
    """
    return _codes(path, "accuracy")


def _codes(path: Path | Address, name: str) -> Codes:
    try:
        if isinstance(path, Path) and (found := checked(path)).is_dir():
            return np.asarray(read_array(found / name), dtype=np.int8).reshape(-1)
    except (OSError, ValueError, KeyError, RuntimeError):
        pass  # the library says what is wrong, or reads what this package does not
    with open_store(path if isinstance(path, Path) else str(path)) as ds:
        return np.asarray(ds[name].values, dtype=np.int8).reshape(-1)


def attributes(path: Path | Address) -> dict[str, Any]:
    """Return the attributes of a finished result.

    Raises:
        UserError: there is no such result, or it is damaged.
    """
    if isinstance(path, Address):
        read = json.loads(checked_at(path).read("zarr.json"))
        return dict(read.get("attributes", {}))
    found = checked(path)
    if found.is_dir():
        return dict(json.loads((found / "zarr.json").read_bytes()).get("attributes", {}))
    with open_store(path) as ds:
        return dict(ds.attrs)
