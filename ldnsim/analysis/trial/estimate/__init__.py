"""How trials are analysed: estimates, intervals and tests of many trials at once, in arrays.

Every function takes arrays whose last axes are those of one trial (patients, visits, periods) and
whose leading axes are free: trials, hypotheses, sets of parameters. NaN is what was not observed.
"""

from ldnsim.analysis.trial.estimate.adaptive import (
    bonferroni,
    combined,
    conditional_power,
    futile,
    keep_best,
    predictive_power,
    signed_z,
)
from ldnsim.analysis.trial.estimate.ancova import ancova
from ldnsim.analysis.trial.estimate.crossover import Crossover, crossover, sequences
from ldnsim.analysis.trial.estimate.doses import Emax, emax, trend
from ldnsim.analysis.trial.estimate.isotonic_interval import up_and_down
from ldnsim.analysis.trial.estimate.planning import (
    n_for_means,
    n_for_pairs,
    n_for_shares,
    power_of_means,
    power_of_pairs,
    power_of_shares,
)
from ldnsim.analysis.trial.estimate.probit import Probit, probit
from ldnsim.analysis.trial.estimate.record import Estimate
from ldnsim.analysis.trial.estimate.repeated import Repeated, repeated
from ldnsim.analysis.trial.estimate.series import Series, each_patient, series
from ldnsim.analysis.trial.estimate.several import counts, dunnett, holm
from ldnsim.analysis.trial.estimate.survival import log_rank
from ldnsim.analysis.trial.estimate.two_groups import paired, responders, welch
from ldnsim.analysis.trial.estimate.up_down import Counts, centred_isotonic, dixon_mood

__all__ = [
    "Counts",
    "Crossover",
    "Emax",
    "Estimate",
    "Probit",
    "Repeated",
    "Series",
    "ancova",
    "bonferroni",
    "centred_isotonic",
    "combined",
    "conditional_power",
    "counts",
    "crossover",
    "dixon_mood",
    "dunnett",
    "each_patient",
    "emax",
    "futile",
    "holm",
    "keep_best",
    "log_rank",
    "n_for_means",
    "n_for_pairs",
    "n_for_shares",
    "paired",
    "power_of_means",
    "power_of_pairs",
    "power_of_shares",
    "predictive_power",
    "probit",
    "repeated",
    "responders",
    "sequences",
    "series",
    "signed_z",
    "trend",
    "up_and_down",
    "welch",
]
