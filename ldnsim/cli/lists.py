"""Commands that print what the package contains: parameters, hypotheses, protocols, schema."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import Extend, edition_of, listing, origins, with_origins
from ldnsim.cli.guard import guarded
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.catalog import Covariate
    from ldnsim.mechanisms.record import Parameter

_HEADERS = ("name", "value", "unit", "grade", "meaning", "source")


@guarded()
def parameters(
    mechanism: Annotated[
        str | None, typer.Argument(help="Only this mechanism, or all about one parameter.")
    ] = None,
    search: Annotated[
        str | None, typer.Option(help="Only with this word; sources and alternatives count.")
    ] = None,
    grade: Annotated[str | None, typer.Option(help="Only with this evidence grade.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write all columns to this CSV file.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As tables for a page.")] = False,
    extend: Extend = None,
) -> None:
    """List parameters with value, unit, evidence and source."""
    from ldnsim import parameters as records

    if csv is not None and markdown:
        raise UserError("--csv and --markdown are two formats; use one")
    if search is not None and not search.strip():
        raise UserError("--search '': expected a word, such as half-life")
    files.check(csv, files.table_of(*records.CSV_HEADERS[:2]), "--csv")
    edition = edition_of(extend)
    found = records.find(edition, mechanism, search, grade)
    if csv is not None:
        rows = [records.csv_row(edition, p) for p in found]
        table.write_csv(csv, *with_origins(edition, "parameters", records.CSV_HEADERS, rows))
    elif markdown:
        typer.echo(records.as_markdown(edition, found), nl=False)
    elif mechanism is not None and [p.name for p in found] == [mechanism]:
        typer.echo(records.card(edition, found[0]))
        if by := origins(edition, "parameters").get(mechanism):
            typer.echo(f"from: {by}")
    else:
        rows = [_brief(p) for p in found]
        shown = with_origins(edition, "parameters", _HEADERS, rows)
        table.show(*shown, f"{len(found)} parameters")


def _brief(p: Parameter) -> list[str]:
    return [p.name, f"{p.value:g}", p.unit, p.grade, p.meaning, " ".join(p.source)]


Name = Annotated[str | None, typer.Argument(help="Show all that is known of this one.")]


@guarded()
def hypotheses(name: Name = None, extend: Extend = None) -> None:
    """List the rival hypotheses and the TLR4 potency they use."""
    from ldnsim.cli.potency import IC50, potency

    edition = edition_of(extend)
    model = edition.model
    unit = model.parameters[IC50].unit
    headers = (f"TLR4 ic50 used ({unit})", f"measured ({unit})", "measured / used")
    listing(
        edition, "hypotheses", name, ("title", *headers, "what it asserts"),
        lambda h: [h.title, *potency(model, h.overrides), h.statement], _fields,
    )  # fmt: skip


@guarded()
def phenotypes(name: Name = None, extend: Extend = None) -> None:
    """List the patient phenotypes and where they rest untreated."""
    headers = ("title", "rests", "differs from the default")
    listing(
        edition_of(extend), "phenotypes", name, headers,
        lambda p: [p.title, p.basin, _text(p.overrides)], _fields,
    )  # fmt: skip


@guarded()
def adjuncts(name: Name = None, extend: Extend = None) -> None:
    """List what prescribers add to the drug, with its evidence."""
    listing(
        edition_of(extend), "adjuncts", name, ("title", "effects"),
        lambda a: [a.title, "; ".join(f"{e.brief} ({e.grade})" for e in a.effects)], _fields,
    )  # fmt: skip


@guarded()
def covariates(name: Name = None, extend: Extend = None) -> None:
    """List what a study can say of a patient, with its evidence."""
    listing(
        edition_of(extend), "covariates", name, ("title", "values", "acts on"),
        lambda c: [c.title, _levels(c), _targets(c)], _fields,
    )  # fmt: skip


@guarded()
def protocols(extend: Extend = None) -> None:
    """List the named dosing protocols as prescriptions."""
    listing(
        edition_of(extend), "protocols", None, ("prescription", "description"),
        lambda r: [str(r), _text(r.description)], _fields,
    )  # fmt: skip


def _levels(c: Covariate) -> str:
    if c.kind == "score":
        return f"{c.span[0]:g} to {c.span[1]:g}"
    return " or ".join(c.levels or ("true", "false"))


def _targets(c: Covariate) -> str:
    return "; ".join(f"{e.target} (claim {e.claim})" if e.claim else e.target for e in c.effects)


def _fields(record: Any) -> Iterator[tuple[str, str]]:
    """Every field of a record as text, sentences one to a line."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name == "reasons":
            value = [f"{k}: {r.grade}; {r.note}" for k, r in value.items()]
        if isinstance(value, list | tuple):
            value = "".join(f"\n  - {v}" for v in value)
        yield field.name.replace("_", " "), _text(value)


@guarded()
def templates() -> None:
    """List the study files that `ldnsim init` can copy."""
    from ldnsim.cli.studies import shipped

    rows = [[name, _first_comment(path)] for name, path in shipped().items()]
    table.show(("template", "what it is"), rows)


@guarded()
def schema() -> None:
    """Print the JSON Schema of study files, for editors."""
    from ldnsim.config.schema import text

    typer.echo(text(), nl=False)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} = {v:g}" for k, v in value.items())
    return "" if value is None else str(value).rstrip()


def _first_comment(path: Path) -> str:
    text = path.read_text(encoding="utf-8").splitlines()
    words = (line.lstrip("#").strip() for line in text if line.startswith("# "))
    return next(words, "")
