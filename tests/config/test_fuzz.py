"""Mutated study files are planned or refused in plain words: no traceback, hang or gigabytes.

A mutant is one of the shipped studies with some of its text or values changed, from a seed. What is
accepted must survive its own resolved text.
"""

from __future__ import annotations

import random
import resource
import signal
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ldnsim.config import toml
from ldnsim.engine.solve import batch
from ldnsim.errors import UserError
from ldnsim.sweep.study import Study

SHIPPED = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))
CPU_SECONDS = 20
MOST_MEMORY = 2 * 2**30
FEW, MANY = 150, 2000

NUMBERS = [
    "0", "-1", "1e999", "-1e999", "nan", "inf", "9" * 400, "9" * 5000, "0x10", "1_000", "1e-320",
    ".5", "1e99999999", "2147483648", "9223372036854775808", "1e12", "1e-9", "1e15", "100000", "7",
]  # fmt: skip
VALUES: list[Any] = [
    True, False, 0, -1, 1, 2.5, 1e308, 1e-320, float("inf"), float("nan"), 2**31, 2**62, "", "x",
    "é", "4.5 mg", "4,5 mg", "1e-9 h", "1e12 h", "99999999 wk", "9**9**9 h", "inf mg",
    "1 year", "26 wk", "5200 wk", "1 min", "default", "all", "none", "standard", "dose",
    "placebo nightly at 22:00, for 2 wk", "1 mg every 1 min for 52 wk", "4.5 mg nightly", [], [[]],
    [1, "x"], ["1 mg", "2 mg"], ["1 mg", "50 mg", 100_000], [0.1, 5.0, 100_000],
    {}, {"a": {"b": [1]}}, "x" * 10_000, "22:00", 22.30, "1/8 of target", 100_000, 10_000_000,
]  # fmt: skip
PARTS = [
    '"', "'", "[", "]", "{", "}", "=", ",", ".", "\n", "#", "\0", "\t", "\ufeff", "é", "µ",
    "[[axes]]\n", "[x]\n", "a." * 50, "[" * 600, "1e", " then ", "mg", " h", "\\", '"""', "\u2212",
]  # fmt: skip

Mutator = Callable[[random.Random, str], str]


def cut(rng: random.Random, text: str) -> str:
    a, b = sorted(rng.randrange(len(text) + 1) for _ in range(2))
    return text[:a] + text[min(b, a + rng.choice([1, 5, 50, 500])) :]


def insert(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(PARTS) + text[at:]


def swap_lines(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    if rng.random() < 0.5:
        lines.pop(rng.randrange(len(lines)))
    return "".join(lines)


def number(rng: random.Random, text: str) -> str:
    at = [i for i, c in enumerate(text) if c.isdigit() and not text[i - 1 : i].isdigit()]
    if not at:
        return text
    start = end = rng.choice(at)
    while end < len(text) and (text[end].isdigit() or text[end] == "."):
        end += 1
    return text[:start] + rng.choice(NUMBERS) + text[end:]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container with a key or index in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def change_value(rng: random.Random, text: str) -> str:
    data = tomllib.loads(text)
    holder, key = rng.choice(list(places(data)))
    what = rng.random()
    if what < 0.7:
        holder[key] = rng.choice(VALUES)
    elif what < 0.8:
        del holder[key]
    elif isinstance(holder, dict):
        holder[
            rng.choice(["size", "every", "values", "seed", "at", "field", "é", "a b", key + "x"])
        ] = rng.choice(VALUES)
    else:
        holder.extend([holder[key]] * rng.choice([1, 3, 1000]))
    return toml.dumps(data)


def new_block(rng: random.Random, text: str) -> str:
    """Add a block that the study may or may not have."""
    field = rng.choice(
        ["regimen.target", "regimen.at", "regimen.interval", "regimen.duration", "regimen",
         "modifiers", "parameters.cl", "parameters.driver", "hypothesis", "patient.smoker",
         "subject", "adherence.p_missed", "patient.functional_capacity", "regimen.phases.0.every"]
    )  # fmt: skip
    values = toml._inline(rng.choice(VALUES))
    kind = rng.choice(["values", "linspace", "logspace"])
    blocks = [
        f'[[axes]]\nname = "extra"\nfield = "{field}"\n{kind} = {values}\n',
        f'[[changes]]\nat = {values}\nparameter = "driver"\nfactor = 2\n',
        f"[population]\nsize = {values}\n",
        f"[adherence]\np_missed = {values}\n",
        f"[output]\nevery = {values}\n",
        f"[patient.parameters]\ncl = {values}\n",
    ]
    return text + "\n" + rng.choice(blocks)


MUTATORS: list[Mutator] = [cut, insert, swap_lines, number, change_value, change_value, new_block]


def mutant(seed: int) -> str:
    rng = random.Random(seed)
    text = rng.choice(SHIPPED).read_text(encoding="utf-8")
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        try:
            text = rng.choice(MUTATORS)(rng, text)
        except (tomllib.TOMLDecodeError, RecursionError, ValueError, IndexError):
            continue  # no longer TOML: only its text can be changed further
    return text


@contextmanager
def limited() -> Iterator[None]:
    """Raise in what takes more processor time than is patient."""

    def late(*_: object) -> None:
        raise AssertionError(f"over {CPU_SECONDS} s of processor time")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def outcome(text: str) -> str:
    """Load and plan a study; return how far it came."""
    try:
        study = Study.loads(text, "mutant.toml")
    except UserError as error:
        assert str(error).startswith("mutant.toml"), str(error)[:200]
        assert "validation error" not in str(error) and len(str(error)) < 30_000
        return "refused when read"
    assert Study.loads(study.resolved()) == study
    try:
        assert study.plan().describe()
    except UserError as error:
        assert str(error) and len(str(error)) < 30_000
        return "refused when planned"
    return "planned"


def fuzz(seeds: range, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    # to plan a population starts no solver
    monkeypatch.setattr(batch, "solve", lambda *_: pytest.fail("solved"))
    found: Counter[str] = Counter()
    for seed in seeds:
        text = mutant(seed)
        try:
            with limited(), warnings.catch_warnings():
                warnings.simplefilter("error")
                found[outcome(text)] += 1
        except Exception as error:
            raise AssertionError(f"mutant {seed}: {text[:3000]}") from error
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        assert memory < MOST_MEMORY, f"mutant {seed} took {memory / 2**30:.1f} GiB"
    return found


def test_mutated_studies_are_planned_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = fuzz(range(FEW), monkeypatch)
    assert found["planned"] > FEW // 20 and found["refused when read"] > FEW // 5


@pytest.mark.long
@pytest.mark.soak
def test_thousands_of_mutated_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    found = fuzz(range(FEW, FEW + MANY), monkeypatch)
    print(dict(found))
    assert sum(found.values()) == MANY
