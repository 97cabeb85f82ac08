"""What the checks make of facts, without a clock, a broker or a database."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from include.broker.topic import KafkaRange
from include.health.render import render
from include.health.rules import BYTES_PER_GIB, evaluate
from include.health.standstill import is_stalled, lag_of, launch_to_fence
from include.health.types import (
    AlarmWork,
    Check,
    DatabaseFacts,
    Disk,
    Facts,
    KafkaFacts,
    Status,
    UnprocessableRecords,
    UnpublishedHours,
    UnreadRecords,
)
from include.settings import Settings
from include.stream.types import Lease

NOW = datetime(2026, 3, 1, 12, 0)  # noqa: DTZ001 - the columns are UTC without a zone
LIMITS = Settings().health


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


LEASE = Lease(epoch=7, holder="host:42", started_at=ago(3600), renewed_at=ago(1), stop_requested=False)
KAFKA = KafkaFacts(UUID(int=1), {0: KafkaRange(0, 100), 1: KafkaRange(10, 50)}, newest_record_at=ago(3))
DATABASE = DatabaseFacts(
    now=NOW,
    serving_since=ago(86_400),
    answer_ms=2,
    next_offsets={0: 100, 1: 50},
    moved_at=ago(2),
    waiting_since=None,
    newest_reading_at=ago(5),
    recent_records=1000,
    recent_quarantined=10,
    recent_unprocessable=None,
    recent_unread=None,
    lease=LEASE,
    unpublished=UnpublishedHours(0, 0, None),
    alarms=AlarmWork(looked_at=ago(2), progress=ago(2), waiting_since=None, untaken_since=None),
)
HEALTHY = Facts(KAFKA, "", DATABASE, "", disk=Disk(Path("/data"), 50 * BYTES_PER_GIB))


def database(**changes: object) -> Facts:
    return replace(HEALTHY, database=replace(DATABASE, **changes))  # type: ignore[arg-type]


def behind(*, commit_age: float, waits_for: float | None = None, **changes: object) -> Facts:
    """One record waits, the last commit was that long ago, and the record has waited as long unless told otherwise."""
    waiting_since = ago(commit_age if waits_for is None else waits_for)
    moved = {"next_offsets": {0: 99, 1: 50}, "moved_at": ago(commit_age)}
    return database(waiting_since=waiting_since, **moved, **changes)


def found(facts: Facts) -> dict[str, Check]:
    return {check.name: check for check in evaluate(facts, LIMITS)}


def statuses(facts: Facts) -> dict[str, str]:
    return {name: check.status.value for name, check in found(facts).items() if check.status is not Status.OK}


def alarm_work(
    *,
    looked_at: float | None = 2,
    progress: float | None = 2,
    waiting: float | None = None,
    untaken: float | None = None,
) -> AlarmWork:
    seen = (looked_at, progress, waiting, untaken)
    times = (None if seconds is None else ago(seconds) for seconds in seen)
    return AlarmWork(*times)


@pytest.mark.parametrize(
    ("looked_at", "started", "status"),
    [
        (119, 3600, "ok"),
        (121, 3600, "warn"),
        (901, 3600, "fail"),
        (None, 121, "warn"),
        (None, 3600, "fail"),
        (None, 119, "ok"),
    ],
)
def test_alarms_that_nobody_evaluates_while_the_stream_runs_are_found(
    looked_at: float | None, started: float, status: str
) -> None:
    facts = database(alarms=alarm_work(looked_at=looked_at), lease=replace(LEASE, started_at=ago(started)))

    assert found(facts)["alarms"].status == status
    gone = replace(LEASE, renewed_at=ago(3000))
    assert found(database(alarms=alarm_work(looked_at=9999), lease=gone))["alarms"].status == "ok"


@pytest.mark.parametrize(
    ("progress", "status", "message"),
    [
        (119, "ok", "the last look was 2 s ago"),
        (300, "warn", "no new silence is found for 5 min: "),
        (9999, "warn", "no new silence is found for 3 h"),
        (None, "warn", "no new silence is found: "),
    ],
)
def test_that_nobody_can_be_found_silent_is_told(progress: float | None, status: str, message: str) -> None:
    work = alarm_work(progress=progress)

    check = found(database(alarms=work))["alarms"]

    assert (check.status, check.message[: len(message)]) == (status, message)
    begun = replace(LEASE, started_at=ago(119))
    assert found(database(alarms=work, lease=begun))["alarms"].status == "ok"


@pytest.mark.parametrize(
    ("waiting", "untaken", "status"),
    [(299, 899, "ok"), (301, None, "fail"), (None, 901, "warn"), (None, None, "ok")],
)
def test_what_is_to_be_told_and_is_not_is_found(
    waiting: float | None, untaken: float | None, status: str
) -> None:
    work = alarm_work(waiting=waiting, untaken=untaken)

    assert found(database(alarms=work))["delivery"].status == status


def test_a_healthy_stream_passes_every_check() -> None:
    assert statuses(HEALTHY) == {}
    assert len(found(HEALTHY)) == 13


def test_lag_counts_what_kafka_holds_and_the_ledger_has_not_done() -> None:
    unknown_partition = replace(HEALTHY, kafka=replace(KAFKA, ranges={**KAFKA.ranges, 2: KafkaRange(5, 25)}))
    aged_out = database(next_offsets={0: 100, 1: 3})

    assert lag_of(HEALTHY) == 0
    assert lag_of(unknown_partition) == 20
    assert lag_of(aged_out) == 40


@pytest.mark.parametrize(
    ("lag", "status"), [(100_000, Status.OK), (100_001, Status.WARN), (50_000_001, Status.FAIL)]
)
def test_lag_is_graded_by_its_limits(lag: int, status: Status) -> None:
    ranges = {0: KafkaRange(0, 100 + lag), 1: KafkaRange(10, 50)}
    facts = replace(HEALTHY, kafka=replace(KAFKA, ranges=ranges))

    assert found(facts)["lag"].status is status


def test_silence_of_hours_without_lag_is_not_a_standstill() -> None:
    facts = database(moved_at=ago(7200))

    assert not is_stalled(facts, LIMITS)
    assert found(facts)["commit_age"].status is Status.OK


def test_a_record_that_comes_after_hours_of_silence_is_given_its_time() -> None:
    """A pause counts from when there was something to do, not from the last commit."""
    facts = behind(commit_age=7200, waits_for=59)

    assert not is_stalled(facts, LIMITS)
    assert launch_to_fence(facts, LIMITS) is None
    assert found(facts)["commit_age"].status is Status.OK
    assert is_stalled(behind(commit_age=7200, waits_for=61), LIMITS)


def test_a_standstill_is_watched_if_it_would_be_one_by_the_end_of_the_watch() -> None:
    assert is_stalled(behind(commit_age=7200, waits_for=46), LIMITS, within_seconds=15)
    assert not is_stalled(behind(commit_age=7200, waits_for=44), LIMITS, within_seconds=15)


def test_records_that_wait_while_commits_go_on_are_progress() -> None:
    assert statuses(behind(commit_age=1, waits_for=0)) == {}


def test_records_that_wait_without_a_commit_are_a_standstill_that_names_the_stream_as_dead() -> None:
    facts = behind(commit_age=61, newest_reading_at=ago(70))

    assert statuses(facts) == {"commit_age": "fail", "freshness": "fail"}
    assert "the stream is dead, not the source" in found(facts)["freshness"].message
    assert launch_to_fence(facts, LIMITS) == LEASE


def test_a_launch_is_given_time_before_it_is_judged() -> None:
    facts = behind(commit_age=7200, lease=replace(LEASE, started_at=ago(30)))

    assert found(facts)["commit_age"].status is Status.WARN
    assert launch_to_fence(facts, LIMITS) is None


@pytest.mark.parametrize(
    "lease", [replace(LEASE, fenced_at=ago(60)), replace(LEASE, stop_requested=True), None]
)
def test_a_launch_that_was_fenced_or_asked_to_stop_is_not_fenced_again(lease: Lease | None) -> None:
    facts = behind(commit_age=600, lease=lease)

    assert is_stalled(facts, LIMITS)
    assert launch_to_fence(facts, LIMITS) is None


def test_a_silent_source_is_told_from_a_dead_stream() -> None:
    facts = replace(HEALTHY, kafka=replace(KAFKA, newest_record_at=ago(700)))

    assert statuses(facts) == {"freshness": "warn"}
    assert "the source has been silent" in found(facts)["freshness"].message


def test_a_record_from_the_future_does_not_hide_that_the_source_is_silent() -> None:
    silent = replace(database(moved_at=ago(700)), kafka=replace(KAFKA, newest_record_at=ago(-86_400)))

    assert "the source has been silent for 12 min" in found(silent)["freshness"].message
    assert statuses(replace(HEALTHY, kafka=silent.kafka)) == {}


def test_records_without_a_fresh_reading_are_noticed() -> None:
    facts = database(newest_reading_at=ago(4000))

    assert statuses(facts) == {"freshness": "warn"}
    assert "none that is accepted" in found(facts)["freshness"].message


@pytest.mark.parametrize(
    ("silence", "record", "reading", "lag", "status", "limit", "words"),
    [
        (600, 3, 301, 0, "warn", 300, "records arrive, but late ones"),
        (600, 301, 305, 0, "ok", 600, "the newest reading is 5 min old"),
        (600, 599, 599, 0, "ok", 600, "the newest reading is 10 min old"),
        (600, 301, 4000, 0, "warn", 600, "records arrive, but late ones"),
        (600, 601, 605, 0, "warn", 600, "the source has been silent"),
        (3600, 3500, 3500, 0, "ok", 3600, "the newest reading is 58 min old"),
        (3600, 3601, 3601, 0, "warn", 3600, "the source has been silent"),
        (60, 61, 65, 0, "warn", 60, "the source has been silent"),
        (60, 59, 65, 0, "ok", 300, "the newest reading is 65 s old"),
        (600, 301, 305, 1, "warn", 300, "the stream is catching up"),
    ],
)
def test_a_pause_is_held_against_the_silence_that_is_set_and_late_readings_against_the_age(
    silence: float, record: float, reading: float, lag: int, status: str, limit: float, words: str
) -> None:
    facts = database(newest_reading_at=ago(reading), next_offsets={0: 100 - lag, 1: 50})
    facts = replace(facts, kafka=replace(KAFKA, newest_record_at=ago(record)))

    [check] = [
        check
        for check in evaluate(facts, LIMITS.model_copy(update={"silence_seconds": silence}))
        if check.name == "freshness"
    ]

    assert (check.status, check.threshold) == (status, limit)
    assert words in check.message


@pytest.mark.parametrize(
    ("records", "quarantined", "status"),
    [
        (0, 0, Status.OK),
        (100, 10, Status.OK),
        (100, 11, Status.WARN),
        (100, 51, Status.FAIL),
        (4, 4, Status.WARN),
    ],
)
def test_the_quarantined_share_is_graded(records: int, quarantined: int, status: Status) -> None:
    facts = database(recent_records=records, recent_quarantined=quarantined)

    assert found(facts)["quarantine"].status is status


def test_a_record_that_could_not_be_processed_is_a_warning_that_says_where_it_lies() -> None:
    check = found(database(recent_unprocessable=UnprocessableRecords(2, 1, 4711)))["unprocessable"]

    assert (check.status, check.value) == (Status.WARN, 2)
    assert check.message == (
        "2 records could not be processed in the last 10 min, the newest at partition 1, offset 4711: "
        "python main.py dead-letters list --reason unprocessable"
    )


def test_records_that_kafka_dropped_unread_fail_and_are_named() -> None:
    check = found(database(recent_unread=UnreadRecords(15, 0, 10, 25)))["unread"]

    assert (check.status, check.value) == (Status.FAIL, 15)
    assert check.message == (
        "Kafka dropped 15 records before the stream had read them, found in the last 10 min; "
        "the newest are offsets 10 to 24 of partition 0"
    )


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"renewed_at": ago(3)}, Status.OK, "held by launch 7 (host:42)"),
        ({"stop_requested": True}, Status.WARN, "asked to stop"),
        ({"renewed_at": ago(90), "stop_requested": True}, Status.WARN, "stopped on request"),
        ({"renewed_at": ago(90)}, Status.WARN, "commits, but gives no sign of life"),
        ({"fenced_at": ago(20)}, Status.WARN, "no successor yet"),
        ({"fenced_at": ago(500)}, Status.FAIL, "no successor yet"),
    ],
)
def test_the_lease_tells_who_holds_it(changes: dict[str, object], status: Status, words: str) -> None:
    check = found(database(lease=replace(LEASE, **changes)))["lease"]  # type: ignore[arg-type]

    assert check.status is status
    assert words in check.message


def test_a_lease_without_life_and_without_commits_fails() -> None:
    facts = database(lease=replace(LEASE, renewed_at=ago(300)), moved_at=ago(301))

    assert found(facts)["lease"].status is Status.FAIL


@pytest.mark.parametrize(
    "lease",
    [None, replace(LEASE, renewed_at=ago(7200)), replace(LEASE, renewed_at=ago(7200), fenced_at=ago(7000))],
)
def test_a_stream_that_is_coming_up_is_starting_and_not_red_but_only_for_a_while(lease: Lease | None) -> None:
    young = behind(commit_age=7200, lease=lease, serving_since=ago(4 * LIMITS.grace_seconds))
    old = behind(commit_age=7200, lease=lease, serving_since=ago(4 * LIMITS.grace_seconds + 1))

    assert set(statuses(young).values()) == {"warn"}
    assert {name for name, check in found(young).items() if check.message.startswith("starting: ")} == {
        "commit_age",
        "lease",
    }
    assert launch_to_fence(young, LIMITS) is None
    assert statuses(old) == {"commit_age": "fail", "freshness": "fail", "lease": "fail"}


def test_a_broker_that_is_not_up_yet_is_starting_too() -> None:
    young = replace(database(lease=None, serving_since=ago(5)), kafka=None, kafka_problem="no broker answers")

    assert set(statuses(young).values()) == {"warn"}
    assert found(young)["broker"].message == "starting: no broker answers"


def test_a_stream_that_ran_since_the_database_came_up_and_died_is_red() -> None:
    facts = behind(
        commit_age=100, lease=replace(LEASE, started_at=ago(120), renewed_at=ago(100)), serving_since=ago(150)
    )

    assert statuses(facts) == {"commit_age": "fail", "freshness": "fail", "lease": "fail"}


@pytest.mark.parametrize(
    ("hours", "status"),
    [
        (UnpublishedHours(1, 0, ago(3600)), Status.OK),
        (UnpublishedHours(1, 1, ago(3600)), Status.WARN),
        (UnpublishedHours(3, 0, ago(3 * 3600)), Status.WARN),
        (UnpublishedHours(3, 1, ago(25 * 3600)), Status.FAIL),
    ],
)
def test_hours_that_wait_are_graded_by_the_longest_wait(hours: UnpublishedHours, status: Status) -> None:
    assert found(database(unpublished=hours))["unpublished_hours"].status is status


@pytest.mark.parametrize(("free_gib", "status"), [(6, Status.OK), (4.9, Status.WARN), (0.9, Status.FAIL)])
def test_free_disk_space_is_graded_from_above(free_gib: float, status: Status) -> None:
    facts = replace(HEALTHY, disk=Disk(Path("/data"), int(free_gib * BYTES_PER_GIB)))

    assert found(facts)["disk"].status is status


def test_without_a_broker_only_what_needs_it_is_unknown() -> None:
    facts = replace(HEALTHY, kafka=None, kafka_problem="no Kafka broker answers")

    assert statuses(facts) == {"broker": "fail", "lag": "warn", "commit_age": "warn", "freshness": "warn"}


def test_a_broker_that_answers_for_some_partitions_alone_fails_by_itself() -> None:
    facts = replace(HEALTHY, kafka_problem="no broker that answers leads partition 1 of topic heartbeats")

    assert statuses(facts) == {"broker": "fail"}
    assert "leads partition 1" in found(facts)["broker"].message


def test_without_a_database_nothing_is_claimed_but_broker_and_disk() -> None:
    facts = replace(HEALTHY, database=None, database_problem="no PostgreSQL answers")

    known = {name for name, check in found(facts).items() if "cannot be told" not in check.message}
    assert known == {"broker", "database", "disk"}
    assert found(facts)["database"].status is Status.FAIL
    assert launch_to_fence(facts, LIMITS) is None


def test_the_table_names_each_check_once_and_has_no_colours() -> None:
    checks = evaluate(HEALTHY, LIMITS)

    text = render(checks)

    assert [text.count(f"| {check.name} ") for check in checks] == [1] * len(checks)
    assert "\x1b" not in text
