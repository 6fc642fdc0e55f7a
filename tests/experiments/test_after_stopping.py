"""Patients are classed by numbers alone; the ends of the untreated states are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from after_stopping import (
    edge_sentence,
    exceptions,
    experiment,
    headline_of,
    rule_sentence,
    slow_sentence,
)
from after_stopping_edges import edges, narrow
from after_stopping_longer import longer_sentence, still_there
from after_stopping_runs import Branches, Outcome, Setting, classify, has_resolved


@pytest.mark.parametrize(
    ("numbers", "outcome"),
    [
        ((-70, -15, -65, -14), Outcome.LASTS),
        ((-70, -15, -2, -1), Outcome.LOST),
        ((-70, -15, -60, -4), Outcome.LOST),
        ((-70, -6, -65, -14), Outcome.LATE),
        ((-9, -15, -65, -4), Outcome.NONE),
        ((np.nan, -15, -65, -14), Outcome.FAILED),
    ],
)
def test_outcome_follows_tnf_and_pain(numbers: tuple[float, ...], outcome: Outcome) -> None:
    assert classify(*(np.array([x], float) for x in numbers))[0] == outcome


def loop(lower: float, upper: float) -> Branches:
    driver = np.linspace(0.0, 1.0, 11)
    inflamed = np.where(np.isnan(lower) | (driver > lower), 0.4, np.nan)
    resolved = np.where(np.isnan(upper) | (driver < upper), 0.05, np.nan)
    return Branches(driver, inflamed, resolved, lower, upper, 0)


@pytest.mark.parametrize(("lower", "upper"), [(0.234, 0.678), (0.01, 0.99), (0.55, 0.56)])
def test_ends_of_the_states_are_found(lower: float, upper: float) -> None:
    def exists(x: np.ndarray, inflamed: bool) -> np.ndarray:
        return x >= lower if inflamed else x <= upper

    driver = np.linspace(0.0, 1.0, 11)
    found = edges(driver, exists(driver, True), exists(driver, False), exists)
    np.testing.assert_allclose(found, (lower, upper), atol=0.1 / 81.0)


def test_a_state_without_end_has_none() -> None:
    driver = np.linspace(0.0, 1.0, 11)
    always = np.ones(11, bool)
    found = edges(driver, always, always, lambda x, _: np.ones(len(x), bool))
    assert np.isnan(found).all()
    assert "down to none at all" in edge_sentence(loop(np.nan, 0.5))
    assert "Below a driver of 0.300" in edge_sentence(loop(0.3, 0.7))
    assert has_resolved(np.array([0.1, 9.0]), loop(0.3, np.nan)).all()


def test_narrowing_works_downwards_too() -> None:
    assert narrow(lambda x: x > 0.42, 0.5, 0.4) == pytest.approx(0.42, abs=0.1 / 81.0)


def test_headline_says_what_the_outcomes_are() -> None:
    lasts, lost, none = (int(o) for o in (Outcome.LASTS, Outcome.LOST, Outcome.NONE))
    assert "1 of 2 responses" in headline_of(np.array([[lasts, lost, none]]))
    assert headline_of(np.array([lasts, none])).startswith("Yes")
    assert headline_of(np.array([lost, none])).startswith("No:")
    assert headline_of(np.array([none])).startswith("Not answered")


def test_lost_by_the_limit_of_pain_alone_is_said() -> None:
    ds = xr.Dataset(
        {
            "outcome": ("run", [int(Outcome.LOST)] * 2),
            "tnf_change_end_percent": ("run", [-57.0, -1.0]),
            "pain_change_end_percent": ("run", [-8.7, -0.2]),
        }
    )
    assert "In 1 of the lost" in slow_sentence(ds) and "8.7" in slow_sentence(ds)
    assert slow_sentence(ds.isel(run=[1])) == ""


def test_the_rule_is_tested_not_asserted() -> None:
    driver = np.array([0.2, 0.9])
    good = np.array([[Outcome.LASTS], [Outcome.LOST]])
    text = rule_sentence(driver, good, loop(0.1, 0.5))
    assert "2 of 2" in text and "it holds" in text
    assert "not tested" not in text
    alone = rule_sentence(driver[:1], good[:1], loop(0.1, 0.5))
    assert "it holds" in alone and "other half is not tested" in alone
    text = rule_sentence(driver, good[::-1], loop(0.1, 0.5))
    assert "0 of 2" in text and "does not hold" in text


def test_exceptions_are_lasting_responses_without_a_resolved_state() -> None:
    lasts, lost = int(Outcome.LASTS), int(Outcome.LOST)
    ds = xr.Dataset(
        {"outcome": (("driver", "dose"), [[lasts, lasts], [lasts, lost]])},
        coords={"driver": [0.2, 0.9], "dose": [3.0, 6.0]},
    )
    driver, dose = exceptions(ds, loop(0.1, 0.5))
    assert (driver.tolist(), dose.tolist()) == ([0.9], [3.0])
    assert longer_sentence(np.array([]), np.array([]), 26, "dual_pathway") == ""


def test_without_a_resolved_state_a_response_is_lost_in_the_end() -> None:
    driver, dose = np.array([0.02, 0.07]), np.array([4.5, 4.5])
    assert still_there(driver, dose, 26, "dual_pathway") == 1


def test_the_script_answers_from_its_own_runs(tmp_path: Path) -> None:
    text = experiment(tmp_path, Setting(drivers=3, weeks=6, doses=(0.5, 4.5)))
    runs = pd.read_csv(tmp_path / "after_stopping_runs.csv")
    assert len(runs) == 6 and set(runs["outcome"]) <= {int(o) for o in Outcome}
    assert "Of 6 patients and doses" in text
    assert f"{Outcome.NONE.words} in {(runs['outcome'] == Outcome.NONE).sum()}" in text
    states = pd.read_csv(tmp_path / "after_stopping_states.csv").dropna()
    assert (states["m1_inflamed"] > states["m1_resolved"]).all(), "two different states"
    assert (tmp_path / "after_stopping.png").stat().st_size > 20_000
