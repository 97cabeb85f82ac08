"""Data Docs in the browser: for who may read, and nothing beyond the site's own folder."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.plugin_answers import plugin_answers, words_of_refusal

APPLICATION = ("plugins.data_docs", "DataDocsPlugin")
PAGES = ("/", "/index.html", "/runs/1.html")
TRAPS = (
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/runs/%2e%2e/%2e%2e/secret.txt",
    "/link.txt",
    "//etc/hostname",
    "/runs",
    "/a%00b",
    "/" + "x" * 5000,
)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what the application answers to each path, to a stranger, to one who may read nothing, and to a viewer."""
    stack = tmp_path_factory.mktemp("stack")
    site = stack / "data_docs"
    (site / "runs").mkdir(parents=True)
    (site / "index.html").write_text("the list")
    (site / "runs" / "1.html").write_text("one run")
    (stack / "secret.txt").write_text("secret")
    (site / "link.txt").symlink_to(stack / "secret.txt")
    return plugin_answers(
        tmp_path_factory.mktemp("airflow"), *APPLICATION, *PAGES, *TRAPS, STACK_DIR=str(stack)
    )


def test_a_stranger_is_shown_nothing(answers: dict[str, Any]) -> None:
    assert set(answers["strangers"].values()) == {401}


def test_who_may_not_read_heartbeat_hourly_is_told_so_and_shown_nothing(answers: dict[str, Any]) -> None:
    assert "it needs the right to read heartbeat_hourly" in words_of_refusal(answers, PAGES)


def test_a_user_is_led_to_the_pages(answers: dict[str, Any]) -> None:
    assert answers["headers"]["/"]["location"] == "/data-docs/index.html"
    assert answers["users"]["/index.html"] == [200, "the list"]
    assert answers["users"]["/runs/1.html"] == [200, "one run"]


def test_nothing_beyond_the_site_is_shown(answers: dict[str, Any]) -> None:
    shown = {path: answers["users"][path] for path in TRAPS}

    assert {path: status for path, (status, _) in shown.items() if status != 404} == {}
    assert "secret" not in "".join(text for _, text in shown.values())


def test_a_page_may_not_call_the_api(answers: dict[str, Any]) -> None:
    assert "connect-src 'none'" in answers["headers"]["/index.html"]["content-security-policy"]


def test_the_menu_leads_there(answers: dict[str, Any]) -> None:
    assert [(view["name"], view["href"], view["destination"]) for view in answers["views"]] == [
        ("Data Docs", "/data-docs/", "nav")
    ]


def test_where_there_is_no_page_yet_this_is_said(tmp_path: Path) -> None:
    found = plugin_answers(tmp_path / "airflow", *APPLICATION, "/", STACK_DIR=str(tmp_path / "new"))

    assert found["users"]["/"][0] == 200
    assert "No hour has been checked yet" in found["users"]["/"][1]
