"""What is wrong with an extension is told with its place, and without a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ldnsim.catalog.read import RESERVED, check_new_name
from ldnsim.config.blocks import Patient
from ldnsim.edition import extended, shipped
from ldnsim.edition.tables import NAMED
from ldnsim.errors import UserError
from ldnsim.mechanisms import immunity
from tests.edition.files import DATA, OWN, edition

HEAD = """from ldnsim.mechanisms.record import Mechanism
M = Mechanism("own", "Own")
"""
STATE = '@M.state("1", "a state")\ndef own_state(own_state: float) -> float:\n    return '

IN_PYTHON = {
    "syntax": ("x = (\n", "own.py, line 1: not Python: '.' was never closed"),
    "raises": ("a = 1\nb = a / 0\n", "own.py, line 2: ZeroDivisionError: division by zero"),
    "name": ("x = y\n", "own.py, line 1: NameError: name 'y' is not defined"),
    "exits": ("raise SystemExit(3)\n", "own.py, line 1: SystemExit: 3"),
    "without mechanism": ("x = 1\n", "own.py: no mechanism in it"),
    "empty": ("", "own.py: no mechanism in it"),
    "grade": (
        HEAD + 'M.parameter("own_x", 1.0, "1", "x", "sure")\n',
        r"own.py, line 3: parameter 'own_x': grade 'sure' is not one of",
    ),
    "source": (
        HEAD + 'M.parameter("own_x", 1.0, "1", "x", "animal", "lee1989")\n',
        "own.py: parameter 'own_x': reference 'lee1989' is not in the bibliography; did you mean "
        "'lee1988'",
    ),
    "unit": (
        HEAD + 'M.parameter("own_x", 1.0, "parsec", "x")\n',
        "own.py: parameter 'own_x': unit 'parsec' is not known",
    ),
    "bounds": (
        HEAD + 'M.parameter("own_x", 2.0, "1", "x", high=1.0)\n',
        "own.py: parameter 'own_x': .*expected a finite number from 0 to 1",
    ),
    "taken parameter": (
        HEAD + 'M.parameter("cl", 2.0, "L/h", "x")\n',
        "own.py: 'cl' is defined twice: in pharmacokinetics and in own; choose another name",
    ),
    "taken variable": (
        HEAD + '@M.state("1", "x")\ndef tnf(tnf: float) -> float:\n    return -tnf\n',
        "own.py: 'tnf' is defined twice: in cytokines and in own; .* decorate it with .replaces",
    ),
    "nothing to replace": (
        HEAD + "@M.replaces\ndef tnff(tnf: float) -> float:\n    return -tnf\n",
        "own.py: own: equation to replace 'tnff' is not known; did you mean 'tnf'",
    ),
    "argument": (
        HEAD + STATE.replace("own_state: float)", "own_state: float, tnff: float)") + "tnff\n",
        "own.py: own: own_state: argument 'tnff' is not known; did you mean 'tnf'",
    ),
    "circle": (
        HEAD + '@M.quantity("1", "x")\ndef own_x(own_x: float) -> float:\n    return own_x\n',
        "own.py: quantities depend on each other in a circle: .*own_x",
    ),
    "mechanism": (
        'from ldnsim.mechanisms.record import Mechanism\nM = Mechanism("tlr4", "x")\n',
        "own.py: a mechanism 'tlr4' is in ldnsim already",
    ),
    "slot": (
        HEAD + 'M.parameter("k1", 1.0, "1", "x")\n',
        "own.py: 'k1' is a name that generated code needs itself",
    ),
    "node": (
        HEAD + 'M.parameter("own_state_1", 1.0, "1", "x")\n',
        "own.py: 'own_state_1' is a name that generated code needs itself",
    ),
    "float only": (
        "import math\n" + HEAD + STATE + "math.exp(-own_state)\n",
        "own.py: the equation of 'own_state' cannot be evaluated .TypeError.*forms",
    ),
    "branch": (
        HEAD + STATE + "-1.0 if own_state > 1.0 else 0.0\n",
        "own.py: the equation of 'own_state' branches",
    ),
    "and": (
        HEAD + STATE + "own_state and 1.0\n",
        "own.py: the equation of 'own_state' branches .if, and, or, not.; write one expression",
    ),
    "larger": (
        HEAD + STATE + "max(own_state, 1.0)\n",
        "own.py: the equation of 'own_state' cannot be evaluated .TypeError",
    ),
    "modulo": (
        HEAD + STATE + "own_state % 2.0\n",
        "own.py: the equation of 'own_state' uses Mod, whose derivative",
    ),
    "text": (
        HEAD + STATE + "'high'\n",
        "own.py: the equation of 'own_state' cannot be evaluated .ValueError",
    ),
    "not finite": (
        HEAD + "HUGE = 1e308\n" + STATE + "HUGE * 10.0 + own_state\n",
        "own.py: the equation of 'own_state' gives inf at the defaults",
    ),
    "library": (
        "from typing import cast\n" + HEAD + STATE + "cast(float, own_state)\n",
        "own.py: the equation of 'own_state' uses 'cast', which is not part of this file",
    ),
    "list": (
        HEAD + "SIZES = [1.0, 2.0]\n" + STATE + "-SIZES[0] * own_state\n",
        "own.py: the equation of 'own_state' uses 'SIZES', which is not part of this file",
    ),
    "helper's library": (
        "from typing import cast\n" + HEAD + "def same(x):\n    return cast(float, x)\n"
        + STATE + "same(own_state)\n",
        "own.py: the equation of 'own_state' uses 'cast'",
    ),
    "import": (
        "import math\n" + HEAD + "from pathlib import Path\n"
        'M.parameter("own_x", float(Path("value.txt").read_text()), "1", "x")\n',
        "own.py, line 4: imports pathlib, so that changes elsewhere would go unseen; a file may"
        " import ldnsim.mechanisms, math and typing",
    ),
    "sibling": (HEAD + "import beside\n", "own.py, line 3: imports beside, "),
    "relative": (HEAD + "from .beside import SIZE\n", "own.py, line 3: imports .beside, "),
    "import later": (
        HEAD + "def value():\n    import os\n    return os.getpid()\n",
        "own.py, line 4: imports os, ",
    ),
    "reads": (
        HEAD + 'M.parameter("own_x", float(open("value.txt").read()), "1", "x")\n',
        "own.py, line 3: uses 'open', so that changes elsewhere would go unseen",
    ),
    "not ascii": (
        HEAD + 'M.parameter("größe", 1.0, "1", "x")\n',
        "own.py: 'größe' cannot be written in SBML and Antimony",
    ),
    "import within": (
        HEAD + '@M.state("1", "x")\n'
        "def own_state(own_state):\n    import math\n    return math.pi\n",
        "own.py: the equation of 'own_state' imports math; import at the top",
    ),
    "closure": (
        HEAD + "def make(size):\n    def own_x(tnf):\n        return size * tnf\n    return own_x\n"
        'own_x = M.quantity("1", "x")(make(2.0))\n',
        "own.py: the equation of 'own_x' has defaults or names from around it",
    ),
    "default": (
        HEAD + '@M.quantity("1", "x")\ndef own_x(tnf, il6=1.0):\n    return tnf\n',
        "own.py: the equation of 'own_x' has defaults",
    ),
    "hidden": (
        HEAD + '@M.quantity("1", "x")\ndef own_x(tnf):\n    return tnf\nown_x = None\n',
        "own.py: the equation of 'own_x' is not a function at the top level",
    ),
    "foreign": (
        "from ldnsim.mechanisms.immunity import M as shipped\n"
        'shipped.parameter("own_x", 1.0, "1", "x")\n',
        "own.py: adds to the mechanism 'immunity' of the package",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", IN_PYTHON)
def test_mistakes_in_python(kind: str, tmp_path: Path) -> None:
    text, said = IN_PYTHON[kind]
    before = dict(immunity.M.parameters)
    with pytest.raises(UserError) as error:
        edition(tmp_path, own_py=text)
    assert re.match(said, str(error.value)), error.value
    assert error.value.__cause__ is None or error.value.__suppress_context__
    assert immunity.M.parameters == before


PROBE = """
[observations.seen]
title = "Seen"
group = "own"
low = 0.0
unit = "1"
evidence = "Seen [lee1988]."

[observations.seen.probe]
kind = "run"
observable = "tnf"
reduce = "mean"
stop = 9.0
"""
IN_TOML = {
    "toml": ("[x", "own.toml: not readable as TOML"),
    "block": ("[hypothesis.x]\n", "own.toml: hypothesis: no such block; did you mean 'hypotheses'"),
    "no block": ("parameters = 3\n", r"own.toml: parameters = 3: expected tables"),
    "no table": ("[parameters]\ncl = 3.0\n", r"own.toml: parameters.cl = 3.0: expected a table"),
    "parameter": (
        "[parameters.cll]\nvalue = 1.0\n",
        "own.toml: parameters.cll: 'cll' is not a parameter of the model; did you mean 'cl'",
    ),
    "field": (
        "[parameters.cl]\nvalue = 1.0\nunits = 'L/h'\n",
        "own.toml: parameters.cl.units: no such field",
    ),
    "no grade": ("[parameters.cl]\nvalue = 1.0\n", "own.toml: parameters.cl.grade: '': expected"),
    "no value": ("[parameters.cl]\ngrade = 'assumed'\n", "own.toml: parameters.cl.value = None"),
    "unit": (
        "[parameters.cl]\nvalue = '1 mg'\ngrade = 'assumed'\n",
        "own.toml: parameters.cl.value = '1 mg': ",
    ),
    "bounds": (
        "[parameters.f_absorbed]\nvalue = 1.5\ngrade = 'assumed'\n",
        "own.toml: parameters.f_absorbed.value: .*from 0 to 1",
    ),
    "no source": (
        "[parameters.cl]\nvalue = 1.0\ngrade = 'animal'\n",
        "own.toml: parameters.cl.source: graded 'animal', so expected keys of references",
    ),
    "source": (
        "[parameters.cl]\nvalue = 1.0\ngrade = 'animal'\nsource = ['lee1989']\n",
        r"own.toml: parameters.cl: reference \[lee1989\] is not in the bibliography.*'lee1988'",
    ),
    "taken": (
        "[references.lee1988]\nseen = 'abstract'\nfinding = 'x'\n",
        "own.toml: references.lee1988: there is one of this name; choose another",
    ),
    "override": (
        "[hypotheses.own]\ntitle = 'x'\nstatement = 'x'\n"
        "[hypotheses.own.overrides.kd]\nvalue = 1\n",
        "own.toml: hypotheses.own.overrides.kd: 'kd' is not a parameter",
    ),
    "protocol": (
        "[protocols.own]\nregimen = '3 mg nihgtly'\n",
        "own.toml: protocols.own.regimen: regimen '3 mg nihgtly': cannot read",
    ),
    "protocol name": ("[protocols.'My own']\n", "own.toml: protocols.My own: expected a name"),
    "observation": (
        DATA[DATA.index("[observations.own]"):].replace('["own"]', '["dual"]')
        .replace(" [own2026]", ""),
        "own.toml: observations.own.hypotheses: 'dual' is not a hypothesis",
    ),
    **{
        f"probe {key}": (PROBE.replace(old, new), f"own.toml: observations.seen.probe.{said}")
        for key, old, new, said in (
            ("variable", '"tnf"', '"tnff"', "observable: 'tnff' is not a variable.*mean 'tnf'"),
            ("phenotype", 'stop = 9.0', 'stop = 9.0\nphenotype = "fibro"', "phenotype: 'fibro'"),
            ("parameter", 'stop = 9.0', 'stop = 9.0\nchanges.cll = 3.0', "changes: 'cll' is not"),
            ("regimen", 'stop = 9.0', 'stop = 9.0\nregimen = "slwo"', "regimen: protocol 'slwo'"),
        )
    },
    "empty": ("# nothing\n", "own.toml: nothing in it; expected tables such as"),
    "empty block": ("[hypotheses]\n", "own.toml: nothing in it"),
    "assay": (
        DATA[DATA.index("[assays.own]"):].replace("own_state", "tnff"),
        "own.toml: assays.own.variable: 'tnff' is not a variable; did you mean 'tnf'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", IN_TOML)
def test_mistakes_in_toml(kind: str, tmp_path: Path) -> None:
    text, said = IN_TOML[kind]
    with pytest.raises(UserError) as error:
        edition(tmp_path, own_toml=text)
    assert re.match(said, str(error.value)), error.value


WRONG_NAMES = {
    **{
        name: f"own.toml: BLOCK.{re.escape(name)}: expected a name of small letters"
        for name in ("a+b", "a b", "a.b", "Own", "1own", "_own", "own_", "ä", "a,b", "")
    },
    **{name: f"own.toml: BLOCK.{name}: this word means something else" for name in RESERVED},
}


@pytest.mark.parametrize("block", [b for b in NAMED if b != "references"])
def test_names_by_which_nobody_could_ask_are_refused(block: str, tmp_path: Path) -> None:
    for name, said in WRONG_NAMES.items():
        with pytest.raises(UserError) as error:
            edition(tmp_path, own_toml=f"[{block}.'{name}']\nx = 1\n")
        if name not in getattr(shipped(), block):
            assert re.match(said.replace("BLOCK", block), str(error.value)), error.value


def test_a_covariate_is_called_as_nothing_else_of_the_patient(tmp_path: Path) -> None:
    own = set(Patient.model_fields) - set(shipped().covariates)
    for name in sorted({*own, "own_claim", "cl"}):
        with pytest.raises(UserError, match=rf"own.toml: covariates.{name}: .*choose another"):
            edition(tmp_path, own_toml=f"[covariates.{name}]\ntitle = 'x'\n")


def test_all_shipped_names_could_be_those_of_an_extension() -> None:
    for block in NAMED:
        for name in getattr(shipped(), block):
            if name not in RESERVED:
                check_new_name(f"x.toml: {block}", name)


def test_what_an_extension_prints_is_in_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edition(tmp_path, own_py=f"{OWN}\nprint('hello')\n# {tmp_path}\n")
    found = capsys.readouterr()
    assert (found.out, found.err) == ("", "hello\n")


def test_two_extensions_cannot_set_one_parameter(tmp_path: Path) -> None:
    text = "[parameters.cl]\nvalue = 1.0\ngrade = 'assumed'\n"
    with pytest.raises(UserError, match=r"two.toml: parameters.cl: one.toml sets it"):
        edition(tmp_path, one_toml=text, two_toml=text)


def test_two_extensions_cannot_replace_one_equation(tmp_path: Path) -> None:
    other = OWN.replace('"own"', '"other"').replace("own_", "other_").replace("_own", "_other")
    said = r"one.py, two.py: the equation of 'nk_activity' is replaced twice: in own, other"
    with pytest.raises(UserError, match=said):
        edition(tmp_path, one_py=OWN, two_py=other)


def test_the_same_said_twice_is_no_contradiction(tmp_path: Path) -> None:
    reference = "[references.own2026]\nseen = 'abstract'\nfinding = 'x'\n"
    made = edition(tmp_path, one_toml=reference, two_toml=reference)
    assert made.references["own2026"].finding == "x"


NAMES = {
    "missing": (["onw.py"], "extension 'onw.py': there is no file .*; did you mean 'own.py'"),
    "the study itself": (["studi.toml"], r"'studi.toml': there is no file (?!.*study\.toml)"),
    "twice": (["own.py", "own.py"], "extension 'own.py' is listed twice"),
    "text": ("own.py", "extend = 'own.py': expected a list"),
    "number": ([3], r"extend = \[3\]: expected a list"),
    "ending": (["own.txt"], "extension 'own.txt': expected a file that ends in .py or .toml"),
    "folder": (["sub/own"], "extension 'sub/own': expected a file that ends in .py or .toml"),
    "empty": ([""], "extension '': expected a file"),
    "entry point": (["own"], "extension 'own': no installed package has an entry point"),
    "a folder": (["folder.py"], "extension 'folder.py': cannot be read"),
    "binary": (["bytes.toml"], "extension 'bytes.toml': not a text file in UTF-8"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_that_are_none(kind: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "study.toml").write_text('[model]\nextend = ["studi.toml"]\n')
    names, said = NAMES[kind]
    with pytest.raises(UserError, match=said):
        extended(names, tmp_path)  # type: ignore[arg-type]
