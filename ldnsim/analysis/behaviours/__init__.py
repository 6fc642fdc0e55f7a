"""Behaviours that must emerge from the equations, each computed under any hypothesis.

A behaviour is required only of the hypotheses that claim it; under the others the same runs are
made and what they show is reported as not claimed. Nothing here sets a parameter to make a check
pass.
"""

from __future__ import annotations

from collections.abc import Sequence

from ldnsim.analysis.behaviours import asked, damped, disease, hormones, patients, receptors, switch
from ldnsim.analysis.behaviours.record import Behaviour
from ldnsim.analysis.judged.record import Check, Setting
from ldnsim.edition import Edition, shipped
from ldnsim.errors import check_known

__all__ = ["BEHAVIOURS", "Behaviour", "behaviour_checks"]

ROOMS = (receptors, switch, patients, hormones, damped, disease, asked)
BEHAVIOURS: dict[str, Behaviour] = {
    b.id: b for b in sorted((b for r in ROOMS for b in r.BEHAVIOURS), key=lambda b: int(b.id[1:]))
}
"""Every behaviour by its name, in the order of numbers."""


def behaviour_checks(
    names: Sequence[str] | None = None,
    only: Sequence[str] | None = None,
    edition: Edition | None = None,
) -> list[Check]:
    """Compute behaviours under hypotheses.

    Args:
        names: behaviours; all when None.
        only: hypotheses; all when None.
        edition: the model that is judged; the shipped one when None.

    Returns:
        one check per behaviour and hypothesis; ``passed`` is None and the note says so where the
        hypothesis does not claim the behaviour.

    Raises:
        UserError: an unknown behaviour or hypothesis.
    """
    home = edition or shipped()
    check_known("behaviour", names or (), BEHAVIOURS)
    check_known("hypothesis", only or (), home.hypotheses)
    settings = [Setting(h, edition=home) for h in (only or home.hypotheses)]
    return [c for b in (names or BEHAVIOURS) for c in BEHAVIOURS[b].checks(settings)]
