"""Agreement within rtol 1e-6 with SciPy's Radau at 1e-10 on random patients and regimens.

Two links make the chain: Radau here integrates the compiled right-hand side, which
``test_kernels.py`` holds against the mechanism functions; the first case below integrates the
mechanism functions themselves.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.batch import solve
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from tests.engine.bench import (
    LANES,
    MODEL,
    caller,
    compiled,
    dosing,
    random_parameters,
    set_clock,
)

NS = len(MODEL.states)
HOURS = 36.0
LEAST = 1e-3 * np.array([[s.scale] for s in MODEL.states.values()])
"""Smallest range an error is compared with: what the absolute tolerance leaves to be resolved."""
N = 52


def compiled_rates(params: np.ndarray) -> Callable[[float, np.ndarray], np.ndarray]:
    k = compiled()
    w = np.zeros(k.SIZE)
    w[k.AT_PARAMETERS : k.AT_PARAMETERS + LANES * k.NP] = np.repeat(params, LANES)
    caller("setup")(w)
    rhs = caller("rhs")

    def rates(t: float, y: np.ndarray) -> np.ndarray:
        w[k.AT_POINT : k.AT_POINT + LANES * NS] = np.repeat(y, LANES)
        set_clock(w, t)
        rhs(w)
        return w[k.AT_RATES : k.AT_RATES + LANES * NS : LANES].copy()

    return rates


def radau(rates: Callable[[float, np.ndarray], np.ndarray], y0: np.ndarray, times: np.ndarray,
          dose: float, outputs: np.ndarray) -> np.ndarray:  # fmt: skip
    """States (n_states, n_outputs), integrated from dose to dose."""
    y, t, columns = y0.copy(), 0.0, []
    for stop in [*times, HOURS]:
        inside = outputs[(outputs > t) & (outputs <= stop)] if t > 0.0 else outputs[outputs <= stop]
        if stop > t:
            part = solve_ivp(rates, (t, stop), y, method="Radau", rtol=1e-10, atol=1e-14,
                             t_eval=np.unique([*inside, stop]))  # fmt: skip
            assert part.success
            columns += [part.y[:, i] for i, at in enumerate(part.t) if at in inside]
            y = part.y[:, -1].copy()
        y[MODEL.state_index["gut_fast"]] += dose * NMOL_PER_MG
        t = stop
    return np.array(columns).T


def study(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    params, y0 = np.empty((0, len(MODEL.parameters))), np.empty((0, NS))
    while len(params) < n:
        drawn = random_parameters(rng, n)
        orbits = find_orbits(MODEL, drawn, rng.random(n) < 0.5)
        found = orbits.status == 0
        params, y0 = np.vstack([params, drawn[found]]), np.vstack([y0, orbits.y0[found]])
    doses = 10.0 ** rng.uniform(-6.0, np.log10(50.0), n)
    doses[:2] = (1e-6, 50.0)
    every = rng.choice([6.0, 12.0, 24.0, 48.0], n)
    every[:2] = 6.0
    times = [np.arange(rng.uniform(0.5, 12.0), HOURS - 0.5, h) for h in every]
    return params[:n], y0[:n], times, doses


OUTPUTS = np.arange(3.0, HOURS + 0.1, 3.0)


def worst_error(n: int, seed: int, rates_of: Callable[[np.ndarray], Callable[..., np.ndarray]],
                first: int = 0) -> np.ndarray:  # fmt: skip
    params, y0, times, doses = study(n, seed)
    amounts = [np.full(len(t), d) for t, d in zip(times, doses, strict=True)]
    ours = solve(MODEL, dosing(params, y0, times, amounts, HOURS, OUTPUTS, list(MODEL.states)))
    assert np.all(ours.status == 0)
    errors = []
    for i in range(first, n):
        reference = radau(rates_of(params[i]), y0[i], times[i], doses[i], OUTPUTS)
        size = np.max(np.abs(reference), axis=1, keepdims=True)
        assert size[MODEL.state_index["mor_occupancy"]] > 0.0
        gap = np.abs(ours.traj[i] - reference) / np.maximum(size, LEAST)
        errors.append(gap.max())
    return np.array(errors)


@pytest.mark.soak  # 40 s of plain Python; test_kernels holds compiled rates against the functions
def test_the_mechanism_functions_themselves_under_radau() -> None:
    def plain_rates(params: np.ndarray) -> Callable[[float, np.ndarray], np.ndarray]:
        return lambda t, y: MODEL.rates(t, y, params)

    assert worst_error(8, 21, plain_rates, first=7).max() < 1e-6


def test_a_few_random_patients() -> None:
    # of the first two, one takes nanograms and one the largest dose
    assert worst_error(5, 4, compiled_rates).max() < 1e-6


@pytest.mark.soak
def test_many_random_patients_and_regimens() -> None:
    errors = worst_error(N, 77, compiled_rates)
    assert errors.max() < 1e-6, np.sort(errors)[-5:]
