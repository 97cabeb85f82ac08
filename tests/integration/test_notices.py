"""What operators are told: each change of state once, whatever is started anew or away meanwhile."""

import logging
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Thread

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from include.db.connect import Role, connect
from include.errors import HealthCheckFailedError, HoursWithheldError, TransientError
from include.health.run import run_checks
from include.maintenance.run import prune_results
from include.notices.rules import change_of_task, worked
from include.notices.run import tell, tell_task
from include.notices.types import Change
from include.outbox.channels import Channels
from include.outbox.outage import Outage
from include.outbox.sender import deliver, deliver_until
from include.settings import Settings
from stack.ports import free_port
from tests.support.hours import HOUR
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until
from tests.support.webhook import Listener, listening

pytestmark = pytest.mark.integration

PUBLISH = "heartbeat_hourly.publish_hour"


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Give a webhook."""
    with listening() as made:
        yield made


@pytest.fixture
def told(settings: Settings, listener: Listener) -> Settings:
    """Give settings that name the webhook."""
    return settings.having(alarm_operators=SecretStr(listener.url), alarm_webhook_secret=SecretStr("secret"))


def check(settings: Settings, **changes: object) -> None:
    """Do what a minute's task and the sender do, in processes that know nothing of the minute before."""
    with suppress(HealthCheckFailedError):
        run_checks(settings.having(**changes))
    deliver(settings)


def withhold(pipeline: Pipeline, hour: datetime, reason: str) -> None:
    pipeline.run(
        "insert into settled_hours (hour, state, reason, readings, ledger_readings, revision, run_id) "  # noqa: S608
        f"values ('{hour}', 'withheld', '{reason}', 1, 0, 1, 1)"
    )


def hold_back(pipeline: Pipeline, hour: datetime, *customers: uuid.UUID) -> None:
    """Hold customers back for two reasons each."""
    for customer in customers:
        pipeline.run(
            "insert into held_back_customers (hour, customer_id, rule, observed, readings, rejected, detail) "  # noqa: S608
            f"select '{hour}', '{customer}', rule, 1, 0, 30, 'x' from (values ('rule b'), ('rule a')) as v (rule)"
        )


def last_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None) - HOUR


# A disk that never has enough room, and one that always has.
FULL = {"health_disk_warn_gib": 1e9, "health_disk_fail_gib": 1e9}
FINE = {"health_disk_warn_gib": 0.0, "health_disk_fail_gib": 0.0}


def test_a_check_that_fails_minute_after_minute_is_told_once_and_so_is_its_end(
    told: Settings, listener: Listener
) -> None:
    for limits in (FINE, FULL, FULL, FULL, FINE, FINE):
        check(told, **limits)

    assert listener.told() == [("check disk", "failing"), ("check disk", "over")]
    assert "GiB free" in listener.bodies[0]["message"]
    assert listener.bodies[0]["source"] == "heartbeat-monitoring"


def test_a_webhook_that_is_away_misses_nothing_hears_nothing_twice_and_keeps_the_order(
    pipeline: Pipeline, told: Settings, listener: Listener
) -> None:
    listener.status = 503
    check(told, **FULL)
    check(told, **FULL)
    check(told, **FINE)
    assert len(listener.requests) == 1
    assert listener.bodies == []

    listener.status = 200
    pipeline.run("update messages set next_try_at = planned_at")
    check(told, **FINE)
    check(told, **FINE)

    assert listener.told() == [("check disk", "failing"), ("check disk", "over")]
    numbers = [body["id"] for body in listener.bodies]
    assert numbers == sorted(set(numbers))


def test_a_check_that_could_not_be_made_neither_fails_nor_is_over(told: Settings, listener: Listener) -> None:
    tell(told, [Change("check lag", True, "too much")])

    check(told, **FINE, health_grace_seconds=0, kafka_broker=f"127.0.0.1:{free_port()}")

    failing = [subject for subject, _ in listener.told()]
    assert failing == ["check lag", "check broker", "check lease"]  # nothing has run, and the start is over


def test_a_withheld_hour_is_told_with_its_reason_and_again_when_it_no_longer_is(
    pipeline: Pipeline, told: Settings, listener: Listener
) -> None:
    hour = last_hour()
    withhold(pipeline, hour, "risk levels are wrong")
    error = HoursWithheldError(hours=["x"], reason="risk levels are wrong")

    tell_task(
        told, change_of_task(PUBLISH, error, "http://log")
    )  # the task says so first, the checks see it later
    check(told, **FINE)
    pipeline.run("update settled_hours set state = 'published', reason = null")
    check(told, **FINE)

    subject = f"hour {hour:%Y-%m-%dT%H:00}Z"
    assert listener.told() == [(subject, "failing"), (subject, "over")]
    assert listener.bodies[0]["message"] == "withheld: risk levels are wrong"


def test_customers_who_are_held_back_are_told_once_per_hour_as_a_number_and_so_is_their_return(
    pipeline: Pipeline, told: Settings, listener: Listener
) -> None:
    hour, customers = last_hour(), [uuid.uuid4() for _ in range(3)]
    hold_back(pipeline, hour, *customers)
    hold_back(pipeline, hour - HOUR, customers[0])
    check(told, **FINE)
    check(told, **FINE)
    pipeline.run(f"delete from held_back_customers where hour = '{hour}'")  # noqa: S608
    check(told, **FINE)
    check(told, **FINE)

    newer, older = (f"{at:%Y-%m-%dT%H:00}Z" for at in (hour, hour - HOUR))
    assert [(body["subject"], body["state"], body["message"]) for body in listener.bodies] == [
        (
            f"customers of {older}",
            "failing",
            f"1 customer is held back (rule a, rule b): 'python main.py hours show {older}' says who",
        ),
        (
            f"customers of {newer}",
            "failing",
            f"3 customers are held back (rule a, rule b): 'python main.py hours show {newer}' says who",
        ),
        (f"customers of {newer}", "over", "nobody is held back any more"),
    ]
    assert [customer for customer in customers if str(customer) in str(listener.bodies)] == []


def test_a_failed_task_is_told_once_in_words_that_name_nobody_until_it_works_again(
    told: Settings, listener: Listener
) -> None:
    tell_task(told, worked(PUBLISH))
    tell_task(told, change_of_task(PUBLISH, ValueError("customer 4711"), "http://log"))
    tell_task(told, change_of_task(PUBLISH, TransientError("the broker is away"), "http://log"))
    tell_task(told, worked(PUBLISH))
    tell_task(told, change_of_task(PUBLISH, None, "http://log"))
    deliver(told)

    assert [body["state"] for body in listener.bodies] == ["failing", "over", "failing"]
    messages = [body["message"] for body in listener.bodies]
    assert messages == ["ValueError: see its log", "it works again", "it was ended from outside: see its log"]
    assert [body["link"] for body in listener.bodies] == ["http://log", None, "http://log"]
    assert "4711" not in str(listener.bodies)


def test_a_task_that_says_what_it_found_is_no_task_that_failed(told: Settings, listener: Listener) -> None:
    tell_task(told, change_of_task("heartbeat_health.check_everything", ValueError(), "http://log"))
    error = HealthCheckFailedError(failed=["lag"], summary="lag: much")

    tell_task(told, change_of_task("heartbeat_health.check_everything", error, "http://log"))
    deliver(told)

    assert [body["state"] for body in listener.bodies] == ["failing", "over"]


def test_a_database_that_is_away_is_told_once_and_so_is_its_return(
    told: Settings, listener: Listener
) -> None:
    channel = Channels(told).of_operators
    listener.status = 503
    Outage(told, grace_seconds=0).notice("no PostgreSQL answers", channel)
    listener.status = 200
    Outage(told, grace_seconds=0).notice("still none", channel)
    Outage(told, grace_seconds=0).notice("still none", channel)
    with connect(told, Role.ALARMS, autocommit=True) as connection:
        Outage(told).end(connection)
        Outage(told).end(connection)
    check(told, **FINE)

    assert listener.told() == [("check database", "failing"), ("check database", "over")]
    assert listener.bodies[0]["message"] == "no PostgreSQL answers"


def test_an_outage_that_nobody_could_be_told_of_is_told_when_it_is_over(
    told: Settings, listener: Listener
) -> None:
    listener.status = 503
    Outage(told, grace_seconds=0).notice("no PostgreSQL answers", Channels(told).of_operators)
    listener.status = 200
    with connect(told, Role.ALARMS, autocommit=True) as connection:
        Outage(told).end(connection)
    deliver(told)

    assert listener.told() == [("check database", "failing"), ("check database", "over")]
    assert len(set(listener.keys())) == 2  # the same key as when nobody took it


def test_an_outage_that_a_sender_noted_before_it_was_killed_is_not_noted_again(
    told: Settings, listener: Listener
) -> None:
    Outage(told, grace_seconds=0).notice("no PostgreSQL answers", Channels(told).of_operators)
    [kept] = told.stack.dir.glob("database_outage.json")
    content = kept.read_bytes()
    for _ in range(2):  # the second sender finds the file that the first one was killed before deleting
        kept.write_bytes(content)
        with connect(told, Role.ALARMS, autocommit=True) as connection:
            Outage(told).end(connection)
    deliver(told)

    assert listener.told() == [("check database", "failing"), ("check database", "over")]
    assert not kept.exists()


def test_a_server_that_only_starts_again_is_no_news(told: Settings, listener: Listener) -> None:
    outage = Outage(told)
    outage.notice("no PostgreSQL answers", Channels(told).of_operators)
    with connect(told, Role.ALARMS, autocommit=True) as connection:
        outage.end(connection)
    deliver(told)

    assert listener.requests == []


def test_the_sender_tells_of_a_database_that_is_away(told: Settings, listener: Listener) -> None:
    is_over = Event()
    away = told.having(db_port=free_port())
    sending = Thread(target=deliver_until, args=(away, is_over), kwargs={"outage_grace_seconds": 0})
    sending.start()
    try:
        wait_until(listener.told, lambda found: found == [("check database", "failing")])
    finally:
        is_over.set()
        sending.join()

    assert "no PostgreSQL answers" in listener.bodies[0]["message"]


def test_several_who_notice_at_once_tell_once(told: Settings, listener: Listener) -> None:
    changes = [Change(f"check {number}", True, "x") for number in range(10)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: tell(told, changes), range(4)))
    deliver(told)

    assert sorted(listener.told()) == sorted((change.subject, "failing") for change in changes)


def test_a_webhook_that_is_named_later_is_not_told_old_stories(
    pipeline: Pipeline, settings: Settings, told: Settings, listener: Listener
) -> None:
    for state in (FULL, FINE):
        with suppress(HealthCheckFailedError):
            run_checks(settings.having(**state))
    is_over = Event()
    sending = Thread(target=deliver_until, args=(settings, is_over))
    sending.start()
    try:
        wait_until(lambda: pipeline.count("outbox"), lambda count: count == 0)
    finally:
        is_over.set()
        sending.join()

    check(told, **FULL)

    assert listener.told() == [("check disk", "failing")]


def test_old_notices_go_but_not_what_still_fails(
    pipeline: Pipeline, told: Settings, listener: Listener
) -> None:
    tell(told, [Change("check a", True, "x"), Change("check b", True, "x")])
    tell(told, [Change("check a", False, "x")])
    pipeline.run("update notices set noted_at = noted_at - interval '31 days'")

    assert prune_results(told)["notices"] == 2

    tell(told, [Change("check b", True, "x")])
    deliver(told)
    assert listener.told() == [("check b", "failing")]


def test_a_webhook_that_fails_is_logged_without_its_address(
    pipeline: Pipeline, told: Settings, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    nowhere = SecretStr(f"http://127.0.0.1:{free_port()}/token-123")

    with capture_logs() as logs:
        tell(told, [Change("check a", True, "x")])
        deliver(told.having(alarm_operators=nowhere))
        listener.status = 500
        pipeline.run("update messages set next_try_at = planned_at")
        deliver(told, takes_over=True)

    failures = [line for line in logs if line["event"] == "message_not_taken"]
    assert [line["reason"] for line in failures] == ["no answer (ConnectError)", "the receiver answered 500"]
    assert "token-123" not in str(logs) + caplog.text
