"""The comparator: directions are told from the runs, and a steroid ends with the treatment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from modulation import (
    ARMS,
    CELLS,
    DRUG,
    HYPOTHESES,
    LEVEL,
    PATIENTS,
    STEROID,
    Setting,
    directions,
    experiment,
    headline,
    spec,
    told,
)


def rows_of(drug_nk: float) -> pd.DataFrame:
    """Rows in which all is as the story says, but for what the drug does to NK cells."""
    drug = {"blood_cytokines": 0.8, "regulatory_cells": 1.1, "nk_killing": drug_nk}
    steroid = {"blood_cytokines": 0.4, "regulatory_cells": 0.7, "nk_killing": 0.6}
    keys = [(h, p, a, 4) for h in HYPOTHESES for p in PATIENTS for a in ARMS]
    index = pd.MultiIndex.from_tuples(keys, names=["hypothesis", "patient", "arm", "week"])
    data = [{**dict.fromkeys(CELLS, 1.0), **(drug if k[2] == DRUG else steroid)} for k in keys]
    return pd.DataFrame(data, index).sort_index()


def test_small_changes_have_no_direction() -> None:
    found = directions(pd.Series({"a": -10.0, "b": 2.0, "c": 4.0, "d": np.nan}))
    assert found == {"a": -1, "b": 0, "c": 1, "d": 0}
    assert told(np.nan) == "-" and told(-10.0) == "-10 %"


def test_the_headline_counts_and_can_say_none() -> None:
    n = len(PATIENTS) - 1
    assert f"{HYPOTHESES[0]} in {n} of {n}" in headline(rows_of(1.05), 4)
    assert f"{HYPOTHESES[0]} in 0 of {n}" in headline(rows_of(0.9), 4)


def test_a_steroid_ends_with_the_treatment() -> None:
    kept = spec("crohn", HYPOTHESES[0], STEROID, 2).changes
    assert [(c.at, c.value) for c in kept] == [(0.0, LEVEL), (336.0, 0.0)]
    assert spec("crohn", HYPOTHESES[0], DRUG, 2).changes == ()


@pytest.mark.long
def test_a_short_run_is_written(tmp_path: Path) -> None:
    text = " ".join(experiment(tmp_path, Setting(weeks=2)).split())
    assert "under dual_pathway in" in text and "Not medical advice" in text
    written = {p.name for p in tmp_path.iterdir()}
    assert written == {f"modulation.{kind}" for kind in ("png", "txt", "md", "csv")}
