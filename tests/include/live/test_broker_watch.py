"""The page's look at Kafka goes on, whatever goes wrong with it."""

import resource
import threading

from include.live.broker import BrokerWatch
from include.settings import get_settings
from stack.ports import free_port
from tests.support.waiting import wait_until


def test_a_process_that_may_open_nothing_more_shows_that_and_goes_on_asking() -> None:
    watch = BrokerWatch(get_settings().having(kafka_broker=f"127.0.0.1:{free_port()}"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    threads_before = set(threading.enumerate())

    resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
    try:
        watch.start()
        [thread] = set(threading.enumerate()) - threads_before
        wait_until(watch.ends, lambda ends: ends.problem == "the look at Kafka failed: OSError")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    wait_until(watch.ends, lambda ends: "no Kafka broker answers" in str(ends.problem))
    watch.stop()
    thread.join(30)
    assert not thread.is_alive()
