"""Starts are compared by the worst week, and a dose is tolerated up to the first that is not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from microgram_start import (
    Setting,
    beyond,
    ends_sentence,
    experiment,
    headline,
    own_reserve,
    reserve_sentence,
    spared_weeks,
    starts,
    tolerated,
)

from ldnsim.regimen import Regimen


def test_all_starts_end_at_the_same_dose() -> None:
    ends = {float(Regimen.parse(p).doses().amount_mg[-1]) for p in starts().values()}
    assert len(ends) == 1


@pytest.mark.parametrize(
    ("rises", "dose"),
    [([0.0, 0.05, 0.2], 1.0), ([0.2, 0.0, 0.0], 0.0), ([0.0, 0.0, 0.1], 4.5), ([0, 0.3, 0], 0.1)],
)
def test_a_dose_is_tolerated_up_to_the_first_that_is_not(rises: list[float], dose: float) -> None:
    assert tolerated(pd.Series(rises, [0.1, 1.0, 4.5])) == dose


def told(standard: float, micro: float, end: float = 0.2) -> str:
    keys = [(0.1, name) for name in starts()]
    index = pd.MultiIndex.from_tuples(keys, names=("reserve", "start"))
    careful = 0.5 * (standard + micro)
    rows = {"worst_pain": [standard, careful, micro], "end_pain": [0.2, 0.2, end]}
    return headline(pd.DataFrame(rows, index))


def test_the_headline_weighs_what_is_spared() -> None:
    small = told(0.21, 0.16)
    assert small.startswith("Slower starts hardly matter")
    assert "microgram start spares 0.05 to 0.05" in small and "all are the same" in small
    large = told(2.2, 0.4, end=0.9)
    assert large.startswith("It matters") and "0.70 points apart" in large
    assert told(0.3, 0.2, end=1.4).startswith("It matters"), "where they end counts too"


def test_the_script_answers_from_its_own_runs(tmp_path: Path) -> None:
    experiment(tmp_path, Setting(weeks=4, reserves=(0.1, 1.0), doses=3))
    rows = pd.read_csv(tmp_path / "microgram_start_starts.csv", index_col=[0, 1])
    assert (rows["worst_pain"] >= rows["end_pain"]).all()
    dreams = rows["worst_dreams"].unstack("start")
    assert (dreams["microgram start"] < dreams["standard start"]).all(), (
        "micrograms disturb nothing"
    )
    store = rows["end_store"].xs("standard start", level="start")
    assert store[0.1] < store[1.0], "a small store runs dry first"
    constant = pd.read_csv(tmp_path / "microgram_start_constant.csv", index_col="reserve")
    assert constant.loc[0.1].iloc[-1] > constant.loc[0.1].iloc[0]
    assert (tmp_path / "microgram_start.png").stat().st_size > 20_000


def ends(pain: list[float], cells: list[float], reserve: float = 0.6) -> pd.DataFrame:
    """Rows of one reserve: pain and inflamed cells of the last week under the three starts."""
    keys = [(reserve, name) for name in starts()]
    index = pd.MultiIndex.from_tuples(keys, names=("reserve", "start"))
    return pd.DataFrame({"worst_pain": pain, "end_pain": pain, "end_cells": cells}, index)


def test_the_text_follows_where_the_starts_end() -> None:
    alike = ends([-0.07, -0.08, -0.07], [-11, -11, -11])
    assert beyond(alike) == "" and "the same pain" in ends_sentence(alike)
    tipped = ends([-0.07, -0.07, -0.77], [-11, -11, -78])
    assert "0.70 with a reserve of 0.6" in beyond(tipped)
    assert "reserve of 0.6 some starts have led the patient out" in ends_sentence(tipped)
    late = ends([-1.07, -1.07, -0.9], [-81, -81, -80])
    assert "not all with the same pain" in ends_sentence(late)
    assert "inflamed state" not in ends_sentence(late)
    assert beyond(ends([0.0, 0.0, 1.0], [0, 0, 0], reserve=0.1)) == "", "the headline has it"


def test_the_start_that_leaves_most_of_the_reserve_is_named_only_if_one_does() -> None:
    rows = ends([0.0] * 3, [0.0] * 3, reserve=own_reserve())
    rows["first_reserve"] = own_reserve()
    rows["end_reserve"] = [0.10, 0.25, 0.20]
    assert "The careful start leaves most" in reserve_sentence(rows)
    rows["end_reserve"] = 0.2
    assert "leave it alike" in reserve_sentence(rows)


def test_the_weeks_of_next_to_nothing_are_counted_from_the_prescription() -> None:
    text = spared_weeks(6)
    assert "microgram start" in text and "for 6 of 6 weeks" in text
