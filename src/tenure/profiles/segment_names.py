"""Names and descriptions of segments, from what sets them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tenure.domain import Domain
from tenure.profiles.contrast import Contrast
from tenure.wording import money, number, percent, plural

CLEAR = 0.4
"""A trait is clear when the mean of the segment lies this many standard deviations from that of everybody."""
MOST_WORDS = 3
MOST_FACTS = 4

Unit = Literal["number", "share", "money", "trend"]


@dataclass(frozen=True, slots=True)
class Trait:
    """What to call users who have much, or little, of one feature, and how to state it."""

    feature: str
    kind: str
    """A name has at most one word of each kind; kinds stand in a name in the order of TRAITS."""
    much: str
    little: str
    """Empty = not worth a word. Words that start with "with" follow the noun."""
    fact: str
    """A phrase with the number {n}."""
    unit: Unit = "number"


TRAITS = (
    Trait("recency_days", "time", "lapsed", "active", "last active {n} days ago"),
    Trait("tenure_days", "time", "long-standing", "new", "first active {n} days ago"),
    Trait("event_trend_90", "time", "growing", "fading", "trend of activity {n}", "trend"),
    Trait("n_active_days_90", "pace", "frequent", "occasional", "{n} active days in 90"),
    Trait("gap_median_days", "pace", "occasional", "frequent", "{n} days between active days"),
    Trait("value_90", "worth", "high-value", "low-value", "{n} in 90 days", "money"),
    Trait("value", "worth", "high-value", "low-value", "{n} so far", "money"),
    Trait("repeat_share", "loyalty", "loyal", "exploring", "{n} of {commitments} repeat an earlier one", "share"),
    Trait("n_categories", "range", "wide-ranging", "narrow", "{n} different categories"),
    Trait("top_category_share", "range", "narrow", "wide-ranging", "{n} in the favourite category", "share"),
    Trait("discount_share", "price", "bargain-hunting", "full-price", "{n} saved by discounts", "share"),
    Trait("weekend_share", "habit", "weekend", "weekday", "{n} of activity at the weekend", "share"),
    Trait("morning_share", "habit", "morning", "", "{n} of activity in the morning", "share"),
    Trait("evening_share", "habit", "evening", "", "{n} of activity in the evening", "share"),
    Trait("night_share", "habit", "night", "", "{n} of activity at night", "share"),
    Trait(
        "value_per_occasion", "size", "with large {commitments}", "with small {commitments}", "{n} at a time", "money"
    ),
    Trait(
        "commitments_per_occasion",
        "size",
        "with many {items} at a time",
        "with few {items} at a time",
        "{n} {items} at a time",
    ),
    Trait("events_per_session", "size", "with long sessions", "with short sessions", "{n} activities per session"),
)
"""What a name can say, and what a description can state. Features that a log does not fill are passed over."""

_TRAIT_OF = {trait.feature: trait for trait in TRAITS}
_PLACE_OF = {trait.kind: place for place, trait in reversed(list(enumerate(TRAITS)))}


def names(contrast: Contrast, domain: Domain) -> list[str]:
    """What to call each of K segments? The few words that set it apart, no two names alike.

    A segment without a clear trait is "typical". When two would be called the same, the later gets one more word,
    for the trait in which the two differ most; a number only where there is none.
    """
    if len(contrast.z) == 1:
        return [f"All {plural(domain.user_noun)}"]
    contrast = contrast.only(_TRAIT_OF)
    traits = [_TRAIT_OF[feature] for feature in contrast.features]
    found: list[str] = []
    for z, mean in zip(contrast.z, contrast.mean, strict=True):
        words = _words(traits, z, mean, least=CLEAR)[:MOST_WORDS]
        name = _phrase(words, domain)
        if name in found:
            taken = {trait.kind for trait, _ in words}
            difference = _words(traits, z - contrast.z[found.index(name)], mean, least=0.0)
            words += [(trait, word) for trait, word in difference if trait.kind not in taken][:1]
            name = _phrase(words, domain)
        plain, n = name, 2
        while name in found:
            name, n = f"{plain} ({n})", n + 1
        found.append(name)
    return found


def descriptions(contrast: Contrast, shares: Sequence[float], domain: Domain) -> list[str]:
    """What sets each of K segments apart, in a sentence with its numbers? `shares`: of all users."""
    contrast = contrast.only(_TRAIT_OF)
    traits = [_TRAIT_OF[feature] for feature in contrast.features]
    sentences = []
    for z, mean, share in zip(contrast.z, contrast.mean, shares, strict=True):
        stated = [i for i in _one_of_each_kind(traits, z) if not np.isnan(mean[i])][:MOST_FACTS]
        facts = [_fact(traits[i], float(mean[i]), float(contrast.mean_all[i]), domain) for i in stated]
        who = f"{percent(share)} of all {plural(domain.user_noun)}"
        sentences.append(f"{who}: {'; '.join(facts)}." if facts else f"{who}.")
    return sentences


def _one_of_each_kind(traits: Sequence[Trait], strength: NDArray[np.float64]) -> list[int]:
    """The strongest trait of each kind, by number; the strongest first."""
    best: dict[str, int] = {}
    for i in np.argsort(-np.abs(strength), kind="stable").tolist():
        best.setdefault(traits[i].kind, i)
    return list(best.values())


def _words(
    traits: Sequence[Trait], z: NDArray[np.float64], mean: NDArray[np.float64], *, least: float
) -> list[tuple[Trait, str]]:
    """The strongest traits, one of each kind, with the word for each, where there is one."""
    words = [_word(trait, *pair) for trait, *pair in zip(traits, z.tolist(), mean.tolist(), strict=True)]
    strength = np.array([abs(v) if word else 0.0 for v, word in zip(z, words, strict=True)])
    return [(traits[i], words[i]) for i in _one_of_each_kind(traits, strength) if strength[i] > least]


def _word(trait: Trait, z: float, mean: float) -> str:
    if trait.unit == "trend" and not z * mean > 0:
        return ""  # who shrinks less than others does not grow
    return trait.much if z > 0 else trait.little


def _phrase(words: Sequence[tuple[Trait, str]], domain: Domain) -> str:
    ordered = [word for _, word in sorted(words, key=lambda pair: _PLACE_OF[pair[0].kind])]
    before = [word for word in ordered if not word.startswith("with ")]
    after = [word.format(**_nouns(domain)) for word in ordered if word.startswith("with ")]
    phrase = " ".join([*(before if ordered else ["typical"]), plural(domain.user_noun), *after])
    return phrase[:1].upper() + phrase[1:]


def _fact(trait: Trait, mean: float, usual: float, domain: Domain) -> str:
    """A number of the segment beside that of everybody."""
    fact = trait.fact.format(n=_stated(mean, trait.unit, domain), **_nouns(domain))
    if trait.unit in {"number", "money"} and mean > 1.5 * usual > 0:
        return f"{fact} ({number(mean / usual)} times the average)"
    return f"{fact} (average {_stated(usual, trait.unit, domain)})"


def _nouns(domain: Domain) -> dict[str, str]:
    return {"commitments": plural(domain.commitment_noun), "items": plural(domain.item_noun)}


def _stated(value: float, unit: Unit, domain: Domain) -> str:
    if unit == "share":
        return percent(value)
    if unit == "money":
        return money(value, domain.currency)
    return f"{value:+.1f}" if unit == "trend" else number(value)
