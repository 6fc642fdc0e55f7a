"""``ldnsim calibrate --story`` on the command line, with a story that needs no run."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ldnsim.cli import app
from ldnsim.edition import extended

STORY = """
[free.kd_mor]
prior = 1.0
prior_sd = 0.5

[constraint.weak]
behaviour = "E5"
title = "half the block needs twice as much"
hypotheses = ["dual_pathway"]
low = 2.0
scale = 0.1
evidence = "assumed"
probe = { kind = "parameter", parameter = "kd_mor" }
"""
FEW = ("--evaluations", "160", "--starts", "1")


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own.toml"
    file.write_text(STORY)
    return file


def called(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["calibrate", *words])
    return result.exit_code, result.output


def test_search_writes_report_state_and_picture(story: Path) -> None:
    code, text = called("--story-file", str(story), *FEW, "--out", "a.json", "--plot", "a.png")
    assert code == 0, text
    report = json.loads(Path("a.json").read_text())
    assert report["status"] == "met"
    assert report["set"] == {"dual_pathway": ["E5"]}
    assert [p["name"] for p in report["parameters"]] == ["kd_mor"]
    assert report["parameters"][0]["found"] == pytest.approx(2.0, abs=0.05)
    assert Path("a.png").stat().st_size > 10_000
    assert "all 1 constraints are met" in text
    code, text = called("--story-file", str(story), *FEW, "--out", "a.json")
    assert code == 2
    assert "a.jsonl: the state of a search is there" in text
    again = called("--story-file", str(story), *FEW, "--out", "b.json", "--state", "a.jsonl",
                   "--resume")  # fmt: skip
    assert again[0] == 0, again[1]
    assert json.loads(Path("b.json").read_text()) == report


def test_set_is_an_extension(story: Path) -> None:
    code, text = called("--story-file", str(story), *FEW, "--out", "set.toml")
    assert code == 0, text
    assert extended(["set.toml"]).model.parameters["kd_mor"].value == pytest.approx(2.0, abs=0.05)
    code, text = called("--story-file", str(story), *FEW, "--out", "set2.toml", "--extend",
                        "set.toml")  # fmt: skip
    assert code == 0, text
    assert 'replaces = "set.toml"' in Path("set2.toml").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--evaluations", "16"), "--evaluations belongs to --story"),
        (("--resume",), "--resume belongs to --story"),
        (("--story-file", "own.toml", "--groups", "pk"), "--groups is no part of --story"),
        (("--story-file", "own.toml", "--no-priors"), "--priors is no part of --story"),
        (("--story-file", "none.toml"), "none.toml: this story cannot be read"),
        (("--story-file", "own.toml", "--hypothesis", "dual"), "hypothesis 'dual' is not known"),
        (("--story-file", "own.toml", "--hypothesis", "null"), "nothing is asked of null"),
        (("--story-file", "own.toml", "--out", "own.toml"), "the command reads this file"),
        (("--story-file", "own.toml", "--resume"), "no state of a search to go on with"),
        (("--story-file", "own.toml", "--state", "a.txt"), "ends in .jsonl"),
    ],
)
def test_mistakes(story: Path, words: tuple[str, ...], message: str) -> None:
    code, text = called(*words)
    assert code == 2
    assert message in " ".join(text.split())
