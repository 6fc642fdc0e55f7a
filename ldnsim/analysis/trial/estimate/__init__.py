"""How trials are analysed: estimates, intervals and tests of many trials at once, in arrays.

Every function takes arrays whose last axes are those of one trial (patients, visits, periods) and
whose leading axes are free: trials, hypotheses, sets of parameters. NaN is what was not observed.
"""

from ldnsim.analysis.trial.estimate.ancova import ancova
from ldnsim.analysis.trial.estimate.record import Estimate
from ldnsim.analysis.trial.estimate.two_groups import paired, responders, welch

__all__ = ["Estimate", "ancova", "paired", "responders", "welch"]
