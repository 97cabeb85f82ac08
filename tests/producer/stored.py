"""What the broker stored, and what the product's own rules say about it."""

import gzip
import json
from contextlib import closing
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from include.broker.access import client_options
from include.broker.topic import open_broker
from include.domain.judge import Reading, judge_record
from include.settings import Settings
from include.stream.types import bounds_of


def stored_records(settings: Settings) -> dict[tuple[int, int], Any]:
    """Return every record of the topic by partition and offset."""
    with open_broker(settings) as broker:
        ranges = broker.ranges(broker.topic(settings.kafka.topic))
    ends = {TopicPartition(settings.kafka.topic, partition): found.end for partition, found in ranges.items()}
    consumer = KafkaConsumer(
        **client_options(settings), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    records: dict[tuple[int, int], Any] = {}
    with closing(consumer):
        consumer.assign(list(ends))
        while len(records) < sum(ends.values()):
            for batch in consumer.poll(timeout_ms=500).values():
                records |= {(record.partition, record.offset): record for record in batch}
    return records


def read_ledger(path: Path) -> dict[tuple[int, int], dict[str, Any]]:
    """Return a ledger's lines of records by partition and offset; fail if a place is named twice."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = [line for line in map(json.loads, content.splitlines()) if "outcome" in line]
    ledger = {(line["partition"], line["offset"]): line for line in lines}
    assert len(ledger) == len(lines)
    return ledger


def judged(
    records: dict[tuple[int, int], Any], settings: Settings
) -> dict[tuple[int, int], tuple[str, str | None]]:
    """Return each record's outcome and reason by the plain rules, going through each partition in order."""
    bounds = bounds_of(settings)
    rates_bpm: dict[tuple[bytes, int], int] = {}
    outcomes: dict[tuple[int, int], tuple[str, str | None]] = {}
    for place in sorted(records):
        verdict = judge_record(records[place].value, records[place].timestamp * 1000, bounds)
        if not isinstance(verdict, Reading):
            outcomes[place] = ("quarantined", verdict.reason)
            continue
        first_bpm = rates_bpm.setdefault((verdict.customer_id, verdict.event_time_us), -verdict.heart_rate)
        if first_bpm < 0:
            rates_bpm[verdict.customer_id, verdict.event_time_us] = verdict.heart_rate
            outcomes[place] = ("accepted", None)
        elif first_bpm == verdict.heart_rate:
            outcomes[place] = ("duplicate", None)
        else:
            outcomes[place] = ("quarantined", "conflicting_reading")
    return outcomes
