"""Hypotheses are judged by the late human data, and the window by hours with little block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unblocked_window import Setting, experiment, half_time, headline, supported, within


def test_half_time_counts_from_the_peak() -> None:
    hours = np.linspace(0.0, 400.0, 4001)
    block = np.where(hours < 5.0, hours / 5.0, np.exp2(-(hours - 5.0) / 90.0))
    assert half_time(hours, block) == pytest.approx(90.0, abs=0.2)
    assert np.isnan(half_time(hours[:100], block[:100]))


def test_late_data_support_who_meets_both() -> None:
    late = {"short": (6.0, 9.0), "right": (75.0, 90.0), "slow": (78.0, 200.0)}
    assert supported(late) == ["right"]
    assert within(7.0, (5.0, 6.5), 0.1) and not within(7.3, (5.0, 6.5), 0.1)


def nights(**hours: float) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([hours, [4.5]], names=("hypothesis", "dose"))
    return pd.DataFrame({"hours_below_20": list(hours.values())}, index)


@pytest.mark.parametrize(
    ("good", "start"),
    [
        (["short"], "By the human data, yes"),
        (["long"], "By the human data, no"),
        (["short", "long"], "The human data do not decide"),
        ([], "Not settled"),
    ],
)
def test_the_answer_is_that_of_the_hypotheses_the_data_support(good: list[str], start: str) -> None:
    text = headline(nights(short=18.0, long=0.0), good)
    assert text.startswith(start)
    assert "18 h a day under short" in text


def test_the_script_answers_from_its_own_runs(tmp_path: Path) -> None:
    text = experiment(tmp_path, Setting(weeks=4, doses=(0.5, 4.5)))
    rows = pd.read_csv(tmp_path / "unblocked_window_nightly.csv", index_col=[0, 1])
    assert (rows["hours_below_20"] >= rows["hours_below_10"]).all()
    assert rows["hours_below_20"].between(0.0, 24.0).all()
    assert (rows["peak"] > rows["trough"]).all()
    usual = rows.loc[("dual_pathway", 4.5), "hours_below_20"]
    assert f"{usual:.0f} h a day under dual_pathway" in text
    peaks = rows["peak"].unstack("dose")
    assert (peaks[4.5] > peaks[0.5]).all(), "more drug, more block"
    assert (tmp_path / "unblocked_window.png").stat().st_size > 20_000
