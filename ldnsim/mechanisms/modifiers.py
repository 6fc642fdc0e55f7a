"""What is done besides naltrexone, as levels and factors on named rates of other mechanisms.

An adjunct acts through factors on rates, 1 without it, and through levels, 0 without it; which it
has and how large they are, with evidence and null trials, is data. Exercise and stress are levels
too. All can be set for a patient or changed during a run.
"""

from __future__ import annotations

from ldnsim.mechanisms.record import ASSUMED, Mechanism, lognormal

M = Mechanism("modifiers", "Adjuncts, exercise and stress")
P = M.parameter
P("exercise", 0.0, "1", "regular exercise, relative rise of beta-endorphin release", ASSUMED,
  "goldfarb1990", note="single bouts above 70 % of VO2max: 2.7 to 5.5-fold for 20 min; the daily "
  "mean effect of a habit is assumed to be a few per cent", high=2.0)
P("stress", 0.0, "1", "chronic stress, 0 none to 1 severe", ASSUMED, high=1.0)
P("stress_drain", 0.6, "1", "extra loss from the precursor pool at full stress", ASSUMED,
  spread=lognormal(0.5), note="the claim; seven days of foot-shock left rat plasma and brain "
  "beta-endorphin unchanged (Przewlocki 1987)")
P("stress_driver", 0.01, "1", "TLR4 drive added by full stress", ASSUMED, spread=lognormal(0.7))
P("factor_microglia", 1.0, "1", "adjunct factor on microglial activation", ASSUMED)
P("factor_tnf", 1.0, "1", "adjunct factor on TNF production", ASSUMED)
P("factor_il1b", 1.0, "1", "adjunct factor on IL-1b release", ASSUMED)
P("factor_il6", 1.0, "1", "adjunct factor on IL-6 production", ASSUMED)
P("factor_mast", 1.0, "1", "adjunct factor on mast-cell activation", ASSUMED)
P("factor_damage", 1.0, "1", "adjunct factor on neuronal damage (antioxidants)", ASSUMED)
P("factor_repair", 1.0, "1", "adjunct factor on repair of neurons", ASSUMED)
P("factor_blood", 1.0, "1", "adjunct factor on cytokines of blood", ASSUMED)
P("factor_nociception", 1.0, "1", "adjunct factor on painful input from the periphery", ASSUMED)
P("factor_sensitisation", 1.0, "1", "adjunct factor on the drive of sensitisation", ASSUMED)
P("factor_fatigue", 1.0, "1", "adjunct factor on fatigue", ASSUMED)
P("factor_fog", 1.0, "1", "adjunct factor on brain fog", ASSUMED)
P("added_burden", 0.0, "1", "adverse-effect burden of what is taken besides", ASSUMED)
P("steroid", 0.0, "1", "glucocorticoid given, in daily means of a healthy person's cortisol",
  ASSUMED, high=10.0, note="15 mg of prednisone is about 3: 60 mg of hydrocortisone against 20 mg "
  "made a day")
P("trigger", 0.0, "1", "exposure that sets mast cells off, 0 none to 1 strong", ASSUMED, high=1.0)
