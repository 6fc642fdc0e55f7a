"""What docs/export.md tells the reader to type works."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ldnsim.cli import app
from tests.docs.blocks import blocks

PAGE = "docs/export.md"
NEEDS = "needs pip install 'ldnsim[sbml]'"


def commands() -> list[list[str]]:
    """The command lines of the page, each as words after ``ldnsim``."""
    lines = [line for b in blocks(PAGE) if b.language == "sh" for line in b.commands]
    return [shlex.split(x)[1:] for x in lines if x.startswith("ldnsim ")]


def script(opening: str) -> str:
    """The Python block that begins with a line."""
    found = [b.text for b in blocks(PAGE) if b.language == "python"]
    return next(text for text in found if text.startswith(opening))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every command of the page was run."""
    path = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        for words in commands():
            result = CliRunner().invoke(app, words)
            assert result.exit_code == 0, (words, result.output)
        ant = ["export", "antimony", "four-ways.toml", "--select", "regimen=full dose 50 mg"]
        assert CliRunner().invoke(app, [*ant, "--out", "full.ant"]).exit_code == 0
    return path


def run(folder: Path, opening: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(folder)
    space: dict[str, Any] = {}
    exec(script(opening), space)
    return space


def test_the_commands_and_python_write_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(commands()) == 5
    text = run(folder, "import ldnsim", monkeypatch)["text"]
    assert text == (folder / "same.xml").read_text() == (folder / "full.xml").read_text()
    assert (folder / "model.ant").read_text().endswith("\nend\n")


def test_libroadrunner_runs_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("roadrunner", reason=NEEDS)
    table = np.asarray(run(folder, "import roadrunner", monkeypatch)["table"])
    assert table.shape == (337, 4)
    assert 0.3 < table[:, 2].max() < 1.0


def test_copasi_runs_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("basico", reason=NEEDS)
    table = run(folder, "import basico", monkeypatch)["table"]
    assert len(table) == 337
    assert 0.3 < table["Values[mor_occupancy]"].max() < 1.0


def test_tellurium_runs_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tellurium", reason="needs pip install tellurium")
    table = np.asarray(run(folder, "import tellurium", monkeypatch)["table"])
    assert table.shape == (337, 2)


def refused(*words: str) -> str:
    """Run a command that must be refused; return its message on one line."""
    result = CliRunner().invoke(app, ["export", *words])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    return " ".join(result.stderr.split())


def test_an_open_axis_is_named_with_its_values(folder: Path) -> None:
    study = str(folder / "four-ways.toml")
    said = refused("sbml", study)
    assert "has 4 runs; say which one to export: --select regimen=..." in said
    assert "placebo, standard to 4.5 mg" in said
    assert "or --run 0 to 3" in said
    assert "the study has the runs 0 to 3" in refused("sbml", study, "--run", "4")
    assert "use one" in refused("antimony", study, "--run", "1", "--select", "regimen=placebo")
    assert "is not known" in refused("sbml", study, "--select", "dose=1 mg")
    assert "set it in" in refused("sbml", study, "--run", "1", "--hypothesis", "tonic")


def test_the_run_chosen_is_said(folder: Path) -> None:
    words = ["export", "antimony", str(folder / "four-ways.toml"), "--run", "3"]
    result = CliRunner().invoke(app, words)
    assert result.stderr == "run 3 (of 0 to 3): full dose 50 mg\n"
    assert result.stdout == (folder / "full.ant").read_text()


def test_options_of_the_other_kind_are_refused() -> None:
    assert "belongs to a study file" in refused("sbml", "1 mg nightly for 2 d", "--run", "0")
    assert "is a stored result; expected a study file" in refused("sbml", "result.zarr")
