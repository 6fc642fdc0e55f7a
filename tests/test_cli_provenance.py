"""The commands that say what numbers rest on: cite, hypotheses, sensitivity."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ldnsim
from ldnsim.catalog import hypotheses, references
from ldnsim.cli import app
from ldnsim.influence import switched_off
from ldnsim.model import default_model

RUN = CliRunner()
MODEL = default_model()
STUDY = """
title = "Two regimens"
hypothesis = "ogfr"
[modifiers]
adjuncts = ["alpha_lipoic_acid"]
[[regimens]]
name = "one"
prescription = "3 mg nightly at 22:00 for 3 d"
[[regimens]]
name = "two"
prescription = "4.5 mg nightly at 22:00 for 3 d"
[output]
variables = ["pain", "tnf", "mor_occupancy"]
summaries = ["tnf_change", "pain_change", "hours_blocked", "naltrexone_auc"]
"""

CATALOGUED = ("hypothesis ogfr", "phenotype default", "adjunct alpha_lipoic_acid")


def said(*words: str | Path) -> str:
    result = RUN.invoke(app, [str(w) for w in words])
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str | Path) -> str:
    result = RUN.invoke(app, [str(w) for w in words])
    assert result.exit_code == 2, result.output
    return " ".join(result.stderr.split())


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study file."""
    file = tmp_path_factory.mktemp("provenance") / "two.toml"
    file.write_text(STUDY)
    return file


@pytest.fixture(scope="module")
def store(study: Path) -> Path:
    """Its result, without sensitivities."""
    path = study.with_suffix(".zarr")
    ldnsim.load(study).run(path).close()
    return path


# ---- cite -------------------------------------------------------------------------------------


def test_papers_come_by_mechanism_then_by_catalogue_each_once_a_group(store: Path) -> None:
    groups = said("cite", store).split("\n\n")
    heads = [g.split(":")[0] for g in groups[1:]]
    rooms = [m.name for m in MODEL.mechanisms if m.parameters]
    assert heads == [*rooms, *CATALOGUED]
    for room, text in zip(rooms, groups[1:], strict=False):
        own = [p for p in MODEL.parameters.values() if p.mechanism == room]
        assert f"{room}: {len(own)} parameters" in text
        for key in {k for p in own for k in p.source}:
            assert text.count(f"[{key}]") == 1
    for key in hypotheses()["ogfr"].sources:
        assert groups[len(rooms) + 1].count(f"[{key}]") == 1


def test_what_the_hypothesis_switches_off_is_marked_and_not_counted(store: Path) -> None:
    (text,) = [g for g in said("cite", store).split("\n\n") if g.startswith("tlr4:")]
    off = switched_off(MODEL, ["coupling_tlr4"]) | {"coupling_tlr4"}
    own = [p for p in MODEL.parameters.values() if p.mechanism == "tlr4"]
    live = [p for p in own if p.grade == "assumed" and p.name not in off]
    assert f"{len(own)} parameters, {len(live)} assumed, {len(off)} switched off" in text
    line = text.split("switched off by the hypothesis: ")[1].splitlines()[0]
    assert set(line.split(", ")) == off


def test_the_papers_can_be_taken_into_a_reference_manager(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "papers" / "two.bib"
    text = said("cite", store, "--bibtex", file)
    head, *entries = file.read_text("utf-8").split("\n@")
    assert head.startswith("% ") and "@" not in head  # a comment to BibTeX
    total = int(text.splitlines()[-1].split()[0])
    assert len(entries) == total
    for entry in entries:
        key = entry.split("{")[1].split(",")[0]
        assert f"[{key}]" in text
        assert not references()[key].doi or f"doi = {{{references()[key].doi}}}" in entry
        assert entry.count("{") - entry.count("\\{") == entry.count("}") - entry.count("\\}")


# ---- hypotheses -------------------------------------------------------------------------------


def test_hypotheses_stand_next_to_the_potency_that_was_measured() -> None:
    lines = said("hypotheses").splitlines()
    measured = MODEL.parameters["ic50_trif"].alternatives["superoxide_naloxone"]
    rows = {line.split("\t")[0]: line.split("\t")[2:5] for line in lines[1:]}
    assert "nmol/L" in lines[0]
    assert rows.keys() == hypotheses().keys()
    for name, (used, seen, ratio) in rows.items():
        assert float(seen) == measured
        over = hypotheses()[name].overrides
        reaches = all(over.get(f"coupling_{c}", 1.0) for c in ("tlr4", "drug", "brain"))
        if not reaches:
            assert (used, ratio) == ("off", "")
            continue
        assert float(used) == over.get("ic50_trif", MODEL.parameters["ic50_trif"].value)
        assert float(ratio.replace(",", "")) == pytest.approx(measured / float(used), rel=0.05)
    assert rows["null"][0] == rows["ogfr"][0] == rows["peripheral"][0] == "off"
    assert rows["rebound"][2] == "1"


# ---- sensitivity ------------------------------------------------------------------------------


def test_a_store_keeps_what_is_computed_and_its_pictures_say_it(
    store: Path, tmp_path: Path
) -> None:
    figure, bars = tmp_path / "f.svg", tmp_path / "b.png"
    said("compare", store, "--out", figure)
    assert "sensitivity" not in ldnsim.open_store(store)
    result = RUN.invoke(app, ["sensitivity", str(store), "--plot", str(bars), "--most", "5"])
    assert result.exit_code == 0, result.output
    assert f"kept in {store}" in result.stderr
    assert bars.read_bytes().startswith(b"\x89PNG")
    assert "# run: one\n# tnf_change = " in result.stdout
    assert "\n# pain_change = " in result.stdout
    with ldnsim.open_store(store) as ds:
        assert ds["sensitivity"].attrs["reference"] == "one"
        assert json.loads(ds.attrs["dims"]) == ["regimen"]
    again = RUN.invoke(app, ["sensitivity", str(store), "--most", "5"])
    assert "kept in" not in again.stderr
    assert result.stdout.startswith(again.stdout)
    said("compare", store, "--out", figure)
    selected = RUN.invoke(app, ["sensitivity", str(store), "--select", "regimen=two"])
    assert "# run: two" in selected.stdout
    assert "kept in" in selected.stderr


def test_the_ranked_table_has_grade_and_source(study: Path) -> None:
    lines = said("sensitivity", study, "--summary", "naltrexone_auc", "--most", "4").splitlines()
    rows = [line.split("\t") for line in lines if "\t" in line]
    assert rows[0] == [
        "parameter", "value", "unit", "per +1 % (ng/mL h)", "by one sd (ng/mL h)", "share",
        "grade", "source",
    ]  # fmt: skip
    assert len(rows) == 5
    sizes = [abs(float(r[4])) for r in rows[1:]]
    assert sizes == sorted(sizes, reverse=True)
    for row in rows[1:]:
        p = MODEL.parameters[row[0]]
        assert (row[6], row[7]) == (p.grade, " ".join(p.source) or "-")
    assert rows[1][0] == "first_pass_extraction"
    assert lines[-1].startswith("# left out: ")


def test_a_prescription_takes_hypothesis_and_parameters() -> None:
    words = ["3 mg nightly at 22:00 for 3 d", "--summary", "naltrexone_auc", "--most", "3"]
    text = said("sensitivity", *words, "--hypothesis", "rebound", "--set", "cl=94")
    row = next(line.split("\t") for line in text.splitlines() if line.startswith("cl\t"))
    assert row[1] == "94"
    assert row[6] == "assumed"  # a number of one's own has no evidence


def test_mistakes_name_what_was_meant(study: Path, store: Path) -> None:
    assert "did you mean 'tnf_change'" in refused("sensitivity", store, "--summary", "tnf_chnge")
    assert "did you mean 'regimen'" in refused("sensitivity", study, "--select", "regmen=one")
    assert "not to a prescription" in refused(
        "sensitivity", "3 mg nightly for 3 d", "--select", "regimen=one"
    )
    assert "no result at" in refused("sensitivity", store.with_name("none.zarr"))
