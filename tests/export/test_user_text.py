"""What a user wrote, whatever it holds, leaves every written file valid."""

from __future__ import annotations

import tomllib
from functools import cache
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim import export
from ldnsim.cli import table
from ldnsim.export.provenance import one_line
from ldnsim.sweep.study import Study

NASTY = (
    "two\nlines", "carriage\rreturn", "next line\x85and\u2028more\x0b", 'a "quote" and \\ back',
    "<b>&amp;</b> ]]>", "// end\nmodel x()", "/* open", "bell \x07 and nul \x00", "É µg −1 😀",
    "half \ud83d", "not \ufffe", "",
)  # fmt: skip


@cache
def written(title: str) -> tuple[str, str]:
    data = {
        "title": title,
        "regimen": {"prescription": "1 mg nightly at 22:00, for 2 d", "name": title},
    }
    study = Study.build(data, "test")
    return export.sbml(study), export.antimony(study)


@pytest.mark.parametrize("title", NASTY)
def test_any_title_leaves_sbml_and_antimony_valid(title: str) -> None:
    sbml, antimony = written(title)
    root = fromstring(sbml.encode())
    assert root[0].get("name") == one_line(title)
    assert antimony.encode().decode() == antimony
    plain = written("plain")[1].splitlines()
    ours = antimony.splitlines()
    assert len(ours) == len(plain)
    different = [a for a, b in zip(ours, plain, strict=True) if a != b]
    assert all(line.startswith("// study: ") for line in different)


@pytest.mark.parametrize("title", NASTY)
def test_antimony_itself_reads_it(title: str) -> None:
    reader = pytest.importorskip("antimony")
    reader.clearPreviousLoads()
    assert reader.loadAntimonyString(written(title)[1]) >= 0, reader.getLastError()


def test_libsbml_finds_no_error() -> None:
    libsbml = pytest.importorskip("libsbml")
    for title in NASTY:
        assert libsbml.readSBMLFromString(written(title)[0]).getNumErrors() == 0, title


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_one_line_is_one_line_of_characters(text: str) -> None:
    line = one_line(text)
    assert line.splitlines() in ([], [line])
    assert one_line(line) == line
    fromstring(f"<a>{line.replace('&', '').replace('<', '')}</a>".encode())
    plain = " ".join(text.split())
    assert len(line) == len(plain)


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_title_survives_the_study_inside_a_result(title: str) -> None:
    study = Study.build({"title": title, "regimen": "1 mg nightly for 2 d"}, "test")
    assert tomllib.loads(study.resolved())["title"] == title


def test_a_cell_never_breaks_a_piped_table(capsys: pytest.CaptureFixture[str]) -> None:
    table.show(("a", "b"), [["x\ty\nz\r\x0bq", "2"]])
    assert capsys.readouterr().out == "a\tb\nx y z q\t2\n"
