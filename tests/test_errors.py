"""How messages show what a user wrote: one cutter, one list with its middle left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.errors import listed, nearest, short, unknown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("4.5 mg", "'4.5 mg'"), (4.5, "4.5"), (np.float64(3.0), "3.0"), (True, "True"),
        ("x" * 61, "'" + "x" * 57 + "...'"), ([1, "a"], "[1, 'a']"), ("a\0", r"'a\x00'"),
        pytest.param(10**5000, "a number of thousands of digits", id="5001 digits"),
        pytest.param([10**5000], "a value (list) too long to show", id="in a list"),
    ],
)  # fmt: skip
def test_a_value_is_shown_as_it_was_written(value: object, shown: str) -> None:
    assert short(value) == shown


@given(st.text(max_size=300), st.integers(10, 100))
def test_text_keeps_its_quotes_and_no_more_than_is_asked(text: str, most: int) -> None:
    found = short(text, most)
    assert found[0] == found[-1] and found[0] in "'\""
    assert (found == repr(text)) == (len(text) <= most) or text.endswith("...")


def test_a_long_list_keeps_both_ends() -> None:
    words = [str(k) for k in range(20)]
    assert listed(words) == "0, 1, 2, 3, ..., 18, 19"
    assert listed(words[:8]) == "0, 1, 2, 3, 4, 5, 6, 7"
    assert listed([]) == ""


def test_a_name_of_any_length_is_told_in_short() -> None:
    assert len(str(unknown("field", "x" * 100_000, ["regimen", "y" * 60]))) < 300
    assert nearest("nightli" + "x" * 100_000, ["nightly"]) == "; valid: nightly"


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("Crohn's disease", "crohn"), ("Crohn’s Disease", "crohn"), ("CROHN", "crohn"),
        ("ME/CFS", "me_cfs"), ("Long-COVID", "long_covid"), ("Multiple Sclerosis", "sclerosis"),
        ("Parkinson´s", "parkinson"), ("  tnf ", "tnf"), ("Sjögren syndrome", "sjogren"),
    ],
)  # fmt: skip
def test_a_name_is_near_whatever_its_case_signs_and_accents(word: str, near: str) -> None:
    names = ["crohn", "me_cfs", "long_covid", "sclerosis", "parkinson", "tnf", "sjogren"]
    names += [f"another_{i}" for i in range(10)]  # too many to be listed
    assert f"{near!r}" in nearest(word, names)


@pytest.mark.parametrize("word", ["", "disease", "'s", "°°°", "qqqq"])
def test_what_is_near_to_nothing_gets_no_hint(word: str) -> None:
    assert nearest(word, [f"name_{i}_of_many" for i in range(20)]) == ""
