"""Numbers on the command line: every option that is one, found by looking, is read strictly."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from ldnsim.cli import app, numbers
from ldnsim.errors import UserError
from tests.cli.walk import options

RUN = CliRunner()
NO_ARGUMENT = ("demo", "states", "calibrate")
NO_NUMBER = (
    "1_0", "1e400", "inf", "-inf", "nan", "1,5", "0x10", "", " ", "ten", "1 0", "٣", "5 mg", "1/2",
    "9" * 50,
)  # fmt: skip
NO_WHOLE = ("1.5", "2.0", "1e2", "9" * 19)
WHOLE = [(c, o) for c, o, _ in options(int)]
NUMBERS = [*WHOLE, *((c, o) for c, o, _ in options(float))]
TEXTS = [
    ("simulate", "--set", "ka={}"), ("sensitivity", "--set", "ka={}"), ("states", "--set", "ka={}"),
    ("export sbml", "--set", "ka={}"), ("export antimony", "--set", "ka={}"),
    ("discriminate", "--weeks", "{}"), ("discriminate", "--clock", "{}"),
]  # fmt: skip


def refused(command: str, option: str, value: str, what: str = "none.toml") -> str:
    words = [] if command in NO_ARGUMENT else [what]
    result = RUN.invoke(app, [*command.split(), *words, option, value])
    assert result.exit_code == 2, (value, result.output)
    assert result.stdout == "" and "there is no" not in result.stderr
    return str(result.stderr)


def test_the_options_are_found() -> None:
    assert {("states", "--dose"), ("export sbml", "--run"), ("discriminate", "-n")} <= {*NUMBERS}
    assert len(NUMBERS) >= 25


@pytest.mark.parametrize("value", NO_NUMBER)
def test_what_is_no_number_is_none_to_any_reader(value: str) -> None:
    """All options read by one of the two; the next test says that each does."""
    for read in (numbers.whole, numbers.real):
        with pytest.raises(UserError, match="expected a"):
            read(value)


@pytest.mark.parametrize(("place", "command", "option"), [(i, *n) for i, n in enumerate(NUMBERS)])
def test_what_is_no_number_is_refused(place: int, command: str, option: str) -> None:
    """Each option with a fifth of what is no number; five options after another have all of it."""
    for value in NO_NUMBER[place % 5 :: 5]:
        said = refused(command, option, value)
        assert f"'{option}'" in said and "expected a" in said, said


@pytest.mark.parametrize(("place", "command", "option"), [(i, *n) for i, n in enumerate(WHOLE)])
def test_what_is_not_whole_is_refused(place: int, command: str, option: str) -> None:
    """Each option with half of what is not whole."""
    for value in NO_WHOLE[place % 2 :: 2]:
        assert "expected a whole number" in refused(command, option, value)


@pytest.mark.parametrize(("command", "option", "text"), TEXTS)
def test_numbers_inside_texts_are_read_as_strictly(command: str, option: str, text: str) -> None:
    what = "standard" if option == "--set" else "none.toml"
    for value in ("1_0", "1e400", "inf", "nan", "ten", ""):
        said = refused(command, option, text.format(value), what)
        assert option in said, said


@pytest.mark.parametrize(
    ("command", "option", "value", "said"),
    [
        ("states", "--dose", "-1", "from 0 to 1000"), ("states", "--dose", "1000.5", "to 1000"),
        ("states", "--points", "9", "at least 10"), ("trial", "--per-arm", "1", "at least 2"),
        ("calibrate", "--starts", "257", "from 0 to 256"),
        ("sweep", "--threads", "0", "at least 1"),
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_refused(command: str, option: str, value: str, said: str) -> None:
    assert said in refused(command, option, value)


@pytest.mark.parametrize(("text", "value"), [("12", 12), ("+3", 3), ("-4", -4), ("007", 7)])
def test_whole_numbers_are_read(text: str, value: int) -> None:
    assert numbers.whole(text) == value


@pytest.mark.parametrize(
    ("text", "said"), [("2.0", "write 2"), ("1e2", "write 100"), ("1.5", "such as '12'")]
)
def test_what_to_write_instead_is_said(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        numbers.whole(text)


def test_a_number_reaches_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    from ldnsim import analysis

    seen: list[Any] = []

    def record(*args: Any, **kwargs: Any) -> None:
        seen.append((args, kwargs))
        raise UserError("enough seen")

    monkeypatch.setattr(analysis, "continue_orbit", record)
    line = ["states", "--dose", "4.5", "--from", "-1e-3", "--to", ".5", "--points", "20"]
    assert RUN.invoke(app, line).exit_code == 2
    ((_, given),) = seen
    wanted = {"low": -1e-3, "high": 0.5, "dose": 4.5, "points": 20}
    assert {name: given[name] for name in wanted} == wanted
