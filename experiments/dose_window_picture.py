"""The figure of the dose-window experiment."""

from __future__ import annotations

import numpy as np
import xarray as xr
from common import Floats, values
from dose_window_runs import DAY, MAIN, reasons, verdict
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.model import default_model
from ldnsim.plots import style
from ldnsim.plots.style import DASHES, GREY, OKABE_ITO, SMALL

LOOKS = {
    MAIN: ("black", "-"),
    "rebound": ("orange", DASHES[1]),
    "glial": ("blue", DASHES[2]),
    "tonic": ("vermillion", DASHES[1]),
    "persistent": ("green", DASHES[3]),
}
DOSE = "nightly dose (mg)"


def picture(rivals: xr.Dataset, kd: xr.Dataset) -> Figure:
    """Draw outcome (top), reason (bottom) and robustness (right) against dose."""
    with style.styled():
        figure = style.new_figure(17.5, 9.0)
        axes = figure.subplots(2, 4)
        _outcomes(axes[0, :3], rivals)
        _why(axes[1, :3], rivals.sel(hypothesis=MAIN))
        _affinity(figure, axes[0, 3], kd)
        _lines(axes[1, 3], rivals, "tnf_change_percent", (MAIN, "tonic", "persistent"))
        _words(axes[1, 3], "if the block clears slowly", "TNF, change (%)")
        _above(axes[1, 3])
        for ax in axes.flat:
            _dose_axis(ax, values(rivals, "dose"))
        found = verdict(rivals.sel(hypothesis=MAIN))
        says = "a dose window" if found.kind == "window" else "no clear dose window"
        style.headline(figure, f"One inflamed patient, nightly naltrexone: {says}")
        style.footnote(
            figure, rivals.assign_attrs(hypothesis=""), "Grey: doses that help. Top row: last week",
            f"of treatment. Bottom row, first three: 24 h means on day {DAY}, {MAIN} hypothesis.",
        )  # fmt: skip
    return figure


def _dose_axis(ax: Axes, dose: Floats) -> None:
    ticks = [t for t in (0.1, 0.3, 1, 3, 10, 30) if dose[0] <= t <= dose[-1]]
    ax.set_xscale("log")
    ax.set_xlim(dose[0], dose[-1])
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set_xlabel(DOSE)
    style.polish(ax)


def _words(ax: Axes, title: str, label: str) -> None:
    ax.set_title(title, loc="left", fontsize=13)
    ax.set_ylabel(label)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="best", fontsize=SMALL)


def _window(ax: Axes, ds: xr.Dataset) -> None:
    """Shade the doses that help."""
    v = verdict(ds)
    if np.isfinite(v.low):
        ax.axvspan(v.low, max(v.high, v.low * 1.02), color="#DDDDDD", zorder=0, linewidth=0)


def _lines(ax: Axes, ds: xr.Dataset, name: str, hypotheses: tuple[str, ...]) -> None:
    dose = values(ds, "dose")
    for hypothesis in hypotheses:
        shade, dash = LOOKS[hypothesis]
        y = values(ds.sel(hypothesis=hypothesis), name)
        ax.plot(dose, y, color=OKABE_ITO[shade], linestyle=dash, label=hypothesis)
    ax.axhline(0.0, color=GREY, linewidth=1.0)


def _outcomes(axes: list[Axes], rivals: xr.Dataset) -> None:
    shown = (MAIN, "rebound", "glial")
    panels = (
        ("tnf_change_percent", "TNF in the brain", "change (%)"),
        ("m1_change", "inflamed microglia", "change (share of cells)"),
        ("pain_change", "pain", "change (points of 0-10)"),
    )
    for ax, (name, title, label) in zip(axes, panels, strict=True):
        _window(ax, rivals.sel(hypothesis=MAIN))
        _lines(ax, rivals, name, shown)
        _words(ax, title, label)
        ax.legend().remove()  # one for the three of them, above the lines of the first
    _above(axes[0])


def _above(ax: Axes) -> None:
    """Put the legend into room made above the lines."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.35 * (high - low))
    ax.legend(loc="upper left", fontsize=SMALL)


def _why(axes: list[Axes], main: xr.Dataset) -> None:
    dose, r = values(main, "dose"), reasons(main)
    turns = int(np.nanargmax(r["effector_tone"])) < len(dose) - 1
    panels = (
        ("peptides answer ...", "change (%)", ("met_enkephalin", "beta_endorphin")),
        ("... the block grows faster ..." if turns else "... so does the block ...",
         "blocked (%)", ("mu", "ogfr", "trif")),
        ("... so tone turns down" if turns else "... and tone goes along",
         "change (%)", ("effector_tone", "analgesic_tone")),
    )  # fmt: skip
    looks = {
        "met_enkephalin": ("met-enkephalin", "green", 0),
        "beta_endorphin": ("beta-endorphin", "orange", 1),
        "mu": ("mu receptors (sensor)", "blue", 0),
        "ogfr": ("OGF receptors (effector)", "purple", 1),
        "trif": ("TLR4, TRIF branch", "black", 2),
        "effector_tone": ("opioid tone on glia", "purple", 0),
        "analgesic_tone": ("analgesic tone", "blue", 1),
    }
    for ax, (title, label, names) in zip(axes, panels, strict=True):
        _window(ax, main)
        for name in names:
            words, shade, dash = looks[name]
            ax.plot(dose, r[name], color=OKABE_ITO[shade], linestyle=DASHES[dash], label=words)
        if label.startswith("change"):
            ax.axhline(0.0, color=GREY, linewidth=1.0)
        _words(ax, title, label)


def _affinity(figure: Figure, ax: Axes, kd: xr.Dataset) -> None:
    """Map the change of TNF over dose and the assumed affinity of the OGF receptor."""
    y, dose = values(kd, "kd_ogfr"), values(kd, "dose")
    change = values(kd, "tnf_change_percent")
    reach = float(np.nanmax(np.abs(change)))
    mesh = ax.pcolormesh(dose, y, change, cmap="PuOr_r", vmin=-reach, vmax=reach, shading="nearest")
    figure.colorbar(mesh, ax=ax, label="TNF, change (%)", pad=0.02)
    default = default_model().parameters["kd_ogfr"].value
    ax.axhline(default, color="black", linewidth=1.2)
    ax.annotate("default", (dose[0], default), (4, 4), textcoords="offset points", fontsize=SMALL)
    ax.set_yscale("log")
    ticks = [y[0], y[len(y) // 2], y[-1]]
    ax.set_yticks(ticks, [f"{t:.2g}" for t in ticks])
    ax.set_yticks([], minor=True)
    ax.grid(False)
    _words(ax, "affinity of the OGF receptor", "kd_ogfr (nmol/L), assumed")
