"""Rules of claims about symptoms and about starting can hold and can fail.

Each is given made-up courses: one in which its claim is so, and ones in which a single part is not.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ldnsim.analysis.claims import starting, symptom
from ldnsim.analysis.claims.verdict import built_in
from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped
from tests.analysis.made_up import faked, only

SICK = {"fatigue": [5.0, 3.0], "brain_fog": [3.0, 2.0], "mood": [5.0, 6.0],
        "sleep_quality": [6.0, 7.5]}  # fmt: skip


@pytest.mark.parametrize(
    ("lifts", "shown"), [({}, True), ({"mood": 0.1}, False), ({"fatigue": -0.2}, False)]
)
def test_every_symptom_has_to_lift(
    monkeypatch: pytest.MonkeyPatch, lifts: dict[str, float], shown: bool
) -> None:
    def later(name: str, run: int, week: int) -> float:
        ill, well = SICK[name]
        return ill + lifts.get(name, 0.5) * (well - ill) * (week / 52)

    asked = faked(monkeypatch, symptom, SICK, later)
    found = only(symptom.lifted)
    assert found.shown is shown
    assert asked[1].basin == "resolved" and dict(asked[1].parameters) == {"driver": 0.01}


def test_symptoms_that_inflammation_does_not_bring_are_not_lifted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slight = {**SICK, "mood": [5.0, 5.3]}
    faked(monkeypatch, symptom, slight, lambda name, run, week: slight[name][1])
    assert only(symptom.lifted).shown is False


@pytest.mark.parametrize(("off", "shown"), [(0.6, True), (0.4, False)])
def test_sleep_and_tinnitus_have_to_stay_better(
    monkeypatch: pytest.MonkeyPatch, off: float, shown: bool
) -> None:
    rest = {"sleep_quality": [4.0, 8.0, 6.0], "sensory_symptom": [4.0, 0.0, 2.0]}

    def later(name: str, run: int, week: int) -> float:
        ill, well, _ = rest[name]
        return ill + (0.7 if week == 26 else off) * (well - ill)

    faked(monkeypatch, symptom, rest, later)
    found = only(symptom.senses)
    assert found.shown is shown and "(50% at best)" in found.simulated


@pytest.mark.parametrize(
    ("rate", "pain", "shown"), [(4.0, 6.0, True), (6.0, 6.0, False), (4.0, 6.8, False)]
)
def test_attacks_halve_and_hurt_less(
    monkeypatch: pytest.MonkeyPatch, rate: float, pain: float, shown: bool
) -> None:
    later = {"attack_rate": rate, "attack_pain": pain}
    faked(monkeypatch, symptom, {"attack_rate": 9.0, "attack_pain": 7.5},
          lambda name, run, week: later[name])  # fmt: skip
    assert only(symptom.attacks).shown is shown


@pytest.mark.parametrize(
    ("worst", "shown"), [((2.0, 4.0), True), ((2.0, 2.5), False), ((0.01, 0.02), False)]
)
def test_trauma_raises_a_burden_that_is_there(
    monkeypatch: pytest.MonkeyPatch, worst: tuple[float, float], shown: bool
) -> None:
    table = np.array([[[w, 1.0] for w in worst]])
    monkeypatch.setattr(symptom, "attempt", lambda *a: SimpleNamespace(values=table))
    assert only(symptom.nightmares).shown is shown


def test_a_claim_that_holds_by_construction_says_so() -> None:
    claim = shipped().claims["C23"]
    text = built_in("holds under null", claim.by_construction)
    assert text.startswith("holds under null; by construction: post_traumatic_stress multiplies")
    assert built_in("holds under null", shipped().claims["C24"].by_construction).endswith("null")


@pytest.mark.parametrize(
    ("soon", "late", "shown"), [(0.2, 1.0, True), (0.0, 1.0, False), (0.2, 0.3, False)]
)
def test_function_has_a_fast_part_and_a_slow_one(
    monkeypatch: pytest.MonkeyPatch, soon: float, late: float, shown: bool
) -> None:
    def later(name: str, run: int, week: int) -> float:
        if name == "physical_function":
            # at once in one of them is enough
            return 4.0 + (late if week == 52 else soon if run == 1 else 0.0)
        return {"brain_fog": 4.0, "function_repaired": 0.3}[name]

    rest = {"physical_function": 4.0, "brain_fog": 5.0, "function_repaired": 0.2}
    asked = faked(monkeypatch, symptom, rest, later)
    assert only(symptom.nerves).shown is shown
    assert [r.phenotype for r in asked] == list(symptom.DEGENERATION)


@pytest.mark.parametrize(
    ("burden", "pain", "shown"),
    [
        ((1.0, 2.0, 2.0), (3.0, 4.0, 3.0), True),
        ((1.95, 2.0, 2.0), (3.0, 4.0, 3.0), False),
        ((1.0, 2.0, 2.0), (3.9, 4.0, 3.9), False),
        ((1.0, 2.0, 2.0), (3.0, 4.0, 2.0), False),
        ((0.0, 0.01, 0.01), (3.0, 4.0, 3.0), False),
    ],
)
def test_the_order_of_treatments_has_to_matter(
    monkeypatch: pytest.MonkeyPatch,
    burden: tuple[float, ...],
    pain: tuple[float, ...],
    shown: bool,
) -> None:
    asked: list[RunSpec] = []

    def attempt(
        settings: object, runs: list[RunSpec], weeks: float, measures: object
    ) -> SimpleNamespace:
        asked.extend(runs)
        table = np.array([list(zip(burden, pain, strict=True))])
        return SimpleNamespace(values=table, rest=lambda name: np.full((1, 3), 5.0))

    monkeypatch.setattr(starting, "attempt", attempt)
    assert only(starting.calm_first).shown is shown
    begins = [float(min(c.at for c in r.changes)) for r in asked]
    assert begins == [0.0, 26 * 168.0, 0.0]
    assert len({len(r.changes) for r in asked}) == 1, "each is calmed for as long"


def test_the_largest_start_dose_lies_where_the_flare_does() -> None:
    flares = np.array([0.1, 0.3, 0.7, 1.0, 2.0])
    assert starting.largest(flares) == pytest.approx(0.75)
    assert starting.largest(np.full(5, 1.0)) == pytest.approx(0.05)
    assert starting.largest(np.full(5, -0.2)) == np.inf
    assert np.isnan(starting.largest(np.array([0.1, np.nan, 1.0, 1.0, 1.0])))


@pytest.mark.parametrize(("low", "high", "shown"), [(0.4, 3.0, True), (1.2, 3.0, False),
                                                    (0.4, 1.0, False)])  # fmt: skip
def test_capacity_tells_the_first_dose(
    monkeypatch: pytest.MonkeyPatch, low: float, high: float, shown: bool
) -> None:
    safe = np.linspace(low, high, len(starting.CAPACITIES))
    safe[:2], safe[-2:] = low, high
    flare = 0.5 * np.array(starting.STARTS)[None, :] / safe[:, None]

    def attempt(*told: object) -> SimpleNamespace:
        return SimpleNamespace(
            values=5.0 + flare.reshape(1, -1, 1), rest=lambda name: np.full((1, flare.size), 5.0)
        )

    monkeypatch.setattr(starting, "attempt", attempt)
    monkeypatch.setattr(starting, "_ranges", lambda settings: [{1: " (0.1 to 0.9)"}])
    found = only(starting.first_dose)
    assert found.shown is shown and f"1: {low:g} (0.1 to 0.9), 2: {low:g}" in found.simulated
