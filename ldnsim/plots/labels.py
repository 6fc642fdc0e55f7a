"""Words beside points of a picture, placed so that they cover neither each other nor the marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ldnsim.plots.style import SMALL

Box = tuple[float, float, float, float]
Points = NDArray[np.float64]
_LETTER = 0.62  # of the font size: width of an ordinary letter
_REACH = (11.0, 24.0, 40.0)  # points from the mark to the word
_TURNS = (0, 180, 90, 270, 45, 135, 315, 225)


@dataclass(frozen=True)
class Word:
    """A text that belongs to a point (data coordinates), in its colour."""

    at: tuple[float, float]
    text: str
    colour: str


def place(ax: Axes, words: Sequence[Word], marks: Points, lines: Points, gid: str) -> None:
    """Write words beside their points.

    Call when limits and layout are final. Each word takes the place around its point, near or a
    little farther, that covers the least: other words most of all, then marks, then lines.

    Args:
        ax: the panel.
        words: what to write.
        marks: points to keep free, shape (n, 2), data coordinates.
        lines: points along lines, shape (n, 2), likewise.
        gid: of the texts.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    scale = figure.dpi / 72.0
    frame = ax.get_window_extent()
    edge = (frame.x0, frame.y0, frame.x1, frame.y1)
    marks, lines = (ax.transData.transform(p) for p in (marks, lines))
    taken: list[Box] = []
    spots = ax.transData.transform(np.array([w.at for w in words]).reshape(-1, 2))
    for word, spot in zip(words, spots, strict=True):
        tried = []
        for reach in _REACH:
            for turn in _TURNS:
                box, shift = _box(spot, word.text, reach, turn, scale)
                way = spot + np.linspace(0.0, scale, 8)[:, None] * np.array(shift)
                cost = _cost(box, edge, taken, marks, lines) + reach
                cost += sum(300.0 * _inside(other, way) for other in taken)
                cost += 150.0 * _nearer(box, spot, spots)
                tried.append((cost, box, shift))
        _, box, shift = min(tried, key=lambda one: one[0])
        taken.append(box)
        far = float(np.hypot(*shift)) > 1.5 * _REACH[0]
        ax.annotate(
            word.text, word.at, xytext=shift, textcoords="offset points", gid=gid, fontsize=SMALL,
            color=word.colour, va="center", ha=_side(shift[0]),
            arrowprops={"arrowstyle": "-", "color": word.colour, "lw": 0.7} if far else None,
        )  # fmt: skip


def _side(dx: float) -> str:
    return "center" if abs(dx) < 1.0 else "left" if dx > 0 else "right"


def _box(
    spot: Points, text: str, reach: float, turn: float, scale: float
) -> tuple[Box, tuple[float, float]]:
    """Return the box of a word on the screen, and where it stands from its point (pt)."""
    dx, dy = reach * np.cos(np.radians(turn)), reach * np.sin(np.radians(turn))
    wide, high = _LETTER * SMALL * len(text) * scale, 1.25 * SMALL * scale
    x, y = spot[0] + dx * scale, spot[1] + dy * scale
    left = {"left": x, "right": x - wide, "center": x - wide / 2}[_side(float(dx))]
    return (left, y - high / 2, left + wide, y + high / 2), (float(dx), float(dy))


def _cost(box: Box, edge: Box, taken: Sequence[Box], marks: Points, lines: Points) -> float:
    hidden = sum(
        min(box[2], other[2]) > max(box[0], other[0])
        and min(box[3], other[3]) > max(box[1], other[1])
        for other in taken
    )
    out = box[0] < edge[0] or box[1] < edge[1] or box[2] > edge[2] or box[3] > edge[3]
    return 1e4 * (hidden + out) + 100.0 * _inside(box, marks) + 2.0 * _inside(box, lines)


def _nearer(box: Box, own: Points, spots: Points) -> int:
    """Count the points of other words that are clearly nearer to a word than its own."""

    def away(points: Points) -> Points:
        low, high = np.array(box[:2]), np.array(box[2:])
        gap: Points = np.hypot(*np.maximum(np.maximum(low - points, points - high), 0.0).T)
        return gap

    return int((away(spots) < away(own[None])[0] - 3.0).sum())


def _inside(box: Box, points: Points) -> int:
    x, y = points[:, 0], points[:, 1]
    return int(((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])).sum())
