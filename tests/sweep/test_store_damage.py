"""Lost and damaged data are told: never a value that was not computed, never a traceback."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from ldnsim.cli import app
from ldnsim.errors import UserError
from ldnsim.results import store
from tests.sweep.faults import run, stand_in, title_of

NAMES = ["a.zarr", "a.nc"]
CLI = CliRunner()


@pytest.fixture(name="whole", params=NAMES)
def whole_(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    stand_in(monkeypatch)
    out = tmp_path / "whole" / request.param
    out.parent.mkdir()
    run(out, "new")
    return out


def copy_of(whole: Path, place: Path) -> Path:
    place.mkdir()
    target = place / whole.name
    shutil.copytree(whole, target) if whole.is_dir() else shutil.copy(whole, target)
    return target


def hurt(path: Path, dice: random.Random) -> str:
    """Damage one file of a result at random."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    file = dice.choice(files)
    data = bytearray(file.read_bytes())
    how = dice.choice(["delete", "cut", "flip", "flip", "zeros", "longer"])
    at = dice.randrange(max(1, len(data)))
    if how == "delete" and path.is_dir():
        file.unlink()
        return f"{file} deleted"
    if how == "cut":
        data = data[:at]
    elif how == "longer":
        data += bytes(dice.randrange(1, 100))
    elif how == "zeros":
        data[at : at + 64] = bytes(len(data[at : at + 64]))
    elif data:
        data[at] ^= 1 << dice.randrange(8)
    file.write_bytes(data)
    return f"{file} {how} at {at}"


@pytest.mark.parametrize("trials", [8, pytest.param(100, marks=pytest.mark.soak)])
def test_damage_is_told(whole: Path, tmp_path: Path, trials: int) -> None:
    with store.open_store(whole) as ds:
        right = ds.load()
    told = 0
    for seed in range(trials):
        dice = random.Random(seed)
        path = copy_of(whole, tmp_path / f"d{seed}")
        what = [hurt(path, dice) for _ in range(dice.choice([1, 1, 2, 3]))]
        try:
            with store.open_store(path) as ds:
                xr.testing.assert_identical(ds.load(), right)
        except UserError:
            told += 1
        except RuntimeError as error:
            assert "checksum" in str(error) or "decompress" in str(error), what
            told += 1
        for words in (["doctor", str(path)], ["cite", str(path)]):
            done = CLI.invoke(app, words)
            assert done.exit_code in (0, 2), (what, done.output)
            assert isinstance(done.exception, SystemExit | None), (what, done.exception)
        shutil.rmtree(path.parent)
    assert told >= 0.9 * trials


def test_every_lost_chunk_is_told_on_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch)
    run(tmp_path / "a.zarr", "new")
    chunks = [p for p in (tmp_path / "a.zarr").rglob("*") if p.is_file() and "c" in p.parts]
    arrays = [p for p in (tmp_path / "a.zarr").iterdir() if p.is_dir() and p.name != "ldnsim"]
    assert len(chunks) == len(arrays), "every array has its chunk, whatever its values"
    for file in chunks:
        data = file.read_bytes()
        file.unlink()
        for read in (store.open_store, store.statuses):
            with pytest.raises(UserError, match="is missing"):
                read(tmp_path / "a.zarr")
        file.write_bytes(data)
    assert title_of(tmp_path / "a.zarr") == "new"


def test_a_flipped_bit_in_a_chunk_is_told_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch)
    out = tmp_path / "a.zarr"
    run(out, "new")
    file = out / "pain" / "c" / "0" / "0"
    data = bytearray(file.read_bytes())
    for at in range(0, len(data), max(1, len(data) // 40)):
        file.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        with store.open_store(out) as ds:
            try:
                values = ds["pain"].values
            except RuntimeError:
                continue
            with xr.open_zarr(tmp_path / "a.zarr", chunks=None):
                np.testing.assert_array_equal(values, ds["pain"].values)
            raise AssertionError(f"byte {at}: read without a word")
    with pytest.raises(UserError, match="pain/c/0/0 has other content"):
        store.open_store(out, verify=True)


def test_other_errors_are_not_called_damage(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(error: Exception) -> str:
        def opened(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(xr, "open_dataset", opened)
        with pytest.raises(UserError) as told:
            store.open_store(whole)
        assert "damage" not in str(told.value) and "overwrite" not in str(told.value)
        return str(told.value)

    assert "Permission denied" in fails(PermissionError(13, "Permission denied", str(whole)))
    assert "Too many open files" in fails(OSError(24, "Too many open files"))
    assert "out of memory" in fails(MemoryError())
    assert "library is missing" in fails(ImportError("no module named h5netcdf"))
    assert "unknown codec" in fails(ValueError("unknown codec"))


def test_texts_of_an_earlier_version_name_the_zarr_that_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a.zarr"
    (out / "name").mkdir(parents=True)
    (out / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    (out / "name" / "zarr.json").write_text('{"data_type": {"name": "fixed_length_utf32"}}')
    monkeypatch.setattr(store, "_version", lambda package: "3.0.10")
    monkeypatch.setattr(xr, "open_dataset", None)  # the library is not even asked
    with pytest.raises(UserError, match=r"need zarr 3\.1 or later, this is zarr 3\.0\.10"):
        store.open_store(out)
