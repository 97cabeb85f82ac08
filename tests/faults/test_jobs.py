"""The hourly job killed and run twice, and the daily one beside a stream that writes into the day that it drops."""

import subprocess
import sys
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest

from include.errors import HeartbeatError, SettlingBusyError
from include.hourly.run import settle_due
from include.maintenance.run import drop_expired_days
from include.settings import PROJECT_ROOT, Settings, environment_of
from tests.faults.conftest import Begin
from tests.support.background import repeating
from tests.support.database_proxy import DatabaseProxy, Point
from tests.support.pipeline import Pipeline
from tests.support.trials.expiring import ExpiringReadings
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

# All is judged and summed by then, and nothing of it is to be seen.
PUBLICATION = Point("heartbeat-hourly", "hourly/upsert_settled_hours")
SETTLE = (
    "from datetime import datetime; from include.settings import get_settings; "
    "from include.hourly.run import settle_due; settle_due(get_settings(), before=datetime(9999, 1, 1))"
)
LATER = datetime(9999, 1, 1)  # noqa: DTZ001 - UTC without a zone, as the columns are
OLD_DAYS, KEPT_DAYS = 40, 30
# As `migrate` does it by READINGS_RETENTION_DAYS.
KEEP_FEWER_DAYS = f"update time_limits set kept_days = {KEPT_DAYS}"  # noqa: S608 - a test's own words


def test_the_hourly_job_runs_twice_and_is_killed_between_checks_and_publication(scenario: Begin) -> None:
    with scenario(within_seconds=60) as trial:
        settings = trial.pipeline.settings
        with (
            closing(DatabaseProxy(settings.db.host, settings.db.port)) as proxy,
            proxy.holding_at(PUBLICATION) as has_come,
        ):
            process = held_run(settings.having(db_host="127.0.0.1", db_port=proxy.port), has_come)
            with pytest.raises(SettlingBusyError) as told:
                settle_due(settings, before=LATER)
            process.kill()
            code = process.wait()
        trial.repaired()
        trial.prove(f"killed (exit code {code}) before it published; one beside it was told: {told.value}")


def held_run(settings: Settings, has_come: threading.Event) -> subprocess.Popen[bytes]:
    """Start the hourly job until a run of it is held; one that finds another at work ends at once."""
    while True:
        process = subprocess.Popen(
            [sys.executable, "-c", SETTLE],
            cwd=PROJECT_ROOT,
            env=environment_of(settings),
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: has_come.is_set() or process.poll() is not None, bool)  # noqa: B023
        if has_come.is_set():
            return process


def test_a_day_is_dropped_while_the_stream_writes_into_it(scenario: Begin) -> None:
    with scenario(within_seconds=60) as trial:
        day = (datetime.now(UTC) - timedelta(days=OLD_DAYS)).date()
        with (
            closing(ExpiringReadings(trial.pipeline.settings, day)) as readings,
            repeating(readings.send_some, every_seconds=2.0),
        ):
            wait_until(lambda: stored_of(trial.pipeline, day), lambda count: count > 100)
            trial.pipeline.run(KEEP_FEWER_DAYS)
            wait_until(lambda: dropped_rows(trial.pipeline), bool)
            wait_until(lambda: trial.pipeline.count(readings.rejected), lambda count: count > 20)
        trial.repaired()
        rejected = readings.note_into(trial)
        dropped = dropped_rows(trial.pipeline)
        assert (dropped, stored_of(trial.pipeline, day)) == (trial.amendments.expired, 0)
        trial.prove(f"{day} went with {dropped} readings; {rejected} that came after it were rejected")


def stored_of(pipeline: Pipeline, day: object) -> int:
    return pipeline.count(f"heartbeats where event_time::date = '{day}'")


def dropped_rows(pipeline: Pipeline) -> int:
    """Do what the hourly and the daily job do; return how many readings went with their days so far."""
    with suppress(HeartbeatError):
        settle_due(pipeline.settings, before=LATER)
        drop_expired_days(pipeline.settings.having(readings_retention_days=KEPT_DAYS - kafka_days(pipeline)))
    return int(pipeline.rows("select coalesce(sum(rows), 0) from retention_log")[0][0])


def kafka_days(pipeline: Pipeline) -> int:
    return pipeline.settings.retention_days.kafka
