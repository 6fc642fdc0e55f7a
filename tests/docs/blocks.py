"""The code of the pages: fenced and indented blocks, each with its language and its place."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")))
_WORDS = ("ldnsim", "python", "python3", "pip", "source", "set", ".ci/run", ".venv/bin/pip")


@dataclass(frozen=True)
class Block:
    """A piece of code on a page.

    Attributes:
        page: such as ``docs/states.md``.
        line: its first line, counted from 1.
        language: ``sh``, ``python``, ``toml``, another language that the page names, or ``""``.
        text: without indentation.
    """

    page: str
    line: int
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Return the command lines, without remarks."""
        lines = re.sub(r"\\\n", " ", self.text).splitlines()
        bare = (re.sub(r"(^|\s)# .*", "", line).strip() for line in lines)
        return [line for line in bare if line]


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page in order; an indented one is parted at empty lines."""
    found, lines = [], (ROOT / page).read_text(encoding="utf-8").splitlines()
    i = 0
    while i < len(lines):
        fence = re.match(r"```(\w*)\s*$", lines[i])
        if fence:
            end = next(k for k in range(i + 1, len(lines)) if lines[k].startswith("```"))
            text = "\n".join(lines[i + 1 : end])
            found.append(Block(page, i + 2, fence[1] or language(text), text))
            i = end + 1
        elif lines[i].startswith("    ") and (i == 0 or not lines[i - 1].strip()):
            end = i
            while end < len(lines) and lines[end].startswith("    "):
                end += 1
            text = "\n".join(line[4:] for line in lines[i:end])
            found.append(Block(page, i + 1, language(text), text))
            i = end
        else:
            i += 1
    return found


def language(text: str) -> str:
    """Tell what a block is that does not say it; empty for what is no code."""
    first = text.split(None, 1)[0] if text.strip() else ""
    if first in _WORDS:
        return "sh"
    try:
        tomllib.loads(text)
        return "toml"
    except tomllib.TOMLDecodeError:
        pass
    try:
        ast.parse(text)
        return "python"
    except SyntaxError:
        return ""
