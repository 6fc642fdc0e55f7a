"""The command line as a user meets it: what it prints, its exit codes."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ldnsim.cli import app
from ldnsim.cli.guard import guarded
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.sweep import progress

RUN = CliRunner()
COMMANDS = (
    "demo", "init", "sweep", "simulate", "compare", "cite", "parameters", "hypotheses",
    "phenotypes", "covariates", "adjuncts", "protocols", "templates", "schema", "doctor", "trial",
    "sensitivity", "validate", "claims", "observations", "states", "discriminate", "calibrate",
    "equations", "export", "population", "visits",
)  # fmt: skip


def ldnsim(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    line = [sys.executable, "-m", "ldnsim", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, cwd=cwd, timeout=300)


def refused(*words: str | Path) -> str:
    """Run a command that must be refused; return its message on one line."""
    result = RUN.invoke(app, [str(w) for w in words])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


# ---- help -------------------------------------------------------------------------------------


def test_help_lists_every_command() -> None:
    result = RUN.invoke(app, ["--help"])
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.output for name in COMMANDS)
    assert not any(line.endswith("...") for line in result.output.splitlines()[1:])


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from ldnsim.cli import app; from typer.testing import CliRunner;"
        "CliRunner().invoke(app, ['--help']);"
        "print([m for m in ('numba','numpy','xarray','matplotlib','pydantic','pint','rich')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_version() -> None:
    import ldnsim as package

    assert RUN.invoke(app, ["--version"]).stdout.strip() == (
        f"ldnsim {package.__version__}, {shipped().version}"
    )


# ---- lists ------------------------------------------------------------------------------------


def test_parameters_of_one_mechanism() -> None:
    from ldnsim.model import default_model

    result = RUN.invoke(app, ["parameters", "pharmacokinetics"])
    names = [line.split("\t")[0] for line in result.stdout.splitlines()]
    model = default_model().parameters.values()
    assert names == ["name", *(p.name for p in model if p.mechanism == "pharmacokinetics")]


def test_parameters_can_be_searched_and_written(tmp_path: Path) -> None:
    from ldnsim.model import default_model

    file = tmp_path / "tables" / "p.csv"
    assert RUN.invoke(app, ["parameters", "--csv", str(file)]).exit_code == 0
    with file.open(newline="") as lines:
        rows = {row["name"]: row for row in csv.DictReader(lines)}
    for name, p in default_model().parameters.items():
        assert float(rows[name]["value"]) == pytest.approx(p.value, rel=1e-5)
        assert rows[name]["source"].split() == list(p.source)
    found = RUN.invoke(app, ["parameters", "--search", "ABSORPTION"]).stdout.splitlines()[1:]
    assert found
    assert len(found) < len(rows)


def test_protocols_print_as_prescriptions_that_can_be_read() -> None:
    from ldnsim.regimen import Regimen, protocols

    lines = RUN.invoke(app, ["protocols"]).stdout.splitlines()[1:]
    assert [line.split("\t")[0] for line in lines] == list(protocols())
    for line in lines:
        assert Regimen.parse(line.split("\t")[1]).phases


def test_schema_is_json_schema() -> None:
    schema = json.loads(RUN.invoke(app, ["schema"]).stdout)
    assert schema["type"] == "object"
    assert {"title", "regimen", "axes"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_hypotheses_and_phenotypes_name_the_defaults() -> None:
    assert "\ndual_pathway\t" in RUN.invoke(app, ["hypotheses"]).stdout
    assert "\ndefault\t" in RUN.invoke(app, ["phenotypes"]).stdout


@pytest.mark.parametrize("kind", ["hypotheses", "phenotypes", "covariates", "adjuncts"])
def test_one_record_shows_its_evidence_and_a_typo_its_remedy(kind: str) -> None:
    for name, record in getattr(shipped(), kind).items():
        text = RUN.invoke(app, [kind, name]).stdout
        assert f"name: {name}\n" in text
        assert all(f"  - {key}\n" in text for key in record.sources)
    assert "did you mean" in refused(kind, name + "x")


# ---- mistakes ---------------------------------------------------------------------------------


def test_mistakes_name_what_was_meant(tmp_path: Path) -> None:
    assert "did you mean 'microglia'" in refused("parameters", "microgila")
    assert "no parameter mentions 'zzz'" in refused("parameters", "--search", "zzz")
    assert "does not exist" in refused("sweep", tmp_path / "none.toml")
    assert "expected name=number" in refused("simulate", "4.5 mg nightly for 4 wk", "--set", "ka:2")
    two = refused("simulate", "4.5 mg nightly for 4 wk", "--set", "ka=two")
    assert "--set ka = 'two': expected a rate" in two
    assert "did you mean 'quickstart'" in refused(
        "init", tmp_path / "a.toml", "--template", "quikstart"
    )
    assert "my-study.toml" in refused("init", tmp_path / "my-study.yaml")


def test_a_mistake_in_a_process_of_its_own(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('regimenn = "4.5 mg nightly for 12 wk"\n')
    done = ldnsim("sweep", bad)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "bad.toml" in done.stderr
    assert "'regimen'" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    import typer

    @guarded(resume="use --resume")
    def stopped() -> None:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as caught:
        stopped()
    assert caught.value.exit_code == 130
    assert "use --resume" in capsys.readouterr().err


def test_other_errors_are_not_hidden() -> None:
    @guarded()
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()


def test_user_errors_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    import typer

    @guarded()
    def mistaken() -> None:
        raise UserError("dose = '3 h': expected a mass")

    with pytest.raises(typer.Exit) as caught:
        mistaken()
    assert caught.value.exit_code == 2
    assert capsys.readouterr().err == "ldnsim: dose = '3 h': expected a mass\n"


# ---- progress ---------------------------------------------------------------------------------


def test_progress_lines_come_seldom_and_give_rate_and_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = iter([0.0, 1.0, 12.0, 13.0, 20.0])
    report = progress.lines("runs", lambda: next(clock))
    for done in (0, 5, 24, 30, 40):
        report(done, 40)
    assert capsys.readouterr().err.splitlines() == [
        "24/40 runs, 2/s, 8 s left",
        "40/40 runs, 2/s",
    ]


@pytest.mark.parametrize(("value", "words"), [(45, "45 s"), (180, "3 min"), (9000, "2.5 h")])
def test_seconds_in_words(value: float, words: str) -> None:
    assert progress.seconds(value) == words


# ---- from a study file to a picture -----------------------------------------------------------

STUDY = """
title = "Two doses, two intervals"
regimen = "1/2 of target nightly, +1/2 of target every 3 d to 3 mg, for 10 d, then stop for 4 d"

[[axes]]
name = "dose"
field = "regimen.target"
values = ["1 ug", "3 mg"]

[[axes]]
name = "interval"
field = "regimen.interval"
values = ["2 d", "4 d"]
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sweep, run from the command line."""
    folder = tmp_path_factory.mktemp("sweep")
    study = folder / "small.toml"
    study.write_text(STUDY)
    done = ldnsim("sweep", study)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder / "small.zarr")
    assert "4/4 runs" in done.stderr
    return folder / "small.zarr"


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    study = tmp_path / "small.toml"
    study.write_text(STUDY)
    result = RUN.invoke(app, ["sweep", str(study), "--dry-run"])
    assert result.exit_code == 0
    assert "4 on 1 distinct patient" in result.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["small.toml"]


def test_a_result_is_not_replaced_by_accident(store: Path) -> None:
    assert "--overwrite" in refused("sweep", store.with_suffix(".toml"))


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--summary", "pain_change", "--summary", "hours_blocked"],
        ["--kind", "night", "--select", "dose=3 mg", "--select", "interval=2"],
        ["--kind", "phase"],
    ],
)
def test_every_kind_of_picture_from_a_store(store: Path, tmp_path: Path, words: list[str]) -> None:
    figure = tmp_path / "figure.png"
    result = RUN.invoke(app, ["compare", str(store), "--out", str(figure), *words])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() == str(figure)
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_compare_mistakes_name_what_was_meant(store: Path, tmp_path: Path) -> None:
    assert "did you mean 'pain_change'" in refused("compare", store, "--summary", "pain_chnge")
    assert "belongs to --kind heatmap" in refused(
        "compare", store, "--kind", "night", "--summary", "pain_change"
    )
    assert "did you mean 'dose'" in refused("compare", store, "--select", "doze=3 mg")
    assert "expected axis=value" in refused("compare", store, "--select", "dose")
    assert "ends in .png" in refused("compare", store, "--out", tmp_path / "figure")
    assert "did you mean" in refused("compare", store.with_name("smal.zarr"))


def test_cite_counts_every_parameter_and_names_the_assumed(store: Path) -> None:
    from ldnsim.edition import shipped
    from ldnsim.model import default_model

    text = RUN.invoke(app, ["cite", str(store)]).stdout
    model = default_model().parameters
    assert f"{len(model)} parameters" in text
    assert f"{sum(p.grade == 'assumed' for p in model.values())}  " in text
    used = {key for p in model.values() for key in p.source}
    assert all(f"[{key}]" in text for key in used)
    assert "(not in the bibliography)" not in text, sorted(used - set(shipped().references))


def test_simulate_prints_the_patient_and_draws(tmp_path: Path) -> None:
    figure = tmp_path / "run.svg"
    words = ["simulate", "3 mg nightly at 22:00 for 10 d", "--plot", str(figure)]
    result = RUN.invoke(app, words)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0].split("\t")[2:4] == ["healthy", "untreated"]
    assert "\nhours with mu receptors blocked: " in result.stdout
    assert "not medical advice" in result.stdout
    assert b"<svg" in figure.read_bytes()


def test_simulate_prints_what_is_off_in_the_patient() -> None:
    words = ["simulate", "3 mg nightly at 22:00 for 10 d", "--phenotype"]
    rows = {}
    for who in ("rheumatoid_arthritis", "healthy"):
        lines = RUN.invoke(app, [*words, who]).stdout.splitlines()
        rows[who] = {line.split("\t")[0]: line.split("\t") for line in lines if "\t" in line}
    off = {"disease activity", "cytokines of blood", "quality of life", "brain fog", "mood"}
    assert off < set(rows["rheumatoid_arthritis"]) and not off & set(rows["healthy"])
    activity, pain = (rows["rheumatoid_arthritis"][n] for n in ("disease activity", "pain"))
    assert activity[1] == "share of the worst" and float(activity[3]) > 0.3
    assert float(activity[2]) < 0.01 and activity[5]
    assert rows["healthy"]["pain"][2] == rows["healthy"]["pain"][3] == pain[2]


def test_simulate_takes_parameters_and_refuses_unknown_ones() -> None:
    words = "3 mg nightly at 22:00 for 10 d"
    plain = RUN.invoke(app, ["simulate", words]).stdout
    assert RUN.invoke(app, ["simulate", words, "--set", "ka=0.3"]).stdout != plain
    assert "did you mean" in refused("simulate", words, "--set", "kaa=0.3")
    assert "did you mean 'glial'" in refused("simulate", words, "--hypothesis", "glail")


def test_demo_and_init_from_the_shipped_studies(tmp_path: Path) -> None:
    import ldnsim as package

    names = [w.split("\t")[0] for w in RUN.invoke(app, ["templates"]).stdout.splitlines()[1:]]
    assert "quickstart" in names
    for name in names:
        file = tmp_path / f"{name}.toml"
        assert RUN.invoke(app, ["init", str(file), "--template", name]).exit_code == 0
        assert len(package.load(file).plan()) > 0
    assert "--force" in refused("init", tmp_path / "quickstart.toml")


def test_a_new_study_file_speaks_of_itself(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    result = RUN.invoke(app, ["init", str(file), "--template", "dose"])
    assert f"ldnsim sweep {file}" in result.stdout
    text = file.read_text()
    assert "ldnsim sweep mine.toml" in text
    assert "dose_titration" not in text
    assert "#:schema" not in text.splitlines()[0] and "file:/" not in text
    # as the file tells: the schema beside it, named in its first line, works on any machine
    assert "ldnsim schema > study.schema.json" in text and "#:schema ./study.schema.json" in text
    assert json.loads(RUN.invoke(app, ["schema"]).stdout)["type"] == "object"


def test_demo_gives_a_dataset_and_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped study, for two weeks; its full length is a reference run, and run by CI."""
    import ldnsim as package
    from ldnsim.cli import studies

    text = studies.find("quickstart").read_text("utf-8")
    short = tmp_path / "short.toml"
    short.write_text(re.sub(r"for (26|12) wk", "for 1 wk", text), "utf-8")
    monkeypatch.setattr(studies, "find", {"quickstart": short}.__getitem__)
    done = RUN.invoke(app, ["demo", "--out", str(tmp_path / "d")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "d" / "demo.png").stat().st_size > 10_000
    assert int((package.open_store(tmp_path / "d" / "demo.zarr")["status"] != 0).sum()) == 0


def test_a_place_that_cannot_be_written_is_a_message_not_a_traceback(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    target = blocked / "parameters.csv"
    done = subprocess.run(
        [sys.executable, "-m", "ldnsim", "parameters", "--csv", str(target)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert str(blocked) in done.stderr and "Traceback" not in done.stderr
