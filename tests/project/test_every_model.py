"""All models that read profiles compete where none is named, and the winner speaks."""

from __future__ import annotations

import numpy as np
from simulated_project import hasten

from tenure import create_project
from tenure.events.simulate import SimulationConfig, simulate
from tenure.prediction.amounts.catalogue import AMOUNTS
from tenure.prediction.learners.catalogue import LEARNERS
from tenure.prediction.mixed import NAME as MIX


def test_every_model_competes_and_the_winner_speaks(tmp_path):
    made = simulate(SimulationConfig(n_users=100, n_items=40, days=130))
    project = create_project(tmp_path / "shop", made.events, items=made.items)
    hasten(project, models=())
    run = project.run()
    expected = {
        "commit:30d": {MIX, *(learner.name for learner in LEARNERS)},
        "value:30d": {learner.name for learner in AMOUNTS},
    }
    metrics = run.table("prediction_metrics").to_pylist()
    for task, names in expected.items():
        here = [row for row in metrics if row["task"] == task]
        assert {row["model"] for row in here} == names
        (champion,) = {row["model"] for row in here if row["is_champion"]}
        assert project.models.current().manifest["tasks"][task]["model"] == champion
    said, again = run.table("forecasts"), project.predict("commit:30d", "value:30d")
    of_these = said.filter(np.isin(said["task"].to_numpy(), list(expected)))
    assert of_these["user_id"].to_pylist() == again["user_id"].to_pylist()
    np.testing.assert_allclose(of_these["value"].to_numpy(), again["value"].to_numpy(), rtol=1e-9)
