"""The scorecard as a picture: what is compared by hypothesis, misses in plain sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from ldnsim.plots import style
from ldnsim.plots.provenance import Extended

PASS, MISS = style.OKABE_ITO["blue"], style.OKABE_ITO["vermillion"]
PALE = {PASS: "#8FBBD9", MISS: "#EDB48A"}
SHOWN, ABSENT = "#CFE3F1", "#EEEEEE"
AGAIN = "pale: not counted again (the number of another hypothesis or row), or tells nothing"
ROLES = {"fitted": ("///", "fitted to this number: no test"),
         "set": ("...", "a number of the model was taken from it: no test")}  # fmt: skip
USED = ("fitted to this number", "the model was set by it")
"""Why a row is no test that its hatch tells."""
ELSEWHERE = "fitted under the shipped parameters"
"""What a note begins with where a row was fitted with another model than the one judged."""
NOT_ASKED = "white: makes no sense for this hypothesis"
WORDS = {PASS: "within the interval", MISS: "missed", SHOWN: "not claimed, shown all the same",
         ABSENT: "not claimed, not shown"}  # fmt: skip
Rows = Sequence[Mapping[str, Any]]
TEXT, STRIP, REACH = 1.9, 2.4, 2.0
"""Width of the intervals in numbers and as drawn, in columns; how many half intervals from the
middle the drawing shows."""


def scorecard(checks: Rows, *, ax: style.Panels | None = None, extensions: Extended = ()) -> Figure:
    """Draw the checks of a scorecard.

    Args:
        checks: rows as :meth:`ldnsim.analysis.judged.record.Check.as_dict` gives them.
        ax: Axes of your own to draw into; the foot is then yours.
        extensions: of the model that was judged, as ``Extension.record()`` gives each.

    Returns:
        a figure with one cell per row and hypothesis, coloured by verdict, pale where it does not
        count again, hatched by role, with the number in it; beside the row the published interval
        in numbers and, where it has two ends, drawn with the simulated numbers in it.

    Raises:
        UserError: more than one Axes.
    """
    names = list(dict.fromkeys(c["id"] for c in checks))
    columns = [h for h in dict.fromkeys(c["hypothesis"] for c in checks) if h != "any"]
    columns = columns or ["any"]
    with style.styled():
        wide, high = 7.0 + 1.05 * (len(columns) + TEXT + STRIP), 2.4 + 0.29 * len(names)
        figure, (axes,) = style.canvas(ax, ["scorecard"], wide, high)
        for check in checks:
            _cell(axes, check, names.index(check["id"]), columns)
        _label(axes, checks, names, columns)
        _published(axes, checks, names, len(columns))
        again = any(not c.get("counts", True) and _pale(c) for c in checks)
        _legend(axes, _roles(checks), again)
        if ax is None:
            text = style.WARNING + style.extended_line(figure, extensions)
            figure.supxlabel(text, x=0.012, ha="left", fontsize=9, color=style.GREY)
    return figure


def _cell(axes: Axes, check: Mapping[str, Any], row: int, columns: Sequence[str]) -> None:
    """Draw one comparison; one that holds for any hypothesis spans all columns."""
    everywhere = check["hypothesis"] == "any"
    left = 0 if everywhere else columns.index(check["hypothesis"])
    width = len(columns) if everywhere else 1
    colour = colour_of(check)
    hatch = (
        ROLES.get(str(check.get("role")), (None, ""))[0] if check["passed"] is not None else None
    )
    cell = Rectangle(
        (left, row), width, 1, facecolor=colour, edgecolor="white", lw=1.5, hatch=hatch,
        gid=str(check.get("role", "free")),
    )  # fmt: skip
    axes.add_patch(cell)
    ink = "white" if colour in (PASS, MISS) else "black" if _pale(check) else "#555555"
    text = _number(check["value"]) if check["unit"] else _WORD[check["passed"]]
    plate = {"facecolor": colour, "edgecolor": "none", "pad": 1.2} if hatch else None
    axes.text(
        left + width / 2, row + 0.5, text, ha="center", va="center", color=ink, fontsize=9,
        bbox=plate,
    )  # fmt: skip


_WORD = {True: "yes", False: "no", None: ""}


def _number(value: float | None) -> str:
    """Write a number to three digits, without exponents for what a reader would call nothing."""
    if value is None:
        return ""
    return "0" if abs(value) < 5e-4 else f"{value:,.0f}" if abs(value) >= 1e3 else f"{value:.3g}"


def colour_of(check: Mapping[str, Any]) -> str:
    """Return the colour of a verdict, paler where it does not count again."""
    if check["passed"] is None:
        return SHOWN if "; shown." in check["note"] else ABSENT
    full = PASS if check["passed"] else MISS
    return PALE[full] if _pale(check) else full


def _pale(check: Mapping[str, Any]) -> bool:
    """Whether a row that is judged counts elsewhere or nowhere, beside having been used."""
    used = str(check.get("why", "")) in USED
    return check["passed"] is not None and not check.get("counts", True) and not used


def _label(axes: Axes, checks: Rows, names: Sequence[str], columns: Sequence[str]) -> None:
    words = {c["id"]: f"{c['title']}{_unit(c['title'], c['unit'])}   {c['id']}" for c in checks}
    axes.set(xlim=(0, len(columns) + TEXT + STRIP), ylim=(len(names), 0))
    axes.set_yticks([i + 0.5 for i in range(len(names))], [words[n] for n in names], fontsize=9)
    axes.set_xticks([i + 0.5 for i in range(len(columns))], columns, rotation=30, ha="left")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for side in axes.spines.values():
        side.set_visible(False)


def _unit(title: str, unit: str) -> str:
    """Write a unit for a row; pure numbers, and titles that end with it, need none."""
    said = title.rstrip(" )").endswith(unit)
    return "" if unit in ("", "1") or said else f", {unit}"


def interval(check: Mapping[str, Any]) -> str:
    """Return the interval that a number is held against, such as ``43 to 58``."""
    low, high = check.get("low"), check.get("high")
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"at most {_number(high)}" if low is None else f"at least {_number(low)}"
    return f"{_number(low)} to {_number(high)}"


def _published(axes: Axes, checks: Rows, names: Sequence[str], columns: int) -> None:
    """Write the interval of every row at its right; where it depends on the hypothesis, say so."""
    place = columns + 0.15
    for row, name in enumerate(names):
        found = dict.fromkeys(w for c in checks if c["id"] == name and (w := interval(c)))
        text = "by hypothesis" if len(found) > 1 else next(iter(found), "")
        axes.text(place, row + 0.5, text, va="center", fontsize=9, color="black", gid="interval")
        if len(found) == 1:
            _strip(axes, [c for c in checks if c["id"] == name], row, columns + TEXT + STRIP / 2)
    heads = {place: "published", columns + TEXT + STRIP / 2: "simulated about it"}
    for x, text in heads.items():
        axes.text(x, -0.15, text, rotation=30, rotation_mode="anchor", fontsize=style.SMALL)


def _strip(axes: Axes, checks: Rows, row: int, middle: float) -> None:
    """Draw an interval with two ends, and where the simulated numbers lie; far ones at the edge."""
    low, high = checks[0].get("low"), checks[0].get("high")
    if low is None or high is None or not low < high:
        return
    per = STRIP / 2 / REACH
    band = Rectangle((middle - per, row + 0.2), 2 * per, 0.6, facecolor="#DDDDDD", gid="band")
    axes.add_patch(band)
    for check in checks:
        if check["value"] is not None and check["passed"] is not None:
            off = (2.0 * check["value"] - low - high) / (high - low)
            far, side = abs(off) > REACH, ">" if off > 0 else "<"
            axes.plot(
                middle + per * max(-REACH, min(REACH, off)), row + 0.5, side if far else "o",
                ms=4.5, color=PASS if check["passed"] else MISS, mec="white", mew=0.5,
                gid="simulated",
            )  # fmt: skip


def _roles(checks: Rows) -> dict[str, tuple[str, str]]:
    """Hatch and words of each role that was given; what was fitted to another model says so."""
    given = {str(c.get("role", "free")) for c in checks}
    found = {role: own for role, own in ROLES.items() if role in given}
    if any(str(c.get("note", "")).startswith(ELSEWHERE) for c in checks):
        found["fitted"] = (ROLES["fitted"][0], ELSEWHERE)
    return found


def _legend(axes: Axes, roles: Mapping[str, tuple[str, str]], again: bool) -> None:
    handles = [Patch(facecolor=c, label=w) for c, w in WORDS.items()]
    handles += [
        Patch(facecolor=PASS, edgecolor="white", hatch=hatch, label=words)
        for hatch, words in roles.values()
    ]
    handles += [Patch(facecolor=PALE[PASS], label=AGAIN)] if again else []
    handles.append(Patch(facecolor="white", edgecolor="#999999", label=NOT_ASKED))
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.0, -0.005), ncols=2, fontsize=9
    )
