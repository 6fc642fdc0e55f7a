"""The file of the real kernels: damaged, and used by threads of several processes at once."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ldnsim.engine.generate import cache
from ldnsim.engine.generate.kernels import kernel_key, load_kernels
from ldnsim.model import default_model
from tests.engine.tiny import damage, folder, python, solved

REAL = """
from ldnsim.engine.generate import kernels
def generate(model, *_):
    raise SystemExit(77)
kernels.generate = generate
from ldnsim.model import default_model
from ldnsim.engine.generate.kernels import load_kernels, warm_up
warm_up(load_kernels(default_model()))
print("5.0")
"""


def real(folder: Path) -> Path:
    """The real kernels' file, copied to a folder."""
    load_kernels(default_model())
    body = cache.find(kernel_key(default_model()))
    assert body is not None
    folder.mkdir(0o700)
    return cache._write(folder, f"k{kernel_key(default_model())}{cache.SUFFIX}", body)


def crash_test(first: int, last: int, tmp_path: Path) -> None:
    """No damage ends a process, and none is loaded: it would be compiled anew."""
    path = real(tmp_path / "real")
    whole = path.read_bytes()
    assert solved(python(REAL, path.parent)) == 0
    for seed in range(first, last):
        hurt = damage(whole, random.Random(seed))
        path.write_bytes(hurt)
        done = python(REAL, path.parent)
        assert done.returncode == (0 if hurt == whole else 77), (seed, done.stderr)
        assert "Traceback" not in done.stderr


def test_damage_to_the_real_kernels_ends_no_process(tmp_path: Path) -> None:
    crash_test(0, 4, tmp_path)


@pytest.mark.soak  # two compilations; by default a stand-in does the same: test_kept_kernels.py
@pytest.mark.long
def test_threads_of_two_processes_on_an_empty_cache(folder: Path) -> None:
    """As users do it: simulate in a pool of threads, in two processes, nothing compiled yet."""
    code = """
from concurrent.futures import ThreadPoolExecutor
import ldnsim
def run(_):
    return ldnsim.simulate("4.5 mg nightly at 22:00, for 2 d")["pain"].values.tobytes()
with ThreadPoolExecutor(4) as pool:
    print(len(set(pool.map(run, range(4)))), hash(run(0)))
"""
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: python(code, folder, PYTHONHASHSEED="0"), range(2)))
    assert [d.returncode for d in done] == [0, 0], done[0].stderr + done[1].stderr
    assert len({d.stdout for d in done}) == 1
    assert done[0].stdout.split()[0] == "1"
    assert sum(d.stderr.count("kernels compiled") for d in done) == 1
    assert "Traceback" not in done[0].stderr + done[1].stderr


__all__ = ["folder"]
