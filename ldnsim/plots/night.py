"""One night in close-up: drug, receptors, peptides, and what is left for the effector cells."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ldnsim.errors import UserError
from ldnsim.plots.doses import Night, of_night, with_doses
from ldnsim.plots.members import Member, Select, best_index, label_of, members
from ldnsim.plots.people import over_patients
from ldnsim.plots.selection import narrow, run_dims
from ldnsim.plots.shown import notes
from ldnsim.plots.style import (
    DASHES,
    GREY,
    OKABE_ITO,
    SMALL,
    Panels,
    canvas,
    colour,
    footnote,
    headline,
    polish,
    styled,
)
from ldnsim.plots.timeline import bedtime_of, clock_axis, floats
from ldnsim.plots.wording import clock, legend_names, mass, unit_of, wrap

PANELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("plasma", ("naltrexone_plasma", "naltrexol_plasma")),
    ("receptors blocked", ("mor_occupancy", "dor_occupancy", "kor_occupancy", "ogfr_occupancy")),
    ("peptides", ("beta_endorphin", "met_enkephalin")),
    ("opioid tone", ("opioid_tone", "analgesic_tone")),
)
# Met-enkephalin, not beta-endorphin: it has no daily rhythm that could pass for a rebound.
REBOUND = 1.05
THRESHOLD = 0.5  # mu occupancy that counts as blocked when the dataset does not say


def night(
    ds: xr.Dataset, select: Select = None, *, title: str | None = None, ax: Panels | None = None
) -> Figure:
    """Draw one night of one run against the clock.

    Panels: plasma concentrations, receptor occupancies, peptides, opioid tone. Each dose taken
    is a vertical line; the hours in which mu receptors are blocked are shaded orange, the hours of
    rebound beside them (met-enkephalin above its untreated mean, block gone) green. What was taken
    is read from the ledger; without one, line and title say "prescribed".

    Args:
        ds: a dataset with ``night_`` variables.
        select: which run, as for :func:`compare`; by default the one with the best pain change.
        title: headline; by default the run and what was given in that night.
        ax: Axes of your own to draw into, one for each panel; headline and foot are then yours.

    Raises:
        UserError: the dataset keeps no night, the selected run failed, several runs were named,
            or not as many Axes as panels.
    """
    panels = [(t, [n for n in names if f"night_{n}" in ds]) for t, names in PANELS]
    panels = [(t, names) for t, names in panels if names]
    if not panels:
        raise UserError("this dataset keeps no close-up night (variables named night_...)")
    ds = with_doses(ds, over_patients(ds, select))
    narrowed = narrow(ds, select if isinstance(select, Mapping) else None)
    member, why = _choose(ds, narrowed, select)
    if member.failed:
        raise UserError(f"the run {member.label!r} failed: {member.advice}")
    with styled():
        headings = [heading for heading, _ in panels]
        figure, axes = canvas(ax, headings, 11.0, 1.4 + 2.0 * len(panels), sharex=True)
        blocked, rebound = spans(member.data)
        doses = of_night(member.data)
        for one, (heading, names) in zip(axes, panels, strict=True):
            _panel(one, member.data, heading, names, blocked, rebound)
            _marks(one, doses)
        _finish(axes[0], axes[-1], member.data, doses)
        if ax is None:
            headline(figure, title or f"One night: {_name(narrowed, member, doses)}")
            said = [*notes(narrowed, [member]), why, *_key(ds, blocked, rebound)]
            footnote(figure, ds, *said, drawn=[member.data])
    return figure


def _name(ds: xr.Dataset, member: Member, doses: Night | None) -> str:
    """Name a night by what was given in it; a target that was never reached is called that."""
    given = _given(doses)
    if member.short_of_target:
        label = label_of(ds, member.index, named=True)
        return ", ".join(w for w in (given, f"target never reached ({label})") if w)
    as_planned = doses is not None and doses.given in (None, doses.planned)
    if doses is not None and as_planned and _says(member.label, mass(doses.planned)):
        return member.label
    return ", ".join(w for w in (member.label, given) if w)


def _says(text: str, dose: str) -> bool:
    """Whether a text has a dose in it; 14.5 mg is not 4.5 mg."""
    return re.search(rf"(?<![\d.]){re.escape(dose)}\b", text) is not None


def _given(doses: Night | None) -> str:
    """Say what was given, and what was due where that is something else."""
    if doses is None:
        return ""
    if doses.given is None:
        return f"{mass(doses.planned)} prescribed"
    if np.isclose(doses.given, doses.planned):
        return f"{mass(doses.given)} given"
    return f"{mass(doses.given)} given of {mass(doses.planned)} planned"


def threshold_of(ds: xr.Dataset) -> float:
    """Return the mu occupancy above which the study counts an hour as blocked."""
    if "hours_blocked" in ds and "threshold" in ds["hours_blocked"].attrs:
        return float(ds["hours_blocked"].attrs["threshold"])
    return THRESHOLD


def spans(data: xr.Dataset) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which samples of the night are blocked, and which are rebound."""
    nothing = np.zeros(data.sizes["night_time"], bool)
    if "night_mor_occupancy" not in data:
        return nothing, nothing
    blocked = floats(data["night_mor_occupancy"]) >= threshold_of(data)
    if "night_met_enkephalin" not in data or "baseline_met_enkephalin" not in data:
        return blocked, nothing
    untreated = float(data["baseline_met_enkephalin"])
    rebound = (floats(data["night_met_enkephalin"]) > REBOUND * untreated) & ~blocked
    rebound &= blocked.any()  # nothing rebounds where nothing was blocked
    # shading runs from sample to sample: begin at the last blocked one, so that no gap shows
    rebound[:-1] |= rebound[1:] & blocked[:-1]
    return blocked, rebound


def _choose(ds: xr.Dataset, narrowed: xr.Dataset, select: Select) -> tuple[Member, str]:
    """Return the run to show, and why that one where nobody named it."""
    if select is not None and not isinstance(select, Mapping):
        found = members(ds, select)
        if len(found) > 1:
            raise UserError(f"a night is of one run and select names {len(found)}; choose one")
        return found[0], ""
    total = int(np.prod([narrowed.sizes[d] for d in run_dims(narrowed)]))
    best = best_index(narrowed)
    if best is not None:
        member = Member(best, label_of(narrowed, best), narrowed.isel(best))
        why = f"Shown: the run with the lowest pain_change of {total}."
    else:
        found = members(narrowed, None, most=total)
        member = next((m for m in found if not m.failed), found[0])
        why = f"Shown: the first run that did not fail of {total}."
    return member, why if total > 1 else ""


def _panel(
    ax: Axes,
    data: xr.Dataset,
    heading: str,
    names: list[str],
    blocked: NDArray[np.bool_],
    rebound: NDArray[np.bool_],
) -> None:
    hours = floats(data["night_time"])
    variables = [data[f"night_{name}"] for name in names]
    labels = legend_names(variables)
    for place, (name, variable, label) in enumerate(zip(names, variables, labels, strict=True)):
        style = DASHES[place]
        ax.plot(hours, floats(variable), color=colour(name), linestyle=style, label=label)
        if heading == "peptides" and f"baseline_{name}" in data:
            base = float(data[f"baseline_{name}"])
            ax.axhline(base, color=colour(name), linestyle=":", linewidth=1.1, gid="baseline")
    for where, shade, gid in (
        (blocked, OKABE_ITO["orange"], "blocked"),
        (rebound, OKABE_ITO["green"], "rebound"),
    ):
        ax.fill_between(
            hours, 0, 1, where=list(where), transform=ax.get_xaxis_transform(),
            color=shade, alpha=0.13, linewidth=0, gid=gid,
        )  # fmt: skip
    units = ", ".join(dict.fromkeys(unit_of(data[f"night_{n}"]) for n in names))
    ax.set_ylabel(f"{wrap(heading, 12)}\n({units})")
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.set_ylim(bottom=min(0.0, float(ax.dataLim.y0)), top=1.0 if "occupancy" in names[0] else None)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), handlelength=2.2)
    polish(ax)


def _marks(ax: Axes, doses: Night | None) -> None:
    """Draw a line at each time a dose was taken."""
    for hour in doses.at if doses is not None else (0.0,):
        ax.axvline(hour, color=GREY, linestyle=(0, (2, 2)), linewidth=1.4, gid="dose")


def _finish(top: Axes, bottom: Axes, data: xr.Dataset, doses: Night | None) -> None:
    start = bedtime_of(data)
    clock_axis(bottom, data, step=3.0)
    word = "dose" if doses is not None and doses.given is not None else "prescribed"
    for hour in doses.at if doses is not None else (0.0,):
        top.annotate(
            f"{word} {clock(start + hour)}", (hour, 1), xycoords=("data", "axes fraction"),
            xytext=(4, 3), textcoords="offset points", fontsize=SMALL, color=GREY, va="bottom",
            gid="dose",
        )  # fmt: skip


def _key(ds: xr.Dataset, blocked: NDArray[np.bool_], rebound: NDArray[np.bool_]) -> list[str]:
    words = []
    if blocked.any():
        words.append(f"Orange: mu receptors blocked (above {threshold_of(ds) * 100:.0f} %).")
    if rebound.any():
        words.append("Green: rebound (met-enkephalin 5 % above its untreated mean, block gone).")
    return words
