from __future__ import annotations

import pytest

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


def test_most_sensitive_starts_climb_in_steps_of_three_months() -> None:
    for name, start in (("most_sensitive_microgram", 1e-3), ("most_sensitive_nanogram", 1e-6)):
        phase = PROTOCOLS[name].phases[0]
        assert phase.start == start
        assert phase.interval == 90 * 24


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
