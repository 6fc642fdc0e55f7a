"""The best regimen of a study: closed forms, searches against the grid, stores, threads, files."""

from __future__ import annotations

import builtins
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import ldnsim
from ldnsim import Study, UserError, plots
from ldnsim.analysis.optimise import labelled
from ldnsim.analysis.optimise.choose import Choice, choose, weigh
from ldnsim.analysis.optimise.evaluate import evaluate, space_of, sweep_of
from ldnsim.cli import app
from ldnsim.config.optimise_rules import settings_of

RUN = CliRunner()
RX = "0.5 mg nightly at 22:00, +0.5 mg every 2 d to 2 mg, for 5 wk"
TARGET = {"field": "regimen.target", "values": ["1 mg", "2 mg", "3 mg", "4 mg"]}
INTERVAL = {"field": "regimen.interval", "values": ["1 d", "2 d", "3 d"]}
PEOPLE = {"size": 4, "scale": 0.3}
RIVALS = {"name": "hypothesis", "field": "hypothesis", "values": ["dual_pathway", "tonic"]}


def study(free: list[dict[str, Any]], utility: dict[str, float], **more: Any) -> Study:
    """A study of five weeks; ``more`` are further keys of [optimise], or blocks."""
    blocks = {k: more.pop(k) for k in ("population", "axes", "patient", "output") if k in more}
    data = {"regimen": RX, "optimise": {"free": free, "utility": utility, **more}, **blocks}
    return Study.build(data)


def best(choice: Choice) -> str:
    return choice.found.candidates[choice.best].prescription


# ---- closed forms ------------------------------------------------------------------------------


@pytest.mark.parametrize(("weight", "target", "interval"), [(-4.0, 1, 1), (-0.7, 4, 1)])
def test_the_best_of_what_the_prescription_says_is_that_of_the_formula(
    weight: float, target: int, interval: int
) -> None:
    """The top T (mg) is reached in (2 T - 1) d / 7 weeks, at ``weight`` a week."""
    found = choose(study([TARGET, INTERVAL], {"highest_dose": 1.0, "weeks_to_target": weight}))
    for c, score in zip(found.found.candidates, found.score, strict=True):
        top, days = c.shown
        assert score == pytest.approx(top + weight * (2 * top - 1) * days / 7.0)
        assert c.says["steps"] == 2 * top - 1
    assert found.found.candidates[found.best].shown == (target, interval)
    ladder = f"0.5 mg nightly at 22:00, +0.5 mg every {interval} d to {target} mg, for 5 wk"
    assert best(found) == ladder
    assert found.individual is None and np.isnan(found.low).all(), "one patient"
    assert found.close.sum() >= 1 and found.tied.sum() == 1


def test_a_limit_moves_the_best_to_what_keeps_it() -> None:
    limits = [{"summary": "weeks_to_target", "most": "8 d"}, {"summary": "steps", "least": 2}]
    found = choose(study([TARGET, INTERVAL], {"highest_dose": 1.0}, constraints=limits))
    kept = [c.shown for c, a in zip(found.found.candidates, found.allowed, strict=True) if a]
    want = {(t, d) for t in (2, 3, 4) for d in (1, 2, 3) if (2 * t - 1) * d <= 8}
    assert {(float(a), float(b)) for a, b in kept} == {(float(a), float(b)) for a, b in want}
    assert found.found.candidates[found.best].shown == (4.0, 1.0)
    assert not found.front[~found.allowed].any()


# ---- searches ----------------------------------------------------------------------------------

WIDE = [
    {"field": "regimen.target", "from": "1 mg", "to": "4 mg"},
    {"field": "regimen.interval", "from": "1 d", "to": "4 d", "step": "1 d"},
]
BOTH = {"pain_change": -1.0, "highest_dose": 0.05, "weeks_to_target": -0.1}


@pytest.fixture(scope="module")
def grid() -> Choice:
    return choose(study(WIDE, BOTH))


@pytest.mark.parametrize("search", ["optuna", "evolution"])
def test_a_search_finds_what_the_grid_finds(search: str, grid: Choice) -> None:
    if search == "optuna":
        pytest.importorskip("optuna")
    found = choose(study(WIDE, BOTH, search=search, evaluations=24, batch=8))
    assert len(grid.found.candidates) == 28, "7 doses that capsules make, 4 intervals"
    assert 8 <= len(found.found.candidates) <= 24 and search[:4] in found.how.replace(
        "diff", "evol"
    )
    scores = {c.label: s for c, s in zip(grid.found.candidates, grid.score, strict=True)}
    for c, s in zip(found.found.candidates, found.score, strict=True):
        assert s == pytest.approx(scores[c.label], abs=1e-5), "the same run in another batch"
    top = float(np.ptp(grid.score))
    assert found.score[found.best] >= grid.score[grid.best] - 0.05 * top
    again = choose(study(WIDE, BOTH, search=search, evaluations=24, batch=8))
    assert [c.label for c in again.found.candidates] == [c.label for c in found.found.candidates]


def test_what_is_continuous_is_searched_on_whole_minutes() -> None:
    free = [{"field": "regimen.interval", "from": "12 h", "to": "4 d"},
            {"field": "regimen.target", "from": "1 mg", "to": "2 mg"}]  # fmt: skip
    wanted = {"weeks_to_target": -1.0, "highest_dose": 1.0}
    found = choose(study(free, wanted, capsules="any", evaluations=20, batch=10))
    assert "differential evolution" in found.how
    for c in found.found.candidates:
        assert 0.5 <= c.shown[0] <= 4.0 and 1.0 <= c.shown[1] <= 2.0
        assert ldnsim.Regimen.parse(c.prescription)


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **rest: Any) -> Any:
        if name == "optuna":
            raise ImportError(name)
        return real(name, *args, **rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UserError, match=r"pip install 'ldnsim\[optimise\]'"):
        choose(study(WIDE, BOTH, search="optuna"))


# ---- the sweep behind it -----------------------------------------------------------------------


def test_candidates_are_runs_of_an_ordinary_study() -> None:
    own = study([TARGET, INTERVAL], {"pain_change": -1.0}, axes=[RIVALS], population=PEOPLE)
    space = space_of(own)
    candidates = [c for c in (space.at((0.0, 1.0)), space.at((2.0, 0.0))) if c is not None]
    sweep = sweep_of(own, space, candidates)
    assert Study.loads(sweep.resolved()) == sweep, "what a result says of itself reads back"
    plan = sweep.plan()
    assert plan.shape == (2, 2, 4) and [d.name for d in plan.dims] == [
        "hypothesis",
        "choice",
        "patient",
    ]
    assert str(plan.runs[4].regimen) == candidates[1].prescription
    found = evaluate(own, space, candidates)
    alone = Study.build({"regimen": candidates[1].prescription, "hypothesis": "tonic",
                         "population": PEOPLE, "horizon": f"{plan.end} h"})  # fmt: skip
    want = alone.run()["pain_change"].values
    assert found.values["pain_change"][1, 1] == pytest.approx(want, abs=1e-5)


def test_labels_name_the_places_of_zipped_axes() -> None:
    data = tomllib.loads("""
        regimen = "1 mg nightly at 22:00, for 2 d"
        zip = [["arm", "dose"]]
        [[axes]]
        name = "arm"
        field = "label"
        values = ["low", "again", "high"]
        [[axes]]
        name = "dose"
        field = "regimen.target"
        values = ["1 mg", "1 mg", "3 mg"]
    """)
    plan = Study.build(data).plan()
    assert plan.dims[0].coordinates[0].values == ("low", "again", "high")
    assert len({str(r.regimen) for r in plan.runs}) == 2


def test_a_store_is_taken_up_again_and_threads_change_no_bit(tmp_path: Path) -> None:
    own = study([INTERVAL], {"pain_change": -1.0}, axes=[RIVALS], population=PEOPLE)
    first = choose(own, tmp_path / "a.zarr", threads=1)
    seen: list[int] = []
    again = choose(own, tmp_path / "a.zarr", threads=2, progress=lambda n, _: seen.append(n))
    other = choose(own, threads=2)
    assert seen == [], "nothing is run again"
    for found in (again, other):
        assert (found.utility == first.utility).all() and (found.low == first.low).all()
        assert str(found.asked) == str(first.asked)
    # other weights need no other runs
    weights = study([INTERVAL], {"staying": 1.0}, axes=[RIVALS], population=PEOPLE)
    choose(weights, tmp_path / "a.zarr", progress=lambda n, _: seen.append(n))
    assert seen == []
    longer = study([TARGET], {"staying": 1.0}, axes=[RIVALS], population=PEOPLE)
    with pytest.raises(UserError, match=r"another study.*--overwrite"):
        choose(longer, tmp_path / "a.zarr")


def test_a_patient_of_whom_a_run_failed_is_left_out_of_all() -> None:
    own = study([INTERVAL], {"pain_change": -1.0}, population=PEOPLE)
    found = evaluate(own, space_of(own), [c for c in map(space_of(own).at, [(0.0,), (2.0,)]) if c])
    found.failed[1, 0, 2] = True
    found.values["pain_change"][1, 0, 2] = np.nan
    kept = weigh(own, settings_of(own), found)
    assert kept.dropped == 1 and kept.found.patients == 3
    assert np.isfinite(kept.score).all()
    found.failed[0, 0, :] = True
    with pytest.raises(UserError, match="in every patient some run failed"):
        weigh(own, settings_of(own), found)


# ---- what cannot be ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "utility", "more", "said"),
    [
        ([INTERVAL], {"pain_change": -1.0},
         {"constraints": [{"summary": "staying", "least": 1.01}]},
         r"none of the 3 candidates keeps all limits. Nearest comes '.*': staying has to be at"
         r" least 1.01 and is 0\.\d+, off by 0\.\d+"),
        ([TARGET], {"time_to_response": -1.0}, {}, "time_to_response has no number in 4 of 4 runs"),
        ([INTERVAL], {"highest_dose": 1.0}, {}, r"free\[1\] \(regimen.interval\): no run depends"),
        ([{"field": "regimen.factor", "values": ["x2", "x3"]}], {"steps": 1.0}, {},
         "no candidate can be prescribed.*either adds or multiplies"),
        ([{"field": "regimen.target", "values": ["2.3 mg", "2.7 mg"]}], {"steps": 1.0}, {},
         "no candidate can be prescribed.*a dose is not made of at most 3 capsules of .* 2.3 mg"),
        ([{"field": "adherence.late_mean_h", "values": [1.0, 5.0]}], {"pain_change": 1.0}, {},
         r"free\[1\] \(adherence.late_mean_h\): no run depends"),
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_is_said(
    free: list[dict[str, Any]], utility: dict[str, float], more: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said) as caught:
        choose(study(free, utility, **more))
    assert "\n" not in str(caught.value)


def test_what_contradicts_itself_is_left_out_and_counted() -> None:
    start = {"field": "regimen.start", "values": ["0.5 mg", "1.5 mg", "3 mg"]}
    space = space_of(study([start, TARGET], {"steps": 1.0}))
    found = space.different(space.at(p) for p in space.all_places())
    told = " ".join(space.told())
    assert len(found) == 9 and "start is above the target" in told.replace("the start", "start")
    assert sum(space.refused.values()) == 3


# ---- what comes out ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """One command with everything on, and its folder."""
    path = tmp_path_factory.mktemp("optimise")
    wanted = {"benefit_with_staying": 1.0, "worst_burden": -0.2, "steps": -0.01}
    own = study([TARGET, INTERVAL], wanted, axes=[RIVALS], population={"size": 10, "scale": 0.3},
                ask=["hypothesis", "reserve"], robust="worst tenth")  # fmt: skip
    (path / "s.toml").write_text(own.resolved(), encoding="utf-8")
    names = [f"{path}/s.{e}" for e in ("png", "csv", "json")]
    words = [
        "optimise",
        f"{path}/s.toml",
        "--plot",
        names[0],
        "--csv",
        names[1],
        "--json",
        names[2],
    ]
    return path, RUN.invoke(app, words)


def test_the_command_says_writes_and_draws(whole: tuple[Path, Any]) -> None:
    path, result = whole
    assert result.exit_code == 0, result.output
    for words in ("utility: 1 benefit_with_staying - 0.2 worst_burden - 0.01 steps; worst tenth",
                  "all 12 candidates", "best: 0.5 mg nightly", "how flat the top is: ",
                  "falls behind everybody's own best by", "asking for hypothesis",
                  "asking for reserve", "Research, not advice"):  # fmt: skip
        assert words in result.stdout, words
    told = json.loads((path / "s.json").read_text(encoding="utf-8"))
    assert told["written_by"] == "ldnsim optimise" and len(told["candidates"]) == 12
    scores = [float(c["score"]) for c in told["candidates"] if c["allowed"] == "true"]
    assert told["best"]["score"] == pytest.approx(max(scores), abs=1e-5)
    low, high = told["best"]["interval"]
    assert low < told["best"]["score"] < high
    assert (path / "s.csv").read_text(encoding="utf-8").startswith("candidate,prescription,target,")
    assert (path / "s.png").stat().st_size > 20_000
    assert ldnsim.open_store(path / "s-optimise.zarr").sizes["choice"] == 12


def test_a_table_can_be_markdown(whole: tuple[Path, Any]) -> None:
    path, _ = whole
    result = RUN.invoke(app, ["optimise", f"{path}/s.toml", "--markdown", "--top", "2"])
    rows = [line for line in result.stdout.splitlines() if line.startswith("|")]
    assert len(rows) == 4 and rows[1] == "|---|---|---|---|---|---|---|---|---|"


def test_the_dataset_has_every_dimension_and_the_picture_draws_it(whole: tuple[Path, Any]) -> None:
    path, _ = whole
    own = ldnsim.load(path / "s.toml")
    found = choose(own, path / "s-optimise.zarr")
    ds = labelled.to_dataset(found, own)
    assert ds["utility"].dims == ("choice", "hypothesis", "patient")
    want = ds["benefit_with_staying"] - 0.2 * ds["worst_burden"] - 0.01 * ds["steps"]
    assert np.allclose(ds["utility"], want)
    assert ds["best"].dims == ("hypothesis",) and int(ds.attrs["best"]) == found.best
    assert ds["mean_steps"].attrs["goal"] == "less"
    left, right = plots.optimise(ds, top=5).axes[:2]
    assert len(right.get_yticks()) == 5
    assert left.get_xlabel().startswith("fall of pain")
    with pytest.raises(UserError, match="ldnsim optimise"):
        plots.optimise(ds[["utility"]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no [optimise]"),
        ('[optimise]\nfree = []\nutility = { steps = 1 }', "optimise.free"),
        ('[optimise]\nfree = [{ field = "regimen.target", values = ["1 mg", "2 mg"] }]\n'
         "utility = {}", "no weights"),
    ],
)  # fmt: skip
def test_a_wrong_study_is_one_paragraph(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text(f'regimen = "{RX}"\n{text}\n', encoding="utf-8")
    result = RUN.invoke(app, ["optimise", str(tmp_path / "w.toml")])
    assert result.exit_code == 2 and said in result.stderr and result.stdout == ""
    assert "Traceback" not in result.stderr and "\n\n" not in result.stderr


def test_a_sweep_says_that_it_leaves_the_choice_alone(tmp_path: Path) -> None:
    own = study([TARGET], {"steps": 1.0})
    (tmp_path / "s.toml").write_text(own.resolved(), encoding="utf-8")
    result = RUN.invoke(app, ["sweep", str(tmp_path / "s.toml")])
    assert result.exit_code == 0 and "[optimise] is left alone by a sweep" in result.stderr
