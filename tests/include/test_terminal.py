"""Nothing that comes from outside can give a terminal an order."""

import subprocess
import sys
import unicodedata

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from include.log import configure_logging, get_logger
from include.settings import PROJECT_ROOT
from include.terminal import plain

ORDERS = {
    "ESC": "\x1b[2J",
    "OSC": "\x1b]0;title\x07",
    "C1": "\x9b31m",
    "bidi": "\u202e\u2066\u200f",
    "line break": "a\r\nb\u2028c\x85d",
    "half a pair": "\udc9b",
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_an_order_is_shown_and_not_obeyed(order: str) -> None:
    shown = plain(f"before {order} after")

    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert "\\" in shown
    assert shown.isprintable()
    shown.encode()


@given(st.text())
def test_whatever_is_shown_is_one_line_without_any_control_or_format_character(text: str) -> None:
    assert {unicodedata.category(letter) for letter in plain(text)}.isdisjoint(
        {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )


@given(st.text().filter(str.isprintable))
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_a_log_line_for_a_person_obeys_nothing_either(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(log_format="console", level="INFO")
    try:
        get_logger().info("record_refused", topic="x\x1b]0;title\x07\u202e")
    finally:
        structlog.reset_defaults()

    assert "\\x1b]0;title\\x07\\u202e" in capsys.readouterr().err


def test_a_path_that_is_no_text_can_still_be_told() -> None:
    ended = subprocess.run(
        [sys.executable, "main.py", "producer", "--replay", b"absent-\xff\x1b[2J\n.csv"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr == b"error: absent-\\udcff\\x1b[2J\\n.csv: there is no such file\n"
