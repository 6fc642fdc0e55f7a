"""Behaviours of illness over time and over people: a deficit before disease, who responds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ldnsim.analysis.behaviours.record import Behaviour
from ldnsim.analysis.judged.deficit import deficit
from ldnsim.analysis.judged.doses import HALF_YEAR, standard
from ldnsim.analysis.judged.record import Found, Setting
from ldnsim.analysis.trial.cohort import cohort
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.weighing import wilson

SIZE, SEED = 32, 1
"""Drawn patients: those of the claims about many."""
RELIEF = 0.3
"""Share of pain that has to go, as in trials; of biology here, without placebo response."""
SOME = 0.1
"""Share of patients that counts as some."""
HELPING = ("dual_pathway", "rebound", "glial", "tonic", "persistent", "ogfr", "peripheral")
"""Hypotheses that claim benefit."""


def responders(settings: Sequence[Setting]) -> Iterable[Found]:
    """Share of drawn patients with 30 % less pain by biology after half a year of 4.5 mg."""
    for s in settings:
        own = s.put(RunSpec.of()).parameters
        group = cohort(
            s.hypothesis, standard(), HALF_YEAR, "default", SIZE, SEED, own, edition=s.edition
        )
        yield of_many(group.before, group.after)


def of_many(before: Floats, after: Floats) -> Found:
    """Judge a population by its pain, shape (patients,), before treatment and at the end."""
    answered = np.isfinite(before) & np.isfinite(after)
    of, fewer = int(answered.sum()), after <= (1.0 - RELIEF) * before
    helped = int((fewer & answered).sum())
    if not of:
        return Found(None, "no run of any drawn patient succeeded")
    share = helped / of
    low, high = wilson(share, of)
    text = (
        f"{helped} of {of} drawn patients, {share:.0%} (95 % interval {low:.0%} to {high:.0%}), "
        f"have {RELIEF:.0%} less pain by biology"
    )
    return Found(SOME <= share <= 1.0 - SOME, text, value=100.0 * share)


BEHAVIOURS = (
    Behaviour(
        "E20", "a deficit comes before disease: endorphin falls, then regulation, then health",
        "endorphin falls by 5 %, regulatory cells by 1 %, effector cells rise by 1 % and activity "
        "by 0.01 of the worst, each begun after the one before; gain of the circle reported",
        ("dual_pathway",), deficit, "sacerdote1999 refojo2002",
    ),
    Behaviour(
        "E21", "a population has responders and non-responders, by biology",
        "of 32 drawn patients a tenth or more, and not more than nine tenths, have 30 % less pain "
        "after half a year of 4.5 mg, without placebo response",
        HELPING, responders, "driver2023 polo2019",
    ),
)  # fmt: skip
