"""Bedtime or morning: what does the clock time of the dose change, and why?

The same dose is given at every clock time, under several hypotheses, and again with the rhythms of
the body taken out one by one: what then goes away was their doing. Beside it the same daily dose at
bedtime, in the morning, in halves every 12 h, and on alternate nights.

    python experiments/clock_time.py [--out DIR] [--weeks N] [--points N] [--threads N]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from common import (
    arguments,
    findings,
    footnote,
    guarded,
    paragraphs,
    parameter_lines,
    say,
    table,
    write,
)
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.config.run import RunSpec
from ldnsim.plots import style
from ldnsim.plots.style import DASHES, GREY, OKABE_ITO, SMALL
from ldnsim.runs.few import WEEK, Measure, ask, run_specs

NAME, QUESTION = "clock_time", "Bedtime or morning: what does the clock time change?"
DOSE = 4.5
"""Daily dose, mg."""
BEDTIME, MORNING = 22, 10
HYPOTHESES = ("dual_pathway", "rebound", "glial", "tonic")
MAIN = HYPOTHESES[0]
WITHOUT: dict[str, dict[str, float]] = {
    "all rhythms": {},
    "cortisol brakes nothing": {"coupling_cortisol": 0.0},
    "beta-endorphin without rhythm": {"circadian_amplitude": 0.0},
    "neither": {"coupling_cortisol": 0.0, "circadian_amplitude": 0.0},
}
"""The rhythms of the body taken out, as parameters."""
SCHEDULES = {
    "bedtime": f"{DOSE} mg daily at {BEDTIME}:00",
    "morning": f"{DOSE} mg daily at {MORNING}:00",
    "half every 12 h": f"{DOSE / 2} mg every 12 h at {BEDTIME}:00",
    "twice on alternate nights": f"{2 * DOSE:g} mg every 48 h at {BEDTIME}:00",
    "alternate nights": f"{DOSE} mg every 48 h at {BEDTIME}:00",
}
LEVELS = ("tnf", "pain", "mood", "insomnia")
COURSE = ("mor_occupancy", "cortisol", "expected_cortisol", "cortisol_brake", "opioid_tone")
EVEN = 0.9
"""Share of the best clock time's fall of TNF that counts as the same benefit. Chosen."""
LEAST = 2.0
"""Fall of TNF (percent) below which there is no benefit to compare. Chosen."""
SOURCES = ("naloxone_clock", "lovallo2012", "naltrexone_smokers", "cortisol_profile")
SHADES = ("blue", "vermillion", "green", "purple")


@dataclass(frozen=True)
class Setting:
    """How much to compute: weeks of treatment, number of clock times, threads."""

    weeks: int = 12
    clocks: int = 12
    threads: int | None = None

    def hours(self) -> list[int]:
        """Return whole clock times over the day, with bedtime and morning among them."""
        even = np.arange(self.clocks) * 24.0 / self.clocks
        return sorted({*(int(h) for h in even), BEDTIME, MORNING})


def measures(first: float, weeks: int) -> list[Measure]:
    """Return what is asked of a run: means from its first dose on, the worst dreams, and rest."""
    until = first + weeks * WEEK
    means = [Measure(v, "mean", first, until) for v in LEVELS]
    return [*means, Measure("vivid_dreams", "max", 0.0, until), Measure("tnf", "untreated"),
            Measure("pain", "untreated")]  # fmt: skip


def rows_of(
    cases: dict[tuple[object, ...], tuple[str, str, dict[str, float], float]],
    names: list[str],
    s: Setting,
) -> pd.DataFrame:
    """Run named cases, each a prescription, hypothesis, parameters and hour of the first dose."""
    asked = [
        (RunSpec.of(f"{text}, for {s.weeks} wk", h, parameters=own), measures(first, s.weeks))
        for text, h, own, first in cases.values()
    ]
    columns = [*LEVELS, "dreams", "rest_tnf", "rest_pain"]
    index = pd.MultiIndex.from_tuples(list(cases), names=names)
    rows = pd.DataFrame(np.array(ask(asked, threads=s.threads)), index, columns)
    rows["tnf_fall"] = 100.0 * (1.0 - rows["tnf"] / rows["rest_tnf"])
    rows["pain_change"] = rows["pain"] - rows["rest_pain"]
    return rows.sort_index()


def run_clocks(s: Setting) -> pd.DataFrame:
    """Run hypothesis x rhythms x clock time of the same dose."""
    return rows_of(
        {
            (h, name, hour): (f"{DOSE} mg daily at {hour:02d}:00", h, own, float(hour))
            for h in HYPOTHESES
            for name, own in WITHOUT.items()
            for hour in s.hours()
        },
        ["hypothesis", "rhythms", "clock"],
        s,
    )


def run_schedules(s: Setting) -> pd.DataFrame:
    """Run hypothesis x schedule of the same daily dose."""
    return rows_of(
        {
            (h, name): (text, h, {}, float(MORNING if "morning" in name else BEDTIME))
            for h in HYPOTHESES
            for name, text in SCHEDULES.items()
        },
        ["hypothesis", "schedule"],
        s,
    )


def run_courses(s: Setting) -> pd.DataFrame:
    """Record a day and a night of the second week at bedtime and morning doses, by sex."""
    keys = [(hour, sex) for hour in (BEDTIME, MORNING) for sex in (0.0, 1.0)]
    day = 8 * 24.0 + np.arange(0.0, 24.25, 0.25)
    got = run_specs(
        [
            RunSpec.of(f"{DOSE} mg daily at {h}:00, for 2 wk", MAIN, parameters={"female": sex})
            for h, sex in keys
        ],
        2, [], day, COURSE, threads=s.threads,
    )  # fmt: skip
    parts = {k: pd.DataFrame(y.T, pd.Index(day - day[0], name="hour"), list(COURSE))
             for k, y in zip(keys, got.at, strict=True)}  # fmt: skip
    rows = pd.concat(parts, names=["dose_at", "female"])
    rows["extra_cortisol"] = rows["cortisol"] - rows["expected_cortisol"]
    return rows.sort_index()


def even(falls: pd.Series) -> bool | None:
    """Say whether every clock time has the benefit of the best; None where there is no benefit."""
    best = float(falls.max())
    return None if not best > LEAST else bool(falls.min() >= EVEN * best)


def at(hour: object) -> str:
    """Write a clock time."""
    return f"{int(str(hour)):02d}:00"


def spread(clocks: pd.DataFrame, hypothesis: str, rhythms: str) -> float:
    """Return the difference between the best and the worst clock time, points of TNF's fall."""
    falls = clocks.loc[(hypothesis, rhythms), "tnf_fall"]
    return float(falls.max() - falls.min())


def headline(clocks: pd.DataFrame) -> str:
    """Answer from dreams and from the fall of TNF at all clock times, main hypothesis first."""
    own = clocks.loc[(MAIN, "all rhythms")]
    falls, dreams = own["tnf_fall"], own["dreams"]
    verdict = {True: "not the benefit", False: "the benefit too", None: "no benefit to compare"}
    seen = even(falls)
    grows = dreams.max() > 2.0 * dreams.min()
    lead = f"{'Dreams' if grows else 'Hardly the dreams'}; {verdict[seen]}."
    return (
        f"{lead} Under {MAIN} the worst dream score is {dreams[BEDTIME]:.2f} with {DOSE} mg at "
        f"{at(BEDTIME)} and {dreams[MORNING]:.2f} at {at(MORNING)}. TNF falls by "
        f"{falls.max():.1f} % on average with the dose at {at(falls.idxmax())} and by "
        f"{falls.min():.1f} % at {at(falls.idxmin())}; pain changes by "
        f"{own['pain_change'].min():+.2f} to {own['pain_change'].max():+.2f} points."
    )


def why(clocks: pd.DataFrame, hypothesis: str) -> str:
    """Say which rhythm makes the difference between clock times under one hypothesis."""
    size = {name: spread(clocks, hypothesis, name) for name in WITHOUT}
    full, bare = size["all rhythms"], size["neither"]
    text = (
        f"  {hypothesis}: best and worst clock time differ by {full:.1f} points; "
        f"{size['cortisol brakes nothing']:.1f} if cortisol brakes nothing, "
        f"{size['beta-endorphin without rhythm']:.1f} if beta-endorphin has no rhythm, "
        f"{bare:.1f} with neither."
    )
    if full < 0.5:
        return f"{text} That is too little to ask why."
    if bare > 0.5 * full:
        return f"{text} So something else makes most of it."
    one, other = (size[n] for n in list(WITHOUT)[1:3])
    if max(one, other) > 1.2 * full:
        word = "beta-endorphin" if one > other else "cortisol"
        return f"{text} Both make it; the rhythm of {word} alone would make it larger."
    return f"{text} {'Cortisol' if one < other else 'Beta-endorphin'} does most of it."


def hormone_sentence(course: pd.DataFrame) -> str:
    """Say what the dose adds to cortisol at bedtime and in the morning, by sex."""
    top = course["extra_cortisol"].groupby(level=["dose_at", "female"]).max()
    swing = float(np.ptp(course.loc[(BEDTIME, 0.0), "expected_cortisol"]))
    told = [
        f"{top[(h, 0.0)]:.2f} in a man and {top[(h, 1.0)]:.2f} in a woman with the dose at {at(h)}"
        for h in (BEDTIME, MORNING)
    ]
    return (
        f"Cortisol, as folds of its daily mean, rises above its course by {told[0]}, {told[1]}; "
        f"the day itself swings by {swing:.2f}. "
        + ("That is lost in the swing." if top.max() < 0.25 * swing else "That would show.")
    )


def brake_sentence(course: pd.DataFrame) -> str:
    """Say at which hours cortisol brakes inflamed cells least and most."""
    brake = course.loc[(MORNING, 0.0), "cortisol_brake"]
    return (
        f"Cortisol acts hours late: what inflamed cells make is {100.0 * brake.max():.0f} % of "
        f"that under a constant level at {at(round(float(brake.idxmax())))} and "
        f"{100.0 * brake.min():.0f} % at {at(round(float(brake.idxmin())))}. Priming, a memory of "
        "weeks, averages over this."
    )


def schedule_sentence(schedules: pd.DataFrame) -> str:
    """Compare the schedules of the main hypothesis with bedtime."""
    own = schedules.loc[MAIN, "tnf_fall"]
    base = own["bedtime"]
    if not base > LEAST:
        return f"Under {MAIN} the bedtime dose has no benefit that schedules could keep."
    told = [f"{n} {100.0 * own[n] / base:.0f} %" for n in SCHEDULES if n != "bedtime"]
    return f"Of the fall of TNF at bedtime other schedules keep, under {MAIN}: {', '.join(told)}."


def clock_table(clocks: pd.DataFrame) -> str:
    """Tabulate clock times: fall of TNF and worst dreams under each hypothesis."""
    own = clocks.xs("all rhythms", level="rhythms")
    lines = [
        [at(hour), *(f"{own.loc[(h, hour), 'tnf_fall']:.1f} / {own.loc[(h, hour), 'dreams']:.2f}"
                     for h in HYPOTHESES)]
        for hour in own.index.get_level_values("clock").unique()
    ]  # fmt: skip
    return table(["dose at", *HYPOTHESES], lines)


def schedule_table(schedules: pd.DataFrame) -> str:
    """Tabulate schedules: fall of TNF, pain, dreams under each hypothesis."""
    lines = []
    for name in SCHEDULES:
        rows = [schedules.loc[(h, name)] for h in HYPOTHESES]
        lines.append(
            [name, *(f"{r['tnf_fall']:.1f} / {r['pain_change']:+.2f} / {r['dreams']:.2f}"
                     for r in rows)]
        )  # fmt: skip
    return table(["schedule", *HYPOTHESES], lines)


def missing(*frames: pd.DataFrame) -> str:
    """Say how many runs failed; empty when none did."""
    bad = sum(int(f.isna().any(axis=1).sum()) for f in frames)
    return f"{bad} of {sum(len(f) for f in frames)} runs failed and are left out." if bad else ""


def answer(clocks: pd.DataFrame, schedules: pd.DataFrame, course: pd.DataFrame, weeks: int) -> str:
    """Write the answer from the runs."""
    verdicts = {h: even(clocks.loc[(h, "all rhythms"), "tnf_fall"]) for h in HYPOTHESES}
    uneven = [h for h, v in verdicts.items() if v is False]
    parts = [
        QUESTION,
        headline(clocks),
        f"Mean fall of TNF in percent over {weeks} weeks from the first dose / worst dream score:",
        clock_table(clocks),
        (
            f"Some clock time keeps less than {100 * EVEN:.0f} % of the best one's fall under "
            f"{', '.join(uneven)}."
            if uneven
            else f"Under no hypothesis does any clock time keep less than {100 * EVEN:.0f} % of "
            "the best one's fall."
        ),
        "Why: dreams follow the hours of sleep in which mu receptors are blocked. What the clock "
        "does to TNF, with the rhythms of the body and without:",
        *(why(clocks, h) for h in HYPOTHESES),
        brake_sentence(course),
        hormone_sentence(course),
        f"Schedules, fall of TNF / change of pain / worst dreams over {weeks} weeks:",
        schedule_table(schedules),
        schedule_sentence(schedules),
        "Weakness: no trial gave the drug at two clock times. The strength of cortisol's brake is "
        f"assumed, and nobody measured cortisol at low dose. Means over {weeks} weeks do not tell "
        "whether the hour decides if a patient leaves the inflamed state later. Not medical "
        "advice.",
        "What the clock's part hangs on:",
        *parameter_lines(["brake_strength", "t_cortisol_action", "hpa50", "circadian_amplitude"]),
        "What was seen:",
        *findings(SOURCES),
        missing(clocks, schedules),
    ]
    return paragraphs(parts)


def picture(clocks: pd.DataFrame, schedules: pd.DataFrame, course: pd.DataFrame) -> Figure:
    """Draw benefit and dreams by clock time, a day of two doses, and the schedules."""
    with style.styled():
        figure = style.new_figure(15.0, 8.6)
        axes = figure.subplots(2, 3)
        _by_clock(axes[0, 0], clocks, "tnf_fall", "mean fall of TNF (%)")
        _by_clock(axes[0, 1], clocks, "pain_change", "change of pain (points)")
        _by_clock(axes[0, 2], clocks, "dreams", "worst dream score")
        axes[0, 2].legend(loc="best", fontsize=SMALL)
        for ax, hour in zip(axes[1], (BEDTIME, MORNING), strict=False):
            _day(ax, course.loc[(hour, 1.0)], hour)
        _bars(axes[1, 2], schedules)
        for ax in axes.flat:
            style.polish(ax)
        style.headline(figure, "The same dose at another hour")
        footnote(
            figure,
            f"{DOSE} mg a day. Dashed: without the rhythms of cortisol and beta-endorphin. Days: "
            f"a woman in the second week under {MAIN}.",
        )
    return figure


def _by_clock(ax: Axes, clocks: pd.DataFrame, column: str, label: str) -> None:
    for shade, h in zip(SHADES, HYPOTHESES, strict=True):
        for name, dashes in (("all rhythms", DASHES[0]), ("neither", DASHES[1])):
            y = clocks.loc[(h, name), column]
            said = h if name == "all rhythms" else None
            ax.plot(y.index, y, color=OKABE_ITO[shade], ls=dashes, label=said)
    ax.set(xlabel="clock time of the dose (h)", ylabel=label, xticks=range(0, 25, 6))


def _day(ax: Axes, day: pd.DataFrame, hour: int) -> None:
    names = {"mor_occupancy": "mu occupancy", "cortisol": "cortisol (fold)",
             "cortisol_brake": "brake of cortisol", "opioid_tone": "opioid tone"}  # fmt: skip
    for shade, (variable, words) in zip(SHADES, names.items(), strict=True):
        ax.plot(day.index, day[variable], color=OKABE_ITO[shade], label=words)
    ax.plot(day.index, day["expected_cortisol"], color=OKABE_ITO[SHADES[1]], ls=DASHES[1],
            label="cortisol untreated")  # fmt: skip
    ax.axvline(hour, color=GREY, lw=1.0)
    ax.set_title(f"dose at {at(hour)}", loc="left")
    ax.set(xlabel="clock time (h)", xticks=range(0, 25, 6))
    ax.set_ylim(0.0, 1.45 * ax.get_ylim()[1])  # room for the legend
    if hour == BEDTIME:
        ax.legend(loc="upper center", ncols=2, fontsize=SMALL, columnspacing=1.0, handlelength=1.4)


def _bars(ax: Axes, schedules: pd.DataFrame) -> None:
    wide, places = 0.8 / len(HYPOTHESES), np.arange(len(SCHEDULES))
    for i, (shade, h) in enumerate(zip(SHADES, HYPOTHESES, strict=True)):
        y = [schedules.loc[(h, n), "tnf_fall"] for n in SCHEDULES]
        ax.barh(places + i * wide, y, wide, color=OKABE_ITO[shade], label=h)
    ax.set_yticks(places + 0.4 - wide / 2, list(SCHEDULES))
    ax.invert_yaxis()
    ax.set_xlabel("mean fall of TNF (%)")


def experiment(out: Path, setting: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    say("clock times, schedules, days")
    clocks, schedules = run_clocks(setting), run_schedules(setting)
    course = run_courses(setting)
    text = answer(clocks, schedules, course, setting.weeks)
    tables = {f"{NAME}_clocks": clocks, f"{NAME}_schedules": schedules, f"{NAME}_days": course}
    write(out, NAME, text, picture(clocks, schedules, course), tables)
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments(QUESTION, NAME, argv, weeks=Setting.weeks)
    setting = Setting(given.weeks, given.points or Setting.clocks, given.threads)
    return guarded(lambda: experiment(given.out, setting))


if __name__ == "__main__":
    sys.exit(main())
