"""Sets of parameters written by a fit: they give back the fit, beside what it was made on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ldnsim.analysis.evidence.own_data import fit_data
from ldnsim.analysis.evidence.own_problem import make_problem
from ldnsim.analysis.evidence.own_report import parameter_set
from ldnsim.config.event_entry import from_events
from ldnsim.edition import extended
from ldnsim.errors import UserError
from ldnsim.regimen import Recordings
from tests.analysis.test_own_data import PLAIN, noisy, table, values


def test_a_parameter_set_holds_what_was_held_and_says_what_it_replaces(tmp_path: Path) -> None:
    ours = '[parameters.{}]\nvalue = {}\ngrade = "assumed"\n'
    (tmp_path / "own.toml").write_text(ours.format("ka", 0.9) + ours.format("cl", 90.0))
    before = extended([str(tmp_path / "own.toml")])
    options = replace(PLAIN, free=("cl",), parameters={"ka": 1.7, "v_central": 95.0})
    made = from_events({"table": table(noisy()), "ids": "all"}, Path())
    assert isinstance(made, Recordings)
    found = fit_data(made.members, options, before)
    text = parameter_set(found)
    assert "held: ka = 1.7 1/h, v_central = 95 L" in text
    assert 'hypothesis = "dual_pathway", phenotype = "default"' in text
    (tmp_path / "mine.toml").write_text(text)
    both = extended(["own.toml", "mine.toml"], tmp_path)
    assert both.extensions[0].changes[1] == "sets cl = 90 L/h (was 140)"
    assert both.extensions[1].changes[1] == "sets ka = 1.7 1/h in place of own.toml (was 0.72)"
    again = make_problem(made.members, replace(PLAIN, free=("cl",)), both)
    there = again.simulate(np.log([[values(found)["cl"]]]))[0]
    np.testing.assert_allclose(there, found.simulated, rtol=1e-6)
    with pytest.raises(UserError, match=r"replaces: 'own\.toml': no extension before this sets it"):
        extended(["mine.toml"], tmp_path)
    (tmp_path / "mine.toml").write_text(text.replace('replaces = "own.toml"', ""))
    with pytest.raises(UserError, match=r"own\.toml sets it too; .* write replaces = 'own\.toml'"):
        extended(["own.toml", "mine.toml"], tmp_path)
    (tmp_path / "mine.toml").write_text(text.replace('"own.toml"', '"other.toml"'))
    with pytest.raises(UserError, match=r"'other\.toml': 'own\.toml' sets it before this"):
        extended(["own.toml", "mine.toml"], tmp_path)


def test_a_set_is_refused_where_a_default_would_not_act() -> None:
    made = from_events({"table": table(noisy()), "ids": "all"}, Path())
    assert isinstance(made, Recordings)
    held = replace(PLAIN, hypothesis="tonic", parameters={"kp_brain": 2.0})
    assert make_problem(made.members, held).set_elsewhere == ("kp_brain",)
