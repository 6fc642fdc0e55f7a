"""What designs give to whom, and what they refuse: one paragraph each, exit 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ldnsim.analysis.trial.laid import lay
from ldnsim.analysis.trial.pool import check_pool, pool_study
from ldnsim.analysis.trial.regimens import treatments
from ldnsim.cli import app
from ldnsim.config.designs import DESIGNS
from ldnsim.config.study import StudyConfig
from ldnsim.errors import UserError
from tests.analysis.trial_designs.made_up import pool, study


def arms(trial: dict[str, Any], **more: Any) -> list[str]:
    return lay(study(trial, **more).trial[0], study(trial, **more)).arms


DRUG = {"treatments": "4.5 mg"}


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        ({"design": "parallel", **DRUG}, ["placebo", "4.5 mg"]),
        ({"design": "parallel", "control": "1.5 mg", **DRUG}, ["1.5 mg", "4.5 mg"]),
        ({"design": "dose_response"}, ["placebo", "1.5 mg", "3 mg", "4.5 mg"]),
        ({"design": "up_and_down", "weeks": "2 wk"}, ["1.5 mg", "3 mg", "4.5 mg"]),
        (
            {"design": "crossover", "period": "3 wk", "washout": "1 wk", **DRUG},
            ["4.5 mg 3 wk, placebo 4 wk", "placebo 4 wk, 4.5 mg 3 wk"],
        ),
        (
            {
                "design": "crossover", "period": "1 wk",
                "sequences": [["3 mg", "3 mg", "placebo"], ["placebo", "placebo", "3 mg"]],
            },
            ["3 mg 2 wk, placebo 1 wk", "placebo 2 wk, 3 mg 1 wk"],
        ),
        (
            {"design": "n_of_1", "period": "1 wk", "pairs": 2, **DRUG},
            ["4.5 mg 1 wk, placebo 2 wk, 4.5 mg 1 wk", "placebo 1 wk, 4.5 mg 2 wk, placebo 1 wk"],
        ),
        (
            {"design": "withdrawal", "run_in": "2 wk", "weeks": "1 wk", **DRUG},
            ["4.5 mg 2 wk, placebo 1 wk", "4.5 mg"],
        ),
        (
            {
                "design": "enriched", "run_in": "2 wk", "washout": "1 wk", "weeks": "1 wk", **DRUG,
            },
            ["4.5 mg 2 wk, placebo 2 wk", "4.5 mg 2 wk, placebo 1 wk, 4.5 mg 1 wk"],
        ),
    ],
)  # fmt: skip
def test_a_design_says_what_the_pool_has_to_hold(
    trial: dict[str, Any], expected: list[str]
) -> None:
    trial = {"weeks": "4 wk", **trial} if "crossover" not in str(trial) else trial
    trial = {k: v for k, v in trial.items() if k in DESIGNS[trial["design"]].model_fields}
    assert arms(trial, weeks=8) == expected


def test_the_pool_holds_each_arm_once_and_is_as_long_as_the_longest_trial() -> None:
    both = [
        {"design": "parallel", "weeks": "3 wk", **DRUG},
        {"design": "withdrawal", "run_in": "3 wk", "weeks": "1 wk", **DRUG},
    ]
    made = pool_study(study(both))
    assert [r.name for r in made.regimens] == ["placebo", "4.5 mg", "4.5 mg 3 wk, placebo 1 wk"]
    assert made.plan().end == 4 * 168.0
    assert str(made.regimens[2]) == (
        "4.5 mg nightly at 22:00, for 3 wk, then placebo nightly at 22:00, for 1 wk"
    )
    assert not made.trial


def test_a_ladder_goes_on_where_a_regimen_does_and_begins_anew_where_it_comes_back() -> None:
    rx = "1 mg nightly at 22:00, +1 mg every 7 d to 4 mg, for 4 wk"
    trial = {"design": "crossover", "period": "2 wk", "treatments": "up"}
    made = pool_study(study(trial, regimens=[{"name": "up", "prescription": rx}]))
    second = next(r for r in made.regimens if r.name == "placebo 2 wk, up 2 wk")
    assert second.doses().amount_mg[-14:].tolist() == [1.0] * 7 + [2.0] * 7


def test_points_of_axes_are_arms_and_placebo_is_added() -> None:
    rx = "1/3 of target nightly at 22:00, +1/3 of target every 7 d to 3 mg, for 4 wk"
    axes = [
        {"name": "target", "field": "regimen.target", "values": ["3 mg", "4.5 mg"]},
        {"name": "interval", "field": "regimen.interval", "values": ["3 d", "7 d"]},
        {"name": "hypothesis", "field": "hypothesis", "values": ["dual_pathway", "null"]},
    ]
    data = {
        "regimen": {"prescription": rx}, "axes": axes, "population": {"size": 4},
        "trial": {"design": "parallel", "weeks": "4 wk"},
    }  # fmt: skip
    from ldnsim.sweep.study import Study

    found = Study.build(data)
    names = list(treatments(found))
    assert names[0] == "placebo" and len(names) == 5
    assert "target 4.5 mg, interval 1 wk" in names
    made = pool_study(found)
    assert [a.name for a in made.axes] == ["hypothesis"] and len(made.regimens) == 5


BASE = """
[[regimens]]
name = "4.5 mg"
prescription = "4.5 mg nightly at 22:00, for 12 wk"
[[regimens]]
name = "3 mg"
prescription = "3 mg nightly at 22:00, for 12 wk"
[population]
size = 8
[trial]
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('design = "paralel"', "'paralel' is not known; did you mean 'parallel'?"),
        ("patients = 10", "trial.design is missing; one of parallel, crossover"),
        ('design = "parallel"\npatients = 1', "patients = 1: a trial compares patients"),
        ('design = "parallel"\npatients = 2', "patients = 2 for 3 groups"),
        ('design = "parallel"\ncontrol = "3 mg"\ntreatments = "3 mg"', "'3 mg' is the control"),
        ('design = "parallel"\ntreatments = "6 mg"', "regimen '6 mg' is not known; did you"),
        ('design = "adaptive"\ninterim = 1.0', "interim = 1: it has to come before the end"),
        ('design = "crossover"\nwashout = "12 wk"', "washout = '12 wk' is more than twice"),
        ('design = "crossover"\ndiscard = "4 wk"', "discard = '4 wk' leaves nothing of a period"),
        ('design = "crossover"', "of more than two regimens the sequences have to be given"),
        ('design = "withdrawal"', "one regimen is given and withdrawn"),
        ('design = "parallel"\nweeks = "10 d"', "expected whole weeks, such as '12 wk'"),
        ('design = "parallel"\nweeks = "16 wk"', "gives '4.5 mg' for 16 wk, and it ends after 12"),
        ('design = "parallel"\nplacebo = "final2023"', "did you mean 'final2024'"),
        ('design = "parallel"\nanalysis = "repeated"\nestimands = "while_on_treatment"',
         "repeated measures leave out what comes after"),
        ('design = "crossover"\ntreatments = "3 mg"\nsequences = [["3 mg", "placebo"]]',
         "with one order alone"),
        ('design = "up_and_down"\ntreatments = ["3 mg", "4.5 mg"]\nstart = "1 mg"', "'1 mg'"),
        ('design = "parallel"\nestimands = "treatment_policy"', "in this pool nobody does"),
    ],
)  # fmt: skip
def test_what_is_no_trial_is_one_paragraph_and_exit_2(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(BASE + text + "\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["trial", str(file)])
    assert result.exit_code == 2, result.output
    assert told in result.stderr and "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_trial_without_comparator_and_one_longer_than_the_study_are_refused() -> None:
    none = [{"name": "placebo", "prescription": "placebo nightly at 22:00, for 4 wk"}]
    with pytest.raises(UserError, match="'placebo' has no comparator; add another regimen"):
        pool_study(study({"design": "parallel", "weeks": "4 wk"}, regimens=none))
    long = {"design": "crossover", "period": "2 wk", "washout": "4 wk", "treatments": "3 mg"}
    with pytest.raises(UserError, match=r"8 wk, with washouts of 4 wk, and the study ends after 4"):
        pool_study(study(long, horizon="4 wk"))


def test_a_pool_of_another_study_is_refused_and_says_what_differs() -> None:
    one = study({"design": "parallel", "weeks": "4 wk", "treatments": "3 mg"})
    ds = pool(one)
    check_pool(ds, one, "pool.zarr")
    other = study({"design": "parallel", "weeks": "4 wk", "treatments": "4.5 mg"})
    with pytest.raises(UserError, match=r"no arm '4.5 mg', which the study needs; it has placebo"):
        check_pool(ds, other, "pool.zarr")
    older = study({"design": "parallel", "weeks": "4 wk", "treatments": "3 mg"}, seed=7)
    with pytest.raises(UserError, match="another study: seed differs"):
        check_pool(ds, older, "pool.zarr")
    with pytest.raises(UserError, match="shorter than 4 wk"):
        check_pool(ds.drop_vars("pain_week_4"), one, "pool.zarr")


@pytest.mark.parametrize("name", list(DESIGNS))
def test_a_design_reads_back_from_what_it_writes(name: str) -> None:
    text = f'regimen = "4.5 mg nightly at 22:00, for 26 wk"\n[trial]\ndesign = "{name}"\n'
    read = StudyConfig.loads(text)
    assert StudyConfig.loads(read.resolved()).trial == read.trial
    assert read.trial[0].weeks_in_all > 0 and read.trial[0].title == name
