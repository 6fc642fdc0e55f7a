"""Populations weighted to a published baseline, and parameters that are drawn together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from typer.testing import CliRunner

import ldnsim
from ldnsim.analysis.trial import published
from ldnsim.cli import app
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.patients import draws
from ldnsim.patients.accept import find_people
from ldnsim.patients.people import People
from ldnsim.results.weighted import weighted_mean, weights_of
from ldnsim.runs import grid
from ldnsim.sweep.study import Study

SIZE = 24
TEXT = f"""
seed = 4
regimen = "4.5 mg nightly at 22:00, for 1 wk"
[patient]
phenotype = "fibromyalgia"
parameters = {{ nociception = 0.4, fatigue_base = 0.35 }}
[population]
size = {SIZE}
match = "fibromyalgia"
correlations = [{{ between = ["cl", "nociception"], rho = 0.6 }}]
[output]
variables = ["pain", "fatigue", "vulnerability"]
summaries = ["pain_change"]
trajectories = false
night = false
ledger = false
"""


def people_of(text: str, threads: int | None = None) -> People:
    study = Study.loads(text)
    found = find_people(study, grid.base(study), threads)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def ds() -> xr.Dataset:
    return Study.loads(TEXT).run()


def test_weights_lie_along_the_patients_and_say_what_they_met(ds: xr.Dataset) -> None:
    weight = ds["weight"]
    assert weight.dims == ("patient",) and float(weight.sum()) == pytest.approx(1.0)
    told = json.loads(weight.attrs["targets"])
    assert [r["variable"] for r in told] == ["pain", "fatigue", "mood"]
    assert weight.attrs["population"] == "fibromyalgia" and weight.attrs["seed"] == 4
    assert weight.attrs["effective"] == pytest.approx(1.0 / float((weight**2).sum()))
    assert weight.attrs["effective"] >= weight.attrs["least_effective"] == 12.0
    misses = {
        which: sum(
            (r[f"{which}_mean"] - r["mean"]) ** 2 + 0.5 * (r[f"{which}_sd"] - r["sd"]) ** 2
            for r in told[:2]
        )
        for which in ("drawn", "weighted")
    }
    assert misses["weighted"] < 0.5 * misses["drawn"]
    for row in told[:2]:
        got = float(weighted_mean(ds, f"baseline_{row['variable']}"))
        assert got == pytest.approx(row["weighted_mean"], rel=1e-4)
    match = json.loads(ds.attrs["population"])["match"]
    assert match["status"] == weight.attrs["status"]
    sources = json.loads(ds.attrs["sources"])
    assert sources["population fibromyalgia"] == ["mease2009", "omahony2021"]


@pytest.mark.parametrize("name", ["people.zarr", "people.nc"])
def test_a_store_keeps_weights_with_all_they_say(name: str, tmp_path: Path, ds: xr.Dataset) -> None:
    Study.loads(TEXT).run(tmp_path / name)
    back = ldnsim.open_store(tmp_path / name).load()
    assert back["weight"].values.tobytes() == ds["weight"].values.tobytes()
    assert {k: back["weight"].attrs[k] for k in ds["weight"].attrs} == ds["weight"].attrs
    assert weights_of(back) is not None


def test_weights_are_the_same_bits_for_any_number_of_threads() -> None:
    one, two = (people_of(TEXT, threads=n).matched for n in (1, 2))
    assert one is not None and two is not None
    assert one.weights.tobytes() == two.weights.tobytes() and one == one
    assert one.advice == two.advice


def test_weighting_changes_nobody() -> None:
    plain = people_of(TEXT.replace('match = "fibromyalgia"\n', ""))
    assert plain.matched is None
    assert plain.values.tobytes() == people_of(TEXT).values.tobytes()


def test_the_study_says_it_again_as_toml() -> None:
    study = Study.loads(TEXT)
    again = Study.loads(study.resolved())
    assert again.population == study.population
    assert "cl with nociception 0.6, weighted to fibromyalgia" in study.plan().describe()


def test_draws_go_together_as_asked_and_the_first_stays() -> None:
    u = np.stack([draws.sobol(0, n, 4096) for n in ("a", "b", "c")], axis=1)
    wanted = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 1.0]])
    found = draws.joined(u, wanted)
    assert found[:, 0].tobytes() == u[:, 0].tobytes()
    z = stats.norm.ppf(found)
    np.testing.assert_allclose(np.corrcoef(z.T), wanted, atol=0.05)
    np.testing.assert_allclose(z.std(axis=0), 1.0, atol=0.02)
    np.testing.assert_allclose(draws.joined(u, np.eye(3)), u)


def test_only_what_goes_together_is_drawn_anew() -> None:
    both = people_of(TEXT)
    alone = people_of(
        TEXT.replace('correlations = [{ between = ["cl", "nociception"], rho = 0.6 }]', "")
    )
    same = sorted({*both.candidate} & {*alone.candidate})
    assert len(same) > SIZE // 2
    a, b = ([list(p.candidate).index(k) for k in same] for p in (both, alone))
    moved = [
        n for j, n in enumerate(both.names)
        if not np.array_equal(both.quantile[a][:, j], alone.quantile[b][:, j])
    ]  # fmt: skip
    assert moved == ["nociception"], "cl comes first in the model"


WRONG = {
    'match = "fibromyalgia"': {
        'match = "fibromialgia"': "population.match = 'fibromialgia'.*did you mean 'fibromyalgia'",
        'least_effective = 5': "least_effective is of weights: add match",
        'match = "fibromyalgia"\nleast_effective = 25': "there are only size = 24",
    },
    'between = ["cl", "nociception"], rho = 0.6': {
        'between = ["cl", "cl"], rho = 0.6': "a parameter goes with itself already",
        'between = ["cl", "nociceptn"], rho = 0.6': r"correlations\[1\].between.*'nociception'",
        'between = ["cl", "coupling_rebound"], rho = 0.6': "'coupling_rebound': it is not drawn",
        'between = ["cl", "ka"], rho = 1.0': "rho",
        'between = ["cl", "ka"], rho = 0.5 }, { between = ["ka", "cl"], rho = 0.1':
            "these two were given before",
        'between = ["cl", "ka"], rho = 0.9 }, { between = ["cl", "reserve"], rho = 0.9 },'
        ' { between = ["ka", "reserve"], rho = -0.9':
            r"no patients can have all of these at once: cl with ka 0.9.*0.56 times as large",
    },
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), [(o, n) for o, some in WRONG.items() for n in some])
def test_what_cannot_be_is_refused(old: str, new: str) -> None:
    with pytest.raises(UserError, match=WRONG[old][new]):
        Study.loads(TEXT.replace(old, new))


def test_an_axis_cannot_be_called_weight() -> None:
    axis = '\n[[axes]]\nname = "weight"\nfield = "parameters.ka"\nvalues = [0.5, 1.0]\n'
    with pytest.raises(UserError, match="the result has something of that name"):
        Study.loads(TEXT + axis)


def test_kinds_and_responders_are_counted_with_intervals(ds: xr.Dataset) -> None:
    found = published.kinds(ds, shipped())
    assert len(found) == SIZE and set(found) <= set(published.KINDS)
    shares = published.shares(ds, found)
    assert sum(float(shares[k]["share"]) for k in published.KINDS) == pytest.approx(1.0)
    for share in shares.values():
        assert float(share["share_low"]) <= float(share["share"]) <= float(share["share_high"])
    with pytest.raises(UserError, match=r"keep it with output\.variables"):
        published.kinds(ds.drop_vars("baseline_vulnerability"), shipped())


@pytest.mark.parametrize("kind", published.KINDS)
def test_each_phenotype_is_of_the_kind_called_after_it(kind: str) -> None:
    text = TEXT.replace('"fibromyalgia"', f'"{published.KINDS[kind]}"', 1)
    text = text.replace('match = "fibromyalgia"', 'vary = ["ka"]').replace("size = 24", "size = 2")
    text = text.replace('correlations = [{ between = ["cl", "nociception"], rho = 0.6 }]', "")
    assert published.kinds(Study.loads(text).run(), shipped()) == [kind, kind]


def test_the_command_prints_baselines_and_shares() -> None:
    runner = CliRunner()
    words = ["population", "pain_clinic", "--size", "12", "--regimen",
             "4.5 mg nightly at 22:00, for 1 wk", "--plausible", "pain=5:10"]  # fmt: skip
    result = runner.invoke(app, words)
    assert result.exit_code == 0, result.output
    for part in ("pain\tmatch\t7.27 (1.39)", "effective patients (Kish", "robust\t", "responders,",
                 "PEG: mean of pain", "Irwin 2024", "not medical advice"):  # fmt: skip
        assert part in result.output
    listed = runner.invoke(app, ["population"])
    assert "long_covid\tLasting fatigue" in listed.output
    for wrong, said in (
        (["population", "--size", "12"], "--size is of patients weighted to one population"),
        (["population", "fibro"], "population 'fibro' is not known; did you mean 'fibromyalgia'?"),
        (["population", "pain_clinic", "--plausible", "pain=5"], "expected variable=low:high"),
    ):
        refused = runner.invoke(app, wrong)
        assert refused.exit_code == 2 and said in refused.output
