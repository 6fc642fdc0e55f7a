"""The worked examples of CONTRIBUTING.md do what they say, on a copy of the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contributing.carry_out import Example, carry_out, changed, copy_of_package, examples

EXAMPLES = examples()


def test_every_kind_of_addition_has_an_example() -> None:
    titles = " ".join(e.title for e in EXAMPLES)
    for kind in ("summary", "dosing field", "solver method", "plot", "command", "mechanism"):
        assert kind in titles


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.title.replace(" ", "_"))
def test_example_is_carried_out(example: Example, tmp_path: Path) -> None:
    assert len(example.touched) == example.files, sorted(example.touched)
    assert any(b.language == "sh" for b in example.blocks), "nothing shows that it works"
    copy_of_package(tmp_path)
    carry_out(example, tmp_path)


def test_a_change_whose_place_is_not_there_is_told() -> None:
    assert changed("a\nb\nc\n", " a\n-b\n+B\n", "x") == "a\nB\nc\n"
    with pytest.raises(AssertionError, match="0 places"):
        changed("a\nb\n", "-z\n+y\n", "x")
    with pytest.raises(AssertionError, match="2 places"):
        changed("b\nb\n", "-b\n+y\n", "x")
