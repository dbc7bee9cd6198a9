"""Kept versions: every task in a file of its own, older ones readable, a promoted one that needs more than today's."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from simulated_project import hasten, shop, world

from tenure import create_project
from tenure.events.simulate import SimulationConfig
from tenure.pipeline import train
from tenure.pipeline.models import forecasters_of
from tenure.prediction.learners.catalogue import RECURRENT
from tenure.storage.model_registry import ModelVersion

CONFIG = SimulationConfig(n_users=80, n_items=40, days=130)
ALIKE = ("page-view", "page.view", "page view")
"""Event types that differ in a sign alone."""


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """A shop whose views are of three kinds, each with a task of its own."""
    events = world(CONFIG).events
    kinds = [
        kind if kind != "view" else ALIKE[min(n % 7, 2)] for n, kind in enumerate(events["event_type"].to_pylist())
    ]
    changed = events.set_column(events.schema.get_field_index("event_type"), "event_type", pa.array(kinds))
    project = create_project(tmp_path_factory.mktemp("alike") / "shop", changed, items=world(CONFIG).items)
    hasten(project, models=("constant", "run-rate"))
    project.evaluate(*(f"commit[{kind}]:30d" for kind in ALIKE))
    return project


def test_tasks_that_differ_in_a_sign_alone_keep_their_own_models(alike):
    version = alike.models.current()
    names = [f"commit[{kind}]:30d" for kind in ALIKE]
    files = [version.manifest["tasks"][name]["file"] for name in names]
    assert files[0] == "commit-page-view-30d"
    assert len(set(files)) == 3
    assert all((version.folder / f"{file}.safetensors").is_file() for file in files)
    found = forecasters_of(version, alike.settings)
    assert set(found) == {"commit:30d", "value:30d", *names}
    said = [np.unique(alike.predict(name)["value"].to_numpy()) for name in names]
    assert not any(np.allclose(said[i], said[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_an_older_version_answers_what_it_kept(alike):
    """It named no files, and of tasks with one file the last one wrote it."""
    now = alike.models.current()
    tasks = {
        name: {key: part for key, part in entry.items() if key != "file"}
        for name, entry in now.manifest["tasks"].items()
    }
    older = ModelVersion(now.folder, {**now.manifest, "tasks": tasks})
    assert set(forecasters_of(older, alike.settings)) == {"commit:30d", "value:30d", f"commit[{ALIKE[-1]}]:30d"}


def test_promoted_models_that_read_events_are_given_them_whatever_competes_today(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    quick = tuple(replace(learner, n_steps=4, updates_per_epoch=4) for learner in RECURRENT)
    monkeypatch.setattr(train, "OF_EVENTS", quick)
    project = shop(tmp_path / "shop", CONFIG)
    path = project.folder / "tenure.toml"
    usual = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^models = .*$", 'models = ["gru", "run-rate"]', usual), encoding="utf-8")
    former = project.evaluate()
    assert former.manifest["tasks"]["commit:30d"]["model"] == "gru"
    path.write_text(re.sub(r"(?m)^models = .*$", 'models = ["constant", "run-rate"]\npromote = false', usual))
    run = project.run()
    assert run.manifest["models"] == former.name == project.models.in_use()
    assert any(f"those of the promoted models {former.name}, while" in said for said in run.manifest["left_out"])
    forecasts = run.table("forecasts")
    rows = forecasts.filter(pc.equal(forecasts["task"], "commit:30d"))
    assert set(rows["model"].to_pylist()) == {"gru"}
    assert rows["value"].to_pylist() == pytest.approx(project.predict("commit:30d")["value"].to_pylist())
    assert set(run.table("prediction_metrics")["model"].to_pylist()).isdisjoint({"gru"})
