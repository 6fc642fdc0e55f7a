"""Rules for claims about symptoms: fatigue, fog, mood, sleep, tinnitus, nightmares, migraine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ldnsim.analysis.judged.course import courses, margin, said
from ldnsim.analysis.judged.doses import HALF_YEAR, YEAR, nightly, standard
from ldnsim.analysis.judged.record import Found, Setting, attempt
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import WEEK, Measure

SICKNESS = {"fatigue": 1.0, "brain_fog": 1.0, "mood": -1.0, "sleep_quality": -1.0}
"""Symptoms that cytokines are said to bring, with 1 for those that are worse when higher."""
TREATED_DRIVER = {"driver": 0.01}
"""Outside driver of a healthy person: who has a lasting one has no resolved state with it."""
BROUGHT = 0.5
"""Points of 10 by which a symptom has to be worse in the inflamed state."""
THIRD, HALF = 1.0 / 3.0, 0.5
EARLY = 12
"""Weeks of a full dose in which adverse effects are looked for."""
LESS_OFTEN, LESS_PAINFUL = -50.0, -1.0
"""Change of attacks (%) and of pain in one (points)."""
DEGENERATION = ("early_neurodegeneration", "parkinson", "dementia")
BETTER, AT_ONCE, REPAIRED = 0.5, 0.1, 5.0
"""Points of 10 in a year and in a week; per cent of the part of function that repair leaves."""
THERE, WORSE = 0.1, 1.5
"""Burden of an ordinary patient that counts, and how many times it has to be."""
TRAUMA = "post_traumatic_stress"


def lifted(settings: Sequence[Setting]) -> Iterable[Found]:
    """C21: inflammation brings fatigue, fog, low mood and poor sleep; a year of drug lifts each.

    Each is worse by 0.5 points of 10 than where the same patient rests resolved, with the outside
    driver of a healthy person (0.01); in week 52 of 4.5 mg a third of that is gone. Printed: week
    26.
    """
    runs = [
        RunSpec.of(standard(YEAR)),
        RunSpec.of(nightly(0.0, YEAR), basin="resolved", parameters=TREATED_DRIVER),
    ]
    out = courses(settings, runs, tuple(SICKNESS), (HALF_YEAR, YEAR))
    for k in range(len(settings)):
        texts, asked = [], []
        for name, sign in SICKNESS.items():
            brought = sign * (out.rest[name][k, 0] - out.rest[name][k, 1])
            early, late = (-sign * out.change(name, w)[k, 0] / brought for w in out.weeks)
            texts.append(f"{said(name)} {brought:.1f} worse, {early:.0%} then {late:.0%}")
            asked += [(brought, BROUGHT), (late, THIRD)]
        text, least = f"by inflammation, and gone of it: {'; '.join(texts)}", margin(*asked)
        yield Found(least >= 1.0, text, value=least)


def senses(settings: Sequence[Setting]) -> Iterable[Found]:
    """C22: half of what sets sleep and tinnitus apart from a healthy person's goes, and stays gone.

    0.5 of it after 26 weeks of 4.5 mg and in week 52, half a year after stopping. Printed: how much
    would be gone where the patient rests resolved.
    """
    runs = [
        RunSpec.of(standard()),
        RunSpec.of(phenotype="healthy"),
        RunSpec.of(basin="resolved"),
    ]
    out = courses(settings, runs, ("sleep_quality", "sensory_symptom"), (HALF_YEAR, YEAR))
    for k in range(len(settings)):
        texts, shares = [], []
        for name, rest in out.rest.items():
            ill, well, best = rest[k]
            on, off = (out.change(name, w)[k, 0] / (well - ill) for w in out.weeks)
            most = f"{(best - ill) / (well - ill):.0%} at best" if best == best else "no such rest"
            texts.append(
                f"{said(name)} {ill:.1f} ({well:.1f} in a healthy person), {on:.0%} gone, "
                f"{off:.0%} half a year after stopping ({most})"
            )
            shares += [on, off]
        least = margin(*((share, HALF) for share in shares))
        yield Found(least >= 1.0, "; ".join(texts), value=least)


def nightmares(settings: Sequence[Setting]) -> Iterable[Found]:
    """C23: with severe post-traumatic stress the worst adverse burden is 1.5 times as high.

    Within 12 weeks of 4.5 mg from the first night, where an ordinary patient's is over 0.1.
    Printed: vividness of dreams.
    """
    every = [RunSpec.of(nightly(4.5, EARLY), parameters={TRAUMA: x}) for x in (0.0, 1.0)]
    names = ("adverse_burden", "vivid_dreams")
    measures = [Measure(n, "max", 0.0, EARLY * WEEK) for n in names]
    for (usual, dream), (worse, dreamt) in attempt(settings, every, EARLY, measures).values:
        text = f"worst burden {usual:.2f}, {worse:.2f} with post-traumatic stress; "
        text += f"dreams themselves {dream:.2f} and {dreamt:.2f}"
        least = margin((usual, THERE), (worse, WORSE * max(usual, THERE)))
        yield Found(least >= 1.0, text, value=least)


def attacks(settings: Sequence[Setting]) -> Iterable[Found]:
    """C24: migraine attacks halve, and hurt a point less.

    In week 26 of 4.5 mg: half as often as untreated (50 %), pain in an attack down by 1 point of
    10. Printed: week 12.
    """
    names = ("attack_rate", "attack_pain")
    out = courses(settings, [RunSpec.of(standard())], names, (EARLY, HALF_YEAR))
    rate, pain = out.percent("attack_rate", HALF_YEAR)[:, 0], out.change("attack_pain", HALF_YEAR)
    early = out.percent("attack_rate", EARLY)[:, 0]
    for had, a, b, c in zip(out.rest["attack_rate"][:, 0], early, rate, pain[:, 0], strict=True):
        text = f"{had:.1f} attacks in 28 d, {a:+.0f} % after 12 weeks, {b:+.0f} % after 26"
        least = margin((b, LESS_OFTEN), (c, LESS_PAINFUL))
        yield Found(least >= 1.0, f"{text}; pain in one {c:+.2f}", value=least)


def nerves(settings: Sequence[Setting]) -> Iterable[Found]:
    """C28: memory, strength and gait improve in neurodegeneration, in some at once.

    In each of three patients, in week 52 of a year of 4.5 mg, function is up by 0.5 points of 10,
    brain fog down by 0.5, and the part of function that repair leaves up by 5 %: the slow part. At
    once: in at least one of them function is up by 0.1 points in week 1.
    """
    runs = [RunSpec.of(standard(YEAR), phenotype=p) for p in DEGENERATION]
    out = courses(
        settings, runs, ("physical_function", "brain_fog", "function_repaired"), (1, YEAR)
    )
    soon, late = out.change("physical_function", 1), out.change("physical_function", YEAR)
    fog, repaired = out.change("brain_fog", YEAR), out.percent("function_repaired", YEAR)
    for a, b, c, d in zip(soon, late, fog, repaired, strict=True):
        least = margin(
            (b.min(), BETTER), (-c.max(), BETTER), (d.min(), REPAIRED), (a.max(), AT_ONCE)
        )
        each = [
            f"{said(p)}: function {w:+.2f} in week 1, {x:+.2f} in week 52 (repair "
            f"{z:+.0f} %), brain fog {y:+.2f}"
            for p, w, x, y, z in zip(DEGENERATION, a, b, c, d, strict=True)
        ]
        yield Found(least >= 1.0, "; ".join(each), value=least)
