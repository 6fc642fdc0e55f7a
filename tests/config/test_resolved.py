from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from ldnsim.config import schema, toml
from ldnsim.config.study import StudyConfig

TEXT = """
title = "All \\"keys\\" at once"
seed = 7
zip = [["dose", "subject"]]
[patient]
basin = "resolved"
parameters = { driver = 0.1 }
[[regimens]]
name = "plain"
prescription = "4.5 mg nightly at 22:00, for 4 wk"
[[regimens]]
protocol = "standard"
[adherence]
p_missed = 0.1
[modifiers]
exercise = 0.2
adjuncts = ["alpha_lipoic_acid", { name = "fish_oil", start = "2 wk", stop = "90 h" }]
[[changes]]
at = "3 wk"
parameter = "driver"
factor = 0.3333333333333333
[[axes]]
name = "dose"
field = "regimen.target"
logspace = ["2 mg", "4 mg", 3]
[[axes]]
name = "subject"
field = "subject"
values = [0, 1, 2]
[output]
night = false
every = "0.1 h"
variables = ["tnf", "pain"]
"""


def test_the_resolved_study_loads_back_to_an_equal_one() -> None:
    study = StudyConfig.loads(TEXT.replace('stop = "90 h"', 'stop = "900 h"'))
    again = StudyConfig.loads(study.resolved())
    assert again == study
    assert again.resolved() == study.resolved()
    assert list(again.named_regimens()) == ["plain", "standard"]


def test_adherence_shares_the_seed_of_the_study_unless_it_has_its_own() -> None:
    text = 'seed = 7\nregimen = "1 mg nightly, for 2 wk"\n[adherence]\np_late = 0.5\n'
    shared, own = StudyConfig.loads(text), StudyConfig.loads(text + "seed = 3")
    assert shared.adherence is not None and shared.adherence.seed == 7
    assert own.adherence is not None and own.adherence.seed == 3
    assert StudyConfig.loads(shared.resolved()) == shared


names = st.text(min_size=1, max_size=8)
scalars = st.booleans() | st.integers(-(2**60), 2**60) | names | st.floats(allow_nan=False)
plain = scalars | st.lists(scalars, max_size=3)
tables = st.dictionaries(names, plain, max_size=4)
documents = st.dictionaries(names, plain | tables | st.lists(tables, min_size=1, max_size=3))


@given(documents)
def test_written_toml_reads_back(data: dict[str, object]) -> None:
    back = tomllib.loads(toml.dumps(data))
    assert back == {k: v for k, v in data.items() if v != {}}


def test_the_schema_file_is_up_to_date() -> None:
    assert schema.FILE.read_text(encoding="utf-8") == schema.text(), (
        "run: python -m ldnsim.config.schema"
    )
