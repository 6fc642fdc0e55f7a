"""The summaries a study can ask for: one number per run, computed while solving.

Each is a record: which variable, reduced how, over which part of the run, against what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Window = Literal["night", "week", "end", "run"]
Derived = Literal["value", "change", "percent"]
Kind = Literal["mean", "integral", "max", "min", "hours_above", "first_below", "same_clock"]

WINDOWS: dict[str, str] = {
    "night": "24 h of the close-up, from the first planned dose of the last full day of treatment",
    "week": "the last week of treatment, or as many whole days as there are",
    "end": "the last week of the simulation, or as many whole days as there are",
    "run": "the whole simulation",
}


@dataclass(frozen=True)
class Summary:
    """One summary.

    Attributes:
        name: variable name in the result.
        observable: the model variable it reduces.
        kind: the reduction (``same_clock``: hours above the untreated patient at that clock time).
        window: the part of the run, one of :data:`WINDOWS`.
        derived: the value itself, its change from what the same reduction gives in the untreated
            patient (24 h mean, highest or lowest value of the day), or that in percent.
        unit: unit of the result; empty for that of the variable.
        long_name: text for an axis.
        meaning: one line on how to read it.
        threshold: name of the setting in ``[output]`` it uses, if any.
        standard: whether it is computed when the study does not say.
        better: ``"lower"`` or ``"higher"`` where that is so whatever the variable; ``"variable"``:
            as the variable has it; empty for what is neither good nor bad in itself.
    """

    name: str
    observable: str
    kind: Kind
    window: Window
    derived: Derived
    unit: str
    long_name: str
    meaning: str
    threshold: str = ""
    standard: bool = True
    better: str = ""


_SINGLE = (
    Summary(
        "hours_blocked",
        "mor_occupancy",
        "hours_above",
        "night",
        "value",
        "h/d",
        "hours of mu blockade per night",
        "hours of the close-up with mu-receptor occupancy above the threshold",
        "occupancy_threshold",
    ),
    Summary(
        "hours_rebound",
        "beta_endorphin",
        "same_clock",
        "night",
        "value",
        "h/d",
        "hours of endorphin rebound per night",
        "hours of the close-up with beta-endorphin above that of the untreated patient at the same"
        " clock time, times the threshold",
        "rebound_threshold",
    ),
    Summary(
        "occupancy_peak",
        "mor_occupancy",
        "max",
        "night",
        "value",
        "1",
        "highest mu occupancy of the night",
        "highest mu-receptor occupancy in the close-up",
    ),
    Summary(
        "occupancy_trough",
        "mor_occupancy",
        "min",
        "night",
        "value",
        "1",
        "lowest mu occupancy of the night",
        "lowest mu-receptor occupancy in the close-up",
    ),
    Summary(
        "time_to_response",
        "pain",
        "first_below",
        "run",
        "value",
        "h",
        "time to response",
        "first time pain is below the untreated mean by the response fraction; NaN when never",
        "response_fraction",
        better="lower",
    ),
    Summary(
        "worst_dreams",
        "vivid_dreams",
        "max",
        "run",
        "value",
        "",
        "worst vivid-dream score",
        "highest vivid-dream score of the whole simulation",
        better="variable",
    ),
    Summary(
        "worst_insomnia",
        "insomnia",
        "max",
        "run",
        "value",
        "",
        "worst insomnia score",
        "highest insomnia score of the whole simulation",
        better="variable",
    ),
    Summary(
        "worst_pain_change",
        "pain",
        "max",
        "run",
        "change",
        "",
        "change of the worst pain from that of an untreated day",
        "highest pain of the whole simulation minus the highest of an untreated day: transient"
        " worsening",
        better="variable",
    ),
)

_AUC = {
    "occupancy_auc": ("mor_occupancy", "mu occupancy"),
    "beta_endorphin_auc": ("beta_endorphin", "beta-endorphin"),
    "met_enkephalin_auc": ("met_enkephalin", "met-enkephalin"),
    "opioid_tone_auc": ("opioid_tone", "opioid tone"),
    "naltrexone_auc": ("naltrexone_plasma", "plasma naltrexone"),
    "tlr4_trif_auc": ("tlr4_trif", "TLR4-TRIF activity"),
}

# short name -> (variable, words, whether it is standard also at the end of the run)
_CHANGES = {
    "pain": ("pain", "pain", True),
    "tnf": ("tnf", "TNF", True),
    "il1b": ("il1b", "IL-1b", False),
    "il6": ("il6", "IL-6", False),
    "il10": ("il10", "IL-10", False),
    "m1": ("microglia_m1", "pro-inflammatory microglia", True),
    "m2": ("microglia_m2", "resolving microglia", False),
    "beta_endorphin": ("beta_endorphin", "beta-endorphin", False),
    "met_enkephalin": ("met_enkephalin", "met-enkephalin", False),
    "opioid_tone": ("opioid_tone", "opioid tone", False),
    "tlr4_trif": ("tlr4_trif", "TLR4-TRIF activity", False),
    "nk": ("nk_activity", "NK-cell activity", False),
    "neuronal_health": ("neuronal_health", "neuronal health", True),
    "sensitisation": ("sensitisation", "central sensitisation", False),
    "fatigue": ("fatigue", "fatigue", False),
    "mood": ("mood", "mood", False),
    "autoimmune": ("autoimmune_balance", "autoimmune balance", False),
    "mast": ("mast_activation", "mast-cell activation", False),
}


def _auc(name: str, variable: str, words: str) -> Summary:
    return Summary(
        name,
        variable,
        "integral",
        "night",
        "value",
        "*h",
        f"24 h area under {words}",
        f"integral of {words} over the close-up",
        standard=name != "tlr4_trif_auc",
    )


def _change(short: str, window: Window, derived: Derived, standard: bool) -> Summary:
    variable, words, _ = _CHANGES[short]
    name = f"{short}_change" + ("_end" if window == "end" else "")
    when = "at the end of the simulation" if window == "end" else "in the last week of treatment"
    percent = derived == "percent"
    return Summary(
        name + ("_percent" if percent else ""),
        variable,
        "mean",
        window,
        derived,
        "percent" if percent else "",
        f"change of {words} {when}",
        f"mean {words} {when} minus the untreated 24 h mean" + (", in percent" if percent else ""),
        standard=standard,
        better="variable",
    )


def _registry() -> dict[str, Summary]:
    records = list(_SINGLE)
    records += [_auc(name, *rest) for name, rest in _AUC.items()]
    for short, (_, _, at_end) in _CHANGES.items():
        records.append(_change(short, "week", "change", True))
        records.append(_change(short, "week", "percent", at_end))
        records.append(_change(short, "end", "change", at_end))
        records.append(_change(short, "end", "percent", False))
    return {r.name: r for r in records}


SUMMARIES = _registry()
"""Every summary by name."""

DEFAULT_VARIABLES = (
    "mor_occupancy", "dor_occupancy", "kor_occupancy", "ogfr_occupancy",
    "beta_endorphin", "met_enkephalin", "opioid_tone", "analgesic_tone", "mor_density",
    "tlr4_trif", "tlr4_myd88", "microglia_m1", "microglia_m2",
    "tnf", "il1b", "il6", "il10", "nk_activity", "autoimmune_balance", "mast_activation",
    "neuronal_health", "sensitisation", "pain", "fatigue", "mood", "vivid_dreams", "insomnia",
    "naltrexone_plasma", "naltrexol_plasma",
)  # fmt: skip
"""Variables kept when the study does not say."""
