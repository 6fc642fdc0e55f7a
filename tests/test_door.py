"""Wrong kinds of arguments at the Python door: told as a mistake of the user, never taken."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ldnsim
from ldnsim.analysis.trial import simulated as trial
from ldnsim.regimen import Adherence, Phase, Regimen, event_table

STUDY = ldnsim.Study(
    title="door", regimen="4.5 mg nightly for 2 d", horizon="2 d", output={"ledger": False}
)
REGIMEN = Regimen.parse("4.5 mg nightly for 2 d")
ODD: tuple[Any, ...] = (
    3, -1, 2.5, True, b"x", [], [1], {}, {1: 2}, {"a": 1}, object(), np.nan, datetime.time(22),
    "", "zz", ("a", 1), float("inf"), {"x"}, ldnsim, 10**400,
)  # fmt: skip
"""Values that no argument below takes, or that it takes for what they are."""
TAKES: dict[str, Callable[[Any], object]] = {
    "Regimen": lambda v: ldnsim.Regimen(phases=v),
    "Regimen.parse": lambda v: Regimen.parse(v),
    "Regimen start_day": lambda v: ldnsim.Regimen(phases=["4.5 mg Mon for 7 d"], start_day=v),
    "with_field": lambda v: REGIMEN.with_field(v, 1),
    "with_field value": lambda v: REGIMEN.with_field("target", v),
    "with_fields": lambda v: REGIMEN.with_fields(v),
    "ledger": lambda v: REGIMEN.ledger(v),
    "ledger subject": lambda v: REGIMEN.ledger(Adherence(), v),
    "Phase": lambda v: Phase(start=v),
    "Adherence": lambda v: Adherence(p_missed=v),
    "Adherence seed": lambda v: Adherence(seed=v),
    "Study": lambda v: ldnsim.Study(regimen=v),
    "Study seed": lambda v: ldnsim.Study(regimen="4.5 mg", seed=v),
    "load": lambda v: ldnsim.load(v),
    "open_store": lambda v: ldnsim.open_store(v),
    "open_store verify": lambda v: ldnsim.open_store("zz.zarr", verify=v),
    "simulate": lambda v: ldnsim.simulate(v, threads=-1),
    "simulate hypothesis": lambda v: ldnsim.simulate("4.5 mg", hypothesis=v, threads=-1),
    "simulate parameters": lambda v: ldnsim.simulate("4.5 mg", parameters=v, threads=-1),
    "simulate patient": lambda v: ldnsim.simulate("4.5 mg", patient=v, threads=-1),
    "simulate output": lambda v: ldnsim.simulate("4.5 mg", output=v, threads=-1),
    "export.sbml": lambda v: ldnsim.export.sbml(v),
    "export.antimony": lambda v: ldnsim.export.antimony(v),
    "trial.reported": lambda v: trial.reported(v),
    "trial.arms": lambda v: trial.arms(v),
    "trial.outcomes": lambda v: trial.outcomes(v),
    "trial.repeated": lambda v: trial.repeated(v, 2),
    "write_csv": lambda v: event_table.write_csv("zz/doses.csv", v),
    "write_csv path": lambda v: event_table.write_csv(v, REGIMEN),
    "read_csv": lambda v: event_table.read_csv(v),
}


def told(value: object) -> str:
    """Name a value for a test's id: the same in every process, so without an address."""
    return (
        type(value).__name__ if type(value) is object else f"{type(value).__name__} {value!r}"[:30]
    )


@pytest.mark.parametrize("value", ODD, ids=told)
@pytest.mark.parametrize("where", TAKES)
def test_odd_arguments_are_mistakes_of_the_user(
    where: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is given, it is taken or told: no other exception comes out."""
    monkeypatch.chdir(tmp_path)
    try:
        TAKES[where](value)
    except ldnsim.UserError as error:
        assert str(error)
        assert "Value error" not in str(error)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [None, *ODD[:-1]], ids=told)
@pytest.mark.parametrize(
    "where", ["load", "open_store", "export.sbml", "with_fields", "trial.reported", "trial.arms"]
)
def test_what_is_none_of_them_is_refused(where: str, value: Any) -> None:
    if where == "with_fields" and value == {}:
        return
    with pytest.raises(ldnsim.UserError):
        TAKES[where](value)


NO_FLAG = ("no", "yes", 1, 0, None, "True", np.bool_(True), [])
RUNS: dict[str, tuple[Any, ...]] = {
    "resume": NO_FLAG,
    "overwrite": NO_FLAG,
    "threads": (0, -1, True, 2.0, "2"),
    "progress": ("no", 1, 0),
    "executor": ("process", 3, None, True),
    "out": (3, True, b"x.zarr", "", [], {}),
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, vs in RUNS.items() for v in vs])
def test_a_run_takes_no_argument_for_another(key: str, value: Any, tmp_path: Path) -> None:
    """``overwrite="no"`` once replaced a result."""
    store = {"out": tmp_path / "s.zarr"} if key in ("resume", "overwrite") else {}
    with pytest.raises(ldnsim.UserError, match=key):
        STUDY.run(**{**store, key: value})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["resume", "overwrite"])
def test_a_run_in_memory_has_nothing_to_go_on_with(key: str) -> None:
    with pytest.raises(ldnsim.UserError, match=f"{key} = True"):
        STUDY.run(**{key: True})


@pytest.mark.parametrize("run", [True, "3", 3.0, -1, 1, np.float64(0)])
def test_the_run_to_export_is_a_whole_number(run: Any) -> None:
    with pytest.raises(ldnsim.UserError, match="run = "):
        ldnsim.export.sbml(STUDY, run)


@pytest.mark.parametrize("subject", [-1, "a", 1.5, True, None])
def test_a_subject_is_a_whole_number(subject: Any) -> None:
    with pytest.raises(ldnsim.UserError, match="subject = "):
        REGIMEN.ledger(Adherence(p_missed=0.5), subject)
    assert len(REGIMEN.ledger(Adherence(p_missed=0.5), np.int64(2))) == 2


def test_habits_are_told_as_those_of_a_study_file() -> None:
    with pytest.raises(ldnsim.UserError, match=r"p_missed = 2\.0: expected a number less than"):
        Adherence(p_missed=2)
    with pytest.raises(ldnsim.UserError, match="p_mised"):
        Adherence(p_mised=0.1)  # type: ignore[call-arg]


def test_a_study_as_a_dictionary_is_sent_to_what_takes_one() -> None:
    with pytest.raises(ldnsim.UserError, match=r"expected a path; .*ldnsim\.Study\.build"):
        ldnsim.load({"regimen": "1 mg nightly"})  # type: ignore[arg-type]


def test_every_public_name_is_looked_at() -> None:
    """A name that is added is added above as well, or is none that takes an argument."""
    tried = {name.partition(" ")[0].partition(".")[0] for name in TAKES}
    without = {"UserError", "__version__", "plots", "protocols", "analysis"}
    assert set(ldnsim.__all__) == without | (tried & set(ldnsim.__all__))
