"""Ranking of observations: what must tell nothing, what must tell all, and repeatability."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from typer.testing import CliRunner

import ldnsim
from ldnsim import catalog, plots
from ldnsim.analysis.design.assays import read_assays
from ldnsim.analysis.design.discriminate import Ranking, discriminate
from ldnsim.analysis.design.ranking_data import full_headers, full_row, to_dataset
from ldnsim.cli import app
from ldnsim.config.run import RunSpec
from ldnsim.errors import UserError
from ldnsim.runs.few import run_specs
from ldnsim.sweep.study import Study

matplotlib.use("Agg")
RIVALS = ("dual_pathway", "tonic", "null")
TEXT = """
title = "two doses"
[regimen]
prescription = "4.5 mg nightly at 22:00, for 2 wk"
[[axes]]
name = "dose"
field = "regimen.start"
values = ["1.5 mg", "4.5 mg"]
unit = "mg"
"""
STUDY = Study.loads(TEXT, "test")


def ranked(**changes: object) -> Ranking:
    options: dict[str, object] = {"weeks": (1, 2), "clock": (2.0, 14.0)}
    return discriminate(STUDY, read_assays(), RIVALS, **{**options, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ranking() -> Ranking:
    return ranked()


def test_what_all_hypotheses_agree_on_tells_nothing(ranking: Ranking) -> None:
    plasma = [c for c in ranking.candidates if c.assay == "plasma_naltrexone"]
    assert len(plasma) == 2 * 2 * 2
    assert all(c.bits < 1e-6 and not ranking.separated(c) for c in plasma)
    assert all(c.mean[0] > 0.0 for c in plasma)


def test_null_changes_nothing_but_drug_levels(ranking: Ranking) -> None:
    for c in ranking.candidates:
        if c.assay != "plasma_naltrexone":
            assert abs(c.mean[2]) < 1e-3


def test_occupancy_tells_a_lasting_block_from_a_passing_one(ranking: Ranking) -> None:
    best = ranking.candidates[0]
    assert best.bits == pytest.approx(np.log2(3.0), abs=0.01)
    afternoon = next(
        c for c in ranking.candidates
        if (c.assay, c.regimen, c.week, c.clock) == ("mu_occupancy", "4.5 mg", 2, 14.0)
    )  # fmt: skip
    assert "dual_pathway/tonic" in ranking.separated(afternoon)
    assert ranking.never() == []
    assert [c.bits for c in ranking.candidates] == sorted(
        (c.bits for c in ranking.candidates), key=lambda b: -round(b, 3)
    )


def test_predicted_change_is_that_of_the_run_itself(ranking: Ranking) -> None:
    case = RunSpec.of("4.5 mg nightly at 22:00, for 2 wk", hypothesis="tonic")
    at = run_specs([case], 2, [], [13 * 24.0 + 2.0], ["tnf"], rtol=1e-6).at[0, 0, 0]
    before = run_specs([RunSpec.of(hypothesis="tonic")], 1, [], [2.0], ["tnf"], rtol=1e-6).at[
        0, 0, 0
    ]
    c = next(
        c for c in ranking.candidates
        if (c.assay, c.regimen, c.week, c.clock) == ("tnf", "4.5 mg", 2, 2.0)
    )  # fmt: skip
    assert c.mean[1] == pytest.approx(np.log(at / before), rel=1e-3)
    assert c.sd[1] == pytest.approx(np.sqrt((0.4**2 + 2 * 0.15**2) / 12))


def test_more_people_tell_more_and_ignorance_of_parameters_tells_less(ranking: Ranking) -> None:
    many = ranked(participants=200)
    key = {(c.assay, c.regimen, c.week, c.clock): c.bits for c in many.candidates}
    for c in ranking.candidates:
        assert key[c.assay, c.regimen, c.week, c.clock] >= c.bits - 1e-6
    loose, again = ranked(members=10, seed=4), ranked(members=10, seed=4)
    assert [c.bits for c in loose.candidates] == [c.bits for c in again.candidates]
    assert loose.candidates and loose.failed > 0  # some of them have no inflamed state
    sds = {(c.assay, c.regimen, c.week, c.clock): c.sd for c in loose.candidates}
    for c in ranking.candidates:
        if (c.assay, c.regimen, c.week, c.clock) in sds:
            assert np.all(sds[c.assay, c.regimen, c.week, c.clock] >= c.sd - 1e-12)
    assert ranked(members=10, seed=5).candidates[0].mean[0] != loose.candidates[0].mean[0]


def test_a_ranking_is_drawn_and_written(ranking: Ranking) -> None:
    ds = to_dataset(ranking, "two doses")
    assert int(np.isfinite(ds["bits"]).sum()) == len(ranking.candidates)
    figure = plots.discriminate(ds)
    shown = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert any(t.startswith("mu occupancy (PET), 4.5 mg, wk") for t in shown)
    assert len(full_headers(ranking)) == len(full_row(ranking, ranking.candidates[0]))


def test_errors_of_measurement_are_sourced_or_said_to_be_assumed() -> None:
    known = catalog.references()
    for assay in read_assays().values():
        keys = [k.strip() for g in re.findall(r"\[([^\]]+)\]", assay.note) for k in g.split(",")]
        assert all(k in known for k in keys), assay.title
        assert keys or assay.grade == "assumed", assay.title


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('variable = "tfn"', "did you mean 'tnf'"),
        ('variable = "tnf"\nsize = 1', "a.size"),
        ('variable = "tnf"\nbetween_sd = -1.0', "a.between_sd"),
        ('variable = "tnf"\nbetween_sd = 0.0', "nothing is exact"),
        ('variable = "tnf"\ngrade = "guess"', "a.grade"),
    ],
)
def test_a_wrong_assay_file_is_refused_by_key(tmp_path: Path, text: str, said: str) -> None:
    rest = {"title": '"A"', "scale": '"ratio"', "between_sd": "0.1", "assay_sd": "0.0",
            "grade": '"assumed"', "note": '"n"'}  # fmt: skip
    lines = [f"{k} = {v}" for k, v in rest.items() if f"{k} =" not in text]
    file = tmp_path / "errors.toml"
    file.write_text("\n".join(["[a]", text, *lines]), encoding="utf-8")
    with pytest.raises(UserError) as error:
        read_assays(file)
    assert said in str(error.value) and "errors.toml" in str(error.value)


def test_the_command_ranks_and_refuses(tmp_path: Path) -> None:
    study, table = tmp_path / "s.toml", tmp_path / "r.csv"
    study.write_text(TEXT, encoding="utf-8")
    words = ["discriminate", str(study), "--hypothesis", "glial", "--hypothesis", "null"]
    result = CliRunner().invoke(
        app, [*words, "--weeks", "2", "--clock", "02:00", "--top", "3", "--csv", str(table)]
    )
    assert result.exit_code == 0, result.output
    assert "Ranked under the model" in result.stdout
    with table.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 2 * len(read_assays())
    assert float(rows[0]["bits"]) >= float(rows[-1]["bits"])
    for more, said in (
        (["--weeks", "9"], "expected 1 to 2"),
        (["--weeks", "x"], "whole number"),
        (["--clock", "25:00"], "22:00"),
        (["--hypothesis", "gliel"], "'glial'"),
    ):
        bad = CliRunner().invoke(app, [*words, *more])
        assert bad.exit_code == 2 and said in " ".join(bad.stderr.split()), bad.output
    alone = CliRunner().invoke(app, ["discriminate", str(study), "--hypothesis", "null"])
    assert alone.exit_code == 2


def test_the_shipped_study_names_all_hypotheses() -> None:
    path = Path(__file__).parents[2] / "configs" / "discriminate.toml"
    plan = ldnsim.load(path).plan()
    assert {r.hypothesis for r in plan.runs} == set(catalog.hypotheses())
    assert plan.dims[0].coordinates[0].values == (0.5, 1.5, 4.5, 50.0)


def test_a_population_is_refused_and_the_subject_counts() -> None:
    people = Study.loads(TEXT + "[population]\nsize = 4\n", "test")
    with pytest.raises(UserError, match=r"\[population\].*--members"):
        discriminate(people, read_assays(), RIVALS, weeks=(1,), clock=(2.0,))
    found = []
    for subject in (0, 1):
        text = f"subject = {subject}\n{TEXT}[adherence]\np_missed = 0.5\n"
        ranking = discriminate(
            Study.loads(text, "test"), read_assays(), RIVALS, weeks=(1, 2), clock=(2.0,)
        )
        found.append([c.mean.tolist() for c in ranking.candidates])
    assert found[0] != found[1], "two subjects miss other doses"
