"""The answer on individual dosing is read from the runs, and says none where nothing is gained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import own_dose
import pandas as pd
import pytest
from own_dose import ASKED, DOSES, NONE, QUESTION, Setting, asking, claim, experiment, main, verdict

from ldnsim.config.knobs import can_make
from ldnsim.config.optimise import AT_ONCE, CAPSULES
from ldnsim.regimen import Regimen
from ldnsim.sweep.study import Study


def frame(**columns: list[float]) -> pd.DataFrame:
    """Two hypotheses, of which the first gains."""
    names = {"gap": [0.3, 0.0], "gap_low": [0.1, 0.0], "gain at own": [0.6, 0.2],
             "gain at one": [0.5, 0.2], "best for gain": ["3 mg", "9 mg"]}  # fmt: skip
    more = {f"{w} {a}": [0.0, 0.0] for a in ASKED for w in ("asking", "error")}
    return pd.DataFrame({**names, **more, **columns}, index=["a", "b"])


def test_the_verdict_needs_the_whole_interval() -> None:
    assert "under a (0.30). Not under b" in verdict(frame())
    none = verdict(frame(gap_low=[0.04, 0.0]))
    assert none.startswith("Under none of these hypotheses")
    assert "Not under" not in verdict(frame(gap_low=[0.1, 0.06]))


def test_gains_are_counted_as_by_the_claim() -> None:
    told = claim(frame())
    assert "a 60 % and 50 % (3 mg); b 20 % and 20 % (9 mg)" in told and told.endswith("under a.")
    assert claim(frame(**{"gain at own": [0.54, 0.2]})).endswith("under none.")


def test_asking_is_worth_something_beyond_two_errors_only() -> None:
    reserve = {"asking reserve": [0.1, 0.1], "error reserve": [0.02, 0.06]}
    told = asking(frame(**reserve))
    assert "a: reserve 0.10 of 0.30" in told and "b:" not in told
    assert "not seen to be worth anything" in asking(frame())


def test_every_dose_can_be_made_and_one_is_none() -> None:
    assert all(can_make(CAPSULES, AT_ONCE, d) for d in DOSES)
    found = Setting(weeks=8).regimens()
    assert next(iter(found)) == NONE and len(found) == len(DOSES) + 1
    tops = [float(Regimen.parse(t).doses().amount_mg.max()) for t in found.values()]
    assert tops == [0.0, *DOSES]


@pytest.mark.parametrize(("words", "said"), [(["--patients", "4"], "8 or more"),
                                             (["--points", "9"], "2 to 6 doses")])  # fmt: skip
def test_wrong_sizes_are_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["--out", str(tmp_path), *words]) == 2
    assert said in capsys.readouterr().err


def test_the_script_answers_from_its_own_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = own_dose.study

    def exact(*given: Any) -> Study:
        found = study(*given)
        return found.model_copy(update={"solver": found.solver.model_copy(update={"rtol": 1e-8})})

    monkeypatch.setattr(own_dose, "study", exact)
    s = Setting(weeks=3, patients=8, doses=2, hypotheses=("dual_pathway", "null"))
    text = experiment(tmp_path, s)
    assert text.startswith(QUESTION)
    table = pd.read_csv(tmp_path / "own_dose_gains.csv", index_col=[0, 1],
                        keep_default_na=False)  # fmt: skip
    null = table.loc[("pain alone", "null")]
    # drug that does nothing still has the solver take other steps
    assert np.allclose(null[["gap", "utility", "gain at own"]].astype(float), 0.0, atol=1e-8)
    shares = table[[c for c in table if c.startswith("share ")]].sum(axis=1)
    assert np.allclose(shares, 1.0)
    assert (table["gap_low"] <= table["gap"] + 1e-9).all()
    both, pain = table.loc["pain and burden"], table.loc["pain alone"]
    assert both.loc["dual_pathway", "utility"] < pain.loc["dual_pathway", "utility"] + 1e-9
    assert (tmp_path / "own_dose.png").stat().st_size > 20_000
