"""First dose and pace: every start is listed, read off the runs, told as research, and drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ldnsim import UserError, plots
from ldnsim.analysis.optimise import start_dose as analysis
from ldnsim.cli import app
from ldnsim.config.knobs import can_make
from ldnsim.config.optimise import AT_ONCE, CAPSULES
from ldnsim.edition import shipped
from ldnsim.regimen import Regimen

RUN = CliRunner()


def test_every_start_reaches_its_target_and_is_made_of_capsules() -> None:
    found = analysis.ladders()
    assert len(found) == 13
    for text, (first, pace) in found.items():
        regimen = Regimen.parse(text)
        amounts = regimen.doses().amount_mg
        assert regimen.reaches_target and amounts[0] == first and amounts[-14:].min() == 4.5
        assert (pace == 0.0) == (first == 4.5)
        assert all(can_make(CAPSULES, AT_ONCE, mg) for mg in set(amounts.tolist()))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"hypotheses": ["tonik"]}, "did you mean 'tonic'"),
        ({"capacities": [11.0]}, "functional_capacity"),
        ({"phenotype": "deplete"}, "did you mean 'depleted'"),
        ({"weights": {"pain_chang": -1.0}}, "did you mean 'pain_change'"),
        ({"sensitivities": [-1.0]}, "adverse_sensitivity"),
    ],
)
def test_wrong_words_are_refused_before_anything_runs(more: dict[str, Any], said: str) -> None:
    given = {"capacities": [3.0], "sensitivities": [1.0], "hypotheses": ["tonic"], **more}
    with pytest.raises(UserError, match=said):
        analysis.start_study(**given, size=2, edition=shipped())


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The command on five short starts, four patients at four places, with everything on."""
    path = tmp_path_factory.mktemp("start")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "WEEKS", 8)
        patch.setattr(analysis, "FIRST_MG", (1.5, 3.0))
        patch.setattr(analysis, "PACES_D", (7, 14))
        words = ["start-dose", "--functional-capacity", "2", "--functional-capacity", "8",
                 "--sensitivity", "1", "--sensitivity", "3", "--population", "4",
                 "--hypothesis", "dual_pathway", "--weight", "worst_burden=-1",
                 "--weight", "pain_change=-0.5", "--plot", f"{path}/s.png",
                 "--csv", f"{path}/s.csv", "--json", f"{path}/s.json"]  # fmt: skip
        return path, RUN.invoke(app, words)


def test_the_command_says_what_it_is_and_writes_what_it_says(short: tuple[Path, Any]) -> None:
    path, result = short
    assert result.exit_code == 0, result.output
    assert "Research, not advice" in result.stdout and "Not medical advice" in result.stdout
    assert "utility: -1 worst_burden - 0.5 pain_change (as given); 4 patients" in result.stdout
    assert "asking for functional_capacity" in result.stdout
    told = json.loads((path / "s.json").read_text(encoding="utf-8"))
    assert told["written_by"] == "ldnsim start-dose" and "Research" in told["warning"]
    places = [(s["functional_capacity"], s["sensitivity"]) for s in told["starts"]]
    assert places == [(2.0, 1.0), (2.0, 3.0), (8.0, 1.0), (8.0, 3.0)]
    for s in told["starts"]:
        assert s["utility_low"] <= s["utility"] <= s["utility_high"]
        assert s["first_low"] <= s["first_high"] and 1 <= s["as_good"] <= 5
        assert s["prescription"].startswith(f"{s['first_mg']:g} mg") and 0.0 <= s["agree"] <= 1.0
    worse = {s["sensitivity"]: s["utility"] for s in told["starts"][:2]}
    assert worse[3.0] < worse[1.0], "three times the burden is a burden"
    lines = (path / "s.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("functional_capacity,sensitivity,hypothesis,first_mg,pace_d")
    assert len(lines) == 5 and (path / "s.png").stat().st_size > 15_000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--functional-capacity", "3", "--functional-capacity", "3"], "given twice"),
        (["--functional-capacity", "12"], "expected a number from 0 to 10"),
        (["--weight", "pain_change"], "expected summary=weight"),
        (["--weight", "steps=1", "--weight", "steps=2"], "given twice"),
        (["--hypothesis", "tonik"], "did you mean 'tonic'"),
        (["--population", "1"], "at least 2"),
        (["--json", "x.csv"], "ends in .json"),
    ],
)
def test_a_wrong_option_is_one_paragraph(words: list[str], said: str) -> None:
    result = RUN.invoke(app, ["start-dose", *words])
    assert result.exit_code == 2 and said in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr and result.stdout == ""


def test_the_middle_of_patients_leaves_a_tenth_out_on_either_side() -> None:
    values = np.array([0.5, 1.5, 3.0])
    own = np.array([0] + [1] * 8 + [2])
    assert analysis._middle(values, own, np.ones(10)) == (0.5, 1.5)
    assert analysis._middle(values, own[1:], np.ones(9)) == (1.5, 3.0)
    heavy = np.array([0.05] + [1.0] * 8 + [0.05])
    assert analysis._middle(values, own, heavy) == (1.5, 1.5)


def test_the_picture_needs_starts() -> None:
    import xarray as xr

    with pytest.raises(UserError, match="ldnsim start-dose"):
        plots.start_dose(xr.Dataset({"x": 1}))
