"""The README and the map of the docs say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ldnsim.edition import shipped
from ldnsim.mechanisms.record import ASSUMED
from ldnsim.model import default_model

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]


def test_the_readme_counts_parameters_and_equations() -> None:
    model = default_model()
    assumed = sum(p.grade == ASSUMED for p in model.parameters.values())
    assert f"{assumed} of {len(model.parameters)} parameters" in README
    text = " ".join(README.split())
    assert f"{len(model.states)} differential equations" in text
    assert f"{len(model.parameters)} parameters" in text


def test_the_readme_lists_every_mechanism() -> None:
    named = [m.name.replace("_", " ") for m in default_model().mechanisms]
    table = README[README.index("| mechanism ") : README.index("## Rival")]
    rows = [row.lower() for row in re.findall(r"^\| ([^|]+?) \|", table, re.M)]
    assert rows == ["mechanism", *named]
    assert len(shipped().adjuncts) == 11
    assert "eleven adjuncts" in table


def test_the_readme_lists_every_hypothesis() -> None:
    assert re.findall(r"^\| `(\w+)` \|", README, re.M) == list(shipped().hypotheses)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    at = ROOT / page
    for link in re.findall(r"\]\(([^)#]+)\)", at.read_text(encoding="utf-8")):
        if not link.startswith(("http", "file:")):
            assert (at.parent / link).exists(), f"{page}: {link}"


def test_the_map_of_the_docs_names_every_page() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in text
