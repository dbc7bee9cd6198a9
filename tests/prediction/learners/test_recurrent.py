"""The networks see what columns do not: the order and rhythm of events."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from tenure.errors import ConfigError, EvidenceError, MissingExtraError
from tenure.evaluation.forecasts import auc, log_loss
from tenure.events.sequences import Sequences
from tenure.prediction.examples import Examples, Inputs
from tenure.prediction.learners.recurrent import RecurrentLearner

torch = pytest.importorskip("torch", reason="needs the torch extra")
network = pytest.importorskip("tenure.prediction.network")

DAY = 86_400
CUTS = np.array(["2024-03-01", "2024-04-15", "2024-06-01"], dtype="datetime64[us]")
CELLS = ("gru", "lstm")
SMALL = RecurrentLearner(
    width=8, n_steps=12, learning_rate=0.02, memory=10, most_epochs=12, batch_size=32, updates_per_epoch=8
)


@cache
def lives(seed: int = 0, n_users: int = 240) -> Examples:
    """Users of whom half speed up and half slow down: the same pauses in another order, so that counts and means of
    them are all alike. It happens to nine of ten of the former, and one of ten of the latter; the profile is noise.
    """
    draw = np.random.default_rng(seed)
    pauses = np.sort(draw.exponential(3, (n_users, 8)) + 0.1, axis=1)  # from short to long: slows down
    speeds_up = draw.random(n_users) < 0.5
    pauses[speeds_up] = pauses[speeds_up, ::-1]
    # The last event is two days before the cut-off for everybody.
    ago = 2 + np.cumsum(pauses[:, ::-1], axis=1)[:, ::-1] - pauses[:, -1:]
    cut = np.arange(n_users) % len(CUTS)
    until = CUTS.astype("datetime64[s]").astype(np.int64)[cut]
    seconds = (until[:, None] - (ago * DAY).astype(np.int64)).ravel()
    n = len(seconds)
    starts = np.arange(n_users) * 8
    sequences = Sequences(
        starts, starts + 8, seconds, np.full(n, 3, np.int8), np.full(n, -1, np.int32), np.full(n, np.nan, np.float32)
    )
    outcome = (draw.random(n_users) < np.where(speeds_up, 0.9, 0.1)).astype(float)
    users = pa.array([f"u{i}" for i in range(n_users)])
    values = draw.normal(size=(n_users, 3))
    return Examples(Inputs(users, CUTS[cut], ("a", "b", "c"), values, sequences), outcome, 30)


@cache
def model(cell: str):
    return replace(SMALL, cell=cell).fit(lives())


@pytest.mark.parametrize("cell", CELLS)
def test_learns_from_the_order_of_events_alone(cell):
    later = lives(seed=1)
    p = model(cell).predict(later.inputs)
    # The truth has an area of .9; 240 users are known to within a standard error of about .02.
    assert auc(later.outcome, p) > 0.84
    assert log_loss(later.outcome, p) < 0.5


@pytest.mark.parametrize("cell", CELLS)
def test_same_seed_same_model_whoever_else_draws(cell):
    torch.manual_seed(77)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    again = replace(SMALL, cell=cell).fit(lives())
    assert torch.get_num_threads() == threads
    assert (torch.get_rng_state() == state).all()
    for name, weight in model(cell).weights.items():
        np.testing.assert_array_equal(again.weights[name], weight)
    other = replace(SMALL, cell=cell, seed=1).fit(lives())
    assert (other.predict(lives().inputs) != again.predict(lives().inputs)).any()


@pytest.mark.parametrize("cell", CELLS)
def test_arrays_bring_the_same_model_back(cell):
    arrays = model(cell).to_arrays()
    loaded = RecurrentLearner().load(arrays)
    assert (loaded.predict(lives().inputs) == model(cell).predict(lives().inputs)).all()
    again = loaded.to_arrays()
    assert again.keys() == arrays.keys()
    assert all(again[name].tobytes() == array.tobytes() for name, array in arrays.items())


@pytest.mark.parametrize("cell", CELLS)
def test_each_alone_as_in_a_crowd(cell):
    inputs = lives().inputs
    ends = inputs.sequences.ends - np.arange(len(inputs)) % 9  # from no step to eight, so that batches are padded
    inputs = replace(inputs, sequences=replace(inputs.sequences, ends=ends))
    together = model(cell).predict(inputs)
    assert together.dtype == np.float64
    for i in range(10):
        alone = model(cell).predict(inputs.rows(np.arange(len(inputs)) == i))
        assert alone == pytest.approx(together[i : i + 1], rel=1e-5)  # single precision
    assert model(cell).predict(inputs.rows(np.zeros(len(inputs), bool))).shape == (0,)


def test_scoring_in_parts_changes_nothing(monkeypatch):
    whole = model("gru").predict(lives().inputs)
    monkeypatch.setattr("tenure.prediction.learners.recurrent._ROWS_AT_ONCE", 50)
    assert model("gru").predict(lives().inputs) == pytest.approx(whole, rel=1e-5)


def test_stops_where_the_newest_cutoff_is_forecast_best():
    examples, learner = lives(), replace(SMALL, most_epochs=30)
    reading = model("lstm").read(examples.inputs, learner.steps(examples.inputs))
    is_newest = examples.inputs.as_of == CUTS[-1]
    past, newest = np.flatnonzero(~is_newest), np.flatnonzero(is_newest)
    noise = np.random.default_rng(5).integers(0, 2, len(examples)).astype(float)
    found = network.n_epochs(learner, reading, examples.outcome, past, newest)
    assert network.n_epochs(learner, reading, noise, past, newest) < found <= 30


def test_no_row_is_read_again_before_all_others():
    rows = np.array([3, 5, 8, 9, 11])
    draws = network._draws(rows, 3, np.random.default_rng(0))
    read = np.concatenate([next(draws) for _ in range(5)])
    assert [sorted(read[i : i + 5]) for i in (0, 5, 10)] == [rows.tolist()] * 3


def test_learns_as_long_as_it_is_told_where_nothing_can_be_held_out(monkeypatch):
    told = []
    monkeypatch.setattr(network, "learn", lambda learner, reading, y, epochs: told.append(epochs) or {})
    monkeypatch.setattr(network, "n_epochs", lambda *_: 9)
    SMALL.fit(lives())
    SMALL.fit(lives().at(CUTS[0].item()))
    assert told == [9, SMALL.epochs_untested]


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_class_is_the_base_rate(outcome):
    examples = replace(lives(), outcome=np.full(len(lives()), outcome))
    fitted = SMALL.fit(examples)
    share = (len(examples) * outcome + 0.5) / (len(examples) + 1)
    assert set(fitted.predict(examples.inputs)) == {share}
    assert set(SMALL.load(fitted.to_arrays()).predict(examples.inputs)) == {share}


def test_users_of_whom_nothing_is_known():
    inputs = lives().inputs
    sequences = replace(inputs.sequences, ends=inputs.sequences.starts)
    values = np.full_like(inputs.values, np.nan)
    nothing = replace(lives(), inputs=replace(inputs, sequences=sequences, values=values))
    for fitted in (model("gru"), SMALL.fit(nothing)):
        p = fitted.predict(nothing.inputs)
        assert np.isfinite(p).all()
        assert p == pytest.approx(np.full(len(p), p[0]), rel=1e-5)


def test_odd_numbers_are_survived():
    inputs, n = lives().inputs, len(lives().inputs.sequences.values)
    values = np.resize(np.array([np.inf, -np.inf, np.nan, 3e38, 0], np.float32), n)
    odd = replace(inputs, sequences=replace(inputs.sequences, values=values))
    p = SMALL.fit(replace(lives(), inputs=odd)).predict(odd)
    assert np.isfinite(p).all()


def test_no_profile_is_no_obstacle():
    inputs = replace(lives().inputs, names=(), values=np.empty((len(lives()), 0)))
    p = SMALL.fit(replace(lives(), inputs=inputs)).predict(inputs)
    assert auc(lives().outcome, p) > 0.84


def test_what_is_missing_is_said(monkeypatch):
    without = replace(lives(), inputs=replace(lives().inputs, sequences=None))
    with pytest.raises(ConfigError, match=r"gru: expected inputs with the events .* Sequences\.from_table"):
        SMALL.fit(without)
    with pytest.raises(ConfigError, match="expected inputs with the events"):
        model("gru").predict(without.inputs)
    with pytest.raises(EvidenceError, match="at least one example"):
        SMALL.fit(lives().rows(np.zeros(len(lives()), bool)))
    monkeypatch.delitem(sys.modules, "tenure.prediction.network")
    monkeypatch.delattr("tenure.prediction.network")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tenure\[torch\]'"):
        SMALL.fit(lives())
