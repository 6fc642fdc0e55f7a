"""Carries out the worked examples of CONTRIBUTING.md on a copy of the package.

A section ``## Add ... (N files)`` is an example. Its blocks say what to do by their first line:

* ``python file=ldnsim/x.py`` (or ``toml``, ``csv``): the whole of a new file;
* ``python append=ldnsim/x.py``: lines for the end of a file that is there;
* ``diff file=ldnsim/x.py``: a change; lines that begin with a space or ``-`` are looked for and must
  be there once, those with ``+`` are put in; ``@@`` parts one place from the next;
* ``sh``: commands, run in the order of the page, with ``ldnsim`` and ``python`` of the copy.

Paths that begin with ``ldnsim/`` are in the package; others beside it, as a user's own files are.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "CONTRIBUTING.md"
_SECTION = re.compile(r"^## (Add [^\n(]*?) \((\d+) files?[^)\n]*\)\n(.*?)(?=^## |\Z)", re.M | re.S)
_BLOCK = re.compile(r"^```(\w+)(?: (file|append)=(\S+))?\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A block of an example: what it is, where it goes, and its text."""

    language: str
    way: str
    path: str
    text: str


@dataclass(frozen=True)
class Example:
    """A worked example: its title, how many files it says it touches, and its blocks."""

    title: str
    files: int
    blocks: tuple[Block, ...]

    @property
    def touched(self) -> set[str]:
        """Files that its blocks make or change, beside those only used to try it."""
        return {b.path for b in self.blocks if b.path}


def examples() -> list[Example]:
    """Read the examples of the page."""
    found = []
    for title, files, body in _SECTION.findall(PAGE.read_text("utf-8")):
        blocks = tuple(Block(*b) for b in _BLOCK.findall(body))
        found.append(Example(title, int(files), blocks))
    return found


def copy_of_package(folder: Path) -> None:
    """Put a copy of the package into a folder, without what Python compiled."""
    shutil.copytree(
        ROOT / "ldnsim", folder / "ldnsim", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "configs", folder / "ldnsim" / "data" / "studies", dirs_exist_ok=True)


def carry_out(example: Example, folder: Path) -> str:
    """Do what an example says in a folder that holds a copy; return what its commands printed."""
    printed = []
    for block in example.blocks:
        if block.language == "sh":
            lines = block.text.replace("\\\n", " ").splitlines()
            printed += [_run(line, folder) for line in lines if line.strip()]
        elif block.path:
            _write(block, folder / block.path)
    return "\n".join(printed)


def _write(block: Block, path: Path) -> None:
    if block.language == "diff":
        path.write_text(changed(path.read_text("utf-8"), block.text, block.path), "utf-8")
    elif block.way == "append":
        path.write_text(path.read_text("utf-8") + block.text, "utf-8")
    else:
        assert not path.exists(), f"{block.path} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")


def changed(text: str, diff: str, path: str) -> str:
    """Apply the places of a diff to a text, each of which must be found once."""
    for place in re.split(r"^@@.*\n", diff, flags=re.M):
        lines = place.splitlines()
        old = "\n".join(line[1:] for line in lines if line[:1] in (" ", "-", ""))
        new = "\n".join(line[1:] for line in lines if line[:1] in (" ", "+", ""))
        assert text.count(old) == 1, f"{path}: {text.count(old)} places for\n{old}"
        text = text.replace(old, new)
    return text


def _run(line: str, folder: Path) -> str:
    words = shlex.split(line, comments=True)
    command = {"ldnsim": [sys.executable, "-m", "ldnsim"], "python": [sys.executable]}[words[0]]
    done = subprocess.run(
        [*command, *words[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
    return done.stdout
