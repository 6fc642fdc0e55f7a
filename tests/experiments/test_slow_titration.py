"""Who needs slow titration: what it costs is told from the runs, and may be nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from slow_titration import COST, GUIDED, KNOWN, PACES, Setting, arms, cost, experiment, headline

from ldnsim.regimen import Regimen


def test_ladders_end_at_the_same_dose_and_last_as_long() -> None:
    found = {n: Regimen.parse(p) for n, p in arms(26).items()}
    assert {r.duration_h for r in found.values()} == {26 * 168.0}
    ladders = [Regimen.parse(p) for n, p in arms(52).items() if n in PACES]
    assert {float(r.doses().amount_mg[-1]) for r in ladders} == {4.5}
    assert [r.is_guided for r in found.values()] == [False] * len(PACES) + [True] * len(GUIDED)


def test_a_need_is_what_the_better_fast_ladder_lacks_of_the_better_slow_one() -> None:
    rows = {"at once": [0.0, 1.0], "3 d": [0.5, 0.2], "7 d": [9.0, 9.0], "14 d": [0.8, 0.9],
            "28 d": [0.1, 0.4]}  # fmt: skip
    np.testing.assert_allclose(cost(pd.DataFrame(rows)), [0.3, -0.1])


def test_the_headline_counts_and_names_no_sign_where_nobody_needs_it() -> None:
    none = dict.fromkeys(KNOWN, 0.3)
    need = pd.DataFrame([{"patients": "robust", "share": 0.0, **none}])
    assert "0% of robust" in headline(need) and "goes with it" not in headline(need)
    some = pd.DataFrame([{"patients": "depleted", "share": 0.5, **none, KNOWN[1]: -0.6}])
    assert f"{KNOWN[1]} goes with it most in depleted patients" in headline(some)
    assert f"{COST:g} points" in headline(some)


@pytest.mark.long
def test_a_short_run_is_written(tmp_path: Path) -> None:
    text = experiment(tmp_path, Setting(weeks=6, people=4))
    assert "careful by rules" in text and "Not medical advice" in text.replace("\n", " ")
    written = {p.name for p in tmp_path.iterdir()}
    kinds = {f"slow_titration.{kind}" for kind in ("png", "txt", "md", "csv")}
    assert written == {*kinds, "slow_titration_need.csv"}
