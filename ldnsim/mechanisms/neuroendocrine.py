"""ACTH and cortisol: the answer to lost mu tone, the daily rhythm, the brake on inflammation.

Endogenous opioids hold corticotropin-releasing hormone down. When mu tone is lost at the sensor,
ACTH rises within half an hour and cortisol within the hour; most of the answer is spent as fast,
the rest lasts as long as the loss. It adds to the clock's own rhythm, which was seen whole: two
harmonics through the measured peak, trough and their ratio, mean exactly 1. Cortisol holds ACTH
down, measured by what the clock leads to expect, so that an untreated person follows the clock
exactly. Cells feel cortisol through their genes, hours late: the brake on inflammation is weakest
in the small hours.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import LN2, OMEGA, cos, falling, hill, sin
from ldnsim.mechanisms.record import (
    ASSUMED,
    DERIVED,
    Mechanism,
    logitnormal,
    lognormal,
)

M = Mechanism("neuroendocrine", "ACTH, cortisol and the brake on inflammation")
P = M.parameter
P("cortisol_amplitude", 0.56872, "1", "daily swing of cortisol, first harmonic", DERIVED,
  "cortisol_profile", high=0.75, note="with the next three: highest at 08:32, lowest at 00:18, "
  "ratio 7.8, and the smallest second harmonic that does it")
P("cortisol_acrophase", 11.5806, "h", "clock time of the first harmonic's peak", DERIVED,
  "cortisol_profile", high=24.0)
P("cortisol_amplitude2", 0.24947, "1", "daily swing of cortisol, second harmonic", DERIVED,
  "cortisol_profile", high=0.25)
P("cortisol_acrophase2", 6.71077, "h", "clock time of the second harmonic's first peak", DERIVED,
  "cortisol_profile", high=12.0)
P("t_half_cortisol", 0.6, "h", "half-life of cortisol", DERIVED, "naloxone_hpa1994",
  spread=lognormal(0.2), low=0.1, note="fast enough for a peak about an hour after the block; "
  "its slower last phase is left out")
P("t_half_acth", 0.2, "h", "half-life of ACTH", ASSUMED, spread=lognormal(0.3), low=0.02)
P("acth_floor", 0.5, "1", "ACTH at which the adrenal makes no cortisol, of the daily mean",
  ASSUMED, spread=logitnormal(0.2), high=0.8,
  note="so that cortisol swings twice as far as ACTH")
P("hpa_gain", 2.2, "1", "ACTH released in answer to full loss of mu tone, of the daily mean",
  DERIVED, "naloxone_hpa1994 judd1981", spread=lognormal(0.3),
  note="mean of both sexes; ACTH 1.8-fold, cortisol 2.0-fold after 125 ug/kg of naloxone")
P("hpa50", 0.7, "1", "lost mu tone that brings half of the answer", ASSUMED,
  spread=lognormal(0.15), low=0.1, note="high and steep: no study of 6 mg or less saw cortisol "
  "rise, none looked")
P("t_hpa_spent", 0.5, "h", "time constant with which the answer is spent", DERIVED,
  "naloxone_hpa1994", spread=lognormal(0.3), low=0.05,
  note="ACTH is highest at 30 min and cortisol at 45 while the receptors are still blocked")
P("hpa_lasting", 0.25, "1", "share of the answer that lasts with the loss", ASSUMED,
  "naltrexone_hpa_7d naloxone_8h naloxone_24h", spread=logitnormal(0.5), high=1.0,
  note="cortisol still raised after 7 d of 50 mg, and not falling at night under 8 h of "
  "naloxone; against: no change under a 24 h infusion")
P("female", 0.5, "1", "0 man, 1 woman, 0.5 not stated", ASSUMED, high=1.0)
P("sex_on_hpa", 0.4, "1", "how far a woman's answer lies above the mean of both sexes",
  ASSUMED, "lovallo2012 naltrexone_smokers", spread=lognormal(0.4), high=1.0,
  note="direction read, size assumed: in one study women rose and men did not")
P("adversity", 0.0, "1", "adversity in childhood, 0 none to 1 high", ASSUMED, high=1.0)
P("adversity_blunting", 0.7, "1", "answer lost by high adversity", ASSUMED, "lovallo2018",
  spread=logitnormal(0.5), high=1.0, note="'strongly blunted' read, size assumed; 72 women")
P("health_on_hpa", 0.2, "1", "answer lost with all neuronal health", ASSUMED, "refojo2002",
  spread=logitnormal(0.5), high=1.0, note="the arm from brain to immunity; mice without "
  "beta-endorphin answer LPS with less ACTH and corticosterone; 0 cuts the arrow")
P("cortisol_feedback", 3.0, "1", "strength with which cortisol holds ACTH down", ASSUMED,
  spread=lognormal(0.4))
P("stress_on_cortisol", 0.0, "1", "cortisol added by full stress, of the daily mean", ASSUMED,
  "tak2011 beiner2023", note="basal blood cortisol differs by -0.07 SD over 85 studies of "
  "fatigue, fibromyalgia and bowel: none is added")
P("stress_flattening", 0.3, "1", "share of the daily swing that full stress takes", ASSUMED,
  spread=logitnormal(0.5), high=1.0, note="no source was read")
P("t_cortisol_action", 4.0, "h", "time constant of what cortisol does through genes", ASSUMED,
  spread=lognormal(0.3), low=0.5)
P("steroid_brain", 0.1, "1", "share of a steroid's action that reaches the brain", ASSUMED,
  "clark1985", spread=logitnormal(0.5), high=1.0, note="two weeks of 15 mg of prednisone did "
  "nothing in fibromyalgia, so little may reach what keeps it up; size assumed")
P("brake_strength", 0.25, "1", "strength of the brake of cortisol on inflammation", ASSUMED,
  "vanderpoll1996 clark1985", spread=lognormal(0.4), high=1.0, note="modest: at six times the mean "
  "it halves activation and, again, production, while hydrocortisone just before LPS prevented "
  "TNF altogether; "
  "12 h to 7 d earlier it raised TNF, and prednisone does not relieve fibromyalgia")
P("coupling_cortisol", 1.0, "1", "switch: cortisol brakes inflammation", high=1.0)


def harmonic(
    clock_cos: float, clock_sin: float, angle: float, rate: float, lag1: float, lag2: float
) -> float:
    """What to release so that ``cos(rate t - angle)`` is left after two first-order lags.

    The clock's cosine and sine are those of ``rate t``, in rad/h; lags in h, 0 for none.
    """
    level = clock_cos * cos(angle) + clock_sin * sin(angle)
    slope = clock_cos * sin(angle) - clock_sin * cos(angle)
    return (1.0 - rate * rate * lag1 * lag2) * level + rate * (lag1 + lag2) * slope


def of_the_day(
    clock_cos: float,
    clock_sin: float,
    amplitude: float,
    acrophase: float,
    amplitude2: float,
    acrophase2: float,
    lag1: float,
    lag2: float,
) -> float:
    """The daily swing of cortisol, mean 0, as it must leave two first-order lags earlier."""
    cos2 = clock_cos * clock_cos - clock_sin * clock_sin
    sin2 = 2.0 * clock_sin * clock_cos
    first = harmonic(clock_cos, clock_sin, OMEGA * acrophase, OMEGA, lag1, lag2)
    second = harmonic(cos2, sin2, 2.0 * OMEGA * acrophase2, 2.0 * OMEGA, lag1, lag2)
    return amplitude * first + amplitude2 * second


@M.quantity("1", "size of the daily swing of cortisol, of a healthy person's")
def cortisol_swing(stress: float, stress_flattening: float) -> float:
    """Stress flattens the day."""
    return 1.0 - stress_flattening * stress


@M.quantity("1", "cortisol the clock leads to expect, fold of a healthy mean")
def expected_cortisol(
    clock_cos: float,
    clock_sin: float,
    cortisol_swing: float,
    cortisol_amplitude: float,
    cortisol_acrophase: float,
    cortisol_amplitude2: float,
    cortisol_acrophase2: float,
    stress: float,
    stress_on_cortisol: float,
) -> float:
    """The rhythm as measured, mean 1; flattened and raised by stress."""
    swing = of_the_day(
        clock_cos, clock_sin, cortisol_amplitude, cortisol_acrophase, cortisol_amplitude2,
        cortisol_acrophase2, 0.0, 0.0,
    )  # fmt: skip
    return (1.0 + stress_on_cortisol * stress) * (1.0 + cortisol_swing * swing)


@M.quantity("1", "ACTH released by the clock beyond what the adrenal does not answer")
def acth_rhythm(
    clock_cos: float,
    clock_sin: float,
    cortisol_swing: float,
    cortisol_amplitude: float,
    cortisol_acrophase: float,
    cortisol_amplitude2: float,
    cortisol_acrophase2: float,
    stress: float,
    stress_on_cortisol: float,
    t_half_cortisol: float,
    t_half_acth: float,
) -> float:
    """The release that gives cortisol its rhythm: it leads, since both hormones are lost slowly."""
    swing = of_the_day(
        clock_cos, clock_sin, cortisol_amplitude, cortisol_acrophase, cortisol_amplitude2,
        cortisol_acrophase2, t_half_cortisol / LN2, t_half_acth / LN2,
    )  # fmt: skip
    return (1.0 + stress_on_cortisol * stress) * (1.0 + cortisol_swing * swing)


@M.quantity("1", "drive on ACTH by lost mu tone, of that of full loss")
def hpa_drive(
    lost_tone: float,
    neuronal_health: float,
    hpa50: float,
    female: float,
    sex_on_hpa: float,
    adversity: float,
    adversity_blunting: float,
    health_on_hpa: float,
) -> float:
    """Steep in the loss; more in women, less after adversity and with damaged neurons."""
    loss = hill(lost_tone, hpa50, 4) / hill(1.0, hpa50, 4)
    sex = 1.0 + sex_on_hpa * (2.0 * female - 1.0)
    health = 1.0 - health_on_hpa * (1.0 - neuronal_health)
    return loss * sex * (1.0 - adversity_blunting * adversity) * health


@M.state("1", "share of the answer to lost tone that is spent", scale=0.1, upper=1.0)
def hpa_spent(hpa_spent: float, lost_tone: float, hpa50: float, t_hpa_spent: float) -> float:
    """Follows the loss within the hour."""
    loss = hill(lost_tone, hpa50, 4) / hill(1.0, hpa50, 4)
    return (loss - hpa_spent) / t_hpa_spent


@M.state("1", "ACTH, fold of a healthy person's daily mean", start=1.0)
def acth(
    acth: float,
    acth_rhythm: float,
    hpa_drive: float,
    hpa_spent: float,
    cortisol: float,
    expected_cortisol: float,
    steroid: float,
    hpa_gain: float,
    hpa_lasting: float,
    cortisol_feedback: float,
    acth_floor: float,
    t_half_acth: float,
) -> float:
    """Clock and answer to lost tone, held down by cortisol above what the clock expects.

    A steroid that is given holds it down as well.
    """
    answer = hpa_gain * hpa_drive * (1.0 - (1.0 - hpa_lasting) * hpa_spent)
    felt = cortisol + steroid
    held = (1.0 + cortisol_feedback * expected_cortisol) / (1.0 + cortisol_feedback * felt)
    released = acth_floor + ((1.0 - acth_floor) * acth_rhythm + answer) * held
    return LN2 / t_half_acth * (released - acth)


@M.state("1", "cortisol, fold of a healthy person's daily mean", start=1.0)
def cortisol(cortisol: float, acth: float, acth_floor: float, t_half_cortisol: float) -> float:
    """Made in proportion to ACTH above the adrenal's floor."""
    made = (acth - acth_floor) / (1.0 - acth_floor)
    return LN2 / t_half_cortisol * (made - cortisol)


@M.state("1", "what cortisol does in cells, 1 at a lasting healthy mean", start=1.0)
def cortisol_action(cortisol_action: float, cortisol: float, t_cortisol_action: float) -> float:
    """Through genes: hours behind the hormone."""
    return (cortisol - cortisol_action) / t_cortisol_action


@M.quantity("1", "factor of cortisol on what inflamed cells make")
def cortisol_brake(
    cortisol_action: float,
    steroid: float,
    steroid_brain: float,
    brake_strength: float,
    coupling_cortisol: float,
) -> float:
    """1 at a lasting healthy mean; below it when cortisol is high, saturating; more at night."""
    acting = cortisol_action + steroid_brain * steroid
    return 1.0 + coupling_cortisol * (falling(acting, brake_strength) - 1.0)


M.couple("acth", "cortisol")
M.reads("fold of healthy", "acth", "cortisol", "expected_cortisol", "cortisol_action")
M.reads("relative to rest", "acth_rhythm", "cortisol_swing", "cortisol_brake")
M.reads("fraction", "hpa_spent")
M.reads("of that of full loss", "hpa_drive")
M.called(
    acth="ACTH", cortisol="cortisol", expected_cortisol="expected cortisol",
    acth_rhythm="rhythm of ACTH", hpa_drive="drive on ACTH", hpa_spent="spent answer of ACTH",
    cortisol_action="action of cortisol", cortisol_brake="brake of cortisol",
    cortisol_swing="swing of cortisol",
)  # fmt: skip
