"""Versions are whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from tenure.errors import ConfigError
from tenure.storage.versions import Versions, write_text


def content(versions):
    current = versions.current()
    return None if current is None else (current / "a.txt").read_text()


def write(versions, name, text):
    with versions.writing(name) as folder:
        (folder / "a.txt").write_text(text)


def test_nothing_yet(tmp_path):
    assert Versions(tmp_path / "runs").current() is None
    assert Versions(tmp_path / "runs").names() == []


def test_the_newest_is_current_and_old_ones_go(tmp_path):
    versions = Versions(tmp_path, keep=2)
    for n in range(4):
        write(versions, f"v{n}", str(n))
    assert content(versions) == "3"
    assert versions.names() == ["v2", "v3"]


def test_the_same_name_twice_overwrites_nothing(tmp_path):
    versions = Versions(tmp_path)
    write(versions, "v", "first")
    write(versions, "v", "second")
    assert content(versions) == "second"
    assert versions.names() == ["v", "v-2"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_former_version(tmp_path, error):
    versions = Versions(tmp_path)
    write(versions, "v1", "old")
    with pytest.raises(error), versions.writing("v2") as folder:
        (folder / "a.txt").write_text("half")
        raise error
    assert content(versions) == "old"
    assert [entry.name for entry in sorted(tmp_path.iterdir()) if entry.name != ".lock"] == ["current", "v1"]


def test_a_killed_process_leaves_the_former_version(tmp_path):
    versions = Versions(tmp_path)
    write(versions, "v1", "old")
    program = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from tenure.storage.versions import Versions
        with Versions(Path({str(tmp_path)!r})).writing("v2") as folder:
            (folder / "a.txt").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    process = subprocess.run([sys.executable, "-c", program], check=False)
    assert process.returncode == -signal.SIGKILL
    assert content(versions) == "old"
    write(versions, "v3", "new")  # the next one removes what was left
    assert content(versions) == "new"
    assert not list(tmp_path.glob(".unfinished-*"))


def test_text_is_replaced_at_once(tmp_path):
    write_text(tmp_path / "x", "one")
    write_text(tmp_path / "x", "two")
    assert (tmp_path / "x").read_text() == "two"
    assert os.listdir(tmp_path) == ["x"]


def test_two_writers_do_not_touch_each_other(tmp_path):
    versions = Versions(tmp_path)
    with versions.writing("v1") as folder:
        (folder / "a.txt").write_text("mine")
        with pytest.raises(ConfigError, match="Another tenure"), versions.writing("v2"):
            pass
    assert content(versions) == "mine"


def test_pruning_leaves_what_is_wanted_and_what_is_current(tmp_path):
    versions = Versions(tmp_path, keep=None)
    for n in range(4):
        write(versions, f"v{n}", str(n))
    versions.prune({"v1"})
    assert versions.names() == ["v1", "v3"]
