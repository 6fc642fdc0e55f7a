"""The runs of the dose-window experiment, their verdicts, and the reasons read from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from common import Floats, say, values
from dose_verdict import Verdict, judge

from ldnsim import Study
from ldnsim.model import default_model

MAIN = "dual_pathway"
HYPOTHESES = (MAIN, "rebound", "glial", "tonic", "persistent")
DAY = 56
"""Day of the close-up: expression of peptides has risen, most patients have not yet improved."""
LOOK = (
    "opioid_tone", "analgesic_tone", "ogfr_occupancy", "mor_occupancy", "beta_endorphin",
    "met_enkephalin", "trif_uninhibited", "tnf", "microglia_m1", "pain",
)  # fmt: skip
SUMMARIES = ("tnf_change_percent", "pain_change_percent", "pain_change", "m1_change")


@dataclass(frozen=True)
class Setting:
    """How much to compute.

    Attributes:
        doses: number of doses, evenly spaced on a logarithmic scale.
        weeks: weeks of treatment.
        affinities: number of values of the OGF receptor's dissociation constant.
        threads: threads; all cores when None.
    """

    doses: int = 16
    weeks: int = 26
    affinities: int = 9
    threads: int | None = None


def study(setting: Setting, axis: Sequence[dict[str, Any]], **blocks: Any) -> Study:
    """Build a study of nightly doses with one more axis (or several that advance together)."""
    dose = {
        "name": "dose", "field": "regimen.target", "logspace": ["0.1 mg", "50 mg", setting.doses],
        "digits": 2, "unit": "mg",
    }  # fmt: skip
    return Study.build(
        {
            "title": "Is there a dose window?",
            "hypothesis": MAIN,
            "horizon": f"{setting.weeks} wk",
            "regimen": f"4.5 mg nightly at 22:00, for {setting.weeks} wk",
            "axes": [*axis, dose],
            "output": {
                "every": "1 wk",
                "night": min(DAY, setting.weeks * 7 - 2),
                "ledger": False,
                "variables": list(LOOK),
                "summaries": list(SUMMARIES),
            },
            **blocks,
        },
        "dose_window",
    )


def affinities(number: int) -> tuple[list[float], list[float]]:
    """Return dissociation constants from 1/3 to 3 times the default, of drug and of metabolite."""
    table = default_model().parameters
    factors = 3.0 ** np.linspace(-1.0, 1.0, number)
    drug, metabolite = (table[n].value for n in ("kd_ogfr", "kd_ogfr_naltrexol"))
    return [float(drug * f) for f in factors], [float(metabolite * f) for f in factors]


def run(setting: Setting) -> tuple[xr.Dataset, xr.Dataset]:
    """Run dose x hypothesis and dose x affinity of the OGF receptor."""
    axis = {"name": "hypothesis", "field": "hypothesis", "values": list(HYPOTHESES)}
    say("dose x hypothesis (the first run on a machine compiles the model, about half a minute)")
    rivals = study(setting, [axis]).run(threads=setting.threads)
    drug, metabolite = affinities(setting.affinities)
    axes = [
        {"name": "kd_ogfr", "field": "parameters.kd_ogfr", "values": drug},
        {"name": "kd_metabolite", "field": "parameters.kd_ogfr_naltrexol", "values": metabolite},
    ]
    say("dose x affinity of the OGF receptor")
    together = study(setting, axes, zip=[["kd_ogfr", "kd_metabolite"]])
    return rivals, together.run(threads=setting.threads)


def verdict(ds: xr.Dataset) -> Verdict:
    """Judge the doses of a dataset that has no other dimension."""
    names = ("dose", "tnf_change_percent", "pain_change_percent")
    return judge(*(values(ds, name) for name in names))


def reasons(ds: xr.Dataset) -> dict[str, Floats]:
    """Return, per dose on the day of the close-up, 24 h means in percent.

    Tones and peptides are changes from the untreated patient; ``mu``, ``ogfr`` and ``trif`` are
    the share of receptors or of the TRIF branch that is blocked.
    """
    hours = values(ds, "night_time")
    span = hours[-1] - hours[0]  # both ends of the day are stored: a plain mean counts one twice
    mean = ds[[f"night_{n}" for n in LOOK]].integrate("night_time") / span

    def change(name: str) -> Floats:
        return 100.0 * (values(mean, f"night_{name}") / values(ds, f"baseline_{name}") - 1.0)

    return {
        "effector_tone": change("opioid_tone"),
        "analgesic_tone": change("analgesic_tone"),
        "beta_endorphin": change("beta_endorphin"),
        "met_enkephalin": change("met_enkephalin"),
        "mu": 100.0 * values(mean, "night_mor_occupancy"),
        "ogfr": 100.0 * values(mean, "night_ogfr_occupancy"),
        "trif": 100.0 * (1.0 - values(mean, "night_trif_uninhibited")),
    }
