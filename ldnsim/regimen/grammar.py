"""The prescription grammar: text to the fields of phases.

A phase is a set of clauses, with or without commas between them; each clause is one row of
`CLAUSES`. Phases are joined by ``then`` or ``;``. Case and extra spaces do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ldnsim.errors import UserError, nearest, unknown
from ldnsim.regimen.text import is_night
from ldnsim.regimen.values import NUMBER, SHARE

Fields = dict[str, Any]
_AMOUNT = rf"(?:{SHARE}|{NUMBER}\s*[a-z]+)"
_SPAN = rf"(?:{NUMBER}\s*)?[a-z]+"
_NIGHT, _MORNING = "night", "morning"
_DEFAULT_AT = {_NIGHT: "22:00", _MORNING: "08:00"}
_TIMES = {"once": 24, "twice": 12, "two times": 12, "three times": 8, "four times": 6}
_LATIN = {"qd": 24, "od": 24, "bid": 12, "tid": 8, "qid": 6, "qod": 48}
_SPELLING = {"−": "-", "–": "-", "×": "x", "µ": "u", "μ": "u"}


class _Reader:
    """Collects the clauses of one phase; each clause's method gets its regex match."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.fields: Fields = {}
        self.written: dict[str, str] = {}
        self.part: str | None = None
        self.stepping = False

    def put(self, key: str, value: Any, match: re.Match[str]) -> None:
        """Set a field once; a second clause for the same field is a contradiction."""
        words = match[0].strip()
        if key in self.written:
            raise self.error(f"{key!r} is given twice: '{self.written[key]}' and '{words}'")
        self.written[key] = words
        self.fields[key] = value

    def error(self, problem: str) -> UserError:
        """Build an error that shows the phase."""
        return UserError(f"regimen '{self.text}': {problem}")

    def day_part(self, part: str, match: re.Match[str]) -> None:
        """Note morning or night, which sets the default clock time."""
        if self.part is not None and self.part != part:
            raise self.error(
                f"'{self.written['part']}' and '{match[0]}' are both given; for two doses a day "
                "write 'every 12 h at 08:00'"
            )
        self.part = part
        self.written["part"] = match[0]

    def amount(self, match: re.Match[str]) -> None:
        """Bare dose: the start."""
        self.put("start", match["amount"], match)

    def stop(self, match: re.Match[str]) -> None:
        """A phase without doses."""
        self.put("kind", "stop", match)

    def placebo(self, match: re.Match[str]) -> None:
        """Capsules without drug."""
        self.put("kind", "placebo", match)

    def times_a_day(self, match: re.Match[str]) -> None:
        """``once daily`` to ``four times a day``."""
        self.put("every", _TIMES[match["times"] or "once"], match)

    def latin(self, match: re.Match[str]) -> None:
        """``bid`` and friends."""
        self.put("every", _LATIN[match[1]], match)

    def each(self, match: re.Match[str]) -> None:
        """``nightly``, ``every morning``, ``alternate nights``."""
        self.put("every", 48 if match["other"] else 24, match)
        self.word_part(match)

    def word_part(self, match: re.Match[str]) -> None:
        """``in the morning``, ``at bedtime``."""
        word = match["word"]
        if not word.startswith("da"):
            self.day_part(_MORNING if word.startswith("morning") else _NIGHT, match)

    def every(self, match: re.Match[str]) -> None:
        """``every 6 h``: the interval of a step just read, or else the interval of doses."""
        span = match["span"] or {"week": "1 wk", "month": "1 mo"}[match["period"]]
        span = span if span[0].isdigit() or span[0] == "." else f"1 {span}"
        self.put("interval" if self.stepping else "every", span, match)
        self.stepping = False

    def at(self, match: re.Match[str]) -> None:
        """``at 22:00``."""
        self.put("at", match["clock"], match)

    def step(self, match: re.Match[str]) -> None:
        """``+0.5 mg`` or ``-1/8 of target``; its interval follows."""
        self.put("step", match["sign"] + match["amount"], match)
        self.stepping = True

    def factor(self, match: re.Match[str]) -> None:
        """``x2`` or ``/2``; its interval follows."""
        self.put("factor", match[0], match)
        self.stepping = True

    def target(self, match: re.Match[str]) -> None:
        """``to 4.5 mg``."""
        self.put("target", match["amount"], match)

    def first_hold(self, match: re.Match[str]) -> None:
        """``hold 4 wk first``."""
        self.put("first_hold", match["span"], match)

    def hold(self, match: re.Match[str]) -> None:
        """``hold 12 wk``: the time at the target."""
        self.put("hold", match["span"], match)

    def duration(self, match: re.Match[str]) -> None:
        """``for 26 wk``."""
        self.put("duration", match["span"], match)

    def slow(self, match: re.Match[str]) -> None:
        """``slow release``."""
        self.put("formulation", "SR", match)

    def immediate(self, match: re.Match[str]) -> None:
        """``immediate release``."""
        self.put("formulation", "IR", match)

    def finish(self) -> Fields:
        """Return the fields, with the clock time that the words imply."""
        if not self.fields.keys() & {"start", "target", "kind"}:
            raise self.error("there is no dose; an example is '4.5 mg nightly at 22:00'")
        if self.part is not None:
            self.fields.setdefault("at", _DEFAULT_AT[self.part])
            self._check_part()
        return self.fields

    def _check_part(self) -> None:
        from ldnsim.regimen.phase import Phase

        at = Phase(kind="placebo", at=self.fields["at"]).at
        if (self.part == _NIGHT and not is_night(at)) or (
            self.part == _MORNING and not 4 <= at < 12
        ):
            raise self.error(
                f"'{self.written['part']}' and 'at {self.fields['at']}' contradict each other; "
                f"write 'daily at {self.fields['at']}'"
            )


Clause = tuple[str, Callable[[_Reader, re.Match[str]], None], str]
CLAUSES: tuple[Clause, ...] = (
    ("'hold 4 wk first'", _Reader.first_hold, rf"hold\s+(?:for\s+)?(?P<span>{_SPAN})\s+first"),
    ("'first step after 4 wk'", _Reader.first_hold, rf"first\s+step\s+after\s+(?P<span>{_SPAN})"),
    (
        "'hold 12 wk'",
        _Reader.hold,
        rf"hold\s+(?:at\s+target\s+)?(?:for\s+)?(?P<span>{NUMBER}\s*[a-z]+)",
    ),
    ("'for 26 wk'", _Reader.duration, rf"for\s+(?P<span>{NUMBER}\s*[a-z]+)"),
    ("'stop'", _Reader.stop, r"stop|no\s+(?:drug|doses?)|nothing"),
    ("'placebo'", _Reader.placebo, r"placebo"),
    ("'slow release'", _Reader.slow, r"(?:slow|sustained|extended)[\s-]*release|sr|er"),
    ("'immediate release'", _Reader.immediate, r"immediate[\s-]*release|ir"),
    (
        "'once daily'",
        _Reader.times_a_day,
        r"(?:(?P<times>once|twice|two\s+times|three\s+times|four\s+times)\s+)?"
        r"(?:daily|a\s+day|per\s+day|/\s*day)",
    ),
    ("'bid'", _Reader.latin, r"(qd|od|bid|tid|qid|qod)"),
    ("'nightly'", _Reader.each, r"(?:once\s+)?(?P<word>nightly)(?P<other>)"),
    (
        "'every night'",
        _Reader.each,
        r"(?:on\s+)?(?:every|each|(?=alternate))\s*(?P<other>alternate\s+|other\s+|second\s+)?"
        r"(?P<word>nights?|evenings?|mornings?|days?)",
    ),
    (
        "'in the morning', 'at bedtime'",
        _Reader.word_part,
        r"(?:in\s+the\s+|at\s+)?(?P<word>mornings?|evenings?|bedtime|night)",
    ),
    (
        "'every 6 h'",
        _Reader.every,
        rf"(?:every\s+(?P<span>{_SPAN})|(?P<period>week|month)ly)",
    ),
    ("'at 22:00'", _Reader.at, r"at\s+(?P<clock>\d{1,2}:\d{2}(?:\s*[ap]m)?|\d{1,2}\s*[ap]m)"),
    ("'+0.5 mg every 14 d'", _Reader.step, rf"(?P<sign>[+-])\s*(?P<amount>{_AMOUNT})"),
    ("'x2 every 3 mo'", _Reader.factor, rf"[x/]\s*{NUMBER}(?:/{NUMBER})?"),
    ("'to 4.5 mg'", _Reader.target, rf"(?:up\s+|down\s+)?to\s+(?P<amount>{_AMOUNT})"),
    ("a dose such as '4.5 mg'", _Reader.amount, rf"(?P<amount>{_AMOUNT})"),
)
_COMPILED = [(re.compile(rf"(?:{p})(?![a-z0-9])"), act) for _, act, p in CLAUSES]
_WORDS = (
    *("nightly", "daily", "once", "twice", "every", "morning", "bedtime", "alternate", "night"),
    *("day", "at", "to", "for", "hold", "first", "then", "stop", "placebo", "target", "slow"),
    *("release", "immediate"),
)


def _normal(text: str) -> str:
    for old, new in _SPELLING.items():
        text = text.replace(old, new)
    return " ".join(text.lower().split()).strip(" .,;")


def read_phase(text: str) -> Fields:
    """Return the fields of one phase, values still as text.

    Raises:
        UserError: words that no clause covers, or the same field given twice.
    """
    normal = _normal(text)
    if re.search(r"(?:\bthen\b|;)", normal):
        raise UserError(f"regimen '{text}': one phase was expected here, without 'then'")
    reader, rest = _Reader(normal), normal
    if re.search(r"\d,\d+\s*(?:[munk]?c?g)\b", normal):
        raise reader.error("a decimal comma cannot be read; write '0.5 mg' with a point")
    while rest := rest.lstrip(" ,"):
        hit = next(((m, act) for p, act in _COMPILED if (m := p.match(rest))), None)
        if hit is None:
            raise reader.error(_unreadable(rest))
        match, act = hit
        act(reader, match)
        rest = rest[match.end() :]
    return reader.finish()


def _unreadable(rest: str) -> str:
    word = re.split(r"[\s,]", rest)[0]
    if re.match(r"at\s+\d", rest):
        return f"cannot read '{rest}'; a time of day is written 'at 22:00' or 'at 10 pm'"
    if word not in _WORDS and (hint := nearest(word, _WORDS)):
        return f"cannot read '{rest}'{hint}"
    forms = ", ".join(form for form, _, _ in CLAUSES)
    return f"cannot read '{rest}'; the clauses are: {forms}"


def read_regimen(text: str) -> Fields:
    """Return the fields of a regimen from prescription text or a shipped protocol's name."""
    if re.fullmatch(r"\s*[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*\s*", text):
        return _protocol(text.strip())
    parts = re.split(r"[\s,;]*\bthen\b[\s,:]*|\s*;\s*", _normal(text))
    return {"phases": [read_phase(part) if part else _empty(text) for part in parts]}


def _empty(text: str) -> Fields:
    raise UserError(
        f"regimen '{text}': a phase is empty; an example is '4.5 mg nightly at 22:00, for 12 wk'"
    )


def _protocol(name: str) -> Fields:
    from ldnsim.regimen.protocols import protocol_fields

    known = protocol_fields()
    if name not in known:
        if name.lower() == "stop":
            return {"phases": [{"kind": "stop"}]}
        raise unknown("protocol", name, known)
    return known[name]
