from __future__ import annotations

import numpy as np
import pytest

from ldnsim.errors import UserError
from ldnsim.regimen import Regimen, protocols

PROTOCOLS = protocols()


def reached_week(regimen: Regimen) -> float:
    rungs = regimen.rungs()
    peak = max(r.amount_mg for r in rungs)
    return next(r.start_h for r in rungs if r.amount_mg == peak) / 168


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_is_labelled_sourced_and_reaches_its_target(name: str) -> None:
    regimen = PROTOCOLS[name]
    assert regimen.name == name
    assert regimen.title
    assert regimen.description
    assert regimen.sources or name == "placebo"
    assert regimen.reaches_target
    assert regimen.steps_assumed == ("steps assumed" in regimen.description)
    assert Regimen.parse(str(regimen)) == regimen
    assert Regimen.parse(name) == regimen


def test_standard_and_careful_are_as_described() -> None:
    standard, careful = PROTOCOLS["standard"], PROTOCOLS["careful"]
    assert 0.1 <= standard.doses().amount_mg[0] <= 1.5
    assert 2 <= reached_week(standard) <= 4
    assert careful.doses().amount_mg[0] <= 0.5
    assert 2 * 168 <= (careful.phases[0].interval or 0) <= 4 * 168


def test_most_sensitive_starts_climb_in_steps_of_three_months_none_above_half_a_milligram() -> None:
    for name, start in (("most_sensitive_microgram", 1e-3), ("most_sensitive_nanogram", 1e-6)):
        regimen = PROTOCOLS[name]
        assert regimen.phases[0].start == start
        assert [p.interval for p in regimen.phases] == [90 * 24] * 2
        rungs = regimen.rungs()
        assert np.diff([r.start_h for r in rungs]) == pytest.approx(90 * 24, abs=24)
        assert np.diff([r.amount_mg for r in rungs]).min() > 0
        assert np.diff([r.amount_mg for r in rungs]).max() <= 0.5 + 1e-12
        assert rungs[-1].amount_mg == 4.5


def test_trial_schedules_have_the_published_doses_and_weeks() -> None:
    assert [(r.start_h / 168, r.amount_mg) for r in PROTOCOLS["registry_8_weeks"].rungs()] == [
        (0, 1.5),
        (1, 3),
        (2, 4.5),
    ]
    assert PROTOCOLS["registry_8_weeks"].duration_h == 8 * 168
    assert reached_week(PROTOCOLS["final_trial"]) == 4
    assert PROTOCOLS["final_trial"].doses().amount_mg.max() == 6
    assert reached_week(PROTOCOLS["polo_clinic"]) == 6
    assert PROTOCOLS["polo_clinic"].doses().time_h[0] == 8
    assert PROTOCOLS["full_dose"].doses().amount_mg.min() == 50
    assert PROTOCOLS["placebo"].doses().amount_mg.max() == 0
    assert [p.kind for p in PROTOCOLS["younger_2009"].phases] == [
        "stop",
        "placebo",
        "doses",
        "stop",
    ]


def test_the_names_a_reader_knows_are_an_argument() -> None:
    """Another edition's protocols stand in place of the shipped ones, also in the advice."""
    own = {"quick": Regimen.parse("1 mg nightly on Mon/Thu at 21:00, starting on Wed, for 3 wk")}
    assert Regimen.parse("quick", own) == own["quick"]
    assert Regimen.parse({"phases": "quick", "name": "mine"}, own).name == "mine"
    assert Regimen.parse("4.5 mg nightly", own) == Regimen.parse("4.5 mg nightly")
    with pytest.raises(UserError, match="did you mean the protocol 'quick'"):
        Regimen.parse("Quick", own)
    for text in ("standard", "quick for 4 wk"):
        with pytest.raises(UserError):
            Regimen.parse(text, own)
    with pytest.raises(UserError):
        Regimen.parse("quick")


def test_a_named_regimen_keeps_its_label_and_its_day() -> None:
    labelled = protocols()["standard"]
    read = Regimen.parse("known", {"known": labelled})
    assert (read.title, read.sources, read.name) == (labelled.title, labelled.sources, "standard")
    dated = Regimen.parse("1 mg nightly on Mon, starting on Wed, for 3 wk")
    assert Regimen.parse("dated", {"dated": dated}).start_day == dated.start_day
    with pytest.raises(UserError, match="given twice"):
        Regimen.parse({"phases": "dated", "start_day": "Mon"}, {"dated": dated})
