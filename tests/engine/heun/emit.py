"""What Heun's method needs of the workspace; its functions are the same for every model."""

from __future__ import annotations

from ldnsim.engine.generate.emit import Emitter
from ldnsim.engine.methods.method import Parts


def parts(emitter: Emitter) -> Parts:
    """Rates at the start and at the predicted end, and the end."""
    for section in ("HEUN_FIRST", "HEUN_SECOND", "HEUN_END"):
        emitter.layout.reserve(section, len(emitter.trace.states))
    return Parts(constants={"HEUN_CAUTION": 0.1})
