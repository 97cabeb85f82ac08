"""The page of a day: whole in itself, each figure where a program finds it, whatever is told is escaped."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from include.daily.charts import Series, columns, lines, trend
from include.daily.page import SECTIONS, TEMPLATES, render_list, render_page
from include.domain.reasons import Reason
from tests.support.daily import DAY, empty_hour, empty_report, sample_report
from tests.support.figures import figures_of

VOID = {"meta", "link", "br"}


class Balance(HTMLParser):
    """Notes what is opened and not closed, and each attribute that leads elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.leading: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.leading += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "srcset", "style")]
        self.leading += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Balance:
    balance = Balance()
    balance.feed(page)
    balance.close()
    assert balance.open == []
    return balance


@pytest.mark.parametrize("report", [sample_report(), empty_report(), sample_report(dropped=["heartbeats"])])
def test_the_page_is_whole_and_needs_nothing_else(report: object) -> None:
    page = render_page(report)  # type: ignore[arg-type]

    assert parsed(page).leading == []
    assert "<script" not in page
    assert "url(" not in page
    assert "@import" not in page
    assert page.count("<section") == len(SECTIONS)
    assert "{{" not in page


def test_whatever_is_told_is_escaped() -> None:
    page = render_page(sample_report())

    assert "ticket &lt;4711&gt;" in page
    assert "Expecting &#39;,&#39; delimiter: &lt;b&gt;&amp;amp;&lt;/b&gt; at character 4" in page
    assert "<b>&amp;" not in page


def test_each_figure_is_there_once_with_its_exact_value() -> None:
    report = sample_report()

    found = figures_of(render_page(report))

    assert found["accepted"] == report.outcomes_total.accepted
    assert found["quarantined-13"] == 9_500
    assert found["hours-published"] == 21
    assert (found["hours-withheld"], found["hours-accepted"], found["hours-reopened"]) == (1, 1, 1)
    assert (found["readings-22"], found["waiting-22"], found["hours-republished"]) == (34_500, 17, 1)
    assert found["failed-levels_follow_policy"] == 2
    assert found["reason-malformed_json"] == 4_400
    assert found["latency-p99"] == report.latency_total.p99_ms
    assert (found["lag-p99"], found["lag-most"]) == (18_000, 21_000)
    assert found["coverage-p10"] == 0.64
    assert found["risk-high"] == report.risk_total.high
    assert (found["alarms-critical"], found["alarms-warning"]) == (9, 43)
    assert (found["alarms-open"], found["alarms-acknowledged"], found["alarms-retracted"]) == (3, 33, 47)
    assert (found["high-warning-alarms"], found["high-warning-customers"]) == (31, 17)
    assert (found["silence-warning-open"], found["silence-warning-retracted"]) == (2, 40)
    assert (found["very_high-critical-day_before"], found["very_high-critical-acknowledged"]) == (6, 8)


def test_an_empty_day_says_so_in_each_part() -> None:
    assert render_page(empty_report()).count('class="empty"') == len(SECTIONS) + 1


def test_a_day_whose_hours_were_all_settled_without_readings_is_an_empty_one() -> None:
    silent = replace(empty_report(), hours=[empty_hour(hour) for hour in DAY.hours])

    assert render_page(silent) == render_page(empty_report())


def test_an_hour_that_was_settled_without_readings_is_drawn_as_one_without() -> None:
    day = sample_report()
    with_a_pause = replace(day, hours=[*day.hours, empty_hour(DAY.hours[4])])

    page = render_page(with_a_pause)

    assert page == render_page(day)
    assert 'title="04:00: no readings"' in page


def test_a_day_that_was_dropped_says_what_is_missing() -> None:
    page = render_page(sample_report(dropped=["heartbeats", "stream_commits"]))

    assert "Retention no longer keeps this day of heartbeats, stream_commits" in page
    assert "Dropped by retention, or some of it: stream_commits." in page
    assert "accepted" not in figures_of(page)


def test_what_was_dropped_is_not_said_to_have_never_been() -> None:
    tables = ["stream_commits", "dead_letters", "health_checks", "customer_hourly", "alarms"]

    page = render_page(replace(empty_report(), dropped=tables))

    # The hours themselves, their expectations and their levels are kept for good.
    assert page.count('class="empty"') == 3
    assert [table for table in tables if f"Dropped by retention, or some of it: {table}." not in page] == []
    assert "Nothing came in" not in page
    assert "opened on this day." not in page
    assert "lag-checks" not in figures_of(page)


def test_what_a_person_accepted_is_no_figure_once_it_is_forgotten() -> None:
    report = sample_report(dropped=["accepted_failures", "held_back_customers"])

    page = render_page(report)

    assert "Dropped by retention, or some of it: held_back_customers, accepted_failures." in page
    assert "hours-accepted" not in figures_of(page)


def test_a_day_before_that_was_dropped_is_compared_with_nothing() -> None:
    report = sample_report(dropped_before=["alarms", "dead_letters"])

    page = render_page(report)

    assert "very_high-critical-day_before" not in figures_of(page)
    assert "7,100" in render_page(sample_report())
    assert "7,100" not in page


def test_paper_is_always_light_and_each_colour_has_its_dark_one() -> None:
    style = (TEMPLATES / "page.css").read_text()
    light, dark = (
        set(re.findall(r"(--[\w-]+):", part))
        for part in (style.partition("@media screen")[0], style.partition("@media screen")[2])
    )

    assert "@media screen and (prefers-color-scheme: dark)" in style
    assert light == dark


def test_every_reason_has_its_words_on_the_page() -> None:
    report = sample_report()
    every = [report.reasons[0].__class__(reason.value, 1, 0, 0) for reason in Reason]

    page = render_page(sample_report(reasons=every))

    assert [reason for reason in Reason if f'id="reason-{reason}"' not in page] == []


def test_the_list_leads_to_each_page() -> None:
    page = render_list([date(2026, 11, 25), date(2026, 11, 24)])

    assert re.findall('href="([^"]+)"', page) == ["2026-11-25.html", "2026-11-24.html"]
    assert "Wednesday, 25 November 2026" in page
    assert "No report has been made yet" in render_list([])


values = st.lists(st.none() | st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=24)


@given(values, st.booleans())
def test_charts_draw_any_figures_within_their_frame(drawn: list[float | None], is_logarithmic: bool) -> None:
    labels = [f"<{place}>" for place in range(len(drawn))]
    series = [Series("a & b", "p50", drawn)]

    for chart in (
        lines("lines", labels, series, unit="ms", logarithmic=is_logarithmic),
        columns("columns", labels, series, unit="records"),
        trend("trend", [int(value or 0) for value in drawn]),
    ):
        assert isinstance(chart, Markup)
        parsed(str(chart))
        numbers = [float(number) for number in re.findall(r' (?:x|y|cy|height)="([-\d.e+]+)"', chart)]
        assert all(-0.1 <= number <= 720.1 for number in numbers)
        assert "nan" not in chart.lower()
