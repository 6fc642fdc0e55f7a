"""Every way a study file is commonly broken gives one line that names the key and the remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ldnsim.config.study import StudyConfig
from ldnsim.errors import UserError

GOOD = 'regimen = "4.5 mg nightly at 22:00, for 12 wk"\n'
AXIS = '[[axes]]\nname = "dose"\nfield = "regimen.target"\n'

BROKEN = {
    "unknown key": (GOOD + 'titel = "x"', ["titel", "'title'"]),
    "unknown key in a block": (GOOD + "[output]\nevrey = '1 h'", ["output.evrey", "'every'"]),
    "unknown key in a list": (GOOD + AXIS + "vlaues = ['1 mg']", ["axes[1].vlaues", "'values'"]),
    "no regimen": ('title = "x"', ["regimen", "4.5 mg nightly"]),
    "both regimen and list": (GOOD + '[[regimens]]\nprescription = "placebo"', ["[[regimens]]"]),
    "dose in hours": ('regimen = "4.5 h nightly, for 12 wk"', ["4.5 h", "mass"]),
    "axis dose in hours": (GOOD + AXIS + "values = ['3 h']", ["axes[1]", "3 h", "mass"]),
    "dose without unit": (GOOD + AXIS + "values = [3]", ["axis 'dose'", "no unit", "'3 mg'"]),
    "time in mg": (GOOD + "[output]\nevery = '3 mg'", ["output.every", "3 mg", "time"]),
    "time without unit": (GOOD + "[output]\nevery = 3", ["output.every", "no unit", "'3 d'"]),
    "unquoted quantity": ("horizon = 26 wk", ["line 1", "quotes"]),
    "unknown hypothesis": (GOOD + 'hypothesis = "dual_pathwy"', ["hypothesis", "'dual_pathway'"]),
    "unknown parameter": (
        GOOD + "[patient.parameters]\ndriverr = 0.2",
        ["patient.parameters", "'driverr'", "'driver'"],
    ),
    "unknown axis field": (
        GOOD + '[[axes]]\nname = "k"\nfield = "parameters.drivr"\nvalues = [1]',
        ["axes[1]", "parameters.drivr", "'parameters.driver'"],
    ),
    "unknown variable": (GOOD + '[output]\nvariables = ["tnff"]', ["output.variables", "'tnf'"]),
    "unknown summary": (
        GOOD + '[output]\nsummaries = ["pain_chnge"]',
        ["output.summaries", "'pain_change'"],
    ),
    "unknown protocol": ('regimen = "standrd"', ["standrd", "'standard'"]),
    "two sources of values": (
        GOOD + AXIS + "values = ['1 mg']\nlinspace = ['1 mg', '2 mg', 3]",
        ["axes[1]", "exactly one of values, linspace, logspace"],
    ),
    "log of zero": (GOOD + AXIS + "logspace = ['0 mg', '5 mg', 4]", ["above zero", "include"]),
    "value twice": (GOOD + AXIS + "values = ['1 mg', '1000 ug']", ["listed twice", "remove one"]),
    "axis name taken": (
        GOOD + '[[axes]]\nname = "pain"\nfield = "regimen.target"\nvalues = ["1 mg"]',
        ["axes[1].name", "'pain'", "choose another"],
    ),
    "axes of one name": (
        GOOD + (AXIS + "values = ['1 mg']\n") * 2,
        ["2 axes are called 'dose'", "its own name"],
    ),
    "zip of different lengths": (
        'zip = [["dose", "subject"]]\n' + GOOD + AXIS + "values = ['1 mg', '2 mg']\n"
        '[[axes]]\nname = "subject"\nfield = "subject"\nvalues = [0, 1, 2]',
        ["zip", "dose has 2, subject has 3"],
    ),
    "zip of an unknown axis": (
        'zip = [["dose", "intervl"]]\n' + GOOD + AXIS + "values = ['1 mg']",
        ["zip", "intervl"],
    ),
    "parameter set and swept": (
        GOOD + '[patient.parameters]\ndriver = 0.2\n[[axes]]\nname = "d"\n'
        'field = "parameters.driver"\nvalues = [0.1]',
        ["axes[1].field", "driver = 0.2", "remove one"],
    ),
    "change after the end": (
        GOOD + 'horizon = "4 wk"\n[[changes]]\nat = "8 wk"\nparameter = "driver"\nvalue = 0.1',
        ["changes[1].at", "horizon"],
    ),
    "value and factor": (
        GOOD + '[[changes]]\nat = "1 wk"\nparameter = "driver"\nvalue = 0.1\nfactor = 2.0',
        ["changes[1]", "either value or factor"],
    ),
    "block of ten": (GOOD + "[solver]\nblock = 10", ["solver", "block = 10", "16"]),
    "adjunct stops early": (
        GOOD + '[[modifiers.adjuncts]]\nname = "alpha_lipoic_acid"\nstart = "4 wk"\nstop = "2 wk"',
        ["modifiers.adjuncts[1]", "not after its start"],
    ),
    "unknown adjunct": (
        GOOD + '[modifiers]\nadjuncts = ["alpha_lipoic_acd"]',
        ["modifiers.adjuncts[1]", "'alpha_lipoic_acid'"],
    ),
    "wrong basin": (GOOD + '[patient]\nbasin = "inflammed"', ["patient.basin", "'inflamed'"]),
    "number as text": (GOOD + '[solver]\nrtol = "small"', ["solver.rtol", "a number"]),
    "share above one": (
        GOOD + "[adherence]\np_missed = 1.5",
        ["adherence.p_missed = 1.5", "less than or equal to 1"],
    ),
}


TAKEN = (
    "status", "steps", "tnf_change", "baseline_pain", "night_pain", "ledger_row", "ledger_phase",
    "prescribed_dose", "time", "day", "night_time", "night_start", "hours_blocked", "tlr4_trif",
)  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_an_axis_named_like_a_result_is_refused(name: str) -> None:
    text = GOOD + AXIS.replace('"dose"', f'"{name}"') + "values = ['1 mg']"
    with pytest.raises(UserError, match=rf"axes\[1\]\.name = '{name}'.*choose another"):
        StudyConfig.loads(text)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_names_file_key_and_remedy(name: str) -> None:
    text, expected = BROKEN[name]
    with pytest.raises(UserError) as caught:
        StudyConfig.loads(text, "my.toml")
    message = str(caught.value)
    assert all(line.startswith("my.toml") for line in message.splitlines()), message
    for part in expected:
        assert part in message, message
    assert "validation error" not in message and "pydantic" not in message


def test_all_mistakes_are_shown_at_once() -> None:
    with pytest.raises(UserError) as caught:
        StudyConfig.loads(GOOD + "[solver]\nblock = 7\n[output]\nevery = 3\nnigth = 1", "x.toml")
    assert len(str(caught.value).splitlines()) == 3


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(GOOD)
    with pytest.raises(UserError, match=r"did you mean 'study\.toml'"):
        StudyConfig.load(tmp_path / "stdy.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('modifiers.adjuncts = ["ketotifen", "ketotifen"]', "'ketotifen' is listed 2 times"),
        (
            'modifiers.adjuncts = ["ketosis"]\n'
            'axes = [{ name = "with", field = "modifiers", values = ["none", "ketotifen"] }]',
            "put them into the values of the axis",
        ),
    ],
)
def test_adjuncts_neither_count_twice_nor_vanish(text: str, said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        StudyConfig.loads(f'regimen = "4.5 mg nightly for 4 wk"\n{text}')


def test_an_adjunct_may_be_taken_again_later() -> None:
    study = StudyConfig.loads(
        'regimen = "4.5 mg nightly for 12 wk"\nmodifiers.adjuncts = ['
        '{ name = "ketotifen", stop = "2 wk" },'
        '{ name = "ketotifen", start = "4 wk", stop = "6 wk" }]'
    )
    assert [a.start for a in study.modifiers.adjuncts] == [0.0, 672.0]
