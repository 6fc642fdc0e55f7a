"""Kept kernels: only the user's own and whole files are used, and many may use them at once."""

from __future__ import annotations

import marshal
import os
import pickle
import random
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ldnsim.engine.generate import cache
from ldnsim.engine.generate.kernels import kernel_key, load_kernels
from ldnsim.errors import UserError
from ldnsim.model import default_model

KEY, BODY = "0" * 20, bytes(range(256)) * 8
OWNED = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners on this system")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
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


def put(folder: Path) -> Path:
    found = cache.keep(KEY, BODY)
    assert found is not None and found.parent == folder
    return found


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


# ---- files ------------------------------------------------------------------------------------


def test_what_is_kept_comes_back_from_a_private_folder(folder: Path) -> None:
    assert cache.find(KEY) is None
    path = put(folder)
    assert cache.find(KEY) == BODY
    if hasattr(os, "geteuid"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in folder.iterdir()] == [path.name]


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


def test_any_damage_is_as_good_as_no_file(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(folder)
    whole = path.read_bytes()
    for seed in range(1000):
        hurt = damage(whole, random.Random(seed))
        path.write_bytes(hurt)
        caplog.clear()
        monkeypatch.setattr(cache, "_said", set())
        assert cache.find(KEY) == (BODY if hurt == whole else None), seed
        assert ("is damaged" in caplog.text) == (hurt != whole), seed


def test_a_folder_in_the_place_of_the_file_is_passed_over(folder: Path) -> None:
    folder.mkdir(0o700)
    (folder / f"k{KEY}{cache.SUFFIX}").mkdir()
    assert cache.find(KEY) is None
    found = cache.keep(KEY, BODY)
    assert found is not None and found.parent != folder
    assert cache.find(KEY) == BODY


def test_old_files_and_drafts_go_and_foreign_files_stay(folder: Path) -> None:
    put(folder)
    for i in range(12):
        (folder / f"k{i:020d}{cache.SUFFIX}").write_bytes(b"")
        os.utime(folder / f"k{i:020d}{cache.SUFFIX}", (i, i))
    gone = {f"{cache._DRAFT}abc.draft", f"k{'f' * 20}.lock"}
    own = {"notes.txt", "kilo.kernels", "k.lock"}
    for name in (*own, *gone):
        (folder / name).write_text("")
        os.utime(folder / name, (1, 1))
    path = put(folder)
    left = {p.name for p in folder.iterdir()}
    assert own | {path.name} <= left
    assert sum(name.endswith(cache.SUFFIX) for name in left - own) == cache.KEPT
    assert not gone & left


# ---- whose ------------------------------------------------------------------------------------


@OWNED
@pytest.mark.parametrize("mode", [0o770, 0o757, 0o777, 0o720, 0o1777])
def test_a_folder_that_others_can_write_is_not_used(
    mode: int, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(folder)
    folder.chmod(mode)
    assert cache.find(KEY) is None
    assert all(w in caplog.text for w in (str(folder), f"mode {mode:04o}", "chmod go-w"))
    found = cache.keep(KEY, BODY)
    assert found is not None and found.parent != folder
    assert cache.find(KEY) == BODY  # from the private temporary folder


@OWNED
@pytest.mark.parametrize("mode", [0o660, 0o602])
def test_a_file_that_others_can_write_is_not_used(mode: int, folder: Path) -> None:
    put(folder).chmod(mode)
    assert cache.find(KEY) is None


@OWNED
def test_nothing_of_another_user_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folder, file and the temporary folder: all of them belong to somebody else."""
    path = put(folder)
    monkeypatch.setattr(cache.os, "geteuid", lambda: path.stat().st_uid + 1)
    assert cache.foreign(path.stat(), path)
    assert list(cache.folders()) == []
    assert cache.find(KEY) is None
    assert cache.read(path) is None
    assert cache.keep(KEY, BODY) is None


@pytest.mark.skipif(not ROOT, reason="only root can give files away")
def test_what_another_user_left_in_the_temporary_folder_is_not_used(folder: Path) -> None:
    put(folder)
    spare = Path(tempfile.gettempdir()) / f"ldnsim-{os.geteuid()}"
    folder.rename(spare)
    folder.write_text("in the way")
    assert cache.find(KEY) == BODY
    os.chown(spare, 12345, 12345)
    assert cache.find(KEY) is None
    os.chown(spare, 0, 0)
    os.chown(spare / f"k{KEY}{cache.SUFFIX}", 12345, 12345)
    assert cache.find(KEY) is None


@OWNED
@pytest.mark.parametrize("what", ["folder", "file"])
def test_links_are_not_followed(what: str, folder: Path) -> None:
    path = put(folder)
    linked = folder if what == "folder" else path
    linked.rename(linked.with_name("elsewhere"))
    linked.symlink_to(linked.with_name("elsewhere"))
    assert cache.find(KEY) is None


def spare() -> Path:
    return next(reversed(list(cache._candidates())))


def test_the_temporary_folder_is_left_alone_while_the_first_will_do(folder: Path) -> None:
    assert cache.find(KEY) is None
    with cache.alone(KEY):
        put(folder)
    assert cache.find("1" * 20) is None
    assert list(cache.folders(looking=True)) == [folder]
    assert spare() != folder and not spare().exists()


@OWNED
def test_a_temporary_folder_of_others_is_not_spoken_of_while_the_first_will_do(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spare().mkdir(mode=0o700)
    spare().chmod(0o777)
    assert cache.find(KEY) is None
    put(folder)
    assert caplog.text == ""
    folder.chmod(0o777)  # now both are refused, and said to be
    assert cache.find(KEY) is None
    assert str(folder) in caplog.text and str(spare()) in caplog.text


# ---- folders that cannot be had ---------------------------------------------------------------


@pytest.mark.parametrize("where", ["file/below", "file", "\0", "x" * 300])
def test_a_folder_that_cannot_be_made_is_replaced_by_a_temporary_one(
    where: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(cache, "wanted_folder", lambda: tmp_path / where)
    found = cache.keep(KEY, BODY)
    assert found is not None and found.parent.parent == tmp_path / "spare"
    assert cache.find(KEY) == BODY


def test_without_a_home_nothing_is_made_in_the_current_folder(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setattr(cache, "wanted_folder", lambda: Path("~/.cache/ldnsim"))
    assert cache.keep(KEY, BODY) is not None
    assert not (tmp_path / "~").exists()


def test_a_full_disk_is_a_remark_and_leaves_no_draft(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert cache.keep(KEY, BODY) is None
    assert "No space left on device" in caplog.text and "compiled again" in caplog.text
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_only_read_serves_what_it_has(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(folder)

    def refused(where: Path, name: str, body: bytes) -> Path:
        if where == folder:
            raise PermissionError(13, "Permission denied")
        return write(where, name, body)

    write = cache._write
    monkeypatch.setattr(cache, "_write", refused)
    assert cache.find(KEY) == BODY
    found = cache.keep("1" * 20, BODY)
    assert found is not None and found.parent != path.parent
    assert cache.find("1" * 20) == BODY


def test_doctor_says_where_kernels_are_and_whether_they_are_sound(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ldnsim.cli.doctor import _cache

    assert _cache() == f"{folder} (no compiled kernels of this version that can be used)"
    path = cache.keep(kernel_key(default_model()), BODY)
    assert path is not None
    assert _cache() == f"{folder} (compiled kernels found, checksum right)"
    path.write_bytes(path.read_bytes()[:-1])
    assert "no compiled kernels" in _cache()
    monkeypatch.setattr(cache, "folders", lambda looking=False: iter(()))
    assert "compiled at every start" in _cache()


# ---- kernels ----------------------------------------------------------------------------------


def test_a_second_process_compiles_nothing_and_gets_the_same(folder: Path) -> None:
    assert solved(python(TINY + SOLVE, folder)) == 1
    assert solved(python(TINY + SOLVE, folder)) == 0


def test_damaged_kernels_are_made_anew(folder: Path) -> None:
    assert solved(python(TINY + SOLVE, folder)) == 1
    (path,) = folder.glob(f"*{cache.SUFFIX}")
    for seed in range(3):
        path.write_bytes(damage(path.read_bytes(), random.Random(seed)))
        done = python(TINY + SOLVE, folder)
        assert solved(done) == 1
        assert "is damaged" in done.stderr
    assert solved(python(TINY + SOLVE, folder)) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"", b"not a pickle", pickle.dumps(None), pickle.dumps((1, 2)),
        pickle.dumps(("a", b"", {})),
        pickle.dumps(("", marshal.dumps(compile("1 / 0", "x", "exec")), {})),
        pickle.dumps(("", marshal.dumps(compile("x = 1", "x", "exec")), {})),
    ],
)  # fmt: skip
def test_whole_files_that_are_no_kernels_are_made_anew(body: bytes, folder: Path) -> None:
    key = kernel_key(default_model())
    assert cache.keep(key, body) is not None
    done = python(TINY + SOLVE, folder)
    assert solved(done) == 1
    assert done.stderr.count("cannot be loaded") == 1
    assert solved(python(TINY + SOLVE, folder)) == 0


def test_machine_code_that_cannot_be_loaded_is_made_anew(folder: Path) -> None:
    assert solved(python(TINY + SOLVE, folder)) == 1
    key = kernel_key(default_model())
    body = cache.find(key)
    assert body is not None
    text, code, machine = pickle.loads(body)
    assert machine
    cache.keep(key, pickle.dumps((text, code, {k: v[:-9] for k, v in machine.items()})))
    done = python(TINY + SOLVE, folder)
    assert done.returncode == 0 and done.stdout.split() == ["5.0"], done.stderr
    assert "cannot be loaded" in done.stderr and "Traceback" not in done.stderr
    assert solved(python(TINY + SOLVE, folder)) == 1  # and kept
    assert solved(python(TINY + SOLVE, folder)) == 0


def test_processes_that_start_together_compile_once(folder: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: python(TINY + SOLVE, folder), range(4)))
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
    assert solved(python(TINY + code, folder)) == 0


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
