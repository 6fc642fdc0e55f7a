"""The command that prints the model's equations."""

from __future__ import annotations

from typing import Annotated

import typer

from ldnsim.cli.extend import Extend, edition_of, origins
from ldnsim.cli.guard import guarded
from ldnsim.errors import UserError


@guarded()
def equations(
    mechanism: Annotated[str | None, typer.Argument(help="Only this mechanism.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="With symbols and units.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="A document of them.")] = False,
    extend: Extend = None,
) -> None:
    """Print the equations that the kernels are made of."""
    from ldnsim import equations as printer

    if markdown and latex:
        raise UserError("--markdown and --latex are two formats; use one")
    edition = edition_of(extend)
    model, own = edition.model, origins(edition, "mechanisms")
    if latex:
        typer.echo(printer.as_latex(edition, mechanism), nl=False)
        return
    if markdown:
        typer.echo(printer.as_markdown(edition, mechanism), nl=False)
        return
    for room in printer.rooms(model, mechanism):
        typer.echo(f"# {room.title}" + (f" ({own[room.name]})" if room.name in own else ""))
        for variable in printer.contents(model, room)[0]:
            by = variable.replaced_by
            remark = f"  # of {by} ({own[by]})" if by else ""
            typer.echo(printer.as_text(variable) + remark)
