"""Versions of the model and of the hypotheses: what a result says, what an older one is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import ldnsim
from ldnsim.cli import app
from ldnsim.edition import Edition, extended, shipped, versions
from ldnsim.edition.versions import Version, content_of, newest, of_record, older, table

DOSE = "4.5 mg nightly at 22:00, for 2 d"
NUMBER = '[parameters.driver]\nvalue = 0.2\ngrade = "assumed"\nnote = "by hand"\n'
IDEA = (
    '[hypotheses.mine]\ntitle = "Mine"\nstatement = "Mine."\nevidence_for = []\n'
    "evidence_against = []\n"
)


def none() -> Version:
    raise AssertionError("the whole model was asked for")


def test_what_is_shipped_has_a_line_of_its_own() -> None:
    model = shipped().model
    assert shipped().version == newest(), (
        "equations, numbers or hypotheses are others than data/versions.toml has. If results move,"
        " python -m tests.edition.write_versions raise 'what is new'; else: add. Hashes: equations"
        f" {model.fingerprint}, numbers {model.numbers}, hypotheses"
        f" {content_of(shipped().hypotheses)}"
    )


def test_no_version_is_there_twice_and_no_content_has_two() -> None:
    for kind, keys in versions.KINDS.items():
        rows = table()[kind]
        names = [row["version"] for row in rows]
        assert len(set(names)) == len(names)
        told = [tuple(h for key in keys for h in row[key]) for row in rows]
        assert len(set(told)) == len(told)
        assert all(row["meaning"] for row in rows)


def test_a_changed_copy_calls_itself_changed() -> None:
    model = shipped().model
    driver = replace(model.parameters["driver"], value=0.123)
    other = Edition(replace(model, parameters={**model.parameters, "driver": driver}))
    assert other.version.model.startswith(f"{newest().model} changed to ")
    assert other.version.hypotheses == newest().hypotheses
    more = replace(driver, value=0.124)
    third = Edition(replace(model, parameters={**model.parameters, "driver": more}))
    assert third.version.model != other.version.model


def test_extensions_are_named_where_they_count(tmp_path: Path) -> None:
    (tmp_path / "number.toml").write_text(NUMBER)
    (tmp_path / "idea.toml").write_text(IDEA)
    one = extended(["number.toml"], tmp_path).version
    assert one == Version(f"{newest().model} with number.toml", newest().hypotheses)
    two = extended(["number.toml", "idea.toml"], tmp_path).version
    assert two.model == f"{newest().model} with number.toml, idea.toml"
    assert two.hypotheses == f"{newest().hypotheses} with number.toml, idea.toml"
    assert older({"model_version": two.model, "hypotheses_version": two.hypotheses}, none) == ""


def test_results_say_their_version() -> None:
    ds = ldnsim.simulate(DOSE)
    assert of_record(ds.attrs) == shipped().version
    assert older(ds.attrs, none) == ""


def test_results_of_before_are_known_by_their_content() -> None:
    attrs: dict[str, Any] = {"extensions": "[]", **{
        "model": table()["model"][0]["equations"][0], "numbers": table()["model"][0]["numbers"][0],
    }}  # fmt: skip
    first = table()["model"][0]["version"]
    assert of_record(attrs) == Version(first, first)
    assert of_record({**attrs, "extensions": '[{"name": "own.py"}]'}) is None
    assert "not known here (equations 0123)" in older({"model": "0123"}, none)
    assert older({}, none) == ""  # of no version that says anything of itself


def test_a_result_between_versions_is_compared_by_content() -> None:
    attrs = {"model_version": "1 changed to 0123abcd", "hypotheses_version": "1"}
    assert older(attrs, lambda: Version("1 changed to 0123abcd", "1")) == ""
    assert "computed with model 1 changed to 0123abcd" in older(attrs, lambda: Version("1", "1"))


def test_an_older_store_says_so_when_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store, was = tmp_path / "old.zarr", newest().model
    ldnsim.Study.build({"regimen": DOSE}).run(store)
    ldnsim.open_store(store)
    assert not caplog.records
    later = {kind: [*rows, {**rows[-1], "version": "99"}] for kind, rows in table().items()}
    monkeypatch.setattr(versions, "table", lambda: later)
    ds = ldnsim.open_store(store)
    assert ds.attrs["model_version"] == was != "99"
    (said,) = [r.getMessage() for r in caplog.records]
    assert said.startswith(f"{store} was computed with model {ds.attrs['model_version']}")
    assert said.endswith("this is model 99, hypotheses 99")


def test_commands_print_them() -> None:
    printed = CliRunner().invoke(app, ["--version"]).stdout.strip()
    assert printed == f"ldnsim {ldnsim.__version__}, {shipped().version}"
