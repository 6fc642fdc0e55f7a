"""A stand-in for the real kernels, kept and loaded by the same ways, in processes of their own."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ldnsim.engine.generate import cache

TINY = '''
import sys
import time

from ldnsim.engine.generate import kernels

TEXT = """
import math
{jit}

@jit
def solve_runs(x):
    return math.sqrt(x) + 3.0
"""


def generate(model, *_):
    print("MADE", file=sys.stderr)
    time.sleep(0.5)
    return TEXT


kernels.generate = generate
kernels.warm_up = lambda module: module.solve_runs(4.0)
'''
"""In place of the real kernels, which take 25 s to compile: a function, by the same ways."""
SOLVE = """
from ldnsim.model import default_model
print(kernels.load_kernels(default_model()).solve_runs(4.0))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the cache, and another for temporary files."""
    spare = tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    monkeypatch.setattr(cache, "_said", set())
    return tmp_path / "cache"


def python(code: str, folder: Path | str, **more: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, cache.VARIABLE: str(folder), "TMPDIR": tempfile.gettempdir(), **more}
    environment = {k: v for k, v in given.items() if v}
    line = [sys.executable, "-c", code]
    return subprocess.run(line, capture_output=True, text=True, timeout=300, env=environment)


def solved(done: subprocess.CompletedProcess[str]) -> int:
    """How often a process that ran the tiny kernels made them; its result must be right."""
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.split() and set(done.stdout.split()) == {"5.0"}
    return done.stderr.count("MADE")


def damage(data: bytes, rng: random.Random) -> bytes:
    """Cut, empty, flip, overwrite or lengthen a file at a random place."""
    at = rng.randrange(len(data))
    how = rng.choice(("cut", "flip", "zeros", "longer", "empty", "swap"))
    if how == "flip":
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
    if how == "zeros":
        return data[:at] + b"\0" * min(512, len(data) - at) + data[at + 512 :]
    if how == "swap":
        return data[at:] + data[:at]
    return {"cut": data[:at], "empty": b"", "longer": data + b"\0"}[how]
