"""What was computed of a stored result is shown, also where the result cannot keep it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import ldnsim
from ldnsim.analysis.sensitivity import of_result
from ldnsim.cli import app
from ldnsim.errors import UserError
from ldnsim.results import sensitivity as sensitivity_data
from ldnsim.results.sensitivity import add_to_store

CLI = CliRunner()
STUDY = """
title = "kept"
regimen = "3 mg nightly at 22:00, for 2 d"
output = { every = "1 d", night = false, sensitivity = false }
"""


@pytest.fixture(name="made", scope="module")
def made_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("made")
    (place / "s.toml").write_text(STUDY)
    ldnsim.load(place / "s.toml").run(place / "s.zarr").close()
    return place / "s.zarr"


@pytest.fixture(name="out")
def out_(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "s.zarr")
    return tmp_path / "s.zarr"


def foreign_file(out: Path, patch: pytest.MonkeyPatch) -> str:
    (out / "notes.txt").write_text("mine")
    return "notes.txt"


def no_record(out: Path, patch: pytest.MonkeyPatch) -> str:
    shutil.rmtree(out / "ldnsim")
    told = json.loads((out / "zarr.json").read_text())
    del told["consolidated_metadata"]
    (out / "zarr.json").write_text(json.dumps(told))
    return "is not a result of a sweep of this version"


def read_only(out: Path, patch: pytest.MonkeyPatch) -> str:
    def refuses(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(out))

    patch.setattr(sensitivity_data, "add_to_store", refuses)
    return "Permission denied"


@pytest.mark.parametrize("make", [foreign_file, no_record, read_only])
def test_what_cannot_be_kept_is_printed_and_drawn(
    out: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    words = make(out, monkeypatch)
    picture = out.with_name("p.png")
    drawn = ["--plot", str(picture)] if make is foreign_file else []
    done = CLI.invoke(app, ["sensitivity", str(out), "--most", "3", *drawn])
    assert done.exit_code == 0, done.output
    assert f"not kept in {out}" in done.stderr and words in done.stderr
    assert "# run:" in done.stdout and "per +1 %" in done.stdout
    assert not drawn or picture.read_bytes().startswith(b"\x89PNG")
    with ldnsim.open_store(out) as ds:
        assert "sensitivity" not in ds


def test_what_is_kept_is_what_is_shown(out: Path) -> None:
    first = CLI.invoke(app, ["sensitivity", str(out)])
    assert first.exit_code == 0 and f"kept in {out}" in first.stderr
    again = CLI.invoke(app, ["sensitivity", str(out)])
    assert again.stdout == first.stdout and "kept" not in again.stderr


def test_nothing_is_added_to_a_result_that_took_the_place(out: Path) -> None:
    with ldnsim.open_store(out) as ds:
        of, found = dict(ds.attrs), of_result(ds)
    add_to_store(out, found, of)
    other = {**of, "study": of["study"].replace("kept", "other")}
    with pytest.raises(UserError, match="was replaced by another result"):
        add_to_store(out, found, other)


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_a_result_that_does_not_say_what_made_it_has_no_sensitivities(
    out: Path, text: str | None
) -> None:
    with ldnsim.open_store(out) as ds:
        attrs = {k: v for k, v in ds.attrs.items() if k != "fingerprints"}
        ds.attrs = attrs if text is None else {**attrs, "fingerprints": text}
        with pytest.raises(UserError, match="its attribute 'fingerprints' is"):
            of_result(ds)
