"""Every option of every command, for every kind of input: it changes something, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import ldnsim
from ldnsim import analysis
from ldnsim.cli import app
from ldnsim.cli.source import EVENTS, PRESCRIPTION, STORE, STUDY, resolve
from ldnsim.errors import UserError
from tests.cli.option_rows import (
    CALL,
    FILE,
    FILES,
    NO,
    ROWS,
    RX,
    SAME,
)
from tests.cli.walk import commands

RUN = CliRunner()
ELSEWHERE = {
    "demo --out": "tests/test_cli.py", "demo --threads": "a sweep's",
    "population": "tests/sweep/test_matched.py",
    "sweep": "tests/test_cli.py and tests/sweep", "merge": "tests/sweep/test_shards.py",
    "compare": "tests/test_cli.py and tests/plots",
    "cite": "tests/test_cli.py and tests/test_cli_provenance.py",
    "states --plot": "tests/analysis/test_continuation.py",
    "states --json": "tests/analysis/test_continuation.py",
    **dict.fromkeys(
        [f"states --{n}" for n in ("all", "doses", "csv", "markdown")],
        "tests/analysis/test_everywhere.py",
    ),
    "calibrate --out": "tests/analysis/test_calibrate.py",
    "calibrate --plot": "tests/analysis/test_calibrate.py",
    **dict.fromkeys(
        [f"calibrate --{n}" for n in ("data", "observe", "dv-unit", "ignore", "id", "error",
                                      "hypothesis", "phenotype", "set", "csv")],
        "tests/analysis/test_own_data.py",
    ),
    **dict.fromkeys(
        [f"start-dose --{n}" for n in ("plot", "csv", "json")], "tests/analysis/test_start_dose.py"
    ),
    "start-dose --threads": "a sweep's",
    "validate --chi-square": "tests/analysis/test_worth.py",
    **dict.fromkeys(
        [f"trial --{n}" for n in ("pool", "null", "weight", "table", "groups", "plot", "out")],
        "tests/analysis/trial_designs/test_trials_told.py",
    ),
    **dict.fromkeys(
        [f"calibrate --{n}" for n in ("story", "story-file", "evaluations", "state", "resume")],
        "tests/cli/test_story.py",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inputs")
    for name, text in FILES.items():
        (path / name).write_text(text, encoding="utf-8")
    for name in ("grid", "trial", "guided"):
        ldnsim.load(path / f"{name}.toml").run(path / f"{name}.zarr")
    return path


def test_the_table_names_every_option_of_every_command() -> None:
    told = {(command, option[0]) for command, _, option, _ in ROWS}
    for name, command in commands():
        for p in command.params:
            key = f"{name} {p.opts[0]}"
            if p.opts[0] == "--extend":  # tests/cli/test_extend.py
                continue
            if p.param_type_name == "option" and p.name != "help" and name not in ELSEWHERE:
                assert (name, p.opts[0]) in told or key in ELSEWHERE, f"{key} is in no row"


def test_every_option_is_tried_on_every_kind_of_input() -> None:
    """A command that takes several kinds says for each what an option of one of them does."""
    for command in ("export sbml", "export antimony", "sensitivity"):
        for option in ("--hypothesis", "--phenotype", "--set", "--select"):
            mine = [r[1][0] for r in ROWS if r[0] == command and r[2][0] == option]
            assert RX in mine and (option == "--select" or any(".toml" in w for w in mine))


def known(command: str) -> dict[str, tuple[Any, str]]:
    """The call of the library that a slow command makes."""
    from ldnsim.analysis import claims
    from ldnsim.analysis.behaviours import scorecard
    from ldnsim.analysis.evidence import calibrate
    from ldnsim.analysis.optimise import start_dose

    found: dict[str, tuple[Any, str]] = {
        "start-dose": (start_dose, "start_study"),
        "states": (analysis, "continue_orbit"),
        "validate": (scorecard, "scorecard"),
        "claims": (claims, "judge"),
        "calibrate": (calibrate, "calibrate"),
    }
    return found[command]


def called(command: str, words: list[str], patch: pytest.MonkeyPatch) -> Any:
    """What a command asks the library for; nothing is computed."""
    seen: list[Any] = []

    def record(*args: Any, **kwargs: Any) -> Any:
        seen.append((args, sorted(kwargs.items())))
        raise UserError("enough seen")

    patch.setattr(*known(command), record)
    assert RUN.invoke(app, [*command.split(), *words]).exit_code == 2
    assert len(seen) == 1
    return seen[0]


@pytest.fixture(scope="module")
def plain(folder: Path) -> Callable[[str, list[str]], str]:
    """The output of a command without the option; each is run once."""
    memory: dict[tuple[str, ...], str] = {}

    def output(command: str, words: list[str]) -> str:
        key = (command, *words)
        if key not in memory:
            memory[key] = RUN.invoke(app, [*command.split(), *words]).stdout
        return memory[key]

    return output


@pytest.mark.parametrize(
    ("command", "words", "option", "effect"),
    [pytest.param(*row, id=" ".join([row[0], *row[1][:1], *row[2]])) for row in ROWS],
)
def test_an_option_does_something_or_is_refused(
    command: str, words: list[str], option: list[str], effect: str,
    folder: Path, plain: Callable[[str, list[str]], str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(folder)
    if effect == CALL:
        without = called(command, words, monkeypatch)
        assert called(command, [*words, *option], monkeypatch) != without
        return
    full = [*command.split(), *words, *option]
    if effect == NO:
        result = RUN.invoke(app, full)
        assert result.exit_code == 2 and result.stdout == "", result.output
        assert result.stderr.startswith("ldnsim: ") and "\n\n" not in result.stderr
        return
    target = folder / (words[0] if command == "init" else option[-1])
    before = target.read_bytes() if effect == FILE and target.exists() else b""
    without = "" if effect == FILE else plain(command, words)
    result = RUN.invoke(app, full)
    assert result.exit_code == 0, result.output
    if effect == FILE:
        assert target.read_bytes() != before
    elif effect == SAME:
        assert result.stdout == without
    else:
        assert result.stdout != without


# ---- what was given ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("study.toml", STUDY), ("a b/study.TOML", STUDY), ("r.zarr", STORE), ("r.nc", STORE),
        ("doses.csv", EVENTS), ("standard", PRESCRIPTION),
        ("4.5 mg nightly for 2 wk", PRESCRIPTION),
        ("4.5mg", PRESCRIPTION), (".5 mg nightly", PRESCRIPTION), ("", PRESCRIPTION),
        ("4.5 mg/d nightly", PRESCRIPTION), ("x" * 5000, PRESCRIPTION), ("a\0b", PRESCRIPTION),
    ],
)  # fmt: skip
def test_what_was_given_is_recognised(text: str, kind: Any) -> None:
    assert resolve(text, STUDY, STORE, PRESCRIPTION, EVENTS).kind is kind


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["simulate", "one.toml"], "run it with: ldnsim sweep one.toml"),
        (["simulate", "grid.zarr"], "is a stored result; expected a prescription"),
        (["simulate", "one.tml"], "did you mean 'one.toml'"),
        (["simulate", "folder/none.json"], "there is no 'folder/none.json'"),
        (["trial", RX], "expected a study file or a stored result"),
        (["discriminate", "gird.tml"], "did you mean 'grid.toml'"),
        (["discriminate", "grid.zarr"], "that the result was made from"),
        (["discriminate", "trial.toml"], "[population]"),
        (["sensitivity", "none.toml"], "none.toml"),
        (["export", "sbml", "notes.txt"], "a file of no kind that is known here"),
        (["simulate", RX, "--set", "ka=1", "--set", "ka=2"], "given twice"),
        (["sensitivity", RX, "--set", "ka=1", "--set", "ka=2"], "given twice"),
        (["discriminate", "grid.toml", "--weeks", "1,1"], "given twice"),
        (["discriminate", "grid.toml", "--weeks", "1_0"], "whole number"),
        (["discriminate", "grid.toml", "--clock", "8"], "did you mean '08:00'"),
        (["init", ""], "ends in .toml"),
        (["simulate", RX, "--hypothesis", ""], "no such hypothesis"),
        (["simulate", "."], "is a folder"),
        (["parameters", "--search", " "], "expected a word"),
        (["init", "one.toml"], "--force"),
        (["parameters", "--csv", "p.txt"], "p.csv"),
        (["parameters", "--csv", "doses.csv"], "is not replaced"),
        (["export", "sbml", "one.toml", "--out", "one.toml"], "the command reads this file"),
        (["export", "sbml", "one.toml", "--out", "grid.toml"], "ends in .xml or .sbml"),
        (["export", "antimony", "one.toml", "--out", "notes.txt"], "is not replaced"),
        (["discriminate", "grid.toml", "--csv", "grid.zarr"], "ends in .csv"),
        (["states", "--json", "wrong.json"], "is not replaced"),
        (["export", "sbml", "grid.zarr"], "give the study file that the result was made from"),
        (["export", "sbml", "4.5 mg nightyl"], "ldnsim: command line: regimen '4.5 mg nightyl'"),
        (["sensitivity", RX, "--phenotype", "x"], "ldnsim: command line: patient.phenotype = 'x'"),
        (["sweep", "doses.csv"], "ldnsim simulate \"doses.csv\""),
        (["sweep", "doses.csv"], "[regimen] and events = \"doses.csv\""),
        (["sweep", "grid.zarr"], "is a stored result; expected a study file"),
        (["sweep", "gird.tml"], "did you mean 'grid.toml'"),
        (["sweep", "grid.toml", "--dry-run", "--resume"], "--resume would do nothing"),
        (["sweep", "grid.toml", "--dry-run", "--overwrite"], "--overwrite would do nothing"),
        (["compare", "grid.toml"], "run it first: ldnsim sweep grid.toml"),
        (["cite", "grid.toml"], "run it first: ldnsim sweep grid.toml"),
        (["doctor", "grid.toml"], "run it first: ldnsim sweep grid.toml"),
        (["doctor", "grid.zarr", "grid.toml"], "run it first: ldnsim sweep grid.toml"),
        (["compare", "gird"], "grid.zarr, guided.zarr"),
    ],
)  # fmt: skip
def test_a_wrong_input_is_one_paragraph(
    words: list[str], said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "notes.txt").write_text("my notes", encoding="utf-8")
    (folder / "wrong.json").write_text('{"mine": 1}', encoding="utf-8")
    result = RUN.invoke(app, words)
    assert result.exit_code == 2, result.output
    assert result.stdout == "" and "Traceback" not in result.stderr
    assert said in " ".join(result.stderr.split())
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "my notes"
    assert (folder / "wrong.json").read_text(encoding="utf-8") == '{"mine": 1}'


def test_a_file_of_the_kind_is_replaced_and_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    words = ["export", "sbml", "one.toml", "--out", "again.xml"]
    first, second = RUN.invoke(app, words), RUN.invoke(app, words)
    assert "wrote again.xml" in first.stderr and "replaced again.xml" in second.stderr
    assert not list(folder.glob(".again*"))


def test_a_new_study_takes_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = RUN.invoke(app, ["init", "my first study.toml"])
    assert result.exit_code == 0
    assert "ldnsim sweep 'my first study.toml'" in result.stdout
    text = (tmp_path / "my first study.toml").read_text(encoding="utf-8")
    assert "ldnsim sweep 'my first study.toml'" in text
    assert "file:/" not in text and str(tmp_path) not in text
    assert len(ldnsim.load("my first study.toml").plan()) > 1
    (tmp_path / "folder.toml").mkdir()
    assert RUN.invoke(app, ["init", "folder.toml", "--force"]).exit_code == 2
    (tmp_path / "file").write_text("", encoding="utf-8")
    blocked = RUN.invoke(app, ["init", "file/new.toml"])
    assert blocked.exit_code == 2 and "file" in blocked.stderr
