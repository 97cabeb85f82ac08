"""The sender: reads what is to be told, and tells it until it was taken.

What is planned stands in `messages`, in the transaction that takes it out of the outbox. A message that was sent and
not yet noted as sent when the sender dies is sent again, under the same key. One sender works at a time. It runs
outside the stream and outside Airflow's tasks, so that their end is told.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from include.db.connect import Connection, Role, connect, readable_errors
from include.db.locks import holding
from include.errors import HeartbeatError, SettingsError
from include.log import get_logger
from include.outbox import store
from include.outbox.channels import ChannelError, Channels
from include.outbox.numbering import renumbered
from include.outbox.outage import GRACE_SECONDS, Outage
from include.outbox.pace import Pace
from include.outbox.plan import plan
from include.outbox.types import Due
from include.places import Place
from include.settings import Settings

APPLICATION = "heartbeat-sender"
PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# Who has not acknowledged is not looked for in each round: there may be thousands.
REMINDER_ROUNDS = 10
# For so long one round serves a channel that is slow; what is left waits for the next round.
CHANNEL_SECONDS = 10.0

log = get_logger()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one round of the sender did; `failed` counts channels that did not take a message."""

    planned: int = 0
    sent: int = 0
    failed: int = 0


def deliver(settings: Settings, *, takes_over: bool = False) -> Delivery:
    """Plan what is new, send what is due, and return; nothing is done while another sender works.

    Raise SettingsError where nobody is to be told, or others than the last sender told, unless this one `takes_over`:
    a command that was run without the sender's settings shall give up nothing, and plan nothing for nobody.
    """
    channels = Channels(settings)
    if not channels.addresses:
        raise SettingsError(
            "nobody is to be told: set ALARM_CHANNELS or ALARM_OPERATORS, as the sender has them"
        )
    with (
        _session(settings) as connection,
        readable_errors(settings),
        holding(connection, APPLICATION) as is_alone,
    ):
        if not is_alone:
            return Delivery()
        if not takes_over and store.read_channels(connection) not in ({}, channels.addresses):
            raise SettingsError(
                "ALARM_CHANNELS or ALARM_OPERATORS are not those that the last sender told: "
                "--take-over lets what waits go to these"
            )
        _take_over(connection, channels)
        return _round(connection, settings, channels, _pace(connection, settings))


def deliver_until(
    settings: Settings, is_over: threading.Event, *, outage_grace_seconds: float = GRACE_SECONDS
) -> None:
    """Deliver again and again; a database that is away is waited for, and told of."""
    channels, outage = Channels(settings), Outage(settings, grace_seconds=outage_grace_seconds)
    pause_seconds = PAUSE_SECONDS
    while not is_over.is_set():
        _show_pulse(settings)
        try:
            with _session(settings) as connection, readable_errors(settings):
                outage.end(connection)
                pause_seconds = PAUSE_SECONDS
                _go_on(connection, settings, channels, is_over)
        except HeartbeatError as error:
            outage.notice(str(error), channels.of_operators)
            log.warning("sender_interrupted", reason=type(error).__name__, message=str(error))
        is_over.wait(pause_seconds)
        pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)


def _session(settings: Settings) -> Connection:
    return connect(settings, Role.ALARMS, autocommit=True, application=APPLICATION)


def _go_on(connection: Connection, settings: Settings, channels: Channels, is_over: threading.Event) -> None:
    while not is_over.wait(PAUSE_SECONDS):
        _show_pulse(settings)
        with holding(connection, APPLICATION) as is_alone:
            if is_alone:
                _take_over(connection, channels)
                _go_round(connection, settings, channels, is_over)


def _go_round(
    connection: Connection, settings: Settings, channels: Channels, is_over: threading.Event
) -> None:
    pace, rounds = _pace(connection, settings), 0
    while not is_over.is_set():
        _show_pulse(settings)
        _round(connection, settings, channels, pace, with_reminders=rounds % REMINDER_ROUNDS == 0)
        rounds += 1
        is_over.wait(PAUSE_SECONDS)


def _take_over(connection: Connection, channels: Channels) -> None:
    """Let what an earlier sender left go with its channels' addresses, or to others where one is gone."""
    with connection.transaction():
        known = store.read_channels(connection)
        if numbers := renumbered(known, channels.addresses):
            store.renumber(connection, numbers)
        if known != channels.addresses:
            store.keep_channels(connection, channels.addresses)
        handed_on = store.hand_on(connection, channels.reach)
        given_up = store.give_up(connection, channels.reach)
    if numbers or handed_on or given_up:
        log.info(
            "channels_changed",
            moved=len(numbers),
            handed_on_messages=handed_on,
            given_up_messages=given_up,
        )


def _show_pulse(settings: Settings) -> None:
    """Leave a sign of life for whoever watches this process."""
    with suppress(OSError):
        settings.stack.at(Place.SENDER_PULSE).touch()


def _pace(connection: Connection, settings: Settings) -> Pace:
    return Pace(settings.alarms.messages_per_minute, store.read_recently_sent(connection))


def _round(
    connection: Connection, settings: Settings, channels: Channels, pace: Pace, *, with_reminders: bool = True
) -> Delivery:
    planned = _plan(connection, settings, channels, pace, with_reminders=with_reminders)
    waiting = store.read_due(connection, channels.reach.numbers)
    sent, failed = 0, 0
    if waiting:
        # Side by side: one channel that is slow shall not keep the others waiting.
        with ThreadPoolExecutor(len(waiting)) as pool:
            for count, is_down in pool.map(
                lambda number: _serve(connection, channels, waiting[number], pace), waiting
            ):
                sent, failed = sent + count, failed + is_down
    if planned or sent or failed:
        log.info("messages_delivered", planned=planned, sent=sent, failed=failed)
    return Delivery(planned, sent, failed)


def _plan(
    connection: Connection, settings: Settings, channels: Channels, pace: Pace, *, with_reminders: bool
) -> int:
    """Turn what waits in the outbox into messages, in one transaction; return how many there are."""
    most, numbers = pace.most, channels.reach.numbers
    with connection.transaction():
        unsent = store.count_unsent(connection)
        lately = {number: unsent.get(number, 0) + pace.count(number) for number in numbers}
        if numbers and all(count >= most for count in lately.values()):
            return 0
        waiting = store.read_waiting(connection)
        is_crowded = len(waiting) >= store.MOST_WAITING
        if with_reminders:
            repeat_seconds = 60 * settings.alarms.repeat_minutes
            waiting += store.read_unacknowledged(connection, repeat_seconds=repeat_seconds)
        planned = plan(
            waiting,
            channels.reach,
            lately=lately,
            most=most,
            link=settings.alarms.link,
            fresh=store.read_fresh(connection),
            is_crowded=is_crowded,
        )
        store.store_messages(connection, planned.messages)
        store.take_out(connection, planned.done)
    return len(planned.messages)


def _serve(
    connection: Connection, channels: Channels, waiting: Sequence[Due], pace: Pace
) -> tuple[int, bool]:
    """Send a channel what waits for it and its minute holds, in order, up to the first that it does not take."""
    deadline, sent = time.monotonic() + CHANNEL_SECONDS, 0
    for due in waiting[: pace.room(waiting[0].channel)]:
        try:
            channels[due.channel].send(due.body)
        except ChannelError as failure:
            store.note_failed(connection, due.id, str(failure))
            log.warning("message_not_taken", channel=due.channel, tries=due.tries + 1, reason=str(failure))
            return sent, True
        pace.note_sent(due.channel)
        store.note_sent(connection, due.id)
        sent += 1
        if time.monotonic() > deadline:
            break
    return sent, False
