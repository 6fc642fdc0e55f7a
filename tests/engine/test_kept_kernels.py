"""Kernels that were kept: loaded as they are, or made anew, once, whatever is in the folder."""

from __future__ import annotations

import marshal
import os
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ldnsim.engine.generate import cache, direct
from ldnsim.engine.generate.kernels import kernel_key, load_kernels
from ldnsim.errors import UserError
from ldnsim.model import default_model
from tests.engine.tiny import SOLVE, TINY, damage, folder, python, solved

__all__ = ["folder"]

TWICE = """
import pathlib
from ldnsim.engine.generate import cache
from ldnsim.model import default_model


def load_twice():
    for _ in range(2):  # made anew, and what was made is kept
        kernels._loaded.clear()
        cache._said.clear()
        print(kernels.load_kernels(default_model()).solve_runs(4.0))


"""
"""Loads as a process does that has just begun; saves the start of one for each case."""


def test_a_second_process_compiles_nothing_and_gets_the_same(folder: Path) -> None:
    assert solved(python(TINY + SOLVE, folder)) == 1
    assert solved(python(TINY + SOLVE, folder)) == 0


def test_damaged_kernels_are_made_anew(folder: Path, tmp_path: Path) -> None:
    assert solved(python(TINY + SOLVE, folder)) == 1
    (path,) = folder.glob(f"*{cache.SUFFIX}")
    hurt = [tmp_path / f"hurt{seed}" for seed in range(3)]
    for seed, file in enumerate(hurt):
        file.write_bytes(damage(path.read_bytes(), random.Random(seed)))
    put = f"""
for hurt in {[str(file) for file in hurt]}:
    pathlib.Path({str(path)!r}).write_bytes(pathlib.Path(hurt).read_bytes())
    load_twice()
"""
    done = python(TINY + TWICE + put, folder)
    assert solved(done) == done.stderr.count("is damaged") == 3


BODIES = [
    b"", b"not a pickle", pickle.dumps(None), pickle.dumps((1, 2)),
    pickle.dumps(("a", b"", {})), pickle.dumps((None, "a", b"", {})),
    pickle.dumps((None, "", marshal.dumps(compile("1 / 0", "x", "exec")), {})),
    pickle.dumps((None, "", marshal.dumps(compile("x = 1", "x", "exec")), {})),
    pickle.dumps((({}, direct.Linked(b"no object", "f", (), ())), "a", b"", {})),
]  # fmt: skip


def test_whole_files_that_are_no_kernels_are_made_anew(folder: Path) -> None:
    put = f"""
for body in {BODIES!r}:
    assert cache.keep(kernels.kernel_key(default_model()), body) is not None
    load_twice()
"""
    done = python(TINY + TWICE + put, folder)
    assert solved(done) == done.stderr.count("cannot be loaded") == len(BODIES)


def test_machine_code_that_cannot_be_loaded_is_made_anew(folder: Path) -> None:
    assert solved(python(TINY + SOLVE, folder)) == 1
    key = kernel_key(default_model())
    body = cache.find(key)
    assert body is not None
    ready, text, code, machine = pickle.loads(body)
    assert machine and ready is None  # a function with a result is called by numba only
    cut = {k: v[:-9] for k, v in machine.items()}
    cache.keep(key, pickle.dumps((ready, text, code, cut)))
    done = python(TINY + SOLVE, folder)
    assert done.returncode == 0 and done.stdout.split() == ["5.0"], done.stderr
    assert "cannot be loaded" in done.stderr and "Traceback" not in done.stderr
    assert solved(python(TINY + SOLVE, folder)) == 1  # and kept


def test_processes_that_start_together_compile_once(folder: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: python(TINY + SOLVE, folder), range(3)))
    assert sum(map(solved, done)) == 1


def test_threads_that_start_together_compile_once(folder: Path) -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
from ldnsim.model import default_model
with ThreadPoolExecutor(8) as pool:
    for module in pool.map(lambda _: kernels.load_kernels(default_model()), range(8)):
        print(module.solve_runs(4.0))
"""
    assert solved(python(TINY + code, folder)) == 1


@pytest.mark.parametrize(
    "more", [{"NUMBA_CACHE_DIR": "planted"}, {"HOME": "/nonexistent/home"}, {"HOME": ""}]
)
def test_numba_keeps_nothing_of_its_own(more: dict[str, str], folder: Path, tmp_path: Path) -> None:
    given = {k: str(tmp_path / v) if v == "planted" else v for k, v in more.items()}
    assert solved(python(TINY + SOLVE, folder, **given)) == 1
    assert not (tmp_path / "planted").exists()


def test_no_folder_at_all_still_works(folder: Path) -> None:
    nowhere = "from ldnsim.engine.generate import cache\ncache.folders = lambda looking=False: []\n"
    done = python(TINY + nowhere + SOLVE, folder)
    assert solved(done) == 1
    assert "compiled again at the next start" in done.stderr


def test_numba_told_not_to_compile_is_a_message() -> None:
    code = "from ldnsim.cli import main\nimport sys\n"
    code += "sys.argv = ['ldnsim', 'simulate', '4.5 mg nightly for 2 d']\nmain()\n"
    done = python(code, os.environ.get(cache.VARIABLE, ""), NUMBA_DISABLE_JIT="1")
    assert done.returncode == 2
    assert "NUMBA_DISABLE_JIT" in done.stderr and "Traceback" not in done.stderr


def test_numba_told_not_to_compile_is_a_user_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core import config

    from ldnsim.engine.generate import kernels

    monkeypatch.setattr(config, "DISABLE_JIT", 1, raising=False)
    monkeypatch.setattr(kernels, "_loaded", {})
    with pytest.raises(UserError, match="NUMBA_DISABLE_JIT"):
        load_kernels(default_model())
