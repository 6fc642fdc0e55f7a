"""What would tell hypotheses apart: bars of the best observations, maps of the best assays."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ldnsim.errors import UserError
from ldnsim.plots.members import check_most
from ldnsim.plots.style import OKABE_ITO, SMALL, footnote, headline, new_figure, polish, styled
from ldnsim.plots.timeline import floats

MAPS = 4
BARS = 20


def discriminate(ds: xr.Dataset, bars: int = BARS) -> Figure:
    """Draw a ranking of observations.

    Left, the best observations as bars of information; right, for the assays with the most
    informative observation, bits over regimen and time.

    Args:
        ds: a ranking as a dataset: ``bits`` over (assay, regimen, time), NaN where there is none,
            with ``title`` over assay, ``label`` over time and the number of hypotheses as an
            attribute.
        bars: how many observations on the left.

    Raises:
        UserError: no observation has a value, or ``bars`` is below 1.
    """
    check_most(bars, "bars")
    bits = floats(ds["bits"])
    if not np.isfinite(bits).any():
        raise UserError("no observation could be ranked: every run failed")
    most = float(np.log2(int(ds.attrs["hypotheses"])))
    top = np.nanmax(bits.reshape(len(bits), -1), axis=1)
    shown = np.argsort(-top, kind="stable")[:MAPS]
    with styled():
        figure = new_figure(16.0, 8.6)
        halves = figure.add_gridspec(1, 2, width_ratios=(1.0, 1.35))
        left, right = (figure.add_subfigure(halves[k]) for k in range(2))
        _bars(left.subplots(), ds, bits, most, bars)
        axes = right.subplots(2, 2, squeeze=False).ravel()
        for place, (ax, assay) in enumerate(zip(axes, shown, strict=False)):
            image = _map(ax, ds, int(assay), bits[assay], float(np.nanmax(bits)))
            if place % 2:
                ax.tick_params(labelleft=False)
        for ax in axes[len(shown) :]:
            ax.set_visible(False)
        bar = right.colorbar(image, ax=list(axes), shrink=0.7)
        bar.set_label("information (bits)")
        headline(figure, str(ds.attrs.get("title", "What separates the hypotheses")))
        note = f"{ds.attrs['hypotheses']} hypotheses, equally likely: at most {most:.3g} bits."
        footnote(figure, ds, note, "Ranked under the model, with the errors of the assay file.")
    return figure


def _bars(ax: Axes, ds: xr.Dataset, bits: np.ndarray, most: float, bars: int) -> None:
    """The best observation of each assay and regimen, so that a list is not one assay's times."""
    best = np.nanmax(np.where(np.isfinite(bits), bits, -1.0), axis=2)
    order = np.argsort(-best, axis=None, kind="stable")[:bars]
    names, regimens, times = (ds[k].values for k in ("title", "regimen", "label"))
    rows = [tuple(int(k) for k in np.unravel_index(i, best.shape)) for i in order]
    values = [float(best[r]) for r in rows]
    when = [int(np.nanargmax(bits[r])) for r in rows]
    place = np.arange(len(rows))[::-1]
    ax.barh(place, values, color=OKABE_ITO["blue"], height=0.72)
    words = [f"{names[a]}, {regimens[r]}, {times[t]}" for (a, r), t in zip(rows, when, strict=True)]
    ax.set_yticks(place, words)
    ax.axvline(most, color="black", linestyle=":", linewidth=1.3)
    ax.set(xlabel="information (bits)", xlim=(0.0, 1.03 * most))
    ax.set_title("best time of each assay and dose", loc="left", fontweight="bold")
    ax.grid(axis="y", visible=False)
    polish(ax)


def _map(ax: Axes, ds: xr.Dataset, assay: int, bits: np.ndarray, most: float) -> AxesImage:
    """Bits of one assay over regimen and time."""
    kept = np.isfinite(bits).any(axis=0)
    labels = [str(t) for t in ds["label"].values[kept]]
    image = ax.imshow(
        bits[:, kept], origin="lower", aspect="auto", cmap="cividis", vmin=0.0, vmax=most
    )
    ax.grid(False)
    ax.set_title(str(ds["title"].values[assay]), loc="left", fontweight="bold")
    ax.set_yticks(range(len(bits)), [str(r) for r in ds["regimen"].values])
    ax.set_xticks(range(len(labels)), labels, rotation=90)
    polish(ax)
    ax.tick_params(axis="x", labelsize=SMALL - 2.5)
    return image
