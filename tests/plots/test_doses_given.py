"""A night says what was taken in it and when; pictures count doses not taken as planned."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import ldnsim
from ldnsim import plots

MISSED = {"p_missed": 0.5, "p_doubled": 1, "seed": 3}


def head(figure: Figure) -> str:
    return figure._suptitle.get_text()  # type: ignore[attr-defined, no-any-return]


def foot(figure: Figure) -> str:
    return " ".join(figure._supxlabel.get_text().split())  # type: ignore[attr-defined]


def marks(figure: Figure) -> tuple[list[float], list[str]]:
    """Hours at which a dose is drawn, and the words above the lines."""
    panel = figure.axes[0]
    hours = [float(line.get_xdata()[0]) for line in panel.lines if line.get_gid() == "dose"]  # type: ignore[index, arg-type]
    return hours, [t.get_text() for t in panel.texts if t.get_gid() == "dose"]


def simulate(text: str, days: int = 6, name: str = "standard dose", **more: object) -> xr.Dataset:
    prescription = {"name": name, "prescription": f"{text} for {days} d"}
    return ldnsim.simulate(prescription, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def missed() -> xr.Dataset:
    return simulate("4.5 mg nightly", adherence=MISSED)


def at_night(ds: xr.Dataset, row: int) -> xr.Dataset:
    """The same with the close-up at another planned dose; its curves stay."""
    when = float(ds["ledger_planned_time"][row])
    return ds.assign(night_start=ds["night_start"].copy(data=np.asarray(when)))


def test_the_title_of_a_night_is_what_the_ledger_says(missed: xr.Dataset) -> None:
    assert missed["ledger_given_dose"].values.tolist() == [0.0, 9.0, 4.5, 0.0, 0.0, 0.0]
    figure = plots.night(missed)
    assert head(figure) == "One night: standard dose, 0 mg given of 4.5 mg planned"
    assert marks(figure) == ([], [])
    doubled = plots.night(at_night(missed, 1))
    assert head(doubled) == "One night: standard dose, 9 mg given of 4.5 mg planned"
    assert marks(doubled) == ([0.0], ["dose 22:00"])
    assert head(plots.night(at_night(missed, 2))) == "One night: standard dose, 4.5 mg given"


def test_pictures_count_doses_that_were_not_taken_as_planned(missed: xr.Dataset) -> None:
    words = "5 of 6 planned doses missed, late or doubled."
    for draw in (plots.compare, plots.night, plots.phase_plane):
        assert words in foot(draw(missed))
    kept = simulate("4.5 mg nightly")
    assert "planned doses" not in foot(plots.compare(kept))


def test_every_dose_of_a_night_is_marked_when_it_was_taken() -> None:
    ds = simulate("4.5 mg every 12 h")
    figure = plots.night(ds)
    assert marks(figure) == ([0.0, 12.0], ["dose 10:00", "dose 22:00"])
    assert head(figure) == "One night: standard dose, 9 mg given"
    late = simulate("4.5 mg every 12 h", adherence={"p_late": 1, "late_mean_h": 2, "seed": 2})
    hours, words = marks(plots.night(late))
    taken = late["ledger_given_time"].values - float(late["night_start"])
    inside = taken[(taken >= 0) & (taken < 24)]
    assert np.allclose(hours, inside) and len(words) == 2 and 0.0 not in hours


def test_without_a_ledger_a_night_tells_what_was_prescribed() -> None:
    ds = simulate("4.5 mg nightly", adherence=MISSED, output={"ledger": False})
    figure = plots.night(ds)
    assert head(figure) == "One night: standard dose, 4.5 mg prescribed"
    assert marks(figure) == ([0.0], ["prescribed 22:00"])


def test_a_part_of_a_sweep_is_not_read_as_another_run_of_the_ledger() -> None:
    axis = {"name": "dose", "field": "regimen.dose", "values": ["1 mg", "4 mg"]}
    ds = ldnsim.simulate(
        "2 mg nightly for 6 d", axes=[axis], adherence={"p_missed": 0.5, "seed": 3}
    )
    last = ds["ledger_given_dose"].values[ds["ledger_run"].values == 1][-1]
    assert last == 0.0
    assert head(plots.night(ds, {"dose": 4})) == "One night: 4 mg, 0 mg given of 4 mg planned"
    reversed_ = ds.isel(dose=[1, 0])
    for cut in (ds.sel(dose=4.0), reversed_):
        assert "given" not in head(plots.night(cut, None if cut is not reversed_ else [4]))


def test_a_name_that_only_ends_like_the_dose_does_not_hide_it() -> None:
    ds = simulate("4.5 mg nightly", name="not 14.5 mg")
    assert head(plots.night(ds)) == "One night: not 14.5 mg, 4.5 mg given"


def test_patients_doses_are_counted_together() -> None:
    ds = simulate("4.5 mg nightly", adherence=MISSED, population={"size": 3})
    wrong = int((ds["ledger_status"] != 0).sum())
    assert f" {wrong} of 18 planned doses missed, late or doubled." in foot(plots.compare(ds))
    one = ds["ledger_status"].values[ds["ledger_run"].values == 1]
    words = f" {int((one != 0).sum())} of 6 planned doses"
    assert words in foot(plots.compare(ds, {"patient": int(ds["patient"][1])}))


def test_nothing_rebounds_where_nothing_was_blocked(missed: xr.Dataset) -> None:
    high = missed["night_met_enkephalin"] * 2.0
    ds = missed.assign(night_met_enkephalin=high.assign_attrs(missed["night_met_enkephalin"].attrs))
    assert float(ds["night_mor_occupancy"].max()) < 0.2
    assert "rebound" not in foot(plots.night(ds))
