"""The page of one user's explanation says what its tables say, opens no connection and treats ids as hostile."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from tenure.domains.ecommerce import DOMAIN
from tenure.explain.forecasts import words_of
from tenure.prediction.explaining.catalogue import catalogue
from tenure.prediction.explaining.dependence import DEPENDENCE
from tenure.prediction.explaining.importance import IMPORTANCE
from tenure.prediction.explaining.reasons import REASONS
from tenure.prediction.explaining.whatif import ACTS, NOT_CAUSAL
from tenure.prediction.tasks import parse_task
from tenure.report.explanation import SAMPLED, Explanation, build_explanation

AS_OF = datetime(2024, 6, 1)
ID = "<script>alert(1)</script>"
TOLD = Explanation(
    user_id=ID,
    as_of=AS_OF,
    task=parse_task("churn:90d"),
    model="trees, version <b>3</b>",
    forecast=0.63,
    usual=0.17,
    reasons=pa.Table.from_pylist(
        [
            {"user_id": ID, "as_of": AS_OF, "theme": "rhythm", "contribution": 1.2, "unit": "log-odds",
             "feature": "recency_days", "value": 41.0, "usual": 3.0, "own_usual_days": 12.0},
        ],
        schema=REASONS,
    ),
    is_sampled=False,
    words=words_of(catalogue(), DOMAIN),
    acts=pa.Table.from_pylist(
        [
            {"act": "commit", "title": "they buy once more now", "before": 0.63, "after": 0.21, "change": -0.42},
            {"act": "odd", "title": "they fly", "before": 0.63, "refusal": "no real user looks as this one would then"},
        ],
        schema=ACTS,
    ),
    importance=pa.Table.from_pylist(
        [{"level": "theme", "name": "rhythm", "theme": "rhythm", "importance": 0.1, "low": 0.05, "high": 0.15,
          "rank": 1, "rank_low": 1, "rank_high": 1}],
        schema=IMPORTANCE,
    ),
    dependence=pa.Table.from_pylist(
        [{"feature": "recency_days", "value": v, "partial": 0.2, "local": v / 100, "low": 0.0, "high": 0.5,
          "n_users": 5} for v in (1.0, 30.0)],
        schema=DEPENDENCE,
    ),
    notes=["A note."],
)  # fmt: skip


def shown(html):
    """The text outside scripts and styles."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style)[^>]*>.*?</\1>", " ", html)).split())


def test_the_page_tells_the_forecast_its_reasons_and_what_would_change_it():
    text = shown(build_explanation(TOLD, DOMAIN))
    for said in (
        "The chance that they do not buy within 90 days is 63%; 17% is usual.",
        "silent for 41 days, against a usual pause of 12 days (rhythm, +1.20)",
        "If they buy once more now 63% 21%",
        "no real user looks as this one would then",
        NOT_CAUSAL,
        "Rhythm matters most",
        "Rises from 1% to 30%",
        "A note.",
    ):
        assert said in text, said
    assert SAMPLED not in text


def test_nothing_from_outside_is_taken_for_markup_and_no_connection_is_opened():
    html = build_explanation(TOLD, DOMAIN)
    assert ID not in html
    assert "<b>3</b>" not in html
    assert "default-src 'none'" in html
    page = re.sub(r"(?s)<script[^>]*>.*?</script>", "", html)  # Plotly's own code names addresses that it never opens
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)


def test_what_is_not_there_is_not_talked_about():
    bare = replace(TOLD, reasons=REASONS.empty_table(), acts=None, importance=None, dependence=None, notes=())
    text = shown(build_explanation(bare, DOMAIN))
    assert "Nothing sets this customer apart" in text
    for absent in ("What would change it?", "What matters in general?", "Beyond this"):
        assert absent not in text
    assert SAMPLED in shown(build_explanation(replace(TOLD, is_sampled=True), DOMAIN))
