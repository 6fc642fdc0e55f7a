"""Carries out the worked examples of CONTRIBUTING.md on a copy of the package.

The page says at "How the examples are written" what its blocks mean; this reads them to the letter.
Files of the package are counted by what differs afterwards, whether a block or a command wrote it.
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
HEADING = re.compile(
    r"^## (?P<title>Add [^\n(]*?)"
    r" \((?P<package>\d+) files? of the package(?:, (?P<own>\d+) of your own)?\)$"
)
_BLOCK = re.compile(
    r"(?:^(?P<way>New file|In|At the end of|With the model compiled)"
    r"(?: `(?P<path>[^`\n]+)`)?:\n\n)?"
    r"^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.M | re.S,
)
COMPILED = "With the model compiled"
_UNCOUNTED = ("tests", "docs", "try")
"""Folders of files beside those counted: what goes with an addition, what only shows it."""
_COMMANDS = {
    "ldnsim": [sys.executable, "-m", "ldnsim"],
    "python": [sys.executable, "-B"],
    "cp": ["cp"],
}


@dataclass(frozen=True)
class Block:
    """A block of an example: the line above it, where it goes, what it is, and its text."""

    way: str
    path: str
    language: str
    text: str


@dataclass(frozen=True)
class Example:
    """A worked example: its title, the files it says it takes, and its blocks."""

    title: str
    package: int
    own: int
    blocks: tuple[Block, ...]


def examples(page: str) -> list[Example]:
    """Read the examples of a page.

    Raises:
        AssertionError: a heading that does not say how many files it takes, or a block of which
            nothing would be done.
    """
    found = []
    for section in re.split(r"^(?=## )", page, flags=re.M):
        heading, _, body = section.partition("\n")
        if not heading.startswith("## Add "):
            continue
        says = HEADING.match(heading)
        assert says, f"{heading}: how many files?"
        blocks = tuple(Block(*found) for found in _BLOCK.findall(body))
        assert 2 * len(blocks) == body.count("```"), f"{heading}: a block that cannot be read"
        for block in blocks:
            goes = block.language in ("sh", "text") or block.path
            assert goes and (block.language == "diff") == (block.way == "In"), (
                f"{heading}: where does this go?\n{block.text}"
            )
        found.append(Example(says["title"], int(says["package"]), int(says["own"] or 0), blocks))
    return found


def copy_of_package(folder: Path) -> None:
    """Put a copy of the package into a folder, with what tests of its rooms stand on."""
    shutil.copytree(ROOT / "ldnsim", folder / "ldnsim")
    shutil.copytree(ROOT / "configs", folder / "ldnsim/data/studies", dirs_exist_ok=True)
    shutil.copytree(ROOT / "tests/engine/heun", folder / "tests/engine/heun")
    (folder / "tests/plots").mkdir()
    shutil.copy2(ROOT / "tests/plots/conftest.py", folder / "tests/plots")
    (folder / "docs").mkdir()


def carry_out(example: Example, folder: Path, compiles: bool = False) -> None:
    """Do what an example says in a folder that holds a copy, and hold it to what it says.

    Args:
        example: what to do.
        folder: holds a copy of the package.
        compiles: whether the commands are run, too, for which kernels are compiled.

    Raises:
        AssertionError: a place that is not there, a command that fails, output that is not as
            stated, or another number of files.
    """
    before, printed = _package(folder), ""
    for block in example.blocks:
        if block.language == "sh":
            if block.way != COMPILED or compiles:
                lines = block.text.replace("\\\n", " ").splitlines()
                printed = "".join(_run(line, folder) for line in lines)
        elif block.language == "text":
            _check_printed(block.text, printed)
        else:
            _write(block, folder / block.path)
    after = _package(folder)
    changed = sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
    own = {b.path for b in example.blocks if b.path}
    own = {p for p in own if p.split("/")[0] not in ("ldnsim", *_UNCOUNTED)}
    assert len(changed) == example.package, f"files of the package: {changed}"
    assert len(own) == example.own, f"files of one's own: {sorted(own)}"


def _package(folder: Path) -> dict[str, bytes]:
    files = (folder / "ldnsim").rglob("*")
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in files
        if p.is_file() and p.parent.name != "__pycache__"
    }


def _check_printed(expected: str, printed: str) -> None:
    there = [" ".join(line.split()) for line in printed.splitlines()]
    for line in expected.splitlines():
        assert " ".join(line.split()) in there, f"not printed: {line}\nbut\n{printed}"


def _write(block: Block, path: Path) -> None:
    if block.language == "diff":
        path.write_text(changed(path.read_text("utf-8"), block.text, block.path), "utf-8")
    elif block.way == "At the end of":
        path.write_text(path.read_text("utf-8") + "\n" + block.text, "utf-8")
    else:
        assert not path.exists(), f"{block.path} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")


def changed(text: str, diff: str, path: str) -> str:
    """Apply the places of a diff to a text.

    Args:
        text: of the file.
        diff: places parted by lines that begin with ``@@``.
        path: of the file, for errors.

    Raises:
        AssertionError: a place that the file does not have, or has more than once.
    """
    for place in re.split(r"^@@.*\n", diff, flags=re.M):
        lines = place.splitlines(keepends=True)
        old = "".join(line[1:] or "\n" for line in lines if line[:1] in " -\n")
        new = "".join(line[1:] or "\n" for line in lines if line[:1] in " +\n")
        count = len(re.findall("^" + re.escape(old), text, re.M))
        assert old and count == 1, f"{path}: {count} places for\n{old}"
        at = ("\n" + text).index("\n" + old)
        text = text[:at] + new + text[at + len(old) :]
    return text


def _run(line: str, folder: Path) -> str:
    """Run one command with the copy; return what it printed, or write that to its file."""
    words, to = shlex.split(line, comments=True), ""
    if not words:
        return ""
    if ">" in words:
        words, to = words[:-2], words[-1]
    quick = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    done = subprocess.run(
        [*_COMMANDS[words[0]], *words[1:]],
        cwd=folder,
        env={**os.environ, **quick, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
    if to:
        (folder / to).write_text(done.stdout, "utf-8")
    return done.stdout
