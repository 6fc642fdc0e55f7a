"""Printed equations say what the model computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy

from ldnsim.equations import as_markdown, as_text, expression
from ldnsim.errors import UserError
from ldnsim.model import default_model

MODEL = default_model()


def test_text_evaluates_to_the_function_for_every_equation() -> None:
    rng = np.random.default_rng(1)
    for variable in MODEL.observables.values():
        values = {a: float(rng.uniform(0.1, 0.9)) for a in variable.arguments}
        right = as_text(variable, places=15).split(" = ", 1)[1]
        symbols = {a: sympy.Symbol(a) for a in values}
        printed = sympy.sympify(right, locals=symbols)
        got = float(printed.subs({symbols[a]: x for a, x in values.items()}))
        assert got == pytest.approx(variable.formula(*values.values()), rel=1e-9), variable.name
        assert expression(variable).free_symbols or not values


def test_a_rate_reads_as_a_derivative() -> None:
    assert as_text(MODEL.states["gut_slow"]) == "d(gut_slow)/dt = -gut_slow*k_slow_release"


def test_the_page_in_the_docs_is_current() -> None:
    page = Path(__file__).parent.parent / "docs" / "equations.md"
    assert page.read_text() == as_markdown(), "run: ldnsim equations --markdown > docs/equations.md"


def test_unknown_mechanism_names_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'microglia'"):
        as_markdown("microgla")
