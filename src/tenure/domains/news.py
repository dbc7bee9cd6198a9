"""News and articles: the user sees a headline, opens it, reads it, comments, shares. Freshness is everything."""

from tenure.domain import Domain, Meaning, Role

DOMAIN = Domain(
    name="news",
    title="a news site",
    item_noun="article",
    user_noun="reader",
    commitment_verb="read",
    commitment_noun="article read",
    default_event_type="read",
    period="day",
    repeats_allowed=False,
    diversity=0.4,
    horizon_days=7,
    taste_half_life_days=14.0,
    events={
        "impression": Meaning(Role.EXPOSURE, 0.0),
        "push": Meaning(Role.EXPOSURE, 0.0),
        "click": Meaning(Role.INTEREST, 1.0),
        "view": Meaning(Role.INTEREST, 1.0),
        "page_view": Meaning(Role.INTEREST, 1.0),
        "search": Meaning(Role.INTEREST, 0.5),
        "save": Meaning(Role.INTENT, 2.0),
        "read": Meaning(Role.COMMITMENT, 3.0),
        "comment": Meaning(Role.SATISFACTION, 3.0),
        "like": Meaning(Role.SATISFACTION, 2.0),
        "hide": Meaning(Role.SATISFACTION, -3.0),
        "share": Meaning(Role.REFERRAL, 3.0),
        "unsubscribe": Meaning(Role.EXIT, 0.0),
    },
)
