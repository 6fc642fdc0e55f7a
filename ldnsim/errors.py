"""Errors a user can act on: they name the file, the key, the value and the nearest valid choice."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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
