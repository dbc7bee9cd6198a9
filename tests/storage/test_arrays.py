"""A model comes back from disk as it went."""

from __future__ import annotations

import numpy as np
import pytest

from tenure.errors import SourceError
from tenure.storage.arrays import load_model, save_model

ARRAYS = {
    "text": np.array(["a", "日本", ""]),
    "grid": np.array([["a", "bb"], ["c", "d"]]),
    "no_text": np.array([], dtype="<U3"),
    "word": np.array("hi"),
    "number": np.array(7),
    "yes_no": np.array([True, False]),
    "numbers": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "empty": np.zeros((0, 3)),
}


def test_round_trip(tmp_path):
    save_model(tmp_path, "m", ARRAYS, {"penalty": 3})
    back = load_model(tmp_path, "m")
    assert back.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert back[name].dtype == array.dtype
        assert back[name].shape == array.shape
        assert (back[name] == array).all()


@pytest.mark.parametrize("damage", [lambda raw: raw[:-5], lambda _: b"\x80\x04junk", lambda _: b""])
def test_a_damaged_file_is_refused(tmp_path, damage):
    save_model(tmp_path, "m", ARRAYS)
    path = tmp_path / "m.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SourceError, match="damaged"):
        load_model(tmp_path, "m")


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(SourceError, match="no model 'm'"):
        load_model(tmp_path, "m")
