"""Radau IIA collocation on four nodes, solved state by state in causal order."""

from ldnsim.engine.methods.method import Method

METHOD = Method(
    name="collocation",
    title="Radau IIA collocation",
    order=7,
    error_power=6,
    resumes=True,
    citation=(
        "Hairer and Wanner, Solving Ordinary Differential Equations II: Stiff and "
        "Differential-Algebraic Problems, section IV.5"
    ),
    package=__name__,
)
