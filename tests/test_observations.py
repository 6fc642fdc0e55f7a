"""The file of observations: what it refuses, and what it holds."""

from __future__ import annotations

import math

import pytest
from typer.testing import CliRunner

from ldnsim.analysis.evidence.probes import probe_of, read_probe
from ldnsim.catalog.observations import Observation, read_observations
from ldnsim.cli import app
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.model import default_model

GOOD = """
[seen]
title = "Something seen"
group = "pk"
value = [1.0, 3.0]
sd = 0.5
unit = "h"
fitted = ["tonic"]
evidence = "Seen [lee1988]."

[seen.probe]
kind = "parameter"
parameter = "k_tnf"
"""


def read(text: str) -> dict[str, Observation]:
    return read_observations(text, "mine.toml", shipped().references, shipped().hypotheses)


def test_a_good_file_is_read() -> None:
    o = read(GOOD)["seen"]
    assert (o.values, o.sources, o.fitted) == ((1.0, 3.0), ("lee1988",), ("tonic",))
    assert o.interval == (1.0, 3.0)  # two standard deviations about the mean
    assert o.agrees(2.9) and not o.agrees(3.1) and o.agrees(math.nan) is None
    assert o.residuals(2.0) == pytest.approx([2.0, -2.0])
    assert o.hypotheses == tuple(shipped().hypotheses)


def test_a_bound_pulls_only_from_outside() -> None:
    o = read(GOOD.replace("value = [1.0, 3.0]", "high = 2.0\nweight = 4.0"))["seen"]
    assert o.residuals(1.0) == [0.0]
    assert o.residuals(2.5) == pytest.approx([2.0])  # one standard deviation, weight 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('unit = "h"', 'unt = "h"', "mine.toml: seen.unt: no such field; did you mean 'unit'"),
        ("value = [1.0, 3.0]", "", "expected value, low or high"),
        ("value = [1.0, 3.0]", 'value = "many"', "seen.value: 'many': expected a finite number"),
        ("sd = 0.5", "", "seen.sd: a value without low and high needs"),
        ("sd = 0.5", "low = 0.0\nhigh = 9.0", "seen.fitted: a fit needs sd"),
        ("sd = 0.5", "sd = 0.5\nlow = 3.0\nhigh = 1.0", "seen.low: 3 lies above high = 1"),
        ('["tonic"]', '["tonnic"]', "'tonnic' is not a hypothesis; did you mean 'tonic'"),
        ("[lee1988]", "[lee1888]", "[lee1888] is not in the bibliography"),
        ('title = "Something seen"', 'title = ""', "seen.title: '': expected text"),
        ("sd = 0.5", "sd = 0.5\ncontradicting = ['x [lee1888].']", "[lee1888] is not in the"),
        ("sd = 0.5", "sd = 0.5\nonce = 1", "seen.once: 1: expected true or false"),
    ],
)
def test_mistakes_name_file_and_key(old: str, new: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        read(GOOD.replace(old, new))
    assert said in str(error.value) and "mine.toml" in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"parameter"', '"guess"', "seen.probe"),
        ('"k_tnf"', '"k_tfn"', "'k_tfn' is not a parameter of the model; did you mean 'k_tnf'"),
        ('"k_tnf"', '"k_tnf"\nscael = 2.0', "seen.probe.scael"),
        ('kind = "parameter"\nparameter = "k_tnf"',
         'kind = "run"\nobservable = "tnff"\nreduce = "max"\nstop = 9.0', "did you mean 'tnf'"),
        ('kind = "parameter"\nparameter = "k_tnf"',
         'kind = "run"\nobservable = "tnf"\nreduce = "top"\nstop = 9.0', "seen.probe.reduce"),
        ('kind = "parameter"\nparameter = "k_tnf"',
         'kind = "run"\nobservable = "tnf"\nreduce = "max"\nstop = 9.0\n'
         'pulses = [{ parameter = "drivr", value = 1.0 }]', "did you mean 'driver'"),
        ('kind = "parameter"\nparameter = "k_tnf"',
         'kind = "run"\nobservable = "tnf"\nreduce = "max"', "stop = 0 h does not lie after"),
    ],
)  # fmt: skip
def test_mistakes_in_a_probe_name_file_and_key(old: str, new: str, said: str) -> None:
    observation = read(GOOD.replace(old, new))["seen"]
    with pytest.raises(UserError) as error:
        read_probe(observation, default_model())
    assert said in str(error.value) and "mine.toml" in str(error.value)


def test_every_shipped_observation_has_a_probe_and_a_source() -> None:
    for name, o in shipped().observations.items():
        assert probe_of(name) is not None
        assert o.sources and o.interval[0] < o.interval[1]


def test_what_contradicts_a_row_is_kept_cited_and_shown() -> None:
    text = GOOD.replace("[seen.probe]", "contradicting = ['Not seen [kim1997].']\n[seen.probe]")
    o = read(text)["seen"]
    assert o.contradicting == ("Not seen [kim1997].",) and o.sources == ("lee1988", "kim1997")
    shown = CliRunner().invoke(app, ["observations", "lps_second_blood"])
    for line in shipped().observations["lps_second_blood"].contradicting:
        assert f"- {line}" in shown.stdout


def test_fits_use_only_what_a_hypothesis_is_compared_with() -> None:
    for o in shipped().observations.values():
        assert set(o.fitted) <= set(o.hypotheses), o.name


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'pet_2mg'"):
        probe_of("pet_2g")


def test_the_command_lists_shows_and_refuses() -> None:
    run = CliRunner()
    listed = run.invoke(app, ["observations"])
    assert listed.exit_code == 0
    assert all(f"\n{name}\t" in listed.stdout for name in shipped().observations)
    shown = run.invoke(app, ["observations", "block_48h"])
    assert "fitted under: tonic, persistent" in shown.stdout and "observable = " in shown.stdout
    refused = run.invoke(app, ["observations", "block_48"])
    assert refused.exit_code == 2 and "did you mean 'block_48h'" in refused.stderr
