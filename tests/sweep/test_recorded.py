"""Recorded doses run like a prescription: same doses, same bits, and the result says whose."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import ldnsim
from ldnsim.cli import app
from ldnsim.errors import UserError
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import default_model
from ldnsim.regimen import Adherence, Recorded, Regimen, event_table

SMALL: dict[str, Any] = {"output": {"variables": ["pain", "tnf"], "every": "12 h"}}
TAKEN = """ID,TIME,AMT,EVID,CMT
ann,22.5,4.5,1,1
ann,47,4.5,1,1
ann,94.25,3,1,2
ann,94.25,1.5,1,1
bob,22,3,1,1
cat,22,0,0,1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of studies that is not the working directory."""
    made = tmp_path / "studies"
    (made / "data").mkdir(parents=True)
    (made / "data" / "doses.csv").write_text(TAKEN)
    monkeypatch.chdir(tmp_path)
    return made


def study(folder: Path, text: str) -> ldnsim.Study:
    file = folder / "study.toml"
    file.write_text(text + '\n[output]\nvariables = ["pain"]\nevery = "12 h"\nledger = true\n')
    return ldnsim.load(file)


@pytest.mark.parametrize(
    "text",
    [
        "1 mg nightly at 22:00, +1 mg every 2 d to 3 mg, hold 1 wk",
        "200 ng every 6 h at 07:30, slow release, for 3 d, then placebo nightly at 22:00, for 3 d",
    ],
)
def test_a_run_from_the_file_is_the_run_from_the_text(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    event_table.write_csv("doses.csv", Regimen.parse(text))
    words = {**SMALL, "title": "same", "horizon": "12 d"}
    written, recorded = ldnsim.simulate(text, **words), ldnsim.simulate("doses.csv", **words)
    parts = ["ledger_phase", "ledger_step"]  # a file knows no phases
    xr.testing.assert_equal(
        written.drop_vars(parts).drop_attrs(), recorded.drop_vars(parts).drop_attrs()
    )
    assert len(written.data_vars) > 30


def test_a_path_is_relative_to_the_study_and_from_python_to_the_working_directory(
    folder: Path,
) -> None:
    made = study(folder, 'regimen = {events = "data/doses.csv", id = "ann"}')
    found = made.regimen
    assert isinstance(found, Recorded) and found.table.file == "data/doses.csv"
    np.testing.assert_array_equal(found.doses().time_h, [22.5, 47.0, 94.25, 94.25])
    again = ldnsim.Study(regimen={"events": "studies/data/doses.csv", "id": "ann"})
    assert again.regimen.table.records == found.table.records
    with pytest.raises(UserError, match="there is no folder"):
        ldnsim.Study.build({"regimen": {"events": "data/doses.csv", "id": "ann"}})
    absolute = ldnsim.Study(regimen={"events": str(folder / "data" / "doses.csv"), "id": "ann"})
    assert absolute.regimen.table.file == "doses.csv"  # no path of this machine in a result


def test_each_subject_is_a_run_along_id(folder: Path) -> None:
    made = study(folder, 'regimen = {events = "data/doses.csv", ids = "all"}')
    ds = made.run()
    assert dict(ds.sizes)["id"] == 3
    assert ds["id"].values.tolist() == ["ann", "bob", "cat"]
    alone = study(folder, 'horizon = "5 d"\nregimen = {events = "data/doses.csv", id = "ann"}')
    # runs solved together share their steps, so a run alone agrees to the tolerance
    np.testing.assert_allclose(ds["pain"].sel(id="ann"), alone.run()["pain"], rtol=1e-5)
    rows = ds["ledger_run"].values == 0
    np.testing.assert_array_equal(ds["ledger_given_time"].values[rows], [22.5, 47, 94.25, 94.25])
    np.testing.assert_array_equal(ds["ledger_given_dose"].values[rows], [4.5, 4.5, 3, 1.5])
    np.testing.assert_array_equal(ds["ledger_formulation"].values[rows], [0, 0, 1, 0])
    assert (ds["ledger_status"] == 0).all()  # given
    assert np.ptp(ds["pain"].sel(id="cat").values[::2]) < 1e-5  # untreated: one day after the other
    some = study(folder, 'regimen = {events = "data/doses.csv", ids = ["cat", "ann"]}')
    assert list(some.named_regimens()) == ["cat", "ann"]


def test_the_result_says_which_file_and_reads_back_without_it(folder: Path) -> None:
    import hashlib

    made = study(folder, 'regimen = {events = "data/doses.csv", id = "bob", time_zero = "06:00"}')
    ds = made.run()
    (row,) = json.loads(ds.attrs["events"])
    digest = hashlib.sha256((folder / "data" / "doses.csv").read_bytes()).hexdigest()
    assert row["file"] == "data/doses.csv" and row["sha256"] == digest
    assert row["id"] == "bob" and row["doses"] == 1 and row["time_zero_h"] == 6.0
    (folder / "data" / "doses.csv").unlink()
    again = ldnsim.Study.loads(ds.attrs["study"])
    assert again.regimen == made.regimen
    assert again.resolved() == made.resolved()
    xr.testing.assert_identical(again.run(), ds)


def test_a_changed_file_is_not_resumed(folder: Path) -> None:
    text = 'regimen = {events = "data/doses.csv", ids = "all"}'
    study(folder, text).run(folder / "r.zarr").close()
    study(folder, text).run(folder / "r.zarr", resume=True).close()
    (folder / "data" / "doses.csv").write_text(TAKEN.replace("bob,22,3", "bob,22,2"))
    with pytest.raises(UserError, match=r"regimen\.sha256"):
        study(folder, text).run(folder / "r.zarr", resume=True)
    pinned = ldnsim.Study.loads(study(folder, text).resolved()).regimen.members[0].table.sha256
    (folder / "data" / "doses.csv").write_text(TAKEN)
    with pytest.raises(UserError, match=r"has changed: its SHA-256"):
        study(folder, f'[regimen]\nevents = "data/doses.csv"\nids = "all"\nsha256 = "{pinned}"')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('regimen = "data/doses.csv"', ["3 IDs (ann, bob, cat)", 'id = "ann"', 'ids = "all"']),
        ('regimen = {events = "data/doses.csv", id = "eve"}', ["no ID 'eve'", "ann, bob, cat"]),
        ('regimen = {events = "data/dose.csv"}', ["does not exist", "doses.csv"]),
        ('regimen = {events = "data/doses.csv", ids = ["bob", "bob"]}', ["listed twice"]),
        ('regimen = {events = "data/doses.csv", id = "bob", ids = "all"}', ["keep one"]),
        ('regimen = {events = "data/doses.csv", idd = "bob"}', ["idd = 'bob'", "'id'"]),
        ('regimen = {events = "data/doses.csv", id = "ann", duration = "3 d"}',
         ["duration = '72 h'", "TIME = 94.25 h"]),
        ('regimen = {events = "data/doses.csv", id = "ann", target = "3 mg"}', ["target = '3 mg'"]),
        ('regimen = {events = "data/doses.csv", id = "ann"}\n[adherence]\np_missed = 0.1',
         ["adherence", "already what was taken"]),
        ('regimen = {events = "data/doses.csv", id = "ann"}\n[[axes]]\nname = "dose"\n'
         'field = "regimen.target"\nvalues = ["1 mg", "3 mg"]', ["recorded doses", "have none"]),
        ('regimen = {events = "data/doses.csv", id = "ann"}\n[[axes]]\nname = "missed"\n'
         'field = "adherence.p_missed"\nvalues = [0.1, 0.2]', ["already what was taken"]),
        ('[[axes]]\nname = "r"\nfield = "regimen"\nvalues = ["data/doses.csv", "standard"]',
         ["axis cannot hold event tables", "[[regimens]]"]),
        ('regimen = {events = "data/doses.csv", id = "ann"}\n[[axes]]\nname = "r"\n'
         'field = "regimen"\nvalues = ["standard"]', ["[regimen] gives recorded doses"]),
        ('[[regimens]]\nevents = "data/doses.csv"\nids = "all"\n[[regimens]]\n'
         'protocol = "standard"', ["regimens[1].ids", "ann, bob, cat"]),
        ('regimen = {events = "data/doses.csv", ids = "all"}\n[[axes]]\nname = "id"\n'
         'field = "subject"\nvalues = [1, 2]', ["axes[1].name = 'id'"]),
    ],
)  # fmt: skip
def test_what_recorded_doses_cannot_do_is_refused(
    folder: Path, text: str, words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        study(folder, text)
    for word in words:
        assert word in str(caught.value)


def test_doses_after_the_horizon_are_counted(folder: Path, tmp_path: Path) -> None:
    made = study(folder, 'horizon = "2 d"\nregimen = {events = "data/doses.csv", id = "ann"}')
    assert "2 doses after the horizon are not given" in made.plan().describe()
    (row,) = json.loads(made.run().attrs["events"])
    assert (row["doses"], row["after_end"]) == (4, 2)
    (tmp_path / "ss.csv").write_text("TIME,AMT,II,SS\n22,4.5,24,1\n")
    with pytest.raises(UserError, match="ends before TIME 0"):
        ldnsim.Study(regimen="ss.csv", horizon="4 wk").plan()


def test_recorded_doses_beside_a_prescription(folder: Path) -> None:
    made = study(
        folder,
        '[[regimens]]\nevents = "data/doses.csv"\nid = "ann"\nname = "taken"\n'
        '[[regimens]]\nprescription = "4.5 mg nightly at 22:30, for 5 d"\nname = "prescribed"',
    )
    ds = made.run()
    assert ds["regimen"].values.tolist() == ["taken", "prescribed"]
    daily = ds["prescribed_dose"].sel(regimen="taken", time=[0, 24, 48, 72, 96])
    np.testing.assert_allclose(daily, [4.5, 4.5, 0, 4.5, 0])
    assert ds["target_reached"].values.tolist() == [1, 1]


def test_the_ledger_takes_no_habits() -> None:
    table = event_table.EventTable.parse(TAKEN)
    with pytest.raises(UserError, match="what was taken"):
        Recorded(table, "ann").ledger(Adherence(p_missed=0.5))
    with pytest.raises(UserError, match="recorded doses"):
        Recorded(table, "ann").with_field("target", 3.0)
    assert Recorded(table, "ann").duration_h == 94.25 + 24
    assert [r.amount_mg for r in Recorded(table, "ann").rungs()] == [4.5, 3.0, 1.5]
    assert Recorded(table, "cat").rungs() == ()


def kinetics() -> tuple[list[str], Any]:
    """Matrix of the drug's linear kinetics, by differences of the model's own rates."""
    model = default_model()
    names = [n for n, s in model.states.items() if s.mechanism == "pharmacokinetics"]
    states, p = list(model.states), model.defaults()
    at = [states.index(n) for n in names]
    start = model.start(True)
    start[at] = 0.0
    still = model.rates(0.0, start, p)
    steps = [np.eye(len(states))[j] for j in at]
    return names, np.array([(model.rates(0.0, start + s, p) - still)[at] for s in steps]).T


@pytest.mark.parametrize(("tau", "slow", "rtol"), [(24, 0, 1e-4), (6, 0, 1e-4), (24, 1, 1e-6)])
def test_steady_state_is_superposition_within_the_tolerance(
    tmp_path: Path, tau: int, slow: int, rtol: float
) -> None:
    from scipy.linalg import expm

    names, matrix = kinetics()
    dose = np.zeros(len(names))
    dose[names.index("gut_slow" if slow else "gut_fast")] = 4.5 * NMOL_PER_MG
    after = np.linalg.solve(np.eye(len(names)) - expm(matrix * tau), dose)
    file = tmp_path / "ss.csv"
    file.write_text(f"TIME,AMT,II,SS,ADDL,CMT\n8,4.5,{tau},1,9,{slow + 1}\n")
    ds = ldnsim.simulate(
        file,
        output={"variables": names, "every": "1 h", "dtype": "float64"},
        solver={"rtol": rtol},
    )
    (row,) = json.loads(ds.attrs["events"])
    assert row["doses"] == 10 and row["earlier_doses"] == row["lead_h"] / tau
    hours = np.arange(1, tau)
    wanted = np.array([expm(matrix * h) @ after for h in hours]).T
    got = np.array([ds[n].sel(time=row["time_zero_h"] + 8.0 + hours) for n in names])
    span = np.maximum(wanted.max(axis=1), 1e-9)
    worst = np.abs(got - wanted).max(axis=1) / span
    # the earlier doses left out may take all of the tolerance; the solver adds a little of its own
    assert (worst < 1.1 * rtol).all(), dict(zip(names, worst, strict=True))
    # what is left out is the tolerance, not far less: the lead is as long as it must be
    assert worst.max() > 0.3 * rtol


def test_a_slower_patient_is_given_longer_to_steady_state(tmp_path: Path) -> None:
    file = tmp_path / "ss.csv"
    file.write_text("TIME,AMT,II,SS\n22,4.5,24,1\n")

    def lead(**more: Any) -> float:
        built = ldnsim.Study.build({"regimen": file, **more})
        found = built.plan().study.regimen
        assert isinstance(found, Recorded) and found.lead_h is not None
        return found.lead_h

    usual = lead()
    assert usual % 24 == 0
    assert lead(patient={"parameters": {"v_deep": 1124.0}}) == pytest.approx(2 * usual, rel=0.02)
    assert lead(solver={"rtol": 1e-8}) == pytest.approx(2 * usual, abs=24)
    assert lead(regimen={"events": str(file), "lead": "10 d"}) == 240
    slow = [{"name": "v", "field": "parameters.v_deep", "values": [562.0, 1124.0]}]
    assert lead(axes=slow) == lead(patient={"parameters": {"v_deep": 1124.0}})
    with pytest.raises(UserError, match=f"lead = '{usual:g} h'"):
        lead(population={"size": 8})
    with pytest.raises(UserError, match="set lead"):
        lead(patient={"parameters": {"k_off_mor": 1e-6}})


def test_commands_take_an_event_table(folder: Path) -> None:
    (folder / "one.csv").write_text("TIME,AMT\n22,4.5\n46.5,4.5\n")
    runner = CliRunner()
    done = runner.invoke(app, ["simulate", str(folder / "one.csv")])
    assert done.exit_code == 0 and "pain" in done.stdout
    done = runner.invoke(app, ["export", "antimony", str(folder / "one.csv")])
    assert done.exit_code == 0 and "recorded doses of one.csv, ID 1; 2 doses taken" in done.stdout
    assert "// study: one.csv;" in done.stdout and str(folder) not in done.stdout
    done = runner.invoke(app, ["simulate", str(folder / "data" / "doses.csv")])
    assert done.exit_code == 2 and "3 IDs" in done.stderr
    (folder / "s.toml").write_text('regimen = {events = "data/doses.csv", ids = "all"}\n')
    done = runner.invoke(app, ["sweep", str(folder / "s.toml"), "--dry-run"])
    assert done.exit_code == 0
    assert "id: 3 values" in done.stdout and "events     data/doses.csv (SHA-256" in done.stdout


def test_doses_made_in_python_are_run_as_they_are(tmp_path: Path) -> None:
    habits = Adherence(p_missed=0.3, p_late=0.4, p_doubled=0.5, seed=3)
    regimen = Regimen.parse("4.5 mg nightly at 22:00, for 12 d")
    taken = regimen.ledger(habits).taken()
    made = ldnsim.Study(regimen=taken, horizon="14 d")
    np.testing.assert_array_equal(made.regimen.doses().time_h, taken.time_h)
    np.testing.assert_array_equal(made.regimen.doses().amount_mg, taken.amount_mg)
    assert ldnsim.Study.loads(made.resolved()) == made
    (file := tmp_path / "taken.csv").write_text("ID,TIME,AMT\na,22,3\nb,22,3\n")
    tables = event_table.read_csv(file)
    assert ldnsim.simulate(tables["a"], **SMALL).attrs["title"] == "recorded doses"
    with pytest.raises(UserError, match="dose tables of 2 subjects") as caught:
        ldnsim.simulate(tables)
    assert "array" not in str(caught.value)
    with pytest.raises(UserError, match="whole minutes"):
        ldnsim.simulate(replace(tables["a"], time_h=np.array([22.001])))


def test_recorded_doses_are_an_arm_of_a_trial(folder: Path) -> None:
    (folder / "taken.csv").write_text("TIME,AMT,II,ADDL\n22,4.5,24,10\n310,4.5,24,14\n")
    (folder / "t.toml").write_text(
        '[population]\nsize = 8\n[[regimens]]\nevents = "taken.csv"\nname = "taken"\n'
        '[[regimens]]\nprescription = "placebo nightly at 22:00, for 4 wk"\nname = "placebo"\n'
    )
    done = CliRunner().invoke(app, ["trial", str(folder / "t.toml"), "--per-arm", "4"])
    assert done.exit_code == 0, done.stderr
    assert "taken" in done.stdout


def test_recorded_doses_are_ranked_and_differentiated(folder: Path) -> None:
    from ldnsim.analysis.design.assays import read_assays
    from ldnsim.analysis.design.discriminate import discriminate

    text = 'horizon = "2 wk"\nregimen = {events = "data/doses.csv", ids = ["ann", "bob"]}'
    made = study(folder, text)
    found = discriminate(made, read_assays(), ["dual_pathway", "null"], weeks=[1], clock=[8.0])
    assert {c.regimen for c in found.candidates} == {"ann", "bob"}
    best = next(c for c in found.candidates if c.regimen == "ann")
    assert best.bits > 0  # the doses reached the model
    one = ldnsim.Study.build({"regimen": {"events": folder / "data" / "doses.csv", "id": "ann"},
                              "output": {"sensitivity": True, "variables": ["pain"]}})  # fmt: skip
    assert np.isfinite(one.run()["sensitivity"]).any()
