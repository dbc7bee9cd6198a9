"""Film, series and short video: the user browses, starts, watches to the end, rates, shares."""

from tenure.domain import Domain, Meaning, Role

DOMAIN = Domain(
    name="video",
    title="a video service",
    item_noun="title",
    user_noun="viewer",
    commitment_verb="watch",
    commitment_noun="view to the end",
    default_event_type="rating",
    repeats_allowed=False,
    slate_length=20,
    diversity=0.3,
    taste_half_life_days=60.0,
    session_gap_minutes=60.0,
    events={
        "impression": Meaning(Role.EXPOSURE, 0.0),
        "view": Meaning(Role.INTEREST, 1.0),
        "click": Meaning(Role.INTEREST, 1.0),
        "search": Meaning(Role.INTEREST, 0.5),
        "trailer": Meaning(Role.INTEREST, 1.0),
        "play": Meaning(Role.INTEREST, 2.0),
        "start": Meaning(Role.INTEREST, 2.0),
        "add_to_list": Meaning(Role.INTENT, 2.0),
        "watch": Meaning(Role.COMMITMENT, 4.0),
        "complete": Meaning(Role.COMMITMENT, 5.0),
        "finish": Meaning(Role.COMMITMENT, 5.0),
        # Rating files (MovieLens) hold nothing but ratings: who rates has watched.
        "rating": Meaning(Role.COMMITMENT, 3.0),
        "like": Meaning(Role.SATISFACTION, 3.0),
        "dislike": Meaning(Role.SATISFACTION, -3.0),
        "share": Meaning(Role.REFERRAL, 3.0),
        "invite": Meaning(Role.REFERRAL, 0.0),
        "cancel": Meaning(Role.EXIT, 0.0),
        "unsubscribe": Meaning(Role.EXIT, 0.0),
    },
)
