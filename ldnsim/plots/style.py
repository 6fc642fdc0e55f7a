"""One look for every picture: colours, sizes, footnote, and the figure class."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from ldnsim.errors import UserError, nearest
from ldnsim.plots.provenance import Extended, assumed_note, extended_note, extensions_of
from ldnsim.plots.wording import wrap

# Okabe & Ito (2008), "Color Universal Design": told apart with every common colour blindness.
OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}
GREY = "#666666"
SOFT = "#BBBBBB"

# One colour per variable, wherever it is drawn; yellow is left out: too pale for a line on white.
COLOUR_NAME = {
    "prescribed_dose": "black",
    "naltrexone_plasma": "blue",
    "naltrexol_plasma": "orange",
    "mor_occupancy": "blue",
    "dor_occupancy": "vermillion",
    "kor_occupancy": "green",
    "ogfr_occupancy": "purple",
    "beta_endorphin": "orange",
    "met_enkephalin": "green",
    "opioid_tone": "purple",
    "analgesic_tone": "blue",
    "tnf": "vermillion",
    "il1b": "orange",
    "il6": "purple",
    "il10": "blue",
    "microglia_m1": "vermillion",
    "priming": "blue",
    "pain": "black",
    "fatigue": "sky",
    "mood": "green",
    "vivid_dreams": "purple",
    "insomnia": "orange",
    "nk_activity": "green",
    "neuronal_health": "blue",
}
# A second cue besides colour, by position within a row.
LineStyle = str | tuple[float, tuple[float, ...]]
DASHES: tuple[LineStyle, ...] = (
    "-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)),
    (0, (9, 3)), (0, (6, 1.2, 1.2, 1.2, 1.2, 1.2)), (0, (3, 3)), (0, (10, 1.5, 3, 1.5)),
)  # fmt: skip

BASE, SMALL, TITLE = 13.0, 11.0, 16.0

_RC = {
    "font.size": BASE,
    "axes.titlesize": BASE,
    "axes.labelsize": BASE,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "hatch.linewidth": 0.8,
}

WARNING = "Research instrument, not medical advice: simulated, not measured."


Panels = Axes | Sequence[Axes] | NDArray[Any]
"""Axes of the caller's own to draw panels into, in the order in which the picture has them."""


class Picture(Figure):
    """A matplotlib figure that shows itself in a notebook without touching pyplot.

    ``left_out`` says which runs of the dataset it does not show; empty when it shows all.
    """

    left_out: str = ""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=110, facecolor="white")
        return buffer.getvalue()


@contextmanager
def styled() -> Iterator[None]:
    """Apply the look while a picture is being made; the caller's settings come back after."""
    with mpl.rc_context(_RC):  # type: ignore[arg-type]
        yield


def new_figure(width: float, height: float) -> Picture:
    """Return an empty figure (inches), laid out by constraints, unknown to pyplot."""
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    return Picture(figsize=(width, height), layout=layout, facecolor="white")


def canvas(
    ax: Panels | None, names: Sequence[str], width: float, height: float, columns: int = 1,
    **options: Any,
) -> tuple[Figure, list[Axes]]:  # fmt: skip
    """Return the figure and the panels to draw into: the caller's, or those of a new picture.

    Args:
        ax: what the caller gave; None for a new picture.
        names: what the panels show, in order.
        width: of a new picture, inches.
        height: of a new picture, inches.
        columns: of a new picture; panels fill row by row, places without one stay empty.
        options: of ``Figure.subplots``.

    Raises:
        UserError: not as many Axes as panels, or something that is none.
    """
    if ax is not None:
        return given_panels(ax, names)
    figure, rows = new_figure(width, height), -(-len(names) // columns)
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel()
    for spare in axes[len(names) :]:
        spare.remove()
    return figure, list(axes[: len(names)])


def given_panels(ax: Panels, names: Sequence[str]) -> tuple[Figure, list[Axes]]:
    """Return the figure and the panels of somebody who has made them; see :func:`canvas`."""
    given = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(given) != len(names) or not all(isinstance(one, Axes) for one in given):
        many = f"{len(names)} panels" if len(names) > 1 else "one panel"
        raise UserError(
            f"ax: this picture has {many} ({', '.join(names)}) and {len(given)} given; give one"
            f" matplotlib Axes for each, such as figure.subplots({len(names)})"
        )
    figure = given[0].get_figure(root=True)
    assert figure is not None
    return figure, given


def colour(variable: str) -> str:
    """Return the palette colour of a variable; grey for one that has no colour of its own."""
    name = COLOUR_NAME.get(variable.removeprefix("night_"))
    return OKABE_ITO[name] if name else GREY


def polish(ax: Axes) -> None:
    """Fix tick sizes now: ticks made later, at drawing time, would miss the style."""
    ax.tick_params(labelsize=SMALL, length=3, color=GREY)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(GREY)


def headline(figure: Figure, text: str) -> None:
    """Write the title of a picture, at the left like a slide's."""
    width = int(figure.get_figwidth() * 72 / (TITLE * 0.64))
    figure.suptitle(wrap(text, width), x=0.012, ha="left", fontsize=TITLE, fontweight="bold")


def footnote(
    figure: Figure, ds: xr.Dataset, *notes: str, summaries: Sequence[str] = (),
    drawn: Sequence[xr.Dataset] = (), left_out: str = "",
) -> None:  # fmt: skip
    """Write warning, hypothesis, extensions, what is assumed, and any notes at a picture's foot.

    Args:
        figure: the picture.
        ds: what it shows.
        notes: further sentences.
        summaries: those the picture shows, if any; the share that is assumed is said of them.
        drawn: the runs the picture shows, where it doesn't show all of ``ds``.
        left_out: which runs it does not show, in a sentence that the picture keeps.
    """
    if isinstance(figure, Picture):
        figure.left_out = left_out
    parts = [str(ds.attrs.get("warning") or WARNING).strip().rstrip(".") + "."]
    if ds.attrs.get("hypothesis"):
        parts.append(f"Hypothesis: {', '.join(_hypotheses(ds, drawn))}.")
    parts += [extended_note(extensions_of(ds)), assumed_note(ds, summaries)]
    text = " ".join(p for p in [*parts, *notes, left_out] if p)
    width = int(figure.get_figwidth() * 72 / (SMALL * 0.56))
    figure.supxlabel(wrap(text, width), x=0.012, ha="left", fontsize=SMALL, color=GREY)


def extended_line(figure: Figure, listed: Extended) -> str:
    """Return the sentence on an extended model as further lines of a foot; empty for no extension.

    Args:
        figure: the picture, whose width the lines take.
        listed: what is said of the extensions.
    """
    width = int(figure.get_figwidth() * 72 / (SMALL * 0.56))
    note = extended_note(listed)
    return f"\n{wrap(note, width)}" if note else ""


def _hypotheses(ds: xr.Dataset, drawn: Sequence[xr.Dataset]) -> list[str]:
    """Return the hypotheses of the runs that are drawn, else of all."""
    found = [
        str(value)
        for one in drawn or [ds]
        for name in one.coords
        if one[name].attrs.get("field") == "hypothesis"
        for value in np.ravel(one[name].values)
    ]
    return list(dict.fromkeys(found)) or [str(ds.attrs["hypothesis"])]


def check_ending(path: str | Path | None) -> None:
    """Refuse a name whose ending is no format of a picture, before anything is computed.

    Raises:
        UserError: naming the nearest ending; nothing is refused when ``path`` is None.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    if path is None:
        return
    known = sorted(FigureCanvasBase.get_supported_filetypes())
    ending = Path(path).suffix.lower().lstrip(".")
    if ending not in known:
        hint = nearest(ending, known) if ending else "; write for example 'figure.png'"
        raise UserError(f"cannot write a picture to {str(path)!r}: the ending{hint}")


def save(figure: Figure, path: str | Path, dpi: int = 150, **options: Any) -> Path:
    """Write a figure to a file; the ending chooses the format (png, svg, pdf).

    Args:
        figure: what one of the plot functions returned.
        path: where; missing folders are made.
        dpi: dots per inch of a bitmap.
        options: passed on to ``Figure.savefig``.

    Raises:
        UserError: the ending is not a format that matplotlib writes.
    """
    target = Path(path)
    check_ending(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=dpi, facecolor="white", **options)
    return target
