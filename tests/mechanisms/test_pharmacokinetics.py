"""Linear pharmacokinetics: closed form, proportionality, superposition, mass balance, anchors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from ldnsim.engine.solve.batch import BatchResult, solve
from ldnsim.measure import Measure
from ldnsim.mechanisms.pharmacokinetics import MW_HCL, MW_NALTREXONE, NMOL_PER_MG
from tests.engine.bench import MODEL, dosing, random_parameters

OBS = MODEL.observable_index
AMOUNTS = ["gut_slow", "gut_fast", "ntx_central", "ntx_peripheral", "ntx_deep",
           "naltrexol_central", "naltrexol_peripheral", "ntx_brain", "naltrexol_brain"]  # fmt: skip


def value(params: np.ndarray, name: str) -> float:
    return float(params[MODEL.parameter_index[name]])


def rate_matrix(params: np.ndarray) -> np.ndarray:
    """The linear system written down by hand, in the order of ``AMOUNTS``."""

    def p(name: str) -> float:
        return value(params, name)

    a = np.zeros((9, 9))
    k_brain = np.log(2.0) / p("t_half_brain")
    absorbed = p("f_absorbed") * p("ka")
    a[0, 0], a[1, 0], a[1, 1] = -p("k_slow_release"), p("k_slow_release"), -p("ka")
    a[2, 1] = absorbed * (1.0 - p("first_pass_extraction"))
    a[2, 2] = -(p("cl") + p("q_peripheral") + p("q_deep")) / p("v_central")
    a[2, 3], a[3, 2] = p("q_peripheral") / p("v_peripheral"), p("q_peripheral") / p("v_central")
    a[3, 3] = -a[2, 3]
    a[2, 4], a[4, 2] = p("q_deep") / p("v_deep"), p("q_deep") / p("v_central")
    a[4, 4] = -a[2, 4]
    a[5, 1] = absorbed * p("first_pass_extraction") * p("f_naltrexol")
    a[5, 2] = p("f_naltrexol") * p("cl") / p("v_central")
    a[5, 5] = -(p("cl_naltrexol") + p("q_naltrexol")) / p("v_naltrexol")
    a[5, 6] = p("q_naltrexol") / p("v_naltrexol_peripheral")
    a[6, 5], a[6, 6] = p("q_naltrexol") / p("v_naltrexol"), -a[5, 6]
    a[7, 2] = k_brain * p("kp_brain") * p("f_unbound") / p("v_central")
    a[8, 5] = k_brain * p("kp_brain_naltrexol") * p("f_unbound") / p("v_naltrexol")
    a[7, 7] = a[8, 8] = -k_brain
    return a


def oral(doses: list[float], hours: np.ndarray, params: np.ndarray | None = None,
         at: list[np.ndarray] | None = None, target: str = "gut_fast",
         reductions: list[Measure] | None = None, rtol: float = 1e-8) -> BatchResult:  # fmt: skip
    n = len(doses)
    rows = np.tile(MODEL.defaults(), (n, 1)) if params is None else params
    times = at or [np.array([0.0])] * n
    amounts = [np.full(len(t), d) for t, d in zip(times, doses, strict=True)]
    y0 = np.tile(MODEL.start(False), (n, 1))
    return solve(
        MODEL, dosing(rows, y0, times, amounts, hours[-1], hours, AMOUNTS, reductions, rtol, target)
    )


@pytest.mark.parametrize(("target", "slot"), [("gut_fast", 1), ("gut_slow", 0)])
def test_closed_form(target: str, slot: int) -> None:
    params = random_parameters(np.random.default_rng(2), 6)
    hours = np.array([0.0, 0.3, 1.0, 3.0, 8.0, 24.0, 96.0])
    result = oral([4.5] * 6, hours, params, target=target)
    for run in range(6):
        start = np.zeros(9)
        start[slot] = 4.5 * NMOL_PER_MG
        matrix = rate_matrix(params[run])
        for column, t in enumerate(hours[1:], 1):
            want = expm(matrix * t) @ start
            np.testing.assert_allclose(result.traj[run, :, column], want, rtol=1e-5, atol=1e-7)


@given(st.floats(-5.0, 1.0), st.floats(1.5, 40.0))
@settings(max_examples=15, deadline=None)
def test_dose_proportionality(exponent: float, factor: float) -> None:
    dose = 10.0**exponent
    hours = np.array([1.0, 4.0, 12.0, 30.0])
    one, more = oral([dose, dose * factor], hours).traj
    np.testing.assert_allclose(more, factor * one, rtol=2e-5)


def test_superposition_of_nightly_doses() -> None:
    hours = np.arange(0.0, 121.0, 3.0)
    nightly = np.array([0.0, 24.0, 48.0, 72.0])
    together = oral([3.0], hours, at=[nightly]).traj[0]
    singles = oral([3.0] * 4, hours, at=[np.array([t]) for t in nightly]).traj.sum(axis=0)
    np.testing.assert_allclose(together, singles, rtol=1e-5, atol=1e-6)


def test_every_molecule_is_accounted_for() -> None:
    params = random_parameters(np.random.default_rng(9), 4)
    hours = np.array([2.0, 10.0, 50.0])
    for column, t in enumerate(hours):
        over = [Measure(o, "integral", 0.0, float(t))
                for o in ("absorption", "c_plasma", "c_naltrexol")]  # fmt: skip
        result = oral([4.5] * 4, hours, params, reductions=over)
        for run in range(4):
            p = params[run]
            absorbed, auc, auc_naltrexol = result.reductions[run]
            inside = result.traj[run, :7, column].sum()
            not_absorbed = absorbed * (1.0 / value(p, "f_absorbed") - 1.0)
            eliminated = value(p, "first_pass_extraction") * absorbed + value(p, "cl") * auc
            other = (1.0 - value(p, "f_naltrexol")) * eliminated
            urine = value(p, "cl_naltrexol") * auc_naltrexol
            total = inside + not_absorbed + other + urine
            assert total == pytest.approx(4.5 * NMOL_PER_MG, rel=1e-6)


def test_published_exposure_is_met() -> None:
    hours = np.concatenate([np.arange(0.0, 24.0, 0.05), np.arange(24.0, 168.5, 0.5)])
    over = [Measure(o, "integral", 0.0, 168.0) for o in ("naltrexone_plasma", "naltrexol_plasma")]
    names = ["naltrexone_plasma", "naltrexol_plasma"]
    n = 2
    rows, y0 = np.tile(MODEL.defaults(), (n, 1)), np.tile(MODEL.start(False), (n, 1))
    zero = [np.array([0.0])] * n
    batch = dosing(rows, y0, zero, [np.array([2.4]), np.array([50.0])], 168.0, hours, names, over)
    result = solve(MODEL, batch)
    low, full = result.traj
    assert low[0].max() * 1e3 == pytest.approx(584.0, rel=0.1)  # pg/mL, Johnson 2010
    assert result.reductions[0, 0] * 1e3 == pytest.approx(1954.0, rel=0.05)  # pg h/mL, Johnson 2010
    assert 8.6 < full[0].max() < 13.3  # ng/mL, product texts
    assert full[1].max() == pytest.approx(108.0, rel=0.1)  # ng/mL, Swiss product text
    late = (hours > 8.0) & (hours < 36.0)
    slope = np.polyfit(hours[late], np.log(full[1, late]), 1)[0]
    assert 11.0 < np.log(2.0) / -slope < 14.0  # h, Meyer 1984, Yancey-Wrona 2011


def test_salt_factor() -> None:
    assert pytest.approx(0.903, abs=1e-3) == NMOL_PER_MG * MW_NALTREXONE / 1e6
    assert pytest.approx(1e6 / NMOL_PER_MG) == MW_HCL
