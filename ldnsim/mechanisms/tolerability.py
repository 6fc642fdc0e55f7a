"""Tolerability: what treatment costs a patient, how the cost fades, and what makes people stop.

Adverse effects are what a patient notices and lays to the drug: vivid dreams, insomnia, pain above
and mood below what the patient has got used to. All count only while drug is in the body, so that
an untreated patient, whose pain and mood swing daily, has none at all; the burden of what is taken
besides counts while it is taken. Nothing accumulates: the share of patients who stay is computed
from the hazard of stopping, as a summary of the run.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import falling, positive_part
from ldnsim.mechanisms.record import ASSUMED, DERIVED, Mechanism, lognormal

M = Mechanism("tolerability", "Adverse effects, getting used to them, and stopping")
P = M.parameter
W = lognormal(0.4)
WEIGHT = lognormal(0.2)
P("trace_drug", 1e-3, "nmol/L", "plasma drug, parent and metabolite, that tells half of a patient "
  "on treatment from an untreated one", ASSUMED, low=1e-9,
  note="a microgram nightly counts as treatment; 4.5 mg does for a week or two after the last dose")
P("t_usual", 336.0, "h", "time constant of getting used to a level of pain or mood", ASSUMED,
  spread=lognormal(0.3), low=1.0, note="late insomnia was up at 2 and not at 4 weeks, anxiety "
  "slightly at 2 weeks and then not, both on long-acting naltrexone in other patients")
P("t_remembered", 17520.0, "h", "time constant of the memory of pain before treatment (two years)",
  ASSUMED, spread=lognormal(0.3), low=1.0,
  note="relief is judged against it and fades from judgement as slowly")
P("noticeable", 0.5, "1", "change of pain or mood, in points, of which half is noticed", ASSUMED,
  spread=W, low=0.01, note="well below a minimal important difference of 1 to 2 points")
P("burden_dreams", 1.0, "1", "adverse-effect burden per point of vivid dreams", ASSUMED,
  spread=WEIGHT)
P("burden_insomnia", 1.0, "1", "adverse-effect burden per point of insomnia", ASSUMED,
  spread=WEIGHT)
P("burden_flare", 1.0, "1", "adverse-effect burden per point of noticed pain above the usual",
  ASSUMED, spread=WEIGHT, note="prescribers' account; no series found a flare at the start")
P("burden_dysphoria", 1.0, "1", "adverse-effect burden per point of noticed mood below the usual",
  ASSUMED, spread=WEIGHT, note="50 mg at once was dysphoric in 7 men, 8 weeks changed no mood")
P("adverse_sensitivity", 1.0, "1", "this patient's burden over an ordinary patient's", ASSUMED,
  spread=W, note="covariates multiply it")
P("post_traumatic_stress", 0.0, "1", "post-traumatic stress, 0 none to 1 severe", ASSUMED, high=1.0)
P("adverse_trauma", 1.0, "1", "burden added by severe post-traumatic stress, as a share", ASSUMED,
  spread=W, note="prescribers' account")
P("adverse_stress", 0.5, "1", "burden added by full stress, as a share", ASSUMED, spread=W,
  note="prescribers' account; women with much adversity answered less to 50 mg, not more")
P("adverse_mast", 0.1, "1", "burden added per fold of mast-cell activation, as a share", ASSUMED,
  spread=W, note="prescribers' account: who is set off easily bears new medicines badly")
P("adverse_reserve", 0.5, "1", "strength of the endorphin reserve against burden", ASSUMED,
  spread=W, note="prescribers' account; no data")
P("hazard_background", 3.07e-5, "1/h", "hazard of stopping for adverse events on placebo", DERIVED,
  "final2024", spread=lognormal(0.4),
  note="6 % of 12 weeks, taken as lasting; a crossover in multiple sclerosis lost 1 of 80 in 8 "
  "weeks on drug, a register of ME/CFS 7.3 % in 1.7 years", alternatives={"polo2019": 5.09e-6})
P("hazard_burden", 7.54e-5, "1/h", "hazard of stopping added by a burden of 1", ASSUMED,
  "final2024", spread=lognormal(0.5), note="fitted by `ldnsim calibrate` to 8 against 6 % of 12 "
  "weeks, in 32 virtual patients; not determined: nothing to five times as much is possible")
P("hazard_worsening", 1e-3, "1/h", "hazard of stopping added by pain that has doubled on the drug",
  ASSUMED, spread=lognormal(0.5), note="prescribers' account: who flares stops")
P("hazard_no_benefit", 1.7e-4, "1/h", "hazard of stopping of who has waited long and feels no "
  "relief", ASSUMED, spread=lognormal(0.5),
  note="chart series of all causes: about half still treated, mean 123 d")
P("t_patience", 1344.0, "h", "time constant of waiting for benefit (eight weeks)", ASSUMED,
  spread=lognormal(0.3), low=1.0)
P("relief_half", 0.15, "1", "relief, as a share of pain before treatment, that halves stopping for "
  "lack of it", ASSUMED, spread=W, low=0.01, note="half of the 30 % that trials call a response")
P("pain_at_stake", 1.0, "1", "pain before treatment at which half as many stop for want of relief",
  ASSUMED, spread=W, low=0.01, note="who has no pain does not wait for relief")


@M.quantity("1", "whether drug is in the body, 0 to 1")
def on_drug(c_plasma: float, c_naltrexol: float, trace_drug: float) -> float:
    """Exactly 0 where none was given; close to 1 for days after any dose."""
    drug = c_plasma + c_naltrexol
    return drug / (trace_drug + drug)


@M.state("1", "pain the patient has got used to, 0-10", upper=10.0, start=0.5,
         start_inflamed=4.5)
def usual_pain(usual_pain: float, pain: float, t_usual: float) -> float:
    """Running mean of pain."""
    return (pain - usual_pain) / t_usual


@M.state("1", "mood the patient has got used to, 0-10", upper=10.0, start=6.9,
         start_inflamed=5.2)
def usual_mood(usual_mood: float, mood: float, t_usual: float) -> float:
    """Running mean of mood."""
    return (mood - usual_mood) / t_usual


@M.state("1", "pain before treatment as remembered, 0-10", upper=10.0, start=0.5,
         start_inflamed=4.5)
def remembered_pain(remembered_pain: float, pain: float, t_remembered: float) -> float:
    """Running mean of pain over years."""
    return (pain - remembered_pain) / t_remembered


@M.state("1", "how long benefit has been waited for, 0 to 1", scale=0.1, upper=1.0)
def waited(waited: float, on_drug: float, t_patience: float) -> float:
    """Approaches 1 over the weeks on the drug, and 0 off it."""
    return (on_drug - waited) / t_patience


def noticed(change: float, noticeable: float) -> float:
    """Points that are noticed of a change for the worse: few of a small one, most of a large."""
    worse = positive_part(change, 0.05)
    return worse**2 / (noticeable + worse)


@M.quantity("1", "burden over an ordinary patient's at the same adverse effects")
def vulnerability(
    adverse_sensitivity: float,
    post_traumatic_stress: float,
    stress: float,
    mast_activation: float,
    reserve: float,
    adverse_trauma: float,
    adverse_stress: float,
    adverse_mast: float,
    adverse_reserve: float,
) -> float:
    """Raised by trauma, stress and mast cells, lowered by the reserve; 1 in a healthy person."""
    trauma = 1.0 + adverse_trauma * post_traumatic_stress
    mast = 1.0 + adverse_mast * (positive_part(mast_activation - 1.0, 0.05) - 0.025)
    strain = (1.0 + adverse_stress * stress) * mast
    return adverse_sensitivity * trauma * strain * falling(reserve, adverse_reserve)


@M.quantity("1", "pain above what the patient has got used to, as noticed")
def flare(on_drug: float, pain: float, usual_pain: float, noticeable: float) -> float:
    """On treatment only: what an untreated patient feels is no adverse effect."""
    return on_drug * noticed(pain - usual_pain, noticeable)


@M.quantity("1", "mood below what the patient has got used to, as noticed")
def dysphoria(on_drug: float, mood: float, usual_mood: float, noticeable: float) -> float:
    """On treatment only."""
    return on_drug * noticed(usual_mood - mood, noticeable)


@M.quantity("1", "adverse-effect burden, 0 = none")
def adverse_burden(
    vivid_dreams: float,
    insomnia: float,
    flare: float,
    dysphoria: float,
    vulnerability: float,
    added_burden: float,
    burden_dreams: float,
    burden_insomnia: float,
    burden_flare: float,
    burden_dysphoria: float,
) -> float:
    """Weighted sum of what is noticed; fades as the patient gets used to each."""
    night = burden_dreams * vivid_dreams + burden_insomnia * insomnia
    day = burden_flare * flare + burden_dysphoria * dysphoria
    return vulnerability * (night + day + added_burden)


@M.quantity("1", "relief, as a share of pain before treatment")
def felt_relief(remembered_pain: float, usual_pain: float) -> float:
    """Of the last weeks against what is remembered; negative where pain is worse."""
    return (remembered_pain - usual_pain) / (0.01 + remembered_pain)


@M.quantity("1/h", "hazard of stopping for adverse events")
def hazard_adverse(
    adverse_burden: float,
    on_drug: float,
    felt_relief: float,
    hazard_background: float,
    hazard_burden: float,
    hazard_worsening: float,
) -> float:
    """That on placebo, and squares of burden and worse pain: much drives away, a little hardly."""
    worse = positive_part(-felt_relief, 0.02) - 0.01
    harm = hazard_burden * adverse_burden**2 + hazard_worsening * on_drug * worse**2
    return hazard_background + harm


@M.quantity("1/h", "hazard of stopping for lack of benefit")
def hazard_futility(
    on_drug: float,
    waited: float,
    felt_relief: float,
    remembered_pain: float,
    hazard_no_benefit: float,
    relief_half: float,
    pain_at_stake: float,
) -> float:
    """Grows over the first weeks, less so with relief; pain stands for all benefit."""
    felt = positive_part(felt_relief, 0.02) / relief_half
    suffers = remembered_pain**2 / (pain_at_stake**2 + remembered_pain**2)
    return hazard_no_benefit * on_drug * waited**2 * suffers / (1.0 + felt**2)


@M.quantity("1/h", "hazard of stopping")
def hazard_stopping(hazard_adverse: float, hazard_futility: float) -> float:
    """For adverse events or for lack of benefit; on no drug that on placebo."""
    return hazard_adverse + hazard_futility


M.reads("fraction", "on_drug", "waited")
M.reads("share of pain before treatment", "felt_relief", better="higher")
M.reads("0–10", "usual_pain", "usual_mood", "remembered_pain")
M.reads("fold of an ordinary patient", "vulnerability")
M.reads("score", "flare", "dysphoria", "adverse_burden", better="lower")
M.reads("", "hazard_adverse", "hazard_futility", "hazard_stopping", better="lower")
M.called(
    on_drug="drug in the body", waited="waiting for benefit", adverse_burden="adverse burden",
    hazard_adverse="stopping for adverse events", hazard_futility="stopping for lack of benefit",
    hazard_stopping="hazard of stopping", remembered_pain="remembered pain",
)  # fmt: skip
