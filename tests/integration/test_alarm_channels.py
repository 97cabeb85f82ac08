"""Channels that are taken out of the settings, put elsewhere, or corrected, while messages wait for them."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pydantic import SecretStr

from include.db.connect import Role, connect
from include.db.queries import query
from include.outbox.sender import deliver
from include.settings import Settings
from tests.support.pipeline import Pipeline
from tests.support.webhook import Listener, listening

pytestmark = pytest.mark.integration


@pytest.fixture
def receivers() -> Iterator[list[Listener]]:
    with ExitStack() as stack:
        yield [stack.enter_context(listening()) for _ in range(3)]


def telling(settings: Settings, *receivers: Listener) -> Settings:
    """Give settings whose channels these are."""
    urls = " ".join(receiver.url for receiver in receivers)
    return settings.having(alarm_channels=SecretStr(urls), alarm_webhook_secret=SecretStr("s3cret"))


def let_wait(pipeline: Pipeline, *channels: int) -> None:
    """Let a message, which says for whom it was, wait for each of these channels since an hour ago."""
    for channel in channels:
        pipeline.run(
            "insert into messages (key, channel, body, planned_at) select key, "  # noqa: S608
            f"{channel}, jsonb_build_object('event', 'for {channel}', 'key', key), "
            "timezone('utc', now()) - interval '1 hour' from (select gen_random_uuid() as key) as new"
        )


def is_anything_untaken(pipeline: Pipeline) -> bool:
    with connect(pipeline.settings, Role.HOURLY) as connection:
        [(_, _, untaken_since)] = connection.execute(query("health/select_alarm_work")).fetchall()
    return untaken_since is not None


def test_what_waits_for_a_channel_that_is_taken_out_is_given_up_and_health_knows(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    first, second, _ = receivers
    deliver(telling(pipeline.settings, first, second))
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
    let_wait(pipeline, 1, 2, 3)

    assert deliver(telling(pipeline.settings, second, third)).sent == 2

    assert [each.events() for each in receivers] == [[], ["for 2"], ["for 3"]]


def test_what_a_channel_was_told_goes_with_its_address_too(
    pipeline: Pipeline, receivers: list[Listener]
) -> None:
    first, second, _ = receivers
    deliver(telling(pipeline.settings, first, second))
    pipeline.run("insert into alarm_policies values ('1', now(), '{}')")
    pipeline.run(
        "insert into alarms (customer_id, rule, severity, onset, opened, readings, state, policy_version) "
        "values (gen_random_uuid(), 'high', 'warning', now(), now(), 1, 'open', '1')"
    )
    pipeline.run("insert into alarm_told (alarm_id, channel) select id, 1 from alarms")
    pipeline.run("insert into alarm_told (alarm_id, channel) select id, 2 from alarms")

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
    let_wait(pipeline, 1, 2)

    assert deliver(telling(pipeline.settings, receivers[0])).sent == 1

    assert not is_anything_untaken(pipeline)


def test_no_address_stands_in_the_database(pipeline: Pipeline, receivers: list[Listener]) -> None:
    deliver(telling(pipeline.settings, *receivers))

    kept = str(pipeline.rows("select * from channels"))
    assert pipeline.count("channels") == 3
    assert not any(part in kept for part in ("token", "127.0.0.1", "http"))
