"""A study that asks for too much is refused before anything is laid out, with what to change."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ldnsim.cli import app
from ldnsim.config import budget
from ldnsim.errors import UserError
from ldnsim.sweep.room import check_memory
from ldnsim.sweep.study import Study

PLAIN = "4.5 mg nightly at 22:00, for 26 wk"
LADDER = "0.5 mg nightly, +0.5 mg every 7 d to 4.5 mg, for 26 wk"


def axis(name: str, field: str, first: Any, last: Any, n: int) -> dict[str, Any]:
    return {"name": name, "field": field, "linspace": [first, last, n]}


DOSES = axis("dose", "regimen.target", "1 mg", "5 mg", 100_000)
TOO_LARGE: dict[str, tuple[dict[str, Any], list[str]]] = {
    "horizon": ({"horizon": "1e12 h"}, ["horizon = '1e12 h'", "5200 wk"]),
    "every": ({"output": {"every": "1e-9 h"}}, ["output.every = '1e-9 h'", "one minute"]),
    "stop": (
        {"regimen": "4.5 mg nightly for 4 wk, then stop for 99999999 wk"},
        ["regimen", "99999999 wk", "at most 5200 wk"],
    ),
    "stops that add up": (
        {"regimen": "4.5 mg nightly for 4 wk, then stop for 5000 wk, then stop for 5000 wk"},
        ["the regimen lasts 10004 wk", "at most 5200 wk"],
    ),
    "a stop under a horizon": (
        {"regimen": "4.5 mg nightly for 4 wk, then stop for 5200 wk", "horizon": "4 wk"},
        ["the regimen lasts 5204 wk", "at most 5200 wk"],
    ),
    "stop by an axis": (
        {
            "regimen": "4.5 mg nightly for 4 wk, then stop for 4 wk",
            "axes": [
                {"name": "off", "field": "regimen.phases.1.duration", "values": ["5199 wk"]}
            ],
        },
        ["regimen.phases.1.duration", "lasts 5203 wk", "at most 5200 wk"],
    ),
    "two long axes": (
        {"axes": [DOSES, axis("cl", "parameters.cl", 90, 150, 100_000)]},
        ["dose 100,000 x cl 100,000", "10,000,000,000 runs", "5,000,000", "shorten an axis"],
    ),
    "an axis times a population": (
        {"axes": [axis("ka", "parameters.ka", 0.1, 1, 100)], "population": {"size": 100_000}},
        ["ka 100 x patients 100,000", "10,000,000 runs"],
    ),
    "one axis of doses": ({"axes": [DOSES]}, ["100,000 distinct regimens", "20,000"]),
    "meeting axes": (
        {
            "axes": [
                axis("long", "regimen.duration", "1 wk", "52 wk", 200),
                axis("every", "regimen.every", "6 h", "24 h", 200),
            ]
        },
        ["40,000 distinct regimens"],
    ),
    "values": (
        {"axes": [{"name": "a", "field": "subject", "values": list(range(100_001))}]},
        ["axes[1] (a) has 100,001 values", "100,000"],
    ),
    "patients": (
        {
            "axes": [
                axis("cl", "parameters.cl", 90, 150, 1000),
                axis("ka", "parameters.ka", 0.1, 1, 1000),
            ]
        },
        ["1,000,000 patients described", "200,000"],
    ),
    "samples": (
        {"horizon": "5200 wk", "output": {"every": "1 min"}},
        ["output.every", "52,416,001 stored times", "1,000,000"],
    ),
    "bytes of a run": (
        {"horizon": "98 wk", "output": {"every": "1 min", "variables": "all"}},
        ["output", "bytes of one run", "250,000,000", "fewer output.variables"],
    ),
    "bytes of a block": (
        {"axes": [axis("who", "subject", 0, 99_999, 100_000)], "solver": {"block": 4_000_000}},
        ["solver.block", "bytes of one block"],
    ),
    "bytes": (
        {"population": {"size": 100_000}, "output": {"variables": "all", "every": "10 min"}},
        ["100,000 runs are", "bytes of the result", "1,000,000,000,000"],
    ),
    "doses": (
        {
            "regimen": "1 mg every 1 min for 52 wk",
            "axes": [axis("long", "regimen.duration", "1 wk", "52 wk", 100)],
        },
        ["regimen.every", "planned doses", "20,000,000"],
    ),
    "doses of one regimen": (
        {"regimen": ", then ".join(["1 mg every 1 min for 50 wk"] * 3)},
        ["more than a million doses"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOO_LARGE)
def test_too_large_a_study_is_refused_with_key_size_limit_and_remedy(case: str) -> None:
    keys, said = TOO_LARGE[case]
    tracemalloc.start()
    try:
        with pytest.raises(UserError) as caught:
            Study.build({"regimen": PLAIN, **keys}).plan()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    for part in said:
        assert part in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert peak < 100e6  # nothing of the size asked for was laid out


def test_a_dry_run_refuses_too(tmp_path: Path) -> None:
    file = tmp_path / "large.toml"
    text = 'regimen = "{}"\nhorizon = "5200 wk"\noutput.every = "1 min"\n'
    file.write_text(text.format(PLAIN))
    found = CliRunner().invoke(app, ["sweep", str(file), "--dry-run"])
    assert found.exit_code == 2 and "stored times" in found.output
    assert str(file) in found.output


def test_what_is_within_the_budget_is_planned() -> None:
    wide = {"regimen": LADDER, "axes": [axis("dose", "regimen.target", "1 mg", "5 mg", 300)]}
    assert len(Study.build(wide).plan()) == 300
    fine = {"regimen": PLAIN, "output": {"every": "1 min", "variables": "all"}}
    assert Study.build(fine).plan().block >= 8


def test_a_block_of_long_runs_is_small_enough_to_hold() -> None:
    keys = {"regimen": PLAIN, "output": {"every": "1 min", "variables": "all"}}
    made = Study.build({**keys, "solver": {"threads": 64}, "population": {"size": 4096}}).plan()
    assert made.block * made._bytes_at_work <= budget.BLOCK_BYTES.most
    assert made.block % 8 == 0


def test_a_result_larger_than_memory_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"regimen": PLAIN, "population": {"size": 100_000}, "output": {"every": "10 min"}}
    made = Study.build(keys).plan()
    monkeypatch.setattr("os.sysconf", lambda name: 1_000_000)
    check_memory(made)
    monkeypatch.setattr("os.sysconf", lambda name: 1000)
    with pytest.raises(UserError, match=r"of memory and this machine has 1\.0 MB; write it to a"):
        check_memory(made)


def test_sizes_are_those_of_what_is_laid_out() -> None:
    keys = {
        "regimens": [PLAIN, "stop for 2 wk", "1 mg every 6 h for 2 wk"],
        "axes": [axis("who", "subject", 0, 4, 5)],
    }
    made = Study.build(keys).plan()
    counts = [len(made.dosing.ledger(i)) for i in range(len(made))]
    assert made.dosing.planned(len(made)) == sum(counts)
    assert made.dosing.most_planned == max(counts)


def test_the_page_on_studies_states_every_limit() -> None:
    page = (Path(__file__).parents[2] / "docs" / "studies.md").read_text(encoding="utf-8")
    for limit in budget.LIMITS:
        large = limit.most >= 1e6 and "bytes" in limit.what
        scale, word = (1e12, "TB") if limit.most >= 1e12 else (1e9, "GB")
        scale, word = (1e6, "MB") if limit.most < 1e9 else (scale, word)
        text = f"{limit.most / scale:g} {word}" if large else f"{limit.most:,.0f}"
        assert text in page, limit
