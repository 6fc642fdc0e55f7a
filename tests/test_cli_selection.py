"""Commands choose runs by one rule: what was meant, or a refusal with what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ldnsim
from ldnsim.cli import app

RUN = CliRunner()
STUDY = """
title = "Doses and intervals"
[regimen]
start = "0.5 mg"
step = "0.5 mg"
target = "4.5 mg"
interval = "2 d"
duration = "8 d"
[[axes]]
name = "dose"
field = "regimen.target"
values = ["1 mg", "3 mg", "4.5 mg"]
[[axes]]
name = "interval"
field = "regimen.interval"
values = ["1 d", "2 d", "3 d", "4 d", "5 d"]
[output]
variables = ["pain", "tnf", "mor_occupancy", "microglia_m1", "priming"]
summaries = ["pain_change", "tnf_change"]
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("selection") / "doses.toml"
    file.write_text(STUDY, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def store(study: Path) -> Path:
    target = study.with_suffix(".zarr")
    ldnsim.load(study).run(out=target)
    return target


def refused(*words: str | Path) -> str:
    result = RUN.invoke(app, [str(w) for w in words])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


@pytest.mark.parametrize("value", ["20 mg", "45 mg", "4.4 mg", "2.9999"])
def test_no_command_takes_the_nearest_dose(study: Path, store: Path, value: str) -> None:
    for words in (
        ["compare", store, "--kind", "night"],
        ["compare", store],
        ["sensitivity", store],
        ["sensitivity", study],
        ["export", "sbml", study],
    ):
        text = refused(*words, "--select", f"dose={value}")
        assert "is not on the axis" in text and "1 mg, 3 mg, 4.5 mg" in text


def test_the_same_dose_in_any_unit_is_the_same_run(study: Path) -> None:
    for value in ("4.5", "4.5 mg", "4500 ug", "4.5e6 ng"):
        line = [
            "export",
            "antimony",
            study,
            "--select",
            f"dose={value}",
            "--select",
            "interval=2 d",
        ]
        result = RUN.invoke(app, [str(w) for w in line])
        assert result.exit_code == 0, result.output
        assert re.search(r"run 11 \(of 0 to 14\)", result.stderr)


def test_an_open_axis_is_refused_by_export_and_said_by_sensitivity(
    study: Path, store: Path
) -> None:
    text = refused("export", "sbml", study, "--select", "dose=3 mg")
    assert "--select interval=... (1 d, 2 d, 3 d, 4 d, 5 d)" in text
    result = RUN.invoke(app, ["sensitivity", str(store), "--select", "dose=3 mg"])
    assert "first of several by default: interval (1 d, 2 d" in result.stderr


def test_the_picture_suits_the_axes_that_are_left(store: Path, tmp_path: Path) -> None:
    result = RUN.invoke(app, ["compare", str(store), "--select", "dose=4.5 mg"])
    assert result.exit_code == 0, result.output
    assert result.stdout.strip().endswith("doses-regimens.png")
    whole = RUN.invoke(app, ["compare", str(store)])
    assert whole.stdout.strip().endswith("doses-heatmap.png")
    line = ["--select", "dose=4.5 mg", "--most", "2", "--out", str(tmp_path / "two.png")]
    part = RUN.invoke(app, ["compare", str(store), *line])
    assert "2 of 5 runs shown (most=5 or --most 5 draws all); left out: interval 2 d" in part.stderr
    assert "--most belongs to" in refused("compare", store, "--kind", "heatmap", "--most", "2")


def test_an_axis_is_selected_once(store: Path) -> None:
    twice = ["--select", "dose=3 mg", "--select", "dose=1 mg"]
    assert "given twice" in refused("compare", store, *twice)
