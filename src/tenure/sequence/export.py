"""A heart as an ONNX file: the reading of steps, the blocks and the heads, for machines without PyTorch.

What the graph is given is in `serving`, which asks it. Shapes: b windows, P positions, position 0 the past.
"""

from __future__ import annotations

import tempfile
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from tenure.errors import MissingExtraError
from tenure.sequence.arrays import to_arrays
from tenure.sequence.blocks import N_GAPS, Nearness, distance_bucket
from tenure.sequence.learnt import Learnt
from tenure.sequence.network import Heart
from tenure.sequence.serving import FINGERPRINT, STATE, fingerprint

_N_DYNAMIC = {"met": 2, "features": 2, "last": 1, "gaps": 3, "people": 1}
"""Of each array that is given: so many of its sizes, from the first on, differ from batch to batch."""


def export_onnx(learnt: Learnt, path: Path) -> None:
    """Write the heart's graph to one file, for any number of windows of any length; beside the target, then renamed.

    Item vectors and neighbours are no part of it: `ServedHeart.load` takes them from the arrays of `to_arrays`.

    Raises:
        MissingExtraError: what writes the format is not installed.
    """
    missing = [name for name in ("onnx", "onnxscript") if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"heart: writing ONNX needs {', '.join(missing)}: pip install 'tenure[onnx-export]'")
    graph = _Graph(deepcopy(learnt.heart).cpu()).eval()
    given = graph.example()
    shapes = {name: dict.fromkeys(range(_N_DYNAMIC[name]), torch.export.Dim.DYNAMIC) for name in given}
    # The fused kernels of attention lay out their answer otherwise than what the exporter puts in their place.
    with sdpa_kernel(SDPBackend.MATH):
        program = torch.onnx.export(
            graph,
            (),
            kwargs=given,
            input_names=list(given),
            output_names=[STATE, *learnt.heart.heads],
            dynamic_shapes=shapes,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None  # noqa: S101  # the exporter that is asked for always gives one
    program.model.metadata_props[FINGERPRINT] = fingerprint(to_arrays(learnt))
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
        partial = Path(scratch) / path.name
        program.save(partial, external_data=False)
        partial.replace(path)


class _Graph(nn.Module):
    """From what the steps hold to the state after the last one, and all that the heads say of it."""

    distances: Tensor

    def __init__(self, heart: Heart) -> None:
        super().__init__()
        self.heart = heart
        # A table, since ONNX has no logarithm of base 2: its quotient of logarithms would miss borders by a hair.
        places = torch.arange(heart.shape.config.window + 1)
        self.register_buffer("distances", distance_bucket(places), persistent=False)

    def example(self) -> dict[str, Tensor]:
        """Something to read, of the right kinds and shapes, by name."""
        shape, b, P = self.heart.shape, 3, 7
        given = {
            "met": torch.zeros(b, P, shape.config.width),
            "last": torch.full((b,), P - 1),
        }
        if shape.n_features:
            given["features"] = torch.zeros(b, P, shape.n_features)
        if shape.knows_time:
            given["gaps"] = torch.full((b, P, P), N_GAPS - 1)
        if shape.n_people:
            given["people"] = torch.zeros(b, shape.n_people)
        return given

    def forward(
        self,
        met: Tensor,
        last: Tensor,
        features: Tensor | None = None,
        gaps: Tensor | None = None,
        people: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """The state [b, D] and what each head says [b, J].

        Args:
            met: mean item vectors of the past and of every step, scaled to the spread of states [b, P, D].
            last: the position that is asked for [b].
            features: of every step; those of the past are ignored [b, P, F].
            gaps: buckets of the time between positions [b, P, P].
            people: attributes of the users [b, U].
        """
        heart = self.heart
        past, step = heart.past + heart.past_items(met[:, :1]), met[:, 1:]
        if heart.read is not None and features is not None:
            step = step + heart.read(features[:, 1:])
        if heart.people is not None and people is not None:
            past = past + heart.people(people)[:, None]
        x = torch.cat([past, step], dim=1)
        place = torch.arange(x.shape[1])
        apart = place[:, None] - place[None]
        near = Nearness(self.distances[apart.clamp_min(0)], apart < 0, gaps)
        for block in heart.blocks:
            x, _ = block(x, near, None)
        state = heart.norm(x)[torch.arange(x.shape[0]), last]
        return state, *(head(state) for head in heart.heads.values())
