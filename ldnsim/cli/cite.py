"""``ldnsim cite``: the papers a stored result rests on, mechanism by mechanism."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import files
from ldnsim.cli.extend import Extend, edition_for, edition_of, stored, without
from ldnsim.cli.guard import guarded
from ldnsim.cli.source import STORE, resolve
from ldnsim.errors import UserError

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.edition import Edition

Row = dict[str, Any]
_SWITCH = "coupling_"


@guarded()
def cite(
    store: Annotated[Path, typer.Argument(help="What `ldnsim sweep` wrote.")],
    bibtex: Annotated[Path | None, typer.Option(help="Write the papers to this .bib file.")] = None,
    extend: Extend = None,
) -> None:
    """Print the papers a stored result rests on."""
    import ldnsim
    from ldnsim.influence import switched_off

    store = resolve(store, STORE).path
    files.check(bibtex, files.BIBTEX, "--bibtex", [store])
    with ldnsim.open_store(store) as ds:
        named = not without(ds, extend, "papers are given by key alone where they are not known")
        edition = edition_for(ds, extend) if named else edition_of(())
        rows = _parameters(ds, store)
        # switches that are at zero in every run of the result
        off = [n for n, r in rows.items() if n.startswith(_SWITCH) and r.get("value") == 0.0]
        silent = switched_off(edition.model, off) | set(off)
        keys: dict[str, None] = {}
        _summary(ds, rows, store)
        for room in dict.fromkeys(str(r.get("mechanism", "other")) for r in rows.values()):
            own = {n: r for n, r in rows.items() if str(r.get("mechanism", "other")) == room}
            keys |= dict.fromkeys(_mechanism(edition, room, own, silent))
        # behind hypothesis, phenotype and adjuncts: {"hypothesis rebound": [...]}
        for group, cited in json.loads(str(ds.attrs.get("sources", "{}"))).items():
            keys |= dict.fromkeys(_papers(edition, group, cited))
    typer.echo(f"{len(keys)} sources in all")
    if bibtex is not None:
        _write_bibtex(edition, bibtex, keys)


def _summary(ds: xr.Dataset, rows: dict[str, Row], store: Path) -> None:
    graded = Counter(row["grade"] for row in rows.values())
    hypothesis = ds.attrs.get("hypothesis", "unknown")
    typer.echo(f"{ds.attrs.get('title', store)}; hypothesis {hypothesis}")
    for extension in stored(ds):
        typer.echo(f"extended by {extension['name']} (sha256 {extension['sha256'][:12]})")
    typer.echo(f"{len(rows)} parameters by evidence:")
    for grade, count in graded.most_common():
        typer.echo(f"  {count:4d}  {count / len(rows):4.0%}  {grade}")


def _mechanism(edition: Edition, room: str, rows: dict[str, Row], silent: set[str]) -> list[str]:
    """Print the papers of one mechanism, each once with what it is used for; return their keys."""
    live = {n: r for n, r in rows.items() if n not in silent}
    assumed = [n for n, r in live.items() if r["grade"] == "assumed"]
    dead = [n for n in rows if n in silent]
    counts = f"{len(rows)} parameters, {len(assumed)} assumed"
    typer.echo(f"\n{room}: {counts}" + (f", {len(dead)} switched off" if dead else ""))
    used: dict[str, list[str]] = {}
    for name, row in rows.items():
        for key in row["source"]:
            used.setdefault(key, []).append(f"{name} (switched off)" if name in silent else name)
    for key, names in used.items():
        typer.echo(f"  [{key}] {_reference(edition, key)}\n      used for: {', '.join(names)}")
    if assumed:
        typer.echo(f"  assumed: {', '.join(assumed)}")
    if dead:
        typer.echo(f"  switched off by the hypothesis: {', '.join(dead)}")
    return list(used)


def _papers(edition: Edition, group: str, keys: Iterable[str]) -> list[str]:
    """Print the papers behind one entry of the catalogue, each once; return their keys."""
    found = list(dict.fromkeys(keys))
    typer.echo(f"\n{group}: {len(found)} sources")
    for key in found:
        typer.echo(f"  [{key}] {_reference(edition, key)}")
    return found


def _parameters(ds: xr.Dataset, store: Path) -> dict[str, Row]:
    """Return the parameter table inside a store, by name."""
    if "parameters" not in ds.attrs:
        raise UserError(f"{store} carries no parameter table; was it written by `ldnsim sweep`?")
    return {row["name"]: row for row in json.loads(ds.attrs["parameters"])}


def _reference(edition: Edition, key: str) -> str:
    record = edition.references.get(key)
    return str(record) if record is not None else "(not in the bibliography)"


def _write_bibtex(edition: Edition, path: Path, keys: Iterable[str]) -> None:
    from ldnsim.catalog.bibtex import entry

    known = edition.references
    found = [known[k] for k in sorted(keys) if k in known]
    files.write(path, "\n".join([files.BIBTEX_HEAD, "", *map(entry, found)]))
