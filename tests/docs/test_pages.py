"""Every command and code block of the pages is run, page by page, each page in its own folder.

What would take long is reduced by the rules of :func:`reduced`; what cannot be run here is in
:data:`LEFT_OUT` with its reason. A TOML, CSV or Python block under a sentence that names a file of
its kind and ends with a colon is written to that file.
"""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import matplotlib
import pytest
import typer
from typer.testing import CliRunner

from ldnsim.cli import app
from ldnsim.config import toml
from ldnsim.config.study import StudyConfig
from ldnsim.edition import shipped
from ldnsim.regimen import Regimen
from tests.docs.blocks import PAGES, ROOT, Block, blocks, language

matplotlib.use("Agg")

LEFT_OUT = {
    "source ": "changes the shell of the reader",
    "python3 -m venv": "makes an environment: .ci/run does",
    "pip install": "installs packages: .ci/run does",
    "-m pytest": "these tests themselves, or measures of speed: .ci/run runs both",
    "benchmarks/": "measures the machine for minutes; tests/benchmarks has its parts",
    "experiments/": "minutes each; tests/experiments has their parts",
    "import roadrunner": "tests/export/test_page.py runs it where it is installed",
    "import basico": "tests/export/test_page.py runs it where it is installed",
    "import tellurium": "tests/export/test_page.py runs it where it is installed",
    "dask scheduler": "tests/docs/test_clusters.py runs it",
    "dask worker": "tests/docs/test_clusters.py runs it",
    "tcp://10.0.0.1": "tests/docs/test_clusters.py has a scheduler",
    "SLURMCluster": "tests/docs/test_clusters.py runs the script",
    "#!/bin/sh": "the beginning of a job",
    "#SBATCH": "the beginning of a job",
    "$SLURM_ARRAY_TASK_ID": "tests/sweep/test_shards.py has jobs of an array",
    "ldnsim merge": "tests/sweep/test_shards.py has jobs of an array",
    "s3://": "tests/sweep/test_cluster.py has an object store",
}
"""What a command or block contains that is not run here, and why."""
BEFORE = {
    "docs/plots.md": "ldnsim init result.toml && ldnsim sweep result.toml",
    "docs/results.md": "ldnsim init my-study.toml --template quickstart",
}
"""What a page takes for granted: a study, or a result to draw."""
A_STORY = """
[free.kd_mor]
prior = 1.2

[hypothesis.glial.free.ic50_trif]
prior = 2.0

[constraint.as_measured]
behaviour = "E1"
title = "as measured"
hypotheses = ["all"]
high = 1.5
scale = 0.1
evidence = "assumed"
probe = { kind = "parameter", parameter = "kd_mor" }
"""
"""What stands for the story of the package."""
ENDINGS = {"toml": "toml", "csv": "csv", "python": "py"}
MATH = ("docs/equations.md", "math")


def cut(text: str) -> str:
    """Reduce a study: at most 8 virtual patients, 3 points of a spread, and 4 weeks of a
    phase of 12 weeks or longer."""
    text = re.sub(r"^size = \d+", "size = 8", text, flags=re.M)
    text = re.sub(r"\bfor (?:12|26|38|52) wk", "for 4 wk", text)
    text = re.sub(r'^weeks = "26 wk"', 'weeks = "4 wk"', text, flags=re.M)
    text = re.sub(r"^population\.size = \d+", "population.size = 8", text, flags=re.M)
    text = re.sub(r"^((?:lin|log)space = \[.*), \d+\]", r"\1, 3]", text, flags=re.M)
    return re.sub(r"^digits = .*$|^include = .*$", "", text, flags=re.M)


@cache
def a_branch() -> Any:
    from ldnsim.analysis.states.continuation import continue_orbit

    return continue_orbit("driver", 0.01, 0.07, points=10)


class Two(dict[str, Any]):
    """Names of which a loop takes two only."""

    def __iter__(self) -> Iterator[str]:
        return iter([*self.keys()][:2])


def two_doses(look: Any) -> Any:
    """Return a table of what oscillates of one patient on two doses."""

    def less(phenotypes: Any = None, hypotheses: Any = None, doses: Any = (), **rest: Any) -> Any:
        return look(phenotypes or ["default"], hypotheses or ["dual_pathway"], [0.0, 4.5], **rest)

    return less


def few_starts() -> dict[str, Any]:
    """Starts of 8 weeks, in two patients."""
    from ldnsim.analysis.optimise import start_dose

    begin, place = start_dose.start_study, "ldnsim.analysis.optimise.start_dose"
    return {
        f"{place}.WEEKS": 8,
        f"{place}.start_study": lambda capacities, sensitivities, hypotheses, _, **rest: begin(
            capacities, sensitivities, hypotheses, 2, **rest
        ),
    }


def reduced() -> dict[str, Any]:
    """What stands for slow parts of the library: the same with less to do.

    A continuation checks all it is asked for and returns one branch, the same each time; scorecard
    and claims take two rows unless some are named; a fit starts once and draws no profile; a
    ranking looks at two weeks, and draws two sets at most; a search starts once, tries one
    generation, and the story of the package is one number that needs no run; what oscillates is
    asked of one patient on two doses.
    """
    from ldnsim.analysis import claims
    from ldnsim.analysis.behaviours import scorecard
    from ldnsim.analysis.design import discriminate
    from ldnsim.analysis.evidence import calibrate, story, story_search
    from ldnsim.analysis.states import continuation, everywhere

    read, two = toml.read, Two(shipped().claims)
    fit, score, judge = calibrate.calibrate, scorecard.scorecard, claims.judge
    rank, search, text = discriminate.discriminate, story_search.search, story._text

    def branch(parameter: str = "driver", low: Any = None, high: Any = None, **rest: Any) -> Any:
        home = rest.get("edition") or shipped()
        own = [rest.get("phenotype", "default"), rest.get("hypothesis", "dual_pathway")]
        params = continuation._patient(home, *own, rest.get("parameters") or {})
        continuation._range(home.model, parameter, low, high, params, rest.get("dose", 0.0))
        return a_branch()

    def few(names: Any = None, hypotheses: Any = None, edition: Any = None) -> Any:
        return score(names or ["E1", "pet_5mg"], hypotheses or ["dual_pathway", "null"], edition)

    def one_start(names: Any = None, options: Any = None, edition: Any = None) -> Any:
        less = calibrate.replace(options, starts=1, profiles=False)
        return fit(names or ["occupancy"], less, edition)

    def unshaken(names: Any = None, shake: bool = True, edition: Any = None, **rest: Any) -> Any:
        return judge(names or [*two], shake=False, edition=edition)

    def two_sets(*args: Any, **rest: Any) -> Any:
        less = {"members": min(rest["members"], 2), "weeks": rest["weeks"][:2]}
        return rank(*args, **{**rest, **less})

    def one_number(path: Any) -> tuple[str, str]:
        return (A_STORY, "story.toml") if path is None else text(path)

    def one_generation(own: Any, options: Any, *rest: Any) -> Any:
        less = calibrate.replace(options, starts=1, evaluations=16, polish=0)
        return search(own, less, *rest)

    return {
        **few_starts(),
        "ldnsim.analysis.states.everywhere.everywhere": two_doses(everywhere.everywhere),
        "ldnsim.analysis.evidence.story._text": one_number,
        "ldnsim.analysis.evidence.story_search.search": one_generation,
        "ldnsim.config.toml.read": lambda path: cut(read(path)),
        "ldnsim.analysis.continue_orbit": branch,
        "ldnsim.analysis.behaviours.scorecard.scorecard": few,
        "ldnsim.edition.Edition.claims": property(lambda _: two),
        "ldnsim.analysis.claims.judge": unshaken,
        "ldnsim.analysis.evidence.calibrate.calibrate": one_start,
        "ldnsim.analysis.design.discriminate.discriminate": two_sets,
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder as a reader has it who stands in a clone of the repository."""
    monkeypatch.chdir(tmp_path)
    for name in ("configs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    with ExitStack() as stack:
        for name, other in reduced().items():
            stack.enter_context(mock.patch(name, other))
        yield tmp_path


def left_out(text: str) -> bool:
    return any(part in text for part in LEFT_OUT)


SLOW = ("docs/extending.md", "docs/trials.md", "docs/provenance.md", "docs/calibration.md")
"""Pages that take fifteen seconds to a minute: followed by .ci/run, with -m soak."""


@pytest.mark.parametrize(
    "page", [pytest.param(p, marks=[pytest.mark.soak] if p in SLOW else []) for p in PAGES]
)
def test_a_page_can_be_followed(page: str, folder: Path) -> None:
    for command in filter(None, BEFORE.get(page, "").split(" && ")):
        run(command, page)
    space: dict[str, Any] = {}
    for block in blocks(page):
        where = f"{page}:{block.line}"
        if block.language == "sh":
            for line in block.commands:
                for command in line.split(" && "):
                    run(command, where)
        elif (name := file_of(block)) is not None:
            Path(name).write_text(block.text + "\n", encoding="utf-8")
        elif block.language == "python" and not left_out(block.text):
            run_python(block, space)
        elif block.language == "toml":
            read_toml(block)
        elif block.language == "text":
            for line in block.text.splitlines():
                assert Regimen.parse(str(Regimen.parse(line))) == Regimen.parse(line), where
        else:
            known = (page, block.language) == MATH or left_out(block.text)
            assert known or "=" in block.text, f"{where}: a block of no known kind"


def run(command: str, where: str) -> None:
    """Run one command of ldnsim; anything else has to be among what is left out."""
    words = shlex.split(command.removeprefix(".venv/bin/"))
    if left_out(command):
        return
    assert words[0] == "ldnsim", f"{where}: {command!r} is not run, and no reason is given"
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code == 0, (where, command, result.output, result.exception)


def run_python(block: Block, space: dict[str, Any]) -> None:
    """Run a block; blocks of a page share their names."""
    code = compile(block.text, f"{block.page}:{block.line}", "exec")
    exec(code, space)


def file_of(block: Block) -> str | None:
    """The file that a block is, as the sentence above it says; None for a part of one."""
    lines = (ROOT / block.page).read_text(encoding="utf-8").splitlines()
    above = " ".join(lines[max(0, block.line - 6) : block.line - 1]).replace("```", " ")
    sentence = re.sub(rf"\s*{block.language}?\s*$", "", above)
    ending = ENDINGS.get(block.language)
    named = re.findall(rf"`([\w-]+\.{ending})`[^.`]*:$", sentence)
    return named[-1] if named else None


def read_toml(block: Block) -> None:
    """Read a block as the part of a study or the observation that it is."""
    data = tomllib.loads(block.text)
    if "phases" in data:
        Regimen.parse(data)
    elif set(data) <= set(StudyConfig.model_fields):
        rx = "1/2 of target nightly at 22:00, +1/2 of target every 2 d to 4.5 mg, for 1 wk"
        whole = data if {"regimen", "regimens"} & set(data) else {"regimen": rx, **data}
        StudyConfig.build(whole, f"{block.page}:{block.line}")
    else:
        from ldnsim.catalog.observations import read_observations

        assert read_observations(block.text, block.page, shipped().references, shipped().hypotheses)


def test_every_reason_for_leaving_out_is_used() -> None:
    texts = [b.text for page in PAGES for b in blocks(page)]
    unused = [part for part in LEFT_OUT if not any(part in text for text in texts)]
    assert unused == []


def test_one_name_stands_for_one_template_on_all_pages() -> None:
    made: dict[str, set[str]] = {}
    for page in PAGES:
        for block in blocks(page):
            for line in block.commands if block.language == "sh" else ():
                words = shlex.split(line)
                if words[:2] == ["ldnsim", "init"]:
                    made.setdefault(words[2], set()).add(" ".join(words[3:]))
    assert len(made) > 3
    assert {name: kinds for name, kinds in made.items() if len(kinds) > 1} == {}


def commands() -> dict[str, set[str]]:
    """Every command with its options."""
    found: dict[str, set[str]] = {}

    def walk(group: Any, before: str) -> None:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                walk(command, f"{before}{name} ")
            else:
                found[before + name] = {o for p in command.params for o in p.opts} | {"--help"}

    walk(typer.main.get_command(app), "")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_commands_within_sentences_exist(page: str) -> None:
    known = commands()
    text = (ROOT / page).read_text(encoding="utf-8")
    for span in re.findall(r"`ldnsim ([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S)):
        words = [w.strip("[]|") for w in span.split()]
        if words[0] in ("COMMAND", "--help", "--version"):
            continue
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        if name in {n.split()[0] for n in known} - set(known):
            continue  # a group of commands
        assert name in known, f"{page}: ldnsim {span}"
        words = words[: words.index("")] if "" in words else words  # a pipe ends the command
        given = {w.partition("=")[0] for w in words if re.match(r"--?[a-z]", w)}
        assert given <= known[name], f"{page}: ldnsim {span}"


def test_the_table_of_commands_is_complete() -> None:
    """docs/commands.md names every command, and every option but those of its row's words."""
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for name, options in commands().items():
        words = rf"\| .*\b{name.split()[0]}\b.*\b{name.split()[-1]}\b|\| .*\b{name}\b"
        rows = [line for line in text.splitlines() if re.match(words, line)]
        assert rows, name
        general = {"--help"} | {o for o in ("--threads N", "--extend FILE") if f"`{o}`" in text}
        general = {o.partition(" ")[0] for o in general}
        flags = [o for o in options - general if o.startswith("-")]
        missing = [o for o in flags if not any(o in row for row in rows)]
        assert missing == [], f"{name}: {missing}"


def test_blocks_are_told_apart() -> None:
    assert language("ldnsim demo\n") == "sh"
    assert language('[output]\nnight = false\nnight_every = "1 h"') == "toml"
    assert language("ds = study.run()\nds.load()") == "python"
    assert language("p_i g(w) + e_iw,  p ~ N(m, s^2)") == ""
    block = Block("x", 1, "sh", "ldnsim init a.toml   # remark\n# only a remark\nldnsim demo")
    assert block.commands == ["ldnsim init a.toml", "ldnsim demo"]
    tree = [ast.parse(b.text) for p in PAGES for b in blocks(p) if b.language == "python"]
    assert len(tree) >= 10
