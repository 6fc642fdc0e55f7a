"""People harmed by the licensed dose are counted; what sets them apart is read off the draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from healthy_50mg import (
    ALLOWED,
    HYPOTHESES,
    RAISED,
    Setting,
    apart,
    binomial,
    experiment,
    headline,
    mood_sentence,
    named,
    rests_on,
    scores,
)

SHORT = Setting(weeks=2, people=40)
FIRST = HYPOTHESES[0]


def people(raised: list[int], stuck: int = 0, mood: float = -0.2) -> pd.DataFrame:
    """Forty people under every hypothesis; some raised under the first, some left inflamed."""
    index = pd.MultiIndex.from_product([HYPOTHESES, range(40)], names=["hypothesis", "patient"])
    rows = pd.DataFrame({"tnf_year": 1.0, "mood_lowest": mood, "mood_year": -0.1}, index)
    rows["raised"] = rows["inflamed_end"] = False
    rows.loc[[(FIRST, i) for i in raised], "raised"] = True
    rows.loc[[(FIRST, i) for i in range(stuck)], "inflamed_end"] = True
    return rows


def drawn() -> pd.DataFrame:
    """Two numbers of forty people, of which the first grows from person to person."""
    grows = np.linspace(-2.0, 2.0, 40)
    return pd.DataFrame({"grows": grows, "turns": np.tile([-1.0, 1.0], 20)})


def one(tnf: float) -> xr.Dataset:
    """One person's change of TNF at the end of treatment."""
    return xr.Dataset(
        {"tnf_2": ("hypothesis", np.full(len(HYPOTHESES), tnf))},
        {"hypothesis": list(HYPOTHESES)},
    )


def test_scores_are_normal_whatever_was_drawn() -> None:
    raw = np.exp(3.0 * np.random.default_rng(1).normal(size=(200, 1)))
    ds = xr.Dataset({"patient_parameters": (("patient", "drawn"), raw)}, {"drawn": ["x"]})
    got = scores(ds)["x"]
    assert got.std() == pytest.approx(1.0, abs=0.02)
    assert list(got.sort_values().index) == list(np.argsort(raw[:, 0]))


def test_what_sets_the_raised_apart_is_named() -> None:
    rows = people([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    gaps = apart(rows, drawn())
    assert gaps.loc[FIRST, "grows"] == pytest.approx(-2.0, abs=0.1)
    assert named(gaps, rows, FIRST) == ["grows"]
    told = rests_on(rows, drawn(), gaps, FIRST)
    assert "in 20 of 40" in told
    assert "half of people with the higher grows it rises in 0.0 %" in told


def test_two_people_are_too_few_for_a_small_distance() -> None:
    rows = people([2, 4])
    gaps = apart(rows, drawn())
    assert abs(gaps.loc[FIRST, "grows"]) > 1.0
    assert named(gaps, rows, FIRST) == []
    assert "no single number" in rests_on(rows, drawn(), gaps, FIRST)
    assert "nobody; nothing to compare" in rests_on(rows, drawn(), gaps, HYPOTHESES[1])


def test_the_headline_follows_the_limits() -> None:
    assert headline(one(1.0), people([]), SHORT).startswith("No. ")
    many = headline(one(1.0), people([0, 1, 2]), SHORT)
    assert many.startswith("Not the usual person.")
    assert f"more than {ALLOWED:g} % have a rise above {RAISED:g} % under {FIRST};" in many
    assert f"2 ({FIRST}) are inflamed" in headline(one(1.0), people([], stuck=2), SHORT)
    assert headline(one(RAISED + 1.0), people([]), SHORT).startswith("Yes, under some")


def test_low_moods_are_said() -> None:
    assert "In no week" in mood_sentence(people([]))
    assert f"{FIRST} 100 %" in mood_sentence(people([], mood=-1.5))


def test_an_interval_of_none_of_many_is_the_rule_of_three() -> None:
    low, high = binomial(0, 256)
    assert low == 0.0
    assert high == pytest.approx(3.69 / 256, rel=0.02)  # -ln 0.025


def test_the_script_answers_from_its_own_runs(tmp_path: Path) -> None:
    text = " ".join(experiment(tmp_path, Setting(weeks=2, people=6)).split())
    rows = pd.read_csv(tmp_path / "healthy_50mg_people.csv", index_col=[0, 1])
    assert len(rows) == 6 * len(HYPOTHESES)
    assert not rows["inflamed_end"].any(), "two weeks leave nobody inflamed"
    assert "nobody is inflamed 2 weeks after" in text
    assert (rows["mood_lowest"] <= rows["mood_year"] + 1e-9).all()
    assert (tmp_path / "healthy_50mg.png").stat().st_size > 20_000
