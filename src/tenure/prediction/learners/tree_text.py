"""LightGBM's text of its trees, checked to the last number before LightGBM reads it.

Its own reader trusts what it is given: a damaged number ends the whole process, and a branch that leads back to itself
never ends. So every line must be one that is expected here, or the text is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from tenure.errors import SourceError

_END = "end of trees"
_TREE = re.compile(r"(?m)^(?=Tree=\d+$)")

_INTEGER, _FLOAT = r"-?\d{1,10}", r"-?\d{1,20}(?:\.\d{1,25})?(?:e[-+]\d{1,3})?"
_HEADER = {
    "version": "v4",
    "num_class": "1",
    "num_tree_per_iteration": "1",
    "label_index": "0",
    "max_feature_idx": _INTEGER,
    "objective": "binary sigmoid:1|regression|poisson|gamma|tweedie",
    "feature_names": r"Column_\d+(?: Column_\d+)*",
    "feature_infos": rf"(?:none|\[{_FLOAT}:{_FLOAT}\])(?: (?:none|\[{_FLOAT}:{_FLOAT}\]))*",
    "tree_sizes": r"\d+(?: \d+)*",
}
"""The lines of the header, in their order."""
_OF_TREE = {"Tree": _INTEGER, "num_leaves": _INTEGER, "num_cat": "0", "is_linear": "0", "shrinkage": _FLOAT}
_OF_SPLITS = {
    "split_feature": _INTEGER, "split_gain": _FLOAT, "decision_type": _INTEGER,
    "threshold": rf"inf|{_FLOAT}",  # inf: whatever is known against what is not
    "left_child": _INTEGER, "right_child": _INTEGER, "internal_value": _FLOAT, "internal_weight": _FLOAT,
    "internal_count": _INTEGER,
}  # fmt: skip
_OF_LEAVES = {"leaf_value": _FLOAT, "leaf_weight": _FLOAT, "leaf_count": _INTEGER}


def text_of(booster: lgb.Booster) -> str:
    """The trees alone, without the settings of the machine that grew them, which do not touch what they say."""
    return booster.model_to_string().partition(_END)[0] + f"{_END}\n"


def booster_of(text: str, n_columns: int) -> lgb.Booster:
    """The trees that `text_of` wrote, for inputs of so many columns.

    Raises:
        SourceError: the text is cut short, is no trees of this kind, or holds a branch that leads nowhere.
    """
    body, end, rest = text.partition(_END)
    _expect(end + rest == f"{_END}\n", f"the text to close with '{_END}'; it may be cut short")
    head, *trees = _TREE.split(body)
    title, _, lines = head.partition("\n")
    header = _fields(lines, _HEADER)
    _expect(title == "tree" and list(header) == list(_HEADER), f"a header of {', '.join(_HEADER)}")
    _expect(header["max_feature_idx"] == str(n_columns - 1), f"trees over {n_columns} columns")
    _expect(all(len(header[key].split()) == n_columns for key in ("feature_names", "feature_infos")), "every column")
    _expect(header["tree_sizes"].split() == [str(len(tree)) for tree in trees], "trees of the sizes that are named")
    for tree in trees:
        _check_tree(tree, n_columns)
    return lgb.Booster(model_str=text)


def averaged(boosters: Sequence[lgb.Booster]) -> lgb.Booster:
    """One booster that says the mean of what these say, in log-odds: all their trees, each leaf worth its share."""
    texts = [text_of(booster) for booster in boosters]
    grown = [tree for text in texts for tree in _TREE.split(text.partition(_END)[0])[1:]]
    trees = [_scaled(tree, i, 1 / len(boosters)) for i, tree in enumerate(grown)]
    head = _TREE.split(texts[0])[0]
    sizes = " ".join(str(len(tree)) for tree in trees)
    head = re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes}", head)
    return lgb.Booster(model_str=f"{head}{''.join(trees)}{_END}\n")


def _scaled(tree: str, number: int, factor: float) -> str:
    def line(found: re.Match[str]) -> str:
        values = (f"{factor * float(word):.17g}" for word in found[2].split())
        return f"{found[1]}={' '.join(values)}"

    tree = re.sub(r"(?m)^(leaf_value|internal_value)=(.*)$", line, tree)
    return re.sub(r"\ATree=\d+", f"Tree={number}", tree)


def _check_tree(text: str, n_columns: int) -> None:
    """Every split looks at a column that exists, and from the first one each other and each leaf is reached once."""
    tree = _fields(text, _OF_TREE | dict.fromkeys((*_OF_SPLITS, *_OF_LEAVES), ".*"))
    _expect(set(tree) == {*_OF_TREE, *_OF_SPLITS, *_OF_LEAVES}, "trees with every line")
    n_leaves = int(tree["num_leaves"])
    n_splits = n_leaves - 1
    # A tree without any split leaves out what it would say of its leaf but the value.
    lengths = {"leaf_weight": n_leaves, "leaf_count": n_leaves} if n_splits else {"leaf_weight": 0, "leaf_count": 1}
    leaves = {key: _numbers(tree, key, kind, lengths.get(key, n_leaves)) for key, kind in _OF_LEAVES.items()}
    splits = {key: _numbers(tree, key, kind, n_splits) for key, kind in _OF_SPLITS.items()}
    _expect(n_leaves >= 1 and len(leaves["leaf_value"]) == n_leaves, "one value per leaf")
    column = splits["split_feature"]
    _expect(bool(((column >= 0) & (column < n_columns)).all()), f"splits on columns 0 to {n_columns - 1}")
    children = np.concatenate([splits["left_child"], splits["right_child"]])
    to_leaf = children < 0
    _expect(bool((children > np.tile(np.arange(n_splits), 2))[~to_leaf].all()), "branches that lead onwards")
    reached = np.sort(np.where(to_leaf, n_leaves - 2 - children, children))  # splits 1 and on, then the leaves
    _expect(np.array_equal(reached, np.arange(1, n_splits + n_leaves)) or not n_splits, "each leaf to be reached once")


def _fields(text: str, kinds: Mapping[str, str]) -> dict[str, str]:
    lines = [line for line in text.split("\n") if line]
    pairs = [line.partition("=") for line in lines]
    fields = {key: value for key, _, value in pairs}
    _expect(len(fields) == len(lines), "each line once")
    for key, value in fields.items():
        _expect(key in kinds and re.fullmatch(kinds[key], value) is not None, f"no '{key[:40]}={value[:40]}'")
    return fields


def _numbers(tree: Mapping[str, str], key: str, kind: str, n: int) -> NDArray[np.float64]:
    words = tree[key].split(" ") if tree[key] else []
    _expect(len(words) == n and all(re.fullmatch(kind, word) for word in words), f"{n} numbers for {key}")
    return np.array(words, dtype=np.float64)


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise SourceError(f"The text of the trees is damaged: expected {what}. Train the model again")
