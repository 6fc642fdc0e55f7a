"""Schedules of the same daily dose are told apart by the sign of the tone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from once_or_four_times import (
    HYPOTHESES,
    Setting,
    affinities,
    experiment,
    headline,
    kind,
    kinds,
    prescription,
)

from ldnsim.edition import shipped
from ldnsim.regimen import Regimen


@pytest.mark.parametrize(
    ("once", "four", "name"),
    [
        (3.0, -3.0, "opposite"),
        (3.0, 2.0, "both help"),
        (-3.0, -2.0, "both harm"),
        (3.0, -0.1, "other"),
        (-3.0, 3.0, "other"),
    ],
)
def test_the_kind_needs_two_clear_signs(once: float, four: float, name: str) -> None:
    assert kind(once, four) == name


def test_a_fall_of_anything_but_tone_is_help() -> None:
    index = pd.MultiIndex.from_tuples(
        [("a", 1.0, "four times"), ("a", 1.0, "once")], names=["hypothesis", "dose", "schedule"]
    )
    rows = pd.DataFrame({"ogfr_tone": [-4.0, 4.0], "tnf": [6.0, -6.0]}, index)
    assert kinds(rows).loc["a", 1.0] == "opposite"
    assert kinds(rows, "tnf").loc["a", 1.0] == "opposite"


def test_both_schedules_give_the_same_daily_dose() -> None:
    for times in (1, 4):
        doses = Regimen.parse(prescription(4.5, times, 1)).doses()
        day = (doses.time_h >= 22.0) & (doses.time_h < 46.0)
        assert day.sum() == times
        assert doses.amount_mg[day].sum() == pytest.approx(4.5)


def test_affinities_keep_the_ratio_of_drug_and_metabolite() -> None:
    pairs = affinities(3)
    ratios = {round(p["kd_ogfr_naltrexol"] / p["kd_ogfr"], 6) for p in pairs}
    assert len(ratios) == 1
    assert pairs[1]["kd_ogfr"] == pytest.approx(shipped().hypotheses["ogfr"].overrides["kd_ogfr"])


def test_the_headline_names_hypotheses_and_doses() -> None:
    found = pd.DataFrame("both help", list(HYPOTHESES), [1.0, 2.0, 4.0])
    assert headline(found).startswith("No:")
    found.loc["ogfr", [1.0, 2.0]] = "opposite"
    assert "ogfr (1 to 2 mg a day)" in headline(found)
    found.loc["ogfr"] = ["opposite", "both help", "opposite"]
    assert "ogfr (some doses from 1 to 4 mg a day)" in headline(found)


def test_the_script_answers_from_its_own_runs(tmp_path: Path) -> None:
    text = experiment(tmp_path, Setting(weeks=3, doses=2, affinities=2))
    rows = pd.read_csv(tmp_path / "once_or_four_times_hypotheses.csv", index_col=[0, 1, 2])
    wide = rows["block_peak"].unstack("schedule")
    assert (wide["once"] > wide["four times"]).all(), "one large dose reaches higher"
    row = rows.loc[("ogfr", 4.5, "once")]
    assert f"blocks at most {row['block_peak']:.0f} % of OGF receptors" in " ".join(text.split())
    assert (tmp_path / "once_or_four_times.png").stat().st_size > 20_000
