"""The command that draws a store: compare."""

from __future__ import annotations

import enum
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli.guard import guarded
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
) -> None:
    """Draw a stored result: regimens, heat map, night and others."""
    import ldnsim
    from ldnsim import plots

    ds = ldnsim.open_store(store)
    selected = selection(ds, select or [])
    chosen = kind or _default_kind(ds, summary, selected)
    if summary and chosen is not Kind.heatmap:
        raise UserError(f"--summary belongs to --kind heatmap, not to {chosen.value}")
    figure = _draw(ds, chosen, summary, selected)
    target = out or store.with_name(f"{store.stem}-{chosen.value}.png")
    typer.echo(str(plots.save(figure, target)))


def _default_kind(
    ds: xr.Dataset, summary: list[str] | None, selected: dict[str, Any] | None
) -> Kind:
    from ldnsim.plots import hypothesis_axis

    rivals = hypothesis_axis(ds)
    open_ = [str(d) for d in ds["status"].dims if ds.sizes[d] > 1 and d not in (selected or {})]
    if not summary and rivals is not None and open_ == [rivals] and "time" in ds.dims:
        return Kind.hypotheses
    long = [n for d, n in ds["status"].sizes.items() if n > 1 and d != "patient"]
    grid = len(long) >= 2 and math.prod(long) > 12
    return Kind.heatmap if summary or grid or "time" not in ds.dims else Kind.regimens


def _draw(
    ds: xr.Dataset, kind: Kind, summary: list[str] | None, select: dict[str, Any] | None
) -> Figure:
    from ldnsim import plots

    if kind is Kind.heatmap:
        names = summary or [n for n in ("pain_change", "tnf_change") if n in ds][:2]
        return plots.heatmap(ds, names or plots.summaries(ds)[:1], select=select)
    if kind is Kind.hypotheses:
        return plots.hypotheses(ds, select)
    if kind is Kind.phase:
        from ldnsim.analysis import resting_states

        found = resting_states(ds, ("microglia_m1", "microglia_m2"))
        states = {name: (xy[0], xy[1]) for name, xy in found.items()}
        return plots.phase_plane(ds, select, states=states)
    return plots.night(ds, select) if kind is Kind.night else plots.compare(ds, select)


def selection(ds: xr.Dataset, texts: list[str]) -> dict[str, Any] | None:
    """Read ``axis=value``; numbers may carry a unit, which is turned into the axis' own."""
    found: dict[str, Any] = {}
    for text in texts:
        axis, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--select {text!r}: expected axis=value, such as dose='4.5 mg'")
        found[axis.strip()] = _coordinate(ds, axis.strip(), value.strip())
    return found or None


def _coordinate(ds: xr.Dataset, axis: str, value: str) -> Any:
    if axis not in ds.coords or ds[axis].dtype.kind in "OUST":
        return value
    try:
        number = float(value)
        if axis == "patient" and number not in ds[axis].values:
            last = ds[axis].values[-1]
            raise UserError(f"--select patient={value}: there are the patients 0 to {last}")
        return number
    except ValueError:
        from ldnsim.units import to_unit

        return to_unit(value, str(ds[axis].attrs.get("units", "1")), key=f"--select {axis}")


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the application."""
    app.command()(compare)
