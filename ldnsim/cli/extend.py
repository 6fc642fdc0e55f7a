"""The edition of the model that a command works on, and what in it comes from an extension.

A command that has no study file takes extensions with ``--extend``; a study file names its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import table
from ldnsim.cli.guard import say
from ldnsim.errors import UserError, unknown

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.edition import Edition
    from ldnsim.results.dataset import Arrays

Extend = Annotated[
    list[str] | None,
    typer.Option("--extend", help="Own mechanisms (.py) or data (.toml) as well; repeatable."),
]


def edition_of(names: Sequence[str] | None) -> Edition:
    """Return the shipped edition with the extensions named, found from the working directory.

    Raises:
        UserError: a file that cannot be read, or says what does not fit the model.
    """
    from ldnsim.edition import extended

    return extended(names or ())


def edition_for(ds: xr.Dataset, names: Sequence[str] | None) -> Edition:
    """Return the edition that a stored result was made of, to run something of it again.

    Nothing is run because a result names it: what it lists has to be named again, in its order, and
    is told by its content.

    Raises:
        UserError: more or fewer extensions than the result lists, or others.
    """
    from ldnsim.edition import of_record

    listed = stored(ds)
    if len(listed) != len(names or ()):
        if not listed:
            raise UserError(
                "this result was made of the model without extensions: leave out --extend"
            )
        raise UserError(
            "nothing is run because a result names it, and this one has to run again: name all its"
            f" extensions, {_as_options(listed)}"
        )
    return of_record(listed, edition_of(names), ds.attrs)


def stored(ds: xr.Dataset) -> list[dict[str, str]]:
    """Return what a result says of the extensions of its model; empty when it had none."""
    from ldnsim.results.store import extensions

    return extensions(ds.attrs, "this result")


def told(edition: Edition) -> list[str]:
    """Return the sentence that says how a model is extended, as a list of one; of none, empty."""
    if not edition.extensions:
        return []
    from ldnsim.plots.provenance import extended_note

    return [extended_note(edition.records())]


def told_of(ds: xr.Dataset | Arrays) -> list[str]:
    """Return the same of a result, from its attributes."""
    from ldnsim.plots.provenance import extended_note, extensions_of

    return [note] if (note := extended_note(extensions_of(ds))) else []


def without(ds: xr.Dataset, names: Sequence[str] | None, lacks: str) -> bool:
    """Say what is lacking where the extensions of a result are not named; whether that is so."""
    listed = [] if names else stored(ds)
    if listed:
        say(f"{lacks} without the extensions of this result: {_as_options(listed)}")
    return bool(listed)


def _as_options(listed: Iterable[Mapping[str, str]]) -> str:
    return " ".join(f"--extend {shlex.quote(e['name'])}" for e in listed)


def origins(edition: Edition, block: str) -> dict[str, str]:
    """Return what extensions add or set, each with the file it comes from.

    Args:
        edition: the shipped one gives nothing.
        block: ``"mechanisms"``, ``"parameters"``, ``"hypotheses"`` or another block of data.
    """
    from ldnsim.edition.extension import mechanisms_in
    from ldnsim.edition.tables import blocks_of

    found: dict[str, str] = {}
    for extension in edition.extensions:
        rooms = mechanisms_in(extension.source)
        own: list[Iterable[str]] = [t for _, t in blocks_of(extension.source).get(block, ())]
        own += [[m.name for m in rooms]] if block == "mechanisms" else []
        own += [m.parameters for m in rooms] if block == "parameters" else []
        found |= {name: extension.name for names in own for name in names}
    return found


def with_origins(
    edition: Edition, block: str, headers: Sequence[str], rows: table.Rows
) -> tuple[Sequence[str], table.Rows]:
    """Return a table of names and more; of an extended model, with the file of each as well."""
    if not edition.extensions:
        return headers, rows
    own = origins(edition, block)
    return (*headers, "from"), [[*r, own.get(r[0], "ldnsim")] for r in rows]


def listing(
    edition: Edition, block: str, name: str | None, headers: Sequence[str],
    cells: Callable[[Any], list[str]], card: Callable[[Any], Iterable[tuple[str, str]]],
) -> None:  # fmt: skip
    """Print all records of a block as a table, or all that is known of the one of that name.

    Args:
        edition: whose records.
        block: its attribute that holds them by name, such as ``"hypotheses"``.
        name: of the one to show; all when None.
        headers: of the table, but that of the name.
        cells: row of a record, without its name.
        card: what a record holds, by words; what is empty is left out.

    Raises:
        UserError: no record of that name.
    """
    records: dict[str, Any] = getattr(edition, block)
    if name is None:
        rows = [[n, *cells(r)] for n, r in records.items()]
        shown = with_origins(edition, block, ("name", *headers), rows)
        table.show(*shown, f"{len(rows)} {block}")
        return
    if name not in records:
        raise unknown(
            {"hypotheses": "hypothesis"}.get(block, block.removesuffix("s")), name, records
        )
    for words, text in (*card(records[name]), ("from", origins(edition, block).get(name, ""))):
        if text:
            typer.echo(f"{words}: {text}")
