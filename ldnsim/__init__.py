"""ldnsim: a mechanistic simulator of low-dose naltrexone.

A research instrument, not medical advice. Three lines do the main job::

    study = ldnsim.load("study.toml")
    ds = study.run()
    ldnsim.plots.compare(ds)

What is wrong with what you wrote is a :class:`ldnsim.UserError`, a ``ValueError`` that names the
argument or key, its value, and what was expected.

Everything here is imported on first use, so that ``import ldnsim`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldnsim.lazy import names

if TYPE_CHECKING:
    from ldnsim import analysis as analysis
    from ldnsim import export as export
    from ldnsim import plots as plots
    from ldnsim.errors import UserError as UserError
    from ldnsim.regimen import Regimen as Regimen
    from ldnsim.regimen import protocols as protocols
    from ldnsim.results.store import open_store as open_store
    from ldnsim.sweep.study import Study as Study
    from ldnsim.sweep.study import load as load
    from ldnsim.sweep.study import simulate as simulate

__version__ = "0.1.0"

_HOME = {
    "Regimen": "ldnsim.regimen",
    "Study": "ldnsim.sweep.study",
    "UserError": "ldnsim.errors",
    "analysis": "",
    "export": "",
    "load": "ldnsim.sweep.study",
    "open_store": "ldnsim.results.store",
    "plots": "",
    "protocols": "ldnsim.regimen",
    "simulate": "ldnsim.sweep.study",
}

__all__ = [
    "Regimen",
    "Study",
    "UserError",
    "__version__",
    "analysis",
    "export",
    "load",
    "open_store",
    "plots",
    "protocols",
    "simulate",
]

__getattr__, __dir__ = names(__name__, _HOME)
