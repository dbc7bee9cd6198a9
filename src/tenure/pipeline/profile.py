"""Profile: what every user did, likes and is; kinds of users; what goes together; how good all that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from tenure.evaluation.intervals import bootstrap_mean
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE, USERS_TABLE
from tenure.pipeline.known import Known, Results
from tenure.profiles import quality, quality_evidence
from tenure.profiles.activity import activity
from tenure.profiles.baskets import Level, baskets
from tenure.profiles.inputs import Facts
from tenure.profiles.rules import mine
from tenure.profiles.segment_tables import describe
from tenure.profiles.segments import Segments
from tenure.profiles.taste import taste
from tenure.profiles.vector import Profiles, Vectoriser


@dataclass(frozen=True, kw_only=True)
class Profiled(Results):
    """Profiles at the moment of the run, and what users had done by every cut-off."""

    activity: pa.Table
    """`user_id, as_of` and the activity features, at every cut-off."""
    profiles: Profiles
    """The combined vector at the moment of the run."""


def profile(known: Known) -> Profiled:
    """Profile every user; segment them and mine rules at the moment of the run."""
    with known.stage("profile", 6) as step:
        did = known.run(activity(EVENTS_TABLE, ITEMS_TABLE, known.moments)).sort_by(
            [("as_of", "ascending"), ("user_id", "ascending")]
        )
        step()
        looks = [known.as_of] if known.cutoffs is None else [known.cutoffs.test, known.as_of]
        half_life = known.domain.taste_half_life_days
        likes = known.run(taste(EVENTS_TABLE, ITEMS_TABLE, looks, half_life_days=half_life))
        step()
        now = Facts(activity=at(did, known.as_of), taste=at(likes, known.as_of), users=known.run(USERS_TABLE))
        vectoriser = Vectoriser.fit(now)
        profiles = vectoriser.transform(now)
        step()
        segments = Segments.fit(profiles, seed=known.seed)
        described = describe(segments, profiles, known.domain)
        step()
        rules = pa.concat_tables([mine_rules(known, known.as_of, level) for level in ("category", "item")])
        step()
        good = _quality(known, did, likes, now=now, profiles=profiles, segments=segments)
    tables = {
        "profiles": profiles.table,
        "features": vectoriser.feature_table(),
        "taste": now.taste,
        "rules": rules,
        "profile_quality": good,
        "user_segments": described.user_segments,
        "segments": described.segments,
        "segment_traits": described.segment_traits,
        "segment_choice": described.segment_choice,
    }
    models = {"vectoriser": vectoriser.to_arrays(), "segments": segments.to_arrays()}
    return Profiled(tables=tables, models=models, activity=did, profiles=profiles)


def at(table: pa.Table, *moments: datetime) -> pa.Table:
    """The rows of some cut-offs."""
    return table.filter(pc.is_in(table["as_of"], value_set=pa.array(moments, table.schema.field("as_of").type)))


def mine_rules(known: Known, as_of: datetime, level: Level) -> pa.Table:
    """Association rules from the baskets before a cut-off."""
    return mine(known.run(baskets(EVENTS_TABLE, ITEMS_TABLE, as_of, level)), level=level)


def _quality(
    known: Known, did: pa.Table, likes: pa.Table, *, now: Facts, profiles: Profiles, segments: Segments
) -> pa.Table:
    interval, domain = partial(bootstrap_mean, seed=known.seed), known.domain
    touched = known.run(quality_evidence.touched(EVENTS_TABLE, ITEMS_TABLE, known.as_of))
    segment, n_segments = segments.assign(profiles.matrix).segment, len(segments.centres)
    measures: Sequence[quality.Measure] = [
        *quality.coverage(profiles, now.taste, now.users, touched, interval=interval, domain=domain),
        *quality.diversity(profiles, now.taste, segment, n_segments, interval=interval, domain=domain),
    ]
    if known.cutoffs is not None:
        test, days = known.cutoffs.test, known.cutoffs.horizon_days
        categories = known.run(quality_evidence.next_categories(EVENTS_TABLE, ITEMS_TABLE, test, days))
        value = known.run(quality_evidence.next_value(EVENTS_TABLE, test, days))
        then = at(did, test), at(likes, test)
        measures = [*quality.accuracy(*then, categories, value, interval=interval, domain=domain), *measures]
    return quality.quality_table(measures)
