"""Who is told what: beginnings to the first channel, the rest to whoever was told, notices to operators, no storm."""

from datetime import datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from include.outbox.bodies import in_words
from include.outbox.numbering import GONE
from include.outbox.plan import Item, Reach, plan
from include.outbox.types import Message, Noticed, Told

NOW = datetime(2026, 11, 20, 12)  # noqa: DTZ001 - UTC without a zone
TWO = Reach(2)


def told(number: int, kind: str = "opened", *, alarm: int | None = None, **more: object) -> Told:
    fields: dict[str, object] = {
        "outbox_id": number,
        "key": UUID(int=number),
        "kind": kind,
        "recorded_at": NOW,
        "onset": NOW,
        "opened": NOW,
        "cleared": None,
        "alarm_id": number if alarm is None else alarm,
        "customer_id": UUID(int=7),
        "rule": "high",
        "severity": "warning",
        "peak_bpm": 150,
        "is_snoozed": False,
        "is_past_silence": False,
        "channels": (),
    }
    return Told(**{**fields, **more})  # type: ignore[arg-type]


def reminder(number: int, *times_told: int) -> Told:
    return told(number, "reminder", outbox_id=None, severity="critical", channels=times_told)


def noticed(number: int, *, is_failing: bool = True) -> Noticed:
    return Noticed(number, UUID(int=number), number, "check disk", is_failing, "1 GiB free", None, NOW)


def messages(
    items: list[Item], *, reach: Reach = TWO, lately: dict[int, int] | None = None, most: int = 10
) -> list[Message]:
    return plan(items, reach, lately=lately or {}, most=most, link="http://x/").messages


def planned(
    items: list[Item], *, reach: Reach = TWO, lately: dict[int, int] | None = None
) -> list[tuple[int, str]]:
    return [(each.channel, each.body["event"]) for each in messages(items, reach=reach, lately=lately)]


def test_a_beginning_goes_to_the_first_channel_under_the_transitions_own_key() -> None:
    [message] = messages([told(1)])

    assert (message.channel, message.key, message.alarm_ids) == (1, UUID(int=1), (1,))
    assert message.body["key"] == str(UUID(int=1))
    assert message.body["link"] == "http://x/"


def test_the_end_goes_to_whoever_was_told_of_the_beginning() -> None:
    assert planned([told(2, "cleared", alarm=1, channels=(1, 2))]) == [(1, "cleared"), (2, "cleared")]
    assert planned([told(2, "retracted", alarm=1, channels=())]) == []
    assert planned([told(1), told(2, "cleared", alarm=1)]) == [(1, "opened"), (1, "cleared")]


def test_of_what_only_channels_were_told_that_are_gone_the_first_one_hears_the_rest() -> None:
    gone = (GONE,)

    assert planned([reminder(1, *gone)]) == [(1, "reminder")]
    assert planned([told(2, "reopened", alarm=1, channels=gone)]) == [(1, "reopened")]
    assert planned([told(2, "cleared", alarm=1, channels=gone)]) == [(1, "cleared")]
    # As of a number that an earlier version left, or that is the operators' now.
    assert planned([told(2, "cleared", alarm=1, channels=(0, 3))]) == [(1, "cleared")]
    # Whoever is still there was told, and nobody else has to be.
    assert planned([told(2, "cleared", alarm=1, channels=(GONE, 2))]) == [(2, "cleared")]
    assert planned([reminder(1, GONE, 1)]) == [(2, "reminder")]
    assert planned([told(2, "cleared", alarm=1, channels=gone)], reach=Reach(0)) == []


def test_what_was_retracted_before_anybody_was_told_is_not_told_and_does_not_wait() -> None:
    found = plan([told(1), told(2, "retracted", alarm=1)], TWO, lately={}, most=10, link="")

    assert (found.messages, found.done) == ([], [1, 2])


def test_a_silence_that_is_over_before_anybody_was_told_is_not_told_and_does_not_wait() -> None:
    over = [told(1, is_past_silence=True), told(2, "cleared", alarm=1, is_past_silence=True)]

    assert (messages(over), plan(over, TWO, lately={}, most=10, link="").done) == ([], [1, 2])
    # Whoever was told of it hears of its end, and of its coming back whoever is to be told of a beginning.
    assert planned([told(2, "cleared", alarm=1, is_past_silence=True, channels=(1,))]) == [(1, "cleared")]
    assert planned([told(3, "reopened", alarm=1)]) == [(1, "reopened")]


def test_an_alarm_that_rests_tells_nothing_but_its_end() -> None:
    assert planned([told(1, is_snoozed=True)]) == []
    assert planned([told(2, "revised", alarm=1, channels=(1,), is_snoozed=True)]) == []
    assert planned([told(2, "cleared", alarm=1, channels=(1,), is_snoozed=True)]) == [(1, "cleared")]


def test_a_reminder_may_be_the_first_that_anybody_hears() -> None:
    assert planned([reminder(1)]) == [(1, "reminder")]


def test_what_is_too_much_becomes_one_summary() -> None:
    storm: list[Item] = [told(number) for number in range(1, 10_001)]

    [message] = messages(storm)

    assert (message.body["event"], message.body["changes"]) == ("summary", 10_000)
    assert message.body["counts"] == {"high opened": 10_000}
    assert len(message.body["first"]) == 20
    assert len(message.alarm_ids) == 10_000
    assert planned([told(1)], lately={1: 9}) == [(1, "opened")]
    assert planned([told(1), told(2)], lately={1: 9}) == [(1, "summary")]


def test_what_a_channel_has_no_message_left_for_waits_and_the_others_are_told() -> None:
    items: list[Item] = [told(1), told(2, "cleared", alarm=9, channels=(2,))]

    found = plan(items, TWO, lately={1: 10}, most=10, link="")

    assert [(each.channel, each.body["event"]) for each in found.messages] == [(2, "cleared")]
    assert found.done == [2]


def test_a_channel_that_is_full_for_long_gets_a_summary_a_minute_if_another_would_wait_along() -> None:
    ends: list[Item] = [told(1, "cleared", channels=(1, 2)), told(2, "cleared", channels=(1, 2)), told(3)]

    def found(**more: Any) -> list[tuple[int, str]]:
        planned = plan(ends, TWO, lately={1: 10}, most=10, link="", **more)
        assert len(planned.done) == {0: 0, 3: 2}[len(planned.messages)]
        return [(each.channel, each.body["event"]) for each in planned.messages]

    assert found(fresh={1}) == []
    assert found(fresh={2}) == [(1, "summary"), (2, "cleared"), (2, "cleared")]


def test_a_crowd_that_waits_for_a_full_channel_hides_nobody_behind_it() -> None:
    crowd: list[Item] = [told(1), told(2)]

    assert plan(crowd, TWO, lately={1: 10}, most=10, link="", is_crowded=True).done == [1, 2]
    assert plan(crowd, TWO, lately={1: 10}, most=10, link="", is_crowded=True, fresh={1}).done == []


def test_a_reminder_goes_to_the_next_channel_and_in_the_end_to_the_last_again_and_again() -> None:
    found = [messages([reminder(1, *each)])[0] for each in ((1,), (1, 2), (1, 2, 2))]

    assert [each.channel for each in found] == [2, 2, 2]
    assert len({each.key for each in found} | {UUID(int=1)}) == 4
    assert messages([reminder(1, 1)])[0].key == found[0].key
    assert planned([reminder(1, 1)], reach=Reach(1)) == [(1, "reminder")]


def test_whoever_was_told_twice_of_an_alarm_is_one_channel_and_the_next_is_not_passed_over() -> None:
    found = [
        messages([reminder(1, *each)], reach=Reach(3))[0] for each in ((1, 1), (1, 1, 2), (1, 1, 1, 2, 2, 3))
    ]

    assert [each.channel for each in found] == [2, 3, 3]
    assert len({each.key for each in found}) == 3


def test_a_storm_of_reminders_is_one_summary_with_a_key_of_its_own_each_time() -> None:
    storms: list[list[Item]] = [
        [reminder(number, *times) for number in range(30)] for times in ((1,), (1, 2))
    ]

    [[first], [second]] = [messages(storm) for storm in storms]

    assert first.body["event"] == second.body["event"] == "summary"
    assert first.key != second.key


def test_notices_go_to_the_operators_or_else_to_the_first_channel() -> None:
    assert planned([noticed(1), told(2)], reach=Reach(2, has_operators=True)) == [
        (0, "notice"),
        (1, "opened"),
    ]
    assert planned([noticed(1)]) == [(1, "notice")]
    assert planned([noticed(1), told(2)], reach=Reach(0, has_operators=True)) == [(0, "notice")]


def test_a_summary_names_what_fails_before_the_alarms() -> None:
    storm: list[Item] = [*(told(number) for number in range(1, 60)), noticed(99)]

    [message] = messages(storm)

    assert message.body["first"][0] == {"key": str(UUID(int=99)), "subject": "check disk", "state": "failing"}
    assert in_words(message.body)[0] == "60 changes at once"
    assert "check disk: failing" in in_words(message.body)[1]


def test_in_words_it_says_what_it_is_about_and_ends_with_its_key() -> None:
    [alarm] = messages([told(1, severity="critical")])
    [notice] = messages([noticed(2, is_failing=False)])

    title, text = in_words(alarm.body)
    assert title == "critical: high opened (alarm 1)"
    assert (
        text == f"customer {UUID(int=7)}, since 2026-11-20T12:00:00Z, peak 150 bpm. http://x/ [{UUID(int=1)}]"
    )
    assert in_words(notice.body) == ("check disk: over", f"1 GiB free. [{UUID(int=2)}]")


def test_nobody_to_tell_is_no_error_and_nothing_waits() -> None:
    found = plan([told(1), noticed(2), reminder(3, 1)], Reach(0), lately={}, most=10, link="")

    assert (found.messages, found.done) == ([], [1, 2])


@given(
    st.lists(st.sampled_from(["opened", "cleared", "revised", "reminder", "notice"]), max_size=60),
    st.dictionaries(st.integers(0, 2), st.integers(0, 12)),
    st.booleans(),
)
def test_a_full_channel_gets_one_message_more_at_most_and_nothing_is_lost(
    kinds: list[str], lately: dict[int, int], has_operators: bool
) -> None:
    items: list[Item] = []
    for number, kind in enumerate(kinds, start=1):
        if kind == "notice":
            items.append(noticed(number))
        elif kind == "reminder":
            items.append(reminder(number, 1))
        else:
            items.append(told(number, kind, channels=() if kind == "opened" else (1, 2)))

    found = plan(items, Reach(2, has_operators), lately=lately, most=10, link="")

    sent = [message.channel for message in found.messages]
    assert all(sent.count(channel) <= max(10 - lately.get(channel, 0), 1) for channel in (0, 1, 2))
    kept = {item.key for item in items if item.outbox_id is not None and item.outbox_id not in found.done}
    said = {key for message in found.messages for key in _keys(message)}
    assert len({message.key for message in found.messages}) == len(found.messages)
    if not any(message.body["event"] == "summary" for message in found.messages):
        assert {item.key for item in items if item.outbox_id is not None} <= kept | said


def _keys(message: Message) -> set[UUID]:
    return {message.key}
