"""An edition of the model: its equations and the data that go with them, read when first asked for.

Editions compare by identity: two with the same extensions are made once (see :func:`extended`), so
that what is computed for one can be kept under it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldnsim import catalog
from ldnsim.catalog import assays, calibration, claims, observations, populations, searches
from ldnsim.edition import versions
from ldnsim.edition.extension import Extension, changes, check_model, with_mechanisms
from ldnsim.edition.source import Source, read_sources
from ldnsim.edition.tables import (
    BLOCKS,
    NAMED,
    Tables,
    blocks_of,
    merged,
    read_protocols,
    with_parameters,
)
from ldnsim.errors import UserError
from ldnsim.influence import drug_states
from ldnsim.model import ONE_AT_A_TIME, Model, default_model

if TYPE_CHECKING:
    from ldnsim.catalog.story import StoryFile
    from ldnsim.regimen import Regimen

_made: dict[tuple[Source, ...], Edition] = {}
_in_force: ContextVar[Edition | None] = ContextVar("edition in force", default=None)


@dataclass(frozen=True, eq=False)
class Edition:
    """A model and what is known with it.

    Attributes:
        model: the equations and the default values of their parameters.
        extensions: what was added to the model of the package, in order.
    """

    model: Model
    extensions: tuple[Extension, ...] = ()
    _blocks: Mapping[str, list[Tables]] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        """Return the fingerprint of the equations and the names of the extensions."""
        names = ", ".join(repr(e.name) for e in self.extensions)
        return f"<Edition of model {self.model.fingerprint}, extensions: {names or 'none'}>"

    def __reduce__(self) -> tuple[Callable[..., Edition], tuple[Any, ...]]:
        """Pickle as the texts it is made of: functions of extensions have no place of their own.

        Raises:
            UserError: it was made by hand of another model, which no text tells.
        """
        sources = tuple(e.source for e in self.extensions)
        if of_sources(sources).model is not self.model:
            raise UserError(
                f"{self!r} was made by hand: its model is not that of its extensions, so it cannot"
                " be sent to another process; write what differs as an extension, and use"
                " extended([...])"
            )
        return of_sources, (sources,)

    def __deepcopy__(self, _: dict[int, Any]) -> Edition:
        """Return itself: editions are values, and told apart by identity."""
        return self

    def __copy__(self) -> Edition:
        """Return itself."""
        return self

    @cached_property
    def references(self) -> dict[str, catalog.Reference]:
        """The bibliography by citation key."""
        return self._read("references", catalog.read_references)

    @cached_property
    def hypotheses(self) -> dict[str, catalog.Hypothesis]:
        """The rival hypotheses by name, the default first."""
        return self._read("hypotheses", catalog.read_hypotheses, self.references, self.model)

    @cached_property
    def phenotypes(self) -> dict[str, catalog.Phenotype]:
        """The kinds of patient by name, the default first."""
        return self._read("phenotypes", catalog.read_phenotypes, self.references, self.model)

    @cached_property
    def adjuncts(self) -> dict[str, catalog.Adjunct]:
        """What prescribers add to the drug, by name."""
        return self._read("adjuncts", catalog.read_adjuncts, self.references, self.model)

    @cached_property
    def covariates(self) -> dict[str, catalog.Covariate]:
        """What a clinician may know of a patient, by name."""
        return self._read("covariates", catalog.read_covariates, self.references, self.model)

    @cached_property
    def protocols(self) -> dict[str, Regimen]:
        """The named regimens."""
        from ldnsim.regimen import protocols

        return merged(protocols(), self._blocks.get("protocols", ()), read_protocols)

    @cached_property
    def observations(self) -> dict[str, observations.Observation]:
        """What was measured, by name."""
        found = self._read(
            "observations", observations.read_observations, self.references, self.hypotheses
        )
        for place, tables in self._blocks.get("observations", ()):
            for name in tables:
                self._check_probe(found[name].probe, f"{place}.{name}.probe")
        observations.check_repeats(found)
        return found

    @cached_property
    def assays(self) -> dict[str, assays.Assay]:
        """What can be measured in a patient, and with what error, by name."""
        return self._read("assays", assays.read_assays, self.model)

    @cached_property
    def populations(self) -> dict[str, populations.PublishedPopulation]:
        """Patients whose baseline was published, by name."""
        return self._read(
            "populations", populations.read_populations, self.references, self.model,
            self.phenotypes,
        )  # fmt: skip

    @cached_property
    def claims(self) -> dict[str, claims.Claim]:
        """The claims of the clinical story, in order."""
        return self._read(
            "claims", claims.read_claims, self.references, self.model, self.phenotypes
        )

    @cached_property
    def searches(self) -> dict[str, searches.Searched]:
        """Searches for numbers with which a claim holds, as they were kept, by claim."""
        return self._read(
            "searches", searches.read_searches, self.claims, self.hypotheses, self.model
        )

    @cached_property
    def fit_groups(self) -> dict[str, calibration.FitGroup]:
        """The shipped fits by name, in order."""
        return self._read(
            "calibration", calibration.read_groups, self.references, self.hypotheses,
            self.observations, self.model,
        )  # fmt: skip

    @cached_property
    def story(self) -> StoryFile:
        """What the defaults were searched for, and within which bounds."""
        from ldnsim.catalog.story import read_story

        return read_story(
            *catalog.shipped("story"), self.references, self.hypotheses, self.phenotypes,
            self.observations, self.model,
        )  # fmt: skip

    @cached_property
    def placebo(self) -> catalog.PlaceboData:
        """What patients on placebo report."""
        return catalog.read_placebo(*catalog.shipped("placebo"), self.references)

    def _check_probe(self, probe: Mapping[str, Any], place: str) -> None:
        """Refuse what the probe of an extension names and is not there."""
        from ldnsim.regimen import Regimen

        observations.check_probe(probe, place, self.model, self.phenotypes)
        for key, value in observations.fields_of(probe):
            if key == "regimen":
                try:
                    Regimen.parse(value, self.protocols)
                except UserError as error:
                    raise UserError(f"{place}.{key}: {error}") from None

    def cite(self, keys: Iterable[str]) -> list[str]:
        """Format references, each once, in the order given.

        Raises:
            UserError: a key that is not in the bibliography.
        """
        return catalog.cite(keys, self.references)

    def records(self) -> list[dict[str, Any]]:
        """Return what results and reports say of the extensions, in order."""
        return [e.record() for e in self.extensions]

    @cached_property
    def version(self) -> versions.Version:
        """The versions of model and hypotheses, with the names of extensions."""
        if not self.extensions:
            return versions.version_of(self.model, self.hypotheses)
        base, names = shipped(), [e.name for e in self.extensions]
        own, others = (versions.content_of(e.hypotheses) for e in (self, base))
        return versions.extended(base.version, names, own, others)

    @cached_property
    def alters(self) -> bool:
        """Whether an equation or a default of the package is another one here."""
        usual, own = shipped().model.parameters, self.model.parameters
        return any(v.replaced_by for v in self.model.observables.values()) or any(
            own[n].value != p.value for n, p in usual.items()
        )

    @contextlib.contextmanager
    def in_force(self) -> Iterator[None]:
        """Let what is validated meanwhile be of this edition."""
        token = _in_force.set(self)
        try:
            yield
        finally:
            _in_force.reset(token)

    def _read(
        self, name: str, reader: Callable[..., dict[str, Any]], *known: Any
    ) -> dict[str, Any]:
        """Read a file of the package and the blocks of that name, by one reader."""
        shipped_ones = reader(*catalog.shipped(name), *known)
        return merged(
            shipped_ones, self._blocks.get(name, ()), lambda text, file: reader(text, file, *known),
            self.model.parameters,
        )  # fmt: skip


def shipped() -> Edition:
    """Return the edition that comes with the package."""
    return of_sources(())


def extended(names: Sequence[str], folder: str | Path = "") -> Edition:
    """Return the shipped edition with extensions; the same object for the same contents.

    Args:
        names: files of mechanisms (``.py``) and of data (``.toml``), or names of entry points of
            the group ``ldnsim.extensions``. Mechanisms are put together in this order, then data.
        folder: where relative paths begin; the working directory when empty.

    Raises:
        UserError: a file that cannot be read, or says what does not fit the model.
    """
    return of_sources(read_sources(names, Path(folder)))


def of_sources(sources: tuple[Source, ...]) -> Edition:
    """Return the shipped edition with extensions that were read; the same object for the same ones.

    Raises:
        UserError: as :func:`extended`.
    """
    with ONE_AT_A_TIME:
        if sources not in _made:
            _made[sources] = _make(sources)
        return _made[sources]


def of_record(
    listed: Sequence[Mapping[str, Any]], given: Edition | None, attrs: Mapping[str, Any]
) -> Edition:
    """Return the edition that a result was made of, if it is the one that is given.

    Nothing that a result names is run by itself; what is given is told by its content, and may lie
    elsewhere by now.

    Args:
        listed: what the result says of its extensions; see :meth:`Extension.record`.
        given: the edition offered for it; the shipped one when None.
        attrs: of the result, which tell its equations (``model``) and ``numbers``.

    Raises:
        UserError: naming the extensions that are missing, or differ.
    """
    own = (given or shipped()).extensions
    names = [e["name"] for e in listed]
    if len(own) != len(names):
        told = ", ".join(f"{e['name']} (sha256 {e['sha256'][:12]})" for e in listed)
        raise UserError(
            f"this result was made of the model with the extensions {told}: nothing of it is run"
            f" again unless they are given, as edition=extended({names})"
            if names
            else "this result was made of the model without extensions: give none"
        )
    for record, extension in zip(listed, own, strict=True):
        if record["sha256"] != extension.sha256:
            raise UserError(
                f"extension {extension.name!r} (sha256 {extension.sha256[:12]}) is not the"
                f" {record['name']!r} that this result was made with (sha256"
                f" {record['sha256'][:12]}); give the same text, in the same order: {names}"
            )
    found = of_sources(tuple(e.source.renamed(n) for e, n in zip(own, names, strict=True)))
    for key, here in (("model", found.model.fingerprint), ("numbers", found.model.numbers)):
        if names and attrs.get(key, here) != here:
            what = "equations" if key == "model" else "defaults, bounds or starts"
            raise UserError(
                f"the extensions {names} are those of this result, but its {what} were others"
                f" ({key} {attrs[key]}, here {here}): the version of ldnsim, or something that the"
                " text of an extension reads from elsewhere, has changed"
            )
    return found


def in_force() -> Edition:
    """Return the edition of the study that is validated here; the shipped one outside of any."""
    return _in_force.get() or shipped()


def _make(sources: tuple[Source, ...]) -> Edition:
    """Put an edition together and read every block, so that mistakes are told at once."""
    shipped_model = default_model()  # whole before any text is run
    if not sources:
        return Edition(shipped_model)
    own = [blocks_of(s) for s in sources]
    blocks = {name: [t for of in own for t in of.get(name, ())] for name in BLOCKS}
    plain = with_mechanisms(sources)
    known = Edition(plain, (), blocks).references
    for source in sources:
        check_model(source, plain, known)
    model = with_parameters(plain, blocks["parameters"], known)
    try:
        drug_states(model)  # every equation, where it is probed later
    except UserError as error:
        raise UserError(f"{', '.join(s.name for s in sources)}: {error}") from None
    told = zip(sources, own, strict=True)
    found = Edition(
        model, tuple(Extension(s, tuple(changes(s, model, b, plain))) for s, b in told), blocks
    )
    for name in NAMED:
        if blocks[name]:
            getattr(found, name)
    return found
