"""Plans, and the many ways in which people write the same plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from .plain import DAY, HOUR, WEEK, Climb, Plan, Stretch, time_to_target, unsaid

NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DOSES = [Fraction(x) for x in ("0.5", "1", "1.5", "4.5", "0.25", "3", "0.05", "0.001", "50", "0.1")]
OFTEN = {
    DAY: ["daily", "once daily", "qd", "q.d.", "OD", "every day", "every 24 h", "q24h", "a day",
          "once a day", "each day", "/day", "1x daily"],
    720: ["bid", "b.i.d.", "BID", "twice daily", "twice a day", "two times a day", "q12h", "q 12 h",
          "every 12 h", "every 12 hours", "2x/day", "every .5 d", "bd"],
    480: ["tid", "t.i.d.", "three times a day", "3 times daily", "q8h", "every 8 h", "tds"],
    360: ["qid", "four times a day", "q6h", "q 6 hours", "every 6 hrs", "4x daily"],
    2880: ["qod", "q.o.d.", "every other day", "every second day", "alternate days", "every 48 h",
           "every 2 d", "q2d", "q48h"],
    WEEK: ["once a week", "every week", "weekly", "every 7 days", "once weekly", "every 168 h"],
}  # fmt: skip
NIGHTLY = ["nightly", "every night", "qhs", "q.h.s.", "QHS", "each evening", "once nightly", "qpm"]
AT_NIGHT = ["at bedtime", "hs", "h.s.", "nocte", "at night", "in the evening", "bedtime"]
IN_THE_MORNING = ["in the morning", "every morning", "qam", "mane", "mornings"]


@dataclass(frozen=True)
class Pen:
    """Draws one of several ways to write something."""

    draw: st.DrawFn

    def pick(self, options: list[Any]) -> Any:
        return self.draw(st.sampled_from(options))

    def chance(self, one_in: int) -> bool:
        return bool(self.draw(st.integers(1, one_in)) == 1)

    def number(self, value: Fraction) -> str:
        """Write a decimal number: ``0.5``, ``.5``, ``0.50``, ``5e-1``."""
        plain = _decimal(value)
        ways = [plain, plain]
        if "." in plain:
            ways += [f"{plain}0", plain.removeprefix("0")]
        else:
            ways.append(f"{plain}.0")
        if self.chance(8) and plain.lstrip("0."):
            ways = [f"{_decimal(value * 10)}e-1", f"{_decimal(value / 10)}E1"]
        return self.pick(ways)

    def mass(self, mg: Fraction) -> str:
        if self.chance(8):
            return self.volume(mg)
        units = {
            1: ["mg", "MG", "milligrams", "Mg"],
            1000: ["ug", "mcg", "µg", "μg", "UG", "micrograms"],
            10**6: ["ng", "NG"],
        }
        scale = self.pick([1, 1, 1, 1000, 10**6] if mg < 1 else [1, 1, 1, 1000])
        return f"{self.number(mg * scale)}{self.pick(['', ' '])}{self.pick(units[scale])}"

    def volume(self, mg: Fraction) -> str:
        strength = self.pick([Fraction(1), Fraction(1, 2), Fraction(2), Fraction(1, 10)])
        of = f"{_decimal(strength)} mg/{self.pick(['mL', 'ml', 'ML', ' ml'])}"
        of = self.pick([of, f"a {of} solution", f"{of} suspension"])
        return f"{_decimal(mg / strength)} {self.pick(['mL', 'ml'])} of {of}"

    def dose(self, mg: Fraction) -> str:
        weight = f"{_decimal(mg)} mg"
        if self.chance(8):
            ways = [f"1 capsule of {weight}", f"one {weight} tablet", f"1 capsule ({weight})"]
            return self.pick([*ways, f"a {weight} capsule", f"Take {weight}"])
        return self.mass(mg)

    def span(self, minutes: int) -> str:
        units = {1: ["min", "minutes"], 60: ["h", "hours", "hr"], DAY: ["d", "days", "D"]}
        units |= {WEEK: ["wk", "weeks", "w"], 30 * DAY: ["mo", "months"]}
        fit = [u for u in units if not minutes % u] + [
            u for u in (WEEK, DAY) if not 2 * minutes % u
        ]
        unit = self.pick(fit[-3:])
        return (
            f"{self.number(Fraction(minutes, unit))}{self.pick(['', ' '])}{self.pick(units[unit])}"
        )

    def clock(self, at: int) -> str:
        hour, minute = divmod(at, 60)
        half, twelve = ("am" if hour < 12 else "pm"), (hour + 11) % 12 + 1
        ways = [f"{hour:02d}:{minute:02d}", f"{hour}:{minute:02d}", f"{twelve}:{minute:02d} {half}"]
        if minute == 0:
            ways += [f"{twelve} {half}", f"{twelve}{half.upper()}", f"{twelve} {half[0]}.m."]
        return f"{self.pick(['at ', 'at ', '@ ', ''])}{self.pick(ways)}"

    def schedule(self, part: Stretch) -> list[str]:
        """Write how often and when."""
        night, plain = part.at >= 18 * HOUR or part.at < 6 * HOUR, self.pick(OFTEN[part.every])
        words, clock = [plain], [self.clock(part.at)]
        if part.every == DAY and night and self.chance(2):
            words = [self.pick(NIGHTLY)]
        elif night and self.chance(4):
            words.append(self.pick(AT_NIGHT))
        elif part.every == DAY and 4 * HOUR <= part.at < 12 * HOUR and self.chance(2):
            words = [self.pick(IN_THE_MORNING)]
            clock = [] if part.at == 8 * HOUR and self.chance(2) else clock
        said = words[0] in NIGHTLY or any(w in AT_NIGHT for w in words)
        if part.at == (22 * HOUR if said else unsaid(part.every)) and self.chance(2):
            clock = []
        if part.every == DAY and words == [plain] and clock and self.chance(4):
            words = []  # daily is what is meant when nothing is said
        return words + clock

    def day(self, number: int) -> str:
        name = NAMES[number]
        return self.pick([name, name[:3], name[:3].upper(), f"{name}s", name.lower()])

    def named(self, days: frozenset[int]) -> str:
        off = frozenset(range(7)) - days
        if off and len(off) < 4 and self.chance(2):
            what = self.pick(["except ", "nights off ", "not on ", "days off: "])
            return what + self.several(off)
        if days == frozenset(range(5)) and self.chance(2):
            return self.pick(["weekdays", "on weekdays", "Mon-Fri", "Monday to Friday"])
        if days == {5, 6} and self.chance(2):
            return self.pick(["weekends", "on weekends", "every weekend"])
        return self.pick(["on ", "", "every "]) + self.several(days)

    def several(self, days: frozenset[int]) -> str:
        names = [self.day(d) for d in self.draw(st.permutations(sorted(days)))]
        if len(names) > 1 and self.chance(2):
            last = self.pick([" and ", ", and ", " & "])
            return ", ".join(names[:-1]) + last + names[-1]
        return self.pick(["/", ", ", ",", " "]).join(names)

    def climb(self, climb: Climb, part: Stretch) -> list[str]:
        every = self.pick(["every ", "every ", "q"]) + self.span(climb.interval)
        target = self.pick(["to ", "up to ", "down to "]) + self.mass(climb.target)
        parts = [f"{self.step(climb)} {every}", target]
        if self.chance(3):
            parts = [f"{self.step(climb)} {target} {every}"]
        if climb.first is not None:
            first = self.span(climb.first)
            parts.append(self.pick([f"hold {first} first", f"first step after {first}"]))
        if climb.held is not None:
            held = self.span(climb.held)
            parts.append(self.pick([f"hold {held}", f"hold for {held}", f"hold at target {held}"]))
        return parts

    def step(self, climb: Climb) -> str:
        if climb.step is not None:
            sign = "+" if climb.step > 0 else self.pick(["-", "−", "–"])
            words = {
                True: ["increase by ", "raise the dose by "],
                False: ["reduce by ", "lower by "],
            }
            sign = self.pick([sign, f"{sign} ", *words[climb.step > 0]])
            return sign + self.mass(abs(climb.step))
        factor = climb.factor or Fraction(1)
        if factor == 2 and self.chance(2):
            return self.pick(["double", "doubling", "double the dose"])
        if factor == Fraction(1, 2) and self.chance(2):
            return self.pick(["halve", "halving"])
        sign, size = ("x", factor) if factor > 1 else ("/", 1 / factor)
        return self.pick(["x", "X", "×"] if sign == "x" else ["/"]) + self.number(size)

    def phase(self, part: Stretch, start: str) -> str:
        parts = [start] if start else []
        length = [self.pick(["for ", "for ", "x ", "x"]) + self.span(part.length)]
        if part.dose is None:
            return self.sentence([self.pick(["stop", "no doses", "nothing"]), *parts, *length])
        parts += self.schedule(part)
        if part.days is not None:
            parts.append(self.named(part.days))
        if part.slow:
            parts.append(self.pick(["slow release", "SR", "sustained-release", "ER"]))
        if self.chance(5):
            parts.append(self.pick(["po", "p.o.", "by mouth", "orally", "PO", "LDN", "naltrexone"]))
        if part.climb is not None:
            parts += self.climb(part.climb, part)
        if part.climb is None or part.climb.held is None:
            parts += length
        dose = self.dose(part.dose) if part.dose else self.pick(["placebo", "Placebo"])
        if self.chance(3):
            return self.sentence(self.draw(st.permutations([dose, *parts])))
        return self.sentence([dose, *parts])

    def sentence(self, parts: list[str]) -> str:
        text = parts[0]
        for part in parts[1:]:
            joints = [" ", " ", ", ", "  ", " , ", ". "]
            # a comma between digits is a decimal comma to the reader, and rightly so
            joints += [","] if not text[-1].isdigit() or ":" in text[-3:] else []
            text += self.pick(joints) + part
        return text


def _decimal(value: Fraction) -> str:
    """Write an exact decimal without exponent."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
        assert digits < 30, value
    whole = str(int(value * 10**digits)).rjust(digits + 1, "0")
    return whole if digits == 0 else f"{whole[:-digits]}.{whole[-digits:]}"


@st.composite
def climbs(draw: st.DrawFn, start: Fraction) -> Climb:
    up = draw(st.booleans())
    times = draw(st.sampled_from([2, 3, 4, 8, 9]))
    target = start * times if up else start / draw(st.sampled_from([2, 4, 5]))
    interval = draw(st.sampled_from([1, 3, 7, 14, 28, 30, 90])) * DAY
    step = factor = None
    if draw(st.booleans()):
        step = (target - start) / draw(st.sampled_from([1, 2, 4])) * draw(st.sampled_from([1, 2]))
    else:
        factor = draw(st.sampled_from([Fraction(2), Fraction(4), Fraction(3, 2), Fraction(10)]))
        factor = factor if up else Fraction(1, draw(st.sampled_from([2, 4, 5])))
    first = draw(st.sampled_from([None, None, DAY, 3 * DAY, WEEK, 36 * HOUR]))
    held = draw(st.sampled_from([None, None, WEEK, 12 * WEEK]))
    return Climb(target, interval, step, factor, first, held)


@st.composite
def stretches(draw: st.DrawFn) -> Stretch:
    kind = draw(st.sampled_from(["dose", "dose", "climb", "climb", "placebo", "stop"]))
    length = draw(st.sampled_from([1, 2, 3, 7, 10, 14, 30, 84, 60])) * DAY
    length += draw(st.sampled_from([0, 0, 0, 12 * HOUR, 90]))
    if kind == "stop":
        return Stretch(None, length)
    dose = Fraction(0) if kind == "placebo" else draw(st.sampled_from(DOSES))
    every = draw(st.sampled_from([DAY, DAY, DAY, *OFTEN]))
    at = draw(st.sampled_from([22 * HOUR, unsaid(every), 480, 1290, 450, 30, 0, 720, 1439]))
    days = None
    if every <= DAY and draw(st.booleans()):
        some = st.frozensets(st.integers(0, 6), min_size=1, max_size=6)
        days = draw(st.one_of(some, st.just(frozenset(range(5))), st.just(frozenset({5, 6}))))
    part = Stretch(dose, length, every, at, days, None, draw(st.booleans()) and draw(st.booleans()))
    if kind != "climb":
        return part
    climb = draw(climbs(dose))
    # steps faster than doses are not how anybody writes it; which "every" is which would be a guess
    climb = replace(climb, interval=max(climb.interval, part.every))
    held = climb.held
    length = length if held is None else time_to_target(dose, climb) + held
    return replace(part, climb=climb, length=length)


@st.composite
def written_plans(draw: st.DrawFn) -> tuple[Plan, str]:
    """Draw a plan and a way to write it."""
    parts = draw(st.lists(stretches(), min_size=1, max_size=3))
    named = any(p.days is not None for p in parts)
    weekday = draw(st.integers(0, 6)) if named and draw(st.booleans()) else 0
    pen = Pen(draw)
    starts = [""] * len(parts)
    if weekday:
        starts[0] = pen.pick(["starting on ", "starting ", "starts on a "]) + pen.day(weekday)
    text = ""
    for part, start in zip(parts, starts, strict=True):
        words = [", then ", " then ", "; ", ";", ". Then ", ", and then ", " THEN ", "; then "]
        text += (pen.pick(words) if text else "") + pen.phase(part, start)
    return Plan(tuple(parts), weekday), text + pen.pick(["", "", ".", " "])
