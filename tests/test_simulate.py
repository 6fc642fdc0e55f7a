"""``ldnsim.simulate``: everything that is said counts, or is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ldnsim
from ldnsim.config.blocks import Patient
from ldnsim.errors import UserError
from ldnsim.sweep.study import Study

RX = "1 mg nightly at 22:00, for 3 d"
OUTPUT = {"night": False, "ledger": False, "variables": ["pain"]}


def test_arguments_and_the_block_of_the_patient_are_taken_together() -> None:
    ds = ldnsim.simulate(
        RX, phenotype="long_covid", parameters={"cl": 150.0}, output=OUTPUT,
        patient={"functional_capacity": 3, "parameters": {"ka": 0.5}},
    )  # fmt: skip
    data = {
        "title": RX, "regimen": RX, "output": OUTPUT,
        "patient": {
            "phenotype": "long_covid", "functional_capacity": 3,
            "parameters": {"ka": 0.5, "cl": 150.0},
        },
    }  # fmt: skip
    same = Study.build(data).run()
    assert ds.attrs["study"] == same.attrs["study"]
    np.testing.assert_array_equal(ds["pain"].values, same["pain"].values)


def test_a_patient_may_be_given_as_a_block_made_before() -> None:
    ds = ldnsim.simulate(RX, basin="resolved", patient=Patient(smoker=True), output=OUTPUT)
    assert "smoker = true" in ds.attrs["study"] and 'basin = "resolved"' in ds.attrs["study"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"phenotype": "default", "patient": {"phenotype": "default"}}, "phenotype is given as"),
        ({"basin": "resolved", "patient": {"basin": "inflamed"}}, "basin is given as"),
        (
            {"parameters": {"cl": 1.0}, "patient": {"parameters": {"cl": 2.0}}},
            "parameters.cl is given as an argument and in patient",
        ),
        ({"parameters": {"cl": 1.0}, "patient": {"parameters": 3}}, "parameters is given"),
        ({"modifers": {}}, "did you mean 'modifiers'"),
        ({"phenotyp": "default"}, "did you mean 'phenotype'"),
        ({"functional_capacity": 3}, "patient={'functional_capacity': 3}"),
        ({"patient": 3}, "expected a table"),
        ({"regimen": RX}, "the prescription says it already"),
        ({"regimens": [RX]}, "the prescription says it already"),
        ({"output": {"evry": "1 h"}}, "did you mean 'every'"),
        ({"modifiers": {"stres": 0.5}}, "did you mean 'stress'"),
    ],
)
def test_what_is_said_twice_or_unknown_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as error:
        ldnsim.simulate(RX, **given)
    assert said in str(error.value)


def test_every_public_name_can_be_reached_without_importing_more() -> None:
    for name in ldnsim.__all__:
        assert getattr(ldnsim, name) is not None
    assert callable(ldnsim.analysis.continue_orbit)
    assert set(ldnsim.__all__) == set(dir(ldnsim))
