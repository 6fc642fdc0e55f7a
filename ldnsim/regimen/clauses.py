"""The clauses of a prescription: each row says how one is written and which field it sets.

The rows are tried in order where the text stands. `REFUSED` are the forms that people write and
that leave a dose or a day open; each says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ldnsim.errors import UserError, short
from ldnsim.regimen.formats import is_night
from ldnsim.regimen.values import CAPSULE, CLOCK, MASS, PILL, SHARE, SOLUTION, UNIT, clock_hours
from ldnsim.regimen.weekdays import DAY, DAYS, OFF
from ldnsim.units import NUMBER, to_unit

Fields = dict[str, Any]
_AMOUNT = rf"(?:{SHARE}|{SOLUTION}|{CAPSULE}|{MASS})"
_SPAN = rf"(?:{NUMBER}\s*)?{UNIT}"
_TIME_UNIT = r"(?:min|mins|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?|mos?|months?)"
_NIGHT, _MORNING = "night", "morning"
_DEFAULT_AT = {_NIGHT: "22:00", _MORNING: "08:00"}
_COUNTS = {"once": 24, "twice": 12, "one": 24, "two": 12, "three": 8, "four": 6}
_COUNTS |= {"1": 24, "2": 12, "3": 8, "4": 6}
_LATIN = {"qd": 24, "od": 24, "bid": 12, "bd": 12, "tid": 8, "tds": 8, "qid": 6, "qds": 6}
_LATIN |= {"qod": 48, "qhs": 24, "qam": 24, "qpm": 24}
_PART_OF = {"qhs": _NIGHT, "qpm": _NIGHT, "qam": _MORNING}


def _dotted(words: tuple[str, ...] | dict[str, int]) -> str:
    """Return a pattern of abbreviations, with or without points: ``qhs``, ``q.h.s.``."""
    longest_first = sorted(words, key=len, reverse=True)
    return "|".join(r"\.?".join(w) + r"\b\.?" for w in longest_first)


class Reader:
    """Collects the clauses of one phase; each clause's method gets its regex match."""

    def __init__(self, text: str) -> None:
        """Start with the text of one phase in plain spelling."""
        self.text = text
        self.fields: Fields = {}
        self.written: dict[str, str] = {}
        self.part: str | None = None
        self.stepping = False
        self.spans: dict[str, str] = {}

    def put(self, key: str, value: Any, match: re.Match[str]) -> None:
        """Set a field once; a second clause for the same field is a contradiction."""
        words = match[0].strip()
        if key in self.written:
            raise self.error(f"{key!r} is given twice: '{self.written[key]}' and '{words}'")
        self.written[key] = words
        self.fields[key] = value

    def error(self, problem: str) -> UserError:
        """Build an error that shows the phase."""
        return UserError(f"regimen {short(self.text, 200)}: {problem}")

    def day_part(self, part: str, match: re.Match[str]) -> None:
        """Note morning or night, which sets the default clock time."""
        if self.part is not None and self.part != part:
            raise self.error(
                f"'{self.written['part']}' and '{match[0]}' are both given; for two doses a day "
                "write 'every 12 h at 08:00'"
            )
        self.part = part
        self.written["part"] = match[0]

    def noise(self, match: re.Match[str]) -> None:
        """``by mouth``: there is no other way."""

    def amount(self, match: re.Match[str]) -> None:
        """Bare dose: the start."""
        if self.fields.keys() & {"start", "kind"}:
            for span in (self.written.get("start", ""), match["amount"]):
                if re.fullmatch(rf"{NUMBER}\s*{_TIME_UNIT}", span):
                    raise self.error(
                        f"'{span}' is no dose; a length is written 'for {span}', the interval of"
                        f" doses 'every {span}'"
                    )
        self.put("start", match["amount"], match)

    def stop(self, match: re.Match[str]) -> None:
        """A phase without doses."""
        self.put("kind", "stop", match)

    def placebo(self, match: re.Match[str]) -> None:
        """Capsules without drug."""
        self.put("kind", "placebo", match)

    def times_a_day(self, match: re.Match[str]) -> None:
        """``once daily`` to ``four times a day``."""
        self._every(_COUNTS[match["word"] or match["number"] or "once"], match)

    def latin(self, match: re.Match[str]) -> None:
        """``bid`` and friends."""
        word = match[0].replace(".", "")
        self._every(_LATIN[word], match)
        if word in _PART_OF:
            self.day_part(_PART_OF[word], match)

    def each(self, match: re.Match[str]) -> None:
        """``nightly``, ``every morning``, ``alternate nights``."""
        self._every(48 if match["other"] else 24, match)
        self.word_part(match)

    def _every(self, hours: int, match: re.Match[str]) -> None:
        self.put("every", f"{hours} h", match)

    def word_part(self, match: re.Match[str]) -> None:
        """``in the morning``, ``at bedtime``."""
        word = match["word"] or "day"
        if not word.startswith("da"):
            self.day_part(_MORNING if word.startswith("m") else _NIGHT, match)

    def every(self, match: re.Match[str]) -> None:
        """``every 6 h``: the interval of a step just read, or else the interval of doses."""
        span = match["span"] or match["q"] or f"1 {match['period'] or match['a']}"
        span = f"1 {span}" if span[0].isalpha() else span
        self.put("interval" if self.stepping else "every", span, match)
        self.spans["interval" if self.stepping else "every"] = span
        self.stepping = False

    def at(self, match: re.Match[str]) -> None:
        """``at 22:00``."""
        self.put("at", match["clock"], match)

    def days(self, match: re.Match[str]) -> None:
        """``on Mon, Wed and Fri``, ``except Sundays``, and the time of day with them."""
        self.put("days", match["off"] or match["days"], match)
        if match["off"] is None and match["word"]:
            self.word_part(match)

    def start_day(self, match: re.Match[str]) -> None:
        """``starting on Wednesday``: which day of the week day 0 is."""
        self.put("start_day", match["day"], match)

    def step(self, match: re.Match[str]) -> None:
        """``+0.5 mg``, ``-1/8 of target``, ``increase by 0.5 mg``; its interval follows."""
        sign = match["sign"] or ("-" if match["down"] else "+")
        self.put("step", sign + match["amount"], match)
        self.stepping = True

    def factor(self, match: re.Match[str]) -> None:
        """``x2`` or ``/2``; its interval follows."""
        self.put("factor", match[0], match)
        self.stepping = True

    def double(self, match: re.Match[str]) -> None:
        """``double every week``, ``halve every 2 wk``."""
        self.put("factor", "x2" if match[0].startswith("d") else "/2", match)
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
        """``for 26 wk``, ``x 7 d``."""
        self.put("duration", match["span"] or match["times"], match)

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
        if "factor" in self.fields and "interval" not in self.fields:
            factor = self.written["factor"]
            raise self.error(
                f"'{factor}' alone could be a step or a length; write '{factor} every 14 d to "
                "4.5 mg' for a step, 'for 7 d' for a length"
            )
        if "step" in self.fields and "interval" not in self.fields:
            raise self.error(
                f"'{self.written['step']}' is read as a step, but there is no interval after it, "
                "such as 'every 14 d'; a range of doses cannot be simulated"
            )
        self._check_spans()
        if self.part is not None:
            self.fields.setdefault("at", _DEFAULT_AT[self.part])
            self._check_part()
        return self.fields

    def _check_spans(self) -> None:
        """Refuse steps that come faster than doses: the two were probably meant the other way."""
        hours = {key: to_unit(span, "h", key=key) for key, span in self.spans.items()}
        if list(hours) == ["interval", "every"] and hours["interval"] < hours["every"]:
            raise self.error(
                f"'{self.written['interval']}' after the step is the interval of steps and "
                f"'{self.written['every']}' that of doses, which is longer; write the interval of "
                "doses first"
            )

    def _check_part(self) -> None:
        at = clock_hours(self.fields["at"], "at")
        if (self.part == _NIGHT and not is_night(at)) or (
            self.part == _MORNING and not 4 <= at < 12
        ):
            raise self.error(
                f"'{self.written['part']}' and 'at {self.fields['at']}' contradict each other; "
                f"write 'daily at {self.fields['at']}'"
            )


_WORD = r"(?P<word>nights?|evenings?|mornings?|days?)"
Clause = tuple[str, Callable[[Reader, re.Match[str]], None], str]
CLAUSES: tuple[Clause, ...] = (
    (
        "'by mouth'",
        Reader.noise,
        rf"{_dotted(('po',))}|by\s+mouth|orally|per\s+os|take|ldn|naltrexone(?:\s+(?:hcl|hydrochloride))?",
    ),
    (
        "'hold 4 wk first'",
        Reader.first_hold,
        rf"hold\s+(?:for\s+)?(?P<span>{_SPAN})\s+first(?!\s+step)",
    ),
    ("'first step after 4 wk'", Reader.first_hold, rf"first\s+step\s+after\s+(?P<span>{_SPAN})"),
    (
        "'hold 12 wk'",
        Reader.hold,
        rf"hold\s+(?:at\s+target\s+)?(?:for\s+)?(?P<span>{MASS})",
    ),
    (
        "'for 26 wk'",
        Reader.duration,
        rf"for\s+(?P<span>{MASS})|x\s*(?P<times>{NUMBER}\s*{_TIME_UNIT})",
    ),
    (
        "'on Mon, Wed and Fri', 'except Sun'",
        Reader.days,
        rf"(?P<off>{OFF})|(?:on\s+|every\s+|each\s+)?(?P<days>{DAYS})(?:\s+only)?(?:\s+{_WORD})?",
    ),
    (
        "'starting on Wed'",
        Reader.start_day,
        rf"(?:starting|start(?:s|ed)?|beginning)\s+(?:on\s+)?(?:an?\s+)?(?P<day>{DAY})",
    ),
    ("'stop'", Reader.stop, r"stop|no\s+(?:drug|doses?)|nothing"),
    ("'placebo'", Reader.placebo, r"placebo"),
    ("'slow release'", Reader.slow, r"(?:slow|sustained|extended)[\s-]*release|sr|er"),
    ("'immediate release'", Reader.immediate, r"immediate[\s-]*release|ir"),
    (
        "'once daily'",
        Reader.times_a_day,
        r"(?:(?:(?P<word>once|twice)|(?P<number>one|two|three|four|[1-4])\s*(?:x|times))\s*)?"
        r"(?:daily|a\s+day|per\s+day|/\s*day)",
    ),
    ("'bid', 'qhs'", Reader.latin, _dotted(_LATIN)),
    ("'nightly'", Reader.each, r"(?:once\s+)?(?P<word>nightly)(?P<other>)"),
    (
        "'every night'",
        Reader.each,
        r"(?:on\s+)?(?:every|each|(?=alternate))\s*(?P<other>alternate\s+|other\s+|second\s+)?"
        + _WORD,
    ),
    (
        "'in the morning', 'at bedtime'",
        Reader.word_part,
        r"(?:in\s+the\s+|at\s+)?(?P<word>mornings?|evenings?|bedtime|night|mane|nocte|h\.?s\b\.?)",
    ),
    (
        "'every 6 h', 'q6h'",
        Reader.every,
        rf"(?:every\s+(?P<span>{_SPAN})|q\s*(?P<q>{NUMBER}\s*{_TIME_UNIT})"
        r"|(?:once\s+)?(?P<period>week|month)ly|once\s+a\s+(?P<a>week|month))",
    ),
    ("'at 22:00'", Reader.at, rf"(?:at\s+|@\s*)?(?P<clock>{CLOCK})"),
    (
        "'+0.5 mg every 14 d'",
        Reader.step,
        r"(?:(?P<sign>[+-])\s*|(?:increas|rais|(?P<down>decreas|reduc|lower))(?:e|ing)?\s+"
        rf"(?:(?:the\s+)?dose\s+)?by\s+)(?P<amount>{_AMOUNT})",
    ),
    (
        "'double every week'",
        Reader.double,
        r"(?:doubl(?:e|ed|ing)|halv(?:e|ed|ing))(?:\s+(?:the\s+)?dose)?",
    ),
    ("'x2 every 3 mo'", Reader.factor, rf"[x/]\s*{NUMBER}(?:/{NUMBER})?"),
    ("'to 4.5 mg'", Reader.target, rf"(?:up\s+|down\s+)?to\s+(?P<amount>{_AMOUNT})"),
    ("a dose such as '4.5 mg'", Reader.amount, rf"(?P<amount>{_AMOUNT})"),
)
_SOME = rf"(?:{NUMBER}|one|two|three|four|five|six|once|twice)"
_LEAD = r"(?:(?:for|every|hold|after|at|to|up to|down to|between|q)\s+|q|[+-]\s*)?"
_NAMED = "name the days, such as 'on Mon, Wed and Fri' or 'except Sat and Sun'"
REFUSED: tuple[tuple[str, str], ...] = (
    (
        rf"(?:as|if|when|where)\s+(?:tolerated|needed|required|directed|necessary)"
        rf"|{_dotted(('prn',))}|to\s+tolerance",
        "who says what is tolerated? Write fixed steps, such as '+0.5 mg every 14 d to 4.5 mg', or "
        "a rule, such as 'every 14 d +0.5 mg if burden < 3 else hold, to 4.5 mg'",
    ),
    (
        rf"{_LEAD}{NUMBER}\s*(?:-|to|or|and)\s*{NUMBER}\s*[a-z%]+",
        "a range leaves the value open; write one, or a list of regimens to compare",
    ),
    (
        rf"{_SOME}\s*(?:x|times|nights?|evenings?|mornings?|days?|doses?)?\s*(?:off\s*)?"
        r"(?:(?:an?|per|each|every|/)\s*week|weekly)(?<!once a week)(?<!once weekly)",
        f"which days they are is left open; {_NAMED}",
    ),
    (
        rf"{_SOME}\s*(?:nights?|days?|weeks?|wk|d)?\s*(?:on|off)\b",
        f"which days they are is left open; {_NAMED}, or write phases with 'then stop for ...'",
    ),
    (
        rf"(?!{CAPSULE})(?:{_SOME}|half|(?:an?|one)\s+half)\s*(?:an?\s+|of\s+)*"
        rf"(?:{MASS}\s+)?(?:{PILL}s?|drops?|sprays?)\b|{NUMBER}\s*x\s*{NUMBER}\s*[a-z]+",
        "write the whole dose by weight, such as '4.5 mg'",
    ),
    (
        rf"(?!(?:up to|down to|to|[+-])?\s*{SOLUTION})(?:(?:up to|down to|to)\s+|[+-]\s*)?"
        rf"{NUMBER}\s*(?:ml|cc)\b",
        "a volume needs its strength, such as '1 ml of 0.5 mg/ml'",
    ),
    (
        rf"(?:for|x)\s*{NUMBER}\s*(?:nights|evenings|mornings|doses|times)\b",
        "write the length as a time, such as 'for 7 d'",
    ),
    (
        r"(?:un)?till?\b(?:\s+[^,;]*[^,;\s])?",
        "write how long as a time, such as 'for 12 wk'",
    ),
    (
        rf"{_LEAD}[0-9.]+e[+-]?[0-9]{{3,}}",
        "an exponent has at most two digits",
    ),
    (
        rf"(?:and|&)\s+(?:at\s+)?{CLOCK}",
        "the doses of a day are evenly spaced from the first; write 'every 12 h at 08:00'",
    ),
)
