"""The edition of the model that a command works on, and what in it comes from an extension.

A command that has no study file takes extensions with ``--extend``; a study file names its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ldnsim.edition import Edition

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
