"""From histories to slates: sources, fusion, variety, exploration, reasons. Batch and single user take the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.domain import Domain
from tenure.errors import ConfigError, nearest
from tenure.profiles.rules import RULES
from tenure.recommendation.candidates import Source
from tenure.recommendation.catalogue import Catalogue
from tenure.recommendation.ease import Ease, EaseConfig
from tenure.recommendation.explore import ExploreConfig, explore
from tenure.recommendation.fusion import fuse
from tenure.recommendation.interactions import Interactions, Ints
from tenure.recommendation.popular import Popular, PopularConfig
from tenure.recommendation.reasons import Words
from tenure.recommendation.repeats import Repeats, RepeatsConfig
from tenure.recommendation.rerank import rerank
from tenure.recommendation.rules import Rules, RulesConfig
from tenure.recommendation.sequential import Sequential
from tenure.recommendation.slate import Slate

SOURCES: Mapping[str, type[Source]] = {source.name: source for source in (Repeats, Sequential, Ease, Rules, Popular)}
"""Every source by its name."""

USERS_AT_ONCE = 1024
"""Bounds the memory of a batch, however many users there are."""


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How each source is fitted."""

    popular: PopularConfig = field(default_factory=PopularConfig)
    repeats: RepeatsConfig = field(default_factory=RepeatsConfig)
    ease: EaseConfig = field(default_factory=EaseConfig)
    rules: RulesConfig = field(default_factory=RulesConfig)


@dataclass(frozen=True, kw_only=True)
class SlateConfig:
    """How a slate is made from the sources. A strategy is another such value."""

    weights: Mapping[str, float] = field(
        default_factory=lambda: {"repeats": 1.0, "heart": 0.1, "ease": 0.1, "rules": 0.02, "popular": 0.05}
    )
    """A source's say in the fusion; one that is not named has none."""
    rank_constant: float = 5.0
    """k of reciprocal-rank fusion: the smaller, the more the first ranks of a source count."""
    n_candidates: int = 100
    """What each source may propose."""
    length: int = 10
    """Places of the slate."""
    diversity: float = 0.2
    """Share of variety against relevance, 0 = pure relevance."""
    repeats_allowed: bool = True
    """May an item the user already committed to be shown again?"""
    explore: ExploreConfig = field(default_factory=ExploreConfig)

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if name not in SOURCES:
                raise ConfigError(f"SlateConfig.weights: there is no source '{name}'; {nearest(name, SOURCES)}")
            if not weight >= 0:
                raise ConfigError(f"SlateConfig.weights: expected 0 or more for '{name}', got {weight!r}")
        if self.length < 1:
            raise ConfigError(f"SlateConfig.length: expected at least 1 place, got {self.length!r}")

    @classmethod
    def of(cls, domain: Domain) -> Self:
        """The default slate of a domain."""
        return cls(length=domain.slate_length, diversity=domain.diversity, repeats_allowed=domain.repeats_allowed)


@dataclass(frozen=True, eq=False, kw_only=True)
class Recommender:
    """All fitted sources over one catalogue."""

    catalogue: Catalogue
    sources: Mapping[str, Source]
    words: Words

    @classmethod
    def fit(
        cls,
        interactions: Interactions,
        *,
        items: pa.Table | None = None,
        rules: pa.Table | None = None,
        expected: pa.Table | None = None,
        domain: Domain,
        config: FitConfig = FitConfig(),
    ) -> Self:
        """Learn every source from what was known at the interactions' cut-off.

        Args:
            interactions: of all users, before the cut-off.
            items: of `schema.ITEMS`; without it there are no titles, and no variety.
            rules: of `profiles.rules.RULES`, mined before the same cut-off.
            expected: what a sequence model that knew the same time expects of each user; see `Sequential.of`.
            domain: gives the nouns of the reasons.
            config: how each source is fitted.
        """
        catalogue = Catalogue.from_table(interactions.items, items)
        sources: Sequence[Source] = (
            Repeats.fit(interactions, config.repeats),
            *([] if expected is None else [Sequential.of(expected, interactions.items)]),
            Ease.fit(interactions, config.ease),
            Rules.fit(interactions, RULES.empty_table() if rules is None else rules, config.rules),
            Popular.fit(interactions, config.popular),
        )
        words = Words(catalogue.titles, domain.user_noun)
        return cls(catalogue=catalogue, sources={source.name: source for source in sources}, words=words)

    def recommend(self, histories: Interactions, config: SlateConfig, *, seed: int, with_reasons: bool = True) -> Slate:
        """What should each of these users see, and why? One slate per user of `histories`, known or not.

        Reasons cost about half the time; leave them out where nobody reads them.

        Raises:
            ConfigError: the histories number the items otherwise than this recommender.
        """
        known = self.catalogue.items
        if histories.items is not known and not np.array_equal(histories.items.ids, known.ids):
            raise ConfigError(
                f"recommend: expected histories over the recommender's {len(known)} items, got "
                f"{histories.n_items} others; pass items=recommender.catalogue.items to Interactions.from_table"
            )
        starts = range(0, max(histories.n_users, 1), USERS_AT_ONCE)
        parts = [
            self._slate(histories.part(s, min(s + USERS_AT_ONCE, histories.n_users)), config, seed, with_reasons)
            for s in starts
        ]
        return _joined(parts, histories)

    def _slate(self, histories: Interactions, config: SlateConfig, seed: int, with_reasons: bool) -> Slate:
        lists = {
            name: source.candidates(histories, config.n_candidates, repeats_allowed=config.repeats_allowed)
            for name, source in self.sources.items()
            if config.weights.get(name, 0.0) > 0
        }
        fused = fuse(lists, weights=config.weights, constant=config.rank_constant, n_users=histories.n_users)
        pool = slice(0, 3 * config.length)
        best = rerank(
            fused.scores[:, pool],
            self._categories(fused.items[:, pool]),
            config.length,
            diversity=config.diversity,
        )
        best = np.pad(best, ((0, 0), (0, config.length - best.shape[1])), constant_values=-1)
        is_untried = (fused.items >= 0) & (histories.rows_of(np.arange(histories.n_users)[:, None], fused.items) < 0)
        shown = explore(
            best,
            is_untried,
            config.explore,
            seed=seed,
            purpose=histories.as_of.isoformat(),
            users=histories.users.ids.tolist(),
        )
        items = _at(fused.items, shown.columns, -1)
        source = _at(fused.source, shown.columns, -1)
        names = np.array([*lists, ""], dtype=object)
        return Slate(
            as_of=histories.as_of,
            users=histories.users,
            catalogue_items=self.catalogue.items,
            items=items,
            scores=_at(fused.scores, shown.columns, 0),
            source=np.where(shown.is_explored, "explore", names[source]),
            reasons=self._reasons(histories, items, names[source], shown.is_explored)
            if with_reasons
            else np.full(items.shape, "", dtype=object),
            propensity=shown.propensity,
            shortfall=_shortfall(histories, items, config),
        )

    def _categories(self, items: Ints) -> Ints:
        return np.where(items[:, :, None] >= 0, self.catalogue.categories[items], -1)

    def _reasons(
        self, histories: Interactions, items: Ints, source: NDArray[np.object_], is_explored: NDArray[np.bool_]
    ) -> NDArray[np.object_]:
        reasons = np.full(items.shape, "", dtype=object)
        for name, model in self.sources.items():
            user, place = np.nonzero(source == name)
            if len(user):
                reasons[user, place] = model.reasons(histories, user, items[user, place], self.words)
        user, place = np.nonzero(is_explored)
        reasons[user, place] = [f"Something new to try. {reason}" for reason in reasons[user, place]]
        return reasons

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything fitted, as plain arrays under names such as "ease/B"."""
        parts = {"catalogue": self.catalogue.to_arrays()} | {n: s.to_arrays() for n, s in self.sources.items()}
        return {f"{part}/{key}": array for part, arrays in parts.items() for key, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], *, domain: Domain) -> Self:
        """The inverse of `to_arrays`."""

        def part(name: str) -> dict[str, NDArray[Any]]:
            return {key.removeprefix(f"{name}/"): arrays[key] for key in arrays if key.startswith(f"{name}/")}

        catalogue = Catalogue.from_arrays(part("catalogue"))
        sources = {name: source.from_arrays(part(name)) for name, source in SOURCES.items() if part(name)}
        return cls(catalogue=catalogue, sources=sources, words=Words(catalogue.titles, domain.user_noun))


def _at(values: NDArray[Any], columns: Ints, empty: float) -> NDArray[Any]:
    """The candidates' values [B, F] at the chosen columns [B, K], `empty` where a place has none."""
    padded = np.pad(values, ((0, 0), (0, 1)), constant_values=empty)  # column -1 reads the padding
    return np.take_along_axis(padded, np.where(columns < 0, values.shape[1], columns), axis=1)


def _shortfall(histories: Interactions, items: Ints, config: SlateConfig) -> NDArray[np.object_]:
    """Why does a slate have empty places? "" where it has none. Shape: [B]."""
    n_committed = np.bincount(histories.user[histories.n_commitments > 0], minlength=histories.n_users)
    said = np.full(histories.n_users, "", dtype=object)
    for user, n in enumerate((items >= 0).sum(axis=1).tolist()):
        if n < config.length:
            held_back = (
                f"; {n_committed[user]} were chosen before and may not return"
                if n_committed[user] and not config.repeats_allowed
                else ""
            )
            said[user] = f"{n} of {config.length} places filled: no source knows another item for this user{held_back}"
    return said


def _joined(parts: Sequence[Slate], histories: Interactions) -> Slate:
    """The slates of consecutive groups of users as one."""

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    names = ("items", "scores", "source", "reasons", "propensity", "shortfall")
    return Slate(
        as_of=histories.as_of,
        users=histories.users,
        catalogue_items=histories.items,
        **{name: column(name) for name in names},
    )
