"""Rows of an event table that were measured: read as written, or refused by row and column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.config.event_entry import from_events, to_events
from ldnsim.errors import UserError
from ldnsim.model import default_model
from ldnsim.regimen import EventTable, Recorded
from ldnsim.regimen.event_observations import Measured
from ldnsim.runs.observed import observations

HEAD = "ID,TIME,AMT,EVID,DV,MDV,DVID,UNIT,BLQ,LLOQ\n"
DOSE = "a,8,50,1,.,.,.,.,.,.\n"


def one(text: str, **keys: Any) -> Recorded:
    made = from_events({"table": text, **keys}, Path())
    assert isinstance(made, Recorded)
    return made


def seen(row: str, **keys: Any) -> list[tuple[str, float, float, bool]]:
    found = observations(one(HEAD + DOSE + row, **keys), default_model())
    return [(o.variable, o.time_h, o.value, o.below) for o in found]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("a,9,.,0,5,0,naltrexone_plasma,ng/mL,.,.\n", ("naltrexone_plasma", 9.0, 5.0, False)),
        ("a,9,.,0,5000,.,naltrexone_plasma,pg/mL,0,.\n", ("naltrexone_plasma", 9.0, 5.0, False)),
        # 1 nmol/L of base is 341.41 ng/L, of the metabolite 343.42
        ("a,9,.,0,10,0,naltrexone_plasma,nmol/L,.,.\n",
         ("naltrexone_plasma", 9.0, 3.4141, False)),
        ("a,9,.,0,0.01,0,naltrexol_plasma,uM,.,.\n", ("naltrexol_plasma", 9.0, 3.4342, False)),
        ("a,9,.,0,3.4141,0,c_plasma,ng/mL,.,.\n", ("c_plasma", 9.0, 10.0, False)),
        ("a,9,.,0,3.4342,0,c_naltrexol,ug/L,.,.\n", ("c_naltrexol", 9.0, 10.0, False)),
        ("a,0,.,0,6.5,0,pain,.,.,.\n", ("pain", 0.0, 6.5, False)),
        ("a,0,.,0,6.5,0,pain,1,.,.\n", ("pain", 0.0, 6.5, False)),
        ("a,9,.,0,40,0,mor_occupancy,%,.,.\n", ("mor_occupancy", 9.0, 0.4, False)),
        ("a,8.333,.,0,5,0,naltrexone_plasma,ng/mL,.,.\n",
         ("naltrexone_plasma", 8.0 + 20 / 60, 5.0, False)),
        ("a,8.34,.,0,5,0,naltrexone_plasma,ng/mL,.,.\n", ("naltrexone_plasma", 8.34, 5.0, False)),
        ("a,9,.,0,.,0,naltrexone_plasma,ng/mL,1,0.2\n", ("naltrexone_plasma", 9.0, 0.2, True)),
        ("a,9,.,0,0.3,0,naltrexone_plasma,ng/mL,0,0.2\n", ("naltrexone_plasma", 9.0, 0.3, False)),
    ],
)  # fmt: skip
def test_what_is_read(row: str, expected: tuple[str, float, float, bool]) -> None:
    (found,) = seen(row)
    assert found[0] == expected[0] and found[3] == expected[3]
    assert found[1:3] == pytest.approx(expected[1:3], rel=1e-12)


@pytest.mark.parametrize(
    "row",
    ["a,9,.,0,.,1,pain,.,.,.\n", "a,9,.,0,7,1,pain,.,.,.\n", "a,9,.,0,.,.,pain,.,.,.\n"],
)
def test_what_is_no_observation(row: str) -> None:
    assert seen(row) == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,9,.,0,.,0,pain,.,.,.\n", ["row 3", "DV = '.'", "MDV = 1 if there is none"]),
        ("a,9,.,0,NA,0,pain,.,.,.\n", ["row 3: DV = 'NA'"]),
        ("a,.,.,0,5,0,pain,.,.,.\n", ["row 3: TIME = '.'", "needs its time"]),
        ("a,9,.,0,5,2,pain,.,.,.\n", ["row 3: MDV = '2'", "0 or 1"]),
        ("a,9,.,0,5,0,pain,.,yes,.\n", ["row 3: BLQ = 'yes'"]),
        ("a,9,.,0,.,0,naltrexone_plasma,ng/mL,1,.\n", ["LLOQ = '.'", "needs that limit"]),
        ("a,9,.,0,.,0,naltrexone_plasma,ng/mL,1,0\n", ["LLOQ = '0'", "above 0"]),
        ("a,9,.,0,0.1,0,naltrexone_plasma,ng/mL,0,0.2\n", ["DV = '0.1'", "below LLOQ = 0.2"]),
        ("a,9,50,1,5,0,naltrexone_plasma,ng/mL,.,.\n", ["row 3: DV = '5'", "a dose row has no"]),
        ("a,9,.,0,5,0,naltrexon_plasma,ng/mL,.,.\n",
         ["row 3: DVID = 'naltrexon_plasma'", "did you mean 'naltrexone_plasma'"]),
        ("a,9,.,0,5,0,.,ng/mL,.,.\n", ["row 3: DVID or CMT", "observe naltrexone_plasma"]),
        ("a,9,.,0,5,0,3,ng/mL,.,.\n", ["row 3: DVID or CMT = '3'", "observe 3=naltrexone_plasma"]),
        ("a,9,.,0,5,0,naltrexone_plasma,.,.,.\n", ["row 3: DV = 5", "in which unit", "ng/mL"]),
        ("a,9,.,0,5,0,naltrexone_plasma,h,.,.\n", ["row 3: DV", "mass concentration", "a time"]),
        ("a,9,.,0,5,0,naltrexone_plasma,ngs,.,.\n", ["row 3: DV", "'ngs'"]),
        ("a,9,.,0,5,0,pain,nmol/L,.,.\n", ["row 3: DV", "without unit"]),
        ("a,9,.,0,5,0,ntx_central,ng/mL,.,.\n", ["row 3: DV", "an amount of substance"]),
        ("a,9,.,0,-1,0,naltrexone_plasma,ng/mL,.,.\n", ["DV = -1", "never negative"]),
        ("a,9,.,0,12,0,pain,.,.,.\n", ["row 3: DV = 12", "pain is never above 10"]),
        ("a,9,.,0,-3,0,pain,.,.,.\n", ["row 3: DV = -3", "pain is never negative"]),
        ("a,9,.,0,12,0,mor_occupancy,.,.,.\n", ["DV = 12", "mor_occupancy is never above 1"]),
        ("a,8,.,0,1,0,naltrexone_plasma,ng/mL,.,.\n", ["TIME = 8", "before the first dose"]),
        ("a,9,.,0,5,0,pain,.,.,.\na,9,.,0,6,0,pain,.,.,.\n", ["row 4", "in row 3 too"]),
    ],
)  # fmt: skip
def test_what_is_refused(row: str, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        seen(row)
    for word in words:
        assert word in str(caught.value)


def test_the_header_may_state_the_unit_and_beside_the_file_names_what_it_does_not() -> None:
    text = "TIME,AMT,DV (pg/mL),CMT\n8,50,.,1\n9,.,5000,3\n10,.,4000,3\n"
    (first, second) = observations(one(text, observe="naltrexone_plasma"), default_model())
    assert (first.value, second.value) == (5.0, 4.0)
    two = "TIME,AMT,DV,DVID\n8,50,.,.\n9,.,5,1\n9,.,50,2\n"
    named = {"1": "naltrexone_plasma", "2": "naltrexol_plasma"}
    found = observations(one(two, observe=named, dv_unit="ng/mL"), default_model())
    assert {o.variable: o.value for o in found} == {"naltrexone_plasma": 5, "naltrexol_plasma": 50}
    for keys, words in (
        ({"observe": "naltrexone_plasma"}, "the observations say 1, 2"),  # parent or metabolite
        ({"observe": {"3": "pain"}}, "fits no observation: they say 1, 2"),
        ({"observe": {"1": "pain"}, "dv_unit": ""}, "observe 2=naltrexone_plasma"),
    ):
        with pytest.raises(UserError, match=words):
            observations(one(two, **keys), default_model())
    with pytest.raises(UserError, match="dv_unit 'ng/mL' does nothing"):
        one(HEAD + DOSE + "a,9,.,0,5,0,naltrexone_plasma,ng/mL,.,.\n", dv_unit="ng/mL")


def test_the_run_lasts_until_the_last_observation() -> None:
    late = HEAD + DOSE + "a,100.25,.,0,5,0,pain,.,.,.\n"
    assert one(late).duration_h == 101.0
    assert one(HEAD + DOSE).duration_h == 32.0
    with pytest.raises(UserError, match="ends before the last observation of ID a"):
        one(late, duration="4 d")
    assert one(late, duration="5 d", time_zero="12:00").duration_h == 120.0


def test_times_are_counted_from_the_start_of_the_run() -> None:
    steady = (
        "TIME,AMT,EVID,II,SS,DV,DVID,UNIT\n1,4.5,1,24,1,.,.,.\n"
        "3.5,.,0,.,.,1,naltrexone_plasma,ng/mL\n"
    )
    made = one(steady, time_zero="20:00", lead="50 h")
    (found,) = observations(made, default_model())
    assert found.time_h == made.doses().origin_h + 3.5
    assert found.time_h % 24 == 23.5 and found.time_h > 50.0


def test_a_table_keeps_its_observations_without_its_file() -> None:
    text = HEAD + DOSE + "b,0,.,0,6,0,pain,.,.,.\na,9,.,0,.,0,naltrexone_plasma,ng/mL,1,0.2\n"
    made = from_events({"table": text, "ids": "all"}, Path())
    again = from_events(to_events(made), Path())
    assert [m.observations for m in again.members] == [m.observations for m in made.members]  # type: ignore[union-attr]
    assert EventTable.parse("TIME,AMT\n0,3\n").csv().count(",") == 16  # no columns for nothing


measured = st.builds(
    Measured,
    st.just(0),
    st.sampled_from(["a", "b"]),
    st.floats(9.0, 5000.0),
    st.floats(1e-6, 1e6),
    st.booleans(),
    st.sampled_from(["naltrexone_plasma", "pain", "", "3"]),
    st.sampled_from(["ng/mL", "nmol/L", ""]),
)


@given(st.lists(measured, min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_observations_read_back_in_any_order(found: list[Measured], rng: Any) -> None:
    doses = EventTable.parse(HEAD + DOSE).records
    head, *rows = EventTable("", "", ("a", "b"), doses, tuple(found)).csv().splitlines()
    rng.shuffle(rows)
    again = EventTable.parse("\n".join([head, *rows]))
    assert again.records == doses

    def told(many: Any) -> list[Any]:
        return sorted((m.subject, m.what, m.unit, m.below, m.value, m.time_h) for m in many)

    for got, expected in zip(told(again.measured), told(found), strict=True):
        assert got[:5] == expected[:5]
        assert got[5] == pytest.approx(expected[5], abs=0.03 / 60)  # 0.333 h is 20 min
