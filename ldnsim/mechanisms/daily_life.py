"""What illness does to a day: sleep, cognition, senses, attacks, function, quality of life.

Each is read off causes that other mechanisms hold (inflammation as felt, sensitisation, neuronal
health, mast cells, disease activity, pain, fatigue, analgesic tone), without a memory of its own:
what lags does so in its causes. Scales are 0-10 unless said; nothing of it is measured in patients
on low-dose naltrexone, so that all gains are assumed.
"""

from __future__ import annotations

from ldnsim.mechanisms.forms import falling, positive_part
from ldnsim.mechanisms.record import ASSUMED, Mechanism, lognormal

M = Mechanism("daily_life", "Sleep, cognition, senses, attacks, function and quality of life")
P = M.parameter
W = lognormal(0.4)
P("sleep_base", 5.0, "1", "sleep of a healthy person, odds on the 0-10 scale", ASSUMED, spread=W,
  note="low where insomnia is there before treatment")
P("sleep_inflammation", 2.0, "1", "fall of sleep with felt inflammation", ASSUMED,
  "rem_antitnf2011", spread=W, note="blocking TNF for two months raised sleep efficiency from 74 "
  "to 85 % in ten people, uncontrolled: an upper bound")
P("sleep_sensitisation", 1.5, "1", "fall of sleep with sensitisation", ASSUMED, "wu2017", spread=W)
P("sleep_pain", 0.1, "1", "fall of sleep per point of pain", ASSUMED, spread=W)
P("sleep_stress", 1.0, "1", "fall of sleep with full stress", ASSUMED, spread=W)
P("sleep_insomnia", 0.3, "1", "fall of sleep per point of insomnia from the drug", ASSUMED,
  spread=W)
P("fog_base", 0.08, "1", "brain fog of a healthy person, odds on the 0-10 scale", ASSUMED,
  "mease2009", spread=W,
  note="patients with fibromyalgia report a third of the scale")
P("fog_inflammation", 4.0, "1", "gain of brain fog by felt inflammation", ASSUMED, "grigoleit2011",
  spread=W, note="of complaint: in experiments mood falls with LPS and working memory does not")
P("fog_damage", 4.0, "1", "gain of brain fog by neuronal damage", ASSUMED, spread=W)
P("fog_sleep", 0.3, "1", "gain of brain fog per point of lost sleep", ASSUMED, spread=W)
P("sensory_input", 0.02, "1", "sensory symptom (tinnitus, itch) by itself, odds", ASSUMED, spread=W)
P("sensory_sensitisation", 4.0, "1", "gain of the sensory symptom by sensitisation", ASSUMED,
  spread=W, note="distress by tinnitus fell mainly on 50 mg, its loudness not at all (2013)")
P("sensory_mast", 0.3, "1", "gain of the sensory symptom per fold of mast-cell activation", ASSUMED,
  spread=W)
P("sensory_activity", 4.0, "1", "gain of the sensory symptom by full disease activity", ASSUMED,
  "frech2011", spread=W)
P("attacks", 0.0, "1", "attacks (migraine) in 28 days without sensitisation", ASSUMED, high=28.0,
  note="0 in who has none")
P("attack_sensitisation", 6.0, "1", "gain of attacks by sensitisation", ASSUMED, spread=W)
P("attack_inflammation", 2.0, "1", "gain of attacks by felt inflammation", ASSUMED, spread=W)
P("attack_mast", 0.2, "1", "gain of attacks per fold of mast-cell activation", ASSUMED, spread=W)
P("attack_stress", 1.0, "1", "gain of attacks by full stress", ASSUMED, spread=W)
P("attack_tone", 1.0, "1", "strength of analgesic tone against attacks", ASSUMED, spread=W,
  note="prevention in six against six patients: -2.2 days a month, P = 0.43 (Toledano)")
P("attack_input", 0.8, "1", "painful input during an attack", ASSUMED, spread=W)
P("function_base", 9.0, "1", "function of a healthy person, odds on the 0-10 scale", ASSUMED,
  spread=W)
P("function_damage", 6.0, "1", "fall of function with neuronal damage: repaired slowly", ASSUMED,
  spread=W)
P("function_inflammation", 1.0, "1", "fall of function with felt inflammation: fast", ASSUMED,
  spread=W)
P("function_fatigue", 0.15, "1", "fall of function per point of fatigue", ASSUMED, spread=W)
P("function_pain", 0.08, "1", "fall of function per point of pain", ASSUMED, spread=W)
P("function_activity", 3.0, "1", "fall of function with full disease activity", ASSUMED, spread=W)
P("function_signalling", 0.3, "1", "rise of function per unit of analgesic tone: within days",
  ASSUMED, spread=W, note="the claim that strength and gait improve at once; no source was found")
P("helplessness_gain", 1.0, "1", "helplessness under full stress, odds on the 0-10 scale", ASSUMED,
  spread=W)
P("helplessness_tone", 2.0, "1", "strength of opioid tone against helplessness", ASSUMED,
  "teixeira1997", spread=W, note="rats: its expression is opioid, its induction is not")
P("quality_pain", 0.25, "1", "weight of pain in quality of life", ASSUMED, high=1.0)
P("quality_fatigue", 0.2, "1", "weight of fatigue in quality of life", ASSUMED, high=1.0)
P("quality_mood", 0.2, "1", "weight of mood in quality of life", ASSUMED, high=1.0)
P("quality_sleep", 0.15, "1", "weight of sleep in quality of life", ASSUMED, high=1.0)
P("quality_fog", 0.1, "1", "weight of brain fog in quality of life", ASSUMED, high=1.0)
P("quality_function", 0.1, "1", "weight of function in quality of life", ASSUMED, high=1.0)
P("quality_burden", 2.0, "1", "points of quality of life that a unit of adverse burden takes",
  ASSUMED, spread=W)


def on_scale(odds: float) -> float:
    """Odds as points of 0 to 10."""
    return 10.0 * odds / (1.0 + odds)


@M.quantity("1", "sleep quality, 0-10 (10 best)")
def sleep_quality(
    felt_inflammation: float, sensitisation: float, pain: float, stress: float, insomnia: float,
    sleep_base: float, sleep_inflammation: float, sleep_sensitisation: float, sleep_pain: float,
    sleep_stress: float, sleep_insomnia: float,
) -> float:
    """Disturbed by inflammation, sensitisation, pain, stress, and what the drug does to nights."""
    illness = sleep_inflammation * felt_inflammation + sleep_sensitisation * sensitisation
    other = sleep_pain * pain + sleep_stress * stress + sleep_insomnia * insomnia
    return on_scale(sleep_base / (1.0 + illness + other))


@M.quantity("1", "brain fog, 0-10")
def brain_fog(
    felt_inflammation: float, neuronal_health: float, sleep_quality: float, factor_fog: float,
    fog_base: float, fog_inflammation: float, fog_damage: float, fog_sleep: float,
) -> float:
    """From inflammation, damaged neurons and lost sleep."""
    lost = fog_sleep * (10.0 - sleep_quality)
    gain = fog_inflammation * felt_inflammation + fog_damage * (1.0 - neuronal_health)
    return on_scale(factor_fog * fog_base * (1.0 + gain + lost))


@M.quantity("1", "sensory symptom (tinnitus, itch), 0-10")
def sensory_symptom(
    sensitisation: float, mast_activation: float, disease_activity: float, sensory_input: float,
    sensory_sensitisation: float, sensory_mast: float, sensory_activity: float,
) -> float:
    """Amplified by sensitisation, mast cells and autoimmune activity."""
    mast = sensory_mast * positive_part(mast_activation - 1.0, 0.05)
    gain = sensory_sensitisation * sensitisation + mast + sensory_activity * disease_activity
    return on_scale(sensory_input * (1.0 + gain))


@M.quantity("1", "attacks (migraine) in 28 days, as a rate")
def attack_rate(
    sensitisation: float, felt_inflammation: float, mast_activation: float, stress: float,
    felt_analgesia: float, attacks: float, attack_sensitisation: float,
    attack_inflammation: float, attack_mast: float, attack_stress: float, attack_tone: float,
) -> float:
    """Set by how excitable sensitisation, inflammation and triggers leave the brain."""
    mast = attack_mast * positive_part(mast_activation - 1.0, 0.05)
    ready = attack_sensitisation * sensitisation + attack_inflammation * felt_inflammation
    return attacks * (1.0 + ready + mast + attack_stress * stress) * falling(
        felt_analgesia, attack_tone
    )


@M.quantity("1", "pain during an attack, 0-10")
def attack_pain(
    sensitisation: float, felt_analgesia: float, attack_input: float, pain_sensitisation: float,
    pain_tone: float,
) -> float:
    """As other pain, from a stronger input."""
    gain = 1.0 + pain_sensitisation * sensitisation
    return on_scale(attack_input * gain * falling(felt_analgesia, pain_tone))


@M.quantity("1", "part of function that neurons leave, 0 to 1")
def function_repaired(neuronal_health: float, function_damage: float) -> float:
    """The slow part: follows repair over months."""
    return 1.0 / (1.0 + function_damage * (1.0 - neuronal_health))


@M.quantity("1", "function (strength, gait), 0-10 (10 best)")
def physical_function(
    function_repaired: float, felt_inflammation: float, fatigue: float, pain: float,
    disease_activity: float, felt_analgesia: float, function_base: float,
    function_inflammation: float, function_fatigue: float, function_pain: float,
    function_activity: float, function_signalling: float,
) -> float:
    """A slow part that is repaired, and a fast one that signalling and illness set."""
    illness = function_inflammation * felt_inflammation + function_activity * disease_activity
    felt = function_fatigue * fatigue + function_pain * pain
    signalling = 1.0 + function_signalling * (felt_analgesia - 1.0)
    return on_scale(function_base * function_repaired * signalling / (1.0 + illness + felt))


@M.quantity("1", "helplessness, 0-10")
def helplessness(
    stress: float, felt_analgesia: float, helplessness_gain: float, helplessness_tone: float
) -> float:
    """Under stress only, held by opioid tone of the last days."""
    return on_scale(stress * helplessness_gain * falling(felt_analgesia, helplessness_tone))


@M.quantity("1", "quality of life, 0-100 (100 best)")
def quality_of_life(
    pain: float, fatigue: float, mood: float, sleep_quality: float, brain_fog: float,
    physical_function: float, adverse_burden: float, quality_pain: float, quality_fatigue: float,
    quality_mood: float, quality_sleep: float, quality_fog: float, quality_function: float,
    quality_burden: float,
) -> float:
    """100 less what each part takes by its weight, and what treatment costs."""
    suffered = quality_pain * pain + quality_fatigue * fatigue + quality_fog * brain_fog
    lacking = (
        quality_mood * (10.0 - mood)
        + quality_sleep * (10.0 - sleep_quality)
        + quality_function * (10.0 - physical_function)
    )
    return 100.0 - 10.0 * (suffered + lacking) - quality_burden * adverse_burden


M.reads("0–10", "sleep_quality", "physical_function", better="higher")
M.reads("0–10", "brain_fog", "sensory_symptom", "attack_pain", "helplessness", better="lower")
M.reads("per 28 d", "attack_rate", better="lower")
M.reads("0–100", "quality_of_life", better="higher")
M.reads("fraction", "function_repaired", better="higher")
M.called(attack_pain="pain in an attack", function_repaired="repaired function",
         physical_function="function")  # fmt: skip
