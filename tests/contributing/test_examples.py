"""The worked examples of CONTRIBUTING.md do what they say, on a copy of the package."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contributing.carry_out import (
    COMPILED,
    PAGE,
    Example,
    carry_out,
    changed,
    copy_of_package,
    examples,
)

TEXT = PAGE.read_text("utf-8")
EXAMPLES = examples(TEXT)
KINDS = (
    "summary to a study", "summary to the package", "dosing field", "solver method", "plot",
    "command", "mechanism outside", "mechanism to", "parameter", "protocol", "hypothesis",
)  # fmt: skip


def named(example: Example) -> str:
    return example.title.replace(" ", "_")


def test_every_kind_of_addition_has_one_example() -> None:
    for kind in KINDS:
        assert len([e for e in EXAMPLES if kind in e.title]) == 1, kind
    assert len(EXAMPLES) == len(KINDS)


def test_the_table_says_the_same_as_the_headings() -> None:
    rows = re.findall(r"^\| \[(.*?)\]\(#.*?\) \| (\d+) \| (\d+) \|$", TEXT, re.M)
    assert rows == [
        (e.title.removeprefix("Add ").partition(" ")[2], str(e.package), str(e.own))
        for e in EXAMPLES
    ]


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_example_is_carried_out(example: Example, tmp_path: Path) -> None:
    assert any(b.language == "sh" for b in example.blocks), "nothing shows that it works"
    copy_of_package(tmp_path)
    carry_out(example, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if any(b.way == COMPILED for b in e.blocks)], ids=named
)
def test_example_runs_compiled(example: Example, tmp_path: Path) -> None:
    copy_of_package(tmp_path)
    carry_out(example, tmp_path, compiles=True)


def tiny(heading: str, body: str, folder: Path) -> None:
    (folder / "ldnsim").mkdir()
    (folder / "ldnsim/a.py").write_text("x = 1\ny = 2\n")
    (example,) = examples(f"## Add {heading}\n\n{body}")
    carry_out(example, folder)


def test_a_file_more_or_a_line_moved_fails_on_the_page(tmp_path: Path) -> None:
    example = next(e for e in EXAMPLES if e.title == "Add a protocol")
    copy_of_package(tmp_path)
    with pytest.raises(AssertionError, match=r"files of the package: .*protocols\.toml"):
        carry_out(replace(example, package=2), tmp_path)
    section = next(s for s in TEXT.split("\n## ") if s.startswith("Add a parameter"))
    (moved,) = examples(f"## {section}".replace(" tone_repair: float,", " lesion: float,"))
    with pytest.raises(AssertionError, match=r"neurons\.py: 0 places"):
        carry_out(moved, tmp_path)


CHANGE = "In `ldnsim/a.py`:\n\n```diff\n-x = 1\n+x = 3\n y = 2\n```\n"
RUN = "```sh\npython ldnsim/a.py\n```\n"


def test_a_wrong_number_of_files_is_told(tmp_path: Path) -> None:
    for said in ("0 files", "2 files"):
        folder = tmp_path / said
        folder.mkdir()
        with pytest.raises(AssertionError, match=r"files of the package: \['ldnsim/a.py'\]"):
            tiny(f"a b ({said} of the package)", CHANGE + RUN, folder)
    (tmp_path / "own").mkdir()
    own = "New file `mine.py`:\n\n```python\nx = 1\n```\n"
    with pytest.raises(AssertionError, match="one's own"):
        tiny("a b (1 file of the package)", CHANGE + own, tmp_path / "own")


def test_a_command_that_writes_into_the_package_counts(tmp_path: Path) -> None:
    tiny(
        "a b (2 files of the package)",
        CHANGE + "```sh\ncp ldnsim/a.py ldnsim/b.py\n```\n",
        tmp_path,
    )


def test_what_a_command_does_not_print_is_told(tmp_path: Path) -> None:
    body = "```sh\npython -c 'print(\"one  two\")'\n```\n\n```text\n{}\n```\n"
    (tmp_path / "a").mkdir()
    tiny("a b (0 files of the package)", body.format("one two"), tmp_path / "a")
    (tmp_path / "b").mkdir()
    with pytest.raises(AssertionError, match="not printed: three"):
        tiny("a b (0 files of the package)", body.format("three"), tmp_path / "b")


@pytest.mark.parametrize(
    "page",
    [
        "## Add a thing\n",
        "## Add a thing (some files)\n",
        "## Add a thing (1 file of the package)\n\n```python\nx = 1\n```\n",
        "## Add a thing (1 file of the package)\n\nNew file `a.py`:\n\n```diff\n+x = 1\n```\n",
    ],
)
def test_a_section_of_which_nothing_would_be_done_is_told(page: str) -> None:
    with pytest.raises(AssertionError, match="## Add a thing"):
        examples(page)


def test_a_change_whose_place_is_not_there_is_told() -> None:
    assert changed("a\nb\nc\n", " a\n-b\n+B\n", "x") == "a\nB\nc\n"
    with pytest.raises(AssertionError, match="0 places"):
        changed("a\nb\n", "-z\n+y\n", "x")
    with pytest.raises(AssertionError, match="0 places"):
        changed("a\nc\nb\n", " a\n-b\n+y\n", "x")
    with pytest.raises(AssertionError, match="2 places"):
        changed("b\nb\n", "-b\n+y\n", "x")
