"""How long the drug takes to steady state, in models whose kinetics are another's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ldnsim.config.study import StudyConfig
from ldnsim.edition import Edition, shipped
from ldnsim.errors import UserError
from ldnsim.model import Model
from ldnsim.regimen import Recorded
from ldnsim.regimen.steady import lead_hours, slowest_rate
from ldnsim.runs.recordings import settled
from tests.edition.files import edition

HEAD = """from __future__ import annotations
from ldnsim.mechanisms.forms import cos, sqrt
from ldnsim.mechanisms.record import Mechanism
M = Mechanism("own", "Own kinetics")
M.parameter("own_weight", 3.0, "1", "weight", low=1.0)
"""
SLOWER = (
    HEAD
    + """
@M.quantity("1", "constant: how much slower")
def own_pace(own_weight: float) -> float:
    return 1e-4 * sqrt(own_weight - 1.0)

@M.replaces
def gut_slow(gut_slow: float, k_slow_release: float, own_pace: float) -> float:
    return -k_slow_release * own_pace * gut_slow
"""
)
COMPARTMENT = (
    HEAD
    + """
M.parameter("own_out", 1e-4, "1/h", "way back to plasma")

@M.state("nmol", "own volume")
def own_volume(own_volume: float, ntx_central: float, own_out: float) -> float:
    return 1e-9 * ntx_central - own_out * own_volume
"""
)
NONE = {
    "amounts": "-k_slow_release * gut_slow / (1.0 + gut_slow / 1e5)",
    "the state": "-k_slow_release * gut_slow * tnf",
    "the clock": "-k_slow_release * gut_slow * (1.0 + 0.1 * clock_cos)",
    "what the drug does": "-k_slow_release * gut_slow / (1.0 + insomnia)",
}


def replaced(rate: str) -> str:
    arguments = "gut_slow, k_slow_release, tnf, clock_cos, insomnia"
    return HEAD + f"\n@M.replaces\ndef gut_slow({arguments}):\n    return {rate}\n"


def slowest(model: Model, **values: float) -> float:
    return float(slowest_rate(model, model.parameter_vector(values)[None])[0])


def test_a_replaced_equation_tells_its_own_rate(tmp_path: Path) -> None:
    """The release of the capsule, made slower than all else, is an eigenvalue by itself."""
    model = edition(tmp_path, own_py=SLOWER).model
    k = model.parameters["k_slow_release"].value
    params = np.array([model.parameter_vector({"own_weight": w}) for w in (3.0, 5.0)])
    expected = k * 1e-4 * np.sqrt([2.0, 4.0])
    assert slowest_rate(model, params) == pytest.approx(expected, rel=1e-9)
    assert lead_hours(model, params, 1e-4) == np.ceil(-np.log(1e-4) / expected.min() / 24.0) * 24.0


def test_a_volume_of_ones_own_counts(tmp_path: Path) -> None:
    model = edition(tmp_path, own_py=COMPARTMENT).model
    assert slowest(model) == pytest.approx(1e-4, rel=1e-9)
    assert slowest(model, own_out=1.0) == pytest.approx(slowest(shipped().model), rel=1e-9)


def study(made: Edition, folder: Path, **table: str) -> StudyConfig:
    (folder / "events.csv").write_text("ID,TIME,AMT,EVID,SS,II\n1,0,3,1,1,24\n")
    with made.in_force():
        return StudyConfig.build({
            "model": {"extend": ["own.py"]}, "horizon": "2 d",
            "regimen": {"events": str(folder / "events.csv"), **table},
        })  # fmt: skip


@pytest.mark.parametrize("of", NONE)
def test_kinetics_without_constant_rates_ask_for_a_lead(of: str, tmp_path: Path) -> None:
    made = edition(tmp_path, own_py=replaced(NONE[of]))
    with pytest.raises(UserError, match=r"those of 'gut_slow' depend on .*such as lead = '30 d'"):
        settled(study(made, tmp_path))
    given = settled(study(made, tmp_path, lead="30 d")).regimen
    assert isinstance(given, Recorded) and given.lead_h == 720.0


def test_a_study_of_a_replaced_equation_is_laid_out(tmp_path: Path) -> None:
    found = settled(study(edition(tmp_path, own_py=SLOWER), tmp_path)).regimen
    assert isinstance(found, Recorded) and found.lead_h is not None and found.lead_h > 24 * 365
