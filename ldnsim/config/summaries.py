"""The summaries a study can ask for: one number per run, computed while solving.

Each is a record (:class:`ldnsim.measure.Summary`): which variable, reduced how, over which part of
the run, against what. A study defines others, see :mod:`ldnsim.config.own_summary`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ldnsim.measure import Against, Measure, Summary

if TYPE_CHECKING:
    from ldnsim.config.blocks import Output

WINDOWS: dict[str, str] = {
    "night": "24 h of the close-up, from the first planned dose of the last full day of treatment",
    "week": "the last week of treatment, or as many whole days as there are",
    "end": "the last week of the simulation, or as many whole days as there are",
    "run": "the whole simulation",
    "start": "the first four weeks of the simulation, or as many whole days as there are",
    "treatment": "the whole days up to the end of the last full day of treatment",
}
_AGAINST: dict[str, Against] = {"change": "change", "fall": "fall"}


def _one(name: str, what: str, long_name: str, meaning: str, better: str = "",
         setting: str = "", relative: bool = False) -> Summary:  # fmt: skip
    """Make a record of ``variable kind window`` and, where it is against something, that."""
    variable, kind, window, *against = what.split()
    return Summary(
        variable, kind, window=window, against=_AGAINST[against[0]] if against else "",
        relative=relative, name=name, long_name=long_name, meaning=meaning, better=better,
        setting=setting,
    )  # fmt: skip


_SINGLE = (
    _one(
        "hours_blocked",
        "mor_occupancy hours_above night",
        "hours with mu receptors blocked",
        "hours of the close-up with mu-receptor occupancy above the threshold",
        setting="occupancy_threshold",
    ),
    _one(
        "hours_rebound",
        "beta_endorphin same_clock night",
        "hours with endorphin above untreated",
        "hours of the close-up with beta-endorphin above that of the untreated patient at the same"
        " clock time, times the threshold; on straight lines between the samples of"
        " output.night_every",
        setting="rebound_threshold",
    ),
    _one(
        "occupancy_peak",
        "mor_occupancy max night",
        "highest mu occupancy of the night",
        "highest mu-receptor occupancy in the close-up",
    ),
    _one(
        "occupancy_trough",
        "mor_occupancy min night",
        "lowest mu occupancy of the night",
        "lowest mu-receptor occupancy in the close-up",
    ),
    _one(
        "time_to_response",
        "pain first_below run",
        "time to response",
        "first time pain is below the untreated mean by the response fraction; NaN when never",
        "lower",
        "response_fraction",
        relative=True,
    ),
    _one(
        "worst_dreams",
        "vivid_dreams max run",
        "worst vivid-dream score",
        "highest vivid-dream score of the whole simulation",
        "variable",
    ),
    _one(
        "worst_insomnia",
        "insomnia max run",
        "worst insomnia score",
        "highest insomnia score of the whole simulation",
        "variable",
    ),
    _one(
        "worst_pain_change",
        "pain max run change",
        "change of the worst pain from that of an untreated day",
        "highest pain of the whole simulation minus the highest of an untreated day: transient"
        " worsening",
        "variable",
    ),
)

_STAYING = Measure("hazard_stopping", "staying", window="treatment")
_BURDEN = (
    _one(
        "staying",
        "hazard_stopping staying treatment",
        "share still on treatment",
        "of patients like this one, the share who have not stopped by the end of treatment, for"
        " adverse events or for lack of benefit: exp(-integral of the hazard of stopping)",
        "higher",
    ),
    _one(
        "staying_weekly",
        "hazard_stopping staying_weekly treatment",
        "share staying each week",
        "of those still on treatment, the share who stay another week, over all of it: comparable"
        " between treatments of different length",
        "higher",
    ),
    _one(
        "worst_burden",
        "adverse_burden max run",
        "worst adverse-effect burden",
        "highest adverse-effect burden of the whole simulation",
        "variable",
    ),
    _one(
        "early_burden",
        "adverse_burden mean start",
        "mean adverse-effect burden of the first four weeks",
        "mean adverse-effect burden of the first four weeks of the simulation",
        "variable",
    ),
    replace(
        _one(
            "benefit_with_staying",
            "pain mean week fall",
            "fall of pain times share still on treatment",
            "untreated 24 h mean of pain minus its mean in the last week of treatment, times the"
            " share still on treatment then: who stops is taken to gain nothing",
            "higher",
        ),
        weighed=_STAYING,
    ),
    replace(
        _one(
            "global_impression",
            "quality_of_life mean week change",
            "global impression of change",
            "1 very much improved, 4 no change, 7 very much worse: 10 points of quality of life,"
            " from the untreated 24 h mean to the last week of treatment, are one step (assumed)",
            "lower",
        ),
        step=10.0,
        standard=False,
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
    "m1": ("microglia_m1", "inflammatory microglia", True),
    "priming": ("priming", "microglial priming", False),
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
    "quality": ("quality_of_life", "quality of life", False),
    "activity": ("disease_activity", "autoimmune disease activity", False),
    "blood": ("blood_cytokines", "cytokines of blood", False),
    "sleep": ("sleep_quality", "sleep quality", False),
    "fog": ("brain_fog", "brain fog", False),
    "function": ("physical_function", "function", False),
    "sensory": ("sensory_symptom", "sensory symptom", False),
}
_WHEN_ASKED = {"blood", "sleep", "fog", "function", "sensory"}
"""Changes that are computed only where a study names them."""


def _auc(name: str, variable: str, words: str) -> Summary:
    long_name, meaning = f"24 h area under {words}", f"integral of {words} over the close-up"
    return Summary(
        variable, "integral", window="night", name=name, long_name=long_name, meaning=meaning,
        standard=name != "tlr4_trif_auc",
    )  # fmt: skip


def _change(short: str, window: str, against: Against, standard: bool) -> Summary:
    variable, words, _ = _CHANGES[short]
    at_end, percent = window == "end", against == "percent"
    when = "at the end of the simulation" if at_end else "in the last week of treatment"
    return Summary(
        variable,
        "mean",
        window=window,
        against=against,
        name=f"{short}_change{'_end' if at_end else ''}{'_percent' if percent else ''}",
        long_name=f"change of {words} {when}",
        meaning=f"mean {words} {when} minus the untreated 24 h mean"
        + (", in percent" if percent else ""),
        standard=standard,
        better="variable",
    )


def _registry() -> dict[str, Summary]:
    records = [*_SINGLE, *_BURDEN]
    records += [_auc(name, *rest) for name, rest in _AUC.items()]
    for short, (_, _, at_end) in _CHANGES.items():
        records.append(_change(short, "week", "change", short not in _WHEN_ASKED))
        records.append(_change(short, "week", "percent", at_end))
        records.append(_change(short, "end", "change", at_end))
        records.append(_change(short, "end", "percent", False))
    return {r.name: r for r in records}


SUMMARIES = _registry()
"""Every summary that comes with the package, by name."""

DEFAULT_VARIABLES = (
    "mor_occupancy", "dor_occupancy", "kor_occupancy", "ogfr_occupancy",
    "beta_endorphin", "met_enkephalin", "reserve_level", "opioid_tone", "analgesic_tone",
    "mor_density",
    "tlr4_trif", "tlr4_myd88", "microglia_m1", "priming",
    "tnf", "il1b", "il6", "il10", "nk_activity", "autoimmune_balance", "mast_activation",
    "blood_cytokines", "disease_activity",
    "neuronal_health", "sensitisation", "pain", "fatigue", "mood", "vivid_dreams", "insomnia",
    "quality_of_life",
    "adverse_burden", "hazard_stopping", "naltrexone_plasma", "naltrexol_plasma",
)  # fmt: skip
"""Variables kept when the study does not say."""


def stored_variables(wanted: tuple[str, ...] | str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the variables that a study keeps, in order.

    Args:
        wanted: names, ``"default"`` or ``"all"``.
        known: variables of the model.
    """
    if wanted == "all":
        return tuple(known)
    if wanted == "default":
        return tuple(v for v in DEFAULT_VARIABLES if v in known)
    return tuple(dict.fromkeys(wanted))


def with_setting(s: Summary, output: Output) -> Summary:
    """Return a summary with the threshold that its setting in ``[output]`` makes."""
    if not s.setting:
        return s
    value = float(getattr(output, s.setting))
    # a response is a fall by a share of the untreated mean
    return replace(s, threshold=1.0 - value if s.setting == "response_fraction" else value)
