from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ldnsim.config.run import RunSpec
from ldnsim.config.study import StudyConfig
from ldnsim.edition import shipped
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import default_model
from ldnsim.runs import events
from ldnsim.runs.task import Events

NAME = "alpha_lipoic_acid"
EFFECT = shipped().adjuncts[NAME].effects[0]


def run(text: str) -> RunSpec:
    return StudyConfig.loads('regimen = "1 mg nightly, for 8 wk"\n' + text).base_run()


def changes(text: str, own: float = 2.0, end: float = 1e4) -> list[Any]:
    """Times and values of the adjunct's first target for a patient whose own values are ``own``."""
    model = default_model()
    vector = np.full(len(model.parameters), own)
    found = events.parameter_events(run(text), vector, end)
    mine = found.target == len(model.states) + model.parameter_index[EFFECT.target]
    return list(zip(found.time[mine].tolist(), found.value[mine].tolist(), strict=True))


def test_doses_become_nmol_in_the_right_depot_and_missed_ones_nothing() -> None:
    index = default_model().state_index
    _, found = events.dose_events(
        default_model(),
        np.array([22.0, np.nan, 46.0, 70.0]),
        np.array([1.0, 0.0, 2.0, 3.0]),
        np.array([False, False, True, False]),
        70.0,
    )
    assert found.time.tolist() == [22.0, 46.0], "a dose at the end is not given"
    assert found.target.tolist() == [index["gut_fast"], index["gut_slow"]]
    assert found.value == pytest.approx([NMOL_PER_MG, 2.0 * NMOL_PER_MG])


def test_an_adjunct_multiplies_the_patients_own_value_and_gives_it_back() -> None:
    text = f'modifiers.adjuncts = [{{name = "{NAME}", start = "1 wk", stop = "2 wk"}}]'
    assert changes(text) == [(168.0, 2.0 * EFFECT.amount), (336.0, 2.0)]


def test_a_change_is_a_level_and_the_factor_of_an_adjunct_stays_on_top_of_it() -> None:
    factor, target = EFFECT.amount, EFFECT.target
    text = (
        f'modifiers.adjuncts = ["{NAME}"]\n'
        f'[[changes]]\nat = "1 wk"\nparameter = "{target}"\nvalue = 0.5\n'
        f'[[changes]]\nat = "2 wk"\nparameter = "{target}"\nfactor = 0.5\n'
    )
    expected = [(0.0, 2.0 * factor), (168.0, 0.5 * factor), (336.0, 2.0 * 0.5 * factor)]
    assert changes(text) == [(t, pytest.approx(v)) for t, v in expected]


@pytest.mark.parametrize(
    ("second", "expected"), [("factor = 1.0", 0.02), ("value = 0.5", 0.5), ("factor = 0.5", 0.01)]
)
def test_the_latest_change_wins_and_its_factor_is_on_the_starting_value(
    second: str, expected: float
) -> None:
    target = EFFECT.target
    text = (
        f'[[changes]]\nat = "2 d"\nparameter = "{target}"\nfactor = 0.2\n'
        f'[[changes]]\nat = "4 d"\nparameter = "{target}"\n{second}\n'
    )
    found = changes(text, own=0.02)
    assert found == [(48.0, pytest.approx(0.004)), (96.0, pytest.approx(expected))]


def test_nothing_is_set_at_or_after_the_end() -> None:
    text = f'modifiers.adjuncts = [{{name = "{NAME}", start = "1 wk", stop = "2 wk"}}]'
    assert len(changes(text, end=336.0)) == 1


def test_exercise_and_stress_are_levels_from_the_start() -> None:
    model = default_model()
    own = np.zeros(len(model.parameters))
    found = events.parameter_events(run("modifiers.exercise = 0.3"), own, 1e4)
    where = len(model.states) + model.parameter_index["exercise"]
    assert (found.time.tolist(), found.target.tolist(), found.value.tolist()) == (
        [0.0],
        [where],
        [0.3],
    )


def test_merging_keeps_the_order_at_equal_times() -> None:
    def one(t: float, k: int) -> Events:
        return Events(np.array([t]), np.array([k]), np.array([1.0]))

    found = events.merge([one(5.0, 1), one(2.0, 2), one(5.0, 3)])
    assert found.target.tolist() == [2, 1, 3]


def test_every_effect_of_an_adjunct_begins_with_it_and_ends_with_it() -> None:
    model, effects = default_model(), shipped().adjuncts["exercise"].effects
    own = np.full(len(model.parameters), 0.01)
    text = 'modifiers.adjuncts = [{name = "exercise", start = "1 wk", stop = "2 wk"}]'
    found = events.parameter_events(run(text), own, 1e4)
    during: dict[int, float] = {}
    after: dict[int, float] = {}
    for time, target, value in zip(found.time, found.target, found.value, strict=True):
        (during if time == 168.0 else after)[int(target) - len(model.states)] = float(value)
    at = [model.parameter_index[e.target] for e in effects]
    assert {e.sets_value for e in effects} == {True, False}
    assert set(found.time.tolist()) == {168.0, 336.0}
    assert after == dict.fromkeys(at, 0.01)
    assert during == {
        k: pytest.approx(e.amount if e.sets_value else 0.01 * e.amount)
        for k, e in zip(at, effects, strict=True)
    }


def at_once(text: str) -> dict[str, list[tuple[float, float]]]:
    """Times and values of each parameter that is set, for the default patient."""
    model = default_model()
    found = events.parameter_events(run(text), model.defaults(), 1e4)
    names, values = list(model.parameters), dict[str, list[tuple[float, float]]]()
    for time, target, value in zip(found.time, found.target, found.value, strict=True):
        values.setdefault(names[target - len(model.states)], []).append((time, value))
    return values


def amount(adjunct: str, target: str) -> float:
    return next(e.amount for e in shipped().adjuncts[adjunct].effects if e.target == target)


def test_factors_of_adjuncts_on_one_parameter_multiply() -> None:
    pair = "fish_oil", "n_acetylcysteine"
    fish, cysteine = (amount(name, "factor_il6") for name in pair)
    text = 'modifiers.adjuncts = ["fish_oil", {name = "n_acetylcysteine", start = "1 wk"}]'
    assert at_once(text)["factor_il6"] == [(0.0, fish), (168.0, pytest.approx(fish * cysteine))]


def test_of_two_values_for_one_parameter_the_one_begun_later_holds() -> None:
    weak, strong = (amount(name, "added_burden") for name in ("cannabidiol", "ketotifen"))
    text = (
        'modifiers.adjuncts = [{name = "ketotifen", start = "1 wk", stop = "2 wk"}, "cannabidiol"]'
    )
    assert at_once(text)["added_burden"] == [(0.0, weak), (168.0, strong), (336.0, weak)]
