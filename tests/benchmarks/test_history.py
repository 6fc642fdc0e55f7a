"""The command: exit codes, what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import history
import pytest
from records import line_of
from test_records import results
from trend import draw, trend


def write(tmp_path: Path, ratio: float, name: str = "results.json") -> str:
    path = tmp_path / name
    path.write_text(json.dumps(results(ratio=ratio, reference="solver", cpu_s=1.0)))
    return str(path)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A history with one line: a ratio of 1."""
    path = tmp_path / "history.jsonl"
    recorded = history.main(
        [write(tmp_path, 1.0), "--history", str(path), "--record", "first of all"]
    )
    assert recorded == 0
    return path


def test_a_small_change_passes_and_a_large_one_fails_with_advice(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert history.main([write(tmp_path, 1.24), "--history", str(kept)]) == 0
    capsys.readouterr()
    assert history.main([write(tmp_path, 1.26), "--history", str(kept)]) == 1
    said = capsys.readouterr().out
    assert all(part in said for part in ("test_a +26 %", "--rerun", "--record", "first of all"))


def test_another_processor_s_line_fails_nothing_and_one_of_this_is_asked_for(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.write_text(kept.read_text().replace("Ours", "Theirs"))
    assert history.main([write(tmp_path, 1.26), "--history", str(kept)]) == 0
    said = capsys.readouterr().out
    assert "Another processor" in said and history.ELSEWHERE in said


def test_lines_kept_elsewhere_are_compared_with_and_never_written(
    tmp_path: Path, kept: Path
) -> None:
    elsewhere = tmp_path / "runner.jsonl"
    later = kept.read_text().replace('"date": "', '"date": "9')
    elsewhere.write_text(later)
    kept.write_text(kept.read_text().replace("Ours", "Theirs"))
    before = elsewhere.read_text(), kept.read_text()
    asked = [write(tmp_path, 1.26), "--history", str(kept)]
    assert history.main(asked) == 0
    assert history.main([*asked, "--also", str(elsewhere)]) == 1
    assert history.main([*asked, "--also", str(tmp_path / "none.jsonl")]) == 0
    assert (elsewhere.read_text(), kept.read_text()) == before
    elsewhere.write_text(later.replace('"date": "9', '"date": "1'))
    assert history.main([*asked, "--also", str(elsewhere)]) == 0, "a later line excuses it"


def test_recording_adds_a_line_that_the_next_run_is_held_against(
    tmp_path: Path, kept: Path
) -> None:
    slower = write(tmp_path, 2.0)
    assert history.main([slower, "--history", str(kept), "--record", "does more"]) == 0
    assert [b["why"] for b in history.read_history(kept)] == ["first of all", "does more"]
    assert history.main([slower, "--history", str(kept)]) == 0


@pytest.mark.parametrize(
    ("again", "status", "runs"), [([1.1], 0, 1), ([1.5, 1.0], 0, 2), ([1.5, 1.4], 1, 2)]
)
def test_what_worsened_is_run_again_at_most_twice_and_its_best_counts(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, again: list[float], status: int,
    runs: int,
) -> None:  # fmt: skip
    nodes = []

    def run(node: str) -> history.Line:
        nodes.append(node)
        ratio = again[len(nodes) - 1]
        return line_of(results(ratio=ratio, reference="solver", cpu_s=1.0))

    monkeypatch.setattr(history, "run_again", run)
    asked = [write(tmp_path, 1.6), "--history", str(kept), "--rerun", "2"]
    assert history.main(asked) == status
    assert nodes == ["benchmarks/test_x.py::test_a"] * runs


def test_nothing_to_compare_with_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = tmp_path / "none.jsonl"
    assert history.main([write(tmp_path, 9.0), "--history", str(none)]) == 0
    assert "no line of suite 3" in capsys.readouterr().out
    assert not none.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name the results"),
        (["--plot", "--rerun", "1"], "need results"),
        (["missing.json"], "cannot read 'missing.json'"),
        (["bad.json"], "not JSON"),
        (["list.json"], "expected an object"),
        (["other.json"], "no 'suite'"),
        (["results.json", "--record", " "], "say why"),
        (["results.json", "--limit", "0"], "above 0"),
        (["results.json", "--rerun", "-1"], "negative"),
        (["results.json", "--history", "bad.json"], "bad.json, line 1"),
        (["results.json", "--history", "other.json"], "expected suite"),
        (["--plot", "--history", "none.jsonl"], "history is empty"),
        (["--plot", "x.pgn", "--history", "history.jsonl"], "'x.pgn'"),
    ],
)
def test_mistakes_are_told_and_exit_with_2(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str,
) -> None:  # fmt: skip
    for name, text in (("bad.json", "{"), ("list.json", "[]"), ("other.json", "{}")):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    before = kept.read_text()
    assert history.main(arguments) == 2
    assert said in capsys.readouterr().err
    assert kept.read_text() == before


def test_a_run_without_a_benchmark_is_not_recorded(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = results(ratio=1.0, reference="solver", cpu_s=1.0)
    found["benchmarks"][0]["name"] = "test_b"
    path = tmp_path / "part.json"
    path.write_text(json.dumps(found))
    assert history.main([str(path), "--history", str(kept), "--record", "a part"]) == 2
    assert "lacks test_a" in capsys.readouterr().err


def test_the_picture_has_one_curve_per_benchmark_and_processor_drawn(tmp_path: Path) -> None:
    figures = {
        "test_a": {"ratio": 3.0, "reference": "solver"},
        "test_b": {"ratio": 0.2, "reference": "solver"},
        "test_c": {"ratio": 2.0, "reference": "start"},
        "test_d": {"bytes": 2_000_000},
    }
    one = line_of(results(bytes=1)) | {"figures": figures}
    lines = [one, one | {"suite": 4}, one | {"suite": 4}]
    panels = trend(lines).axes
    curves = [[c for c in ax.lines if c.get_label()[0] != "_"] for ax in panels]
    assert [len(c) for c in curves] == [2, 1, 1]
    assert {ax.get_yscale() for ax in panels} == {"log"}
    assert not any(len(c.get_xdata()) for ax in panels for c in ax.lines if c.get_markersize() > 10)
    worse = {**figures, "test_b": {"ratio": 0.3, "reference": "solver"}}
    ringed = [c for c in trend([one, one | {"figures": worse}]).axes[0].lines
              if c.get_markersize() > 10 and len(c.get_xdata())]  # fmt: skip
    assert [tuple(c.get_data()[1]) for c in ringed] == [(0.3,)]
    assert [t.get_text() for t in panels[0].get_legend().get_texts()] == ["a: 3", "b: 0.2"]
    x, _ = curves[2][0].get_data()
    assert len(x) == 4, "a new release of the suite breaks the curve"
    picture = draw([*lines, one | {"cpu": "Theirs"}], tmp_path / "trend.png")
    assert picture.stat().st_size > 10_000
