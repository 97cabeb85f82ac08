"""What the evaluator costs: the later half of the samples counts, and threads are told by their priority."""

import os
import threading
import time

from include.alarms.watch import LEAST_PRIORITY
from tests.support.waiting import wait_until
from tools.alarm_share import Sample, lines, thread_seconds


def test_the_share_is_that_of_the_later_half() -> None:
    warm_up = [Sample(at, 10.0 * at, 10.0 * at, 60.0) for at in range(10)]
    counted = [Sample(at, 100 + 0.25 * at, 100 + 0.5 * at, 2.0 if at < 19 else 3.0) for at in range(10, 20)]

    told = lines([*warm_up, *counted])

    assert told == [
        "over 9 s: 25.0% of a core in the driver, 50.0% in PostgreSQL",
        "behind the present: median 2.0 s, p99 3.0 s, at most 3.0 s",
    ]
    assert lines(counted[:1]) == ["too short to tell"]


def test_only_threads_of_the_lowest_priority_are_counted() -> None:
    before = thread_seconds(os.getpid())

    def work() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_PRIORITY)
        while time.thread_time() < 0.2:
            pass
        used.append(thread_seconds(os.getpid()) - before)

    used: list[float] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert used[0] >= 0.1
    # It may still be shown for an instant after it was joined.
    wait_until(lambda: thread_seconds(os.getpid()), lambda seconds: seconds == before)
