"""Claims are judged by runs, and verdicts are made of what the runs showed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from ldnsim.analysis import claims
from ldnsim.analysis.claims import RULES, Shaken, drug, judge, patient, population
from ldnsim.analysis.claims.asked import ask_patients, each_patient, together
from ldnsim.analysis.claims.verdict import factor_text, potency_text, verdict_of
from ldnsim.analysis.judged.doses import thresholds
from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.catalog.claims import Claim, read_claims
from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.measure import Measure
from ldnsim.mechanisms.record import ASSUMED
from ldnsim.model import default_model

YES, NO = Found(True, "seen"), Found(False, "not seen")


def found(*holding: str) -> dict[str, Found]:
    return {h: YES if h in holding else NO for h in shipped().hypotheses}


def test_claims_each_with_a_rule_and_evidence_on_both_sides() -> None:
    assert list(shipped().claims) == [f"C{i}" for i in range(1, 35)]
    for c in shipped().claims.values():
        assert c.rule in RULES and c.evidence_for and c.evidence_against
    used = sorted(c.rule for c in shipped().claims.values())
    assert used == sorted(RULES), "every rule is used once"


NUMBER = r"\d+(?:\.\d+)?"


def numbers(text: str) -> set[float]:
    return {float(n) for n in re.findall(NUMBER, re.sub(r"\bC\d+", "", text))}


def test_each_number_of_a_threshold_stands_with_the_rule() -> None:
    for c in shipped().claims.values():
        assert numbers(c.threshold), c.id
        stray = numbers(c.threshold) - numbers(str(RULES[c.rule].__doc__))
        assert not stray, f"{c.id}: {sorted(stray)} not in the docstring of {c.rule}"
    assert numbers("C8: over 15 % in week 26, 0.3") == {15.0, 26.0, 0.3}


WHOLE = {
    "claim": '"x"', "rule": '"r"', "variables": '["tnf"]', "weeks": "[26]",
    "threshold": '"TNF 15 % down."', "threshold_source": '"assumed: a third"',
}  # fmt: skip


def written(**other: str) -> str:
    return "[C1]\n" + "".join(f"{k} = {v}\n" for k, v in {**WHOLE, **other}.items())


def read(text: str) -> dict[str, Claim]:
    home = shipped()
    return read_claims(text, "claims.toml", home.references, default_model(), home.phenotypes)


def test_a_claim_that_says_its_rule_is_read() -> None:
    (claim,) = read(written(threshold_source='"As published [younger2013]."')).values()
    assert claim.weeks == (26,) and claim.variables == ("tnf",) and not claim.population
    assert claim.nearer == "higher" and claim.sources == ("younger2013",)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"needs": '["kd_mro"]'}, "kd_mro.*kd_mor"),
        ({"need": "[]"}, "need"),
        ({"patients": '["crone"]'}, "C1.patients.*'crohn'"),
        ({"potency": "1"}, "true or false"),
        ({"evidence_for": '["y [nobody1900]"]'}, "nobody1900"),
        ({"variables": "[]"}, "C1.variables: expected the names"),
        ({"variables": '["tfn"]'}, "C1.variables.*'tnf'"),
        ({"weeks": "[]"}, "C1.weeks.*list of weeks"),
        ({"weeks": "[0]"}, "list of weeks"),
        ({"weeks": "26"}, "list of weeks"),
        ({"threshold": '""'}, "C1.threshold: '': expected text"),
        ({"threshold_source": '"assumed"'}, "a citation in brackets, or 'assumed:' and a reason"),
        ({"threshold_source": '"assumed: "'}, "and a reason"),
        ({"threshold_source": '"[nobody1900]"'}, "nobody1900"),
        ({"nearer": '"up"'}, "higher, lower"),
        ({"population": "true", "patients": '["crohn", "migraine"]'}, "name one patient or none"),
    ],
)
def test_mistakes_in_the_file_are_told(other: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(written(**other))
    with pytest.raises(UserError, match="no claims"):
        read("")


def test_verdicts_follow_from_what_was_found() -> None:
    assert verdict_of(found(), (), None, True).startswith("not reproduced by any hypothesis")
    assert "holds only under dual_pathway" in verdict_of(found("dual_pathway"), (), None, True)
    glial = verdict_of(found("glial"), (), 1.4e5, True)
    assert glial.startswith("not under the default hypothesis; holds under glial")
    assert "140,000 times the TLR4 potency" in glial
    assert "no action of the drug is needed" in verdict_of(found("null"), (), None, True)
    assert "tells none from another" in verdict_of(found(*shipped().hypotheses), (), None, True)


def test_verdicts_name_the_numbers_that_turn_the_answer() -> None:
    shaken = (
        Shaken("kd_ogfr", ASSUMED, ("/3", "x3")),
        Shaken("k_tnf", "animal", ("x3",)),
        Shaken("ka", "human PK or imaging", ()),
    )
    text = verdict_of(found("dual_pathway", "rebound"), shaken, None, True)
    assert "lost with kd_ogfr /3 or x3, k_tnf x3 (1 of 2 assumed)" in text
    assert "gained with" in verdict_of(found("glial"), shaken, None, True)
    steady = verdict_of(found("dual_pathway"), (Shaken("ka", ASSUMED, ()),), None, True)
    assert "holds also with each of 1 numbers" in steady
    gone = (Shaken("ka", ASSUMED, (), ("/3",)), Shaken("cl", ASSUMED, ("x3",)))
    text = verdict_of(found("dual_pathway"), gone, None, True)
    assert "lost with cl x3 (1 of 1 assumed)" in text
    assert text.endswith("there is no such patient with ka /3")
    assert "was not examined" in verdict_of(found("dual_pathway"), (), None, True)
    assert "examined" not in verdict_of(found("dual_pathway"), (), None, False)


def test_a_number_that_is_missing_gives_no_verdict() -> None:
    assert Found(True, "TNF +nan %").shown is None and Found(True, "TNF nan").shown is None
    assert Found(True, "a nanogram of it").shown is True
    assert Found(False, "none", value=float("inf")).value is None


def test_a_setting_scales_what_the_patient_has() -> None:
    run = RunSpec.of(phenotype="depleted")

    def given(hypothesis: str, **factors: float) -> dict[str, float]:
        return dict(Setting(hypothesis, factors=factors).put(run).parameters)

    theirs = shipped().phenotypes["depleted"].overrides["reserve"]
    assert given("dual_pathway", reserve=1.0 / 3.0) == {"reserve": pytest.approx(theirs / 3.0)}
    own = shipped().hypotheses["tonic"].overrides["t_half_brain"]
    assert given("tonic", t_half_brain=2.0) == {"t_half_brain": 2.0 * own}
    bound = given("null", autoimmunity=3.0, nk_gain=10.0)
    assert bound == {"nk_gain": 1.0, "autoimmunity": 3.0}


def test_a_setting_moves_what_the_patient_has_by_recorded_sd() -> None:
    run, known = RunSpec.of(phenotype="depleted"), shipped().model.parameters
    theirs, sd = shipped().phenotypes["depleted"].overrides["reserve"], known["reserve"].spread.sd
    moved = dict(Setting("dual_pathway", steps={"reserve": -1.0}).put(run).parameters)["reserve"]
    assert moved < theirs and known["reserve"].spread.kind in ("lognormal", "logitnormal")
    log = np.log(moved / theirs)
    odds = np.log(moved / (1 - moved)) - np.log(theirs / (1 - theirs))
    assert -sd == pytest.approx(log if known["reserve"].spread.kind == "lognormal" else odds)
    both = Setting("dual_pathway", factors={"kd_ogfr": 2.0}, steps={"kd_ogfr": 0.5})
    p = known["kd_ogfr"]
    value = dict(both.put(RunSpec.of()).parameters)["kd_ogfr"]
    assert value == pytest.approx(2.0 * p.value * np.exp(0.5 * p.spread.sd))
    assert not both.plain and Setting("null").plain


def test_a_patient_without_the_basin_has_no_threshold_and_no_verdict() -> None:
    gone = [Setting("dual_pathway", {"activation_priming": 0.01})]
    (dose,) = thresholds(gone, RunSpec.of())
    assert dose != dose  # NaN
    for rule in (drug.both_add, patient.genotype, patient.neuropathy, drug.dreams):
        assert [f.shown for f in rule(gone)] == [None]


def test_a_claim_is_asked_of_each_patient_it_names() -> None:
    def lives(settings: Sequence[Setting]) -> Iterable[Found]:
        for s in settings:
            run = s.put(RunSpec.of())
            assert s.put(RunSpec.of(phenotype="depleted")).phenotype == "depleted"
            yield Found(run.phenotype != "crohn" or s.hypothesis == "tonic", run.phenotype)

    settings = [Setting("null"), Setting("tonic")]
    names = ("migraine", "crohn")
    null, tonic = ask_patients(lives, settings, names)
    assert null.shown is False and null.value == 0.5 and tonic.shown is True
    assert null.simulated == "shown in 1 of 2; in migraine; not in crohn"
    each = each_patient(lives, settings, names)
    assert [f.simulated for f in each[0].values()] == list(names)
    assert [[f.shown for f in own.values()] for own in each] == [[True, False], [True, True]]
    assert [f.simulated for f in ask_patients(lives, settings)] == ["default", "default"]


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        ((True, True), True), ((True, False), False), ((None, True), None),
        ((None, False), False), ((None, None), None),
    ],
)  # fmt: skip
def test_one_patient_who_does_not_show_it_settles_a_claim(
    shown: tuple[bool | None, ...], verdict: bool | None
) -> None:
    found = [Found(s, f"TNF {'nan' if s is None else -40} %") for s in shown]
    assert together(dict(zip(("me_cfs", "crohn"), found, strict=True))).shown is verdict
    assert together({"me_cfs": found[0]}) is found[0]


def test_what_sets_drug_and_placebo_apart_is_counted_at_equal_times() -> None:
    def trial(placebo: float, life: float = 5.0) -> xr.Dataset:
        told = [[[10.0], [9.0], [7.1]], [[10.0], [8.2], [placebo]]]
        where = {"regimen": [population.STANDARD, population.PLACEBO], "week": [0, 4, 12]}
        pain = xr.DataArray([told], dims=("hypothesis", "regimen", "week", "patient"), coords=where)
        lives = pain.isel(week=[0]).rename(week="time") * 0.0 + 50.0
        lives.loc[{"regimen": population.STANDARD}] += life
        kept = {"reported_pain": pain, "quality_of_life": lives.drop_vars("time")}
        return xr.Dataset(kept).assign_coords(hypothesis=["null"])

    apart, near = (population._fibromyalgia(trial(x), "null") for x in (7.8, 7.4))
    assert apart.shown is True and apart.value == pytest.approx(-7.0)
    assert near.shown is False and near.value == pytest.approx(-3.0)
    assert "-29 % after 12 weeks of drug, -18 % after 4 of placebo" in near.simulated
    no_better = population._fibromyalgia(trial(7.8, life=1.0), "null")
    assert no_better.shown is False and "quality of life +1.0 of 100" in no_better.simulated


def test_an_adjunct_does_not_add_by_the_factors_that_define_it() -> None:
    own = {a: patient.defined_by(a, shipped()) for a in patient.ADDED}
    defined = {"tnf", "pain"}, {"il6", "pain"}, {"il1b"}, {"il6"}
    assert own == dict(zip(patient.ADDED, defined, strict=True))
    assert patient.defined_by("exercise", shipped()) == {"pain"}
    drug_alone = np.array([2.0, 1.5, 1.8, 4.0, 3.0])
    less_il6 = drug_alone * [1.0, 1.0, 0.8, 1.0, 1.0]
    assert patient._beyond(drug_alone, less_il6, 1.5 * drug_alone, {"il6"}) == ("tnf +0.0 %", False)
    told, more = patient._beyond(drug_alone, less_il6, 1.5 * drug_alone, {"tnf", "pain"})
    assert more and told == "il6 -20.0 %"
    assert not patient._beyond(drug_alone, less_il6, less_il6, {"tnf"})[1], "no less by it alone"


def test_what_stress_does_is_asked_of_the_well_for_two_years(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[RunSpec] = []

    def at_once(
        settings: object, runs: list[RunSpec], weeks: float, measures: list[Measure]
    ) -> SimpleNamespace:
        asked.extend(runs)
        assert weeks == 104 and {m.stop for m in measures} == {104 * 168.0}
        values = np.array(
            [[[1.0, 0.9], [0.5, 0.5], [0.5, 0.75]], [[1.0, 0.9], [0.5, 0.5], [0.5, 0.5]]]
        )
        return SimpleNamespace(values=values)

    monkeypatch.setattr(patient, "attempt", at_once)
    kept, lost = patient.circle([Setting("dual_pathway"), Setting("null")])
    assert kept.shown and not lost.shown
    assert {r.phenotype for r in asked} == {"healthy"} and {r.basin for r in asked} == {None}
    assert [r.modifiers.stress for r in asked] == [None, 1.0, 1.0]


@pytest.mark.parametrize(
    ("factor", "text"), [(3.0, "x3"), (1 / 3, "/3"), (980.0, "x980"), (0.0, "x0")]
)
def test_factors_as_words(factor: float, text: str) -> None:
    assert factor_text(factor) == text


def test_the_numbers_of_every_claim_can_be_shaken() -> None:
    for claim in shipped().claims.values():
        moved = claims._shaken_settings(claim, shipped())
        assert {name for name, *_ in moved} == set(claim.needs)
        assert all(words[0] in "x/" for _, words, _ in moved)


def test_potency_as_words() -> None:
    assert potency_text(141_234.0) == "140,000 times"
    assert potency_text(float("inf")) == "more than any multiple of"


def test_direct_action_takes_the_potency_that_is_worked_out() -> None:
    needed = drug.potency_needed(shipped())
    tlr4 = {"coupling_tlr4": 1.0}
    stronger, weaker = drug.direct([
        Setting("dual_pathway", {**tlr4, "ic50_trif": 0.8 * needed}),
        Setting("dual_pathway", {**tlr4, "ic50_trif": 1.3 * needed}),
    ])  # fmt: skip
    assert stronger.shown and not weaker.shown
    judged = judge(["C2"], shake=False)[0]
    assert judged.reproduced_by == ("glial",)
    assert judged.potency == pytest.approx(1960.0 / needed)


def test_a_threshold_dose_tips_and_less_does_not() -> None:
    settings = [Setting("dual_pathway"), Setting("null")]
    dose, none = thresholds(settings, RunSpec.of())
    assert 0.5 < dose < 6.0 and none == float("inf")
    higher = thresholds([Setting("dual_pathway", {"reserve": 0.8})], RunSpec.of())[0]
    assert higher > dose
    twice = thresholds([*settings[::-1], settings[0]], RunSpec.of())
    assert twice[0] == none and twice[1] == twice[2] == pytest.approx(dose, rel=1e-6)


def test_shaking_finds_what_a_claim_hangs_on() -> None:
    judged = judge(["C11"])[0]
    assert "dual_pathway" in judged.reproduced_by and "null" not in judged.reproduced_by
    tried = {s.parameter: s for s in judged.shaken}
    assert set(tried) == set(shipped().claims["C11"].needs)
    assert tried["dream_tolerance"].changes_at and judged.verdict.count("dream_tolerance") == 1
    row = judged.as_dict()
    assert row["reproduced_by"] == list(judged.reproduced_by) and row["claim"]["id"] == "C11"


@pytest.mark.parametrize("rule", [patient.driver, patient.necessary, drug.outlasts, drug.exercise])
def test_no_drug_effect_reproduces_no_claim_about_the_drug(rule: object) -> None:
    assert [f.shown for f in rule([Setting("null")])] == [False]  # type: ignore[operator]


@pytest.mark.long
def test_populations_are_the_same_under_every_hypothesis() -> None:
    ds = population.trial("fibromyalgia", ("dual_pathway", "null"))
    base = ds["baseline_pain"].transpose("hypothesis", ...).values
    assert (base[0] == base[1]).all()
    none = ds["reported_pain"].sel(regimen="placebo").transpose("hypothesis", ...).values
    assert (none[0] == none[1]).all(), "placebo reports do not depend on how the drug would work"
    (null,) = population.fibromyalgia([Setting("null")])
    assert not null.shown and "0 points at equal times" in null.simulated


@pytest.mark.long
def test_patients_that_do_not_exist_give_no_answer() -> None:
    none = Setting("dual_pathway", factors={"activation_priming": 0.01})
    plain = Setting("dual_pathway")
    without, asked = population.fibromyalgia([none, plain])
    assert without.shown is None and "no such patients" in without.simulated
    assert asked.shown is not None and "% after 12 weeks" in asked.simulated


def test_unknown_claims_are_refused() -> None:
    with pytest.raises(UserError, match="C99"):
        judge(["C99"])
