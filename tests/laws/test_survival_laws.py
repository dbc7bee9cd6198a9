"""Spells on any log: nothing from beyond the end of watching, nothing but the first return, and no user lost."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from lifecycle.lives import at, log_of
from relation_runner import run

from tenure.events.log import EVENTS_TABLE
from tenure.lifecycle.survival.spells import spells

CUTS, UNTIL = (at(20), at(33.5), at(50)), at(70)
ROLES = ("exposure", "interest", "commitment", "exit", "reversal", None)
laws = settings(max_examples=25, deadline=None)


def lives(first: float, last: float, most: int):
    return st.lists(
        st.tuples(
            st.sampled_from(["ann", "bob", "cy", "dee"]),
            st.integers(int(first * 24), int(last * 24) - 1).map(lambda hours: hours / 24),
            st.sampled_from(ROLES),
        ),
        max_size=most,
    )


def found(log: pa.Table) -> dict:
    rows = run({"events": log}, spells, EVENTS_TABLE, CUTS, UNTIL).to_pylist()
    return {(row["user_id"], row["as_of"]): (row["days"], row["returned"]) for row in rows}


@laws
@given(known=lives(0, 70, 30), beyond=lives(70, 120, 10))
def test_what_happens_after_the_end_of_watching_changes_nothing(known, beyond):
    assert found(log_of(*known, *beyond)) == found(log_of(*known))


@laws
@given(known=lives(0, 70, 30))
def test_every_user_seen_has_a_spell_that_ends_by_the_end_of_watching(known):
    spell = found(log_of(*known))
    seen = {(user, cut) for user, day, _ in known for cut in CUTS if at(day) < cut}
    assert spell.keys() == seen
    for (_, cut), (days, returned) in spell.items():
        watched = (UNTIL - cut) / timedelta(days=1)
        assert (0 <= days < watched) if returned else days == watched


@laws
@given(known=lives(0, 70, 30))
def test_a_later_cut_off_without_a_visit_between_waits_for_the_same_return(known):
    spell = found(log_of(*known))
    for (user, cut), (days, returned) in spell.items():
        for other in CUTS:
            between = (other - cut) / timedelta(days=1)
            if 0 < between <= days:
                later_days, later_returned = spell[user, other]
                assert (round(later_days + between, 6), later_returned) == (round(days, 6), returned)
