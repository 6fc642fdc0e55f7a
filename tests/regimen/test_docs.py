from __future__ import annotations

import re
import tomllib
from pathlib import Path

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
