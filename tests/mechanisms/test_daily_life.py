"""Sleep, cognition, senses, attacks and function: what moves them, and which way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.edition import shipped
from ldnsim.mechanisms import daily_life
from ldnsim.mechanisms.record import arguments_of

MODEL = shipped().model
WORSE = {
    "felt_inflammation": 0.3, "sensitisation": 0.3, "pain": 2.0, "stress": 0.5, "insomnia": 2.0,
    "mast_activation": 4.0, "disease_activity": 0.4, "fatigue": 3.0, "neuronal_health": -0.3,
    "felt_analgesia": -0.3, "mood": -2.0, "sleep_quality": -2.0, "brain_fog": 2.0,
    "physical_function": -2.0, "adverse_burden": 1.0, "function_repaired": -0.3,
}  # fmt: skip
"""A step for the worse of each cause."""
WELL = {
    "felt_inflammation": 0.05, "sensitisation": 0.05, "pain": 1.0, "stress": 0.1, "insomnia": 0.0,
    "mast_activation": 1.0, "disease_activity": 0.0, "fatigue": 1.0, "neuronal_health": 0.95,
    "felt_analgesia": 1.0, "mood": 7.0, "sleep_quality": 8.0, "brain_fog": 1.0,
    "physical_function": 8.0, "adverse_burden": 0.0, "function_repaired": 0.8,
}  # fmt: skip
SCORES = (
    "sleep_quality", "brain_fog", "sensory_symptom", "attack_rate", "attack_pain",
    "physical_function", "helplessness", "quality_of_life",
)  # fmt: skip


def read(name: str, **causes: float) -> float:
    """A score at well-being, some causes set apart; attacks are there to be counted."""
    of: dict[str, Any] = {}
    for argument in arguments_of(getattr(daily_life, name)):
        known = MODEL.parameters.get(argument)
        of[argument] = WELL.get(argument, known.value if known else 0.0)
    of |= {"attacks": 2.0} if "attacks" in of else {}
    return float(getattr(daily_life, name)(**(of | causes)))


@pytest.mark.parametrize("name", SCORES)
def test_each_cause_moves_a_score_for_the_worse(name: str) -> None:
    sign = 1.0 if daily_life.M.variables[name].better == "higher" else -1.0
    causes = [c for c in arguments_of(getattr(daily_life, name)) if c in WORSE]
    assert causes
    for cause in causes:
        worse = read(name, **{cause: WELL[cause] + WORSE[cause]})
        assert sign * (worse - read(name)) < 0.0, cause


@given(st.fixed_dictionaries({
    "felt_inflammation": st.floats(0.0, 1.0), "sensitisation": st.floats(0.0, 1.0),
    "neuronal_health": st.floats(0.0, 1.0), "felt_analgesia": st.floats(0.0, 3.0),
    "stress": st.floats(0.0, 1.0), "disease_activity": st.floats(0.0, 1.0),
    "pain": st.floats(0.0, 10.0), "fatigue": st.floats(0.0, 10.0),
}))  # fmt: skip
def test_scores_stay_on_their_scale(causes: dict[str, float]) -> None:
    for name in (
        "sleep_quality",
        "brain_fog",
        "sensory_symptom",
        "physical_function",
        "helplessness",
    ):
        mine = {k: v for k, v in causes.items() if k in arguments_of(getattr(daily_life, name))}
        assert 0.0 <= read(name, **mine) <= 10.0


def test_quality_of_life_weighs_everything_once() -> None:
    names = ("pain", "fatigue", "mood", "sleep", "fog", "function")
    weights = [MODEL.parameters[f"quality_{n}"].value for n in names]
    assert sum(weights) == pytest.approx(1.0)
    best = {"pain": 0.0, "fatigue": 0.0, "brain_fog": 0.0, "mood": 10.0, "sleep_quality": 10.0,
            "physical_function": 10.0}  # fmt: skip
    assert read("quality_of_life", **best) == pytest.approx(100.0)
    worst = {k: 10.0 - v for k, v in best.items()}
    assert read("quality_of_life", **worst) == pytest.approx(0.0)


def test_function_has_a_fast_part_and_a_slow_one() -> None:
    at_once = read("physical_function", felt_analgesia=1.2)
    repaired = read("physical_function", function_repaired=0.95)
    assert read("physical_function") < at_once and read("physical_function") < repaired
    assert read("function_repaired", neuronal_health=1.0) == 1.0


def test_who_has_no_attacks_gets_none_and_nobody_is_helpless_without_stress() -> None:
    assert read("attack_rate", attacks=0.0, sensitisation=1.0) == 0.0
    assert read("helplessness", stress=0.0, felt_analgesia=0.1) == 0.0
