"""What every learner of probabilities must do. A new learner enters LEARNERS and gets all of this unasked."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from functools import cache
from importlib.util import find_spec

import numpy as np
import pyarrow as pa
import pytest

from tenure.domain import Role
from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.forecasts import log_loss
from tenure.events.sequences import Sequences
from tenure.prediction.examples import Examples, Inputs
from tenure.prediction.learner import Learner
from tenure.prediction.learners.catalogue import HEARTS, LEARNERS, RECURRENT
from tenure.prediction.learners.columns import HISTORY
from tenure.prediction.signals import SIGNALS
from tenure.profiles.features import FEATURES
from tenure.sequence.config import AlongConfig, HeartConfig

COMMITMENT = list(Role).index(Role.COMMITMENT)
CUTS = np.array(["2024-01-01", "2024-02-10", "2024-03-21"], dtype="datetime64[us]")
NAMES = (*(feature.name for feature in (*FEATURES, *SIGNALS)), *HISTORY, "mean_value")


def users_of(n_users: int, seed: int = 0) -> Examples:
    """Users whose rate drives both what is known of them and what they do next, at three cut-offs."""
    draw = np.random.default_rng(seed)
    rate, n = draw.gamma(1.0, 0.5, n_users).repeat(len(CUTS)), n_users * len(CUTS)
    values = draw.exponential(5.0, (n, len(NAMES)))
    values[draw.random(values.shape) < 0.05] = np.nan
    column = {name: i for i, name in enumerate(NAMES)}
    x, T = draw.poisson(rate * 20).astype(float), 140.0 + 40.0 * np.tile(np.arange(len(CUTS)), n_users)
    values[:, column["x"]], values[:, column["T_days"]] = x, T
    values[:, column["t_x_days"]] = np.where(x > 0, np.floor(T * x / (x + 1)), 0.0)
    values[:, column["recency_days"]] = T - values[:, column["t_x_days"]]
    values[:, column["n_occasions"]] = x + 1
    values[:: len(CUTS) * 7, :] = np.nan  # seen, but never active
    outcome = (draw.random(n) < -np.expm1(-4 * rate)).astype(float)
    users = pa.array([f"u{i}" for i in range(n_users)]).take(pa.array(np.arange(n_users).repeat(len(CUTS))))
    inputs = Inputs(users, np.tile(CUTS, n_users), NAMES, values, sequences_of(x.astype(int), np.tile(CUTS, n_users)))
    return Examples(inputs, outcome, 30)


def sequences_of(n_events, as_of) -> Sequences:
    """So many events in the hundred days before each cut-off."""
    ends = np.cumsum(n_events)
    until, draw = as_of.astype("datetime64[s]").astype(np.int64).repeat(n_events), np.random.default_rng(0)
    times = until - draw.integers(1, 100 * 86_400, len(until))
    order, nothing = np.lexsort((times, np.arange(len(as_of)).repeat(n_events))), np.full(len(times), -1, np.int32)
    values = draw.exponential(5.0, len(times)).astype(np.float32)
    return Sequences(ends - n_events, ends, times[order], np.full(len(times), COMMITMENT, np.int8), nothing, values)


@cache
def crowd() -> Examples:
    return users_of(400)


@cache
def model_of(learner: Learner):
    return learner.fit(crowd())


def changed(examples: Examples, **columns) -> Examples:
    """The same examples with other numbers in some columns; unknown ones are added at the end."""
    inputs = examples.inputs
    names = (*inputs.names, *(name for name in columns if name not in inputs.names))
    values = np.full((len(inputs), len(names)), np.nan)
    values[:, : len(inputs.names)] = inputs.values
    for name, column in columns.items():
        values[:, names.index(name)] = column
    return replace(examples, inputs=replace(inputs, names=names, values=values))


def sound(p, n: int) -> bool:
    return (
        p.shape == (n,) and p.dtype == np.float64 and bool(np.isfinite(p).all() and (p >= 0).all() and (p <= 1).all())
    )


def on_one_thread(learner: Learner) -> Learner:
    """Tests run beside each other: threads that wait for a core of their own would take minutes."""
    return replace(learner, n_threads=1) if hasattr(learner, "n_threads") else learner


needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs the torch extra")
SMALL = {"width": 8, "n_steps": 8, "learning_rate": 0.01, "updates_per_epoch": 16, "most_epochs": 4}
QUICK = AlongConfig(n_first=60, n_more=10, shape=HeartConfig(width=8, n_blocks=1, n_heads=1, dropout=0.1), n_threads=1)
NETWORKS = [
    *(replace(learner, **SMALL) for learner in RECURRENT),
    *(replace(learner, along=QUICK, learner=on_one_thread(learner.learner)) for learner in HEARTS),
]
ALL = [*map(on_one_thread, LEARNERS), *NETWORKS]
pytestmark = pytest.mark.parametrize(
    "learner",
    [pytest.param(each, id=each.name, marks=[needs_torch] if each in NETWORKS else []) for each in ALL],
)


def test_learner_and_model_are_frozen(learner):
    for value in (learner, model_of(learner)):
        field = next(iter(vars(value)))
        with pytest.raises(FrozenInstanceError):
            setattr(value, field, 1)


def test_names_and_places_are_distinct(learner):
    assert [each.name for each in ALL].count(learner.name) == 1
    assert [each.complexity for each in ALL].count(learner.complexity) == 1


def test_beats_the_constant_where_there_is_something_to_learn(learner):
    later = users_of(400, seed=1)
    base = log_loss(later.outcome, np.full(len(later), crowd().outcome.mean()))
    found = log_loss(later.outcome, model_of(learner).predict(later.inputs))
    assert found < base + 0.001 if learner.name == "constant" else found < base - 0.01


def test_one_by_one_as_in_a_crowd(learner):
    inputs = crowd().inputs
    together = model_of(learner).predict(inputs)
    rel = 1e-5 if learner in NETWORKS else 1e-12  # networks count in single precision
    assert sound(together, len(inputs))
    for i in (0, 1, 5, 300):
        alone = model_of(learner).predict(inputs.rows(np.arange(len(inputs)) == i))
        assert alone == pytest.approx(together[i : i + 1], rel=rel)
    assert sound(model_of(learner).predict(inputs.rows(np.zeros(len(inputs), dtype=bool))), 0)


def test_same_examples_same_model(learner):
    again = learner.fit(crowd())
    assert (again.predict(crowd().inputs) == model_of(learner).predict(crowd().inputs)).all()


def test_round_trip_through_arrays(learner):
    arrays = model_of(learner).to_arrays()
    assert all(isinstance(array, np.ndarray) and array.dtype.kind in "fiubU" for array in arrays.values())
    loaded = learner.load(arrays)
    assert (loaded.predict(crowd().inputs) == model_of(learner).predict(crowd().inputs)).all()
    again = loaded.to_arrays()
    assert again.keys() == arrays.keys()
    assert all(again[key].tobytes() == array.tobytes() for key, array in arrays.items())


def test_nothing_known_and_infinite_numbers(learner):
    n = len(crowd())
    odd = np.where(np.arange(n) % 2, np.inf, -np.inf)
    examples = changed(crowd(), value=np.nan, value_30=odd, n_events_30=np.where(np.arange(n) % 3, 1e300, np.nan))
    model = learner.fit(examples)
    assert sound(model.predict(examples.inputs), n)
    unknown = replace(examples.inputs, values=np.full_like(examples.inputs.values, np.nan))
    assert sound(model.predict(unknown), n)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_class_gives_about_the_base_rate(learner, outcome):
    alike = replace(crowd(), outcome=np.full(len(crowd()), outcome))
    p = learner.fit(alike).predict(alike.inputs)
    assert sound(p, len(alike))
    assert np.abs(p - outcome).max() < 0.05
    assert ((p > 0) & (p < 1)).all()  # what never happened yet may


def test_few_users(learner):
    for n_rows in (1, 3, 6):
        few = crowd().rows(np.arange(len(crowd())) >= len(crowd()) - n_rows)
        assert sound(learner.fit(few).predict(crowd().inputs), len(crowd()))


def test_constant_columns(learner):
    same = dict.fromkeys(NAMES, 1.0) | {"x": 2.0, "t_x_days": 20.0, "T_days": 90.0}
    flat = changed(crowd(), **same)
    nothing_done = replace(flat.inputs.sequences, ends=flat.inputs.sequences.starts)
    flat = replace(flat, inputs=replace(flat.inputs, sequences=nothing_done))
    p = learner.fit(flat).predict(flat.inputs)
    assert p == pytest.approx(np.full(len(flat), flat.outcome.mean()), abs=0.02)


def test_columns_that_it_does_not_know_are_not_looked_at(learner):
    more = changed(crowd(), shoe_size=42.0)
    assert (model_of(learner).predict(more.inputs) == model_of(learner).predict(crowd().inputs)).all()


def test_a_missing_column_is_named(learner):
    none = replace(crowd().inputs, names=("shoe_size",), values=np.ones((len(crowd()), 1)))
    if learner.name in {"constant", "heart"}:  # they look at no column
        assert sound(learner.fit(crowd()).predict(none), len(none))
        return
    with pytest.raises(ConfigError, match="there is no column"):
        model_of(learner).predict(none)


def test_nobody_teaches_nothing(learner):
    nobody = crowd().rows(np.zeros(len(crowd()), dtype=bool))
    with pytest.raises(EvidenceError, match=learner.name):
        learner.fit(nobody)
