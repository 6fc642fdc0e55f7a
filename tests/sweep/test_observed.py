"""A result of a run of an event table carries what was observed, and pictures draw it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ldnsim
from ldnsim import plots

TEXT = """ID,TIME,AMT,EVID,DV,DVID,UNIT,BLQ,LLOQ
a,8,50,1,.,.,.,.,.
a,9,.,0,10,naltrexone_plasma,nmol/L,.,.
a,20,.,0,.,naltrexone_plasma,ng/mL,1,0.5
b,8,25,1,.,.,.,.,.
b,40,.,0,6.5,pain,.,.,.
b,60,.,0,6,pain,.,.,.
b,60,.,0,0.4,3,.,.,.
"""
STUDY = """
title = "Observed"
[regimen]
events = "seen.csv"
ids = "all"
[output]
every = "2 h"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("observed")
    (path / "seen.csv").write_text(TEXT, encoding="utf-8")
    (path / "study.toml").write_text(STUDY, encoding="utf-8")
    ldnsim.load(path / "study.toml").run(path / "seen.zarr")
    ldnsim.load(path / "study.toml").run(path / "seen.nc")
    return path


@pytest.mark.parametrize("ending", ["zarr", "nc"])
def test_the_result_holds_them_in_the_units_of_the_variables(folder: Path, ending: str) -> None:
    with ldnsim.open_store(folder / f"seen.{ending}") as ds:
        assert ds["observed_regimen"].values.tolist() == ["a", "a", "b", "b"]
        np.testing.assert_array_equal(ds["observed_time"].values, [9.0, 20.0, 40.0, 60.0])
        np.testing.assert_array_equal(ds["observed_below"].values, [False, True, False, False])
        plasma, pain = ds["observed_naltrexone_plasma"], ds["observed_pain"]
        np.testing.assert_allclose(plasma.values, [3.4141, 0.5, np.nan, np.nan], rtol=1e-12)
        np.testing.assert_array_equal(pain.values, [np.nan, np.nan, 6.5, 6.0])
        assert plasma.dims == ("observation",) and plasma.attrs["units"] == "ng/mL"
        assert plasma.attrs["units"] == ds["naltrexone_plasma"].attrs["units"]
        events = json.loads(ds.attrs["events"])
        assert [(e["observations"], e["unnamed"]) for e in events] == [(2, 0), (3, 1)]
        assert ds.sizes["id"] == 2 and "observation" not in ds["pain"].dims
        again = ldnsim.Study.loads(ds.attrs["study"]).run()  # without the file
        assert again["observed_pain"].equals(pain.load())


def test_a_horizon_cuts_what_comes_after_it(folder: Path) -> None:
    table = {"table": TEXT, "id": "b"}
    assert ldnsim.simulate(table, horizon="2 d")["observed_time"].values.tolist() == [40.0]
    plain = ldnsim.simulate({**table, "ignore": ["DV"]})
    assert not [n for n in plain if str(n).startswith("observed")]
    assert "gut_fast" not in plain  # stored where it was observed
    gut = TEXT + "b,9,.,0,4,gut_fast,umol,.,.\n"
    assert "gut_fast" in ldnsim.simulate({**table, "table": gut}, horizon="2 d")


def test_what_was_observed_changes_no_bit_of_the_run() -> None:
    with_data = ldnsim.simulate({"table": TEXT, "id": "a"}, horizon="2 d")
    without = ldnsim.simulate({"table": TEXT, "id": "a", "ignore": ["DV"]}, horizon="2 d")
    for name in map(str, without.data_vars):
        np.testing.assert_array_equal(with_data[name].values, without[name].values, name)


def test_what_cannot_be_used_is_refused_before_the_run() -> None:
    wrong = TEXT.replace("pain", "pian")
    with pytest.raises(ldnsim.UserError, match=r"row 6: DVID = 'pian'.*did you mean 'pain'"):
        ldnsim.simulate({"table": wrong, "id": "b"})


def test_a_comparison_draws_each_subjects_own_values(folder: Path) -> None:
    with ldnsim.open_store(folder / "seen.zarr") as ds:
        figure = plots.compare(ds)
    drawn = {
        (ax.get_subplotspec().colspan.start, line.get_marker()): line.get_xydata().tolist()  # type: ignore[union-attr]
        for ax in figure.axes
        for line in ax.lines
        if line.get_gid() == "observed"
    }
    assert set(drawn) == {(0, "o"), (0, "v"), (1, "o")}
    np.testing.assert_allclose(drawn[0, "o"], [[9 / 24, 3.4141]])
    np.testing.assert_allclose(drawn[0, "v"], [[20 / 24, 0.5]])
    np.testing.assert_allclose(drawn[1, "o"], [[40 / 24, 6.5], [60 / 24, 6.0]])
    texts = " ".join(t.get_text() for t in figure.texts)
    assert "Circles: measured" in texts.replace("\n", " ")
