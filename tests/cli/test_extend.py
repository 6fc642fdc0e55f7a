"""Every command works on an extended model, or takes what names its own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ldnsim
from ldnsim.cli import app
from tests.cli.walk import commands

RUN = CliRunner()
RX = "1 mg nightly at 22:00, for 3 d"
NAMES_ITS_OWN = ("sweep", "discriminate", "optimise")
"""Take a study file and nothing else: [model] extend of the study."""
NEITHER = {
    "demo": "simulates a study of the package",
    "init": "copies a study of the package",
    "templates": "lists the studies of the package",
    "merge": "reads the study that its shards ran",
    "schema": "says what a study may hold, whatever it names",
}
NEEDS = {
    "simulate": [RX], "sensitivity": [RX], "export sbml": [RX], "export antimony": [RX],
    "visits": [RX],
    "trial": ["people.zarr"], "compare": ["own.zarr", "--kind", "phase"], "cite": ["own.zarr"],
}  # fmt: skip
"""What a command cannot do without."""
MECHANISM = '''"""A signal that follows TNF, and NK cells that follow the signal."""

from ldnsim.mechanisms.forms import falling
from ldnsim.mechanisms.record import Mechanism

M = Mechanism("own_signal", "A signal of one's own")
M.parameter("signal_gain", 0.5, "1", "gain of the signal")
M.parameter("signal_rate", 0.1, "1/d", "turnover of the signal")


@M.state("pg/mL", "the signal", start=1.0)
def signal(signal: float, signal_rate: float, tnf: float) -> float:
    return signal_rate * (tnf - signal)


@M.quantity("1", "effect of the signal")
def signal_effect(signal: float, signal_gain: float) -> float:
    return falling(signal, signal_gain)


@M.replaces
def nk_activity(nk_activity: float, signal_effect: float) -> float:
    return 0.05 * (signal_effect - nk_activity)
'''
DATA = """
[references.own2026]
authors = "Own"
year = 2026
seen = "not verified"
finding = "made up for a test"

[parameters.ka]
value = 0.9
grade = "assumed"
note = "made up for a test"

[hypotheses.own_idea]
title = "An idea of one's own"
statement = "TLR4 plays no part."
evidence_for = ["It was thought of [own2026]."]
evidence_against = []

[hypotheses.own_idea.overrides.coupling_tlr4]
value = 0.0
grade = "assumed"
note = "switched off"

[phenotypes.own_patient]
title = "A patient of one's own"
basin = "inflamed"
evidence = []
assumed = ["All of it."]

[protocols.own_pace]
regimen = "0.5 mg nightly at 22:00, for 3 d"

[observations.own_peak]
title = "Highest naltrexone in plasma"
group = "pk"
hypotheses = ["own_idea"]
low = 0.0
high = 100.0
unit = "ng/mL"
evidence = "Made up for a test [own2026]."

[observations.own_peak.probe]
kind = "run"
regimen = "0.5 mg nightly at 22:00, for 3 d"
observable = "naltrexone_plasma"
reduce = "max"
start = 0.0
stop = 72.0
"""
STUDY = f'regimen = "{RX}"\n[output]\nvariables = ["microglia_m1", "priming"]\n'
OWN = f'hypothesis = "own_idea"\n{STUDY}[model]\nextend = ["own.toml"]\n'
PEOPLE = """
hypothesis = "own_idea"
regimen = "1 mg nightly at 22:00, for 1 wk"
[model]
extend = ["own.toml"]
[population]
size = 2
scale = 0.1
[[axes]]
name = "dose"
field = "regimen.start"
values = ["1 mg", "2 mg"]
[output]
variables = ["pain"]
"""
BOTH = ["--extend", "own.py", "--extend", "own.toml"]


def taking() -> list[str]:
    return [name for name, c in commands() if "--extend" in {o for p in c.params for o in p.opts}]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stores: Path) -> Path:
    """A folder of a user's own, with extensions and results in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(MECHANISM, encoding="utf-8")
    (tmp_path / "own.toml").write_text(DATA, encoding="utf-8")
    for store in stores.iterdir():
        (tmp_path / store.name).symlink_to(store)
    return tmp_path


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the model with data of one's own, and of the model of the package."""
    folder = tmp_path_factory.mktemp("stores")
    (folder / "own.toml").write_text(DATA, encoding="utf-8")
    kept = tmp_path_factory.mktemp("kept")
    for name, text in (("own", OWN), ("plain", STUDY), ("people", PEOPLE)):
        (folder / f"{name}_study.toml").write_text(text, encoding="utf-8")
        ldnsim.load(folder / f"{name}_study.toml").run(kept / f"{name}.zarr")
    return kept


def output(*words: str) -> str:
    result = RUN.invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


def refusal(*words: str) -> str:
    """What a command says that ends with 2, in one paragraph and nothing else."""
    result = RUN.invoke(app, list(words))
    assert result.exit_code == 2 and result.stdout == "", (words, result.output)
    assert result.stderr.startswith("ldnsim: ") and "Traceback" not in result.stderr
    assert "\n\n" not in result.stderr.strip()
    return " ".join(result.stderr.split())


# ---- which commands ---------------------------------------------------------------------------


def test_every_command_takes_extensions_or_a_study_that_names_its_own() -> None:
    every = dict(commands())
    assert {*NAMES_ITS_OWN, *NEITHER}.isdisjoint(taking())
    assert {*NAMES_ITS_OWN, *NEITHER, *taking()} == set(every)
    for name in NAMES_ITS_OWN:
        kinds = {p.param_type_name: p.name for p in every[name].params if p.required}
        assert kinds == {"argument": "study"}


@pytest.mark.parametrize("command", taking())
def test_what_is_not_there_is_refused_by_every_command(command: str, folder: Path) -> None:
    words = [*command.split(), *NEEDS.get(command, [])]
    told = refusal(*words, "--extend", "owm.toml")
    assert "'owm.toml'" in told and "did you mean 'own.toml'" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "line 1: not Python"),
        ("x = 1\n", "no mechanism in it"),
        (MECHANISM.replace('"own_signal"', '"immunity"'), "'immunity'"),
        (MECHANISM.replace("def signal_effect(", "def pain("), "'pain' is defined twice"),
        (MECHANISM.replace("def nk_activity(", "def nk_activty("), "did you mean 'nk_activity'"),
        (MECHANISM.replace("tnf: float", "tmf: float"), "did you mean 'tnf'"),
        ("raise RuntimeError('my own fault')\n", "line 1: RuntimeError: my own fault"),
    ],
)
def test_mistakes_in_mechanisms(text: str, said: str, folder: Path) -> None:
    Path("bad.py").write_text(text, encoding="utf-8")
    told = refusal("parameters", "--extend", "bad.py")
    assert "bad.py" in told and said in told


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[references", "references", "not"),
        ("[hypotheses.own_idea]", "[hypothesis.own_idea]", "did you mean 'hypotheses'"),
        ("statement =", "statment =", "statment"),
        (".overrides.coupling_tlr4", ".overrides.coupling_tlr", "did you mean 'coupling_tlr4'"),
        ("hypotheses.own_idea", "hypotheses.rebound", "rebound"),
        ("[parameters.ka]", "[parameters.kaa]", "did you mean 'ka'"),
        ("[own2026]", "[own2025]", "own2026"),
    ],
)
def test_mistakes_in_data(old: str, new: str, said: str, folder: Path) -> None:
    Path("bad.toml").write_text(DATA.replace(old, new), encoding="utf-8")
    told = refusal("hypotheses", "--extend", "bad.toml")
    assert "bad.toml" in told and said in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--extend", "own"], "entry point"),
        (["--extend", "own.json"], ".py or .toml"),
        (["--extend", ""], ".py or .toml"),
        (["--extend", "own.toml", "--extend", "own.toml"], "twice"),
    ],
)
def test_names_that_are_no_extension(words: list[str], said: str, folder: Path) -> None:
    Path("own.json").write_text("{}", encoding="utf-8")
    assert said in refusal("protocols", *words)


# ---- what they print --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "name", "file"),
    [
        ("parameters", "signal_gain", "own.py"), ("parameters", "ka", "own.toml"),
        ("hypotheses", "own_idea", "own.toml"), ("phenotypes", "own_patient", "own.toml"),
        ("protocols", "own_pace", "own.toml"), ("observations", "own_peak", "own.toml"),
    ],
)  # fmt: skip
def test_lists_hold_what_is_added_with_its_file(
    command: str, name: str, file: str, folder: Path
) -> None:
    plain = [line.split("\t") for line in output(command).splitlines()]
    header, *rows = (line.split("\t") for line in output(command, *BOTH).splitlines())
    assert header == [*plain[0], "from"]
    origin = {row[0]: row[-1] for row in rows}
    assert origin[name] == file
    assert set(origin.values()) == {"ldnsim", "own.toml"} | ({"own.py"} & {*origin.values()})
    for row in plain[1:]:
        assert origin[row[0]] != "ldnsim" or [*row, "ldnsim"] in rows, "the others are unchanged"
    if command != "protocols":
        assert output(command, name, *BOTH).splitlines()[-1] == f"from: {file}"
        assert "from: " not in output(command, "null" if command == "hypotheses" else plain[1][0])


def test_without_extensions_nothing_says_where_it_is_from(folder: Path) -> None:
    output("parameters", "own_signal", *BOTH)
    assert "own_signal" in refusal("parameters", "own_signal")
    assert "\tfrom" not in output("hypotheses").splitlines()[0]
    assert "adjunct 'own'" in refusal("adjuncts", "own", *BOTH)


def test_files_of_parameters_say_it_too(folder: Path) -> None:
    output("parameters", "--csv", "p.csv", *BOTH)
    with Path("p.csv").open(newline="", encoding="utf-8") as lines:
        rows = {row["name"]: row for row in csv.DictReader(lines)}
    assert rows["signal_rate"]["from"] == "own.py" and rows["kd_mor"]["from"] == "ldnsim"
    assert (rows["ka"]["value"], rows["ka"]["from"]) == ("0.9", "own.toml")
    page = output("parameters", "--markdown", *BOTH)
    assert "(`own_signal`)" in page and "Of the model with own.py (sha256 " in page


def test_equations_are_those_of_the_extended_model(folder: Path) -> None:
    text = output("equations", *BOTH)
    assert "# A signal of one's own (own.py)\nd(signal)/dt = signal_rate*(-signal + tnf)" in text
    replaced = next(line for line in text.splitlines() if line.startswith("d(nk_activity)"))
    assert "signal_effect" in replaced and replaced.endswith("# of own_signal (own.py)")
    assert "peripheral_tone" not in replaced
    for form in ("--markdown", "--latex"):
        page = output("equations", form, *BOTH)
        assert "own.py (sha256 " in page and "equation of own" in page
        assert "signal" not in output("equations", "immunity", form)
    assert "did you mean 'own_signal'" in refusal("equations", "own_signl", *BOTH)


# ---- runs -------------------------------------------------------------------------------------


def test_a_prescription_is_run_on_the_extended_model(folder: Path) -> None:
    words = ["export", "antimony", "own_pace", "--hypothesis", "own_idea"]
    text = output(*words, "--phenotype", "own_patient", "--extend", "own.toml")
    assert "// extension 1: own.toml (sha256 " in text and "adds the hypothesis own_idea" in text
    assert "const ka = 0.9;" in text and "// hypothesis: own_idea: TLR4 plays no part." in text
    assert "const coupling_tlr4 = 0.0;" in text
    assert "own_idea" in refusal(*words[:2], RX, *words[3:])


def test_a_study_names_its_own(folder: Path) -> None:
    Path("mine.toml").write_text(OWN, encoding="utf-8")
    Path("plain.toml").write_text(STUDY, encoding="utf-8")
    assert "own_idea" in output("export", "antimony", "mine.toml")
    for study in ("mine.toml", "plain.toml"):
        for command in (["export", "sbml"], ["sensitivity"], ["trial"]):
            told = refusal(*command, study, "--extend", "own.toml")
            assert "--extend" in told and f"write [model] extend = [...] into {study}" in told


# ---- stored results ---------------------------------------------------------------------------


def test_a_stored_result_is_reported_without_its_extensions(folder: Path) -> None:
    for name in ("own.py", "own.toml"):
        Path(name).unlink()
    result = RUN.invoke(app, ["cite", "own.zarr"])
    assert result.exit_code == 0 and "extended by own.toml (sha256 " in result.stdout
    assert "[own2026] (not in the bibliography)" in result.stdout
    assert "--extend own.toml" in result.stderr
    result = RUN.invoke(app, ["compare", "own.zarr", "--kind", "phase"])
    assert result.exit_code == 0 and "resting states are not drawn" in result.stderr


def test_what_is_run_again_of_a_result_needs_the_same_extensions(folder: Path) -> None:
    Path("elsewhere").mkdir()
    Path("own.toml").rename("elsewhere/moved.toml")
    assert "Own 2026." in output("cite", "own.zarr", "--extend", "elsewhere/moved.toml")
    Path("other.toml").write_text(DATA.replace("0.9", "0.8"), encoding="utf-8")
    for command in ("cite", "sensitivity", "compare --kind phase"):
        told = refusal(*command.split(), "own.zarr", "--extend", "other.toml")
        assert "is not the 'own.toml' that this result was made with" in told
        told = refusal(*command.split(), "plain.zarr", "--extend", "other.toml")
        assert "leave out --extend" in told
    for command, store in (("sensitivity", "own.zarr"), ("trial", "people.zarr")):
        assert "--extend own.toml" in refusal(command, store)
    told = output("trial", "people.zarr", "--per-arm", "2", "--trials", "2", "--extend",
                  "elsewhere/moved.toml")  # fmt: skip
    assert "Reported pain at week 1" in told
    assert "belongs to --kind phase" in refusal("compare", "own.zarr", "--extend", "other.toml")
    assert "use one" in refusal("doctor", "own.zarr", "--extend", "other.toml")
