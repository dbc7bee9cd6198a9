"""What each input of a forecast says about a user, and the theme that a person files it under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tenure.errors import ConfigError, nearest
from tenure.prediction.signals import SIGNALS
from tenure.profiles.features import FEATURES
from tenure.profiles.inputs import Input
from tenure.sequence.foretold import FORETOLD

Catalogue = Mapping[str, Input]
"""Column -> what it says."""

COURSE = "course"
"""The theme of the events themselves, for models that read them one by one."""

THEMES: Mapping[str, str] = {
    "rhythm": "rhythm",
    "volume": "activity",
    "money": "money",
    "promotions": "promotions",
    "breadth": "variety",
    "engagement": "engagement",
    "habits": "habits",
    "trend": "trend",
    "taste": "taste",
    "attributes": "who they are",
    "vector": "given vectors",
    "season": "season and level",
    COURSE: "course of events",
}
"""Every theme, and how it is called in a sentence."""

EVENTS = "events"
"""The name under which the events themselves, read one by one, stand among the inputs."""

CORRECTION = "correction"
"""The name under which what is added to a model's word (calibration, level, season) stands among the inputs."""

_PROMOTIONS = frozenset({"discount_share"})
"""Of the activity features; to a profile they are money, to a forecast they tell why somebody comes."""

HISTORY = "history"
"""The name under which a repeat history stands as a whole: its parts make no sense apart."""

TOGETHER: Mapping[str, tuple[str, ...]] = {
    HISTORY: ("x", "t_x_days", "T_days"),
    "mean_value": ("n_valued", "mean_value"),
}
"""Columns that may only be exchanged between users together, by the name that what they add is told under."""

REPEATS = (
    Input("x", "rhythm", "log", "repeat days: days with a commitment after the first"),
    Input("t_x_days", "rhythm", "log", "days from the first commitment to the last"),
    Input("T_days", "rhythm", "log", "days since the first commitment"),
    Input("n_valued", "money", "log", "repeat days with a value"),
    Input("mean_value", "money", "log", "mean value of a repeat day"),
    Input(HISTORY, "rhythm", "linear", "how often and how recently there was a commitment"),
    Input("repeats_p_any", "rhythm", "share", "chance of a commitment within the horizon, by rate and silence alone"),
    Input(
        "repeats_p_any_long",
        "rhythm",
        "share",
        "chance of a commitment within three horizons, by rate and silence alone",
    ),
    Input("repeats_p_alive", "rhythm", "share", "chance not to have left for good, by rate and silence alone"),
)
"""The repeat history, by the letters of its papers, and what BG/NBD makes of it."""


def catalogue(*more: Input) -> dict[str, Input]:
    """What do the columns say? Activity features, signals, repeat history, events, and what else a project brings.

    >>> catalogue(Input("age", "attributes", "linear", "age in years"))["age"].description
    'age in years'

    Raises:
        ConfigError: an input has a theme that does not exist.
    """
    features = (
        Input(f.name, "promotions" if f.name in _PROMOTIONS else f.theme, f.scaling, f.description)
        for f in (*FEATURES, *SIGNALS)
    )
    course = Input(EVENTS, COURSE, "linear", "the order and timing of single events")
    level = Input(CORRECTION, "season", "linear", "how forecasts of the time before turned out, and the time of year")
    found = {entry.name: entry for entry in (*features, *REPEATS, *FORETOLD, course, level, *more)}
    for entry in found.values():
        if entry.theme not in THEMES:
            raise ConfigError(
                f"input '{entry.name}': there is no theme '{entry.theme}'; {nearest(entry.theme, THEMES)}"
            )
    return found


def themes_of(names: Iterable[str], known: Catalogue) -> tuple[str, ...]:
    """The theme of each of these columns.

    Raises:
        ConfigError: a column is in no theme, so that its part of a forecast could not be told.
    """
    columns = list(names)
    if lacking := [name for name in columns if name not in known]:
        raise ConfigError(
            f"explanation: expected every input to be described, got nothing on {', '.join(map(repr, lacking[:5]))}; "
            "add an Input with a theme and a description to the catalogue"
        )
    return tuple(known[name].theme for name in columns)


def in_order(themes: Sequence[str]) -> tuple[str, ...]:
    """These themes, each once, in the order of THEMES."""
    return tuple(theme for theme in THEMES if theme in set(themes))
