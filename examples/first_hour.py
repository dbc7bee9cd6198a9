"""The first hour: from a log to a retention plan, in Python."""

import tempfile
from pathlib import Path

import pyarrow.csv

import tenure
from tenure.events.simulate import SimulationConfig, simulate

# Any log will do; this one is simulated, so that the example needs nothing from outside.
folder = Path(tempfile.mkdtemp())
world = simulate(SimulationConfig(n_users=500, n_items=120, days=180, seed=1))
source = world.events.select(["user_id", "item_id", "event_type", "timestamp", "value"])
names = ["customer", "product", "action", "happened_at", "amount"]
pyarrow.csv.write_csv(source.rename_columns(names), folder / "events.csv")

# Five lines: where the log is and what its columns mean, the whole way, and what came of it.
columns = {"user_id": "customer", "item_id": "product", "event_type": "action", "timestamp": "happened_at"}
shop = tenure.create_project(folder / "shop", folder / "events.csv", items=world.items, columns=columns)
run = shop.run()
print("\n".join(run.manifest["headlines"]))
print(f"The report: {run.report}")

# One user: who they are, what to show them, what to do about them.
user = run.table("plan").sort_by([("stake", "descending")])["user_id"][0].as_py()
print(f"\n{user}:\n{run.story(user)}\n")
for row in run.recommend(user, k=5).to_pylist():
    print(f"{row['rank']}. {row['item_id']}: {row['reason']}")

# Every result is an Arrow table, at home in pandas, Polars and DuckDB.
print("\nTables:", ", ".join(run.tables()))
print(run.table("segments").select(["name", "n_users", "share"]).to_pylist())

# Frames go in as they are.
again = tenure.create_project(folder / "from_a_frame", world.events, items=world.items)
print(f"\nFit for use: {again.check()['is_fit']}")
