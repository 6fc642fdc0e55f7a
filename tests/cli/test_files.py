"""Files that commands write: every option of every command that names one, found by looking."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import ldnsim
from ldnsim.cli import app, files
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from tests.cli.walk import options

RUN = CliRunner()
RX = "1 mg nightly at 22:00, for 3 d"
PICTURES = (".png", ".svg", ".pdf")
ENDINGS = {
    "trial --table": (".csv", ".json", ".md"), "trial --groups": (".csv", ".json", ".md"),
    "trial --out": (".nc",), "--plot": PICTURES,
    "compare --out": PICTURES, "--csv": (".csv",), "--json": (".json",),
    "--bibtex": (".bib",), "calibrate --out": (".json",), "calibrate --state": (".jsonl",),
    "export sbml --out": (".xml", ".sbml"),
    "export antimony --out": (".ant", ".txt"),
}  # fmt: skip
NEAR = {".toml": ".md"}
"""Ending of a table that is meant by a wrong one, where it is not the first."""
READS = ("discriminate --error", "calibrate --story-file", "trial --pool", "merge --study")
FOLDERS = ("demo --out",)
WORDS = {
    "simulate": [RX], "sensitivity": [RX], "export sbml": [RX], "export antimony": [RX],
    "optimise": ["choose.toml"], "visits": [RX], "trial": ["trial.toml"],
    "discriminate": ["grid.toml"], "compare": ["grid.zarr"], "cite": ["grid.zarr"],
    "validate": ["E5", "--hypothesis", "null"], "claims": ["C2", "--quick"],
}  # fmt: skip
MINE = (
    "my notes\n\x89PNG\r\n %PDF- <?xml version='1.0'?><!DOCTYPE svg><svg ><sbml "
    '// written by: ldnsim 1\n{"id": 7, "written_by": "ldnsim validate", "group": 2}\n'
    "name,value\nobservation,hypothesis\n% Written by ldnsim cite; run it again\n"
).encode("latin-1")
"""What a user keeps: it holds what files of all these kinds begin with, but not in front."""


def written() -> list[tuple[str, str]]:
    found = [(c, o) for c, o, _ in options(Path)]
    return [(c, o) for c, o in found if f"{c} {o}" not in (*READS, *FOLDERS)]


def endings(command: str, option: str) -> tuple[str, ...]:
    return ENDINGS.get(f"{command} {option}") or ENDINGS[option]


def call(command: str, option: str, name: str | Path) -> Any:
    return RUN.invoke(app, [*command.split(), *WORDS.get(command, []), option, str(name)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files")
    text = f'regimen = "{RX}"\n[[axes]]\nname = "dose"\nfield = "regimen.start"\n'
    (path / "grid.toml").write_text(f'{text}values = ["1 mg", "3 mg"]\n', encoding="utf-8")
    free = 'free = [{ field = "regimen.start", values = ["1 mg", "3 mg"] }]'
    wanted = "[optimise]\nutility = { pain_change = -1 }"
    choose = f'regimen = "{RX}"\n{wanted}\n{free}\n'
    (path / "choose.toml").write_text(choose, encoding="utf-8")
    people = "[population]\nsize = 4\n[trial]\ndesign = 'parallel'\nweeks = '1 wk'\n"
    (path / "trial.toml").write_text(f'regimen = "{RX}"\n{people}', encoding="utf-8")
    ldnsim.load(path / "grid.toml").run(path / "grid.zarr")
    return path


def test_the_options_are_found() -> None:
    found = written()
    assert len(found) >= 15
    assert {("cite", "--bibtex"), ("compare", "--out"), ("export sbml", "--out")} <= set(found)


@pytest.mark.parametrize(("command", "option"), written())
def test_what_is_there_is_left_alone(
    command: str, option: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for ending in endings(command, option):
        mine = folder / f"mine{ending}"
        mine.write_bytes(MINE)
        result = call(command, option, mine.name)
        assert result.exit_code == 2 and result.stdout == "", result.output
        assert f"{option} {mine.name}: " in result.stderr and "not replaced" in result.stderr
        assert mine.read_bytes() == MINE
        (folder / f"taken{ending}").mkdir(exist_ok=True)
        assert call(command, option, f"taken{ending}").exit_code == 2


@pytest.mark.parametrize(("command", "option"), written())
def test_another_ending_is_refused_with_the_one_to_write(
    command: str, option: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    known = endings(command, option)
    for ending in {".jpg", ".eps", ".pgf", ".svgz", ".txt", ".toml", ".zarr", ""} - {*known}:
        mine = folder / f"other{ending}"
        mine.write_bytes(b"")  # an empty file of a kind is replaced, of another kind is not
        result = call(command, option, mine.name)
        assert result.exit_code == 2 and result.stdout == "", result.output
        one = NEAR.get(ending, known[0]) if ".md" in known else known[0]
        assert f"write other{one}" in result.stderr or ".pdf" in result.stderr, result.stderr
        assert mine.read_bytes() == b""
        mine.unlink()


@pytest.mark.parametrize(("command", "option"), written())
def test_a_place_that_cannot_be_written_is_refused_first(
    command: str, option: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "file").write_text("mine", encoding="utf-8")
    ending = endings(command, option)[0]
    result = call(command, option, f"file/new{ending}")
    assert result.exit_code == 2 and result.stdout == "", result.output
    assert "is a file, not a folder" in result.stderr
    assert call(command, option, f"nul\0l{ending}").exit_code == 2


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("simulate", "--plot"), ("compare", "--out"), ("cite", "--bibtex"), ("parameters", "--csv"),
        ("export sbml", "--out"), ("export antimony", "--out"), ("validate", "--json"),
    ],
)  # fmt: skip
def test_what_a_command_wrote_is_replaced_and_said(
    command: str, option: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    # all pictures are written by one function: one command writes every kind, the other the first
    for ending in endings(command, option)[: 1 if command == "compare" else None]:
        own = folder / f"own{ending}"
        for word in ("wrote", "replaced"):
            result = call(command, option, own.name)
            assert result.exit_code == 0, result.output
            said = result.stderr + result.stdout
            assert own.name in said and ("replaced" in said) == (word == "replaced")
            assert own.stat().st_size > 100
        own.unlink()
    assert not list(folder.glob(".*draft*"))


@pytest.mark.parametrize("command", ["validate", "claims", "states", "calibrate"])
def test_a_report_says_what_wrote_it(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, kind = tmp_path / "found.json", files.report_of(command)
    files.write_report(path, command, {"id": 7}, shipped())
    files.check(path, kind, "--json")
    others = [c for c in ("validate", "claims", "states", "calibrate") if c != command]
    for other in others:
        with pytest.raises(UserError, match="is not replaced"):
            files.check(path, files.report_of(other), "--json")
    for mine in ('{"id": 7, "my": "settings"}', '[{"id": 1}]', '{"written_by": "me"}'):
        path.write_text(mine, encoding="utf-8")
        with pytest.raises(UserError, match="is not replaced"):
            files.check(path, kind, "--json")


def test_the_default_name_of_a_picture_is_looked_at_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    mine = folder / "grid-regimens.png"
    mine.write_bytes(MINE)
    result = RUN.invoke(app, ["compare", "grid.zarr"])
    assert result.exit_code == 2 and result.stdout == ""
    assert mine.read_bytes() == MINE
    mine.unlink()


@pytest.mark.parametrize(("command", "option"), [("compare", "--out"), ("cite", "--bibtex")])
def test_nothing_is_put_into_a_result(
    command: str, option: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    result = call(command, option, f"grid.zarr/new{endings(command, option)[0]}")
    assert result.exit_code == 2 and "inside grid.zarr" in result.stderr


def test_a_demo_replaces_only_a_demo(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "demo.png").write_bytes(MINE)
    assert RUN.invoke(app, ["demo", "--out", str(tmp_path)]).exit_code == 2
    assert not (tmp_path / "demo.zarr").exists()
    (tmp_path / "demo.png").unlink()
    study = ldnsim.load(folder / "grid.toml")
    study.run(tmp_path / "demo.zarr")
    result = RUN.invoke(app, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == 2 and "is not replaced" in result.stderr
    with ldnsim.open_store(tmp_path / "demo.zarr") as ds:
        assert "dose" in ds.dims


@pytest.mark.parametrize("fault", ["replace", "fsync"])
def test_a_failure_leaves_what_was_there(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own.csv"
    path.write_text("old", encoding="utf-8")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, fault, full)
    with pytest.raises(OSError, match=r"own\.csv"):
        files.write(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["own.csv"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    files.write(tmp_path / "link.csv", "a,b\n")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text(encoding="utf-8") == "a,b\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "own.csv", "--out", "x.txt"], "ends in .json or .toml; write x.json"),
        (["--out", "x.txt"], "ends in .json; write x.json"),
        (["--out", "x.toml"], "is written with --data only; write x.json"),
    ],
)
def test_calibrate_names_the_endings_it_writes(words: list[str], said: str) -> None:
    done = RUN.invoke(app, ["calibrate", *words])
    assert done.exit_code == 2 and said in " ".join(done.output.split())
