"""What an event table may say: read as written, or refused by row, column and remedy."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.errors import UserError
from ldnsim.regimen import EventTable, Recorded, Regimen, event_table


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        EventTable.read(path)
    text = str(caught.value)
    assert len(text) < 600
    return text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("TIME,AMT,EVID\n0,.,1\n", ["row 2", "AMT = '.'", "a missing amount is not zero"]),
        ("TIME,AMT,EVID\n0,,1\n", ["row 2", "AMT = ''", "a missing amount is not zero"]),
        ("TIME,AMT\n0,3\n24,\n", ["row 3", "AMT = ''", "missing", "EVID = 0"]),
        ("TIME,AMT,EVID\n0,3,\n", ["EVID = ''", "expected 1 for a dose"]),
        ("TIME,AMT,CMT\n0,3,.\n", ["CMT = '.'", "2 slow release"]),
        ("ID,TIME,AMT\n,0,3\n", ["ID = ''", "needs its subject"]),
        ("TIME,AMT\n0,4500\n", ["AMT = '4500'", "more than 1000 mg", "in mg"]),
        ("TIME,AMT\n0,1000.5\n", ["more than 1000 mg"]),
        ("TIME,AMT,II,ADDL\n0,3,2_2,3\n", ["II (h) = '2_2'"]),
        ("TIME,AMT\n0,1e400\n", ["AMT (mg) = '1e400'"]),
        ("TIME,AMT\n0,inf\n", ["AMT (mg) = 'inf'"]),
        ("TIME,AMT\n0,\u22124\n", ["AMT = '\u22124'", "not negative"]),
        ('TIME,AMT\n0,"4,5"\n', ["'4,5'", "decimal comma", "'4.5'"]),
        ("TIME,AMT\n0,4.5 mg\n", ["AMT (mg) = '4.5 mg'"]),
        ("TIME,AMT\n0,NA\n", ["AMT (mg) = 'NA'"]),
        ("TIME,AMT\n0,\u0664\n", ["AMT (mg) = '\u0664'"]),
        ("TIME,AMT\n1e300,4\n", ["TIME (h) = '1e300'"]),
        ("TIME,AMT\n1e30,4\n", ["TIME = '1e30'", "873600 h"]),
        ("TIME,AMT,II,ADDL\n0,3,24,99999999999\n", ["ADDL", "below a million"]),
        ("TIME,AMT,II,ADDL\n0,3,24,999999\n", ["ADDL", "873600 h"]),
        ("TIME,AMT,II,ADDL\n" + "0,3,0.5,600000\n" * 2, ["row 3", "more than 1,000,000 doses"]),
        ("TIME,AMT,II,ADDL\n0,3,1e30,2\n", ["II = '1e30'", "873600 h"]),
        ("TIME,AMT,II,ADDL\n0,3,0.001,5\n", ["II = '0.001'", "whole minutes", "0.0166667"]),
        ("TIME,AMT,II,ADDL\n0,3,0.342,5\n", ["II = '0.342'", "whole minutes", "0.35 h"]),
        ("TIME,AMT,II\n0,3,24\n", ["II = '24'", "does nothing without ADDL"]),
        ("ID,TIME,AMT\n1,0,3\n01,0,3\n", ["'1' in row 2", "'01' in row 3", "same number"]),
        ("ID,TIME,AMT\n1,0,3\n2,0,3\n1.0,0,3\n", ["'1' in row 2", "'1.0' in row 4"]),
        ("ID;TIME;AMT\n1;0;4,5\n", ["separated by ';'", "ID,TIME,AMT", "decimal point"]),
        ("ID\tTIME\tAMT\n1\t0\t4\n", ["separated by tabs"]),
        ("ID TIME AMT\n1 0 4\n", ["separated by spaces"]),
        ("ID|TIME|AMT\n1|0|4\n", ["separated by '|'"]),
        ("TIME,AMT\n0,4\0\n", ["line 2", "NUL"]),
        ("", ["is empty", "ID,TIME,AMT"]),
        ("\n\n", ["is empty"]),
        ("TIME,AMT,II\n0,4\n", ["row 2", "fewer cells (2)", "(3)"]),
        ("TIME,AMT\n0,4,5\n", ["row 2", "more cells (3)", "(2)"]),
        ("TIME,AMT\n0," + "4" * 200_000, ["row 2", "131,072 characters"]),
        ("TIME,AMT\n0," + "4" * 5_000, ["row 2", "5,000 characters"]),
        ('TIME,AMT\n0,"4\n', ["quoted cell is not closed"]),
        ("TIME,AMT,\n0,4,\n", ["column 3 has no name"]),
        ("TIME,AMMT\n0,4\n", ["'AMMT'", "'AMT'"]),
        ("DATE,TIME,AMT\n2026-01-01,22,4\n", ["DATE", "hours since time 0"]),
        ("TIME,AMT\n22:00,4\n", ["TIME = '22:00'", "not a clock time", "is 22"]),
        ("TIME,AMT\n2026-01-01,4\n", ["TIME = '2026-01-01'", "date"]),
        ('ID,TIME,AMT\n"a\nb",0,4\n', ["ID", "printable"]),
    ],
)  # fmt: skip
def test_what_is_no_dose_table_is_refused(tmp_path: Path, text: str, words: list[str]) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes(text.encode())
    found = refusal(file)
    for word in [*words, "events.csv"]:
        assert word in found


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes("TIME,AMT\n0,4\n".encode("utf-16"))
    assert "UTF-16" in refusal(file)
    file.write_bytes(b"TIME,AMT\n0,\xe9\n")
    assert "line 2" in refusal(file)
    assert "is a folder" in refusal(tmp_path)
    assert "CSV files there: events.csv" in refusal(tmp_path / "event.csv")
    assert "no folder" in refusal(tmp_path / "there" / "events.csv")
    assert "is not a file" in refusal(Path("/dev/zero"))


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfTIME,AMT\n0,4.5\n",
        b"TIME,AMT\r\n0,4.5\r\n",
        b"TIME,AMT\r0,4.5\r",
        b'"TIME","AMT"\n"0","4.5"\n',
        b" time , Amt \n 0 , +4.50 \n\n",
        b"TIME,AMT\n0,.45e1",
        b"TIME,AMT,DV\n0,4.5,.\n3,.,7.1\n",
        b"TIME,AMT,EVID,CMT\n0,4.5,1,1\n2,.,0,.\n",
    ],
)
def test_one_dose_in_many_forms(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes(data)
    (doses,) = event_table.read_csv(file).values()
    np.testing.assert_array_equal(doses.time_h, [0.0])
    np.testing.assert_array_equal(doses.amount_mg, [4.5])


def test_a_subject_without_doses_is_kept(tmp_path: Path) -> None:
    table = EventTable.parse("ID,TIME,AMT,EVID\n7,0,3,1\n8,0,0,0\n9,0,0,1\n")
    assert table.ids == ("7", "8", "9")
    assert len(Recorded(table, "8").doses()) == 0
    np.testing.assert_array_equal(Recorded(table, "9").doses().amount_mg, [0.0])  # placebo
    assert EventTable.parse(table.csv()).ids == table.ids


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, dict[str, list[tuple[int, float, int]]]]:
    """Rows of a random table as text, and its doses expanded one by one in a plain loop."""
    lines, doses = ["ID,TIME,AMT,EVID,II,ADDL,SS,CMT,RATE"], {}
    for subject in draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True)):
        time, mine = 0, []
        for _ in range(draw(st.integers(1, 5))):
            time += draw(st.integers(0, 4000))
            mg = draw(st.sampled_from([0.0, 0.5, 1.5, 4.5, 1e-6]) | st.floats(1e-6, 1000.0))
            every, more = draw(st.integers(1, 3000)), draw(st.integers(0, 6))
            slow = draw(st.integers(1, 2))
            ii = repr(every / 60) if more else draw(st.sampled_from(["0", ".", ""]))
            addl = str(more) if more else draw(st.sampled_from(["0", ".", ""]))
            lines.append(f"{subject},{time / 60!r},{mg!r},1,{ii},{addl},0,{slow},.")
            for k in range(more + 1):
                mine.append((time + k * every, mg, slow - 1))
        doses[subject] = sorted(mine, key=lambda dose: dose[0])
    return "\n".join(lines) + "\n", doses


@given(tables(), st.integers(0, 1439))
@settings(max_examples=60, deadline=None)
def test_tables_expand_like_a_plain_loop(
    made: tuple[str, dict[str, list[tuple[int, float, int]]]], zero: int
) -> None:
    text, expected = made
    table = EventTable.parse(text)
    assert table.ids == tuple(expected)
    again = EventTable.parse(table.csv())
    assert again.records == table.records
    for subject, doses in expected.items():
        found = Recorded(table, subject, zero / 60).doses()
        got = list(zip(np.rint(found.time_h * 60) - zero, found.amount_mg, found.formulation,
                       strict=True))  # fmt: skip
        assert [g[0] for g in got] == [d[0] for d in doses]
        assert sorted(got) == sorted(doses)


GOOD = """ID,TIME,AMT,EVID,II,ADDL,SS,CMT
1,22,4.5,1,24,13,0,1
3,22,3,1,24,2,1,1
3,100.5,3,1,0,0,0,2
3,101,.,0,.,.,.,.
"""
_PIECES = (",", "\n", '"', ";", "\t", "\0", ".", "-", "\u2212", "e", "1e9", "1e300", "99999999999",
           "NaN", "22:00", "\r", "\ufeff", "ID", "TIME", "0.0001", "2", " ", "\u00a0", "x" * 200,
           "\U0001f48a")  # fmt: skip


def _mutated(rng: random.Random) -> bytes:
    text = GOOD
    if rng.random() < 0.5:  # only digits: most of these are tables still
        at = [k for k, letter in enumerate(text) if letter.isdigit()]
        for k in rng.sample(at, rng.randint(1, 3)):
            text = text[:k] + str(rng.randrange(10)) + text[k + 1 :]
        return text.encode()
    for _ in range(rng.randint(1, 4)):
        a = rng.randrange(len(text) + 1)
        b = min(len(text), a + rng.choice((0, 0, 1, 2, 5)))
        text = text[:a] + rng.choice((*_PIECES, "", text[a : a + 20])) + text[b:]
    data = text.encode(rng.choice(("utf-8",) * 8 + ("utf-16", "utf-8-sig")))
    if rng.random() < 0.05:
        data = data[: rng.randrange(len(data) + 1)] + bytes([rng.randrange(256)])
    return data


def _survives(folder: Path, seed: int) -> bool:
    """Whether a mutated table is read; if so its doses are finite, in order and in bounds."""
    file = folder / "events.csv"
    file.write_bytes(_mutated(random.Random(seed)))
    try:
        table = EventTable.read(file)
        lead = 240.0 if table.steady else None
        made: list[Any] = [Recorded(table, subject, lead_h=lead).doses() for subject in table.ids]
    except UserError as error:
        assert "events.csv" in str(error) or "SS = 1" in str(error)
        return False
    for doses in made:
        assert (np.diff(doses.time_h) >= 0).all()
        assert ((doses.amount_mg >= 0) & (doses.amount_mg <= 1000)).all()
    return True


def test_mutated_tables_are_read_or_refused(tmp_path: Path) -> None:
    read = sum(_survives(tmp_path, seed) for seed in range(40))
    assert 0 < read < 40


@pytest.mark.soak
def test_many_mutated_tables_are_read_or_refused(tmp_path: Path) -> None:
    read = sum(_survives(tmp_path, seed) for seed in range(300))
    assert 0 < read < 300


def test_written_regimens_are_recorded_doses_again(tmp_path: Path) -> None:
    regimen = Regimen.parse("1 mg nightly at 22:00, +0.5 mg every 2 d to 3 mg, hold 1 wk")
    event_table.write_csv(tmp_path / "r.csv", regimen)
    again = Recorded(EventTable.read(tmp_path / "r.csv"), "1")
    np.testing.assert_array_equal(again.doses().time_h, regimen.doses().time_h)
    np.testing.assert_array_equal(again.doses().amount_mg, regimen.doses().amount_mg)
    event_table.write_csv(tmp_path / "again.csv", again)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "r.csv").read_bytes()
