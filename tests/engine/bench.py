"""Helpers for engine tests: batches, random patients, kernels called from Python."""

from __future__ import annotations

import functools
import math
import zlib
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from ldnsim.engine.generate.kernels import load_kernels
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.batch import Batch, FloatArray
from ldnsim.measure import Measure
from ldnsim.mechanisms.forms import OMEGA
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import default_model

MODEL = default_model()
LANES = 8


@functools.cache
def compiled() -> Any:
    return load_kernels(MODEL)


@functools.cache
def plain() -> Any:
    return load_kernels(MODEL, compiled=False)


@functools.cache
def caller(name: str) -> Callable[..., None]:
    """A compiled lane kernel, callable from Python."""
    kernel = getattr(compiled(), name)
    return numba.njit(lambda w: kernel(w))


def set_clock(w: FloatArray, t: float) -> None:
    """Put the clock at a time (h) in every lane."""
    at = compiled().AT_CLOCK
    w[at : at + LANES], w[at + LANES : at + 2 * LANES] = math.cos(OMEGA * t), math.sin(OMEGA * t)


def put(w: FloatArray, at: int, values: FloatArray) -> None:
    """Write (lanes, n) values into a workspace section."""
    w[at : at + values.size] = values.T.ravel()


def get(w: FloatArray, at: int, n: int) -> FloatArray:
    """Read a workspace section as (lanes, n)."""
    return w[at : at + n * LANES].reshape(n, LANES).T.copy()


def random_parameters(rng: np.random.Generator, n: int, most: float = 0.5) -> FloatArray:
    """Parameter vectors drawn from the recorded spreads, (n, n_parameters)."""
    values = np.tile(MODEL.defaults(), (n, 1))
    key = int(rng.integers(2**31))
    for j, p in enumerate(MODEL.parameters.values()):
        own = np.random.default_rng((key, zlib.crc32(p.name.encode())))  # whatever its place
        noise = min(p.spread.sd, most) * own.normal(size=n)
        if p.spread.kind == "lognormal":
            values[:, j] *= np.exp(noise)
        elif p.spread.kind == "logitnormal" and 0.0 < p.value < 1.0:
            logit = np.log(p.value / (1.0 - p.value)) + noise
            values[:, j] = 1.0 / (1.0 + np.exp(-logit))
        if p.high is not None:
            values[:, j] = np.minimum(values[:, j], p.high)
    return values


def random_state(rng: np.random.Generator, n: int) -> FloatArray:
    """Plausible states far from rest, (n, n_states)."""
    base = MODEL.start(True) * rng.uniform(0.6, 1.2, (n, len(MODEL.states)))
    return base + rng.uniform(0.0, 0.06, base.shape)


def tolerances(rtol: float) -> FloatArray:
    """Absolute tolerances in proportion to each state's scale."""
    return rtol * 1e-3 * np.array([s.scale for s in MODEL.states.values()])


def dosing(
    params: FloatArray,
    y0: FloatArray,
    times: list[FloatArray],
    doses: list[FloatArray],
    t_end: float,
    out_times: FloatArray,
    observables: list[str],
    reductions: list[Measure] | None = None,
    rtol: float = 1e-6,
    target: str = "gut_fast",
) -> Batch:
    """A batch of oral doses in mg at given hours, one list entry per run."""
    offsets = np.concatenate([[0], np.cumsum([len(t) for t in times])]).astype(np.int64)
    return Batch(
        params,
        y0,
        offsets,
        np.concatenate(times) if len(times) else np.empty(0),
        np.full(offsets[-1], MODEL.state_index[target], np.int64),
        np.concatenate(doses) * NMOL_PER_MG,
        t_end,
        out_times,
        np.array([MODEL.observable_index[o] for o in observables], np.int64),
        reductions or [],
        rtol,
        tolerances(rtol),
    )


@functools.cache
def default_orbit(inflamed: bool = True) -> Any:
    """Orbit of the default patient."""
    return find_orbits(MODEL, MODEL.defaults()[None], np.array([inflamed]))


def nightly(
    doses: list[float],
    weeks: float,
    inflamed: bool = True,
    overrides: dict[str, float] | None = None,
) -> tuple[FloatArray, FloatArray, list[FloatArray], list[FloatArray]]:
    """Parameters, orbit states and 22:00 doses of one patient on several doses."""
    params = MODEL.parameter_vector(overrides)
    y0 = find_orbits(MODEL, params[None], np.array([inflamed])).y0[0]
    times = np.arange(22.0, weeks * 168.0, 24.0)
    n = len(doses)
    return (
        np.tile(params, (n, 1)),
        np.tile(y0, (n, 1)),
        [times] * n,
        [np.full(len(times), d) for d in doses],
    )
