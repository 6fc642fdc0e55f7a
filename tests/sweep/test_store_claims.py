"""What a result says of itself, and its name: damaged, later or foreign, it is told."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from ldnsim.cli import source
from ldnsim.errors import UserError
from ldnsim.results import record, store, target, zarr_files
from ldnsim.sweep import execute
from tests.sweep.faults import refusal, run, stand_in, title_of

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)


def unrecorded(path: Path, **attrs: Any) -> None:
    """A result without a record, as other programs and earlier versions leave it."""
    run(path.with_name("whole.zarr"), "new")
    with store.open_store(path.with_name("whole.zarr")) as ds:
        kept = {k: v for k, v in ds.load().attrs.items() if attrs.get(k, "") is not None}
        ds.attrs = {**kept, **{k: v for k, v in attrs.items() if v is not None}}
        ds.to_zarr(path)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("versions", None, "'versions' is missing"),
        ("versions", "{", "'versions' is damaged"),
        ("versions", "[1]", "'versions' is damaged"),
        ("versions", 3, "'versions' is damaged"),
        ("fingerprints", None, "'fingerprints' is missing"),
        ("fingerprints", "none", "'fingerprints' is damaged"),
        ("study", "title = ", "'study' is no study file"),
        ("study", 3, "'study' is no study file"),
    ],
)
def test_a_result_that_does_not_say_what_made_it_is_not_resumed_onto(
    tmp_path: Path, name: str, value: Any, words: str
) -> None:
    out = tmp_path / "a.zarr"
    unrecorded(out, **{name: value})
    told = refusal(out, "new", resume=True)
    assert words in told and "a.zarr" in told and "--out" in told


@pytest.mark.parametrize(("first", "second"), [("a.nc", "q.zarr"), ("a.zarr", "q.nc")])
def test_a_name_of_another_kind_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    run(tmp_path / first, "old")
    out = tmp_path / second
    shutil.move(tmp_path / first, out)
    monkeypatch.setattr(execute, "Job", None)
    told = refusal(out, "new", overwrite=True)
    assert "is not replaced: it is a fi" in told or "is not replaced: it is a fo" in told
    assert out.exists() and [p.name for p in tmp_path.iterdir()] == [second]


def test_a_store_of_a_later_format_is_not_read_as_this_one(tmp_path: Path) -> None:
    out = tmp_path / "a.zarr"
    run(out, "new")
    file = out / "ldnsim" / "zarr.json"
    told = json.loads(file.read_text())
    for number, words in ((2, "in format 2 of results"), (0, "damaged"), ("x", "damaged")):
        told["attributes"]["format"] = number
        file.write_text(json.dumps(told))
        for read in (store.open_store, store.attributes, target.check_replaceable):
            with pytest.raises(UserError, match=words):
                read(out)
        assert refusal(out, "old", overwrite=True)
    del told["attributes"]["format"]
    file.write_text(json.dumps(told))
    with pytest.raises(UserError, match="damaged"):
        store.open_store(out)


def test_a_file_of_a_later_format_is_not_read_as_this_one(tmp_path: Path) -> None:
    out = tmp_path / "a.nc"
    run(out, "new")
    data = out.read_bytes()[: -record.SEAL_BYTES]
    out.write_bytes(data + b"\nldnsim 12 sha256=abc\n")
    for read in (store.open_store, target.check_replaceable):
        with pytest.raises(UserError, match="in format 12 of results; this version knows format 1"):
            read(out)
    assert "format 12" in refusal(out, "old", overwrite=True)


@pytest.mark.parametrize("name", ["Y.ZARR", "Y.Nc", "Y.NC4"])
def test_endings_in_capitals_are_the_same_endings_everywhere(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    run(out, "old")
    assert title_of(out) == "old" and store.is_store(out)
    assert source.resolve(out, source.STORE).kind is source.STORE
    assert target.kind_of(out) == target.kind_of(Path(name.lower()))
    run(out, "new", overwrite=True)
    assert title_of(out) == "new" and [p.name for p in tmp_path.iterdir()] == [name]


def test_every_ending_of_a_result_is_one_to_every_command() -> None:
    for ending in target.KINDS:
        assert source._ENDINGS[ending] is source.STORE


def test_a_lost_chunk_is_not_made_up(tmp_path: Path) -> None:
    files = zarr_files.StoreFiles(tmp_path / "g", {})
    array = files.array("v", ("x",), (4,), (2,), "i4", {})
    array.write((slice(0, 4),), np.arange(4, dtype="i4"))
    files.close()
    (tmp_path / "g" / "v" / "c" / "1").unlink()
    with pytest.raises(FileNotFoundError):
        zarr_files.read_array(tmp_path / "g" / "v")


def test_a_result_without_a_record_is_opened_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    unrecorded(tmp_path / "a.zarr")
    with caplog.at_level(logging.WARNING, "ldnsim"), store.open_store(tmp_path / "a.zarr") as ds:
        assert isinstance(ds, xr.Dataset)
    assert "lost data would not be told" in caplog.text
    code = f"import ldnsim; ldnsim.open_store({str(tmp_path / 'a.zarr')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "lost data would not be told" in done.stderr, "a Python user sees it too"
