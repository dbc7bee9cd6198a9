"""Why a forecast is what it is, and what would change it, in sentences.

Rows are mappings as `to_pylist` gives them: of `prediction.explaining.reasons.REASONS` and `whatif.ACTS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.domain import Domain
from tenure.explain.phrases import FeatureWords, feature_phrase, value_phrase
from tenure.prediction.explaining.catalogue import THEMES, Catalogue
from tenure.prediction.explaining.whatif import Answer, WhatIf
from tenure.prediction.tasks import Task
from tenure.wording import article, counted, fixed, is_known, listed, money, number, percent, plural, span

Row = Mapping[str, Any]
Words = Mapping[str, FeatureWords]

LEAST_SHARE = 0.05
"""A theme that moves the forecast by less than this part of what the strongest does is not worth a word."""

BAR_WIDTH = 12
"""Characters on either side of the middle of a bar."""


def words_of(known: Catalogue, domain: Domain) -> dict[str, FeatureWords]:
    """The inputs in the words of a trade: a commitment is a purchase, or a film watched to the end."""
    noun = domain.commitment_noun

    def told(text: str) -> str:
        text = re.sub(r"\ba commitment\b", article(noun), text)
        return re.sub(r"\bcommitment\b", noun, re.sub(r"\bcommitments\b", plural(noun), text))

    return {
        name: FeatureWords(name, entry.theme, told(entry.description), entry.scaling) for name, entry in known.items()
    }


@dataclass(frozen=True)
class TaskWords:
    """How a task is talked about."""

    event: str
    """What is forecast, as a clause: "they do not buy within 90 days"."""
    is_amount: bool
    currency: str

    @classmethod
    def of(cls, task: Task, domain: Domain) -> TaskWords:
        """A task in the words of a trade.

        >>> from tenure.domains.ecommerce import DOMAIN
        >>> from tenure.prediction.tasks import parse_task
        >>> TaskWords.of(parse_task("churn:90d"), DOMAIN).event
        'they do not buy within 90 days'
        """
        days = counted(task.horizon_days, "day")
        verb = domain.commitment_verb if task.of == "commitment" else f"do “{task.of.replace('_', ' ')}”"
        said = {
            "commit": f"they {verb} within {days}",
            "churn": f"they do not {verb} within {days}",
            "value": f"what they bring within {days}",
            "return": f"they come back within {days}",
        }
        return cls(said[task.kind], task.is_amount, domain.currency)

    def forecast(self, value: float | None) -> str:
        """A forecast as people write it."""
        return money(value, self.currency) if self.is_amount else percent(value)

    def effect(self, contribution: float) -> str:
        """What something adds: log-odds, or money."""
        said = money(contribution, self.currency) if self.is_amount else fixed(contribution, 2)
        return f"+{said}" if contribution > 0 else said


def heading(task: TaskWords, forecast: float, usual: float) -> str:
    """What is forecast of the user, beside what is usual?

    >>> heading(TaskWords("they do not buy within 90 days", False, "$"), 0.63, 0.17)
    'The chance that they do not buy within 90 days is 63%; 17% is usual.'
    >>> heading(TaskWords("what they bring within 30 days", True, "$"), 84.0, 51.0)
    'What they bring within 30 days: $84 expected; $51 is usual.'
    """
    said, common = task.forecast(forecast), task.forecast(usual)
    if task.is_amount:
        return f"{task.event[:1].upper()}{task.event[1:]}: {said} expected; {common} is usual."
    return f"The chance that {task.event} is {said}; {common} is usual."


def reason_phrase(row: Row, words: Words, *, currency: str = "") -> str:
    """What does one theme rest on, beside what is usual: for the user themselves where it is silence, else in general?

    >>> told = {"recency_days": FeatureWords("recency_days", "rhythm", "days since the last activity", "log")}
    >>> reason_phrase({"feature": "recency_days", "value": 41.0, "usual": 3.0, "own_usual_days": 12.0}, told)
    'silent for 41 days, against a usual pause of 12 days'
    >>> told = {"n_events_30": FeatureWords("n_events_30", "volume", "activities in the last 30 days", "log")}
    >>> reason_phrase({"feature": "n_events_30", "value": 2.0, "usual": 20.0, "own_usual_days": None}, told)
    '2 activities in the last 30 days (usual: 20)'
    """
    name, value, usual, own = (row[key] for key in ("feature", "value", "usual", "own_usual_days"))
    feature = words[name]
    if name == "overdue_ratio" and is_known(value) and is_known(own):
        return f"silent for {number(value)} times the usual pause of {counted(own, 'day')}"
    if name == "recency_days" and is_known(value) and is_known(own):
        return f"silent for {span(value)}, against a usual pause of {counted(own, 'day')}"
    said = feature_phrase(feature, value, currency=currency)
    if not is_known(usual):
        return said if is_known(value) else feature.description.partition(": ")[0]
    return f"{said} (usual: {_plain(feature, usual, currency)})"


def why_sentences(rows: Iterable[Row], words: Words, task: TaskWords, *, most: int = 3) -> list[str]:
    """What speaks for the event and what against it? A sentence for each direction that anything speaks in.

    Each reason is the loudest input of a theme; the number behind it is that of the whole theme.

    >>> told = {"recency_days": FeatureWords("recency_days", "rhythm", "days since the last activity", "log")}
    >>> row = {"theme": "rhythm", "contribution": 1.2, "feature": "recency_days", "value": 41.0, "usual": 3.0,
    ...        "own_usual_days": 12.0}
    >>> why_sentences([row], told, TaskWords("they do not buy within 90 days", False, "$"))
    ['What makes it more likely: silent for 41 days, against a usual pause of 12 days (rhythm, +1.20).']
    """
    more, less = ("more", "less") if task.is_amount else ("more likely", "less likely")
    ordered = sorted(rows, key=lambda row: -abs(row["contribution"]))
    least = LEAST_SHARE * max((abs(row["contribution"]) for row in ordered), default=0.0)
    said = []
    for lead, sign in ((more, 1), (less, -1)):
        reasons = [row for row in ordered if row["contribution"] * sign > least][:most]
        phrases = [
            f"{reason_phrase(row, words, currency=task.currency)} "
            f"({THEMES[row['theme']]}, {task.effect(row['contribution'])})"
            for row in reasons
        ]
        if phrases:
            said.append(f"What makes it {lead}: {'; '.join(phrases)}.")
    return said


def reason_bars(rows: Sequence[Row], words: Words, task: TaskWords) -> list[dict[str, str]]:
    """The reasons as rows for a terminal: `theme, effect, bar, why`, the strongest first.

    The bar grows to the right from the middle for what adds, to the left for what takes away.
    """
    ordered = sorted(rows, key=lambda row: -abs(row["contribution"]))
    longest = max((abs(row["contribution"]) for row in ordered), default=0.0)
    return [
        {
            "theme": THEMES[row["theme"]],
            "effect": task.effect(row["contribution"]),
            "bar": bar(row["contribution"] / longest) if longest else "",
            "why": reason_phrase(row, words, currency=task.currency),
        }
        for row in ordered
    ]


def bar(share: float, width: int = BAR_WIDTH) -> str:
    """A share between -1 and 1 as a bar around a middle line.

    >>> bar(0.5, 4), bar(-1.0, 4), bar(0.02, 4)
    ('    │██  ', '████│    ', '    │▏   ')
    """
    eighths = max(round(abs(share) * width * 8), 1) if share else 0
    if share < 0:
        # There are no blocks that fill from the right, so the left side has whole characters only, at least one.
        return f"{'█' * max(round(eighths / 8), 1):>{width}}│{'':{width}}"
    part = "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")
    return f"{'':{width}}│{part:{width}}"


def act_sentences(rows: Iterable[Row], task: TaskWords) -> list[str]:
    """What would single acts of the user change? One sentence each.

    >>> act_sentences([{"title": "they buy once more now", "before": 0.63, "after": 0.21, "refusal": None}],
    ...               TaskWords("they do not buy within 90 days", False, "$"))
    ['If they buy once more now: 21% instead of 63%.']
    """
    said = []
    for row in rows:
        if row["after"] is None:
            said.append(f"If {row['title']}: no number, for {row['refusal']}.")
        else:
            said.append(f"If {row['title']}: {_instead(task, row['before'], row['after'])}.")
    return said


def what_if_sentences(found: WhatIf, before: Mapping[str, float], words: Words, task: TaskWords) -> list[str]:
    """What would be forecast if some inputs were otherwise? Both answers, what moved along, and what it does not say.

    `before`: the user's present values of the inputs.
    """
    changes = [
        f"{_named(words[name])} were {_plain(words[name], value, task.currency)} "
        f"instead of {_plain(words[name], before[name], task.currency)}"
        for name, value in found.change.items()
    ]
    said = [f"If {listed(changes)}:"]
    along = _answer(found.along, found.before, task)
    moved = [
        f"{_named(words[name])} from {_plain(words[name], old, task.currency)} "
        f"to {_plain(words[name], new, task.currency)}"
        for name, old, new in found.moved[:3]
        if _plain(words[name], old, task.currency) != _plain(words[name], new, task.currency)
    ]
    along += f" Moves along: {listed(moved)}." if moved and found.along.forecast is not None else ""
    said.append(f"As such users really are: {along}")
    said.append(f"Everything else equal: {_answer(found.alone, found.before, task)}")
    return [*said, found.caveat]


def _answer(answer: Answer, before: float, task: TaskWords) -> str:
    if answer.forecast is None:
        return f"no number, for {answer.refusal}."
    return f"{_instead(task, before, answer.forecast)}."


def _instead(task: TaskWords, before: float, after: float) -> str:
    now, then = task.forecast(before), task.forecast(after)
    return f"still {now}" if now == then else f"{then} instead of {now}"


def _named(feature: FeatureWords) -> str:
    """An input as the subject of a clause.

    >>> _named(FeatureWords("recency_days", "rhythm", "days since the last activity", "log"))
    'the days since the last activity'
    """
    return f"the {feature.description.partition(': ')[0]}"


def _plain(feature: FeatureWords, value: float, currency: str) -> str:
    """A value whose unit has just been named."""
    said = value_phrase(feature, value, currency=currency)
    first = feature.description.split(" ")[0]
    return number(value) if first == "days" and is_known(value) else said
