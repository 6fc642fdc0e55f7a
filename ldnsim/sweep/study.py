"""A study that can be planned and run: the public face of configuration and sweep."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ldnsim.config.blocks import Patient
from ldnsim.config.study import StudyConfig
from ldnsim.errors import UserError, flag, path_text, short, unknown
from ldnsim.regimen import DoseTable
from ldnsim.units import whole_number

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.runs.plan import Plan
    from ldnsim.sweep.engines import Engine


class Study(StudyConfig):
    """What to run, read from a study file or built in Python; it never changes.

    Example:
        >>> study = ldnsim.load("study.toml")  # doctest: +SKIP
        >>> print(study.plan())  # doctest: +SKIP
        >>> ds = study.run("result.zarr", resume=True)  # doctest: +SKIP
    """

    def plan(self) -> Plan:
        """Lay the study out without running it; ``print`` the result for a dry run.

        Raises:
            UserError: when the grid is too large.
        """
        from ldnsim.runs.plan import make_plan

        return make_plan(self)

    def run(
        self,
        out: str | os.PathLike[str] | None = None,
        resume: bool = False,
        threads: int | None = None,
        progress: Callable[[int, int], None] | bool | None = None,
        *,
        overwrite: bool = False,
        append: bool = False,
        executor: Literal["threads", "dask"] = "threads",
        client: Any = None,
    ) -> xr.Dataset:
        """Run the study and return its result as a labelled dataset.

        Args:
            out: Zarr folder (``.zarr``) or NetCDF file (``.nc``) to write, or the address of such
                a folder in an object store (``s3://bucket/result.zarr``); in memory only when
                None.
            resume: complete a sweep that was killed; the result is the same to the last bit.
            threads: threads to use; the study's setting, or all cores, when None.
            progress: called with the number of runs done and their total; True shows a bar.
            overwrite: replace a result of an earlier sweep that is there.
            append: add to the finished result at ``out`` the runs of this study that it lacks,
                along axes that have grown; what is stopped goes on with the same call.
            executor: ``threads``, or ``dask`` for as many worker processes on this machine, which
                are started and ended for it (extra ``dask``).
            client: a ``distributed.Client`` whose workers are to solve the runs and write them
                where ``out`` is, which they must see (extra ``dask``).

        Returns:
            variables over ``(axes..., time)``, summaries and status over ``(axes...)``.

        Raises:
            UserError: when something is in the way at ``out``, or cannot be resumed; arguments of
                another kind, and ``resume`` or ``overwrite`` without ``out``.
            Interrupted: when stopped from the keyboard; what is finished is kept.
        """
        from ldnsim.runs.plan import make_plan
        from ldnsim.sweep.execute import run_plan

        _check_run(out, resume, threads, overwrite, append)
        if append and (client is not None or executor != "threads"):
            raise UserError("append runs on this machine, with threads: leave out the workers")
        if append and out is not None:
            from ldnsim.results.store import open_store
            from ldnsim.sweep import grow

            grow.append(make_plan(self, threads), out, progress=progress)
            return open_store(out)
        with _engine(executor, client, threads) as engine:
            return run_plan(
                make_plan(self, threads),
                out,
                resume=resume,
                overwrite=overwrite,
                progress=progress,
                engine=engine,
            )

    def _repr_html_(self) -> str:
        """Show the plan in a notebook."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(line[:11].strip())}</th>"
            f"<td style='text-align:left'>{html.escape(line[11:])}</td></tr>"
            for line in self.plan().describe().splitlines()
        )
        return f"<table>{rows}</table>"


def load(path: str | Path) -> Study:
    """Read a study file.

    Raises:
        UserError: with one line per mistake, each naming the file, the key and the remedy.
    """
    if isinstance(path, Mapping):
        raise UserError(
            f"path = {short(path)}: expected a path; what takes a dictionary is"
            " ldnsim.Study.build(...), and ldnsim.simulate(...) takes its keys as arguments"
        )
    return Study.load(path_text(path, "path"))


def _check_run(
    out: object, resume: object, threads: object, overwrite: object, append: object
) -> None:
    """Refuse arguments of :meth:`Study.run` of another kind, and such that would do nothing.

    Raises:
        UserError: naming the argument.
    """
    for key, value in (("resume", resume), ("overwrite", overwrite), ("append", append)):
        if flag(value, key) and out is None:
            raise UserError(
                f"{key} = True: a run in memory has no store to go on with, to replace or to add"
                f' to; give one, such as run("result.zarr", {key}=True)'
            )
    if append and (resume or overwrite):
        raise UserError(
            f"append with {'resume' if resume else 'overwrite'}: append goes on by itself where it"
            " was stopped, and keeps what is there; leave the other out"
        )
    if out is not None:
        path_text(out, "out")
    check_threads(threads)


def _engine(
    executor: object, client: Any, threads: int | None
) -> AbstractContextManager[Engine | None]:
    """Return a context of what solves the runs; None for threads of this process.

    Raises:
        UserError: what was asked for is not known, or not there.
    """
    if executor not in ("threads", "dask"):
        raise UserError(f"executor = {executor!r}: expected 'threads' or 'dask'")
    if client is not None and executor == "dask":
        raise UserError("executor = 'dask' starts workers of its own: leave it out with client")
    if executor == "threads" and client is None:
        return nullcontext()
    from ldnsim.sweep.cluster import Cluster, local

    return local(threads) if client is None else nullcontext(Cluster(client, threads))


def check_threads(threads: object) -> None:
    """Refuse a number of threads that is none; None is the study's setting.

    Raises:
        UserError: anything but a whole number of 1 or more.
    """
    if threads is not None:
        whole_number(threads, key="threads", least=1)


def simulate(
    prescription: Any,
    *,
    hypothesis: str = "dual_pathway",
    phenotype: str | None = None,
    basin: Literal["inflamed", "resolved"] | None = None,
    parameters: Mapping[str, float] | None = None,
    threads: int | None = None,
    **blocks: Any,
) -> xr.Dataset:
    """Simulate one patient on one regimen.

    Args:
        prescription: text such as ``"4.5 mg nightly at 22:00, for 12 wk"``, the name of a shipped
            protocol, a table as in a study file, or a :class:`ldnsim.Regimen`.
        hypothesis: name of the hypothesis.
        phenotype: name of the phenotype; the default one when None.
        basin: state the patient starts in; the phenotype's own when None.
        parameters: single parameters of the patient.
        threads: threads to use.
        blocks: further blocks of a study, such as ``output={"every": "1 h"}``; a block
            ``patient`` is merged with the arguments above.

    Returns:
        the dataset of the run, without dimensions of a sweep.

    Raises:
        UserError: for unknown names, prescriptions that cannot be read, and what is said twice.
    """
    study = prescribed(prescription, hypothesis, phenotype, basin, parameters or {}, **blocks)
    return study.run(threads=threads)


def _title(prescription: Any) -> str:
    """Return what one regimen is called: its text, its name, or the file it was recorded in."""
    if isinstance(prescription, Mapping):
        keys = ("name", "protocol", "prescription", "events")
        named = (str(prescription[k]) for k in keys if k in prescription)
        text = next(named, "recorded doses" if "table" in prescription else str(prescription))
    else:
        text = "recorded doses" if isinstance(prescription, DoseTable) else str(prescription)
    # a path of this machine has no place in a result
    return Path(text).name if text.lower().endswith(".csv") else text


def _varied(axes: Any) -> str:
    """Say by which axes the runs of a study differ: their prescription alone is none of them."""
    given = axes if isinstance(axes, list | tuple) else ()
    names = [a.get("name") if isinstance(a, Mapping) else getattr(a, "name", None) for a in given]
    return f" (varied: {', '.join(str(n).replace('_', ' ') for n in names if n)})" if given else ""


def prescribed(
    prescription: Any,
    hypothesis: str,
    phenotype: str | None,
    basin: Literal["inflamed", "resolved"] | None,
    parameters: Mapping[str, float],
    *,
    said_in: str = "simulate",
    **blocks: Any,
) -> Study:
    """Return the study of one patient on one regimen; arguments as for :func:`simulate`.

    ``said_in`` is what errors begin with: where the arguments were written.

    Raises:
        UserError: for unknown names, prescriptions that cannot be read, and what is said twice.
    """
    _refuse_unknown(blocks)
    for key in ("regimen", "regimens"):
        if key in blocks:
            raise UserError(f"simulate: {key} = {blocks[key]!r}: the prescription says it already")
    if not isinstance(parameters, Mapping):
        raise UserError(
            f"simulate: parameters = {short(parameters)}: expected names with numbers, such as"
            ' {"driver": 0.1}'
        )
    named = {"phenotype": phenotype, "basin": basin, "parameters": dict(parameters) or None}
    patient = blocks.pop("patient", {})
    if isinstance(patient, Patient):
        patient = patient.model_dump(exclude_unset=True)
    if isinstance(patient, Mapping):
        patient = _merged(patient, {k: v for k, v in named.items() if v is not None})
    data = {
        "title": _title(prescription) + _varied(blocks.get("axes")),
        "hypothesis": hypothesis,
        "regimen": prescription,
        "patient": patient,
        **blocks,
    }
    return Study.build(data, said_in)


def _refuse_unknown(blocks: Mapping[str, Any]) -> None:
    """Refuse keywords that are neither arguments nor blocks of a study.

    Raises:
        UserError: naming the nearest keyword, or the block that the word belongs to.
    """
    own = ("hypothesis", "phenotype", "basin", "parameters", "threads")
    for key, value in blocks.items():
        if key in Patient.model_fields:
            raise UserError(
                f"simulate: {key} = {value!r} belongs to the patient; write"
                f" patient={{{key!r}: {value!r}}}"
            )
        if key not in StudyConfig.model_fields:
            raise unknown("simulate: the keyword", key, [*own, *StudyConfig.model_fields])


def _merged(patient: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Put arguments into the block of the patient; parameters of both are taken together.

    Raises:
        UserError: for a key or a parameter that both give.
    """
    found = {**patient, **named}
    inner = patient.get("parameters")
    if isinstance(inner, Mapping) and "parameters" in named:
        found["parameters"] = {**inner, **named["parameters"]}
        twice = [f"parameters.{k}" for k in inner if k in named["parameters"]]
    else:
        twice = []
    twice += [
        k for k in named
        if k in patient and not (k == "parameters" and isinstance(inner, Mapping))
    ]  # fmt: skip
    if twice:
        raise UserError(
            f"simulate: {twice[0]} is given as an argument and in patient; keep one of them"
        )
    return found
