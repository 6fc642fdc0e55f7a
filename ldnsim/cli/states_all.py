"""``ldnsim states --all``: what oscillates, of all patients under all hypotheses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ldnsim.cli import files, table
from ldnsim.cli.extend import told
from ldnsim.cli.numbers import real
from ldnsim.errors import UserError

if TYPE_CHECKING:
    from ldnsim.analysis.states.everywhere import Everywhere, Patient
    from ldnsim.edition import Edition

HEADERS = (
    "phenotype", "hypothesis", "least damping ratio", "at mg", "basin", "period (d)", "orbits",
    "E17",
)  # fmt: skip
CSV = (
    "phenotype", "hypothesis", "basin", "dose_mg", "damping_ratio", "period_d", "radius",
    "orbit_in", "status",
)  # fmt: skip
VERDICTS = {True: "yes", False: "no", None: "not known"}


def only_with(all_: bool, given: Mapping[str, Any]) -> None:
    """Refuse options that mean nothing with ``--all``, or without it.

    Raises:
        UserError: naming the first that was given in vain.
    """
    for name, value in given.items():
        if value is not None and value is not False:
            words = "means nothing with --all; leave it out" if all_ else "is for --all; add that"
            raise UserError(f"{name}: {words}")


def read_doses(text: str | None) -> list[float] | None:
    """Read ``0, 1.5, 4.5``.

    Raises:
        UserError: what is no number, or doses that do not ascend.
    """
    from ldnsim.analysis.states.damping import check_doses

    if text is None:
        return None
    return check_doses([real(part, "--doses") for part in text.split(",")])


@dataclass(frozen=True)
class Outputs:
    """Where the user wants what was found: a file of each kind, or a page's table instead."""

    json: Path | None
    csv: Path | None
    plot: Path | None
    markdown: bool


def show(
    edition: Edition, phenotype: str | None, hypothesis: str | None, doses: str | None,
    parameters: Mapping[str, float], to: Outputs,
) -> None:  # fmt: skip
    """Look everywhere, print, write and draw.

    Raises:
        UserError: an unknown name, or doses that cannot be read.
    """
    from ldnsim.analysis.states.damping import DOSES
    from ldnsim.analysis.states.everywhere import everywhere

    found = everywhere(
        None if phenotype is None else [phenotype], None if hypothesis is None else [hypothesis],
        read_doses(doses) or DOSES, parameters=parameters, edition=edition,
    )  # fmt: skip
    rows = [_row(p) for p in found.patients]
    if to.markdown:
        typer.echo(_markdown(rows))
    else:
        for line in [*told(edition), *_words(found)]:
            typer.echo(line)
        table.show(HEADERS, rows)
        for line in _remarks(found):
            typer.echo(line)
    if to.json is not None:
        files.write_report(to.json, "states", found.as_dict(), edition)
    if to.csv is not None:
        table.write_csv(to.csv, CSV, _places(found))
    if to.plot is not None:
        from ldnsim import plots

        files.save_picture(plots.damping(found.to_dataset()), to.plot)


def _words(found: Everywhere) -> list[str]:
    doses = ", ".join(f"{d:g}" for d in found.doses)
    return [f"nightly doses {doses} mg at 22:00, both basins"]


def _row(p: Patient) -> list[str]:
    dose, basin, period = p.where()
    known = p.worst is not None
    return [
        p.phenotype, p.hypothesis, f"{p.ratio:.2f}" if known else "", f"{dose:g}" if known else "",
        basin, f"{period:.3g}" if known else "", f"{p.orbits} of {p.found.status.size}",
        VERDICTS[p.shown],
    ]  # fmt: skip


def _remarks(found: Everywhere) -> list[str]:
    """Count what oscillates, say where to look at the worst, and where nothing was found."""
    bad = [p for p in found.patients if p.shown is False]
    unknown = [p for p in found.patients if p.shown is None]
    lines = [f"E17: {len(bad)} of {len(found.patients)} oscillate"]
    lines[0] += f", {len(unknown)} not known" if unknown else ""
    if bad:
        worst = min(bad, key=lambda p: p.ratio)
        call = f"ldnsim states {worst.phenotype} --hypothesis {worst.hypothesis} --parameter dose"
        lines.append(f"where it is born, of the worst: {call} --to {max(*found.doses, 1.0):g}")
    return lines + [
        line for p in found.patients if p.found.missing.any() for line in p.told()
        if "no resting" in line or "not finite" in line
    ]  # fmt: skip


def _places(found: Everywhere) -> list[list[str]]:
    from ldnsim.analysis.states.resting import BASINS
    from ldnsim.engine.solve.status import Status

    rows = []
    for p, basin, dose in found.places():
        one, at = p.found, (basin, dose)
        there = "" if one.missing[at] else BASINS[int(one.inflamed[at])]
        numbers = (one.ratio[at], one.period[at], one.radius[at])
        rows.append(
            [p.phenotype, p.hypothesis, BASINS[basin], f"{one.doses[dose]:g}",
             *("" if v != v else f"{v:.6g}" for v in numbers), there,
             Status(int(one.status[at])).name.lower()]
        )  # fmt: skip
    return rows


def _markdown(rows: table.Rows) -> str:
    lines = [HEADERS, ["---"] * len(HEADERS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
