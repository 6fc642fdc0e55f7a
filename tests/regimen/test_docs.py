from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ldnsim.errors import UserError
from ldnsim.regimen import Regimen, protocols

TEXT = (Path(__file__).parents[2] / "docs" / "regimens.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_examples_of_the_grammar_can_be_read() -> None:
    lines = [line for block in blocks("text") for line in block.splitlines()]
    assert len(lines) > 5
    for line in lines:
        assert Regimen.parse(str(Regimen.parse(line))) == Regimen.parse(line)


def test_structured_example_is_the_titration_of_the_text() -> None:
    (example,) = blocks("toml")
    second = blocks("text")[0].splitlines()[1]
    assert Regimen.parse(tomllib.loads(example)) == Regimen.parse(second)


def test_table_of_protocols_is_complete_and_current() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", TEXT, re.MULTILINE))
    shown = {name: text for name, text in rows.items() if name in protocols()}
    assert shown == {name: str(regimen) for name, regimen in protocols().items()}


def table(head: str) -> list[list[str]]:
    """Return the cells of a table of the page, without its head."""
    rows = TEXT[TEXT.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_form_of_the_grammar_table_is_read() -> None:
    """Each form in code is put into a prescription that lacks nothing else."""
    whole = {
        "dose": "{} nightly for 9 wk",
        "frequency": "4.5 mg {} for 9 wk",
        "time of day": "4.5 mg {} for 9 wk",
        "days of the week": "4.5 mg {} for 9 wk",
        "day of day 0": "4.5 mg Mon {} for 9 wk",
        "step": "2 mg nightly, {} every 14 d to TARGET, for 9 wk",
        "target": "2 mg nightly, STEP every 14 d, {} for 9 wk",
        "first hold": "2 mg nightly, +0.5 mg every 14 d to 4.5 mg, {}, for 9 wk",
        "length": "2 mg nightly, +0.5 mg every 14 d to 4.5 mg, {}",
        "release": "4.5 mg {} for 9 wk",
        "words without effect": "{} 4.5 mg nightly for 9 wk",
    }
    for clause, forms, _ in table("| clause | forms |"):
        found = re.findall(r"`([^`]+)`", forms)
        assert found, clause
        for form in found:
            filled = form.replace("...", "4.5 mg" if "up" in form else "1 mg")
            if clause == "dose" and re.fullmatch("mcg|µg", form):
                filled = f"50 {form}"
            if clause == "dose" and "target" in form:
                filled += ", +1/8 of target every 7 d to 4.5 mg"
            if clause == "step" and (form.startswith("every") or form.endswith("ly")):
                filled, form = f"+0.5 mg {form}", "+0.5 mg"
                text = f"2 mg nightly, {filled} to 4.5 mg, for 9 wk"
            else:
                text = whole[clause].format(filled)
            down = form.startswith(("-", "/", "halve", "down", "reduce"))
            text = text.replace("TARGET", "1 mg" if down else "4.5 mg")
            text = text.replace("STEP", "-0.5 mg" if down else "+0.5 mg")
            regimen = Regimen.parse(text)
            assert Regimen.parse(str(regimen)) == regimen


def test_what_the_page_calls_refused_is_refused() -> None:
    rows = table("| refused | write |")
    assert len(rows) > 8
    for refused, _ in rows:
        for text in re.findall(r"`([^`]+)`", refused):
            with pytest.raises(UserError):
                Regimen.parse(f"4.5 mg nightly, {text}" if text.startswith("for") else text)
