"""Does benefit outlast treatment, and when?

Inflamed patients who differ in their outside driver (infection, mould) take one of several doses
nightly for half a year, then stop for half a year. Each is classed by TNF and pain at the end of
treatment and at the end of the time without. Why some relapse is read from the untreated states of
the same patients: without a resolved state to rest in, nothing can last. The answer is printed; it
is made from the runs and changes with the model.

    python experiments/after_stopping.py [--out DIR] [--weeks N] [--points N] [--threads N]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from after_stopping_edges import edges
from after_stopping_longer import longer_sentence
from common import (
    PAIN_FALL,
    TNF_FALL,
    Floats,
    against,
    arguments,
    failures,
    guarded,
    paragraphs,
    parameter_lines,
    percent,
    responds,
    say,
    values,
    write,
)
from numpy.typing import NDArray

from ldnsim import Study
from ldnsim.catalog import cite, hypotheses, phenotypes, references
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.status import Status
from ldnsim.model import default_model

HYPOTHESIS, PHENOTYPE = "dual_pathway", "default"
USUAL = 4.5
"""Dose (mg) whose time courses are drawn."""
SUMMARIES = (
    "tnf_change_percent", "tnf_change_end_percent", "pain_change_percent",
    "pain_change_end_percent",
)  # fmt: skip
STOPPED = ("smith2007",)
"""References that saw patients after the drug was stopped."""
HANGS_ON = (
    "k_autocrine", "tnf_autocrine50", "k_activation", "k_resolving", "k_deactivation", "damp_gain",
    "tnf_from_m1", "tnf_basal_signal",
)  # fmt: skip


class Outcome(IntEnum):
    """What became of a patient."""

    FAILED = -1
    NONE = 0
    LOST = 1
    LATE = 2
    LASTS = 3

    @property
    def words(self) -> str:
        """Text for the answer and the figure."""
        return {
            Outcome.FAILED: "run failed",
            Outcome.NONE: "no response",
            Outcome.LOST: "response lost after stopping",
            Outcome.LATE: "response only after stopping",
            Outcome.LASTS: "lasting response",
        }[self]


@dataclass(frozen=True)
class Setting:
    """How much to compute.

    Attributes:
        drivers: number of values of the outside driver.
        weeks: weeks of treatment, and of follow-up after it.
        doses: nightly doses in mg.
        lowest: weakest driver.
        highest: strongest driver.
        threads: threads; all cores when None.
    """

    drivers: int = 19
    weeks: int = 26
    doses: tuple[float, ...] = (0.5, 1.5, 3.0, USUAL, 6.0)
    lowest: float = 0.02
    highest: float = 0.2
    threads: int | None = None


@dataclass(frozen=True)
class Branches:
    """Untreated states along the driver; NaN where a patient has no such state.

    Attributes:
        driver: values of the driver, (n,).
        inflamed: 24 h mean of inflamed microglia in that state, (n,).
        resolved: the same for the resolved state, (n,).
        lower: driver below which the inflamed state is gone; NaN if it is there at all of them.
        upper: driver above which the resolved state is gone; NaN if it is there at all of them.
        odd: patients in whom a state could not be found for another reason (a limit cycle).
    """

    driver: Floats
    inflamed: Floats
    resolved: Floats
    lower: float
    upper: float
    odd: int


def classify(
    tnf: Floats, pain: Floats, tnf_end: Floats, pain_end: Floats
) -> NDArray[np.int64]:  # fmt: skip
    """Class patients by percent changes in the last treated week and in the last week of all."""
    during, after = responds(tnf, pain), responds(tnf_end, pain_end)
    known = np.isfinite(np.asarray(tnf) + pain + tnf_end + pain_end)
    found = np.select(
        [~known, during & after, during, after],
        [Outcome.FAILED, Outcome.LASTS, Outcome.LOST, Outcome.LATE],
        default=Outcome.NONE,
    )
    return found.astype(np.int64)


def run(setting: Setting) -> xr.Dataset:
    """Run driver x dose: treatment, then as long without."""
    weeks = setting.weeks
    study = Study.build(
        {
            "title": "Does benefit outlast treatment?",
            "hypothesis": HYPOTHESIS,
            "patient": {"phenotype": PHENOTYPE, "basin": "inflamed"},
            "regimen": f"{USUAL} mg nightly at 22:00, for {weeks} wk, then stop for {weeks} wk",
            "axes": [
                {
                    "name": "driver", "field": "parameters.driver",
                    "linspace": [setting.lowest, setting.highest, setting.drivers], "digits": 4,
                },
                {"name": "dose", "field": "regimen.target",
                 "values": [f"{d:g} mg" for d in setting.doses]},
            ],
            "output": {
                "every": "1 d", "night": False, "ledger": False, "summaries": list(SUMMARIES),
                "variables": ["microglia_m1", "tnf", "pain", "opioid_tone"],
            },
        },
        "after_stopping",
    )  # fmt: skip
    say("driver x dose (the first run on a machine compiles the model, about half a minute)")
    ds = study.run(threads=setting.threads)
    kinds = classify(*(values(ds, n) for n in (
        "tnf_change_percent", "pain_change_percent", "tnf_change_end_percent",
        "pain_change_end_percent",
    )))  # fmt: skip
    return ds.assign(outcome=(("driver", "dose"), kinds))


def untreated(
    drivers: Floats, inflamed: bool, threads: int | None
) -> tuple[Floats, NDArray[np.int8]]:
    """Return inflamed microglia of the untreated state asked for, and the status of the search."""
    model = default_model()
    base = {**hypotheses()[HYPOTHESIS].overrides, **phenotypes()[PHENOTYPE].overrides}
    rows = [model.parameter_vector({**base, "driver": float(x)}) for x in drivers]
    orbits = find_orbits(default_model(), np.array(rows), np.full(len(rows), inflamed), threads)
    return orbits.mean[:, model.observable_index["microglia_m1"]], orbits.status


def branches(setting: Setting) -> Branches:
    """Follow both untreated states from no driver to half above the strongest."""
    say("untreated states along the driver")
    driver = np.linspace(0.0, 1.25 * setting.highest, 26)
    m1, ok, odd = {}, {}, 0
    for inflamed in (True, False):
        mean, status = untreated(driver, inflamed, setting.threads)
        ok[inflamed] = status == Status.OK
        odd += int(np.sum((status != Status.OK) & (status != Status.NO_SUCH_BASIN)))
        m1[inflamed] = np.where(ok[inflamed], mean, np.nan)

    def exists(x: Floats, inflamed: bool) -> NDArray[np.bool_]:
        return np.asarray(untreated(x, inflamed, setting.threads)[1] == Status.OK)

    lower, upper = edges(driver, ok[True], ok[False], exists)
    return Branches(driver, m1[True], m1[False], lower, upper, odd)


def has_resolved(driver: Floats, b: Branches) -> NDArray[np.bool_]:
    """Whether patients with these drivers have a resolved state."""
    if np.isnan(b.upper):
        return np.full(len(driver), bool(np.isfinite(b.resolved).any()))
    return np.asarray(driver) < b.upper


def edge_sentence(b: Branches) -> str:
    """Name the drivers between which both untreated states exist."""
    last = b.driver[-1]
    low = (
        "The inflamed state exists at every driver looked at, down to none at all: such a patient "
        "can stay inflamed with nothing left to drive it."
        if np.isnan(b.lower) and np.isfinite(b.inflamed).all()
        else "No inflamed state was found."
        if not np.isfinite(b.inflamed).any()
        else f"Below a driver of {b.lower:.3f} the inflamed state no longer exists."
    )
    high = (
        f"Above {b.upper:.3f} the resolved state no longer exists."
        if np.isfinite(b.upper)
        else f"The resolved state exists up to the strongest driver looked at ({last:.2g})."
        if np.isfinite(b.resolved).any()
        else "No resolved state was found."
    )
    odd = f" In {b.odd} searches no stable daily rhythm was found." if b.odd else ""
    return f"{low} {high}{odd}"


def headline_of(outcome: NDArray[np.int64]) -> str:
    """Answer the question in one sentence."""
    n = {o: int(np.sum(outcome == o)) for o in Outcome}
    counts = ", ".join(f"{o.words} in {n[o]}" for o in reversed(Outcome) if n[o])
    total = f"Of {outcome.size} patients and doses: {counts}."
    responders = n[Outcome.LASTS] + n[Outcome.LOST]
    if not responders:
        return f"Not answered: nobody responds by the end of treatment. {total}"
    if not n[Outcome.LOST]:
        return f"Yes: every response by the end of treatment lasts. {total}"
    if not n[Outcome.LASTS]:
        return f"No: every response is lost again. {total}"
    return f"It can, in some patients: {n[Outcome.LASTS]} of {responders} responses last. {total}"


def rule_sentence(driver: Floats, outcome: NDArray[np.int64], b: Branches) -> str:
    """Test the rule that a response lasts if, and only if, there is a resolved state."""
    kept = np.isin(outcome, (Outcome.LASTS, Outcome.LOST))
    if not kept.any():
        return ""
    expected = np.broadcast_to(has_resolved(driver, b)[:, None], outcome.shape)
    right = int(np.sum(expected[kept] == (outcome[kept] == Outcome.LASTS)))
    verdict = "holds" if right == kept.sum() else "does not hold throughout"
    told = (
        "The rule 'a response lasts if the patient has a resolved state to rest in' is right for "
        f"{right} of {int(kept.sum())} responses: it {verdict}."
    )
    state = (
        " What lasts is the state, not the drug: a patient who rests in it needs no more doses, in "
        "the model, for good."
    )
    return told + (state if right == kept.sum() else "")


def exceptions(ds: xr.Dataset, b: Branches) -> tuple[Floats, Floats]:
    """Return driver and dose of the responses that last without a resolved state."""
    driver, dose = values(ds, "driver"), values(ds, "dose")
    at, which = np.nonzero(np.asarray(ds["outcome"]) == Outcome.LASTS)
    bare = ~has_resolved(driver, b)[at]
    return driver[at[bare]], dose[which[bare]]


def dose_sentences(ds: xr.Dataset) -> list[str]:
    """Say for each dose up to which driver it brings a response, and up to which it lasts."""
    driver, outcome = values(ds, "driver"), np.asarray(ds["outcome"])
    lines = []
    for j, dose in enumerate(values(ds, "dose")):
        lasts, lost = (driver[outcome[:, j] == o] for o in (Outcome.LASTS, Outcome.LOST))
        late = driver[outcome[:, j] == Outcome.LATE]
        parts = [
            f"{word} at drivers {x.min():.3g} to {x.max():.3g}" if x.size > 1 else
            f"{word} at driver {x[0]:.3g}"
            for word, x in (("lasts", lasts), ("lost", lost), ("comes late", late)) if x.size
        ]  # fmt: skip
        lines.append(f"  {dose:g} mg: {'; '.join(parts) or 'no response at any driver'}.")
    return lines


def size_sentence(ds: xr.Dataset) -> str:
    """Say how large lasting and lost responses are on average."""
    outcome = np.asarray(ds["outcome"])
    parts = []
    for o in (Outcome.LASTS, Outcome.LOST):
        if not (outcome == o).any():
            continue
        t0, t1, p0, p1 = (float(values(ds, n)[outcome == o].mean()) for n in SUMMARIES)
        parts.append(
            f"{o.words}: TNF {percent(t0)} at the end of treatment and {percent(t1)} at the end of "
            f"follow-up, pain {percent(p0)} and {percent(p1)}"
        )
    return f"On average, {'; '.join(parts)}." if parts else ""


def slow_sentence(ds: xr.Dataset) -> str:
    """Say how many lost responses are lost by pain alone so far, and how near to its limit."""
    tnf, pain = values(ds, "tnf_change_end_percent"), values(ds, "pain_change_end_percent")
    slow = (np.asarray(ds["outcome"]) == Outcome.LOST) & (tnf <= -TNF_FALL)
    if not slow.any():
        return ""
    span = " to ".join(dict.fromkeys(f"{-x:.1f}" for x in (pain[slow].max(), pain[slow].min())))
    return (
        f"In {int(slow.sum())} of the lost responses TNF is still down by {TNF_FALL:g} % or more "
        f"at the end, and pain by {span} %: these are "
        "lost by the limit chosen for pain; they go back slowly, near the edge."
    )


def answer(ds: xr.Dataset, b: Branches, weeks: int) -> str:
    """Write the answer from the runs and the untreated states."""
    outcome, driver = np.asarray(ds["outcome"]), values(ds, "driver")
    parts = [
        "DOES BENEFIT OUTLAST TREATMENT, AND WHEN?",
        headline_of(outcome),
        f"Treated for {weeks} weeks, then followed for {weeks} weeks without. A response is a fall "
        f"of TNF by {TNF_FALL:g} % and of pain by {PAIN_FALL:g} % or more, in a whole week's mean.",
        "By dose:",
        *dose_sentences(ds),
        size_sentence(ds),
        slow_sentence(ds),
        edge_sentence(b),
        rule_sentence(driver, outcome, b),
        longer_sentence(*exceptions(ds, b), weeks, HYPOTHESIS),
        "It hangs on these numbers, which make the switch:",
        *parameter_lines(HANGS_ON),
        "What was found on the time after stopping; nothing longer, and no controlled withdrawal:",
        *(f"  {references()[key].finding} {cite([key])[0]}" for key in STOPPED),
        "Evidence that speaks against the hypothesis used:",
        *against((HYPOTHESIS,)),
        "That a patient has two resting states is an assumption of the model; nobody measured a "
        "patient's basin. One set of parameters was chosen because it shows this behaviour: it is "
        "possible, not proven. Not medical advice.",
        failures(ds),
    ]
    return paragraphs(parts)


def tables(ds: xr.Dataset, b: Branches) -> dict[str, Any]:
    """Return the numbers behind the figure as tables."""
    states = xr.Dataset(
        {"m1_inflamed": ("driver", b.inflamed), "m1_resolved": ("driver", b.resolved)},
        coords={"driver": b.driver},
    )
    runs = ds[[*SUMMARIES, "outcome"]].to_dataframe()
    return {"after_stopping_runs": runs, "after_stopping_states": states.to_dataframe()}


def experiment(out: Path, setting: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    from after_stopping_picture import picture

    ds, b = run(setting), branches(setting)
    text = answer(ds, b, setting.weeks)
    write(out, "after_stopping", text, picture(ds, b, setting.weeks), tables(ds, b))
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments("Does benefit outlast treatment, and when?", "after_stopping", argv)
    setting = Setting(given.points or Setting.drivers, given.weeks, threads=given.threads)
    return guarded(lambda: experiment(given.out, setting))


if __name__ == "__main__":
    sys.exit(main())
