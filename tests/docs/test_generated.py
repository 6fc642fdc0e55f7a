"""What the pages say of runs is what the runs say: made by docs/refresh.py, compared here."""

from __future__ import annotations

import importlib.util
import re
import runpy
from types import ModuleType

import pytest

from tests.docs.blocks import ROOT

NUMBER = r"\d+(?:\.\d+)?"


def _refresh() -> ModuleType:
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs" / "refresh.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


refresh = _refresh()


def same(page: str, made: str) -> None:
    """Compare words exactly, numbers but for the last digit: another machine rounds another way."""
    assert re.sub(NUMBER, "#", page) == re.sub(NUMBER, "#", made)
    for ours, theirs in zip(re.findall(NUMBER, page), re.findall(NUMBER, made), strict=True):
        last = 10.0 ** -max(len(n.partition(".")[2]) for n in (ours, theirs))
        assert float(ours) == pytest.approx(float(theirs), abs=1.5 * last), (ours, theirs)


@pytest.mark.parametrize(
    "name",
    [
        "microgram", "discriminate", "emerges", "wrong", "adjuncts", "trial_levels",
        pytest.param("optimise", marks=pytest.mark.long),
        pytest.param("claims", marks=pytest.mark.soak),
        pytest.param("editions", marks=pytest.mark.soak),
    ],
)  # fmt: skip
def test_a_generated_part_is_what_its_runs_give(name: str) -> None:
    same(refresh.part(name), refresh.PARTS[name][1]())


def test_some_claims_on_the_page_have_the_verdict_of_their_runs() -> None:
    """One of each room of rules; of C24, that nothing reproduces, the search as well."""
    made = refresh.claims(["C2", "C13", "C22", "C24", "C26", "C33"]).splitlines()
    page = refresh.part("claims").splitlines()
    rows = [line for line in made if line.startswith("| C")]
    prices = [line for line in made if line.startswith("* ")]
    assert len(rows) == 6 and prices
    for row, end in [*((row, ":") for row in rows), *((price, " at ") for price in prices)]:
        head = row.partition(end)[0] + end
        same(next(line for line in page if line.startswith(head)), row)


QUICK = ("ldnsim states --hypothesis glial --set ic50_trif=0.04 --dose 4.5",)
"""With a dose, another hypothesis and a parameter set. The fold of plain `ldnsim states` is held
against the page by tests/analysis/test_continuation.py, with fewer points."""


@pytest.mark.parametrize(
    "command",
    [pytest.param(c, marks=() if c in QUICK else pytest.mark.soak) for c in refresh.STATES],
)
def test_the_states_on_the_page_are_those_of_continuation(command: str) -> None:
    parts = re.split(r"^\* ", refresh.part("states"), flags=re.M)[1:]
    page = {part.split("`")[1]: f"* {part.rstrip()}" for part in parts}
    assert list(page) == list(refresh.STATES)
    same(page[command], refresh.states([command]))


def test_both_editions_have_the_same_curves() -> None:
    """What the first edition's file holds is what this one computes: panels, names and places."""
    beside = runpy.run_path(str(ROOT / "docs" / "before_after.py"))
    then, now = beside["recorded"](), beside["stimulus"]() | beside["levels"]()
    assert set(now) < set(then)
    for key, (x, y) in now.items():
        assert then[key][0] == pytest.approx(x)
        assert then[key][1].shape == y.shape
    table = beside["table"](then, then).splitlines()
    assert all(row.split("|")[2] == row.split("|")[3] for row in table[2:])


def test_every_mark_on_a_page_has_its_maker() -> None:
    marks = {
        (page.name, name)
        for page in (ROOT / "docs").glob("*.md")
        for name in re.findall(r"<!-- generated: (\w+) -->", page.read_text(encoding="utf-8"))
    }
    assert marks == {(page, name) for name, (page, _) in refresh.PARTS.items()}


def test_a_part_that_is_not_there_is_said() -> None:
    with pytest.raises(
        ValueError, match=r"experiments\.md: expected the marks of 'microgram' once"
    ):
        refresh._span("no marks", "microgram")
