"""The shipped studies load, promise what their comments say, and can be edited as they suggest."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ldnsim.sweep.study import Study

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = sorted(CONFIGS.glob("*.toml"))
WAYS = ("standard", "careful", "microgram")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_shipped_study_loads_plans_and_round_trips(path: Path) -> None:
    study = Study.load(path)
    assert Study.loads(study.resolved()) == study
    assert len(study.plan()) > 0
    assert path.read_text(encoding="utf-8").startswith("#:schema ../ldnsim/study.schema.json")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_shipped_study_fits_lines_of_an_editor(path: Path) -> None:
    assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 110


def test_the_dose_titration_study_is_the_one_its_comments_promise() -> None:
    plan = Study.load(CONFIGS / "dose_titration.toml").plan()
    assert [d.name for d in plan.dims] == ["dose", "interval"]
    assert plan.shape == (20, 12)
    assert plan.end == 52 * 7 * 24.0
    doses = plan.dims[0].coordinates[0].values
    assert (doses[0], doses[-1]) == (0.001, 50.0)
    assert 4.5 in doses
    first = plan.dosing.ledger(0)
    assert first.planned_mg[0] == pytest.approx(0.001 / 8)
    assert len(first.planned_mg) == 26 * 7
    assert len(plan.described) == 1


def test_the_protocol_study_holds_every_shipped_protocol() -> None:
    from ldnsim.regimen import protocols

    study = Study.load(CONFIGS / "protocols.toml")
    assert list(study.named_regimens()) == list(protocols())


def test_every_pace_of_the_pace_study_is_judged_at_its_target() -> None:
    plan = Study.load(CONFIGS / "pace.toml").plan()
    assert plan.shape == (4, 12)
    given = [plan.dosing.ledger(i).planned_mg for i in range(len(plan))]
    targets = np.repeat([1.5, 3.0, 4.5, 6.0], 12)
    assert all(np.allclose(mg[-7:], t) for mg, t in zip(given, targets, strict=True))
    assert all(len(np.unique(mg.round(6))) == 8 for mg in given)


@pytest.mark.long
def test_too_fast_a_ladder_exhausts_a_depleted_patient_at_the_higher_targets() -> None:
    """What the comments of the study say one sees."""
    ds = Study.load(CONFIGS / "pace.toml").run()
    pain, reserve = ds["pain_change"], ds["reserve_level"]
    for target in (4.5, 6.0):
        row = pain.sel(target=target)
        assert float(row[0]) > 0.0 > float(row.min())
        course = reserve.sel(target=target).isel(interval=0)
        assert float(course[-1]) < float(course[0])
        best = reserve.sel(target=target).isel(interval=int(np.argmin(row.values)))
        assert float(best[-1]) > float(best[0])
    assert (pain.sel(target=[1.5, 3.0]) < 0.0).all()
    weighed = ds["benefit_with_staying"]
    assert float(weighed.sel(target=3.0).max() - weighed.sel(target=3.0)[0]) < 0.02
    assert float(ds["staying"].sel(target=4.5).max()) < 0.12


def test_every_example_in_the_comments_of_the_quickstart_is_accepted() -> None:
    text = (CONFIGS / "quickstart.toml").read_text(encoding="utf-8")
    uncommented = re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    assert uncommented.count("\n[") > text.count("\n[")
    study = Study.loads(uncommented, "quickstart, uncommented")
    assert study.horizon and study.adherence and study.modifiers.adjuncts and study.changes
    assert study.patient.basin and study.patient.parameters


@pytest.mark.long
def test_in_a_depleted_patient_large_steps_make_worse_and_small_ones_do_not() -> None:
    """What the comments of the study say one sees."""
    ds = Study.load(CONFIGS / "microdose_depleted.toml").run()
    standard, careful, microgram = (ds.sel(regimen=f"{w} start") for w in WAYS)

    def weekly(one: xr.Dataset, name: str = "pain") -> np.ndarray:
        change = one[name].isel(time=slice(1, None)) - one[f"baseline_{name}"]
        return change.values[: 52 * 14].reshape(52, 14).mean(axis=1)

    fast, slow, tiny = weekly(standard), weekly(careful), weekly(microgram)
    assert fast[:3].max() > 0.3, "felt within weeks"
    assert fast[:26].max() >= 0.5, "half a point within half a year"
    assert fast[-1] >= 0.5 and weekly(standard, "reserve_level")[-1] < 0.0, "worn out"
    assert max(slow.max(), tiny.max()) < 0.1
    assert slow[-1] < -0.2 and weekly(careful, "reserve_level")[-1] > 0.0, "grown"
    assert np.abs(tiny[:8]).max() < 0.02, "micrograms do nothing"
    assert tiny[-1] == pytest.approx(slow[-11], abs=0.02), "the same, ten weeks later"
    assert microgram["prescribed_dose"].max() == standard["prescribed_dose"].max()
    for name in ("worst_dreams", "worst_insomnia"):
        assert float(standard[name]) > 2.0 * max(float(careful[name]), float(microgram[name]))


@pytest.mark.long
def test_fourfold_steps_to_the_end_make_a_microgram_start_hurt_before_it_helps() -> None:
    """As the comments of the study say of the other start to try."""
    text = (CONFIGS / "microdose_depleted.toml").read_text(encoding="utf-8")
    (start,) = re.findall(r'try "(1 ug .*)", whose', " ".join(text.replace("\n# ", " ").split()))
    study = f"patient.phenotype = 'depleted'\nregimen = '{start}'\n[output]\nnight = false"
    found = Study.loads(study, "fourfold").run()
    assert float(found["worst_pain_change"].squeeze()) > 0.2
    assert float(found["pain_change"].squeeze()) < -0.2
