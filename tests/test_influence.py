"""Which parameters matter, read from the equations, against what the equations do."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import ldnsim
from ldnsim.influence import live_arguments, outcomes, reaching, switched_off
from ldnsim.model import default_model

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
    assert {"cl", "kd_mor", "ic50_trif", "density_gain_mor", "dream_gain"} <= drug
    # what describes the patient stays
    assert not {"reserve", "k_tnf", "driver", "pain_base", "bound_mor"} & drug


def test_a_dead_argument_changes_nothing_and_a_live_one_does() -> None:
    v = MODEL.observables["trif_uninhibited"]
    assert live_arguments(v, ()) == set(v.arguments)
    assert live_arguments(v, {"coupling_tlr4"}) == set()


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
