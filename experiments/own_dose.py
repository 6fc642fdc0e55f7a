"""Does individual dosing beat one dose for all?

The same drawn patients take each of several nightly doses, or none, under several hypotheses. What
everybody's own best dose gains over the best single dose is read off, and how much of that could be
had by asking for the reserve, the driver or the genotype before choosing.

    python experiments/own_dose.py [--out DIR] [--patients N] [--weeks N] [--points N] [--threads N]

`--points` sets the number of doses, `--patients` how many are drawn.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from common import argument_parser, footnote, guarded, paragraphs, say, table, write
from matplotlib.figure import Figure

from ldnsim import Study
from ldnsim.analysis.optimise.choose import Choice, weigh
from ldnsim.analysis.optimise.evaluate import Evaluated, evaluate, space_of
from ldnsim.config.optimise_rules import settings_of
from ldnsim.errors import UserError
from ldnsim.plots import style
from ldnsim.plots.style import OKABE_ITO

NAME, QUESTION = "own_dose", "Does individual dosing beat one dose for all?"
HYPOTHESES = ("dual_pathway", "rebound", "glial", "tonic", "ogfr")
DOSES = (0.5, 1.5, 3.0, 4.5, 6.0, 9.0)
"""Nightly doses, mg, all made of capsules that are sold."""
NONE = "none"
ASKED = ("reserve", "driver", "oprm1")
WORDS = {"reserve": "reserve", "driver": "driver", "oprm1": "genotype"}
GAIN, MORE = 0.5, 0.05
"""Of claim C19: points of pain that count as a gain, and how many more patients have to."""
BURDEN = 0.1
"""Points of pain that a point of worst burden weighs in the second weighing (assumed)."""
WANTED: dict[str, Mapping[str, float]] = {
    "pain alone": {"pain_change": -1.0},
    "pain and burden": {"pain_change": -1.0, "worst_burden": -BURDEN},
}


@dataclass(frozen=True)
class Setting:
    """How much to compute.

    Attributes:
        weeks: length of treatment.
        patients: drawn.
        doses: how many, from the lowest on.
        hypotheses: names.
        threads: threads; all cores when None.
    """

    weeks: int = 26
    patients: int = 64
    doses: int = len(DOSES)
    hypotheses: tuple[str, ...] = HYPOTHESES
    threads: int | None = None

    def regimens(self) -> dict[str, str]:
        """Return prescriptions by the words of the dose; first the one without drug."""
        rest = f"nightly at 22:00, for {self.weeks} wk"
        found = {f"{d:g} mg": f"{d:g} mg {rest}" for d in DOSES[: self.doses]}
        return {NONE: f"placebo {rest}", **found}


def study(s: Setting, wanted: Mapping[str, float]) -> Study:
    """Build the study of all doses under all hypotheses.

    Raises:
        UserError: too few patients, or a number of doses that there is not.
    """
    if s.patients < 8:
        raise UserError(f"--patients {s.patients}: expected 8 or more, to choose and to judge")
    if not 2 <= s.doses <= len(DOSES):
        raise UserError(f"--points {s.doses}: expected 2 to {len(DOSES)} doses")
    texts = list(s.regimens().values())
    axis = {"name": "hypothesis", "field": "hypothesis", "values": list(s.hypotheses)}
    return Study.build({
        "title": QUESTION,
        "patient": {"oprm1_claim": "bond1998"},
        "regimen": texts[0],
        "axes": [axis],
        "population": {"size": s.patients, "scale": 0.5, "oprm1_g_frequency": 0.15},
        "optimise": {
            "free": [{"field": "regimen", "values": texts}],
            "utility": dict(wanted),
            "ask": list(ASKED),
            "pareto": ["pain_change", "worst_burden"],
        },
    })  # fmt: skip


def run(s: Setting) -> tuple[Evaluated, dict[tuple[str, str], Choice]]:
    """Run everything once, and weigh it by hypothesis and by what is wanted."""
    first = study(s, WANTED["pain alone"])
    space = space_of(first)
    every = space.different(space.at(p) for p in space.all_places())
    ran = evaluate(first, space, every, threads=s.threads).whole()
    found = {}
    for words, wanted in WANTED.items():
        own = study(s, wanted)
        for p, name in enumerate(ran.axes["hypothesis"]):
            found[name, words] = weigh(own, settings_of(own), ran.only(p))
    return ran, found


def gains(ran: Evaluated, place: int) -> tuple[float, float, int]:
    """Return claim C19's shares: who gains at the own dose, at the best single one; and which."""
    down = ran.values["pain_change"][:, place] < -GAIN
    one = down.mean(axis=1)
    return float(down.any(axis=0).mean()), float(one.max()), int(one.argmax())


def rows(s: Setting, ran: Evaluated, found: Mapping[tuple[str, str], Choice]) -> pd.DataFrame:
    """Return what was found, a row for each hypothesis and weighing."""
    doses = list(s.regimens())
    made = []
    for (name, words), c in found.items():
        one = c.individual
        assert one is not None
        own, single, at = gains(ran, list(ran.axes["hypothesis"]).index(name))
        made.append({
            "hypothesis": name, "wanted": words, "best single": doses[one.one],
            "utility": c.score[one.one], "gap": one.gap, "gap_low": one.low, "gap_high": one.high,
            "agree": one.shares[one.one],
            **{f"share {d}": v for d, v in zip(doses, one.shares, strict=True)},
            **{f"asking {a.what}": a.gain for a in c.asked},
            **{f"error {a.what}": a.error for a in c.asked},
            "gain at own": own, "gain at one": single, "best for gain": doses[at],
        })  # fmt: skip
    return pd.DataFrame(made).set_index(["wanted", "hypothesis"])


def verdict(part: pd.DataFrame) -> str:
    """Say under which hypotheses the own dose beats one for all, and by how much."""
    sure = part[part["gap_low"] >= MORE]
    if sure.empty:
        return (
            f"Under none of these hypotheses does everybody's own best dose gain {MORE:g} points or"
            " more over the best single dose."
        )
    told = ", ".join(f"{n} ({g:.2f})" for n, g in sure["gap"].items())
    rest = [n for n in part.index if n not in sure.index]
    less = f" Not under {', '.join(map(str, rest))}." if rest else ""
    return (
        f"Everybody's own best dose gains {MORE:g} points of pain or more over the best single"
        f" dose, the whole interval above that, under {told}.{less}"
    )


def claim(part: pd.DataFrame) -> str:
    """Say how many gain half a point at their own dose and at one, as claim C19 counts them."""
    told = [
        f"{n} {100 * r['gain at own']:.0f} % and {100 * r['gain at one']:.0f} %"
        + (f" ({r['best for gain']})" if r["gain at one"] > 0.0 else "")
        for n, r in part.iterrows()
    ]
    beats = [str(n) for n, r in part.iterrows() if r["gain at own"] >= r["gain at one"] + MORE]
    return (
        f"Counted as claim C19 counts them (there 32 patients, 12 weeks), those whose pain"
        f" falls by over {GAIN:g} points at their own dose, and at the best single one:"
        f" {'; '.join(told)}. The own dose is ahead by"
        f" {100 * MORE:.0f} points or more under {', '.join(beats) or 'none'}."
    )


def asking(part: pd.DataFrame) -> str:
    """Say what of the gap could be had by asking first."""
    told = []
    for name, r in part.iterrows():
        seen = [
            f"{WORDS[a]} {r[f'asking {a}']:.2f} of {r['gap']:.2f}"
            for a in ASKED
            if r[f"asking {a}"] > 2.0 * r[f"error {a}"] and r[f"asking {a}"] > 0.005
        ]
        if seen:
            told.append(f"{name}: {', '.join(seen)}")
    words = ", ".join(WORDS.values())
    if not told:
        return f"Asking for {words} first is not seen to be worth anything under any hypothesis."
    return (
        f"Asking first for {words} is seen to be worth something (over two standard errors)"
        f" under: {'; '.join(told)}; elsewhere nothing is seen."
    )


HEADERS = ("hypothesis", "best single dose", "utility", "own dose gains (95 %)", "it is own best")


def shown(part: pd.DataFrame) -> str:
    """Return one weighing as a table."""
    return table(
        (*HEADERS, *(f"asking {WORDS[a]} (SE)" for a in ASKED)),
        [
            (
                str(n), r["best single"], f"{r['utility']:.2f}",
                f"{r['gap']:.2f} ({r['gap_low']:.2f} to {r['gap_high']:.2f})",
                f"{100 * r['agree']:.0f} %",
                *(f"{round(r[f'asking {a}'], 2) + 0.0:.2f} ({r[f'error {a}']:.2f})" for a in ASKED),
            )
            for n, r in part.iterrows()
        ],
    )  # fmt: skip


def answer(s: Setting, ran: Evaluated, frame: pd.DataFrame) -> str:
    """Write the answer from the runs."""
    pain, both = frame.loc["pain alone"], frame.loc["pain and burden"]
    left = s.patients - ran.patients
    return paragraphs([
        QUESTION,
        verdict(pain),
        f"{ran.patients} patients drawn around the default one take each of"
        f" {', '.join(s.regimens())} nightly for {s.weeks} weeks. Utility: points of pain less in"
        " the last week. The best single dose is chosen in four fifths of the patients and judged"
        " in the others; intervals are over resampled patients.",
        shown(pain),
        f"With {BURDEN:g} points taken off for each point of the worst burden:",
        shown(both),
        claim(pain),
        asking(pain),
        "Own dose means the best of those tried for this very patient, known beforehand, which"
        " nobody can: it is the most that individual dosing could gain. What asking gains is what"
        " could be had by a question.",
        "Weakness: that patients differ so much, and in what, are recorded spreads, mostly assumed"
        " and independent of each other; no placebo response, nothing of the diary's noise. Which"
        " dose suits whom follows from hypotheses of which none is shown. A single-blind titration"
        " found a narrow spread of effective doses: ED50 3.88, ED95 5.40 mg. Not medical advice.",
        f"{left} patients are left out: some run of theirs failed." if left else "",
    ])  # fmt: skip


def picture(s: Setting, frame: pd.DataFrame) -> Figure:
    """Draw whose best dose is which, and what the own dose and asking gain."""
    doses, part = list(s.regimens()), frame.loc["pain alone"]
    names = [str(n).replace("_", " ") for n in part.index]
    at = np.arange(len(names))[::-1]
    with style.styled():
        figure = style.new_figure(15.0, 2.6 + 0.75 * len(names))
        left, right = figure.subplots(1, 2, sharey=True)
        shades = style.mpl.colormaps["cividis"](np.linspace(0.0, 1.0, len(doses)))
        before = np.zeros(len(names))
        for d, shade in zip(doses, shades, strict=True):
            width = 100.0 * part[f"share {d}"].to_numpy(float)
            left.barh(at, width, left=before, color=shade, label=d, height=0.7)
            before += width
        left.set(xlabel="% of patients", xlim=(0.0, 100.0))
        left.set_yticks(at, names)
        left.set_title("Whose own best dose is which", loc="left", fontweight="bold", pad=34)
        top = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "columnspacing": 0.9,
               "handlelength": 1.0, "fontsize": style.SMALL - 1.5}  # fmt: skip
        left.legend(ncols=len(doses), **top)
        gap, low, high = (part[k].to_numpy(float) for k in ("gap", "gap_low", "gap_high"))
        right.errorbar(gap, at + 0.21, xerr=[gap - low, high - gap], fmt="s", markersize=8,
                       color=OKABE_ITO["vermillion"], label="own dose")  # fmt: skip
        for k, a in enumerate(ASKED):
            x, e = (part[f"{w} {a}"].to_numpy(float) for w in ("asking", "error"))
            colour = OKABE_ITO[("blue", "green", "purple")[k]]
            right.errorbar(x, at - 0.14 * k, xerr=2.0 * e, fmt="o", color=colour,
                           label=f"asking for {WORDS[a]}")  # fmt: skip
        right.axvline(0.0, color="black", linewidth=1.0)
        right.set_xlabel("gain over the best single dose (points of pain)")
        right.set_title("What is gained over one dose for all", loc="left", fontweight="bold",
                        pad=34)  # fmt: skip
        right.legend(ncols=4, **top)
        for ax in (left, right):
            ax.grid(axis="y", visible=False)
            style.polish(ax)
        style.headline(figure, QUESTION)
        footnote(figure, f"{s.patients} patients drawn; bars of the own dose 95 % over patients, of"
                         " asking two standard errors.")  # fmt: skip
    return figure


def experiment(out: Path, s: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    say(f"{len(s.regimens())} doses x {len(s.hypotheses)} hypotheses x {s.patients} patients")
    ran, found = run(s)
    frame = rows(s, ran, found)
    text = answer(s, ran, frame)
    write(out, NAME, text, picture(s, frame), {f"{NAME}_gains": frame})
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    parser = argument_parser(QUESTION, NAME, Setting.weeks)
    parser.add_argument("--patients", type=int, default=Setting.patients, help="how many are drawn")
    given = parser.parse_args(argv)
    s = Setting(given.weeks, given.patients, given.points or Setting.doses, threads=given.threads)
    return guarded(lambda: experiment(given.out, s))


if __name__ == "__main__":
    sys.exit(main())
