"""The strategies: what can be done for a user, for whom it is meant, what it costs, what it is assumed to achieve.

**The effects are assumptions**, chosen modest and in a plausible order. They decide who is worth the cost, nothing
else, until the control group has measured them (compare `is_selected` with `is_control` in the plan, by strategy).

A strategy without cost only changes what the recommender shows; the others also send a message or give a discount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tenure.errors import ConfigError
from tenure.lifecycle.stages import Stage
from tenure.recommendation.recommender import SlateConfig
from tenure.wording import listed, percent


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """One way to treat a user."""

    name: str
    title: str
    aim: str
    """What it is for, in one sentence."""
    stages: frozenset[Stage]
    """Only users in these stages are considered."""
    lowest_risk: float = 0.0
    """Only users with at least this P(churn) are considered ..."""
    highest_risk: float = 1.0
    """... and at most this."""
    emphasis: Mapping[str, float] = field(default_factory=dict)
    """Source of recommendations -> factor on its weight; sources not named keep theirs."""
    diversity: float = 0.0
    """Added to the domain's share of variety in re-ranking."""
    cost_per_contact: float = 0.0
    """Cost of the message, in the currency of the domain; 0 = no message is sent."""
    discount: float = 0.0
    """Share of the price that is given up if the user commits; counts as a cost whether or not it was needed."""
    assumed_saving: float = 0.0
    """ASSUMPTION: share of the stake that is saved."""
    assumed_growth: float = 0.0
    """ASSUMPTION: share of the expected value that is added."""

    def __post_init__(self) -> None:
        for name in ("lowest_risk", "highest_risk", "discount", "assumed_saving", "assumed_growth"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    f"Strategy '{self.name}'.{name}: expected a share between 0 and 1, got {getattr(self, name)}"
                )
        if not self.cost_per_contact >= 0:
            raise ConfigError(
                f"Strategy '{self.name}'.cost_per_contact: expected 0 or more, got {self.cost_per_contact}"
            )

    def slate(self, usual: SlateConfig) -> SlateConfig:
        """How are slates made under this strategy, given how they are usually made?

        >>> usual = SlateConfig(weights={"repeats": 1.0, "popular": 0.1}, diversity=0.2)
        >>> varied = CATALOGUE["explore"].slate(usual)
        >>> varied.weights, varied.diversity
        ({'repeats': 0.3, 'popular': 0.1}, 0.4)
        """
        weights = {source: weight * self.emphasis.get(source, 1.0) for source, weight in usual.weights.items()}
        return replace(usual, weights=weights, diversity=min(max(usual.diversity + self.diversity, 0.0), 1.0))

    @property
    def rule(self) -> str:
        """For whom it is meant, in words.

        >>> CATALOGUE["call_back"].rule
        'for users in stage at risk, with a risk of at least 30%'
        """
        named = [str(stage).replace("_", " ") for stage in Stage if stage in self.stages]
        who = f"for users in stage {listed(named, 'or')}" if len(named) < len(Stage) else "for users in any stage"
        limits = []
        if self.lowest_risk > 0:
            limits.append(f"at least {percent(self.lowest_risk)}")
        if self.highest_risk < 1:
            limits.append(f"at most {percent(self.highest_risk)}")
        return f"{who}, with a risk of {listed(limits)}" if limits else who


LEAVE_ALONE = Strategy(
    name="leave_alone",
    title="Leave alone",
    aim="Change nothing: what could be done is not worth its cost.",
    stages=frozenset(Stage),
)
"""Always allowed, free, without effect: what every other strategy must beat."""

_STRATEGIES = (
    Strategy(
        name="onboard",
        title="Show around",
        aim="Lead the newcomer to a second commitment with what most people like, from many corners.",
        stages=frozenset({Stage.ACQUIRED}),
        emphasis={"popular": 4.0, "rules": 4.0},
        diversity=0.2,
        assumed_saving=0.05,
        assumed_growth=0.02,
    ),
    Strategy(
        name="explore",
        title="Widen their taste",
        aim="Show more variety, so that there are more reasons to come back.",
        stages=frozenset({Stage.ACTIVATED, Stage.RETAINED, Stage.GROWING}),
        highest_risk=0.5,
        emphasis={"ease": 2.0, "repeats": 0.3},
        diversity=0.2,
        assumed_saving=0.02,
        assumed_growth=0.02,
    ),
    Strategy(
        name="familiar",
        title="More of what they like",
        aim="Make the next commitment easy: put what they already like first.",
        stages=frozenset({Stage.ACTIVATED, Stage.RETAINED, Stage.AT_RISK, Stage.RESURRECTED}),
        emphasis={"repeats": 2.0, "popular": 0.5},
        diversity=-0.1,
        assumed_saving=0.05,
    ),
    Strategy(
        name="grow_value",
        title="Complete the basket",
        aim="Offer what goes well with what they choose anyway.",
        stages=frozenset({Stage.RETAINED, Stage.GROWING}),
        highest_risk=0.3,
        emphasis={"rules": 10.0},
        assumed_growth=0.03,
    ),
    Strategy(
        name="ask_to_refer",
        title="Ask to tell others",
        aim="Those who are content bring others, if they are asked.",
        stages=frozenset({Stage.ADVOCATE}),
        highest_risk=0.5,
        cost_per_contact=0.02,
        assumed_growth=0.05,
    ),
    Strategy(
        name="reward",
        title="Say thank you",
        aim="Give the loyal a small advantage before they look elsewhere.",
        stages=frozenset({Stage.ADVOCATE, Stage.GROWING, Stage.RETAINED}),
        lowest_risk=0.3,
        emphasis={"repeats": 1.5},
        cost_per_contact=0.02,
        discount=0.05,
        assumed_saving=0.12,
    ),
    Strategy(
        name="call_back",
        title="Call back in time",
        aim="Write while the habit is still alive, with what they usually take.",
        stages=frozenset({Stage.AT_RISK}),
        lowest_risk=0.3,
        emphasis={"repeats": 2.0},
        cost_per_contact=0.05,
        assumed_saving=0.12,
    ),
    Strategy(
        name="remind",
        title="Remind",
        aim="Write without an offer: it is cheap, and some have only forgotten.",
        stages=frozenset({Stage.DORMANT, Stage.CHURNED}),
        emphasis={"popular": 3.0},
        cost_per_contact=0.05,
        assumed_saving=0.03,
    ),
    Strategy(
        name="win_back",
        title="Win back",
        aim="Write with an offer that is worth a fresh start.",
        stages=frozenset({Stage.DORMANT, Stage.CHURNED}),
        emphasis={"popular": 3.0},
        diversity=0.1,
        cost_per_contact=0.05,
        discount=0.1,
        assumed_saving=0.06,
    ),
)

CATALOGUE: Mapping[str, Strategy] = {strategy.name: strategy for strategy in (*_STRATEGIES, LEAVE_ALONE)}
"""All strategies by name. Among equals the earlier one is preferred; `leave_alone` is the last."""
