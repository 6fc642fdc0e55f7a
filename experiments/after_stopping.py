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
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from after_stopping_longer import longer_sentence
from after_stopping_picture import picture
from after_stopping_runs import (
    HYPOTHESIS,
    SUMMARIES,
    Branches,
    Outcome,
    Setting,
    branches,
    has_resolved,
    run,
)
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
    values,
    write,
)
from numpy.typing import NDArray

from ldnsim.edition import shipped

STOPPED = ("smith2007",)
"""References that saw patients after the drug was stopped."""
HANGS_ON = (
    "activation_priming", "priming50", "activation_signal", "t_half_priming", "tone_brake",
    "tone_brake50", "tnf_from_m1",
)  # fmt: skip


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
    told += state if right == kept.sum() else ""
    if expected[kept].all():
        told += " Nobody without one responded: the rule's other half is not tested."
    return told


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
        *(f"  {shipped().references[key].finding} {shipped().cite([key])[0]}" for key in STOPPED),
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
