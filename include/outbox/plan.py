"""Who is told what: one message for each transition and channel, or one for many. Pure decisions.

The beginning of an alarm is told to the first channel; everything after it to whoever was told of the beginning. A
silence that is over before anybody was told of it is told to nobody: the device sends again, nothing is to be done. If
all who were told are gone from the settings, the first channel takes their place. A
critical alarm that nobody acknowledges is told again, each time to the next channel, in the end to the last one again
and again. Notices about the product itself go to the operators' channel.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid5

from include.outbox.bodies import alarm_body, key_of, notice_body, summary_body, summary_key
from include.outbox.types import Message, Noticed, Plan, Told

# The channels' numbers: that of the operators, and the first of those that are told of alarms.
OPERATORS, FIRST = 0, 1
# What may be the first that a person hears of an alarm: one that was over before it was told may open again.
_BEGINNINGS = ("opened", "reopened")
# What a person still has to hear who was told of the beginning, also while the alarm rests.
_ENDS = ("cleared", "retracted")

Item = Told | Noticed


@dataclass(frozen=True, slots=True)
class Reach:
    """Which channels there are: how many that are told of alarms, and whether the operators have one of their own."""

    alarm_channels: int
    has_operators: bool = False

    @property
    def numbers(self) -> list[int]:
        """Their numbers."""
        return [*([OPERATORS] if self.has_operators else []), *self.of_alarms]

    @property
    def of_alarms(self) -> list[int]:
        """The numbers of those that are told of alarms."""
        return list(range(FIRST, FIRST + self.alarm_channels))

    @property
    def of_notices(self) -> list[int]:
        """The number of the one that is told of the product itself, if there is one."""
        return self.numbers[:1]


def plan(
    items: Sequence[Item],
    reach: Reach,
    *,
    lately: Mapping[int, int],
    most: int,
    link: str,
    fresh: Collection[int] = (),
    is_crowded: bool = False,
) -> Plan:
    """Return what to send of what waits, given how many messages each channel has that wait or are of the last minute.

    What is too much for `most` becomes one summary, and what a channel has no message left for waits until it has. Only
    if another channel would have to wait along, or if more waits than can be looked at (`is_crowded`), a full channel
    gets a summary more, but none while it is `fresh`: one was planned for it in the last minute.
    """
    told = _worth_telling(items)
    by_channel: dict[int, list[Item]] = {}
    done = []
    for item in items:
        targets = _targets(item, reach) if id(item) in told else ()
        full = [channel for channel in targets if lately.get(channel, 0) >= most]
        can_wait = len(full) == len(targets) and not is_crowded
        if full and (can_wait or any(channel in fresh for channel in full)):
            continue
        if item.outbox_id is not None:
            done.append(item.outbox_id)
        for channel in targets:
            by_channel.setdefault(channel, []).append(item)
    messages: list[Message] = []
    for channel, own in by_channel.items():
        if len(own) == 1 or len(own) + lately.get(channel, 0) <= most:
            messages += [_single(item, channel, link) for item in own]
        else:
            messages.append(_summary(own, channel, link))
    return Plan(messages, done)


def _worth_telling(items: Sequence[Item]) -> set[int]:
    """Return which items are told to anybody: none of an alarm that nobody needs to hear of any more."""
    alarms = [item for item in items if isinstance(item, Told)]
    begun = {item.alarm_id for item in alarms if item.kind in _BEGINNINGS}
    known = {item.alarm_id for item in alarms if item.channels}
    ended = {item.alarm_id for item in alarms if item.kind == "retracted" or item.is_past_silence} - known
    kept: set[int] = {id(item) for item in items if isinstance(item, Noticed)}
    for item in alarms:
        # A reminder may be the first that is heard of an alarm: it opened while its rule rested.
        is_known = bool(item.channels) or item.alarm_id in begun or item.kind == "reminder"
        if is_known and item.alarm_id not in ended and not (item.is_snoozed and item.kind not in _ENDS):
            kept.add(id(item))
    return kept


def _targets(item: Item, reach: Reach) -> Sequence[int]:
    if isinstance(item, Noticed):
        return reach.of_notices
    there = reach.of_alarms
    told = [channel for channel in item.channels if channel in there]
    if not told:
        return there[:1]
    return [min(max(told) + 1, there[-1])] if item.kind == "reminder" else told


def _single(item: Item, channel: int, link: str) -> Message:
    if isinstance(item, Noticed):
        return Message(item.key, channel, notice_body(item))
    key = key_of(item)
    if channel != FIRST and item.kind != "reminder":
        # Two channels are two receivers, and the first one's key is the transition's own.
        key = uuid5(key, f"channel-{channel}")
    return Message(key, channel, {**alarm_body(item, link), "key": str(key)}, (item.alarm_id,))


def _summary(own: Sequence[Item], channel: int, link: str) -> Message:
    key = summary_key(own, channel)
    alarm_ids = sorted({item.alarm_id for item in own if isinstance(item, Told)})
    return Message(key, channel, {**summary_body(own, link), "key": str(key)}, tuple(alarm_ids))
