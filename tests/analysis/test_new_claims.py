"""Rules of the claims about symptoms, immunity, balance and starting can hold and can fail.

Each rule is given made-up courses: one in which its claim is so, and ones in which a single part of
it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from ldnsim.analysis.behaviours import disease
from ldnsim.analysis.claims import RULES, autoimmune, drug, starting, symptom, virtuous
from ldnsim.analysis.claims.verdict import built_in
from ldnsim.analysis.judged import course, deficit, gain
from ldnsim.analysis.judged.course import Course, margin, within
from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped

ONE = [Setting("dual_pathway")]
Rest = Mapping[str, float | Sequence[float]]
Later = Callable[[str, int, int], float]
Rule = Callable[[Sequence[Setting]], Iterable[Found]]


def faked(
    monkeypatch: pytest.MonkeyPatch, room: ModuleType, rest: Rest, later: Later
) -> list[RunSpec]:
    """Let a rule see made-up weeks; return the runs that it asks for, as they come.

    Args:
        monkeypatch: of the test.
        room: module of the rule.
        rest: untreated means by variable, one for all runs or one for each.
        later: mean of a variable in a run (by its place) and a week.
    """
    asked: list[RunSpec] = []

    def courses(
        settings: Sequence[Setting], runs: Sequence[RunSpec], names: Sequence[str],
        weeks: Sequence[int],
    ) -> Course:  # fmt: skip
        asked[:] = [settings[0].put(r) for r in runs]
        untreated = {n: np.broadcast_to(rest[n], (1, len(runs))).astype(float) for n in names}
        means = {
            n: np.array([[[later(n, r, w) for w in weeks] for r in range(len(runs))]])
            for n in names
        }
        return Course(tuple(weeks), means, untreated)

    monkeypatch.setattr(room, "courses", courses)
    return asked


def only(rule: Rule) -> Found:
    (found,) = rule(ONE)
    return found


def test_a_margin_is_the_least_of_what_is_reached_over_what_is_asked() -> None:
    assert margin((-60.0, -30.0), (1.0, 0.5), within(0.2, 0.4)) == pytest.approx(1.5)
    assert margin(within(0.4, 0.4)) == 1.0 and margin(within(0.5, 0.4)) < 1.0
    assert margin(within(-9.0, 0.4)) > 1.0, "far below the room is within it"
    assert np.isnan(margin((float("nan"), 1.0), (2.0, 1.0)))


def test_courses_are_weekly_means_against_untreated() -> None:
    treated = RunSpec.of("4.5 mg nightly at 22:00, for 2 wk")
    out = course.courses(ONE, [RunSpec.of(), treated], ("tnf", "vivid_dreams"), (1, 2))
    assert out.at("tnf", 2).shape == (1, 2)
    assert abs(out.percent("tnf", 2)[0, 0]) < 0.01 and out.change("vivid_dreams", 1)[0, 1] > 0.1
    assert out.change("tnf", 1)[0, 1] == pytest.approx(
        out.rest["tnf"][0, 1] * out.percent("tnf", 1)[0, 1] / 100.0
    )


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
        if name == "function":
            # at once in one of them is enough
            return 4.0 + (late if week == 52 else soon if run == 1 else 0.0)
        return {"brain_fog": 4.0, "function_repaired": 0.3}[name]

    rest = {"function": 4.0, "brain_fog": 5.0, "function_repaired": 0.2}
    asked = faked(monkeypatch, symptom, rest, later)
    assert only(symptom.nerves).shown is shown
    assert [r.phenotype for r in asked] == list(symptom.DEGENERATION)


@pytest.mark.parametrize(
    ("activity", "remission", "itch", "shown"),
    [(0.1, 0.9, 2.0, True), (0.4, 0.9, 2.0, False), (0.1, 0.3, 2.0, False), (0.1, 0.9, 4.0, False)],
)
def test_diseases_improve_one_remits_and_itch_halves(
    monkeypatch: pytest.MonkeyPatch, activity: float, remission: float, itch: float, shown: bool
) -> None:
    later = {"disease_activity": activity, "remission": remission, "sensory_symptom": itch}
    rest = {"disease_activity": 0.5, "remission": 0.01, "sensory_symptom": 6.0}
    asked = faked(monkeypatch, autoimmune, rest, lambda name, run, week: later[name])
    found = only(autoimmune.activity)
    assert found.shown is shown and [r.phenotype for r in asked] == list(autoimmune.DISEASES)
    assert ("(remits)" in found.simulated) is (remission > 0.5)


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
    assert [c.parameter for c in asked[1].changes] == ["steroid"] and not asked[0].changes


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
    [("", 0.2, True), ("microglia_m1", 0.2, False), ("", 1.2, False), ("", -0.1, False)],
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


def daily(starts: Sequence[int], ends: Sequence[float]) -> Floats:
    """Return courses over 700 days that run straight from a day on to their last change."""
    days = np.arange(700.0)
    first = np.array([1.0, 1.0, 1.0, 0.0])
    ramps = [
        np.clip((days - s) / (699.0 - s), 0.0, 1.0) * e for s, e in zip(starts, ends, strict=True)
    ]
    return first[:, None] + np.array(ramps)


def test_a_deficit_has_to_come_first() -> None:
    ends = (-0.3, -0.05, 0.2, 0.05)
    first = deficit.order_of(daily((0, 100, 200, 300), ends))
    assert first.in_order and first.moved == pytest.approx(5.0)
    assert "beta endorphin -30.0 % (day 70)" in str(first)
    assert not deficit.order_of(daily((300, 100, 200, 250), ends)).in_order
    assert not deficit.order_of(daily((0, 300, 200, 250), ends)).in_order
    unmoved = deficit.order_of(daily((0, 100, 200, 300), (-0.3, -0.05, 0.2, 0.0)))
    assert unmoved.moved < 1.0 and "never" in str(unmoved) and not unmoved.in_order
    assert deficit.order_of(daily((0, 100, 200, 300), (0.3, -0.05, 0.2, 0.05))).moved < 0.0


def test_without_stress_and_loss_nobody_falls_ill(monkeypatch: pytest.MonkeyPatch) -> None:
    calm = RunSpec.of(phenotype="healthy", parameters=deficit.PREDISPOSED)
    ill: list[Found] = []
    well: list[Found] = []
    for run, into in ((deficit.falls_ill(), ill), (calm, well)):
        monkeypatch.setattr(deficit, "falls_ill", lambda run=run: run)
        into += deficit.deficit(ONE)
    assert ill[0].shown is True and well[0].shown is False


def test_the_gain_of_a_circle_is_what_it_brings_back(monkeypatch: pytest.MonkeyPatch) -> None:
    b, made, brought = 0.05, 0.4, 6.0  # s = b (y - 1) with y = 1 + made + brought s

    def attempt(
        settings: Sequence[Setting], runs: object, weeks: float, measures: object
    ) -> SimpleNamespace:
        arrows = np.array([b * s.factors[gain.ARROW] for s in settings])
        return SimpleNamespace(
            rest=lambda name: (arrows * made / (1.0 - arrows * brought))[:, None]
        )

    monkeypatch.setattr(gain, "attempt", attempt)
    weaker, stronger = gain.loop_gain(ONE, RunSpec.of())[0]
    assert weaker < b * brought < stronger
    assert 0.5 * (weaker + stronger) == pytest.approx(b * brought, rel=0.02)


def test_no_circle_closes_without_what_the_brain_sends_back() -> None:
    cut = {"blood_brain": 0.0, "health_on_regulation": 0.0, "leucocyte_inflammation": 0.0}
    run = RunSpec.of(phenotype="multiple_sclerosis")
    closed, cut_open = (float(gain.loop_gain([Setting("null", own)], run).mean())
                        for own in ({}, cut))  # fmt: skip
    assert closed > 1e-3 and abs(cut_open) < 0.2 * closed


def test_a_population_needs_some_of_either_kind() -> None:
    before = np.full(20, 5.0)
    after = np.where(np.arange(20) < 6, 3.0, 5.0)
    some = disease.of_many(before, after)
    assert some.shown is True and some.value == pytest.approx(30.0)
    assert "6 of 20" in some.simulated and "15% to 52%" in some.simulated
    assert disease.of_many(before, before).shown is False
    assert disease.of_many(before, 0.5 * before).shown is False, "nobody fails to respond"
    assert disease.of_many(before, np.full(20, np.nan)).shown is None


def test_no_drug_effect_shows_no_claim_about_what_the_drug_does() -> None:
    null = [Setting("null", phenotype="multiple_sclerosis")]
    rules = ("activity", "modulation", "surveillance", "virtuous", "adaptogen", "lifted")
    for name in rules:
        assert [f.shown for f in RULES[name](null)] == [False], name
    (nobody,) = RULES["attacks"](null)
    assert nobody.shown is None, "who has no attacks cannot have fewer"
