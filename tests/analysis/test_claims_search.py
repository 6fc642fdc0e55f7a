"""Searches for numbers with which a claim holds, and shares of drawn patients in whom it does."""

from __future__ import annotations

import json
import math
import runpy
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ldnsim.analysis.claims import RULES, Search, judge
from ldnsim.analysis.claims.drawn import in_population, share_of, steps_of
from ldnsim.analysis.claims.population import SEED, SIZE
from ldnsim.analysis.claims.price import price_of
from ldnsim.analysis.claims.search import acting, fingerprint, kept, points, search
from ldnsim.analysis.judged.record import Found, Rule, Setting
from ldnsim.analysis.trial import cohort
from ldnsim.catalog.searches import Searched, read_searches
from ldnsim.cli import app
from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.patients.vectors import own_parameters
from ldnsim.weighing import wilson

HOME = shipped()
CLAIM = replace(HOME.claims["C11"], needs=("kd_ogfr", "k_pool"), patients=())
RUN = CliRunner()


def rule_of(threshold: float) -> Rule:
    """A rule without runs: the sum of the moves has to reach a number, under one hypothesis."""

    def rule(settings: Sequence[Setting]) -> Iterable[Found]:
        for s in settings:
            total = sum(s.steps.values())
            yield Found(s.hypothesis == "glial" and total > threshold, f"{total:.3f}", value=total)

    return rule


def test_a_search_finds_the_cheapest_set_that_shows_it() -> None:
    found = search(CLAIM, rule_of(1.0), Search(sets=16), HOME)
    assert found.showed >= 1 and found.hypothesis == "glial" and found.value is not None
    assert found.value > 1.0 and found.moved == pytest.approx(math.hypot(*found.values.values()))
    assert found.price > price_of(HOME, "glial").sd - 2.0
    assert "shown by" in str(found) and f"at {found.price:.1f} SD" in str(found)


def test_what_no_set_shows_is_out_of_reach_of_that_search_alone() -> None:
    found = search(CLAIM, rule_of(99.0), Search(sets=16), HOME)
    assert found.showed == 0 and found.value == pytest.approx(
        points(CLAIM.needs, Search(sets=16)).sum(axis=1).max()
    )
    assert "out of reach of 16 sets within 2 SD under each of 7 hypotheses" in str(found)
    down = search(replace(CLAIM, nearer="lower"), rule_of(99.0), Search(sets=16), HOME)
    assert down.value is not None and found.value is not None and down.value < found.value
    none = search(CLAIM, lambda s: [Found(None, "nan")] * len(s), Search(sets=2), HOME)
    assert not none.hypothesis and "no set gave an answer" in str(none)


def test_sets_are_repeated_and_a_larger_search_begins_with_the_smaller() -> None:
    small, large = (points(("a", "b"), Search(sets=n, within=3.0)) for n in (8, 32))
    assert (small == large[:8]).all() and (np.abs(large) <= 3.0).all() and np.ptp(large) > 5.0
    assert not (points(("a", "b"), Search(sets=8, seed=2, within=3.0)) == small).any()
    with pytest.raises(UserError, match="sets = 0"):
        Search(sets=0)


def test_only_hypotheses_that_have_the_drug_act_are_searched() -> None:
    assert "null" not in acting(HOME) and set(acting(HOME)) == set(HOME.hypotheses) - {"null"}


def test_a_kept_search_says_whether_model_and_rule_are_those_it_was_of() -> None:
    claim = HOME.claims["C12"]
    assert fingerprint(claim, HOME) != fingerprint(replace(claim, threshold="other"), HOME)
    assert fingerprint(claim, HOME) == fingerprint(replace(claim, claim="other words"), HOME)
    for name, found in HOME.searches.items():
        assert set(found.parameters) <= set(HOME.claims[name].needs)
        assert kept(HOME.claims[name], HOME) == (found, found.of == fingerprint(
            HOME.claims[name], HOME))  # fmt: skip
    assert kept(replace(claim, id="C0"), HOME) is None


def test_a_search_is_written_as_it_is_read() -> None:
    found = search(CLAIM, rule_of(1.0), Search(sets=16), HOME)
    writer = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "searches.py"))["table"]
    names = (HOME.claims, HOME.hypotheses, HOME.model)
    again = read_searches(writer("C11", found), "searches.toml", *names)["C11"]
    assert str(again) == str(found) and again.of == found.of and again.sets == 16


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[C12]", "[C99]", "C99.*is not a claim"),
        ("sets = 4", "sets = 4.5", "C12.sets.*whole number"),
        ('"glial"', '"gilal"', "gilal.*glial"),
        ("kd_ogfr = 1.0", "kd_ogrf = 1.0", "kd_ogrf.*kd_ogfr"),
        ("kd_ogfr = 1.0", 'kd_ogfr = "x"', "values.kd_ogfr.*expected a number"),
    ],
)
def test_mistakes_in_kept_searches_are_told(old: str, new: str, message: str) -> None:
    good = (
        '[C12]\nsets = 4\nseed = 1\nwithin = 2\nparameters = ["kd_ogfr"]\nhypotheses = ["glial"]\n'
        'of = "x"\nshowed = 0\nhypothesis = "glial"\nvalues = { kd_ogfr = 1.0 }\nmoved = 1.0\n'
        'price = 13.0\nsimulated = "y"\n'
    )
    names = (HOME.claims, HOME.hypotheses, HOME.model)
    assert isinstance(read_searches(good, "searches.toml", *names)["C12"], Searched)
    with pytest.raises(UserError, match=message):
        read_searches(good.replace(old, new), "searches.toml", *names)


def test_only_what_no_hypothesis_reproduces_is_searched_for() -> None:
    (judged,) = judge(["C11"], shake=False, search=Search(sets=1))
    assert judged.searched is None and judged.reproduced_by


def test_the_command_searches_and_says_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["claims", "C14", "--quick", "--search", "--sets", "1", "--json", "c.json"]
    done = RUN.invoke(app, words)
    assert done.exit_code == 0, done.output
    assert " 1 sets within 2 SD" in done.output or " 7 sets within 2 SD" in done.output
    assert "    rule     On 4.5 mg NK activity" in done.output
    (row,) = json.loads(Path("c.json").read_text())["claims"]
    assert row["searched"]["sets"] == 1 and row["searched_now"] is True and row["prices"] == {}
    assert set(row["patients"]["rebound"]) == set(HOME.claims["C14"].patients)
    refused = RUN.invoke(app, ["claims", "C14", "--sets", "1"])
    assert refused.exit_code == 2 and "--sets belongs to --search" in refused.output


@pytest.mark.parametrize(
    ("holds", "of", "low", "high"),
    [(0, 32, 0.0, 0.107), (32, 32, 0.893, 1.0), (8, 32, 0.133, 0.421)],
)
def test_intervals_of_shares(holds: int, of: int, low: float, high: float) -> None:
    assert wilson(holds / of, of) == pytest.approx((low, high), abs=5e-4)


def test_shares_count_those_who_gave_an_answer() -> None:
    found = [Found(True, "a"), Found(False, "b"), Found(None, "c")]
    share = share_of("null", found)
    assert (share.size, share.answered, share.holds) == (3, 2, 1)
    assert "holds in 1 of 2 drawn patients, 50%" in str(share) and "1 more gave" in str(share)
    nobody = share_of("null", found[2:])
    assert "no answer from any of 1" in str(nobody)
    assert (nobody.low, nobody.high) == (0.0, 1.0)


def test_drawn_patients_are_those_of_the_claims_about_many() -> None:
    people = cohort.people("default", SIZE, SEED, HOME)
    own = people.own(np.arange(SIZE))
    for k in (0, SIZE - 1):
        run = Setting("dual_pathway", steps=steps_of(people, k)).put(RunSpec.of())
        assert own_parameters(run) == pytest.approx(own[k], rel=1e-9)


def test_a_claim_about_one_patient_is_asked_of_drawn_ones() -> None:
    claim = HOME.claims["C11"]
    assert claim.population
    share = in_population(claim, RULES[claim.rule], HOME)
    assert share.size == SIZE and share.answered > 0.9 * SIZE and share.holds > 0
    assert 0.0 < share.low < share.holds / share.answered <= share.high <= 1.0


def test_claims_about_many_ask_no_drawn_patients_one_by_one() -> None:
    for c in HOME.claims.values():
        assert not (c.population and RULES[c.rule].__module__.endswith("population")), c.id
