"""From each earlier version to this one and back, and on from a copy, under a thousand readings a second."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.settings import PROJECT_ROOT
from stack.isolated import isolated_settings
from tests.support.operator_page import DROP, DUMP, RESTORE, as_told, run_postgres_program
from tests.support.pipeline import Pipeline
from tests.support.trials.accounting import require_hours_recomputed
from tests.support.trials.readers import readers
from tests.support.trials.trial import Amendments
from tests.support.waiting import wait_until
from tests.upgrades.conftest import Begin
from tests.upgrades.history import VERSIONS
from tests.upgrades.program import Program, Running, write_env_file
from tests.upgrades.traffic import Passage, traffic, wait_stored_more, watched

pytestmark = [pytest.mark.upgrades, pytest.mark.timeout(1800)]

LONGEST_PAUSE_SECONDS = 5.0
SUPERSEDED = 3
# As docs/deployment.md has it.
RESTORE_INTO_EMPTY = ("pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error")


@dataclass(frozen=True)
class Journey:
    """An earlier version and this one with the same `.env`, servers and data; `running` ends the streams."""

    earlier: Program
    present: Program
    pipeline: Pipeline
    folder: Path
    running: ExitStack

    def stream_of(self, program: Program, *words: str) -> Running:
        """Start a version's stream."""
        return self.running.enter_context(program.running("consumer", *words))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_is_upgraded_beside_its_running_stream_and_gone_back_to_by_a_copy(
    version: str, passage: Begin, tmp_path: Path
) -> None:
    with isolated_settings() as settings, ExitStack() as running:
        env_file = write_env_file(version, settings, tmp_path / "env")
        earlier, present = Program.earlier(version, env_file), Program.present(env_file)
        earlier.run("stack", "up")
        journey = Journey(earlier, present, Pipeline(settings), tmp_path, running)
        successor = upgrade(journey, passage(version, "to this version"))
        go_back(journey, successor, passage(version, "back, by the copy"))


def upgrade(journey: Journey, account: Passage) -> Running:
    """Upgrade while the earlier version's stream runs; return this version's stream, which has taken its place."""
    pipeline, settings = journey.pipeline, journey.pipeline.settings
    truth, sent = journey.folder / "first.jsonl", Amendments()
    predecessor = journey.stream_of(journey.earlier)
    predecessor.wait_started()
    with readers(settings) as reading, watched(settings) as freshness:
        with traffic(journey.present, settings, truth, sent, seed=1, late_by_hours=3):
            freshness.wait_flowing()
            wait_stored_more(pipeline)
            journey.earlier.settle()
            as_told(settings, DUMP, journey.folder)
            began_at = time.monotonic()
            journey.present.run("migrate")
            migrated_at = time.monotonic()
            successor = journey.stream_of(journey.present, "--take-over")
            exit_code = predecessor.wait()
            successor.wait_started()
            freshness.wait_flowing()
            wait_stored_more(pipeline)
            account.longest_pause_seconds = freshness.longest_pause_seconds(began_at)
        account.remark = (
            f"migrated in {migrated_at - began_at:.1f} s; the stream before ended with {exit_code}"
        )
        report = journey.present.wait_consumed()
        journey.present.settle()
        account.draw_up(pipeline, report, sent, truth)
        wait_until(lambda: reading.published_hours, bool)
    require_hours_recomputed(pipeline)
    assert reading.wrong == []
    assert exit_code == SUPERSEDED, predecessor.log()
    assert account.longest_pause_seconds < LONGEST_PAUSE_SECONDS
    return successor


def go_back(journey: Journey, successor: Running, account: Passage) -> None:
    """Put the copy in place, and the earlier version's stream on it."""
    earlier, present, settings = journey.earlier, journey.present, journey.pipeline.settings
    truth, sent = journey.folder / "second.jsonl", Amendments()
    with watched(settings) as freshness, traffic(present, settings, truth, sent, seed=2, late_by_hours=5):
        freshness.wait_flowing()
        began_at = time.monotonic()
        if earlier.migrations == present.migrations:
            assert "up to date" in earlier.run("migrate")
        else:
            assert "use the newer version of the program" in earlier.refusal("migrate")
        present.run("stream", "stop")
        assert successor.wait() == 0
        present.run("stack", "down")
        present.run("stack", "up")
        as_told(settings, DROP, journey.folder)
        as_told(settings, RESTORE, journey.folder)
        present.run("stack", "down")
        earlier.run("stack", "up")
        journey.stream_of(earlier).wait_started()
        freshness.wait_flowing()
        account.longest_pause_seconds = freshness.longest_pause_seconds(began_at)
    report = earlier.wait_consumed()
    earlier.settle()
    with truth.open("a") as file:
        file.write((journey.folder / "first.jsonl").read_text())
    account.draw_up(journey.pipeline, report, sent, truth)
    require_hours_recomputed(journey.pipeline)


def test_a_copy_in_an_empty_database_is_gone_on_from(
    pipeline: Pipeline, passage: Begin, tmp_path: Path
) -> None:
    lost, copied = pipeline.settings, pipeline.settings.having(db_name=f"{pipeline.settings.db.name}_copy")
    present, anew, truth, sent = (
        Program.present_with(lost),
        Program.present_with(copied),
        tmp_path / "truth",
        Amendments(),
    )
    account = passage("this", "into an empty database")
    assert " ".join(RESTORE_INTO_EMPTY) in (PROJECT_ROOT / "docs" / "deployment.md").read_text()
    with ExitStack() as running:
        first = running.enter_context(present.running("consumer"))
        first.wait_started()
        with traffic(present, lost, truth, sent, seed=3, late_by_hours=3):
            wait_stored_more(pipeline)
            present.settle()
            run_postgres_program(lost, tmp_path, "pg_dump", "-Fc", "--file=heartbeat.dump", lost.db.name)
            wait_stored_more(pipeline)
            began_at = time.monotonic()
            present.run("stream", "stop")
            assert first.wait() == 0
            run_postgres_program(lost, tmp_path, "createdb", copied.db.name)
            running.callback(run_postgres_program, lost, tmp_path, "dropdb", "--force", copied.db.name)
            anew.run("migrate")
            run_postgres_program(
                lost, tmp_path, *RESTORE_INTO_EMPTY, f"--dbname={copied.db.name}", "heartbeat.dump"
            )
            freshness = running.enter_context(watched(copied))
            running.enter_context(anew.running("consumer")).wait_started()
            freshness.wait_flowing()
            account.longest_pause_seconds = freshness.longest_pause_seconds(began_at)
        report = anew.wait_consumed()
        anew.settle()
        account.draw_up(Pipeline(copied), report, sent, truth)
        require_hours_recomputed(Pipeline(copied))
