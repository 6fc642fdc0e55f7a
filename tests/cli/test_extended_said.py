"""Whatever comes out of an extended model says so: texts, reports and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from typer.testing import CliRunner

from ldnsim import plots
from ldnsim.analysis.behaviours.scorecard import remarks
from ldnsim.analysis.evidence.probes import score
from ldnsim.cli import app
from ldnsim.edition import extended, shipped
from ldnsim.plots import calibration, style
from ldnsim.plots.provenance import extended_note

RUN = CliRunner()
SET = '[parameters.ka]\nvalue = 0.9\ngrade = "assumed"\nnote = "made up for a test"\n'
RX = "1 mg nightly at 22:00, for 3 d"
TABLE = "TIME,AMT,DV (ng/mL),DVID,EVID\n0,4.5,.,.,1\n" + "".join(
    f"{t},.,{v},naltrexone_plasma,0\n" for t, v in ((0.5, 3.0), (1, 4.0), (2, 3.0), (4, 1.5))
)
COMMANDS = {
    "simulate": [RX],
    "sensitivity": [RX, "--most", "2"],
    "claims": ["C6", "--quick"],
    "validate": ["pet_5mg", "--hypothesis", "dual_pathway"],
    "states": ["--points", "10", "--from", "0.0", "--to", "0.02"],
    "calibrate": ["--data", "m.csv", "--free", "cl", "--starts", "1", "--error",
                  "proportional=0.2"],
}  # fmt: skip
REPORT = {"claims": "--json", "validate": "--json", "states": "--json", "calibrate": "--out"}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.toml").write_text(SET)
    (tmp_path / "m.csv").write_text(TABLE)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_texts_and_reports_name_the_extension_and_what_it_sets(command: str) -> None:
    report = [REPORT[command], "own.json"] if command in REPORT else []
    done = RUN.invoke(app, [command, *COMMANDS[command], *report, "--extend", "own.toml"])
    assert done.exit_code == 0, done.output
    own = extended(["own.toml"]).extensions[0]
    assert f"own.toml (sha256 {own.sha256[:12]}; sets ka = 0.9)" in done.output
    if report:
        assert json.loads(Path("own.json").read_text())["extensions"] == [own.record()]
    if command == "calibrate":
        assert "shipped" not in done.output
        assert "without the fit" in done.output


def test_a_report_of_the_shipped_model_has_no_word_of_extensions() -> None:
    done = RUN.invoke(app, ["validate", "E1", "--json", "plain.json"])
    assert done.exit_code == 0, done.output
    assert "xten" not in done.output + Path("plain.json").read_text()


def _foot(figure: Any) -> str:
    return " ".join(figure.get_supxlabel().split())


def test_feet_of_pictures_name_it() -> None:
    listed = extended(["own.toml"]).records()
    note = extended_note(listed)
    figure = style.new_figure(9.0, 4.0)
    style.footnote(figure, xr.Dataset(attrs={"extensions": json.dumps(listed)}))
    check = score(["dual_pathway"], names=["pet_5mg"])[0].as_dict()
    fit = {"group": "g", "profiles": [], "observations": []}
    for drawn in (
        figure,
        plots.scorecard([check], extensions=listed),
        calibration.draw([fit], listed),
    ):
        assert note in _foot(drawn)
    assert "Extended" not in _foot(plots.scorecard([check])) + _foot(calibration.draw([fit]))


def test_what_replaces_and_what_only_adds() -> None:
    one = {"name": "a.py", "sha256": "0123456789abcdef", "changes": ["adds the parameter x = 1"]}
    two = {**one, "changes": ["replaces the equation of nk_activity (immunity)", "sets ka = 2 1/h"]}
    assert extended_note([one]).endswith("with a.py (sha256 0123456789ab).")
    assert "; replaces nk_activity; sets ka = 2)" in extended_note([two])
    many = {**one, "changes": [f"sets p{i} = 1 (was 2)" for i in range(5)]}
    assert "sets p2 = 1 and 2 more)" in extended_note([many])


def test_a_number_fitted_to_the_shipped_model_is_not_called_fitted_to_another() -> None:
    own = score(["dual_pathway"], names=["pet_5mg"], edition=extended(["own.toml"]))
    plain = score(["dual_pathway"], names=["pet_5mg"], edition=shipped())
    assert "fitted under the shipped parameters" in remarks(own)[0]
    assert remarks(plain)[0].endswith("once: 1 of 1 that were fitted")
    for checks, words in ((own, "fitted under the shipped parameters"), (plain, "no test")):
        legend = plots.scorecard([c.as_dict() for c in checks]).axes[0].get_legend()
        assert legend is not None
        assert any(words in t.get_text() for t in legend.get_texts())
