"""How late the first reading after a silence is."""

import time

from confluent_kafka import Producer

from include.settings import Settings
from tools.bench.generator import send_probe
from tools.bench.ground import watch
from tools.bench.probe import open_probe
from tools.bench.systems import Running

LOOK_SECONDS = 0.001
AWAKE_LOOKS = 20


def measure_silence(settings: Settings, running: Running, producer: Producer, *, seconds: float) -> float:
    """Send nothing for so long, then one reading; return its latency in milliseconds."""
    time.sleep(seconds)
    with open_probe(settings, since_us=time.time_ns() // 1000) as probe:
        for _ in range(AWAKE_LOOKS):  # the session's own first looks are slow
            probe.look()
        send_probe(producer, settings)
        return next(
            found[0].latency_ms for found in watch(probe, running, every_seconds=LOOK_SECONDS) if found
        )
