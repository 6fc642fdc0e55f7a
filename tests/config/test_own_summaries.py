"""Summaries that a study defines: what is refused and with which words, and that they read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.config.own_summary import read_threshold
from ldnsim.config.study import StudyConfig
from ldnsim.config.summaries import SUMMARIES
from ldnsim.errors import UserError
from ldnsim.measure import KINDS, SOLVED, Measure

MEAN: dict[str, Any] = {"name": "own", "variable": "pain", "reduction": "mean", "window": "end"}
HOURS = {**MEAN, "reduction": "hours_above", "threshold": 3.0}
CLOCK = {**MEAN, "reduction": "same_clock", "window": "night", "threshold": "1.05 of untreated"}


def build(*tables: Any, folder: str | Path = "", **output: Any) -> StudyConfig:
    data = {
        "regimen": "4.5 mg nightly for 2 wk", "horizon": "4 wk",
        "output": {"summaries": list(tables), **output},
    }  # fmt: skip
    return StudyConfig.build(data, "own.toml", folder)


def without(table: dict[str, Any], *keys: str, **more: Any) -> dict[str, Any]:
    return {k: v for k, v in table.items() if k not in keys} | more


REFUSED = [
    # key that is named, words of the message, table
    ("name", "no summary of the package", {"name": "pain_chnge"}),
    ("name", "did you mean 'pain_change'", {"name": "pain_chnge"}),
    ("name", "expected letters, digits and _", MEAN | {"name": "my own"}),
    ("name", "expected letters, digits and _", MEAN | {"name": "a/b"}),
    *(("name", "has something of that name", MEAN | {"name": n})
      for n in ("pain", "night_tnf", "baseline_tnf", "status", "time", "pain_change", "summary")),
    ("variable", "'pian' is not known; did you mean 'pain'", MEAN | {"variable": "pian"}),
    ("reduction", "needed and is missing", without(MEAN, "reduction")),
    ("reduction", "'meen': expected .*did you mean 'mean'", MEAN | {"reduction": "meen"}),
    ("window", "'nite': expected .*did you mean 'night'", MEAN | {"window": "nite"}),
    ("window", "this key is needed: window = 'night'", without(MEAN, "window")),
    ("to", "this key is needed", without(MEAN, "window", **{"from": "1 wk"})),
    ("from", "this key is needed", without(MEAN, "window", to="1 wk")),
    ("from", "window = 'end' says it", MEAN | {"from": "1 wk"}),
    ("to", "window = 'end' says it", MEAN | {"to": "1 wk"}),
    ("to", "'1 wk': not after from = '2 wk'",
     without(MEAN, "window", **{"from": "2 wk"}, to="1 wk")),
    ("to", "'5 wk': after the end of the study at 4 wk",
     without(MEAN, "window", **{"from": "2 wk"}, to="5 wk")),
    ("threshold", "mean uses none; hours_above", MEAN | {"threshold": 3.0}),
    ("threshold", "hours_above needs one, such as '0.7 of untreated'", without(HOURS, "threshold")),
    ("threshold", "same_clock needs one, such as '1.05 of untreated'", without(CLOCK, "threshold")),
    ("threshold", "write a multiple, such as '1.05 of untreated'", CLOCK | {"threshold": 1.05}),
    ("threshold", "nmol", HOURS | {"threshold": "3 nmol/L"}),
    ("threshold", "nmol/L", HOURS | {"variable": "ntx_brain", "threshold": "3 mg"}),
    ("threshold", "without quotes", HOURS | {"threshold": "3"}),
    ("threshold", "above 0", HOURS | {"threshold": "-0.5 of untreated"}),
    ("threshold", "expected", HOURS | {"threshold": "half of untreated"}),
    ("threshold", "expected", HOURS | {"threshold": True}),
    ("threshold", "= 12.0: pain is never above 10", HOURS | {"threshold": 12}),
    ("threshold", "= -1.0: pain is never below 0",
     HOURS | {"reduction": "hours_below", "threshold": -1}),
    ("threshold", "= 12.0: mor_occupancy is never above 1",
     HOURS | {"reduction": "first_above", "threshold": 12, "variable": "mor_occupancy"}),
    ("threshold", "= '0 ng/mL': naltrexone_plasma is never below 0 ng/mL",
     HOURS | {"reduction": "first_below", "threshold": "0 ng/mL", "variable": "naltrexone_plasma"}),
    ("against", "not of hours_above; of mean, max, min", HOURS | {"against": "percent"}),
    ("against", "expected 'change' or 'percent'", MEAN | {"against": "value"}),
    ("window", "same_clock is of the close-up", CLOCK | {"window": "run"}),
    ("window", "same_clock is of the close-up",
     without(CLOCK, "window", **{"from": "0 h"}, to="1 d")),
    ("unit", "that of a reduction is its variable's", MEAN | {"unit": "kg"}),
    ("better", "expected 'lower' or 'higher'", MEAN | {"better": "more"}),
    ("sha256", "'x': expected 64 digits", MEAN | {"sha256": "x"}),
    ("function", "= 5: expected file and function", {"name": "own", "function": 5}),
    ("colour", "unknown key", MEAN | {"colour": "red"}),
    ("begin", "unknown key", MEAN | {"begin": "1 wk"}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "words", "table"), REFUSED)
def test_a_mistake_is_named_with_key_and_choice(key: str, words: str, table: Any) -> None:
    with pytest.raises(UserError, match=words) as refused:
        build("tnf_change", table)
    assert str(refused.value).startswith(f"own.toml: output.summaries[2].{key}")
    assert "Traceback" not in str(refused.value) and "\n" not in str(refused.value)


def test_names_are_told_apart() -> None:
    with pytest.raises(UserError, match=r"\[1\].name = 'own': 2 tables have that name"):
        build(MEAN, MEAN)
    with pytest.raises(UserError, match="summary 'pain_chnge' is not known; did you mean"):
        build("pain_chnge")
    axis = {"name": "own", "field": "parameters.driver", "values": [0.1, 0.2]}
    with pytest.raises(UserError, match=r"\[1\].name = 'own': the result has something"):
        StudyConfig.build(
            {"regimen": "1 mg nightly", "axes": [axis], "output": {"summaries": [MEAN]}}
        )


def test_a_window_after_the_end_of_the_longest_regimen_is_refused_before_anything_runs() -> None:
    from ldnsim.runs.plan import make_plan

    late = without(MEAN, "window", **{"from": "1 wk"}, to="9 wk")
    study = StudyConfig.build(
        {"regimen": "1 mg nightly for 2 wk", "output": {"summaries": [late]}}, "own.toml"
    )
    with pytest.raises(UserError, match=r"output.summaries\[1\].to = '9 wk': after the end"):
        make_plan(study)


def names(study: StudyConfig) -> list[str]:
    from ldnsim.config.own_summary import chosen

    return [s.name for s in chosen(study.output, study.edition.model)]


def test_words_for_many_and_names_stand_beside_tables() -> None:
    standard = [s.name for s in SUMMARIES.values() if s.standard]
    assert names(build("default", MEAN, "il6_change_end")) == [*standard, "own", "il6_change_end"]
    assert names(build({"name": "all"}, MEAN)) == [*SUMMARIES, "own"]
    assert names(build({"name": "tnf_change"}, "tnf_change", MEAN)) == ["tnf_change", "own"]


@pytest.mark.parametrize(
    "table",
    [
        MEAN, HOURS, CLOCK, HOURS | {"threshold": "70 % of untreated"},
        MEAN | {"against": "percent", "long_name": "my pain", "better": "higher"},
        without(MEAN, "window", **{"from": "36 h"}, to="2 wk"),
    ],
)  # fmt: skip
def test_a_study_reads_back_to_an_equal_one(table: Any) -> None:
    study = build("default", table)
    assert StudyConfig.loads(study.resolved()) == study
    assert "begin" not in study.resolved()


@given(st.floats(1e-3, 1e3), st.booleans())
@settings(deadline=None)
def test_a_share_is_a_number_or_percent(share: float, percent: bool) -> None:
    text = f"{100.0 * share!r} % of untreated" if percent else f"{share!r} of  untreated"
    found, relative = read_threshold(text, "nmol/L")
    assert relative and found == pytest.approx(share, rel=1e-12)
    assert read_threshold(share, "nmol/L") == (share, False)
    assert read_threshold(f"{share!r} umol/L", "nmol/L")[0] == pytest.approx(1e3 * share)


def test_a_level_of_the_drug_is_mass_or_substance() -> None:
    molar = read_threshold("2 nmol/L", "ng/mL", "naltrexone_plasma")[0]
    assert molar == pytest.approx(2.0 * 0.34141, rel=1e-12)
    assert read_threshold(f"{molar!r} ng/mL", "nmol/L", "ntx_brain")[0] == pytest.approx(2.0)
    assert read_threshold("2 nmol/L", "nmol/L", "ntx_brain") == (2.0, False)
    with pytest.raises(UserError, match="mass"):
        read_threshold("2 nmol/L", "pg/mL", "tnf")


def test_the_table_of_kinds_is_whole() -> None:
    assert SOLVED == (
        "mean", "integral", "max", "min", "hours_above", "first_below", "first_above"
    )  # fmt: skip
    for name, kind in KINDS.items():
        assert "{}" in kind.words and kind.engine in ("", *SOLVED), name
    units = {k: Measure("x", k, window="night").unit_in("nmol/L") for k in KINDS}
    assert units["integral"] == "nmol/L h" and units["mean"] == units["max"] == "nmol/L"
    assert units["hours_above"] == units["same_clock"] == "h/d" and units["first_below"] == "h"
    assert Measure("x", "hours_below", window="run").unit_in("1") == "h"
    assert Measure("x", "integral").unit_in("1") == "h"
    assert Measure("x", "max", against="percent").unit_in("1") == "percent"


# ---- functions --------------------------------------------------------------------------------

OWN = {"name": "relief", "function": "own.py:relief", "unit": "h"}


@pytest.mark.parametrize(
    ("words", "code", "table"),
    [
        (r"'own.py:relief': there is no file .*own.py'; did you mean 'owns.py'", None, {}),
        ("expected file and function, such as", "", {"function": "own.py"}),
        ("expected file and function, such as", "", {"function": "own.txt:relief"}),
        ("own.py, line 1: imports beside, so that .* a file may import the standard library",
         "import beside\ndef relief(pain): return 1", {}),
        ("own.py, line 2: imports .beside, ",
         "def relief(pain):\n    from .beside import x\n    return x", {}),
        ("has no function 'relief'; did you mean 'reliefs'", "def reliefs(pain): return 1", {}),
        ("own.py, line 1: not Python", "def relief(pain) return 1", {}),
        ("own.py, line 2: ZeroDivisionError: division by zero", "\n1 / 0", {}),
        (r"its argument '\*pain' names nothing", "def relief(*pain): return 1", {}),
        ("argument 'pian' is not stored; did you mean", "def relief(pian): return 1", {}),
        ("argument 'strain' is not stored; add it to output.variables",
         "def relief(strain): return 1", {}),
        ("variable = 'pain': the function says it", "def relief(pain): return 1",
         {"variable": "pain"}),
        ("unit: the unit 'furlong' is not known; units:", "def relief(pain): return 1",
         {"unit": "furlong"}),
        ("from = .*: the function says it", "def relief(pain): return 1", {"from": "1 wk"}),
    ],
)  # fmt: skip
def test_a_function_that_cannot_be_is_refused(
    words: str, code: str | None, table: Any, tmp_path: Path
) -> None:
    (tmp_path / "owns.py").write_text("")
    if code is not None:
        (tmp_path / "own.py").write_text(code)
    with pytest.raises(UserError, match=words) as refused:
        build("tnf_change", OWN | table, folder=tmp_path)
    assert str(refused.value).startswith("own.toml: output.summaries[2].")


@pytest.mark.parametrize("unit", ["1", "h", "percent", "ng/mL h", "h/d", "pg/mL"])
def test_units_of_functions_are_those_of_parameters_and_their_areas(
    unit: str, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text("def relief(pain): return 1")
    assert build(OWN | {"unit": unit}, folder=tmp_path).output.summaries[0].unit == unit  # type: ignore[union-attr]


def test_a_function_needs_what_is_stored_over_time(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def relief(pain): return 1")
    with pytest.raises(UserError, match=r"set output\.trajectories = true"):
        build(OWN, folder=tmp_path, trajectories=False)


def test_the_study_says_which_file_it_was_and_reading_that_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def relief(pain): return 1")
    text = build(OWN, folder=tmp_path).resolved()
    study = StudyConfig.loads(text)  # where there is no such file
    assert study.resolved() == text and "sha256" in text
    (tmp_path / "own.py").write_text("raise SystemExit")
    data = {"regimen": "1 mg nightly", "output": {"summaries": [OWN | {"sha256": "0" * 64}]}}
    again = StudyConfig.build(data, "own.toml", tmp_path)
    assert again.output.summaries[0].function.call is None  # type: ignore[union-attr]
