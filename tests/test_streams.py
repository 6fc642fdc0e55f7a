"""Every command, with streams as they may be: ASCII, closed, a reader that left, a full disk.

One process loads everything, and a child of it is forked for each case; so hundreds of cases take
no longer than their commands.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from ldnsim.cli import app, start, streams

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

STUDY = """
title = "Größe β → µ"
regimen = "1 mg nightly at 22:00, for 2 d"

[output]
every = "12 h"
summaries = ["pain_change"]
"""
WORDS: dict[str, list[str]] = {
    "adjuncts": [],
    "calibrate": ["--groups", "no-such-group"],
    "cite": ["{store}", "--bibtex", "{own}/refs.bib"],
    "claims": ["C12", "--quick"],
    "compare": ["{store}", "--out", "{own}/p.png"],
    "covariates": [],
    "demo": ["--threads", "no-number"],
    "discriminate": ["{study}", "--hypothesis", "no-such-hypothesis"],
    "doctor": [],
    "equations": [],
    "export antimony": ["1 mg nightly for 2 d"],
    "export sbml": ["1 mg nightly for 2 d", "--out", "{own}/x.xml"],
    "hypotheses": ["dual_pathway"],
    "init": ["{own}/new.toml"],
    "observations": [],
    "parameters": [],
    "phenotypes": [],
    "protocols": [],
    "potency": [],
    "schema": [],
    "sensitivity": ["1 mg nightly for 2 d", "--set", "no_such=1"],
    "simulate": ["1 mg nightly for 2 d", "--plot", "{own}/s.png"],
    "states": ["no_such_phenotype"],
    "merge": ["none-such.zarr"],
    "sweep": ["{study}", "--out", "{own}/r.zarr"],
    "templates": [],
    "population": ["no_such_population"],
    "trial": ["{study}", "--select", "nothing=1"],
    "validate": ["no_such_observation"],
    "visits": ["1 mg nightly for 2 d"],
    "optimise": ["{study}"],
    "start-dose": ["--hypothesis", "no-such-hypothesis"],
}
"""Cheap arguments of every command: some print, some refuse, both is printing."""
MODES = ("ascii", "closed", "left", "full", "silent")
SLOW = {
    "calibrate", "claims", "cite", "compare", "discriminate", "doctor", "equations",
    "export antimony", "export sbml", "observations", "simulate", "sweep", "trial",
    "visits",
}  # fmt: skip
"""Commands that are run in two modes only; in the others, asked for their help."""
BEFORE = (
    ("equations",),
    ("export", "sbml", "1 mg nightly for 2 d", "--out", "{own}/before.xml"),
    ("simulate", "1 mg nightly for 2 d", "--plot", "{own}/before.png"),
)
"""Commands that the process runs itself, before it makes children."""
WORKER = """
import contextlib, io, json, os, sys, traceback
import ldnsim.cli, ldnsim.plots, ldnsim.sweep.execute, ldnsim.analysis.claims
from ldnsim.engine.generate.kernels import load_kernels, warm_up
from ldnsim.__main__ import main
from ldnsim.model import default_model
warm_up(load_kernels(default_model()))
cases = json.load(open(sys.argv[1]))
for words in cases["before"]:  # what they load and work out is there in every child
    sys.argv = ["ldnsim", *words]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main()


def child(case):
    out = os.open(case["out"], os.O_WRONLY | os.O_CREAT)
    err = os.open(case["err"], os.O_WRONLY | os.O_CREAT)
    mode = case["mode"]
    if mode == "left":
        reader, out = os.pipe()
        os.close(reader)
    if mode == "full":
        out = os.open("/dev/full", os.O_WRONLY)
    os.dup2(out, 1)
    os.dup2(err, 2)
    encoding = "ascii" if mode == "ascii" else "utf-8"
    errors = {1: "strict", 2: "backslashreplace"}
    for fd, name in ((1, "stdout"), (2, "stderr")):
        stream = open(fd, "w", encoding=encoding, errors=errors[fd], closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    if mode in ("ascii", "silent"):
        os.close(0)
        sys.stdin = sys.__stdin__ = None
    if mode == "closed":
        os.close(1)
        sys.stdout = sys.__stdout__ = None
    if mode == "silent":
        os.close(2)
        sys.stderr = sys.__stderr__ = None
    if mode == "ascii":
        os.environ.update(COLUMNS="10", TERM="dumb", LC_ALL="C")
    os.makedirs(case["own"])
    os.chdir(case["own"])
    sys.argv = ["ldnsim", *case["words"]]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    return code


codes = []
for case in cases["cases"]:
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = child(case)
        except BaseException:
            with open(case["err"], "a") as file:
                traceback.print_exc(file=file)
        finally:
            os._exit(code)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(json.dumps(codes))
"""


def commands(group: Any = None, before: str = "") -> list[str]:
    """Every command of the application, those of groups too."""
    found: list[str] = []
    for name, command in (group or typer.main.get_command(app)).commands.items():
        inside = getattr(command, "commands", None)
        found += commands(command, f"{before}{name} ") if inside else [before + name]
    return found


def helps(name: str, mode: str) -> bool:
    return name in SLOW and mode not in ("ascii", "left")


Results = dict[tuple[str, str], tuple[int, str, str, Path]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Exit code, output and messages of each command in each mode; and of its help."""
    from ldnsim.sweep.study import load

    folder = tmp_path_factory.mktemp("streams")
    (folder / "s.toml").write_text(STUDY, encoding="utf-8")
    load(folder / "s.toml").run(folder / "s.zarr")
    cases = []
    for name in commands():
        for mode in MODES:
            own = folder / f"{name} {mode}"
            places = {"store": folder / "s.zarr", "study": folder / "s.toml", "own": own}
            words = [*name.split(), *(w.format(**places) for w in WORDS[name])]
            asked = [*name.split(), "--help"] if helps(name, mode) else words
            cases.append({
                "key": (name, mode), "mode": mode, "own": str(own), "words": asked,
                "out": f"{own}.out", "err": f"{own}.err",
            })  # fmt: skip
    before = [[w.format(own=folder) for w in words] for words in BEFORE]
    (folder / "cases.json").write_text(json.dumps({"before": before, "cases": cases}))
    line = [sys.executable, "-c", WORKER, str(folder / "cases.json")]
    done = subprocess.run(line, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    codes = json.loads(done.stdout.splitlines()[-1])

    def text(path: str) -> str:
        return Path(path).read_bytes().decode("utf-8")

    return {
        c["key"]: (code, text(c["out"]), text(c["err"]), Path(c["own"]))
        for c, code in zip(cases, codes, strict=True)
    }


def test_every_command_has_its_cheap_arguments() -> None:
    assert set(commands()) <= set(WORDS)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", commands())
def test_no_stream_makes_a_traceback(name: str, mode: str, results: Results) -> None:
    code, out, err, _ = results[name, mode]
    assert code in (0, 1, 2) if name == "doctor" else code in (0, 2), out + err
    assert "Traceback" not in out + err
    assert "should not have happened" not in out + err
    if mode == "ascii":
        assert (out + err).isascii()
        assert out or err
    if mode == "closed":
        assert "standard output is closed" in err


@pytest.mark.parametrize("mode", ["closed", "left", "silent"])
@pytest.mark.parametrize("name", commands())
def test_the_outcome_does_not_hang_on_who_reads(name: str, mode: str, results: Results) -> None:
    if helps(name, mode):
        assert results[name, mode][0] == 0
        return
    assert results[name, mode][0] == results[name, "ascii"][0]
    for word in WORDS[name]:
        if word.startswith("{own}"):
            assert Path(word.format(own=results[name, mode][3])).exists(), word


def test_a_full_disk_behind_the_output_is_told(results: Results) -> None:
    for name in ("parameters", "protocols", "schema", "hypotheses", "init"):
        code, _, err, _ = results[name, "full"]
        assert code == 2
        assert "No space left on device" in err


@pytest.mark.parametrize(("width", "drawn"), [("40", False), ("120", True)])
def test_a_table_loses_nothing_on_a_narrow_terminal(
    width: str, drawn: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ldnsim.cli import table

    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    table.show(list("abcdef"), [[f"cell {i}" for i in range(6)]])
    out = capsys.readouterr().out
    assert all(f"cell {i}" in out for i in range(6))
    assert ("\t" not in out) == drawn


# ---- the pieces -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("25 µg → β, 5 ≥ 3", "25 ug -> beta, 5 >= 3"),
        ("Größe é ï Δ ∎", "Grosse e i Delta \\u220e"),
        ("ŝe\u0301", "se"),
        ("\udce9", "\\udce9"),
    ],
)
def test_letters_are_spelt_in_ascii(text: str, plain: str) -> None:
    assert text.encode("ascii", "spell").decode() == plain


def test_what_a_terminal_has_is_left_as_it_is() -> None:
    assert "µ β é".encode("latin-1", "spell").decode("latin-1") == "µ beta é"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "stopped"),
        (ValueError("first\nsecond"), 1, "ValueError: first"),
        (KeyError(), 1, "KeyError"),
        (SystemExit(3), 3, ""),
        (SystemExit(None), 0, ""),
    ],
)
def test_how_a_command_can_end(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def end() -> None:
        raise error

    assert start.run(end) == code
    said = capsys.readouterr().err
    assert words in said and "second" not in said
    assert ("doctor" in said) == (code == 1)


@pytest.mark.parametrize("delay", [0.01, 0.05, 0.1, 0.2, 0.4, 0.8])
def test_stopped_at_any_moment_there_is_no_traceback(delay: float) -> None:
    """While modules are loaded, while the command runs, or when it is over already."""
    code = (
        "import signal, sys\n"
        "sys.argv = ['ldnsim', 'parameters']\n"
        "from ldnsim.__main__ import main\n"
        "signal.signal(signal.SIGPROF, signal.default_int_handler)\n"
        f"signal.setitimer(signal.ITIMER_PROF, {delay})\n"  # of its own time, however busy others
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    # at the very end Python has put the signal's own effect back, which is silent too
    assert done.returncode in (0, 130, -signal.SIGPROF), done.stderr
    assert "Traceback" not in done.stderr
    assert delay > 0.1 or done.returncode == 130


def test_a_fault_of_the_program_shows_its_traceback_on_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def end() -> None:
        raise KeyError("x")

    monkeypatch.setenv(start.TRACEBACK, "1")
    with pytest.raises(KeyError):
        start.run(end)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RecursionError("maximum"), "nested too deeply"),
        (MemoryError("Unable to allocate 7 TiB"), "not enough memory (Unable to allocate 7 TiB)"),
    ],
)
def test_more_than_the_machine_holds_is_a_message(
    error: Exception, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from ldnsim.cli.guard import guarded

    @guarded()
    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as end:
        command()
    assert end.value.exit_code == 2
    assert words in capsys.readouterr().err


def test_streams_that_somebody_catches_stay(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    streams.open_streams()
    assert sys.stdout is before
