"""How often analyses of trials reject a true null hypothesis, and their intervals hold the truth.

``docs/refresh.py`` writes the table to the page; seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr

from ldnsim.analysis.trial import estimate as e
from ldnsim.analysis.trial.estimate import Estimate
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.patients.draws import generator

MANY, SOME = 10_000, 2_000
Row = tuple[str, int, Flags | None, Flags | None]


def table() -> str:
    """Return the rows as Markdown."""
    lines = [
        "| analysis, of trials | trials | rejects, % | interval holds, % |",
        "|---|---|---|---|",
    ]
    for part in (groups, repeated, within, several, interim, ladders):
        for name, trials, rejected, held in part():
            told = ["-" if v is None else f"{100.0 * v.mean():.1f}" for v in (rejected, held)]
            lines.append(f"| {name} | {trials:,} | {told[0]} | {told[1]} |")
    return "\n".join(lines)


def row(name: str, found: Estimate, true: float = 0.0, null: bool = True) -> Row:
    """Return a row of estimates whose truth is known."""
    held = (found.low <= true) & (true <= found.high)
    return name, len(found.p), found.rejected() if null else None, held


def groups() -> Iterator[Row]:
    """Two groups."""
    r = generator(1, "groups")
    y, arm = r.normal(size=(MANY, 40)), np.tile([0, 1], 20)
    yield row("Welch, 20 and 20 patients, deviations 1 and 2", e.welch(2 * y[:, ::2], y[:, 1::2]))
    x = r.normal(size=y.shape)
    left = np.where(r.random(y.shape) < 0.15, np.nan, y + x)
    yield row("ANCOVA, 20 and 20, 15 % lost", e.ancova(left, arm, x).comparison(0))
    yes = (r.random((2, MANY, 32)) < 0.3).astype(float)
    yield row("responders, 32 and 32, 30 % of them", e.responders(yes[0], yes[1]))
    time = r.exponential(size=(MANY, 60))
    found = e.log_rank(np.minimum(time, 1.0), time < 1.0, np.tile([0, 1], 30))
    yield row("log-rank, 30 and 30, 37 % censored", found)


def repeated() -> Iterator[Row]:
    """Four visits; on drug those leave who are badly, on placebo those who are well."""
    for n, rate, pull in ((64, 0.06, 0.5), (40, 0.12, 1.0)):
        r = generator(1, "repeated", n)
        arm = np.arange(n) % 2
        y = r.normal(size=(SOME, n, 4)) * 0.6 + r.normal(size=(SOME, n, 1)) * 0.8
        gone = np.zeros((SOME, n), dtype=bool)
        for visit in range(1, 4):
            badly = np.where(arm == 1, 1.0, -1.0) * np.nan_to_num(y[:, :, visit - 1])
            gone |= r.random(gone.shape) < rate * np.exp(pull * badly)
            y[gone, visit] = np.nan
        name = f"{n} patients, {100.0 * gone.mean():.0f} % lost by what was seen"
        found = e.repeated(y, arm).at().comparison(0)
        own = e.repeated(y, arm, errors="expected").at().comparison(0)
        yield row(f"repeated measures, {name}", found)
        yield row("same trials, Kenward and Roger's own formula", own)
        yield row("same trials, ANCOVA of who stayed", e.ancova(y[..., -1], arm).comparison(0))


def within() -> Iterator[Row]:
    """Crossover and n-of-1."""
    r = generator(1, "within")
    order = np.repeat([0, 1], 12)
    y = r.normal(size=(MANY, 24, 2)) * 0.6 + r.normal(size=(MANY, 24, 1))
    found = e.crossover(y, order)
    yield row("crossover, 24 patients", found.treatment)
    assert found.carry_over is not None
    first = e.welch(y[:, order == 1, 0], y[:, order == 0, 0])
    chosen = np.where(found.carry_over.rejected(0.1), first.rejected(), found.treatment.rejected())
    yield "the same, first period alone when carry-over has P < 0.1", MANY, chosen, None
    cycles = r.normal(size=(SOME, 12, 4)) + 0.7 * r.normal(size=(SOME, 12, 1))
    yield row("n-of-1 series, 12 patients, 4 cycles", e.series(cycles).mean)


def several() -> Iterator[Row]:
    """Three doses and placebo; any false rejection counts."""
    y, arm = generator(1, "several").normal(size=(MANY, 64)), np.arange(64) % 4
    doses = np.array([0.0, 1.5, 3.0, 4.5])
    yield row("trend over four doses, 16 each", e.trend(y, arm, doses))
    raw = e.ancova(y, arm)
    each = {
        "any of three arms, not adjusted": raw,
        "any of three arms, Dunnett": e.dunnett(raw, e.counts(y, arm)),
        "any of three arms, Holm": e.holm(raw),
    }
    for name, found in each.items():
        yield name, MANY, found.rejected().any(axis=-1), None


def interim() -> Iterator[Row]:
    """A look at half the patients."""
    y, arm = generator(1, "interim").normal(size=(MANY, 64)), np.arange(64) % 4
    half = np.arange(64) < 32
    two = arm < 2
    end = e.ancova(y[:, two], arm[two]).comparison(0)
    first = e.ancova(y[:, two & half], arm[two & half]).comparison(0)
    stop = e.futile(e.predictive_power(e.signed_z(first), 0.5))
    yield "ANCOVA, look not obeyed", MANY, end.rejected(), None
    yield "stopped for futility, predictive power < 10 %", MANY, end.rejected() & ~stop, None
    going = e.keep_best(e.signed_z(e.ancova(y[:, half], arm[half])), 1)
    on = np.concatenate([np.ones((MANY, 1), dtype=bool), going], axis=-1)[:, arm] | half
    left = np.where(on, y, np.nan)
    raw = e.ancova(left, arm)
    for name, found in (("not adjusted", raw), ("Dunnett", e.dunnett(raw, e.counts(left, arm)))):
        rejected = (found.rejected() & going).any(axis=-1)
        yield f"best of three arms goes on, {name}", MANY, rejected, None


def ladders() -> Iterator[Row]:
    """Up-and-down series of 25 patients, median 3.9, deviation 0.8, steps of 0.5."""
    doses = np.arange(0.5, 6.6, 0.5)
    step, response = walk(doses, 25)
    counts = e.Counts.of(step, response, len(doses))
    each = {
        "isotonic": e.up_and_down(step, response, doses, draws=200),
        "Dixon and Mood": e.dixon_mood(counts, doses)[0],
        "probit": e.probit(counts, doses, log=False).dose,
    }
    for name, found in each.items():
        known = np.isfinite(found.se)
        held = (found.low <= 3.9) & (found.high >= 3.9)
        yield f"up-and-down, 25 patients, {name}", int(known.sum()), None, held[known]


def walk(doses: Floats, patients: int) -> tuple[Ints, Floats]:
    """Draw 1,000 series."""
    r = generator(1, "ladders")
    at = np.full(1000, 5)
    step, response = np.zeros((1000, patients), int), np.zeros((1000, patients))
    for k in range(patients):
        step[:, k] = at
        response[:, k] = r.random(1000) < ndtr((doses[at] - 3.9) / 0.8)
        at = np.clip(np.where(response[:, k] > 0, at - 1, at + 1), 0, len(doses) - 1)
    return step, response


if __name__ == "__main__":
    print(table())
