"""Trials as they are told: tables, picture, assurance, and the command from study to files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from ldnsim import plots
from ldnsim.analysis.trial import tables
from ldnsim.analysis.trial.assurance import assurance
from ldnsim.analysis.trial.many import WORDS, simulate
from ldnsim.cli import app
from ldnsim.errors import UserError
from tests.analysis.trial_designs.made_up import pool, study

AXES = [{"name": "hypothesis", "field": "hypothesis", "values": ["dual_pathway", "null"]}]
TRIALS = [
    {"design": "parallel", "weeks": "2 wk", "treatments": "4.5 mg", "patients": [40, 80],
     "trials": 100, "estimands": ["hypothetical", "responder"]},
    {"design": "withdrawal", "run_in": "1 wk", "weeks": "1 wk", "treatments": "4.5 mg",
     "trials": 50},
    {"design": "up_and_down", "weeks": "2 wk", "trials": 50},
]  # fmt: skip


@pytest.fixture(scope="module")
def found() -> dict[str, xr.Dataset]:
    one = study(TRIALS, axes=AXES)
    ds = pool(one, hazard=(1e-4, 1e-4))
    for k in (1, 2):  # under the second hypothesis the drug does nothing
        own = ds[f"pain_week_{k}"]
        own[:, 1] = own[0, 1]
    return simulate(ds, one, null=True)


def test_a_row_is_a_point_of_the_result(found: dict[str, xr.Dataset]) -> None:
    told = tables.comparisons(found)
    assert told.headers[:3] == ("trial", "design", "hypothesis")
    assert len(told.rows) == 2 * 2 * 2 + 2 + 2
    ds = found["parallel"]
    for row in told.rows[:8]:
        at = {k: row[k] for k in ("hypothesis", "estimand", "patients", "comparison")}
        for name in ("power", "power_error", "false_positives", "estimate"):
            assert row[name] == float(ds[name].sel(at))
        at.pop("patients")
        assert row["effect"] == float(ds["effect"].sel(at))
    lines = told.markdown().splitlines()
    assert len(lines) == 2 + len(told.rows) and lines[0].startswith("| trial | design ")
    assert json.loads(json.dumps(told.plain(), allow_nan=False))[-1]["true_ed50"] is None
    grouped = tables.groups(found)
    assert [r["group"] for r in grouped.rows[:2]] == ["placebo", "4.5 mg"]
    drop = ds["reported_pain"].isel(week=-1) - ds["reported_pain"].isel(week=0)
    assert grouped.rows[1]["change"] == pytest.approx(float(drop[0, 1]))


def test_every_number_has_words_and_a_unit(found: dict[str, xr.Dataset]) -> None:
    for ds in found.values():
        for name, values in ds.data_vars.items():
            assert values.attrs["long_name"] and values.attrs["units"], name
    assert found["up_and_down"]["ed50"].attrs["units"] == "mg"
    assert set(found["parallel"].data_vars) <= set(WORDS)


def test_assurance_is_the_mean_power_to_find_the_drug_better(found: dict[str, xr.Dataset]) -> None:
    ds = found["parallel"]
    right = ds["power"] - ds["worse"]
    even = assurance(ds)
    np.testing.assert_allclose(even["assurance"], right.mean("hypothesis"))
    sure = assurance(ds, weights={"dual_pathway": 2.0})
    np.testing.assert_allclose(sure["assurance"], right.sel(hypothesis="dual_pathway"))
    error = np.sqrt(right * (1 - right) / 100).sel(hypothesis="dual_pathway")
    np.testing.assert_allclose(sure["assurance_error"], error)
    with pytest.raises(UserError, match="did you mean 'null'"):
        assurance(ds, weights={"nul": 1.0})
    with pytest.raises(UserError, match="the dimension 'week'"):
        assurance(ds, "week")
    with pytest.raises(UserError, match="all are 0"):
        assurance(ds, weights={"null": 0.0})


def test_the_picture_has_a_row_for_each_design(found: dict[str, xr.Dataset]) -> None:
    figure = plots.trials(found, "a title")
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert [t for t in titles if t] == ["parallel", "withdrawal", "up and down"]
    assert figure.axes[0].get_xlabel() == "patients in all"
    assert figure.axes[0].get_ylabel() == "chance to find 4.5 mg better"
    right = found["parallel"]["power"] - found["parallel"]["worse"]
    drawn = figure.axes[0].lines[0].get_ydata()
    assert any(
        np.allclose(line.get_ydata(), right.isel(hypothesis=0, estimand=0, comparison=0))
        for line in figure.axes[0].lines
        if len(line.get_ydata()) == 2
    ), drawn
    with pytest.raises(UserError, match="no trial"):
        plots.trials({})


STUDY = """
title = "a small one"
seed = 3
[[regimens]]
name = "4.5 mg"
prescription = "4.5 mg nightly at 22:00, for 2 wk"
[population]
size = 4
scale = 0.3
[[axes]]
name = "hypothesis"
field = "hypothesis"
values = ["dual_pathway", "null"]
[[trial]]
design = "parallel"
weeks = "2 wk"
patients = [20, 40]
trials = 50
[[trial]]
design = "crossover"
period = "1 wk"
patients = 20
trials = 50
"""


def test_the_command_goes_from_study_to_files(tmp_path: Path) -> None:
    """A pool is simulated, kept, and serves the next call; every file is written."""
    file, kept = tmp_path / "study.toml", tmp_path / "pool.zarr"
    file.write_text(STUDY, encoding="utf-8")
    names = {"--table": "t.csv", "--groups": "g.md", "--plot": "p.png", "--out": "o.nc"}
    files = [x for k, v in names.items() for x in (k, str(tmp_path / v))]
    first = CliRunner().invoke(app, ["trial", str(file), "--pool", str(kept), "--null", *files])
    assert first.exit_code == 0, first.output
    assert "false positives %" in first.stdout and "Not" not in first.stdout.splitlines()[0]
    assert "simulating the pool that trials are drawn from, 32 runs" in first.stderr
    assert "not medical advice" in first.stdout
    with (tmp_path / "t.csv").open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert [r["patients"] for r in rows] == ["20", "40"] * 2 + ["20", "20"]
    assert all(0.0 <= float(r["power"]) <= 1.0 for r in rows)
    assert (tmp_path / "p.png").stat().st_size > 10_000
    with xr.open_datatree(tmp_path / "o.nc", engine="h5netcdf") as tree:
        power = float(
            tree["parallel"]["power"].sel(patients=40, hypothesis="dual_pathway").squeeze()
        )
    assert power == pytest.approx(float(rows[1]["power"]), abs=1e-6)
    again = CliRunner().invoke(app, ["trial", str(file), "--pool", str(kept), "--null"])
    assert again.exit_code == 0 and "simulating" not in again.stderr
    assert again.stdout == first.stdout.replace(f"picture  {tmp_path / 'p.png'}\n", "")
    told = {w: CliRunner().invoke(app, ["trial", str(file), "--pool", str(kept), "--weight", w])
            for w in ("null=1", "dual_pathway=1")}  # fmt: skip
    assert "assurance over hypothesis (as weighted), 20 patients" in told["null=1"].stdout
    assert told["null=1"].stdout != told["dual_pathway=1"].stdout
    report = tmp_path / "t.json"
    more = ["--trials", "20", "--seed", "9", "--placebo", "none", "--table", str(report)]
    third = CliRunner().invoke(app, ["trial", str(file), "--pool", str(kept), *more])
    assert third.exit_code == 0, third.output
    assert json.loads(report.read_text("utf-8"))["rows"][0]["power"] * 20 % 1.0 == 0.0
    for bad, told in (
        (["--per-arm", "9"], "--per-arm means nothing for"),
        (["--select", "regimen=placebo"], "trials need all of them"),
        (["--table", str(tmp_path / "t.txt")], "ends in .csv"),
        (["--table", str(file)], "the command reads this file"),
        (["--weight", "null"], "expected value=weight"),
        (["--weight", "nul=2"], "did you mean 'null'"),
        (["--weight", "null=2", "--select", "hypothesis=null"], "of one axis, and there are 0"),
    ):
        result = CliRunner().invoke(app, ["trial", str(file), "--pool", str(kept), *bad])
        assert result.exit_code == 2 and told in result.stderr, (bad, result.output)
    one = CliRunner().invoke(
        app, ["trial", str(file), "--pool", str(kept), "--select", "hypothesis=null"]
    )
    assert one.exit_code == 0 and ">=30 % less and stayed" in one.stdout, one.output
    plain = tmp_path / "plain.toml"
    plain.write_text(STUDY.partition("[[trial]]")[0], encoding="utf-8")
    result = CliRunner().invoke(app, ["trial", str(plain), "--null"])
    assert result.exit_code == 2 and "it has no [trial]" in result.stderr
