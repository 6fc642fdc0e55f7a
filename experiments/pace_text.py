"""What the pace experiment says: its answer in sentences and tables, made from the runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from common import Floats, failures, paragraphs, parameter_lines, table, values
from pace_map import FLAT, Row, judge, shares, steps
from pace_runs import FASTEST, MAIN, RIVALS, SLOWEST, STEPS, USUAL, WHO

from ldnsim.model import default_model

QUESTION = "Does the interval between steps matter, for whom, and why?"
WEIGHED, MEAN = "benefit_with_staying", "pain_mean"
FIFTH = 0.2
"""Largest step between neighbouring intervals, as a share of the range, that is smooth. Chosen."""
LEAST = 0.05
"""Range of mean pain (points) from which the interval does something under a hypothesis. Chosen."""
HANGS_ON = (
    "reserve_learning", "reserve_wear", "expression_ceiling", "expression_gain", "unmet_drain",
    "t_half_expression_pomc", "t_reserve", "hazard_no_benefit", "hazard_burden",
)  # fmt: skip


def grid(ds: xr.Dataset, name: str) -> Floats:
    """Return a map (target, interval) of the usual intervals, higher is better.

    Of drawn patients it is the mean of those without a failed run.
    """
    usual = ds.sel(interval=ds["interval"] >= FASTEST)
    y = values(usual, name) * (-1.0 if name == MEAN else 1.0)
    if "patient" not in ds.dims:
        return y
    whole = np.isfinite(y).all(axis=(0, 1))
    return y[:, :, whole].mean(axis=2)


def days(ds: xr.Dataset) -> Floats:
    """Return the usual intervals, days."""
    x = values(ds, "interval")
    return x[x >= FASTEST]


def rows(ds: xr.Dataset, name: str) -> list[Row]:
    """Judge every target of a map."""
    return [judge(days(ds), y) for y in grid(ds, name)]


def maps(single: xr.Dataset, people: dict[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """Return what is judged by name: one patient of each kind, then the drawn ones."""
    found = {f"{w}, one": single.sel(hypothesis=MAIN, who=w) for w in WHO}
    for w, ds in people.items():
        found[f"{w}, {ds.sizes['patient']}"] = ds
    return found


def map_table(found: dict[str, xr.Dataset], name: str) -> str:
    """Tabulate shares of variance, best interval of every target, and the largest step."""
    targets = values(next(iter(found.values())), "target")
    head = ["patients", "dose", "interval", "both", "SD", *(f"best, {t:g} mg" for t in targets),
            "largest step"]  # fmt: skip
    lines = []
    for who, ds in found.items():
        part, judged = shares(grid(ds, name)), rows(ds, name)
        worst = steps(judged)
        lines.append(
            [who, *(f"{100.0 * x:.0f} %" for x in (part.dose, part.interval, part.both)),
             f"{part.sd:.3f}", *(best_text(r) for r in judged),
             f"{100.0 * worst.step:.0f} % ({worst.between[0]:g}-{worst.between[1]:g} d)"]
        )  # fmt: skip
    return table(head, lines)


def best_text(row: Row) -> str:
    """Write the best interval and where it lies; a dash where all are alike."""
    return "-" if row.verdict == "all alike" else f"{row.best:g} d, {row.verdict}"


def matters(ds: xr.Dataset) -> str:
    """Say of one map whether the interval matters, and where the best pace lies."""
    if all(r.verdict == "all alike" for r in rows(ds, WEIGHED)):
        return f"hardly: no target has intervals {FLAT:g} points apart"
    part = shares(grid(ds, WEIGHED))
    told = f"yes, {100.0 * (part.interval + part.both):.0f} % of the variance"
    return f"{told}; best pace {places(ds)}"


def places(ds: xr.Dataset) -> str:
    """Say where the best pace of each target lies, in words; targets all alike are left out."""
    words = {"fast end": "at the fast end", "inside": "inside", "slow end": "at the slow end"}
    judged = list(zip(values(ds, "target"), rows(ds, WEIGHED), strict=True))
    told = []
    for verdict, word in words.items():
        at = [(t, r) for t, r in judged if r.verdict == verdict]
        if len(at) == len(judged):
            return f"{word} at every target"
        if at:
            days_ = f" ({', '.join(f'{r.best:g}' for _, r in at)} d)" if verdict == "inside" else ""
            told.append(f"{word} at {', '.join(f'{t:g}' for t, _ in at)} mg{days_}")
    return "; ".join(told)


def headline(found: dict[str, xr.Dataset], people: dict[str, xr.Dataset]) -> list[str]:
    """Answer for each kind of patient, from the drawn ones where there are any."""
    many = {k: v for k, v in found.items() if not k.endswith(", one")} if people else found
    told = {k: matters(ds) for k, ds in many.items()}
    yes = [k.partition(", ")[0] for k, text in told.items() if text.startswith("yes")]
    return [
        f"It matters for: {', '.join(yes) or 'nobody'}. Weighed is the fall of pain times the share"
        f" still on treatment, for intervals of {FASTEST} to {SLOWEST} d (the interval alone and"
        f" together with dose), {'mean of the patients drawn' if people else 'one patient each'}:",
        *(f"  {k}: {text}." for k, text in told.items()),
    ]


def smooth_sentence(found: dict[str, xr.Dataset]) -> str:
    """Say whether neighbouring intervals differ by more than a fifth of the range."""
    rough, x = [], days(next(iter(found.values())))
    last = (x[-1] - x[-2]) / (x[-1] - x[0])
    for who, ds in found.items():
        for target, r in zip(values(ds, "target"), rows(ds, WEIGHED), strict=True):
            if r.reach >= FLAT and r.step > FIFTH:
                rough.append(f"{who} at {target:g} mg ({100.0 * r.step:.0f} % of {r.reach:.2f})")
    if not rough:
        return "Nowhere do neighbouring intervals differ by more than a fifth of their range."
    return (
        "Neighbouring intervals differ by more than a fifth of the range of their target, in "
        f"points, in: {'; '.join(rough)}. One patient tips or does not, which many smooth; and a "
        f"cost in proportion to the days alone makes a step of {100.0 * last:.0f} %, the last gap's"
        " share."
    )


def staying_sentence(found: dict[str, xr.Dataset]) -> str:
    """Say how many stay, which weighs the rest down."""
    told = []
    for who, ds in found.items():
        y = grid(ds, "staying")
        told.append(f"{who} {100.0 * y.min():.0f} to {100.0 * y.max():.0f} %")
    hazard = 1.0 - np.exp(-17472.0 * default_model().parameters["hazard_no_benefit"].value)
    return (
        f"Of all who begin, still on treatment at the end: {'; '.join(told)}. Two years without "
        f"relief alone would make {100.0 * hazard:.0f} % stop, so who gains late is weighed by few:"
        " the second table leaves staying out."
    )


def course_line(courses: pd.DataFrame, who: str) -> str:
    """Say what the states of one patient do at each pace shown."""
    told = []
    for d in courses.loc[who].index.unique("interval"):
        y = courses.loc[(who, d)]
        told.append(
            f"at {d} d the reserve goes from {y['reserve_level'].iloc[0]:.2f} to "
            f"{y['reserve_level'].iloc[-1]:.2f}, unmet demand peaks at "
            f"{y['unmet_demand'].max():.2f} (week {y['unmet_demand'].idxmax()}), the store is "
            f"lowest at {100.0 * y['endorphin_pool'].min():.0f} %, tone ends at "
            f"{y['opioid_tone'].iloc[-1]:.2f} of {y['opioid_tone'].iloc[0]:.2f}, burden is "
            f"{y['adverse_burden'].iloc[1:].mean():.2f} on average, pain changes by "
            f"{y['pain'].iloc[-1] - y['pain'].iloc[0]:+.2f}"
        )
    return f"  {who}: {'; '.join(told)}."


def why(courses: pd.DataFrame, who: str) -> str:
    """Conclude from the reserve what the pace does to one patient."""
    level = courses["reserve_level"].loc[who].unstack("interval")
    ends, change = level.iloc[-1], level.iloc[-1] - level.iloc[0]
    falls, grows = change < -0.02, change > 0.02
    if falls.any() and grows.any():
        return (
            f"{who}: too fast a ladder calls for more than the reserve can give; it wears (at "
            f"{', '.join(str(d) for d in change.index[falls])} d), the store is drained and tone "
            f"falls. At {', '.join(str(d) for d in change.index[grows])} d demand stays within "
            "what it can give: it learns, and expression takes the demand over. Slower than that "
            "only costs time."
        )
    if float(np.ptp(change)) < 0.05:
        return (
            f"{who}: the reserve ends the same at every pace ({ends.min():.2f} to "
            f"{ends.max():.2f}): nothing is worn for good, so a slow ladder only delays "
            "what the target gives, and more patients stop meanwhile."
        )
    return f"{who}: the reserve ends between {ends.min():.2f} and {ends.max():.2f}."


def rushed_sentence(single: xr.Dataset) -> str:
    """Say what the unusually fast paces do to each patient at the usual target."""
    told = []
    for who in WHO:
        y = single.sel(hypothesis=MAIN, who=who, target=USUAL)["pain_change"]
        told.append(
            f"{who} "
            + ", ".join(f"{float(v):+.2f} at {int(d)} d" for d, v in
                        zip(y["interval"].values, y.values, strict=True)
                        if d in (3, 5, FASTEST) or d == SLOWEST)
        )  # fmt: skip
    return f"Pain of the last week at {USUAL:g} mg, change in points: {'; '.join(told)}."


def rival_line(name: str, ds: xr.Dataset) -> str:
    """Say in a line what the interval does under one hypothesis, at the usual target."""
    told, largest = [], 0.0
    for who in WHO:
        one = ds.sel(who=who, interval=ds["interval"] >= FASTEST)
        y, x = -values(one, MEAN), days(ds)
        if not np.isfinite(y).all():
            told.append(f"{who} has failed runs")
            continue
        row = judge(x, y)
        largest = max(largest, row.reach)
        if row.reach >= LEAST:
            told.append(
                f"{who} best at {row.best:g} d ({row.verdict}), {-row.value:+.2f} points against "
                f"{row.reach - row.value:+.2f} at worst"
            )
    if not told:
        return (
            f"  {name}: nothing of this; intervals differ by {largest:.2f} points at most in mean "
            "pain."
        )
    return f"  {name}: {'; '.join(told)}."


def rival_lines(single: xr.Dataset, rivals: xr.Dataset) -> list[str]:
    """Say in a line each what happens under the other hypotheses."""
    lines = []
    for name in RIVALS:
        where = single.sel(target=USUAL) if name in single["hypothesis"].values else rivals
        lines.append(rival_line(name, where.sel(hypothesis=name)))
    return lines


def neighbour_sentence(single: xr.Dataset) -> str:
    """State the shares under the hypothesis that shares the mechanism."""
    told = [
        f"{who} {shares(grid(single.sel(hypothesis=RIVALS[0], who=who), WEIGHED)).text()}"
        for who in WHO
    ]
    return f"Under {RIVALS[0]}, shares of one patient's map: {'; '.join(told)}."


def answer(
    single: xr.Dataset, rivals: xr.Dataset, people: dict[str, xr.Dataset], courses: pd.DataFrame,
    weeks: int,
) -> str:  # fmt: skip
    """Write the answer from the runs."""
    found = maps(single, people)
    parts = [
        QUESTION,
        *headline(found, people),
        f"Ladders of {STEPS} equal steps, judged in the last of {weeks} weeks. Fall of pain times "
        f"share staying, points; shares of its variance over dose and interval, best interval of "
        f"each target (a dash where intervals are less than {FLAT:g} points apart), largest step "
        "between neighbours as a share of the range of its target:",
        map_table(found, WEIGHED),
        "The same of the fall of mean pain over all the time, whoever stays:",
        map_table(found, MEAN),
        smooth_sentence(found),
        staying_sentence(found),
        f"Why, at {USUAL:g} mg in one patient each (weekly means):",
        *(course_line(courses, who) for who in WHO),
        "So:",
        *(f"  {why(courses, who)}" for who in WHO),
        rushed_sentence(single),
        f"Other hypotheses, mean pain at {USUAL:g} mg, {FASTEST} to {SLOWEST} d:",
        *rival_lines(single, rivals),
        neighbour_sentence(single),
        "Weakness: no trial compared two paces. That a reserve learns and wears, how fast it does, "
        "and who stops for lack of relief are assumed; the mechanism was written so that pace can "
        "matter, and its numbers were searched for with the prescribers' account of pace among the "
        "constraints. A common end favours the fast: they have longer at their target. Not "
        "medical advice.",
        "It hangs on these numbers:",
        *parameter_lines(HANGS_ON),
        *(failures(ds) for ds in (single, rivals, *people.values())),
    ]
    return paragraphs(parts)
