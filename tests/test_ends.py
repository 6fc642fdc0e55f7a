"""Nothing ends nowhere: what is computed reaches something that is asked of a run, or is that."""

from __future__ import annotations

import functools

from ldnsim.config.summaries import SUMMARIES
from ldnsim.edition import shipped


def inside(recipe: object) -> set[str]:
    """Observables that a recipe of a probe names, however deep."""
    if isinstance(recipe, dict):
        own = {v for k, v in recipe.items() if k in ("observable", "variable")}
        return own.union(*(inside(v) for v in recipe.values()))
    if isinstance(recipe, (list, tuple)):
        return set().union(*(inside(v) for v in recipe))
    return set()


@functools.lru_cache(maxsize=1)
def asked() -> frozenset[str]:
    """Variables that a summary, an observation, a claim or the story asks for."""
    home = shipped()
    found = {v for c in home.claims.values() for v in c.variables}
    found |= {v for o in home.observations.values() for v in inside(o.probe)}
    found |= {s.variable for s in SUMMARIES.values()}
    return frozenset(found)


def reached(wanted: frozenset[str]) -> set[str]:
    """Everything from which one of these can be reached."""
    model = shipped().model
    reads = {v.name: set(v.arguments) for v in (*model.states.values(), *model.quantities.values())}
    found = set(wanted) & set(reads)
    while more := {a for v in found for a in reads[v] if a in reads} - found:
        found |= more
    return found


def test_every_variable_reaches_something_that_is_asked() -> None:
    model = shipped().model
    names = {*model.states, *model.quantities}
    assert names - reached(asked()) == set()


def test_the_walk_would_find_an_end() -> None:
    without = asked() - {"sensory_symptom"}
    assert "sensory_symptom" not in reached(without)
    assert {"tnf", "endorphin_pool", "peripheral_tone"} <= reached(frozenset({"pain"}))


def test_what_is_outside_the_brain_and_what_is_felt_are_asked_for() -> None:
    wanted = {
        "disease_activity",
        "blood_cytokines",
        "nk_killing",
        "quality_of_life",
        "physical_function",
    }
    assert wanted <= asked()
