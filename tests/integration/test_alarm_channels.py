"""Channels that are taken out of the settings, put elsewhere, or corrected, while messages wait for them."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pydantic import SecretStr

from include.db.connect import Role, connect
from include.db.queries import query
from include.errors import SettingsError
from include.notices.run import tell
from include.notices.types import Change
from include.outbox import sender
from include.outbox.sender import Delivery
from include.settings import Settings
from tests.support.pipeline import Pipeline
from tests.support.webhook import Listener, listening

pytestmark = pytest.mark.integration


@pytest.fixture
def receivers() -> Iterator[list[Listener]]:
    with ExitStack() as stack:
        yield [stack.enter_context(listening()) for _ in range(3)]


def deliver(settings: Settings) -> Delivery:
    """Do what a sender does that starts with these settings."""
    return sender.deliver(settings, takes_over=True)


def telling(settings: Settings, *receivers: Listener) -> Settings:
    """Give settings whose channels these are."""
    urls = " ".join(receiver.url for receiver in receivers)
    return settings.having(alarm_channels=SecretStr(urls), alarm_webhook_secret=SecretStr("s3cret"))


def let_wait(pipeline: Pipeline, *channels: int) -> None:
    """Let a message of all alarms, which says for whom it was, wait for each of these channels since an hour ago."""
    for channel in channels:
        pipeline.run(
            "insert into messages (key, channel, body, alarm_ids, planned_at) select key, "  # noqa: S608
            f"{channel}, jsonb_build_object('event', 'for {channel}', 'key', key), array(select id from alarms), "
            "timezone('utc', now()) - interval '1 hour' from (select gen_random_uuid() as key) as new"
        )


def let_open(pipeline: Pipeline, *, told: tuple[int, ...] = (), severity: str = "critical") -> None:
    """Let an alarm open that waits to be told, or of which these channels were told an hour ago."""
    pipeline.run("insert into alarm_policies values ('1', now(), '{}') on conflict do nothing")
    pipeline.run(
        "insert into alarms (customer_id, rule, severity, onset, opened, readings, peak_bpm, state, policy_version) "  # noqa: S608
        f"values (gen_random_uuid(), 'low', '{severity}', now(), now(), 1, 35, 'open', '1')"
    )
    let_happen(pipeline, "opened", is_waiting=not told)
    for channel in told:
        pipeline.run(
            "insert into alarm_told (alarm_id, channel, told_at) "  # noqa: S608
            f"select max(id), {channel}, timezone('utc', now()) - interval '1 hour' from alarms"
        )


def let_happen(pipeline: Pipeline, kind: str, *, is_waiting: bool = True) -> None:
    """Let the newest alarm have a transition, that waits to be told."""
    pipeline.run(
        "insert into alarm_events (alarm_id, number, kind, onset, opened) "  # noqa: S608
        "select alarms.id, (select count(*) + 1 from alarm_events where alarm_id = alarms.id), "
        f"'{kind}', onset, opened from alarms order by id desc limit 1"
    )
    if is_waiting:
        pipeline.run("insert into outbox (event_id) select max(id) from alarm_events")


def is_anything_untaken(pipeline: Pipeline) -> bool:
    with connect(pipeline.settings, Role.HOURLY) as connection:
        [(_, _, _, untaken_since)] = connection.execute(query("health/select_alarm_work")).fetchall()
    return untaken_since is not None


def test_what_waits_for_a_channel_that_is_taken_out_is_given_up_and_health_knows(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    first, second, _ = receivers
    deliver(telling(pipeline.settings, first, second))
    let_open(pipeline, told=(1, 2), severity="warning")
    let_wait(pipeline, 2)
    assert is_anything_untaken(pipeline)

    assert deliver(telling(pipeline.settings, first)).sent == 0

    assert not is_anything_untaken(pipeline)
    assert pipeline.rows("select given_up_at is not null, failure from messages") == [
        (True, "the channel is no longer in the settings")
    ]
    assert deliver(telling(pipeline.settings, first, second)).sent == 0


def test_what_waits_goes_with_its_address_when_the_list_is_shortened_from_the_front(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    first, second, third = receivers
    deliver(telling(pipeline.settings, first, second, third))
    let_open(pipeline, told=(1, 2, 3), severity="warning")
    let_wait(pipeline, 1, 2, 3)

    assert deliver(telling(pipeline.settings, second, third)).sent == 2

    assert [each.events() for each in receivers] == [[], ["for 2"], ["for 3"]]


def test_what_nobody_took_is_handed_on_when_its_channel_is_taken_out(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    dead, second, third = receivers
    dead.status = 500
    let_open(pipeline, severity="warning")
    deliver(telling(pipeline.settings, dead, second, third))
    let_happen(pipeline, "cleared")
    deliver(telling(pipeline.settings, dead, second, third))

    deliver(telling(pipeline.settings, second, third))

    assert second.events() == ["opened", "cleared"]
    assert third.events() == []
    assert not is_anything_untaken(pipeline)
    let_happen(pipeline, "reopened")
    deliver(telling(pipeline.settings, second, third))
    assert (second.events()[2:], third.events()) == (["reopened"], [])


def test_whoever_was_handed_an_alarm_is_reminded_as_if_told_first(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    dead, second, third = receivers
    dead.status = 500
    let_open(pipeline)
    deliver(telling(pipeline.settings, dead, second, third))
    deliver(telling(pipeline.settings, second, third))
    pipeline.run("update alarm_told set told_at = told_at - interval '1 hour'")

    deliver(telling(pipeline.settings, second, third))

    assert (second.events(), third.events()) == (["opened"], ["reminder"])


def test_an_alarm_of_which_only_a_channel_was_told_that_is_gone_is_told_to_the_first(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    first, second, third = receivers
    deliver(telling(pipeline.settings, first, second, third))
    let_open(pipeline, told=(1,))

    deliver(telling(pipeline.settings, second, third))
    let_happen(pipeline, "cleared")
    deliver(telling(pipeline.settings, second, third))

    assert [each.events() for each in receivers] == [[], ["reminder", "cleared"], []]


def test_a_notice_that_the_operators_did_not_take_is_handed_on_to_whoever_takes_their_place(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    operators, first, _ = receivers
    operators.status = 500
    own = telling(pipeline.settings, first)
    tell(own, [Change("check disk", True, "1 GiB free")])
    deliver(own.having(alarm_operators=SecretStr(operators.url)))

    deliver(own)

    assert first.told() == [("check disk", "failing")]


def test_what_went_with_its_readings_is_given_up_when_its_channel_is_gone(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    first, second, _ = receivers
    deliver(telling(pipeline.settings, first, second))
    let_wait(pipeline, 2)
    pipeline.run("update messages set alarm_ids = '{77}'")

    assert deliver(telling(pipeline.settings, first)).sent == 0

    assert not is_anything_untaken(pipeline)


def test_a_single_delivery_with_other_addresses_changes_nothing(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    first, second, _ = receivers
    deliver(telling(pipeline.settings, first, second))
    let_wait(pipeline, 1, 2)
    let_open(pipeline)

    for others in (telling(pipeline.settings), telling(pipeline.settings, second)):
        with pytest.raises(SettingsError, match="ALARM_CHANNELS or ALARM_OPERATORS"):
            sender.deliver(others)
        with pytest.raises(SettingsError, match="nobody is to be told"):
            deliver(telling(pipeline.settings))

    assert (pipeline.count("outbox"), pipeline.count("channels"), second.events()) == (1, 2, [])
    assert sender.deliver(telling(pipeline.settings, first, second)).sent == 3
    assert (first.events(), second.events()) == (["for 1", "opened"], ["for 2"])


def test_what_a_channel_was_told_goes_with_its_address_too(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    first, second, _ = receivers
    deliver(telling(pipeline.settings, first, second))
    let_open(pipeline, told=(1, 2), severity="warning")

    deliver(telling(pipeline.settings, second))

    assert pipeline.rows("select channel from alarm_told order by 1") == [(-1,), (1,)]


def test_an_address_that_was_corrected_gets_what_waits(pipeline: Pipeline, receivers: list[Listener]) -> None:
    wrong, right, other = receivers
    deliver(telling(pipeline.settings, wrong, other))
    let_wait(pipeline, 1)

    assert deliver(telling(pipeline.settings, right, other)).sent == 1

    assert right.events() == ["for 1"]


def test_what_an_earlier_version_left_for_a_channel_that_is_gone_is_given_up(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    let_open(pipeline, told=(1, 2), severity="warning")
    let_wait(pipeline, 1, 2)

    assert deliver(telling(pipeline.settings, receivers[0])).sent == 1

    assert not is_anything_untaken(pipeline)


def test_no_address_stands_in_the_database(pipeline: Pipeline, receivers: list[Listener]) -> None:
    deliver(telling(pipeline.settings, *receivers))

    kept = str(pipeline.rows("select * from channels"))
    assert pipeline.count("channels") == 3
    assert not any(part in kept for part in ("token", "127.0.0.1", "http"))
