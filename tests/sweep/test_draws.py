"""Quantiles and what is made of them, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ldnsim.model import default_model
from ldnsim.patients import draws

NAMES = st.sampled_from(["cl", "ka", "driver", "t_half_pain"])


@given(st.integers(0, 1000), NAMES, st.integers(1, 200), st.integers(0, 200))
def test_a_longer_sobol_sequence_begins_with_the_shorter(
    seed: int, name: str, n: int, more: int
) -> None:
    assert draws.sobol(seed, name, n).tobytes() == draws.sobol(seed, name, n + more)[:n].tobytes()


@given(st.integers(0, 1000), NAMES, st.integers(0, 8))
def test_every_power_of_two_of_patients_has_one_in_each_stratum(
    seed: int, name: str, level: int
) -> None:
    n = 2**level
    strata = np.floor(draws.sobol(seed, name, 300)[:n] * n).astype(int)
    assert sorted(strata) == list(range(n))


@given(st.integers(0, 1000), NAMES, st.integers(2, 60))
def test_a_latin_hypercube_has_one_in_each_stratum_and_goes_on_with_the_next(
    seed: int, name: str, size: int
) -> None:
    found = draws.latin_hypercube(seed, name, 2 * size, size)
    for cube in (found[:size], found[size:]):
        assert sorted(np.floor(cube * size).astype(int)) == list(range(size))
    assert draws.latin_hypercube(seed, name, size, size).tobytes() == found[:size].tobytes()


def test_parameters_are_drawn_independently_of_each_other() -> None:
    names = list(default_model().parameters)[:40]
    u = np.array([draws.sobol(0, name, 1024) for name in names])
    between = np.corrcoef(u)[np.triu_indices(len(names), 1)]
    assert np.abs(between).max() < 0.15  # 780 pairs; 4.7 standard errors of 1 / sqrt(1024)
    halves = np.corrcoef(u > 0.5)[np.triu_indices(len(names), 1)]
    assert np.abs(halves).max() < 0.15, "sequences must not share their leading bits"


def test_seeds_and_names_give_other_draws() -> None:
    one = draws.sobol(0, "cl", 64)
    assert not np.allclose(one, draws.sobol(1, "cl", 64))
    assert not np.allclose(one, draws.sobol(0, "ka", 64))


@pytest.mark.parametrize("method", ["sobol", "latin_hypercube"])
@pytest.mark.parametrize(
    ("kind", "centre", "exact"),
    [
        ("lognormal", 140.0, lambda p: 140.0 * np.exp(0.3 * stats.norm.ppf(p))),
        ("logitnormal", 0.8, lambda p: 1 / (1 + 0.25 * np.exp(-0.3 * stats.norm.ppf(p)))),
    ],
)
def test_drawn_values_have_the_quantiles_of_their_spread(
    method: str, kind: str, centre: float, exact: object
) -> None:
    n = 512
    u = draws.quantiles(method, 5, "cl", n, n)
    found = np.sort(draws.spread_out(kind, 0.3, np.full(n, centre), u))
    edges = exact(np.arange(1, n) / n)  # type: ignore[operator]
    assert (found[:-1] <= edges).all() and (edges <= found[1:]).all()


def test_what_is_off_or_fixed_stays_as_it_is() -> None:
    u = draws.sobol(0, "x", 32)
    for kind, value in (("lognormal", 0.0), ("logitnormal", 0.0), ("logitnormal", 1.0)):
        assert (draws.spread_out(kind, 0.5, np.full(32, value), u) == value).all()
    assert (draws.spread_out("fixed", 0.5, np.full(32, 3.0), u) == 3.0).all()


@given(st.floats(0.0, 1.0))
def test_genotypes_have_hardy_weinberg_shares(g: float) -> None:
    n = 1024
    found = draws.genotypes(draws.sobol(2, "covariate oprm1", n), g)
    expected = {"AA": (1 - g) ** 2, "AG": 2 * g * (1 - g), "GG": g**2}
    for genotype, share in expected.items():
        # strata of 1 / n: a share is met within the two strata its limits cut
        assert np.mean(found == genotype) == pytest.approx(share, abs=2.1 / n)


def test_kinetics_drawn_as_recorded_spread_exposure_as_seen_in_people() -> None:
    """AUC after 100 mg: 200 with a spread of 97 ng h/mL in controls, 49 % [bertolotti1997]."""
    p, n = default_model().parameters, 4096
    own = {
        k: draws.spread_out(
            p[k].spread.kind, p[k].spread.sd, np.full(n, p[k].value), draws.sobol(0, k, n)
        )
        for k in ("f_absorbed", "first_pass_extraction", "cl")
    }
    auc = own["f_absorbed"] * (1 - own["first_pass_extraction"]) / own["cl"]
    assert auc.std() / auc.mean() == pytest.approx(97 / 200, abs=0.1)
