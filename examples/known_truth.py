"""Simulated users: a log whose truth is known, to try a model or a strategy on before real people meet it."""

from datetime import timedelta

import numpy as np

from tenure.events.simulate import SimulationConfig, simulate

config = SimulationConfig(n_users=1_000, n_items=200, days=120, seed=7)
world = simulate(config)
print(f"{world.events.num_rows:,} events of {world.users.num_rows:,} users; a log like any other:")
print(world.events.select(["user_id", "item_id", "event_type", "timestamp", "value"]).slice(0, 3).to_pylist())

as_of = config.start + timedelta(days=90)
truth = world.truth.p_commit(as_of, horizon_days=30)
print(f"\nWhat the best possible forecast would say on {as_of:%d %B}:")
print(truth.slice(0, 3).to_pylist())

print("\nWhat the first user should be shown:")
print(world.truth.best_items(as_of, k=3, users=np.array([0])).to_pylist())

nobody, everybody = (world.truth.outcomes(as_of, 30, np.full(truth.num_rows, contacted)) for contacted in (False, True))
print(f"\n{nobody.sum()} would commit if nobody were contacted, {everybody.sum()} if everybody were.")
print(f"A contact brings {np.sum(everybody & ~nobody)} of them and drives {np.sum(nobody & ~everybody)} away.")
