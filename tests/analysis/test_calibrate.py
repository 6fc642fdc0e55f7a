"""Fits of the model: known parameters found again, what cannot be found, shipped values."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ldnsim.analysis.evidence import calibrate as module
from ldnsim.analysis.evidence.calibrate import Options, calibrate, fit_group, rounded, with_free
from ldnsim.analysis.evidence.probe_kinds import Patient
from ldnsim.analysis.evidence.probes import find_observation, simulate
from ldnsim.catalog.calibration import read_groups
from ldnsim.catalog.observations import Observation
from ldnsim.cli import app
from ldnsim.edition import extended, shipped
from ldnsim.errors import UserError
from ldnsim.model import default_model

FEW = Options(starts=1)


def test_parameters_that_made_the_data_are_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    group = shipped().fit_groups["persistent"]
    truth = {"kd_mor": 0.11, "k_off_mor": 0.02, "kd_kor": 0.22, "k_off_kor": 0.02}
    seen = [find_observation(n) for n in group.observations]
    numbers = simulate([(o, Patient("persistent", truth)) for o in seen], 1e-7)
    made = {
        o.name: replace(o, values=(float(v),), low=None, high=None)
        for o, v in zip(seen, numbers, strict=True)
    }

    def found(name: str, _: object) -> Observation:
        return made[name]

    monkeypatch.setattr(module, "find_observation", found)
    fit = fit_group(group, options=FEW)
    assert fit.fit.chi2 < 1e-4
    for e in fit.estimates:
        assert e.value == pytest.approx(truth[e.name], rel=2e-3)


def test_occupancy_alone_cannot_tell_affinity_from_entry() -> None:
    fit = calibrate(["occupancy"], replace(FEW, free=("kp_brain", "kd_mor")))[0]
    assert fit.curvature.rank == 1 and set(fit.curvature.open) == {"kp_brain", "kd_mor"}
    assert [e.verdict for e in fit.estimates] == ["not determined"] * 2
    seen = calibrate(["occupancy"], replace(FEW, free=("kp_brain", "kd_mor"), profiles=True))[0]
    assert [e.verdict for e in seen.estimates] == ["not determined"] * 2
    assert seen.profiles[1].interval == (None, None)
    alone = calibrate(["occupancy"], FEW)[0]
    assert alone.fit.chi2 == pytest.approx(fit.fit.chi2, rel=1e-3)  # the second adds nothing
    assert alone.estimates[0].verdict == "determined"


def test_priors_close_what_data_leave_open_and_say_when_they_decide() -> None:
    options = replace(FEW, free=("kp_brain", "kd_mor"), priors=True)
    fit = calibrate(["occupancy"], options)[0]
    kp, kd = fit.estimates
    assert fit.curvature.rank == 2
    # normal theory: data of variance s fix the difference of two logarithms with prior variances
    alone = calibrate(["occupancy"], FEW)[0].estimates[0]
    s = (alone.se / alone.value) ** 2
    expected = 0.3**2 * (0.5**2 + s) / (0.3**2 + 0.5**2 + s)
    assert (kp.se / kp.value) ** 2 == pytest.approx(expected, rel=0.05)
    assert kp.data_share == pytest.approx(1.0 - expected / 0.3**2, abs=0.05)
    assert kp.verdict == "prior decides" and not kp.fitted and kd.fitted


def test_wrong_names_are_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'occupancy'"):
        calibrate(["ocupancy"])
    with pytest.raises(UserError, match="did you mean 'kp_brain'"):
        calibrate(["occupancy"], replace(FEW, free=("kp_brian",)))
    with pytest.raises(UserError, match="no recorded spread"):
        calibrate(["occupancy"], replace(FEW, free=("coupling_drug",)))
    with pytest.raises(UserError, match="no fit group"):
        calibrate([])


def test_a_fraction_at_its_end_is_refused_by_name_and_bounds(tmp_path: Path) -> None:
    name = next(
        n for n, p in default_model().parameters.items()
        if p.spread.kind == "logitnormal" and p.high == 1.0
    )  # fmt: skip
    text = f'[parameters.{name}]\nvalue = 1.0\ngrade = "assumed"\n'
    (tmp_path / "own.toml").write_text(text)
    own = extended(["own.toml"], tmp_path)
    words = f"{name} = 1: .*logits, so expected a value above 0 and below 1"
    with pytest.raises(UserError, match=words):
        calibrate(["occupancy"], replace(FEW, free=(name,)), own)


def test_other_free_parameters_keep_recorded_bounds_and_drop_their_ties() -> None:
    group = with_free(shipped().fit_groups["persistent"], ["kd_mor", "bound_mor"])
    assert group.free[0] == shipped().fit_groups["persistent"].free[0]
    assert 0.0 < group.free[1].low < 0.2 < group.free[1].high < 0.95
    assert set(group.ties) == {"kd_kor"}


GOOD = """
[mine]
title = "Mine"
hypothesis = "tonic"
observations = ["pet_2mg"]

[mine.free.kp_brain]
low = 1.0
high = 2.0
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"tonic"', '"tonnic"', "mine.hypothesis: 'tonnic' is not a hypothesis"),
        ('"pet_2mg"', '"pet_2"', "mine.observations: 'pet_2' is not known; did you mean"),
        ('"pet_2mg"', '"dreams_ratio"', "'dreams_ratio' may not be fitted under tonic"),
        ("free.kp_brain", "free.kp_brian", "'kp_brian' is not a parameter of the model"),
        ("low = 1.0", "low = 3.0", "mine.free.kp_brain.low: expected 0 < low < high"),
        ("high = 2.0", "high = 2.0\nprior = 1.5\nprior_sd = 0.0", "kp_brain.prior_sd"),
        ("high = 2.0", "hihg = 2.0", "kp_brain.hihg: no such field"),
        ("high = 2.0", 'high = 2.0\n[mine.ties.kd_mor]\nof = "kp"\nfactor = 1.0', "not free here"),
    ],
)
def test_mistakes_in_the_file_name_the_key(old: str, new: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        read_groups(
            GOOD.replace(old, new), "mine.toml", shipped().references, shipped().hypotheses,
            shipped().observations, default_model(),
        )  # fmt: skip
    assert said in str(error.value) and "mine.toml" in str(error.value)


def test_rounding_keeps_three_digits() -> None:
    assert [rounded(x) for x in (0.0098241, 73.2122, 1234.0)] == [0.00982, 73.2, 1230.0]


SLOW = "stopping"
"""A year of many patients, and an estimate with an error twice its size."""


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_shipped_values_lie_near_the_estimates(every: bool) -> None:
    # what a search for defaults moved is its result, not that of a fit of one group
    moved, told = {f.name for f in shipped().story.free if not f.owner}, 0
    groups = shipped().fit_groups.items()
    quick = [n for n, g in groups if n != SLOW and any(p.name not in moved for p in g.free)]
    for fit in calibrate(None if every else quick, Options(starts=1)):
        for e in fit.estimates:
            if e.name in moved or not e.fitted:
                continue
            if fit.group.name == "pk":
                # half a unit of the third digit: nothing but kinetics enters here
                assert abs(e.value - e.shipped) <= 0.55 * 10.0 ** _exponent(e.shipped), e.name
            # peptides compete with the drug: the rest was fitted with the first core's rebound
            assert abs(e.value - e.shipped) <= e.se, (fit.group.name, e.name)
            # an error as large as the value would let anything pass
            told += fit.group.name != "pk" and e.se < abs(e.value)
    assert told >= 6


def test_the_page_of_fits_shows_the_values_in_use() -> None:
    page = Path(__file__).parents[2] / "docs" / "calibration.md"
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| ([\d.]+)", page.read_text("utf-8"), re.M)
    free = {p.name for g in shipped().fit_groups.values() for p in g.free}
    assert {name for _, name, _ in rows} == free
    model = default_model().parameters
    for group, name, shown in rows:
        own = shipped().hypotheses[group].overrides if group in shipped().hypotheses else {}
        assert float(shown) == own.get(name, model[name].value), (group, name)


def _exponent(value: float) -> int:
    return int(f"{value:e}".split("e")[1]) - 2


def test_the_command_prints_writes_and_draws(tmp_path: Path) -> None:
    out, picture = tmp_path / "fit.json", tmp_path / "fit.png"
    words = ["calibrate", "--groups", "occupancy", "--starts", "1", "--profile"]
    result = CliRunner().invoke(app, [*words, "--out", str(out), "--plot", str(picture)])
    assert result.exit_code == 0, result.output
    assert "kp_brain" in result.output and "determined" in result.output
    report = json.loads(out.read_text())
    assert report["written_by"] == "ldnsim calibrate"
    fit = report["groups"][0]
    estimate = fit["estimates"][0]
    assert estimate["low"] < estimate["value"] < estimate["high"]
    assert min(fit["profiles"][0]["rise"]) < 0.01
    assert picture.stat().st_size > 20_000
    refused = CliRunner().invoke(app, ["calibrate", "--groups", "occupanzy"])
    assert refused.exit_code == 2 and "did you mean" in refused.stderr
