"""Pictures read the words of a variable from the result: also of one that nobody knew before."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ldnsim import plots
from ldnsim.model import default_model
from ldnsim.plots import wording
from ldnsim.results.columns import variable_attributes

WORDS = {
    "units": "1", "long_name": "TRPM3 currents of NK cells, fold of healthy",
    "short_name": "TRPM3 current", "symbol": "I", "scale": "fold of healthy", "better": "",
}  # fmt: skip


def text_of(figure: Figure) -> str:
    found = [t.get_text() for t in figure.findobj(match=lambda a: hasattr(a, "get_text"))]
    return " ".join(" ".join(found).split())


def renamed(ds: xr.Dataset, name: str, attrs: dict[str, Any]) -> xr.Dataset:
    """The dataset with a variable that no picture has heard of, in place of a known one."""
    return ds.assign(current=ds[name].assign_attrs(attrs)).drop_vars(name)


def test_every_variable_has_all_words_and_no_two_the_same() -> None:
    names, short, symbols = default_model().observables, set(), set()
    for name in names:
        attrs = variable_attributes(default_model(), name)
        assert attrs["long_name"] and attrs["mechanism"] and attrs["evidence"]
        assert 0 < len(attrs["short_name"]) <= 32 and attrs["symbol"]
        short.add(attrs["short_name"])
        symbols.add(attrs["symbol"])
    assert len(short) == len(symbols) == len(names)


def test_an_invented_variable_is_named_in_a_plane(named: xr.Dataset) -> None:
    ds = renamed(named, "tnf", WORDS)
    figure = plots.phase_plane(ds, ["standard"], x="microglia_m1", y="current")
    assert "TRPM3 currents of NK cells (fold of healthy)" in text_of(figure)


def test_an_invented_summary_gets_its_words_and_no_star(grid: xr.Dataset) -> None:
    ds = renamed(grid, "tnf_change", {**WORDS, "against": "", "reduction": "max"})
    shown = text_of(plots.heatmap(ds, "current"))
    assert "TRPM3 currents of NK cells" in shown and "★" not in shown and "better" not in shown
    starred = text_of(plots.heatmap(renamed(grid, "tnf_change", {**WORDS, "better": "lower"}),
                                    "current"))  # fmt: skip
    assert "★" in starred and "lower is better" in starred


def test_a_branch_of_an_invented_variable_has_its_short_name() -> None:
    p = np.linspace(0.0, 1.0, 5)
    ds = xr.Dataset(
        {
            "parameter": ("point", p, {"units": "1"}), "curve": ("point", np.zeros(5, int)),
            "stable": ("point", np.ones(5, bool)), "bifurcation_kind": ("bifurcation", []),
            "bifurcation_point": ("bifurcation", np.empty(0, int)), "current": ("point", p, WORDS),
        },
        attrs={"own": 0.5, "parameter": "driver", "title": "A branch"},
    )  # fmt: skip
    shown = text_of(plots.bifurcation(ds, ("current",)))
    assert "TRPM3 current (fold of healthy)" in shown


def test_legends_take_the_short_names_of_the_result_and_leave_out_what_all_share(
    named: xr.Dataset,
) -> None:
    ds = named.copy()
    for name, word in (("mor", "first"), ("dor", "second"), ("kor", "third"), ("ogfr", "last")):
        if (full := f"night_{name}_occupancy") in ds:
            ds[full] = ds[full].assign_attrs(short_name=f"{word} site occupancy")
    shown = text_of(plots.compare(ds, ["standard"]))
    assert "first" in shown and "second" in shown and "first site" not in shown
    arrays = [xr.DataArray(0.0, attrs={"short_name": n}) for n in ("a tone", "b c tone", "tone")]
    assert wording.legend_names(arrays) == ["a tone", "b c tone", "tone"]
    assert wording.legend_names(arrays[:2]) == ["a", "b c"]
    assert wording.legend_names(arrays[:1]) == ["a tone"]


def test_results_without_short_names_show_the_name(named: xr.Dataset) -> None:
    old = named.copy()
    for name in old.data_vars:
        old[name].attrs.pop("short_name", None)
    shown = text_of(plots.compare(old, ["standard"]))
    assert "beta endorphin" in shown and "microglia m1" in shown
