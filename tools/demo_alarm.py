"""An alarm of the demo's own: it opens, is acknowledged by the page's API, and clears."""

import json
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta

from kafka import KafkaProducer

from include.broker.access import client_options
from include.handling.people import list_alarms, read_alarm
from include.handling.store import AlarmLine, EventLine
from include.settings import Settings
from stack.airflow.client import AirflowClient
from tools.workflows import wait_for

TIMEOUT_SECONDS = 60
EVERY_SECONDS = 5
HIGH_BPM, CALM_BPM = 150, 95


def run_alarm(settings: Settings, client: AirflowClient) -> tuple[AlarmLine, list[EventLine]]:
    """Return an alarm after all that happened to it; raise TransientError where it does not come to that.

    The readings are of the last two minutes, so nobody waits for time to pass.
    """
    customer = uuid.uuid4()
    _send(settings, customer, since_seconds=120, until_seconds=50, bpm=HIGH_BPM)
    wait_for(lambda: bool(_alarms(settings, customer, "open")), "an alarm", timeout_seconds=TIMEOUT_SECONDS)
    [alarm] = _alarms(settings, customer, "open")
    client.act("acknowledge", {"id": alarm.id, "note": "called: out for a run"})
    _send(settings, customer, since_seconds=45, until_seconds=5, bpm=CALM_BPM)
    wait_for(lambda: bool(_alarms(settings, customer, "cleared")), "its end", timeout_seconds=TIMEOUT_SECONDS)
    return read_alarm(settings, alarm.id)


def _alarms(settings: Settings, customer: uuid.UUID, state: str) -> list[AlarmLine]:
    found = list_alarms(settings, with_past=True, customer=customer, most=10)
    return [alarm for alarm in found if alarm.rule == "high" and alarm.state == state]


def _send(
    settings: Settings, customer: uuid.UUID, *, since_seconds: int, until_seconds: int, bpm: int
) -> None:
    now = datetime.now(UTC)
    with closing(KafkaProducer(**client_options(settings), acks="all")) as producer:
        for ago in range(since_seconds, until_seconds - 1, -EVERY_SECONDS):
            event = {
                "customer_id": str(customer),
                "heart_rate": bpm,
                "timestamp": (now - timedelta(seconds=ago)).isoformat(),
            }
            producer.send(settings.kafka.topic, key=str(customer).encode(), value=json.dumps(event).encode())
        producer.flush()
