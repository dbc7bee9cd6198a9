"""A heart without PyTorch says what it says with it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tenure.domain import Role
from tenure.errors import MissingExtraError, SourceError
from tenure.events.sequences import Sequences
from tenure.sequence import export, scoring, serving
from tenure.sequence.arrays import to_arrays
from tenure.sequence.blocks import N_GAPS, Nearness
from tenure.sequence.config import HeartConfig
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.learnt import Learnt
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.network import Heart, Shape
from tenure.sequence.objectives import NextKinds, NextTime, heads_of
from tenure.sequence.serving import ServedHeart, gap_bucket
from tenure.sequence.states import Server, best_items, carry, user_states
from tenure.storage.arrays import save_model

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")
# PyTorch's exporter calls what PyTorch has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec:FutureWarning")

N_ITEMS, N_PEOPLE = 40, 2
SMALL = HeartConfig(width=16, n_blocks=1, n_heads=2, window=6, n_recent=4)
OBJECTIVES = (NextTime("step", (0.0, 1.0, 7.0), (0.1, -1.0, -3.0)), NextKinds(("interest", "commitment"), (0.5, -2.0)))
PEOPLE = np.random.default_rng(3).normal(size=(8, N_PEOPLE)).astype(np.float32)
LENGTHS = (5, 0, 60, 1, 9, 14)


def world(lengths, seed=0) -> Sequences:
    """Some events of one second, some a month apart, some without an item, a role or a value."""
    draw = np.random.default_rng(seed)
    n = sum(lengths)
    gaps = np.where(draw.random(n) < 0.3, 0, 10 ** draw.uniform(0, 6.4, n)).astype(np.int64)
    ends = np.cumsum(lengths)
    return Sequences(
        ends - lengths,
        ends,
        1_500_000_000 + np.cumsum(gaps),
        draw.integers(-1, len(Role), n).astype(np.int8),
        draw.integers(-1, N_ITEMS, n).astype(np.int32),
        np.where(draw.random(n) < 0.5, np.nan, draw.lognormal(2, 1, n)).astype(np.float32),
    )


def learnt_of(trunk, tokens, **known) -> Learnt:
    """A heart with weights drawn at random, large enough that everything counts."""
    given = Histories.of(world([20] * 30, seed=1))
    torch.manual_seed(0)
    shape = Shape(replace(SMALL, trunk=trunk), **{"n_features": given.features.shape[1], **known})
    heart = Heart(shape, tokens, heads_of(OBJECTIVES, SMALL.width))
    with torch.no_grad():
        for name, weight in heart.named_parameters():
            if not name.endswith("ages"):
                weight.add_(0.3 * torch.randn_like(weight))
    neighbours = Neighbours.fit(*given.meetings(), N_ITEMS, n_neighbours=8)
    return Learnt(heart.eval(), neighbours, OBJECTIVES, given.normaliser)


def with_content() -> ItemTokens:
    ids = [f"i{i}" for i in range(N_ITEMS)]
    known = ItemTokens.of(ids[:-3], {name: [f"kind={i % 5}", f"maker={i % 3}"] for i, name in enumerate(ids)})
    return known.with_items(ids, {ids[-1]: ["kind=1"]})


HEARTS = {
    "plain": lambda: learnt_of("plain", with_content(), knows_time=True, may_repeat=False, n_people=N_PEOPLE),
    "gated": lambda: learnt_of("gated", ItemTokens.plain(N_ITEMS), knows_time=False, may_repeat=True),
    "hstu": lambda: learnt_of("hstu", ItemTokens.plain(N_ITEMS), knows_time=True, may_repeat=True),
    "bare": lambda: learnt_of("plain", with_content(), knows_time=False, may_repeat=False, n_features=0),
}


@dataclass
class Both:
    learnt: Learnt
    path: Path
    served: ServedHeart
    given: Histories


@pytest.fixture(scope="module", params=HEARTS)
def both(request, tmp_path_factory) -> Both:
    learnt = HEARTS[request.param]()
    path = tmp_path_factory.mktemp("served") / "deeper" / "heart.onnx"
    export.export_onnx(learnt, path)
    served = ServedHeart.load(path, to_arrays(learnt))
    given = Histories.of(world(LENGTHS), served.normaliser, people=PEOPLE[:6, : learnt.heart.shape.n_people])
    if not learnt.heart.shape.n_features:
        given = replace(given, features=given.features[:, :0])
    return Both(learnt, path, served, given)


def test_states_and_heads_are_those_of_the_network(both):
    said = both.served.said(both.given)
    states = user_states(both.learnt, both.given).states
    np.testing.assert_allclose(said.states, states, atol=1e-4)
    with torch.inference_mode():
        heads = {name: head(torch.from_numpy(states)).numpy() for name, head in both.learnt.heart.heads.items()}
    assert list(said.heads) == list(heads)
    assert [objective["kind"] for objective in both.served.objectives] == [o.kind for o in OBJECTIVES]
    for name, told in heads.items():
        np.testing.assert_allclose(said.heads[name], told, atol=1e-4)
    nobody = both.served.said(both.given.rows(np.zeros(0, np.int64)))
    assert nobody.states.shape == (0, SMALL.width)
    assert nobody.heads["time_step"].shape == (0, 3)


def test_scores_and_the_best_items_are_those_of_the_network(both):
    pairs = zip(
        both.served.scores(both.given),
        scoring.scores(both.learnt.heart, both.learnt.neighbours, both.given),
        strict=True,
    )
    for (users, said), (same, told) in pairs:
        np.testing.assert_array_equal(users, same)
        np.testing.assert_allclose(said, told, atol=1e-4)
    best = both.served.best_items(both.given, 5)
    if both.learnt.heart.shape.n_features:
        expected = best_items(carry(Server.of(both.learnt), both.given), 5)
        np.testing.assert_allclose(best.scores, expected.scores, atol=1e-4)
    if not both.learnt.heart.shape.may_repeat:
        for user, items in enumerate(best.items):
            assert not set(items[items >= 0]) & set(both.given.met(np.array([user]))[1])


def test_users_asked_alone_are_told_the_same(both):
    together = both.served.said(both.given)
    for user in range(len(LENGTHS)):
        alone = both.served.said(both.given.rows(np.array([user])))
        np.testing.assert_allclose(alone.states[0], together.states[user], atol=1e-5)


def test_it_is_one_file_and_nothing_is_left_beside_it(both):
    assert [path.name for path in both.path.parent.iterdir()] == ["heart.onnx"]


SERVE = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError("there is no PyTorch here")
sys.meta_path.insert(0, NoTorch())
from pathlib import Path
import numpy as np
from tenure.events.sequences import Sequences
from tenure.sequence.histories import Histories
from tenure.sequence.serving import ServedHeart
from tenure.storage.arrays import load_model
folder = Path(sys.argv[1])
served = ServedHeart.load(folder / "heart.onnx", load_model(folder, "heart"))
asked = np.load(folder / "asked.npz")
names = ("starts", "ends", "seconds", "roles", "items", "values")
given = Histories.of(Sequences(*(asked[name] for name in names)), served.normaliser)
said = served.said(given)
np.savez(folder / "said.npz", states=said.states, best=served.best_items(given, 5).scores, **said.heads)
assert "torch" not in sys.modules
"""


@pytest.mark.parametrize("both", ["hstu"], indirect=True)
def test_it_is_served_where_pytorch_cannot_be_imported(both, tmp_path):
    save_model(tmp_path, "heart", to_arrays(both.learnt))
    (tmp_path / "heart.onnx").write_bytes(both.path.read_bytes())
    asked = world(LENGTHS)
    np.savez(tmp_path / "asked.npz", **{name: getattr(asked, name) for name in vars(asked) if name != "item_ids"})
    subprocess.run([sys.executable, "-c", SERVE, tmp_path], check=True)
    here = both.served.said(both.given)
    with np.load(tmp_path / "said.npz") as there:
        np.testing.assert_allclose(there["states"], here.states, atol=1e-6)
        np.testing.assert_allclose(there["time_step"], here.heads["time_step"], atol=1e-6)
        np.testing.assert_allclose(there["best"], both.served.best_items(both.given, 5).scores, atol=1e-6)


@pytest.mark.parametrize("both", ["hstu"], indirect=True)
def test_a_graph_of_another_heart_and_what_is_no_graph_are_refused(both, tmp_path):
    arrays = to_arrays(both.learnt)
    other = {**arrays, "weight.norm.bias": arrays["weight.norm.bias"] + 1}
    with pytest.raises(SourceError, match="got another"):
        ServedHeart.load(both.path, other)
    with pytest.raises(SourceError, match="not those of a heart"):
        ServedHeart.load(both.path, {**arrays, "heart": np.array("{}")})
    (tmp_path / "heart.onnx").write_bytes(both.path.read_bytes()[:1000])
    for name in ("heart.onnx", "nowhere.onnx"):
        with pytest.raises(SourceError, match="export it again"):
            ServedHeart.load(tmp_path / name, arrays)


def test_a_failed_export_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "heart.onnx"
    path.write_text("as before")

    class Broken:
        def save(self, partial, **_):
            Path(partial).write_text("half")
            raise OSError("the disk is full")

        model = type("Model", (), {"metadata_props": {}})()

    monkeypatch.setattr(torch.onnx, "export", lambda *_, **__: Broken())
    with pytest.raises(OSError, match="disk is full"):
        export.export_onnx(HEARTS["bare"](), path)
    assert path.read_text() == "as before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda _: None)
    monkeypatch.setattr(serving, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"onnx, onnxscript: pip install 'tenure\[onnx-export\]'"):
        export.export_onnx(HEARTS["bare"](), tmp_path / "heart.onnx")
    with pytest.raises(MissingExtraError, match=r"pip install 'tenure\[onnx\]'"):
        ServedHeart.load(tmp_path / "heart.onnx", {})


def test_times_between_steps_fall_into_the_buckets_of_the_network():
    """At every border, of seconds up to a lifetime and beyond, and of times that run backwards."""
    assert serving.N_GAPS == N_GAPS
    borders = 2 ** np.arange(34)[:, None] + np.arange(-2000, 2001)
    passed = np.concatenate([np.arange(-5, 5000), borders.ravel()])
    for some in np.array_split(passed, 50):  # the network reads from a start to all of them
        seconds = torch.from_numpy(np.stack([np.zeros(len(some), np.int64), some], axis=1))
        network = Nearness.of(seconds, 1, knows_time=True).gap[:, 0, 0].numpy()
        np.testing.assert_array_equal(gap_bucket(some), network)
