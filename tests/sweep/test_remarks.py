"""What does nothing, or more than it seems to, is told with the plan."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from ldnsim.cli import app
from ldnsim.runs.remarks import LICENSED_MG, remarks
from ldnsim.sweep.study import Study

RX = "4.5 mg nightly, for 1 wk"


def told(**blocks: Any) -> list[str]:
    plan = Study.build({"title": "remarks", "regimen": RX} | blocks).plan()
    found = remarks(plan.study, plan.runs)
    lines = plan.describe().splitlines()
    assert [line[11:] for line in lines if line.startswith("remark ")] == found
    return found


@pytest.mark.parametrize(
    "patient",
    [
        {}, {"oprm1": "AA"}, {"oprm1": "GG", "oprm1_claim": "bond1998"}, {"smoker": False},
        {"cirrhosis": "none"}, {"functional_capacity": 3}, {"sex": "woman"},
        {"phenotype": "sensitive", "sex": "woman"},
    ],
)  # fmt: skip
def test_what_does_what_it_says_gets_no_remark(patient: dict[str, Any]) -> None:
    assert told(patient=patient) == []


def test_a_genotype_without_its_claim_does_nothing() -> None:
    (one,) = told(patient={"oprm1": "GG"})
    assert "patient.oprm1 = 'GG' changes nothing" in one and "oprm1_claim = 'bond1998'" in one
    (drawn,) = told(population={"size": 2, "oprm1_g_frequency": 0.2})
    assert drawn.startswith("population.oprm1_g_frequency draws a genotype that changes nothing")


def test_a_genotype_along_an_axis_counts_where_it_acts_anywhere() -> None:
    axes = [{"name": "g", "field": "patient.oprm1", "values": ["AA", "AG", "GG"]}]
    assert len(told(axes=axes)) == 2  # AG and GG
    assert told(axes=axes, patient={"oprm1_claim": "bond1998"}) == []


def test_a_covariate_that_replaces_a_number_of_the_phenotype_is_told() -> None:
    (one,) = told(patient={"phenotype": "depleted", "functional_capacity": 10})
    assert one == (
        "patient.functional_capacity = 10 sets reserve = 1, where the phenotype 'depleted' has"
        " 0.3409; the name stays"
    )


@pytest.mark.parametrize(
    ("regimen", "most"),
    [
        ("50 mg nightly, for 1 wk", 0), ("51 mg nightly, for 1 wk", 51),
        ("5 mg nightly, +20 mg every 1 d to 500 mg, for 30 d", 500),
        ("1 mg nightly, every 1 wk +1 mg if pain > 2, to 80 mg, for 4 wk", 80),
    ],
)  # fmt: skip
def test_a_dose_above_the_licensed_one_is_told_and_run(regimen: str, most: int) -> None:
    found = told(regimen=regimen)
    assert len(found) == bool(most)
    assert not found or f"is {most} mg, above the {LICENSED_MG:g} mg" in found[0]


def test_simulate_says_it_on_stderr() -> None:
    done = CliRunner().invoke(app, ["simulate", "60 mg nightly, for 2 d"])
    assert done.exit_code == 0 and "remark: the largest single dose is 60 mg" in done.stderr
    assert "remark" not in done.stdout
