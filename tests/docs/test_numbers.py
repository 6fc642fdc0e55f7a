"""Numbers of the model that stand in sentences are those of the model."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ldnsim.analysis.trial.placebo import fit
from ldnsim.catalog import covariates, hypotheses
from ldnsim.config.run import RunSpec
from ldnsim.model import default_model
from ldnsim.runs.few import Measure, run_specs
from tests.docs.blocks import PAGES, ROOT

MODEL = default_model()
TEXT = {
    page: " ".join((ROOT / page).read_text(encoding="utf-8").split())
    for page in PAGES
    if page not in ("docs/parameters.md", "docs/equations.md")  # written by the model itself
}


def number(page: str, pattern: str) -> float:
    """The number that a sentence gives; the sentence has to be there, once."""
    found = re.findall(pattern, TEXT[page])
    assert len(found) == 1, (page, pattern, found)
    return float(found[0].replace(",", ""))


@pytest.mark.parametrize("page", list(TEXT))
def test_a_parameter_named_with_its_value_has_that_value(page: str) -> None:
    """Such as `kd_ogfr` 2.4 nmol/L; a value of a hypothesis or a study is written with "=" ."""
    for name, value, unit in re.findall(r"`(\w+)` ([\d.]*\d) ?(nmol/L|/h|h|L/h|L)\b", TEXT[page]):
        if name in MODEL.parameters:
            p = MODEL.parameters[name]
            assert float(value) == p.value, f"{page}: {name}"
            assert unit.replace("/h", "1/h") in (p.unit, p.unit.replace("L/h", "L1/h"))


def test_the_page_of_the_model_names_its_critical_numbers() -> None:
    found = re.findall(r"`(\w+)` [\d.]*\d", TEXT["docs/model.md"])
    assert {"kd_ogfr", "ic50_trif", "k_off_mor", "t_half_brain"} <= set(found)


def test_the_readme_gives_the_potency_that_is_used_and_the_one_that_was_measured() -> None:
    used = number("README.md", r"TRIF branch at ([\d.]+) nmol/L")
    measured = number("README.md", r"measured in glial cells is ([\d,.]+) nmol/L")
    assert used == MODEL.parameters["ic50_trif"].value
    assert measured == hypotheses()["rebound"].overrides["ic50_trif"]
    assert 500 < measured / used < 2000, "about a thousand times"


def test_covariates_have_the_factors_of_the_page() -> None:
    factors = {
        name: {x for e in covariates()[name].effects for x in _numbers(e)}
        for name in ("smoker", "cirrhosis")
    }
    assert number("docs/populations.md", r"`smoker` \| `cl` \| x ([\d.]+),") in factors["smoker"]
    assert number("docs/populations.md", r"both x ([\d.]+),") in factors["cirrhosis"]


def _numbers(effect: object) -> list[float]:
    text = repr(effect)
    return [float(x) for x in re.findall(r"\d+\.\d+", text)]


@pytest.mark.parametrize(
    ("pain", "pattern"),
    [(6.0, r"\*s\* = ([\d.]+); the interval"), (5.2, r"\*s\* is smaller, ([\d.]+) at 5\.2")],
)
def test_the_spread_of_the_placebo_response_is_that_of_the_page(pain: float, pattern: str) -> None:
    assert fit(np.full(8, pain)).sd == pytest.approx(
        number("docs/populations.md", pattern), abs=0.05
    )


def test_one_night_of_the_page_is_that_of_the_model() -> None:
    """Occupancy and rebound of docs/model.md: nightly doses at 22:00 in the default patient."""
    start = 11 * 168.0 + 22.0
    measures = [
        Measure("mor_occupancy", "max", start, start + 24.0),
        Measure("beta_endorphin", "mean", 11 * 168.0, 12 * 168.0),
    ]
    rx = "{} nightly at 22:00, for 13 wk"
    cases = [RunSpec.of(rx.format(dose)) for dose in ("4.5 mg", "1 ug")]
    got = run_specs(cases, 13, measures, [start + 10.0], ["mor_occupancy"])
    peak = number("docs/model.md", r"mu occupancy peaks near ([\d.]+)")
    assert got.values[0, 0] == pytest.approx(peak, abs=0.01)
    assert got.at[0, 0, 0] < number("docs/model.md", r"is below ([\d.]+) ten hours later")
    rise = 100.0 * (got.values[0, 1] / got.baseline("beta_endorphin")[0] - 1.0)
    assert rise == pytest.approx(number("docs/model.md", r"by (\d+) % on the daily mean"), abs=1.0)
    tiny = number("docs/model.md", r"1 microgram: ([\d.]+) %")
    assert 100.0 * got.values[1, 0] == pytest.approx(tiny, rel=0.05)
    about = number("docs/evidence.md", r"1 µg gives about ([\d.]+) % mu occupancy")
    assert 100.0 * got.values[1, 0] == pytest.approx(about, rel=0.3)
