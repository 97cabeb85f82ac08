"""What goes on beside a test."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from include.settings import Settings
from producer.options import SimulatorOptions
from producer.run import run_simulator


@contextmanager
def repeating(act: Callable[[], object], *, every_seconds: float) -> Iterator[None]:
    """Call `act` in a thread after each such time; the thread has ended when the block has."""
    is_over = threading.Event()

    def go_on() -> None:
        while not is_over.wait(every_seconds):
            act()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@contextmanager
def simulating(settings: Settings, options: SimulatorOptions) -> Iterator[None]:
    """Let the simulator send beside the block; at its end all is acknowledged and in the ground truth."""
    stop = threading.Event()
    sending = threading.Thread(target=run_simulator, args=(options, settings), kwargs={"stop": stop})
    sending.start()
    try:
        yield
    finally:
        stop.set()
        sending.join()
