"""Fits to data of one's own: against closed forms and another optimiser, and what is refused."""

from __future__ import annotations

import csv
import json
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import least_squares, minimize
from scipy.stats import norm
from typer.testing import CliRunner

import ldnsim
from ldnsim.analysis.evidence.fit import curvature
from ldnsim.analysis.evidence.own_data import DataFit, fit_data
from ldnsim.analysis.evidence.own_error import Error
from ldnsim.analysis.evidence.own_problem import Options, first_errors, make_problem
from ldnsim.analysis.evidence.own_report import as_dict, parameter_set
from ldnsim.cli import app
from ldnsim.config.event_entry import from_events
from ldnsim.edition import extended
from ldnsim.errors import UserError
from ldnsim.mechanisms.pharmacokinetics import MW_NALTREXONE, NMOL_PER_MG
from ldnsim.model import default_model
from ldnsim.regimen import Recordings
from tests.mechanisms.test_pharmacokinetics import rate_matrix

Floats = NDArray[np.float64]
HOURS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 24.0)
DOSES = {"a": 4.5, "b": 50.0, "c": 25.0}
TRUTH = {"cl": 105.0, "v_central": 95.0}
LIMIT = 0.08
PLAIN = Options(("cl", "v_central"), priors=False, starts=2)
RUN = CliRunner()


def closed_form(cl: float, v_central: float) -> Floats:
    """Naltrexone in plasma (ng/mL) after each dose, shape (subjects, hours)."""
    model = default_model()
    p = model.parameter_vector({"cl": cl, "v_central": v_central})
    # gut, central, peripheral and deep volume alone; their eigenvalues are real and distinct
    rates, modes = np.linalg.eig(rate_matrix(p)[1:5, 1:5])
    share = np.linalg.solve(modes, np.array([NMOL_PER_MG, 0.0, 0.0, 0.0]))
    amount = (modes[1] * share) @ np.exp(np.outer(rates, HOURS))
    return np.outer(list(DOSES.values()), amount / v_central * MW_NALTREXONE / 1e3)


@cache
def noisy(seed: int = 5, sd: float = 0.1) -> tuple[tuple[float, ...], ...]:
    noise = np.random.default_rng(seed).normal(size=(len(DOSES), len(HOURS)))
    return tuple(map(tuple, closed_form(**TRUTH) * np.exp(sd * noise)))


def table(values: Any, limit: float = 0.0, extra: str = "") -> str:
    """The values as an event table; those below the limit are flagged."""
    rows = ["ID,TIME,AMT,EVID,DV (ng/mL),DVID,BLQ,LLOQ"]
    for (subject, mg), own in zip(DOSES.items(), values, strict=True):
        rows.append(f"{subject},8,{mg},1,.,.,.,.")
        for h, v in zip(HOURS, own, strict=True):
            tail = (
                f".,naltrexone_plasma,1,{limit}"
                if v < limit
                else f"{float(v)!r},naltrexone_plasma,0,."
            )
            rows.append(f"{subject},{8 + h},.,0,{tail}")
    return "\n".join(rows) + "\n" + extra


def fit(text: str, options: Options = PLAIN) -> DataFit:
    made = from_events({"table": text, "ids": "all"}, Path())
    assert isinstance(made, Recordings)
    return fit_data(made.members, options)


def values(found: DataFit) -> dict[str, float]:
    return {e.name: e.value for e in found.estimates}


def test_data_without_noise_give_back_the_parameters() -> None:
    found = fit(table([list(map(float, row)) for row in closed_form(**TRUTH)]))
    assert values(found) == pytest.approx(TRUTH, rel=1e-4)
    assert found.settled and found.curvature.rank == 2


def test_noise_is_found_as_by_another_optimiser_over_the_closed_form() -> None:
    found = fit(table(noisy()))
    y = np.log(np.array(noisy()))

    def residuals(x: Floats) -> Floats:
        return np.asarray((np.log(closed_form(*np.exp(x))) - y).ravel())

    other = least_squares(residuals, np.log([140.0, 72.0]), xtol=1e-12, ftol=1e-12)
    size = float(np.sqrt(np.mean(other.fun**2)))
    covariance = np.linalg.inv(other.jac.T @ other.jac) * size**2
    assert list(values(found).values()) == pytest.approx(np.exp(other.x), rel=1e-4)
    assert found.errors["naltrexone_plasma"].proportional == pytest.approx(size, rel=1e-3)
    se = likely("proportional", 0.0)[2]
    assert [e.se for e in found.estimates] == pytest.approx(se, rel=5e-3)
    correlation = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert found.curvature.correlation[0, 1] == pytest.approx(correlation, abs=1e-2)
    # the noise is known: 10 %, and the truth within the errors that were stated
    assert size == pytest.approx(0.1, rel=0.3)
    for e in found.estimates:
        assert abs(e.value - TRUTH[e.name]) < 2.5 * e.se and e.verdict == "determined"
        assert e.price == pytest.approx(
            np.log(e.value / e.shipped) / {"cl": 0.3, "v_central": 0.25}[e.name], rel=1e-6
        )


def likely(kind: str, limit: float = LIMIT) -> tuple[Floats, Floats, Floats]:
    """Most likely parameters and sizes over the closed form, all at once, and standard errors."""
    y = np.array(noisy())
    below = y < limit
    y = np.where(below, limit, y)

    def loss(x: Floats) -> float:
        f = closed_form(*np.exp(x[:2]))
        if kind == "proportional":
            r, sd = np.log(y / f) / np.exp(x[2]), np.exp(x[2]) * np.ones(y.shape)
        else:
            sd = np.exp(x[2]) * np.ones(y.shape)
            r = (y - f) / sd
        terms = np.where(below, -norm.logcdf(r), 0.5 * r**2 + np.log(sd))
        return float(terms.sum())

    start = np.log([140.0, 72.0, 0.3])
    best = minimize(loss, start, method="Nelder-Mead",
                    options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000})  # fmt: skip
    steps = 1e-3 * np.eye(3)
    second = [
        [sum(a * b * loss(best.x + a * s + b * t) for a in (1, -1) for b in (1, -1)) for s in steps]
        for t in steps
    ]
    covariance = np.linalg.inv(np.array(second) / 4e-6)
    found = np.exp(best.x)
    return found[:2], found[2:], found[:2] * np.sqrt(np.diag(covariance))[:2]


@pytest.mark.parametrize("kind", ["proportional", "additive"])
def test_values_below_the_limit_have_the_likelihood_of_lying_there(kind: str) -> None:
    found = fit(table(noisy(), LIMIT), replace(PLAIN, error=(kind,)))
    assert 1 <= found.problem.below.sum() < 6
    parameters, sizes, se = likely(kind)
    assert list(values(found).values()) == pytest.approx(parameters, rel=2e-3)
    error = found.errors["naltrexone_plasma"]
    assert getattr(error, kind) == pytest.approx(sizes[0], rel=5e-3)
    assert [e.se for e in found.estimates] == pytest.approx(se, rel=5e-3)
    held = curvature(found.fit.jacobian, list(TRUTH)).se * parameters
    assert held != pytest.approx(se, rel=2e-2), "the sizes held, they would come out otherwise"


def test_a_value_far_below_the_limit_costs_nothing_and_one_above_does() -> None:
    for error, low, high in (
        (Error("proportional", proportional=0.1), 0.01, 1.5),
        (Error("additive", additive=0.05), 0.5, 1.2),
    ):
        f, y, below = np.array([low, high]), np.array([1.0, 1.0]), np.array([True, True])
        r = error.residuals(f, y, below, f)
        assert r[0] < 1e-3 and r[1] > 3.0
        z = np.log(high) / 0.1 if error.kind == "proportional" else (high - 1.0) / 0.05
        assert r[1] ** 2 == pytest.approx(-2.0 * norm.logcdf(-z), rel=1e-9)


def test_sizes_of_both_kinds_are_the_most_likely_ones() -> None:
    rng = np.random.default_rng(2)
    f = np.geomspace(0.01, 100.0, 4000)
    y = f + np.hypot(0.2, 0.15 * f) * rng.normal(size=len(f))
    none = np.zeros(len(f), dtype=bool)
    found = Error("both", 0.3, 0.3).estimated(f, y, none)
    assert found.additive == pytest.approx(0.2, rel=0.05)
    assert found.proportional == pytest.approx(0.15, rel=0.05)
    alone = Error("additive", additive=0.3).estimated(f, y, none)
    assert alone.additive == pytest.approx(np.sqrt(np.mean((y - f) ** 2)), rel=1e-5)
    given = Error("additive", additive=0.3, given=True)
    assert given.estimated(f, y, none) is given
    both = fit(table(noisy()), replace(PLAIN, error=("both",)))
    assert both.settled
    assert all(abs(e.value - TRUTH[e.name]) < 2.5 * e.se for e in both.estimates)


def test_a_prior_pulls_as_normal_theory_says_and_says_when_it_decides() -> None:
    wide = "proportional=3"
    alone = fit(table(noisy()), replace(PLAIN, error=(wide,))).fit
    held = fit(table(noisy()), replace(PLAIN, error=(wide,), priors=True))
    # a linear model about its best point: information adds up
    information = alone.jacobian.T @ alone.jacobian
    prior = np.diag([1 / 0.3**2, 1 / 0.25**2])
    centre = np.log([140.0, 72.2])
    expected = np.linalg.solve(information + prior, information @ alone.x + prior @ centre)
    assert held.fit.x == pytest.approx(expected, abs=0.03)
    assert [e.verdict for e in held.estimates] == ["prior decides"] * 2


def test_the_order_of_rows_is_irrelevant() -> None:
    lines = table(noisy(), LIMIT).splitlines()
    head, rows = lines[0], lines[1:]
    np.random.default_rng(1).shuffle(rows)
    other = fit("\n".join([head, *rows]) + "\n")
    assert values(other) == pytest.approx(values(fit(table(noisy(), LIMIT))), rel=1e-6)


def test_what_the_data_cannot_tell_is_said() -> None:
    found = fit(table(noisy()), replace(PLAIN, free=("f_absorbed", "first_pass_extraction", "cl")))
    assert found.curvature.rank < 3 and "f_absorbed" in found.curvature.open
    # plasma scales with what is absorbed times what escapes the liver: no data part the two
    assert {e.name: e.verdict for e in found.estimates}["f_absorbed"] != "determined"
    edge = fit(table(3.0 * np.array(noisy())), replace(PLAIN, free=("cl",)))
    assert edge.estimates[0].verdict.startswith("at its lower bound, 42.2")


def test_two_variables_have_an_error_each_and_scores_an_additive_one() -> None:
    extra = "".join(f"a,{24 * d},.,0,{v},pain,.,.\n" for d, v in enumerate((6, 5, 5.5, 4.5, 6)))
    text = table(noisy()).replace("DV (ng/mL)", "DV").replace("naltrexone_plasma,", "1,")
    made = from_events({"table": text + extra, "ids": "all", "observe": {"1": "c_plasma"}}, Path())
    assert isinstance(made, Recordings)
    with pytest.raises(UserError, match="in which unit"):
        make_problem(made.members, PLAIN)
    found = fit(table(noisy()).replace("DV (ng/mL),DVID", "DV,DVID,UNIT").replace(
        "naltrexone_plasma,", "naltrexone_plasma,ng/mL,").replace(".,.,.,.", ".,.,.,.,.")
        + extra.replace("pain,", "pain,.,"))  # fmt: skip
    kinds = {n: e.kind for n, e in found.errors.items()}
    assert kinds == {"naltrexone_plasma": "proportional", "pain": "additive"}
    errors = first_errors(replace(found.problem, options=replace(PLAIN, error=("pain both",))))
    assert errors["pain"].kind == "both"
    for error, words in (
        (("additive=0.5",), "a size is in the unit of one variable"),
        (("tnf additive",), "observed variable 'tnf'"),
        (("proportinal",), "did you mean 'proportional'"),
        (("pain additive=0",), "size above 0"),
        (("pain = 0.5",), "KIND=SIZE, or either after the name of a variable"),
        (("additive = 0.5",), "a size is in the unit of one variable"),
    ):
        with pytest.raises(UserError, match=words):
            first_errors(replace(found.problem, options=replace(PLAIN, error=error)))


@pytest.mark.parametrize("text", ["additive = 0.5", " additive= 0.5 ", "additive =0.5"])
def test_blanks_about_the_size_of_an_error_mean_nothing(text: str) -> None:
    made = from_events({"table": table(noisy()), "ids": "all"}, Path())
    assert isinstance(made, Recordings)
    for words in (text, f"naltrexone_plasma {text}"):
        problem = make_problem(made.members, replace(PLAIN, error=(words,)))
        assert first_errors(problem)["naltrexone_plasma"] == Error("additive", 0.0, 0.5, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"free": ("cl", "v_centrl")}, "did you mean 'v_central'"),
        ({"free": ()}, "no parameter is free"),
        ({"free": ("cl_naltrexol",)}, "none of what was observed .naltrexone_plasma. depends on"),
        ({"free": ("demand_gain",)}, "depends on it under dual_pathway"),
        ({"free": ("coupling_drug",)}, "it is a switch"),
        ({"parameters": {"cl": 100.0}}, "cl is free and set"),
        ({"hypothesis": "tonc"}, "hypothesis 'tonc'.*did you mean 'tonic'"),
        ({"phenotype": "fibro"}, "phenotype 'fibro'"),
        ({"parameters": {"clx": 1.0}}, "parameter 'clx'"),
    ],
)
def test_what_cannot_be_fitted_is_refused_before(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        fit(table(noisy()), replace(PLAIN, **change))


def test_data_that_cannot_set_what_is_asked_are_refused() -> None:
    two = "\n".join(table(noisy()).splitlines()[:4]) + "\n"
    with pytest.raises(UserError, match="2 values of naltrexone_plasma cannot set 2 parameters"):
        fit(two)
    assert fit(two, replace(PLAIN, error=("proportional=0.1",))).curvature.rank == 2
    with pytest.raises(UserError, match="there is no observation to fit"):
        fit("ID,TIME,AMT\na,8,50\n")
    zero = table([[0.0, *row[1:]] for row in noisy()])
    with pytest.raises(UserError, match="DV = 0 is measured"):
        fit(zero)
    assert fit(zero, replace(PLAIN, error=("additive",))).settled


def test_a_parameter_set_runs_as_the_defaults(tmp_path: Path) -> None:
    found = fit(table(noisy()))
    text = parameter_set(found)
    tables = tomllib.loads(text)["parameters"]
    assert {n: t["value"] for n, t in tables.items()} == pytest.approx(values(found), rel=1e-5)
    sha = found.problem.subjects[0].table.sha256
    assert all(sha in t["note"] and t["grade"] == "assumed" for t in tables.values())
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    edition = extended(["mine.toml"], tmp_path)
    for name, t in tables.items():
        assert edition.model.parameters[name].value == t["value"]
    rx = "4.5 mg nightly at 22:00, for 2 d"
    own = {n: t["value"] for n, t in tables.items()}
    plain = ldnsim.simulate(rx, parameters=own, output={"variables": ["c_plasma"]})
    by_set = ldnsim.Study.loads(
        'regimen = "4.5 mg nightly at 22:00, for 2 d"\n[model]\n'
        f'extend = ["{tmp_path}/mine.toml"]\n[output]\nvariables = ["c_plasma"]\n'
    ).run()
    np.testing.assert_array_equal(by_set["c_plasma"].values, plain["c_plasma"].values)


def test_steady_state_is_given_by_the_doses_before() -> None:
    text = "TIME,AMT,II,SS,ADDL,DV (ng/mL),DVID\n8,50,24,1,2,.,.\n"
    rows = [f"{h},.,.,.,.,1,naltrexone_plasma\n" for h in (9, 12, 20, 32, 40, 57)]
    made = from_events({"table": text + "".join(rows), "ids": "all"}, Path())
    assert isinstance(made, Recordings)
    problem = make_problem(made.members, PLAIN)
    found = problem.simulate(np.log([[140.0, 72.2]]))[0]
    # at steady state every day is the same: 8 h and 32 h, 9 h and 57 h
    assert found[0] == pytest.approx(found[5], rel=1e-4)
    assert found[3] > 0.01 * found[0]


def test_the_command_prints_writes_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [r.split(",") for r in table(noisy(), LIMIT).replace("DV (ng/mL)", "DV").splitlines()]
    text = "\n".join(
        ",".join([*r, "AGE" if k == 0 else "44"]).replace("naltrexone_plasma", "2")
        for k, r in enumerate(rows)
    )
    Path("my.csv").write_text(text + "\n", encoding="utf-8")
    words = [
        *("calibrate", "--data", "my.csv", "--free", "cl", "--starts", "1", "--set"),
        *("v_central=95", "--observe", "2=naltrexone_plasma", "--dv-unit", "ng/mL", "--ignore"),
        *("AGE", "--id", "a", "--id", "b", "--no-priors", "--hypothesis", "peripheral"),
        *("--phenotype", "default", "--error", "proportional=0.1", "--profile"),
    ]
    done = RUN.invoke(app, [*words, "--out", "fit.json", "--csv", "rows.csv", "--plot", "fit.svg"])
    assert done.exit_code == 0, done.output
    assert "peripheral" in done.stdout and "< 0.08" in done.stdout and "given" in done.stdout
    report = json.loads(Path("fit.json").read_text("utf-8"))
    (cl,) = report["estimates"]
    assert cl["low"] < cl["value"] < cl["high"] and report["data"]["subjects"] == ["a", "b"]
    assert report["parameters"] == {"v_central": 95.0} and report["priors"] == []
    with Path("rows.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    assert len(listed) == 2 * len(HOURS) == len(report["observations"])
    assert {r["below_limit"] for r in listed} == {"0", "1"}
    picture = Path("fit.svg").read_text("utf-8")
    assert picture.count('id="measured') == 2 and picture.count('id="below') == 1
    done = RUN.invoke(app, [*words, "--out", "mine.toml"])
    assert done.exit_code == 0 and "wrote mine.toml" in done.stderr
    assert tomllib.loads(Path("mine.toml").read_text("utf-8"))["parameters"]["cl"]["value"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--observe", "pain"], "--observe belongs to --data"),
        (["--csv", "x.csv"], "--csv belongs to --data"),
        (["--data", "my.csv", "--groups", "pk"], "keep one"),
        (["--data", "my.csv"], "no parameter is free"),
        (["--data", "mine.csv", "--free", "cl"], "CSV files there: my.csv"),
        (["--data", "my.csv", "--free", "cl", "--id", "z"], "there is no ID 'z'"),
        (["--data", "my.csv", "--free", "cl", "--plot", "my.csv"], "--plot my.csv"),
        (["--data", "my.csv", "--free", "kp_brain", "--hypothesis", "tonic", "--observe",
          "mor_occupancy", "--out", "s.toml"], "kp_brain is set by tonic"),
        (["--out", "set.toml"], "write set.json"),
        (["--data", "my.csv", "--free", "cl", "--extend", "own.toml", "--out", "own.toml"],
         "--out own.toml"),
    ],
)  # fmt: skip
def test_options_that_would_do_nothing_are_refused(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "TIME,AMT,DV\n8,50,.\n9,.,0.5\n10,.,0.6\n12,.,0.5\n"
    Path("my.csv").write_text(text, encoding="utf-8")
    done = RUN.invoke(app, ["calibrate", *words])
    assert done.exit_code == 2 and said in done.stderr and done.stdout == ""
    assert Path("my.csv").read_text("utf-8") == text


def test_the_example_is_what_it_says() -> None:
    folder = Path(__file__).parents[2] / "examples" / "own_data"
    made = from_events({"events": "plasma.csv", "ids": "all"}, folder)
    assert isinstance(made, Recordings)
    found = fit_data(made.members, PLAIN)
    for e in found.estimates:
        assert abs(e.value - TRUTH[e.name]) < 2.0 * e.se
    report = as_dict(found)
    assert json.loads(json.dumps(report)) == report
    assert [c["id"] for c in report["curves"]] == ["s1", "s2", "s3"]
