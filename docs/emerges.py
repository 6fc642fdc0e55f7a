"""What the default numbers give, as a table for ``docs/model.md``: made by ``docs/refresh.py``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import Measure, run_specs, week

DOSES = (0.5, 1.0, 1.5, 3.0, 4.5, 6.0, 10.0, 15.0, 50.0)
DRIVERS = (0.02, 0.05, 0.1, 0.5)
LADDER = "0.5 mg nightly, +0.5 mg every {} d to 4.5 mg, for 52 wk"


def emerges() -> str:
    """Return the table of what emerges with the default parameters."""
    rows = [_tone(), _doses(), _high(), _drivers(), _depleted(), _robust(), _dreams()]
    lines = ["| behaviour | what the model does |", "|---|---|"]
    return "\n".join([*lines, *(f"| {what} | {said} |" for what, said in rows)])


def _means(cases: Sequence[RunSpec], weeks: int, names: str, of: Sequence[int]) -> Floats:
    """Return weekly means less the untreated day, shape (cases, variables, weeks asked for)."""
    asked = [week(name, k) for name in names.split() for k in of]
    got = run_specs(cases, weeks, asked)
    rest = np.stack([got.baseline(name) for name in names.split()], axis=1)
    return got.values.reshape(len(cases), -1, len(of)) - rest[:, :, None]


def _points(values: Floats, digits: int = 2) -> str:
    # -0.00 would read as a fall
    return ", ".join(f"{v + 0.0:+.{digits}f}" for v in np.round(values, digits))


def _tone() -> tuple[str, str]:
    case = RunSpec.of("4.5 mg nightly, for 12 wk, then stop for 14 wk")
    tone = 100.0 * _means([case], 26, "opioid_tone", (1, 2, 4, 8, 12, 13, 16, 26))[0, 0]
    return (
        "lost first, gained later",
        "opioid tone on glia, mean of the day, weeks 1, 2, 4, 8, 12 of 4.5 mg: "
        f"{_points(tone[:5], 0)} %; 1, 4 and 14 weeks after stopping {_points(tone[5:], 0)} %",
    )


def _doses() -> tuple[str, str]:
    cases = [RunSpec.of(f"{d:g} mg nightly, for 26 wk, then stop for 52 wk") for d in DOSES]
    pain = _means(cases, 78, "pain", (26, 78))[:, 0]
    kept = [f"{d:g}" for d, p in zip(DOSES, pain[:, 1], strict=True) if p < -0.5]
    return (
        "graded below, tipping within, lasting",
        f"pain in week 26 on {', '.join(f'{d:g}' for d in DOSES)} mg: {_points(pain[:, 0])}. "
        f"A year after stopping {', '.join(kept)} mg reach {pain[:, 1].min():+.1f}, "
        "more than at the stop, the others nothing: the former have tipped",
    )


def _high() -> tuple[str, str]:
    up = "then 10 mg nightly for 4 wk, then 20 mg nightly for 4 wk, then 50 mg nightly for 52 wk"
    cases = [
        RunSpec.of("50 mg nightly, for 112 wk"),
        RunSpec.of(f"4.5 mg nightly, for 52 wk, {up}"),
    ]
    got = _means(cases, 112, "pain opioid_tone analgesic_tone", (26, 112))
    tone = _points(100.0 * got[0, 1:, 0], 0)
    return (
        "window of starting doses",
        f"50 mg from the first day: effector and analgesic tone {tone} %, pain "
        f"{got[0, 0, 0]:+.2f} in week 26. Who has tipped on 4.5 mg and then takes 50 mg for a "
        "year: "
        f"{got[1, 0, 1]:+.1f}",
    )


def _drivers() -> tuple[str, str]:
    cases = [
        RunSpec.of("6 mg nightly, for 26 wk, then stop for 52 wk", parameters={"driver": d})
        for d in DRIVERS
    ]
    pain = _means(cases, 78, "pain", (26, 78))[:, 0]
    return (
        "persistent driver",
        f"6 mg at drivers of {', '.join(f'{d:g}' for d in DRIVERS)}: {_points(pain[:, 0])} in week "
        f"26, {_points(pain[:, 1])} a year after stopping: less, and nothing that lasts",
    )


def _paces(who: str) -> str:
    cases = [RunSpec.of(LADDER.format(d), phenotype=who) for d in (3, 14)]
    cases.append(RunSpec.of("4.5 mg nightly, for 52 wk", phenotype=who))
    got = _means(cases, 52, "pain reserve_level", range(1, 53))
    said = [
        f"{name}: worst week {p.max():+.2f}, last {p[-1]:+.2f}, reserve {r[-1]:+.2f}"
        for name, (p, r) in zip(("steps of 3 d", "of 14 d", "at once"), got, strict=True)
    ]
    return "; ".join(said)


def _depleted() -> tuple[str, str]:
    return "depleted patient, a year to 4.5 mg", _paces("depleted")


def _robust() -> tuple[str, str]:
    return "default patient, the same", _paces("default")


def _dreams() -> tuple[str, str]:
    cases = [RunSpec.of("4.5 mg nightly, for 26 wk"), RunSpec.of(LADDER.format(14))]
    spans = [Measure("vivid_dreams", "max", 168.0 * (k - 1), 168.0 * k) for k in range(1, 27)]
    got = run_specs(cases, 26, spans).values
    return (
        "dreams",
        f"highest score of a night: {got[0, 0]:.1f} in the first week of 4.5 mg, {got[0, 3]:.1f} "
        f"in the fourth; {got[1].max():.1f} at most with steps of 14 d",
    )
