"""Measure what docs/trials.md states, and write it there: ``python docs/trials.py [--pool FILE]``.

The parts between ``<!-- measured: NAME -->`` and ``<!-- end of NAME -->`` are made here. The pool
of ``configs/trial_designs.toml`` is simulated where it is not there, which takes a quarter of an
hour of two cores; all else takes some minutes.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

import ldnsim
from ldnsim.analysis.trial.assurance import assurance
from ldnsim.analysis.trial.cell import cell_of
from ldnsim.analysis.trial.estimate import crossover as crossed
from ldnsim.analysis.trial.estimate import up_and_down
from ldnsim.analysis.trial.ladder import climb
from ldnsim.analysis.trial.many import simulate
from ldnsim.analysis.trial.pool import pool_study
from ldnsim.arrays import Floats, Ints
from ldnsim.patients.draws import generator

DOCS = Path(__file__).parent
PAGE, PICTURE = DOCS / "trials.md", DOCS / "img" / "trials.png"
CONFIGS = DOCS.parent / "configs"
NULL, SMALL = 10_000, 1000
DOSES = np.arange(0.75, 6.1, 0.75)
ED50, ED95 = 3.88, 5.40


def pool_of(place: Path) -> tuple[Any, xr.Dataset, str]:
    """Return the study of eight designs with its pool, and what that cost if it was made now."""
    study = ldnsim.load(CONFIGS / "trial_designs.toml")
    told = ""
    if not place.exists():
        wall, own = time.monotonic(), time.process_time()
        pool_study(study).run(place, threads=2)
        wall, own = time.monotonic() - wall, time.process_time() - own
        told = f" Simulating it took {own / 60:.0f} min of processor time ({wall / 60:.0f} min)."
    return study, ldnsim.open_store(place).load(), told


def of_title(study: Any, title: str, **more: Any) -> Any:
    """Return one design of a study, with some fields of it changed."""
    return next(d for d in study.trial if d.title == title).model_copy(update=more)


def share(value: float, error: float | None = None) -> str:
    """Write a share in percent."""
    return f"{100 * value:.1f}" + ("" if error is None else f" ± {100 * error:.1f}")


def speed(study: Any, pool: xr.Dataset, cost: str) -> tuple[str, dict[str, xr.Dataset]]:
    """Repeat everything and say how long it took."""
    wall, own = time.monotonic(), time.process_time()
    found = simulate(pool, study)
    wall, own = time.monotonic() - wall, time.process_time() - own
    cells = len(found) * pool.sizes["hypothesis"]
    sizes = sum(len(d.patients) for d in study.trial) * pool.sizes["hypothesis"]
    weight = pool["weight"].values
    text = (
        f"1,000 repeats of {len(found)} trials under {pool.sizes['hypothesis']} hypotheses ({cells}"
        f" cells, {sizes} with every number of patients): {own:.0f} s of processor time, {wall:.0f}"
        f" s by the clock, one thread. The pool has {pool.sizes['patient']:,} patients under"
        f" {pool.sizes['regimen']} regimens and {pool.sizes['hypothesis']} hypotheses, as many as"
        f" {weight.sum() ** 2 / (weight**2).sum():.0f} of one weight;"
        f" {int((pool['status'].values != 0).sum())} runs failed.{cost}"
    )
    return text, found


def power(found: dict[str, xr.Dataset]) -> str:
    """Tabulate the chance to find the drug better at 100 patients, by hypothesis."""
    names = [n for n, ds in found.items() if "power" in ds]
    first = found[names[0]]
    lines = [
        "| hypothesis | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"
    ]  # fmt: skip
    for h in first["hypothesis"].values:
        cells = []
        for name in names:
            one = found[name].sel(hypothesis=h, patients=100).isel(estimand=0, comparison=0)
            right = float(one["power"] - one["worse"])
            cells.append(f"{share(right)} ({share(float(one['power_pool_error']))})")
        lines.append(f"| `{h}` | " + " | ".join(cells) + " |")
    told = []
    for name in names:
        one = assurance(found[name]).sel(patients=100).isel(estimand=0, comparison=0)
        told.append(share(float(one["assurance"]), float(one["assurance_error"])))
    return "\n".join([*lines, "| *assurance, all alike* | " + " | ".join(told) + " |"])


def needed(found: dict[str, xr.Dataset]) -> str:
    """Tabulate the patients for a power of 80 % under the default hypothesis."""
    lines = [
        "| trial | effect (pool SE) | trials find | patients for 80 % (95 %) |",
        "|---|---|---|---|",
    ]
    for name, ds in found.items():
        if "power" not in ds:
            continue
        one = ds.sel(hypothesis="dual_pathway").isel(estimand=0, comparison=0)
        n, low, high = (float(one[f"required_{k}"]) for k in ("patients", "low", "high"))
        last = one.isel(patients=-1)
        need = "none reaches it" if n != n else f"{n:,.0f} ({low:,.0f} to {high:,.0f})"
        lines.append(
            f"| {name} | {float(one['effect']):.3f} ({float(one['effect_error']):.3f})"
            f" | {float(last['estimate']):.3f} | {need} |"
        )
    return "\n".join(lines)


def by_chance(study: Any, pool: xr.Dataset) -> str:
    """Count what 10,000 trials of each kind find where all are treated alike."""
    lines = ["| trial | patients | P below 0.05, % | any treatment, % |", "|---|---|---|---|"]
    one = pool.sel(hypothesis=["dual_pathway"])
    designs = [
        d.model_copy(update={"patients": (100,), "trials": NULL})
        for d in study.trial if d.title != "up_and_down"
    ]  # fmt: skip
    found = simulate(one, study, designs, null=True)
    for name, ds in found.items():
        told = ds.squeeze(("hypothesis", "estimand", "patients"))
        first = told.isel(comparison=0)
        both = share(float(first["false_positives"]), float(first["false_positives_error"]))
        lines.append(f"| {name} | 100 | {both} | {share(float(told['false_positives_any']))} |")
    return "\n".join(lines)


def closed_form(study: Any, pool: xr.Dataset) -> str:
    """Hold the power of groups against the noncentral t of ANCOVA."""
    one = pool.sel(hypothesis=["dual_pathway"])
    sizes = (50, 100, 200, 400, 800)
    design = of_title(study, "parallel", patients=sizes, trials=4000)
    found = simulate(one, study, [design])["parallel"].squeeze()
    from ldnsim.analysis.trial.drawn import Streams, draw, report

    cell = cell_of(one, {"hypothesis": 0}, "final2024", study.edition)
    told = []
    for arm in ("placebo", "4.5 mg"):
        persons = draw(cell, 200_000, 1, 12, Streams(9, "closed form"))
        place = np.array(cell.arms[arm])
        drawn = report(cell, persons, place, np.zeros(1, dtype=np.int64))
        told.append((drawn.start[0], drawn.told[0, :, -1]))
    left = np.mean([y.var() * (1.0 - np.corrcoef(x, y)[0, 1] ** 2) for x, y in told])
    gap, sd = abs(told[1][1].mean() - told[0][1].mean()), float(np.sqrt(left))
    lines = ["| patients | repeated, % | closed form, % | apart, SE |", "|---|---|---|---|"]
    for n in sizes:
        shift, edge = gap / sd / np.sqrt(4.0 / n), stats.t.ppf(0.975, n - 3)
        exact = stats.nct.sf(edge, n - 3, shift) + stats.nct.cdf(-edge, n - 3, shift)
        at = found.sel(patients=n)
        got, error = float(at["power"]), float(at["power_error"])
        lines.append(
            f"| {n} | {share(got, error)} | {share(exact)} | {abs(got - exact) / error:.1f} |"
        )
    return "\n".join(lines)


def textbook(study: Any, pool: xr.Dataset) -> str:
    """Hold the crossover against the linear model of period, sequence, patient and treatment."""
    one = pool.sel(hypothesis=["dual_pathway"])
    design = of_title(study, "crossover", patients=(40,), trials=4000)
    found = simulate(one, study, [design])["crossover"].squeeze()
    cell = cell_of(one, {"hypothesis": 0}, "final2024", study.edition)
    names = ["4.5 mg 6 wk, placebo 8 wk", "placebo 8 wk, 4.5 mg 6 wk"]
    biology = [cell.pain[cell.arms[n]][:, [5, 13]] for n in names]
    own, n, trials = cell.placebo, 40, 4000
    rng = generator(5, "textbook crossover")
    who = rng.choice(cell.size, (trials, n), p=cell.chance)
    drug_first = np.arange(n) % 2 == 0
    y = np.where(drug_first[:, None], biology[0][who], biology[1][who])
    answer = own.mean + own.sd * rng.standard_normal((trials, n))
    y = y + answer[..., None] * own.course(np.array([6.0, 14.0]))
    y = np.clip(y + own.diary_sd * rng.standard_normal(y.shape), 0.0, 10.0)
    told = crossed(y, drug_first.astype(np.int64)).treatment
    right = np.array([told.estimate.mean(), told.estimate.std(), told.rejected().mean()])
    got = [float(found[k]) for k in ("estimate", "estimate_sd", "power")]
    return (
        f"Crossover of 40, 4,000 times: estimate {got[0]:.3f} (SD {got[1]:.3f}), power"
        f" {share(got[2], float(found['power_error']))} %; the model of period, sequence and random"
        f" patients, drawn apart: {right[0]:.3f} ({right[1]:.3f}), {share(right[2])} %."
    )


def dose_finding() -> str:
    """Feed up-and-down trials the dose-response that one published."""
    sd = np.log(ED95 / ED50) / stats.norm.ppf(0.95)
    would = stats.norm.cdf(np.log(DOSES / ED50) / sd)
    u = generator(1, "published dose-response").random((4000, 25))

    def responds(i: int, at: Ints) -> Floats:
        return np.asarray(u[:, i] < would[at], dtype=np.float64)

    series = climb(responds, 25, len(DOSES), np.zeros(4000, dtype=np.int64))
    found = up_and_down(series.step, series.response, DOSES, seed=1)
    there = np.isfinite(found.estimate)
    low, high = np.percentile(found.estimate[there], [2.5, 97.5])
    inside = ((found.low <= ED50) & (found.high >= ED50))[there].mean()
    few, many = np.percentile(series.response.sum(axis=1), [2.5, 97.5])
    ends = np.nanmedian(found.low[there]), np.nanmedian(found.high[there])
    return (
        f"Thresholds log-normal with ED50 {ED50} and ED95 {ED95} mg, 25 women, steps of 0.75 mg up"
        f" to 6: mean estimate {found.estimate[there].mean():.2f} mg, middle 95 % of trials"
        f" {low:.2f} to {high:.2f}; the 95 % interval of a trial is typically {ends[0]:.2f} to"
        f" {ends[1]:.2f} and holds {ED50} in {share(inside)} % of them; {few:.0f} to"
        f" {many:.0f} respond (11 did)."
    )


def carried_over() -> str:
    """Repeat the crossover of patients with a switch, and the groups beside it."""
    study = ldnsim.load(CONFIGS / "trial_crossover.toml")
    found = simulate(pool_study(study).run(threads=2), study)
    lines = [
        "| trial | patients | effect | trials find | bias | intervals that hold the effect, % |"
        " power, % |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, ds in found.items():
        for n in ds["patients"].values:
            one = ds.sel(patients=n).squeeze()
            lines.append(
                f"| {name} | {n} | {float(one['effect']):.2f} | {float(one['estimate']):.2f} |"
                f" {float(one['bias']):+.2f} | {share(float(one['coverage']))} |"
                f" {share(float(one['power']))} |"
            )
    return "\n".join(lines)


def own_error(study: Any, pool: xr.Dataset) -> str:
    """Hold the analytic error of the pool against a bootstrap over its patients."""
    one = pool.sel(hypothesis=["dual_pathway"])
    design = of_title(study, "parallel", patients=(400,), trials=SMALL)
    whole = simulate(one, study, [design])["parallel"].squeeze()
    rng, effects, powers = generator(1, "bootstrap of the pool"), [], []
    for _ in range(60):
        pick = rng.integers(0, one.sizes["patient"], one.sizes["patient"])
        again = simulate(one.isel(patient=pick), study, [design])["parallel"].squeeze()
        effects.append(float(again["effect"]))
        powers.append(float(again["power"]))
    chance = np.mean([p * (1.0 - p) for p in powers]) / SMALL
    spread = np.sqrt(max(np.var(powers, ddof=1) - chance, 0.0))
    return (
        f"Groups of 200: the analytic error of the effect is {float(whole['effect_error']):.4f},"
        f" that of 60 bootstraps {np.std(effects, ddof=1):.4f}; of the power"
        f" {share(float(whole['power_pool_error']))} and {share(spread)} points, after taking off"
        f" what {SMALL:,} repeats err by."
    )


def write(parts: dict[str, str]) -> None:
    """Put what was measured into the page."""
    text = PAGE.read_text(encoding="utf-8")
    for name, told in parts.items():
        pattern = rf"(<!-- measured: {name} -->\n).*?(\n?<!-- end of {name} -->)"
        text, n = re.subn(
            pattern, lambda m, told=told: f"{m[1]}{told}\n{m[2].lstrip()}", text, flags=re.S
        )
        assert n == 1, name
    PAGE.write_text(text, encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, default=Path("trial_designs.zarr"))
    place = parser.parse_args(argv).pool
    study, pool, cost = pool_of(place)
    text, found = speed(study, pool, cost)
    print(text, flush=True)
    parts = {"speed": text, "power": power(found), "needed": needed(found)}
    later: dict[str, Callable[[], str]] = {
        "chance": lambda: by_chance(study, pool), "closed": lambda: closed_form(study, pool),
        "textbook": lambda: textbook(study, pool), "dose": dose_finding,
        "carry": carried_over, "error": lambda: own_error(study, pool),
    }  # fmt: skip
    for name, measure in later.items():
        parts[name] = measure()
        print(parts[name], flush=True)
    from ldnsim import plots

    plots.save(plots.trials(found, study.title), PICTURE, dpi=80)
    write(parts)


if __name__ == "__main__":
    main()
