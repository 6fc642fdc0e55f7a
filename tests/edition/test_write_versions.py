"""The file of versions written by command: what is raised, amended, added, and read back."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ldnsim.edition.versions import KINDS, table
from tests.edition import write_versions
from tests.edition.write_versions import FILE, Rows, hashes, main, renewed, text_of

OTHER = {"model": ("e1", "n1"), "hypotheses": ("c1",)}


def last(rows: Rows, kind: str) -> dict[str, Any]:
    return rows[kind][-1]


def test_the_file_is_what_would_be_written() -> None:
    text = FILE.read_text("utf-8")
    assert text_of(table(), text.partition("[[")[0]) == text
    assert tomllib.loads(text_of(table(), "# head")) == table()


def test_what_is_known_is_left_as_it_is() -> None:
    for words in (["raise", "again"], ["add"], ["amend"]):
        same = {kind: tuple(table()[kind][-1][key][0] for key in KINDS[kind]) for kind in KINDS}
        assert renewed(table(), same, words[0], words[1:]) == table()


def test_a_new_version_follows_the_last_and_only_of_what_changed() -> None:
    known = tuple(table()["hypotheses"][-1]["content"])[:1]
    rows = renewed(table(), {**OTHER, "hypotheses": known}, "raise", ["other release"])
    assert rows["hypotheses"] == table()["hypotheses"]
    assert rows["model"][:-1] == table()["model"]
    assert last(rows, "model") == {
        "version": str(len(table()["model"]) + 1), "equations": ["e1"], "numbers": ["n1"],
        "meaning": "other release",
    }  # fmt: skip
    both = renewed(table(), OTHER, "raise", ["of the model", "of the ideas"])
    assert last(both, "hypotheses")["meaning"] == "of the ideas"
    assert last(both, "model")["meaning"] == "of the model"


def test_amended_hashes_replace_and_added_ones_join() -> None:
    before = last(table(), "model")
    amended, added = (last(renewed(table(), OTHER, way, []), "model") for way in ("amend", "add"))
    assert amended == {**before, "equations": ["e1"], "numbers": ["n1"]}
    assert added["equations"] == [*before["equations"], "e1"]


@pytest.mark.parametrize(
    "words", [["raise"], ["raise", "a", "b", "c"], ["amend", "why"], ["rise", "x"]]
)
def test_what_is_not_understood_is_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match="amend or add"):
        renewed(table(), OTHER, words[0], words[1:])


def test_the_command_writes_a_file_that_knows_what_is_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "versions.toml"
    file.write_text(FILE.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(write_versions, "FILE", file)
    assert main(["amend"]) == 0
    rows = tomllib.loads(file.read_text("utf-8"))
    said = capsys.readouterr().out
    for kind, keys in KINDS.items():
        assert all(h in rows[kind][-1][key] for key, h in zip(keys, hashes()[kind], strict=True))
        assert f"{kind} {rows[kind][-1]['version']}" in said
