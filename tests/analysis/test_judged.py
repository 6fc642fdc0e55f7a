"""What behaviours and claims judge is measured and ruled on once, for both."""

from __future__ import annotations

import numpy as np
import pytest

from ldnsim.analysis.behaviours import patients, receptors
from ldnsim.analysis.claims import drug, patient
from ldnsim.analysis.judged.doses import CELLS, Series, standard
from ldnsim.analysis.judged.nights import AfterBlock, Dreams
from ldnsim.analysis.judged.record import Rule, Setting
from ldnsim.analysis.judged.response import (
    Response,
    needs_both,
    only_standard_flares,
    raised,
    responses,
)
from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped


def agree(behaviour: Rule, *claims: Rule, nowhere: bool = False) -> None:
    """Check that where a behaviour is shown, so are claims about a part of what it asks for."""
    settings = [Setting(h) for h in shipped().hypotheses]
    whole, *parts = (list(rule(settings)) for rule in (behaviour, *claims))
    assert nowhere is not any(w.shown for w in whole)
    for part in parts:
        assert not all(p.shown for p in part)
        for setting, w, p in zip(settings, whole, part, strict=True):
            assert p.shown or not w.shown, f"{setting.hypothesis}: {w.simulated}; {p.simulated}"


@pytest.mark.parametrize(
    ("behaviour", "claim"),
    [(receptors.rebounds, drug.rebound), (patients.dreams, drug.dreams)],
)
def test_a_behaviour_and_the_claim_about_the_same_agree(behaviour: Rule, claim: Rule) -> None:
    agree(behaviour, claim)


@pytest.mark.long
def test_so_do_those_that_take_longer() -> None:
    agree(patients.depletion, patient.depleted)
    agree(patients.failures, patient.genotype, patient.driver, patient.unmediated, nowhere=True)


def test_settings_tried_together_are_those_tried_alone() -> None:
    run, both = RunSpec.of(standard()), [Setting("dual_pathway"), Setting("tonic")]
    together = responses(both, [run], (4,)).tnf[:, 0, 0]
    alone = [responses([s], [run], (4,)).tnf[0, 0, 0] for s in both]
    assert together == pytest.approx(alone, abs=0.01) and abs(together[0] - together[1]) > 0.1


def test_peptides_rebound_only_after_six_clear_hours_and_both() -> None:
    day = np.where(np.arange(48) < 12, 0.1, 0.9)
    one = np.ones(2)
    assert AfterBlock(day, 1.06 * one, one).rebounds
    assert not AfterBlock(np.where(np.arange(48) < 11, 0.1, 0.9), 1.06 * one, one).rebounds
    assert not AfterBlock(day, np.array([1.06, 1.04]), one).rebounds


def test_dreams_fade_when_early_and_halved_and_are_there() -> None:
    week = np.arange(12)
    fading = np.maximum(1.0 - 0.3 * week, 0.2)
    paces = np.array([fading, 0.7 * fading, 0.5 * fading])
    assert Dreams(paces).fade and Dreams(paces).gentler
    assert str(Dreams(paces)).startswith("at once 1 (week 12 0.2), over 2 weeks 0.7")
    assert not Dreams(0.09 * paces).fade  # hardly any
    assert not Dreams(np.roll(paces, 4, axis=1)).fade  # late
    assert not Dreams(np.maximum(paces, 0.6)).fade  # lasting
    assert not Dreams(paces[[0, 2, 1]]).gentler
    assert not Dreams(np.array([fading, 0.85 * fading, 0.5 * fading])).gentler


def test_a_response_is_of_both_tnf_and_pain() -> None:
    tnf, pain = np.array([-40.0, -40.0, -10.0]), np.array([-0.5, -0.2, -0.5])
    assert Response(tnf, pain, tnf).good.tolist() == [True, False, False]


def test_less_pain_alone_is_a_response_of_who_should_have_none() -> None:
    tnf, pain = np.array([-8.0, -8.0, -20.0, -20.0]), np.array([-0.58, -0.1, -0.1, -0.6])
    assert Response(tnf, pain, tnf).spared.tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("tnf", "pain", "shown"),
    [
        ((-28.0, -2.0), (-0.9, -0.1), True),
        ((-28.0, -2.0), (-0.9, -0.45), False),  # the pain of the other falls
        ((-28.0, -20.0), (-0.9, -0.1), False),  # the TNF of the other falls
        ((-10.0, -2.0), (-0.9, -0.1), False),  # the default patient does not respond
    ],
)
@pytest.mark.parametrize("rule", [patient.driver, patient.unmediated])
def test_who_should_not_respond_has_neither_less_tnf_nor_less_pain(
    monkeypatch: pytest.MonkeyPatch, rule: Rule, tnf: tuple[float, float],
    pain: tuple[float, float], shown: bool,
) -> None:  # fmt: skip
    made = [np.array(x).reshape(1, 2, 1) for x in (tnf, pain)]
    monkeypatch.setattr(patient, "against_default", lambda *_: Response(*made, made[0]))
    (found,) = rule([Setting("dual_pathway")])
    assert found.shown is shown and f"{pain[1]:+.2f}" in found.simulated


def test_who_needs_both_treatments() -> None:
    assert needs_both((-20.0, -7.0, -80.0))
    assert not needs_both((-20.0, -7.0, -40.0)) and not needs_both((-20.0, -60.0, -80.0))


def test_a_flare_counts_where_only_the_standard_start_makes_it() -> None:
    worse, same = np.array([0.0, 1.0]), np.array([0.0, 0.1])
    assert only_standard_flares(np.array([worse, same]))
    assert not only_standard_flares(np.array([worse, 0.6 * worse]))
    assert not only_standard_flares(np.array([same, 0.0 * same]))


def test_a_dose_is_raised_by_a_fifth_or_to_none_at_all() -> None:
    assert raised(1.0, 1.3) and raised(1.0, np.inf)
    assert not raised(1.0, 1.1) and not raised(1.0, 0.5) and not raised(np.inf, np.inf)


def test_a_series_says_change_and_tipping_against_rest() -> None:
    table = Series({n: np.full((9, 4), 2.0) for n in ("tnf", CELLS)}, {"tnf": 2.5, CELLS: 5.0})
    assert table.percent("tnf", 4.5) == pytest.approx(-20.0) and table.tipped(4.5, 26)
    few = Series({CELLS: np.full((9, 4), 2.0)}, {CELLS: 3.0})
    assert not few.tipped(4.5, 26)
