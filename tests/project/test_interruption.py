"""Whatever moment a run is killed at: the former results stay whole and in use, and the next run succeeds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from simulated_project import SETTINGS, shop

from tenure.events.simulate import SimulationConfig
from tenure.project import Project
from tenure.storage.versions import UNFINISHED

CONFIG = SimulationConfig(n_users=80, n_items=40, days=120)
N_MOMENTS = 8


def start(project: Project) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tenure", "run", "-p", project.folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name in SETTINGS or not name.startswith("TENURE_")},
    )


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): blake2b(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def unfinished(project: Project) -> list[Path]:
    return [path for room in ("runs", "log") for path in (project.folder / room).glob(f"{UNFINISHED}*")]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    made = shop(tmp_path_factory.mktemp("interruption") / "shop", CONFIG)
    made.run()
    return made


@pytest.fixture(scope="module")
def seconds(project) -> float:
    """How long the command takes when nobody disturbs it, the reading of the log included."""
    touch(project)
    began = time.perf_counter()
    process = start(project)
    _, err = process.communicate()
    assert process.returncode == 0, err
    return time.perf_counter() - began


def touch(project: Project) -> None:
    """The sources look changed, so that the log is read anew."""
    os.utime(project.folder / "data" / "events.parquet")


def test_a_run_that_is_killed_changes_nothing(project, seconds):
    n_cut_off = 0
    for number, share in enumerate(np.linspace(0.2, 0.9, N_MOMENTS)):
        touch(project)
        former, log = project.last_run, project.log
        before = contents(former.folder)
        process, began = start(project), time.perf_counter()
        time.sleep(share * seconds)
        process.send_signal([signal.SIGKILL, signal.SIGINT][number % 2])
        _, err = process.communicate()
        newest = project.last_run
        if newest == former:
            n_cut_off += 1
            assert process.returncode != 0, "nothing new and no word about it"
        else:
            assert set(contents(newest.folder)) == set(before), "quicker than expected, and complete"
            seconds = min(seconds, time.perf_counter() - began)
        if process.returncode == 130:
            assert "tenure: Interrupted; the former results are as they were." in err
        assert contents(former.folder) == before
        assert project.log == log or (project.log.folder / "quality.json").is_file()
        assert {"events", "items", "users", "quarantine"} <= {path.stem for path in project.log.folder.iterdir()}
        assert former.recommend(k=3).num_rows > 0, "what reads the former run still works"
        after = project.run()
        assert set(contents(after.folder)) == set(before)
        assert unfinished(project) == []
    assert n_cut_off >= N_MOMENTS // 2, "most runs were really cut off"
