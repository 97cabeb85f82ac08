"""How late readings are at a steady rate, and what that rate costs.

From the instant at which a record is created to the one at which another session sees the row: the producer's
linger, the broker, the gathering and the COMMIT are all in it.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from include.errors import StreamFailedError
from include.settings import PROJECT_ROOT, Settings, environment_of
from tools.bench.figures import (
    CORES,
    CPU_PER_RECORD,
    GENERATOR_LATE,
    LATENCY_PREFIX,
    LOOKS_APART,
    NEVER_SEEN,
    latency_figures,
)
from tools.bench.generator import Sent
from tools.bench.ground import Bench, watch
from tools.bench.probe import Probe, Sighting, open_probe
from tools.bench.processes import Accounts, Balance, used, without_kafka
from tools.bench.systems import Running, System

# The generator goes on for a while, so that the last readings that count are no last readings.
RUN_OUT_SECONDS = 0.5
# Adding up processor times halts the looks for some milliseconds: outside of what counts.
ASIDE_SECONDS = 0.2
LATE_SECONDS = 60


def measure_rate(
    bench: Bench, settings: Settings, system: System, running: Running, rate: float, *, when: str = ""
) -> None:
    """Send at the rate; what is created after the warm-up counts. `when` tells parts with the same rate apart."""
    warm_up_seconds, seconds = bench.options.warm_up_seconds, bench.options.seconds
    sends_seconds = warm_up_seconds + seconds + RUN_OUT_SECONDS
    with (
        open_probe(settings, since_us=time.time_ns() // 1000) as probe,
        running_generator(settings, rate=rate, seconds=sends_seconds) as (generator, begin_at),
    ):
        count_from = begin_at + warm_up_seconds
        count_to = count_from + seconds
        accounts = Accounts(running.roots, bench.server_pids, probe.backend_pid)
        sightings, sent, balances = _collect(probe, running, generator, accounts, (count_from, count_to))
        counted = [
            each.latency_ms for each in sightings if count_from * 1e6 <= each.created_us < count_to * 1e6
        ]
        looks_ms = {share: probe.granularity_ms(share, since=count_from) for share in (0.5, 0.99)}
    if not counted:
        raise StreamFailedError(f"no reading of {rate:,.0f} per second was seen: see {running.logs}")
    part = f"{LATENCY_PREFIX}{rate:,.0f}/s{when}"
    values = latency_figures(counted) | _costs(balances, sightings, sent.records / sent.probes)
    values |= {
        "readings timed": len(counted),
        NEVER_SEEN: sent.probes - len(sightings),
        "records/s sent": sent.records / sends_seconds,
        GENERATOR_LATE: sent.late_p99_ms,
        LOOKS_APART: looks_ms[0.5],
        "between two looks, p99 ms": looks_ms[0.99],
    }
    for name, value in values.items():
        bench.figures.note(part, system.name, name, value)


@contextmanager
def running_generator(
    settings: Settings, *, rate: float, seconds: float
) -> Iterator[tuple["subprocess.Popen[bytes]", float]]:
    """Run the load generator as a process of its own; give it with the instant at which it begins to send."""
    command = [sys.executable, "-m", "tools.bench.generator", "--rate", str(rate), "--seconds", str(seconds)]
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=environment_of(settings), stdout=subprocess.PIPE
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                raise StreamFailedError(f"the load generator failed with code {process.wait()}")
            yield process, float(line)
        finally:
            process.terminate()


def _collect(
    probe: Probe,
    running: Running,
    generator: "subprocess.Popen[bytes]",
    accounts: Accounts,
    counted: tuple[float, float],
) -> tuple[list[Sighting], Sent, tuple[Balance, Balance]]:
    """Look until all is seen that was sent, or nothing more comes; take the processor times on the way."""
    sightings: list[Sighting] = []
    balances: list[Balance] = []
    sent, give_up_at = None, float("inf")
    due = [counted[0] - ASIDE_SECONDS, counted[1] + ASIDE_SECONDS]
    for found in watch(probe, running):
        sightings += found
        now = time.time()
        if len(balances) < len(due) and now >= due[len(balances)]:
            balances.append(accounts.read())
        if sent is None and generator.poll() is not None:
            sent, give_up_at = _result(generator), now + LATE_SECONDS
        if sent is not None and (len(sightings) >= sent.probes or now > give_up_at):
            break
    if sent is None or len(balances) != len(due):
        raise StreamFailedError("the load generator ended before its time")
    return sightings, sent, (balances[0], balances[1])


def _result(generator: "subprocess.Popen[bytes]") -> Sent:
    output = generator.stdout.read() if generator.stdout else b""
    if generator.returncode != 0:
        raise StreamFailedError(f"the load generator failed with code {generator.returncode}")
    return Sent(**json.loads(output))


def _costs(
    balances: tuple[Balance, Balance], sightings: list[Sighting], records_per_probe: float
) -> dict[str, float]:
    """Return what was used in between, per second and per record stored: a system that falls behind stores fewer."""
    before, after = balances
    by_group, seconds = used(before, after), after.at - before.at
    stored = records_per_probe * sum(before.at * 1e6 < each.seen_us <= after.at * 1e6 for each in sightings)
    all_but_kafka = without_kafka(by_group)
    return {
        CORES: all_but_kafka / seconds,
        **({CPU_PER_RECORD: all_but_kafka / stored * 1e6} if stored else {}),
        **{f"cores: {group}": cpu_seconds / seconds for group, cpu_seconds in by_group.items()},
    }
