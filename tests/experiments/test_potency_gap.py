"""How much TLR4 can be inhibited, and what it would take, follows from concentrations and runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from potency_gap import Setting, added_sentence, constants, experiment, inhibited, verdict

from ldnsim.edition import shipped


def test_the_share_inhibited_is_that_of_simple_binding() -> None:
    c = np.array([0.0, 1.0, 1960.0])
    np.testing.assert_allclose(inhibited(c, 1960.0), c / (c + 1960.0), atol=1e-15)


def test_the_lowest_constant_is_the_one_the_hypothesis_takes() -> None:
    assert min(constants().values()) == shipped().hypotheses["rebound"].overrides["ic50_trif"]


def test_the_verdict_follows_the_gap() -> None:
    assert "100,000 times more potent" in verdict(0.06, 0.0196, 1960.0)
    assert verdict(60.0, 2500.0, 1960.0).startswith("Enough")
    assert verdict(0.06, np.nan, 1960.0).startswith("Not answered")


def test_what_tlr4_adds_is_said_for_every_case() -> None:
    assert "without any effect at TLR4" in added_sentence(np.inf, 1960.0)
    assert "no effect at TLR4 is strong enough" in added_sentence(np.nan, 1960.0)
    assert "980 times" in added_sentence(2.0, 1960.0)


def test_the_script_answers_from_its_own_runs(tmp_path: Path) -> None:
    text = experiment(tmp_path, Setting(weeks=4, steps=2))
    hours = pd.read_csv(tmp_path / "potency_gap_concentrations.csv", index_col="hour")
    assert f"peaks at {hours['4.5 mg'].max():.1f} nM in the brain" in text
    np.testing.assert_allclose(hours["6 mg"] / hours["3 mg"], 2.0, rtol=1e-3)
    need = pd.read_csv(tmp_path / "potency_gap_needed.csv", index_col="dose")
    assert set(need.columns) == {"glial", "rebound"}
    alone = need["glial"].dropna()
    assert (np.diff(alone) >= 0).all(), "more drug needs no more potency"
    assert (tmp_path / "potency_gap.png").stat().st_size > 20_000
    assert (tmp_path / "potency_gap.md").read_text("utf-8").startswith("# How much direct effect")
