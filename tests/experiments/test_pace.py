"""A map's variance is split in closed form, intervals are judged by place and step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pace import experiment, main, read
from pace_map import judge, shares, steps
from pace_runs import SLOWEST, STEPS, Setting, ladder
from pace_text import QUESTION, why

from ldnsim.regimen import Regimen

DOSES, DAYS = np.array([1.0, 2.0, 4.0]), np.array([7.0, 14.0, 28.0, 56.0])


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (np.outer(DOSES, np.ones(4)), (1.0, 0.0, 0.0)),
        (np.outer(np.ones(3), DAYS), (0.0, 1.0, 0.0)),
        (np.outer([-1.0, 0.0, 1.0], [1.0, -1.0, 1.0, -1.0]), (0.0, 0.0, 1.0)),
    ],
)
def test_a_map_of_one_cause_has_all_its_variance_there(
    grid: np.ndarray, expected: tuple[float, float, float]
) -> None:
    got = shares(grid)
    assert (got.dose, got.interval, got.both) == pytest.approx(expected, abs=1e-12)


def test_additive_causes_share_by_their_variances_and_leave_nothing() -> None:
    a, b = np.array([0.0, 1.0, 5.0]), np.array([3.0, 0.0, 1.0, 0.0])
    got = shares(a[:, None] + b)
    total = a.var() + b.var()
    assert (got.dose, got.interval) == pytest.approx((a.var() / total, b.var() / total))
    assert got.both == pytest.approx(0.0, abs=1e-12)
    assert got.sd == pytest.approx(total**0.5)


@given(arrays(float, (3, 4), elements=st.floats(-5, 5).map(lambda x: round(x, 3))),
       st.floats(0.1, 3.0))  # fmt: skip
def test_shares_add_up_and_do_not_know_unit_or_origin(grid: np.ndarray, unit: float) -> None:
    got = shares(grid)
    if not np.isfinite(got.dose):
        assert np.ptp(grid) < 1e-3
        return
    assert got.dose + got.interval + got.both == pytest.approx(1.0, abs=1e-6)
    other = shares(unit * grid)
    assert (other.dose, other.interval) == pytest.approx((got.dose, got.interval), abs=1e-6)
    swapped = shares(grid.T)
    assert (swapped.dose, swapped.interval) == pytest.approx((got.interval, got.dose), abs=1e-9)


def test_a_map_of_nothing_has_no_shares() -> None:
    assert shares(np.full((3, 4), 0.3)).text() == "nothing varies"


@pytest.mark.parametrize(
    ("y", "best", "place", "verdict"),
    [
        ([4.0, 3.0, 2.0, 1.0], 7.0, 0.0, "fast end"),
        ([1.0, 4.0, 2.0, 1.0], 14.0, 1 / 3, "inside"),
        ([1.0, 2.0, 3.0, 4.0], 56.0, 1.0, "slow end"),
        ([1.0, 1.001, 1.0, 1.0], 14.0, 1 / 3, "all alike"),
    ],
)
def test_the_best_interval_is_placed_on_a_logarithmic_scale(
    y: list[float], best: float, place: float, verdict: str
) -> None:
    row = judge(DAYS, np.array(y))
    assert (row.best, row.verdict) == (best, verdict)
    assert row.place == pytest.approx(place)


def test_the_largest_step_is_a_share_of_the_range_where_intervals_matter() -> None:
    smooth = judge(DAYS, np.array([0.0, 1.0, 2.0, 3.0]))
    jump = judge(DAYS, np.array([0.0, 0.1, 0.9, 1.0]))
    noise = judge(DAYS, np.array([0.0, 0.001, 0.0, 0.0]))
    assert smooth.step == pytest.approx(1 / 3)
    assert (jump.step, jump.between) == (pytest.approx(0.8), (14.0, 28.0))
    assert noise.step == pytest.approx(1.0)
    assert steps([smooth, jump, noise]) is jump, "noise of a flat row is no step"


def test_every_pace_reaches_its_target_before_it_is_judged(capsys: pytest.CaptureFixture) -> None:
    s = Setting()
    s.check()
    assert s.usual()[0] == 7 and s.usual()[-1] == SLOWEST and len(s.usual()) == 12
    for d in (s.usual()[0], s.usual()[-1]):
        doses = Regimen.parse(ladder(4.5, d, s.weeks)).doses()
        assert len(set(np.round(doses.amount_mg, 6))) == STEPS
        last_week = doses.amount_mg[-7:]
        assert np.allclose(last_week, 4.5)
    assert main(["--weeks", "52"]) == 2
    assert "--weeks 52: expected 9" in capsys.readouterr().err


def courses(ends: dict[int, float]) -> pd.DataFrame:
    """Reserves of one patient that go from 0.3 to an end at each pace."""
    week = pd.RangeIndex(3, name="week")
    parts = {("depleted", d): pd.DataFrame({"reserve_level": [0.3, 0.3, end]}, week)
             for d, end in ends.items()}  # fmt: skip
    return pd.concat(parts, names=["who", "interval"])


def test_the_reason_is_read_off_the_reserve() -> None:
    worn = why(courses({3: 0.2, 14: 0.7, 90: 0.7}), "depleted")
    assert "wears (at 3 d)" in worn and "At 14, 90 d" in worn
    same = why(courses({3: 0.71, 14: 0.7, 90: 0.7}), "depleted")
    assert "only delays" in same
    other = why(courses({3: 0.5, 14: 0.7, 90: 0.7}), "depleted")
    assert other == "depleted: the reserve ends between 0.50 and 0.70."


def test_the_command_line_says_how_many_are_drawn() -> None:
    assert read([]).patients == 64
    assert read(["--patients", "0"]).patients == 0
    with pytest.raises(SystemExit):
        read(["--patients", "-1"])


def test_the_script_answers_from_its_own_runs(tmp_path: Path) -> None:
    s = Setting(weeks=92, paces=2, patients=2, targets=(3.0, 4.5))
    text = experiment(tmp_path, s)
    assert text.startswith(QUESTION)
    one = pd.read_csv(tmp_path / "pace_one.csv", index_col=[0, 1, 2, 3])
    main_rows = one.loc["dual_pathway"]
    weighed = -main_rows["pain_change"] * main_rows["staying"]
    assert np.allclose(main_rows["benefit_with_staying"], weighed, atol=1e-3)
    ends = main_rows["reserve_end"].unstack("who")
    assert (ends["robust"] > ends["depleted"]).all()
    assert (tmp_path / "pace.png").stat().st_size > 20_000
    assert "2 drawn" not in text and "robust, 2" in text
