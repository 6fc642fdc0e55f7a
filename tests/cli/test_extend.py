"""Every command works on an extended model, or takes what names its own."""

from __future__ import annotations

from typer.testing import CliRunner

from tests.cli.walk import commands

RUN = CliRunner()
RX = "1 mg nightly at 22:00, for 3 d"
NAMES_ITS_OWN = {
    "sweep": "study", "discriminate": "study",  # [model] extend of the study
}  # fmt: skip
NEITHER = {
    "demo": "simulates a study of the package",
    "init": "copies a study of the package",
    "templates": "lists the studies of the package",
    "schema": "says what a study may hold, whatever it names",
}
NEEDS = {
    "simulate": [RX], "sensitivity": [RX], "export sbml": [RX], "export antimony": [RX],
    "trial": ["one.zarr"], "compare": ["one.zarr", "--kind", "phase"], "cite": ["one.zarr"],
}  # fmt: skip


def taking() -> list[str]:
    return [name for name, c in commands() if "--extend" in {o for p in c.params for o in p.opts}]


def test_every_command_takes_extensions_or_a_study_that_names_its_own() -> None:
    every = dict(commands())
    assert {*NAMES_ITS_OWN, *NEITHER}.isdisjoint(taking())
    assert {*NAMES_ITS_OWN, *NEITHER, *taking()} == set(every)
    for name, argument in NAMES_ITS_OWN.items():
        assert argument in {p.name for p in every[name].params if p.param_type_name == "argument"}
