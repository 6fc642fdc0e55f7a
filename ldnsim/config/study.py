"""The study file as one frozen schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from ldnsim.config import rules, toml, visits
from ldnsim.config.axis import Axis
from ldnsim.config.base import Config
from ldnsim.config.blocks import Change, ModelBlock, Modifiers, Output, Patient, Solver
from ldnsim.config.designs import Designs
from ldnsim.config.entries import FOLDER, RegimenEntry
from ldnsim.config.explain import explain
from ldnsim.config.optimise import Optimise
from ldnsim.config.own_function import Function
from ldnsim.config.population import Population
from ldnsim.config.quantities import Hours, Whole
from ldnsim.config.run import RunSpec
from ldnsim.config.visits import Stopping, Visits
from ldnsim.edition import Edition, in_force, of_sources
from ldnsim.edition.source import read_sources
from ldnsim.errors import UserError
from ldnsim.regimen import Adherence, Recordings


class StudyConfig(Config):
    """What to run: patients, regimens, axes, and what to keep."""

    title: str = "Untitled study"
    """Title shown in pictures and stored with the result."""
    model: ModelBlock | None = None
    """What is added to the model of the package; nothing when left out."""
    hypothesis: str = "dual_pathway"
    """The hypothesis of how naltrexone works."""
    seed: Whole = Field(default=0, ge=0)
    """Seed of every random draw; the same subject draws the same in every regimen."""
    subject: Whole = Field(default=0, ge=0)
    """Number of the virtual subject, for adherence."""
    horizon: Hours | None = Field(default=None, gt=0.0)
    """Length of the simulation; that of the longest regimen when left out."""
    patient: Patient = Field(default_factory=Patient)
    """Who is treated."""
    population: Population | None = None
    """Many virtual patients around that one, along the dimension ``patient``; one when left out."""
    regimen: RegimenEntry | None = None
    """The one regimen of the study; or:"""
    regimens: tuple[RegimenEntry, ...] = ()
    """several regimens, compared along the dimension ``regimen``."""
    adherence: Adherence | None = None
    """How doses are taken; all of them and in time when left out."""
    visits: Visits = Field(default_factory=Visits)
    """What visits are like at which rules of a regimen decide."""
    stopping: Stopping | None = None
    """Who stops treatment, and why; nobody does when left out."""
    modifiers: Modifiers = Field(default_factory=Modifiers)
    """What is done besides naltrexone."""
    changes: tuple[Change, ...] = ()
    """Parameters that change at a stated time."""
    axes: tuple[Axis, ...] = ()
    """The dimensions of the sweep, in order; combined as a product."""
    zip: tuple[tuple[str, ...], ...] = ()
    """Groups of axes that advance together and share the dimension of the first."""
    optimise: Optimise | None = None
    """What `ldnsim optimise` chooses; nothing of a sweep changes by it."""
    output: Output = Field(default_factory=Output)
    """What is kept."""
    solver: Solver = Field(default_factory=Solver)
    """Accuracy and effort."""
    trial: Designs = ()
    """Trials that `ldnsim trial` draws from the patients: a design, or several as ``[[trial]]``."""
    _edition: Edition = PrivateAttr(default_factory=in_force)
    _functions: dict[str, Function] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _of_its_edition(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        """Validate every block against the model that the study names."""
        if isinstance(data, StudyConfig):
            return handler(data)
        folder = (info.context or {}).get(FOLDER)
        with _edition_of(data, folder).in_force():
            made = handler(data)
            made._functions = visits.functions(made, folder)
            return made

    @model_validator(mode="before")
    @classmethod
    def _adherence_shares_the_seed(cls, data: Any) -> Any:
        """The pattern of missed doses follows the study's seed unless it has its own."""
        if isinstance(data, dict) and isinstance(data.get("adherence"), dict):
            seed = data.get("seed", 0)
            return {**data, "adherence": {"seed": seed, **data["adherence"]}}
        return data

    @model_validator(mode="after")
    def _rules(self) -> Self:
        rules.check(self)
        return self

    @classmethod
    def loads(cls, text: str, source: str = "study") -> Self:
        """Read a study from TOML text, of the edition in force if it names the same extensions.

        Raises:
            UserError: with one line per mistake.
        """
        return cls.build(toml.parse(text, source), source)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a study file; event tables are looked for beside it.

        Raises:
            UserError: with one line per mistake, each naming the file and the key.
        """
        data = toml.parse(toml.read(path), str(path))
        return cls.build(data, str(path), folder=Path(path).parent)

    @classmethod
    def build(
        cls, data: dict[str, Any], source: str = "study", folder: str | Path | None = None
    ) -> Self:
        """Make a study from nested dictionaries, with errors as plain text.

        Args:
            data: what the file would say.
            source: what errors begin with.
            folder: where paths begin. When None it is the working directory, and extensions that
                are called as those of the edition in force are these.
        """
        try:
            return cls.model_validate(
                data, context=None if folder is None else {FOLDER: Path(folder)}
            )
        except ValidationError as error:
            raise explain(error, source, cls) from None

    def resolved(self) -> str:
        """Return the study as TOML, every default written out; it loads back to an equal one."""
        data = json.loads(self.model_dump_json(exclude_none=True))
        return toml.dumps(data)

    @property
    def edition(self) -> Edition:
        """The model that the study is of, with what is known with it."""
        return self._edition

    @property
    def functions(self) -> dict[str, Function]:
        """The functions that decide on doses, as the regimens name them."""
        return self._functions

    def named_regimens(self) -> dict[str, Any]:
        """Return the regimens by the name shown in results; one entry for a single regimen.

        Subjects of an event table that are run along ``id`` are called by their ID.
        """
        found: dict[str, Any] = {}
        for entry in self.regimens or ((self.regimen,) if self.regimen else ()):
            if isinstance(entry, Recordings):
                found.update({r.id: r for r in entry.members})
            else:
                found[rules.name_of(entry)] = entry
        return found

    def base_run(self) -> RunSpec:
        """Return the run before any axis is applied, on the first regimen.

        Raises:
            UserError: when the study has no regimen.
        """
        entries = tuple(self.named_regimens().values())
        if not entries:
            raise UserError("the study has no regimen")
        return RunSpec(
            hypothesis=self.hypothesis,
            phenotype=self.patient.phenotype,
            basin=self.patient.basin,
            parameters=tuple(sorted(self.patient.parameters.items())),
            regimen=entries[0],
            adherence=self.adherence,
            subject=self.subject,
            modifiers=self.modifiers,
            changes=self.changes,
            seed=self.seed,
            covariates=tuple(sorted(self.patient.covariates().items())),
            edition=self.edition,
        )


def _edition_of(data: Any, folder: Path | None) -> Edition:
    """Return the edition that a study names, before anything of it is validated.

    A study of no folder, such as the text in a result, takes the edition in force where that has
    extensions of these names; any other reads the files it names. Names that are no list of text
    are left to the block itself.

    Raises:
        UserError: an extension that cannot be read.
    """
    block = data.get("model") if isinstance(data, dict) else None
    names = block.get("extend") if isinstance(block, dict) else getattr(block, "extend", ())
    if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
        names = ()
    here = in_force()
    try:
        if folder is None and [e.name for e in here.extensions] == list(names):
            return here
        sources = read_sources(names, folder or Path())
        same = sources == tuple(e.source for e in here.extensions)
        return here if same else of_sources(sources)
    except UserError as error:
        raise UserError(f"model.extend: {error}") from None
