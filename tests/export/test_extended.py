"""Runs of extended models: their equations, units and origin are in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ldnsim import Study, export
from ldnsim.errors import UserError
from ldnsim.export import content as contents
from ldnsim.export.units import Base, definitions, unit_id
from tests.export.reader import S, evaluate, read

MECHANISM = '''"""A signal that follows TNF, and NK cells that follow the signal."""

from ldnsim.mechanisms.forms import falling
from ldnsim.mechanisms.record import Mechanism

M = Mechanism("own_signal", "A signal of one's own")
M.parameter("signal_gain", 0.5, "%", "gain of the signal")
M.parameter("signal_rate", 0.1, "1/d", "turnover of the signal")
M.parameter("signal_dose", 2.0, "mg/d", "dose of the signal")


@M.state("pg/mL", "the signal", start=1.0)
def signal(signal: float, signal_rate: float, tnf: float, signal_dose: float) -> float:
    return signal_rate * (signal_dose * tnf - signal)


@M.quantity("1", "effect of the signal")
def signal_effect(signal: float, signal_gain: float) -> float:
    return falling(signal, signal_gain)


@M.replaces
def nk_activity(nk_activity: float, signal_effect: float) -> float:
    return 0.05 * (signal_effect - nk_activity)
'''


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a study of the extended model; its untreated state is not searched for."""

    def make(text: str = MECHANISM) -> Study:
        (tmp_path / "own.py").write_text(text, encoding="utf-8")
        data = {"regimen": "1 mg nightly at 22:00, for 3 d", "model": {"extend": ["own.py"]}}
        found = Study.build(data, "test", folder=tmp_path)
        start = found.edition.model.start(True)
        monkeypatch.setattr(contents, "_start", lambda *_: start)
        return found

    return make


def test_rules_are_the_equations_of_the_extended_model(study: Any) -> None:
    made = study()
    found, model = read(export.sbml(made)), made.edition.model
    rng = np.random.default_rng(3)
    y = model.start(True) * rng.uniform(0.8, 1.2, len(model.states))
    known = found.environment(5.0, dict(zip(model.states, y.tolist(), strict=True)))
    got = [evaluate(found.rates[name], known) for name in model.states]
    assert got == pytest.approx(model.rates(5.0, y, model.defaults()), rel=1e-9, abs=1e-12)
    assert known["signal_effect"] == pytest.approx(1.5 / (1.0 + 0.5 * known["signal"]))


def test_the_file_says_what_the_model_was_extended_with(study: Any) -> None:
    made = study()
    (extension,) = made.edition.extensions
    text, ant = export.sbml(made), export.antimony(made)
    assert f'extensions="own.py={extension.sha256}"' in text
    for file in (text, ant):
        assert f"extension 1: own.py (sha256 {extension.sha256[:12]}): adds the parameter" in file
        assert "natural-killer cell activity, fold of healthy; equation of own_signal" in file
    assert "nk_activity' = 0.05*signal_effect - 0.05*nk_activity" in ant
    assert "var signal = 1.0; signal has pg_per_mL  // the signal" in ant


def test_units_of_an_extension_are_defined(study: Any) -> None:
    found = read(export.sbml(study()))
    declared = {u.attrib["id"] for u in found.root.iter(f"{S}unitDefinition")}
    assert {found.units[n] for n in found.units} <= declared | {"dimensionless", "litre"}
    assert {"percent", "per_d", "mg_per_d", "pg_per_mL"} <= declared


@pytest.mark.parametrize(
    ("unit", "name", "factors"),
    [
        ("mg/d", "mg_per_d", [("gram", 1, 1e-3), ("second", -1, 86400.0)]),
        ("µg/L", "ug_per_L", [("gram", 1, 1e-6), ("litre", -1, 1.0)]),
        ("pg/mL", "pg_per_mL", [("gram", 1, 1e-12), ("litre", -1, 1e-3)]),
        ("1/wk", "per_wk", [("second", -1, 604800.0)]),
        ("pM", "pM", [("mole", 1, 1e-12), ("litre", -1, 1.0)]),
        ("%", "percent", [("dimensionless", 1, 0.01)]),
    ],
)
def test_a_unit_is_made_of_si_factors(unit: str, name: str, factors: list[Any]) -> None:
    def size(base: Base) -> float:
        return base.multiplier * 10.0**base.scale

    assert unit_id(unit) == name
    got = sorted(definitions([unit])[name], key=lambda b: -b.exponent)
    assert [(b.kind, b.exponent) for b in got] == [f[:2] for f in factors]
    assert [size(b) for b in got] == pytest.approx([f[2] for f in factors])


@pytest.mark.parametrize("name", ["formula", "gene", "signäl"])
def test_a_name_that_files_cannot_hold_is_refused_when_it_is_read(name: str, study: Any) -> None:
    with pytest.raises(UserError, match=rf"own.py: '{name}' cannot be written in SBML"):
        study(MECHANISM.replace("signal_gain", name))


def test_libsbml_finds_no_error_in_it(study: Any) -> None:
    libsbml = pytest.importorskip("libsbml", reason="needs pip install 'ldnsim[sbml]'")
    document = libsbml.readSBMLFromString(export.sbml(study()))
    document.checkConsistency()
    found = [document.getError(i) for i in range(document.getNumErrors())]
    assert [e.getMessage() for e in found if e.getSeverity() > libsbml.LIBSBML_SEV_WARNING] == []
