"""Picture of a calibration: what is outside its interval is told apart."""

from __future__ import annotations

from typing import Any

from matplotlib.colors import to_hex

from ldnsim.plots import style
from ldnsim.plots.calibration import draw


def row(name: str, simulated: float, low: float | None, high: float | None) -> dict[str, Any]:
    return {
        "name": name, "simulated": simulated, "low": low, "high": high, "values": [],
        "published": "as bounds", "unit": "h",
    }  # fmt: skip


def test_misses_are_coloured_and_open_ends_are_none() -> None:
    rows = [row("in", 1.5, 1.0, 2.0), row("out", 9.0, 1.0, 2.0), row("low", 0.1, None, 2.0)]
    fit = {"group": "pk", "observations": rows, "profiles": [], "estimates": []}
    ax = draw([fit]).axes[0]
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    colours = [to_hex(line.get_color()).upper() for line in diamonds]
    blue, red = style.OKABE_ITO["blue"], style.OKABE_ITO["vermillion"]
    assert colours == [blue, red, blue]
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert labels == ["pk: low", "pk: out", "pk: in"]


def test_each_profile_has_a_panel() -> None:
    estimate = {"name": "k", "unit": "1/h", "verdict": "determined", "value": 2.0, "shipped": 2.0}
    profile = {"name": "k", "value": [1.0, 2.0, 4.0], "rise": [5.0, 0.0, 5.0]}
    fit = {
        "group": "g", "observations": [row("a", 1.0, 0.0, 2.0)], "estimates": [estimate],
        "profiles": [profile] * 4,
    }  # fmt: skip
    figure = draw([fit])
    assert len(figure.axes) == 5
    assert figure.axes[1].get_xlabel() == "k (1/h)"
