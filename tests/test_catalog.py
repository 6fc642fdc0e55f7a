from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.catalog import BASINS, Adjunct, Hypothesis, Phenotype
from ldnsim.catalog.read import (
    read_hypotheses,
    read_phenotypes,
    read_references,
)
from ldnsim.edition import shipped
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.status import Status
from ldnsim.errors import UserError
from ldnsim.mechanisms.record import GRADES
from ldnsim.model import default_model

RECORDS: list[Hypothesis | Phenotype | Adjunct] = [
    *shipped().hypotheses.values(),
    *shipped().phenotypes.values(),
    *shipped().adjuncts.values(),
]

OVERRIDING: list[Hypothesis | Phenotype] = [
    *shipped().hypotheses.values(),
    *shipped().phenotypes.values(),
]


def test_every_source_of_a_parameter_is_in_the_bibliography() -> None:
    for p in default_model().parameters.values():
        assert set(p.source) <= set(shipped().references), p.name


def test_identifiers_have_their_form_and_name_one_paper() -> None:
    for r in shipped().references.values():
        assert not r.doi or re.fullmatch(r"10\.\d{4,}/\S+", r.doi), r.key
        assert not r.pmid or r.pmid.isdigit(), r.key
        assert not r.pmcid or re.fullmatch(r"PMC\d+", r.pmcid), r.key
        assert not r.url or r.url.startswith("https://"), r.key
    for field in ("doi", "pmid", "pmcid"):
        counts = Counter(getattr(r, field).lower() for r in shipped().references.values())
        del counts[""]
        assert max(counts.values()) == 1, counts.most_common(1)


def test_no_conclusion_rests_on_what_nobody_saw() -> None:
    unseen = {k for k, r in shipped().references.items() if r.seen == "not verified"}
    sources = {k for p in default_model().parameters.values() for k in p.source}
    sources |= {k for h in shipped().hypotheses.values() for k in h.sources}
    sources |= {k for a in shipped().adjuncts.values() for k in a.sources}
    assert not unseen & sources


@given(st.lists(st.sampled_from(sorted(shipped().references))))
def test_citing_keeps_the_order_and_drops_repeats(keys: list[str]) -> None:
    found = shipped().cite(keys)
    assert found == [str(shipped().references[k]) for k in dict.fromkeys(keys)]


def test_a_citation_names_its_paper_and_how_it_was_seen() -> None:
    (line,) = shipped().cite(["trostheim2022"])
    for part in ("Trøstheim et al. 2022", "doi:10.1038/s41386-022-01416-z", "review table"):
        assert part in line
    with pytest.raises(UserError, match="'lee1988'"):
        shipped().cite(["lee1998"])


def test_the_eight_hypotheses_change_what_they_assert() -> None:
    found = shipped().hypotheses
    assert list(found) == [
        "dual_pathway", "rebound", "glial", "tonic", "persistent", "ogfr", "peripheral", "null",
    ]  # fmt: skip
    assert found["dual_pathway"].overrides == {}
    off = {n: {k for k, v in h.overrides.items() if k.startswith("coupling_") and v == 0.0}
           for n, h in found.items()}  # fmt: skip
    assert off["glial"] == {"coupling_opioid"}
    assert off["null"] == {"coupling_drug"}
    assert off["peripheral"] == {"coupling_brain"}
    assert found["rebound"].overrides == {"ic50_trif": 1960.0}
    assert found["persistent"].overrides["k_off_mor"] < 0.02 < 0.7  # the default's, per hour


def test_each_hypothesis_states_both_sides_and_each_override_is_graded() -> None:
    for h in shipped().hypotheses.values():
        assert h.evidence_for and h.evidence_against and h.sources, h.name
    for record in OVERRIDING:
        assert record.overrides.keys() == record.reasons.keys()
        assert all(r.grade in GRADES and r.note for r in record.reasons.values())
        default_model().parameter_vector(record.overrides)


def test_a_phenotype_says_what_it_assumes() -> None:
    for p in shipped().phenotypes.values():
        assert p.basin in BASINS and p.assumed, p.name
        for name, reason in p.reasons.items():
            if reason.grade == "assumed":
                assert any(a.startswith(f"{name} = ") for a in p.assumed)


def test_overrides_change_something() -> None:
    known = default_model().parameters
    for record in OVERRIDING:
        for name, value in record.overrides.items():
            assert value != known[name].value, f"{record.name}: {name}"


def test_every_phenotype_rests_in_its_basin() -> None:
    found = list(shipped().phenotypes.values())
    params = np.array([default_model().parameter_vector(p.overrides) for p in found])
    orbits = find_orbits(default_model(), params, np.array([p.basin == "inflamed" for p in found]))
    missing = {
        p.name: Status(s).name
        for p, s in zip(found, orbits.status.tolist(), strict=True)
        if s != Status.OK
    }
    assert not missing


def test_a_persistent_driver_leaves_no_resolved_state() -> None:
    params = default_model().parameter_vector(shipped().phenotypes["driver_persists"].overrides)
    orbits = find_orbits(default_model(), params[None], np.array([False]))
    assert orbits.status.tolist() == [Status.NO_SUCH_BASIN]


def test_every_citation_in_the_guide_is_in_the_bibliography() -> None:
    guide = Path(__file__).parents[1] / "docs" / "evidence.md"
    groups = re.findall(r"\[([a-z0-9_]+(?:, [a-z0-9_]+)*)\](?!\()", guide.read_text("utf-8"))
    cited = {key for group in groups for key in group.split(", ")}
    assert len(cited) > 20
    assert cited <= set(shipped().references)


GOOD = '[x]\ntitle = "X"\n'
HYPOTHESIS = GOOD + 'statement = "S"\n'
OVERRIDE = HYPOTHESIS + "[x.overrides.%s]\nvalue = %s\ngrade = '%s'\nnote = '%s'\n"

REFUSED = {
    "parameter": (OVERRIDE % ("ic50_trf", 1, "assumed", "n"), ["x.overrides", "'ic50_trif'"]),
    "bounds": (OVERRIDE % ("coupling_drug", 2, "assumed", "n"), ["x.overrides.coupling_drug"]),
    "grade": (OVERRIDE % ("driver", 1, "guess", "n"), ["driver.grade", "'guess'", "human trial"]),
    "note": (OVERRIDE % ("driver", 1, "assumed", ""), ["driver.note", "expected text"]),
    "number": (OVERRIDE % ("driver", "'1'", "assumed", "n"), ["driver.value", "number"]),
    "nan": (OVERRIDE % ("driver", "nan", "assumed", "n"), ["driver.value", "finite"]),
    "bare": (HYPOTHESIS + "[x.overrides]\ndriver = 1.0\n", ["x.overrides.driver", "table"]),
    "reference": (HYPOTHESIS + "evidence_for = ['a [lee1998]']\n", ["[lee1998]", "'lee1988'"]),
    "field": (HYPOTHESIS + "evidence_fro = ['a']\n", ["x.evidence_fro", "'evidence_for'"]),
    "sentence": (HYPOTHESIS + "evidence_for = 'a'\n", ["x.evidence_for", "list"]),
    "title": ("[x]\nstatement = 'S'\n", ["x.title", "expected text"]),
    "toml": ("[x\n", ["bad.toml", "TOML"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_mistakes_in_hypotheses_name_file_and_key(case: str) -> None:
    text, parts = REFUSED[case]
    with pytest.raises(UserError) as error:
        read_hypotheses(text, "bad.toml", shipped().references, default_model())
    for part in ["bad.toml", *parts]:
        assert part in str(error.value)


def test_mistakes_in_phenotypes_and_references_name_file_and_key() -> None:
    with pytest.raises(UserError, match=r"bad\.toml: x\.basin.*inflamed, resolved"):
        read_phenotypes(GOOD + 'basin = "ill"\n', "bad.toml", shipped().references, default_model())
    with pytest.raises(UserError, match=r"bad\.toml: x\.seen.*abstract"):
        read_references('[x]\nfinding = "f"\nseen = "yes"\n', "bad.toml")
    with pytest.raises(UserError, match=r"bad\.toml: x\.year"):
        read_references('[x]\nfinding = "f"\nseen = "abstract"\nyear = "1988"\n', "bad.toml")


def test_every_record_finds_its_sources_in_its_sentences() -> None:
    text = HYPOTHESIS + "evidence_for = ['a [lee1988, kim1997].', 'b [lee1988].']\n"
    found = read_hypotheses(text, "f", shipped().references, default_model())
    assert found["x"].sources == ("lee1988", "kim1997")
    for record in RECORDS:
        assert set(record.sources) <= set(shipped().references)


def test_the_bibliography_is_read_without_the_heavy_packages() -> None:
    code = (
        "import sys; from ldnsim.edition import shipped; shipped().references;"
        "assert not {'numba', 'pydantic', 'sympy', 'xarray'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
