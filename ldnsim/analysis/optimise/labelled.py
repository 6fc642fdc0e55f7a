"""A choice as a labelled dataset, which the picture is drawn from, and as rows of tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ldnsim.analysis.optimise.choose import Choice, found_means
from ldnsim.config.optimise import OF_THE_PRESCRIPTION

if TYPE_CHECKING:
    from ldnsim.sweep.study import Study

ADVICE = (
    "Research, not advice: what follows from a model of hypotheses, most of its numbers assumed,"
    " and from weights that somebody chose. Not medical advice."
)


def to_dataset(choice: Choice, study: Study) -> xr.Dataset:
    """Return everything that was found, with names, units and what it was made from.

    Args:
        choice: what was found.
        study: it was found in.

    Returns:
        ``utility`` over (choice, axes of the study..., patient) and the summaries behind it; over
        ``choice`` the ``score`` with its interval, ``allowed``, ``tied``, ``close``, ``on_front``,
        the prescription, and the mean of every objective; over the axes the ``best`` and what the
        choice ``loses`` there; ``own_best`` over patients; ``gain`` of every question.
    """
    found = choice.found
    dims = ("choice", *found.axes, "patient")
    shape = (len(found.candidates), *(len(v) for v in found.axes.values()), found.patients)
    data: dict[str, Any] = {"utility": (dims, choice.utility.reshape(shape), {"units": "1"})}
    for name in found.values:
        values = np.array(found.values[name]).reshape(shape)
        data[name] = (dims, values, _attributes(found.about, name))
    means = found_means(found, choice.objectives)
    for j, name in enumerate(choice.objectives):
        attrs = _attributes(found.about, name) | {"goal": _goal(choice.objectives[name])}
        data[f"mean_{name}"] = ("choice", means[:, j], attrs)
    data |= _of_candidates(choice)
    places = tuple(found.axes)
    data["best"] = (places, _laid(choice.by_place, shape), {"long_name": "best candidate there"})
    data["loses"] = (places, _laid(choice.lost, shape), {"long_name": "utility lost there"})
    if choice.individual is not None:
        data["own_best"] = ("patient", choice.individual.best)
    if choice.asked:
        data["gain"] = ("question", [a.gain for a in choice.asked])
        data["gain_error"] = ("question", [a.error for a in choice.asked])
        data["gain_uncorrected"] = ("question", [a.seeming for a in choice.asked])
    coords: dict[str, Any] = {"choice": [c.label for c in found.candidates]}
    coords |= {n: (n, list(v), dict(found.about[n].attrs)) for n, v in found.axes.items()}
    coords["weight"] = ("patient", found.weights)
    if choice.asked:
        coords["question"] = [a.what for a in choice.asked]
    return xr.Dataset(data, coords, _attrs(choice, study))


def _of_candidates(choice: Choice) -> dict[str, Any]:
    """Return what is said of each candidate."""
    own = {
        "score": choice.score, "score_low": choice.low, "score_high": choice.high,
        "allowed": choice.allowed, "tied": choice.tied, "close": choice.close,
        "on_front": choice.front,
    }  # fmt: skip
    data: dict[str, Any] = {n: ("choice", v) for n, v in own.items()}
    data["prescription"] = ("choice", [c.prescription for c in choice.found.candidates])
    return data


def _attrs(choice: Choice, study: Study) -> dict[str, Any]:
    told = study.edition.records()
    about = choice.found.about.attrs
    return {
        "title": choice.title,
        "hypothesis": about.get("hypothesis", ""),
        "warning": ADVICE,
        "best": choice.best,
        "robust": choice.settings.robust,
        "utility": formula(choice),
        "how": choice.how,
        "patients": choice.found.patients if "patient" in choice.found.about.dims else 0,
        "study": study.resolved(),
        "model_version": about.get("model_version", ""),
    } | ({"extensions": json.dumps(told)} if told else {})


def _attributes(about: xr.Dataset, name: str) -> dict[str, Any]:
    if name in OF_THE_PRESCRIPTION:
        unit, words, better = OF_THE_PRESCRIPTION[name]
        return {"units": unit, "long_name": words, "better": better, "scale": "count"}
    return dict(about[name].attrs)


def _goal(sign: int) -> str:
    return "more" if sign > 0 else "less"


def _laid(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return values.reshape(shape[1:-1])


def formula(choice: Choice) -> str:
    """Return the utility as text: ``-1 pain_change - 0.25 worst_burden``."""
    parts = [
        f"{'-' if v < 0 else '+'} {abs(v):g} {n}" for n, v in choice.settings.utility.items() if v
    ]
    text = " ".join(parts)
    return text.removeprefix("+ ") if text.startswith("+") else f"-{text[2:]}"


def edges(choice: Choice) -> list[str]:
    """Say of which free quantities the choice is the lowest or highest tried.

    What is best may lie beyond, so the list was too short there.
    """
    found = []
    best = choice.found.candidates[choice.best]
    for j, free in enumerate(choice.settings.free):
        tried = sorted({c.shown[j] for c in choice.found.candidates}, key=str)
        if len(tried) < 2 or not all(isinstance(v, int | float) for v in tried):
            continue
        for end, word in ((min(tried), "lowest"), (max(tried), "highest")):
            if best.shown[j] == end:
                found.append(f"{free.called} {best.shown[j]:g} is the {word} that was tried")
    return found


HEADERS = ("rank", "prescription", "utility", "95 % interval", "as good", "front")


def order(choice: Choice) -> list[int]:
    """Return the candidates by score, the allowed before the others."""
    keys = np.lexsort((np.arange(len(choice.score)), -choice.score, ~choice.allowed))
    return [int(k) for k in keys]


def rows(choice: Choice, most: int) -> tuple[list[str], list[list[str]]]:
    """Return headers and rows of the best candidates, with the mean of every objective."""
    means = found_means(choice.found, choice.objectives)
    made = []
    for rank, i in enumerate(order(choice)[:most], start=1):
        good = "tied" if choice.tied[i] else "close" if choice.close[i] else ""
        made.append([
            str(rank), choice.found.candidates[i].prescription, f"{choice.score[i]:.3f}",
            span(choice.low[i], choice.high[i]),
            good if choice.allowed[i] else "misses a limit", "yes" if choice.front[i] else "",
            *(f"{m:.3g}" for m in means[i]),
        ])  # fmt: skip
    return [*HEADERS, *choice.objectives], made


def span(low: float, high: float, digits: int = 3) -> str:
    """Return an interval in words; a single patient has none."""
    return f"{low:.{digits}f} to {high:.{digits}f}" if low == low else "none"


CSV = ("candidate", "prescription")


def full_rows(choice: Choice) -> tuple[list[str], list[list[str]]]:
    """Return headers and rows of every candidate, for a file."""
    found = choice.found
    means = found_means(found, dict.fromkeys(found.values, 1))
    free = [f.called for f in choice.settings.free]
    headers = [
        *CSV, *free, "score", "score_low", "score_high", "allowed", "tied", "close", "on_front",
        *found.values,
    ]  # fmt: skip
    made = [
        [
            c.label, c.prescription, *map(str, c.shown),
            *("" if x != x else f"{x:.6g}" for x in (choice.score[i], choice.low[i],
                                                     choice.high[i])),
            *(str(bool(f[i])).lower() for f in (choice.allowed, choice.tied, choice.close,
                                                choice.front)),
            *(f"{m:.6g}" for m in means[i]),
        ]
        for i, c in enumerate(found.candidates)
    ]  # fmt: skip
    return headers, made


def report(choice: Choice) -> dict[str, Any]:
    """Return what was found as plain values, for JSON."""
    headers, made = full_rows(choice)
    best, one = choice.found.candidates[choice.best], choice.individual
    places = choice.found.place_labels()
    return {
        "warning": ADVICE,
        "title": choice.title,
        "utility": formula(choice),
        "robust": choice.settings.robust,
        "how": choice.how,
        "left_out": choice.left_out,
        "patients": choice.found.patients,
        "patients_left_out": choice.dropped,
        "best": {
            "prescription": best.prescription,
            "score": float(choice.score[choice.best]),
            "interval": _pair(choice.low[choice.best], choice.high[choice.best]),
            "held_out": _number(choice.held_out),
        },
        "flat": {
            "candidates": int(choice.allowed.sum()),
            "tied": int(choice.tied.sum()),
            "close": int(choice.close.sum()),
            "share_of_range": choice.settings.flat,
        },
        "one_for_all": None if one is None else {
            "prescription": choice.found.candidates[one.one].prescription,
            "falls_behind": one.gap,
            "interval": [one.low, one.high],
            "different_best": int((one.shares > 0.0).sum()),
        },
        "places": [
            {
                "place": words,
                "best": choice.found.candidates[int(b)].prescription,
                "choice_loses": float(choice.lost[p]),
            }
            for p, (words, b) in enumerate(zip(places, choice.by_place, strict=True))
        ],
        "asked": [
            {
                "what": a.what, "gain": _number(a.gain), "error": _number(a.error),
                "uncorrected": a.seeming,
                "best": {g: choice.found.candidates[b].prescription
                         for g, b in zip(a.groups, a.best, strict=True)},
            }
            for a in choice.asked
        ],
        "candidates": [dict(zip(headers, row, strict=True)) for row in made],
    }  # fmt: skip


def _pair(low: float, high: float) -> list[float] | None:
    return [float(low), float(high)] if low == low else None


def _number(value: float) -> float | None:
    return float(value) if value == value else None
