"""What is on disk is the format: other readers read it, and nobody is warned."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from ldnsim.results import record, store
from ldnsim.results.zarr_files import StoreFiles, read_array
from tests.sweep.faults import RUNS, plan, run, stand_in, values

TEXTS = np.array(["", "a", "naïve µ", "長い", "x" * 300])


@pytest.mark.parametrize("chunks", [(1, 1), (2, 3), (5, 7), (3, 7)])
@pytest.mark.parametrize("kind", ["<f8", "<f4", "<i8", "|i1", "|b1", "<U3"])
def test_plain_files_are_zarr(tmp_path: Path, chunks: tuple[int, int], kind: str) -> None:
    numbers = np.arange(35).reshape(5, 7).astype(kind)
    files = StoreFiles(tmp_path / "g", {"title": "x", "number": np.float64(2.0)})
    array = files.array("v", ("a", "b"), (5, 7), chunks, kind, {"k": np.arange(2)})
    for a in range(0, 5, chunks[0]):
        where = (slice(a, min(a + chunks[0], 5)), slice(0, 7))
        array.write(where, numbers[where])
    files.close()
    group = zarr.open_group(tmp_path / "g", mode="r")
    found = group["v"]
    assert isinstance(found, zarr.Array)
    np.testing.assert_array_equal(np.asarray(found[:]).astype(kind), numbers)
    assert found.chunks == chunks and found.attrs["k"] == [0, 1]
    assert dict(group.attrs) == {"title": "x", "number": 2.0}
    if kind != "<U3":
        np.testing.assert_array_equal(read_array(tmp_path / "g" / "v"), numbers)


@pytest.mark.parametrize("value", [np.nan, 0.0, 3.5])
def test_a_number_alone_reads_back_and_has_a_file_whatever_it_is(
    tmp_path: Path, value: float
) -> None:
    files = StoreFiles(tmp_path / "g", {})
    files.whole("v", (), np.array(value), {})
    files.close()
    found = zarr.open_group(tmp_path / "g", mode="r", use_consolidated=False)["v"]
    assert isinstance(found, zarr.Array)
    np.testing.assert_array_equal(np.asarray(found[()]), value)
    np.testing.assert_array_equal(read_array(tmp_path / "g" / "v"), value)
    assert (tmp_path / "g" / "v" / "c").is_file()


@pytest.fixture(name="out")
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    stand_in(monkeypatch)
    run(tmp_path / "a.zarr", "new")
    return tmp_path / "a.zarr"


def test_nobody_is_warned(out: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with xr.open_zarr(out, chunks=None) as ds:
            np.testing.assert_array_equal(ds["pain"].values, values(plan("new")))
            assert "ldnsim" not in ds and set(ds["status_advice"].values.tolist()) == {""}
        with xr.open_zarr(out, chunks=None, consolidated=False) as ds:
            assert ds.sizes["gain"] == RUNS
        assert "ldnsim" in dict(zarr.open_group(out, mode="r", use_consolidated=False).members())


def test_a_lost_number_is_no_valid_one_to_any_reader(out: Path) -> None:
    (out / "status" / "c" / "0").unlink()
    with xr.open_zarr(out, chunks=None) as ds:
        flags = ds["status"].attrs["flag_values"]
        assert not set(np.unique(ds["status"].values)) & set(np.atleast_1d(flags).tolist())


def test_a_second_reader_reads_texts(tmp_path: Path) -> None:
    zarrista = pytest.importorskip("zarrista")
    from zarrista.store import FilesystemStore

    files = StoreFiles(tmp_path / "g", {})
    files.whole("name", ("name",), TEXTS, {})
    files.whole("one", (), np.array("é"), {})
    files.close()
    disk = FilesystemStore(str(tmp_path / "g"))
    found = zarrista.Array.open(disk, "/name")[:]
    assert np.asarray(found).tolist() == TEXTS.tolist()
    assert sorted(zarrista.Group.open(disk).array_keys()) == ["name", "one"]


def test_a_second_reader_reads_every_number(out: Path) -> None:
    tensorstore = pytest.importorskip("tensorstore")
    with xr.open_zarr(out, chunks=None) as ds:
        for name in ("pain", "status", "steps", "gain", "pain_change"):
            place = {"driver": "file", "path": str(out / name)}
            found = tensorstore.open({"driver": "zarr3", "kvstore": place}).result().read().result()
            np.testing.assert_array_equal(found, ds[name].values)


def test_texts_are_those_of_a_result_in_memory(out: Path) -> None:
    with store.open_store(out) as ds:
        assert all(v.dtype.kind != "O" and v.dtype.kind != "T" for v in ds.variables.values())


def test_a_netcdf_file_is_read_by_others_and_knows_its_own_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch)
    out, copy = tmp_path / "a.nc", tmp_path / "b.nc"
    run(out, "new")
    with xr.open_dataset(out, engine="h5netcdf") as ds:
        np.testing.assert_array_equal(ds["pain"].values, values(plan("new")))
        ds.load().to_netcdf(copy, engine="h5netcdf")
    assert record.is_sealed(out) and not record.is_sealed(copy)
    with store.open_store(copy) as ds:  # what others wrote can be read, but is not replaced
        np.testing.assert_array_equal(ds["pain"].values, values(plan("new")))
