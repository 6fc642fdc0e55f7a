"""Keep the numbers of today as the new references, and say what moved by how much.

    python -m tests.references.write [STUDY ...]

A study whose numbers are within the tolerance keeps its file.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.references.cases import STUDIES, load, run, save
from tests.references.compare import report, strayed


def write(name: str) -> str:
    """Write the reference of one study if it moved; return what happened, in lines."""
    now = run(name)
    found = strayed(load(name), now)
    if not found:
        return f"{name}: unchanged"
    new = [one.name for one in found if one.words.endswith("has no reference yet")]
    moved = [one for one in found if one.name not in new]
    save(name, now)
    told = [f"{name}: written anew; {len(moved)} variables moved or gone, {len(new)} new"]
    told += [report(moved)] if moved else []
    told += [f"new: {', '.join(new)}"] if new and len(new) < len(now) else []
    return "\n".join(told)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the studies named, or all."""
    names = list(sys.argv[1:] if argv is None else argv) or STUDIES
    if strange := [name for name in names if name not in STUDIES]:
        print(f"no study {strange[0]!r}; there are {', '.join(STUDIES)}")
        return 2
    for name in names:
        print(write(name), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
