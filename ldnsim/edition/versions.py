"""Versions of the model and of the hypotheses: what a result was computed with, in a word.

A version stands for a content, which is told by its hash (``data/versions.toml``). What has no line
there, such as a copy in which a number was changed, is called after the newest version it was made
from, and the hash: ``1 changed to 5c0ffee5``.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ldnsim import catalog
from ldnsim.model import Model

KINDS = {"model": ("equations", "numbers"), "hypotheses": ("content",)}
"""What has versions, and the hashes that tell them."""


@dataclass(frozen=True)
class Version:
    """Versions of what a result was computed with.

    Attributes:
        model: of equations and default numbers, with the names of extensions.
        hypotheses: of the overrides of every hypothesis.
    """

    model: str
    hypotheses: str

    def __str__(self) -> str:
        """Return both on one line."""
        return f"model {self.model}, hypotheses {self.hypotheses}"


def content_of(hypotheses: Mapping[str, catalog.Hypothesis]) -> str:
    """Return a hash of the names of hypotheses and of the numbers they set."""
    told = [(name, sorted(h.overrides.items())) for name, h in hypotheses.items()]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def version_of(model: Model, hypotheses: Mapping[str, catalog.Hypothesis]) -> Version:
    """Return the version of a model and of hypotheses without extensions."""
    return Version(
        _named("model", (model.fingerprint, model.numbers)),
        _named("hypotheses", (content_of(hypotheses),)),
    )


def extended(shipped: Version, names: Sequence[str], own: str, others: str) -> Version:
    """Return the version of a model with extensions.

    Args:
        shipped: of the package.
        names: of the extensions.
        own: content of the hypotheses with them.
        others: content of those of the package.
    """
    with_them = f" with {', '.join(names)}"
    hypotheses = shipped.hypotheses + (with_them if own != others else "")
    return Version(shipped.model + with_them, hypotheses)


def of_record(attrs: Mapping[str, Any]) -> Version | None:
    """Return the version that a result was computed with; None where nothing tells.

    A result from before results had versions is known by the hash of its equations and numbers;
    the hypotheses of that time are then those of the model.

    Args:
        attrs: attributes of the result.
    """
    if "model_version" in attrs and "hypotheses_version" in attrs:
        return Version(str(attrs["model_version"]), str(attrs["hypotheses_version"]))
    known = _found("model", (str(attrs.get("model", "")), str(attrs.get("numbers", ""))))
    if known is None or str(attrs.get("extensions", "[]")) != "[]":
        return None
    return Version(known, known)


def newest() -> Version:
    """Return the versions that this package says it has, without looking at their content."""
    return Version(*(str(table()[kind][-1]["version"]) for kind in KINDS))


def older(attrs: Mapping[str, Any], here: Callable[[], Version]) -> str:
    """Say under which version a result was computed, where it is not that of this package.

    Args:
        attrs: attributes of the result.
        here: the version of this package by its content; asked for only where a result is of a
            content without a version, since that takes the whole model.

    Returns:
        words that follow the name of the result; empty where there is nothing to say.
    """
    own = of_record(attrs)
    if own is None:
        if not attrs.get("model") or str(attrs.get("extensions", "[]")) != "[]":
            return ""
        what = f"a model of a version not known here (equations {attrs['model']})"
        return f"was computed with {what}; this is {newest()}"
    plain = Version(*(text.partition(" with ")[0] for text in (own.model, own.hypotheses)))
    now = here() if " changed to " in str(plain) else newest()
    return "" if plain == now else f"was computed with {own}; this is {now}"


@functools.cache
def table() -> dict[str, list[dict[str, Any]]]:
    """Return the versions there have been, oldest first, by what they are of."""
    text, _ = catalog.shipped("versions")
    return dict(tomllib.loads(text))


def _found(kind: str, hashes: tuple[str, ...]) -> str | None:
    """Return the version with these hashes."""
    for row in reversed(table()[kind]):
        if all(h in row[key] for key, h in zip(KINDS[kind], hashes, strict=True)):
            return str(row["version"])
    return None


def _named(kind: str, hashes: tuple[str, ...]) -> str:
    newest = str(table()[kind][-1]["version"])
    changed = hashlib.sha256("".join(hashes).encode()).hexdigest()[:8]
    return _found(kind, hashes) or f"{newest} changed to {changed}"
