"""Which parameters matter, read from the equations, against what the equations do."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest

import ldnsim
from ldnsim.engine.rhythm.drugfree import inert_parameters
from ldnsim.errors import UserError
from ldnsim.influence import drug_states, live_arguments, outcomes, reaching, switched_off
from ldnsim.model import Model, default_model
from tests.edition.files import edition

MODEL = default_model()


def test_every_parameter_reaches_an_outcome_with_all_switches_on() -> None:
    assert reaching(MODEL, outcomes(MODEL)) == set(MODEL.parameters)


def test_plasma_knows_nothing_of_receptors() -> None:
    found = reaching(MODEL, ["naltrexone_plasma"])
    assert {"ka", "cl", "f_absorbed"} <= found
    assert {MODEL.parameters[n].mechanism for n in found} == {"pharmacokinetics"}


def test_switches_cut_what_they_multiply() -> None:
    assert switched_off(MODEL, []) == set()
    assert switched_off(MODEL, ["coupling_tlr4"]) == {"ic50_trif"}
    assert {"demand_gain", "demand50"} <= switched_off(MODEL, ["coupling_rebound"])
    drug = switched_off(MODEL, ["coupling_drug"])
    assert {"kd_mor", "ic50_trif", "density_gain_mor", "dream_gain"} <= drug
    # who takes it waits for benefit whether it acts or not, so that kinetics stay
    assert "cl" not in drug
    # what describes the patient stays
    assert not {"reserve", "k_tnf", "driver", "pain_base", "bound_mor"} & drug


def test_a_dead_argument_changes_nothing_and_a_live_one_does() -> None:
    v = MODEL.observables["trif_uninhibited"]
    assert live_arguments(MODEL, v, ()) == set(v.arguments)
    assert live_arguments(MODEL, v, {"coupling_tlr4"}) == set()


@pytest.mark.parametrize("switch", [p for p in MODEL.parameters if p.startswith("coupling_")])
def test_a_treated_patient_does_not_notice_what_is_switched_off(switch: str) -> None:
    """Every parameter said to be off is lowered by a tenth: no outcome follows."""
    dead = sorted(switched_off(MODEL, [switch]))
    lowered = {n: 0.9 * MODEL.parameters[n].value for n in dead}
    wanted = [
        n for n in outcomes(MODEL) if n in reaching(MODEL, ["pain", "tnf"]) | set(MODEL.states)
    ]
    run = functools.partial(
        ldnsim.simulate, "3 mg nightly at 22:00 for 5 d",
        output={"variables": wanted, "dtype": "float64", "every": "1 d"}, solver={"rtol": 1e-8},
    )  # fmt: skip
    plain = run(parameters={switch: 0.0})
    other = run(parameters={switch: 0.0, **lowered})
    assert int(plain["status"]) == int(other["status"]) == 0
    for name in wanted:
        np.testing.assert_allclose(other[name], plain[name], rtol=1e-5, atol=1e-8, err_msg=name)
    assert dead


def extended_by(folder: Path, bounds: str, value: float = 3.0) -> Model:
    """The model with a quantity that has no value where the weight is below 1."""
    text = f"""from ldnsim.mechanisms.forms import sqrt
from ldnsim.mechanisms.record import Mechanism
M = Mechanism("own", "Own")
M.parameter("own_weight", {value}, "1", "weight"{bounds})
M.parameter("coupling_own", 1.0, "1", "switch", high=1.0)
@M.quantity("1", "size")
def own_size(own_weight):
    return sqrt(own_weight - 1.0)
@M.state("1", "what follows", start=1.0)
def own_state(own_state, own_size, coupling_own, ntx_brain):
    return coupling_own * sqrt(own_size) * (1.0 + ntx_brain) - own_state
"""
    return edition(folder, own_py=text).model


@pytest.mark.parametrize(("bounds", "value"), [("", 3.0), (", low=1.0", 1.1)])
def test_an_equation_with_a_domain_is_probed_within_it(
    bounds: str, value: float, tmp_path: Path
) -> None:
    model = extended_by(tmp_path, bounds, value)
    found = reaching(model, ["own_state"])
    assert {"own_weight", "coupling_own", "cl"} <= found
    assert not {"own_weight", "cl"} & reaching(model, ["own_state"], ["coupling_own"])
    inert = {list(model.parameters)[i] for i in inert_parameters(model)}
    assert "own_weight" not in inert and "cl" in inert
    assert {list(model.states)[i] for i in drug_states(model)} == {
        list(MODEL.states)[i] for i in drug_states(MODEL)
    }


def test_one_without_a_number_within_its_bounds_is_refused_when_it_is_read(tmp_path: Path) -> None:
    said = r"own.py: the equation of 'own_size' gives no number at own_weight = 0\.\d+; .* set low"
    with pytest.raises(UserError, match=said):
        extended_by(tmp_path, "", 1.1)
