"""Scalar forms that recur in pharmacology, usable with floats and with symbols alike."""

from __future__ import annotations

import math
from typing import Any

LN2 = math.log(2.0)
OMEGA = 2.0 * math.pi / 24.0
"""Angular frequency of the day, rad/h."""


def _symbolic(name: str, x: Any) -> Any:
    import sympy

    return getattr(sympy, name)(x)


def cos(x: float) -> float:
    """Cosine of a float or of a symbol."""
    return math.cos(x) if isinstance(x, (int, float)) else _symbolic("cos", x)


def sin(x: float) -> float:
    """Sine of a float or of a symbol."""
    return math.sin(x) if isinstance(x, (int, float)) else _symbolic("sin", x)


def sqrt(x: float) -> float:
    """Square root of a float or of a symbol."""
    return math.sqrt(x) if isinstance(x, (int, float)) else _symbolic("sqrt", x)


def of_clock(clock_cos: float, clock_sin: float, peak: float) -> float:
    """Cosine of the clock that is 1 at clock time ``peak``, h."""
    return clock_cos * cos(OMEGA * peak) + clock_sin * sin(OMEGA * peak)


def hill(x: float, k: float, power: int) -> float:
    """Sigmoid of a whole Hill coefficient: 0 at 0, one half at ``x = k``, 1 far above."""
    return x**power / (k**power + x**power)


def rising(x: float, a: float) -> float:
    """Saturating response that is 1 at the baseline ``x = 1``: ``(1+a) x / (1 + a x)``."""
    return (1.0 + a) * x / (1.0 + a * x)


def falling(x: float, a: float) -> float:
    """Inhibition that is 1 at the baseline ``x = 1``: ``(1+a) / (1 + a x)``."""
    return (1.0 + a) / (1.0 + a * x)


def brake_by(x: float, strength: float, half: float) -> float:
    """Skewed inhibition that is 1 at the baseline ``x = 1``: at most ``strength`` is held back."""
    return (1.0 - strength * hill(x, half, 6)) / (1.0 - strength * hill(1.0, half, 6))


def softly_least(a: float, b: float) -> float:
    """Smooth ``min(a, b)`` of two positive numbers, rational; a third below it where they meet."""
    return a * b * (a + b) / (a * a + a * b + b * b)


def positive_part(x: float, width: float) -> float:
    """Smooth ``max(x, 0)`` with a corner rounded over ``width``."""
    return 0.5 * (x + sqrt(x * x + width * width))


def agonist_ratio(share_at_rest: float, level: float) -> float:
    """Agonist concentration over its dissociation constant, from its resting share."""
    return share_at_rest / (1.0 - share_at_rest) * level


def agonist_tone(free: float, share_at_rest: float, level: float) -> float:
    """Agonist-bound receptors relative to rest, 1 for an untouched receptor at level 1."""
    ratio = agonist_ratio(share_at_rest, level)
    return free * ratio / (1.0 + ratio) / share_at_rest


def tone_of(level: float, share_at_rest: float, potency: float) -> float:
    """Tone at free receptors relative to this patient's own rest, for an agonist's potency."""
    rest = agonist_tone(1.0, share_at_rest, potency)
    return agonist_tone(1.0, share_at_rest, potency * level) / rest


def regulation(
    density: float, gain: float, occupancy: float, block50: float, t_half: float
) -> float:
    """Turnover towards a density that only a lasting, near-complete block raises."""
    raised = gain * hill(occupancy, block50, 4) / hill(1.0, block50, 4)
    return LN2 / t_half * (1.0 + raised - density)
