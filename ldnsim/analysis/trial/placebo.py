"""The placebo response of reported pain: calibrated in closed form, drawn per patient.

Patient ``i`` answers placebo with ``P_i(w) = p_i g(w)``, where ``p_i`` is normal and ``g`` rises
with a half-time to 1 at the week the numbers were taken; a diary adds an independent normal error
to every weekly mean. Mean and standard deviation of ``p`` are chosen for the patients at hand, so
that the placebo arm shows the published mean change and share of responders on the 0-10 scale.
Nothing of this touches the biology.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from ldnsim import weighing
from ldnsim.arrays import Floats
from ldnsim.catalog import Response
from ldnsim.edition import Edition, shipped
from ldnsim.errors import check_known

SCALE = (0.0, 10.0)
WIDEST = 8.0  # standard deviations beyond this make no sense on a scale of ten points


@dataclass(frozen=True)
class Placebo:
    """A placebo response fitted to the patients of a study.

    Attributes:
        name: which account.
        mean: of the response at ``week``, before the scale cuts it off.
        sd: of the response between patients.
        diary_sd: of the error of a weekly mean.
        half_time: of the response, weeks.
        week: when mean and deviation hold.
        expected_mean: mean reported change of the placebo arm at ``week``.
        expected30: share of patients whose reported pain falls by 30 %.
        misfit: what of the published numbers could not be met; empty when all are.
    """

    name: str
    mean: float
    sd: float
    diary_sd: float
    half_time: float
    week: float
    expected_mean: float
    expected30: float
    misfit: str

    def course(self, week: Floats) -> Floats:
        """Return the share of the response reached by each week; 1 at ``self.week``."""
        reached = 1.0 - 2.0 ** (-week / self.half_time)
        return np.asarray(reached / (1.0 - 2.0 ** (-self.week / self.half_time)))


def clipped_mean(mean: Floats, sd: float, low: float, high: float) -> Floats:
    """Return the mean of a normal variable cut off at both ends, its mass piled on them."""
    if sd == 0.0:
        return np.clip(mean, low, high)
    a, b = (low - mean) / sd, (high - mean) / sd
    inner = mean * (ndtr(b) - ndtr(a)) - sd * (_density(b) - _density(a))
    return np.asarray(low * ndtr(a) + high * (1.0 - ndtr(b)) + inner, dtype=np.float64)


def _density(z: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi), dtype=np.float64)


def mean_change(
    baseline: Floats, mean: float, sd: float, diary_sd: float, weights: Floats | None = None
) -> float:
    """Return the mean reported change of patients on placebo, who start at ``baseline``."""
    end = clipped_mean(baseline + mean, float(np.hypot(sd, diary_sd)), *SCALE)
    return weighing.mean(end - clipped_mean(baseline, diary_sd, *SCALE), weights)


def responders(
    baseline: Floats, mean: float, sd: float, diary_sd: float, fall: float = 0.3,
    weights: Floats | None = None,
) -> float:  # fmt: skip
    """Return the share of patients on placebo whose reported pain falls by ``fall``.

    The end is at most ``1 - fall`` times the start; both carry a diary error. The ends of the
    scale change nothing, but for starts so near 10 that the error would pass it.
    """
    kept = 1.0 - fall
    wide = float(np.sqrt(sd**2 + (1.0 + kept**2) * diary_sd**2))
    if wide == 0.0:
        return weighing.mean((mean <= -fall * baseline).astype(float), weights)
    return weighing.mean(ndtr((-fall * baseline - mean) / wide), weights)


def fit(
    baseline: Floats, name: str = "final2024", edition: Edition | None = None,
    weights: Floats | None = None,
) -> Placebo:  # fmt: skip
    """Fit an account of the placebo response to patients.

    Args:
        baseline: untreated pain of the patients, shape (n,).
        name: of the account, see ``ldnsim/data/placebo.toml``.
        edition: whose accounts are meant; those of the shipped one when None.
        weights: of the patients, shape (n,); all count the same when None.

    Raises:
        UserError: an unknown account.
    """
    data = (edition or shipped()).placebo
    check_known("placebo response", [name], data.responses)
    response = data.responses[name]
    diary, half_time = data.numbers["diary_sd"].value, data.numbers["half_time"].value
    sd, misfit = response.sd, ""
    if sd is None:
        sd = _sd_for(response, baseline, diary, weights)
    if sd is None:
        sd = data.numbers["sd_fallback"].value
        misfit = (
            f"no standard deviation gives {response.responders30:.1%} of responders at this"
            f" untreated pain (mean {weighing.mean(baseline, weights):.2g}); {sd:g} is used"
        )
    mean = _mean_for(response, baseline, sd, diary, weights)
    return Placebo(
        name,
        mean,
        sd,
        diary,
        half_time,
        response.week,
        mean_change(baseline, mean, sd, diary, weights),
        responders(baseline, mean, sd, diary, weights=weights),
        misfit,
    )


def _wanted(response: Response, sd: float, diary: float) -> float:
    """Return the mean change asked for; an effect size is in units of the deviation of changes."""
    if response.mean is not None:
        return response.mean
    assert response.effect_size is not None  # the reader checks that one of them is there
    return response.effect_size * float(np.sqrt(sd**2 + 2.0 * diary**2))


def _mean_for(
    response: Response, baseline: Floats, sd: float, diary: float, weights: Floats | None
) -> float:
    """Return the mean before clipping that gives the published mean change after it."""
    if response.mean == 0.0 and sd == 0.0:
        return 0.0
    wanted = _wanted(response, sd, diary)

    def excess(mean: float) -> float:
        return mean_change(baseline, mean, sd, diary, weights) - wanted

    if excess(-30.0) > 0.0:
        return wanted  # patients have too little pain to lose as much
    return float(brentq(excess, -30.0, 30.0, xtol=1e-10))


def _sd_for(
    response: Response, baseline: Floats, diary: float, weights: Floats | None
) -> float | None:
    """Return the deviation that gives the share of responders; None when there is none."""

    def excess(sd: float) -> float:
        mean = _mean_for(response, baseline, sd, diary, weights)
        assert response.responders30 is not None  # the reader checks that one of them is there
        return responders(baseline, mean, sd, diary, weights=weights) - response.responders30

    if excess(1e-3) * excess(WIDEST) > 0.0:
        return None
    return float(brentq(excess, 1e-3, WIDEST, xtol=1e-10))
