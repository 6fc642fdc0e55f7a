"""Whatever the entrance, a quantity is read as written, or refused with the form to write."""

from __future__ import annotations

import types
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from ldnsim.cli.source import assignment
from ldnsim.config import blocks
from ldnsim.config.axis import Axis, Spread
from ldnsim.config.fields import points
from ldnsim.config.population import Population
from ldnsim.config.study import StudyConfig
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.regimen import Adherence
from ldnsim.sweep.study import Study

REGIMEN = "4.5 mg nightly at 22:00, for 12 wk"
GOOD = f'regimen = "{REGIMEN}"\n'


def by_axis(text: str) -> float:
    axis = {"name": "dose", "field": "regimen.target", "values": [text, "9 mg"]}
    study = StudyConfig.build({"regimen": REGIMEN, "axes": [axis]})
    return float(points(study.axes[0], shipped()).coordinate[0])


def by_spread(text: str) -> float:
    axis = {"name": "dose", "field": "regimen.target", "linspace": [text, "9 mg", 2]}
    study = StudyConfig.build({"regimen": REGIMEN, "axes": [axis]})
    return float(points(study.axes[0], shipped()).coordinate[0])


def by_include(text: str) -> float:
    axis = {
        "name": "dose", "field": "regimen.target", "linspace": ["9 mg", "10 mg", 2],
        "include": [text],
    }  # fmt: skip
    study = StudyConfig.build({"regimen": REGIMEN, "axes": [axis]})
    return float(min(points(study.axes[0], shipped()).coordinate))


def by_field(text: str) -> float:
    entry = {"prescription": REGIMEN, "target": text}
    regimen = StudyConfig.build({"regimen": entry}).regimen
    assert regimen is not None
    return float(regimen.phases[0].target or 0.0)


def by_toml(text: str) -> float:
    study = StudyConfig.loads(f'[regimen]\nprescription = "{REGIMEN}"\ntarget = "{text}"\n')
    assert study.regimen is not None
    return float(study.regimen.phases[0].target or 0.0)


def by_python(text: str) -> float:
    study = Study(regimen={"prescription": REGIMEN, "target": text})
    assert study.regimen is not None
    return float(study.regimen.phases[0].target or 0.0)


DOSE_ENTRANCES = [by_axis, by_spread, by_include, by_field, by_toml, by_python]


@pytest.mark.parametrize("entrance", DOSE_ENTRANCES)
@pytest.mark.parametrize(
    ("text", "mg"),
    [
        (".5 mg", 0.5), (".75mg", 0.75), ("500 mcg", 0.5), ("500 µg", 0.5), ("500 μg", 0.5),
        ("5e5 ng", 0.5), ("5e\N{MINUS SIGN}1 mg", 0.5), ("0.005 g", 5.0), ("+2 mg", 2.0),
        ("2.\u00a0mg", 2.0), ("4.5 MG", 4.5), ("3 milligrams", 3.0),
    ],
)  # fmt: skip
def test_a_dose_is_read_as_written(entrance: Callable[[str], float], text: str, mg: float) -> None:
    assert entrance(text) == mg


@pytest.mark.parametrize("entrance", DOSE_ENTRANCES)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,5 mg", "write '1.5 mg'"), ("4,5 mg", "write '4.5 mg'"), ("4.5 gr", "ng, ug (mcg), mg"),
        ("4.5 ct", "ng, ug (mcg), mg"), ("1e99999999 mg", "exponent"), ("9**9**9 mg", "cannot be"),
        ("1_0 mg", "cannot be read"), ("inf mg", "no number"), ("nan mg", "no number"),
        ("4.5 h", "got a time"), ("4.5", "no unit"), ("1-2 mg", "range"), ("", "no number"),
        ("9" * 50 + " mg", "40"), ("__import__('os') mg", "number"), ("1/2 mg", "point"),
    ],
)  # fmt: skip
def test_a_dose_that_cannot_be_meant_is_refused(
    entrance: Callable[[str], float], text: str, said: str
) -> None:
    with pytest.raises(UserError) as caught:
        entrance(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500


def horizon(text: str) -> None:
    StudyConfig.loads(f'{GOOD}horizon = "{text}"')


def every(text: str) -> None:
    StudyConfig.loads(f'{GOOD}output.every = "{text}"')


def change(text: str) -> None:
    StudyConfig.loads(f'{GOOD}changes = [{{at = "{text}", parameter = "driver", factor = 2}}]')


def adjunct(text: str) -> None:
    StudyConfig.loads(f'{GOOD}modifiers.adjuncts = [{{name = "ketosis", stop = "{text}"}}]')


def duration(text: str) -> None:
    StudyConfig.loads(f'regimen = {{prescription = "{REGIMEN}", duration = "{text}"}}')


def swept(text: str) -> None:
    axis = {"name": "a", "field": "regimen.duration", "values": [text]}
    StudyConfig.build({"regimen": REGIMEN, "axes": [axis]})


@pytest.mark.parametrize("entrance", [horizon, every, change, adjunct, duration, swept])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 year", "'52 wk' or '365 d'"), ("1 century", "d, wk (7 d), mo (30 d)"),
        ("1,5 wk", "write '1.5 wk'"), ("9**9**9 h", "cannot be read"), ("1e-320 h", "exponent"),
        ("1e-9 h", "min"), ("3 mg", "got a mass"), ("26", "no unit"),
        ("\N{MINUS SIGN}3 d", "min"), ("3 m", "min for minutes"),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_meant_is_refused(
    entrance: Callable[[str], None], text: str, said: str
) -> None:
    with pytest.raises(UserError) as caught:
        entrance(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hours"), [("12 wk", 2016.0), ("3 mo", 2160.0), ("1.5e3 h", 1500.0), (".5 wk", 84.0)]
)
def test_a_time_is_read_as_written(text: str, hours: float) -> None:
    assert StudyConfig.loads(f'{GOOD}horizon = "{text}"').horizon == hours


@pytest.mark.parametrize(
    "text", ["cl=1,5", "cl=nan", "cl=inf", "cl=1_0", "cl", "=3", "cl=", "cl=true", "cl=1e400"]
)
def test_a_setting_of_the_command_line_is_a_number(text: str) -> None:
    with pytest.raises(UserError, match="--set"):
        assignment(text)


def test_settings_are_read_by_the_one_reader() -> None:
    assert assignment(" cl = \N{MINUS SIGN}.5e1 ") == ("cl", -5.0)
    assert assignment("cl=1500 mL/min") == ("cl", 90.0)
    with pytest.raises(UserError, match="--set cl = '90 mg': expected a clearance"):
        assignment("cl=90 mg")


# every field of numbers, whole numbers and truth values, in every block
NEEDED: dict[type[BaseModel], dict[str, Any]] = {
    StudyConfig: {"regimen": REGIMEN},
    blocks.Patient: {},
    blocks.Modifiers: {},
    blocks.Change: {"at": "1 d", "parameter": "driver"},
    blocks.Output: {},
    blocks.Solver: {},
    Population: {"size": 8},
    Spread: {"start": 1.0, "stop": 2.0, "num": 3},
    Axis: {"name": "a", "field": "subject", "linspace": [0, 4, 5]},
    Adherence: {},
}


def kinds(annotation: Any) -> set[type]:
    if get_origin(annotation) in (Union, types.UnionType):
        return {k for arg in get_args(annotation) for k in kinds(arg)}
    if get_origin(annotation) is Annotated:
        return kinds(get_args(annotation)[0])
    return {annotation} & {float, int, bool} if isinstance(annotation, type) else set()


def plain_fields() -> list[tuple[type[BaseModel], str, set[type]]]:
    found = []
    for model in NEEDED:
        for name, field in model.model_fields.items():
            of_time = "hours" in f"{field.metadata} {field.annotation}"
            if (kind := kinds(field.annotation)) and not of_time:
                found.append((model, name, kind))
    return found


@pytest.mark.parametrize(
    ("model", "name", "kind"), plain_fields(), ids=lambda v: getattr(v, "__name__", str(v))
)
def test_no_field_takes_one_kind_of_value_for_another(
    model: type[BaseModel], name: str, kind: set[type]
) -> None:
    wrong: list[object] = ["yes", "1.0", [1], {}] if str not in kind else []
    wrong += [1, 0, "true"] if kind == {bool} else [True, float("nan"), float("inf"), 10**5000]
    wrong += [2.5, 2.0] if kind == {int} else []
    if (model, name) in ((Spread, "start"), (Spread, "stop")):
        wrong = [True, float("nan"), [1]]  # text is a quantity there
    for value in wrong:
        with pytest.raises((UserError, ValidationError)) as caught:
            model(**{**NEEDED[model], name: value})
        assert name in str(caught.value) or model is Spread


def test_the_list_of_plain_fields_is_not_empty() -> None:
    names = {(m.__name__, n) for m, n, _ in plain_fields()}
    assert {("Solver", "rtol"), ("Output", "ledger"), ("StudyConfig", "seed")} <= names
    assert {("Population", "size"), ("Adherence", "p_missed"), ("Axis", "digits")} <= names


@pytest.mark.parametrize("value", ["true", '"1"', "nan", "inf", "[1]", "1e400", "1e-320"])
@pytest.mark.parametrize(
    "key", ["patient.parameters.cl", "patient.functional_capacity", "adherence.p_missed",
            "modifiers.stress", "solver.rtol"],
)  # fmt: skip
def test_parameters_are_numbers(key: str, value: str) -> None:
    with pytest.raises(UserError, match=key):
        StudyConfig.loads(f"{GOOD}{key} = {value}")


def test_numbers_of_numpy_are_numbers() -> None:
    study = Study(
        regimen=REGIMEN,
        seed=np.int64(3),
        patient={"parameters": {"cl": np.float32(90.0)}},
        axes=[{"name": "who", "field": "subject", "values": np.arange(3)}],
    )
    assert (study.seed, study.patient.parameters["cl"]) == (3, 90.0)
    assert points(study.axes[0], shipped()).apply == (0, 1, 2)
    assert StudyConfig.loads(study.resolved()) == StudyConfig.loads(study.resolved())


@pytest.mark.parametrize("made", [Study, StudyConfig])
def test_a_study_made_in_python_fails_as_one_built(made: type[StudyConfig]) -> None:
    wrong: dict[str, Any] = {"regimen": REGIMEN, "titel": "x", "output": {"every": 3, "nigth": 1}}
    with pytest.raises(UserError) as built:
        made.build(wrong)
    with pytest.raises(UserError) as direct:
        made(**wrong)
    assert str(direct.value) == str(built.value)
    with pytest.raises(UserError, match="output: every = 3 has no unit"):
        blocks.Output(every=3)  # type: ignore[arg-type]


digits = st.from_regex(
    r"(?:[0-9]{1,4}(?:\.[0-9]{0,4})?|\.[0-9]{1,4})(?:[eE][+-]?[0-3])?", fullmatch=True
)
MG = {"ng": "1e-6", "ug": "1e-3", "mcg": "1e-3", "µg": "1e-3", "mg": "1", "Mg": "1", "g": "1e3"}


@settings(deadline=None)
@given(digits, st.sampled_from(["", " ", "  ", "\u00a0"]), st.sampled_from(sorted(MG)))
def test_a_human_spelling_is_read_to_its_decimal_value_or_refused(
    number: str, space: str, unit: str
) -> None:
    mg = Decimal(number) * Decimal(MG[unit])
    text = f"{number}{space}{unit}"
    readable = 0 < mg <= 1000 and mg != Decimal(9)  # 9 mg is the other value of the axis
    for entrance in (by_axis, by_field):
        try:
            found = entrance(text)
        except UserError:
            assert not readable
        else:
            assert found == float(mg)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert StudyConfig.load(file) == StudyConfig.loads(GOOD)
    assert StudyConfig.loads("\ufeff" + GOOD) == StudyConfig.loads(GOOD)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = " + "[" * 2000 + "]" * 2000, "nested"),
        ("x = " + "{a = " * 2000 + "1" + "}" * 2000, "nested"),
        ("x = " + "[" * 50 + "]" * 50, "nested over 30 deep"),
        ("[" + ".".join("a" * 2000) + "]", "more than 30 parts"),
        ("seed = " + "9" * 5000, "thousands of digits"),
        ("seed = 0x" + "f" * 5000, "seed: a whole number of over 64 bits"),
        ("seed = " + "9" * 30, "over 64 bits"),
        ('title = "a\\u0000b"', "NUL"),
        ("title = 'a\0b'", "not valid TOML"),
        ("#" * 3_000_000, "at most 2,000,000"),
        ("\n".join(f"k{i} = 1" for i in range(1000)), "and 980 more mistakes"),
        ("a" * 1_000_000, "not valid TOML"),
    ],
)
def test_text_that_is_no_study_gives_a_message(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        StudyConfig.loads(GOOD + text, "x.toml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("x.toml") and len(str(caught.value)) < 20_000


def test_a_folder_or_a_file_that_is_no_text_gives_a_message(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(GOOD.encode("utf-16"))
    for path in (tmp_path, tmp_path / "x.toml", tmp_path / "nul\0.toml"):
        with pytest.raises(UserError, match=r"expected|does not exist"):
            StudyConfig.load(path)
