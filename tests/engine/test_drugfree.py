"""What an untreated patient does not feel is found from the equations."""

from __future__ import annotations

import numpy as np

from ldnsim.engine.rhythm.drugfree import felt, inert_parameters
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.status import Status
from ldnsim.influence import drug_states
from tests.engine.bench import MODEL

NAMES = list(MODEL.parameters)
INERT = {NAMES[i] for i in inert_parameters(MODEL)}


def test_amounts_of_drug_and_what_it_holds_are_zero_without_it() -> None:
    found = {list(MODEL.states)[i] for i in drug_states(MODEL)}
    assert {"gut_fast", "ntx_brain", "mor_occupancy", "ogfr_occupancy", "vivid_dreams"} <= found
    assert not found & {"tnf", "pain", "mor_density", "endorphin_pool", "pomc_expression"}


def test_kinetics_affinities_and_hypotheses_of_the_drug_are_not_felt() -> None:
    assert {"cl", "kp_brain", "kd_mor", "k_off_kor", "ic50_trif", "coupling_drug"} <= INERT
    felt_by_all = {"driver", "bound_mor", "reserve", "coupling_rebound", "stress", "oprm1_potency"}
    assert not INERT & felt_by_all


def test_patients_who_differ_only_there_share_one_orbit_and_others_do_not() -> None:
    own = [{}, {"kd_mor": 0.1, "cl": 90.0, "coupling_tlr4": 0.0}, {"driver": 0.03}]
    params = np.array([MODEL.parameter_vector(o) for o in own])
    found = find_orbits(MODEL, params, np.ones(3, bool))
    assert (found.status == Status.OK).all()
    np.testing.assert_array_equal(found.y0[0], found.y0[1])
    assert not np.array_equal(found.y0[0], found.y0[2])
    alone = find_orbits(MODEL, params[1:2], np.array([True]))
    np.testing.assert_allclose(alone.y0[0], found.y0[1], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(alone.mean[0], found.mean[1], rtol=1e-6, atol=1e-9)


def test_felt_changes_nothing_that_is_felt_and_leaves_its_argument_alone() -> None:
    params = np.array([MODEL.defaults()])
    before = params.copy()
    cleared = felt(MODEL, params)
    np.testing.assert_array_equal(params, before)
    same = [i for i, n in enumerate(NAMES) if n not in INERT]
    np.testing.assert_array_equal(cleared[:, same], params[:, same])
    own = np.array([MODEL.parameter_vector({"cl": 90.0, "kd_mor": 0.3})])
    np.testing.assert_array_equal(felt(MODEL, own), params)


def test_a_drug_that_never_leaves_does_not_make_the_untreated_day_look_neutral() -> None:
    params = np.array([MODEL.parameter_vector({"q_deep": 0.0})])
    assert find_orbits(MODEL, params, np.array([True])).status[0] == Status.OK
