"""Search for numbers with which claims hold that no hypothesis reproduces.

``python docs/searches.py [C12 ...]`` writes ``ldnsim/data/searches.toml`` anew. With names of
claims only those are searched for, and the others stay as they are; a claim that a hypothesis
reproduces loses its table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from ldnsim.analysis.claims import Search, judge
from ldnsim.catalog.searches import Searched
from ldnsim.edition import shipped

FILE = Path(__file__).parents[1] / "ldnsim" / "data" / "searches.toml"


def table(name: str, found: Searched) -> str:
    """Return a search as a table of TOML; moves to three digits, which a nearest set stands."""
    lines = [f"[{name}]"]
    for key, value in asdict(found).items():
        if isinstance(value, Mapping):
            inner = ", ".join(f"{k} = {v:.3g}" for k, v in value.items())
            lines.append(f"{key} = {{ {inner} }}")
        elif isinstance(value, float):
            lines.append(f"{key} = {value:.4g}")
        elif value is not None:
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines)


def main(names: Sequence[str]) -> None:
    """Search, and write what was found; all claims when none is named."""
    home = shipped()
    kept = dict(home.searches)
    for name in names or home.claims:
        (judged,) = judge([name], shake=False, search=Search())
        kept.pop(name, None)
        if judged.searched is not None:
            kept[name] = judged.searched
            print(f"{name}: {judged.searched}")
    head = [line for line in FILE.read_text("utf-8").splitlines() if line.startswith("#")]
    tables = [table(name, kept[name]) for name in home.claims if name in kept]
    FILE.write_text("\n\n".join(["\n".join(head), *tables]) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
