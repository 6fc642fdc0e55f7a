"""Write the hashes of what is shipped into ``ldnsim/data/versions.toml``.

    python -m tests.edition.write_versions raise "new in the model" ["new in the hypotheses"]
    python -m tests.edition.write_versions amend
    python -m tests.edition.write_versions add

``raise`` opens a new version of what has changed; ``amend`` gives the newest, which nobody has had
yet, the hashes of today in place of its own; ``add`` keeps both, for a change that moves no result.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ldnsim.edition import shipped
from ldnsim.edition.versions import KINDS, content_of, table

FILE = Path(__file__).parents[2] / "ldnsim" / "data" / "versions.toml"
Rows = dict[str, list[dict[str, Any]]]


def hashes() -> dict[str, tuple[str, ...]]:
    """Return the hashes of what is shipped, by what they are of."""
    edition = shipped()
    model = (edition.model.fingerprint, edition.model.numbers)
    return {"model": model, "hypotheses": (content_of(edition.hypotheses),)}


def renewed(rows: Rows, now: dict[str, tuple[str, ...]], way: str, meanings: Sequence[str]) -> Rows:
    """Return the versions with the hashes of today.

    Args:
        rows: the versions there have been.
        now: hashes of today, by what they are of.
        way: ``raise``, ``amend`` or ``add``.
        meanings: of new versions, the model's and the hypotheses'; one stands for both.

    Raises:
        ValueError: the way is none of these, or a new version has no meaning.
    """
    if way not in ("raise", "amend", "add") or (way == "raise") != (len(meanings) in (1, 2)):
        raise ValueError("raise MEANING [MEANING], amend or add?")
    found: Rows = {}
    for kind, meaning in zip(KINDS, (*meanings[:1], *meanings[-1:]) or ("", ""), strict=True):
        *before, last = rows[kind]
        today = dict(zip(KINDS[kind], now[kind], strict=True))
        found[kind] = [*before, *_newest(last, today, way, meaning)]
    return found


def _newest(
    last: dict[str, Any], now: dict[str, str], way: str, meaning: str
) -> list[dict[str, Any]]:
    if all(now[key] in last[key] for key in now):
        return [last]
    if way == "raise":
        new = {"version": str(int(last["version"]) + 1), **{key: [h] for key, h in now.items()}}
        return [last, {**new, "meaning": meaning}]
    kept = {key: last[key] if way == "add" else [] for key in now}
    return [{**last, **{key: list(dict.fromkeys([*kept[key], now[key]])) for key in now}}]


def text_of(rows: Rows, head: str) -> str:
    """Return the file: its head, then every version."""
    blocks = [head.rstrip()]
    for kind, of_kind in rows.items():
        for row in of_kind:
            lines = [f"{key} = {_toml(value)}" for key, value in row.items()]
            blocks.append("\n".join([f"[[{kind}]]", *lines]))
    return "\n\n".join(blocks) + "\n"


def _toml(value: str | list[str]) -> str:
    plain = value if isinstance(value, str) else None
    return f'"{plain}"' if plain is not None else str(value).replace("'", '"')


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file and say which versions there are now."""
    way, *meanings = sys.argv[1:] if argv is None else argv
    rows = renewed(table(), hashes(), way, meanings)
    head = FILE.read_text("utf-8").partition("[[")[0]
    FILE.write_text(text_of(rows, head), "utf-8")
    print(", ".join(f"{kind} {of_kind[-1]['version']}" for kind, of_kind in rows.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
