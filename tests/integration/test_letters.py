"""Rejected records are shown to a person with their real bytes, none of which his terminal obeys."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from include.settings import PROJECT_ROOT, environment_of
from tests.support.pipeline import Pipeline

ORDERS = b"\x1b]0;owned\x07\x1b[2J\xc2\x9b31m\xe2\x80\xae\xe2\x81\xa6\r\n\x08\xff\x9b"
INSERT = """
insert into dead_letters (topic_id, topic, partition, "offset", key, value, headers, reason, detail)
values (gen_random_uuid(), %s, 0, 7, %s, %s, %s, 'malformed_json', %s) returning id
"""

pytestmark = pytest.mark.integration


def command(pipeline: Pipeline, *words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "main.py", *words],
        cwd=PROJECT_ROOT,
        env={**environment_of(pipeline.settings), "FORCE_COLOR": "1", "COLUMNS": "400"},
        capture_output=True,
        check=False,
    )


def insert(pipeline: Pipeline) -> int:
    text = ORDERS[:-3].decode()
    with pipeline.owner() as connection:
        connection.execute("select ensure_day_partition('dead_letters', timezone('utc', now())::date)")
        row = connection.execute(
            INSERT,
            (pipeline.settings.kafka.topic, ORDERS, ORDERS, json.dumps([{"key": text, "value": None}]), text),
        ).fetchone()
    assert row is not None
    return int(row[0])


def obeyed(shown: bytes) -> list[str]:
    """Return what a terminal would obey, aside from rich's own colours."""
    text = shown.decode()
    for colour in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[3m", "\x1b[1;36m"):
        text = text.replace(colour, "")
    return [letter for letter in text if not letter.isprintable() and letter != "\n"]


def test_raw_bytes_reach_the_file_and_never_the_terminal(pipeline: Pipeline, tmp_path: Path) -> None:
    number = insert(pipeline)

    listed = command(pipeline, "dead-letters", "list")
    shown = command(pipeline, "dead-letters", "show", str(number), "--raw", str(tmp_path / "value"))

    assert (listed.returncode, shown.returncode) == (0, 0)
    assert obeyed(listed.stdout) == obeyed(shown.stdout) == []
    assert b"\\x1b]0;owned\\x07" in listed.stdout
    assert shown.stdout.count(b"\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\u202e\\u2066\\r\\n") >= 3
    assert (tmp_path / "value").read_bytes() == ORDERS


def test_a_list_that_is_cut_says_how_many_there_are_besides(pipeline: Pipeline) -> None:
    for _ in range(3):
        insert(pipeline)

    cut = command(pipeline, "dead-letters", "list", "--limit", "2").stdout.decode()
    whole = command(pipeline, "dead-letters", "list", "--limit", "3").stdout.decode()

    assert "more: --limit shows more of them" in cut.splitlines()[-1]
    assert "more:" not in whole


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["list", "--reason", "nope"], "no such reason: nope; choose from malformed_json"),
        (["list", "--limit", "0"], "--limit"),
        (["show", str(2**63)], "9223372036854775807"),
        (["show", "NUMBER", "--raw", "/dev/null/x"], "it cannot be written"),
        (["show", "NUMBER", "--raw", "/"], "it cannot be written"),
    ],
)
def test_what_is_typed_wrongly_is_one_line_and_exit_code_2(
    pipeline: Pipeline, words: list[str], problem: str
) -> None:
    number = insert(pipeline)

    ended = command(pipeline, "dead-letters", *(word.replace("NUMBER", str(number)) for word in words))

    assert (ended.returncode, ended.stdout) == (2, b"")
    assert problem in ended.stderr.decode()
    assert ended.stderr.count(b"\n") == 1
