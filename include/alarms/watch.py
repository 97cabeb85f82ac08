"""The evaluator at work: a thread that looks again and again, beside the stream's own watch.

It never ends the stream: what goes wrong here is told in the log and tried again, later and later. It leaves most of
the machine to the stream: its thread gives way to whatever else wants to run, and after each look it rests, the longer
the more the look has taken, and longer still while records wait in Kafka.
"""

import os
import sys
import threading
import time

import psycopg

from include.alarms.evaluator import Evaluator
from include.alarms.progress import KafkaProgress
from include.db.connect import readable_errors
from include.episodes.types import Look
from include.errors import FencedError, HeartbeatError
from include.log import get_logger
from include.settings import Settings

LOOK_SECONDS = 1.0
# While the stream has caught up, and while it has not: so many times as long as a look took, nothing is done.
_REST = 1.0
_REST_BEHIND = 60.0
_LONGEST_REST_SECONDS = 15.0
# Memory is kept when that is worth while: what came since would take seconds to take in again.
_KEEP_SECONDS = 600.0
_KEEP_READINGS_PER_CUSTOMER = 30
_KEEP_LEAST_READINGS = 500_000
_RETRY_SECONDS = (1.0, 30.0)
# The lowest priority that still moves on, slowly, on a machine that is full: the thread may hold Python's lock.
LEAST_PRIORITY = 19

log = get_logger()


class AlarmsWatch(threading.Thread):
    """Evaluates until `end` is called, or a newer evaluator takes over."""

    def __init__(self, settings: Settings, *, holder: str) -> None:
        super().__init__(name="alarms", daemon=True)
        self._settings = settings
        self._holder = holder
        self._is_over = threading.Event()
        self._kept_at = time.monotonic()
        self._retry_seconds = _RETRY_SECONDS[0]

    def end(self, *, patience_seconds: float = 5.0) -> None:
        """End after the look that is under way, and keep what is remembered."""
        self._is_over.set()
        self.join(patience_seconds)

    def run(self) -> None:
        """Look until it is over; see the class."""
        _give_way()
        progress = KafkaProgress(self._settings)
        try:
            evaluator = Evaluator(self._settings, progress, holder=self._holder)
        except HeartbeatError as error:
            log.error("alarms_not_evaluated", reason=type(error).__name__, message=str(error))
            return
        try:
            while not self._is_over.is_set():
                if not self._go_on(evaluator):
                    break
        finally:
            evaluator.close()
            progress.close()

    def _go_on(self, evaluator: Evaluator) -> bool:
        """Work until something fails; return whether to try again."""
        try:
            with readable_errors(self._settings):
                self._work(evaluator)
        except FencedError:
            log.info("alarms_superseded", epoch=evaluator.epoch)
            return False
        except HeartbeatError as error:
            self._bear(type(error).__name__, str(error))
        except psycopg.Error as error:
            # Its text may hold what stands in a row.
            self._bear(type(error).__name__, error.sqlstate or "")
        except Exception as error:
            log.exception("alarms_failed")
            self._bear(type(error).__name__, "")
        return True

    def _work(self, evaluator: Evaluator) -> None:
        if evaluator.epoch:
            evaluator.resume()
        else:
            evaluator.begin()
        log.info("alarms_evaluated", epoch=evaluator.epoch, customers=evaluator.customers)
        self._kept_at = time.monotonic()
        while not self._is_over.is_set():
            began_at = time.monotonic()
            look = evaluator.look()
            if self._is_time_to_keep(evaluator):
                evaluator.keep()
                self._kept_at = time.monotonic()
            self._retry_seconds = _RETRY_SECONDS[0]
            self._is_over.wait(rest_seconds(look, time.monotonic() - began_at))
        evaluator.keep()

    def _is_time_to_keep(self, evaluator: Evaluator) -> bool:
        worth = max(_KEEP_LEAST_READINGS, _KEEP_READINGS_PER_CUSTOMER * evaluator.customers)
        return time.monotonic() - self._kept_at > _KEEP_SECONDS or evaluator.untaken_readings >= worth

    def _bear(self, reason: str, message: str) -> None:
        log.warning("alarms_interrupted", reason=reason, message=message, retry_seconds=self._retry_seconds)
        self._is_over.wait(self._retry_seconds)
        self._retry_seconds = min(2 * self._retry_seconds, _RETRY_SECONDS[1])


def _give_way() -> None:
    """Let all else go first, on Linux, where a thread has a priority of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_PRIORITY)


def rest_seconds(look: Look, took_seconds: float) -> float:
    """Return for how long to do nothing after a look."""
    share = _REST_BEHIND if look.is_behind and look.is_more else _REST
    least = 0.0 if look.is_more else LOOK_SECONDS - took_seconds
    return min(max(share * took_seconds, least), _LONGEST_REST_SECONDS)
