"""States of a patient over a parameter: folds, stability, ringing and limit cycles of the model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

from ldnsim import plots
from ldnsim.analysis import Branch, continue_orbit
from ldnsim.analysis.behaviours.switch import DRIVEN
from ldnsim.cli import app
from ldnsim.engine.rhythm.daily_map import DailyMap
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.status import Status
from ldnsim.errors import UserError
from ldnsim.model import default_model

matplotlib.use("Agg")
MODEL = default_model()


@pytest.fixture(scope="module")
def branch() -> Branch:
    """The untreated default patient over the driver."""
    return continue_orbit("driver", 0.0, 0.08, points=12)


def orbits(drivers: list[float], inflamed: bool) -> tuple[np.ndarray, np.ndarray]:
    params = np.tile(MODEL.defaults(), (len(drivers), 1))
    params[:, MODEL.parameter_index["driver"]] = drivers
    found = find_orbits(MODEL, params, np.full(len(drivers), inflamed))
    return found.status, found.mean[:, MODEL.observable_index["tnf"]]


def test_the_resolved_state_exists_up_to_the_fold_and_not_beyond(branch: Branch) -> None:
    (fold,) = branch.folds
    # nearer above it a patient passes for longer than settling waits
    status, _ = orbits([fold.value - 2e-4, fold.value + 5e-3], inflamed=False)
    assert status.tolist() == [Status.OK, Status.NO_SUCH_BASIN]
    assert abs(fold.multiplier - 1.0) < 1e-4
    assert branch.hysteresis() == [(0.0, fold.value)]


def test_stable_stretches_are_what_settling_finds(branch: Branch) -> None:
    p, tnf = branch.values, branch.of("tnf")
    switch = MODEL.inflamed
    assert switch is not None
    level = switch.share * MODEL.parameters[switch.parameter].value
    for inflamed in (False, True):
        there = (branch.of(switch.variable) > level) == inflamed
        here = np.flatnonzero(branch.stable & there)[::4]
        status, settled = orbits(p[here].tolist(), inflamed)
        assert len(here) > 3 and np.all(status == Status.OK)
        np.testing.assert_allclose(tnf[here], settled, rtol=1e-5)


def test_three_states_at_the_patients_own_value_and_the_middle_one_parts_the_others(
    branch: Branch,
) -> None:
    assert [r.stable for r in branch.rests] == [True, False, True]
    assert [r.inflamed for r in branch.rests][::2] == [False, True]
    k = int(np.flatnonzero(~branch.stable & (branch.values < 0.04))[0])
    daily = DailyMap(MODEL, MODEL.defaults(), "driver", 1e-7)
    y = np.tile(branch.y0[k], (2, 1))
    y[:, MODEL.state_index["priming"]] *= (0.97, 1.03)  # the slow state: others follow it
    index = np.array([MODEL.observable_index["tnf"]])
    tnf, _ = daily.follow(y, np.full(2, branch.values[k]), 500, index)
    either = [orbits([branch.values[k]], inflamed)[1][0] for inflamed in (False, True)]
    assert either[0] < branch.of("tnf")[k] < either[1]
    np.testing.assert_allclose(tnf[:, 0, -1], either, rtol=1e-3)


def test_the_branch_keeps_its_bounds_and_is_the_same_for_any_threads(branch: Branch) -> None:
    assert branch.values.min() == 0.0 and branch.values.max() == 0.08
    assert np.all(np.isfinite(branch.mean)) and set(sum(branch.ends, ())) == {"bound"}
    daily = [DailyMap(MODEL, MODEL.defaults(), "driver", 1e-7, threads=k) for k in (1, 2)]
    for one, two in zip(*(m(branch.y0[0], 0.01) for m in daily), strict=True):
        np.testing.assert_array_equal(one, two)
    same = [m.means(branch.y0[:9], branch.values[:9]) for m in daily]
    np.testing.assert_array_equal(*same)
    one = continue_orbit("driver", 0.055, 0.07, points=3)
    assert one.folds[0].value == pytest.approx(branch.folds[0].value, abs=1e-7)
    assert one.rests == ()  # the patient's own driver, 0.02, lies outside


def test_lasting_drivers_of_the_scorecard_lie_above_the_fold_by_a_tenth(branch: Branch) -> None:
    """What E5 says of them: above the range of the resolved state, and the first not by much."""
    assert 1.1 * branch.folds[0].value <= min(DRIVEN) <= 1.15 * branch.folds[0].value


def test_a_branch_is_drawn_and_written(branch: Branch) -> None:
    data = json.loads(json.dumps(branch.as_dict(), allow_nan=False))
    assert data["bifurcations"][0]["value"] == branch.folds[0].value
    assert sum(len(c["value"]) for c in data["curves"]) == len(branch.values)
    figure = plots.bifurcation(branch.to_dataset(), ("tnf",))
    assert isinstance(figure, Figure)
    marks = {str(a.get_gid()): a for a in figure.axes[0].lines if a.get_gid()}
    assert {"stable", "unstable", "fold", "own"} <= set(marks)
    assert marks["fold"].get_xdata()[0] == branch.folds[0].value
    between, (low, _, high) = np.asarray(marks["unstable"].get_ydata()), branch.rests
    assert low.of("tnf") < between.min() < between.max() < high.of("tnf")
    with pytest.raises(UserError, match="not in the branch"):
        plots.bifurcation(branch.to_dataset(), ("pian",))


LAGS = dict.fromkeys(
    ("t_strain", "t_half_expression_pomc", "t_half_expression_penk", "t_half_beta_endorphin",
     "t_half_met_enkephalin"), 72.0,
)  # fmt: skip
STRAINED = {
    **LAGS, "k_off_mor": 0.01, "strain50": 5.0, "expression_ceiling": 50.0, "pool50": 0.02,
    "demand_gain": 0.0, "unmet_drain": 0.0, "reserve_wear": 0.0, "reserve_learning": 0.0,
    "circadian_amplitude": 0.0,
}  # fmt: skip
"""Under a lasting block of 50 mg, lost tone calls up peptide through lags of one length. With a
gain a thousand times the shipped one that is enough to go round for ever."""
CALM, WILD = 150.0, 1000.0


def strained(gain: float) -> tuple[Branch, DailyMap]:
    """A strained patient's rhythms close to the default driver, and their daily map."""
    own = {**STRAINED, "expression_gain": gain}
    branch = continue_orbit("driver", 0.0199, 0.0201, dose=50.0, points=4, parameters=own)
    return branch, DailyMap(MODEL, MODEL.parameter_vector(own), "driver", 1e-8, dose=50.0)


def test_ringing_on_treatment_has_the_period_and_damping_of_its_multiplier() -> None:
    treated, daily = strained(CALM)
    rest = treated.rests[0]
    assert rest.stable and rest.ringing is not None
    k = int(np.argmin(np.abs(treated.values - 0.02)))
    y = np.tile(treated.y0[k], (2, 1))
    y[1, MODEL.state_index["pomc_expression"]] *= 1.02
    index = np.array([MODEL.observable_index["beta_endorphin"]])
    means, _ = daily.follow(y, np.full(2, treated.values[k]), 120, index)
    off = means[1, 0] - means[0, 0]
    peaks = [d for d in range(1, 119) if off[d] > max(off[d - 1], off[d + 1], 0.0)]
    assert np.mean(np.diff(peaks)) == pytest.approx(rest.ringing.period, rel=0.05)
    assert off[peaks[-1]] / off[peaks[-2]] == pytest.approx(rest.ringing.kept, abs=0.05)


def test_a_patient_that_never_rests_is_reported_with_its_limit_cycle() -> None:
    found, daily = strained(WILD)
    assert not found.stable.any() and [r.stable for r in found.rests] == [False]
    assert found.rests[0].ringing is not None and found.rests[0].ringing.kept > 1.0
    cycle = found.cycles[len(found.cycles) // 2]
    assert cycle.regular
    index = np.array([MODEL.observable_index["tnf"]])
    means, _ = daily.follow(MODEL.start(True)[None], np.array([cycle.value]), 900, index)
    settled = means[0, 0, 600:]
    assert settled.max() > 1.05 * settled.min()
    assert cycle.low["tnf"] == pytest.approx(settled.min(), rel=0.005)
    assert cycle.high["tnf"] == pytest.approx(settled.max(), rel=0.005)
    assert f"limit cycle of {cycle.period:.3g} d, TNF between {cycle.low['tnf']:.3g}" in str(cycle)
    figure = plots.bifurcation(found.to_dataset())
    assert any(c.get_gid() == "cycle" for c in figure.axes[0].collections)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--parameter", "drivr"), "did you mean 'driver'"),
        (("--parameter", "coupling_tlr4"), "switch"),
        (("--from", "-0.1"), "within 0 and"),
        (("--from", "0.2", "--to", "0.1"), "ascends"),
        (("--hypothesis", "rebond"), "'rebound'"),
        (("defalt",), "'default'"),
    ],
)
def test_mistakes_are_named(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, ["states", *words])
    assert result.exit_code == 2 and said in " ".join(result.stderr.split())


def test_the_command_prints_states_and_the_fold() -> None:
    words = ["states", "--from", "0.01", "--to", "0.07", "--points", "10"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    fold = re.search(r"fold at driver = (\d\.\d+)", result.stdout)
    assert fold and 0.05 < float(fold[1]) < 0.07
    assert f"two stable states for driver from 0.01 to {fold[1]}" in result.stdout
    docs = Path(__file__).parents[2] / "docs"
    text = (docs / "states.md").read_text(encoding="utf-8")
    assert f"fold at driver = {float(fold[1]):.3g}\n" in text, "the page gives another fold"
    assert [line.split("\t")[0] for line in result.stdout.splitlines()[2:5]] == [
        "resolved", "between", "inflamed",
    ]  # fmt: skip


def test_the_inflamed_state_gives_way_at_the_dose_where_simulated_patients_leave_it() -> None:
    # so few that the longest steps would pass the fold unseen
    branch = continue_orbit("dose", 0.0, 3.0, points=6)
    assert sum(branch.refused) > 0 and set(branch.ends) == {("bound", "bound")}
    assert branch.values.min() == 0.0 and branch.values.max() == 3.0
    assert branch.hysteresis()[0][0] == 0.0
    cells = branch.of("microglia_m1")
    gone = max(branch.folds, key=lambda f: cells[f.index])
    start = find_orbits(MODEL, MODEL.defaults()[None], np.array([True])).y0
    daily = DailyMap(MODEL, MODEL.defaults(), "dose", 1e-6)
    index = np.array([MODEL.observable_index["microglia_m1"]])
    doses = gone.value * np.array([0.8, 1.25])
    m1, _ = daily.follow(np.repeat(start, 2, axis=0), doses, 1200, index, samples=4)
    stays, leaves = m1[0, 0, -60:].min(), m1[1, 0, -60:].max()
    assert stays > cells[gone.index] > leaves


@pytest.mark.soak  # with few points: the test above
@pytest.mark.parametrize("high", [4.0, 20.0])
def test_no_curve_over_the_dose_is_lost_next_to_a_dose_of_zero(high: float) -> None:
    branch = continue_orbit("dose", high=high)
    assert set(branch.ends) == {("bound", "bound")}
    assert branch.values.min() == 0.0 and branch.values.max() == high
    start, end = branch.hysteresis()[0]
    assert start == 0.0 and end in {f.value for f in branch.folds}
