"""From the results of a run to one self-contained HTML page."""

from __future__ import annotations

from plotly.offline import get_plotlyjs

from tenure.report.pages import environment
from tenure.report.results import Results
from tenure.report.sections.action import action
from tenure.report.sections.forecast import forecast
from tenure.report.sections.glance import glance
from tenure.report.sections.life import active, cohorts, growing, stages
from tenure.report.sections.lives import lives
from tenure.report.sections.method import method
from tenure.report.sections.offers import offers
from tenure.report.sections.people import rules, segments
from tenure.report.sections.returning import returning
from tenure.report.sections.sequence import sequence
from tenure.report.sections.trust import trust
from tenure.report.sections.value import value
from tenure.wording import spelled

SECTIONS = (
    trust,
    stages,
    growing,
    active,
    cohorts,
    segments,
    rules,
    forecast,
    returning,
    value,
    sequence,
    offers,
    action,
)
"""The questions in the order of the page; the stories and the method follow."""


def build_report(results: Results) -> str:
    """What did the run find? One HTML page that needs nothing from outside: styles, charts and data are inside.

    All text from the log (ids, titles) is escaped; the page forbids itself any connection.
    """
    return (
        environment()
        .get_template("report.html")
        .render(
            results=results,
            glance=glance(results),
            sections=[section(results) for section in SECTIONS],
            lives=lives(results),
            lives_title=f"{spelled(len(results.stories)).capitalize()} {results.users}, one by one",
            method=method(results),
            plotly_js=get_plotlyjs(),
        )
    )
