"""What the numbers of a hypothesis cost: distances from evidence, in prior SD."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ldnsim.analysis.claims import judge
from ldnsim.analysis.claims.price import EVIDENCE, MODEL, PRIOR, PUBLISHED, Departure, price_of
from ldnsim.analysis.claims.verdict import verdict_of
from ldnsim.analysis.judged.record import Found
from ldnsim.edition import extended, shipped

HOME = shipped()


def parts(hypothesis: str, **moved: float) -> dict[str, Departure]:
    return {d.parameter: d for d in price_of(HOME, hypothesis, moved).departures}


def test_a_price_is_the_root_of_a_sum_of_squares() -> None:
    for name in HOME.hypotheses:
        price = price_of(HOME, name)
        assert price.sd == pytest.approx(math.hypot(*(d.sd for d in price.departures)))
        sizes = [abs(d.sd) for d in price.departures]
        assert sizes == sorted(sizes, reverse=True) and min(sizes) > 0.0


def test_numbers_that_were_searched_for_are_measured_from_their_priors() -> None:
    mine = parts("dual_pathway")
    free = [f for f in HOME.story.free if not f.owner]
    for f in free:
        value = HOME.model.parameters[f.name].value
        sd = float(f.departure(value))
        if sd:
            assert mine[f.name].sd == pytest.approx(sd) and mine[f.name].measured_from == PRIOR
    assert len(free) > 30


def test_a_potency_is_measured_from_the_nearest_published_one() -> None:
    p = HOME.model.parameters["ic50_trif"]
    lowest = min(p.alternatives.values())
    for name in ("dual_pathway", "glial"):
        own = parts(name)["ic50_trif"]
        assert own.measured_from == PUBLISHED and own.centre == lowest
        assert own.sd == pytest.approx(math.log(own.value / lowest) / p.spread.sd) and own.sd < -5.0
    assert "ic50_trif" not in parts("rebound"), "it takes the measured one"
    assert price_of(HOME, "rebound").sd < price_of(HOME, "dual_pathway").sd
    assert price_of(HOME, "dual_pathway").sd < price_of(HOME, "glial").sd


def test_numbers_that_reach_nothing_are_not_priced() -> None:
    assert HOME.hypotheses["ogfr"].overrides["coupling_tlr4"] == 0.0
    assert "ic50_trif" not in parts("ogfr")
    assert not {"ic50_trif", "t_half_brain"} & set(parts("null"))


def test_switches_are_named_and_not_priced() -> None:
    # a published value of 0, which no number of SD reaches, is named as well
    against_print = "steroid_on_nk = 0.2"
    assert price_of(HOME, "glial").structural == ("coupling_opioid = 0", against_print)
    assert "weight_tone_mor = 0" in price_of(HOME, "ogfr").structural
    assert price_of(HOME, "dual_pathway").structural == (against_print,)
    assert "not priced: coupling_drug = 0" in str(price_of(HOME, "null"))


def test_an_override_that_contradicts_a_measurement_pays_for_it() -> None:
    own = parts("persistent")
    known = HOME.model.parameters["kd_mor"]
    assert own["kd_mor"].measured_from == PUBLISHED and own["kd_mor"].sd < -2.0
    assert own["kd_mor"].centre == min([known.value, *known.alternatives.values()]), "the nearest"
    assert "k_off_mor" not in own, "that one is the evidence itself"
    assert own["k_off_kor"].measured_from == MODEL


def test_what_a_search_moves_is_measured_as_before_or_from_where_it_was() -> None:
    p = HOME.model.parameters["cl"]
    assert "cl" not in parts("rebound")
    moved = parts("rebound", cl=p.value * math.exp(p.spread.sd))["cl"]
    assert moved.sd == pytest.approx(1.0) and moved.measured_from == EVIDENCE
    back = next(f for f in HOME.story.free if f.key == "kd_ogfr")
    assert "kd_ogfr" in parts("rebound") and "kd_ogfr" not in parts("rebound", kd_ogfr=back.prior)


def test_an_extension_that_moves_a_number_pays(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        "[hypotheses.weak]\ntitle = 'w'\nstatement = 'w'\n[hypotheses.weak.overrides.ic50_trif]\n"
        "value = 196.0\ngrade = 'assumed'\nnote = 'made up for a test'\n"
    )
    own = extended([str(file)])
    priced = {d.parameter: d.sd for d in price_of(own, "weak").departures}
    assert priced["ic50_trif"] == pytest.approx(math.log(0.1) / 1.0)


def test_a_verdict_says_the_price_of_what_shows_the_claim_and_of_nothing_else() -> None:
    found = {"dual_pathway": Found(True, "seen"), "glial": Found(False, "not seen")}
    prices = {h: price_of(HOME, h) for h in found}
    text = verdict_of(found, (), None, False, prices)
    assert f"holds only under dual_pathway at {prices['dual_pathway'].sd:.1f} SD" in text
    none = {h: Found(False, "not seen") for h in found}
    assert " SD" not in verdict_of(none, (), None, False, prices)
    (judged,) = judge(["C11"], shake=False)
    assert tuple(judged.prices) == judged.reproduced_by
    assert judged.as_dict()["prices"]["rebound"]["sd"] == price_of(HOME, "rebound").sd
