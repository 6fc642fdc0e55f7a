"""Kept kernels: only the user's own and whole files are used, and many may use them at once."""

from __future__ import annotations

import os
import random
import stat
import tempfile
from pathlib import Path

import pytest

from ldnsim.engine.generate import cache
from ldnsim.engine.generate.kernels import kernel_key
from ldnsim.model import default_model
from tests.engine.tiny import damage, folder

__all__ = ["folder"]

KEY, BODY = "0" * 20, bytes(range(256)) * 8
OWNED = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners on this system")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def put(folder: Path) -> Path:
    found = cache.keep(KEY, BODY)
    assert found is not None and found.parent == folder
    return found


def test_what_is_kept_comes_back_from_a_private_folder(folder: Path) -> None:
    assert cache.find(KEY) is None
    path = put(folder)
    assert cache.find(KEY) == BODY
    if hasattr(os, "geteuid"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in folder.iterdir()] == [path.name]


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


def test_what_is_used_outlives_what_was_only_made(folder: Path) -> None:
    """Kernels that every session loads stay, however many variants are compiled beside them."""
    used = put(folder)
    os.utime(used, (1, 1))
    for i in range(2 * cache.KEPT):
        assert cache.find(KEY) == BODY
        cache.keep(f"{i:020d}", BODY)
    assert used.exists()


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

    nothing = f"{folder} (no compiled kernels of this version that can be used)"
    assert _cache(default_model()) == nothing
    path = cache.keep(kernel_key(default_model()), BODY)
    assert path is not None
    assert _cache(default_model()) == f"{folder} (compiled kernels found, checksum right)"
    path.write_bytes(path.read_bytes()[:-1])
    assert "no compiled kernels" in _cache(default_model())
    monkeypatch.setattr(cache, "folders", lambda looking=False: iter(()))
    assert "compiled at every start" in _cache(default_model())
