"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "tenure"
FILES = sorted(SOURCE.rglob("*.py"))
QUIET_FLOORS = (
    "errors.py", "schema.py", "seeds.py", "wording.py", "domain.py", "events", "evaluation", "profiles", "lifecycle",
    "prediction", "recommendation", "retention", "explain", "charts",
)  # fmt: skip
"""Floors 0 to 8: no files, no clock, no environment, no printing."""


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def quiet_files() -> list[Path]:
    return [path for path in FILES if path.relative_to(SOURCE).parts[0] in QUIET_FLOORS]


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def called(tree: ast.AST) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_file_is_a_warehouse_or_a_junk_drawer(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert path.stem not in {"util", "utils", "helper", "helpers", "common", "misc"}
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "a module says what it is for"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_pickle_and_no_global_randomness(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not imported(tree) & {"pickle", "joblib", "shelve", "marshal", "random"}
    assert not any(re.match(r"(np|numpy)\.random\.(?!default_rng|Generator)", call) for call in called(tree))


@pytest.mark.parametrize("path", quiet_files(), ids=name_of)
def test_algorithms_touch_neither_files_nor_clock(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not imported(tree) & {
        "os",
        "pathlib",
        "shutil",
        "tempfile",
        "sqlite3",
        "socket",
        "logging",
        "pyarrow.parquet",
    }
    forbidden = {"open", "print", "input", "datetime.now", "datetime.utcnow", "time.time", "date.today"}
    assert not called(tree) & forbidden
    pandas_allowed = {"profiles/rules.py"}  # mlxtend's FP-growth takes nothing else
    assert "pandas" not in imported(tree) or name_of(path) in pandas_allowed


@pytest.mark.parametrize("path", quiet_files(), ids=name_of)
def test_algorithms_know_roles_not_the_words_of_a_trade(path):
    """A string such as "purchase" in an algorithm would tie it to one domain."""
    if name_of(path).startswith("events/simulate"):
        return  # the simulator writes logs in a domain's words
    words = {"purchase", "add_to_cart", "watch", "read", "view", "order_completed", "buy"}
    docstrings = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    }
    strings = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docstrings
    }
    assert not strings & words


def test_only_the_engine_room_imports_duckdb():
    importers = {name_of(path) for path in FILES if "duckdb" in imported(ast.parse(path.read_text(encoding="utf-8")))}
    assert importers <= {"engine/duckdb.py"}


def test_floors_hold():
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout[-3000:]


def test_every_error_raised_is_one_of_ours():
    """Someone who catches TenureError catches everything that tenure raises on purpose."""
    strangers = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = ast.unparse(node.exc.func)
                ours = name.endswith(("Error", "unknown")) and name.split(".")[-1] not in {
                    "ValueError", "KeyError", "TypeError", "RuntimeError", "IndexError", "NotImplementedError",
                }  # fmt: skip
                if not ours and name not in {"typer.Exit", "SystemExit", "AttributeError"}:
                    strangers.append(f"{name_of(path)}:{node.lineno} {name}")
    assert not strangers


def test_the_core_starts_fast():
    """Importing tenure must not load what only some commands need."""
    heavy = ("sklearn", "plotly", "pandas", "mlxtend", "torch", "ibis")
    code = f"import sys, tenure; print([m for m in {heavy} if m in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
