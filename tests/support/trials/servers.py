"""The stack's servers, killed and stopped as machines and operators do it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from include.network import is_listening
from include.settings import Settings
from stack import run
from tests.support.waiting import wait_until


def server(settings: Settings, name: str) -> psutil.Process:
    """Return a server's process."""
    [pid] = [state.pid for state in run.status(settings) if state.name == name and state.pid]
    return psutil.Process(pid)


def end(settings: Settings, name: str, number: signal.Signals) -> str:
    """Send a server a signal that ends it, and return in words that it has ended."""
    process = server(settings, name)
    port = {"kafka": settings.kafka.port, "postgres": settings.db.port}[name]
    process.send_signal(number)
    psutil.wait_procs([process], timeout=60)
    assert not is_listening("127.0.0.1", port), f"{name} still answers"
    return f"{name} (pid {process.pid}) ended by {number.name}, its port is closed"


@contextmanager
def paused(settings: Settings, name: str) -> Iterator[str]:
    """Let a server stand still for the length of a `with` block."""
    process = server(settings, name)
    process.suspend()
    try:
        wait_stopped(process)
        yield f"{name} (pid {process.pid}) stopped by SIGSTOP"
    finally:
        process.resume()


def wait_stopped(process: psutil.Process) -> None:
    """Wait until a process that was sent SIGSTOP stands still: one with many threads takes a moment."""
    wait_until(process.status, lambda status: status == psutil.STATUS_STOPPED)


def stay_so(seconds: float) -> None:
    """Let the damage last: how long it does is what the scenario is about."""
    time.sleep(seconds)
