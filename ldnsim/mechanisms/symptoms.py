"""What a patient reports: pain, fatigue, mood, vivid dreams, insomnia.

Pain answers weakly to cytokines (trials that moved cytokines mostly did not move pain), more to
central sensitisation, which follows over weeks, and to analgesic opioid tone. Vivid dreams come
from block during sleep and fade as the brain gets used to it.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import LN2, falling, of_clock, positive_part, rising
from ldnsim.mechanisms.record import ASSUMED, DERIVED, Mechanism, logitnormal, lognormal

M = Mechanism("symptoms", "Sensitisation, pain, fatigue, mood, dreams and sleep")
P = M.parameter
W = lognormal(0.4)
P("nociception", 0.2697, "1", "input from the periphery, healthy = 0.05", ASSUMED, spread=W)
P("activity_pain", 0.3, "1", "painful input added by full disease activity", ASSUMED, spread=W)
P("inflammation50", 0.8218, "1", "excess of TNF and IL-1b that is felt half", ASSUMED, spread=W,
  low=1e-3)
P("sensitisation_inflammation", 1.0, "1", "drive of sensitisation by inflammation", ASSUMED,
  spread=W)
P("sensitisation_damage", 1.0, "1", "drive of sensitisation by neuronal damage", ASSUMED, spread=W)
P("sensitisation_input", 0.6, "1", "drive of sensitisation by nociceptive input", ASSUMED,
  spread=W)
P("t_half_sensitisation", 504.0, "h", "half-life of central sensitisation (three weeks)", ASSUMED,
  spread=lognormal(0.3), low=0.1)
P("pain_sensitisation", 6.001, "1", "gain of pain by sensitisation", ASSUMED, spread=W,
  note="the trials leave it open: in `ldnsim calibrate` the prior decides")
P("pain_inflammation", 0.5, "1", "gain of pain by cytokines", ASSUMED, spread=W,
  note="weak on purpose: minocycline, alpha-lipoic acid and ketotifen trials moved no pain")
P("pain_tone", 3.099, "1", "strength of analgesic opioid tone", ASSUMED, spread=W,
  note="large; that 50 mg acutely changed no pain in fibromyalgia is met by its slow notice")
P("t_half_analgesia", 66.0, "h", "half-life with which pain notices analgesic tone", ASSUMED,
  spread=lognormal(0.3), low=0.1, note="50 mg acutely changed no pain in fibromyalgia (n = 10)")
P("t_half_pain", 12.0, "h", "half-life of reported pain", ASSUMED, spread=lognormal(0.3), low=0.1)
P("fatigue_base", 0.12, "1", "fatigue without inflammation", ASSUMED, spread=W)
P("fatigue_inflammation", 5.0, "1", "gain of fatigue by cytokines", ASSUMED, spread=W)
P("fatigue_damage", 2.0, "1", "gain of fatigue by neuronal damage", ASSUMED, spread=W)
P("fatigue_activity", 2.0, "1", "gain of fatigue by autoimmune disease activity", ASSUMED, spread=W)
P("fatigue_insomnia", 0.1, "1", "gain of fatigue by insomnia", ASSUMED, spread=W)
P("mood_base", 2.5, "1", "mood without pain or inflammation, odds on the 0-10 scale", ASSUMED,
  spread=W)
P("mood_pain", 0.15, "1", "fall of mood per point of pain, odds", ASSUMED, spread=W)
P("mood_inflammation", 1.5, "1", "fall of mood with felt inflammation, odds", ASSUMED, spread=W)
P("mood_helplessness", 0.05, "1", "fall of mood per point of helplessness, odds", ASSUMED, spread=W)
P("mood_tone", 0.494, "1", "lift of mood by mu tone, relative", ASSUMED, spread=W,
  high=1.0)
P("mood_adaptation", 0.8, "1", "share of a lasting change of mu tone that mood gets used to",
  ASSUMED, spread=logitnormal(0.4), high=1.0,
  note="eight weeks of 50 mg changed no mood in 36 healthy people; acutely seven men felt worse")
P("t_half_adaptation", 166.0, "h", "half-life with which mood gets used to mu tone", ASSUMED,
  spread=lognormal(0.3), low=0.1)
P("mood_kappa", 0.1, "1", "strength of dynorphin at kappa receptors against mood", ASSUMED,
  spread=W)
P("t_half_mood", 72.0, "h", "half-life of mood and fatigue", ASSUMED, spread=lognormal(0.3),
  low=0.1)
P("dream_gain", 11.0, "1", "vivid-dream score per unit of unaccustomed block in sleep", DERIVED,
  "annmedsurg2025", spread=W, note="fitted by `ldnsim calibrate` to a risk ratio of 2.41, with the "
  "highest score read as log odds added to a background of 13 % (that reading is assumed)")
P("dream_tolerance", 2.6, "1", "block forgiven per unit of accustomed mean block", ASSUMED,
  spread=W)
P("t_habituation", 240.0, "h", "time constant of getting used to the block", ASSUMED,
  spread=lognormal(0.3), low=0.1, note="dreams fade within the first weeks")
P("t_half_dream", 3.0, "h", "half-life of the dream score", ASSUMED, low=0.1)
P("insomnia_gain", 0.5, "1", "insomnia per unit of vivid dreams", ASSUMED, spread=W,
  note="about 3 % report insomnia; naltrexone lengthened sleep in ten outpatients")
P("sleep_centre", 2.5, "h", "clock time of the middle of sleep", ASSUMED, high=24.0)


@M.quantity("1", "inflammation as felt, 0 to 1")
def felt_inflammation(tnf: float, il1b: float, inflammation50: float) -> float:
    """Saturating in the mean excess of TNF and IL-1b."""
    excess = positive_part(0.5 * (tnf + il1b) - 1.0, 0.05)
    return excess / (inflammation50 + excess)


@M.quantity("1", "painful input from the periphery, healthy = 0.05")
def painful_input(
    nociception: float, disease_activity: float, activity_pain: float, factor_nociception: float
) -> float:
    """The patient's own and what autoimmune activity adds."""
    return factor_nociception * (nociception + activity_pain * disease_activity)


@M.state("1", "central sensitisation", scale=0.1, upper=1.0, start=0.02,
         start_inflamed=0.37)
def sensitisation(
    sensitisation: float,
    painful_input: float,
    felt_inflammation: float,
    neuronal_health: float,
    factor_sensitisation: float,
    sensitisation_inflammation: float,
    sensitisation_damage: float,
    sensitisation_input: float,
    t_half_sensitisation: float,
) -> float:
    """Follows input, inflammation and damage over weeks."""
    drive = factor_sensitisation * (
        sensitisation_input * painful_input
        + sensitisation_inflammation * felt_inflammation
        + sensitisation_damage * (1.0 - neuronal_health)
    )
    return LN2 / t_half_sensitisation * (drive**2 / (1.0 + drive**2) - sensitisation)


@M.state("1", "analgesic tone as pain notices it", start=1.0)
def felt_analgesia(
    felt_analgesia: float, analgesic_tone: float, t_half_analgesia: float
) -> float:
    """Descending inhibition answers tone over days."""
    return LN2 / t_half_analgesia * (analgesic_tone - felt_analgesia)


@M.quantity("1", "pain on the numerical rating scale, before lag")
def pain_target(
    painful_input: float,
    sensitisation: float,
    felt_inflammation: float,
    felt_analgesia: float,
    pain_sensitisation: float,
    pain_inflammation: float,
    pain_tone: float,
) -> float:
    """Input times gains, against analgesic tone, on a scale that ends at 10."""
    gain = 1.0 + pain_sensitisation * sensitisation + pain_inflammation * felt_inflammation
    x = painful_input * gain * falling(felt_analgesia, pain_tone)
    return 10.0 * x / (1.0 + x)


@M.state("1", "pain, numerical rating scale 0-10", upper=10.0, start=0.5,
         start_inflamed=4.5)
def pain(pain: float, pain_target: float, t_half_pain: float) -> float:
    """Follows its target."""
    return LN2 / t_half_pain * (pain_target - pain)


@M.state("1", "fatigue, 0-10", upper=10.0, start=1.4,
         start_inflamed=2.9)
def fatigue(
    fatigue: float,
    felt_inflammation: float,
    neuronal_health: float,
    disease_activity: float,
    insomnia: float,
    factor_fatigue: float,
    fatigue_base: float,
    fatigue_inflammation: float,
    fatigue_damage: float,
    fatigue_activity: float,
    fatigue_insomnia: float,
    t_half_mood: float,
) -> float:
    """From inflammation, damage, autoimmune activity and poor sleep."""
    gain = fatigue_inflammation * felt_inflammation + fatigue_damage * (1.0 - neuronal_health)
    more = fatigue_activity * disease_activity + fatigue_insomnia * insomnia
    x = factor_fatigue * fatigue_base * (1.0 + gain + more)
    return LN2 / t_half_mood * (10.0 * x / (1.0 + x) - fatigue)


@M.state("1", "effect of mu tone on mood that one has got used to", start=1.0)
def usual_lift(usual_lift: float, mor_tone: float, t_half_adaptation: float) -> float:
    """Running mean of what mu tone does."""
    return LN2 / t_half_adaptation * (rising(mor_tone, 1.0) - usual_lift)


@M.state("1", "mood, 0-10 (10 best)", upper=10.0, start=6.9,
         start_inflamed=5.2)
def mood(
    mood: float,
    pain: float,
    felt_inflammation: float,
    mor_tone: float,
    usual_lift: float,
    kor_tone: float,
    helplessness: float,
    mood_base: float,
    mood_pain: float,
    mood_inflammation: float,
    mood_helplessness: float,
    mood_tone: float,
    mood_adaptation: float,
    mood_kappa: float,
    t_half_mood: float,
) -> float:
    """Lifted by unaccustomed mu tone and by block of kappa receptors, lowered by illness."""
    ill = mood_pain * pain + mood_inflammation * felt_inflammation
    burden = 1.0 + ill + mood_helplessness * helplessness
    lift = rising(mor_tone, 1.0) - 1.0 - mood_adaptation * (usual_lift - 1.0)
    x = mood_base * (1.0 + mood_tone * lift) * falling(kor_tone, mood_kappa) / burden
    return LN2 / t_half_mood * (10.0 * x / (1.0 + x) - mood)


@M.quantity("1", "depth of sleep by the clock, 0 to 1")
def asleep(clock_cos: float, clock_sin: float, sleep_centre: float) -> float:
    """Raised cosine, squared, around the middle of sleep."""
    half = 0.5 * (1.0 + of_clock(clock_cos, clock_sin, sleep_centre))
    return half**2


@M.quantity("1", "block of mu and kappa receptors that sleep notices")
def sleep_block(mor_block: float, kor_block: float) -> float:
    """Mean of the two receptors' block."""
    return 0.5 * (mor_block + kor_block)


@M.state("1", "block the sleeper has got used to", scale=0.1, upper=1.0)
def accustomed_block(accustomed_block: float, sleep_block: float, t_habituation: float) -> float:
    """Running mean of the block."""
    return (sleep_block - accustomed_block) / t_habituation


@M.state("1", "vividness of dreams, 0 = as ever", scale=0.1)
def vivid_dreams(
    vivid_dreams: float,
    asleep: float,
    sleep_block: float,
    accustomed_block: float,
    dream_gain: float,
    dream_tolerance: float,
    t_half_dream: float,
) -> float:
    """Unaccustomed block while asleep."""
    strange = sleep_block - dream_tolerance * accustomed_block
    unaccustomed = positive_part(strange, 0.02) - positive_part(
        -dream_tolerance * accustomed_block, 0.02
    )
    return LN2 / t_half_dream * (dream_gain * asleep * unaccustomed - vivid_dreams)


@M.state("1", "insomnia, 0 = as ever", scale=0.1)
def insomnia(
    insomnia: float, vivid_dreams: float, insomnia_gain: float, t_half_dream: float
) -> float:
    """Follows vivid dreams."""
    return LN2 / t_half_dream * (insomnia_gain * vivid_dreams - insomnia)


M.reads("fraction", "felt_inflammation", "sensitisation", better="lower")
M.reads("fraction", "asleep", "sleep_block", "accustomed_block")
M.reads("NRS 0–10", "pain", "pain_target", better="lower")
M.reads("healthy = 0.05", "painful_input", better="lower")
M.reads("relative to rest", "felt_analgesia", "usual_lift")
M.reads("0–10", "fatigue", better="lower")
M.reads("0–10", "mood", better="higher")
M.reads("score", "vivid_dreams", "insomnia", better="lower")
M.called(
    sensitisation="central sensitisation", pain_target="pain before lag",
    felt_analgesia="felt analgesic tone", usual_lift="usual lift of mood",
)  # fmt: skip
