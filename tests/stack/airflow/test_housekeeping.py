"""Logs stay small while they are written, and go when they are old."""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stack.airflow.housekeeping import Housekeeping, delete_old_logs, trim_logs

DAY_SECONDS = 86_400


def written(file: Path, text: str, *, days_ago: float = 0.0) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    at = file.stat().st_mtime - days_ago * DAY_SECONDS
    os.utime(file, (at, at))
    return file


def test_a_log_that_has_grown_is_put_aside_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "airflow-scheduler.log"
    with log.open("a") as writer:
        writer.write("x" * 100 + "\n")
        writer.flush()

        trim_logs([log], 50)

        writer.write("after\n")
    assert log.read_text() == "after\n"
    assert (tmp_path / "airflow-scheduler.log.1").read_text() == "x" * 100 + "\n"


def test_a_small_log_and_one_that_is_gone_are_left_alone(tmp_path: Path) -> None:
    log = written(tmp_path / "small.log", "line\n")

    trim_logs([log, tmp_path / "gone.log"], 50)

    assert log.read_text() == "line\n"
    assert list(tmp_path.iterdir()) == [log]


def test_only_what_is_old_goes(tmp_path: Path) -> None:
    old = written(tmp_path / "dag_id=a" / "run_id=1" / "attempt=1.log", "old", days_ago=15)
    new = written(tmp_path / "dag_id=a" / "run_id=2" / "attempt=1.log", "new", days_ago=13)

    delete_old_logs(tmp_path, older_than_seconds=14 * DAY_SECONDS)

    assert (old.exists(), new.exists()) == (False, True)


def test_a_log_that_goes_while_old_ones_are_looked_for_keeps_no_other_from_going(tmp_path: Path) -> None:
    files = [written(tmp_path / str(number) / "attempt=1.log", "old", days_ago=15) for number in range(500)]

    with ThreadPoolExecutor(1) as other:
        deleting = other.submit(lambda: [shutil.rmtree(file.parent) for file in reversed(files)])
        while not deleting.done():
            delete_old_logs(tmp_path, older_than_seconds=14 * DAY_SECONDS)


def test_a_duty_that_the_system_refuses_is_due_again_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    housekeeping = Housekeeping(tmp_path, tmp_path, history_days=14, trim_at=0.0, clean_at=0.0)
    old = written(tmp_path / "logs" / "attempt=1.log", "old", days_ago=15)

    housekeeping.look()

    assert housekeeping.cleaning is None
    assert housekeeping.clean_at > 0
    assert not old.exists()
