"""An edition with a hypothesis and an observation of one's own is judged with its own numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ldnsim.analysis import continue_orbit
from ldnsim.analysis.behaviours import behaviour_checks
from ldnsim.analysis.behaviours.scorecard import scorecard
from ldnsim.analysis.claims import drug, judge
from ldnsim.analysis.evidence.calibrate import with_free
from ldnsim.analysis.evidence.probes import score
from ldnsim.analysis.judged.record import Setting
from ldnsim.analysis.trial.cohort import cohort
from ldnsim.analysis.trial.simulated import trial_study
from ldnsim.edition import Edition, extended
from ldnsim.errors import UserError

OWN = """
[hypotheses.tight]
title = "Tight"
statement = "Naltrexone binds mu receptors more tightly, and dreams are rarer."
evidence_for = ["A test."]
evidence_against = ["A test."]
overrides.kd_mor = {value = 0.3, grade = "assumed", note = "A test."}
overrides.dream_gain = {value = 2.0, grade = "assumed", note = "A test."}

[observations.tight_constant]
title = "constant of binding"
group = "receptors"
value = 0.3
sd = 0.05
unit = "nmol/L"
hypotheses = ["tight", "dual_pathway"]
evidence = "A test."
probe = {kind = "parameter", parameter = "kd_mor"}
"""
SAME = {"kd_mor": 0.3, "dream_gain": 2.0}


@pytest.fixture
def own(tmp_path: Path) -> Edition:
    """Return the shipped edition with a hypothesis and an observation."""
    (tmp_path / "own.toml").write_text(OWN)
    return extended(["own.toml"], tmp_path)


def test_a_hypothesis_of_ones_own_has_a_row_with_its_own_numbers(own: Edition) -> None:
    rows = {c.hypothesis: c for c in behaviour_checks(["E13"], edition=own)}
    assert list(rows)[-1] == "tight" and len(rows) == 9
    assert rows["tight"].simulated != rows["dual_pathway"].simulated
    assert rows["tight"].note.startswith("not claimed here")
    with pytest.raises(UserError, match="tight"):
        behaviour_checks(["E13"], ["tight"])


def test_an_observation_of_ones_own_is_scored_under_the_hypotheses_it_names(own: Edition) -> None:
    rows = {c.hypothesis: c for c in scorecard(["tight_constant"], edition=own)}
    assert rows["tight"].value == 0.3 and rows["tight"].passed
    assert rows["dual_pathway"].passed is False and len(rows) == 2
    with pytest.raises(UserError, match="tight_constant"):
        score(names=["tight_constant"])
    shared = score(["tight"], names=["final_typical"], edition=own)
    assert [c.hypothesis for c in shared] == ["tight"] and shared[0].value is not None


def test_a_claim_is_judged_under_every_hypothesis_of_the_edition(own: Edition) -> None:
    judged = judge(["C11"], shake=False, edition=own)[0]
    (same,) = drug.dreams([Setting("dual_pathway", SAME)])
    assert judged.found["tight"].value == same.value
    assert judged.found["tight"].simulated == same.simulated
    assert judged.found["tight"].simulated != judged.found["dual_pathway"].simulated
    assert "tight" in judged.reproduced_by and "tight" in judged.verdict


def test_states_fits_and_trials_know_the_hypothesis(own: Edition) -> None:
    branch = continue_orbit("kd_mor", 0.2, 0.5, hypothesis="tight", points=10, edition=own)
    assert branch.own == 0.3 and branch.rests
    group = replace(next(iter(own.fit_groups.values())), hypothesis="tight", free=())
    (free,) = with_free(group, ["kd_mor"], own).free
    assert (free.low * free.high) ** 0.5 == pytest.approx(0.3)
    assert trial_study([], 1, "fibromyalgia", 4, 1, hypothesis="tight", edition=own).edition is own
    four = ("4.5 mg nightly at 22:00, for 1 wk", 1, "fibromyalgia", 4, 1)
    mine, plain = cohort("tight", *four, edition=own), cohort("dual_pathway", *four)
    same = cohort("dual_pathway", *four, tuple(sorted(SAME.items())))
    assert mine.after == pytest.approx(same.after, rel=1e-6)
    assert (mine.after != plain.after).all()
