"""What a command loads: nothing of what it does not use, so that it starts at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ldnsim.engine.generate import direct
from ldnsim.engine.generate.kernels import load_kernels
from ldnsim.model import default_model

PRESCRIPTION = "4.5 mg nightly at 22:00, for 1 wk"
STUDY = f'regimen = "{PRESCRIPTION}"\n[[axes]]\nname = "driver"\nfield = "parameters.driver"\n'
STUDY += 'values = [0.1, 0.2]\n[output]\nsummaries = ["pain_change"]\ntrajectories = false\n'
NEVER = {"matplotlib", "sympy", "numba", "pandas", "dask", "statsmodels", "optuna", "sparse"}
"""What makes pictures and kernels, and what analyses bring that are something else."""
LOADED = """
import json, sys
sys.argv = ["ldnsim", *json.loads(sys.argv[1])]
from ldnsim.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


@pytest.fixture(autouse=True)
def _kept() -> None:
    load_kernels(default_model())


def loaded(folder: Path, *words: str) -> set[str]:
    """Run a command; return the packages that its process had imported at the end."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(words)],
        capture_output=True, encoding="utf-8", cwd=folder, timeout=300,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


pytestmark = pytest.mark.skipif(
    not direct.supported(), reason="numba loads kept kernels on this system"
)


def test_simulate_loads_no_xarray_and_no_scipy_either(tmp_path: Path) -> None:
    found = loaded(tmp_path, "simulate", PRESCRIPTION)
    assert not found & (NEVER | {"xarray", "scipy", "zarr", "pint"})
    assert {"numpy", "pydantic", "llvmlite"} <= found  # the names are those of packages


def test_a_sweep_loads_no_xarray_either(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(STUDY)
    assert not loaded(tmp_path, "sweep", "s.toml") & (NEVER | {"xarray", "scipy", "zarr", "pint"})
    assert (tmp_path / "s.zarr").is_dir()


def test_a_dry_run_loads_no_kernels(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(STUDY)
    found = loaded(tmp_path, "sweep", "s.toml", "--dry-run")
    assert not found & (NEVER | {"xarray", "scipy", "zarr", "llvmlite"})


def test_sensitivity_loads_no_pictures_and_no_compiler(tmp_path: Path) -> None:
    # xarray labels what it finds, and brings pandas, and dask and SciPy where these are installed
    found = loaded(tmp_path, "sensitivity", "4.5 mg nightly at 22:00, for 1 d")
    assert not found & (NEVER - {"pandas", "dask", "sparse"})


def test_pictures_are_there_when_asked_for(tmp_path: Path) -> None:
    found = loaded(tmp_path, "simulate", PRESCRIPTION, "--plot", "run.png")
    assert {"matplotlib", "xarray"} <= found and not found & {"numba", "sympy"}
    assert (tmp_path / "run.png").stat().st_size > 0


@pytest.mark.parametrize("order", ["import ldnsim.plots.compare as _", "pass"])
def test_a_picture_is_not_hidden_by_its_file(order: str) -> None:
    code = (
        f"{order}\nfrom ldnsim import plots\nfrom ldnsim.plots import heatmap, summaries\n"
        "assert all(callable(getattr(plots, n)) for n in plots.__all__)\n"
        "import ldnsim.plots.trials, ldnsim.plots.style\n"
        "assert callable(plots.trials) and plots.style.save is plots.save\n"
        "assert callable(heatmap) and callable(summaries)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr


def test_descriptions_of_keys_are_those_of_the_source() -> None:
    from ldnsim.config.schema import make
    from ldnsim.config.study import StudyConfig

    found = make()["properties"]
    assert found["horizon"]["description"].startswith("Length of the simulation")
    assert all("description" in found[name] for name in StudyConfig.model_fields)
