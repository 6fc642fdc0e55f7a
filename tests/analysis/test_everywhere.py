"""What oscillates, over phenotypes and hypotheses: verdicts, the command, its files and picture."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from typer.testing import CliRunner

from ldnsim import plots
from ldnsim.analysis.behaviours.damped import _judged
from ldnsim.analysis.states.damping import Damping
from ldnsim.analysis.states.everywhere import Everywhere, Patient, everywhere
from ldnsim.cli import app
from ldnsim.edition import shipped
from ldnsim.engine.solve.status import Status
from ldnsim.errors import UserError

matplotlib.use("Agg")
RUN = CliRunner()
SHORT = ["states", "fibromyalgia", "--all", "--hypothesis", "null", "--doses", "0,4.5"]


def patient(ratio: list[list[float]], status: list[list[int]], name: str = "default") -> Patient:
    """A patient with given ratios, all of a period of 8 d."""
    values = np.array(ratio)
    inflamed = np.repeat([[False], [True]], values.shape[1], axis=1)
    doses = np.arange(values.shape[1], dtype=np.float64)
    found = Damping(doses, values, np.where(np.isnan(values), np.nan, 8.0), values, inflamed,
                    np.array(status, np.int8))  # fmt: skip
    return Patient(name, "null", found)


NAN, GONE, NONE = np.nan, Status.NO_SUCH_BASIN, Status.NO_ORBIT


@pytest.mark.parametrize(
    ("ratio", "status", "shown", "orbits"),
    [
        ([[0.7, 1.0], [0.8, 0.9]], [[0, 0], [0, 0]], True, 4),
        ([[0.7, 1.0], [0.8, 0.9]], [[0, 0], [GONE, 0]], True, 3),
        ([[0.9, 1.0], [0.8, 0.69]], [[0, 0], [0, 0]], False, 4),
        ([[0.9, 1.0], [-0.2, NAN]], [[0, 0], [0, NONE]], False, 3),
        ([[0.9, 1.0], [0.8, NAN]], [[0, 0], [0, NONE]], None, 3),
        ([[NAN, NAN], [NAN, NAN]], [[NONE, NONE], [NONE, NONE]], None, 0),
    ],
)
def test_a_verdict_needs_every_orbit_to_be_good_and_one_to_be_bad(
    ratio: list[list[float]], status: list[list[int]], shown: bool | None, orbits: int
) -> None:
    one = patient(ratio, status)
    assert one.shown is shown and one.orbits == orbits
    assert _judged([one]).shown is shown


def test_what_is_missing_is_said_with_what_to_do() -> None:
    gone, none = patient([[0.9, 0.9], [0.8, NAN]], [[0, GONE], [0, NONE]]).told()
    assert gone == "default, null, 1 mg: no resolved state"
    assert none.startswith("default, null, 1 mg: no resting state found from the inflamed start")
    assert "ldnsim states default --hypothesis null --parameter dose" in none


def test_of_many_that_are_as_low_the_first_is_named() -> None:
    one = patient([[0.9, 0.5], [0.4996, 0.4995]], [[0, 0], [0, 0]])
    assert one.where() == (1.0, "resolved", 8.0)


def test_the_picture_marks_what_grows_rings_and_is_not_known() -> None:
    found = Everywhere(
        (
            patient([[-0.2, 1.0]] * 2, [[0, 0]] * 2, "grows"),
            patient([[0.3, 1.0]] * 2, [[0, 0]] * 2, "rings"),
            patient([[0.9, NAN]] * 2, [[0, NONE]] * 2, "doubted"),
            patient([[NAN, NAN]] * 2, [[NONE, NONE]] * 2, "lost"),
        ),
        shipped(),
    )
    figure = plots.damping(found.to_dataset())
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.texts[::2]] == ["-0.20", "0.30", "0.90 ?"]
    kinds = np.asarray(axes.images[0].get_array(), dtype=float)[:, 0]
    np.testing.assert_array_equal(kinds, [0, 1, 2, np.nan])
    assert "5 resting orbits" not in figure.get_supxlabel() and "10 resting" in (
        " ".join(figure.get_supxlabel().split())
    )
    with pytest.raises(UserError, match="damping ratios"):
        plots.damping(found.to_dataset().drop_vars("damping_ratio"))


def test_the_command_prints_the_table_and_writes_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = ["--csv", "o.csv", "--json", "o.json", "--plot", "o.png"]
    done = RUN.invoke(app, [*SHORT, *files])
    assert done.exit_code == 0, done.output
    one = everywhere(["fibromyalgia"], ["null"], [0.0, 4.5]).patients[0]
    row = next(r for r in done.stdout.splitlines() if r.startswith("fibromyalgia")).split("\t")
    assert row[2] == f"{one.ratio:.2f}" and row[6:] == [f"{one.orbits} of 4", "yes"]
    report = json.loads(Path("o.json").read_text())
    assert report["patients"][0]["damped"] is True and report["doses_mg"] == [0.0, 4.5]
    assert report["patients"][0]["damping_ratio"] == one.ratio
    table = Path("o.csv").read_text().splitlines()
    assert len(table) == 5 and table[0].startswith("phenotype,hypothesis,basin,dose_mg")
    assert Path("o.png").stat().st_size > 1000
    page = RUN.invoke(app, [*SHORT, "--markdown"])
    assert page.stdout.splitlines()[2].split(" | ")[2:3] == [row[2]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--all", "--parameter", "driver"], "--parameter: means nothing with --all"),
        (["--all", "--dose", "4.5"], "--dose: means nothing with --all"),
        (["--doses", "1,2"], "--doses: is for --all"),
        (["--csv", "o.csv"], "--csv: is for --all"),
        (["--markdown"], "--markdown: is for --all"),
        (["--all", "--doses", "2,1"], "ascend within 0 and 1000 mg"),
        (["--all", "--doses", "1,x"], "--doses"),
        (["--all", "--doses", ""], "--doses"),
        (["defalt", "--all"], "'default'"),
        (["--all", "--hypothesis", "rebond"], "'rebound'"),
        (["--all", "--set", "drivr=1"], "did you mean 'driver'"),
        (["--all", "--csv", "o.txt"], "o.csv"),
    ],
)
def test_mistakes_are_named(words: list[str], said: str) -> None:
    result = RUN.invoke(app, ["states", *words])
    assert result.exit_code == 2 and said in " ".join(result.stderr.split()), result.output
