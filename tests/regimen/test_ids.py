"""IDs of event tables: what is written reads back as the same subjects, or is refused."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from ldnsim.errors import UserError
from ldnsim.regimen import EventTable, Regimen, event_table
from ldnsim.regimen.recorded import choose_id

DOSES = Regimen.parse("4.5 mg nightly for 2 d").doses()
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Zoé") for form in ("NFC", "NFD"))
HEADER = "ID,TIME,AMT,EVID\n"


@pytest.mark.parametrize(
    "tables",
    [
        {"1": DOSES, 1: DOSES}, {"1": DOSES, "01": DOSES}, {"": DOSES}, {" ": DOSES}, {".": DOSES},
        {" a": DOSES}, {"a\nb": DOSES}, {"x" * 101: DOSES}, {1.0: DOSES}, {True: DOSES},
        {None: DOSES}, {COMPOSED: DOSES, DECOMPOSED: DOSES}, {}, {"a": "4.5 mg nightly"},
    ],
    ids=repr,
)  # fmt: skip
def test_ids_that_would_not_read_back_are_refused(tables: dict[Any, Any], tmp_path: Path) -> None:
    file = tmp_path / "doses.csv"
    file.write_text("before")
    with pytest.raises(UserError):
        event_table.write_csv(file, tables)
    assert file.read_text() == "before"


@pytest.mark.parametrize("name", ["mine.toml", "mine", "mine.csv.txt", "mine.zarr", ""])
def test_only_csv_files_are_written(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    if name:
        file.write_text("before")
    with pytest.raises(UserError, match="CSV"):
        event_table.write_csv(file, DOSES)
    assert not name or file.read_text() == "before"


def test_subjects_without_doses_are_written(tmp_path: Path) -> None:
    file = tmp_path / "doses.CSV"
    event_table.write_csv(file, {"b": DOSES, "none": Regimen.parse("stop for 2 d"), 7: DOSES})
    again = event_table.read_csv(file)
    assert [(k, len(v)) for k, v in again.items()] == [("b", 2), ("none", 0), ("7", 2)]


def test_one_name_in_two_codings_is_one_subject() -> None:
    table = EventTable.parse(f"{HEADER}{COMPOSED},0,1,1\n{DECOMPOSED},24,2,1\n")
    assert table.ids == (COMPOSED,)
    assert len(table.doses(COMPOSED, 0.0)) == 2
    assert choose_id(table, DECOMPOSED) == COMPOSED


@pytest.mark.parametrize("written", ["1", "01", "1.0"])
@pytest.mark.parametrize("wanted", [1, "1", "01", " 1 "])
def test_a_number_is_one_subject_however_it_is_written(written: str, wanted: str | int) -> None:
    assert choose_id(EventTable.parse(f"{HEADER}{written},0,1,1\nb,0,1,1\n"), wanted) == written
