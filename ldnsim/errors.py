"""Errors a user can act on: they name the file, the key, the value and the nearest valid choice."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


class UserError(ValueError):
    """A mistake in what the user wrote; the command line prints it plainly and exits with 2."""


class Interrupted(RuntimeError):
    """A long run that was stopped; what was finished is kept."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return a hint such as ``"; did you mean 'tnf'?"``, or the choices when few, or nothing.

    Args:
        word: what the user wrote.
        choices: the names that would have been accepted.
    """
    known = [str(c) for c in choices]
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    if close:
        return "; did you mean " + " or ".join(repr(c) for c in close) + "?"
    if 0 < len(known) <= 12:
        return "; valid: " + ", ".join(known)
    return ""


def unknown(what: str, word: str, choices: Iterable[str]) -> UserError:
    """Build the error for a name that does not exist, with its nearest valid spelling."""
    return UserError(f"{what} {word!r} is not known{nearest(word, choices)}")


def flag(value: object, key: str) -> bool:
    """Return a truth value given as one: neither 1 nor ``"no"``, which Python takes for true.

    Raises:
        UserError: anything else.
    """
    if not isinstance(value, bool):
        raise UserError(f"{key} = {shown(value)}: expected True or False")
    return value


def path_text(value: object, key: str) -> str:
    """Return a path given as text or as a path.

    Raises:
        UserError: anything else, also bytes and what names nothing.
    """
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"{key} = {shown(value)}: expected a path, as text or a pathlib.Path")
    return text


def kind(value: object, wanted: type[T], words: str, key: str) -> T:
    """Return a value of a class of this package.

    Args:
        value: what was given.
        wanted: its class.
        words: what was expected, with the nearest valid form.
        key: what the argument is called.

    Raises:
        UserError: anything else.
    """
    if not isinstance(value, wanted):
        raise UserError(f"{key} = {shown(value)}: expected {words}")
    return value


def shown(value: object) -> str:
    """Return what stood in place of an argument, cut where it is long."""
    try:
        text = repr(value)
    except Exception:  # whatever a foreign object raises when it is to be written
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
