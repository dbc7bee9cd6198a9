"""Association rules at work: what is often chosen in one session with what the user chose of late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.recommendation.candidates import Arrays, Candidates
from tenure.recommendation.interactions import Floats, Interactions, Ints
from tenure.recommendation.reasons import Words
from tenure.schema import SEPARATOR
from tenure.wording import listed


@dataclass(frozen=True, kw_only=True)
class RulesConfig:
    """When a rule fires."""

    recent_days: int = 28
    """The user committed to the antecedent no longer ago than this."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Rules:
    """What is often chosen together with what the user chose of late?

    Score = confidence of the best rule that fires.
    """

    name: ClassVar[str] = "rules"

    antecedents: Ints
    """[R, 2] item numbers; the same twice where one item is enough. Rules are in order of consequent."""
    consequent: Ints
    """[R]"""
    confidence: Floats
    """[R]"""
    lift: Floats
    """[R]"""
    recent_days: int

    @classmethod
    def fit(cls, interactions: Interactions, rules: pa.Table, config: RulesConfig = RulesConfig()) -> Self:
        """Keep the rules between known items; `rules` is a table of `profiles.rules.RULES`."""
        known = []
        for rule in rules.select(["level", "antecedent", "consequent", "confidence", "lift"]).to_pylist():
            # An id may hold the separator itself: it is one item when there is such an item.
            whole = interactions.items.numbers([rule["antecedent"]])
            parts = whole if whole[0] >= 0 else interactions.items.numbers(rule["antecedent"].split(SEPARATOR))
            (target,) = interactions.items.numbers([rule["consequent"]])
            if rule["level"] == "item" and target >= 0 and len(parts) <= 2 and parts.min() >= 0:
                known.append((parts[0], parts[-1], target, rule["confidence"], rule["lift"]))
        table = np.array(known, dtype=np.float64).reshape(-1, 5)
        table = table[np.lexsort((-table[:, 3], table[:, 2]))]
        return cls(
            antecedents=table[:, :2].astype(np.int64),
            consequent=table[:, 2].astype(np.int64),
            confidence=table[:, 3].astype(np.float32),
            lift=table[:, 4].astype(np.float32),
            recent_days=config.recent_days,
        )

    def candidates(self, histories: Interactions, n: int, *, repeats_allowed: bool = True) -> Candidates:
        """The consequents of the rules that fire, the most confident first."""
        strength = self._fired(histories) * self.confidence
        consequents, starts = np.unique(self.consequent, return_index=True)
        best = np.maximum.reduceat(strength, starts, axis=1) if len(starts) else strength
        user, column = np.nonzero(best)
        item, score = consequents[column], best[user, column]
        if not repeats_allowed:
            rows = histories.rows_of(user, item)
            allowed = (rows < 0) | (np.append(histories.n_commitments, 0)[rows] == 0)
            user, item, score = user[allowed], item[allowed], score[allowed]
        return Candidates.best(user, item, score, n_users=histories.n_users, n=n)

    def reasons(self, histories: Interactions, user: Ints, item: Ints, words: Words) -> list[str]:
        """The rule that fired, with how much more often than by chance it holds."""
        said = []
        for b, target in zip(user.tolist(), item.tolist(), strict=True):
            possible = np.flatnonzero(self.consequent == target)
            fired = possible[self._fired(histories.part(b, b + 1))[0, possible]]
            rule = fired[0]  # the most confident, as the rules of a consequent are in that order
            names = listed(words.title(own) for own in dict.fromkeys(self.antecedents[rule].tolist()))
            said.append(f"Chosen together with {names} {self.lift[rule]:.1f} times as often as chance would have it")
        return said

    def _fired(self, histories: Interactions) -> NDArray[np.bool_]:
        """Whose recent commitments hold all of a rule's antecedent? Shape: [B, R]."""
        is_recent = (histories.n_commitments > 0) & (histories.last_days < self.recent_days)
        things, place = np.unique(self.antecedents, return_inverse=True)
        column = np.searchsorted(things, histories.item)
        is_thing = np.append(things, -1)[column] == histories.item
        holds = np.zeros((histories.n_users, len(things)), dtype=bool)
        holds[histories.user[is_recent & is_thing], column[is_recent & is_thing]] = True
        first, second = place.reshape(self.antecedents.shape).T
        fired: NDArray[np.bool_] = holds[:, first] & holds[:, second]
        return fired

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fitted model as plain arrays."""
        return {
            "antecedents": self.antecedents,
            "consequent": self.consequent,
            "confidence": self.confidence,
            "lift": self.lift,
            "recent_days": np.array(self.recent_days),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of `to_arrays`."""
        plain = {key: arrays[key] for key in ("antecedents", "consequent", "confidence", "lift")}
        return cls(**plain, recent_days=int(arrays["recent_days"]))
