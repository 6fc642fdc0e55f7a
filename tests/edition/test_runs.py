"""Runs of an extended model: against a slow reference, other executors, resumed, and beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import solve_ivp
from typer.testing import CliRunner

import ldnsim
from ldnsim.cli import app
from ldnsim.edition import extended, shipped
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.errors import Interrupted, UserError
from tests.edition.files import edition, written

EXAMPLE = Path(__file__).parents[2] / "examples" / "trpm3"
RX = "3 mg nightly at 22:00, for 6 d"
BYSTANDER = '''"""A state that nothing reads."""

from ldnsim.mechanisms.record import Mechanism

M = Mechanism("bystander", "A state that nothing reads")
M.parameter("bystander_gain", 0.0, "1", "how much it follows naltrexone in plasma")
M.parameter("bystander_rate", 1.0, "1/h", "how fast")


@M.state("1", "bystander", start=1.0)
def bystander(
    bystander: float, naltrexone_plasma: float, bystander_gain: float, bystander_rate: float
) -> float:
    return bystander_rate * (1.0 + bystander_gain * naltrexone_plasma - bystander)
'''


def test_kernels_of_an_extended_model_against_plain_python() -> None:
    """An untreated orbit closes in an independent integration of the equations as written."""
    model = extended(["trpm3.py"], EXAMPLE).model
    on = {"coupling_trpm3": 1.0, "nk_mor": 3.0, "t_nk": 6.0}
    params = model.parameter_vector(on)
    found = find_orbits(model, params[None], np.array([True]))
    start, nk = found.y0[0], model.state_index["nk_activity"]
    scale = np.array([s.scale for s in model.states.values()])
    slow = solve_ivp(
        lambda t, y: model.rates(t, y, params), (0.0, 24.0), start, "LSODA", rtol=1e-8,
        atol=1e-10 * scale, dense_output=True,
    )  # fmt: skip
    np.testing.assert_allclose(slow.y[:, -1], start, rtol=2e-6, atol=1e-8)
    mean = np.mean([slow.sol(t)[nk] for t in np.arange(0.0, 24.0, 0.25)])
    assert found.mean[0, model.observable_index["nk_activity"]] == pytest.approx(mean, rel=1e-6)
    assert mean < 0.9, "the switch is on"


@pytest.fixture(scope="module")
def plain() -> xr.Dataset:
    return run()


def run(folder: Path | None = None, **values: float) -> xr.Dataset:
    names = [str(folder / "bystander.py")] if folder else []
    return ldnsim.simulate(
        RX, parameters=values, model={"extend": names},
        output={"every": "6 h", "variables": "all", "dtype": "float64"},
    )  # fmt: skip


def largest_difference(one: xr.Dataset, other: xr.Dataset) -> float:
    """Of all variables over time, relative to the largest value of each."""
    known = [n for n in shipped().model.observables if n in one]
    assert len(known) > 60
    return max(
        float(np.abs(one[n] - other[n]).max() / np.abs(one[n]).max())
        for n in known
        if float(np.abs(one[n]).max()) > 0.0
    )


@pytest.mark.soak  # compiles kernels of its own
@pytest.mark.parametrize("rate", [0.01, 1.0, 100.0])
def test_a_state_at_rest_that_nothing_reads_moves_others_by_rounding(
    rate: float, plain: xr.Dataset, tmp_path: Path
) -> None:
    """Its error is 0, so the steps are the same; other kernels are other multiply-adds."""
    written(tmp_path, bystander_py=BYSTANDER)
    beside = run(tmp_path, bystander_rate=rate)
    np.testing.assert_allclose(beside["bystander"].values, 1.0, rtol=1e-12)
    assert beside["steps"] == plain["steps"]
    # variables that stand near nothing keep fewer digits of what they are made of
    assert largest_difference(plain, beside) < 1e-9


@pytest.mark.soak  # compiles kernels of its own
def test_one_that_moves_fast_moves_others_by_less_than_the_tolerance(
    plain: xr.Dataset, tmp_path: Path
) -> None:
    """Steps follow the error of every state: others are solved more finely, not differently."""
    written(tmp_path, bystander_py=BYSTANDER)
    beside = run(tmp_path, bystander_rate=30.0, bystander_gain=50.0)
    assert float(beside["bystander"].max()) > 2.0
    assert beside["steps"] > plain["steps"]
    tolerance = json.loads(plain.attrs["solver"])["rtol"]
    assert 1e-11 < largest_difference(plain, beside) < 10.0 * tolerance


def study(folder: Path, value: float = 100.0) -> ldnsim.Study:
    """A study of eight blocks of runs on the shipped equations with another clearance."""
    text = f"[parameters.cl]\nvalue = {value}\ngrade = 'assumed'\n"
    written(folder, own_toml=text)
    (folder / "study.toml").write_text(
        f"""
regimen = "{RX}"

[model]
extend = ["own.toml"]

[[axes]]
name = "dose"
field = "regimen.target"
linspace = ["1 mg", "5 mg", 16]

[output]
trajectories = false

[solver]
block = 8
"""
    )
    return ldnsim.load(folder / "study.toml")


def test_a_changed_extension_is_not_resumed_with(tmp_path: Path) -> None:
    out = tmp_path / "out.zarr"

    def stop(done: int, total: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        study(tmp_path).run(out, progress=stop)
    said = r"extensions.own.toml \(was \"\w{12}.*, now \"\w{12}"
    with pytest.raises(UserError, match=f"cannot be resumed.*{said}"):
        study(tmp_path, 101.0).run(out, resume=True)
    first = study(tmp_path).run(out, resume=True)
    with pytest.raises(UserError, match=said):
        study(tmp_path, 101.0).run(out, resume=True)
    again = study(tmp_path).run()
    assert np.array_equal(first["tnf_change"].values, again["tnf_change"].values)
    with_own = json.loads(first.attrs["parameters"])
    assert next(p for p in with_own if p["name"] == "cl")["default"] == 100.0


def test_worker_processes_give_the_same_bits(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    shutil.copy(EXAMPLE / "trpm3.py", tmp_path)
    made = ldnsim.Study.build(
        {
            "model": {"extend": ["trpm3.py"]}, "regimen": RX,
            "axes": [{"name": "cells", "field": "parameters.nk_mor", "values": [1.0, 2.0]}],
            "output": {"every": "12 h", "variables": ["nk_mu_tone", "pain"]},
        },
        folder=tmp_path,
    )  # fmt: skip
    (tmp_path / "trpm3.py").unlink()  # workers make the model of its text
    here, there = made.run(), made.run(executor="dask", threads=2)
    assert here.identical(there)


def test_the_same_extension_shares_its_kernels(tmp_path: Path) -> None:
    from ldnsim.engine.generate.kernels import load_kernels

    text = (EXAMPLE / "trpm3.py").read_text("utf-8")
    one = edition(tmp_path, trpm3_py=text).model
    two = edition(tmp_path, trpm3_py=text + "# a remark\n").model
    assert one is not two and load_kernels(one) is load_kernels(two)
    assert load_kernels(one) is not load_kernels(shipped().model)


def test_a_trial_takes_an_arm_that_only_the_extension_knows(tmp_path: Path) -> None:
    text = '[protocols.own_start]\ntitle = "Own"\nregimen = "1 mg nightly at 22:00, for 2 wk"\n'
    (tmp_path / "own.toml").write_text(text)
    arms = 'values = ["placebo nightly at 22:00, for 2 wk", "own_start"]\n'
    (tmp_path / "trial.toml").write_text(
        '[model]\nextend = ["own.toml"]\n[population]\nsize = 2\nscale = 0.3\n[[axes]]\n'
        f'name = "arm"\nfield = "regimen"\n{arms}[output]\nvariables = ["pain"]\n'
        "summaries = []\nnight = false\nledger = false\n"
    )
    done = CliRunner().invoke(app, ["trial", str(tmp_path / "trial.toml"), "--per-arm", "2"])
    assert done.exit_code == 0, done.output
    assert "own_start" in done.output


def test_a_trial_of_steady_doses_asks_how_long_they_were_given(tmp_path: Path) -> None:
    (tmp_path / "taken.csv").write_text("TIME,AMT,II,SS,ADDL\n22,4.5,24,1,13\n")
    (tmp_path / "trial.toml").write_text(
        '[population]\nsize = 2\n[[regimens]]\nevents = "taken.csv"\nname = "taken"\n'
        '[[regimens]]\nprescription = "placebo nightly at 22:00, for 2 wk"\nname = "none"\n'
    )
    done = CliRunner().invoke(app, ["trial", str(tmp_path / "trial.toml")])
    assert done.exit_code == 2 and "say how long earlier doses are given" in done.output


def test_no_study_asks_another_model_how_long_steady_state_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: object) -> float:
        raise AssertionError("the model of the package was asked")

    monkeypatch.setattr("ldnsim.regimen.steady.default_lead_hours", never)
    (tmp_path / "taken.csv").write_text("TIME,AMT,II,SS,ADDL\n22,4.5,24,1,13\n")
    slow = '[parameters.k_off_mor]\nvalue = 0.001\ngrade = "assumed"\n'
    (tmp_path / "own.toml").write_text(slow)
    study = {"regimen": {"events": "taken.csv"}}
    plain = ldnsim.Study.build(study, "plain.toml", tmp_path).plan().end
    own = ldnsim.Study.build({**study, "model": {"extend": ["own.toml"]}}, "own.toml", tmp_path)
    assert own.plan().end > plain, "it takes longer where the drug leaves the receptor more slowly"
