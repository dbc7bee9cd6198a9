"""Association rules: what goes into the same basket more often than chance would put it there.

Frequent sets come from FP-growth (mlxtend); rules, guards and pruning are counted here.
Source: Agrawal and Srikant 1994 (support, confidence); Han, Pei and Yin 2000 (FP-growth); Bayardo and Agrawal 1999
(a longer rule must improve on its shorter parents).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse, stats

from tenure.errors import ConfigError
from tenure.profiles.baskets import Level
from tenure.schema import SEPARATOR

RULES = pa.schema(
    [
        pa.field("level", pa.string(), nullable=False),
        pa.field("antecedent", pa.string(), nullable=False),  # one thing, or two joined by SEPARATOR
        pa.field("consequent", pa.string(), nullable=False),
        pa.field("support", pa.float64(), nullable=False),  # share of baskets that hold antecedent and consequent
        pa.field("confidence", pa.float64(), nullable=False),  # share of the baskets with the antecedent
        pa.field("lift", pa.float64(), nullable=False),  # confidence / share of all baskets with the consequent
        pa.field("leverage", pa.float64(), nullable=False),  # support - the support expected by chance
        pa.field("n_baskets", pa.int64(), nullable=False),  # baskets that hold both
    ]
)
"""One row per rule, the strongest association first."""


@dataclass(frozen=True, kw_only=True)
class RulesConfig:
    """Which rules are worth showing."""

    min_support: float
    """Smallest share of baskets that hold antecedent and consequent together."""
    min_baskets: int = 20
    """Smallest number of such baskets, whatever the share: fewer are an anecdote."""
    min_confidence: float = 0.1
    """Smallest share of the antecedent's baskets that hold the consequent."""
    min_lift: float = 1.2
    """How many times more often than by chance."""
    min_improvement: float = 0.02
    """A rule of two things must be more confident than each of its parents of one thing by more than this."""
    alpha: float = 0.01
    """Chance, over all rules together, of letting one through that is mere coincidence (Bonferroni, Fisher's test)."""
    max_antecedent: int = 2
    """1 = "A, then B" only; 2 = "A and B, then C" too."""
    max_rules: int = 500
    """The best so many are kept."""

    def __post_init__(self) -> None:
        if not 0 < self.min_support <= 1:
            raise ConfigError(f"RulesConfig.min_support: expected a share in (0, 1], got {self.min_support!r}")
        if self.max_antecedent not in {1, 2}:
            raise ConfigError(f"RulesConfig.max_antecedent: expected 1 or 2, got {self.max_antecedent!r}")


DEFAULTS: Mapping[Level, RulesConfig] = {
    "item": RulesConfig(min_support=0.001),
    "category": RulesConfig(min_support=0.02),
}
"""There are few categories and many items, so an item is rarer than its category."""


def mine(baskets: pa.Table, *, level: Level, config: RulesConfig | None = None) -> pa.Table:
    """Which things call for which other thing? A table of RULES, the strongest association first.

    Strength is the correlation between having the antecedent and having the consequent (phi): unlike lift it is not led
    by rare things, unlike leverage not by common ones. Of the two directions of a pair the more confident comes first.

    Args:
        baskets: columns `basket, thing`, each pair once.
        level: what the things are; copied into the result, and chooses the default thresholds (`DEFAULTS`).
        config: other thresholds.

    >>> rows = [(b, t) for b in range(60) for t in ("ink", "paper")] + [(b, "tea") for b in range(60, 120)]
    >>> table = pa.table({"basket": [str(b) for b, _ in rows], "thing": [t for _, t in rows]})
    >>> rules = mine(table, level="item")
    >>> rules.select(["antecedent", "consequent", "confidence", "lift"]).to_pylist()[0]
    {'antecedent': 'ink', 'consequent': 'paper', 'confidence': 1.0, 'lift': 2.0}
    """
    config = config or DEFAULTS[level]
    n_baskets = pc.count_distinct(baskets["basket"]).as_py()
    min_count = max(int(np.ceil(config.min_support * n_baskets)), config.min_baskets)
    names, matrix = _frequent(baskets, min_count)
    singles = np.asarray(matrix.sum(axis=0)).ravel().astype(np.int64)
    rules = _rules(singles, _frequent_sets(matrix, min_count, config.max_antecedent + 1), n_baskets)
    rules = rules.keep(_worthy(rules, config))
    order = np.lexsort((rules.consequent, rules.second, rules.first, -rules.confidence, -rules.phi))
    rules = rules.keep(order[: config.max_rules])
    return pa.table(
        {
            "level": pa.array([level] * len(rules.both), pa.string()),
            "antecedent": pa.array(
                [
                    names[a] if a == b else f"{names[a]}{SEPARATOR}{names[b]}"
                    for a, b in zip(rules.first, rules.second, strict=True)
                ],
                pa.string(),
            ),
            "consequent": pa.array([names[c] for c in rules.consequent], pa.string()),
            "support": rules.support,
            "confidence": rules.confidence,
            "lift": rules.lift,
            "leverage": rules.leverage,
            "n_baskets": rules.both,
        },
        schema=RULES,
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """Rules as arrays [R] of thing numbers and counts; `second` = `first` where the antecedent is one thing."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    consequent: NDArray[np.int64]
    n_antecedent: NDArray[np.int64]
    n_consequent: NDArray[np.int64]
    both: NDArray[np.int64]
    parent_confidence: NDArray[np.float64]
    """The higher confidence of the two shorter rules with the same consequent; 0 where there is none."""
    n_baskets: int

    @property
    def support(self) -> NDArray[np.float64]:
        return self.both / self.n_baskets

    @property
    def confidence(self) -> NDArray[np.float64]:
        return self.both / self.n_antecedent

    @property
    def lift(self) -> NDArray[np.float64]:
        return self.confidence * self.n_baskets / self.n_consequent

    @property
    def phi(self) -> NDArray[np.float64]:
        p, q = self.n_antecedent / self.n_baskets, self.n_consequent / self.n_baskets
        spread = (p * (1 - p)) * (q * (1 - q))
        # A thing in every basket goes with everything: no association.
        return np.divide(self.leverage, np.sqrt(spread), out=np.zeros_like(spread), where=spread > 0)

    @property
    def leverage(self) -> NDArray[np.float64]:
        return self.support - self.n_antecedent * self.n_consequent / self.n_baskets**2

    def keep(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> _Rules:
        """The rules at these rows, in this order."""
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "n_baskets"}
        return _Rules(**columns, n_baskets=self.n_baskets)


def _frequent(baskets: pa.Table, min_count: int) -> tuple[list[str], sparse.csr_matrix]:
    """The things in at least `min_count` baskets, by name, and who holds what: bool [baskets, things]."""
    basket = pc.dictionary_encode(baskets["basket"]).combine_chunks()
    thing = pc.dictionary_encode(baskets["thing"]).combine_chunks()
    rows, columns = basket.indices.to_numpy(), thing.indices.to_numpy()
    names = np.asarray(thing.dictionary.to_pylist(), dtype=object)
    is_frequent = np.bincount(columns, minlength=len(names)) >= min_count
    order = np.argsort(names, kind="stable")  # numbers by name, so that the order of rows cannot change a result
    order = order[is_frequent[order]]
    number = np.full(len(names), -1)
    number[order] = np.arange(len(order))
    kept = number[columns] >= 0
    shape = (len(basket.dictionary), len(order))
    matrix = sparse.csr_matrix((np.ones(kept.sum(), dtype=bool), (rows[kept], number[columns[kept]])), shape=shape)
    return list(names[order]), matrix


def _frequent_sets(matrix: sparse.csr_matrix, min_count: int, max_size: int) -> dict[tuple[int, ...], int]:
    """The sets of two or three things that share at least `min_count` baskets, and in how many they do."""
    import pandas as pd
    from mlxtend.frequent_patterns import fpgrowth

    # FP-growth makes its input dense and inserts basket by basket: leave it only things that form a frequent pair.
    counts = matrix.astype(np.int32)
    together = (counts.T @ counts).tocoo()
    is_paired = (together.row != together.col) & (together.data >= min_count)
    paired = np.unique(together.row[is_paired])
    if not len(paired):
        return {}
    shared = matrix[:, paired]
    frame = pd.DataFrame.sparse.from_spmatrix(shared[np.diff(shared.indptr) >= 2])
    # Half a basket less, so that rounding cannot lose a set that lies on the threshold.
    found = fpgrowth(frame, min_support=(min_count - 0.5) / len(frame), max_len=max_size)
    n_each = np.rint(found["support"].to_numpy() * len(frame)).astype(np.int64).tolist()
    sets = (tuple(sorted(paired[list(things)].tolist())) for things in found["itemsets"])
    return {things: n for things, n in zip(sets, n_each, strict=True) if len(things) > 1}


def _rules(singles: NDArray[np.int64], sets: Mapping[tuple[int, ...], int], n_baskets: int) -> _Rules:
    """Every rule with one consequent that the frequent sets hold, without judging it."""
    n_of = {(thing,): n for thing, n in enumerate(singles.tolist())} | dict(sets)
    rows = []
    for things, both in sets.items():
        for consequent in things:
            rest = tuple(thing for thing in things if thing != consequent)
            parents = [n_of[tuple(sorted((a, consequent)))] / n_of[(a,)] for a in rest] if len(rest) > 1 else [0.0]
            rows.append((rest[0], rest[-1], consequent, n_of[rest], n_of[(consequent,)], both, max(parents)))
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    first, second, consequent, n_antecedent, n_consequent, both = table[:, :6].T.astype(np.int64)
    return _Rules(first, second, consequent, n_antecedent, n_consequent, both, table[:, 6], n_baskets)


def _worthy(rules: _Rules, config: RulesConfig) -> NDArray[np.bool_]:
    """Which rules are strong enough, beyond chance, and no mere repetition of a shorter one? Shape: [R]."""
    # One-sided Fisher test: as many common baskets or more, if antecedent and consequent were strangers.
    p_chance = stats.hypergeom.sf(rules.both - 1, rules.n_baskets, rules.n_antecedent, rules.n_consequent)
    is_worthy: NDArray[np.bool_] = (
        (rules.confidence >= config.min_confidence)
        & (rules.lift >= config.min_lift)
        & (p_chance * len(rules.both) <= config.alpha)
        & ((rules.second == rules.first) | (rules.confidence > rules.parent_confidence + config.min_improvement))
    )
    return is_worthy
