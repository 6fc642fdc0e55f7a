"""A table with observations is stored so often that its picture shows courses, not lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from typer.testing import CliRunner

from ldnsim import plots
from ldnsim.cli import app

HEAD = "TIME,AMT,EVID,DV,DVID,UNIT\n0,50,1,.,.,.\n"


@pytest.mark.parametrize(
    ("row", "every"),
    [("9,.,0,10,naltrexone_plasma,nmol/L\n", 0.25), ("2400,.,0,5,pain,.\n", 1.0), ("", 6.0)],
)
def test_stored_finely_under_observations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, every: float
) -> None:
    drawn: list[xr.Dataset] = []
    usual = plots.compare

    def compare(ds: xr.Dataset, **options: Any) -> Any:
        drawn.append(ds)
        return usual(ds, **options)

    monkeypatch.setattr(plots, "compare", compare)
    monkeypatch.chdir(tmp_path)
    Path("seen.csv").write_text(HEAD + row, encoding="utf-8")
    done = CliRunner().invoke(app, ["simulate", "seen.csv", "--plot", "seen.png"])
    assert done.exit_code == 0, done.output
    assert float(drawn[0]["time"].diff("time").values[0]) == every
    assert ("stored every" in done.output) == bool(row)
