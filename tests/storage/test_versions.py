"""Versions are whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest

from tenure.errors import ConfigError, MissingRunError, SourceError, UnknownError
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


def test_promotion_and_rollback_walk_the_versions_that_were_in_use(tmp_path):
    versions = Versions(tmp_path, keep=None)
    for n in range(3):
        write(versions, f"v{n}", str(n))
    assert versions.used() == ["v0", "v1", "v2"]
    versions.promote("v0")
    assert (content(versions), versions.used()) == ("0", ["v1", "v2", "v0"])
    assert versions.roll_back() == "v2"
    assert (content(versions), versions.used()) == ("2", ["v1", "v2"])
    assert versions.roll_back() == "v1"
    with pytest.raises(MissingRunError, match="nothing to go back to"):
        versions.roll_back()
    assert content(versions) == "1"


def test_a_version_that_is_not_promoted_stays_silent(tmp_path):
    versions = Versions(tmp_path)
    write(versions, "v1", "old")
    with versions.writing("v2", promote=False) as folder:
        (folder / "a.txt").write_text("new")
    assert (content(versions), versions.used()) == ("old", ["v1"])
    assert versions.names() == ["v1", "v2"]
    versions.promote("v2")
    assert content(versions) == "new"


def test_what_is_not_there_cannot_be_promoted(tmp_path):
    versions = Versions(tmp_path)
    write(versions, "version1", "old")
    with pytest.raises(UnknownError, match="did you mean 'version1'"):
        versions.promote("version2")
    assert content(versions) == "old"


def test_versions_that_went_are_not_gone_back_to(tmp_path):
    versions = Versions(tmp_path, keep=None)
    for n in range(3):
        write(versions, f"v{n}", str(n))
    versions.prune({"v0"})
    assert versions.used() == ["v0", "v2"]
    assert versions.roll_back() == "v0"


def test_a_current_version_whose_folder_is_gone_lets_no_other_speak(tmp_path):
    versions = Versions(tmp_path)
    for n in range(3):
        write(versions, f"v{n}", str(n))
    shutil.rmtree(tmp_path / "v2")
    with pytest.raises(SourceError, match=r"v2: this version is in use, but its folder is missing; .*promote another"):
        versions.current()
    assert versions.in_use() == "v2"
    with versions.writing("v3", promote=False) as folder:
        (folder / "a.txt").write_text("3")
    with pytest.raises(SourceError, match="v2"):
        versions.current()
    versions.promote("v0")
    assert (content(versions), versions.used()) == ("0", ["v1", "v0"])


def test_from_a_current_version_whose_folder_is_gone_one_goes_back_to_the_last_that_is_there(tmp_path):
    versions = Versions(tmp_path)
    for n in range(3):
        write(versions, f"v{n}", str(n))
    shutil.rmtree(tmp_path / "v2")
    assert versions.roll_back() == "v1"
    assert content(versions) == "1"
    shutil.rmtree(tmp_path / "v1")
    write(versions, "v4", "new")
    assert (content(versions), versions.used()) == ("new", ["v0", "v4"])


def test_what_can_be_read_again_was_not_made_yet_when_its_folder_is_gone(tmp_path):
    versions = Versions(tmp_path, keep=None)
    write(versions, "v1", "old")
    write(versions, "v2", "new")
    shutil.rmtree(tmp_path / "v2")
    assert versions.current() is None


def test_a_name_may_depend_on_what_was_written(tmp_path):
    versions = Versions(tmp_path)
    with versions.writing(lambda folder: (folder / "a.txt").read_text()) as folder:
        (folder / "a.txt").write_text("sealed")
    assert versions.names() == ["sealed"]


def test_nobody_promotes_while_another_writes(tmp_path):
    versions = Versions(tmp_path)
    write(versions, "v1", "old")
    with versions.writing("v2") as folder:
        (folder / "a.txt").write_text("new")
        for change in (lambda: versions.promote("v1"), versions.roll_back):
            with pytest.raises(ConfigError, match="Another tenure"):
                change()
    assert content(versions) == "new"
