"""Which parameters matter, read from the equations, against what the equations do."""

from __future__ import annotations

import numpy as np
import pytest

from ldnsim.influence import live_arguments, outcomes, reaching, silent, switched_off
from ldnsim.model import default_model

MODEL = default_model()


def test_every_parameter_reaches_an_outcome_with_all_switches_on() -> None:
    assert reaching(outcomes()) == set(MODEL.parameters)


def test_plasma_knows_nothing_of_receptors() -> None:
    found = reaching(["naltrexone_plasma"])
    assert {"ka", "cl", "f_absorbed"} <= found
    assert {MODEL.parameters[n].mechanism for n in found} == {"pharmacokinetics"}


def test_switches_cut_what_they_multiply() -> None:
    assert switched_off([]) == set()
    assert switched_off(["coupling_tlr4"]) == {"ic50_trif"}
    assert {"demand_gain", "demand50"} <= switched_off(["coupling_rebound"])
    drug = switched_off(["coupling_drug"])
    assert {"cl", "kd_mor", "ic50_trif", "density_gain_mor", "dream_gain"} <= drug
    # what describes the patient stays
    assert not {"reserve", "k_tnf", "driver", "pain_base", "bound_mor"} & drug


def test_a_dead_argument_changes_nothing_and_a_live_one_does() -> None:
    v = MODEL.observables["trif_uninhibited"]
    assert live_arguments(v, ()) == set(v.arguments)
    assert live_arguments(v, {"coupling_tlr4"}) == set()


@pytest.mark.parametrize("switch", [p for p in MODEL.parameters if p.startswith("coupling_")])
def test_parameters_switched_off_move_no_rate_of_an_outcome(switch: str) -> None:
    """At states in which everything that stays at zero is zero, as in a run."""
    rng = np.random.default_rng(4)
    zero = silent([switch])
    p = MODEL.defaults()
    p[MODEL.parameter_index[switch]] = 0.0
    y = np.array([0.0 if n in zero else rng.uniform(0.2, 0.9) for n in MODEL.states])
    base = MODEL.environment(3.0, y, p)
    wanted = outcomes()
    dead = switched_off([switch]) - {n for n in MODEL.parameters if n.startswith("coupling_")}
    for name in dead:
        moved = p.copy()
        moved[MODEL.parameter_index[name]] *= 1.3
        now = MODEL.environment(3.0, y, moved)
        drift = [q for q in wanted if q not in MODEL.states and now[q] != base[q]]
        # what moves is not read by anything that matters: it is zero or leads nowhere
        assert not set(drift) & _read_by_outcomes(zero), f"{name} moves {drift}"


def _read_by_outcomes(zero: set[str]) -> set[str]:
    found = {a for n in outcomes() for a in live_arguments(MODEL.observables[n], zero)}
    return found & set(outcomes())
