"""Studies across the range of doses and patterns, and what ldnsim says happens in each."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim import export
from ldnsim.model import default_model
from ldnsim.sweep.study import Study

STATES = list(default_model().states)
OUTPUT = {"every": "45 min", "variables": STATES, "dtype": "float64", "night": False}
TIGHT = {"rtol": 1e-10, "atol": 1e-10}

PRESCRIPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "1 ng nightly": ("1 ng nightly at 22:00, for 3 d", {}),
    "30 ng every 6 h": ("30 ng every 6 h, for 2 d", {"hypothesis": "glial"}),
    "1 ug every 48 h": ("1 ug every 48 h at 21:30, for 7 d", {"hypothesis": "rebound"}),
    "10 ug twice a day": ("10 ug every 12 h, for 3 d", {"hypothesis": "ogfr"}),
    "ladder from 1 ug": ("1 ug nightly at 22:00, x4 every 1 d to 4.5 mg, for 7 d", {}),
    "0.1 mg nightly": ("0.1 mg nightly at 23:15, for 4 d", {"hypothesis": "tonic"}),
    "0.5 mg in the morning": ("0.5 mg every 24 h at 08:00, for 4 d", {"hypothesis": "persistent"}),
    "ladder to 4.5 mg": ("1.5 mg nightly at 22:00, +1.5 mg every 2 d to 4.5 mg, for 6 d", {}),
    "1 mg every 6 h": ("1 mg every 6 h, for 3 d", {"hypothesis": "persistent"}),
    "slow release": ("4.5 mg slow-release nightly at 21:00, for 4 d", {}),
    "slow release, depleted": (
        "3 mg slow-release every 12 h, for 3 d", {"patient": {"phenotype": "depleted"}},
    ),
    "4.5 mg, resolved": (
        "4.5 mg nightly at 22:00, for 5 d", {"patient": {"basin": "resolved"}},
    ),
    "4.5 mg, fibromyalgia": (
        "4.5 mg nightly at 22:00, for 5 d", {"patient": {"phenotype": "fibromyalgia"}},
    ),
    "4.5 mg, peripheral": ("4.5 mg nightly at 22:00, for 4 d", {"hypothesis": "peripheral"}),
    "4.5 mg, null": ("4.5 mg nightly at 22:00, for 3 d", {"hypothesis": "null"}),
    "6 mg every 48 h": ("6 mg every 48 h at 22:00, for 7 d", {"hypothesis": "tonic"}),
    "12 mg, then nothing": ("12 mg nightly at 22:00, for 2 d, then stop for 3 d", {}),
    "25 mg every 12 h": ("25 mg every 12 h, for 3 d", {"hypothesis": "ogfr"}),
    "50 mg nightly": ("50 mg nightly at 22:00, for 5 d", {}),
    "50 mg every 6 h": ("50 mg every 6 h, for 2 d", {"hypothesis": "glial"}),
    "placebo": ("placebo nightly at 22:00, for 3 d", {}),
    "adjunct": (
        "4.5 mg nightly at 22:00, for 5 d",
        {"modifiers": {
            "adjuncts": [
                "alpha_lipoic_acid",
                {"name": "minocycline", "start": "30 h", "stop": "70 h"},
            ],
            "exercise": 0.2,
        }},
    ),
    "a parameter changes": (
        "3 mg nightly at 22:00, for 5 d",
        {"changes": [
            {"at": "36 h", "parameter": "driver", "factor": 0.2},
            {"at": "46 h", "parameter": "k_off_mor", "value": 0.3},
        ]},
    ),
    "doses missed and late": (
        "4.5 mg nightly at 22:00, for 7 d",
        {"adherence": {"p_missed": 0.3, "p_late": 0.5, "late_mean_h": 2.0}},
    ),
    "other parameters": (
        "2 mg nightly at 22:00, for 4 d",
        {"patient": {"parameters": {"ka": 1.4, "kd_mor": 0.6, "reserve": 0.4, "driver": 0.3}}},
    ),
}  # fmt: skip
NAMES = list(PRESCRIPTIONS)


@cache
def study(name: str) -> Study:
    """The study of one case, solved far more finely than the agreement asked for."""
    regimen, rest = PRESCRIPTIONS[name]
    data = {"title": name, "regimen": regimen, "output": OUTPUT, "solver": TIGHT, **rest}
    return Study.build(data, "test")


@cache
def sbml(name: str) -> str:
    return export.sbml(study(name))


@cache
def ours(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (h), shape (times,), and states, shape (states, times), without times of events.

    At the time of an event one program shows the value before it and another that after it.
    """
    from ldnsim.export.content import content

    ds = study(name).run()
    assert int(ds["status"]) == 0
    time = ds["time"].values
    events = np.array([e.time for e in content(study(name)).events if e.time > 0.0])
    clear = np.min(np.abs(time[:, None] - events), axis=1, initial=np.inf) > 1e-6
    clear[0] = False
    return time[clear], np.array([ds[s].values[clear] for s in STATES])


STILL = 1e-8
"""Range of a state, as a share of its level, of which rounding over a thousand steps hides 1e-5."""


def worst(name: str, theirs: NDArray[np.float64]) -> tuple[float, str]:
    """Largest difference of a state over its range, and which state.

    A state that hardly moves (receptor density under micrograms) is held to its level instead.

    Args:
        name: of the case.
        theirs: states of another program at the times of :func:`ours`, shape (states, times).
    """
    states = ours(name)[1]
    assert theirs.shape == states.shape
    gap, size = np.max(np.abs(theirs - states), axis=1), np.ptp(states, axis=1)
    level = np.max(np.abs(states), axis=1)
    still = size <= STILL * level
    assert np.all(gap[still] <= 1e-12 * level[still]), gap[still]
    error = np.where(still, 0.0, gap / np.where(still, 1.0, size))
    k = int(np.argmax(error))
    return float(error[k]), STATES[k]
