"""The set that a stricter story led to: it is read, and a healthy person stays well with it."""

from __future__ import annotations

from pathlib import Path

from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped
from ldnsim.edition.edition import extended
from ldnsim.runs.few import ask, week

FOLDER = Path(__file__).parents[2] / "examples" / "stricter_story"


def test_the_set_is_read_and_says_what_it_is() -> None:
    strict = extended(["set.toml"], FOLDER)
    assert strict.model.parameters["tone_brake50"].value > 1.3
    assert {"glial_story", "ogfr_story"} <= set(strict.hypotheses)
    assert "depleted_story" in strict.phenotypes
    assert strict.model.numbers != shipped().model.numbers
    assert "missed" in strict.model.parameters["tone_brake50"].note


def test_a_healthy_person_stays_well_with_it_and_an_ill_one_gains() -> None:
    strict = extended(["set.toml"], FOLDER)

    def tnf(dose: str, hypothesis: str, phenotype: str) -> float:
        spec = RunSpec.of(
            f"{dose} nightly at 22:00, for 39 wk", hypothesis, phenotype=phenotype, edition=strict
        )
        return float(ask([(spec, [week("tnf", 39)])])[0][0])

    assert tnf("50 mg", "ogfr_story", "healthy") < 1.1
    assert tnf("4.5 mg", "ogfr_story", "default") < 1.7
