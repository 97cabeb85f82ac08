"""Telling people: signed, each transition under its key, again until it is taken, and never a storm."""

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from threading import Event, Thread

import pytest
from pydantic import SecretStr

from include.db.connect import Role, connect
from include.errors import PermanentError, SettingsError
from include.handling.people import acknowledge, read_alarm, snooze
from include.notices.run import tell
from include.notices.types import Change
from include.outbox import sender
from include.outbox.sender import deliver, deliver_until
from include.settings import PROJECT_ROOT, Settings, environment_of
from tests.support.alarms import START, SetProgress, catch_up, customer, evaluating, readings
from tests.support.hours import Writer
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until
from tests.support.webhook import Listener, listening

pytestmark = pytest.mark.integration

SECRET = "marker-s3cret"


@pytest.fixture
def receiver() -> Iterator[Listener]:
    with listening() as running:
        yield running


@pytest.fixture
def own(settings: Settings, receiver: Listener) -> Settings:
    """Give settings that lead to the receiver."""
    return settings.having(alarm_channels=SecretStr(receiver.url), alarm_webhook_secret=SecretStr(SECRET))


def to(own: Settings, *urls: str) -> Settings:
    return own.having(alarm_channels=SecretStr(" ".join(urls)))


def alarmed(own: Settings, sink: Writer, *, customers: int = 1, bpm: int = 150, first: int = 1) -> None:
    """Let customers have an alarm each."""
    progress = SetProgress()
    progress.until = START
    with evaluating(own, progress) as evaluator:
        catch_up(evaluator)
        sink.store([r for number in range(first, first + customers) for r in readings(number, 0, 60, bpm)])
        catch_up(evaluator)


def calmed(own: Settings, sink: Writer, number: int = 1) -> None:
    """Let a customer's alarm be over."""
    progress = SetProgress()
    progress.until = START
    with evaluating(own, progress) as evaluator:
        sink.store(readings(number, 70, 100, 100))
        catch_up(evaluator)


def retry_now(pipeline: Pipeline) -> None:
    pipeline.run("update messages set next_try_at = now() at time zone 'utc' where sent_at is null")


def waiting_for_the_first_channel(pipeline: Pipeline, count: int) -> None:
    """Let messages wait that were planned long ago."""
    pipeline.run(
        "insert into messages (key, channel, body, planned_at) select key, 1, "  # noqa: S608
        "jsonb_build_object('event', number, 'key', key), timezone('utc', now()) - interval '1 hour' "
        f"from (select number, gen_random_uuid() as key from generate_series(1, {count}) as number) as old"
    )


def test_a_transition_is_sent_once_signed_and_under_its_key(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    alarmed(own, sink)

    assert deliver(own).sent == 1
    assert deliver(own).sent == 0

    [(headers, content)] = receiver.requests
    signature = hmac.new(
        SECRET.encode(), headers["X-Heartbeat-Sent-At"].encode() + b"." + content, hashlib.sha256
    )
    assert headers["X-Heartbeat-Signature"] == f"sha256={signature.hexdigest()}"
    [(key,)] = pipeline.rows("select key from alarm_events")
    assert headers["X-Heartbeat-Key"] == json.loads(content)["key"] == str(key)
    assert pipeline.count("outbox") == 0


def test_what_is_not_taken_is_sent_again_later_under_the_same_key(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    alarmed(own, sink)
    receiver.status = 500  # it keeps what it was sent, and says that it failed

    assert deliver(own).failed == 1
    assert deliver(own).failed == 0  # it waits
    receiver.status = 200
    retry_now(pipeline)
    assert deliver(own).sent == 1

    assert len(receiver.requests) == 2
    assert len(set(receiver.keys())) == 1
    assert pipeline.rows("select tries, failure, sent_at is not null from messages") == [(2, None, True)]


def test_nothing_overtakes_what_a_channel_did_not_take_until_that_has_been_tried_often(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    alarmed(own, sink)
    receiver.status = 503
    assert deliver(own).failed == 1
    calmed(own, sink)
    receiver.status = 200

    assert deliver(own).sent == 0
    pipeline.run("update messages set tries = 5 where sent_at is null and tries = 1")
    assert deliver(own).sent == 1
    retry_now(pipeline)
    assert deliver(own).sent == 1

    assert receiver.events() == ["opened", "cleared", "opened"]


def test_whoever_has_delivered_gives_way_at_once_though_the_server_notices_later(
    own: Settings, sink: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(own, Role.ALARMS, autocommit=True) as lasting, monkeypatch.context() as first:
        first.setattr(sender, "_session", lambda _: nullcontext(lasting))
        assert deliver(own).sent == 0
        first.undo()
        alarmed(own, sink)

        assert deliver(own).sent == 1


def test_a_receiver_that_is_down_costs_nothing_but_time(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    alarmed(own, sink)

    assert deliver(to(own, "http://127.0.0.1:1/hook")).failed == 1
    [(failure,)] = pipeline.rows("select failure from messages")
    assert "127.0.0.1" not in failure
    retry_now(pipeline)
    assert deliver(own, takes_over=True).sent == 1
    assert receiver.events() == ["opened"]


def test_a_channel_that_is_slow_keeps_no_other_waiting(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    with listening() as slow:
        slow.may_answer.clear()
        both = own.having(alarm_operators=SecretStr(slow.url), alarm_timeout_seconds=30.0)
        alarmed(both, sink)
        tell(both, [Change("check disk", True, "full")])
        sending = Thread(target=deliver, args=(both,))
        sending.start()
        try:
            wait_until(lambda: [body["event"] for body in receiver.bodies], lambda found: found == ["opened"])
            # The slow one has neither taken it nor been given up.
            assert pipeline.rows("select sent_at, tries from messages where channel = 0") == [(None, 0)]
        finally:
            slow.may_answer.set()
            sending.join()

    assert slow.told() == [("check disk", "failing")]


@pytest.mark.fault
def test_a_sender_that_is_killed_while_it_sends_sends_again_under_the_same_key(
    own: Settings, sink: Writer, receiver: Listener
) -> None:
    alarmed(own, sink)
    receiver.may_answer.clear()
    process = subprocess.Popen(
        [sys.executable, "main.py", "alarms", "deliver", "--once"], cwd=PROJECT_ROOT, env=environment_of(own)
    )
    wait_until(lambda: len(receiver.requests), lambda count: count == 1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    receiver.may_answer.set()

    wait_until(lambda: deliver(own).sent, lambda sent: sent == 1)

    assert len(receiver.requests) == 2
    assert len(set(receiver.keys())) == 1


def test_the_sender_goes_on_until_it_is_told_to_end_and_one_works_at_a_time(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    process = subprocess.Popen(
        [sys.executable, "main.py", "alarms", "deliver"], cwd=PROJECT_ROOT, env=environment_of(own)
    )
    try:
        wait_until(
            lambda: pipeline.rows(
                "select 1 from pg_locks inner join pg_stat_activity using (pid) "
                "where locktype = 'advisory' and application_name = 'heartbeat-sender'"
            ),
            lambda found: found == [(1,)],
        )
        assert (own.stack.dir / "sender.pulse").exists()
        alarmed(own, sink)
        assert deliver(own).planned == 0
        wait_until(receiver.events, lambda events: events == ["opened"])
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def test_ten_thousand_alarms_at_once_are_a_handful_of_messages(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    for first in range(1, 10_001, 2500):
        alarmed(own, sink, customers=2500, first=first)

    assert pipeline.count("alarm_events") == 10_000
    assert deliver(own).sent == 1
    [body] = receiver.bodies
    assert (body["event"], body["counts"]) == ("summary", {"high opened": 10_000})


def test_a_channel_that_was_down_gets_no_more_in_a_minute_than_others(
    pipeline: Pipeline, own: Settings, receiver: Listener
) -> None:
    few = own.having(alarm_messages_per_minute=3)
    waiting_for_the_first_channel(pipeline, 8)

    assert [deliver(few).sent for _ in range(3)] == [3, 0, 0]
    pipeline.run("update messages set sent_at = sent_at - interval '1 minute'")
    assert [deliver(few).sent for _ in range(2)] == [3, 0]
    assert receiver.events() == [1, 2, 3, 4, 5, 6]


def test_a_sender_that_goes_on_for_rounds_keeps_to_the_minute_too(
    pipeline: Pipeline, own: Settings, receiver: Listener
) -> None:
    waiting_for_the_first_channel(pipeline, 8)
    is_over = Event()
    few = own.having(alarm_messages_per_minute=3)
    sending = Thread(target=deliver_until, args=(few, is_over))
    sending.start()
    try:
        wait_until(receiver.events, lambda events: len(events) >= 3)
        pulse = few.stack.dir / "sender.pulse"
        for _ in range(3):
            last = pulse.stat().st_mtime_ns
            wait_until(lambda: pulse.stat().st_mtime_ns, lambda now, last=last: now > last)
    finally:
        is_over.set()
        sending.join()

    assert receiver.events() == [1, 2, 3]


def test_for_a_channel_that_is_down_no_more_is_planned_than_a_minutes_messages(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    few = own.having(alarm_messages_per_minute=2)
    receiver.status = 503
    alarmed(few, sink, customers=2)
    assert deliver(few).planned == 2
    pipeline.run("update messages set planned_at = planned_at - interval '1 hour'")
    alarmed(few, sink, customers=3, first=3)
    assert deliver(few).planned == 0
    assert pipeline.count("outbox") == 3

    receiver.status = 200
    receiver.requests.clear()
    retry_now(pipeline)
    assert [deliver(few).sent for _ in range(2)] == [2, 0]
    pipeline.run("update messages set sent_at = sent_at - interval '1 minute'")
    assert [deliver(few).sent for _ in range(2)] == [1, 0]

    assert receiver.events() == ["opened", "opened", "summary"]
    assert receiver.bodies[-1]["changes"] == 3


def test_a_critical_alarm_that_nobody_acknowledges_is_told_again_to_the_next_channel(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    later = "update alarm_told set told_at = told_at - interval '11 minutes'"
    with listening() as second:
        both = to(own, receiver.url, second.url)
        alarmed(both, sink, bpm=35)
        deliver(both)
        assert deliver(both).planned == 0
        pipeline.run(later)
        assert deliver(both).sent == 1
        pipeline.run(later)
        assert deliver(both).sent == 1
        acknowledge(both, 1, actor="Ada", note="she is asleep")
        pipeline.run(later)
        assert deliver(both).planned == 0

        assert receiver.events() == ["opened"]
        assert second.events() == ["reminder", "reminder"]
        assert len({*receiver.keys(), *second.keys()}) == 3


def test_the_end_is_told_to_all_who_were_told_and_acts_are_kept_with_who_did_them(
    own: Settings, sink: Writer, receiver: Listener
) -> None:
    alarmed(own, sink)
    deliver(own)
    acknowledge(own, 1, actor="Ada")
    calmed(own, sink)
    deliver(own)

    alarm, events = read_alarm(own, 1)
    assert receiver.events() == ["opened", "cleared"]
    assert [(event.number, event.kind, event.actor) for event in events] == [
        (1, "opened", None),
        (2, "acknowledged", "Ada"),
        (3, "cleared", None),
    ]
    assert (alarm.state, alarm.acknowledged_by) == ("cleared", "Ada")
    with pytest.raises(PermanentError, match="there is no open alarm 1"):
        acknowledge(own, 1, actor="Ada")


def test_of_a_silence_people_are_told_while_it_lasts(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    progress = SetProgress()
    progress.until = START + timedelta(seconds=400)
    with evaluating(own, progress) as evaluator:
        catch_up(evaluator)
        sink.store([*readings(1, 0, 60, 80), *readings(2, 0, 60, 80), *readings(3, 0, 60, 80)])
        sink.store(readings(3, 350, 350, 80))
        catch_up(evaluator)
        pipeline.run(
            "update alarm_events set recorded_at = opened + interval '5 seconds' where alarm_id = "
            "(select id from alarms where customer_id = '00000000-0000-0000-0000-000000000001')"
        )

        # The second one was found days late: its readings may still come. The third was over when it was found.
        assert deliver(own).sent == 1
        assert pipeline.count("outbox") == 1
        pipeline.run("update alarm_events set recorded_at = recorded_at - interval '2 minutes'")
        assert deliver(own).sent == 1
        sink.store([*readings(1, 390, 390, 80), *readings(2, 390, 390, 80)])
        catch_up(evaluator)
        assert deliver(own).sent == 2

    told = [(body["event"], body["customer_id"]) for body in receiver.bodies]
    assert told[:2] == [("opened", str(customer(1))), ("opened", str(customer(2)))]
    assert sorted(told[2:]) == [("cleared", str(customer(1))), ("cleared", str(customer(2)))]
    assert pipeline.count("outbox") == 0


def test_while_an_alarm_is_snoozed_nobody_is_told_but_of_its_end(
    own: Settings, sink: Writer, receiver: Listener
) -> None:
    alarmed(own, sink, customers=2)
    snooze(own, 1, actor="Ada", seconds=3600)
    assert deliver(own).planned == 1
    snooze(own, 2, actor="Ada", seconds=3600)
    calmed(own, sink, number=1)
    calmed(own, sink, number=2)

    assert deliver(own).planned == 1
    assert [(body["event"], body["alarm"]) for body in receiver.bodies] == [("opened", 2), ("cleared", 2)]


def test_what_a_snoozed_rule_opens_next_is_told_when_the_rest_is_over(
    pipeline: Pipeline, own: Settings, sink: Writer, receiver: Listener
) -> None:
    alarmed(own, sink, bpm=35)
    deliver(own)
    snooze(own, 1, actor="Ada", seconds=3600)
    calmed(own, sink)
    progress = SetProgress()
    progress.until = START
    with evaluating(own, progress) as evaluator:
        sink.store([*readings(1, 110, 170, 35), *readings(2, 110, 170, 35)])
        catch_up(evaluator)
    assert deliver(own).sent == 2  # of the first one's end, and of the other customer's
    assert deliver(own).planned == 0

    pipeline.run("update alarms set snoozed_until = timezone('utc', now())")
    assert deliver(own).sent == 1
    assert deliver(own).planned == 0

    assert [(body["event"], body["customer_id"]) for body in receiver.bodies[1:]] == [
        ("cleared", str(customer(1))),
        ("opened", str(customer(2))),
        ("reminder", str(customer(1))),
    ]


def test_a_channel_that_cannot_be_used_is_one_line_without_its_address(own: Settings) -> None:
    for urls, problem in {
        "no-address-token": "ALARM_CHANNELS: entry 1 is no address",
        "http://x/ gopher://token@x/": "ALARM_CHANNELS: entry 2",
    }.items():
        with pytest.raises(SettingsError, match=problem) as raised:
            deliver(to(own, urls))
        assert "token" not in str(raised.value)
    unsigned = own.having(alarm_webhook_secret=SecretStr(""))
    with pytest.raises(SettingsError, match="set ALARM_WEBHOOK_SECRET"):
        deliver(unsigned)


def test_the_sender_waits_for_a_database_that_is_away(
    own: Settings, sink: Writer, receiver: Listener
) -> None:
    is_over = Event()
    sending = Thread(target=deliver_until, args=(own, is_over))
    sending.start()
    try:
        alarmed(own, sink)
        wait_until(receiver.events, lambda events: events == ["opened"])
        with connect(own, Role.OWNER, autocommit=True) as owner:
            owner.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'heartbeat-sender' and datname = current_database()"
            )
        calmed(own, sink)
        wait_until(receiver.events, lambda events: events == ["opened", "cleared"])
    finally:
        is_over.set()
        sending.join()
