"""The command that prints what the model is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ldnsim.cli.extend import Extend, edition_of, listing
from ldnsim.cli.guard import guarded

if TYPE_CHECKING:
    from ldnsim.catalog.observations import Observation
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
    headers = ("group", "what was seen", "published", "fitted under", "source")
    listing(edition, "observations", name, headers, _cells, lambda o: _card(edition, o).items())


def _cells(o: Observation) -> list[str]:
    fitted = " ".join(o.fitted) or "not fitted"
    return [o.group, o.title, o.expected(), fitted, " ".join(o.sources)]


def _card(edition: Edition, o: Observation) -> dict[str, str]:
    """Everything about one observation, its probe and its sources."""
    return {
        "name": o.name, "group": o.group, "what was seen": o.title, "published": o.expected(),
        "sd of one value": f"{o.sd:g}" if o.sd else "", "weight": f"{o.weight:g}",
        "evidence": o.evidence,
        "contradicting": "".join(f"\n  - {line}" for line in o.contradicting), "note": o.note,
        "simulated under": "any hypothesis" if o.once else ", ".join(o.hypotheses),
        "fitted under": ", ".join(o.fitted) or "never",
        "probe": "".join(f"\n  {k} = {v}" for k, v in o.probe.items()),
        "sources": "".join(f"\n  - {line}" for line in edition.cite(o.sources)),
    }  # fmt: skip
