"""Simulated users with known truth: a source of events for tests, demos and benchmarks that needs nothing from outside.

A user visits in a rhythm of their own (Erlang gaps in busy time, see `clock`), is pleased or not, looks at items by
taste, habit and loyalty, commits or not, and after each visit may leave for good, the more likely when displeased,
mostly in silence. `Truth` gives the exact probabilities of what comes next. Nobody is contacted in the log; how users
would respond is part of the truth.

    config.py      every number that shapes the world
    clock.py       seasons
    catalogue.py   items
    users.py       who the users are
    visits.py      when they come, and when they leave
    behaviour.py   what they do there
    happenings.py  ... as events
    truth.py       what is really true of them

Users are drawn in whole blocks, each from its own generator: a user's events do not depend on the number of users.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import pyarrow as pa

from tenure.domain import Role
from tenure.errors import ConfigError
from tenure.events.simulate.behaviour import behave
from tenure.events.simulate.catalogue import Catalogue
from tenure.events.simulate.clock import Clock
from tenure.events.simulate.config import EVENT_TYPES, SimulationConfig, event_types_of
from tenure.events.simulate.happenings import Happenings
from tenure.events.simulate.truth import Truth
from tenure.events.simulate.users import BLOCK, Users
from tenure.events.simulate.visits import Visits
from tenure.seeds import generator

__all__ = ["EVENT_TYPES", "Simulation", "SimulationConfig", "Truth", "event_types_of", "simulate", "stream_events"]


@dataclass(frozen=True)
class Simulation:
    """A simulated world: what a source would deliver, and the truth behind it."""

    events: pa.Table
    """`schema.EVENTS`, by user and time."""
    items: pa.Table
    """`schema.ITEMS`."""
    users: pa.Table
    """`schema.USERS`."""
    truth: Truth


def simulate(config: SimulationConfig, event_types: Mapping[Role, str] = EVENT_TYPES) -> Simulation:
    """What would these users have done? Events, items and users as a source would deliver them, and the truth.

    >>> world = simulate(SimulationConfig(n_users=100, n_items=50, days=60))
    >>> world.events.num_rows > 1000, world.users.num_rows, world.items.num_rows
    (True, 100, 50)

    Raises:
        ConfigError: `event_types` has no word for commitments.
    """
    world = _World.build(config, event_types)
    users, visits, events = zip(*(world.block(number) for number in range(world.n_blocks)), strict=True)
    everybody = Users.concatenate(users)
    truth = Truth(
        config, world.clock, world.catalogue, everybody, Visits.concatenate(visits, [len(block) for block in users])
    )
    return Simulation(pa.concat_tables(events), world.catalogue.to_table(config), everybody.to_table(config), truth)


def stream_events(config: SimulationConfig, event_types: Mapping[Role, str] = EVENT_TYPES) -> Iterator[pa.Table]:
    """The events of `simulate`, some thousand users at a time: for logs larger than memory."""
    world = _World.build(config, event_types)
    for number in range(world.n_blocks):
        yield world.block(number)[2]


@dataclass(frozen=True)
class _World:
    """What all blocks of users share."""

    config: SimulationConfig
    event_types: Mapping[Role, str]
    clock: Clock
    catalogue: Catalogue
    item_ids: pa.Array
    n_blocks: int

    @classmethod
    def build(cls, config: SimulationConfig, event_types: Mapping[Role, str]) -> Self:
        if Role.COMMITMENT not in event_types:
            raise ConfigError(
                f"event_types: expected a word for the role 'commitment', got words for {sorted(event_types)} only"
            )
        catalogue = Catalogue.build(config)
        n_blocks = max(-(-config.n_users // BLOCK), 1)
        return cls(config, event_types, Clock.build(config), catalogue, catalogue.ids, n_blocks)

    def block(self, number: int) -> tuple[Users, Visits, pa.Table]:
        """The users of one block, their visits and events; users beyond the number asked for are left out."""
        config, first_user = self.config, number * BLOCK
        rng = generator(config.seed, "simulate", "users", number)
        users = Users.draw(config, self.catalogue, rng)
        visits = Visits.draw(users, self.clock, config, rng)
        happenings = Happenings.concatenate(behave(users, visits, self.catalogue, config, rng))
        n = min(config.n_users - first_user, BLOCK)
        mine = happenings[visits.user[happenings.visit] < n]
        events = mine.to_events(visits, self.item_ids, config, self.event_types, first_user)
        return users.head(n), visits.of_first_users(n), events
