"""How good the alarms are: a stack of its own, real load with every fault, and the truth of what was sent.

`python -m tools.alarm_trial --live 10m`, or `--recording wearable.csv.gz` to hold a recording's episodes against a
recomputation, or `--share` for what the evaluator costs. Whoever is to be told is told, so that a retracted alarm
counts against precision as it would for people.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen
from threading import Thread

from pydantic import SecretStr

from include.broker.topic import open_broker
from include.db.connect import Role, connect
from include.db.migrate import migrate
from include.domain.instants import as_utc
from include.errors import StreamFailedError
from include.settings import Settings, environment_of
from include.truth.alarms import compare_alarms
from producer.episodes import EpisodeBook
from producer.instants import US_PER_SECOND
from producer.recording.survey import survey
from stack import run as stack
from stack.isolated import isolated_settings
from tools.alarm_share import lines as share_lines
from tools.alarm_share import watch_evaluator
from tools.streaming import require_alive, running_process, running_stream
from tools.workflows import wait_for

# A seed's customers are always the same: what went on in the past hour must not go on in the live part.
PAST_SEEDS, LIVE_SEEDS = (1, 2, 3), (4, 5, 6)
TIMEOUT_SECONDS = 1200


def main() -> int:
    """Run it; the exit code is 0 if enough was found and not too much, in all runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--rate-hz", default="1")
    parser.add_argument("--live", default="10m", help="how long the live part lasts; 0s leaves it out")
    parser.add_argument("--no-past", action="store_true", help="leave out the hour at once")
    parser.add_argument(
        "--share", action="store_true", help="only tell, while a live part lasts, what the evaluator costs"
    )
    parser.add_argument(
        "--recording", type=Path, help="only hold a recording's episodes against a recomputation"
    )
    wanted = parser.parse_args()
    load = ["--customers", str(wanted.customers), "--rate-hz", wanted.rate_hz, "--faults", "mixed"]
    with tempfile.TemporaryDirectory(prefix="heartbeat-trial-") as folder, _stack(Path(folder)) as trial:
        if wanted.recording:
            with trial.stream():
                return 0 if trial.recording(wanted.recording) else 1
        live = [*load, "--duration", wanted.live]
        if wanted.share:
            with trial.stream():
                trial.share(live)
            return 0
        # Beside a stream that has caught up, a customer of the past is silent until the next reading comes.
        past_load = [*load, "--period", "last-hour", "--processes", "2"]
        past = [] if wanted.no_past else trial.send("past", PAST_SEEDS, past_load)
        with trial.stream():
            holds = trial.judge(past)
            if wanted.live != "0s":
                holds &= trial.judge(trial.send("live", LIVE_SEEDS, live))
    return 0 if holds else 1


class _Trial:
    """A stack with a sender at work; `stream` starts the stream, and the evaluator with it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder, self._log = settings, folder, folder / "stream.log"
        self._stream: Popen[bytes] | None = None

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Run the stream."""
        with running_stream(self._settings, self._log) as self._stream:
            yield

    def send(self, name: str, seeds: Sequence[int], options: list[str]) -> list[Path]:
        """Send a load of each seed, all at the same time, and return the truths."""
        truths = [self._folder / f"{name}-{seed}.jsonl.gz" for seed in seeds]
        with ExitStack() as running:
            producers = [
                running.enter_context(
                    self._producer(truth, [*options, "--seed", str(seed), "--ledger", str(truth)])
                )
                for seed, truth in zip(seeds, truths, strict=True)
            ]
            for producer in producers:
                producer.wait()
        return truths

    def judge(self, truths: Sequence[Path]) -> bool:
        """Tell how the alarms stand to each truth, once all is evaluated; return whether they are good enough."""
        self._wait_evaluated()
        comparisons = [compare_alarms(self._settings, truth) for truth in truths]
        for truth, comparison in zip(truths, comparisons, strict=True):
            _say(truth.name, *comparison.lines())
        return all(comparison.holds for comparison in comparisons)

    def share(self, options: list[str]) -> None:
        """Tell what the evaluator costs while a load is sent."""
        assert self._stream is not None  # noqa: S101
        self._wait_evaluated()  # a launch takes a while, and what came meanwhile is a backlog
        with self._producer(self._folder / "share", options) as producer:
            samples = watch_evaluator(self._settings, self._stream, producer)
        _say(*share_lines(samples))

    def recording(self, file: Path) -> bool:
        """Send a recording, moved by whole days, tell its episodes by day and how they differ from a recomputation."""
        last_us = survey(file).require_extent().last_us
        moved = timedelta(days=(time.time_ns() // 1000 - last_us) // (86_400 * US_PER_SECOND))
        options = ["--replay", str(file), "--shift", str(moved.total_seconds())]
        with self._producer(file, options) as producer:
            producer.wait()
        self._wait_evaluated()
        found, recomputed = stored_and_recomputed(self._settings)
        _say(f"{file.name}: {len(found)} episodes, {len(found ^ recomputed)} unlike those of a recomputation")
        by_day = Counter(((onset - moved).date(), rule) for _, rule, onset, _ in found)
        _say(*(f"{day} {rule}: {count}" for (day, rule), count in sorted(by_day.items())))
        return found == recomputed

    @contextmanager
    def _producer(self, file: Path, options: list[str]) -> Iterator["Popen[bytes]"]:
        command = [sys.executable, "main.py", "producer", "--quiet", *options]
        log = self._folder / f"{file.name}.log"
        with running_process(command, environment_of(self._settings), log) as process:
            yield process
        if process.returncode:
            raise StreamFailedError(f"the producer ended with code {process.returncode}: {log.read_text()}")

    def _wait_evaluated(self) -> None:
        sent = datetime.now(UTC).replace(tzinfo=None)
        wait_for(lambda: self._is_evaluated(sent), "the alarms", timeout_seconds=TIMEOUT_SECONDS)

    def _is_evaluated(self, sent: datetime) -> bool:
        if self._stream is not None:
            require_alive(self._stream, self._log)
        with connect(self._settings, Role.READER) as connection:
            rows = connection.execute("select progress > %s from alarm_evaluator", [sent]).fetchall()
        return rows == [(True,)]


_Episode = tuple[str, str, datetime, datetime | None]


def stored_and_recomputed(settings: Settings) -> tuple[set[_Episode], set[_Episode]]:
    """Return the episodes that are stored and those that the readings have, each with customer, rule, onset, clearing.

    How long somebody is silent after the last reading is the stream's affair.
    """
    book, last = EpisodeBook(settings), {}
    with connect(settings, Role.READER) as connection:
        for customer, at, bpm in connection.execute(
            "select customer_id::text, event_time, heart_rate from heartbeats order by event_time"
        ):
            at_ms = round(at.replace(tzinfo=UTC).timestamp() * 1000)
            book.note(customer.encode(), event_time_ms=at_ms, heart_rate_bpm=bpm, record_time_ms=at_ms)
            last[customer] = at
        stored = connection.execute(
            "select customer_id::text, rule, onset, cleared from alarms where state <> 'retracted'"
        ).fetchall()
    recomputed = {
        (
            line["customer_id"],
            line["episode"],
            as_utc(line["onset"]),
            line["cleared"] and as_utc(line["cleared"]),
        )
        for line in map(json.loads, book.lines())
        if "episode" in line
    }
    return {row for row in stored if row[2] < last[row[0]]}, recomputed


@contextmanager
def _stack(folder: Path) -> Iterator[_Trial]:
    with (
        _receiver() as url,
        isolated_settings(
            alarm_channels=SecretStr(url), alarm_webhook_secret=SecretStr("a secret")
        ) as settings,
    ):
        stack.up(settings, _say)
        migrate(settings)
        with open_broker(settings) as broker:
            broker.ensure_topic(settings.kafka.topic, settings.kafka.partitions)
        sender = [sys.executable, "main.py", "alarms", "deliver"]
        with running_process(sender, environment_of(settings), folder / "sender.log"):
            yield _Trial(settings, folder)


@contextmanager
def _receiver() -> Iterator[str]:
    """Take all that is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    sys.exit(main())
