from __future__ import annotations

import math
import subprocess
import sys
from decimal import Decimal
from functools import cache

import numpy as np
import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.errors import UserError
from ldnsim.units import find_unit, read_number, to_unit


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
        (".5 mg", "mg", 0.5),
        ("5. mg", "mg", 5.0),
        ("−0.5 mg", "mg", -0.5),
        ("2e−3 g", "mg", 2.0),
        ("4.5\u00a0mg", "mg", 4.5),
        ("4.5 MG", "mg", 4.5),
        ("0.2/h", "1/d", 4.8),
        ("100 mL / min", "L/h", 6.0),
        (Decimal("4.5"), "mg", 4.5),
        (3, "mg", 3.0),
        (np.float64(0.25), "h", 0.25),
        (np.int64(7), "h", 7.0),
    ],
)
def test_conversion(text: str | float, unit: str, expected: float) -> None:
    assert to_unit(text, unit) == pytest.approx(expected, rel=1e-12)


@settings(deadline=None)
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
        ("1/", "mg", ["unit '/' is not known"]),
        ("", "mg", ["regimen.dose = ''", "it has no number"]),
        ("1e999 mg", "mg", ["exponent has more than two digits"]),
        ("1e99999999 mg", "mg", ["exponent has more than two digits"]),
        ("1e-320 h", "h", ["exponent has more than two digits"]),
        (1e-320, "h", ["no quantity is that size"]),
        ("9e99 wk", "h", ["no quantity is that size"]),
        ("9**9**9 h", "h", ["cannot be read"]),
        ("1,5 mg", "mg", ["write '1.5 mg'"]),
        ("1,500 mg", "mg", ["write '1.500 mg' or '1500 mg', as you mean it"]),
        ("1 000 mg", "mg", ["write '1000 mg'"]),
        ("1_000 mg", "mg", ["write '1000 mg'"]),
        ("1/2 mg", "mg", ["a decimal point"]),
        ("1-2 mg", "mg", ["a range is not read"]),
        ("1.2.3 mg", "mg", ["cannot be read"]),
        ("4.5 gr", "mg", ["'gr' is not known", "ng, ug (mcg), mg, g"]),
        ("4.5 ct", "mg", ["'ct' is not known", "ng, ug (mcg), mg, g"]),
        ("0.0000045 kg", "mg", ["'kg' is not known"]),
        ("1 pg", "mg", ["'pg' is not known"]),
        ("1 year", "h", ["'52 wk' or '365 d'"]),
        ("1 century", "h", ["'century' is not known"]),
        ("3 m", "h", ["min for minutes or mo for months"]),
        ("inf mg", "mg", ["it has no number"]),
        ("nan mg", "mg", ["it has no number"]),
        ("٤ mg", "mg", ["does not begin with a number"]),
        ("0x10 mg", "mg", ["'x10 mg' is not known"]),
        ("5 1", "1", ["cannot be read"]),
        ("1" * 5000 + " mg", "mg", ["got 5,003 characters"]),
        ("1" * 41 + " mg", "mg", ["at most 40"]),
        (10**400, "mg", ["not finite"]),
        pytest.param(10**5000, "mg", ["a number of thousands of digits"], id="int of 5001 digits"),
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


@pytest.mark.parametrize("unit", ["é", "mg*h", "1/mg", "%/h", "nmol/L/h", "__import__", "%"])
def test_units_that_are_not_on_the_list(unit: str) -> None:
    assert find_unit(unit) is None or unit == "%"
    with pytest.raises(UserError, match="unit"):
        to_unit("3 mg", unit if unit != "%" else "mg %", key="axis")


@pytest.mark.parametrize(
    "text", ["inf", "nan", "1_0", "1,5", "true", "", " ", "1e100", "1e-320", "0x1"]
)
def test_plain_numbers_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"k = .*expected a number"):
        read_number(text, key="k")


def test_plain_numbers_are_read_exactly() -> None:
    assert [read_number(t) for t in ("0.1", ".5", "5.", " −1e−3 ", "+2")] == [
        Decimal(t) for t in ("0.1", "0.5", "5", "-0.001", "2")
    ]


NAMES = ["ng", "mcg", "mg", "g", "min", "h", "days", "wk", "nmol", "umol", "mL", "L", "nM"]


@settings(deadline=None)
@given(
    st.from_regex(r"[+-]?(?:[0-9]{1,6}\.?[0-9]{0,6}|\.[0-9]{1,6})(?:e[+-]?[0-9])?", fullmatch=True),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.sampled_from(["", "L", "mL", "h", "d"]),
    st.sampled_from(["", " ", "\u00a0"]),
)
def test_conversions_agree_with_pint(
    number: str, given: str, wanted: str, below: str, space: str
) -> None:
    slash = f"/{below}" if below else ""
    quantity = pint_units().Quantity(
        float(number), given.replace("mcg", "ug").replace("wk", "week") + slash
    )
    try:
        expected = quantity.to(wanted.replace("mcg", "ug").replace("wk", "week") + slash).magnitude
        assert to_unit(f"{number}{space}{given}{slash}", wanted + slash) == pytest.approx(
            expected, rel=1e-12
        )
    except (UserError, pint.DimensionalityError):
        same = find_unit(given + slash), find_unit(wanted + slash)
        assert None in same or same[0].dimension != same[1].dimension  # type: ignore[union-attr]


@cache
def pint_units() -> pint.UnitRegistry[float]:
    return pint.UnitRegistry(cache_folder=None)


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("0123456789.,eE+-−_/*^()% mgµuhdwkoln'\x00é"), max_size=50))
def test_any_text_is_read_finitely_or_refused(text: str) -> None:
    for unit in ("mg", "h", "1", "nmol/L"):
        try:
            number = to_unit(text, unit)
        except UserError as error:
            assert len(str(error)) < 400
        else:
            assert math.isfinite(number) and text.strip()[0] in "0123456789.+-−"


def test_units_load_no_other_library() -> None:
    code = (
        "import sys; from ldnsim.units import to_unit; to_unit('4.5 mg', 'mg'); "
        "to_unit('3 nmol/L', 'nM'); sys.exit('pint' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
