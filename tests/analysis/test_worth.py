"""What a row of a scorecard is worth: counted once, telling nothing, and its part of chi-square."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ldnsim.analysis.behaviours.scorecard import comparisons, remarks, scorecard
from ldnsim.analysis.judged.chi_square import CAUTION, chi_square
from ldnsim.analysis.judged.record import Check
from ldnsim.analysis.judged.worth import one_number, repeated, weigh
from ldnsim.cli import app
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition, extended, shipped
from ldnsim.errors import UserError
from ldnsim.runs.few import DAY, Measure, run_specs

OWN = """
[hypotheses.dreamless]
title = "Dreamless"
statement = "A number is changed that binding does not know."
evidence_for = ["A test."]
evidence_against = ["A test."]
overrides.dream_gain = {value = 0.1, grade = "assumed", note = "A test."}

[hypotheses.tight]
title = "Tight"
statement = "A number is changed that binding knows."
evidence_for = ["A test."]
evidence_against = ["A test."]
overrides.kd_mor = {value = 0.3, grade = "assumed", note = "A test."}

[observations.constant]
title = "constant of binding"
group = "receptors"
value = [1.1, 1.2]
sd = 0.05
unit = "nmol/L"
hypotheses = ["dual_pathway", "dreamless", "tight"]
fitted = ["dual_pathway"]
evidence = "A test."
probe = {kind = "parameter", parameter = "kd_mor"}

[observations.constant_again]
title = "the same paper, another table"
group = "receptors"
repeats = "constant"
value = 1.15
low = 1.0
high = 1.4
unit = "nmol/L"
hypotheses = ["tight"]
evidence = "A test."
probe = {kind = "parameter", parameter = "kd_mor"}

[observations.anything]
title = "a bound that nothing breaks"
group = "receptors"
low = 0.0
unit = "nmol/L"
evidence = "A test."
probe = {kind = "parameter", parameter = "kd_mor"}
"""


@pytest.fixture
def own(tmp_path: Path) -> Edition:
    """Return the shipped edition with two hypotheses, one of which leaves binding alone."""
    (tmp_path / "own.toml").write_text(OWN)
    return extended(["own.toml"], tmp_path)


def test_a_number_a_hypothesis_does_not_touch_counts_once(own: Edition) -> None:
    rows = {c.hypothesis: c for c in scorecard(["constant"], edition=own)}
    usual, same, other = (rows[h] for h in ("dual_pathway", "dreamless", "tight"))
    assert usual.why == "fitted to this number" and not usual.counts
    assert same.why == "same number as under dual_pathway" and not same.counts
    assert same.role == "fitted", "a number that was fitted is no test where it is inherited"
    assert other.counts and other.role == "free" and other.passed is False
    (alone,) = scorecard(["constant"], ["dreamless"], own)
    assert alone == same, "what counts does not depend on which hypotheses are shown"


def test_a_published_number_counts_once_and_the_more_telling_row_keeps_it(own: Edition) -> None:
    both = {c.id: c for c in scorecard(["constant", "constant_again"], ["tight"], own)}
    assert both["constant"].counts
    assert both["constant_again"].why == "same published number as constant"
    (alone,) = scorecard(["constant_again"], ["tight"], own)
    assert alone.counts, "without the other row it is the one that counts"
    assert alone.spread == "derived" and alone.sd == pytest.approx(0.1)


def test_what_everybody_passes_tells_nothing(own: Edition) -> None:
    checks = scorecard(["anything"], edition=own)
    assert all(c.passed and not c.counts for c in checks)
    assert checks[-1].why == "every hypothesis passes, null too" and not checks[-1].spread
    lines = remarks(checks)
    assert "tell nothing about the drug, every hypothesis passes, null too: anything" in lines
    assert not any("free observations" in line for line in lines)
    assert comparisons(checks) == [], "a bound without a spread adds to no sum"


@pytest.mark.parametrize(
    ("repeats", "said"),
    [("constnat", "did you mean 'constant'"), ("constant_again", "repeats none")],
)
def test_a_row_repeats_one_that_is_there_and_repeats_none(
    repeats: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(OWN.replace('"constant"\nvalue', f'"{repeats}"\nvalue'))
    with pytest.raises(UserError, match=rf"constant_again.repeats: .*{said}"):
        scorecard(["constant"], edition=extended(["own.toml"], tmp_path))


def made(name: str, hypothesis: str, passed: bool | None = True, **more: object) -> Check:
    given = {"holds": (name,), "chi2": 1.0, "sd": 0.5, "spread": "published"} | more
    return Check(name, "t", hypothesis, "1", "2", passed, **given)  # type: ignore[arg-type]


def test_rows_of_one_published_number_are_used_together() -> None:
    rows = [
        made("typical", "a", role="fitted", holds=("trial",)),
        made("trial", "a"), made("trial", "b"), made("E1", "b", kind="behaviour", holds=("trial",)),
    ]  # fmt: skip
    typical, used, free, behaviour = weigh(rows)
    assert used.role == "fitted" and used.why == "fitted to this number"
    assert typical.why == "same published number as trial"
    assert free.counts and behaviour.why == "same published number as trial"


def test_nothing_is_said_to_tell_nothing_where_null_was_not_asked() -> None:
    assert all(c.counts for c in weigh([made("x", "a"), made("x", "b")]))
    assert not any(c.counts for c in weigh([made("x", "a"), made("x", "null")]))
    assert all(c.counts for c in weigh([made("x", "a", False), made("x", "null")]))
    (none,) = weigh([made("x", "a", None)])
    assert not none.counts and not none.why


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0.0, 1e3))
def test_whether_two_are_one_number_is_a_matter_of_their_distance(
    a: float, b: float, sd: float
) -> None:
    assert one_number(a, b, sd) == one_number(b, a, sd) and one_number(a, a, sd)
    assert one_number(a, a + 0.09 * sd, sd)


def test_a_number_has_an_owner_and_nan_has_none() -> None:
    values = {"usual": 1.0, "fitted": 2.0, "same": 2.0, "as_usual": 1.0, "own": 3.0}
    assert repeated(values, ["fitted", "usual"]) == {"same": "fitted", "as_usual": "usual"}
    assert repeated({"usual": float("nan"), "other": float("nan")}, ["usual"]) == {}


def test_chi_square_is_the_sum_of_its_parts_and_of_squared_deviations() -> None:
    names = ["pet_5mg", "block_48h", "density_gone", "density_full_block", "cirrhosis"]
    checks = scorecard(names, ["tonic", "rebound"])
    found = chi_square(checks)
    assert list(found.rows) == ["pet_5mg", "block_48h", "density_full_block"]
    assert found.left_out["density_gone"] == "a bound without a spread"
    assert found.left_out["cirrhosis"] == "the same under every hypothesis"
    for h in ("tonic", "rebound"):
        value = {c.id: c.value for c in checks if c.hypothesis == h}
        pet, block, density = (value[n] for n in found.rows)
        assert pet is not None and block is not None and density is not None
        beyond = max(67.0 - density, density - 81.0, 0.0)  # an interval pulls from outside
        own = [((pet - x) / 7.6) ** 2 for x in (43.0, 46.0, 58.0)]
        own += [((block - 75.0) / 5.0) ** 2, (beyond / 3.5) ** 2]
        assert found.total(h) == pytest.approx(sum(own)) == sum(found.parts(h).values())
    assert found.numbers == 5 and found.ranking() == ["tonic", "rebound"]
    assert found.used("tonic") == ["pet_5mg", "block_48h", "density_full_block"]
    assert found.as_dict()["rows"]["density_full_block"]["spread"] == "derived"


def test_hypotheses_are_compared_over_rows_that_all_can_be_asked_of() -> None:
    rows = [made("both", h) for h in ("a", "null")] + [made("one", "a")]
    rows += [made("two", h, passed=None if h == "a" else True) for h in ("a", "null")]
    found = chi_square(rows)
    assert list(found.rows) == ["both"]
    assert found.left_out == {"one": "not asked of null", "two": "no number under a"}
    assert list(chi_square(rows, ["a"]).rows) == ["both", "one"]


def test_the_command_prints_parts_and_sums_and_a_caution() -> None:
    run, rows = CliRunner(), ["pet_5mg", "younger_drug"]
    pair = ["--hypothesis", "tonic", "--hypothesis", "ogfr"]
    done = run.invoke(app, ["validate", *rows, *pair, "--chi-square"])
    assert done.exit_code == 0, done.output
    head, *lines = (line.split("\t") for line in done.stdout.splitlines())
    assert head[:3] == ["row", "tonic", "ogfr"]
    table = {line[0]: line for line in lines}
    assert table["younger_drug"][-1] == "assumed" and table["pet_5mg"][-1] == "published"
    assert table["pet_5mg"][1].endswith("(fitted)")
    parts = [float(table[r][2].split()[0]) for r in rows]
    assert float(table["sum of 2 rows"][2]) == pytest.approx(sum(parts), abs=0.02)
    assert CAUTION in done.stderr and "younger_drug (SD assumed)" in done.stderr
    refused = run.invoke(app, ["validate", *rows, "--misses", "--chi-square"])
    assert refused.exit_code == 2 and "give one of them" in refused.stderr


def test_an_observation_the_search_was_held_to_is_no_test() -> None:
    rows = {c.hypothesis: c for c in scorecard(["ldn_tnf_falls"])}
    assert rows["glial"].role == "set" and rows["glial"].why == "the model was set by it"
    assert rows["persistent"].role == "free" and rows["persistent"].counts


def test_a_behaviour_the_search_was_held_to_is_no_test(monkeypatch: pytest.MonkeyPatch) -> None:
    story = shipped().story
    one = replace(story.constraints[0], behaviour="E13", hypotheses=("tonic",))
    monkeypatch.setitem(shipped().__dict__, "story", replace(story, constraints=(one,)))
    rows = {c.hypothesis: c for c in scorecard(["E13"])}
    assert rows["tonic"].role == "set" and rows["tonic"].why == "the model was set by it"
    assert rows["persistent"].counts and rows["persistent"].kind == "behaviour"
    assert rows["rebound"].why == "same number as under dual_pathway"


def test_the_switch_of_the_receptors_leaves_binding_and_takes_its_effects() -> None:
    names = ["mor_occupancy", "mor_density", "mor_tone", "dor_tone", "kor_tone", "ogfr_tone",
             "beta_endorphin", "peripheral_tone", "vivid_dreams"]  # fmt: skip
    measures = [Measure(n, "mean", 6 * DAY, 7 * DAY) for n in names]
    nights = ["50 mg nightly at 22:00, for 1 wk", "placebo for 1 wk"]
    off = {"coupling_opioid": 0.0, "coupling_tlr4": 0.0}
    drug, none = run_specs([RunSpec.of(r, parameters=off) for r in nights], 1, measures).values
    assert drug[0] > 0.5 and none[0] == 0.0
    assert drug[1:] == pytest.approx(none[1:], rel=1e-5, abs=1e-7)
