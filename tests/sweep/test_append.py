"""A sweep that grows: what was there is taken over, and the result is that of a fresh sweep."""

from __future__ import annotations

import contextlib
import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import ldnsim
from ldnsim.errors import UserError
from ldnsim.runs.plan import make_plan
from ldnsim.sweep import execute, grow
from ldnsim.sweep.shards import Shard, run_shard
from ldnsim.sweep.study import Study
from tests.sweep import faults

OUTPUT = {
    "variables": ["pain", "tnf"],
    "summaries": ["pain_change", "hours_blocked"],
    "every": "6 h",
}
DOSES = ["1 mg", "3 mg", "4.5 mg"]
DOSE = {"name": "dose", "field": "regimen.target", "values": DOSES, "unit": "mg"}
GAIN = {"name": "driver", "field": "parameters.driver", "values": [0.1, 0.2]}


def study(doses: list[str] = DOSES, gains: list[float] | None = None, **more: Any) -> Study:
    axes = [{**DOSE, "values": doses}, {**GAIN, "values": gains or GAIN["values"]}]
    data = {"title": "grows", "regimen": "4.5 mg nightly at 22:00, for 3 d", "axes": axes,
            "output": OUTPUT, "horizon": "4 d", "solver": {"block": 8}}  # fmt: skip
    return Study.build({**data, **more}, "grows")


def same(grown: xr.Dataset, fresh: xr.Dataset) -> None:
    """Hold two results together: everything of them, values to the bit."""
    assert set(grown.variables) == set(fresh.variables)
    assert dict(grown.sizes) == dict(fresh.sizes)
    assert grown.attrs == fresh.attrs
    for name in fresh.variables:
        a, b = grown[name], fresh[name]
        assert (a.dims, a.dtype) == (b.dims, b.dtype), name
        assert str(a.attrs) == str(b.attrs), name
        assert np.array_equal(a.values, b.values, equal_nan=a.dtype.kind == "f"), name


def test_values_are_added_anywhere_along_several_axes(tmp_path: Path) -> None:
    study().run(tmp_path / "a.zarr")
    before = ldnsim.open_store(tmp_path / "a.zarr").load()
    more = study(["0.5 mg", "4.5 mg", "1 mg", "2 mg", "3 mg"], [0.15, 0.2, 0.1])
    told: list[tuple[int, int]] = []
    grown = more.run(tmp_path / "a.zarr", append=True, progress=lambda a, b: told.append((a, b)))
    same(grown, more.run(tmp_path / "b.zarr"))
    assert told[-1] == (9, 9)  # of fifteen runs six were there
    for name in ("pain", "pain_change", "night_tnf", "steps"):
        old = before[name].values
        kept = grown[name].sel(dose=before.dose.values, driver=before.driver.values)
        assert np.array_equal(kept.transpose(*before[name].dims).values, old), name
    assert [p.name for p in tmp_path.glob("a.*")] == ["a.zarr"]


def test_what_is_there_is_not_solved_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study().run(tmp_path / "a.zarr")
    seen: list[int] = []
    real = execute._solve

    def solve(job: Any, starts: list[int], size: int, *rest: Any) -> Any:
        seen.extend(int(r) for s in starts for r in job.rows(s, size))
        return real(job, starts, size, *rest)

    monkeypatch.setattr(execute, "_solve", solve)
    plan = make_plan(study([*DOSES, "6 mg"]))
    assert grow.append(plan, tmp_path / "a.zarr") == 2
    assert seen == [6, 7]
    assert grow.append(plan, tmp_path / "a.zarr") == 0 and len(seen) == 2


REGIMENS = [{"prescription": f"{d} mg nightly at 22:00, for 3 d", "name": n}
            for d, n in ((1, "low"), (3, "mid"), (9, "high"))]  # fmt: skip
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "patients": ({"population": {"size": 3}}, {"population": {"size": 5}}),
    "attribution": ({"output": {**OUTPUT, "attribution": True}},) * 2,
    "sensitivity": ({"output": {**OUTPUT, "sensitivity": True}},) * 2,
    "summaries": ({"output": {"summaries": ["pain_change"], "trajectories": False}},) * 2,
    "double": ({"output": {**OUTPUT, "dtype": "float64", "night": 2}},) * 2,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_column(kind: str, tmp_path: Path) -> None:
    before, after = (copy.deepcopy(k) for k in KINDS[kind])
    study(DOSES[1:2], **before).run(tmp_path / "a.zarr")
    more = study(DOSES[:2], **after)
    same(more.run(tmp_path / "a.zarr", append=True), more.run(tmp_path / "b.zarr"))


def test_regimens_are_added(tmp_path: Path) -> None:
    one = study(regimen=None, regimens=REGIMENS[:2], axes=[GAIN])
    more = study(regimen=None, regimens=[REGIMENS[2], *REGIMENS[:2]], axes=[GAIN])
    one.run(tmp_path / "a.zarr")
    same(more.run(tmp_path / "a.zarr", append=True), more.run(tmp_path / "b.zarr"))


def test_runs_that_somebody_looks_at(tmp_path: Path) -> None:
    """With decisions, readings, who stopped, and a ledger of what was taken."""

    def seen(regimens: list[dict[str, str]]) -> Study:
        return study(regimen=None, regimens=regimens, horizon="3 wk", axes=[GAIN])

    found = [
        {"name": f"to {most:g}", "prescription": "1.5 mg nightly at 22:00, visits every 1 wk:"
         f" +1.5 mg if relief < {least}, to {most:g} mg, for 3 wk"}
        for most, least in ((3.0, 20), (4.5, 20), (6.0, 30))
    ]  # fmt: skip
    seen(found[1:2]).run(tmp_path / "a.zarr")
    more = seen(found)
    same(more.run(tmp_path / "a.zarr", append=True), more.run(tmp_path / "b.zarr"))


@pytest.mark.parametrize("full", [False, True])
def test_a_stop_at_any_moment_leaves_the_old_or_the_new(
    full: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.stand_in(monkeypatch)
    for at in (0, *range(1, 400, 17)):
        out = tmp_path / f"{at}" / "a.zarr"
        out.parent.mkdir()
        faults.run(out, "one short")
        with faults.faulty(at, full=full) as system:
            if not at:
                faults.run(out, "one", append=True)
                count = len(system.calls)
                assert 100 < count < 400
                continue
            if at > count:
                break
            with contextlib.suppress(faults.Crash, UserError):
                faults.run(out, "one", append=True)
        aside = out.with_name("a.zarr.partial") / "old-a.zarr"
        left = aside if aside.exists() and not out.exists() else out
        assert faults.title_of(left) in ("one short", "one")
        # what was stopped behind its last step is whole: whatever comes next clears up
        behind = faults.title_of(left) == "one"
        if behind and at % 3 == 1:
            assert run_shard(faults.plan("one"), out, Shard(1, 1)) is None
        else:
            faults.run(out, "one", **{"resume" if behind and at % 3 else "append": True})
        assert faults.title_of(out) == "one"
        assert {p.name for p in out.parent.iterdir()} <= {"a.zarr", ".a.zarr.partial.lock"}


REFUSED: dict[str, tuple[Study, str]] = {
    "another title": (study([*DOSES, "6 mg"], title="other"), "title"),
    "another output": (study([*DOSES, "6 mg"], output={**OUTPUT, "every": "1 d"}), "output.every"),
    "another seed": (study([*DOSES, "6 mg"], seed=3), "seed"),
    "a value less": (study(["3 mg", "4.5 mg", "6 mg"]), "append only adds"),
    "another axis": (study(axes=[GAIN]), "dimensions"),
    "another unit": (study(axes=[{**DOSE, "unit": "ug"}, GAIN]), "dose"),
    "longer": (study(horizon="5 d"), "horizon"),
}  # fmt: skip


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("there") / "a.zarr"
    study().run(place)
    return place


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_longer_axis_is_refused(case: str, there: Path) -> None:
    other, word = REFUSED[case]
    with pytest.raises(UserError, match=word):
        other.run(there, append=True)
    assert ldnsim.open_store(there, verify=True).sizes["dose"] == 3
    assert not there.with_name("a.zarr.partial").exists()


def test_an_axis_in_another_order_with_nothing_new_is_refused(there: Path) -> None:
    with pytest.raises(UserError, match="in another order"):
        study(DOSES[::-1]).run(there, append=True)
    assert study().run(there, append=True).sizes["dose"] == 3  # as it was


def test_a_horizon_that_follows_the_regimens_is_refused(tmp_path: Path) -> None:
    one = study(regimen=None, regimens=REGIMENS[:2], axes=[GAIN], horizon=None)
    long = {"prescription": "1 mg nightly at 22:00, for 5 d", "name": "long"}
    more = study(regimen=None, regimens=[*REGIMENS[:2], long], axes=[GAIN], horizon=None)
    one.run(tmp_path / "a.zarr")
    with pytest.raises(UserError, match=r"horizon \(was 96 h, now 144 h"):
        more.run(tmp_path / "a.zarr", append=True)


def test_hypercubes_of_another_size_are_other_patients(tmp_path: Path) -> None:
    cube = {"method": "latin_hypercube"}
    study(DOSES[:1], population={"size": 2, **cube}).run(tmp_path / "a.zarr")
    with pytest.raises(UserError, match=r"population.size \(was 2, now 3: .*sobol"):
        study(DOSES[:1], population={"size": 3, **cube}).run(tmp_path / "a.zarr", append=True)


def test_there_must_be_a_store(tmp_path: Path) -> None:
    for name, words in (("a.zarr", "no result"), ("a.nc", "Zarr store")):
        with pytest.raises(UserError, match=words):
            study().run(tmp_path / name, append=True)
    for how in ({"resume": True}, {"overwrite": True}):
        with pytest.raises(UserError, match="append with"):
            study().run(tmp_path / "a.zarr", append=True, **how)
    with pytest.raises(UserError, match="in memory"):
        study().run(append=True)
