"""Who does not respond, and why?

Patients said not to respond (depleted reserve, OPRM1 genotype, not mediated, a driver that
persists) and two in between take 4.5 mg nightly. Who responds, at which doses, what help it takes,
and what the states show is read from the runs: some causes stop a response, others only move the
doses that bring it.

    python experiments/who_fails.py [--out DIR] [--weeks N] [--points N] [--threads N]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from common import (
    PAIN_FALL,
    TNF_FALL,
    Floats,
    arguments,
    bisect,
    change,
    failed,
    findings,
    footnote,
    guarded,
    paragraphs,
    percent,
    responds,
    say,
    table,
    write,
)
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ldnsim.config.blocks import Change
from ldnsim.config.run import RunSpec
from ldnsim.model import default_model
from ldnsim.plots import style
from ldnsim.plots.style import GREY, OKABE_ITO, SMALL
from ldnsim.runs.few import run_specs, week

NAME, QUESTION = "who_fails", "Who does not respond, and why?"
USUAL = 4.5
PATIENTS = {
    "default": RunSpec.of(),
    "reserve 0.35": RunSpec.of(parameters={"reserve": 0.35}),
    "reserve 0.1": RunSpec.of(parameters={"reserve": 0.1}),
    "depleted": RunSpec.of(phenotype="depleted"),
    "OPRM1 118G (threefold)": RunSpec.of(parameters={"oprm1_potency": 3.0}),
    "OPRM1 118G (no effect)": RunSpec.of(parameters={"oprm1_potency": 1.0}),
    "not mediated": RunSpec.of(phenotype="not_mediated"),
    "driver persists": RunSpec.of(phenotype="driver_persists"),
    "long COVID": RunSpec.of(phenotype="long_covid"),
    "mast cell": RunSpec.of(phenotype="mast_cell"),
}
HELP = ("none", "driver treated", "ketotifen", "cromolyn", "ketosis", "all of these")
ALONG = ("none", "driver treated", "ketotifen", "all of these")
"""Help looked at along the driver."""
RESTING = 0.15
"""Share of inflamed microglia under which an untreated patient has nothing to calm. Chosen."""
NO_RISE = 2.0
"""Rise of tone on glia (percent) under which the drug counts as calling up nothing. Chosen."""
KINDS = ("enough alone", "needs help as well", "help alone does it", "no response")
SHADES = ("green", "sky", "yellow", "vermillion")
SOURCES = ("bond1998", "oprm1_replication", "weerts2013", "polo2019", "ang2015")


@dataclass(frozen=True)
class Setting:
    """How much to compute: weeks, doses of the search for a threshold, drivers, threads."""

    weeks: int = 26
    doses: int = 12
    drivers: int = 9
    threads: int | None = None


def helped(patient: RunSpec, help_: str) -> RunSpec:
    """Return a patient who is helped from the start: the driver falls to the default, adjuncts."""
    default = default_model().parameters["driver"].value
    treated = (
        (Change(at=0.0, parameter="driver", value=default),)
        if help_ in ("driver treated", HELP[-1])
        else ()
    )
    drugs = HELP[2:5] if help_ == HELP[-1] else tuple(h for h in HELP[2:5] if h == help_)
    return replace(patient.with_value("modifiers", drugs), changes=treated)


def dosed(patient: RunSpec, dose: float, weeks: int) -> RunSpec:
    """Return a patient on a nightly dose; 0 is placebo."""
    what = f"{dose:.4g} mg" if dose else "placebo"
    return patient.with_value("regimen", f"{what} nightly at 22:00, for {weeks} wk")


def kind(alone: bool, help_alone: bool, both: bool) -> str:
    """Name the kind of patient from who responds to the drug, to help, and to both."""
    if alone:
        return KINDS[0]
    if help_alone:
        return KINDS[2]
    return KINDS[1] if both else KINDS[3]


def reason(m1: float, tone: float, usual_tone: float, ligand: float, usual_ligand: float,
           responded: bool) -> str:  # fmt: skip
    """Read from the states why a patient does or does not respond.

    Args:
        m1: inflamed microglia of the untreated patient, a share.
        tone: change of tone on glia under treatment, percent; ``usual_tone`` in the default.
        ligand: TLR4 ligand of the untreated patient; ``usual_ligand`` of the default.
        responded: whether the patient responds.
    """
    if responded:
        return "responds"
    if m1 < RESTING:
        return "no inflamed microglia to calm"
    if tone < NO_RISE:
        return "tone does not rise"
    if ligand > 1.1 * usual_ligand:
        return "tone rises, the driver holds the state"
    if tone < 0.8 * usual_tone:
        return "tone rises too little"
    return "tone rises, yet the limits are not reached"


def run_patients(s: Setting) -> pd.DataFrame:
    """Run every patient on the usual dose: response at 12 weeks and the end, and the states."""
    half, last = max(1, round(s.weeks * 12 / 26)), s.weeks
    names = ("opioid_tone", "endorphin_pool", "tlr4_ligand", "microglia_m1")
    measures = [week(n, w) for w in (half, last) for n in ("tnf", "pain")]
    measures += [week(n, last) for n in names]
    cases = [dosed(p, USUAL, last) for p in PATIENTS.values()]
    got = run_specs(cases, last, measures, threads=s.threads)
    columns = {
        f"{n}_{w}": change(got, i, n)
        for i, (w, n) in enumerate((w, n) for w in ("12", "end") for n in ("tnf", "pain"))
    }
    columns |= {"tone": change(got, 4, "opioid_tone"), "store": 100 * got.values[:, 5]}
    columns |= {"ligand": got.baseline("tlr4_ligand"), "m1": got.baseline("microglia_m1")}
    rows = pd.DataFrame(columns, pd.Index(list(PATIENTS), name="patient"))
    rows["responds"] = responds(columns["tnf_end"], columns["pain_end"])
    first = rows.iloc[0]
    rows["reason"] = [
        reason(r.m1, r.tone, first.tone, r.ligand, first.ligand, r.responds)
        for r in rows.itertuples()
    ]
    rows.attrs["failed"] = failed(got)
    return rows


def outcomes(cases: Sequence[RunSpec], s: Setting) -> tuple[NDArray[np.bool_], Floats]:
    """Return who responds in the last week, and the change of TNF in percent."""
    got = run_specs(cases, s.weeks, [week(n, s.weeks) for n in ("tnf", "pain")], threads=s.threads)
    tnf = change(got, 0, "tnf")
    return responds(tnf, change(got, 1, "pain")), tnf


def helpful_doses(s: Setting) -> pd.DataFrame:
    """Run every patient on nightly doses: who responds, one row per patient."""
    doses = sorted({*(float(f"{d:.2g}") for d in np.geomspace(0.25, 20.0, s.doses)), USUAL})
    cases = [dosed(p, d, s.weeks) for p in PATIENTS.values() for d in doses]
    good, _ = outcomes(cases, s)
    return pd.DataFrame(good.reshape(len(PATIENTS), -1), list(PATIENTS), doses)


def reserve_edge(s: Setting) -> float:
    """Return the smallest reserve at which the default patient still responds to the usual dose."""

    def enough(reserve: Floats) -> NDArray[np.bool_]:
        cases = [
            dosed(RunSpec.of(parameters={"reserve": float(r)}), USUAL, s.weeks) for r in reserve
        ]
        return outcomes(cases, s)[0]

    return float(bisect(enough, np.array([1.0]), np.array([0.02]), 7)[0])


def with_help(people: dict[str, RunSpec], help_: Sequence[str], s: Setting) -> pd.DataFrame:
    """Name the kind of every patient for every help; the first, ``none``, is the drug alone."""
    cases = [
        dosed(helped(p, h), dose, s.weeks)
        for p in people.values() for h in help_ for dose in (0.0, USUAL)
    ]  # fmt: skip
    good = outcomes(cases, s)[0].reshape(len(people), len(help_), 2)
    named = [[kind(row[0, 1], *pair) for pair in row] for row in good]
    return pd.DataFrame(named, list(people), list(help_))


def drivers(s: Setting) -> dict[str, RunSpec]:
    """Return neighbours of the default and of the mast-cell patient, by driver."""
    values = np.geomspace(0.02, 0.6, s.drivers).round(3)
    return {
        f"{name}, driver {x:g}": PATIENTS[name].with_value("parameters.driver", float(x))
        for name in ("default", "mast cell") for x in values
    }  # fmt: skip


def dose_range(row: pd.Series) -> str:
    """Write the doses that bring a response."""
    good = [float(d) for d in row.index[row]]
    if not good:
        return "none"
    top = "" if row.iloc[-1] else f" to {max(good):g}"
    return f"{min(good):g}{top} mg" + (" and above" if row.iloc[-1] else "")


def sorted_out(rows: pd.DataFrame, doses: pd.DataFrame) -> list[str]:
    """Say which patients really fail and in which only the threshold moved."""
    fails = [n for n in rows.index if not doses.loc[n].any()]
    moved = [n for n in rows.index if doses.loc[n].any() and not rows.loc[n, "responds"]]
    low = {n: float(doses.columns[doses.loc[n]].min()) for n in rows.index if n not in fails}
    base = low.get(rows.index[0], np.nan)
    shifted = [f"{n} ({x:g} mg)" for n, x in low.items() if x != base]
    return [
        f"  No dose tried brings a response: {', '.join(fails) or 'nobody'}.",
        f"  {USUAL:g} mg does not, another dose does: {', '.join(moved) or 'nobody'}.",
        f"  Lowest helpful dose differs from the default patient's ({base:g} mg): "
        f"{', '.join(shifted) or 'nobody'}.",
    ]


def kind_sentences(named: pd.DataFrame) -> list[str]:
    """Say what help turns which patients who do not respond into responders."""
    lines = []
    for kind_ in KINDS:
        told = [
            f"{n}" if kind_ in (KINDS[0], KINDS[3]) else
            f"{n} ({', '.join(h for h in HELP[1:] if row[h] == kind_)})"
            for n, row in named.iterrows()
            if (kind_ in row.to_numpy()[1:] if kind_ != KINDS[3] else (row == KINDS[3]).all())
        ]  # fmt: skip
        lines.append(f"  {kind_}: {', '.join(told) or 'nobody'}.")
    return lines


def driver_sentences(named: pd.DataFrame) -> list[str]:
    """Say over which drivers the drug is enough, needs help, or fails."""
    lines = []
    for name in ("default", "mast cell"):
        for help_ in ALONG[1:]:
            col = {float(i.split("driver ")[1]): v for i, v in named[help_].items()
                   if str(i).startswith(f"{name},")}  # fmt: skip
            parts = [
                f"{k} at {min(x):g} to {max(x):g}" if len(x) > 1 else f"{k} at {x[0]:g}"
                for k in KINDS if (x := [d for d, v in col.items() if v == k])
            ]  # fmt: skip
            lines.append(f"  {name}, {help_}: {'; '.join(parts)}.")
    return lines


def edge_sentence(edge: float) -> str:
    """Say at which reserve the default patient ceases to respond."""
    if np.isnan(edge):
        return ""
    if edge == 0.0:
        return "The default patient responds at every reserve down to 0.02."
    return (
        f"The default patient responds to {USUAL:g} mg down to a reserve of {edge:.2f} of a "
        "healthy one."
    )


def answer(
    rows: pd.DataFrame, doses: pd.DataFrame, named: pd.DataFrame, along: pd.DataFrame, edge: float
) -> str:
    """Write the answer from all runs."""
    lines = [
        [n, f"{percent(r.tnf_12)} / {percent(r.pain_12)}",
         f"{percent(r.tnf_end)} / {percent(r.pain_end)}", dose_range(doses.loc[n]),
         percent(r.tone), f"{r.store:.0f} %", f"{r.ligand:.2g}", f"{r.m1:.2f}", r.reason]
        for n, r in rows.iterrows()
    ]  # fmt: skip
    bad = [n for n in rows.index if not rows.loc[n, "responds"]]
    parts = [
        QUESTION,
        f"{len(rows) - len(bad)} of {len(rows)} patients respond to {USUAL:g} mg nightly by the "
        f"last week; {', '.join(bad) or 'nobody'} {'do' if len(bad) > 1 else 'does'} not. A "
        f"response is a fall of TNF by {TNF_FALL:g} % and of pain by {PAIN_FALL:g} % or more.",
        *sorted_out(rows, doses),
        "TNF / pain as changes from the untreated patient; then what the states show in the last "
        "week (tone on glia as a change, filling of the endorphin store) and before treatment "
        "(TLR4 ligand, share of inflamed microglia):",
        table(["patient", "week 12", "last week", "helpful doses", "tone", "store", "ligand",
               "inflamed", "reading"], lines),
        f"Kinds of patient, by whether {USUAL:g} mg, help, or both bring a response:",
        *kind_sentences(named),
        "The same along the driver, for neighbours of two patients:",
        *driver_sentences(along),
        edge_sentence(edge),
        "Weakness: the four causes are prescribers' accounts. Who is refractory in the model is "
        "decided by where the patient stands relative to two assumed edges of a switch, not by "
        "anything measured. A response of trials (30 % less pain) is rarer than the one counted "
        "here. Adjuncts are factors of assumed size; 'driver treated' is complete and immediate, "
        "which no treatment is. No combination was tested in people. Not medical advice.",
        "What was measured or reported:",
        *findings(SOURCES),
        rows.attrs.get("failed", ""),
    ]  # fmt: skip
    return paragraphs(parts)


def picture(rows: pd.DataFrame, doses: pd.DataFrame, named: pd.DataFrame) -> Figure:
    """Draw responses at week 12 and the end, helpful doses, and kinds by help."""
    with style.styled():
        figure = style.new_figure(17.0, 7.6)
        axes = figure.subplots(1, 4, sharey=True, width_ratios=[1, 1, 1.2, 1.2])
        y = np.arange(len(rows))
        for ax, name, limit in ((axes[0], "tnf", TNF_FALL), (axes[1], "pain", PAIN_FALL)):
            ax.barh(y - 0.2, rows[f"{name}_12"], 0.38, color=OKABE_ITO["sky"], label="week 12")
            ax.barh(y + 0.2, rows[f"{name}_end"], 0.38, color=OKABE_ITO["blue"], label="last week")
            ax.axvline(-limit, color=GREY, ls=(0, (2, 2)), lw=1.2)
            ax.axvline(0.0, color=GREY, lw=1.0)
            ax.set_title(f"{'TNF' if name == 'tnf' else name}, {USUAL:g} mg nightly", loc="left")
            ax.set_xlabel("change from untreated (%)")
        axes[0].legend(loc="upper left", bbox_to_anchor=(0.0, 0.88), fontsize=SMALL)
        good = doses.to_numpy()
        for i in y:
            d = doses.columns.to_numpy(float)
            axes[2].plot(d, np.full(len(d), i), ".", color="#BBBBBB")
            axes[2].plot(d[good[i]], np.full(int(good[i].sum()), i), "o", color=OKABE_ITO["green"])
        axes[2].set(xscale="log", xlabel="nightly dose (mg, log)")
        axes[2].set_xticks((0.3, 1, 3, 10), ["0.3", "1", "3", "10"])
        axes[2].minorticks_off()
        axes[2].axvline(USUAL, color=GREY, ls=(0, (2, 2)), lw=1.2)
        axes[2].set_title("doses that help (green)", loc="left")
        _kinds(figure, axes[3], named)
        axes[0].set_yticks(y, list(rows.index))
        axes[0].set_ylim(len(rows) - 0.5, -0.5)
        for ax in axes:
            style.polish(ax)
        style.headline(figure, "Who does not respond, at which doses, and what help changes")
        footnote(figure, f"Dashed: limits of a response, and {USUAL:g} mg.")
    return figure


def _kinds(figure: Figure, ax: Axes, named: pd.DataFrame) -> None:
    """Map the kind of each patient for each help."""
    part = named[list(HELP[1:])]
    colours = [OKABE_ITO[s] for s in SHADES]
    ax.imshow(part.map(KINDS.index).to_numpy(float), cmap=ListedColormap(colours), vmin=-0.5,
              vmax=len(KINDS) - 0.5, aspect="auto")  # fmt: skip
    ax.set_xticks(range(part.shape[1]), list(part.columns), rotation=35, ha="right")
    ax.grid(False)
    ax.set_title(f"{USUAL:g} mg with help", loc="left")
    for i in range(len(part) + 1):
        ax.axhline(i - 0.5, color="white", lw=2.0)
    for i in range(part.shape[1] + 1):
        ax.axvline(i - 0.5, color="white", lw=2.0)
    handles = [Patch(color=c, label=k) for c, k in zip(colours, KINDS, strict=True)]
    figure.legend(handles=handles, loc="upper right", ncols=len(handles), fontsize=SMALL)


def experiment(out: Path, setting: Setting) -> str:
    """Run everything, save it under ``out`` and return the answer."""
    say("patients, doses, help, drivers")
    rows, doses = run_patients(setting), helpful_doses(setting)
    named, along = with_help(PATIENTS, HELP, setting), with_help(drivers(setting), ALONG, setting)
    text = answer(rows, doses, named, along, reserve_edge(setting))
    kept = (("patients", rows), ("doses", doses), ("help", named), ("drivers", along))
    tables = {f"{NAME}_{n}": t for n, t in kept}
    write(out, NAME, text, picture(rows, doses, named), tables)
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = arguments(QUESTION, NAME, argv)
    n = given.points or Setting.doses
    return guarded(lambda: experiment(given.out, Setting(given.weeks, n, threads=given.threads)))


if __name__ == "__main__":
    sys.exit(main())
