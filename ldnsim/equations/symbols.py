r"""Mathematical symbols made from the model's names: ``k_off_mor`` is ``k_{\mathrm{off,mor}}``.

A name is a kind of number (a rate constant, a half-life, a volume, an occupancy) and what it
belongs to. The kind becomes the letter the field uses, the rest its subscript; a name of no such
kind stands upright as it is. No two names of the model have the same symbol.
"""

from __future__ import annotations

from ldnsim.mechanisms.record import CLOCK
from ldnsim.model import Model

OMEGA, LN2 = r"\omega", r"\ln 2"

# how a name begins -> letter, and what always stands in its subscript; the first that fits
_HEADS: dict[str, tuple[str, str]] = {
    "t_half": ("t", "1/2"),
    "t_delay": ("t", r"\mathrm{delay}"),
    "t": (r"\tau", ""),
    "k_off": ("k", r"\mathrm{off}"),
    "k": ("k", ""),
    "kd": ("K", "D"),
    "kp": ("K", "p"),
    "ka": ("k", "a"),
    "ic50": (r"\mathrm{IC}", "50"),
    "cl": (r"\mathrm{CL}", ""),
    "v": ("V", ""),
    "q": ("Q", ""),
    "f": ("f", ""),
    "c": ("C", ""),
    "flow": ("J", ""),
    "bound": ("b", ""),
    "weight": ("w", ""),
    "factor": (r"\varphi", ""),
    "coupling": ("s", ""),
    "density_gain": ("g", r"\mathrm{density}"),
}
# how the name of a state or quantity ends
_TAILS = {
    "occupancy": r"\theta",
    "density": r"\rho",
    "tone": "T",
    "available": "A",
    "release": "R",
    "pool": "P",
    "drive": "D",
    "synthesis": "S",
}
_WORDS = {
    "beta": r"\beta",
    "tnf": r"\mathrm{TNF}",
    "il1b": r"\mathrm{IL1}\beta",
    "il6": r"\mathrm{IL6}",
    "il10": r"\mathrm{IL10}",
    "tlr4": r"\mathrm{TLR4}",
}


def symbols(model: Model) -> dict[str, str]:
    """Return the LaTeX of every name of the model, the inputs of the clock included."""
    found = {name: symbol(name, is_parameter=True) for name in model.parameters}
    found |= {n: v.symbol or symbol(n, is_parameter=False) for n, v in model.observables.items()}
    found[CLOCK[0]], found[CLOCK[1]] = rf"\cos({OMEGA} t)", rf"\sin({OMEGA} t)"
    return found


def symbol(name: str, is_parameter: bool) -> str:
    """Return the LaTeX of one name.

    Args:
        name: spelling used in the model.
        is_parameter: or else a state or quantity; ``mast_tone`` the parameter is no tone.
    """
    words = name.split("_")
    for n in (2, 1):
        head = _HEADS.get("_".join(words[:n]))
        if head and (len(words) > n or head[1] or name == "cl"):
            return _with_subscript(head[0], head[1], words[n:])
    if is_parameter and words[-1] == "gain":
        return _with_subscript("g", "", words[:-1])
    if not is_parameter and words[-1] in _TAILS and len(words) > 1:
        return _with_subscript(_TAILS[words[-1]], "", words[:-1])
    half = words[-1].endswith("50")  # a level of half effect
    if half:
        words[-1] = words[-1].removesuffix("50")
    return _with_subscript(_word(words[0]), "50" if half else "", words[1:])


def _word(word: str) -> str:
    return _WORDS.get(word, rf"\mathrm{{{word}}}")


def _with_subscript(letter: str, always: str, words: list[str]) -> str:
    own = rf"\mathrm{{{','.join(words)}}}" if words else ""
    if always.startswith(r"\mathrm{") and words:  # two upright parts are set as one
        inside = ",".join([always.removeprefix(r"\mathrm{").removesuffix("}"), *words])
        return rf"{letter}_{{\mathrm{{{inside}}}}}"
    inside = ",".join(part for part in (always, own) if part)
    return f"{letter}_{{{inside}}}" if inside else letter
