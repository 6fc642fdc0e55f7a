"""Write the parts of the pages that are made from runs anew: ``python docs/refresh.py [NAME ...]``.

Such a part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; tests/docs compares it
with what this script makes.
"""

from __future__ import annotations

import re
import runpy
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent


STATES: dict[str, dict[str, Any]] = {
    "ldnsim states": {},
    "ldnsim states --dose 4.5": {"dose": 4.5},
    "ldnsim states --parameter dose --to 6": {"parameter": "dose", "high": 6.0},
    "ldnsim states --hypothesis glial --set ic50_trif=0.04 --dose 4.5": {
        "hypothesis": "glial",
        "parameters": {"ic50_trif": 0.04},
        "dose": 4.5,
    },
}
"""Commands of the page about states, with what they ask for."""


def states(commands: Iterable[str] = STATES) -> str:
    """Return where states of the default patient appear and vanish, for some commands."""
    from ldnsim.analysis import continue_orbit

    lines = []
    for command in commands:
        branch = continue_orbit(**STATES[command])
        unit = "" if branch.unit in ("", "1") else f" {branch.unit}"
        lines.append(f"* `{command}`")
        for b in branch.bifurcations:
            period = f", period {b.period:.3g} d" if b.period else ""
            lines.append(f"    * {b.kind} at {branch.parameter} = {b.value:.3g}{unit}{period}")
        two = branch.hysteresis()
        for a, z in two:
            span = f"{branch.parameter} from {a:.3g} to {z:.3g}{unit}"
            lines.append(f"    * two stable states for {span}")
        if not two:
            lines.append("    * nowhere two stable states")
        for rest in branch.rests:
            what = "inflamed" if rest.inflamed else "resolved"
            ring = rest.ringing
            seen = ring is not None and ring.kept > 1e-4
            rings = (
                f", rings with {ring.period:.3g} d, {100 * ring.kept:.2g} % left" if seen else ""
            )
            if rest.stable:
                lines.append(f"    * at the patient's own value: {what}{rings}")
    return "\n".join(lines)


def discriminate() -> str:
    """Return what the shipped study of rivals ranks first, and what it cannot tell apart."""
    import ldnsim
    from ldnsim.analysis.design.assays import read_assays
    from ldnsim.analysis.design.discriminate import discriminate as rank
    from ldnsim.analysis.design.ranking_data import when

    assays = read_assays()
    found = rank(ldnsim.load(DOCS.parent / "configs" / "discriminate.toml"), assays)
    bits = {key: max(c.bits for c in found.candidates if c.assay == key) for key in assays}
    lines = ["| observation | most bits, of 3 |", "|---|---|"]
    lines += [
        f"| {assays[key].title} | {most:.2f} |"
        for key, most in sorted(bits.items(), key=lambda x: -x[1])
    ]
    lines += ["", "Best set, one of a kind, with the bits known after each:", ""]
    for c, known in zip(found.best, found.best_bits, strict=True):
        place = f"{c.regimen}, week {c.week}, {when(c)}"
        lines.append(f"* {assays[c.assay].title}, {place}: {known:.2f}")
    pairs = " and ".join(f"`{p}`" for p in found.never())
    return "\n".join(
        [*lines, "", f"Separated by no observation at these doses: {pairs or 'none'}."]
    )


def microgram() -> str:
    """Return what the page of the microgram start shows, in two sentences, from its table."""
    text = (DOCS / "experiments" / "microgram_start.md").read_text(encoding="utf-8")
    cells = r"^\| ([\d.]+) +\| \w+ start +\| ([+-][\d.]+) [^|]*\| ([+-][\d.]+)"
    worst: dict[str, list[float]] = {}
    end: dict[str, list[float]] = {}
    for reserve, a, b in re.findall(cells, text, re.M):
        worst.setdefault(reserve, []).append(float(a))
        end.setdefault(reserve, []).append(float(b))
    way = max(max(v) - min(v) for v in worst.values())
    apart = {r: max(v) - min(v) for r, v in end.items()}
    other = [f"{d:.2f} with a reserve of {r}" for r, d in apart.items() if d >= 0.05]
    ends = f"differ by {', '.join(other)}" if other else "are the same with every reserve"
    return textwrap.fill(
        f"**Microgram start.** The worst weeks of the starts differ by at most {way:.2f} points"
        f" (people notice about 1). Their last weeks {ends}.",
        105,
    )


def counted() -> str:
    """Return what the shipped scorecard counts, and its chi-square."""
    from ldnsim.analysis.behaviours.scorecard import remarks, scorecard

    return "\n".join(f"    {line}" for line in remarks(scorecard()))


def claims(names: Sequence[str] | None = None) -> str:
    """Return the verdict on each claim, with the search for those that nothing reproduces.

    Args:
        names: claims; all when None.
    """
    from ldnsim.analysis.claims import judge

    lines = ["| claim | verdict |", "|---|---|"]
    prices = {}
    for judged in judge(names, shake=False):
        text = judged.verdict
        if judged.searched is not None:
            changed = "" if judged.searched_now else " (of an earlier model or rule)"
            text += f"; search{changed}: {judged.searched.brief}"
        lines.append(f"| {judged.claim.id}: {judged.claim.claim} | {text} |")
        prices |= judged.prices
    lines += ["", "What makes the prices:", ""]
    return "\n".join([*lines, *(f"* {name} at {price}" for name, price in prices.items())])


def _beside(file: str, function: str) -> Callable[..., Any]:
    """Return a function of another script of this folder."""
    found: Callable[..., Any] = runpy.run_path(str(DOCS / file))[function]
    return found


def editions() -> str:
    """Return what the curves of both editions say."""
    return str(_beside("before_after.py", "both")())


def emerges() -> str:
    """Return what emerges with the default parameters."""
    return str(_beside("emerges.py", "emerges")())


def wrong() -> str:
    """Return what the model gets wrong."""
    return str(_beside("wrong.py", "wrong")())


def adjuncts() -> str:
    """Return the table of adjuncts with what each does, and the grades of the numbers."""
    from ldnsim.edition import shipped

    lines = ["| adjunct | effects |", "|---|---|"]
    for name, adjunct in shipped().adjuncts.items():
        effects = ", ".join(f"`{e.brief}` ({e.grade})" for e in adjunct.effects)
        lines.append(f"| `{name}`: {adjunct.title} | {effects} |")
    return "\n".join(lines)


def trial_levels() -> str:
    """Return how often analyses of trials reject true null hypotheses."""
    return str(runpy.run_path(str(DOCS / "trial_levels.py"))["table"]())


def optimise() -> str:
    """Return what the shipped study of target and pace chooses, as the command says it."""
    import ldnsim
    from ldnsim.analysis.optimise import labelled
    from ldnsim.analysis.optimise.choose import choose
    from ldnsim.cli.optimise import lines

    found = choose(ldnsim.load(DOCS.parent / "configs" / "optimise_pace.toml"))
    headers, rows = labelled.rows(found, 5)
    table = [f"| {' | '.join(headers)} |", "|" + "---|" * len(headers)]
    table += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*table, "", *(f"* {line}" for line in lines(found))])


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "states": ("states.md", states),
    "discriminate": ("discriminate.md", discriminate),
    "microgram": ("experiments.md", microgram),
    "claims": ("claims.md", claims),
    "counted": ("scorecard.md", counted),
    "adjuncts": ("evidence.md", adjuncts),
    "emerges": ("model.md", emerges),
    "wrong": ("model.md", wrong),
    "trial_levels": ("trial_statistics.md", trial_levels),
    "optimise": ("optimise.md", optimise),
    "editions": ("second_edition.md", editions),
}
"""Page and maker of each part."""


def part(name: str) -> str:
    """Return a generated part as it stands on its page.

    Raises:
        ValueError: its marks are not there, or there twice.
    """
    text = (DOCS / PARTS[name][0]).read_text(encoding="utf-8")
    start, stop = _span(text, name)
    return text[start:stop]


def _span(text: str, name: str) -> tuple[int, int]:
    """Return where a part begins and ends."""
    found = list(re.finditer(rf"<!-- generated: {name} -->\n(.*?)\n<!-- end -->", text, re.S))
    if len(found) != 1:
        raise ValueError(f"{PARTS[name][0]}: expected the marks of {name!r} once")
    return found[0].span(1)


def main(names: Sequence[str]) -> None:
    """Write parts anew; all of them when none is named."""
    for name in names or PARTS:
        page, made = DOCS / PARTS[name][0], PARTS[name][1]()
        text = page.read_text(encoding="utf-8")  # afterwards: it may be edited in the meantime
        start, stop = _span(text, name)
        page.write_text(text[:start] + made + text[stop:], encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
