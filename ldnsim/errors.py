"""Errors a user can act on: they name the file, the key, the value and the nearest valid choice."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from numbers import Real
from typing import TypeVar

T = TypeVar("T")
_GENERIC = {"disease", "diseases", "syndrome", "disorder"}
"""Words that a name of an illness has or leaves out."""


class UserError(ValueError):
    """A mistake in what the user wrote; the command line prints it plainly and exits with 2."""


class Interrupted(RuntimeError):
    """A long run that was stopped; what was finished is kept."""


def short(value: object, most: int = 60) -> str:
    """Return what a user wrote as a message shows it: text in quotes, its end cut where it is long.

    Args:
        value: text, a number, or whatever stands in its place.
        most: characters that are kept.
    """
    if isinstance(value, str):
        return repr(value if len(value) <= most else f"{value[: most - 3]}...")
    try:
        text = str(value) if isinstance(value, Real) else repr(value)
    except Exception:  # an int that Python does not write, tables without end, a foreign object
        if isinstance(value, Real):
            return "a number of thousands of digits"
        return f"a value ({type(value).__name__}) too long to show"
    return text if len(text) <= most else f"{text[: most - 3]}..."


def listed(words: Sequence[str], most: int = 8) -> str:
    """Return words as a list, its middle left out where it is longer than ``most``."""
    if len(words) > most:
        words = [*words[: most // 2], "...", *words[-most // 4 :]]
    return ", ".join(words)


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return a hint such as ``"; did you mean 'tnf'?"``, or the choices when few, or nothing.

    Case, accents, apostrophes, signs between words and ``disease`` do not matter: ``Crohn's
    disease`` is near to ``crohn``.

    Args:
        word: what the user wrote.
        choices: the names that would have been accepted.
    """
    known = [str(c) for c in choices]
    close = _close(word[:60], known)
    if close:
        return "; did you mean " + " or ".join(repr(c) for c in close) + "?"
    if 0 < len(known) <= 12:
        return "; valid: " + ", ".join(known)
    return ""


def _close(word: str, known: Sequence[str]) -> list[str]:
    """Return up to three names that a word is near to, as written or without its ornaments."""
    plain = {name: _plain(name) for name in known}
    same = [name for name, text in plain.items() if text == _plain(word)]
    if same:
        return same[:3]
    if close := difflib.get_close_matches(word, known, n=3, cutoff=0.5):
        return close
    near = difflib.get_close_matches(_plain(word), list(plain.values()), n=3, cutoff=0.6)
    return [name for name, text in plain.items() if text in near][:3]


def _plain(name: str) -> str:
    """Return a name in small letters, without accents, signs, a possessive s or ``disease``."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    bare = re.sub(r"['\u2018\u2019\u02bc`\u00b4]s?\b", " ", bare)
    words = [w for w in re.split(r"[\W_]+", bare) if w]
    return " ".join([w for w in words if w not in _GENERIC] or words)


def unknown(what: str, word: str, choices: Iterable[str]) -> UserError:
    """Build the error for a name that does not exist, with its nearest valid spelling."""
    return UserError(f"{what} {short(word)} is not known{nearest(word, choices)}")


def check_known(what: str, words: Iterable[str], choices: Collection[str]) -> None:
    """Refuse names that do not exist.

    Args:
        what: what they are names of.
        words: what the user wrote.
        choices: the names that there are.

    Raises:
        UserError: naming the first of them, with its nearest valid spelling.
    """
    for word in words:
        if word not in choices:
            raise unknown(what, word, choices)


def flag(value: object, key: str) -> bool:
    """Return a truth value given as one: neither 1 nor ``"no"``, which Python takes for true.

    Raises:
        UserError: anything else.
    """
    if not isinstance(value, bool):
        raise UserError(f"{key} = {short(value)}: expected True or False")
    return value


def path_text(value: object, key: str) -> str:
    """Return a path given as text or as a path.

    Raises:
        UserError: anything else, also bytes and what names nothing.
    """
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"{key} = {short(value)}: expected a path, as text or a pathlib.Path")
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
        raise UserError(f"{key} = {short(value)}: expected {words}")
    return value
