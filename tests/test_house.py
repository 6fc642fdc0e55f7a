"""House rules that a reader of the sources can check: sizes, names, words, one way of imports."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("ldnsim", "experiments", "benchmarks", "tests")
LONGEST_FILE, LONGEST_FUNCTION = 400, 60

MAKERS = ("default_model", "shipped")
"""Functions that give the model and the data of the package; everywhere else they are arguments."""
DOORS = {
    "ldnsim/edition/edition.py": "makes the shipped edition from the shipped model",
    "ldnsim/config/entries.py": "tells the shipped edition from others, for parsed texts it keeps",
    "ldnsim/config/rules.py": "names that an extension takes from results of the package",
    "ldnsim/config/run.py": "RunSpec.of, a door of Python",
    "ldnsim/regimen/event_table.py": "read_events, a door of Python: SS without a study",
    "ldnsim/cli/lists.py": "has a function shipped of its own: the templates of the package",
    "ldnsim/cli/studies.py": "likewise",
    **dict.fromkeys(
        (
            "ldnsim/analysis/behaviours/__init__.py",
            "ldnsim/analysis/behaviours/scorecard.py",
            "ldnsim/analysis/claims/__init__.py",
            "ldnsim/analysis/design/assays.py",
            "ldnsim/analysis/evidence/calibrate.py",
            "ldnsim/analysis/evidence/own_problem.py",
            "ldnsim/analysis/evidence/probes.py",
            "ldnsim/analysis/evidence/story.py",
            "ldnsim/analysis/states/continuation.py",
            "ldnsim/analysis/states/everywhere.py",
            "ldnsim/analysis/trial/cohort.py",
            "ldnsim/analysis/trial/placebo.py",
            "ldnsim/analysis/trial/simulated.py",
        ),
        "a door of Python: edition=None is the shipped one",
    ),
}
"""Files that may call them, with the reason; a file that stops calling leaves the list."""


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def strays(found: Collection[str], allowed: Collection[str]) -> dict[str, list[str]]:
    """Return what breaks a rule without leave, and what has leave and no longer needs it."""
    new, gone = sorted(set(found) - set(allowed)), sorted(set(allowed) - set(found))
    told = {"breaks the rule": new, "take it out of the list": gone}
    return {words: names for words, names in told.items() if names}


def sources(*folders: str) -> list[Path]:
    return sorted(p for folder in folders for p in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function from ``def`` to its end, its docstring among them."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def calls(module: ast.Module, *names: str) -> list[int]:
    """Return the lines on which a function of one of these names is called."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            found += [node.lineno] if name in names else []
    return found


def private_imports(module: ast.Module, own: set[str]) -> list[str]:
    """Return what is imported from one's own modules by a name with an underscore before it."""
    return [
        f"{node.module}.{alias.name}"
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in own
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.endswith("__")
    ]


def undocumented(module: ast.Module) -> list[str]:
    """Return the public functions and classes, and public methods of these, without a docstring."""
    found: list[str] = []

    def look(body: list[ast.stmt], before: str) -> None:
        for node in body:
            if isinstance(node, ast.If):
                look([*node.body, *node.orelse], before)
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if node.name.startswith("_") or _is_overload(node):
                continue
            if ast.get_docstring(node) is None:
                found.append(before + node.name)
            if isinstance(node, ast.ClassDef):
                look(node.body, f"{before}{node.name}.")

    look(module.body, "")
    return found


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return any(getattr(d, "id", "") == "overload" for d in node.decorator_list)


def circle(folder: str) -> list[str]:
    """Return the names of scripts that import each other in a circle; lazy imports count."""
    files = {p.stem: p for p in (ROOT / folder).glob("*.py")}
    graph = {name: imported(tree(path)) & set(files) for name, path in files.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def imported(module: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def tolerances(module: ast.Module) -> list[int]:
    """Return the lines on which how exactly runs are solved is a number that has no name.

    Comparisons of numbers (``allclose``, ``brentq``) take tolerances of their own.
    """
    found: list[int] = []
    for node in ast.walk(module):
        given: list[ast.expr | None] = []
        named = getattr(node, "func", node)
        named = getattr(named, "attr", getattr(named, "id", ""))
        if isinstance(node, ast.Call) and named not in COMPARISONS:
            given = [k.value for k in node.keywords if k.arg in ("rtol", "atol")]
        elif isinstance(node, ast.Dict):
            keys = [getattr(k, "value", "") for k in node.keys]
            given = [v for k, v in zip(keys, node.values, strict=True) if k in ("rtol", "atol")]
        elif isinstance(node, ast.FunctionDef):
            a = node.args
            some = zip(reversed(a.args), reversed(a.defaults), strict=False)
            each = [*some, *zip(a.kwonlyargs, a.kw_defaults, strict=True)]
            given = [v for name, v in each if name.arg in ("rtol", "atol")]
        found += [v.lineno for v in given if isinstance(v, ast.Constant | ast.BinOp)]
    return found


COMPARISONS = ("allclose", "isclose", "brentq")


def test_how_exactly_runs_are_solved_has_a_name() -> None:
    found = {name_of(p): at for p in sources("ldnsim") if (at := tolerances(tree(p)))}
    assert not found
    bad = ast.parse(
        "solve(rtol=1e-3)\nd = {'rtol': 1e-4}\ndef f(x, rtol=1e-5, *, atol=1e-6): pass\n"
        "solve(atol=1e-2 * x)\nnp.allclose(a, b, rtol=1e-3)\nsolve(rtol=FITTED)\n"
    )
    assert sorted(tolerances(bad)) == [1, 2, 3, 3, 4]


def test_no_file_is_longer_than_the_cap() -> None:
    lines = {name_of(p): len(p.read_text("utf-8").splitlines()) for p in sources(*FOLDERS)}
    assert len(lines) > 300
    assert not {name: n for name, n in lines.items() if n > LONGEST_FILE}


def test_no_function_is_longer_than_the_cap() -> None:
    long = {
        f"{name_of(path)}:{node.name}": length(node)
        for path in sources(*FOLDERS)
        for node in functions(path)
        if length(node) > LONGEST_FUNCTION
    }
    assert not long, long


def test_the_model_and_its_data_are_arguments() -> None:
    found = {name_of(p): at for p in sources("ldnsim") if (at := calls(tree(p), *MAKERS))}
    assert not strays(found, DOORS), found


def test_nothing_private_is_imported_from_elsewhere() -> None:
    own = {"ldnsim", *(p.stem for p in sources("experiments", "benchmarks"))}
    found = {
        name_of(p): names
        for p in sources("ldnsim", "experiments", "benchmarks")
        if (names := private_imports(tree(p), own))
    }
    assert not found


def test_what_is_public_says_what_it_is() -> None:
    found = {name_of(p): undocumented(tree(p)) for p in sources("ldnsim")}
    assert not {name: names for name, names in found.items() if names}


@pytest.mark.parametrize("folder", ["experiments", "benchmarks"])
def test_scripts_import_one_way(folder: str) -> None:
    assert not circle(folder)


def test_the_rules_find_what_breaks_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = ast.parse(
        "from ldnsim.model import _index, __version__\n"
        "def public(): return default_model().x + edition.shipped()\n"
        "class Kept:\n    def method(self): pass\n    def _own(self): pass\n"
        "if True:\n    def hidden(): pass\n"
    )
    assert private_imports(bad, {"ldnsim"}) == ["ldnsim.model._index"]
    assert calls(bad, *MAKERS) == [2, 2]
    assert undocumented(bad) == ["public", "Kept", "Kept.method", "hidden"]
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "one.py").write_text("import two\n", "utf-8")
    (tmp_path / "scripts" / "two.py").write_text("def f():\n    from one import x\n", "utf-8")
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    assert set(circle("scripts")) == {"one", "two"}
