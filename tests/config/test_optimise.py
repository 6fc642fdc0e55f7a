"""The block [optimise]: what is read, what is refused and how, and the doses that capsules make."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim import Study, UserError
from ldnsim.config.knobs import can_make, combinations, composed, knobs
from ldnsim.config.optimise import CAPSULES, LARGEST_GRID

BASE = """
regimen = "0.5 mg nightly at 22:00, +0.5 mg every 14 d to 4.5 mg, for 26 wk"
AXES
[optimise]
free = [{ field = "regimen.target", values = ["1.5 mg", "3 mg"] }]
utility = { pain_change = -1.0 }
"""
FREE = '{ field = "regimen.target", values = ["1.5 mg", "3 mg"] }'
TARGETS = 'values = ["1.5 mg", "3 mg"]'
PEOPLE = "[population]\nsize = 4"
RIVALS = '[[axes]]\nname = "h"\nfield = "hypothesis"\nvalues = ["dual_pathway", "tonic"]'


def loads(old: str = "", new: str = "", axes: str = "") -> Study:
    text = BASE.replace("AXES", axes)
    assert old in text
    return Study.loads(text.replace(old, new) if old else text)


def test_a_block_reads_back_as_it_is() -> None:
    more = (
        'utility = { pain_change = -1.0, steps = -0.1 }\nrobust = "worst tenth"\n'
        'constraints = [{ summary = "staying", least = "50 %" }]\ncapsules = ["1.5 mg"]\n'
        'pareto = ["pain_change", "worst_burden"]\nask = ["h", "reserve"]'
    )
    study = loads("utility = { pain_change = -1.0 }", more, f"{RIVALS}\n{PEOPLE}")
    assert Study.loads(study.resolved()) == study
    assert study.optimise is not None
    assert study.optimise.terms == ("pain_change", "steps", "staying", "worst_burden")
    assert loads().optimise.strengths == CAPSULES  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "axes", "said"),
    [
        ("{ pain_change = -1.0 }", "{}", "", "utility has no weights"),
        ("-1.0", "0.0", "", "every weight is 0"),
        ("pain_change", "pain_chnage", "", "did you mean 'pain_change'"),
        ("pain_change", "step", "", "did you mean 'steps'"),
        ("regimen.target", "regimen.tagret", "", "did you mean 'target'"),
        ("regimen.target", "regiment.target", "", "regiment.target"),
        ("regimen.target", "parameters.driver", "", "nobody chooses it"),
        ("regimen.target", "hypothesis", "", "nobody chooses it"),
        (TARGETS, 'values = ["1.5 mg"]', "", "one candidate only"),
        (TARGETS, "values = []", "", "values is empty"),
        (TARGETS, "from = 1, to = 3", "", "has no unit; write it as text with its unit"),
        (TARGETS, 'from = "1 mg"', "", "give values = [...], or from and to"),
        (TARGETS, 'from = "3 mg", to = "1 mg"', "", "is not below"),
        (TARGETS, 'from = "1 mg", to = "3 mg", step = 1', "", "step = 1 has no unit"),
        (TARGETS, 'from = "1 mg", to = "3 mg", step = "0 mg"', "", "more than 0"),
        (TARGETS, 'from = "1 d", to = "3 d"', "", "expected a mass"),
        (TARGETS, f'{TARGETS}, to = "3 mg"', "", "either values, or from and to"),
        (FREE, f"{FREE}, {FREE}", "", "have the field 'regimen.target'"),
        ("utility", "robst = 'mean'\nutility", "", "did you mean 'robust'"),
        ("utility", 'capsules = ["1 d"]\nutility', "", "optimise.capsules[1]"),
        ("utility", 'constraints = [{ summary = "staying" }]\nutility', "", "one of least and"),
        ("utility", 'constraints = [{ summary = "stay", least = 1 }]\nutility', "", "'staying'"),
        ("utility", 'constraints = [{ summary = "staying", least = "3 mg" }]\nutility', "",
         "least = '3 mg'"),
        ("utility", 'constraints = [{ summary = "staying", least = 0.5, of = "worst tenth" }]\n'
         "utility", "", "there is one patient; add [population]"),
        ("utility", 'robust = "regret"\nutility', PEOPLE, "add an axis"),
        ("utility", 'robust = "worst tenth"\nutility', "", "there is one patient"),
        ("utility", 'robust = "median"\nutility', "", "expected 'mean', 'worst tenth' or 'regret'"),
        ("utility", 'ask = ["reserv"]\nutility', PEOPLE, "did you mean 'reserve'"),
        ("utility", 'ask = ["reserve"]\nutility', "", "the same in every patient"),
        ("utility", 'pareto = ["steps"]\nutility', "", "two or more"),
        ("", "", RIVALS.replace('"hypothesis"', '"regimen.step"').replace(
            '"dual_pathway", "tonic"', '"0.5 mg", "1 mg"'), "goes into optimise.free"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_one_line(old: str, new: str, axes: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        loads(old, new, axes)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1, str(caught.value)


def test_several_regimens_are_candidates_not_arms() -> None:
    free = {"field": "regimen", "values": ["standard", "careful"]}
    block = {"free": [free], "utility": {"steps": -1.0}}
    assert Study.build({"regimen": "standard", "optimise": block}).optimise
    with pytest.raises(UserError, match="there is one regimen, whose free fields are chosen"):
        Study.build({"regimens": ["standard", "careful"], "optimise": block})


def test_an_exhaustive_search_has_a_limit_that_is_said() -> None:
    many = {"field": "regimen.interval", "from": "1 d", "to": "500 d", "step": "1 d"}
    data: dict[str, Any] = {
        "regimen": "careful",
        "optimise": {"free": [many], "utility": {"steps": 1.0}, "search": "exhaustive"},
    }
    with pytest.raises(UserError, match=f"500 candidates, and at most {LARGEST_GRID} are all run"):
        Study.build(data)
    data["optimise"]["search"] = "auto"
    assert combinations(knobs(Study.build(data).optimise, Study.build(data).edition)) == 500  # type: ignore[arg-type]


# ---- capsules ----------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from([0.1, 0.5, 1.0, 1.5, 3.0, 4.5]), min_size=1, max_size=3, unique=True),
    st.integers(1, 4),
)
def test_doses_are_the_sums_of_capsules(sizes: list[float], most: int) -> None:
    sums = {
        round(sum(some), 9)
        for n in range(1, most + 1)
        for some in combinations_with_replacement(sizes, n)
    }
    strengths = [f"{s:g} mg" for s in sizes]
    want = sorted(s for s in sums if 0.5 <= s <= 6.0)
    assert composed(strengths, most, 0.5, 6.0) == pytest.approx(want)
    for mg in want:
        assert can_make(strengths, most, mg)
        assert can_make(strengths, most, mg + 0.05) == (round(mg + 0.05, 9) in sums)


def test_ranges_become_lists_where_they_can() -> None:
    def of(**keys: Any) -> Any:
        more = {k: keys.pop(k) for k in ("capsules",) if k in keys}
        data = {
            "regimen": "careful",
            "optimise": {"free": [keys], "utility": {"steps": 1.0}, **more},
        }
        study = Study.build(data)
        assert study.optimise is not None
        return knobs(study.optimise, study.edition)[0]

    doses = of(field="regimen.target", **{"from": "1 mg", "to": "3 mg"})
    assert doses.shown == (1.0, 1.5, 2.0, 2.5, 3.0) and doses.apply[1] == "1.5 mg"
    micro = of(field="regimen.target", **{"from": "1000 ug", "to": "3000 ug"}, unit="ug")
    assert micro.shown == (1000.0, 1500.0, 2000.0, 2500.0, 3000.0)
    steps = of(field="regimen.interval", **{"from": "3 d", "to": "10 d", "step": "3 d"})
    assert steps.shown == (3.0, 6.0, 9.0, 10.0)
    free = of(field="regimen.interval", **{"from": "3 d", "to": "10 d"})
    assert free.ends == (3.0, 10.0) and free.between(0.5) == ("6 d", 6.0)
    short = of(field="regimen.interval", **{"from": "1 h", "to": "10 d"})
    assert short.between(0.0)[0] == "60 min"
    exact = of(field="regimen.target", **{"from": "1 mg", "to": "3 mg"}, capsules="any")
    assert exact.between(1 / 3) == ("1.67 mg", 1.67)
    missed = of(field="adherence.p_missed", **{"from": 0.0, "to": 0.2, "step": 0.1})
    assert missed.apply == (0.0, 0.1, 0.2)
