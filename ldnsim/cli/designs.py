"""Trials of a study with ``[trial]``: the pool, the repeats, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ldnsim.cli import files, table
from ldnsim.cli.guard import say
from ldnsim.errors import UserError, check_known
from ldnsim.sweep.progress import progress

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.analysis.trial.tables import Table
    from ldnsim.config.designs import Design
    from ldnsim.sweep.study import Study

COMMAND = "trial"
TABLE = files.Format(
    "a table of `ldnsim trial`",
    {
        ".csv": "trial,design,",
        ".json": r'\{\s*"written_by": "ldnsim trial"',
        ".md": r"\| trial \| design ",
    },
)
NETCDF = files.Format("a result of `ldnsim trial`", {".nc": "\x89HDF\r\n"})
_HEAD = (
    "estimand", "patients", "comparison", "effect (pool SE)", "trials find (SD)",
    "power % (SE; pool SE)", "worse %", "false positives %", "patients for {} % (95 %)",
)  # fmt: skip
_GROUPS = (
    "group", "start (0-10)", "change, points", ">=30 % less", ">=30 % less and stayed",
    "stayed", "stopped: adverse, no benefit, lost, by rule", "worst burden", "worst dreams",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What the command line asks of trials of a study.

    Attributes:
        pool: where the pool is, or is to be; in memory when None.
        null: whether trials without effect are repeated too.
        trials: how often; each design's own number when None.
        seed: of the draws; the study's when None.
        placebo: account of the placebo response; each design's own when None.
        select: cases to keep, as ``axis=value``.
        weights: of cases, as ``value=weight``.
        tables: file for comparisons.
        groups: file for groups.
        plot: file for a picture.
        out: file for all of it.
        threads: of the solver.
    """

    pool: Path | None = None
    null: bool = False
    trials: int | None = None
    seed: int | None = None
    placebo: str | None = None
    select: Sequence[str] = ()
    weights: Sequence[str] = ()
    tables: Path | None = None
    groups: Path | None = None
    plot: Path | None = None
    out: Path | None = None
    threads: int | None = None

    def given(self) -> dict[str, Any]:
        """Return the options that belong to a study with ``[trial]``, by name."""
        return {
            "--pool": self.pool, "--null": self.null, "--weight": list(self.weights),
            "--table": self.tables, "--groups": self.groups, "--plot": self.plot, "--out": self.out,
        }  # fmt: skip


def check_files(asked: Asked, reads: Sequence[str | Path | None]) -> None:
    """Refuse places that cannot be written, before anything is computed."""
    own = [*reads, asked.pool]
    files.check(asked.tables, TABLE, "--table", own)
    files.check(asked.groups, TABLE, "--groups", own)
    files.check_picture(asked.plot, reads=own)
    files.check(asked.out, NETCDF, "--out", own)


def run(study: Study, text: str, asked: Asked) -> None:
    """Draw the trials of a study, and tell what they found.

    Args:
        study: with ``[trial]``.
        text: its file, as the user wrote it.
        asked: options.

    Raises:
        UserError: whatever does not fit.
    """
    from ldnsim.analysis.trial import tables
    from ldnsim.analysis.trial.many import simulate

    check_files(asked, [text])
    weights = _weights(asked.weights)
    designs = _designs(study, asked)
    pool = _narrowed(_pool(study, asked, text), asked.select)
    found = simulate(pool, study, designs, trials=asked.trials, seed=asked.seed, null=asked.null)
    for title, ds in found.items():
        _show(title, ds, weights)
    _tell(pool, found)
    if asked.tables is not None:
        _write(asked.tables, tables.comparisons(found), study)
    if asked.groups is not None:
        _write(asked.groups, tables.groups(found), study)
    if asked.out is not None:
        _save(found, asked.out)
    if asked.plot is not None:
        from ldnsim import plots

        files.save_picture(plots.trials(found, study.title), asked.plot)


def _designs(study: Study, asked: Asked) -> tuple[Design, ...]:
    """Return the designs with what the command line sets in all of them."""
    known = study.edition.placebo.responses
    check_known("placebo response", [asked.placebo] if asked.placebo else [], known)
    for design in study.trial:
        check_known(f"trial {design.title!r}: placebo response", [design.placebo], known)
    if asked.placebo is None:
        return study.trial
    return tuple(d.model_copy(update={"placebo": asked.placebo}) for d in study.trial)


def _pool(study: Study, asked: Asked, text: str) -> xr.Dataset:
    """Open the pool, or simulate it."""
    import ldnsim
    from ldnsim.analysis.trial.arms import outline
    from ldnsim.analysis.trial.outcome import check_asked
    from ldnsim.analysis.trial.pool import check_pool, pool_study
    from ldnsim.results.store import partial_folder
    from ldnsim.results.target import KINDS

    wanted, place = pool_study(study), asked.pool
    if place is not None and place.suffix.lower() not in KINDS:
        raise UserError(f"--pool {place}: its name ends in {' or '.join(KINDS)}")
    if place is not None and place.exists():
        pool = ldnsim.open_store(place)
        check_pool(pool, study, str(place))
        return pool
    plan = wanted.plan()
    _narrowed(outline(plan), asked.select)
    for design in study.trial:
        check_asked(design, getattr(study, "stopping", None) is not None)
    say(f"{text}: simulating the pool that trials are drawn from, {len(plan)} runs")
    begun = place is not None and partial_folder(place).exists()
    with progress() as report:
        return wanted.run(place, resume=begun, threads=asked.threads, progress=report)


def _narrowed(pool: xr.Dataset, select: Sequence[str]) -> xr.Dataset:
    from ldnsim.plots.selection import narrow, parse

    chosen = parse(list(select))
    for name in chosen:
        if name in ("regimen", "patient"):
            raise UserError(
                f"--select {name}: trials need all of them; name treatments in [trial] instead"
            )
    return narrow(pool, chosen)


def _weights(texts: Sequence[str]) -> dict[str, float]:
    from ldnsim.cli.numbers import real

    found: dict[str, float] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals) or name in found:
            raise UserError(f"--weight {text!r}: expected value=weight once, such as null=2")
        found[name] = real(value, f"--weight {name}")
    return found


def _show(title: str, ds: xr.Dataset, weights: Mapping[str, float]) -> None:
    """Print what trials of one design found."""
    from ldnsim.analysis.trial import tables

    typer.echo(f"\n{title}: {ds.attrs['design']}, {ds.attrs['trials']} trials of each kind")
    rows = tables.comparisons({title: ds}).rows
    own = [k for k in rows[0] if k in map(str, ds.dims) and k not in tables.PLACES]
    if "ed50" in ds:
        _show_doses(ds, rows, own)
        return
    wanted = f"{100 * float(ds.attrs['wanted_power']):g}"
    heads = [*own, *(h.format(wanted) for h in _HEAD)]
    if "false_positives" not in ds:
        heads.remove("false positives %")
    table.show(heads, [_line(row, own, "false_positives" in ds) for row in rows])
    for key, words in (("recruited", "patients recruited"), ("screened", "patients screened")):
        if key in ds:
            told = dict.fromkeys(f"{float(v):.0f}" for v in ds[key].values.ravel())
            typer.echo(f"{words} on average: {', '.join(told)}")
    _show_assurance(ds, weights)
    if not own:
        groups = tables.groups({title: ds}).rows
        table.show(_GROUPS, [_group(row) for row in groups])


def _line(row: Mapping[str, Any], own: Sequence[str], null: bool) -> list[str]:
    need = row["required_patients"]
    ends = f" ({row['required_low']:.0f} to {row['required_high']:.0f})"
    cells = [
        *(str(row[k]) for k in own), row["estimand"], f"{row['patients']}", row["comparison"],
        f"{_points(row['effect'])} ({row['effect_error']:.3f})",
        f"{_points(row['estimate'])} ({row['estimate_sd']:.3f})",
        f"{100 * row['power']:.1f} ({100 * row['power_error']:.1f};"
        f" {100 * row['power_pool_error']:.1f})",
        f"{100 * row['worse']:.1f}",
    ]  # fmt: skip
    if null:
        cells.append(
            f"{100 * row['false_positives']:.1f} ({100 * row['false_positives_error']:.1f})"
        )
    return [*cells, f"{need:.0f}{ends}" if need == need else "none"]


def _points(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"  # not -0.000


def _group(row: Mapping[str, Any]) -> list[str]:
    stops = ", ".join(
        f"{100 * row[f'stopped_{n}']:.1f} %" for n in ("adverse", "futility", "lost", "rule")
    )
    return [
        row["group"], f"{row['start']:.2f}", f"{row['change']:.2f}",
        _ends(row, "responders30", 100.0), _ends(row, "responders30_stayed", 100.0),
        f"{100 * row['staying']:.1f} %", stops, _ends(row, "worst_burden"),
        _ends(row, "worst_dreams"),
    ]  # fmt: skip


def _ends(row: Mapping[str, Any], name: str, times: float = 1.0) -> str:
    """Write a number of a group with its interval over the pool, in percent where it is a share."""
    value, low, high = (times * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value != value:
        return "not kept"
    if times == 100.0:
        return f"{value:.1f} % ({low:.1f} to {high:.1f})"
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def _show_doses(ds: xr.Dataset, rows: Sequence[Mapping[str, Any]], own: Sequence[str]) -> None:
    heads = [*own, "patients", "dose of half the responses, mg (middle 95 %)", "over the pool (SE)",
             "trials with one %", "intervals that hold it %"]  # fmt: skip
    told = []
    for row in rows:
        found = f"{row['ed50']:.2f} ({row['ed50_low']:.2f} to {row['ed50_high']:.2f})"
        true, error = row["true_ed50"], row["true_ed50_error"]
        told.append([
            *(str(row[k]) for k in own), f"{row['patients']}",
            found if row["ed50"] == row["ed50"] else "none",
            f"{true:.2f} ({error:.2f})" if abs(true) < float("inf") else "none at these doses",
            f"{100 * row['estimable']:.1f}",
            f"{100 * row['coverage']:.1f}" if row["coverage"] == row["coverage"] else "none",
        ])  # fmt: skip
    table.show(heads, told)


def _show_assurance(ds: xr.Dataset, weights: Mapping[str, float]) -> None:
    from ldnsim.analysis.trial.assurance import assurance, cases

    dims = cases(ds)
    if len(dims) != 1 and weights:
        raise UserError(f"--weight: it is of the cases of one axis, and there are {len(dims)}")
    if len(dims) != 1:
        return
    found = assurance(ds, weights=weights or None)
    how = "as weighted" if weights else "all alike"
    for n in ds["patients"].values:
        one = found.isel(estimand=0, comparison=0).sel(patients=n)
        typer.echo(
            f"assurance over {dims[0]} ({how}), {n} patients: {100 * float(one['assurance']):.1f} %"
            f" (SE {100 * float(one['assurance_error']):.1f}; pool at most"
            f" {100 * float(one['assurance_pool_error']):.1f})"
        )


def _tell(pool: xr.Dataset, found: Mapping[str, xr.Dataset]) -> None:
    """Say what numbers are made of, and the standing warning."""
    from ldnsim.cli.extend import told_of

    first = next(iter(found.values()))
    effective = ""
    if "weight" in pool.coords:
        weight = pool["weight"].values
        effective = f", as many as {weight.sum() ** 2 / (weight**2).sum():.0f} of one weight"
    failed = int((pool["status"].values != 0).sum())
    lost = f" {failed} runs of the pool failed; their patients are left out." if failed else ""
    typer.echo(
        f"\nDrawn from {pool.sizes['patient']} virtual patients{effective}.{lost} Effects and"
        " estimates in points of reported pain (shares of responders; points per mg for a trend)."
        f" Pool SE: {first.attrs['pool_error']}. Reported pain is biology, plus a response to"
        " placebo that is put in, plus diary noise. Who stops is drawn from the hazards of stopping"
        " of the model, which are mostly assumed."
    )
    for line in told_of(pool):
        typer.echo(line)
    typer.echo(str(pool.attrs.get("warning", "Research instrument, not medical advice.")))


def _write(path: Path, told: Table, study: Study) -> None:
    ending = path.suffix.lower()
    if ending == ".csv":
        table.write_csv(path, told.headers, told.texts(6))
    elif ending == ".md":
        files.write(path, told.markdown())
    else:
        files.write_report(path, COMMAND, {"rows": told.plain()}, study.edition)


def _save(found: Mapping[str, xr.Dataset], path: Path) -> None:
    """Write all results to one file, a group for each design."""
    from tempfile import TemporaryDirectory

    import xarray as xr

    tree = xr.DataTree.from_dict({f"/{title.replace('/', '_')}": ds for title, ds in found.items()})
    with TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder, path.name)
        tree.to_netcdf(draft, engine="h5netcdf")
        old = path.exists()
        draft.replace(path)
    say(f"{'replaced' if old else 'wrote'} {path}")
