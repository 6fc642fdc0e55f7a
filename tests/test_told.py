"""What is told names what to write: on the command line and of prescriptions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ldnsim
from ldnsim.cli.source import PRESCRIPTION, STORE, STUDY, Source
from ldnsim.regimen import Regimen, protocols


def run(*words: str) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "ldnsim", *words], capture_output=True, text=True, check=False
    )
    assert made.returncode == 2
    return made.stderr


def test_a_refused_choice_is_told_in_its_own_words() -> None:
    told = run("compare", "x.zarr", "--kind", "foo")
    assert "--kind" in told
    assert "foo" in told
    assert "Value error" not in told


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that takes no files")
def test_a_folder_that_takes_no_files_is_named(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text('regimen = "4.5 mg nightly for 2 d"\n')
    told = run("sweep", str(study), "--out", "/proc/x.zarr")
    assert "/proc" in told.splitlines()[-1]
    assert "writ" in told.splitlines()[-1]


@pytest.mark.parametrize("kind", [STUDY, STORE])
def test_an_option_that_does_nothing_is_told_in_a_sentence(kind: object) -> None:
    with pytest.raises(ldnsim.UserError) as told:
        Source(kind, "s1").only((PRESCRIPTION,), {"--hypothesis": "glial"})  # type: ignore[arg-type]
    assert str(told.value) in (
        "--hypothesis belongs to a prescription, not to a study file; set it in s1 instead, or"
        " leave it out",
        "--hypothesis belongs to a prescription, not to a stored result; s1 is finished, and"
        " nothing of it is set any more: leave it out",
    )


@pytest.mark.parametrize("length", ["7 d", "24 h", "2 weeks", "7d", "0.5 mo"])
def test_a_length_without_for_is_told(length: str) -> None:
    for text in (f"4.5 mg nightly {length}", f"{length} 4.5 mg nightly", f"placebo {length}"):
        with pytest.raises(ldnsim.UserError, match=f"a length is written 'for {length}'"):
            Regimen.parse(text)


@pytest.mark.parametrize("name", protocols())
def test_protocols_written_another_way_are_recognised(name: str) -> None:
    if name == "placebo":
        return  # a word of the grammar too
    for text in (name.upper(), f"{name.title()}.", name.replace("_", " "), name.replace("_", "-")):
        if text in (name, "twice daily 1mg"):  # which says as much in words
            continue
        with pytest.raises(ldnsim.UserError, match=f"did you mean the protocol '{name}'"):
            Regimen.parse(text)
    with pytest.raises(ldnsim.UserError, match=f'protocol = "{name}", duration'):
        Regimen.parse(f"{name} for 4 wk")
    with pytest.raises(ldnsim.UserError, match=f"did you mean the protocol '{name}'"):
        ldnsim.Study(regimen={"protocol": name.upper()})
