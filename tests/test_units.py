from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.errors import UserError
from ldnsim.units import to_unit


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("4.5 mg", "mg", 4.5),
        ("1ug", "mg", 0.001),
        ("2 mcg", "mg", 0.002),
        ("5 µg", "mg", 0.005),
        ("5 μg", "mg", 0.005),
        ("1 ng", "mg", 1e-6),
        ("14 d", "h", 336.0),
        ("2 wk", "d", 14.0),
        ("1 mo", "d", 30.0),
        ("3 months", "h", 2160.0),
        ("90 minutes", "h", 1.5),
        ("3 nmol/L", "nM", 3.0),
        ("2 mg/mo", "mg/d", 2 / 30),
        ("1 mcg/L", "ng/mL", 1.0),
        ("7 1/wk", "1/d", 1.0),
        ("20 %", "dimensionless", 0.2),
        (3, "mg", 3.0),
        (np.float64(0.25), "h", 0.25),
        (np.int64(7), "h", 7.0),
    ],
)
def test_conversion(text: str | float, unit: str, expected: float) -> None:
    assert to_unit(text, unit) == pytest.approx(expected, rel=1e-12)


@given(st.decimals(min_value="0.000001", max_value="9999", places=6))
def test_decimal_masses_are_converted_without_rounding(number: object) -> None:
    assert to_unit(f"{number} mg", "mg") == float(str(number))
    assert to_unit(f"{number} ug", "mg") == float(f"{number}e-3")


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("3 h", "mg", ["regimen.dose = '3 h'", "a mass such as '4.5 mg'", "got a time"]),
        ("3 mg", "h", ["a time such as '14 d'", "got a mass"]),
        ("3 nM", "mg", ["got a molar concentration"]),
        ("3 mg", "1/h", ["a rate", "got a mass"]),
        ("5", "mg", ["it has no unit"]),
        ("three mg", "mg", ["it has no number"]),
        ("3 mgg", "mg", ["'mgg' is not known", "did you mean", "'mg'"]),
        ("1/", "mg", ["cannot be read"]),
        ("", "mg", ["regimen.dose = ''", "cannot be read"]),
        ("1e999 mg", "mg", ["not finite"]),
        (float("nan"), "mg", ["not finite"]),
        (True, "mg", ["got bool"]),
        ([1], "mg", ["got list"]),
    ],
)
def test_refusals_name_key_value_and_expectation(
    value: object, unit: str, words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        to_unit(value, unit, key="regimen.dose")  # type: ignore[arg-type]
    for word in [*words, "regimen.dose", "expected"]:
        assert word in str(caught.value)


def test_prescription_units_do_not_load_pint() -> None:
    code = (
        "import sys; from ldnsim.units import to_unit; to_unit('4.5 mg', 'mg'); "
        "to_unit('2 wk', 'h'); sys.exit('pint' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
