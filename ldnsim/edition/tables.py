"""The blocks of an extension in TOML: what is known with a model, in the form of the shipped files.

One rule for names: what is there stays as it is. A name that is taken is refused, unless both say
the same. The block ``[parameters]`` is the exception, since changing a default is its purpose; but
two extensions cannot both set one parameter, unless the later says that it ``replaces`` the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from ldnsim.catalog import Reference
from ldnsim.catalog.read import (
    TableEntry,
    check_new_name,
    check_parameter,
    cited,
    entries,
    toml,
)  # fmt: skip
from ldnsim.edition.source import Source
from ldnsim.errors import UserError, nearest
from ldnsim.mechanisms.record import ASSUMED, GRADES, Parameter
from ldnsim.model import Model, check_value
from ldnsim.units import in_unit

if TYPE_CHECKING:
    from ldnsim.regimen import Regimen

T = TypeVar("T")
PARAMETER_FIELDS = ("value", "grade", "source", "note", "replaces")
PROTOCOL_FIELDS = ("title", "regimen", "description", "sources", "steps_assumed")
NAMED = (
    "references", "hypotheses", "phenotypes", "adjuncts", "covariates", "protocols",
    "observations", "assays", "populations",
)  # fmt: skip
"""Blocks whose tables are new things with names of their own, and attributes of an edition."""
BLOCKS = ("parameters", *NAMED)

Tables = tuple[str, Mapping[str, Any]]
"""A block, with the name that errors give it, such as ``own.toml: hypotheses``."""


def blocks_of(source: Source) -> dict[str, list[Tables]]:
    """Return the blocks of an extension by name.

    Raises:
        UserError: not TOML, nothing in it, or a block that is not known or no table.
    """
    found: dict[str, list[Tables]] = {}
    for file, text in source.tables:
        data = toml(text, file)
        if not any(data.values()):
            raise UserError(f"{file}: nothing in it; expected tables such as [hypotheses.NAME]")
        for block, tables in data.items():
            if block not in BLOCKS:
                raise UserError(f"{file}: {block}: no such block{nearest(block, BLOCKS)}")
            if not isinstance(tables, dict):
                raise UserError(f"{file}: {block} = {tables!r}: expected tables [{block}.NAME]")
            found.setdefault(block, []).append((f"{file}: {block}", tables))
    return found


def merged(
    known: Mapping[str, T],
    blocks: Iterable[Tables],
    read: Callable[[Any, str], Mapping[str, T]],
    parameters: Collection[str] = (),
) -> dict[str, T]:
    """Return what is known with what blocks add.

    Args:
        known: of the package, by name.
        blocks: of the extensions.
        read: reader of tables, given these and the name of the block.
        parameters: of the model.

    Raises:
        UserError: of the reader, or a name that is taken or cannot be one.
    """
    found = dict(known)
    for place, tables in blocks:
        for name in tables:
            if name not in known:
                check_new_name(place, name, parameters)
        for name, thing in read(tables, place).items():
            if found.get(name, thing) != thing:
                raise UserError(f"{place}.{name}: there is one of this name; choose another")
            found[name] = thing
    return found


def read_protocols(tables: Mapping[str, Any], place: str) -> dict[str, Regimen]:
    """Read named regimens, as in ``protocols.toml``; one may name a protocol of the package.

    Raises:
        UserError: an unknown field, text that is no regimen.
    """
    from ldnsim.regimen import Regimen

    found = {}
    for name, entry in entries(tables, place, PROTOCOL_FIELDS):
        try:
            regimen = Regimen.parse(entry.text("regimen"))
        except UserError as error:
            raise entry.error("regimen", str(error)) from None
        label = {
            "name": name, "title": entry.text("title", required=False),
            "description": entry.text("description", required=False),
            "sources": entry.sentences("sources"),
            "steps_assumed": entry.flag("steps_assumed", False),
        }  # fmt: skip
        found[name] = regimen.model_copy(update=label)
    return found


def with_parameters(
    model: Model, blocks: Iterable[Tables], known: Mapping[str, Reference]
) -> Model:
    """Return a model whose defaults are those that blocks ``[parameters]`` give.

    Raises:
        UserError: an unknown parameter or reference, a value out of bounds, a grade without source,
            or a parameter that two extensions set, of which none replaces the other.
    """
    parameters, by = dict(model.parameters), dict[str, str]()
    for place, tables in blocks:
        for name, entry in entries(tables, place, PARAMETER_FIELDS):
            check_parameter(entry, "", name, model)
            before, said = by.get(name, ""), entry.text("replaces", required=False)
            if said and said != before:
                raise entry.error("replaces", f"{said!r}: " + (
                    f"{before!r} sets it before this" if before else
                    "no extension before this sets it; leave replaces out"
                ))  # fmt: skip
            if before and not said:
                raise entry.error(
                    "", f"{before} sets it too; keep one of them, or write replaces = {before!r}"
                )
            parameters[name] = _parameter(entry, parameters[name], known)
            by[name] = _file_of(place)
    return replace(model, parameters=parameters) if by else model


def _file_of(place: str) -> str:
    """Return what a block's file is called wherever it lies."""
    return PurePath(place.removesuffix(": parameters")).name


def set_by(sources: Iterable[Source]) -> dict[str, str]:
    """Return the parameters that extensions set, with the name of the file that does, the last."""
    blocks = [b for s in sources for b in blocks_of(s).get("parameters", ())]
    return {name: _file_of(place) for place, tables in blocks for name in tables}


def sets(tables: Mapping[str, Any], before: Model) -> Iterator[str]:
    """Yield what a block ``[parameters]`` sets, in words.

    Args:
        tables: of the block, found to be right.
        before: the model of the package and all mechanisms.
    """
    for name, table in tables.items():
        p, other = before.parameters[name], table.get("replaces")
        value = in_unit(table["value"], p.unit or "1", key=name)
        words = f" in place of {other}" if other else ""
        yield f"sets {name} = {value:g} {p.unit}".removesuffix(" 1") + f"{words} (was {p.value:g})"


def _parameter(entry: TableEntry, old: Parameter, known: Mapping[str, Reference]) -> Parameter:
    grade, sources = entry.choice("grade", GRADES), entry.sentences("source")
    note = entry.text("note", required=False)
    cited(entry, known, [note, *(f"[{key}]" for key in sources)])
    if grade != ASSUMED and not sources:
        raise entry.error("source", f"graded {grade!r}, so expected keys of references")
    try:
        value = in_unit(entry.data.get("value"), old.unit or "1", key=f"{entry.place}.value")
        check_value(old, value)
    except UserError as error:
        text = str(error)
        raise error if text.startswith(entry.place) else entry.error("value", text) from None
    return replace(old, value=value, grade=grade, source=sources, note=note)
