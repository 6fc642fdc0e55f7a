from __future__ import annotations

import json

import pytest
import xarray as xr

from ldnsim.analysis import resting_states
from ldnsim.errors import UserError
from ldnsim.model import default_model


def table(**values: float | None) -> xr.Dataset:
    rows = [
        {"name": p.name, "value": values.get(p.name, p.value)}
        for p in default_model().parameters.values()
    ]
    return xr.Dataset(attrs={"parameters": json.dumps(rows)})


def test_a_bistable_patient_has_two_states() -> None:
    found = resting_states(table(), ("microglia_m1", "tnf"))
    assert list(found) == ["resolved", "inflamed"]
    assert found["inflamed"][0] > 3 * found["resolved"][0]
    assert found["inflamed"][1] > found["resolved"][1]


@pytest.mark.parametrize("ds", [table(ka=None), xr.Dataset()])
def test_patients_that_differ_have_no_common_state(ds: xr.Dataset) -> None:
    assert resting_states(ds) == {}


def test_a_result_of_an_extended_model_is_not_taken_for_one_of_the_shipped() -> None:
    made = json.dumps([{"name": "own.py", "sha256": "0" * 64}])
    with pytest.raises(UserError, match=r"own\.py"):
        resting_states(table().assign_attrs(extensions=made))
