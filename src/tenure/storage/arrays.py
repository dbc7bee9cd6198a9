"""Fitted models on disk: arrays as safetensors, configuration as JSON. Loading gives arrays and never runs code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tenure.errors import SourceError

Arrays = Mapping[str, NDArray[Any]]


def save_model(folder: Path, name: str, arrays: Arrays, config: Mapping[str, Any] | None = None) -> None:
    """Write `name.safetensors` and `name.json`. Texts are kept as arrays of code points, since safetensors has none."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {key: {"type": a.dtype.str, "shape": a.shape} for key, a in arrays.items() if a.dtype.kind == "U"}
    plain = {
        key: np.frombuffer(array.tobytes(), np.uint32) if key in texts else np.asarray(array, order="C")
        for key, array in arrays.items()
    }
    save_file(plain, folder / f"{name}.safetensors")
    sheet = {"model": name, "config": dict(config or {}), "texts": texts}
    (folder / f"{name}.json").write_text(json.dumps(sheet, indent=2, default=str), encoding="utf-8")


def load_model(folder: Path, name: str) -> dict[str, NDArray[Any]]:
    """The arrays that `save_model` wrote.

    Raises:
        SourceError: there is no such model, or its file is damaged.
    """
    path = folder / f"{name}.safetensors"
    try:
        sheet = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        arrays = load_file(path)
    except FileNotFoundError as error:
        raise SourceError(f"There is no model '{name}' in {folder}; run `tenure run` again") from error
    except (SafetensorError, ValueError) as error:
        raise SourceError(f"{path}: the model file is damaged ({error}); run `tenure run` again") from error
    for key, text in sheet["texts"].items():
        arrays[key] = np.frombuffer(arrays[key].tobytes(), text["type"]).reshape(text["shape"])
    return arrays
