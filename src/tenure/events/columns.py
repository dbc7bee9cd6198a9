"""Which column of a source holds which field: presets for known formats, names known from practice, the user's own map.

A path names a column, or a place inside a nested record: `properties.revenue`, `items[].item_id` (one event per
element of the list), or a product of two there: `items[].price*quantity`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tenure.errors import ConfigError, SourceError, nearest
from tenure.schema import EVENTS, ITEMS, USERS

Kind = Literal["events", "items", "users"]
Paths = tuple[str, ...]
"""Several paths are alternatives (the first that is present wins), or the parts of a list or object field."""

FIELDS: dict[Kind, tuple[str, ...]] = {
    "events": tuple(EVENTS.names),
    "items": tuple(ITEMS.names),
    "users": tuple(USERS.names),
}
REQUIRED: dict[Kind, tuple[str, ...]] = {
    "events": ("user_id", "timestamp"),
    "items": ("item_id",),
    "users": ("user_id",),
}
GATHERED = {"categories", "attributes", "properties"}
"""Fields that are gathered from several columns: a list, or an object of name -> value."""

PRESETS: dict[str, dict[Kind, dict[str, Paths]]] = {
    "segment": {
        "events": {
            "event_id": ("messageId",),
            "user_id": ("userId", "anonymousId"),
            "event_type": ("event", "type"),
            "timestamp": ("timestamp", "originalTimestamp", "receivedAt"),
            "item_id": ("properties.products[].product_id", "properties.product_id", "properties.sku"),
            "value": (
                "properties.products[].price*quantity",
                "properties.revenue",
                "properties.total",
                "properties.value",
                "properties.price",
            ),
            "quantity": ("properties.products[].quantity", "properties.quantity"),
            "discount": ("properties.discount",),
            "session_id": ("context.sessionId", "properties.session_id"),
        },
    },
    "ga4": {
        "events": {
            "user_id": ("user_id", "user_pseudo_id"),
            "event_type": ("event_name",),
            "timestamp": ("event_timestamp",),
            "item_id": ("items[].item_id", "item_id"),
            "value": ("items[].price*quantity", "ecommerce.purchase_revenue", "event_value_in_usd", "value"),
            "quantity": ("items[].quantity", "quantity"),
            "session_id": ("ga_session_id",),
        },
    },
    "snowplow": {
        "events": {
            "event_id": ("event_id",),
            "user_id": ("user_id", "domain_userid"),
            "event_type": ("event_name", "se_action"),
            "timestamp": ("derived_tstamp", "collector_tstamp"),
            "item_id": ("se_label", "item_id"),
            "value": ("se_value",),
            "session_id": ("domain_sessionid",),
        },
    },
    "personalize": {
        "events": {
            "user_id": ("USER_ID",),
            "item_id": ("ITEM_ID",),
            "timestamp": ("TIMESTAMP",),
            "event_type": ("EVENT_TYPE",),
            "value": ("EVENT_VALUE",),
            "recommendation_id": ("RECOMMENDATION_ID",),
        },
        "items": {
            "item_id": ("ITEM_ID",),
            "categories": ("CATEGORY_L1", "CATEGORY_L2", "CATEGORY_L3"),
            "description": ("PRODUCT_DESCRIPTION",),
            "price": ("PRICE",),
            "created_at": ("CREATION_TIMESTAMP",),
        },
        "users": {"user_id": ("USER_ID",)},
    },
    "gorse": {
        "events": {
            "user_id": ("UserId",),
            "item_id": ("ItemId",),
            "event_type": ("FeedbackType",),
            "timestamp": ("Timestamp",),
            "value": ("Value",),
        },
        "items": {"item_id": ("ItemId",), "categories": ("Categories",), "created_at": ("Timestamp",)},
        "users": {"user_id": ("UserId",)},
    },
    "movielens": {
        "events": {
            "user_id": ("userId",),
            "item_id": ("movieId",),
            "value": ("rating",),
            "timestamp": ("timestamp",),
        },
        "items": {"item_id": ("movieId",), "title": ("title",), "categories": ("genres",)},
    },
    "recbole": {
        "events": {
            "user_id": ("user_id:token",),
            "item_id": ("item_id:token",),
            "value": ("rating:float",),
            "timestamp": ("timestamp:float",),
        },
        "items": {
            "item_id": ("item_id:token",),
            "title": ("movie_title:token_seq", "title:token_seq"),
            "categories": ("class:token_seq", "categories:token_seq"),
            "price": ("price:float",),
        },
        "users": {"user_id": ("user_id:token",)},
    },
}
"""Column names of well-known formats. `--preset NAME` chooses one; without it the names below are tried."""

ALIASES: dict[str, Paths] = {
    "event_id": ("messageid", "event_uuid", "insert_id"),
    "user_id": (
        "userid", "user", "uid", "customer_id", "customerid", "customer", "client_id", "member_id", "household_id",
        "visitorid", "visitor_id", "account_id", "viewer_id", "reader_id", "user_pseudo_id", "distinct_id",
    ),
    "item_id": (
        "itemid", "item", "product_id", "productid", "product", "sku", "movieid", "movie_id", "article_id", "news_id",
        "video_id", "content_id", "stockcode",
    ),
    "event_type": ("event", "event_name", "type", "action", "behavior", "behaviour", "feedbacktype", "activity"),
    "timestamp": (
        "time", "ts", "date", "datetime", "event_time", "event_timestamp", "transaction_timestamp", "occurred_at",
        "ordered_at", "derived_tstamp", "order_date", "purchase_date", "invoicedate", "created_at", "day",
    ),
    "value": (
        "amount", "revenue", "total", "price", "sales_value", "dollar_value", "rating", "event_value", "spend", "paid",
    ),
    "quantity": ("qty", "units", "count", "number_of_cds"),
    "discount": ("discount_amount", "retail_disc"),
    "duration_seconds": ("duration", "dwell_seconds", "dwell_time", "watch_seconds", "read_seconds", "engagement_time"),
    "session_id": ("sessionid", "session", "visit_id", "basket_id", "order_id", "orderid", "invoice", "invoiceno"),
    "recommendation_id": ("recommendationid", "impression_id", "slate_id"),
    "properties": (),
    "title": ("name", "item_name", "product_name", "movie_title", "headline", "product_type"),
    "description": ("text", "abstract", "summary"),
    "categories": ("category", "genres", "genre", "class", "topic", "department", "product_category", "product_type"),
    "brand": ("manufacturer_id", "manufacturer", "publisher", "studio", "vendor"),
    "price": ("list_price", "unit_price"),
    "created_at": ("created", "signup_date", "registered_at", "published_at", "release_date", "joined_at"),
    "attributes": (),
}  # fmt: skip
"""Names known from practice, in canonical spelling, tried in this order where neither map nor preset says a column."""


@dataclass(frozen=True)
class ColumnMap:
    """Where each field of one kind of table comes from."""

    kind: Kind
    paths: Mapping[str, Paths]
    """Field -> alternatives, or parts for gathered fields (`categories`, `attributes`, `properties`)."""


def check_map(kind: Kind, chosen: Mapping[str, object]) -> dict[str, Paths]:
    """The user's own map, checked: every key must be a field of tenure.

    Raises:
        ConfigError: an unknown field, with the nearest valid one.
    """
    checked: dict[str, Paths] = {}
    for field, columns in chosen.items():
        if field not in FIELDS[kind]:
            raise ConfigError(f"[{kind}.columns] has no field '{field}'; {nearest(field, FIELDS[kind])}")
        parts = (columns,) if isinstance(columns, str) else columns
        if not isinstance(parts, Sequence) or not all(isinstance(part, str) and part for part in parts):
            raise ConfigError(f"[{kind}.columns] {field}: expected a column name or a list of them, got {columns!r}")
        checked[field] = tuple(str(part) for part in parts)
    return checked


def resolve(
    kind: Kind,
    available: Sequence[str] | None,
    *,
    chosen: Mapping[str, object] | None = None,
    preset: str | None = None,
    source: str = "the source",
) -> ColumnMap:
    """Which column holds which field?

    Args:
        kind: what the rows are.
        available: the columns of the source; None when the source has no fixed columns (JSON lines).
        chosen: the user's own map, field -> column(s); it wins over everything.
        preset: a key of PRESETS.
        source: name for messages.

    Raises:
        ConfigError: an unknown preset or field.
        SourceError: a required field cannot be found, or a mapped column does not exist.

    >>> resolve("events", ["customer", "ts", "amount"]).paths["user_id"]
    ('customer',)
    """
    explicit = check_map(kind, chosen or {})
    if preset is not None and preset not in PRESETS:
        raise ConfigError(f"There is no preset '{preset}'; {nearest(preset, PRESETS)}")
    known = PRESETS[preset].get(kind, {}) if preset else {}
    if available is None:
        # Of a gathered field several paths are parts, not alternatives, so it has its own name only.
        loose = {field: (field, *ALIASES[field]) for field in FIELDS[kind] if field not in GATHERED}
        loose |= {field: (field,) for field in FIELDS[kind] if field in GATHERED - {"properties"}}
        return ColumnMap(kind, {**loose, **known, **explicit})
    for field, path in ((field, path) for field, paths in explicit.items() for path in paths):
        if not _exists(path, available):
            hint = nearest(path, available)
            raise SourceError(f"{source} has no column '{path}', which [{kind}.columns] maps to {field}; {hint}")
    found = _find(kind, available, explicit, known)
    missing = [field for field in REQUIRED[kind] if field not in found]
    if missing:
        shown = ", ".join(f"'{column}'" for column in list(available)[:20])
        hint = ",".join(f"{field}=COLUMN" for field in missing)
        raise SourceError(
            f"{source}: found no column for {' and '.join(missing)} among {shown}; say which with --map {hint}, "
            f"or choose a --preset ({', '.join(PRESETS)})"
        )
    return ColumnMap(kind, found)


def _find(
    kind: Kind, available: Sequence[str], explicit: Mapping[str, Paths], known: Mapping[str, Paths]
) -> dict[str, Paths]:
    """The explicit map, completed by the preset, then by the names known from practice; the rest become attributes."""
    found = dict(explicit)
    taken = {path for paths in explicit.values() for path in paths}
    for field in FIELDS[kind]:
        if field in found:
            continue
        present = tuple(path for path in known.get(field, ()) if _exists(path, available) and path not in taken)
        if not present and field not in known:
            present = _by_alias(field, [column for column in available if column not in taken])
        if present:
            found[field] = present
            taken.update(present)
    rest = tuple(column for column in available if column not in taken)
    if rest and kind != "events" and "attributes" not in found:
        found["attributes"] = rest
    return found


def _exists(path: str, available: Sequence[str]) -> bool:
    return path in available or path.split(".", maxsplit=1)[0].removesuffix("[]") in available


def _by_alias(field: str, available: Sequence[str]) -> Paths:
    spelled: dict[str, str] = {}
    for column in available:
        spelled.setdefault(_plain(column), column)
    hits = [spelled[name] for name in (field, *ALIASES[field]) if name in spelled]
    if field in GATHERED:
        # Categories of several columns run from broad to narrow in the order of the source.
        return tuple(sorted(set(hits), key=list(available).index))
    return tuple(hits[:1])


def _plain(column: str) -> str:
    """One spelling for "User ID", "user_id:token" and "USER_ID"."""
    return "_".join(column.split(":", maxsplit=1)[0].strip().lower().replace("-", " ").replace("_", " ").split())
