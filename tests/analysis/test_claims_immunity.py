"""Rules of claims about immunity, balance and exercise can hold and can fail.

Each is given made-up courses: one in which its claim is so, and ones in which a single part is not.
"""

from __future__ import annotations

import numpy as np
import pytest

from ldnsim.analysis.claims import RULES, autoimmune, drug, virtuous
from ldnsim.analysis.judged.record import Setting
from ldnsim.edition import shipped
from tests.analysis.made_up import faked, only

LUPUS, CROHN = (autoimmune.DISEASES.index(n) for n in ("lupus", "crohn"))


@pytest.mark.parametrize(
    ("activity", "remission", "itch", "more", "shown"),
    [
        (0.3, 0.9, 2.0, {}, True),
        (0.4, 0.9, 2.0, {}, False),
        (0.3, 0.3, 2.0, {("remission", LUPUS, 26): 0.3}, False),  # none remits
        (0.3, 0.9, 4.0, {}, False),
        (0.3, 0.9, 2.0, {("remission", LUPUS, 26): 0.9}, False),  # all remit
        (0.3, 0.9, 2.0, {("disease_activity", CROHN, 8): 0.1}, False),  # -80 % in eight weeks
        (0.3, 0.9, 2.0, {("remission", CROHN, 12): 0.9}, False),  # more than a third of patients
    ],
)
def test_diseases_improve_some_remit_and_itch_halves(
    monkeypatch: pytest.MonkeyPatch, activity: float, remission: float, itch: float,
    more: dict[tuple[str, int, int], float], shown: bool,
) -> None:  # fmt: skip
    """All but one disease remit by the end, and in Crohn's disease not before."""
    later = {"disease_activity": activity, "remission": remission, "sensory_symptom": itch}
    rest = {"disease_activity": 0.5, "remission": 0.01, "sensory_symptom": 6.0}
    less = {("remission", LUPUS, 26): 0.3, ("remission", CROHN, 12): 0.3} | more

    def then(name: str, run: int, week: int) -> float:
        return less.get((name, run, week), later[name])

    asked = faked(monkeypatch, autoimmune, rest, then)
    found = only(autoimmune.activity)
    assert found.shown is shown and [r.phenotype for r in asked] == list(autoimmune.DISEASES)
    assert found.value is not None and (found.value >= 1.0) is shown
    assert ("(remits)" in found.simulated) is (remission > 0.5)


def test_the_bounds_of_a_trial_are_those_of_its_row() -> None:
    row = shipped().observations["crohn_children_activity"]
    assert row.interval[0] == autoimmune.NO_LESS


def test_who_was_in_remission_before_does_not_remit(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {"disease_activity": 0.1, "remission": 0.8, "sensory_symptom": 6.0}
    later = {"disease_activity": 0.01, "remission": 0.99, "sensory_symptom": 1.0}
    faked(monkeypatch, autoimmune, rest, lambda name, run, week: later[name])
    assert only(autoimmune.activity).shown is False


@pytest.mark.parametrize(
    ("drug_nk", "steroid_nk", "blood", "shown"),
    [
        (1.0, 0.7, 0.8, True),
        (0.9, 0.7, 0.8, False),
        (1.0, 1.0, 0.8, False),
        (1.0, 0.7, 0.99, False),
    ],
)
def test_modulation_is_not_suppression(
    monkeypatch: pytest.MonkeyPatch, drug_nk: float, steroid_nk: float, blood: float, shown: bool
) -> None:
    drug_does = {"nk_killing": drug_nk, "blood_cytokines": blood, "regulatory_cells": 1.02}
    steroid = {"nk_killing": steroid_nk}

    def later(name: str, run: int, week: int) -> float:
        return drug_does.get(name, 0.9) if run == 0 else steroid.get(name, 0.7)

    asked = faked(monkeypatch, autoimmune, dict.fromkeys(autoimmune.SUPPRESSED, 1.0), later)
    assert only(autoimmune.modulation).shown is shown
    given = [[a.name for a in run.modifiers.adjuncts] for run in asked]
    assert given == [[], ["prednisone"]]


@pytest.mark.parametrize(("nk", "watch", "shown"), [(1.1, 1.1, True), (1.1, 0.9, False)])
def test_surveillance_needs_both(
    monkeypatch: pytest.MonkeyPatch, nk: float, watch: float, shown: bool
) -> None:
    later = {"nk_killing": nk, "surveillance": watch, "effector_cells": 0.9}
    faked(monkeypatch, autoimmune, dict.fromkeys(later, 1.0), lambda name, run, week: later[name])
    found = only(autoimmune.surveillance)
    assert found.shown is shown and "no tumour" in found.simulated


@pytest.mark.parametrize(
    ("turned", "g", "shown"),
    [
        ("", 0.2, True),
        ("microglia_m1", 0.2, False),
        ("", 1.2, False),
        ("", -0.1, False),
        ("", 0.01, False),
    ],
)
def test_a_circle_is_virtuous_when_it_turns_and_does_not_run_away(
    monkeypatch: pytest.MonkeyPatch, turned: str, g: float, shown: bool
) -> None:
    def later(name: str, run: int, week: int) -> float:
        sign = virtuous.ARROWS[name] * (-1.0 if name == turned else 1.0)
        return 1.0 + 0.05 * sign

    faked(monkeypatch, virtuous, dict.fromkeys(virtuous.ARROWS, 1.0), later)
    monkeypatch.setattr(virtuous, "loop_gain", lambda s, run: np.full((1, 2), g))
    found = only(virtuous.virtuous)
    assert found.shown is shown and found.value == pytest.approx(g)


@pytest.mark.parametrize(
    ("well", "moves", "shown"), [(1.02, 0.5, True), (1.2, 0.5, False), (1.02, 0.2, False)]
)
def test_an_adaptogen_leaves_the_well_alone_and_moves_the_ill(
    monkeypatch: pytest.MonkeyPatch, well: float, moves: float, shown: bool
) -> None:
    # healthy on 4.5 and 50 mg, then the patient, whose TNF and pain are off
    rest: dict[str, list[float]] = {n: [1.0, 1.0, 1.0] for n in virtuous.FOLDS}
    rest |= {n: [1.0, 1.0, 1.0] for n in virtuous.POINTS}
    rest |= {"tnf": [1.0, 1.0, 2.0], "pain": [1.0, 1.0, 5.0]}

    def later(name: str, run: int, week: int) -> float:
        own = rest[name][run]
        if run < 2:
            return own * (well if name == "effector_cells" else 1.0)
        return own + moves * (rest[name][0] - own)

    faked(monkeypatch, virtuous, rest, later)
    found = only(virtuous.adaptogen)
    assert found.shown is shown and "2 are off" in found.simulated
    assert "most in effector cells" in found.simulated


def test_who_has_nothing_to_restore_is_no_evidence_of_an_adaptogen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    level = dict.fromkeys((*virtuous.FOLDS, *virtuous.POINTS), 1.0)
    faked(monkeypatch, virtuous, level, lambda name, run, week: 1.0)
    assert only(virtuous.adaptogen).shown is False


@pytest.mark.parametrize(
    ("rebound", "kept", "shown"), [(0.0, 0.0, True), (0.8, 0.0, False), (0.0, 1.0, False)]
)
def test_nothing_rebounds_and_a_lasting_cause_takes_benefit_back(
    monkeypatch: pytest.MonkeyPatch, rebound: float, kept: float, shown: bool
) -> None:
    rest = {"tnf": 2.0, "pain": 5.0, "mood": 5.0, "sleep_quality": 6.0}

    def later(name: str, run: int, week: int) -> float:
        if run == 1:
            return rest[name] - (1.0 if name == "pain" else 0.0) * (1.0 if week == 52 else kept)
        if week == 52:
            return {"tnf": 1.2, "pain": 3.0}.get(name, rest[name])
        return rest[name] + (rebound if name == "pain" and week == 55 else 0.0)

    faked(monkeypatch, virtuous, rest, later)
    assert only(virtuous.independence).shown is shown


@pytest.mark.parametrize(
    ("pain", "help_", "shown"),
    [((-0.5, -1.0, -1.2), 3.0, True), ((-0.1, -1.0, -1.2), 3.0, False),
     ((-0.5, -1.0, -0.2), 3.0, False), ((-0.5, -1.0, -1.2), 4.9, False)],
)  # fmt: skip
def test_exercise_helps_does_not_hide_benefit_and_prevents_helplessness(
    monkeypatch: pytest.MonkeyPatch, pain: tuple[float, ...], help_: float, shown: bool
) -> None:
    table = {
        "beta_endorphin": [1.0, 1.05, 1.4, 1.5, 1.0, 1.05],
        "pain": [5.0, *(5.0 + p for p in pain), 5.0, 5.0],
        "helplessness": [0.0, 0.0, 0.0, 0.0, 5.0, help_],
    }
    rest = {"beta_endorphin": 1.0, "pain": 5.0, "helplessness": 0.0}
    asked = faked(monkeypatch, drug, rest, lambda name, run, week: table[name][run])
    assert only(drug.exercise).shown is shown
    assert [r.modifiers.stress for r in asked] == [None, None, None, None, 1.0, 1.0]


@pytest.mark.parametrize(
    ("changed", "value", "shown"),
    [("", 0.0, True), ("nk_killing", 0.9, False), ("disease_activity", 0.9, False),
     ("nk_activity", 1.01, False)],
)  # fmt: skip
def test_immunity_rises_calms_and_is_not_suppressed(
    monkeypatch: pytest.MonkeyPatch, changed: str, value: float, shown: bool
) -> None:
    later = {"nk_activity": 1.1, "nk_killing": 1.1, "autoimmune_balance": 0.7,
             "disease_activity": 0.5}  # fmt: skip
    later |= {changed: value} if changed else {}
    faked(monkeypatch, drug, dict.fromkeys(later, 1.0), lambda name, run, week: later[name])
    assert only(drug.immunity).shown is shown


def test_no_drug_effect_shows_no_claim_about_what_the_drug_does() -> None:
    null = [Setting("null", phenotype="multiple_sclerosis")]
    rules = ("activity", "modulation", "surveillance", "virtuous", "adaptogen", "lifted")
    for name in rules:
        assert [f.shown for f in RULES[name](null)] == [False], name
    (nobody,) = RULES["attacks"](null)
    assert nobody.shown is None, "who has no attacks cannot have fewer"
