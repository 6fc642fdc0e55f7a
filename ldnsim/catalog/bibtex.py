"""A reference as a BibTeX entry, with no more than was seen of it."""

from __future__ import annotations

from ldnsim.catalog.records import Reference

_SPECIAL = {c: f"\\{c}" for c in "&%$#_{}"}


def entry(r: Reference) -> str:
    """Write one reference as BibTeX; how it was checked goes into the note.

    Authors are written as they were seen, often "Lee et al."; complete them before you publish.
    """
    fields = {
        "author": _authors(r.authors),
        "title": f"{{{_plain(r.title)}}}" if r.title else "",
        "journal": _plain(r.journal),
        "year": str(r.year or ""),
        "doi": r.doi,
        "pmid": r.pmid,
        "pmcid": r.pmcid,
        "url": r.url,
        "note": f"Seen: {r.seen}",
    }
    kind = "article" if r.journal else "misc"
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{r.key},", *lines, "}", ""])


def _authors(text: str) -> str:
    """``Lee et al.`` as BibTeX spells it: ``Lee and others``."""
    name = text.removesuffix(" et al.")
    return _plain(name) + (" and others" if name != text else "")


def _plain(text: str) -> str:
    return "".join(_SPECIAL.get(c, c) for c in text)
