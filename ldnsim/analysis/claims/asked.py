"""A claim is asked of every patient it names, and holds where each of them shows it."""

from __future__ import annotations

from collections.abc import Sequence
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
    every = [replace(s, phenotype=name) for s in settings for name in patients]
    found, n = list(rule(every)), len(patients)
    return [together(patients, found[k : k + n]) for k in range(0, len(found), n)]


def together(patients: Sequence[str], found: Sequence[Found]) -> Found:
    """Put what each patient showed into one finding.

    It is shown where all show it and not shown where one does not, whoever else is missing. The
    value is the share of patients that show it.
    """
    if len(patients) == 1:
        return found[0]
    each = list(zip(patients, found, strict=True))
    holds = [name for name, f in each if f.shown]
    fails = [f"{name} ({f.simulated})" for name, f in each if f.shown is False]
    gone = [name for name, f in each if f.shown is None]
    parts = [f"shown in {len(holds)} of {len(patients)}"]
    for words, names in (("in", holds), ("not in", fails), ("no such patient:", gone)):
        parts += [f"{words} {', '.join(names)}"] if names else []
    shown = False if fails else None if gone else True
    return Found(shown, "; ".join(parts), value=len(holds) / len(patients))
