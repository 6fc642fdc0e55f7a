"""The assembled model: records complete, wiring checked, mistakes refused."""

from __future__ import annotations

import numpy as np
import pytest

from ldnsim.errors import UserError
from ldnsim.mechanisms.record import ASSUMED, GRADES, Mechanism
from ldnsim.model import assemble, default_model
from ldnsim.units import find_unit

MODEL = default_model()


@pytest.mark.parametrize("name", list(MODEL.parameters))
def test_every_parameter_is_complete(name: str) -> None:
    p = MODEL.parameters[name]
    assert find_unit(p.unit)
    assert p.grade in GRADES
    assert p.grade == ASSUMED or p.source
    assert len(p.meaning) > 10
    assert (p.low is None or p.low <= p.value) and (p.high is None or p.value <= p.high)
    assert p.spread.kind in ("lognormal", "logitnormal", "fixed")


@pytest.mark.parametrize("name", list(MODEL.observables))
def test_every_variable_has_unit_and_long_name(name: str) -> None:
    v = MODEL.observables[name]
    assert find_unit(v.unit)
    assert len(v.long_name) > 3 and v.formula.__doc__


def test_every_parameter_reaches_an_equation() -> None:
    used = {a for v in MODEL.observables.values() for a in v.arguments}
    assert set(MODEL.parameters) <= used


def test_the_ten_mechanisms_variables_are_there() -> None:
    wanted = [
        "mor_occupancy",
        "dor_occupancy",
        "kor_occupancy",
        "ogfr_occupancy",
        "beta_endorphin",
        "met_enkephalin",
        "tlr4_trif",
        "tlr4_myd88",
        "microglia_m1",
        "priming",
        "tnf",
        "il1b",
        "il6",
        "il10",
        "nk_activity",
        "autoimmune_balance",
        "mast_activation",
        "neuronal_health",
        "sensitisation",
        "pain",
        "fatigue",
        "mood",
        "vivid_dreams",
        "insomnia",
        "naltrexone_plasma",
        "naltrexol_plasma",
        "mor_density",
    ]
    assert set(wanted) <= set(MODEL.observables)


def test_overrides_are_checked() -> None:
    vector = MODEL.parameter_vector({"cl": 94.0})
    assert vector[MODEL.parameter_index["cl"]] == 94.0
    with pytest.raises(UserError, match="did you mean 'kd_mor'"):
        MODEL.parameter_vector({"kd_mo": 1.0})
    with pytest.raises(UserError, match="from 0 to 1"):
        MODEL.parameter_vector({"f_absorbed": 1.2})
    with pytest.raises(UserError, match="finite"):
        MODEL.parameter_vector({"cl": float("nan")})


def test_the_fingerprint_follows_equations_and_not_values() -> None:
    def decay(name: str, value: float, power: int) -> Mechanism:
        room = Mechanism("tiny", "for tests")
        room.parameter("k", value, "1/h", "rate constant")
        room.state("1", "decaying")(_linear if power == 1 else _square)
        return room

    one = assemble([decay("x", 1.0, 1)]).fingerprint
    assert assemble([decay("x", 2.0, 1)]).fingerprint == one
    assert assemble([decay("x", 1.0, 2)]).fingerprint != one


def _linear(_linear: float, k: float) -> float:
    """First-order decay."""
    return -k * _linear


def _square(_square: float, k: float) -> float:
    """Second-order decay."""
    return -k * _square**2


def tiny() -> Mechanism:
    room = Mechanism("tiny", "for tests")
    room.parameter("k", 1.0, "1/h", "rate constant")
    return room


def test_wiring_mistakes_are_refused_by_name() -> None:
    room = tiny()

    @room.state("1", "decaying")
    def x(x: float, kk: float) -> float:
        """Decay."""
        return -kk * x

    with pytest.raises(ValueError, match="did you mean 'k'"):
        assemble([room])


def test_circular_quantities_are_refused() -> None:
    room = tiny()

    @room.quantity("1", "first")
    def a(b: float, k: float) -> float:
        """Needs b."""
        return b + k

    @room.quantity("1", "second")
    def b(a: float) -> float:
        """Needs a."""
        return a

    with pytest.raises(ValueError, match="circle"):
        assemble([room])


def test_double_definitions_and_ungraded_numbers_are_refused() -> None:
    room = tiny()
    with pytest.raises(ValueError, match="twice"):
        room.parameter("k", 2.0, "1/h", "again")
    with pytest.raises(ValueError, match="names no source"):
        room.parameter("j", 2.0, "1/h", "graded without source", GRADES[0])
    with pytest.raises(ValueError, match="defined twice"):
        assemble([tiny(), tiny()])


def test_a_new_mechanism_joins_by_name_alone() -> None:
    """What CONTRIBUTING promises: a file with a state that reads the model is enough."""
    room = Mechanism("extra", "an added mechanism")
    room.parameter("k_extra", 0.1, "1/h", "rate constant of the extra state")

    @room.state("1", "follows TNF", start=1.0)
    def extra(extra: float, tnf: float, k_extra: float) -> float:
        """Lag behind TNF."""
        return k_extra * (tnf - extra)

    bigger = assemble([*MODEL.mechanisms, room])
    assert list(bigger.states)[-1] == "extra"
    assert bigger.fingerprint != MODEL.fingerprint
    y = bigger.start(True)
    rates = bigger.rates(3.0, y, bigger.defaults())
    tnf = y[bigger.state_index["tnf"]]
    assert rates[-1] == pytest.approx(0.1 * (tnf - 1.0))
    np.testing.assert_array_equal(rates[:-1], MODEL.rates(3.0, y[:-1], MODEL.defaults()))
