"""libSBML's own checker finds no error in what is exported."""

from __future__ import annotations

from typing import Any

import pytest

from tests.export.cases import NAMES, sbml

libsbml: Any = pytest.importorskip("libsbml", reason="needs pip install 'ldnsim[sbml]'")
UNCHECKED = 99505
"""Number of the remark that a formula with bare numbers cannot be checked for units."""


@pytest.mark.parametrize("name", NAMES)
def test_the_consistency_checker_finds_no_error(name: str) -> None:
    document = libsbml.readSBMLFromString(sbml(name))
    document.checkConsistency()
    found = [document.getError(i) for i in range(document.getNumErrors())]
    # warnings too, among them every unit that can be checked
    rest = [e.getMessage() for e in found if e.getErrorId() != UNCHECKED]
    assert rest == []
    assert (document.getLevel(), document.getVersion()) == (3, 2)


def test_libsbml_reads_back_every_number_to_the_last_bit() -> None:
    from tests.export.reader import read

    model = libsbml.readSBMLFromString(sbml("1 ng nightly")).getModel()
    for name, value in read(sbml("1 ng nightly")).values.items():
        assert model.getParameter(name).getValue() == value, name
