"""Peptides, tone and immunity outside the brain: rest, both signs, and what a steroid does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped
from ldnsim.mechanisms import immunity, periphery
from ldnsim.runs.few import ask, week

MODEL = shipped().model
share = st.floats(0.0, 1.0)


def value(name: str) -> float:
    return MODEL.parameters[name].value


def last(spec: RunSpec, weeks: int, *names: str) -> list[float]:
    """Means of the last week."""
    return list(ask([(spec, [week(n, weeks) for n in names])])[0])


def nightly(dose: float, weeks: int) -> str:
    return f"{dose:g} mg nightly at 22:00, for {weeks} wk" if dose else f"placebo for {weeks} wk"


def test_a_healthy_person_rests_at_one_outside_the_brain_too() -> None:
    names = (
        "blood_endorphin", "blood_enkephalin", "peripheral_tone", "blood_cytokines",
        "effector_cells", "regulatory_cells", "nk_killing", "surveillance",
    )  # fmt: skip
    rest = last(RunSpec.of(nightly(0, 1), phenotype="healthy"), 1, *names)
    np.testing.assert_allclose(rest, 1.0, atol=0.03)
    quiet = last(
        RunSpec.of(nightly(0, 1), phenotype="healthy"), 1, "disease_activity", "neuronal_health"
    )
    assert quiet[0] < 1e-4
    assert quiet[1] == pytest.approx(value("health_usual"), abs=0.01), "the reference is the rest"


@given(share, st.floats(0.05, 2.0))
def test_expression_follows_block_up_to_a_ceiling_in_proportion_to_the_reserve(
    block: float, reserve: float
) -> None:
    gain, half, t = (
        value(n) for n in ("peripheral_gain", "peripheral_block50", "t_half_peripheral_expression")
    )
    rate = periphery.peripheral_expression(0.0, block, reserve, gain, half, t)
    full = periphery.peripheral_expression(0.0, block, 1.0, gain, half, t)
    assert rate == pytest.approx(reserve * full)
    ceiling = reserve * gain
    assert periphery.peripheral_expression(ceiling, block, reserve, gain, half, t) <= 0.0
    assert periphery.peripheral_expression(0.0, 0.0, reserve, gain, half, t) == 0.0


@pytest.mark.parametrize("hypothesis", ["peripheral", "ogfr"])
def test_a_short_block_leaves_more_tone_and_less_disease_a_long_one_the_reverse(
    hypothesis: str,
) -> None:
    names = ("peripheral_tone", "autoimmune_balance", "disease_activity")
    none, low, high = (
        last(RunSpec.of(nightly(d, 16), phenotype="crohn", hypothesis=hypothesis), 16, *names)
        for d in (0.0, 3.0, 50.0)
    )
    assert low[0] > 1.1 * none[0] and high[0] < 0.8 * none[0]
    assert low[1] < 0.9 * none[1] and high[1] > 1.1 * none[1]
    assert low[2] < none[2] < high[2]


def test_nothing_happens_outside_the_brain_where_block_has_no_effect() -> None:
    names = ("peripheral_block", "peripheral_expression", "peripheral_tone")
    got = last(RunSpec.of(nightly(50, 4), hypothesis="glial"), 4, *names)
    rest = last(RunSpec.of(nightly(0, 4), hypothesis="glial"), 4, *names)
    np.testing.assert_allclose(got, rest, atol=2e-4)  # the accuracy of the runs


def test_a_steroid_suppresses_what_the_drug_modulates() -> None:
    names = ("blood_cytokines", "effector_cells", "regulatory_cells", "nk_killing", "cortisol")
    ill = last(RunSpec.of(nightly(0, 8), phenotype="crohn"), 8, *names)
    drug = last(RunSpec.of(nightly(3, 8), phenotype="crohn"), 8, *names)
    spec = RunSpec.of(nightly(0, 8), phenotype="crohn", changes=((0.0, "steroid", 3.0),))
    steroid = last(spec, 8, *names)
    assert steroid[0] < ill[0] > drug[0], "both lower cytokines of blood"
    assert steroid[1] < ill[1] > drug[1]
    assert steroid[2] < 0.9 * ill[2] < ill[2] < drug[2], "regulatory cells: one down, the other up"
    assert steroid[3] < 0.9 * ill[3] < ill[3] < drug[3], "NK cells too"
    assert steroid[4] < 0.4 * ill[4], "the adrenal is held down"


@given(st.floats(0.5, 4.0), st.floats(0.5, 4.0), st.floats(0.5, 2.0))
def test_activity_is_steep_in_surplus_bounded_and_healed_by_tone(
    a: float, b: float, tone: float
) -> None:
    half, heal, t = (value(n) for n in ("activity50", "healing_tone", "t_activity"))

    def rest(balance: float, at: float = 1.0) -> float:
        return t * immunity.disease_activity(0.0, balance, at, half, heal, t)

    assert 0.0 <= rest(a) < 1.0
    assert (rest(a) - rest(b)) * (a - b) >= 0.0
    assert (rest(a, tone) - rest(a)) * (1.0 - tone) >= 0.0
    assert rest(1.0 + half) == pytest.approx(0.5, abs=0.01)


def test_a_trigger_sets_mast_cells_off_and_blood_carries_it_to_the_brain() -> None:
    names = ("mast_activation", "blood_cytokines", "blood_signal", "microglia_m1")
    calm = last(RunSpec.of(nightly(0, 2), phenotype="mast_cell"), 2, *names)
    set_off = RunSpec.of(nightly(0, 2), phenotype="mast_cell", changes=((0.0, "trigger", 1.0),))
    after = last(set_off, 2, *names)
    assert after[0] > 2.0 * calm[0]
    assert all(y > x for x, y in zip(calm, after, strict=True))
