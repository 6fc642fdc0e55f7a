"""The command that prints what the model is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli import table
from ldnsim.cli.extend import Extend, edition_of
from ldnsim.cli.guard import guarded
from ldnsim.errors import unknown

if TYPE_CHECKING:
    from ldnsim.edition import Edition


@guarded()
def observations(
    name: Annotated[
        str | None, typer.Argument(help="Show all that is known of this one, with its probe.")
    ] = None,
    extend: Extend = None,
) -> None:
    """List the observations the model is compared with."""
    edition = edition_of(extend)
    if name is not None:
        _show(edition, name)
        return
    rows = [
        [o.name, o.group, o.title, o.expected(), " ".join(o.fitted) or "not fitted",
         " ".join(o.sources)]
        for o in edition.observations.values()
    ]  # fmt: skip
    headers = ("name", "group", "what was seen", "published", "fitted under", "source")
    table.show(headers, rows, f"{len(rows)} observations")


def _show(edition: Edition, name: str) -> None:
    """Print one observation, its probe and its sources."""
    if name not in edition.observations:
        raise unknown("observation", name, edition.observations)
    o, known = edition.observations[name], edition.references
    lines = {
        "name": o.name, "group": o.group, "what was seen": o.title, "published": o.expected(),
        "sd of one value": f"{o.sd:g}" if o.sd else "", "weight": f"{o.weight:g}",
        "evidence": o.evidence, "note": o.note,
        "simulated under": "any hypothesis" if o.once else ", ".join(o.hypotheses),
        "fitted under": ", ".join(o.fitted) or "never",
        "probe": "".join(f"\n  {k} = {v}" for k, v in o.probe.items()),
        "sources": "".join(f"\n  - {known[key]}" for key in o.sources),
    }  # fmt: skip
    for key, value in lines.items():
        if value:
            typer.echo(f"{key}: {value}")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(observations)
