"""A run is held against the right line of the history, and fails for the right reasons."""

from __future__ import annotations

from typing import Any

import pytest
from records import best_of, changes, comparable, differences, line_of, row, title

from ldnsim.errors import UserError


def line(ratios: dict[str, float] | None = None, **other: Any) -> dict[str, Any]:
    figures = {n: {"ratio": r, "reference": "solver"} for n, r in (ratios or {}).items()}
    base = {"suite": 3, "ldnsim": "0.1.0", "commit": "abc", "dirty": False, "date": "2026-01-02",
            "cpu": "Ours", "python": "3.12", "figures": figures}  # fmt: skip
    return base | other


def results(**extra: Any) -> dict[str, Any]:
    return {
        "suite": 3, "ldnsim": "0.1.0", "datetime": "2026-01-02T03:04:05",
        "machine_info": {"python_version": "3.12.1", "cpu": {"brand_raw": "Ours"}},
        "commit_info": {"id": "0123456789abcdef", "dirty": True},
        "benchmarks": [
            {"name": "test_a", "fullname": "benchmarks/test_x.py::test_a", "extra_info": extra}
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("factor", "fails"), [(0.1, False), (1.24, False), (1.25, False), (1.26, True), (9.0, True)]
)
def test_more_than_a_quarter_worse_fails(factor: float, fails: bool) -> None:
    (change,) = changes(line({"a": 4.0}), line({"a": 4.0 * factor}))
    assert change.worse() is fails
    assert ("WORSE" in row(change)) is fails


def test_memory_is_compared_in_bytes() -> None:
    then, now = ({"m": {"bytes": n}} for n in (100_000_000, 130_000_000))
    (change,) = changes(line(figures=then), line(figures=now))
    assert change.worse()
    assert all(part in row(change) for part in ("100.0 MB", "130.0 MB", "+30.0 %"))


def test_a_new_benchmark_does_not_fail_and_a_missing_one_is_said() -> None:
    new, gone = changes(line({"gone": 1.0}), line({"new": 1.0}))
    assert not new.worse() and not gone.worse()
    assert "new: nothing to compare with" in row(new)
    assert "missing from this run" in row(gone)


def test_a_figure_that_changed_its_kind_is_new() -> None:
    (change,) = changes(line({"a": 1.0}), line(figures={"a": {"bytes": 10**9}}))
    assert change.percent is None and not change.worse()


def test_everything_is_new_to_an_empty_history() -> None:
    assert comparable([], line({"a": 1.0})) is None
    assert [c.was for c in changes(None, line({"a": 1.0}))] == [None]


def test_the_latest_line_of_the_same_processor_is_taken() -> None:
    new = line()
    older, latest = line(date="older"), line(date="latest")
    other = line(cpu="Theirs", date="newest of all")
    assert comparable([older, latest, other], new) is latest
    assert comparable([older, latest, line(python="3.11")], new) is latest


def test_another_processor_or_python_is_taken_when_there_is_no_better_and_is_said() -> None:
    other = line(cpu="Theirs", python="3.11")
    assert comparable([other], line()) is other
    said = " ".join(differences(other, line()))
    assert "Another processor" in said and "Theirs" in said
    assert "Another Python: 3.12 here, 3.11 there" in said
    assert differences(line(), line()) == []


def test_another_release_of_the_suite_is_never_compared() -> None:
    assert comparable([line(suite=2), line(suite=4)], line()) is None


def test_the_best_of_two_runs_counts() -> None:
    best = best_of(line({"a": 3.0, "b": 1.0}), line({"a": 2.0, "b": 5.0}))
    assert {n: f["ratio"] for n, f in best["figures"].items()} == {"a": 2.0, "b": 1.0}


def test_results_become_a_line() -> None:
    found = line_of(results(ratio=1.23456, reference="start", cpu_s=0.5))
    assert found["figures"] == {"test_a": {"ratio": 1.235, "reference": "start", "cpu_s": 0.5}}
    assert (found["suite"], found["cpu"], found["python"]) == (3, "Ours", "3.12")
    assert "0123456789ab with uncommitted changes, Ours" in title(found)
    assert line_of(results(bytes=12))["figures"] == {"test_a": {"bytes": 12}}


def test_results_of_something_else_are_refused() -> None:
    with pytest.raises(UserError, match="neither a ratio nor bytes"):
        line_of(results())
    with pytest.raises(UserError, match="no 'suite'"):
        line_of({"benchmarks": []})
    with pytest.raises(UserError, match="no benchmark in these results"):
        line_of(results() | {"benchmarks": []})
