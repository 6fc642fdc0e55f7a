"""The shipped studies give what they gave; where they do not, the report says from when on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.references import cases
from tests.references.compare import TOLERANCE, Kept, Run, relative, report, strayed, trend
from tests.references.write import main


@pytest.mark.parametrize("name", cases.STUDIES)
def test_a_shipped_study_gives_what_it_gave(name: str) -> None:
    found = strayed(cases.load(name), cases.run(name))
    remedy = f"If it is meant to be so: python -m tests.references.write {name}, and CHANGELOG.md."
    assert not found, f"{name} moved.\n\n{report(found)}\n\n{remedy}"


def test_the_references_are_small_and_none_is_left_over() -> None:
    files = sorted(cases.DATA.glob("*"))
    assert [path.stem for path in files] == list(cases.STUDIES)
    assert sum(path.stat().st_size for path in files) < 1_200_000


HOURS = np.arange(20) * 168.0


def made(error: np.ndarray) -> tuple[Run, Run]:
    """Two runs of a variable, of which the second is off by an error over time."""
    values = np.stack([10.0 + np.cos(HOURS / 500), 5.0 + np.sin(HOURS / 500)], axis=1)
    off = values * (1.0 + np.stack([0.0 * error, error], axis=1))
    return {"pain": Kept(values, HOURS)}, {"pain": Kept(off, HOURS)}


def test_an_error_that_grows_is_told_from_when_on() -> None:
    error = np.where(HOURS < 1000, 1e-6, 1e-4 * 2.0 ** (np.arange(20) - 5))
    (one,) = strayed(*made(error))
    old, new = (run["pain"].values[-1, 1] for run in made(error))
    assert one.worst == pytest.approx(abs(new - old) / made(error)[0]["pain"].values[:, 1].max())
    head, columns, *rows = one.words.splitlines()
    first = int(np.argmax(relative(*(r["pain"] for r in made(error)))[:, 1] > TOLERANCE))
    assert f"in run (1,); first at {HOURS[first]:g} h; it grows" in head
    assert columns.split() == ["time", "(h)", "reference", "now", "relative", "error"]
    told = np.array([[float(cell) for cell in row.split()] for row in rows])
    assert {0.0, HOURS[first], HOURS[-1]} <= set(told[:, 0]) and len(rows) <= 10
    assert told[-1, 1:3] == pytest.approx([old, new], rel=1e-6)
    assert (np.diff(told[:, 3]) > -1e-12).all()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (np.full(20, 3e-3), "neither grows nor fades"),
        (3e-3 * 0.5 ** np.arange(20.0), "it fades"),
        (3e-3 * 1.5 ** np.arange(20.0), "it grows"),
        (np.array([0.0, 1.0]), "too short"),
    ],
)
def test_the_trend_of_an_error_is_named(line: np.ndarray, words: str) -> None:
    assert words in trend(line, 0)


def test_within_the_tolerance_nothing_is_said() -> None:
    assert strayed(*made(np.full(20, 0.9 * TOLERANCE))) == []
    assert strayed(*made(np.full(20, 1.5 * TOLERANCE)))


def test_a_small_run_beside_a_large_one_is_held_against_its_own_size() -> None:
    dose = Kept(np.stack([np.full(20, 50.0), np.full(20, 1.0)], axis=1), HOURS)
    off = Kept(dose.values * [1.0, 1.01], HOURS)
    assert strayed({"dose": dose}, {"dose": off})[0].worst == pytest.approx(0.01)
    nothing = Kept(np.stack([np.full(20, 50.0), np.full(20, 1e-9)], axis=1), HOURS)
    noise = Kept(nothing.values * [1.0, 3.0], HOURS)
    assert not strayed({"dose": nothing}, {"dose": noise})


def test_what_came_went_changed_its_shape_or_is_no_number_is_told() -> None:
    values = np.arange(1.0, 5.0)
    old = {n: Kept(values) for n in ("gone", "shape", "nan", "last", "whole")}
    new = {
        "shape": Kept(values[:2]),
        "nan": Kept(np.where(values > 3, np.nan, values)),
        "last": Kept(np.where(values > 3, 5.0, values)),
        "whole": Kept(values),
        "new": Kept(values),
    }
    found = {one.name: one for one in strayed(old, new)}
    assert set(found) == {"gone", "new", "shape", "nan", "last"}
    assert found["nan"].worst == np.inf and "4 is now nan" in found["nan"].words
    assert found["last"].worst == pytest.approx(0.25)
    text = report(list(found.values()), most=2)
    assert text.count("\n\n") == 2 and "and 3 more: " in text


def test_writing_keeps_what_is_unchanged_and_says_what_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cases, "DATA", tmp_path / "data")
    assert main(["hypotheses"]) == 0
    assert "written anew; 0 variables moved" in capsys.readouterr().out
    kept = cases.load("hypotheses")
    assert main(["hypotheses"]) == 0
    assert capsys.readouterr().out == "hypotheses: unchanged\n"
    pain = kept["pain"]
    cases.save("hypotheses", {**kept, "pain": Kept(pain.values * np.float32(1.01), pain.hours)})
    assert main(["hypotheses"]) == 0
    assert "1 variables moved" in (out := capsys.readouterr().out) and "pain: relative error" in out
    assert not strayed(kept, cases.load("hypotheses"))
    assert main(["hypothesis"]) == 2
