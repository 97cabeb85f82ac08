"""How good the alarms are: a stack of its own, real load with every fault, and the truth of what was sent.

`python -m tools.alarm_trial --live 10m --recording wearable.csv.gz`. Whoever is to be told is told, so that a retracted
alarm counts against precision as it would for people.
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

from include.db.connect import Role, connect
from include.errors import StreamFailedError
from include.settings import Settings, environment_of
from include.truth.alarms import compare_alarms
from producer.episodes import EpisodeBook
from producer.instants import US_PER_SECOND
from producer.recording.survey import survey
from stack import run as stack
from stack.isolated import isolated_settings
from tools.streaming import require_alive, running_process, running_stream
from tools.workflows import wait_for

SEEDS = (1, 2, 3)
TIMEOUT_SECONDS = 1200


def main() -> int:
    """Run it; the exit code is 0 if enough was found and not too much, in all runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--live", default="10m", help="how long the live part lasts; 0s leaves it out")
    parser.add_argument("--recording", type=Path, help="one person's, to be counted by day")
    wanted = parser.parse_args()
    load = ["--customers", str(wanted.customers), "--faults", "mixed"]
    with tempfile.TemporaryDirectory(prefix="heartbeat-trial-") as folder, _evaluated(Path(folder)) as trial:
        holds = trial.recording(wanted.recording) if wanted.recording else True
        for seed in SEEDS:
            holds &= trial.hold([seed], [*load, "--period", "last-hour", "--processes", "2"])
        if wanted.live != "0s":
            holds &= trial.hold(SEEDS, [*load, "--duration", wanted.live])
    return 0 if holds else 1


class _Trial:
    """A stack whose stream, evaluator and sender are at work."""

    def __init__(self, settings: Settings, folder: Path, stream: "Popen[bytes]", log: Path) -> None:
        self._settings, self._folder, self._stream, self._log = settings, folder, stream, log

    def hold(self, seeds: Sequence[int], options: list[str]) -> bool:
        """Send a load of each seed, at the same time, and tell how the alarms stand to the truth."""
        ledgers = {seed: self._folder / f"truth-{seed}-{len(options)}.jsonl.gz" for seed in seeds}
        with ExitStack() as running:
            for producer in [
                running.enter_context(
                    self._producer([*options, "--seed", str(seed), "--ledger", str(ledger)])
                )
                for seed, ledger in ledgers.items()
            ]:
                producer.wait()
        self._wait_evaluated()
        holds = True
        for seed, ledger in ledgers.items():
            comparison = compare_alarms(self._settings, ledger)
            _say(f"seed {seed}: {' '.join(options)}", *comparison.lines())
            holds &= comparison.holds
        return holds

    def recording(self, file: Path) -> bool:
        """Send a recording, moved by whole days, tell its episodes by day and how they differ from a recomputation."""
        last_us = survey(file).require_extent().last_us
        moved = timedelta(days=(time.time_ns() // 1000 - last_us) // (86_400 * US_PER_SECOND))
        with self._producer(["--replay", str(file), "--shift", str(moved.total_seconds())]) as producer:
            producer.wait()
        self._wait_evaluated()
        found, recomputed = _stored_and_recomputed(self._settings)
        _say(f"{file.name}: {len(found)} episodes, {len(found ^ recomputed)} unlike those of a recomputation")
        by_day = Counter(((onset - moved).date(), rule) for _, rule, onset, _ in found)
        _say(*(f"{day} {rule}: {count}" for (day, rule), count in sorted(by_day.items())))
        return found == recomputed

    @contextmanager
    def _producer(self, options: list[str]) -> Iterator["Popen[bytes]"]:
        command = [sys.executable, "main.py", "producer", "--quiet", *options]
        log = self._folder / "producer.log"
        with running_process(command, environment_of(self._settings), log) as process:
            yield process
        if process.returncode:
            raise StreamFailedError(f"the producer ended with code {process.returncode}: {log.read_text()}")

    def _wait_evaluated(self) -> None:
        sent = datetime.now(UTC).replace(tzinfo=None)
        wait_for(lambda: self._is_evaluated(sent), "the alarms", timeout_seconds=TIMEOUT_SECONDS)

    def _is_evaluated(self, sent: datetime) -> bool:
        require_alive(self._stream, self._log)
        with connect(self._settings, Role.READER) as connection:
            rows = connection.execute("select progress > %s from alarm_evaluator", [sent]).fetchall()
        return rows == [(True,)]


_Episode = tuple[str, str, datetime, datetime | None]


def _stored_and_recomputed(settings: Settings) -> tuple[set[_Episode], set[_Episode]]:
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
            _instant(line["onset"]),
            line["cleared"] and _instant(line["cleared"]),
        )
        for line in map(json.loads, book.lines())
        if "episode" in line
    }
    return {row for row in stored if row[2] < last[row[0]]}, recomputed


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


@contextmanager
def _evaluated(folder: Path) -> Iterator[_Trial]:
    stream_log = folder / "stream.log"
    with (
        _receiver() as url,
        isolated_settings(
            alarm_channels=SecretStr(url), alarm_webhook_secret=SecretStr("a secret")
        ) as settings,
    ):
        stack.up(settings, _say)
        sender = [sys.executable, "main.py", "alarms", "deliver"]
        with (
            running_process(sender, environment_of(settings), folder / "sender.log"),
            running_stream(settings, stream_log) as stream,
        ):
            yield _Trial(settings, folder, stream, stream_log)


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
