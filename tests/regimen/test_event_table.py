from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ldnsim.errors import UserError
from ldnsim.model import default_model
from ldnsim.regimen import Adherence, DoseTable, Regimen, event_table, steady

from .strategies import regimens


def read(tmp_path: Path, *lines: str, **options: float) -> dict[str, DoseTable]:
    file = tmp_path / "events.csv"
    file.write_text("\n".join(lines) + "\n")
    return event_table.read_csv(file, **options)  # type: ignore[arg-type]


@given(st.lists(regimens(), min_size=1, max_size=3), st.booleans())
@settings(max_examples=60, deadline=None)
def test_written_tables_read_back_equal(made: list[Regimen], with_habits: bool) -> None:
    habits = Adherence(p_missed=0.3, p_late=0.5, p_doubled=0.3) if with_habits else None
    tables = {f"s{i}": r.ledger(habits, i).taken() for i, r in enumerate(made)}
    assume(all((t.amount_mg <= 1000.0).all() for t in tables.values()))  # doubled, above 1 g
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.csv"
        event_table.write_csv(file, tables)
        again = event_table.read_csv(file)
    assert list(again) == list(tables)  # also those without doses
    for name, table in again.items():
        np.testing.assert_array_equal(table.time_h, tables[name].time_h)
        np.testing.assert_array_equal(table.amount_mg, tables[name].amount_mg)
        np.testing.assert_array_equal(table.formulation, tables[name].formulation)


def test_equal_doses_are_compressed(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    event_table.write_csv(file, Regimen.parse("standard"))
    assert file.read_text().splitlines() == [
        "ID,TIME,AMT,EVID,II,ADDL,SS,CMT,RATE",
        "1,22,1.5,1,24,6,0,1,0",
        "1,190,3.0,1,24,6,0,1,0",
        "1,358,4.5,1,24,167,0,1,0",
    ]


def test_additional_doses_are_expanded_and_merged(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "id,time,amt,evid,ii,addl,cmt,dv,mdv",
        "7,0,2,1,24,2,1,.,1",
        "7,6,.,0,.,.,.,3.2,0",
        "7,12,1,1,.,.,2,.,1",
    )["7"]
    np.testing.assert_array_equal(table.time_h, [0, 12, 24, 48])
    np.testing.assert_array_equal(table.amount_mg, [2, 1, 2, 2])
    np.testing.assert_array_equal(table.formulation, [0, 1, 0, 0])


def test_time_zero_is_a_time_of_day(tmp_path: Path) -> None:
    table = read(tmp_path, "TIME,AMT", "0,1", "5,1", time_zero_h=22.0)["1"]
    np.testing.assert_array_equal(table.time_h, [22, 27])
    assert table.origin_h == 22


@pytest.mark.parametrize("interval", [24, 6])
def test_steady_state_is_the_drugs_own(tmp_path: Path, interval: int) -> None:
    table = read(tmp_path, "TIME,AMT,II,SS,ADDL", f"0,4.5,{interval},1,3")["1"]
    k = float(steady.slowest_rate(default_model(), default_model().defaults()[None, :])[0])
    now = table.time_h <= table.origin_h
    amount = np.sum(table.amount_mg[now] * np.exp(-k * (table.origin_h - table.time_h[now])))
    assert amount == pytest.approx(4.5 / (1 - np.exp(-k * interval)), rel=steady.RTOL)
    assert (table.time_h > table.origin_h).sum() == 3


def test_steady_state_moves_all_subjects_by_whole_days(tmp_path: Path) -> None:
    lines = ("ID,TIME,AMT,II,SS", "a,22,4.5,24,1", "b,8,3,0,0")
    tables = read(tmp_path, *lines)
    days = steady.default_lead_hours(default_model()) / 24
    assert tables["a"].origin_h == tables["b"].origin_h == days * 24
    assert tables["a"].time_h[0] == 22
    assert tables["a"].time_h[-1] == tables["a"].origin_h + 22
    np.testing.assert_array_equal(tables["b"].time_h, [tables["b"].origin_h + 8])
    late = read(tmp_path, "TIME,AMT,II,SS", "8000,4.5,24,1")["1"]
    assert late.origin_h == 0
    short = read(tmp_path, *lines, ss_lead_h=48)
    assert len(short["a"]) == 3


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("TIME,AMT,RATE", "0,3,5"), ["row 2", "RATE = '5'", "infusions"]),
        (("TIME,AMT,EVID", "0,3,1", "5,0,2"), ["row 3", "EVID = '2'"]),
        (("TIME,AMT,EVID", "0,0,3"), ["EVID = '3'"]),
        (("TIME,AMT,EVID", "0,3,4"), ["EVID = '4'", "resets"]),
        (("TIME,AMT,EVID", "0,3,0"), ["AMT = '3'", "EVID 0"]),
        (("TIME,AMT,SS,II", "0,3,2,24"), ["SS = '2'", "SS = 1"]),
        (("TIME,AMT,SS", "0,3,1"), ["II = ''", "SS needs"]),
        (("TIME,AMT,SS,II", "0,3,0,0", "24,3,1,24"), ["row 3", "first dose"]),
        (("TIME,AMT,ADDL,II", "0,3,4,0"), ["II = '0'", "ADDL needs"]),
        (("TIME,AMT,ADDL,II", "0,3,1.5,24"), ["ADDL = '1.5'", "whole number"]),
        (("TIME,AMT,CMT", "0,3,3"), ["CMT = '3'", "slow release"]),
        (("TIME,AMT", "0,-3"), ["AMT = '-3'", "not negative"]),
        (("TIME,AMT", "-1,3"), ["TIME = '-1'", "not negative"]),
        (("TIME,AMT", "x,3"), ["TIME (h) = 'x'", "a number"]),
        (("TIME,AMT", "nan,3"), ["TIME (h) = 'nan'"]),
        (("TIME,AMT", ".,3"), ["needs its time"]),
        (("TIME,AMT", "5,3", "3,3"), ["row 3", "goes back", "row 2"]),
        (("TIME,AMT", "5,3,1"), ["row 2", "more cells"]),
        (("TIME,AMT,ADLL", "0,3,1"), ["'ADLL'", "'ADDL'"]),
        (("TIME,AMT,WT", "0,3,70"), ["'WT'", "ignore"]),
        (("TIME,AMT,amt", "0,3,70"), ["AMT is there twice"]),
        (("AMT", "3"), ["TIME is missing"]),
    ],
)
def test_unsupported_rows_are_refused_by_name(
    tmp_path: Path, lines: tuple[str, ...], words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, *lines)
    for word in [*words, "events.csv"]:
        assert word in str(caught.value)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        event_table.read_csv(tmp_path / "nothing.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(UserError, match="is empty"):
        event_table.read_csv(tmp_path / "empty.csv")


def test_covariates_can_be_named_to_be_skipped(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("TIME,AMT,WT\n0,3,70\n")
    assert len(event_table.read_csv(file, ignore=["wt"])["1"]) == 1
