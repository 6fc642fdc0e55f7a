"""The command line: every command parses, calls the library, and prints.

Nothing heavy is imported here, so that ``ldnsim --help`` answers at once; each command imports
what it needs when it runs. Help is plain text for the same reason: loading the markup library
would take longer than everything else together.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ldnsim.cli import (
    appraise,
    calibrate,
    cite,
    claims,
    discriminate,
    doctor,
    equations,
    export,
    lists,
    look,
    machines,
    observations,
    optimise,
    population,
    run,
    sensitivity,
    start_dose,
    states,
    trial,
    visits,
)


class Commands(TyperGroup):
    """All commands. What an option refuses is told in its own words."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what the parser's library puts before a refusal is taken off."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


app = typer.Typer(
    cls=Commands,
    name="ldnsim",
    help="Mechanistic simulator of low-dose naltrexone. Research instrument, not medical advice.",
    epilog="Start with: ldnsim demo",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    run.demo, run.init, run.sweep, machines.merge, run.simulate, states.states, look.compare,
    discriminate.discriminate, optimise.optimise, start_dose.start_dose, cite.cite,
    sensitivity.sensitivity, trial.trial, visits.visits,
    population.population,
    appraise.validate, claims.claims, calibrate.calibrate,
    lists.parameters, lists.hypotheses, lists.phenotypes, lists.covariates, lists.adjuncts,
    lists.protocols, lists.templates, lists.schema, observations.observations,
    equations.equations, doctor.doctor,
)  # fmt: skip
"""In the order of the help."""
for command in COMMANDS:
    app.command()(command)
app.add_typer(
    export.group, name="export", help="Write one run for other simulators: SBML, Antimony."
)


def _version(wanted: bool) -> None:
    if wanted:
        from ldnsim import __version__
        from ldnsim.edition import shipped

        typer.echo(f"ldnsim {__version__}, {shipped().version}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the versions."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line (the ``ldnsim`` script)."""
    from ldnsim.cli import start

    raise SystemExit(start.run(app))
