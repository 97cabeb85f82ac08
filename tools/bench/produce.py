"""How fast the producer sends, against the bare client with one constant record."""

import threading
import time

from kafka import KafkaProducer

from include.broker.access import client_options
from include.settings import Settings
from producer.options import SimulatorOptions
from producer.run import run_simulator
from tools.bench.figures import BARE_CLIENT, PRODUCER, RATE, Figures

CUSTOMER = "550e8400-e29b-41d4-a716-446655440000"
CONSTANT = f'{{"customer_id":"{CUSTOMER}","heart_rate":72,"timestamp":"2026-01-01T00:00:00.000Z"}}'.encode()


def measure_producer(
    settings: Settings, figures: Figures, *, records: int, rounds: int, processes: int
) -> None:
    """Send the last minutes of many customers as fast as it goes, then as many constant records."""
    part = f"producer, processes: {processes}"
    for number in range(rounds):
        begun = time.monotonic()
        options = SimulatorOptions(
            customers=2000,
            start_ms=round((time.time() - records / 2000 - 60) * 1000),
            readings_limit=records,
            processes=processes,
            seed=1000 + number,
        )
        run_simulator(options, settings, stop=threading.Event())
        figures.note(part, PRODUCER, RATE, records / (time.monotonic() - begun))
        figures.note(part, BARE_CLIENT, RATE, _send_constant(settings, records))


def _send_constant(settings: Settings, records: int) -> float:
    producer = KafkaProducer(**client_options(settings), acks="all", linger_ms=20, batch_size=256 * 1024)
    begun = time.monotonic()
    for number in range(records):
        producer.send(settings.kafka.topic, value=CONSTANT, key=b"%d" % (number % 2000))
    producer.flush()
    seconds = time.monotonic() - begun
    producer.close()
    return records / seconds
