"""The shipped studies, made small, and what they give.

Every study keeps its patients, regimens, summaries and close-up of the nights. Fewer times are
kept, which moves no result: the steps of the solver do not follow the times that are kept.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from ldnsim.sweep.study import Study
from tests.references.compare import Kept, Run

CONFIGS = Path(__file__).parents[2] / "configs"
DATA = Path(__file__).parent / "data"
LEFT_OUT = (
    "optimise_pace", "pace_of_start", "trial_crossover", "trial_designs", "trial_titration",
)  # fmt: skip
"""Pools of patients for trials and choices: few are no such pool; others hold their regimens."""
STUDIES = tuple(sorted(p.stem for p in CONFIGS.glob("*.toml") if p.stem not in LEFT_OUT))
EVERYWHERE = {"output.every": "1 wk", "output.night_every": "6 h", "output.ledger": False}
SMALLER: dict[str, dict[str, Any]] = {
    # every hypothesis, with the lowest and the highest dose
    "discriminate": {"axes.0.values": ["0.5 mg", "50 mg"]},
    # 12 of 240 runs: every sixth dose or so, every fourth pace of titration
    "dose_titration": {
        "axes.0.logspace": ["1 ug", "50 mg", 3],
        "axes.0.include": ["4.5 mg"],
        "axes.1.values": ["3 d", "14 d", "90 d"],
    },
    "final_trial": {"population.size": 4},
    "guided": {"population.size": 2, "output.every": "4 wk"},
    "protocols": {"output.every": "2 wk"},
}
WORK = ("steps", "rejected")
"""Variables that say how a run was solved, which another machine may do otherwise."""


def study(name: str, **changes: Any) -> Study:
    """Return a shipped study made small.

    Args:
        name: of the file in ``configs/``.
        changes: further fields, with ``__`` in place of dots, such as ``solver__rtol``.
    """
    tables = tomllib.loads((CONFIGS / f"{name}.toml").read_text("utf-8"))
    more = {key.replace("__", "."): value for key, value in changes.items()}
    for path, value in {**EVERYWHERE, **SMALLER.get(name, {}), **more}.items():
        _put(tables, path.split("."), value)
    if tables["output"].get("night") is False:
        del tables["output"]["night_every"]
    return Study.build(tables, name)


def _put(table: Any, path: list[str], value: Any) -> None:
    *way, last = path
    for key in way:
        table = table[int(key)] if isinstance(table, list) else table.setdefault(key, {})
    table[last] = value


def run(name: str, **changes: Any) -> Run:
    """Run a study; return its numbers, in single precision, time first where there is one."""
    ds = study(name, **changes).run()
    found: Run = {}
    for key, column in ds.data_vars.items():
        if column.dtype.kind not in "fiub" or key in WORK:
            continue
        time = next((d for d in column.dims if d in ("time", "night_time")), None)
        values = column.values if time is None else column.transpose(time, ...).values
        if values.dtype.kind == "f":
            values = values.astype(np.float32)
        found[str(key)] = Kept(values, None if time is None else ds[time].values)
    return found


def load(name: str) -> Run:
    """Return the numbers kept of a study; none where it has no file yet."""
    path = DATA / f"{name}.npz"
    if not path.exists():
        return {}
    with np.load(path) as file:
        stored = {key: file[key] for key in file.files}
    hours = {key[6:]: stored.pop(key) for key in list(stored) if key.startswith("hours:")}
    named = {key: key.split("@") for key in stored}
    return {
        parts[0]: Kept(stored[key], hours[parts[1]] if len(parts) > 1 else None)
        for key, parts in named.items()
    }


def save(name: str, kept: Run) -> None:
    """Write the numbers of a study; each grid of times is written once."""
    grids: dict[bytes, str] = {}
    stored: dict[str, Any] = {}
    for key, one in kept.items():
        if one.hours is None:
            stored[key] = one.values
            continue
        grid = grids.setdefault(one.hours.tobytes(), str(len(grids)))
        stored[f"hours:{grid}"] = one.hours
        stored[f"{key}@{grid}"] = one.values
    DATA.mkdir(exist_ok=True)
    np.savez_compressed(DATA / f"{name}.npz", **stored)
