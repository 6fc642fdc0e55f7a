"""Adjuncts: a list of effects each, what is refused when they are read, and what they move."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from ldnsim.catalog.read import read_adjuncts
from ldnsim.config.run import RunSpec
from ldnsim.edition import extended, shipped
from ldnsim.errors import UserError
from ldnsim.model import default_model
from ldnsim.runs.few import run_specs, week

WEEKS = 26
SEEN = (
    "tnf", "il1b", "il6", "pain", "fatigue", "mood", "sensitisation", "neuronal_health",
    "mast_activation", "effector_cells", "blood_cytokines", "brain_fog", "quality_of_life",
    "beta_endorphin", "adverse_burden", "hazard_stopping", "cortisol",
)  # fmt: skip
INERT = {"minocycline": "the negative control"}
"""Adjuncts that are to move nothing, with the reason."""
RELIEVES = {"exercise": (0.92, 1.56)}
"""Adjuncts that trials found to relieve pain: by how many points, at 2 points to an SD."""


def neutral(target: str) -> float:
    return default_model().parameters[target].value


@functools.cache
def after_half_a_year() -> dict[str, dict[str, float]]:
    """Means of the last week without drug, with each adjunct and with none ("")."""
    names = ["", *shipped().adjuncts]
    placebo = f"placebo nightly at 22:00, for {WEEKS} wk"
    runs = [RunSpec.of(placebo, adjuncts=[n] if n else []) for n in names]
    measures = [week(v, WEEKS) for v in (*SEEN, "microglia_m1")]
    values = run_specs(runs, WEEKS, measures).values
    keys = [m.variable for m in measures]
    return {n: dict(zip(keys, v, strict=True)) for n, v in zip(names, values, strict=True)}


# ---- as shipped -------------------------------------------------------------------------------


def test_factors_act_on_what_is_neutral_and_values_are_others_than_the_defaults() -> None:
    for a in shipped().adjuncts.values():
        for e in a.effects:
            if e.sets_value:
                assert neutral(e.target) == 0.0 != e.amount, (a.name, e.target)
            else:
                assert neutral(e.target) == 1.0, (a.name, e.target)
                lowers = e.target != "factor_repair"
                assert (e.amount <= 1.0) if lowers else (e.amount >= 1.0), (a.name, e.target)
    assert [e.amount for e in shipped().adjuncts["minocycline"].effects] == [1.0]


def test_every_adjunct_but_the_controls_has_more_than_one_effect() -> None:
    alone = {n for n, a in shipped().adjuncts.items() if len(a.effects) == 1}
    assert alone == {"minocycline", "prednisone"}


@pytest.mark.parametrize("name", list(shipped().adjuncts))
def test_an_adjunct_moves_two_outputs_or_says_why(name: str) -> None:
    table = after_half_a_year()
    with_it, without = table[name], table[""]
    if name in INERT:
        assert with_it == pytest.approx(without, rel=1e-6, abs=1e-9)
    else:
        moved = {v for v in SEEN if abs(with_it[v] - without[v]) > 0.005 * abs(without[v])}
        assert len(moved) >= 2, moved


@pytest.mark.parametrize("name", list(shipped().adjuncts))
def test_an_adjunct_moves_pain_no_more_than_its_trials_did(name: str) -> None:
    table = after_half_a_year()
    relief = table[""]["pain"] - table[name]["pain"]
    low, high = RELIEVES.get(name, (-0.3, 0.3))
    assert low <= relief <= high
    assert table[name]["microglia_m1"] > 0.5 * table[""]["microglia_m1"]  # none tips the patient


def test_the_comparator_suppresses_blood_and_cells_and_relieves_nothing() -> None:
    given, without = after_half_a_year()["prednisone"], after_half_a_year()[""]
    assert given["blood_cytokines"] < 0.6 * without["blood_cytokines"]
    assert given["effector_cells"] < 0.7 * without["effector_cells"]
    assert given["pain"] > without["pain"] and given["cortisol"] < without["cortisol"]


# ---- as read ----------------------------------------------------------------------------------

GOOD = '[x]\ntitle = "X"\n'
EFFECT = "[[x.effects]]\ntarget = '%s'\n%s\ngrade = 'assumed'\nnote = 'n'\n"
ONE = EFFECT % ("factor_tnf", "factor = 0.9")

REFUSED = {
    "target": (EFFECT % ("factor_tfn", "factor = 1"), ["x.effects[1].target", "'factor_tnf'"]),
    "zero": (EFFECT % ("factor_tnf", "factor = 0"), ["x.effects[1].factor", "above 0"]),
    "negative": (EFFECT % ("factor_tnf", "factor = -0.5"), ["x.effects[1].factor", "above 0"]),
    "none": (EFFECT % ("factor_tnf", ""), ["exactly one of factor and value"]),
    "both": (
        EFFECT % ("factor_tnf", "factor = 1\nvalue = 1"),
        ["x.effects[1]", "exactly one of factor and value"],
    ),
    "bounds": (EFFECT % ("exercise", "value = 9"), ["x.effects[1].target", "from 0 to 2"]),
    "second": (
        ONE + EFFECT % ("factor_il6", "value = 'much'"),
        ["x.effects[2].value", "expected a number"],
    ),
    "twice": (ONE + ONE, ["x.effects[2].target", "'factor_tnf' has one above"]),
    "field": (ONE + "facter = 1\n", ["x.effects[1].facter", "'factor'"]),
    "grade": (ONE.replace("assumed", "guess"), ["x.effects[1].grade", "'guess'"]),
    "reference": (ONE.replace("'n'", "'n [lee1998]'"), ["[lee1998]", "'lee1988'"]),
    "no effect": ("", ["x.effects", "expected [[x.effects]] tables"]),
    "empty": ("effects = []\n", ["x.effects", "expected [[x.effects]] tables"]),
    "not a table": ("effects = [3]\n", ["x.effects[1]", "expected a table"]),
    "old": (
        "target = 'factor_tnf'\nfactor = 0.9\ngrade = 'assumed'\nnote = 'n'\n",
        ["x.target", "[[x.effects]] with target, factor or value, grade and note"],
    ),
    "old and new": ("note = 'n'\n" + ONE, ["x.note", "move note there"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_mistakes_name_file_and_key(case: str) -> None:
    text, parts = REFUSED[case]
    with pytest.raises(UserError) as error:
        read_adjuncts(GOOD + text, "bad.toml", shipped().references, default_model())
    for part in ["bad.toml", *parts]:
        assert part in str(error.value)


def test_an_extension_in_the_old_form_is_told_how_to_write_it(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        '[adjuncts.own]\ntitle = "Own"\ntarget = "factor_il6"\nfactor = 0.9\ngrade = "assumed"\n'
        'note = "n"\n'
    )
    with pytest.raises(UserError, match=r"adjuncts\.own\.target") as error:
        _ = extended([str(file)]).adjuncts
    assert "write [[adjuncts.own.effects]] with target" in str(error.value)


def test_effects_are_read_in_order_with_their_sources() -> None:
    second = EFFECT % ("exercise", "value = 0.2")
    text = GOOD + ONE.replace("'n'", "'n [lee1988]'") + second.replace("'n'", "'n [kim1997]'")
    adjunct = read_adjuncts(text, "f", shipped().references, default_model())["x"]
    assert [e.brief for e in adjunct.effects] == ["factor_tnf x 0.9", "exercise = 0.2"]
    assert str(adjunct.effects[0]) == "factor_tnf, factor 0.9 (assumed; n [lee1988])"
    assert adjunct.targets == ("factor_tnf", "exercise")
    assert adjunct.sources == ("lee1988", "kim1997")
