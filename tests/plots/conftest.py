"""A made-up dataset in the shape a study returns: same dimensions, names, units, attributes."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

TIME = np.arange(0.0, 52 * 168.0 + 1, 6.0)
NIGHT = np.arange(0.0, 24.01, 0.25)
STOP = 26 * 168.0

UNITS = {
    "mor_occupancy": "1", "dor_occupancy": "1", "kor_occupancy": "1", "ogfr_occupancy": "1",
    "beta_endorphin": "fold", "met_enkephalin": "fold", "opioid_tone": "fold",
    "tnf": "fold", "il1b": "fold", "il6": "fold", "il10": "fold",
    "microglia_m1": "1", "priming": "1", "pain": "NRS", "fatigue": "NRS",
    "vivid_dreams": "NRS", "naltrexone_plasma": "nM", "naltrexol_plasma": "nM",
}  # fmt: skip


SCALE = {"1": "fraction", "fold": "fold of healthy", "NRS": "NRS 0–10"}
BETTER = {"priming": "higher", "opioid_tone": "higher", "pain": "lower", "fatigue": "lower",
          "vivid_dreams": "lower", "tnf": "lower", "il1b": "lower", "il6": "lower",
          "microglia_m1": "lower"}  # fmt: skip


def words(name: str, units: str, direction: bool = True) -> dict[str, str]:
    """Unit, scale and direction as a study writes them."""
    better = BETTER.get(name, "") if direction else ""
    if units in SCALE:
        return {"units": "1", "scale": SCALE[units], "better": better}
    return {"units": units, "scale": "", "better": better}


def _occupancy(dose: float, kd: float) -> np.ndarray:
    conc = 3.0 * dose / 4.5 * (np.exp(-NIGHT / 4.0) - np.exp(-NIGHT / 0.7)) * 1.6
    return conc / (conc + kd)


def _night(dose: float) -> dict[str, np.ndarray]:
    kds = {"mor": 0.3, "dor": 15.7, "kor": 1.0, "ogfr": 22.0}
    out = {f"{r}_occupancy": _occupancy(dose, kd) for r, kd in kds.items()}
    plasma = 3.0 * dose / 4.5 * (np.exp(-NIGHT / 4.0) - np.exp(-NIGHT / 0.7)) * 1.6
    lag = np.clip(NIGHT - 6, 0, None)
    rebound = 1 + 0.5 * out["mor_occupancy"].max() * lag * np.exp(-lag / 4) / 1.5
    return out | {
        "naltrexone_plasma": plasma,
        "naltrexol_plasma": 5 * plasma,
        "beta_endorphin": rebound + 0.2 * np.cos((NIGHT + 22 - 10.7) / 24 * 2 * np.pi),
        "met_enkephalin": rebound,
        "opioid_tone": rebound * (1 - out["dor_occupancy"]),
    }


def _long(dose: float, interval_d: float) -> dict[str, np.ndarray]:
    step = np.minimum(TIME // (24 * interval_d) + 1, 8) / 8
    given = np.where(TIME < STOP, dose * step, 0.0)
    window = np.exp(-(np.log(max(dose, 1e-9) / 4.0) ** 2) / 4) * (
        1 - 0.2 * np.log10(interval_d / 3)
    )
    fall = window * (1 - np.exp(-TIME / (8 * 168)))
    ripple = np.sin(TIME / 24 * 2 * np.pi + 0.3)
    drug = given / (given + 2.0)
    zero = 0 * TIME
    return {
        "prescribed_dose": given,
        "mor_occupancy": drug * (0.5 + 0.3 * ripple),
        "dor_occupancy": 0.2 * drug + zero, "kor_occupancy": 0.4 * drug + zero,
        "ogfr_occupancy": 0.1 * drug + zero,
        "beta_endorphin": 1 + 0.4 * window * drug + 0.2 * ripple,
        "met_enkephalin": 1 + 0.3 * window * drug + 0.05 * ripple,
        "opioid_tone": 1 + 0.2 * window * drug,
        "tnf": 2.4 - 1.4 * fall, "il1b": 2.0 - 0.9 * fall, "il6": 1.8 - 0.7 * fall,
        "il10": 1.5 - 0.3 * fall,
        "microglia_m1": 0.35 - 0.32 * fall, "priming": 0.05 + 0.1 * fall,
        "pain": 6.5 - 2.2 * fall, "fatigue": 5 - 1.4 * fall,
        "vivid_dreams": 3 * drug * np.exp(-TIME / (5 * 168)),
        "naltrexone_plasma": 3 * drug + zero, "naltrexol_plasma": 9 * drug + zero,
    }  # fmt: skip


def build(
    doses: list[float], intervals: list[float], failed: tuple[int, int] | None = None
) -> xr.Dataset:
    """Return a dose x interval dataset; ``failed`` is the index of a run that did not finish."""
    dims = ("dose", "interval")
    runs = [[_long(d, i) for i in intervals] for d in doses]
    nights = [[_night(d) for _ in intervals] for d in doses]
    shape = (len(doses), len(intervals))
    status = np.zeros(shape, np.int8)
    advice = np.full(shape, "", dtype=object)
    if failed is not None:
        status[failed] = 1
        advice[failed] = "no 24 h periodic untreated state was found; lower the autocrine gain"
    ds = xr.Dataset(
        coords={
            "dose": ("dose", doses, {"units": "mg", "long_name": "target dose"}),
            "interval": ("interval", intervals, {"units": "d", "long_name": "titration interval"}),
            "time": ("time", TIME, {"units": "h", "long_name": "time"}),
            "night_time": ("night_time", NIGHT, {"units": "h", "long_name": "time after the dose"}),
        },
        attrs={
            "title": "Dose and titration interval",
            "hypothesis": "dual_pathway",
            "warning": "Research instrument, not medical advice",
        },
    )
    for name in runs[0][0]:
        values = np.array([[r[name] for r in row] for row in runs])
        if failed is not None:
            values[failed] = np.nan
        units = UNITS.get(name, "mg/day")
        long_name = {"long_name": name.replace("_", " ")}
        ds[name] = ((*dims, "time"), values, words(name, units) | long_name)
        ds[f"baseline_{name}"] = (dims, values[..., 0], words(name, units, direction=False))
    for name in nights[0][0]:
        values = np.array([[r[name] for r in row] for row in nights])
        attrs = words(name, UNITS[name]) | {"long_name": name.replace("_", " ")}
        ds[f"night_{name}"] = ((*dims, "night_time"), values, attrs)
    for name, units in (("pain", "NRS"), ("tnf", "fold")):
        change = ds[name].values[..., TIME < STOP][..., -1] - ds[name].values[..., 0]
        attrs = words(name, units) | {"long_name": f"change of {name}, last treated week"}
        attrs["variable"] = name
        ds[f"{name}_change"] = (dims, change, attrs)
    blocked = ds["night_mor_occupancy"].values > 0.5
    ds["hours_blocked"] = (dims, blocked.sum(-1) * 0.25, {"units": "h/d", "threshold": 0.5})
    ds["status"] = (dims, status)
    ds["status_advice"] = (dims, advice)
    return ds


@pytest.fixture(scope="session")
def grid() -> xr.Dataset:
    """A dose x interval grid in which 4.5 mg is near the best dose."""
    return build([0.001, 0.1, 1.5, 4.5, 50.0], [3.0, 14.0, 28.0, 90.0])


@pytest.fixture(scope="session")
def grid_with_failure() -> xr.Dataset:
    """The same with one run failed, at the place that would otherwise be the best."""
    return build([0.001, 0.1, 1.5, 4.5, 50.0], [3.0, 14.0, 28.0, 90.0], failed=(3, 0))


@pytest.fixture(scope="session")
def named() -> xr.Dataset:
    """Four named regimens, the last of them failed."""
    ds = build([0.000001, 0.1, 4.5, 50.0], [14.0], failed=(3, 0)).isel(interval=0, drop=True)
    names = ["most_sensitive", "careful", "standard", "full_dose_comparator"]
    return ds.rename(dose="regimen").assign_coords(regimen=names)
