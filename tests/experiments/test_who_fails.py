"""Kinds of patient and reasons follow from outcomes and states alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from who_fails import (
    HELP,
    KINDS,
    PATIENTS,
    Setting,
    dose_range,
    edge_sentence,
    experiment,
    helped,
    kind,
    reason,
    sorted_out,
)

from ldnsim.config.run import RunSpec
from ldnsim.model import default_model


@pytest.mark.parametrize(
    ("alone", "help_alone", "both", "name"),
    [
        (True, False, True, KINDS[0]),
        (False, False, True, KINDS[1]),
        (False, True, True, KINDS[2]),
        (False, False, False, KINDS[3]),
    ],
)
def test_kinds_of_patient(alone: bool, help_alone: bool, both: bool, name: str) -> None:
    assert kind(alone, help_alone, both) == name


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.35, 15.0, 15.0, 0.17, 0.17, True), "responds"),
        ((0.05, 15.0, 15.0, 0.08, 0.17, False), "no inflamed microglia"),
        ((0.35, -4.0, 15.0, 0.17, 0.17, False), "does not rise"),
        ((0.35, 15.0, 15.0, 0.67, 0.17, False), "driver holds"),
        ((0.35, 5.0, 15.0, 0.17, 0.17, False), "too little"),
        ((0.35, 14.0, 15.0, 0.17, 0.17, False), "not reached"),
    ],
)
def test_the_reason_is_read_from_the_states(
    numbers: tuple[float, float, float, float, float, bool], words: str
) -> None:
    assert words in reason(*numbers)


def test_help_lowers_the_driver_and_adds_adjuncts() -> None:
    patient = PATIENTS["driver persists"]
    default = default_model().parameters["driver"].value
    assert helped(patient, "none") == patient
    treated = {"phenotype": "driver_persists", "changes": [(0.0, "driver", default)]}
    drugs = ("ketotifen", "cromolyn", "ketosis")
    assert helped(patient, "driver treated") == RunSpec.of(**treated)
    assert helped(patient, "ketotifen").modifiers == RunSpec.of(adjuncts=drugs[:1]).modifiers
    assert helped(patient, HELP[-1]) == RunSpec.of(**treated, adjuncts=drugs)


def test_doses_that_help_are_a_range() -> None:
    row = pd.Series([False, True, True, False], [0.5, 1.0, 2.0, 4.0])
    assert dose_range(row) == "1 to 2 mg"
    assert dose_range(row.iloc[:3]) == "1 mg and above"
    assert dose_range(row & False) == "none"


def test_failing_is_told_from_a_moved_threshold() -> None:
    rows = pd.DataFrame({"responds": [True, False, False]}, ["a", "b", "c"])
    doses = pd.DataFrame([[True, True], [False, True], [False, False]], list("abc"), [1.5, 6.0])
    none, moved, shifted = sorted_out(rows, doses)
    assert none.endswith("response: c.") and moved.endswith("does: b.")
    assert "b (6 mg)" in shifted and "a (" not in shifted


def test_the_edge_of_reserve_is_worded() -> None:
    assert "0.53" in edge_sentence(0.534)
    assert "every reserve" in edge_sentence(0.0)
    assert edge_sentence(np.nan) == ""


def test_the_script_answers_from_its_own_runs(tmp_path: Path) -> None:
    text = experiment(tmp_path, Setting(weeks=3, doses=2, drivers=2))
    rows = pd.read_csv(tmp_path / "who_fails_patients.csv", index_col="patient")
    assert f"{rows['responds'].sum()} of {len(rows)} patients respond" in text
    assert rows.loc["reserve 0.1", "store"] < rows.loc["reserve 0.35", "store"] < 100.0
    same = rows.loc[["default", "OPRM1 118G (no effect)"], ["tnf_end", "tone"]].to_numpy()
    np.testing.assert_allclose(same[0], same[1], rtol=1e-3)
    named = pd.read_csv(tmp_path / "who_fails_help.csv", index_col=0)
    assert set(named.to_numpy().ravel()) <= set(KINDS)
    assert (tmp_path / "who_fails.png").stat().st_size > 20_000
