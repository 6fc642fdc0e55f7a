"""Arms of a trial from axes: laid out as one dimension, with an arm without drug."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner, Result

import ldnsim
from ldnsim.analysis.trial import simulated as trial
from ldnsim.analysis.trial.arms import as_arms, placebo_study, with_placebo
from ldnsim.cli import app
from ldnsim.errors import UserError
from ldnsim.sweep.study import Study

GRID = """
title = "targets and intervals"
[population]
size = 4
scale = 0.3
[regimen]
prescription = "1/2 of target nightly at 22:00, +1/2 of target every 7 d to 4.5 mg, for 2 wk"
[[axes]]
name = "target"
field = "regimen.target"
values = ["1.5 mg", "4.5 mg"]
[[axes]]
name = "interval"
field = "regimen.interval"
values = ["3 d", "7 d"]
[output]
variables = ["pain"]
summaries = []
night = false
ledger = false
"""
LISTED = """
title = "the same as a list"
[population]
size = 4
scale = 0.3
[[regimens]]
name = "placebo"
prescription = "placebo nightly at 22:00, for 2 wk"
[[regimens]]
name = "one"
prescription = "0.75 mg nightly at 22:00, +0.75 mg every 7 d to 1.5 mg, for 2 wk"
[output]
variables = ["pain"]
summaries = []
night = false
ledger = false
"""


@pytest.fixture(scope="module")
def grid() -> xr.Dataset:
    return Study.loads(GRID, "grid").run()


@pytest.fixture(scope="module")
def none() -> xr.Dataset:
    return placebo_study(Study.loads(GRID, "grid")).run()


def test_points_of_axes_are_arms_and_keep_their_coordinates(grid: xr.Dataset) -> None:
    laid = as_arms(grid)
    assert laid["arm"].values.tolist() == [
        "target 1.5 mg, interval 3 d", "target 1.5 mg, interval 1 wk",
        "target 4.5 mg, interval 3 d", "target 4.5 mg, interval 1 wk",
    ]  # fmt: skip
    assert laid["target"].values.tolist() == [1.5, 1.5, 4.5, 4.5]
    assert laid["interval"].values.tolist() == [3.0, 7.0, 3.0, 7.0]
    for i, (t, d) in enumerate([(1.5, 3.0), (1.5, 7.0), (4.5, 3.0), (4.5, 7.0)]):
        own = grid["pain"].sel(target=t, interval=d)
        np.testing.assert_array_equal(laid["pain"].isel(arm=i).values, own.values)


def test_the_trial_of_a_grid_is_that_of_a_list_of_regimens(
    grid: xr.Dataset, none: xr.Dataset
) -> None:
    told = trial.reported(with_placebo(grid, none), seed=3)
    assert told["target"].isnull().values.tolist() == [True, False, False, False, False]
    table = trial.arms(told)
    assert table.attrs["placebo_arm"] == "placebo"
    listed = trial.arms(trial.reported(Study.loads(LISTED, "list").run(), seed=3))
    for name in ("baseline", "change", "difference", "responders30"):
        ours = table[name].sel(arm="target 1.5 mg, interval 1 wk")
        assert float(ours) == pytest.approx(float(listed[name].sel(regimen="one")), abs=2e-3), name


def test_the_patients_on_placebo_must_be_the_same(grid: xr.Dataset, none: xr.Dataset) -> None:
    with pytest.raises(UserError, match="run the sweep again"):
        with_placebo(grid, none.assign(baseline_pain=none["baseline_pain"] + 1.0))


def test_points_without_drug_are_one_arm() -> None:
    text = LISTED + '[[axes]]\nname = "missed"\nfield = "adherence.p_missed"\nvalues = [0, 0.5]\n'
    laid = as_arms(Study.loads(text, "list").run())
    assert laid["arm"].values.tolist() == [
        "placebo, missed 0", "one, missed 0", "one, missed 0.5",
    ]  # fmt: skip
    assert trial.placebo_arm(laid) == "placebo, missed 0"


def test_the_command_adds_an_arm_and_says_who_was_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "grid.toml"
    file.write_text(GRID.replace("scale = 0.3", "scale = 1.0"), encoding="utf-8")
    words = ["trial", str(file), "--per-arm", "10", "--trials", "20"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "simulated on placebo as well" in result.stderr
    rows = [line.split("\t")[0] for line in result.stdout.splitlines()]
    assert rows.count("target 4.5 mg, interval 1 wk") == 2 and rows.count("placebo") == 1
    assert "candidates; not taken: " in result.stdout
    ds = ldnsim.load(file).run(tmp_path / "grid.zarr")
    again = CliRunner().invoke(app, ["trial", str(tmp_path / "grid.zarr"), *words[2:]])
    assert again.stdout == result.stdout
    assert int(ds.sizes["patient"]) == 4


TABLE = """
[population]
size = 4
scale = 0.3
[regimen]
ids = "all"
table = '''
ID,TIME,AMT,EVID
none,22,0,1
none,358,0,1
drug,22,4.5,1
drug,358,4.5,1
'''
[output]
variables = ["pain"]
summaries = []
night = false
ledger = false
"""
RIVALS = """
[[axes]]
name = "hypothesis"
field = "hypothesis"
values = ["dual_pathway", "tonic"]
"""


def _trial(tmp_path: Path, text: str, *words: str) -> Result:
    file = tmp_path / "trial.toml"
    file.write_text(text, encoding="utf-8")
    line = ["trial", str(file), "--per-arm", "10", "--trials", "20", *words]
    return CliRunner().invoke(app, line)


def test_subjects_of_an_event_table_are_arms(tmp_path: Path) -> None:
    result = _trial(tmp_path, TABLE + RIVALS, "--select", "hypothesis=tonic")
    assert result.exit_code == 0, result.output
    assert [line.split("\t")[0] for line in result.stdout.splitlines()[1:3]] == ["none", "drug"]


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (TABLE + RIVALS, (), "choose one hypothesis first"),
        (LISTED + RIVALS, (), "choose one hypothesis first"),
        (GRID + RIVALS, (), "choose one hypothesis first"),
        (LISTED + RIVALS, ("--select", "hypotheses=tonic"), "did you mean 'hypothesis'"),
        (LISTED + RIVALS, ("--select", "hypothesis=tonik"), "did you mean 'tonic'"),
        (LISTED, ("--select", "regimen=one"), "a trial compares regimens"),
    ],
)
def test_arms_are_looked_at_before_anything_runs(
    text: str, words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def runs(*_: object, **__: object) -> None:
        raise AssertionError("it ran")

    monkeypatch.setattr(Study, "run", runs)
    result = _trial(tmp_path, text, *words)
    assert result.exit_code == 2, result.output
    assert said in result.stderr and result.stdout == ""


def test_a_stored_result_is_looked_at_before_placebo_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "grid.zarr"
    Study.loads(GRID + RIVALS, "grid").run(store)
    monkeypatch.setattr(Study, "run", None)
    result = CliRunner().invoke(app, ["trial", str(store)])
    assert result.exit_code == 2 and "choose one hypothesis first" in result.stderr


def test_an_axis_of_prescriptions_may_hold_the_placebo(tmp_path: Path) -> None:
    head, _, tail = LISTED.partition("[[regimens]]")
    values = '["placebo nightly at 22:00, for 2 wk", "3 mg nightly at 22:00, for 2 wk"]'
    axis = f'[[axes]]\nname = "rx"\nfield = "regimen"\nvalues = {values}\n'
    file = tmp_path / "axis.toml"
    file.write_text(head + axis + "[output]" + tail.partition("[output]")[2], encoding="utf-8")
    result = CliRunner().invoke(app, ["trial", str(file), "--per-arm", "10", "--trials", "20"])
    assert result.exit_code == 0, result.output
    assert "3 mg nightly at 22:00, for 2 wk\t4\t" in result.stdout
