"""What the page on event tables shows is run, and its figures are those of the model."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import ldnsim
from ldnsim.cli import app
from ldnsim.config.event_entry import Events
from ldnsim.model import default_model
from ldnsim.regimen import EventTable, steady
from ldnsim.regimen.event_rows import COLUMNS

TEXT = (Path(__file__).parents[2] / "docs" / "events.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "doses.csv").write_text(blocks("csv")[0])
    (tmp_path / "recorded.toml").write_text(blocks("toml")[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_example_is_what_its_words_say(folder: Path) -> None:
    ann = EventTable.read("doses.csv").doses("ann", 0.0)
    days, clock = np.divmod(ann.time_h, 24)
    np.testing.assert_array_equal(days, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12])
    np.testing.assert_array_equal(clock, [22] * 7 + [22.5] * 4 + [22])
    np.testing.assert_array_equal(ann.amount_mg, [1.5] * 7 + [3.0] * 5)
    bob = EventTable.read("doses.csv").doses("bob", 0.0)
    assert (np.diff(bob.time_h) == 48).all() and (bob.formulation == 1).all()


def test_the_commands_run(folder: Path) -> None:
    for line in blocks("sh")[0].splitlines():
        done = CliRunner().invoke(app, shlex.split(line)[1:])
        assert done.exit_code == 0, (line, done.stderr)
    assert (folder / "recorded.png").exists() or list(folder.glob("*.png"))
    with ldnsim.open_store("recorded.zarr") as ds:
        assert ds["id"].values.tolist() == ["ann", "bob"]


def test_the_studies_load(folder: Path) -> None:
    assert list(ldnsim.Study.loads(blocks("toml")[1]).named_regimens()) == ["taken", "prescribed"]


@pytest.mark.parametrize("k", range(len(blocks("python"))))
def test_the_python_runs(folder: Path, k: int, capsys: pytest.CaptureFixture[str]) -> None:
    exec(blocks("python")[k], {})
    out = capsys.readouterr().out
    assert "sha256" in out or "22." in out


def test_the_tables_are_complete() -> None:
    keys = {k for row in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", TEXT, re.M)
            for k in re.findall(r"`(\w+)`", row)}  # fmt: skip
    assert set(COLUMNS) <= keys
    assert set(Events.model_fields) - {"file"} <= keys


def test_the_figures_are_the_models() -> None:
    rate = float(steady.slowest_rate(default_model(), default_model().defaults()[None, :])[0])
    assert f"half-life is {np.log(2) / rate:.0f} h" in " ".join(TEXT.split())
    hours = steady.default_lead_hours(default_model())
    assert f"{hours:,.0f} h ({hours / 24:.0f} d) of doses" in " ".join(TEXT.split())
    assert ldnsim.Study(regimen="standard").solver.rtol == steady.RTOL
