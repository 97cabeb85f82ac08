"""The daily reports in the browser: for who may read, a list and its pages, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.plugin_answers import plugin_answers, words_of_refusal

APPLICATION = ("plugins.daily_reports", "DailyReportsPlugin")
PAGES = ("/", "/2026-01-31.html")
TRAPS = (
    "/2026-02-01.html",
    "/secret.html",
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/2026-01-31",
    "/link.html",
    "/a%00b",
)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what the application answers to each path, to a stranger, to one who may read nothing, and to a viewer."""
    stack = tmp_path_factory.mktemp("stack")
    reports = stack / "reports"
    reports.mkdir()
    (reports / "2026-01-31.html").write_text("a day")
    (reports / "secret.html").write_text("secret")
    (stack / "secret.txt").write_text("secret")
    return plugin_answers(
        tmp_path_factory.mktemp("airflow"), *APPLICATION, *PAGES, *TRAPS, STACK_DIR=str(stack)
    )


def test_a_stranger_is_shown_nothing(answers: dict[str, Any]) -> None:
    assert {status for status in answers["strangers"].values() if status not in (404, 422)} == {401}
    assert {answers["strangers"][path] for path in PAGES} == {401}


def test_who_may_not_read_heartbeat_report_is_told_so_and_shown_nothing(answers: dict[str, Any]) -> None:
    assert "it needs the right to read heartbeat_report" in words_of_refusal(answers, PAGES)


def test_a_user_finds_the_list_and_the_pages(answers: dict[str, Any]) -> None:
    status, text = answers["users"]["/"]

    assert (status, answers["users"]["/2026-01-31.html"]) == (200, [200, "a day"])
    assert 'href="2026-01-31.html">Saturday, 31 January 2026</a>' in text
    assert "secret" not in text


def test_nothing_else_is_shown(answers: dict[str, Any]) -> None:
    shown = {path: answers["users"][path] for path in TRAPS}

    assert {path: status for path, (status, _) in shown.items() if status not in (404, 422)} == {}
    assert [path for path, (_, text) in shown.items() if text == "secret"] == []


def test_a_page_runs_nothing_and_calls_nobody(answers: dict[str, Any]) -> None:
    shown = [path for path, (status, _) in answers["users"].items() if status == 200]
    [policy] = {answers["headers"][path]["content-security-policy"] for path in shown}

    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert "script-src" not in policy


def test_the_menu_leads_there(answers: dict[str, Any]) -> None:
    assert [(view["name"], view["href"], view["category"]) for view in answers["views"]] == [
        ("Daily reports", "/daily-reports/", "browse")
    ]


def test_where_there_is_no_report_yet_this_is_said(tmp_path: Path) -> None:
    found = plugin_answers(tmp_path / "airflow", *APPLICATION, "/", STACK_DIR=str(tmp_path / "new"))

    assert found["users"]["/"][0] == 200
    assert "No report has been made yet" in found["users"]["/"][1]
