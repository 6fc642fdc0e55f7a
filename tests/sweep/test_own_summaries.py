"""Summaries that a study defines, each against an independent computation from the trajectory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim import plots
from ldnsim.cli.ranking import show_ranking
from ldnsim.errors import UserError
from ldnsim.plots.provenance import chosen
from ldnsim.sweep.study import Study

WEEK = 168.0
VARIABLES = ("pain", "mor_occupancy", "naltrexone_plasma", "met_enkephalin", "analgesic_tone")


def study(*tables: Any, folder: str | Path = "", **more: Any) -> Study:
    output = {"summaries": list(tables), "variables": list(VARIABLES), "every": "15 min",
              "dtype": "float64", **more.pop("output", {})}  # fmt: skip
    first = "4.5 mg nightly at 22:00 for 2 wk, then stop for 1 wk"
    regimens = [{"prescription": first, "name": "a"},
                {"prescription": "20 mg daily at 09:00 for 3 wk", "name": "b"}]  # fmt: skip
    data = {"regimens": regimens, "horizon": "3 wk", "solver": {"rtol": 1e-6}, "output": output}
    return Study.build({**data, **more}, "own.toml", folder)


def table(variable: str, reduction: str, window: str, **more: Any) -> dict[str, Any]:
    """A table whose name says all of it; ``window`` is a name, or hours such as ``"30-250"``."""
    start, dash, stop = window.partition("-")
    when = {"from": f"{start} h", "to": f"{stop} h"} if dash else {"window": window}
    name = f"{variable}_{reduction}_{window}_{more.get('against', '')}"
    name = name.replace("-", "_").replace(".", "_")
    return {"name": name, "variable": variable, "reduction": reduction, **when, **more}


def expected(ds: xr.Dataset, of: dict[str, Any], run: int) -> float:
    """The number of one run from its samples, every 3 min, by sums of trapezia."""
    one, variable = ds.isel(regimen=run), of["variable"]
    start, stop = {
        "run": (0.0, 504.0),
        "night": (float(one["night_start"]), float(one["night_start"]) + 24.0),
        "end": (336.0, 504.0),
        "week": (float(one["night_start"]) + 24.0 - WEEK, float(one["night_start"]) + 24.0),
    }.get(
        of.get("window", ""), (float(of.get("from", "0 h")[:-2]), float(of.get("to", "0 h")[:-2]))
    )
    inside = one.sel(time=slice(start - 1e-9, stop + 1e-9))
    t, y = inside["time"].values, inside[variable].values
    fine = np.arange(t[0], t[-1], 0.01)
    level = np.interp(fine, t, y)
    untreated, text = float(one[f"baseline_{variable}"]), str(of.get("threshold", 0.0))
    share, relative, _ = text.partition(" of untreated")
    limit = float(share) * (untreated if relative else 1.0)
    above, below = fine[level > limit], fine[level < limit]
    reference = {"max": float("nan"), "min": float("nan")}.get(of["reduction"], untreated)
    number: float = {
        "mean": np.trapezoid(y, t) / (t[-1] - t[0]),
        "integral": np.trapezoid(y, t),
        "max": y.max(),
        "min": y.min(),
        "hours_above": 0.01 * len(above),
        "hours_below": 0.01 * len(below),
        "first_above": above[0] if len(above) else np.nan,
        "first_below": below[0] if len(below) else np.nan,
    }[of["reduction"]]
    if of.get("against"):
        number = number - reference
        number *= 100.0 / reference if of["against"] == "percent" else 1.0
    return float(number)


EVERY = [
    *(table("pain", "mean", w, against=a) for w in ("night", "week", "end", "run", "30-250")
      for a in ("change", "percent")),
    *(table("naltrexone_plasma", kind, w) for kind in ("mean", "integral", "max", "min")
      for w in ("night", "run", "100-300")),
    *(table("mor_occupancy", kind, w, threshold=0.2) for w in ("night", "week", "run", "7-310.5")
      for kind in ("hours_above", "hours_below", "first_above", "first_below")),
    *(table("met_enkephalin", kind, "30-400", threshold="1.1 of untreated")
      for kind in ("hours_above", "hours_below", "first_above", "first_below")),
    table("naltrexone_plasma", "hours_above", "run", threshold="1 ug/L"),
]  # fmt: skip
EVERY[-1]["name"] = "text_with_a_unit"


def test_every_reduction_over_every_window_is_that_of_the_trajectory() -> None:
    ds = study(*EVERY, output={"every": "3 min"}).run()
    for of in EVERY:
        if str(of.get("threshold")).endswith("ug/L"):
            of = {**of, "threshold": 1.0}
        for run in (0, 1):
            found, wanted = float(ds[of["name"]][run]), expected(ds, of, run)
            text = f"{of['name']} of run {run}"
            assert found == pytest.approx(wanted, rel=4e-3, abs=0.1, nan_ok=True), text
        assert ds[of["name"]].attrs["variable"] == of["variable"]


@pytest.mark.parametrize("variable", ["met_enkephalin", "analgesic_tone", "pain"])
def test_hours_above_the_same_clock_are_those_of_the_variable(variable: str) -> None:
    of = table(variable, "same_clock", "night", threshold="1.02 of untreated")
    found = study(of, output={"night": 5, "night_every": "3 min"}).run()
    placebo = [{"prescription": f"placebo daily at {at} for 3 wk", "name": n}
               for n, at in (("a", "22:00"), ("b", "09:00"))]  # fmt: skip
    none = study(output={"night": 5, "night_every": "3 min"}, regimens=placebo).run()
    for run in (0, 1):
        treated, untreated = (d[f"night_{variable}"].isel(regimen=run) for d in (found, none))
        hours = float((treated > 1.02 * untreated).isel(night_time=slice(None, -1)).mean()) * 24.0
        assert float(found[of["name"]][run]) == pytest.approx(hours, abs=0.11)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 480), st.integers(1, 500), st.integers(1, 500))
def test_neighbouring_windows_add_up(start: int, first: int, second: int) -> None:
    middle = min(start + first, 503)
    stop = min(middle + second, 504)
    spans = [f"{start}-{middle}", f"{middle}-{stop}", f"{start}-{stop}"]
    kinds: dict[str, dict[str, Any]] = {
        "integral": {}, "max": {}, "min": {}, "first_above": {"threshold": 0.2},
        "hours_above": {"threshold": 0.2}, "hours_below": {"threshold": 0.2},
    }  # fmt: skip
    asked = {k: [table("mor_occupancy", k, s, **m) for s in spans] for k, m in kinds.items()}
    ds = study(*(t for ts in asked.values() for t in ts), output={"trajectories": False}).run()
    for kind, tables in asked.items():
        one, two, both = (ds[t["name"]].values for t in tables)
        if kind in ("max", "min"):
            total = np.maximum(one, two) if kind == "max" else np.minimum(one, two)
        elif kind == "first_above":
            total = np.where(np.isnan(one), two, one)
        else:
            total = one + two
        np.testing.assert_allclose(both, total, rtol=1e-9, atol=1e-9, err_msg=kind)
    hours = ds[asked["hours_above"][2]["name"]] + ds[asked["hours_below"][2]["name"]]
    np.testing.assert_allclose(hours, stop - start, atol=1e-9)


def test_own_summaries_change_no_other_number() -> None:
    alone = study("default", output={"summaries": "default"}).run()
    beside = study("default", *EVERY).run()
    for name in alone.data_vars:
        np.testing.assert_array_equal(alone[name].values, beside[name].values, err_msg=str(name))


@pytest.mark.parametrize("kind", ["hours_above", "hours_below", "first_above", "same_clock"])
def test_a_multiple_of_what_is_nothing_untreated_is_no_threshold(kind: str) -> None:
    window = "night" if kind == "same_clock" else "run"
    of = [table(v, kind, window, threshold="0.2 of untreated") for v in ("pain", "c_plasma")]
    ds = study(*of, output={"trajectories": False}).run()
    pain, plasma = (ds[t["name"]].values for t in of)
    assert np.isfinite(pain).all() or kind == "first_above"
    assert np.isnan(plasma).all(), "no drug in the untreated patient"


def test_a_summary_has_all_attributes() -> None:
    of = [
        table("pain", "mean", "24-250", against="percent"),
        {**table("pain", "hours_below", "run", threshold="0.7 of untreated"), "long_name": "calm"},
        table("naltrexone_plasma", "integral", "night"),
        table("mor_occupancy", "max", "night"),
        table("pain", "first_above", "run", threshold=3.0),
    ]
    ds = study(*of, output={"trajectories": False}).run()
    percent, calm, area, top, first = (ds[t["name"]].attrs for t in of)
    assert percent["units"] == "percent" and percent["better"] == "lower"
    assert percent["window"] == "from 1 d to 250.0 h" and percent["against"] == "percent"
    assert percent["long_name"] == "change of mean pain from untreated between 24 and 250 h"
    assert calm["units"] == "h" and calm["better"] == "higher" and calm["long_name"] == "calm"
    assert (calm["threshold"], calm["threshold_units"]) == (0.7, "untreated 24 h mean")
    assert calm["meaning"] == "hours of pain below 0.7 of untreated in the whole simulation"
    assert area["units"] == "ng/mL h" and area["better"] == "" and top["scale"] == "fraction"
    assert first["better"] == "higher" and first["threshold_units"] == "1"
    assert all(a["defined_in"] == "study" and a["mechanism"] for a in (percent, calm, area, top))


# ---- functions --------------------------------------------------------------------------------

CODE = """
import numpy as np

def relief(time, pain, baseline_pain):
    assert time.shape == pain.shape and time[-1] == 504.0
    return np.trapezoid(np.maximum(baseline_pain - pain, 0.0), time)
"""
OWN = {"name": "relief", "function": "own.py:relief", "unit": "h", "better": "higher"}


def test_a_function_of_the_trajectory(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(CODE)
    ds = study(OWN, "tnf_change", folder=tmp_path).run()
    for one in (ds.isel(regimen=r) for r in (0, 1)):
        gap = np.maximum(float(one["baseline_pain"]) - one["pain"].values.astype(float), 0.0)
        assert float(one["relief"]) == np.trapezoid(gap, one["time"].values)
    attrs = ds["relief"].attrs
    assert attrs["function"] == "own.py:relief" and len(attrs["function_sha256"]) == 64
    assert (attrs["units"], attrs["better"], attrs["reduction"]) == ("h", "higher", "function")
    assert attrs["function_sha256"] in ds.attrs["study"]


def test_a_function_sees_what_was_solved_before_it_is_rounded(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(CODE)
    fine = study(OWN, folder=tmp_path).run()
    coarse = study(OWN, folder=tmp_path, output={"dtype": "float32"}).run()
    assert coarse["pain"].dtype == np.float32
    np.testing.assert_array_equal(fine["relief"].values, coarse["relief"].values)


def test_another_file_is_not_resumed(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(CODE)
    study(OWN, folder=tmp_path).run(tmp_path / "x.zarr")
    study(OWN, folder=tmp_path).run(tmp_path / "x.zarr", resume=True)
    (tmp_path / "own.py").write_text(CODE + "# other\n")
    with pytest.raises(UserError, match=r"study.output.summaries\[1\].sha256 \(was"):
        study(OWN, folder=tmp_path).run(tmp_path / "x.zarr", resume=True)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def relief(pain):\n    return 1 / 0", r"relief of a: ZeroDivisionError.*\(line 2\)"),
        ("def relief(pain):\n    return 'much'", "relief of a returned 'much': expected a number"),
        ("def relief(pain):\n    return pain", r"a returned .*: expected a number.*line 1"),
        ("def relief(pain):\n    return float('inf')", "relief of a returned inf: expected a"),
        ("def relief(pain):\n    return -10**400", "relief of a returned .*: expected a number"),
        ("def relief(pain):\n    return '3'", "relief of a returned '3': expected a number"),
        ("def relief(pain):\n    raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_what_a_function_does_wrong_names_file_and_run(
    code: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(code)
    with pytest.raises(UserError, match=words) as refused:
        study(OWN, folder=tmp_path).run()
    assert str(refused.value).startswith("own.py: ")


@pytest.mark.parametrize(("said", "number"), [("float('nan')", np.nan), ("True", 1.0), ("3", 3.0)])
def test_what_a_function_says_touches_no_other_number(
    said: str, number: float, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(f"def relief(pain):\n    return {said}")
    ds, alone = study(OWN, "tnf_change", folder=tmp_path).run(), study("tnf_change").run()
    np.testing.assert_array_equal(ds["relief"], [number, number])
    for name in alone.data_vars:
        np.testing.assert_array_equal(alone[name], ds[name], err_msg=str(name))


def test_a_corrected_function_runs_in_place_of_one_that_stopped(tmp_path: Path) -> None:
    wrong, right = "def relief(pain):\n    return 1 / 0", "def relief(pain):\n    return 1"
    (tmp_path / "own.py").write_text(wrong)
    with pytest.raises(UserError, match="ZeroDivisionError"):
        study(OWN, folder=tmp_path).run(tmp_path / "x.zarr")
    assert [p.name for p in tmp_path.iterdir()] == ["own.py"]
    (tmp_path / "own.py").write_text(right)
    assert study(OWN, folder=tmp_path).run(tmp_path / "x.zarr")["relief"].values.tolist() == [1, 1]


def test_a_function_that_stops_later_says_what_is_kept_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "def relief(naltrexone_plasma):\n    return 1 / int(naltrexone_plasma.max() < 20.0)"
    )
    doses = [f"{d} mg" for d in (*range(1, 9), 90)]
    axis = {"name": "dose", "field": "regimen.dose", "values": doses}
    more: dict[str, Any] = {"regimens": [{"prescription": "1 mg nightly for 2 wk", "name": "a"}]}
    late = study(OWN, folder=tmp_path, axes=[axis], solver={"block": 8}, **more)
    with pytest.raises(UserError, match=r"ZeroDivisionError.*1 of 2 blocks .*--overwrite starts"):
        late.run(tmp_path / "x.zarr")


def test_sensitivities_leave_functions_out_and_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.py").write_text(CODE)
    ds = study(OWN, "tnf_change", folder=tmp_path, output={"sensitivity": True}).run()
    assert list(ds["summary"].values) == ["tnf_change"]
    said = ds["sensitivity"].attrs["left_out_summaries"]
    assert json.loads(said) == {"relief": "a Python function, which may jump"}
    show_ranking(ds, ["tnf_change"], 3)
    assert "# left out summaries: relief (a Python function" in capsys.readouterr().out
    with pytest.raises(UserError, match="'relief' has no sensitivities: it is a Python function"):
        chosen(ds, ["relief"])


def test_a_map_of_an_own_summary_says_what_it_is(tmp_path: Path) -> None:
    axis = {"name": "driver", "field": "parameters.driver", "values": [0.12, 0.2]}
    of = table("autoimmune_balance", "max", "run")
    ds = study(of, axes=[axis], output={"trajectories": False, "variables": ["pain"]}).run()
    figure = plots.heatmap(ds, of["name"])
    words = " ".join(" ".join(t.get_text().split()) for t in figure.findobj(match=_is_text))
    assert "highest autoimmune balance" in words and "fold of healthy" in words
    assert "★" not in words and "better" not in words


def _is_text(artist: Any) -> bool:
    return hasattr(artist, "get_text")
