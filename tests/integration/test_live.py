"""What the live page reads, on a real PostgreSQL and Kafka: true figures, one look for all, plans that stay bounded."""

import json
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from include.db.clock import read_clock
from include.db.connect import Role, connect
from include.db.queries import query
from include.domain import risk
from include.episodes.policy import load_alarm_policy
from include.errors import DatabaseUnavailableError, DeskFullError
from include.handling.board import MOST_SHOWN, PAST
from include.handling.customer import MOST_LINES
from include.hourly.run import settle_hour
from include.live import broker, store
from include.live import desk as live_desk
from include.live import run as live
from include.live import session as live_session
from include.live.customer import customer_view
from include.live.desk import Desk
from include.live.run import LiveReader
from include.live.session import Session
from include.settings import Settings
from stack.ports import free_port
from tests.support.hours import HOUR, Measurement, Writer, steady
from tests.support.pipeline import Pipeline, event
from tests.support.volume import fill, fill_readings
from tests.support.waiting import wait_until
from tools.grafana.macros import Range, expand, panels

pytestmark = pytest.mark.integration

POLICY = load_alarm_policy("default")
ANNE, BERT, CARA, DORA = (UUID(int=number) for number in (1, 2, 3, 4))
SECOND = timedelta(seconds=1)


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def customers(settings: Settings) -> Any:
    with connect(settings, Role.READER, autocommit=True) as connection:
        return store.read_customers(connection, read_clock(connection))


def test_a_customer_counts_at_the_level_of_the_newest_reading(settings: Settings, sink: Writer) -> None:
    at = now() - 20 * SECOND
    sink.store(
        [
            Measurement(ANNE, 150, at),
            Measurement(BERT, 150, at),
            Measurement(CARA, 110, at),
            Measurement(DORA, 70, at),
        ]
    )
    sink.store([Measurement(BERT, 80, at + 5 * SECOND)])

    found = customers(settings)

    assert (found.normal, found.elevated, found.high) == (2, 1, 1)
    assert [(row.customer_id, row.heart_rate, row.event_time) for row in found.at_high] == [(ANNE, 150, at)]


def test_every_customer_of_the_last_minute_is_counted_and_grafana_says_the_same_number(
    pipeline: Pipeline,
) -> None:
    with pipeline.owner() as owner:
        at = fill_readings(owner, customers=60_000, seconds=2)

    with connect(pipeline.settings, Role.READER, autocommit=True) as connection:
        found = store.read_customers(connection, at)
        [panel] = [panel for _, panel in panels() if panel["title"] == "Customers"]
        text = expand(
            panel["targets"][0]["rawSql"], Range(at - HOUR, at), least_step=SECOND, variables={}
        ).encode()
        shown = connection.execute(text).fetchall()

    assert (found.normal, found.elevated, found.high) == (54_000, 4000, 2000)
    assert (found.is_whole, found.reach_seconds) == (True, 60)
    assert shown == [(54_000, 4000, 2000, 60)]


def test_a_count_that_does_not_reach_over_the_minute_says_how_far_it_does(
    settings: Settings, sink: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_READINGS_NOW", 3)
    at = now() - 8 * SECOND
    sink.store([Measurement(UUID(int=number), 150, at - number * 4 * SECOND) for number in range(6)])

    found = customers(settings)

    assert (found.high, found.is_whole) == (3, False)
    assert 16 <= found.reach_seconds < 60


def test_since_when_someone_is_at_high_says_out_of_how_many_it_was_found(
    settings: Settings, sink: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_FOLLOWED", 4)
    sink.store([Measurement(UUID(int=number), 150, now() - 8 * SECOND) for number in range(6)])

    found = customers(settings)

    assert (found.high, found.followed, len(found.at_high)) == (6, 4, 4)


def test_customers_whose_clocks_are_ahead_keep_nobody_else_from_being_counted(
    settings: Settings, sink: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_READINGS_NOW", 5)
    ahead = [Measurement(ANNE, 150, now() + number * SECOND) for number in range(60, 70)]
    sink.store([*ahead, Measurement(BERT, 70, now() - 5 * SECOND)])

    assert customers(settings).normal == 1


def test_of_very_many_readings_of_one_customer_the_view_says_how_far_it_looks_back(
    settings: Settings, sink: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_READINGS_OF_ONE", 10)
    at = now() - 2 * SECOND
    sink.store([Measurement(ANNE, 70, at - number * SECOND) for number in range(30)])

    with connect(settings, Role.READER, autocommit=True) as connection:
        view = customer_view(connection, ANNE, 15, POLICY)

    assert (view.readings, view.is_shortened) == (10, True)
    assert view.since == at - 9 * SECOND


def test_a_customer_who_sends_nothing_any_more_is_not_counted(settings: Settings, sink: Writer) -> None:
    sink.store([Measurement(ANNE, 150, now() - 90 * SECOND)])

    assert customers(settings).high == 0


def test_high_lasts_from_its_first_reading_over_short_pauses_and_the_newest_stand_first(
    settings: Settings, sink: Writer
) -> None:
    at = now() - 5 * SECOND
    over_an_hour = [Measurement(ANNE, 150, at - number * 60 * SECOND) for number in range(90)]
    after_a_pause = [Measurement(BERT, 150, at - 600 * SECOND), Measurement(BERT, 150, at - 20 * SECOND)]
    sink.store([*over_an_hour, *after_a_pause, Measurement(BERT, 150, at)])

    found = customers(settings).at_high

    assert [(row.customer_id, row.high_since) for row in found] == [
        (BERT, at - 20 * SECOND),
        (ANNE, at - 89 * 60 * SECOND),
    ]


def test_quarantined_records_are_counted_by_reason_up_to_a_bound(
    settings: Settings, sink: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_LETTERS_COUNTED", 3)
    sink.store_values([(b"not json", now())] * 5 + [(b"{}", now())] * 2)

    with connect(settings, Role.READER, autocommit=True) as connection:
        flow = store.read_flow(connection, read_clock(connection) + 2 * SECOND, None)

    assert [(row.reason, row.records) for row in flow.reasons] == [
        ("malformed_json", 3),
        ("missing_field", 2),
    ]
    assert sum(row.quarantined for row in flow.seconds) == 7
    assert flow.latency.records == 7


def test_each_second_has_what_was_committed_in_it_and_only_those_that_are_over_are_told(
    settings: Settings, sink: Writer
) -> None:
    expected, unsure = Counter[datetime](), set[datetime]()
    with connect(settings, Role.READER, autocommit=True) as connection:
        for number in range(28):
            before = read_clock(connection)
            sink.store([Measurement(ANNE, 70, before - number * SECOND)])
            after = read_clock(connection)
            if before.second != after.second:
                unsure |= {before.replace(microsecond=0), after.replace(microsecond=0)}
            expected[before.replace(microsecond=0)] += 1
            time.sleep(0.3)
        flow = store.read_flow(connection, after, None)
        later = store.read_flow(connection, after + 2 * SECOND, None)

    found = Counter({row.second: row.accepted for row in later.seconds})
    assert found.total() == 28
    assert len(expected.keys() - unsure) > 3
    assert {at: found[at] for at in expected.keys() - unsure} == {
        at: count for at, count in expected.items() if at not in unsure
    }
    assert flow.until == after.replace(microsecond=0) - SECOND
    assert flow.since == flow.until - store.FLOW_WINDOW
    assert max(row.second for row in flow.seconds) < flow.until


def test_one_customers_rate_has_gaps_and_published_hours(settings: Settings, sink: Writer) -> None:
    at = now() - 300 * SECOND
    hour = (now() - 3 * HOUR).replace(minute=0, second=0, microsecond=0)
    sink.store(
        [*steady(hour), *(Measurement(ANNE, 70, at + number * SECOND) for number in (0, 1, 2, 3, 60, 61, 62))]
    )
    settle_hour(settings, hour, workflow_run="manual__1")

    with connect(settings, Role.READER, autocommit=True) as connection:
        view = customer_view(connection, ANNE, 15, POLICY)

    assert [point.bpm for point in view.points] == [None, 70, 70, 70, 70, None, 70, 70, 70, None]
    assert (view.points[0].at, view.points[-1].at) == (view.since, view.until)
    assert view.newest_level == "Normal"
    assert [(row.hour, row.readings, row.coverage) for row in view.hours] == [(hour, 60, 1.0)]
    assert not view.is_shortened


def test_an_hour_tells_its_state_its_checks_its_run_and_its_page(settings: Settings, sink: Writer) -> None:
    hour = (now() - 3 * HOUR).replace(minute=0, second=0, microsecond=0)
    sink.store([*steady(hour), *steady(hour + HOUR)])
    settle_hour(settings, hour, workflow_run="manual__2026-03-01T00:00:00+00:00")
    sink.store([Measurement(ANNE, 70, hour + timedelta(minutes=7, seconds=7))])

    with connect(settings, Role.READER, autocommit=True) as connection:
        slow = store.read_slow(connection, read_clock(connection))

    second, first = slow.hours
    assert (second.state, second.checks, second.unsettled_readings) == ("open", None, 180)
    assert (first.state, first.readings, first.unsettled_readings) == ("reopened", 180, 1)
    assert first.checks
    assert first.failed_checks == 0
    assert first.workflow_run == "manual__2026-03-01T00:00:00+00:00"
    assert str(first.docs_page).endswith(".html")
    assert [(row.hour, row.normal) for row in slow.risk_hours] == [(hour, 180)]


@pytest.fixture
def reader(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveReader]:
    """Give a reader that ends soon after the test has stopped to ask."""
    monkeypatch.setattr(live, "IDLE_SECONDS", 1.5)
    yield LiveReader(pipeline.settings)
    wait_until(threads, lambda names: names == [])


def threads() -> list[str]:
    """Return the threads that look on."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("heartbeat-live")]


def looks(pipeline: Pipeline) -> int:
    """Count the sessions of the live page."""
    return int(
        pipeline.rows(
            "select count(*) from pg_stat_activity where application_name = 'heartbeat-live-page' "
            "and datname = current_database()"
        )[0][0]
    )


def test_all_viewers_share_one_session_and_without_any_it_ends(
    pipeline: Pipeline, reader: LiveReader
) -> None:
    snapshot = wait_until(reader.newest, lambda found: found is not None and found.event == "look")
    viewers = {id(reader.newest()) for _ in range(100)}

    assert snapshot is not None
    assert len(viewers) <= 2  # a new look may come in between
    assert looks(pipeline) == 1
    wait_until(lambda: looks(pipeline), lambda count: count == 0)


def test_lag_and_arrival_come_from_kafka_and_the_figures_move(pipeline: Pipeline, reader: LiveReader) -> None:
    def look() -> dict[str, Any]:
        snapshot = reader.newest()
        return json.loads(snapshot.body) if snapshot and snapshot.event == "look" else {}

    wait_until(look, lambda seen: bool(seen.get("broker", {}).get("asked_at")))
    pipeline.send(event(number) for number in range(50))

    seen = wait_until(look, lambda seen: sum(row["lag"] for row in seen["broker"]["partitions"]) == 50)
    assert seen["broker"]["problem"] is None
    assert wait_until(look, lambda seen: seen["flow"]["rates"]["arriving"] > 0)
    assert seen["stream"]["state"] == "never"
    assert seen["taken_at"].endswith("Z")


def test_customers_who_cannot_be_counted_in_time_cost_that_count_alone_and_an_old_one_is_not_kept(
    pipeline: Pipeline, reader: LiveReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_session, "STATEMENT_TIMEOUT", "200ms")
    monkeypatch.setattr(live, "OLDEST_COUNT", 4 * SECOND)
    seen: list[tuple[str, str | None]] = []

    def count() -> str | None:
        """Return when the customers were counted that the newest look shows, and note how it went."""
        snapshot = reader.newest()
        if snapshot is None:
            return None
        told = json.loads(snapshot.body)
        counted = told["customers"]["taken_at"] if told.get("customers") else None
        seen.append((snapshot.event, counted))
        return counted

    first = wait_until(count, lambda counted: counted is not None)
    with pipeline.owner() as owner, owner.transaction():
        owner.execute("lock table heartbeats in access exclusive mode")
        wait_until(count, lambda counted: counted is None)
    again = wait_until(count, lambda counted: counted is not None)

    assert {event for event, _ in seen} == {"look"}
    assert first is not None
    assert again is not None
    assert again > first


@pytest.fixture
def blind_reader(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveReader]:
    """Give a reader whose broker is dead."""
    monkeypatch.setattr(live, "IDLE_SECONDS", 1.5)
    monkeypatch.setattr(broker, "RETRY_SECONDS", 0.5)
    yield LiveReader(pipeline.settings.having(kafka_broker=f"127.0.0.1:{free_port()}"))
    wait_until(threads, lambda names: names == [])


def test_a_dead_broker_is_told_and_holds_nothing_up(blind_reader: LiveReader) -> None:
    def problem() -> tuple[int, str | None]:
        snapshot = blind_reader.newest()
        return (snapshot.number, json.loads(snapshot.body)["broker"]["problem"]) if snapshot else (0, None)

    first = wait_until(problem, lambda seen: seen[0] > 0, timeout_seconds=180)
    told = wait_until(problem, lambda seen: seen[1] is not None, timeout_seconds=180)

    assert first[1] is None  # the first look did not wait for the broker
    assert "no Kafka broker answers" in str(told[1])


def test_a_database_that_is_away_is_told_and_found_again(pipeline: Pipeline) -> None:
    away = Session(pipeline.settings.having(db_port=free_port()))
    with pytest.raises(DatabaseUnavailableError, match="make up"):
        away.ask(read_clock)
    session = Session(pipeline.settings)
    assert session.ask(read_clock)

    pipeline.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'heartbeat-live-page'"
    )

    with pytest.raises(DatabaseUnavailableError):
        session.ask(read_clock)
    assert session.ask(read_clock)
    session.close()


def test_the_page_cannot_write_even_where_its_role_could(pipeline: Pipeline) -> None:
    session = Session(pipeline.settings)
    shown = session.ask(
        lambda connection: connection.execute("show default_transaction_read_only").fetchall()
    )
    session.close()

    assert shown == [("on",)]


def test_the_desk_answers_for_a_customer_whom_nobody_knows(pipeline: Pipeline) -> None:
    desk = Desk(pipeline.settings)

    answer = json.loads(desk.customer(ANNE, 15).result(30))
    desk.close()

    assert (answer["points"], answer["hours"], answer["newest_level"]) == ([], [], None)


def test_sixty_pages_that_follow_one_customer_share_one_answer_a_second(pipeline: Pipeline) -> None:
    desk = Desk(pipeline.settings)

    answers = {id(desk.customer(ANNE, 15)) for _ in range(60)}
    first = desk.customer(ANNE, 15)
    first.result(30)
    later = wait_until(lambda: desk.customer(ANNE, 15), lambda answer: answer is not first)
    later.result(30)
    desk.close()

    assert len(answers) == 1


def test_more_questions_than_can_wait_are_refused_at_once_and_taken_later(pipeline: Pipeline) -> None:
    desk = Desk(pipeline.settings)
    with pipeline.owner() as owner, owner.transaction():
        owner.execute("lock table customer_hourly in access exclusive mode")
        open_questions = [
            desk.customer(UUID(int=number), 15)
            for number in range(live_desk.WORKERS + live_desk.MOST_WAITING)
        ]
        with pytest.raises(DeskFullError, match="ask again in 2 s"):
            desk.customer(DORA, 60)
        assert not open_questions[-1].done()
    wait_until(lambda: [question.done() for question in open_questions], all)

    assert json.loads(desk.customer(DORA, 60).result(30))["hours"] == []
    desk.close()


def test_the_policy_is_not_read_for_each_look_and_a_broken_one_does_not_dim_the_page(
    reader: LiveReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    policies = shutil.copytree(risk.POLICY_FOLDER, tmp_path / "policies")
    monkeypatch.setattr(risk, "POLICY_FOLDER", policies)
    first = wait_until(reader.newest, lambda found: found is not None and found.event == "look")
    shutil.rmtree(policies)

    later = wait_until(
        reader.newest,
        lambda found: found is not None and first is not None and found.number > first.number + 1,
    )

    assert later is not None
    assert (later.event, json.loads(later.body)["bands"]["version"]) == ("look", "default-1")


# Plans


def plans(settings: Settings, at: datetime) -> dict[str, str]:
    """Return the plan of each query of the page, as its own session makes it."""
    since = {"since": at - store.RECENT}
    asked: dict[str, Any] = {
        "live/select_flow": {"since": at - store.FLOW_WINDOW, "until": at},
        "stream/select_latency": {**since, "epoch": None},
        "live/select_recent_reasons": {**since, "reasons": ["malformed_json", "bad_timestamp"], "most": 10_000},
        "live/select_customers_now": {"at": at, **store.customers_bounds()},
        "live/select_newest_checks": {},
        "hourly/select_recent_hours": {"since": at - store.HOURS_WINDOW, "most": store.MOST_HOURS},
        "live/select_risk_by_hour": {"since": at - store.HOURS_WINDOW},
        "hourly/select_held_back": {"since": at - store.HOURS_WINDOW, "until": at, "most": store.MOST_HELD_BACK},
        "live/select_customer_readings": {
            "customer_id": ANNE, "since": at - 100 * SECOND, "until": at, "most": store.MOST_READINGS_OF_ONE,
        },
        "live/select_customer_hours": {"customer_id": ANNE, "since": at - store.CUSTOMER_HOURS_WINDOW},
        "handling/count_open_alarms": {},
        "handling/select_alarms": {
            **dict.fromkeys(("id", "customer_id", "rule", "severity", "since", "until")),
            "with_past": True, "only_unseen": False, "over_since": at - PAST, "most": MOST_SHOWN,
        },
        "handling/select_alarm_events": {"alarm_id": 1},
        "limits/select_limit_lines": {"customer_id": ANNE, "most": MOST_LINES},
        "limits/select_pause_lines": {"customer_id": ANNE, "most": MOST_LINES},
        "alarms/select_customer_limits": {"customers": [ANNE]},
    }  # fmt: skip
    session = Session(settings)
    explained = {
        name: session.ask(
            lambda connection, name=name, values=values: "\n".join(  # type: ignore[misc]
                line for (line,) in connection.execute("explain (analyze, costs off) " + query(name), values)
            )
        )
        for name, values in asked.items()
    }
    session.close()
    return explained


def check_plans(explained: dict[str, str], at: datetime) -> None:
    """No table that grows is read from end to end, and no day but those of the window."""
    lines = [(name, line) for name, plan in explained.items() for line in plan.splitlines()]
    read_whole = [
        (name, line.strip())
        for name, line in lines
        if "Seq Scan on" in line and "never executed" not in line and "touched_hours" not in line
    ]
    days = set(re.findall(r"(?:heartbeats|stream_commits|dead_letters)_(\d{8})", str(lines)))
    assert read_whole == []
    assert days <= {f"{at + number * timedelta(days=1):%Y%m%d}" for number in (-1, 0, 1)}
    assert re.search(
        r"Index Only Scan using heartbeats_\d+_customer_id", explained["live/select_customers_now"]
    )
    assert re.search(r"Index Scan.* using heartbeats_\d+_slot_of", explained["live/select_customers_now"])
    assert re.search(r"Index Scan.* using heartbeats_\d+_slot_of", explained["live/select_customer_readings"])


def test_every_query_of_the_page_goes_by_an_index_and_looks_at_its_days_alone(pipeline: Pipeline) -> None:
    with pipeline.owner() as owner:
        at = fill(owner, customers=300, readings=30_000)
        for days_ago in range(2, 12):
            owner.execute(
                "select ensure_day_partition('heartbeats', %s)", ((at - days_ago * timedelta(days=1)).date(),)
            )

    check_plans(plans(pipeline.settings, at), at)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_with_ten_thousand_customers_and_five_million_readings_every_query_stays_bounded(
    pipeline: Pipeline,
) -> None:
    with pipeline.owner() as owner:
        at = fill(owner, customers=10_000, readings=5_000_000)

    explained = plans(pipeline.settings, at)

    for name, plan in explained.items():
        print(name, re.findall(r"(?:Planning|Execution) Time: .*", plan))  # noqa: T201 - shown with -rP
    check_plans(explained, at)
    with connect(pipeline.settings, Role.READER, autocommit=True) as connection:
        found = store.read_customers(connection, at)
    assert (found.normal, found.elevated, found.high) == (9000, 667, 333)
    assert len(found.at_high) == store.MOST_SHOWN
