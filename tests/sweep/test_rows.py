"""What is kept of many patients on the disk is what is kept of few in memory, to the last bit."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ldnsim.errors import UserError
from ldnsim.patients import accept, days, draws, people, rows, untreated
from ldnsim.patients.rows import Rows
from ldnsim.patients.windows import Windows
from ldnsim.results import zarr_files
from ldnsim.results.store import open_store
from ldnsim.runs import reference
from ldnsim.sweep.study import Study

TABLE = np.random.default_rng(1).random((50, 3, 2))
STUDY = {
    "regimens": [
        {"name": n, "prescription": f"{n} nightly at 22:00 for 3 d"} for n in ("1 mg", "4 mg")
    ],
    "axes": [{"name": "kind", "field": "patient.phenotype", "values": ["default", "fibromyalgia"]}],
    "population": {"size": 9, "oprm1_g_frequency": 0.3, "method": "latin_hypercube"},
    "output": {"trajectories": False},
}


@pytest.fixture(name="on_disk")
def on_disk_(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST", 0)


@pytest.mark.parametrize(
    "which",
    [
        slice(None), slice(3, 9), slice(40, 99), slice(9, 3), slice(0, 50, 7), 4, -1,
        np.arange(5, 20), np.array([7, 3, 3, 49, 0, 8]), np.array([-1, 2]), np.empty(0, int),
    ],
    ids=str,
)  # fmt: skip
def test_rows_of_a_file_are_read_as_those_of_an_array(which: Any, on_disk: None) -> None:
    kept = Rows(TABLE.shape)
    for first in (20, 0, 40):
        kept.put(first, TABLE[first : first + 20])
    assert kept._file is not None
    np.testing.assert_array_equal(kept[which], TABLE[which])
    np.testing.assert_array_equal(np.asarray(pickle.loads(pickle.dumps(kept))), TABLE)
    assert len(kept) == len(TABLE)


def test_rows_that_are_not_there_are_refused(on_disk: None) -> None:
    kept = Rows.of(TABLE)
    for odd in (50, np.array([3, -51])):
        with pytest.raises(IndexError):
            kept[odd]
    with pytest.raises(ValueError, match="does not fit"):
        kept.put(31, TABLE[:20])
    assert kept._file is not None
    kept._file.truncate(100)
    with pytest.raises(OSError, match="lost its end"):
        kept[:]


def test_a_full_disk_is_named_with_the_remedy(
    on_disk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def seek(self, at: int) -> None:
            pass

        def write(self, data: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    kept = Rows(TABLE.shape)
    monkeypatch.setattr(kept, "_file", Full())
    with pytest.raises(UserError, match=r"is full: 2.4e-06 GB.*TMPDIR"):
        kept.put(0, TABLE)


@pytest.mark.parametrize("method", ["sobol", "latin_hypercube"])
@pytest.mark.parametrize("step", [1, 64, 700])
def test_candidates_read_by_windows_are_those_drawn_at_once(
    method: str, step: int, on_disk: None
) -> None:
    def draw(name: str, n: int) -> NDArray[np.float64]:
        return draws.quantiles(method, 5, name, n, 100)

    whole = np.stack([draw(n, 2100) for n in ("a", "b", "c")], axis=1)
    drawn = Windows(("a", "b", "c"), draw)
    for first in [*range(0, 2100 - step, 7 * step), 2100 - step]:
        np.testing.assert_array_equal(
            drawn.between(first, first + step), whole[first : first + step]
        )


def test_a_sweep_gives_the_same_with_its_patients_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for name in ("few", "many"):
        monkeypatch.setattr(untreated, "_SOLVED", {})
        if name == "many":
            monkeypatch.setattr(rows, "MOST", 0)
            for module in (days, people, reference, untreated):
                monkeypatch.setattr(module, "AT_ONCE", 4)
            monkeypatch.setattr(accept, "WORTH", 5)
            monkeypatch.setattr(zarr_files, "ONE_CHUNK", 8000)
        Study.build(STUDY, "x").run(tmp_path / f"{name}.zarr")
        found.append(open_store(tmp_path / f"{name}.zarr", verify=True).load())
    few, many = found
    assert set(few.variables) == set(many.variables)
    for name in few.variables:
        assert few[name].values.tobytes() == many[name].values.tobytes(), name
    chunks = [
        len(list((tmp_path / f"{n}.zarr/patient_parameters/c").iterdir())) for n in ("few", "many")
    ]
    assert chunks == [1, 3]
