"""Values that the alarms' room hands around."""

from dataclasses import dataclass
from enum import StrEnum

from include.episodes.episodes import Episode


class State(StrEnum):
    """Where an alarm stands."""

    OPEN = "open"
    CLEARED = "cleared"
    RETRACTED = "retracted"


class Transition(StrEnum):
    """What can happen to an alarm. The last three are done by a person."""

    OPENED = "opened"
    CLEARED = "cleared"
    REOPENED = "reopened"
    REVISED = "revised"
    RETRACTED = "retracted"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Stored:
    """An alarm as the database has it."""

    alarm_id: int
    episode: Episode


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of an alarm, a new one if `alarm_id` is None; without transitions only figures change."""

    alarm_id: int | None
    episode: Episode
    state: State
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look of the evaluator took in and found.

    `is_more`: it was not all that waited. `is_behind`: the stream has not stored what Kafka held a look ago.
    """

    readings: int
    transitions: int
    is_more: bool
    is_behind: bool
