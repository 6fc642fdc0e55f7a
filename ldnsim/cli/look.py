"""The command that draws a store: compare."""

from __future__ import annotations

import enum
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import files
from ldnsim.cli.extend import Extend, edition_for, without
from ldnsim.cli.guard import guarded, say
from ldnsim.cli.numbers import whole_option
from ldnsim.cli.source import STORE, resolve
from ldnsim.errors import UserError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


class Kind(enum.StrEnum):
    """Pictures that `ldnsim compare` draws."""

    regimens = "regimens"
    heatmap = "heatmap"
    night = "night"
    phase = "phase"
    hypotheses = "hypotheses"
    pathways = "pathways"


@guarded()
def compare(
    store: Annotated[Path, typer.Argument(help="What `ldnsim sweep` wrote.")],
    out: Annotated[Path | None, typer.Option(help="Picture to write (.png, .svg, .pdf).")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Which picture (default: by the data).")] = None,
    summary: Annotated[
        list[str] | None, typer.Option(help="What a heat map shows; repeatable.")
    ] = None,
    select: Annotated[
        list[str] | None, typer.Option(help="Narrow an axis, as axis=value; repeatable.")
    ] = None,
    most: Annotated[
        int | None, whole_option(least=1, words="How many runs to draw side by side, or as paths.")
    ] = None,
    extend: Extend = None,
) -> None:
    """Draw a stored result: regimens, heat map, night and others."""
    import ldnsim
    from ldnsim.plots.selection import narrow, parse

    store = resolve(store, STORE).path
    files.check_picture(out, "--out", [store])
    ds = ldnsim.open_store(store)
    selected = parse(select or [])
    chosen = kind or _default_kind(narrow(ds, selected), summary)
    if summary and chosen is not Kind.heatmap:
        raise UserError(f"--summary belongs to --kind heatmap, not to {chosen.value}")
    if most is not None and chosen not in (Kind.regimens, Kind.phase, Kind.pathways):
        raise UserError(
            f"--most belongs to --kind regimens, phase or pathways, not to {chosen.value}"
        )
    if extend and chosen is not Kind.phase:
        raise UserError(
            f"--extend belongs to --kind phase, not to {chosen.value}: nothing is computed"
        )
    target = out or store.with_name(f"{store.stem}-{chosen.value}.png")
    files.check_picture(target, "--out", [store])
    figure = _draw(ds, chosen, summary, selected or None, most, extend)
    if missing := getattr(figure, "left_out", ""):
        say(missing)
    files.save_picture(figure, target, label="")


def _default_kind(ds: xr.Dataset, summary: list[str] | None) -> Kind:
    """Return the picture that suits what is left after selecting."""
    from ldnsim.plots import hypothesis_axis

    rivals = hypothesis_axis(ds)
    open_ = [str(d) for d, n in ds["status"].sizes.items() if n > 1 and d != "patient"]
    if not summary and rivals is not None and open_ == [rivals] and "time" in ds.dims:
        return Kind.hypotheses
    grid = len(open_) >= 2 and math.prod(ds.sizes[d] for d in open_) > 12
    return Kind.heatmap if summary or grid or "time" not in ds.dims else Kind.regimens


def _draw(
    ds: xr.Dataset, kind: Kind, summary: list[str] | None, select: dict[str, Any] | None,
    most: int | None, extend: list[str] | None,
) -> Figure:  # fmt: skip
    from ldnsim import plots
    from ldnsim.plots import members, phase

    if kind is Kind.night:
        return plots.night(ds, select)
    if kind is Kind.heatmap:
        names = summary or [n for n in ("pain_change", "tnf_change") if n in ds][:2]
        return plots.heatmap(ds, names or plots.summaries(ds)[:1], select=select)
    if kind is Kind.hypotheses:
        return plots.hypotheses(ds, select)
    if kind is Kind.pathways:
        return plots.pathways(ds, select, most=most or members.MOST)
    if kind is Kind.phase:
        from ldnsim.analysis import resting_states

        found = {}
        if not without(ds, extend, "resting states are not drawn"):
            two = ("microglia_m1", "microglia_m2")
            found = resting_states(ds, two, edition=edition_for(ds, extend))
        states = {name: (xy[0], xy[1]) for name, xy in found.items()}
        return plots.phase_plane(ds, select, states=states, most=most or phase.MOST)
    return plots.compare(ds, select, most=most or members.MOST)
