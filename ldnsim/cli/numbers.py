"""Numbers on the command line, read as strictly as those in a study file.

Left to itself the command line would take them through ``int`` and ``float``, which also read
``1_0``, ``inf`` and ``nan``. Every option that is a number is made here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import typer

from ldnsim.errors import UserError


def whole(text: str, key: str = "value") -> int:
    """Read a whole number.

    Args:
        text: a sign and digits.
        key: what the user called it; opens the error message.

    Raises:
        UserError: anything else, also ``1e2`` and ``2.0``, with what to write instead.
    """
    if re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text):
        return int(text)
    near = ""
    with suppress(UserError):
        found = real(text)
        near = f"; write {found:.0f}" if found.is_integer() and abs(found) < 1e9 else ""
    shown = repr(text) if len(text) <= 60 else f"{text[:57]!r}..."
    raise UserError(f"{key} = {shown}: expected a whole number such as '12'{near}")


def real(text: str, key: str = "value") -> float:
    """Read a number.

    Raises:
        UserError: as :func:`ldnsim.units.read_number`.
    """
    from ldnsim.units import read_number

    return float(read_number(text, key=key))


def whole_option(
    *names: str, least: int | None = None, most: int | None = None, words: str
) -> Any:  # typer's own return type
    """Return an option that is a whole number.

    Args:
        names: on the command line; made of the argument's name when left out.
        least: smallest value taken.
        most: largest value taken.
        words: for the help.
    """
    return typer.Option(
        *names, parser=_within(whole, least, most), min=least, max=most, metavar="<int>",
        help=words,
    )  # fmt: skip


def real_option(
    *names: str, least: float | None = None, most: float | None = None, words: str
) -> Any:
    """Return an option that is a number; see :func:`whole_option`."""
    return typer.Option(
        *names, parser=_within(real, least, most), min=least, max=most, metavar="<float>",
        help=words,
    )  # fmt: skip


def _within(
    read: Callable[[str], float], least: float | None, most: float | None
) -> Callable[[Any], Any]:
    """Make a reader that refuses as the command line does, with its usage and the option's name."""

    def parse(value: Any) -> Any:
        if not isinstance(value, str):
            return value  # a default
        try:
            number = read(value)
        except UserError as error:
            raise typer.BadParameter(str(error)) from None
        if (least is not None and number < least) or (most is not None and number > most):
            low = "" if least is None else f" from {least:g}"
            high = "" if most is None else f" to {most:g}"
            span = f"{low}{high}" if high else f" of at least {least:g}"
            raise typer.BadParameter(f"{value}: expected a number{span}")
        return number

    return parse


Threads = Annotated[int | None, whole_option(least=1, words="Threads to use (default: all cores).")]
