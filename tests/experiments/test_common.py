"""What the experiments share: search, tables, pages, numbers in words, docs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import run_all
from common import amount, arguments, bisect, page, paragraphs, table

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("yes", "no"), [(1e-3, 1e3), (1e3, 1e-3)])
def test_the_search_ends_at_the_edge_from_either_side(yes: float, no: float) -> None:
    edge = np.array([0.02, 1.7, 400.0])
    up = no > yes

    def holds(x: np.ndarray) -> np.ndarray:
        return x <= edge if up else x >= edge

    found = bisect(holds, np.full(3, yes), np.full(3, no), 24)
    np.testing.assert_allclose(found, edge, rtol=1e-5)
    assert holds(found).all(), "the end that is returned holds"


def test_an_edge_outside_the_bracket_is_not_invented() -> None:
    edge = np.array([1e-9, 1e9])
    low, high = np.full(2, 1e-3), np.full(2, 1e3)
    up = bisect(lambda x: x <= edge, low, high, 8)
    assert np.isnan(up[0]) and np.isposinf(up[1])
    down = bisect(lambda x: x >= edge, high, low, 8)
    assert down[0] == 0.0 and np.isnan(down[1])


@pytest.mark.parametrize(
    ("number", "words"),
    [(99_123.0, "99,000"), (1960.0, "2,000"), (0.0631, "0.063"), (0.0199, "0.020"), (14.2, "14"),
     (9.96, "10"), (np.inf, "inf"), (np.nan, "none")],
)  # fmt: skip
def test_amounts_have_two_digits_and_no_exponent(number: float, words: str) -> None:
    assert amount(number) == words


def test_an_answer_becomes_a_page() -> None:
    rows = table(["dose", "h"], [["4.5 mg", "18"], ["6 mg", "2"]])
    text = paragraphs(["IS IT SO, AND WHY?", "Yes.", "  one: " + "long words " * 12, rows])
    made = page("some_name", text).splitlines()
    assert made[0] == "# Is it so, and why?"
    assert "![Figure: Is it so, and why?](../img/experiment_some_name.png)" in made
    start = made.index("| dose   | h  |")
    assert made[start - 1] == "" and made[start + 1] == "|--------|----|"
    assert sum(line.startswith("- one: ") for line in made) == 1
    assert any(line.startswith("  long words") for line in made), "the item goes on below itself"


def test_a_length_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        arguments("About.", "x", ["--weeks", "0"])
    assert stop.value.code == 2
    assert "at least 1" in capsys.readouterr().err


def test_every_experiment_has_its_page_picture_and_place_in_the_index() -> None:
    index = (DOCS / "experiments.md").read_text(encoding="utf-8")
    for name in run_all.EXPERIMENTS:
        text = (DOCS / "experiments" / f"{name}.md").read_text(encoding="utf-8")
        assert text.startswith("# ") and f"(../img/experiment_{name}.png)" in text
        assert (DOCS / "img" / f"experiment_{name}.png").stat().st_size > 20_000
        assert f"(experiments/{name}.md)" in index


def test_an_unknown_experiment_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_all.main(["dose_windw"])
    assert "dose_windw" in capsys.readouterr().err


def test_results_are_copied_to_the_docs(tmp_path: Path) -> None:
    out, docs = tmp_path / "out", tmp_path / "docs"
    out.mkdir()
    (out / "x.md").write_text("# X", encoding="utf-8")
    (out / "x.png").write_bytes(b"picture")
    run_all.refresh("x", out, docs)
    assert (docs / "experiments" / "x.md").read_text("utf-8") == "# X"
    assert (docs / "img" / "experiment_x.png").read_bytes() == b"picture"
