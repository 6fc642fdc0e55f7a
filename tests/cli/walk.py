"""All commands and their options, found by walking through the application."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from typing import Any

import typer

from ldnsim.cli import app


def options(*kinds: type) -> Iterator[tuple[str, str, Any]]:
    """Every option of some types, as command, name on the command line, and annotation."""
    groups = [("", app), *((f"{g.name} ", g.typer_instance) for g in app.registered_groups)]
    for before, group in groups:
        assert isinstance(group, typer.Typer)
        for info in group.registered_commands:
            assert info.callback is not None
            plain = inspect.unwrap(info.callback)
            for name, hint in typing.get_type_hints(plain, include_extras=True).items():
                own, *more = typing.get_args(hint) or (hint,)
                if not set(kinds) & {own, *typing.get_args(own)}:
                    continue
                if more and isinstance(more[0], typer.models.OptionInfo):
                    told = [d for d in more[0].param_decls or () if d.startswith("-")]
                    if more[0].default is not ... and str(more[0].default).startswith("-"):
                        told.insert(0, str(more[0].default))
                    word = told[0] if told else f"--{name.replace('_', '-')}"
                    own_name = plain.__name__.replace("_", "-")
                    yield f"{before}{info.name or own_name}", word, more[0]


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its name, those of groups as ``export sbml``."""

    def walk(group: Any, before: str) -> Iterator[tuple[str, Any]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, f"{before}{name} ")
            else:
                yield before + name, command

    yield from walk(typer.main.get_command(app), "")
