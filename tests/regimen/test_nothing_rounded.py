"""Times are whole minutes at every entrance; settings that would do nothing are refused."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.config.event_entry import from_events
from ldnsim.config.fields import points
from ldnsim.config.study import StudyConfig
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.regimen import DoseTable, EventTable, Recorded, Regimen, event_table

PLAIN = "TIME,AMT\n0,3\n"
STEADY = "TIME,AMT,II,SS\n24,3,24,1\n"


def taken(*hours: float) -> DoseTable:
    n = len(hours)
    zeros = np.zeros(n, np.int64)
    return DoseTable(np.array(hours, float), np.full(n, 3.0), zeros.astype(np.int8), zeros, zeros)


@pytest.mark.parametrize("hours", [22.004, 0.342, 100_000.34])
def test_a_time_between_two_minutes_is_refused_with_the_nearest(hours: float) -> None:
    near = f"{round(round(hours * 60) / 60, 7):.15g} h"
    for read in (
        lambda: EventTable.parse(f"TIME,AMT\n{hours},3\n"),
        lambda: EventTable.parse(f"TIME,AMT,II,ADDL\n0,3,{hours},2\n"),
        lambda: EventTable.of(taken(hours)),
        lambda: from_events({"table": PLAIN, "duration": f"{hours} h"}, Path()),
    ):
        with pytest.raises(UserError, match="whole minutes; the nearest are " + near):
            read()
    # what the message names is read
    assert EventTable.parse(f"TIME,AMT\n{near.split()[0]},3\n").records


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4.5 mg every 1.5 min for 1 d", "every = '1.5 min'.*nearest are 2 min"),
        ("4.5 mg every 0.6 min for 1 d", "every = '0.6 min'.*at least one minute"),
        ("4.5 mg nightly for 10.33 h", r"nearest are 620 min"),
    ],
)
def test_a_span_between_two_minutes_is_refused(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        Regimen.parse(text)


@given(st.integers(1, 5000 * 10080), st.integers(4, 7))
def test_minutes_written_as_hours_are_those_minutes(minute: int, digits: int) -> None:
    text = f"{minute / 60:.{digits}f}"
    assert EventTable.parse(f"TIME,AMT\n{text},3\n").records[0].run.first == minute


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"table": PLAIN, "lead": "30 d"}, ["lead", "does nothing", "SS = 1"]),
        ({"table": STEADY, "lead": 0}, ["lead", "above 0"]),
        ({"table": PLAIN, "ignore": ["AMT"]}, ["ignore = 'AMT'", "is read"]),
        ({"table": PLAIN, "ignore": ["time"]}, ["ignore = 'TIME'", "is read"]),
        ({"table": "TIME,AMT,WEIGHT\n0,3,70\n", "ignore": ["weigt"]},
         ["ignore = 'WEIGT'", "no such column", "did you mean 'WEIGHT'"]),
    ],
)  # fmt: skip
def test_settings_that_do_nothing_are_refused(keys: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        from_events(keys, Path())
    assert all(word in str(caught.value) for word in said)


def test_settings_that_do_something_are_kept() -> None:
    made = from_events({"table": STEADY, "lead": "30 d"}, Path())
    assert isinstance(made, Recorded) and made.lead_h == 720.0
    from_events({"table": "TIME,AMT,wt\n0,3,70\n", "ignore": ["Wt"]}, Path())
    from_events({"table": "TIME,AMT,DV\n0,3,.\n", "ignore": ["DV"]}, Path())


@pytest.mark.parametrize("column", ["TIME", "II", "ADDL", "SS", "RATE"])
def test_rows_without_dose_are_read_too(column: str) -> None:
    header = ["TIME", "AMT", "EVID", "II", "ADDL", "SS", "RATE"]
    cells = {**dict.fromkeys(header, "0"), column: "abc"}
    text = f"{','.join(header)}\n{','.join(cells.values())}\n"
    with pytest.raises(UserError, match=rf"row 2: {column}.* = 'abc'"):
        EventTable.parse(text)
    assert not EventTable.parse(text.replace("abc", ".")).records


def test_an_observation_may_lie_between_two_minutes() -> None:
    assert not EventTable.parse("TIME,AMT,EVID\n22.004,.,0\n").records


def test_python_is_refused_what_a_study_is_refused(tmp_path: Path) -> None:
    table = EventTable.parse(PLAIN)
    for zero in (-5.0, 24.0, 22.004, float("nan"), float("inf")):
        with pytest.raises(UserError, match=r"time_zero = .*time of day in whole minutes"):
            Recorded(table, "1", time_zero_h=zero)
        (tmp_path / "d.csv").write_text(PLAIN)
        with pytest.raises(UserError, match="time_zero = "):
            event_table.read_csv(tmp_path / "d.csv", time_zero_h=zero)
    for lead in (0.0, -24.0, float("nan"), float("inf")):
        with pytest.raises(UserError, match=r"lead = .*above 0"):
            Recorded(EventTable.parse(STEADY), "1", lead_h=lead)
        (tmp_path / "s.csv").write_text(STEADY)
        with pytest.raises(UserError, match=r"lead = .*above 0"):
            event_table.read_csv(tmp_path / "s.csv", ss_lead_h=lead)
    for length in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UserError, match="duration = "):
            Recorded(table, "1", length_h=length)


@pytest.mark.parametrize("hours", [1e300, float("nan"), float("inf"), -1e300])
def test_a_dose_at_no_time_is_refused_without_noise(hours: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserError, match=r"a dose at .* h: expected hours, at most 873600"):
            EventTable.of(taken(hours))


def test_a_dose_table_without_doses_says_so() -> None:
    with pytest.raises(UserError, match="the dose table has no doses; for a placebo"):
        EventTable.of(taken())


def test_a_table_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "doses.csv"
    event_table.write_csv(file, taken(1.0))
    before = file.read_bytes()

    def full(self: Path, text: str, **_: Any) -> int:
        self.write_bytes(text.encode()[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(UserError, match=r"doses\.csv' cannot be written: No space left"):
            event_table.write_csv(file, taken(1.0, 3.0, 8.0))
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]
    (link := tmp_path / "link.csv").symlink_to(file)
    event_table.write_csv(link, taken(2.0))
    assert link.is_symlink() and b"\n1,2," in file.read_bytes()
    for wrong in (tmp_path, tmp_path / "none" / "x.csv"):
        with pytest.raises(UserError, match="event table"):
            event_table.write_csv(wrong, taken(2.0))


def test_a_spread_of_times_says_the_minutes_that_are_run() -> None:
    """Nobody wrote these values: they lie on minutes, and the coordinate says which."""
    ladder = "0.5 mg nightly at 22:00, +0.5 mg every 7 d to 4.5 mg, for 52 wk"
    axis = {"name": "i", "field": "regimen.interval", "linspace": ["7 d", "14 d", 12]}
    study = StudyConfig.build({"regimen": ladder, "axes": [axis]}, "x.toml")
    found = points(study.axes[0], shipped())
    minutes = [round((7 + 7 * k / 11) * 1440) for k in range(12)]
    np.testing.assert_allclose(np.array(found.coordinate) * 1440, minutes, rtol=1e-12)
    one = study.base_run().with_value("regimen.interval", found.apply[1])
    assert one.regimen.phases[0].interval * 60 == minutes[1]  # type: ignore[union-attr]
    for wrong in (axis | {"linspace": ["7.0001 d", "14 d", 3]}, axis | {"include": ["7.7777 d"]}):
        with pytest.raises(UserError, match="whole minutes; the nearest are"):
            StudyConfig.build({"regimen": ladder, "axes": [wrong]}, "x.toml")


@pytest.mark.parametrize("words", ["until 3 d", "until day 3", "till week 12"])
def test_an_end_is_written_as_a_length(words: str) -> None:
    with pytest.raises(
        UserError, match=f"'{words}': write how long as a time, such as 'for 12 wk'"
    ):
        Regimen.parse(f"4.5 mg nightly {words}")


def test_subjects_are_told_apart_by_exact_numbers() -> None:
    large = "TIME,AMT,ID\n0,3,9007199254740993\n0,3,9007199254740992\n"
    assert EventTable.parse(large).ids == ("9007199254740993", "9007199254740992")
    assert EventTable.parse("TIME,AMT,ID\n0,3,1_0\n0,3,10\n0,3,nan\n").ids == ("1_0", "10", "nan")
    with pytest.raises(UserError, match="are the same number"):
        EventTable.parse("TIME,AMT,ID\n0,3,1e1\n0,3,10\n")
    made = from_events({"table": large, "id": 9007199254740992}, Path())
    assert isinstance(made, Recorded) and made.id == "9007199254740992"


@pytest.mark.parametrize("value", [3, 3.5, True, None, [1], "3", "3 mg", "6000 wk", "1e-9 h"])
def test_a_time_is_refused_alike_in_a_study_and_a_regimen(value: Any) -> None:
    with pytest.raises(UserError) as study:
        StudyConfig.build({"regimen": "4.5 mg nightly for 1 wk", "output": {"every": value}}, "x")
    if value is not None:
        with pytest.raises(UserError) as regimen:
            Regimen.parse("4.5 mg nightly for 1 wk").with_field("duration", value)
        assert str(study.value).partition(" = ")[2] == str(regimen.value).partition(" = ")[2]
