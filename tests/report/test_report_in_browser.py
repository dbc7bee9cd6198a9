"""In a real browser every chart draws, nothing is said on the console, and nothing scrolls sideways."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from report import made_up_run

from tenure.domains.ecommerce import DOMAIN
from tenure.report import Results, Story, build_report

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
EMPTY_CHARTS = """
[...document.querySelectorAll('.chart')]
  .filter((c) => !c.querySelector('svg.main-svg') || !c.querySelector(
    '.points path, .point path, path.point, .sankey-link, .hm image, path.js-line, .scatterlayer .trace path'))
  .map((c) => c.getAttribute('aria-label'))
"""
LIT = "getComputedStyle(document.body).backgroundColor"
TEXT = "getComputedStyle(document.querySelector('.xtick text')).fill"


@pytest.fixture(scope="module")
def browser():
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    playwright = pytest.importorskip("playwright.sync_api") if not os.environ.get("TENURE_REQUIRE_BROWSER") else None
    if found is None:
        if os.environ.get("TENURE_REQUIRE_BROWSER"):
            pytest.fail("TENURE_REQUIRE_BROWSER is set, but there is no chromium on the PATH")
        pytest.skip("needs chromium on the PATH (apt-get install chromium)")
    if playwright is None:
        from playwright import sync_api as playwright
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    story = Story(
        user_id=made_up_run.HOSTILE, title="Hostile", text="One.", events=made_up_run.user_events(made_up_run.HOSTILE)
    )
    results = Results(
        tables=made_up_run.tables(),
        quality=made_up_run.quality(),
        manifest=made_up_run.manifest(),
        domain=DOMAIN,
        stories=[story],
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(build_report(results), encoding="utf-8")
    return path


def opened(browser, report, *, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.said = []
    page.on("console", lambda message: page.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: page.said.append(f"error: {error}"))
    page.on("request", lambda request: page.said.append(request.url) if request.url.startswith("http") else None)
    page.on("dialog", lambda dialog: (page.said.append("dialog"), dialog.dismiss()))
    page.goto(report.as_uri())
    page.wait_for_function(
        "[...document.querySelectorAll('.chart')].every((c) => c.querySelector('svg.main-svg'))", timeout=20_000
    )
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_chart_draws_in_silence_and_nothing_scrolls_sideways(browser, report, width, scheme):
    page = opened(browser, report, width=width, scheme=scheme)
    assert page.evaluate("document.querySelectorAll('.chart').length") >= 20
    assert page.evaluate(EMPTY_CHARTS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.said == []
    emptied = page.evaluate(
        "(c => { Plotly.react(c, [], c.layout); return c.ariaLabel })(document.querySelector('.chart'))"
    )
    assert page.evaluate(EMPTY_CHARTS) == [emptied], "an empty chart would not be noticed"
    page.close()


def test_the_button_turns_the_page_and_its_charts_dark(browser, report):
    page = opened(browser, report, width=1280, scheme="light")
    before = page.evaluate(LIT), page.evaluate(TEXT)
    page.click("#theme")
    after = page.evaluate(LIT), page.evaluate(TEXT)
    assert before[0] == "rgb(255, 255, 255)"
    assert after[0] == "rgb(18, 22, 28)"
    assert before[1] != after[1]
    page.reload()
    assert page.evaluate(LIT) == after[0], "the choice is forgotten"
    assert page.said == []
    page.close()
