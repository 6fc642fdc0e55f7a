"""A claim is asked of every patient it names, and holds where each of them shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ldnsim.analysis.judged.record import Found, Rule, Setting


def ask_patients(
    rule: Rule, settings: Sequence[Setting], patients: Sequence[str] = ()
) -> list[Found]:
    """Judge settings by a rule, for all patients together.

    Args:
        rule: judges one patient.
        settings: under which it is tried.
        patients: phenotypes that each have to show it; the rule says who is asked when empty.

    Returns:
        one finding per setting, in their order.
    """
    if not patients:
        return list(rule(settings))
    return [together(each) for each in each_patient(rule, settings, patients)]


def each_patient(
    rule: Rule, settings: Sequence[Setting], patients: Sequence[str]
) -> list[dict[str, Found]]:
    """Judge settings by a rule for all patients together, and return what each patient showed.

    Args:
        rule: judges one patient.
        settings: under which it is tried.
        patients: phenotypes.

    Returns:
        findings by patient, one mapping per setting, in their order.
    """
    every = [replace(s, phenotype=name) for s in settings for name in patients]
    found, n = list(rule(every)), len(patients)
    rows = range(0, len(found), n) if n else []
    return [dict(zip(patients, found[k : k + n], strict=True)) for k in rows]


def together(each: Mapping[str, Found]) -> Found:
    """Put what each patient showed, by phenotype, into one finding.

    It is shown where all show it and not shown where one does not, whoever else is missing. The
    value is the share of patients that show it.
    """
    if len(each) == 1:
        return next(iter(each.values()))
    holds = [name for name, f in each.items() if f.shown]
    fails = [name for name, f in each.items() if f.shown is False]
    gone = [name for name, f in each.items() if f.shown is None]
    parts = [f"shown in {len(holds)} of {len(each)}"]
    for words, names in (("in", holds), ("not in", fails), ("no such patient:", gone)):
        parts += [f"{words} {', '.join(names)}"] if names else []
    shown = False if fails else None if gone else True
    return Found(shown, "; ".join(parts), value=len(holds) / len(each))
