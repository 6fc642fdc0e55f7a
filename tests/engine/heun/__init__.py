"""Heun's method, an example of a method of one's own: explicit, two stages, for easy problems."""

from ldnsim.engine.methods.method import Method

METHOD = Method(
    name="heun",
    title="Heun's method",
    order=2,
    error_power=2,
    resumes=False,
    citation=(
        "Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I: Nonstiff Problems, "
        "section II.1"
    ),
    package=__name__,
)
