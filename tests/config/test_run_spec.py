"""One run in few words is the run that a study makes of the same words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ldnsim.config.run import RunSpec
from ldnsim.edition import extended, shipped
from ldnsim.errors import UserError
from ldnsim.sweep.study import Study

STUDY = """
hypothesis = "tonic"
[patient]
phenotype = "depleted"
basin = "resolved"
parameters = {reserve = 0.2, driver = 0.1}
[regimen]
prescription = "3 mg nightly at 22:00, for 4 wk"
[modifiers]
adjuncts = ["fish_oil"]
exercise = 0.1
stress = 0.2
[[changes]]
at = "1 wk"
parameter = "driver"
value = 0.01
"""


def words(regimen: str = "3 mg nightly at 22:00, for 4 wk") -> RunSpec:
    return RunSpec.of(
        regimen, "tonic", "depleted", basin="resolved", parameters={"reserve": 0.2, "driver": 0.1},
        adjuncts=("fish_oil",), exercise=0.1, stress=0.2, changes=[(168.0, "driver", 0.01)],
    )  # fmt: skip


def test_it_is_the_run_of_the_study() -> None:
    assert words() == Study.loads(STUDY).base_run()


def test_equal_runs_are_one_key_and_others_are_not() -> None:
    same = words("3 mg nightly at 22:00 for 4 wk")
    assert len({words(): 1, same: 2}) == 1
    others = [replace(words(), hypothesis="null"), words().with_value("parameters.reserve", 0.3)]
    assert len({words(), *others, RunSpec.of()}) == 4
    assert replace(others[0], hypothesis="tonic") == words()


def test_names_of_protocols_are_those_of_the_edition(tmp_path: Path) -> None:
    name, usual = next(iter(shipped().protocols.items()))
    assert RunSpec.of(name).regimen == usual
    own = '[protocols.mine]\ntitle = "Mine"\nregimen = "1 mg nightly at 22:00, for 3 d"\n'
    (tmp_path / "own.toml").write_text(own)
    edition = extended(["own.toml"], tmp_path)
    run = RunSpec.of("mine", edition=edition)
    assert run.edition is edition and run.regimen == edition.protocols["mine"]
    with pytest.raises(UserError, match="mine"):
        RunSpec.of("mine")
