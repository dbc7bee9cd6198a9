"""What the README and the documentation say is what is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from simulated_project import hasten

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(language: str = "") -> list[str]:
    """The fenced blocks of one language, in order."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    return [text for name, text in fences if name == language]


def test_the_tree_is_the_tree():
    tree = next(block for block in blocks() if block.startswith("src/tenure/"))
    names = [
        re.findall(r"\w+\.py|\w+/", line.split("   ")[0] if "/" in line else line) for line in tree.splitlines()[1:]
    ]
    shown = {name for line in names for name in line}
    there = {
        entry.name + ("/" if entry.is_dir() else "")
        for entry in (ROOT / "src" / "tenure").iterdir()
        if entry.name not in {"__init__.py", "__main__.py", "__pycache__", "py.typed"}
    }
    assert shown == there


def test_every_command_exists_with_its_options():
    commands = {
        line.split("#")[0].strip() for block in blocks() for line in block.splitlines() if line.startswith("tenure ")
    }
    assert len(commands) >= 6
    for command in commands:
        name, *rest = command.split()[1:]
        text = subprocess.run(
            [sys.executable, "-m", "tenure", name, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env={"COLUMNS": "200"},
        ).stdout
        for option in (word for word in rest if word.startswith("-")):
            assert option in text, f"{command}: no {option}"
    for name in re.findall(r"also: ([\w, ]+)", README)[0].split(", "):
        subprocess.run([sys.executable, "-m", "tenure", name, "--help"], capture_output=True, check=True)


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_floor_has_its_line():
    """docs/architecture.md names every room of the house."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {entry.name.removesuffix(".py") for entry in (ROOT / "src" / "tenure").iterdir()} - {
        "__init__", "__main__", "__pycache__", "py.typed",
    }  # fmt: skip
    assert not {
        room for room in rooms if f"`{room}`" not in text and f"`{room}/`" not in text and f"{room}" not in text
    }


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    from tenure.events.simulate import SimulationConfig, simulate

    (code,) = blocks("python")
    monkeypatch.setenv("TENURE_HEART__USE", "true")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events").mkdir()
    world = simulate(SimulationConfig(n_users=150, n_items=60, days=150))
    frame = world.events.to_pandas().rename(columns={"user_id": "customer", "timestamp": "ordered_at"})
    frame.to_csv(tmp_path / "events" / "log.csv", index=False)
    moment, user = "2024-05-20", frame["customer"].iloc[0]
    code = code.replace("2017-12-01", moment).replace('"42"', repr(user))
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102  (our own page)
    assert (tmp_path / "my_shop" / "tenure.toml").is_file()


def test_results_are_documented(tmp_path, monkeypatch):
    """Every table of a run stands in docs/results.md with all its columns, and nothing else does."""
    import tenure
    from tenure.events.simulate import SimulationConfig, simulate

    world = simulate(SimulationConfig(n_users=150, n_items=60, days=150))
    project = tenure.create_project(tmp_path / "shop", world.events, items=world.items, users=world.users)
    hasten(project)
    monkeypatch.setenv("TENURE_HEART__USE", "true")
    project.train_heart(most_minutes=0.02)
    run = project.run()
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)\.parquet` \| (.*) \|$", page, flags=re.MULTILINE))
    assert set(told) == set(run.tables())
    for name in run.tables():
        columns = set(run.table(name).column_names)
        named = {word for text in re.findall(r"`([^`]+)`", told[name]) for word in re.findall(r"[a-z]\w*", text)}
        if name != "profiles":  # its columns are the rows of features
            assert columns <= named, f"{name}: {columns - named} not told"


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_examples_run(example, monkeypatch):
    monkeypatch.setenv("TENURE_HEART__USE", "true")
    done = subprocess.run([sys.executable, "-W", "error", example], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout) > 200
