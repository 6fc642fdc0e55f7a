"""Parameters as text: complete, current, and what is searched, printed and written."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ldnsim.cli import app
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.mechanisms.record import (
    ASSUMED,
    GRADES,
    IN_VITRO,
    Mechanism,
    Parameter,
    logitnormal,
    lognormal,
)
from ldnsim.parameters import (
    as_markdown,
    card,
    csv_row,
    find,
    interval,
    link,
    plain,
    spread_in_words,
)

RUN = CliRunner()
SHIPPED = shipped()
EVERY = SHIPPED.model.parameters


def example(value: float, **more: object) -> Parameter:
    room = Mechanism("room", "for tests")
    room.parameter("x", value, "1", "a number", **more)  # type: ignore[arg-type]
    return room.parameters["x"]


@pytest.mark.parametrize("name", list(EVERY))
def test_alternatives_are_values_the_parameter_may_take(name: str) -> None:
    p = EVERY[name]
    low, high = (b if b is not None else s for b, s in ((p.low, -math.inf), (p.high, math.inf)))
    for word, value in p.alternatives.items():
        assert low <= value <= high, word
        assert value != p.value, f"{word} is the value in use"


def test_whoever_reads_a_grade_can_find_the_paper() -> None:
    known = SHIPPED.references
    for p in EVERY.values():
        for r in (known[key] for key in p.source):
            if p.grade != ASSUMED:
                assert r.doi or r.pmid or r.pmcid or r.url or r.journal, f"{p.name}: {r.key}"


def test_the_page_in_the_docs_is_current() -> None:
    page = Path(__file__).parent.parent / "docs" / "parameters.md"
    assert page.read_text("utf-8") == as_markdown(SHIPPED), (
        "run: ldnsim parameters --markdown > docs/parameters.md"
    )


def test_the_tables_hold_every_parameter_once_in_whole_rows() -> None:
    rows = [line for line in as_markdown(SHIPPED).splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(EVERY)
    assert {row.replace("\\|", "").count("|") for row in rows} == {10}


def test_spreads_hold_95_percent_between_their_limits() -> None:
    low, high = interval(example(2.0, spread=lognormal(0.5))) or (0.0, 0.0)
    assert math.log(high / 2.0) == pytest.approx(1.96 * 0.5)
    assert low * high == pytest.approx(4.0)
    low, high = interval(example(0.8, spread=logitnormal(1.0))) or (0.0, 0.0)
    assert math.log(high / (1.0 - high)) - math.log(4.0) == pytest.approx(1.96)
    assert 0.0 < low < 0.8 < high < 1.0
    assert interval(example(1.0)) is None


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (example(1.0, spread=lognormal(0.5)), "lognormal, 95 % 0.38-2.7"),
        (example(0.5, spread=logitnormal(0.4)), "logit-normal, 95 % 0.31-0.69"),
        (example(1.0), "none stated"),
    ],
)
def test_spreads_in_words(p: Parameter, words: str) -> None:
    assert spread_in_words(p) == words


@pytest.mark.parametrize(
    ("x", "text"), [(98000.0, "98,000"), (254.0, "250"), (0.0123, "0.012"), (1.0, "1")]
)
def test_plain_numbers(x: float, text: str) -> None:
    assert plain(x) == text


def test_search_reads_sources_notes_and_alternatives() -> None:
    assert "kd_kor" in [p.name for p in find(SHIPPED, search="ko_monkey")]
    for p in EVERY.values():
        for key in p.source:
            assert p in find(SHIPPED, search=key.upper())
            if doi := SHIPPED.references[key].doi:
                assert p in find(SHIPPED, search=doi)


@pytest.mark.parametrize("grade", sorted({p.grade for p in EVERY.values()}))
def test_grades_filter(grade: str) -> None:
    assert find(SHIPPED, grade=grade) == [p for p in EVERY.values() if p.grade == grade]


def test_mistakes_name_what_was_meant() -> None:
    with pytest.raises(UserError, match="did you mean 'animal'"):
        find(SHIPPED, grade="animals")
    with pytest.raises(UserError, match="'ic50_trif'"):
        find(SHIPPED, "ic50_trf")
    with pytest.raises(UserError, match=r"graded 'animal'.*'zzz'"):
        find(SHIPPED, search="zzz", grade="animal")


def test_one_parameter_shows_everything_recorded() -> None:
    for p in EVERY.values():
        text = card(SHIPPED, p)
        for part in (p.name, p.meaning, p.grade, p.mechanism, p.note, *p.alternatives):
            assert part in text
        for key in p.source:
            assert str(SHIPPED.references[key]) in text
        if not p.source:
            assert "the number is assumed" in text


def test_a_name_prints_the_card_and_a_mechanism_its_table() -> None:
    assert RUN.invoke(app, ["parameters", "kd_mor"]).stdout == card(SHIPPED, EVERY["kd_mor"]) + "\n"
    table = RUN.invoke(app, ["parameters", "microglia", "--markdown"]).stdout
    assert "(`microglia`)" in table
    assert "(`receptors`)" not in table


def test_the_file_holds_what_the_record_holds(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    words = ["parameters", "--csv", str(file), "--grade", IN_VITRO]
    assert RUN.invoke(app, words).exit_code == 0
    with file.open(newline="", encoding="utf-8") as lines:
        rows = {row["name"]: row for row in csv.DictReader(lines)}
    assert list(rows) == [p.name for p in find(SHIPPED, grade=IN_VITRO)]
    for name, row in rows.items():
        p = EVERY[name]
        assert (float(row["value"]), float(row["sd"])) == (p.value, p.spread.sd)
        pairs = (item.split("=") for item in row["alternatives"].split("; ") if item)
        assert {word: float(value) for word, value in pairs} == p.alternatives
        papers = [SHIPPED.references[key] for key in p.source]
        assert row["doi"].split() == [r.doi for r in papers if r.doi]
        assert row["pmid"].split() == [r.pmid for r in papers if r.pmid]
        if (limits := interval(p)) is not None:
            assert (float(row["low95"]), float(row["high95"])) == limits


def test_every_row_of_the_file_has_every_column() -> None:
    from ldnsim.parameters import CSV_HEADERS

    assert {len(csv_row(SHIPPED, p)) for p in EVERY.values()} == {len(CSV_HEADERS)}
    assert set(GRADES) >= {p.grade for p in EVERY.values()}


def test_links_lead_to_the_best_address() -> None:
    for r in SHIPPED.references.values():
        if r.doi:
            assert link(r) == f"https://doi.org/{r.doi}"
        assert not link(r) or link(r).startswith("https://")
