"""An edition is known by its content: the same object, fingerprint and kernels for the same."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import ldnsim
from ldnsim.edition import Edition, extended, of_record, of_sources, shipped
from ldnsim.edition.tables import BLOCKS, NAMED
from ldnsim.engine.generate.kernels import kernel_key
from ldnsim.errors import UserError
from ldnsim.mechanisms import MECHANISMS
from ldnsim.model import assemble, default_model
from ldnsim.results.provenance import identity
from ldnsim.sweep.execute import manifest_of
from tests.edition.files import DATA, OWN, edition, written


def both(folder: Path) -> Edition:
    return edition(folder, own_py=OWN, own_toml=DATA)


def test_no_names_are_the_shipped_edition() -> None:
    assert extended([]) is shipped() and shipped().extensions == ()


def test_the_same_contents_are_the_same_edition(tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    here.mkdir()
    there.mkdir()
    assert both(here) is both(there)
    assert both(here) is not extended(["own.toml", "own.py"], here), "the order is theirs"


def test_every_block_is_read_into_its_place(tmp_path: Path) -> None:
    made, plain = both(tmp_path), shipped()
    assert set(BLOCKS) == {*NAMED, "parameters"}
    for name in (n for n in NAMED if n not in ("references", "covariates")):
        added = set(getattr(made, name)) - set(getattr(plain, name))
        assert added == {"own_start" if name == "protocols" else "own"}, name
    t_own = made.model.parameters["t_own"]
    assert (t_own.value, t_own.source, t_own.grade) == (24.0, ("own2026",), "in vitro")
    assert made.claims == plain.claims and made.fit_groups == plain.fit_groups
    assert next(iter(made.hypotheses)) == "dual_pathway", "the default stays first"


def test_what_is_replaced_keeps_its_words_and_its_place(tmp_path: Path) -> None:
    made, plain = both(tmp_path).model, shipped().model
    new, old = made.states["nk_activity"], plain.states["nk_activity"]
    assert new.replaced_by == "own" and new.arguments[-2:] == ("own_state", "coupling_own")
    same = {"formula": old.formula, "arguments": old.arguments, "replaced_by": ""}
    assert replace(new, **same) == old
    assert list(made.states)[:-1] == list(plain.states)
    rates = made.rates(5.0, made.start(True), made.defaults())
    assert np.array_equal(rates[:-1], plain.rates(5.0, plain.start(True), plain.defaults()))


CHANGES = {
    "a comment": ("SIZE = 2.0", "SIZE = 2.0  # twice", True),
    "a word on an axis": ('"fold of healthy"', '"times healthy"', True),
    "a default": ('"t_own", 10.0', '"t_own", 11.0', True),
    "an equation": ("own_signal - own_state", "own_signal - 2.0 * own_state", False),
    "an equation that replaces": ("* own_state / t_nk", "* 2.0 * own_state / t_nk", False),
    "a number": ("SIZE = 2.0", "SIZE = 3.0", False),
    "a function used": ("SIZE * x", "SIZE + x", False),
    "a name": ("own_signal", "own_sign", False),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_kernels_follow_the_equations_and_nothing_else(kind: str, tmp_path: Path) -> None:
    old, new, same = CHANGES[kind]
    assert old in OWN
    first = edition(tmp_path, own_py=OWN)
    second = edition(tmp_path, own_py=OWN.replace(old, new))
    assert first is not second and first.extensions[0].sha256 != second.extensions[0].sha256
    assert (first.model.fingerprint == second.model.fingerprint) is same
    assert (kernel_key(first.model) == kernel_key(second.model)) is same
    assert shipped().model.fingerprint not in (first.model.fingerprint, second.model.fingerprint)


def test_an_edition_travels_as_its_texts(tmp_path: Path) -> None:
    made = both(tmp_path)
    sent = pickle.dumps(made)
    assert pickle.loads(sent) is made
    (tmp_path / "sent").write_bytes(sent)
    for name in ("own.py", "own.toml"):
        (tmp_path / name).unlink()  # the texts are in what was sent
    code = (
        "import pickle, sys; e = pickle.load(open('sent', 'rb')); m = e.model;"
        "print(m.fingerprint, *(x.sha256 for x in e.extensions));"
        "print(m.rates(5.0, m.start(True), m.defaults())[-1].hex())"
    )
    there = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.split()
    rate = made.model.rates(5.0, made.model.start(True), made.model.defaults())[-1]
    told = [made.model.fingerprint, *(e.sha256 for e in made.extensions), float(rate).hex()]
    assert there == told


def test_a_file_that_changes_later_changes_nothing_that_was_read(tmp_path: Path) -> None:
    made = both(tmp_path)
    written(tmp_path, own_py=OWN.replace("SIZE = 2.0", "SIZE = 5.0"))
    assert "SIZE * x" in made.extensions[0].source.code
    again = of_sources(tuple(e.source for e in made.extensions))
    assert again is made and extended(["own.py", "own.toml"], tmp_path) is not made


def made_by_hand() -> Edition:
    model = shipped().model
    other = replace(model.parameters["cl"], value=2.0 * model.parameters["cl"].value)
    return Edition(replace(model, parameters={**model.parameters, "cl": other}))


def test_a_copy_is_the_edition_itself(tmp_path: Path) -> None:
    for made in (both(tmp_path), made_by_hand(), shipped()):
        assert copy.deepcopy(made) is made and copy.copy(made) is made


def test_one_made_by_hand_is_not_sent_as_the_shipped_one() -> None:
    with pytest.raises(UserError, match="made by hand: its model is not that of its extensions"):
        pickle.dumps(made_by_hand())
    assert pickle.loads(pickle.dumps(Edition(shipped().model))) is shipped()


def test_numbers_tell_models_of_the_same_equations_apart(tmp_path: Path) -> None:
    plain, hand = shipped().model, made_by_hand().model
    assert plain.fingerprint == hand.fingerprint and plain.numbers != hand.numbers
    own = edition(tmp_path, own_py=OWN).model.numbers
    for old, new in (("high=1.0", "high=2.0"), ("start=2.0", "start=3.0"), ('"h",', '"d",')):
        assert old in OWN
        assert edition(tmp_path, own_py=OWN.replace(old, new)).model.numbers != own
    assert edition(tmp_path, own_py=OWN + "# a remark\n").model.numbers == own


def test_blocks_of_a_model_with_other_numbers_are_not_gone_on_with() -> None:
    with made_by_hand().in_force():
        hand = ldnsim.Study(regimen="1 mg nightly")
    one, two = (manifest_of(s.plan()) for s in (hand, ldnsim.Study(regimen="1 mg nightly")))
    assert {k for k in one if one[k] != two[k]} == {"numbers"}


def test_a_result_of_the_same_texts_and_other_numbers_is_refused(tmp_path: Path) -> None:
    made = both(tmp_path)
    listed = [e.record() for e in made.extensions]
    told = {"model": made.model.fingerprint, "numbers": made.model.numbers}
    assert of_record(listed, made, told) is made and of_record(listed, made, {}) is made
    with pytest.raises(UserError, match=r"its defaults, bounds or starts were others .numbers x"):
        of_record(listed, made, told | {"numbers": "x"})
    with pytest.raises(UserError, match=r"its equations were others .model y"):
        of_record(listed, made, told | {"model": "y"})


def test_the_path_of_a_machine_is_not_kept(tmp_path: Path) -> None:
    both(tmp_path)
    (tmp_path / "sub").mkdir()
    both(tmp_path / "sub")
    absolute = str(tmp_path / "own.py")
    made = extended([absolute, str(tmp_path / "own.toml")])
    assert made is both(tmp_path) and [e.name for e in made.extensions] == ["own.py", "own.toml"]
    assert extended(["sub/own.py"], tmp_path).extensions[0].name == "sub/own.py"
    with pytest.raises(UserError, match=r"are both kept as .own.py. in results; rename one"):
        extended([absolute, "own.py"], tmp_path)
    study = ldnsim.Study(model={"extend": [absolute]}, regimen="1 mg nightly")
    assert str(tmp_path) not in identity(study) and absolute in study.resolved()
    with study.edition.in_force():
        assert ldnsim.Study.loads(identity(study)).edition is study.edition
        assert ldnsim.Study.loads(study.resolved()) == study


def test_a_file_reads_its_own_extensions_whatever_is_in_force(tmp_path: Path) -> None:
    text = "[parameters.cl]\nvalue = {}\ngrade = 'assumed'\n"
    for name, value in (("a", 100.0), ("b", 200.0)):
        (tmp_path / name).mkdir()
        written(tmp_path / name, own_toml=text.format(value))
        (tmp_path / name / "s.toml").write_text(
            'regimen = "1 mg nightly"\n[model]\nextend = ["own.toml"]\n'
        )
    first = ldnsim.load(tmp_path / "a" / "s.toml")
    with first.edition.in_force():
        second = ldnsim.load(tmp_path / "b" / "s.toml")
        assert ldnsim.load(tmp_path / "a" / "s.toml").edition is first.edition
        assert ldnsim.Study.loads(first.resolved()).edition is first.edition
    assert second.edition.model.parameters["cl"].value == 200.0


MEDDLES = """
from ldnsim.mechanisms import immunity
from ldnsim.mechanisms.record import Mechanism
M = Mechanism("own", "Own")
shipped = immunity.M
shipped.parameter("meddled", 1.0, "1", "x")
for i in range(300_000):
    pass
"""


def test_the_shipped_model_is_whole_while_a_text_meddles_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ldnsim.model._default_model", lambda: assemble(MECHANISMS))
    written(tmp_path, own_py=MEDDLES)
    seen: list[bool] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append("meddled" in default_model().parameters)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for i in range(5):
            (tmp_path / "own.py").write_text(MEDDLES + f"# {i}\n")
            with pytest.raises(UserError, match="adds to the mechanism 'immunity'"):
                extended(["own.py"], tmp_path)
    finally:
        done.set()
        watcher.join()
    assert seen and not any(seen)


def test_an_entry_point_is_a_module_with_tables_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "ldnsim_own"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "model.py").write_text(OWN + '\nDATA = "own.toml"\n')
    (package / "own.toml").write_text(DATA)
    monkeypatch.syspath_prepend(tmp_path)
    points = metadata.EntryPoints(
        [metadata.EntryPoint("own", "ldnsim_own.model", "ldnsim.extensions")]
    )
    monkeypatch.setattr(metadata, "entry_points", lambda **by: points.select(**by))
    made = extended(["own"])
    assert made.extensions[0].kind == "package" and "own" in made.hypotheses
    assert "own_state" in made.model.states and "ldnsim_own.model" not in sys.modules
    with pytest.raises(UserError, match=r"group ldnsim.extensions; did you mean 'own'"):
        extended(["owm"])
    (package / "model.py").write_text(OWN + "\nDATA = [n for n in ()]\n")
    with pytest.raises(UserError, match="extension 'own': DATA: expected the name of a TOML file"):
        extended(["own"])


def test_a_study_names_its_extensions(tmp_path: Path) -> None:
    both(tmp_path)
    text = """
hypothesis = "own"

[model]
extend = ["own.py", "own.toml"]

[patient]
phenotype = "own"
parameters = {t_own = "2 d"}

[modifiers]
adjuncts = ["own"]

[[axes]]
name = "rx"
field = "regimen"
values = ["own_start", "standard"]

[[axes]]
name = "switch"
field = "parameters.coupling_own"
values = [0.0, 1.0]

[output]
variables = ["own_state"]
"""
    (tmp_path / "study.toml").write_text(text)
    study = ldnsim.load(tmp_path / "study.toml")
    assert study.edition is both(tmp_path)
    assert study.patient.parameters == {"t_own": 48.0}
    assert [r.regimen.name for r in study.plan().runs][::2] == ["own_start", "standard"]
    with study.edition.in_force():
        assert ldnsim.Study.loads(study.resolved()) == study
    assert pickle.loads(pickle.dumps(study)) == study
    assert study.model_copy(update={"seed": 3}).edition is study.edition


def test_a_study_in_python_names_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both(tmp_path)
    monkeypatch.chdir(tmp_path)
    study = ldnsim.Study(model={"extend": ["own.py", "own.toml"]}, regimen="own_start")
    assert study.edition is both(tmp_path)
    with pytest.raises(UserError, match="protocol 'own_start' is not known"):
        ldnsim.Study(regimen="own_start")


IN_STUDIES = {
    "text": ('extend = "own.py"', "model.extend = 'own.py': expected a list in square brackets"),
    "key": ('extnd = ["own.py"]', "model.extnd = .*: unknown key; did you mean 'extend'"),
    "file": ('extend = ["onw.py"]', "model.extend: extension 'onw.py': there is no file .*own.py"),
    "number": ("extend = [3]", r"model.extend\[1\] = 3: expected text in quotes"),
    "not named": ("", "patient.parameters = 't_own': no such parameter"),
    "broken": ('extend = ["bad.py"]', "model.extend: bad.py, line 1: NameError"),
    "name of a result": (
        'extend = ["own.py", "status.py"]',
        "model.extend: 'status': every result",
    ),
}


@pytest.mark.parametrize("kind", IN_STUDIES)
def test_mistakes_in_the_block_of_a_study(kind: str, tmp_path: Path) -> None:
    line, said = IN_STUDIES[kind]
    taken = "from ldnsim.mechanisms.record import Mechanism\nM = Mechanism('taken', 'Taken')\n"
    taken += "@M.quantity('1', 'x')\ndef status(tnf: float) -> float:\n    return tnf\n"
    written(tmp_path, own_py=OWN, bad_py="x\n", status_py=taken)
    (tmp_path / "s.toml").write_text(
        f'regimen = "1 mg nightly"\n[model]\n{line}\n[patient.parameters]\nt_own = 3.0\n'
    )
    with pytest.raises(UserError, match=f"s.toml: {said}"):
        ldnsim.load(tmp_path / "s.toml")


COVARIATE = """
[covariates.sleep_debt]
title = "Sleep debt"
kind = "choice"
levels = ["none", "heavy"]
evidence = []

[[covariates.sleep_debt.effects]]
target = "t_nk"
factor = { heavy = 2.0 }
grade = "assumed"
note = "guess"
"""


def test_a_covariate_of_ones_own_is_set_and_varied(tmp_path: Path) -> None:
    written(tmp_path, own_toml=COVARIATE)
    whole = {"regimen": "1 mg nightly", "model": {"extend": ["own.toml"]}}
    heavy = {"patient": {"other": {"sleep_debt": "heavy"}}}
    varied = {
        "axes": [{"name": "debt", "field": "patient.sleep_debt", "values": ["none", "heavy"]}]
    }
    one = ldnsim.Study.build({**whole, **heavy}, folder=tmp_path)
    two = ldnsim.Study.build({**whole, **varied}, folder=tmp_path)
    assert one.base_run() == two.plan().runs[1] and one.base_run() != two.plan().runs[0]
    for wrong, said in (
        ({"sleep_debt": "some"}, "patient.sleep_debt = 'some': valid: none, heavy"),
        ({"sleep": "heavy"}, "patient.other.sleep = 'heavy': no covariate; did you mean"),
        ({"smoker": True}, "patient.other.smoker = True: a key of .patient. itself"),
    ):
        with pytest.raises(UserError, match=said):
            ldnsim.Study.build({**whole, "patient": {"other": wrong}}, folder=tmp_path)
    with pytest.raises(UserError, match=r"axes.1..field = 'patient.sleep_debt': .patient. also"):
        ldnsim.Study.build({**whole, **heavy, **varied}, folder=tmp_path)
